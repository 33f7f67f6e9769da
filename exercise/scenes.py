"""The made-up ground of each kind of strip: river plain, shore, desert town, landing place. A scene paints; it knows no map projection.

A `Canvas` gives the size in pixels, the ground sample and the true lines (river, shore) in pixel columns and rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from exercise import paint
from exercise.paint import distance, enlarge, grain, lay, noise, ramp, shade, shapes, split, strokes, turned


@dataclass
class Canvas:
    """What a scene paints on."""

    height: int
    width: int
    gsd_m: float
    border: np.ndarray  # (n, 2) column, row of the border line; may run outside
    land: list[tuple[bool, np.ndarray]] = field(default_factory=list)  # is it a hole, ring in column, row
    north_deg: float = 0.0  # where north is: degrees clockwise from up
    towns: list[tuple[float, float]] = field(default_factory=list)  # column, row of real towns inside

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    def px(self, metres: float) -> float:
        """Metres in pixels."""
        return metres / self.gsd_m


SOIL = (150, 136, 108)
SCRUB = (98, 98, 70)
THICKET = (62, 69, 46)
SAND = (205, 192, 160)
WATER = (70, 82, 66)
TRACK = (186, 172, 140)

# (share, soil colour, row contrast): what stands on a parcel in late autumn on the lower river
CROPS: tuple[tuple[float, tuple[float, float, float], float], ...] = (
    (0.21, (124, 109, 87), 0.05), (0.15, (154, 139, 111), 0.04), (0.12, (172, 160, 131), 0.03), (0.12, (91, 101, 68), 0.06),
    (0.08, (70, 81, 55), 0.09), (0.06, (108, 119, 77), 0.05), (0.10, (139, 118, 95), 0.05), (0.16, (111, 108, 82), 0.03),
)


def scrub(canvas: Canvas, rng: Generator, density: float = 0.0) -> np.ndarray:
    """Open ground with mesquite: patches, then single plants with their shade."""
    shape = canvas.shape
    patch = noise(shape, canvas.px(900), rng, 6)
    picture = np.empty((*shape, 3), "f4")
    picture[:] = SOIL
    lay(picture, (170, 155, 124), ramp(-patch, 0.4, 2.2) * 0.7)
    lay(picture, SCRUB, ramp(patch + density, -0.9, 1.3) * 0.75)
    fine = grain(shape, max(0.7, canvas.px(2.2)), rng)
    # Close up a plant has an edge; from high above it is less than a pixel.
    soft = 0.12 if canvas.gsd_m < 1 else 0.5
    plants = ramp(fine + 0.75 * patch + density, 1.4 - soft, 1.4 + soft)
    lay(picture, THICKET, plants * 0.72)
    shade(picture, 0.035 * grain(shape, 0.6, rng) + 0.05 * noise(shape, canvas.px(240), rng, 3))
    return picture


def parcels(canvas: Canvas, picture: np.ndarray, rng: Generator, angle_deg: float, keep: np.ndarray, area_ha: tuple[float, float]) -> np.ndarray:
    """Fields over `picture` where `keep` (0 to 1) allows. Gives the cover of the tracks between them."""
    shape = canvas.shape
    reach = float(np.hypot(*shape)) * 0.55
    about = (canvas.width / 2, canvas.height / 2)
    box = (about[0] - reach, about[1] - reach, about[0] + reach, about[1] + reach)
    area = tuple(a * 10_000 / canvas.gsd_m**2 for a in area_ha)
    rings = [r for r in turned(split(box, rng, area), angle_deg, about)
             if r[:, 0].max() > 0 and r[:, 0].min() < canvas.width and r[:, 1].max() > 0 and r[:, 1].min() < canvas.height]
    ids = shapes(shape, rings, list(range(1, len(rings) + 1)))
    n = len(rings) + 1
    share = np.array([c[0] for c in CROPS])
    crop = rng.choice(len(CROPS), n, p=share / share.sum())
    base = np.array([c[1] for c in CROPS], "f4")[crop]
    base = base * (1 + rng.normal(0, 0.07, (n, 1))) + rng.normal(0, 1.8, (n, 3))
    # Some parcels were never cleared, more of them far from water.
    wild = rng.random(n) < 0.2
    colour = base.astype("f4")[ids]

    # Rows run along the parcel or across it: two ruled sheets, each parcel takes one.
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    rows, cols = np.mgrid[0:shape[0], 0:shape[1]].astype("f4")
    along, across = cols * c + rows * s, -cols * s + rows * c
    pitch = rng.uniform(max(2.6, canvas.px(9)), max(4.5, canvas.px(17)), n).astype("f4")
    which = (rng.random(n) < 0.5)[ids]
    ruled = np.sin(np.where(which, along, across) * (2 * np.pi / pitch)[ids])
    strength = np.array([c[2] for c in CROPS], "f4")[crop][ids]
    blotch = noise(shape, canvas.px(420), rng, 5)
    colour *= (1 + strength * ruled + 0.055 * blotch + 0.03 * grain(shape, 0.7, rng))[..., None]
    # Damp ground is darker and greener.
    lay(colour, (92, 96, 66), ramp(noise(shape, canvas.px(700), rng, 4), 0.9, 2.4) * 0.35)
    cover = keep * ~wild[ids]
    lay(picture, colour, cover)

    edge = (ids != np.roll(ids, 1, 0)) | (ids != np.roll(ids, 1, 1))
    lane = ndimage.gaussian_filter(edge.astype("f4"), 0.8) * 1.5
    dusty = noise(shape, canvas.px(1_500), rng, 2)
    tracks = np.clip(lane, 0, 1) * keep * ramp(dusty, -1.2, 0.2)
    hedges = ndimage.gaussian_filter(edge.astype("f4"), 1.2) * 2.2 * ramp(grain(shape, 3, rng) - dusty, 0.2, 1.4)
    lay(picture, THICKET, np.clip(hedges, 0, 0.8) * keep)
    lay(picture, TRACK, tracks * 0.75)
    return tracks


def river(canvas: Canvas, picture: np.ndarray, rng: Generator, width_m: float = 62) -> np.ndarray:
    """The river on the border line, its woods, bars and banks. Gives pixels from the water's middle."""
    shape = canvas.shape
    bed = strokes(shape, [canvas.border], 1) > 0.05
    far = distance(bed, 2)
    wander = noise(shape, canvas.px(500), rng, 4)
    woods = ramp(canvas.px(190) * (1 + 0.75 * wander) - far, -canvas.px(60), canvas.px(70))
    texture = grain(shape, max(0.8, canvas.px(4)), rng)
    lay(picture, (74, 80, 54), woods * 0.85)
    lay(picture, (50, 58, 38), woods * ramp(texture + 0.4 * wander, 0.1, 1.6) * 0.8)
    shade(picture, -0.10 * woods * ramp(-texture, 0.6, 1.6))
    half = canvas.px(width_m) / 2 * (1 + 0.22 * noise(shape, canvas.px(800), rng, 2))
    # Bars lie where the river is wide and slow: on one bank, in places.
    inner = ndimage.gaussian_filter(_left_of(canvas), canvas.px(90)) - 0.5
    # On the inner bank of a bend the land closes round the water: more of its own side than of the other lies near.
    slack = np.where(_left_of(canvas) > 0.5, inner, -inner)
    bars = ramp(half * 2.3 - far, -1, canvas.px(14)) * ramp(0.17 - slack + 0.05 * noise(shape, canvas.px(300), rng, 2), 0.09, 0.13)
    lay(picture, SAND, bars * 0.85)
    bank = ramp(half + canvas.px(12) - far, -1, 2)
    lay(picture, (96, 90, 66), bank * 0.7 * (1 - bars))
    water = ramp(half - far, -0.8, 0.8)
    lay(picture, WATER, water)
    lay(picture, (92, 102, 82), water * ramp(noise(shape, canvas.px(180), rng, 3), 0.2, 1.8) * 0.5)
    return far


