// Places in four formats, there and back, against what pyproj 3.7 (PROJ) and the mgrs library of NGA's GEOTRANS tell of the same places.
import assert from "node:assert/strict";
import test from "node:test";
import { isGrid, read, readDegrees } from "../../assets/js/coordinates/read.mjs";
import { degrees, minutes, written, zoneOf } from "../../assets/js/coordinates/written.mjs";
import { areaWords, measuredWords, measureLine, measureRing } from "../../assets/js/map/measure.mjs";
import * as geodesic from "../../assets/vendor/geodesic.mjs";
import * as grids from "../../assets/vendor/grids.mjs";

// degrees east, degrees north, zone, metres east, metres north, MGRS
const PLACES = [
  [-97.5, 25.9, 14, 650254.06, 2865468.79, "14RPP5025465468"],
  [-106.5, 31.76, 13, 357941.88, 3514812.94, "13RCR5794114812"],
  [-117.12, 32.53, 11, 488731.04, 3599191.0, "11SMR8873199191"],
  [5.3, 60.39, 32, 296128.99, 6700571.92, "32VKN9612800571"],
  [15.6, 78.2, 33, 513696.95, 8680760.05, "33XWG1369680760"],
  [0.0, 0.0, 31, 166021.44, 0.0, "31NAA6602100000"],
  [-0.0001, -0.0001, 30, 833967.41, 9999988.93, "30MZE3396799988"],
  [179.9999, -16.5, 60, 820277.25, 8173373.2, "60KZG2027773373"],
  [-179.9999, 65.2, 1, 359634.89, 7234081.26, "1WCN5963434081"],
  [151.2, -33.86, 56, 333491.23, 6251909.21, "56HLH3349151909"],
  [-68.3, -54.8, 19, 545000.05, 3927239.38, "19FEV4500027239"],
  [33.0, 72.5, 37, 298921.4, 8054756.75, "37XBA9892154756"],
  [-45, 83.99, 23, 500000.0, 9326977.46, "23XNP0000026977"],
  [3, 55.999, 31, 500000.0, 6205968.29, "31UEC0000005968"],
  [3, 56.0001, 32, 126050.94, 6222347.44, "32VJH2605022347"],
  [-63.420205, -55.190905, 20, 473247.96, 3883883.98, "20FMD7324783883"],
  [54.33641, -68.034936, 40, 388845.9, 2450843.94, "40DCK8884550843"],
  [12.917522, -20.000155, 33, 282125.13, 7787146.9, "33KTT8212587146"],
  [-159.120387, 3.217973, 4, 486624.91, 355687.25, "4NDJ8662455687"],
  [-166.501563, -8.868837, 3, 334880.08, 9019315.15, "3LUL3488019315"],
  [-154.852048, -65.041208, 5, 412807.94, 2785675.1, "5DMH1280785675"],
  [-27.173092, 55.538378, 26, 489076.32, 6154717.85, "26UMG8907654717"],
  [-135.431294, -43.333458, 8, 465036.62, 5202063.87, "8GMT6503602063"],
  [45.87596, 75.334725, 38, 524754.08, 8361136.94, "38XNJ2475461136"],
  [27.757062, -14.923738, 35, 581420.66, 8349970.36, "35LND8142049970"],
  [171.451838, -72.269757, 59, 515358.11, 1980920.27, "59CNV1535880920"],
  [129.048645, -32.461999, 52, 504571.59, 6408352.29, "52HEK0457108352"],
  [-128.06817, -60.605631, 9, 551021.25, 3280776.47, "9EWN5102180776"],
  [-68.946543, 53.781498, 19, 503522.41, 5959212.8, "19UEV0352259212"],
  [-114.938503, 15.366107, 11, 721286.06, 1699874.93, "11PQS2128699874"],
];

test("the grids are those of PROJ and GEOTRANS", () => {
  for (const [lon, lat, zone, east, north, mgrs] of PLACES) {
    assert.equal(zoneOf(lon, lat), zone);
    const [e, n] = grids.toUtm(zone, lat < 0, lon, lat);
    assert.ok(Math.hypot(e - east, n - north) < 0.02, `${lon} ${lat}: ${e} ${n}`);
    assert.equal(written("mgrs", lon, lat, grids).replaceAll(" ", ""), mgrs);
  }
});

test("what is written is read again as the same place", () => {
  const metres = (a, b) => geodesic.between(a.lon, a.lat, b.lon, b.lat).s12;
  for (const [lon, lat] of PLACES) {
    for (const [format, within_m] of [["dd", 1], ["dms", 3], ["utm", 1.5], ["mgrs", 1.5]]) {
      const text = written(format, lon, lat, grids), rows = read(text, grids);
      assert.ok(rows.some((row) => metres(row, { lon, lat }) < within_m), `${text}: ${JSON.stringify(rows)}`);
    }
  }
});

