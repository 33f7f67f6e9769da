"""Brushes for made-up ground seen from above: noise, plants, parcels, lines. Pictures are float32 (h, w, 3), 0 to 255."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw
from scipy import ndimage

Colour = tuple[float, float, float]


def enlarge(grid: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A small grid drawn smoothly to `shape`."""
    return np.asarray(Image.fromarray(grid.astype("f4")).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def noise(shape: tuple[int, int], cell_px: float, rng: Generator, octaves: int = 3, stretch: float = 1.0) -> np.ndarray:
    """Clouds about 0 with deviation about 1; the largest are `cell_px` across, `stretch` times that along the rows."""
    # What is broad is drawn at a quarter of the size and enlarged once: full size is for the fine octaves.
    quarter = (shape[0] // 4 + 1, shape[1] // 4 + 1)
    broad, fine, weight = np.zeros(quarter, "f4"), [], 0.0
    for k in range(octaves):
        cell = cell_px / 2**k
        if cell < 1.5 and k:
            break
        grid = rng.standard_normal((int(shape[0] / cell) + 3, int(shape[1] / (cell * stretch)) + 3), dtype="f4")
        grid *= np.float32(0.6**k)
        if cell * min(1.0, stretch) > 16:
            broad += enlarge(grid, quarter)
        else:
            fine.append(grid)
        weight += 0.36**k
    total = enlarge(broad, shape) if broad.any() else np.zeros(shape, "f4")
    for grid in fine:
        total = total + enlarge(grid, shape)
    return total / np.float32(np.sqrt(weight) * 0.72)


def grain(shape: tuple[int, int], blur_px: float, rng: Generator) -> np.ndarray:
    """Pixel-scale noise about 0 with deviation 1, softened."""
    soft = ndimage.gaussian_filter(rng.standard_normal(shape, dtype="f4"), blur_px, mode="wrap")
    return soft / soft.std()


def ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    t = ((value - low) / (high - low)).clip(0, 1)
    return t * t * (3 - 2 * t)


def sheet(shape: tuple[int, int], colour: Colour) -> np.ndarray:
    """A picture of one colour. Its channels lie one after another in memory, so that a brush runs along a whole channel."""
    planes = np.empty((3, *shape), "f4")
    for plane, value in zip(planes, colour):
        plane[:] = value
    return np.moveaxis(planes, 0, 2)


def lay(picture: np.ndarray, colour: Colour | np.ndarray, cover: np.ndarray) -> None:
    """Paint `colour` (one, or a picture) where `cover` (0 to 1) says, in place."""
    cover = cover.astype("f4", copy=False)
    for c in range(3):
        plane, wanted = picture[..., c], colour[..., c] if isinstance(colour, np.ndarray) else np.float32(colour[c])
        step = wanted - plane
        step *= cover
        plane += step


def shade(picture: np.ndarray, by: np.ndarray) -> None:
    """Lighten or darken, in place: `by` is a share, 0 leaves as is."""
    factor = (1 + by).astype("f4", copy=False)
    for c in range(3):
        picture[..., c] *= factor


def strokes(shape: tuple[int, int], lines: list[np.ndarray], width_px: float) -> np.ndarray:
    """Cover (0 to 1) of lines of (n, 2) column, row; drawn at twice the size for soft edges."""
    fine = Image.new("L", (shape[1], shape[0]))
    draw = ImageDraw.Draw(fine)
    for line in lines:
        points = [tuple(p) for p in line.tolist()]
        draw.line(points, fill=255, width=max(1, round(width_px)), joint="curve")
    cover = np.asarray(fine, "f4") / 255
    return ndimage.gaussian_filter(cover, 0.55)


def shapes(shape: tuple[int, int], rings: list[np.ndarray], values: list[int] | None = None) -> np.ndarray:
    """int32 array: the value (1 without `values`) of the last ring over each pixel, 0 outside all."""
    out = Image.new("I", (shape[1], shape[0]))
    draw = ImageDraw.Draw(out)
    for i, ring in enumerate(rings):
        draw.polygon([tuple(p) for p in ring.tolist()], fill=1 if values is None else values[i])
    return np.asarray(out)


def distance(mask: np.ndarray, step: int = 4) -> np.ndarray:
    """Pixels to the nearest true pixel; measured at 1/`step` of the size, which is enough for banks and belts."""
    small = mask[::step, ::step]
    if not small.any():
        return np.full(mask.shape, 1e6, "f4")
    return np.maximum(0, enlarge(ndimage.distance_transform_edt(~small).astype("f4") * step, mask.shape))


def split(
    box: tuple[float, float, float, float], rng: Generator, area: tuple[float, float], leave: float = 0.12
) -> list[tuple[float, float, float, float]]:
    """Cut a box (x0, y0, x1, y1) again and again into parcels of about `area` (least, most)."""
    done, todo = [], [box]
    while todo:
        x0, y0, x1, y1 = todo.pop()
        w, h = x1 - x0, y1 - y0
        if w * h < area[0] or (w * h < area[1] and rng.random() < leave + 0.25):
            done.append((x0, y0, x1, y1))
            continue
        cut = rng.choice([0.5, 0.5, 0.5, 1 / 3, 2 / 3, 0.25, 0.4])
        if w * rng.uniform(0.8, 1.25) > h:
            todo += [(x0, y0, x0 + w * cut, y1), (x0 + w * cut, y0, x1, y1)]
        else:
            todo += [(x0, y0, x1, y0 + h * cut), (x0, y0 + h * cut, x1, y1)]
    return done


def turned(boxes: list[tuple[float, float, float, float]], angle_deg: float, about: tuple[float, float]) -> list[np.ndarray]:
    """Boxes as (4, 2) rings, turned about a point."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    ring = np.array([[b[0], b[1], b[2], b[1], b[2], b[3], b[0], b[3]] for b in boxes]).reshape(-1, 4, 2) - about
    return list(ring @ np.array([[c, s], [-s, c]]) + about)
