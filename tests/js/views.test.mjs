import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { LAYERS, VIEW_KEYS } from "../../assets/js/choices.mjs";
import { grouped } from "../../assets/js/views/panel.mjs";
import { again, bodyOf } from "../../assets/js/views/save.mjs";
import { copy } from "../../assets/js/views/share.mjs";
import { cameraOf, cameraText, differs, patchOf, readState, sameCamera, STATE_KEYS, stateText } from "../../assets/js/views/state.mjs";
import { changedWords, leftOutWords, linkWords, moment, seenBy } from "../../assets/js/views/words.mjs";

const CHOICES = { world: "exercise", from: "2026-11-17T00:00:00Z", to: "2026-11-24T00:00:00Z", drug: ["cocaine", "heroin"], q: "Río & Bravo", layers: "seizures,-movements", sel: "track:12", view: "7" };

test("a state is text and back, without the view it is of", () => {
  const text = stateText(CHOICES, "8.6/26.15/-97.9");
  assert.ok(!text.includes("view=") && text.endsWith("&camera=8.6/26.15/-97.9"));
  const { view: _, ...rest } = CHOICES;
  assert.deepEqual(readState(text), { choices: rest, camera: "8.6/26.15/-97.9" });
  assert.equal(readState("layers=seizures").choices.world, "live", "as the server reads it");
});

test("the server knows the same keys and layers", () => {
  const python = readFileSync(new URL("../../data/page_state.py", import.meta.url), "utf8");
  const view = python.slice(python.indexOf("VIEW: dict"), python.indexOf("KEYS = (*FILTER_KEYS"));
  const told = [...view.matchAll(/"([a-z_]+)": \((?:_|lambda)/g)].map((m) => m[1]);
  assert.deepEqual(told.sort(), [...VIEW_KEYS.filter((k) => !["view", "at"].includes(k)), "camera"].sort());
  assert.deepEqual(JSON.parse(`[${/LAYERS = \(([^)]*)\)/.exec(python)[1]}]`), LAYERS);
});

test("a camera is told with as many digits as its zoom shows, and read again", () => {
  assert.equal(cameraText({ lng: -97.912345678, lat: 26.154321 }, 8.6049), "8.6/26.1543/-97.9123");
  assert.equal(cameraText({ lng: 190, lat: 0 }, 3), "3/0/-170");
  assert.deepEqual(cameraOf("8.6/26.154/-97.912"), { center: [-97.912, 26.154], zoom: 8.6 });
  for (const wrong of [undefined, "", "1/2", "a/b/c", "1/2/3/4"]) assert.equal(cameraOf(wrong), undefined);
  assert.ok(sameCamera("8.6/26.154/-97.912", "8.61/26.155/-97.911") && !sameCamera("8.6/26.15/-97.9", "8.6/26.25/-97.9") && !sameCamera("8.6/26.15/-97.9", "9.6/26.15/-97.9"));
});

test("what differs is named; what means the same does not differ", () => {
  const saved = readState("world=live&drug=heroin,cocaine&at=2026-11-20T00:00:00.000Z&min_kg=2.0&camera=8.6/26.15/-97.9");
  const now = { choices: { world: "live", from: "2026-11-17T00:00:00Z", to: "2026-11-24T00:00:00Z", drug: ["cocaine", "heroin"], at: "2026-11-20T00:00:00Z", min_kg: "2", view: "7" }, camera: "8.6/26.15/-97.9" };
  assert.deepEqual(differs(saved, now), [], "another order, another way to tell a time, a window that the page filled in");
  assert.deepEqual(differs(saved, { ...now, choices: { ...now.choices, layers: "events,movements,seizures,hotspots,imagery,-sections,-coverage" } }), [], "the layers as they are anyway");
  assert.deepEqual(differs(saved, { choices: { ...now.choices, drug: ["cocaine"], heat: "1" }, camera: "9/26.15/-97.9" }), ["drug", "heat", "camera"]);
  assert.deepEqual(differs(readState("world=live&from=2026-11-17T00:00:00Z"), { choices: { world: "live", from: "2026-11-18T00:00:00Z" } }), ["from"]);
  assert.match(changedWords(["drug", "camera"]), /^changed since saved: drugs, the camera$/);
});

test("opening a state takes away what it does not tell", () => {
  const patch = patchOf(readState("world=live&drug=ats"));
  assert.deepEqual(patch.drug, ["ats"]);
  assert.ok("kind" in patch && patch.kind === undefined && !("from" in patch) && !("view" in patch));
  assert.ok(STATE_KEYS.every((k) => k in patch || ["from", "to"].includes(k)));
});

test("who sees a view, and what is sent of it", () => {
  assert.equal(seenBy({ private: true, agency: "Alfa", world: "live" }), "only you");
  assert.equal(seenBy({ agency: "Alfa", operation: "Dorado", world: "live" }), "Alfa and partners of Dorado");
  assert.equal(seenBy({ world: "live" }), "the whole house");
  const told = { name: "  شرق النهر ", note: "", seen: "Alfa", operation: "Dorado", marking: "TLP:GREEN" };
  assert.deepEqual(bodyOf(told, "world=live"), { name: "شرق النهر", note: "", private: false, agency: "Alfa", operation: "Dorado", marking: "TLP:GREEN", state: "world=live" });
  assert.deepEqual(bodyOf({ ...told, seen: "private" }, "x"), { name: "شرق النهر", note: "", private: true, agency: null, operation: null, marking: "TLP:GREEN", state: "x" });
  assert.deepEqual(again({ name: "a", private: false, agency: "Alfa", marking: "TLP:RED", version: 3 }, "y"), { name: "a", note: "", private: false, agency: "Alfa", operation: null, marking: "TLP:RED", state: "y" });
});

test("views are listed one's own first, those of partners last", () => {
  const rows = [{ id: 1, own: false, agency: "Alfa" }, { id: 2, own: true, agency: "Alfa" }, { id: 3, own: false, agency: "Bravo", operation: "Dorado" }, { id: 4, own: false, agency: "Alfa", operation: "Dorado" }];
  assert.deepEqual(grouped(rows, ["Alfa"]).map(([words, found]) => [words, found.map((v) => v.id)]), [["Yours", [2]], ["Shared with you", [1, 4]], ["Of operations", [3]]]);
});

test("words of links, times and what was left out", () => {
  assert.equal(moment("2026-11-04T09:05:00Z"), "4 Nov 2026 09:05 UTC");
  assert.equal(linkWords({ expires_at: "2026-11-04T09:05:00Z", opened: 1 }, "Night"), "to Night; until 4 Nov 2026 09:05 UTC; opened 1 time by others");
  assert.equal(leftOutWords([]), "");
  assert.equal(leftOutWords([{ key: "agency", value: "Bravo" }, { key: "sel" }]), "Opened without agency “Bravo”, what was chosen: not there, or not for you to see.");
});

test("where a page may not copy, the link is selected and that is said", async () => {
  const done = [], field = { focus: () => done.push("focus"), select: () => done.push("select") };
  assert.equal(await copy("x", field, { writeText: async (text) => void done.push(text) }), "Copied.");
  assert.match(await copy("x", field, undefined), /selected, press Ctrl\+C/);
  assert.match(await copy("x", field, { writeText: () => Promise.reject(new Error("denied")) }), /selected/);
  assert.deepEqual(done, ["x", "focus", "select", "focus", "select"]);
});