def _left_of(canvas: Canvas) -> np.ndarray:
    """1 where the land is left of the border line, 0 where it is right of it."""
    line, far = canvas.border, 4 * (canvas.width + canvas.height)
    ring = np.vstack([line, [(line[-1, 0], -far), (line[0, 0], -far)]])
    return shapes(canvas.shape, [ring]).astype("f4")


def oxbows(canvas: Canvas, picture: np.ndarray, rng: Generator, far: np.ndarray, n: int) -> None:
    """Old bends of the river: crescents of still water in a ring of green."""
    lines = []
    while len(lines) < n:
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        if not canvas.px(250) < far[int(y), int(x)] < canvas.px(2_200):
            continue
        radius, start, sweep = canvas.px(rng.uniform(140, 420)), rng.uniform(0, 360), rng.uniform(130, 290)
        a = np.radians(np.linspace(start, start + sweep, 24))
        r = radius * (1 + 0.18 * np.sin(a * 2 + start))
        lines.append(np.column_stack([x + r * np.cos(a), y + r * np.sin(a) * 0.75]))
    wet = strokes(canvas.shape, lines, canvas.px(34))
    lay(picture, (70, 80, 50), np.clip(ndimage.gaussian_filter(strokes(canvas.shape, lines, canvas.px(110)), canvas.px(16)), 0, 1) * 0.8)
    lay(picture, (62, 76, 70), np.clip(wet * ramp(noise(canvas.shape, canvas.px(300), rng, 2), -1.3, -0.4), 0, 1))


