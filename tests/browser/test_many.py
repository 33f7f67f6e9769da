"""Fifty thousand live tracks: all are counted, one is opened by a click, the camera stays, and few again are features again."""

from __future__ import annotations

import time

import numpy as np
import pytest

from benchmarks.fleet import Fleet
from data.fixes import FixWriter, TrackTold
from install.chromium import until
from tests.browser.conftest import watched
from tests.browser.world import becomes
from tests.conftest import ROOT, serving

NUMBER = 50_000
ALONE = (-110.0, 26.0)  # all others are east of 106 degrees
OLD = (-111.05, 26.0)
CAMERA = "#map=6/26/-108"
SMALL = {"width": 900, "height": 640}
LAYER = "__vigia.view.map.vigiaMany"
READY = "window.__vigia?.view?.map.vigiaMany?.count > 0"
PLACE = f"(id) => {{ const m = {LAYER}.marks, i = m.ids.subarray(0, m.n).indexOf(id); return [m.x[i] * 360 - 180, m.drawn.subarray(0, m.count).includes(i)]; }}"
WHERE = "[__vigia.view.map.getCenter().toArray(), __vigia.view.map.getZoom(), __vigia.view.map.getBearing()]"
# Whether the map has drawn something at a place, by its own colours: they are far from the ground's beside it.
INKED = """async ([lon, lat]) => {
  const { map } = __vigia.view, gl = map.getCanvas().getContext("webgl2"), at = map.project([lon, lat]), got = new Uint8Array(4), ground = new Uint8Array(4);
  await new Promise((done) => map.once("render", () => {
    const read = (x, y, into) => gl.readPixels(Math.round(x), gl.drawingBufferHeight - Math.round(y), 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, into);
    read(at.x, at.y, got);
    read(at.x - 40, at.y, ground);
    done();
  }) && map.triggerRepaint());
  return Math.max(...[0, 1, 2].map((i) => Math.abs(got[i] - ground[i]))) > 40;
}"""


@pytest.fixture(scope="module")
def crowd(module_database, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    (home / "basemap").symlink_to(ROOT / ".vigia" / "basemap")
    with module_database.connect() as connection:
        fleet = Fleet(connection, NUMBER - 2)
        alone, old = fleet.writer.tracks([TrackTold(f"made:{name.lower()}", "vessel", name, sla_s=3_600.0, marking="TLP:GREEN") for name in ("Alone", "Old")])
        fleet.alone, fleet.old = alone, old
        with FixWriter(connection, 0, fleet.writer.source_id) as writer:  # with its line, as the details read it
            writer.write({"track_id": np.array([alone, old]), "observed_us": np.full(2, time.time_ns() // 1000 - 7_500_000_000), "lon": np.array([ALONE[0], OLD[0]]),
                          "lat": np.array([ALONE[1], OLD[1]])})
        connection.execute("ANALYZE")
        connection.commit()
        with serving(module_database, home / "server.log", VIGIA_HOME=str(home)) as server:
            fleet.address = server.address
            yield fleet


def day() -> str:
    """The live world for a day, to an hour from now: a window that goes on with the time would leave the oldest behind."""
    begin, end = (time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(time.time() + s)) for s in (-86_400, 3_600))
    return f"world=live&from={begin}&to={end}"


def heard(fleet: Fleet, lon: float, lat: float, *, ago_s: float = 0) -> None:
    fleet.writer.store({"track_id": np.array([fleet.alone]), "observed_us": np.array([int((time.time() - ago_s) * 1e6)]), "lon": np.array([lon]), "lat": np.array([lat])})
    fleet.connection.commit()


def test_all_are_counted_one_opens_and_the_camera_stays(browser, crowd):
    with watched(browser, sharp=True) as page:
        page.set_viewport_size(SMALL)
        page.goto(f"{crowd.address}/?{day()}&layers=movements{CAMERA}")
        until(page, READY)
        camera = page.evaluate(WHERE)
        drawn, under, fleet = page.evaluate(f"[{LAYER}.count, {LAYER}.marks.under, __vigia.live.fleet.size]")
        assert drawn + under == fleet == NUMBER and under > 0
        becomes(page, lambda: page.inner_text(".tl-under"), f"{under:,} of 50,000 marks under others")
        assert page.evaluate("__vigia.view.map.getSource('marks').serialize().data.features.filter((f) => f.properties.kind).length") == 0, "none of them is a feature"
        lon, there = page.evaluate(PLACE, crowd.alone)
        assert (round(lon, 6), there) == (ALONE[0], True)
        heard(crowd, ALONE[0] - 0.5, ALONE[1])
        crowd.move(2_000)
        until(page, f"({PLACE})({crowd.alone})[0] < {ALONE[0] - 0.4}")
        until(page, INKED, arg=[ALONE[0] - 0.5, ALONE[1]])
        assert page.evaluate(WHERE) == camera, "data never moves the camera"
        box = page.locator(".maplibregl-canvas").bounding_box()
        x, y = page.evaluate(f"(() => {{ const p = __vigia.view.map.project([{ALONE[0] - 0.5}, {ALONE[1]}]); return [p.x, p.y]; }})()")
        page.mouse.click(box["x"] + x, box["y"] + y)
        until(page, f"__vigia.choices.get().sel === 'track:{crowd.alone}'")
        until(page, "document.getElementById('details').innerText.includes('Alone')")


def test_closer_there_are_ages_and_a_lost_context_comes_back(browser, crowd):
    heard(crowd, ALONE[0] - 1, ALONE[1])
    with watched(browser, sharp=True) as page:
        page.set_viewport_size(SMALL)
        page.goto(f"{crowd.address}/?{day()}&layers=movements#map=11/26/-111")
        until(page, READY)
        assert page.evaluate(f"{LAYER}.count") == NUMBER, "what is out of view is there when the camera comes"
        until(page, "__vigia.view.map.getSource('marks').serialize().data.features.map((f) => [f.properties.id, f.properties.aged]).join().startsWith('%d,2 h')" % crowd.old)
        first = page.evaluate_handle(LAYER)
        page.evaluate("(() => { const lose = __vigia.view.map.getCanvas().getContext('webgl2').getExtension('WEBGL_lose_context'); lose.loseContext(); setTimeout(() => lose.restoreContext(), 200); })()")
        until(page, f"(first) => {LAYER} !== first && {LAYER}.count === {NUMBER}", arg=first)
        until(page, INKED, arg=[ALONE[0] - 1, ALONE[1]])  # its glyph is on the map again
        page.evaluate(f"__vigia.view.map.jumpTo({{ center: [{ALONE[0] - 1.03}, {ALONE[1] - 0.01}], bearing: 50 }})")
        until(page, INKED, arg=[ALONE[0] - 1, ALONE[1]])  # and where it belongs when the map is turned


def test_few_again_are_features_again(browser, crowd):
    with watched(browser, sharp=True) as page:
        page.set_viewport_size(SMALL)
        page.goto(f"{crowd.address}/?{day()}&layers=movements{CAMERA}")
        until(page, READY)
        page.evaluate(f"__vigia.choices.set({{ track: ['{crowd.alone}'] }})")
        until(page, f"{LAYER}.count === 0 && __vigia.view.map.getSource('marks').serialize().data.features.length === 1")
