import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { advance, createClock, nextSpeed, replayWords } from "../../assets/js/clock.mjs";
import { areaOf, shapeOf } from "../../assets/js/map/draw.mjs";
import { madeOf } from "../../assets/js/legend.mjs";
import { strictest, tlp } from "../../assets/js/markings.mjs";
import { bar, metresAPixel } from "../../assets/js/scale.mjs";
import { mixed } from "../../assets/js/theme.mjs";
import { corners, marksFrom } from "../../assets/js/layers/imagery.mjs";
import { features_ } from "../../assets/js/layers/seizures.mjs";
import { moved, spanOf, stepWords, ticks, tickWords, toTime, toX } from "../../assets/js/timeline/span.mjs";
import { age, city, clock, iso, moment } from "../../assets/js/times.mjs";
import { drift, freshness, offsetOf, STALE_AFTER_S } from "../../assets/js/wall/freshness.mjs";
import { basemapStyle, LAYER_SLOTS } from "../../assets/js/basemap/style.mjs";

test("the clock runs at its speed and stops at the end", () => {
  assert.equal(advance(100, 600, 0.5, 1e9), 400);
  assert.equal(advance(100, 600, 10, 500), 500);
  let now = 0, frames = [], at;
  const c = createClock((t) => (at = t), { now: () => now, frame: (f) => frames.push(f) });
  c.bounds(0, 1000);
  c.seek(0);
  c.speed(600);
  c.play();
  now = 0.25;
  frames.shift()();
  assert.equal(at, 150);
  now = 60; // a machine that slept does not jump
  frames.shift()();
  assert.equal(at, 150);
  now = 61; // a slow frame counts whole
  frames.shift()();
  assert.equal(at, 750);
  c.pause();
  frames.shift()?.();
  assert.equal(at, 750);
  c.seek(5000);
  assert.equal(at, 1000);
});

test("the speed that is shown is the true one, where drawing or data can't keep up", () => {
  let now = 0, frame, hide, here = true;
  const c = createClock(() => {}, { now: () => now, frame: (f) => { frame = f; }, reaches: () => here, hidden: (told) => { hide = told; } });
  const on = (s) => { now += s; frame(); };
  c.bounds(0, 1e6);
  c.seek(0);
  c.speed(60);
  c.play();
  for (let i = 0; i < 5; i++) on(2);
  assert.deepEqual([c.state.at, c.state.pace], [600, 60], "frames of two seconds each lose nothing");
  here = false;
  for (let i = 0; i < 3; i++) on(2);
  here = true;
  on(2);
  assert.ok(c.state.at < 900 && c.state.pace < 30, "what was waited for is not hidden");
  hide();
  on(5);
  assert.deepEqual([c.state.at, c.state.pace], [720, undefined], "a page nobody saw goes on where it was");
  assert.deepEqual([replayWords(60, 60), replayWords(60, 21.4), replayWords(60, undefined)], ["Replay 60×", "Replay 60×, shown at 21×", "Replay 60×"]);
});

test("speeds step and stay within their ends", () => {
  assert.deepEqual([nextSpeed(600, 1), nextSpeed(600, -1), nextSpeed(100_000, 1), nextSpeed(0.1, -1)], [1800, 300, 100_000, 0.1]);
});

test("a timeline shows the window and as much before it, within the world", () => {
  assert.deepEqual(spanOf(70, 100, 0, 100), [40, 100]);
  assert.deepEqual(spanOf(0, 100, 0, 100), [0, 100]);
  assert.equal(toTime(toX(55, [40, 100], 600), [40, 100], 600), 55);
  assert.deepEqual(moved(10, 20, 500, 0, 100), [90, 100]);
  assert.deepEqual(moved(10, 20, -500, 0, 100), [0, 10]);
  assert.ok(ticks([0, 7 * 86400], 8).times.length <= 8);
  assert.equal(stepWords(10800), "3 h");
});

