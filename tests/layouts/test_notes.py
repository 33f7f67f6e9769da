"""A note in the details: its words as text, its photo, what may be done with it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from dash import html

from layouts import details

AT = datetime(2026, 11, 24, 14, 32, tzinfo=timezone.utc)
NOTE = {
    "id": 7, "world": "live", "kind": "sighting", "lon": -97.9, "lat": 26.1, "precision_m": 12.5, "observed_at": AT, "recorded_at": AT, "text": "<b>two men</b>\none boat", "made_by": "ana", "agency": "Alfa",
    "marking": "TLP:AMBER", "photo_sha256": None, "photo_width_px": None, "photo_height_px": None, "photo_bytes": None, "withdrawn_at": None, "withdrawn_by": None, "own": True, "may_withdraw": True,
}


def drawn(**more) -> str:
    return json.dumps(html.Div(details.note({**NOTE, **more})).to_plotly_json(), default=lambda part: part.to_plotly_json() if hasattr(part, "to_plotly_json") else str(part))


def test_what_it_says_and_what_may_be_done():
    found = drawn()
    assert '"<b>two men</b>\\none boat"' in found and '"dir": "auto"' in found and "within 12 m" in found and "24 Nov 2026 14:32:00 UTC" in found and "Withdraw" in found and "Img" not in found
    assert '"For"' in drawn(kind="annotation") and "Withdraw" not in drawn(may_withdraw=False)


def test_its_photo_and_that_it_was_withdrawn():
    found = drawn(text="", photo_sha256="a" * 64, photo_width_px=4000, photo_height_px=3000, photo_bytes=4_200_000, withdrawn_at=AT, withdrawn_by="cora", may_withdraw=False)
    assert "/api/notes/7/photo?world=live" in found and "Photo of the sighting" in found and "4,000 \\u00d7 3,000 px, 4.2 MB as it came" in found
    assert "Withdrawn" in found and " by cora, 24 Nov 2026 14:32:00 UTC" in found and "note-text" not in found
