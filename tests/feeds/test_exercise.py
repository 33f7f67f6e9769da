"""The exercise in the database: loaded by the ordinary imports, in its own world, and gone without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from exercise.build import ExerciseRefused, build
from feeds import exercise
from feeds.imports import ImportOptions, import_files
from settings import store


def quiet(step: str, done: float, total: float | None) -> None:
    """Nobody looks."""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A very small exercise."""
    out = tmp_path_factory.mktemp("exercise") / "world"
    build(out, days=2, scale=0.02)
    return out


def rows(database) -> dict[str, int]:
    """How many rows each table holds, partitions too. Without data_state: its counters only ever grow."""
    with database.connect() as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'vigia' "
            "AND tablename NOT IN ('data_state', 'alembic_version') ORDER BY 1"
        ).fetchall()
        return {n: connection.execute(f'SELECT count(*) FROM vigia."{n}"').fetchone()[0] for (n,) in names}


def files() -> set[str]:
    """Every file under the installation's folder."""
    home = store().home
    return {str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()} if home.exists() else set()


def test_load_then_drop_leaves_rows_and_files_as_they_were(environment, built):
    # A live import of a file that the exercise brings as well: what both share stays.
    shared = [next((built / "imagery").glob("*.tif"))]
    [report] = import_files("imagery", shared, ImportOptions(), quiet, owner_url=environment.owner_url)
    assert report.error is None and report.stored == 1
    before, kept = rows(environment), files()
    assert not exercise.was_loaded(environment.owner_url)

    exercise.load(built, quiet, owner_url=environment.owner_url)
    loaded = rows(environment)
    for table in ("agency", "source", "track", "segment", "latest_fix", "reader", "sortie", "image", "seizure"):
        assert loaded[table] > before[table], table
    assert loaded["fix"] > 3_000 and len(files()) > len(kept)
    with environment.connect() as connection:
        worlds = connection.execute("SELECT world, count(*) FROM vigia.image GROUP BY 1 ORDER BY 1").fetchall()
        assert dict(worlds)[0] == 1
        assert connection.execute("SELECT count(*) FROM vigia.agency WHERE world = 1 AND country IS NULL").fetchone() == (0,)
        frames = connection.execute("SELECT o.key, o.platform, i.cog IS NOT NULL, round(ST_Area(i.footprint::geography)) BETWEEN 9400 AND 9800 FROM vigia.image i "
                                    "JOIN vigia.sortie o ON o.id = i.sortie_id WHERE i.product = 'frame'").fetchall()
        assert frames == [("SORTIE18", "Colibri EX-7", True, True)] * 12, "120 by 80 m each"
        unplaced = connection.execute("SELECT count(*) FROM vigia.seizure WHERE world = 1 AND geom IS NULL").fetchone()[0]
        assert unplaced >= 1

    # A load that was broken off goes on where it was: what is there is not stored twice.
    exercise.load(built, quiet, owner_url=environment.owner_url)
    assert rows(environment) == loaded

    exercise.drop(owner_url=environment.owner_url)
    after = rows(environment)
    assert {t: n for t, n in after.items() if n} == {t: n for t, n in before.items() if n}
    assert set(after) <= set(loaded) and not [t for t in after if t.startswith("fix_exercise_")]
    assert files() == kept


def test_what_was_dropped_does_not_come_back_by_itself(environment, built, monkeypatch):
    monkeypatch.setattr(exercise, "build", lambda out, progress: build(out, days=1, scale=0.02, progress=progress))
    exercise.ensure(environment.owner_url, quiet)
    assert exercise.was_loaded(environment.owner_url) and exercise.folder().exists()
    exercise.drop(owner_url=environment.owner_url)
    exercise.ensure(environment.owner_url, quiet)
    assert rows(environment)["track"] == 0 and not exercise.folder().exists()


def test_a_folder_that_is_no_exercise_is_refused(environment, tmp_path):
    with pytest.raises(ExerciseRefused, match="holds no exercise"):
        exercise.load(tmp_path, quiet, owner_url=environment.owner_url)