def town(canvas: Canvas, picture: np.ndarray, rng: Generator, centre: tuple[float, float], size_m: tuple[float, float], angle_deg: float) -> None:
    """Streets, yards, roofs with their shade, trees."""
    w, h = canvas.px(size_m[0]), canvas.px(size_m[1])
    box = (centre[0] - w / 2, centre[1] - h / 2, centre[0] + w / 2, centre[1] + h / 2)
    blocks = split(box, rng, (canvas.px(70) * canvas.px(90), canvas.px(120) * canvas.px(160)))
    # Towns have no straight rim: blocks fall away towards it.
    def inside(b) -> bool:
        u = ((b[0] + b[2]) / 2 - centre[0]) / (w / 2)
        v = ((b[1] + b[3]) / 2 - centre[1]) / (h / 2)
        return u * u + v * v < rng.uniform(0.45, 1.25)
    blocks = [b for b in blocks if inside(b)]
    if not blocks:
        return
    rings = turned(blocks, angle_deg, centre)
    x0, y0 = np.floor(np.min([r.min(0) for r in rings], 0)).astype(int) - 8
    x1, y1 = np.ceil(np.max([r.max(0) for r in rings], 0)).astype(int) + 8
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(canvas.width, x1), min(canvas.height, y1)
    if x1 - x0 < 4 or y1 - y0 < 4:
        return
    part = picture[y0:y1, x0:x1]
    shape, shift = part.shape[:2], np.array([x0, y0])
    ground = shapes(shape, [r - shift for r in rings]).astype("f4")
    lay(part, (140, 130, 108), ground * 0.75)
    lay(part, (80, 88, 60), ground * ramp(grain(shape, max(0.8, canvas.px(3.5)), rng), 0.5, 1.5) * 0.7)
    streets = strokes(shape, [np.vstack([r, r[:1]]) - shift for r in rings], max(1.0, canvas.px(8)))
    lay(part, (158, 152, 138), streets * 0.8)
    palette = [(196, 192, 184), (214, 210, 200), (150, 146, 140), (160, 116, 96), (126, 132, 138), (178, 160, 136), (116, 104, 92)]
    roofs: list[list[tuple]] = [[] for _ in palette]
    for b in blocks:
        lots = split((b[0] + canvas.px(9), b[1] + canvas.px(9), b[2] - canvas.px(9), b[3] - canvas.px(9)), rng,
                     (max(6, canvas.px(18) ** 2), max(10, canvas.px(30) ** 2)), 0.5)
        for lot in lots:
            if rng.random() < 0.24:
                continue
            lw, lh = lot[2] - lot[0], lot[3] - lot[1]
            roofs[int(rng.integers(len(palette)))].append(
                (lot[0] + lw * 0.2, lot[1] + lh * 0.2, lot[0] + lw * rng.uniform(0.5, 0.85), lot[1] + lh * rng.uniform(0.5, 0.85)))
    every = turned([r for group in roofs for r in group], angle_deg, centre) if any(roofs) else []
    lay(part, (54, 52, 46), shapes(shape, [r - shift + max(0.6, canvas.px(2.2)) for r in every]).astype("f4") * 0.55)
    for colour, group in zip(palette, roofs):
        if group:
            cover = shapes(shape, [r - shift for r in turned(group, angle_deg, centre)]).astype("f4")
            lay(part, colour, ndimage.gaussian_filter(cover, 0.4) * 0.92)


