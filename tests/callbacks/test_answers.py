"""What the callbacks answer, called plainly over a real database."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash import no_update

from callbacks import _database, charts, counts, details, drawer
from data import counts as numbers
from data import seizures as queries
from data.filters import Filter
from layouts.drawer import COLUMNS
from tests.data.made import seizures, touch, tracks, walk
from tests.layouts.test_page import words

LINES = [{"part": "line", "layer": layer} for layer in ("movements", "seizures", "hotspots", "imagery", "sections")]
CHOICES = {"query": "world=exercise", "world": "exercise"}


@pytest.fixture(scope="module")
def filled(module_database):
    rng = np.random.default_rng(5)
    with module_database.connect() as connection:
        tracks(connection, [walk(rng, 60) for _ in range(5)])
        seizures(connection, rng, 130, unplaced=4, aggregates=2)
        for layer in ("tracks", "seizures"):
            touch(connection, layer)
        connection.commit()
    return module_database


@pytest.fixture
async def pool(filled):
    pool = filled.pool()
    before = _database._server
    _database.use(SimpleNamespace(state=SimpleNamespace(database=pool)))
    yield pool
    _database.use(before)
    await pool.close()


async def test_the_numbers_round_the_map_are_those_of_the_filter(pool):
    async with pool.reading() as session:
        want = await numbers.counts(session, Filter(world="exercise"))
    told = await counts.show(CHOICES, LINES)
    assert f"{want['seizures']['total']:,} seizures" in words(told[5])
    assert told[2] == f"{want['tracks']['total']} of 5"
    assert told[6].startswith("4 seizures") and told[7] is False
    assert [words(o["label"]) for o in told[0]][0].endswith(str(want["facets"]["drug"]["cocaine"]))
    assert "EXERCISE" in words(told[9]) and told[10] == f"Show {want['seizures']['total'] + 5:,}"
    assert told[-1][1] == f"{want['seizures']['on_map']:,} on the map, 4 not" and len(told[-1]) == 5
    assert told[11] == [] and told[12] is True, "something is shown, yet the map says there is nothing"


async def test_a_filter_that_leaves_nothing_says_what_there_would_be(pool):
    told = await counts.show({"query": "world=exercise&drug=opioid"}, LINES)
    assert "No seizures for this filter. 136 seizures without it." in words(told[11]) and told[12] is False


async def test_an_empty_world_says_how_to_fill_it(pool):
    told = await counts.show({"query": "world=live"}, LINES)
    assert "No data in the live world yet" in words(told[11]) and "./vigia import" in words(told[11])
    assert "EXERCISE" not in words(told[9])


async def test_a_wrong_filter_is_said_and_changes_nothing_else(pool):
    told = await counts.show({"query": "drug=soap"}, LINES)
    assert "soap" in told[6] and told[7] is False
    assert [t for i, t in enumerate(told[:-1]) if i not in (6, 7) and t is not no_update] == [] and told[-1] == [no_update] * 5
    assert "soap" in words(await charts.show({"query": "drug=soap"}, "charts"))
    assert await drawer.rows({"startRow": 0, "endRow": 10}, {"query": "drug=soap"}, "seizures") == {"rowData": [], "rowCount": 0}


async def test_before_the_first_choice_nothing_is_answered(pool):
    assert await counts.show(None, LINES) == (no_update,) * 14 + ([no_update] * 5,)
    assert await drawer.rows(None, CHOICES, "seizures") is no_update
    assert await charts.show(CHOICES, "seizures") == []


async def test_details_follow_the_selection(pool):
    async with pool.reading() as session:
        [row] = (await queries.page(session, Filter(world="exercise"), limit=1, offset=0))["rows"]
    panel, hidden = await details.show({**CHOICES, "sel": f"seizure:{row['id']}"})
    assert hidden is False and "UTC" in words(panel) and "seizures" in words(panel)
    for sel in (None, "", "seizure:", "seizure:1;drop", "nobody:5", f"seizure:-{row['id']}"):
        _, hidden = await details.show({**CHOICES, "sel": sel})
        assert hidden is True, sel
    panel, hidden = await details.show({"query": "world=live", "sel": f"seizure:{row['id']}"})
    assert hidden is False and "UTC" not in words(panel), "a seizure of one world is told in the other"


@pytest.mark.parametrize("tab, columns", [("seizures", ["when", "drug", "kg", "place", "conveyance", "agency"]),
                                          ("tracks", ["name", "kind", "key", "last", "fixes", "length_km", "agency"])])
async def test_a_table_pages_and_sorts_by_every_column_that_says_so(pool, tab, columns):
    async def page(start, end, sort=None):
        model = [{"colId": sort[0], "sort": sort[1]}] if sort else []
        return await drawer.rows({"startRow": start, "endRow": end, "sortModel": model}, CHOICES, tab)

    whole = await page(0, 100)
    total = whole["rowCount"]
    assert total == (136 if tab == "seizures" else 5) and len(whole["rowData"]) == min(100, total)
    pieces = [r["id"] for start in range(0, total, 2) if start < 20 for r in (await page(start, start + 2))["rowData"]]
    assert len(set(pieces)) == len(pieces) == min(20, total), "pages overlap or leave rows out"
    assert [c["field"] for c in COLUMNS[tab] if c.get("sortable", True)] == columns
    for column in columns:
        for way in ("asc", "desc"):
            found = [r[column] for r in (await page(0, 100, (column, way)))["rowData"] if r[column] is not None]
            assert found == sorted(found, reverse=way == "desc"), (column, way)


async def test_the_drawer_turns(pool):
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": "drawer-toggle.n_clicks"}]))
    assert (await drawer.turn("seizures", 1))[1:] == (False, True), "opened for the first time"
    assert await drawer.turn("seizures", 2) == (no_update, no_update, no_update), "closed, or opened again"
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": "drawer-tab.value"}]))
    assert await drawer.turn("charts", 1) == (no_update, True, False)
    table, hidden, charts_hidden = await drawer.turn("tracks", 1)
    assert (hidden, charts_hidden) == (False, True) and "Last seen (UTC)" in {c["headerName"] for c in table.columnDefs}
