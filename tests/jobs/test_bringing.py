"""What was sent by the browser is brought in by a real worker on a real queue: once, by whoever comes next when one dies, and again when there was no room."""

from __future__ import annotations

import asyncio
import errno
import shutil
import time
from pathlib import Path

import pytest

from data import uploads
from data.visitor import Visitor
from jobs import bringing, queue, worker
from tests.feeds.test_imagery import colours, raster


@pytest.fixture
def ana(environment) -> Visitor:
    with environment.connect() as connection:
        connection.execute("INSERT INTO agency (world, name) VALUES (0, 'Alfa')")
        connection.commit()
    return environment.person("ana", roles=("analyst",), agencies=["Alfa"])


@pytest.fixture
def picture(tmp_path) -> Path:
    return raster(tmp_path / "20261120T101500Z.tif", colours())


async def sent(environment, who: Visitor, path: Path) -> str:
    """All of a file is here."""
    pool = environment.pool()
    try:
        id = await uploads.begin(pool, who, path.name, path.stat().st_size, {"agency": "Alfa", "sortie": "W-1"})
        kept = bringing.folder()
        kept.create(id, path.stat().st_size)

        async def parts():
            yield path.read_bytes()

        await kept.append(id, 0, path.stat().st_size, parts(), None, ())
        await uploads.whole(pool, who, id)
        await uploads.whole(pool, who, id)  # told twice
    finally:
        await pool.close()
    return id


def standing(environment, id: str) -> tuple[str, list]:
    with environment.connect() as connection:
        return connection.execute("SELECT state, told FROM access.upload WHERE id = %s", (id,)).fetchone()


def waiting(environment) -> list[str]:
    with environment.connect() as connection:
        return [name for (name,) in connection.execute("SELECT task_name FROM jobs.procrastinate_jobs WHERE status = 'todo'")]


async def test_the_queue_brings_it_in(environment, ana, picture):
    id = await sent(environment, ana, picture)
    assert waiting(environment) == ["bring"]
    await worker.work(environment.owner_url, until_done=True)
    assert standing(environment, id)[0] == "stored" and waiting(environment) == []
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*) FROM image").fetchone() == (1,)


async def test_what_comes_while_another_is_at_it_is_not_left_behind(environment, monkeypatch):
    runs = []

    async def one_more() -> None:
        app = queue.queue(environment.owner_url)
        async with app.open_async():
            await queue.put(app.tasks["bring"])

    def run(owner_url: str, go_on) -> int:
        runs.append(owner_url)
        if len(runs) == 1:
            asyncio.run(one_more())
            time.sleep(1)  # the worker asks for more meanwhile, and gets none: the lock is held
        return 0

    monkeypatch.setattr(bringing, "run", run)
    await one_more()
    await worker.work(environment.owner_url, until_done=True)
    assert len(runs) == 2 and waiting(environment) == []


async def test_what_a_dead_worker_was_at_is_taken_up(environment, ana, picture, monkeypatch):
    id = await sent(environment, ana, picture)
    with monkeypatch.context() as patch:
        patch.setattr(bringing, "import_files", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            bringing.run(environment.owner_url)
    assert standing(environment, id)[0] == "reading"
    assert bringing.run(environment.owner_url) == 1 and standing(environment, id)[0] == "stored"


async def test_no_room_is_waited_for(environment, ana, picture, monkeypatch):
    id = await sent(environment, ana, picture)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        assert bringing.run(environment.owner_url) == 0
    state, told = standing(environment, id)
    assert state == "waiting" and "no room left on the server's disk; nothing of this file is stored" in told[0]["words"]
    with environment.connect() as connection:
        assert connection.execute("SELECT (SELECT count(*) FROM image), (SELECT count(*) FROM sortie)").fetchone() == (0, 0)
    assert bringing.tidy(environment.owner_url), "the hourly look puts it in the queue again"
    assert bringing.run(environment.owner_url) == 1 and standing(environment, id)[0] == "stored"


async def test_a_fault_of_ours_holds_up_nobody(environment, ana, picture, tmp_path, monkeypatch):
    bad, good = await sent(environment, ana, picture), await sent(environment, ana, raster(tmp_path / "20261121T101500Z.tif", colours() + 1))
    real, calls = bringing.import_files, []

    def once(*told, **more):
        calls.append(1)
        if len(calls) == 1:
            raise AssertionError("a fault")
        return real(*told, **more)

    monkeypatch.setattr(bringing, "import_files", once)
    assert bringing.run(environment.owner_url) == 2
    assert standing(environment, bad) == ("refused", [{"state": "refused", "words": bringing.FAILED_WORDS}]) and standing(environment, good)[0] == "stored"
