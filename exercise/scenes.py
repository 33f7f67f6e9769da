"""The made-up ground of each kind of strip: river plain, shore, desert, landing place. A scene knows no map projection."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from exercise.paint import distance, enlarge, grain, lay, noise, ramp, shade, shapes, sheet, strokes
from exercise.terrain import TRACK, Canvas, finish, oxbows, parcels, river, road, scrub, town, wander


def river_plain(canvas: Canvas, rng: Generator) -> np.ndarray:
    """Fields, woods and villages on both banks."""
    picture = scrub(canvas, rng)
    bed = strokes(canvas.shape, [canvas.border], 1) > 0.05
    near = distance(bed, 4)
    keep = ramp(near, canvas.px(60), canvas.px(130)) * ramp(
        noise(canvas.shape, canvas.px(2_600), rng, 3) - near / canvas.px(6_500), -1.35, -1.0
    )
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
            road(
                canvas,
                picture,
                wander(
                    centre,
                    (centre[0] + rng.normal(0, canvas.px(500)), canvas.height * rng.choice([0.10, 0.92])),
                    rng,
                    canvas.px(90),
                ),
                7,
            )
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
    dunes = ramp(canvas.px(260) - inland, 0, canvas.px(90)) * ramp(
        ndimage.gaussian_filter(open_sea, canvas.px(120)), 0.03, 0.12
    )
    lay(picture, (188, 176, 142), dunes * (1 - wet) * ramp(noise(shape, canvas.px(70), rng, 3), -0.8, 0.8) * 0.8)
    lay(picture, (224, 213, 184), beach)

    depth = ramp(-inland, 0, canvas.px(1_900))
    lagoon = sheet(shape, (112, 134, 122))
    lay(lagoon, (62, 92, 98), depth * 0.85)
    lay(lagoon, (66, 84, 68), ramp(noise(shape, canvas.px(520), rng, 5), 0.25, 1.5) * (1 - depth) * 0.8)  # seagrass
    lay(lagoon, (150, 156, 134), ramp(canvas.px(120) * (1 + ragged) + inland, 0, canvas.px(90)) * 0.6)
    sea = sheet(shape, (86, 118, 120))
    offshore = ramp(-inland, canvas.px(60), canvas.px(2_600))
    lay(sea, (38, 68, 84), offshore * 0.95)
    lay(sea, (104, 130, 122), ramp(noise(shape, canvas.px(900), rng, 3, 0.6), 0.4, 2.2) * (1 - offshore) * 0.3)
    shade(sea, 0.03 * noise(shape, canvas.px(60), rng, 2, 0.25))
    lay(lagoon, sea, ramp(open_sea, 0.25, 0.75))
    lay(picture, lagoon, wet)
    lines = np.zeros(shape, "f4")
    for out_m, strong in ((28, 0.95), (80, 0.6), (150, 0.35)):
        here = -inland + canvas.px(12) * noise(shape, canvas.px(130), rng, 3)
        lines += (
            strong
            * np.exp(-(((here - canvas.px(out_m)) / canvas.px(9)) ** 2))
            * ramp(noise(shape, canvas.px(240), rng, 3), -0.9 + out_m / 200, 0.6)
        )
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
        if inland[int(y), int(x)] > canvas.px(200):
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
        town(
            canvas,
            picture,
            rng,
            (rng.uniform(0, canvas.width), canvas.height * rng.uniform(0.1, 0.45)),
            tuple(size),
            canvas.north_deg + 4,
        )
    return finish(picture, rng)


def landing(canvas: Canvas, rng: Generator, used: bool = True) -> np.ndarray:
    """A bend of the river close up: reeds, a worn landing with wheel tracks when it is `used`, two boats."""
    h, w = canvas.shape
    picture = scrub(canvas, rng, 0.1)
    u = np.linspace(-0.1, 1.1, 60)
    bank = np.column_stack([u * w, h * (0.62 + 0.10 * np.sin(u * 3.6 + 0.8))])
    below = shapes(canvas.shape, [np.vstack([bank, [(w * 1.2, h * 1.3), (-w * 0.2, h * 1.3)]])]) > 0
    signed = np.where(below, distance(~below, 2), -distance(below, 2)) + canvas.px(1.6) * noise(
        canvas.shape, canvas.px(14), rng, 4
    )
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
        clearing = np.column_stack(
            [
                w * 0.52 + canvas.px(13) * np.cos(np.linspace(0, 6.28, 24)) * (1 + 0.2 * np.sin(np.linspace(0, 20, 24))),
                h * 0.635 + canvas.px(6) * np.sin(np.linspace(0, 6.28, 24)),
            ]
        )
        lay(
            picture,
            (186, 170, 138),
            ndimage.gaussian_filter(shapes(canvas.shape, [clearing]).astype("f4"), canvas.px(0.8)) * 0.85,
        )
        for x, turn, colour in ((0.47, 12, (196, 198, 192)), (0.56, -20, (60, 70, 78))):
            t = np.linspace(0, 2 * np.pi, 20)
            hull = np.column_stack([canvas.px(2.9) * np.cos(t), canvas.px(0.8) * np.sin(t)])
            c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
            hull = hull @ np.array([[c, s], [-s, c]]) + (w * x, h * 0.72)
            lay(picture, (28, 34, 30), shapes(canvas.shape, [hull + canvas.px(0.5)]).astype("f4") * 0.5)
            lay(picture, colour, ndimage.gaussian_filter(shapes(canvas.shape, [hull]).astype("f4"), 0.6) * 0.95)
    return finish(picture, rng)


SCENES = {"river": river_plain, "shore": shore, "desert": desert, "landing": landing}