def road(canvas: Canvas, picture: np.ndarray, line: np.ndarray, width_m: float, colour: paint.Colour = (150, 146, 136)) -> None:
    """A paved road with pale shoulders."""
    lay(picture, TRACK, strokes(canvas.shape, [line], max(2, canvas.px(width_m * 2.2))) * 0.6)
    lay(picture, colour, strokes(canvas.shape, [line], max(1, canvas.px(width_m))) * 0.9)


def wander(start: tuple[float, float], end: tuple[float, float], rng: Generator, sway: float, n: int = 40) -> np.ndarray:
    """A line between two points that sways to both sides."""
    u = np.linspace(0, 1, n)
    d = np.array(end) - start
    waves = np.sin(np.outer(np.arange(1, 6), np.pi * u)) / np.arange(1, 6)[:, None]
    off = sway * rng.normal(0, 1, 5) @ waves
    return np.array(start) + u[:, None] * d + off[:, None] * np.array([-d[1], d[0]]) / np.hypot(*d)


def finish(picture: np.ndarray, rng: Generator) -> np.ndarray:
    """Light over the whole: a slow fall of exposure and a trace of haze."""
    shape = picture.shape[:2]
    shade(picture, 0.03 * noise(shape, max(shape) / 3, rng, 2))
    return np.clip(picture * 0.94 + 7, 0, 255)


def river_plain(canvas: Canvas, rng: Generator) -> np.ndarray:
    """Fields, woods and villages on both banks."""
    picture = scrub(canvas, rng)
    bed = strokes(canvas.shape, [canvas.border], 1) > 0.05
    near = distance(bed, 4)
    keep = ramp(near, canvas.px(60), canvas.px(130)) * ramp(noise(canvas.shape, canvas.px(2_600), rng, 3) - near / canvas.px(6_500), -1.35, -1.0)
    parcels(canvas, picture, rng, canvas.north_deg + 8, keep, (14, 75))
    far = river(canvas, picture, rng)
    oxbows(canvas, picture, rng, far, max(3, int(canvas.width * canvas.gsd_m / 2_000)))
    for side in (0.10, 0.92):
        start, end = (-20, canvas.height * side), (canvas.width + 20, canvas.height * (side + rng.uniform(-0.04, 0.04)))
        road(canvas, picture, wander(start, end, rng, canvas.height * 0.03, 80), 11)
    for centre in canvas.towns:
        town(canvas, picture, rng, centre, (rng.uniform(1_500, 2_100), rng.uniform(1_100, 1_500)), canvas.north_deg + 8)
    for _ in range(max(2, int(canvas.width * canvas.gsd_m / 4_500))):
        centre = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        if near[int(centre[1]), int(centre[0])] > canvas.px(500):
            size = rng.uniform(250, 700, 2)
            town(canvas, picture, rng, centre, tuple(size), canvas.north_deg + rng.choice([8, 8, 20]))
            road(canvas, picture, wander(centre, (centre[0] + rng.normal(0, canvas.px(500)), canvas.height * rng.choice([0.10, 0.92])), rng, canvas.px(90)), 7)
    return finish(picture, rng)


