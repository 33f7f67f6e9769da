"""What an importer noted stands in the catalogue as words, whatever it is, and never as markup."""

from __future__ import annotations

from routes.catalogue_parts import _made


def test_what_was_noted_stands_in_words():
    how = {"bytes": 2362202, "collar_masked": False, "overviews": [2, 4], "made_at": "2026-11-26T12:38:18+00:00", "programs": {"rio_cogeo": "7.0.2", "gdal": None},
           "inputs": [{"name": "<b>.tif", "sha256": "ab"}, {"name": "b.tif", "sha256": "cd"}], "notes": [], "resampled_at": "noon"}
    assert dict(_made(how)) == {
        "Served file": "2,362,202 bytes", "Collar masked": "no", "Overviews": "2, 4", "Made": "2026-11-26 12:38:18 UTC", "Programs": "rio cogeo 7.0.2",
        "Inputs": "name &lt;b&gt;.tif, sha256 <code>ab</code>; name b.tif, sha256 <code>cd</code>", "Resampled at": "noon",
    }
