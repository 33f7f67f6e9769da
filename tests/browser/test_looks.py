"""An image in other bands and colours: chosen in its details, drawn by the tiles, kept in the address, taken back; on a phone and on a wall too."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from affine import Affine
from PIL import Image as Picture

from feeds.imports import ImportOptions, import_files
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.test_wall import READY, SCREEN
from tests.browser.world import _home, becomes, settled
from tests.conftest import ROOT, serving
from tests.feeds.test_imagery import raster

PLACE = Affine(20.0, 0, 600_000, 0, -20.0, 2_920_000)  # 8 x 8 km
WEST, EAST, LAT = -97.978, -97.938, 26.361  # in the left half, in the right half
WINDOW = "world=live&from=2026-11-18T00:00:00Z&to=2026-11-26T00:00:00Z&layers=-events,-movements,-seizures,-hotspots,imagery,-sections"
CAMERA = "#map=11.6/26.366/-97.955"


@pytest.fixture(scope="module")
def flown(module_database, tmp_path_factory):
    """A camera of five bands whose near infrared is bright where its red is dark, and a thermal picture in °C."""
    home = tmp_path_factory.mktemp("home")
    (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
    half = np.repeat([[0, 1]], 200, 1).repeat(400, 0).astype("uint16")
    import rasterio

    multi = raster(home / "multi.tif", np.stack([100 + half, 200 + half, 300 + 600 * half, 4000 - 3000 * half, 500 + half]).astype("uint16"), transform=PLACE)
    with rasterio.open(multi, "r+") as out:
        out.descriptions = ("Blue", "Green", "Red", "NIR", "Red edge")
    thermal = raster(home / "warm_T.tif", (20 + 15 * half[None]).astype("float32"), transform=Affine(20.0, 0, 620_000, 0, -20.0, 2_920_000))
    with rasterio.open(thermal, "r+") as out:
        out.units = ("°C",)
    with _home(home):
        reports = import_files("imagery", [multi, thermal], ImportOptions(captured_at="2026-11-24T10:00:00Z"), lambda *_: None, owner_url=module_database.owner_url)
    assert [r.error for r in reports] == [None, None]
    with serving(module_database, home / "server.log", VIGIA_HOME=str(home)) as server:
        yield server.address


def painted(page, lon: float, lat: float, wanted: Callable[[tuple[int, int, int]], bool]) -> tuple[int, int, int]:
    """What is drawn at a place, once it is as wanted: tiles fade in."""
    becomes(page, lambda: wanted(colour(page, lon, lat)), True)
    return colour(page, lon, lat)


def colour(page, lon: float, lat: float) -> tuple[int, int, int]:
    """What is drawn at a place, from a picture of the screen."""
    x, y = page.evaluate("([lon, lat]) => { const m = (window.__vigia ?? { view: __wall.view }).view.map, p = m.project([lon, lat]), c = m.getContainer(), b = c.getBoundingClientRect(), k = b.width / c.clientWidth; return [b.x + k * p.x, b.y + k * p.y]; }", [lon, lat])
    picture = np.asarray(Picture.open(io.BytesIO(page.screenshot())).convert("RGB"), int)
    return tuple(int(v) for v in picture[round(y) - 2:round(y) + 3, round(x) - 2:round(x) + 3].reshape(-1, 3).mean(0))


@pytest.fixture
def opened(browser, flown):
    with watched(browser, sharp=True) as page:
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(f"{flown}/?{WINDOW}&sel=image:1{CAMERA}")
        settled(page)
        page.wait_for_selector(".look #look-bands")
        settled(page)
        yield page


def test_bands_are_chosen_in_the_details_and_drawn(opened):
    page = opened
    before = colour(page, WEST, LAT)
    page.select_option("#look-bands", label="Near infrared, plants red")
    until(page, "__vigia.choices.get().bands === 'nir,red,green' && __vigia.choices.get().look === '1'")
    settled(page)
    west = painted(page, WEST, LAT, lambda c: c[0] > 200 and c[1] < 60)  # bright in the infrared, dark in the red
    painted(page, EAST, LAT, lambda c: c[0] < 60 and c[1] > 200)
    assert before != pytest.approx(west, abs=6)
    page.wait_for_selector("#legend:has-text('nir, red, green')")
    assert page.is_disabled("#look-colormap")
    page.reload()
    settled(page)
    page.wait_for_selector("#legend .look-words")
    becomes(page, lambda: page.input_value("#look-bands"), "nir,red,green")
    painted(page, WEST, LAT, lambda c: c == pytest.approx(west, abs=6))  # a shared link shows the same
    page.click("#legend [data-command=look-stored]")
    until(page, "!__vigia.choices.get().look && !__vigia.choices.get().bands")
    settled(page)
    painted(page, WEST, LAT, lambda c: c == pytest.approx(before, abs=6))
    becomes(page, lambda: page.input_value("#look-bands"), "")
    page.go_back()
    until(page, "__vigia.choices.get().bands === 'nir,red,green'")


def test_one_band_has_colours_with_a_key_by_keyboard_alone(opened):
    page = opened
    page.focus("#look-bands")
    page.keyboard.type("Near infrared")  # the first is the triple
    page.select_option("#look-bands", label="Near infrared")
    until(page, "__vigia.choices.get().bands === 'nir'")
    page.wait_for_selector(".look-key .ends")
    becomes(page, lambda: page.inner_text(".look-key .ends").split("\n"), ["1,000", "4,000"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "look-colormap"
    page.keyboard.type("Viridis")
    until(page, "__vigia.choices.get().colormap === 'viridis'")
    settled(page)
    painted(page, WEST, LAT, lambda c: c[0] > 200 and c[1] > 200 and c[2] < 90)  # viridis ends in yellow
    painted(page, EAST, LAT, lambda c: c[2] > c[1] and max(c) < 130)  # and begins in violet


def test_a_thermal_picture_says_what_its_colours_mean(browser, flown):
    with watched(browser, sharp=True) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{flown}/?{WINDOW}&sel=image:2#map=11/26.36/-97.75")
        settled(page)
        page.wait_for_selector(".look-key .ends")
        becomes(page, lambda: page.inner_text(".look-key .ends").split("\n"), ["20 °C", "35 °C"])
        sizes = page.evaluate("[...document.querySelectorAll('.look select')].map((s) => s.getBoundingClientRect().height)")
        assert min(sizes) >= 44
        page.select_option("#look-stretch", label="Least to most")
        until(page, "__vigia.choices.get().stretch === 'full' && __vigia.choices.get().look === '2'")


def test_what_an_image_has_not_is_left_out_and_said(browser, flown):
    with watched(browser, sharp=True) as page:
        page.goto(f"{flown}/?{WINDOW}&look=2&bands=nir&stretch=full#map=11/26.36/-97.75")
        page.wait_for_selector("#status p:has-text('bands=nir')")
        until(page, "__vigia.choices.get().bands === undefined && __vigia.choices.get().stretch === 'full'")


def test_a_wall_shows_the_same_and_names_it(browser, flown):
    with watched(browser, sharp=True) as page:
        page.set_viewport_size(SCREEN)
        page.goto(f"{flown}/wall/main?world=live&still&look=1&bands=nir,red,green")
        until(page, READY)
        page.wait_for_selector("#chips .looked")
        assert page.inner_text("#chips .looked") == "multi: nir, red, green"
        until(page, "__wall.view.map.getSource('imagery-look')?.tiles?.[0].includes('bands=nir,red,green')")
        painted(page, WEST, LAT, lambda c: c[0] > 200)
