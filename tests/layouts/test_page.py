"""The page's parts hang together: every id once, every callback's ends on the page, every control with a name."""

from __future__ import annotations

import inspect
import json
from collections import Counter

import pytest
from dash import dcc, html
from dash.development.base_component import Component

import app
from layouts import charts, details, drawer, ids, nothing, page, rail, strip, topbar

COUNTS = {
    "seizures": {"total": 1234, "on_map": 1230, "unplaced": 4, "kg": 10.0}, "tracks": {"total": 5}, "images": {"total": 2},
}


def walk(component):
    """Every component below one, and itself."""
    if isinstance(component, (list, tuple)):
        for part in component:
            yield from walk(part)
    elif isinstance(component, Component):
        yield component
        for name in ("children", "options", "label"):
            yield from walk(getattr(component, name, None))
    elif isinstance(component, dict):
        yield from walk(component.get("label"))


def words(component) -> str:
    """All the text below a component."""
    if isinstance(component, (str, int, float)):
        return str(component)
    if isinstance(component, (list, tuple)):
        return "".join(words(part) for part in component)
    return words(getattr(component, "children", None) or "") if component is not None else ""


def held() -> list[dict | str]:
    """The page's, and those of the table, which comes when the drawer is opened."""
    return [c.id for part in (page.layout(), drawer.table("seizures")) for c in walk(part) if getattr(c, "id", None) is not None]


def key(id: dict | str) -> str:
    return id if isinstance(id, str) else json.dumps(id, sort_keys=True)


def test_every_id_stands_once():
    twice = [k for k, n in Counter(map(key, held())).items() if n > 1]
    assert twice == []


def test_every_named_id_is_on_the_page():
    named = {v for k, v in vars(ids).items() if k.isupper() and isinstance(v, str)}
    assert named - {i for i in held() if isinstance(i, str)} == set()


def ends() -> list[tuple[str, str, str]]:
    """(callback, id, property) of every input, output and state of every callback."""
    out = []
    for spec in app.app._callback_list:
        for end in [*spec["inputs"], *spec["state"]]:
            out.append((spec["output"], end["id"], end["property"]))
        for end in spec["output"].strip(".").split("..."):
            if "." in end:
                id, prop = end.rsplit(".", 1)
                out.append((spec["output"], id, prop.split("@")[0]))
    return out


@pytest.fixture(scope="module", autouse=True)
def registered():
    app.app._setup_server()


def test_every_callback_joins_what_is_on_the_page():
    there = held()
    plain = {i for i in there if isinstance(i, str)}
    patterns = [i for i in there if isinstance(i, dict)]
    assert len(ends()) > 60
    for callback, id, prop in ends():
        if id.startswith("{"):
            told = json.loads(id)
            wanted = {k: v for k, v in told.items() if not isinstance(v, list)}
            assert any(set(p) == set(told) and all(p[k] == v for k, v in wanted.items()) for p in patterns), (callback, id)
        elif id in plain and prop not in ("getRowsResponse", "getRowsRequest", "selectedRows"):
            component = next(c for c in walk(page.layout()) if getattr(c, "id", None) == id)
            assert prop in component.available_properties, f"{id} has no {prop}"
        else:
            assert id in plain or id.startswith("_"), (callback, id)


def test_every_callback_of_ours_is_a_coroutine():
    ours = {name: c["callback"] for name, c in app.app.callback_map.items() if c.get("callback")}
    assert len(ours) >= 5
    assert [n for n, f in ours.items() if not inspect.iscoroutinefunction(inspect.unwrap(f))] == []


def test_every_button_and_field_has_a_name():
    whole = list(walk(page.layout()))
    for button in (c for c in whole if isinstance(c, html.Button)):
        assert words(button).strip() or getattr(button, "aria-label", None), button
    labelled = {c.htmlFor for c in whole if isinstance(c, html.Label) and getattr(c, "htmlFor", None)}
    wrapped = {c.id for label in whole if isinstance(label, html.Label) for c in walk(label) if isinstance(c, dcc.Input)}
    for field in (c for c in whole if isinstance(c, (dcc.Input, dcc.Dropdown))):
        assert field.id in labelled | wrapped, field.id


def test_the_strip_says_exercise_in_the_exercise_alone():
    assert "EXERCISE" in words(strip.strip("exercise", "TLP:AMBER")) and "EXERCISE" not in words(strip.strip("live", "TLP:RED"))