test("degrees as people write them", () => {
  for (const text of ["26.2 -97.1", "26.2, -97.1", "26.2N 97.1W", "97.1 W 26.2 N", "26°12'N 97°6'W", "26°12'0\"N 97°6'0\"W", "26°12′00.0″N 97°06′00.0″W"]) {
    const at = readDegrees(text);
    assert.ok(at && Math.abs(at.lat - 26.2) < 1e-9 && Math.abs(at.lon + 97.1) < 1e-9, text);
  }
  for (const text of ["Matamoros", "26.2", "126 97", "Route 66 7"]) assert.equal(readDegrees(text), undefined, text);
  assert.equal(degrees(-262.9, 26.2), "26.20000 N 97.10000 E");
  assert.equal(minutes(-97.99999999, 25.99999999), "26°00′00.0″N 98°00′00.0″W", "no 60 seconds");
});

test("grid references as people paste them", () => {
  const near = (text, lon, lat) => read(text, grids).some((row) => Math.hypot(row.lon - lon, row.lat - lat) < 2e-5);
  for (const text of ["14R PP 50254 65468", "14RPP5025465468", "14r pp 50254 65468", "14R 650254 2865468", "14R 650254mE 2865468mN", "14 north 650254, 2865468", "UTM zone 14 N 650254 2865468"]) {
    assert.ok(isGrid(text) && near(text, -97.5, 25.9), text);
  }
  // `S` is a band and a half of the earth: both are told, each by its own words.
  const both = read("14S 621000 3894000", grids);
  assert.deepEqual(both.map((row) => Math.sign(row.lat)), [1, -1]);
  assert.deepEqual(read("14 south 621000 3894000", grids).map((row) => Math.sign(row.lat)), [-1]);
  // Few figures name a large square, and it says so.
  assert.match(read("14R PP", grids)[0].about, /square of 100 km/);
  assert.match(read("14R PP 4 5", grids)[0].about, /square of 10 km/);
  for (const text of ["14R PP 12 345", "14R PP 123", "99R AA 1 1", "14R AA 12345 12345", "14I PP 1 1", "61N 500000 100", "14R 99 2865468", "0N 500000 100"]) assert.deepEqual(read(text, grids), [], text);
});

test("beyond the grids there are degrees", () => {
  for (const lat of [84.1, -80.1, 90, -90]) {
    for (const format of ["utm", "mgrs"]) assert.equal(written(format, 10, lat, grids), degrees(10, lat));
  }
  assert.equal(written("mgrs", 10, 20, undefined), degrees(10, 20), "and while the grids are on their way");
  assert.equal(written("nonsense", 10, 20, grids), degrees(10, 20));
});

test("lengths, bearings and areas are those of PROJ's geodesics", () => {
  const line = measureLine([[-97.5, 25.9], [-106.5, 31.76]], geodesic);
  assert.ok(Math.abs(line.length_m - 1_091_663.4329) < 0.01 && Math.abs(line.bearing_deg - 308.587554938828) < 1e-6, JSON.stringify(line));
  const ring = [[-97.6, 25.8], [-97.4, 25.8], [-97.4, 26], [-97.6, 26], [-97.6, 25.8]];
  for (const drawn of [ring, ring.toReversed()]) assert.ok(Math.abs(measureRing(drawn, geodesic).area_m2 - 444_042_423.01) < 1);
  const across = measureRing([[179.9, -17], [-179.9, -17], [-179.9, -16.8], [179.9, -16.8], [179.9, -17]], geodesic);
  assert.ok(Math.abs(across.area_m2 - 471_633_100.07) < 1, "over the antimeridian");
  assert.equal(measuredWords({ type: "LineString", coordinates: [[-97.5, 25.9], [-106.5, 31.76]] }, geodesic), "1091.663 km measured, bearing 309°");
  assert.match(measuredWords({ type: "LineString", coordinates: [[-97.5, 25.9], [-97.5, 25.905], [-97.49, 25.9]] }, geodesic), /^1\.69\d km measured; first to last point 1\.002 km, bearing 090°$/);
  assert.match(measuredWords({ type: "Polygon", coordinates: [ring] }, geodesic), /^444 km² measured, 84\.395 km around it$/);
  assert.deepEqual([areaWords(12.34), areaWords(123_456), areaWords(1_234_567_890)], ["12.34 m²", "12.35 ha", "1,234.6 km²"]);
});
