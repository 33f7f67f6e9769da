"""What an importer noted stands in the catalogue as words, whatever it is, and never as markup."""

from __future__ import annotations

from datetime import datetime, timezone

from routes.catalogue_parts import _made, _thumbnail, image

AT = datetime(2026, 11, 20, 10, tzinfo=timezone.utc)
FRAME = {
    "id": 7, "world": "live", "name": "DJI_0024", "product": "frame", "on_tiles": False, "captured_at": AT, "received_at": AT, "sortie": None, "gsd_m": None, "width_px": 4000,
    "height_px": 2250, "bands": 3, "dtype": "uint8", "crs": "", "agency": None, "marking": "TLP:AMBER", "handling": None, "grade": "F6", "source": "DJI_0024.JPG", "within": None,
    "brought_by": None, "source_bytes": 2949807, "sha256": "ab", "provenance": {}, "footprint": {"type": "Point", "coordinates": [-91.99, 46.84]},
}


def test_what_was_noted_stands_in_words():
    how = {"bytes": 2362202, "collar_masked": False, "overviews": [2, 4], "made_at": "2026-11-26T12:38:18+00:00", "programs": {"rio_cogeo": "7.0.2", "gdal": None},
           "inputs": [{"name": "<b>.tif", "sha256": "ab"}, {"name": "b.tif", "sha256": "cd"}], "notes": [], "resampled_at": "noon"}
    assert dict(_made(how)) == {
        "Served file": "2,362,202 bytes", "Collar masked": "no", "Overviews": "2, 4", "Made": "2026-11-26 12:38:18 UTC", "Programs": "rio cogeo 7.0.2",
        "Inputs": "name &lt;b&gt;.tif, sha256 <code>ab</code>; name b.tif, sha256 <code>cd</code>", "Resampled at": "noon",
    }


def test_a_frame_on_no_tile_has_its_picture_and_says_why():
    told = image({**FRAME, "pose": {"why_point": "it does not say <how> its camera was held", "doubts": ["saved again by Photo Viewer"]}})
    assert 'src="/api/images/7/thumbnail.webp?world=live"' in told and "/api/images/7/thumbnail.webp" in _thumbnail(FRAME)
    assert "<dt>On the map</dt><dd>as a point: it does not say &lt;how&gt; its camera was held</dd>" in told and "<dt>Doubts</dt><dd>saved again by Photo Viewer</dd>" in told
    plain = image({**FRAME, "product": "orthophoto", "pose": None})
    assert "thumbnail" not in plain and "On the map" not in plain and "no picture" in _thumbnail({**FRAME, "product": "orthophoto"})
