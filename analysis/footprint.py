"""Where a frame lies on the ground: rays of a pinhole camera through the edge of the picture, onto flat ground or a terrain.

A local frame in metres: x east, y north, z up, the camera above (0, 0). Angles are as gimbals tell them: yaw clockwise from north to where
the top of the picture points (looking down) or the camera looks (looking out), pitch 0 to the horizon and -90 straight down, roll clockwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, radians, sin, tan

import numpy as np

from errors import VigiaError

REACH = 10.0  # ground further away than so many heights is left out: a ray 5.7 degrees below the horizon
EDGE = 16  # rays along each side of a picture
STEPS = 600  # along a ray over a terrain


class NoFootprint(VigiaError):
    """The frame shows no ground that could be told."""


@dataclass(frozen=True)
class Camera:
    """A pinhole: the picture's size and its focal length in pixels, and how it was held."""

    width_px: int
    height_px: int
    focal_px: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float = 0.0

    def axes(self) -> np.ndarray:
        """Rows: to the right of the picture, to its bottom, forward.

        >>> (Camera(4000, 3000, 2400, 90, -90).axes().round(6) + 0).tolist()
        [[0.0, -1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]
        """
        yaw, pitch, roll = radians(self.yaw_deg), radians(self.pitch_deg), radians(self.roll_deg)
        forward = np.array([sin(yaw) * cos(pitch), cos(yaw) * cos(pitch), sin(pitch)])
        level = np.array([cos(yaw), -sin(yaw), 0.0])
        up = np.cross(level, forward)
        return np.array([level * cos(roll) - up * sin(roll), -(up * cos(roll) + level * sin(roll)), forward])

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Directions of length 1 through pixels of shape (n, 2), counted from the upper left corner."""
        told = np.column_stack([pixels[:, 0] - self.width_px / 2, pixels[:, 1] - self.height_px / 2, np.full(len(pixels), self.focal_px)]) @ self.axes()
        return told / np.linalg.norm(told, axis=1, keepdims=True)

    def to_pixels(self, ground: np.ndarray) -> np.ndarray:
        """The matrix that takes a place of the ground plane to a pixel, from a matrix (3, 3) that takes what the caller counts in to metres
        from the camera: east, north, up of (x, y, 1)."""
        lens = np.array([[self.focal_px, 0, self.width_px / 2], [0, self.focal_px, self.height_px / 2], [0, 0, 1]])
        return lens @ self.axes() @ ground

    def edge(self) -> np.ndarray:
        """Pixels round the picture, clockwise from the upper left corner."""
        w, h, along = self.width_px, self.height_px, np.arange(EDGE) / EDGE
        return np.concatenate([np.column_stack(side) for side in (
            (along * w, 0 * along), (0 * along + w, along * h), (w - along * w, 0 * along + h), (0 * along, h - along * h))])


@dataclass(frozen=True)
class Terrain:
    """Heights on a grid of `step_m`, row by row from the north-west corner at (west_m, north_m); NaN where none is known."""

    heights_m: np.ndarray  # above the same zero as the camera
    west_m: float
    north_m: float
    step_m: float

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Heights at places, between the four nearest; NaN outside."""
        rows, columns = self.heights_m.shape
        c, r = (x - self.west_m) / self.step_m, (self.north_m - y) / self.step_m
        i, j = np.clip(np.floor(r).astype(int), 0, rows - 2), np.clip(np.floor(c).astype(int), 0, columns - 2)
        v, u, z = r - i, c - j, self.heights_m
        out = (z[i, j] * (1 - u) + z[i, j + 1] * u) * (1 - v) + (z[i + 1, j] * (1 - u) + z[i + 1, j + 1] * u) * v
        return np.where((r >= 0) & (r <= rows - 1) & (c >= 0) & (c <= columns - 1), out, np.nan)


@dataclass(frozen=True)
class Footprint:
    """What a frame shows of the ground, in metres from below the camera."""

    outline: np.ndarray  # (n, 2), clockwise from the picture's upper left corner
    middle: tuple[float, float]
    gsd_m: float  # at the middle
    slant_m: float  # from the camera to the middle
    cut: bool  # whether some of it was further away than `reach_m`
    reach_m: float


