// The map of the page: choices and the clock come in, layers are drawn, what the person points at goes out.
import { ask } from "../api.mjs";
import { FILTER_KEYS, parseLayers } from "../choices.mjs";
import { archiveStyle, readArchive, withSlots } from "../basemap/own.mjs";
import { basemapStyle } from "../basemap/style.mjs";
import { epoch, iso } from "../times.mjs";
import { createMap, wearImages } from "./adapter.mjs";
import { shapeOf } from "./draw.mjs";
import { createMoving } from "./moving.mjs";
import * as coverage from "../layers/coverage.mjs";
import * as events from "../layers/events.mjs";
import * as hotspots from "../layers/hotspots.mjs";
import * as imagery from "../layers/imagery.mjs";
import * as movements from "../layers/movements.mjs";
import * as sections from "../layers/sections.mjs";
import * as seizures from "../layers/seizures.mjs";
import * as selection from "../layers/selection.mjs";

const LAYERS = { movements, seizures, hotspots, imagery, sections, coverage };
const DRAWN = { ...LAYERS, events }; // events are kept by assets/js/events/events.mjs, and ordered with the others here
const GROUND = ["hotspots", "imagery", "sections", "coverage"];
const FRAME_S = 0.09; // while playing the marks are drawn about eleven times a second
const TILES_OF_VIEWS = 240; // a wall comes back to each of its views and should find it as it was
const GLIDE_MS = 100; // and while marks are under way live, ten times
const MANY_S = 1; // where there are very many marks, once, and where the person changes something
const ZOOMED = 0.7; // so far on, what stood under other marks is looked for again
const LOOK_S = 3;
const FOLLOW_PX = 2; // a followed track moves the map by no less