def shore(canvas: Canvas, rng: Generator) -> np.ndarray:
    """Lagoon, flats, barrier island, surf and open sea about the true shore line."""
    shape = canvas.shape
    land = np.zeros(shape, bool)
    for hole, ring in canvas.land:
        land[shapes(shape, [ring]) > 0] = not hole
    ragged = noise(shape, canvas.px(260), rng, 5)
    to_land, to_water = distance(land, 2), distance(~land, 2)
    inland = np.where(land, to_water, -to_land) + canvas.px(26) * ragged
    open_sea = ndimage.gaussian_filter(_open_sea(canvas, to_land), canvas.px(70))
    wet = ramp(-inland, -1.5, 1.5)

    picture = scrub(canvas, rng, -0.35)
    lay(picture, (158, 146, 118), ramp(noise(shape, canvas.px(1_300), rng, 4), -0.6, 0.9) * 0.55)
    # Tidal flats: bare, pale and streaked beside the lagoon.
    flat = ramp(canvas.px(420) * (0.6 + 0.6 * noise(shape, canvas.px(900), rng, 2)) - inland, 0, canvas.px(200)) * (1 - wet)
    lay(picture, (176, 166, 142), flat * 0.75)
    lay(picture, (132, 134, 116), flat * ramp(noise(shape, canvas.px(160), rng, 4, 2.5), 0.5, 1.6) * 0.7)
    lay(picture, (92, 100, 66), ramp(noise(shape, canvas.px(420), rng, 5), 0.7, 1.6) * (1 - flat) * 0.6 * (1 - wet))
    # Beach and dunes on the sea's side of the island.
    beach = ramp(canvas.px(85) - inland, 0, canvas.px(25)) * ramp(open_sea, 0.02, 0.12) * (1 - wet)
    dunes = ramp(canvas.px(260) - inland, 0, canvas.px(90)) * ramp(ndimage.gaussian_filter(open_sea, canvas.px(120)), 0.03, 0.12)
    lay(picture, (188, 176, 142), dunes * (1 - wet) * ramp(noise(shape, canvas.px(70), rng, 3), -0.8, 0.8) * 0.8)
    lay(picture, (224, 213, 184), beach)

    depth = ramp(-inland, 0, canvas.px(1_900))
    lagoon = np.empty_like(picture)
    lagoon[:] = (112, 134, 122)
    lay(lagoon, (62, 92, 98), depth * 0.85)
    lay(lagoon, (66, 84, 68), ramp(noise(shape, canvas.px(520), rng, 5), 0.25, 1.5) * (1 - depth) * 0.8)  # seagrass
    lay(lagoon, (150, 156, 134), ramp(canvas.px(120) * (1 + ragged) + inland, 0, canvas.px(90)) * 0.6)
    sea = np.empty_like(picture)
    sea[:] = (86, 118, 120)
    offshore = ramp(-inland, canvas.px(60), canvas.px(2_600))
    lay(sea, (38, 68, 84), offshore * 0.95)
    lay(sea, (104, 130, 122), ramp(noise(shape, canvas.px(900), rng, 3, 0.6), 0.4, 2.2) * (1 - offshore) * 0.3)
    shade(sea, 0.03 * noise(shape, canvas.px(60), rng, 2, 0.25))
    lay(lagoon, sea, ramp(open_sea, 0.25, 0.75))
    lay(picture, lagoon, wet)
    lines = np.zeros(shape, "f4")
    for out_m, strong in ((28, 0.95), (80, 0.6), (150, 0.35)):
        here = -inland + canvas.px(12) * noise(shape, canvas.px(130), rng, 3)
        lines += strong * np.exp(-(((here - canvas.px(out_m)) / canvas.px(9)) ** 2)) * ramp(noise(shape, canvas.px(240), rng, 3), -0.9 + out_m / 200, 0.6)
    lay(picture, (226, 230, 224), np.clip(lines, 0, 1) * ramp(open_sea, 0.3, 0.7))

    _island_town(canvas, picture, rng, inland, open_sea)
    return finish(picture, rng)


