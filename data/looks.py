"""How an image is looked at: which bands, between which values, in which colours. What the query says, else what is stored with the image."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
from rio_tiler.colormap import cmap

from data.records import BAND_NAMES, COLOURMAPS
from errors import FilterInvalid

KEYS = ("bands", "rescale", "colormap", "stretch")
STRETCHES = ("percentile", "full")  # from the 2nd to the 98th percentile of an image's own values; from the least to the most, of 8 bits as they are
NUMBER = re.compile(r"[1-9][0-9]?", re.ASCII)


@dataclass(frozen=True)
class Look:
    """What was asked for; nothing: as it is stored."""

    bands: tuple[str, ...] = ()
    rescale: tuple[tuple[float, float], ...] = ()
    colormap: str | None = None
    stretch: str | None = None

    @classmethod
    def from_query(cls, told: dict[str, str]) -> Look:
        """The Look of a query's words. Raises FilterInvalid with every bad one."""
        problems: list[dict] = []

        def bad(key: str, expected: str) -> None:
            problems.append({"key": key, "value": told[key][:200], "expected": expected})

        bands = tuple(told["bands"].split(",")) if "bands" in told else ()
        if bands and (len(bands) not in (1, 3) or not all(b in BAND_NAMES or NUMBER.fullmatch(b) for b in bands)):
            bad("bands", f"one band or three, by number or as {', '.join(BAND_NAMES)}")
        rescale: tuple[tuple[float, float], ...] = ()
        if "rescale" in told:
            try:
                numbers = [float(n) for n in told["rescale"].split(",", 6)]
                rescale = tuple(zip(numbers[::2], numbers[1::2], strict=True))
                if len(rescale) not in (1, 3) or not all(math.isfinite(n) for n in numbers) or any(low >= high for low, high in rescale):
                    raise ValueError
            except ValueError:
                bad("rescale", "low,high, or three such pairs, each low below its high")
        if "colormap" in told and told["colormap"] not in COLOURMAPS:
            bad("colormap", f"one of {', '.join(COLOURMAPS)}")
        elif "colormap" in told and len(bands) == 3:
            bad("colormap", "one band, with colours for its values")
        if "stretch" in told and (told["stretch"] not in STRETCHES or "rescale" in told):
            bad("stretch", f"{' or '.join(STRETCHES)}, and then no rescale")
        if problems:
            raise FilterInvalid(problems)
        return cls(bands, rescale, told.get("colormap"), told.get("stretch"))

    def pairs(self) -> list[tuple[str, str]]:
        """The query string's pairs, in one order."""
        return [*([("bands", ",".join(self.bands))] if self.bands else []),
                *([("rescale", ",".join(f"{n:g}" if float(f"{n:g}") == n else repr(n) for pair in self.rescale for n in pair))] if self.rescale else []),
                *([("colormap", self.colormap)] if self.colormap else []), *([("stretch", self.stretch)] if self.stretch else [])]

    def of(self, rendering: dict, count: int) -> tuple[list[int], list[list[float]] | None, str | None] | None:
        """The bands of an image's COG (numbers from 1), their scales and colours; None when the image has not all that is asked for."""
        stored = rendering.get("bands") or ([1, 2, 3] if count >= 3 else [1])
        called = rendering.get("names") or []
        bands = [int(b) if b.isdecimal() else called.index(b) + 1 if b in called else 0 for b in self.bands] or stored
        if not all(1 <= b <= count for b in bands):
            return None
        colormap = self.colormap or rendering.get("colormap")
        if colormap and len(bands) == 3:
            bands, colormap = (bands[:1], colormap) if self.colormap else (bands, None)
        scales = rendering.get("scale")
        scale = [scales[b - 1] for b in bands] if scales and max(bands) <= len(scales) else None
        if self.rescale:
            scale = [list(pair) for pair in (self.rescale if len(self.rescale) == len(bands) else self.rescale[:1] * len(bands))]
        return bands, scale, colormap


def eight_bits(data: np.ndarray, scale: list[list[float]] | None, colormap: str | None) -> np.ndarray:
    """(3, …) of uint8 for the eye."""
    if scale is not None:
        low, high = (np.array(s, "float32").reshape(-1, *[1] * (data.ndim - 1)) for s in zip(*scale))
        data = np.clip((data.astype("float32") - low) * (255 / (high - low)), 0, 255)
        data = np.nan_to_num(data, copy=False).astype("uint8")
    elif data.dtype != np.uint8:
        data = np.clip(data, 0, 255).astype("uint8")
    if len(data) == 1:
        return _colours(colormap)[data[0]].transpose(-1, *range(data.ndim - 1)) if colormap else np.repeat(data, 3, 0)
    return data


@dataclass(frozen=True)
class Range:
    """The values of a band: the least and the most, the 2nd and the 98th percentile."""

    least: float
    most: float
    low: float
    high: float

    @classmethod
    def of(cls, values: np.ndarray) -> Range:
        """Of valid values; of none 0 to 1."""
        values = values[np.isfinite(values)].astype("float64") if values.dtype.kind == "f" else values
        if not values.size:
            return cls(0.0, 1.0, 0.0, 1.0)
        low, high = np.percentile(values, (2, 98))
        return cls(float(values.min()), float(values.max()), float(low), float(high))

    def scale(self, stretch: str, dtype: str) -> list[float]:
        """What becomes black and what white; the values of 8 bits as they are need no other."""
        low, high = (self.low, self.high) if stretch == "percentile" else (0.0, 255.0) if dtype == "uint8" else (self.least, self.most)
        return [low, high if high > low else low + 1]


def ramp(name: str, steps: int = 9) -> list[str]:
    """A colour map's colours from its least value to its most."""
    return ["#{:02x}{:02x}{:02x}".format(*_colours(name)[round(i * 255 / (steps - 1))]) for i in range(steps)]


@cache
def _colours(name: str) -> np.ndarray:
    """256 colours."""
    table = cmap.get(name)
    return np.array([table[i][:3] for i in range(256)], "uint8")
