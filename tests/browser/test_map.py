"""The map: three layers on one picture, numbers that agree, and a URL that holds every choice."""

from __future__ import annotations

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import CAMERA, IDLE, becomes, choices, drawn, look, rendered, settled

NUMBER = re.compile(r"\d[\d,]*")


def numbers(text: str) -> list[int]:
    return [int(n.replace(",", "")) for n in NUMBER.findall(text)]


def query(page) -> str:
    return page.evaluate("__vigia.filterQuery(__vigia.choices.get())")


def shown(page) -> dict[str, list[int]]:
    """The numbers the page shows, by where they stand."""
    words = {
        "tab": "#drawer-toggle", "timeline": ".tl-counts", "seizures": ".layer-row:nth-child(3) .layer-line",
    }
    return {name: numbers(page.inner_text(selector)) for name, selector in words.items()}


def agreed(page, world) -> dict:
    """The server's counts, once every number on the page is theirs."""
    n = world.ask(f"counts?{query(page)}")
    totals = [n[k]["total"] for k in ("seizures", "tracks", "images")]
    until(page, "(want) => ['#drawer-toggle', '.tl-counts'].every((s) => String((document.querySelector(s)?.innerText.match(/\\d[\\d,]*/g) ?? []).map((t) => Number(t.replaceAll(',', '')))) === String(want))",
        arg=totals)
    becomes(page, lambda: shown(page)["seizures"][0], n["seizures"]["on_map"])
    return n


def test_three_layers_on_one_map(page, world):
    pictures = []
    page.on("response", lambda r: pictures.append(r) if "/api/tiles/imagery/" in r.url and r.status == 200 else None)
    look(page, world)
    # Hexagons need more than a week of this small exercise.
    before = choices(page)["from"]
    page.click("#period label:has-text('All')")
    until(page, "(before) => __vigia.choices.get().from < before", arg=before)
    settled(page)
    becomes(page, lambda: sum(f.get("point_count", 1) for f in rendered(page, "seizure-one", "seizure-many")) > 5, True)
    becomes(page, lambda: {f["kind"] for f in rendered(page, "mark")} >= {"vessel", "vehicle"}, True)
    until(page, "__vigia.view.map.queryRenderedFeatures({ layers: ['hotspot-line'] }).some((f) => f.properties.level >= 1)")
    drawn(page, "frame-line")
    decoded = [np.asarray(Image.open(io.BytesIO(r.body())).convert("RGBA")) for r in pictures]
    assert any((tile[..., 3] > 0).any() and tile[tile[..., 3] > 0][:, :3].std() > 3 for tile in decoded), "no tile holds a picture"
    assert "EXERCISE" in page.inner_text("#strip")
    assert page.told == []


def test_numbers_agree_under_any_filter(page, world):
    look(page, world)
    before = agreed(page, world)
    assert before["seizures"]["total"] == before["seizures"]["on_map"] + before["seizures"]["unplaced"] > 0
    page.click("#drug label:has-text('Cocaine')")
    until(page, "__vigia.choices.get().drug && !__vigia.choices.get().drug.includes('cocaine')")
    settled(page)
    after = agreed(page, world)
    assert after["seizures"]["total"] == before["seizures"]["total"] - before["facets"]["drug"]["cocaine"]
    page.click("#period label:has-text('24 h')")
    until(page, "Date.parse(__vigia.choices.get().to) - Date.parse(__vigia.choices.get().from) === 86_400_000")
    settled(page)
    day = agreed(page, world)
    assert day["seizures"]["total"] <= after["seizures"]["total"]
    bins = world.ask(f"timeline?{query(page)}")
    i, j = bins["window"]
    assert sum(bins["seizures"][i:j]) == day["seizures"]["total"]
    page.click("#clear")
    until(page, "__vigia.choices.get().drug === undefined")
    assert agreed(page, world)["seizures"]["total"] >= day["seizures"]["total"]


def test_marks_on_the_map_are_the_counted_ones(page, world):
    look(page, world, camera="#map=3.2/28/-106")
    n = agreed(page, world)
    assert page.evaluate("__vigia.view.held.points.id.length") == n["seizures"]["on_map"]

    def marked() -> int:  # a mark at a tile's edge is drawn by both tiles: the same cluster is counted once
        return sum({f.get("cluster_id", f"one {f.get('id')}"): f.get("point_count", 1) for f in rendered(page, "seizure-one", "seizure-many")}.values())

    becomes(page, marked, n["seizures"]["on_map"])


def test_the_url_is_the_whole_picture(page, world, browser):
    look(page, world)
    page.click("#drug label:has-text('Heroin')")
    page.click(".layer-row:nth-child(5) .eye")
    until(page, "__vigia.choices.get().layers?.includes('-imagery') && __vigia.choices.get().drug")
    settled(page)
    told, n = page.url, agreed(page, world)
    assert parse_qs(urlsplit(told).query)["world"] == ["exercise"] and urlsplit(told).fragment.startswith("map=8.6/")
    with watched(browser) as again:
        again.goto(told)
        until(again, IDLE)
        assert choices(again) == choices(page)
        assert agreed(again, world)["seizures"] == n["seizures"]
        again.wait_for_selector(".layer-row:nth-child(5) .eye[aria-pressed=false]")
        assert again.evaluate("__vigia.view.map.getZoom()") == page.evaluate("__vigia.view.map.getZoom()")


def test_back_and_forward(page, world):
    look(page, world)
    first = choices(page)
    page.click("#drug label:has-text('Meth')")
    until(page, "__vigia.choices.get().drug")
    second = choices(page)
    page.go_back()
    until(page, "!__vigia.choices.get().drug")
    assert choices(page) == first
    settled(page)
    until(page, "document.querySelectorAll('#drug input:checked').length === 6")
    page.go_forward()
    until(page, "__vigia.choices.get().drug")
    assert choices(page) == second
    settled(page)
    agreed(page, world)


def test_what_an_address_says_wrong_is_left_out_and_said(page, world):
    page.goto(f"{world.address}/?world=exercise&min_kg=much&drug=soap,heroin&kind=vessel{CAMERA}", wait_until="commit")
    page.wait_for_selector("#status:has-text('min_kg=much (expected a number of kilograms, 0 or more)'):has-text('drug=')")  # said for ten seconds
    settled(page)
    assert choices(page)["kind"] == ["vessel"] and not {"min_kg", "drug"} & set(choices(page))
    agreed(page, world)


def test_an_amount_between_the_sliders_steps_stays_as_told(page, world):
    look(page, world, "world=exercise&min_kg=3")
    assert choices(page)["min_kg"] == "3"
    agreed(page, world)
