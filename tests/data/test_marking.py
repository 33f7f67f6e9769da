"""A marking is opened by its originator alone, and whatever is derived follows it."""

from __future__ import annotations

import numpy as np
import pytest

from data import marking, people
from data.flows import EDGE
from errors import Forbidden, NotFound
from tests.data.made import seizures, tracks, walk


@pytest.fixture
def kept(database):
    """Two tracks of Alfa and a seizure; ana belongs to Alfa, bob to Bravo."""
    rng = np.random.default_rng(6)
    with database.connect() as connection:
        numbers = {name: people.add_agency(connection, name, None) for name in ("Alfa", "Bravo")}
        ids = tracks(connection, [walk(rng, 80) for _ in range(2)], world=0, agency=numbers["Alfa"], kinds=("vessel",), prefix="t")
        seizures(connection, rng, 1, world=0, agency=numbers["Alfa"])
        people.add(connection, "ana", ["viewer"], agencies=["Alfa"])
        people.add(connection, "bob", ["viewer"], agencies=["Bravo"])
        connection.commit()
        yield connection, ids, numbers["Alfa"]


def scopes(connection) -> dict[str, set[int]]:
    return {table: {s for (s,) in connection.execute(f"SELECT DISTINCT scope FROM {table}")} for table in ("track", "segment", "cover", "latest_fix", "flow")}


def passes(connection) -> dict[int, int]:
    """Passes of each scope, over all bands and days."""
    out: dict[int, int] = {}
    for scope, edges in connection.execute("SELECT scope, edges FROM flow"):
        out[scope] = out.get(scope, 0) + int(np.frombuffer(edges, EDGE)["passes"].sum())
    return out


def test_what_is_derived_of_a_track_follows_it_and_comes_back(kept):
    connection, (first, _), agency = kept
    amber, red = agency * 8 + 2, agency * 8 + 4
    before = passes(connection)
    assert set(before) == {amber}
    marking.change(connection, f"track:{first}", "TLP:RED", "ana")
    assert all(found == {amber, red} for found in scopes(connection).values()), scopes(connection)
    moved = passes(connection)
    assert moved[amber] + moved[red] == before[amber] and moved[red] > 0
    for table in ("segment", "cover", "latest_fix"):
        assert connection.execute(f"SELECT bool_and((scope = %s) = (track_id = %s)) FROM {table}", (red, first)).fetchone() == (True,)
    marking.change(connection, f"track:{first}", "TLP:AMBER", "ana")
    assert passes(connection) == before and all(found == {amber} for found in scopes(connection).values())


def test_only_the_originator_opens_and_anybody_closes(kept):
    connection, (first, _), _ = kept
    marking.change(connection, f"track:{first}", "TLP:AMBER+STRICT", "bob")
    for to in ("TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"):
        with pytest.raises(Forbidden, match="only that one may open it"):
            marking.change(connection, f"track:{first}", to, "bob")
    with pytest.raises(Forbidden):
        marking.change(connection, f"track:{first}", "TLP:GREEN", "tester")  # the keeper, where somebody belongs to the agency
    marking.change(connection, f"track:{first}", "TLP:GREEN", "ana")
    assert connection.execute("SELECT marking FROM track WHERE id = %s", (first,)).fetchone() == ("TLP:GREEN",)


def test_a_change_is_an_entry_and_moves_the_state_on(kept):
    connection, _, _ = kept
    (number,) = connection.execute("SELECT id FROM seizure").fetchone()
    before = connection.execute("SELECT coalesce(sum(version), 0) FROM data_state WHERE layer = 'seizures'").fetchone()[0]
    marking.change(connection, f"seizure:{number}", "TLP:GREEN", "ana")
    assert connection.execute("SELECT entry::jsonb ->> 'to' FROM audit.entry ORDER BY seq DESC LIMIT 1").fetchone() == ("TLP:AMBER -> TLP:GREEN",)
    assert connection.execute("SELECT sum(version) FROM data_state WHERE layer = 'seizures'").fetchone()[0] == before + 1
    marking.change(connection, f"seizure:{number}", "TLP:GREEN", "ana")  # nothing to do
    assert connection.execute("SELECT sum(version) FROM data_state WHERE layer = 'seizures'").fetchone()[0] == before + 1


@pytest.mark.parametrize("record", ["track:999999", "track:x", "person:1", "track", "", "seizure:99999999999999999999"])
def test_a_record_that_is_none_is_told(kept, record):
    with pytest.raises(NotFound):
        marking.change(kept[0], record, "TLP:GREEN", "ana")


def test_a_marking_that_is_none_is_refused(kept):
    with pytest.raises(people.PersonRefused):
        marking.change(kept[0], "track:1", "TLP:BLUE", "ana")
