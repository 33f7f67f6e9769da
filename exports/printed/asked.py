"""What a printed sheet is asked to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timezone, tzinfo

from data.records import BBox
from exports.printed.paper import Sheet


@dataclass(frozen=True)
class Asked:
    """`frame` is the ground to be on the sheet (degrees), None: what the records reach; `drawn` the frames that are drawn, of seizures, tracks, images, hotspots and
    sections; `not_drawn` the page's layers that paper does not have; `window` and `words` the filter as people say it, `words` as pairs of heading and text."""

    sheet: Sheet = Sheet("a4", "portrait")
    frame: BBox | None = None
    drawn: frozenset[str] = frozenset(("seizures", "tracks", "images", "hotspots"))
    not_drawn: tuple[str, ...] = ()
    zone: tzinfo = timezone.utc
    window: str = "all times"
    words: tuple[tuple[str, str], ...] = ()