export async function createView(container, { choices, token, status, told, camera, interactive = true, padding, hash, live, wall = false, pixelRatio }) {
  const parts = (await status.follow("Basemap", ask("/api/basemap/parts.json"))) ?? {};
  const archive = parts.own && `${location.origin}/api/basemap/${parts.own}`;
  const own = archive && (await status.follow("Basemap", readArchive(archive)));
  const styled = () => {
    if (parts.style) return withSlots(parts.style);
    return own ? archiveStyle(own, `pmtiles://${archive}`, token) : basemapStyle({ token, parts, names: !wall });
  };
  const map = createMap(container, { style: styled(), ...camera, interactive, padding, hash, kept: wall ? TILES_OF_VIEWS : undefined, pixelRatio });
  const held = { points: undefined, images: undefined, movement: undefined, run: undefined, levels: new Set() };
  const clock = { at: undefined, live: true, stream: false, playing: false, edge: undefined, speed: 1 };
  const asking = {}, asked = {};
  let drawn = 0, drawnZoom = 0, looked = 0, ready = false, gliding, stands, runsAt;
  let drawnOf = {}; // what each layer was last drawn of: what is the same is not set again, however often the clock ticks
  const moving = createMoving({ map: () => map, choices, clock, held, answer, live, drawn: () => draw(true) });
  const seen = () => ({ ...held, movement: moving.picture(), at: clock.at, ...moving.how() });

  /** The choices, with where the clock stands: what is not drawn from what is held is asked for up to then. */
  const then = () => ({ ...choices.get(), at: stands });

  const fresh = (name) => {
    asking[name]?.abort();
    asking[name] = new AbortController();
    return asking[name].signal;
  };

  // -- the style, and everything on it

  function dress() {
    wearImages(map, token, { wall });
    drawnOf = {};
    const how = { token, choices: then(), wall };
    selection.add(map, how);
    for (const name of ["imagery", "hotspots", "coverage", "sections", "movements", "seizures"]) LAYERS[name].add(map, how);
    map.addSource("area", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "area", type: "line", source: "area", paint: { "line-color": token("accent"), "line-width": 1.5, "line-dasharray": [3, 2] } }, "slot-marks");
    map.vigiaHot = map.vigiaPast = undefined;
    movements.upTo(map, runsAt);
    ready = true;
    if (held.run) hotspots.use(map, held.run);
    order();
    drawArea();
    told.dressed?.(map);
    draw(true, true);
  }

  function order() {
    const now = choices.get();
    // While two images are compared nothing lies over them, and neither side has marks that the other lacks.
    const layers = parseLayers(now.layers).map((l) => (now.compare ? { ...l, on: false } : l));
    for (const { name, on, opacity } of layers) {
      const from = held.points?.detail === "gathered" ? "tiles" : "points";
      if (name === "seizures") seizures.show(map, on, opacity, { from });
      else if (name === "hotspots") {
        hotspots.show(map, on && now.heat !== "1" && Boolean(held.run), opacity);
        seizures.showHeat(map, on && now.heat === "1", opacity, from);
      } else DRAWN[name].show(map, on, opacity);
    }
    // Marks above marks, ground above ground; nothing ground ever hides a mark or the border.
    for (const { name } of [...layers].reverse()) {
      if (GROUND.includes(name)) continue;
      for (const id of DRAWN[name].marks ?? DRAWN[name].ids) {
        if (map.getLayer(id) && !movements.paths.includes(id)) map.moveLayer(id, "slot-top");
      }
    }
  }

  function drawArea() {
    const shape = shapeOf(choices.get().area);
    map.getSource("area")?.setData({ type: "FeatureCollection", features: shape ? [shape] : [] });
  }

  // -- data

  /** The answer of an address; undefined when it is the last one asked, and its answer held or on its way. `again` asks even so. */
  async function answer(name, words, address, again) {
    if (!again && asked[name] === address) return undefined;
    asked[name] = address;
    const found = await status.follow(words, ask(address, { signal: fresh(name) }));
    if (!found && asked[name] === address) asked[name] = undefined;
    return found;
  }

  async function fetchPoints(again) {
    const found = await answer("points", "Seizures", seizures.points(choices.get()), again);
    if (!found) return;
    held.points = found;
    if (ready) {
      order();
      draw(true);
    }
  }

  async function fetchImages(again) {
    const found = await answer("images", "Imagery", imagery.images(choices.get()), again);
    if (!found) return;
    held.images = found.rows;
    if (ready) draw(true);
    told.legend?.(held.run); // it may name one of them
  }

  async function fetchRun(again) {
    const found = await answer("run", "Hotspots", hotspots.run(then()), again);
    if (!found) return;
    held.run = found;
    if (ready) {
      hotspots.use(map, found);
      order();
    }
    told.legend?.(held.run);
  }

  function refilter(again) {
    if (ready) for (const name of ["movements", "seizures", "sections"]) LAYERS[name].filtered(map, then(), again);
  }

  /** The clock stands at `at` (undefined: it is live), or runs: what is drawn from tiles is that of then. */
  function asOf({ at, playing }) {
    runsAt = playing ? at : undefined;
    const before = stands;
    stands = playing || at === undefined ? undefined : iso(at);
    if (ready) movements.upTo(map, runsAt);
    veil();
    if (stands === before) return;
    refilter();
    fetchRun();
  }

  /** Ask for what the choices changed; `again` for everything, after the data changed. */
  function refetch(again = false) {
    refilter(again);
    fetchPoints(again);
    fetchImages(again);
    fetchRun(again);
    if (clock.at !== undefined) moving.fetch(clock.at, again);
  }

  // -- drawing at the clock's time

  function draw(now = false, asked = false) {
    if (!ready || clock.at === undefined) return;
    const moment = performance.now() / 1000;
    if (moment - drawn < (moving.many() && !asked ? MANY_S : now ? 0 : FRAME_S)) return;
    drawn = moment;
    drawnZoom = map.getZoom();
    movements.play(map, clock.playing);
    if (live) live.fleet.long = chosenTrack();
    const chosen = chosenTrack();
    const { chosen: where, ...moved } = movements.draw(map, moving.picture(), clock.at, { chosen, ...moving.how(), trail: choices.get().trail, vectorMin: Number(choices.get().vector) || 0 });
    const until = clock.live ? undefined : clock.at;
    if (other("seizures", held.points, until, choices.get().heat)) seizures.draw(map, held.points?.detail === "points" ? held.points : undefined, until, choices.get().heat === "1");
    // Live shows all there is: a picture may have been taken after the last thing that moved.
    const newest = Math.max(clock.edge ?? clock.at, ...(held.images ?? []).map((r) => Date.parse(r.captured_at) / 1000));
    const how = choices.get(), edge = clock.edge ?? clock.at;
    if (other("images", held.images, how, until ?? Math.floor(Math.max(newest, edge) / 60))) imagery.draw(map, held.images, until ?? newest, edge, how);
    veil();
    choose();
    if (where && choices.get().follow) centre(where);
    if (!gliding && moving.gliding()) glideOn();
    told.drawn?.(moved);
  }

  const chosenTrack = () => (choices.get().sel?.startsWith("track:") ? Number(choices.get().sel.slice(6)) : undefined);

  /** The veil is of the moment tiles are of; live in the live world of now, though nothing came for hours. */
  function veil() {
    if (!ready || clock.at === undefined) return;
    const now = choices.get().world === "live" ? (live?.now() ?? clock.at) : clock.at;
    coverage.draw(map, choices.get(), clock.live ? now : (runsAt ?? epoch(stands) ?? clock.at));
  }

  function other(layer, ...of) {
    const same = drawnOf[layer]?.every((value, i) => value === of[i]);
    drawnOf[layer] = of;
    return !same;
  }

  /** The next step of what is under way: not before the last one is on the map. */
  function glideOn() {
    gliding = setTimeout(() => {
      if (ready && !movements.settled(map)) return glideOn();
      gliding = undefined;
      draw(true);
    }, GLIDE_MS);
  }

  /** A person asked to follow it: the one thing that moves the map by itself. */
  function centre(at) {
    const there = map.project(at), here = map.project(map.getCenter());
    if (!map.isMoving() && Math.hypot(there.x - here.x, there.y - here.y) > FOLLOW_PX) map.jumpTo({ center: at }, { following: true });
  }

  /** What is chosen, its words on the side where there is room. */
  function choose() {
    if (!choices.get().sel && !other("chosen", undefined)) return;
    if (choices.get().sel) drawnOf.chosen = [choices.get().sel];
    const features = selection.featuresOf(choices.get().sel, seen());
    const { clientWidth } = map.getContainer();
    for (const { geometry, properties } of features) properties.side = geometry.type === "Point" && map.project(geometry.coordinates).x > clientWidth - WORDS_PX ? "left" : "right";
    selection.choose(map, features);
  }

  function setClock(at, { live: isLive, stream, playing, edge, speed }) {
    Object.assign(clock, { at, live: isLive, stream, playing, edge, speed });
    if (moving.due(at)) moving.fetch(at);
    // A map that always has something to draw is never idle.
    if (ready && stream && performance.now() / 1000 - looked > LOOK_S) {
      looked = performance.now() / 1000;
      levelsInView();
      if (Object.keys(map.getStyle().sources).every((id) => movements.own.includes(id) || map.isSourceLoaded(id))) document.documentElement.dataset.map = "idle";
    }
    draw(!playing);
  }

  // -- what the person points at

  const clickable = Object.values(LAYERS).flatMap((l) => l.clickable);
  map.on("click", (event) => {
    if (told.drawing?.() || choices.get().compare) return; // a corner of an area may lie on a mark; what two images are compared without is not there
    const found = pointed(event.point, TOUCH_PX);
    if (!found) return void (told.select?.(undefined), told.ground?.(event.lngLat, clock));
    if (found.properties.point_count || found.properties.n > 1) return zoomInto(found);
    told.select?.(named(found));
  });
  function pointed(point, r) {
    const track = movements.trackAt(map, point);
    if (track !== undefined) return { layer: { id: "mark" }, properties: { id: track } };
    return map.queryRenderedFeatures([[point.x - r, point.y - r], [point.x + r, point.y + r]], { layers: clickable.filter((id) => map.getLayer(id)) })[0];
  }
  const named = ({ layer, properties }) => `${layer.id === "mark" ? "track" : ["frame-fill", "frame-point"].includes(layer.id) ? "image" : "seizure"}:${properties.id}`;
  map.on("mousemove", (event) => {
    if (told.drawing?.() || choices.get().compare) return;
    const over = pointed(event.point, 0);
    map.getCanvas().style.cursor = over ? "pointer" : "";
    told.hovered?.(over && !over.properties.point_count && !(over.properties.n > 1) ? named(over) : undefined);
  });

  async function zoomInto(feature) {
    const at = feature.geometry.coordinates;
    const zoom = feature.properties.cluster_id === undefined ? map.getZoom() + 2 : await map.getSource(feature.source).getClusterExpansionZoom(feature.properties.cluster_id);
    map.easeTo({ center: at, zoom: Math.min(zoom + 0.2, 16), duration: 600 });
  }

  function levelsInView() {
    if (!ready || !map.getLayer("hotspot-line")) return;
    const found = new Set(map.queryRenderedFeatures({ layers: ["hotspot-line"] }).map((f) => f.properties.level));
    if (String([...found].sort()) !== String([...held.levels].sort())) {
      held.levels = found;
      told.legend?.(held.run);
    }
  }

  map.on("style.load", dress);
  map.on("idle", () => {
    levelsInView();
    document.documentElement.dataset.map = "idle";
  });
  // What moves is set again and again while it is live: that is no waiting.
  map.on("dataloading", ({ sourceId }) => movements.own.includes(sourceId) || (document.documentElement.dataset.map = "busy"));
  map.on("moveend", ({ following }) => {
    if (following) return; // by a draw that goes on
    if (ready && choices.get().sel) choose();
    if (clock.at === undefined) return;
    if (moving.streaming()) draw(true, true); // a circle of uncertainty may be large enough now
    else if (held.movement?.detail !== "trails") moving.fetch(clock.at);
  });
  map.on("zoom", () => moving.many() && Math.abs(map.getZoom() - drawnZoom) >= ZOOMED && draw(true, true));
  let near;
  map.on("zoomend", () => {
    // What the legend says of a veil turns where it begins.
    if (near !== (near = map.getZoom() >= coverage.FROM_ZOOM)) told.zoomed?.();
  });
  map.on("dragstart", () => choices.get().follow && choices.set({ follow: undefined }));
  map.on("error", ({ error }) => {
    // A tile that was cancelled or is not there is no news; anything else is.
    if (error?.status === 404 || error?.name === "AbortError") return;
    console.warn([error?.message ?? error, error?.url].filter(Boolean).join(": "));
  });
  map.getCanvas().setAttribute("aria-label", "Map. Arrow keys move it, plus and minus zoom. The table below lists what it shows.");

  function redress() {
    ready = false;
    map.setStyle(styled(), { diff: false });
  }
  map.on("webglcontextlost", () => (ready = false));
  map.on("webglcontextrestored", redress); // a layer of our own does not come back by itself

  choices.subscribe((now, changed) => {
    if (changed.has("theme")) redress();
    if (FILTER_KEYS.some((k) => changed.has(k))) refetch();
    if (changed.has("area")) drawArea();
    if (!ready) return;
    if (["layers", "heat", "compare"].some((k) => changed.has(k))) order();
    if (changed.has("trail") && clock.at !== undefined) moving.fetch(clock.at, true);
    if (["sel", "heat", "layers", "trail", "vector", "follow"].some((k) => changed.has(k))) draw(true, true);
    if (["sel", "heat", "layers", "trail", "vector", "follow", "veil", "look", "bands", "colormap", "stretch", "compare"].some((k) => changed.has(k))) draw(true);
  });

  refetch();
  return {
    map, held, setClock, asOf, refetch, moving,
    /** Layers were added: they take their places. */
    order: () => ready && order(),
    /** The stream told something: what moved is drawn soon. `whole`: all of it was told anew, and what came before is asked for. */
    streamed(whole = false) {
      if (whole && clock.at !== undefined) moving.fetch(live.now(), true);
      draw();
    },
    /** A map of the same ground, and of nothing else, that looks where this one does. */
    second: (container) => createMap(container, { style: styled(), center: map.getCenter(), zoom: map.getZoom(), hash: false }),
    hover: (sel) => ready && selection.hover(map, selection.featuresOf(sel, seen())),
    /** Bring what is chosen into view, if it is not; or to the middle. */
    reveal(sel, { centre = false } = {}) {
      map.resize();
      const [feature] = selection.featuresOf(sel, seen());
      if (!feature) return false;
      const at = feature.geometry.type === "Point" ? feature.geometry.coordinates : feature.geometry.coordinates.flat(feature.geometry.type === "MultiPolygon" ? 2 : 1)[0];
      if (centre) map.easeTo({ center: at, duration: 600 });
      else nudge(map, at);
      return true;
    },
  };
}

const TOUCH_PX = 6, REVEAL_PX = 80, WORDS_PX = 190;

/** Move the map only as far as brings a place into view. */
function nudge(map, at) {
  const { x, y } = map.project(at), { clientWidth: w, clientHeight: h } = map.getContainer();
  const by = (v, size) => (v < REVEAL_PX ? v - REVEAL_PX : v > size - REVEAL_PX ? v - size + REVEAL_PX : 0);
  const outside = x < 0 || y < 0 || x > w || y > h;
  if (outside) map.panBy([by(x, w), by(y, h)], { duration: 600 });
}
