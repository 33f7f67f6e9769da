"""Inside the sandbox: what the bands of a raster are, which are shown, and how.

Colour interpretation is believed first, then the band's description, then the order every camera writes.
"""

from __future__ import annotations

import re

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from data.records import BAND_NAMES, COLOURMAPS
from feeds.opening import Bad

BANDS_MAX = 32
INTERPRETED = {
    ColorInterp.red: "red", ColorInterp.green: "green", ColorInterp.blue: "blue", ColorInterp.nir: "nir", ColorInterp.rededge: "rededge",
    ColorInterp.swir: "swir", ColorInterp.mwir: "thermal", ColorInterp.lwir: "thermal", ColorInterp.tir: "thermal", ColorInterp.pan: "pan",
    ColorInterp.coastal: "coastal",
}
WORDS = (  # the first that fits
    ("rededge", r"red[ _-]?edge|^re\d?$"), ("nir", r"nir|near[ _-]?infra"), ("swir", r"swir"),
    ("thermal", r"thermal|lwir|mwir|\btir\b|temperature|kelvin|celsius|radiometric"),
    ("coastal", r"coastal"), ("pan", r"\bpan(chromatic)?\b"), ("red", r"\bred\b|^r$"), ("green", r"\bgreen\b|^g$"), ("blue", r"\bblue\b|^b$"),
)
# ref: DJI and Autel end a thermal picture's name on _T, _IRX
THERMAL = re.compile(r"(?i:thermal|lwir|\btir\b|flir|radiometric|temperature)|(?:^|[_-])(?:T|IRX|THRM)(?:[_\W]|$)")


def kept(src: rasterio.DatasetReader) -> list[int]:
    """The bands that go into the COG: all that are not a mask. Raises Bad."""
    bands = [i for i, c in enumerate(src.colorinterp, 1) if c != ColorInterp.alpha]
    if not bands:
        raise Bad("a band beside the mask", "bands", src.count)
    if len(bands) > BANDS_MAX:
        raise Bad(f"at most {BANDS_MAX} bands; choose those worth keeping first (gdal_translate -b)", "bands", len(bands))
    return bands


def names(src: rasterio.DatasetReader, bands: list[int], hint: str) -> list[str]:
    """What each band is, one of BAND_NAMES; no name where nothing says it, or where it was had already."""
    out: list[str] = []
    for i in bands:
        told = INTERPRETED.get(src.colorinterp[i - 1])
        description = str(src.descriptions[i - 1] or "").strip().lower()
        told = next((name for name, words in WORDS if re.search(words, description)), None) or told
        out.append(told if told and told not in out else "")
    if len(bands) == 1 and not out[0]:
        out = ["thermal" if THERMAL.search(hint) else "gray"]
    if len(bands) >= 3 and not any(out):
        out[:3] = ["red", "green", "blue"]
    return out


def shown(called: list[str], told: str | None, colormap: str | None) -> dict:
    """Which bands of the COG are shown (numbers from 1), and one band's colours. `told` is a person's word, as `3,2,1` or `nir`. Raises Bad."""
    if told:
        words = [w.strip() for w in told.split(",")]
        if len(words) not in (1, 3):
            raise Bad("one band, or three: red, green, blue", "bands", told)
        bands = []
        for word in words:
            number = int(word) if word.isdecimal() else called.index(word) + 1 if word in called else 0
            if not 1 <= number <= len(called):
                raise Bad(f"bands 1 to {len(called)}, or of {', '.join(c for c in called if c) or 'no name'}", "bands", word)
            bands.append(number)
    elif all(colour in called for colour in ("red", "green", "blue")):
        bands = [called.index(colour) + 1 for colour in ("red", "green", "blue")]
    else:
        bands = [1, 2, 3] if len(called) >= 3 and not any(called[:3]) else [1]
    if colormap is None and len(bands) == 1 and called[bands[0] - 1] == "thermal":
        colormap = COLOURMAPS[0]
    if colormap is not None and len(bands) == 3:
        raise Bad("one band for a colour map; tell it with --bands", "colormap", colormap)
    return {"bands": bands, "colormap": colormap, "names": called}


def stretches(data: np.ndarray, valid: np.ndarray) -> list[list[float]]:
    """The 2nd and 98th percentile of each band: how it is scaled for the eye, the same on every tile."""
    out = []
    for band in data:
        seen = band[valid & np.isfinite(band)]
        low, high = np.percentile(seen, (2, 98)) if seen.size else (0, 1)
        out.append([float(low), float(high if high > low else low + 1)])
    return out


assert set(BAND_NAMES) >= {name for name, _ in WORDS} | set(INTERPRETED.values())