def test_the_lines_say_what_is_shown():
    lines = rail.layer_lines(COUNTS)
    assert set(lines) | {"events"} == set(ids.LAYERS), "the line of events is the panel's number, written in the browser"
    assert lines["seizures"] == "1,230 on the map, 4 not"
    assert rail.off_map_words(1, 0) == "1 seizure has no place and is not on the map." and rail.off_map_words(4, 0).startswith("4 seizures have")
    assert rail.off_map_words(0, 1200) == "1,200 are totals of several events: in table and charts, not on the map." and rail.off_map_words(0, 0) == ""
    assert "1,234 seizures 5 tracks 2 images" in words(drawer.words(COUNTS))


def test_a_choice_says_what_it_would_give():
    options = rail.drug_options({"cocaine": 1200, "ats": 0})
    assert "Cocaine" in words(options[0]["label"]) and "1.2k" in words(options[0]["label"]) and "1,200" in json.dumps(options[0]["label"].to_plotly_json(), default=lambda part: part.to_plotly_json())
    assert all("person" != o["value"] for o in rail.kind_options({"vessel": 3}))
    assert any("person" == o["value"] for o in rail.kind_options({"person": 3}))


def test_exports_carry_the_filter():
    links = [c.href for c in topbar.exports("world=live&drug=ats")]
    assert [link.split("?")[0] for link in links] == [f"/api/export/{f}" for f in ("geojson", "csv", "gpkg", "kml", "gpx", "briefing", "hotspots")]
    assert all(link.endswith("?world=live&drug=ats") for link in links)


@pytest.mark.parametrize("world, n, without, said", [
    ("live", (0, 0, 0), None, "No data in the live world yet"),
    ("exercise", (0, 0, 0), None, "exercise load"),
    ("live", (0, 0, 0), (0, 0, 0), "Nothing in this time"),
    ("live", (0, 3, 0), (97, 3, 0), "No seizures for this filter. 97 seizures without it."),
    ("live", (0, 0, 0), (97, 3, 0), "No seizures and no movements for this filter. 97 seizures, 3 movements without it."),
    ("live", (5, 3, 0), (97, 3, 0), ""),
])
def test_nothing_says_what_is_missing_and_what_to_do(world, n, without, said):
    layers = ("seizures", "tracks", "images")
    told = words(nothing.of(world, {k: {"total": v, "on_map": v} for k, v in zip(layers, n)}, without and dict(zip(layers, without))))
    assert said in told and bool(said) == bool(told)


HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_map_of_totals_alone_says_where_they_are():
    n = {"seizures": {"total": 1245, "on_map": 0}, "tracks": {"total": 0}, "images": {"total": 0}}
    held = {"seizures": 1245, "tracks": 0, "images": 0}
    assert "Nothing here has a place. 1,245 seizures are in the table and the charts." in words(nothing.of("live", n, held))


def test_details_show_names_as_text():
    from datetime import datetime, timezone

    t = datetime(2026, 11, 20, 8, tzinfo=timezone.utc)
    told = details.track({
        "id": 1, "kind": "vehicle", "name": HOSTILE, "key": "mmsi:366", "lon": -97.5, "lat": 26.0, "last_at": t, "observed_at": t, "speed_mps": 5.0,
        "course_deg": 90.0, "first_at": t, "fixes": 30, "length_m": 1200.0, "sla_s": 900, "identifiers": {"callsign": HOSTILE}, "source": "a.csv",
        "sha256": "0" * 64, "recorded_at": t, "agency": HOSTILE, "marking": "TLP:AMBER", "world": "exercise", "line": None,
    })
    text = words(told)
    assert text.count(HOSTILE) == 3 and "UTC" in text and "a.csv" in text and "MMSI 366" in text
    assert not [c for c in walk(told) if getattr(c, "dangerously_allow_html", None) or isinstance(c, (dcc.Markdown, html.Iframe))]


def test_plotly_gets_no_markup():
    assert "<" not in charts.plain(HOSTILE) and "&amp;" in charts.plain("a & b")


def test_a_large_count_leaves_the_word_its_room():
    told = {n: words(rail._count(n)) for n in (0, 999, 1_000, 1_162, 9_999, 24_986, 999_999, 1_000_000, 12_345_678)}
    assert told == {0: "0", 999: "999", 1_000: "1.0k", 1_162: "1.1k", 9_999: "9.9k", 24_986: "24k", 999_999: "999k", 1_000_000: "1.0M", 12_345_678: "12M"}
    assert rail._count(24_986).title == "24,986"
