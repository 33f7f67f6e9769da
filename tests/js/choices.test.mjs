import assert from "node:assert/strict";
import test from "node:test";
import { createChoices, filterQuery, format, formatLayers, layerQuery, layerThen, parse, parseLayers, setCount, thenQuery } from "../../assets/js/choices.mjs";

test("a query string survives a round trip", () => {
  const text = "world=exercise&from=2026-11-17T00:00:00Z&to=2026-11-24T00:00:00Z&drug=cocaine,heroin&q=R%C3%ADo+Bravo&at=2026-11-20T00:00:00Z&sel=track:12";
  assert.equal(format(parse(`?${text}`)), text);
  assert.deepEqual(parse("?drug=cocaine&drug=heroin,cocaine").drug, ["cocaine", "heroin"]);
});

test("unknown keys and empty values are left out", () => assert.deepEqual(parse("?x=1&drug=&kind=vessel"), { kind: ["vessel"] }));

test("a layer is asked only by what it has conditions on", () => {
  const choices = { world: "live", from: "2026-11-20T00:00:00Z", kind: ["vessel"], track: ["7"], drug: ["ats"], min_kg: "2", agency: ["A"], q: "x", sel: "track:1" };
  assert.equal(layerQuery(choices, "movements"), "world=live&from=2026-11-20T00:00:00Z&kind=vessel&track=7&agency=A&q=x");
  assert.equal(layerQuery(choices, "seizures"), "world=live&from=2026-11-20T00:00:00Z&drug=ats&min_kg=2&agency=A&q=x");
  assert.equal(layerQuery(choices, "imagery"), "world=live&from=2026-11-20T00:00:00Z&agency=A&q=x");
});

test("the server gets the filter alone", () => assert.equal(filterQuery({ world: "live", sel: "track:1", theme: "sun", drug: ["ats"] }), "world=live&drug=ats"));

test("the clock's time is a word of the filter where it is asked for", () => {
  const choices = { world: "live", kind: ["vessel"], drug: ["ats"], at: "2026-11-20T00:00:00Z" };
  assert.equal(layerQuery(choices, "movements"), "world=live&kind=vessel");
  assert.equal(layerThen(choices, "movements"), "world=live&kind=vessel&at=2026-11-20T00:00:00Z");
  assert.equal(thenQuery(choices, Date.UTC(2026, 10, 21) / 1000), "world=live&kind=vessel&drug=ats&at=2026-11-21T00:00:00Z");
  assert.equal(thenQuery(choices, undefined), "world=live&kind=vessel&drug=ats");
});

test("layers keep order, opacity and what is off", () => {
  const layers = parseLayers("seizures:0.5,-movements,hotspots");
  assert.deepEqual(layers.slice(0, 4), [{ name: "events", on: true, opacity: 1 }, { name: "seizures", on: true, opacity: 0.5 }, { name: "movements", on: false, opacity: 1 }, { name: "hotspots", on: true, opacity: 1 }]);
  assert.equal(parseLayers(formatLayers(layers)).length, 7);
  assert.equal(formatLayers(parseLayers(undefined)), undefined);
  assert.equal(parseLayers("nonsense,seizures:9").find((l) => l.name === "seizures").opacity, 1);
});

test("events are a layer, on where an older address does not name them, and off where it says so", () => {
  assert.equal(parseLayers(undefined)[0].name, "events");
  assert.deepEqual(parseLayers("-events,seizures")[0], { name: "events", on: false, opacity: 1 });
  const old = parse("?world=live&events=off&layers=seizures:0.5,movements");
  assert.equal(old.events, undefined);
  assert.deepEqual(parseLayers(old.layers).slice(0, 2), [{ name: "events", on: false, opacity: 1 }, { name: "seizures", on: true, opacity: 0.5 }]);
  assert.equal(parse("?events=off").layers, "-events,movements,seizures,hotspots,imagery,-sections,-coverage");
});

test("set filters are counted, the window is not one", () => {
  assert.equal(setCount({ world: "live", from: "x", to: "y" }), 0);
  assert.equal(setCount({ drug: ["ats"], min_kg: "1", max_kg: "5", q: "a" }), 3);
});

function view(search) {
  const pushed = [], listeners = [];
  return {
    pushed, listeners, location: { search, pathname: "/", hash: "#map=3/1/2" },
    history: { state: null, pushState: (...a) => pushed.push(["push", a[2]]), replaceState: (...a) => pushed.push(["replace", a[2]]) },
    addEventListener: (_, f) => listeners.push(f),
  };
}

test("a person's choice is history, the clock's is not; both keep the camera", () => {
  const v = view("?world=exercise");
  const choices = createChoices(v);
  const told = [];
  choices.subscribe((now, changed) => told.push([...changed]));
  choices.set({ drug: ["ats"] });
  choices.set({ at: "2026-11-20T00:00:00Z" }, { push: false });
  choices.set({ drug: ["ats"] });
  assert.deepEqual(v.pushed, [["push", "/?world=exercise&drug=ats#map=3/1/2"], ["replace", "/?world=exercise&drug=ats&at=2026-11-20T00:00:00Z#map=3/1/2"]]);
  assert.deepEqual(told, [["drug"], ["at"]]);
});

test("the browser's back button brings choices back", () => {
  const v = view("?world=exercise&drug=ats");
  const choices = createChoices(v);
  let changed;
  choices.subscribe((_, keys) => (changed = [...keys]));
  v.location.search = "?world=exercise";
  v.listeners[0]();
  assert.deepEqual(changed, ["drug"]);
  assert.equal(choices.get().drug, undefined);
});
