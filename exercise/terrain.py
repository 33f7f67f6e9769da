"""What made-up ground is made of: scrub, fields, rivers, towns, roads. Each is painted on a picture in place."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from exercise import paint
from exercise.paint import distance, grain, lay, noise, ramp, shade, shapes, sheet, split, strokes, turned


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
    (0.21, (124, 109, 87), 0.05),
    (0.15, (154, 139, 111), 0.04),
    (0.12, (172, 160, 131), 0.03),
    (0.12, (91, 101, 68), 0.06),
    (0.08, (70, 81, 55), 0.09),
    (0.06, (108, 119, 77), 0.05),
    (0.10, (139, 118, 95), 0.05),
    (0.16, (111, 108, 82), 0.03),
)


def scrub(canvas: Canvas, rng: Generator, density: float = 0.0) -> np.ndarray:
    """Open ground with mesquite: patches, then single plants with their shade."""
    shape = canvas.shape
    patch = noise(shape, canvas.px(900), rng, 6)
    picture = sheet(shape, SOIL)
    lay(picture, (170, 155, 124), ramp(-patch, 0.4, 2.2) * 0.7)
    lay(picture, SCRUB, ramp(patch + density, -0.9, 1.3) * 0.75)
    fine = grain(shape, max(0.7, canvas.px(2.2)), rng)
    # Close up a plant has an edge; from high above it is less than a pixel.
    soft = 0.12 if canvas.gsd_m < 1 else 0.5
    plants = ramp(fine + 0.75 * patch + density, 1.4 - soft, 1.4 + soft)
    lay(picture, THICKET, plants * 0.72)
    shade(picture, 0.035 * grain(shape, 0.6, rng) + 0.05 * noise(shape, canvas.px(240), rng, 3))
    return picture


def parcels(
    canvas: Canvas, picture: np.ndarray, rng: Generator, angle_deg: float, keep: np.ndarray, area_ha: tuple[float, float]
) -> np.ndarray:
    """Fields over `picture` where `keep` (0 to 1) allows. Gives the cover of the tracks between them."""
    shape = canvas.shape
    reach = float(np.hypot(*shape)) * 0.55
    about = (canvas.width / 2, canvas.height / 2)
    box = (about[0] - reach, about[1] - reach, about[0] + reach, about[1] + reach)
    area = tuple(a * 10_000 / canvas.gsd_m**2 for a in area_ha)
    rings = [
        r
        for r in turned(split(box, rng, area), angle_deg, about)
        if r[:, 0].max() > 0 and r[:, 0].min() < canvas.width and r[:, 1].max() > 0 and r[:, 1].min() < canvas.height
    ]
    ids = shapes(shape, rings, list(range(1, len(rings) + 1)))
    n = len(rings) + 1
    share = np.array([c[0] for c in CROPS])
    crop = rng.choice(len(CROPS), n, p=share / share.sum())
    base = np.array([c[1] for c in CROPS], "f4")[crop]
    base = base * (1 + rng.normal(0, 0.07, (n, 1))) + rng.normal(0, 1.8, (n, 3))
    # Some parcels were never cleared, more of them far from water.
    wild = rng.random(n) < 0.2
    colour = np.moveaxis(base.astype("f4").T[:, ids], 0, 2)

    # Rows run along the parcel or across it: two ruled sheets, each parcel takes one.
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]].astype("f4")
    along, across = cols * c + rows * s, -cols * s + rows * c
    pitch = rng.uniform(max(2.6, canvas.px(9)), max(4.5, canvas.px(17)), n).astype("f4")
    which = (rng.random(n) < 0.5)[ids]
    ruled = np.sin(np.where(which, along, across) * (2 * np.pi / pitch)[ids])
    strength = np.array([c[2] for c in CROPS], "f4")[crop][ids]
    blotch = noise(shape, canvas.px(420), rng, 5)
    shade(colour, strength * ruled + 0.055 * blotch + 0.03 * grain(shape, 0.7, rng))
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
    bars = ramp(half * 2.3 - far, -1, canvas.px(14)) * ramp(
        0.17 - slack + 0.05 * noise(shape, canvas.px(300), rng, 2), 0.09, 0.13
    )
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
    lay(
        picture,
        (70, 80, 50),
        np.clip(ndimage.gaussian_filter(strokes(canvas.shape, lines, canvas.px(110)), canvas.px(16)), 0, 1) * 0.8,
    )
    lay(picture, (62, 76, 70), np.clip(wet * ramp(noise(canvas.shape, canvas.px(300), rng, 2), -1.3, -0.4), 0, 1))


def town(
    canvas: Canvas,
    picture: np.ndarray,
    rng: Generator,
    centre: tuple[float, float],
    size_m: tuple[float, float],
    angle_deg: float,
) -> None:
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
    palette = [
        (196, 192, 184),
        (214, 210, 200),
        (150, 146, 140),
        (160, 116, 96),
        (126, 132, 138),
        (178, 160, 136),
        (116, 104, 92),
    ]
    roofs: list[list[tuple]] = [[] for _ in palette]
    for b in blocks:
        lots = split(
            (b[0] + canvas.px(9), b[1] + canvas.px(9), b[2] - canvas.px(9), b[3] - canvas.px(9)),
            rng,
            (max(6, canvas.px(18) ** 2), max(10, canvas.px(30) ** 2)),
            0.5,
        )
        for lot in lots:
            if rng.random() < 0.24:
                continue
            lw, lh = lot[2] - lot[0], lot[3] - lot[1]
            roofs[int(rng.integers(len(palette)))].append(
                (
                    lot[0] + lw * 0.2,
                    lot[1] + lh * 0.2,
                    lot[0] + lw * rng.uniform(0.5, 0.85),
                    lot[1] + lh * rng.uniform(0.5, 0.85),
                )
            )
    every = turned([r for group in roofs for r in group], angle_deg, centre) if any(roofs) else []
    lay(part, (54, 52, 46), shapes(shape, [r - shift + max(0.6, canvas.px(2.2)) for r in every]).astype("f4") * 0.55)
    for colour, group in zip(palette, roofs):
        if group:
            cover = shapes(shape, [r - shift for r in turned(group, angle_deg, centre)]).astype("f4")
            lay(part, colour, ndimage.gaussian_filter(cover, 0.4) * 0.92)


def road(
    canvas: Canvas, picture: np.ndarray, line: np.ndarray, width_m: float, colour: paint.Colour = (150, 146, 136)
) -> None:
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
