// The address of a printed map: of the choices, and of the ground on the screen wherever it lies.
import assert from "node:assert/strict";
import { test } from "node:test";
import { printedAt } from "../../assets/js/printing.mjs";
import { frameOf, sheetAddress } from "../../assets/js/sheets.mjs";

test("the ground on the screen is told within 180 degrees, and over that line from west to east", () => {
  assert.equal(frameOf({ west: -99.0500001, south: 25.7, east: -96.75, north: 26.75 }), "-99.05,25.7,-96.75,26.75");
  assert.equal(frameOf({ west: 170, south: -20, east: 190, north: -10 }), "170,-20,-170,-10");
  assert.equal(frameOf({ west: -540, south: -88, east: 180, north: 88 }), "-180,-85,180,85");
  assert.equal(frameOf({ west: 1, south: 86, east: 2, north: 88 }), undefined);
});

test("a sheet is of the filter, the clock, the layers and the zone", () => {
  const choices = { world: "live", from: "2026-11-17T00:00:00Z", drug: ["ats", "heroin"], at: "2026-11-18T00:00:00Z", layers: "seizures,-movements", theme: "sun", sel: "track:1" };
  const told = new URL(sheetAddress(choices, { sheet: "a3 landscape", frame: "1,2,3,4", zone: "America/Matamoros" }), "http://x");
  assert.equal(told.pathname, "/api/export/pdf");
  assert.deepEqual(Object.fromEntries(told.searchParams), {
    world: "live", from: "2026-11-17T00:00:00Z", drug: "ats,heroin", at: "2026-11-18T00:00:00Z", paper: "a3", orientation: "landscape", frame: "1,2,3,4", layers: "seizures,-movements", zone: "America/Matamoros",
  });
  assert.ok(!sheetAddress({ world: "exercise" }, { sheet: "a4 portrait" }).includes("frame"));
});

test("a time on paper says its zone", () => {
  const at = new Date("2026-11-24T14:32:00Z");
  assert.equal(printedAt(at, "America/Matamoros"), "24 Nov 2026 08:32 GMT-6, 14:32 UTC");
  assert.equal(printedAt(at, "UTC"), "24 Nov 2026 14:32 UTC");
});