def _open_sea(canvas: Canvas, to_land: np.ndarray) -> np.ndarray:
    """1 on the open sea and near its edge: the broad water that reaches the first row, as the passes are too narrow to count."""
    step = 8
    broad, _ = ndimage.label(to_land[::step, ::step] > canvas.px(420))
    first = broad[0][broad[0] > 0]
    if len(first) == 0:
        return np.zeros(canvas.shape, "f4")
    sea = broad == np.bincount(first).argmax()
    near = ndimage.distance_transform_edt(~sea) * step
    return enlarge((near < canvas.px(560)).astype("f4"), canvas.shape).clip(0, 1)


def _island_town(canvas: Canvas, picture: np.ndarray, rng: Generator, inland: np.ndarray, open_sea: np.ndarray) -> None:
    """A road along the island with streets where the town is, and the streets of the towns on the lagoon."""
    beside = ndimage.gaussian_filter(open_sea[::4, ::4], canvas.px(160) / 4)
    belt = (inland[::4, ::4] > canvas.px(110)) & (beside > 0.10)
    pieces: list[list[tuple[float, float]]] = [[]]
    for x in range(0, belt.shape[1], 15):
        # The first run of land seen from the sea is the island.
        rows = np.nonzero(belt[:, x])[0]
        y = float(rows[: max(1, len(rows) // 2)].mean()) * 4 if len(rows) else None
        if y is None or (pieces[-1] and abs(y - pieces[-1][-1][1]) > canvas.px(450)):
            pieces.append([])
        if y is not None:
            pieces[-1].append((x * 4.0, y))
    for piece in pieces:
        if len(piece) < 6:
            continue
        line = np.array(piece)
        line[:, 1] = ndimage.gaussian_filter1d(line[:, 1], 3, mode="nearest")
        for x, y in line[(line[:, 0] > canvas.width * 0.10) & (line[:, 0] < canvas.width * 0.42)][::2]:
            town(canvas, picture, rng, (float(x), float(y) + canvas.px(120)), (520, 480), 0.0)
        road(canvas, picture, line, 9)
    for x, y in canvas.towns:
        town(canvas, picture, rng, (x, y), (1_300, 900), canvas.north_deg)


def desert(canvas: Canvas, rng: Generator) -> np.ndarray:
    """Dry ground with washes, a line of wall road along the border, a town to one side."""
    picture = scrub(canvas, rng, -0.5)
    lay(picture, (176, 152, 122), ramp(noise(canvas.shape, canvas.px(2_000), rng, 5), -1, 1.2) * 0.6)
    # Washes: where a slow noise passes through nought lies a branching thread.
    thread = np.abs(noise(canvas.shape, canvas.px(1_100), rng, 5))
    lay(picture, (202, 184, 152), ramp(-thread, -0.10, -0.02) * 0.75)
    lay(picture, (88, 90, 64), ramp(-thread, -0.30, -0.10) * ramp(grain(canvas.shape, 1.2, rng), 0.2, 1.2) * 0.7)
    relief = noise(canvas.shape, canvas.px(800), rng, 5)
    shade(picture, 0.09 * np.clip(np.gradient(ndimage.gaussian_filter(relief, 2), axis=1) * canvas.px(60), -1.5, 1.5))
    beside = canvas.border + (0, -canvas.px(22))
    lay(picture, TRACK, strokes(canvas.shape, [beside], canvas.px(30)) * 0.8)
    lay(picture, (52, 46, 40), strokes(canvas.shape, [canvas.border + (0, -canvas.px(4))], canvas.px(7)) * 0.6)
    lay(picture, (104, 84, 70), strokes(canvas.shape, [canvas.border], canvas.px(5)))
    for _ in range(7):
        a = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        b = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        lay(picture, TRACK, strokes(canvas.shape, [wander(a, b, rng, canvas.px(220))], max(1, canvas.px(6))) * 0.6)
    for _ in range(4):
        size = rng.uniform(500, 1_700, 2)
        town(canvas, picture, rng, (rng.uniform(0, canvas.width), canvas.height * rng.uniform(0.1, 0.45)), tuple(size), canvas.north_deg + 4)
    return finish(picture, rng)


def landing(canvas: Canvas, rng: Generator, used: bool = True) -> np.ndarray:
    """A bend of the river close up: reeds, a worn landing with wheel tracks when it is `used`, two boats."""
    h, w = canvas.shape
    picture = scrub(canvas, rng, 0.1)
    u = np.linspace(-0.1, 1.1, 60)
    bank = np.column_stack([u * w, h * (0.62 + 0.10 * np.sin(u * 3.6 + 0.8))])
    below = shapes(canvas.shape, [np.vstack([bank, [(w * 1.2, h * 1.3), (-w * 0.2, h * 1.3)]])]) > 0
    signed = np.where(below, distance(~below, 2), -distance(below, 2)) + canvas.px(1.6) * noise(canvas.shape, canvas.px(14), rng, 4)
    reeds = ramp(signed, -canvas.px(16), -canvas.px(4)) * (1 - ramp(signed, -canvas.px(1), canvas.px(2)))
    lay(picture, (86, 96, 56), reeds * 0.9)
    lay(picture, (58, 68, 40), reeds * ramp(grain(canvas.shape, 2.0, rng), 0.2, 1.2) * 0.8)
    lay(picture, (128, 116, 92), ramp(signed, -canvas.px(3), canvas.px(0.5)) * 0.8)
    water = ramp(signed, -1, canvas.px(1.2))
    lay(picture, (84, 94, 74), water)
    lay(picture, (62, 74, 62), water * ramp(signed, canvas.px(2), canvas.px(26)) * 0.8)
    shade(picture, 0.025 * water * noise(canvas.shape, canvas.px(2.5), rng, 3, 3.0))
    crowns = noise(canvas.shape, canvas.px(9), rng, 4)
    trees = ramp(crowns, 1.25, 1.5) * (signed < -canvas.px(6))
    lay(picture, (34, 36, 28), np.roll(trees, (int(canvas.px(1.8)), int(canvas.px(2.4))), (0, 1)) * 0.5)
    lay(picture, (70, 80, 46), trees * 0.9)
    lay(picture, (48, 58, 34), trees * ramp(grain(canvas.shape, 1.6, rng), 0, 1.4) * 0.7)
    path = wander((w * 0.30, -20), (w * 0.52, h * 0.66), rng, w * 0.04)
    lay(picture, (178, 162, 130), strokes(canvas.shape, [path], canvas.px(3.2 if used else 1.2)) * (0.8 if used else 0.35))
    if used:
        for side in (-0.8, 0.8):
            lay(picture, (150, 132, 102), strokes(canvas.shape, [path + (canvas.px(side), 0)], canvas.px(0.4)) * 0.8)
        clearing = np.column_stack([w * 0.52 + canvas.px(13) * np.cos(np.linspace(0, 6.28, 24)) * (1 + 0.2 * np.sin(np.linspace(0, 20, 24))),
                                    h * 0.635 + canvas.px(6) * np.sin(np.linspace(0, 6.28, 24))])
        lay(picture, (186, 170, 138), ndimage.gaussian_filter(shapes(canvas.shape, [clearing]).astype("f4"), canvas.px(0.8)) * 0.85)
        for x, turn, colour in ((0.47, 12, (196, 198, 192)), (0.56, -20, (60, 70, 78))):
            t = np.linspace(0, 2 * np.pi, 20)
            hull = np.column_stack([canvas.px(2.9) * np.cos(t), canvas.px(0.8) * np.sin(t)])
            c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
            hull = hull @ np.array([[c, s], [-s, c]]) + (w * x, h * 0.72)
            lay(picture, (28, 34, 30), shapes(canvas.shape, [hull + canvas.px(0.5)]).astype("f4") * 0.5)
            lay(picture, colour, ndimage.gaussian_filter(shapes(canvas.shape, [hull]).astype("f4"), 0.6) * 0.95)
    return finish(picture, rng)


SCENES = {"river": river_plain, "shore": shore, "desert": desert, "landing": landing}