test("ticks are round and say which year where it is not plain", () => {
  const at = (...parts) => Date.UTC(...parts) / 1000;
  const told = (start, end, most) => {
    const { step, times } = ticks([start, end], most);
    assert.ok(times.length <= most + 1 && times.every((t) => t >= start && t < end));
    return times.map((t) => tickWords(t, step, end));
  };
  assert.deepEqual(told(at(2008, 11, 11), at(2026, 0, 26), 12), ["2010", "2012", "2014", "2016", "2018", "2020", "2022", "2024", "2026"]);
  assert.deepEqual(told(at(2017, 10, 1), at(2018, 6, 1), 12).slice(0, 4), ["Nov 2017", "Dec 2017", "Jan 2018", "Feb 2018"]);
  assert.deepEqual(told(at(2017, 11, 30), at(2018, 0, 3), 5), ["30 Dec 2017", "31 Dec 2017", "1 Jan", "2 Jan"]);
  assert.deepEqual(told(at(2026, 10, 24), at(2026, 10, 25), 4), ["24 Nov 00:00", "06:00", "12:00", "18:00"]);
});

test("times in words", () => {
  const t = Date.UTC(2026, 10, 24, 14, 32, 7) / 1000;
  assert.deepEqual([moment(t), clock(t), iso(t), age(42 * 60), age(3 * 3600 + 600), age(100_000), city("America/Ciudad_Juarez")],
    ["24 Nov 14:32", "14:32:07", "2026-11-24T14:32:07Z", "42 min", "3 h 10 min", "1 d 3 h", "Ciudad Juarez"]);
});

test("a scale bar is round and fits", () => {
  for (const zoom of [2, 5, 8.3, 12, 17]) {
    const { metres, px } = bar(zoom, 26, 110);
    assert.ok(px <= 110 && /^[125]0*$/.test(String(metres)));
    assert.ok(Math.abs(px * metresAPixel(zoom, 26) - metres) < 1e-6);
  }
});

test("an area goes to the URL and back", () => {
  const ring = [[-97, 26], [-96, 26], [-96, 27], [-97, 26]];
  const text = areaOf({ geometry: { coordinates: [ring] } });
  assert.deepEqual(shapeOf(text).geometry.coordinates[0], ring);
  assert.equal(shapeOf("1 2;3"), undefined);
});

test("seizures up to a time", () => {
  const columns = { id: [1, 2], lon: [0, 1], lat: [0, 1], drug: ["ats", "other"], kg: [null, 2], t: [10, 20], precision_m: [null, 5] };
  assert.equal(features_(columns, 15).length, 1);
  assert.equal(features_(columns, undefined).length, 2);
  assert.ok(!("kg" in features_(columns)[0].properties));
});

test("a frame has four crop marks and one label", () => {
  const row = { corners: [[0, 0], [1, 0], [1, 1], [0, 1]], captured_at: "2026-11-24T13:10:00Z", gsd_m: 0.08, footprint: null };
  const edge = Date.parse("2026-11-24T14:32:00Z") / 1000;
  const made = corners(row, edge);
  assert.equal(made.filter((f) => "turn" in f.properties).length, 4);
  assert.equal(made.find((f) => f.properties.label).properties.label, "13:10 UTC  8 cm");
});

test("of a flight's frames one has its marks from afar, the others where they are wide enough to be told apart", () => {
  const square = (wide) => [[0, 0], [wide, 0], [wide, wide], [0, wide]];
  const rows = [{ id: 1, product: "frame", sortie: "S1", corners: square(0.001) }, { id: 2, product: "frame", sortie: "S1", corners: square(0.001) }, { id: 3, product: "frame", sortie: "S1", corners: null },
    { id: 4, product: "frame", sortie: "S2", corners: square(0.001) }, { id: 5, product: "orthophoto", sortie: "S1", corners: square(0.001) }];
  const from = marksFrom(rows);
  assert.deepEqual([1, 3, 4, 5].map((id) => from.get(id)), [0, 0, 0, 0]);
  assert.ok(Math.abs((512 * 2 ** from.get(2) * 0.001) / 360 - 40) < 1e-6);
  assert.ok(corners({ ...rows[1], captured_at: "2026-11-24T13:10:00Z", gsd_m: 1 }, 0, from.get(2)).every((f) => f.properties.from === from.get(2) + (f.properties.label ? 2.5 : 0)));
  assert.ok(corners({ ...rows[0], captured_at: "2026-11-24T13:10:00Z", gsd_m: 1 }, 0, 0).every((f) => f.properties.from === 0));
});

test("a wall is stale after fifteen silent seconds by a clock nobody sets", () => {
  assert.deepEqual([freshness(114.9, 100).stale, freshness(100 + STALE_AFTER_S, 100).stale], [false, true]);
  assert.equal(offsetOf(10_500, 10_000, 10_200), 400);
  for (let m = 0; m < 20; m++) assert.ok(drift(m).every((v) => Math.abs(v) <= 4));
});

