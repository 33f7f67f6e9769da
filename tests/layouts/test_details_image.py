"""An image's details: what it is, which bands are seen, and how what is served came to be."""

from __future__ import annotations

from datetime import datetime, timezone

from layouts import details

IMAGE = {
    "id": 4, "world": "live", "name": "field", "product": "orthophoto", "captured_at": datetime(2026, 11, 20, 10, tzinfo=timezone.utc), "gsd_m": 0.05, "width_px": 900, "height_px": 700,
    "bands": 5, "crs": "EPSG:32614", "sha256": "a" * 64, "marking": "TLP:AMBER",
}


def text(part) -> str:
    if isinstance(part, (list, tuple)):
        return " ".join(map(text, part))
    return "" if part is None else text(part.children) + " " + str(getattr(part, "title", "") or "") if hasattr(part, "children") else str(part)


def test_bands_provenance_and_fingerprints_are_told():
    told = text(details.image({
        **IMAGE, "shown": {"bands": [4, 3, 2], "names": ["blue", "green", "red", "nir", ""], "colormap": None, "scale": None},
        "provenance": {"inputs": [{"name": "field.tif", "sha256": "b" * 64}], "tools": {"GDAL": "3.10.3"}, "served_sha256": "c" * 64, "made_at": "2026-11-21T09:00:00+00:00",
                       "parameters": {"compress": "DEFLATE", "steps": ["masked"]}}}))
    for words in ("Orthophoto", "nir (4), red (3), green (2)", "field.tif", "b" * 64, "c" * 64, "GDAL 3.10.3", "DEFLATE", "masked", "21 Nov 2026 09:00:00 UTC", "a" * 64):
        assert words in told, words


def test_one_coloured_band_says_its_scale():
    told = text(details.image({**IMAGE, "shown": {"bands": [1], "names": ["thermal"], "colormap": "inferno", "scale": [[27_900.4, 31_200.0]]}, "provenance": {}}))
    assert "thermal (1), inferno, 27,900 to 31,200" in told


def test_an_image_of_before_has_no_empty_lines():
    told = text(details.image({**IMAGE, "shown": {"bands": None}, "provenance": {"made_with": "rio-cogeo 7"}}))
    assert "Shown" not in told and "Made" not in told