def footprint(camera: Camera, height_m: float, terrain: Terrain | None = None) -> Footprint:
    """The ground a frame shows from `height_m`: above flat ground, or above the terrain's zero. Raises NoFootprint.

    What lies further than REACH heights away is cut off there; where that is the middle of the picture, there is no telling.

    >>> found = footprint(Camera(4000, 3000, 2400, 0, -90), 60)
    >>> np.ptp(found.outline, axis=0).round(6).tolist(), round(found.gsd_m, 6)
    ([100.0, 75.0], 0.025)
    """
    above = height_m if terrain is None else height_m - float(terrain.at(np.zeros(1), np.zeros(1))[0])
    if not above > 0.5:
        raise NoFootprint("the camera stands on or below the ground" if above <= 0.5 else "no height of the ground below the camera is known")
    reach = REACH * above
    rays = camera.rays(np.vstack([camera.edge(), [[camera.width_px / 2, camera.height_px / 2], [camera.width_px / 2 + 1, camera.height_px / 2],
                                                  [camera.width_px / 2, camera.height_px / 2 + 1]]]))
    places, beyond = _flat(rays, above, reach) if terrain is None else _over(rays, height_m, reach, terrain)
    if beyond[-3:].any():
        raise NoFootprint(f"the middle of the picture is at or above the horizon, or more than {reach:.0f} m away")
    middle, right, down = places[-3:]
    across, along = hypot(*(right - middle)), hypot(*(down - middle))
    return Footprint(places[:-3], (float(middle[0]), float(middle[1])), float(np.sqrt(across * along)),
                     float(above / max(1e-6, -rays[-3, 2])), bool(beyond[:-3].any()), reach)


def _flat(rays: np.ndarray, above: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Where rays meet flat ground; those that go further than `reach` end there."""
    level = np.hypot(rays[:, 0], rays[:, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.where(rays[:, 2] < 0, above * level / -rays[:, 2], np.inf)
    beyond = far > reach
    towards = rays[:, :2] / np.maximum(level, 1e-12)[:, None]
    return towards * np.minimum(far, reach)[:, None], beyond


def _over(rays: np.ndarray, height_m: float, reach: float, terrain: Terrain) -> tuple[np.ndarray, np.ndarray]:
    """The same over a terrain: each ray is followed until it is below the ground, and the place between two steps taken."""
    level = np.hypot(rays[:, 0], rays[:, 1])
    towards = rays[:, :2] / np.maximum(level, 1e-12)[:, None]
    # A ray straight down has no way over the ground: it is followed by what it falls.
    fall = -rays[:, 2]
    deep = np.nanmin(terrain.heights_m) - 1.0
    with np.errstate(divide="ignore"):
        most = np.minimum(np.where(fall > 0, (height_m - deep) / np.maximum(fall, 1e-12), np.inf), reach / np.maximum(level, 1e-12))
    along = most[:, None] * np.linspace(0, 1, STEPS)
    x, y = towards[:, :1] * level[:, None] * along, towards[:, 1:] * level[:, None] * along
    over = height_m - fall[:, None] * along - terrain.at(x.ravel(), y.ravel()).reshape(x.shape)
    below = over <= 0
    beyond = ~below.any(1)
    last = np.where(beyond, STEPS - 1, below.argmax(1))
    n, before = np.arange(len(rays)), np.maximum(last - 1, 0)
    a, b = over[n, before], over[n, last]
    part = np.where(beyond | ~(a > b), 1.0, a / np.where(a > b, a - b, 1.0))
    at = along[n, before] + (along[n, last] - along[n, before]) * part
    return towards * (level * at)[:, None], beyond


def ground_error_m(position_m: float, height_error_m: float, angle_deg: float, above_m: float, pitch_deg: float) -> float:
    """How far off the middle of a frame may be: by the camera's place, its height, and the angle it was held at."""
    down = radians(min(90.0, max(5.7, abs(pitch_deg))))
    return hypot(position_m, height_error_m / tan(down) if abs(tan(down)) > 1e-9 else 0.0, above_m * radians(angle_deg) / sin(down) ** 2)
