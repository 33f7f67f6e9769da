import assert from "node:assert/strict";
import test from "node:test";
import { archiveOf, partUrl } from "../../assets/js/basemap/archive.mjs";

test("each part of an archive has an address that names it", () => {
  assert.equal(partUrl("/api/basemap/land.pmtiles", 0, 16384), "/api/basemap/land.pmtiles?bytes=0-16383");
  assert.notEqual(partUrl("/a.pmtiles", 0, 10), partUrl("/a.pmtiles", 10, 10));
});

test("the archive of an address, with or without a tile", () => {
  const url = "http://127.0.0.1:8050/api/basemap/land-7-7.pmtiles";
  assert.equal(archiveOf(`pmtiles://${url}`), url);
  assert.equal(archiveOf(`pmtiles://${url}/8/59/108`), url);
});