const css = await readFile(new URL("../../assets/css/tokens.css", import.meta.url), "utf8");
const theme = (name) => {
  const block = name === "dark" ? css.split("[data-theme=\"dark\"] {")[1].split("}")[0] : css.split(`[data-theme="${name}"] {`)[1].split("}")[0];
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, k, v]) => [k, v.trim()]));
};

const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => [1, 3, 5].map((i) => linear(parseInt(hex.slice(i, i + 2), 16) / 255)).reduce((a, c, i) => a + c * [0.2126, 0.7152, 0.0722][i], 0);
const contrast = (a, b) => {
  const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
};

test("text and symbols can be read in every theme", () => {
  for (const name of ["dark", "light", "sun"]) {
    const t = theme(name);
    for (const [text, least] of [["t1", 7], ["t2", 4.5], ["t3", 4.5], ["accent", 4.5], ["alert", 4.5]]) {
      assert.ok(contrast(t[text], t.s1) >= least, `${name} ${text} on s1: ${contrast(t[text], t.s1).toFixed(2)}`);
    }
    assert.ok(contrast(t.ctl, t.s1) >= 3, `${name} ctl`);
    for (const symbol of ["track-sea", "track-land", "track-air", "border"]) assert.ok(contrast(t[symbol], t.land) >= 3, `${name} ${symbol}`);
    for (const drug of ["cocaine", "opioid", "ats", "cannabis", "heroin", "other"]) {
      assert.ok(contrast(t[drug], t[`${drug}-ink`]) >= 4.5, `${name} ${drug}: ${contrast(t[drug], t[`${drug}-ink`]).toFixed(2)}`);
    }
  }
});

test("the style has every slot in order and asks nobody else", async () => {
  const { validateStyleMin } = await import("@maplibre/maplibre-gl-style-spec");
  const parts = { layers: Object.fromEntries(["land", "lakes", "coast", "borders", "rivers", "states", "names", "places", "graticule"].map((n) => [n, [{ file: `${n}.pmtiles`, from: 0, to: 24 }]])), relief: "relief.pmtiles", attribution: ["A"] };
  for (const name of ["dark", "light", "sun"]) {
    const t = theme(name);
    const style = basemapStyle({ token: (n) => t[n], parts });
    const order = style.layers.map((l) => l.id);
    assert.deepEqual(LAYER_SLOTS.filter((s) => order.includes(s)), LAYER_SLOTS);
    assert.deepEqual([...LAYER_SLOTS].sort((a, b) => order.indexOf(a) - order.indexOf(b)), LAYER_SLOTS);
    assert.ok(order.indexOf("border") > order.indexOf("slot-imagery"), "imagery never hides the border");
    assert.ok(!/https?:\/\//.test(JSON.stringify(style)));
    assert.deepEqual(validateStyleMin(style).map((e) => e.message), []);
  }
});

test("a map without a basemap is still a style", () => {
  const t = theme("dark");
  assert.equal(basemapStyle({ token: (n) => t[n], parts: {} }).layers[0].id, "water");
});

test("two colours are mixed channel by channel", () => {
  assert.equal(mixed("#ffffff", "#000000", 0.5), "#808080");
  assert.equal(mixed("#F4EEE2", "#182026", 0), "#182026");
  assert.equal(mixed("#010203", "#182026", 1), "#010203");
});

test("the strictest marking is the most closed of those told", () => {
  assert.equal(strictest("TLP:GREEN", undefined, "TLP:AMBER+STRICT", "TLP:AMBER"), "TLP:AMBER+STRICT");
  assert.equal(strictest(undefined), undefined);
  assert.equal(tlp("TLP:AMBER+STRICT"), "marking tlp-amber");
});

test("the legend says how closed a run is and whose rows it was made of, as text", () => {
  assert.equal(madeOf({ n: 3, marking: "TLP:GREEN", agencies: ["A<b>"] }), '<p class="meta"><span class="marking tlp-green">TLP:GREEN</span> from A&#60;b&#62;</p>');
  assert.match(madeOf({ n: 9, marking: "TLP:AMBER", agencies: ["A", "B", "C", "D", "E"] }), /from A, B, C and 2 more/);
  assert.equal(madeOf({ n: 3, marking: "<img>" }), "");
  assert.equal(madeOf({ n: 0, marking: "TLP:CLEAR" }), "", "of nothing");
});
