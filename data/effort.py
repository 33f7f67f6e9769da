"""Who looked where, as an analysis reads it: outlines of images, ground of films, swaths beside the tracks of units that look (data/coverage.py).

It is the effort one may see: of a look whose image or track is closed to the asker nothing is known, and a rate per look is then a rate per look they know of.
"""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely
from geoalchemy2 import Geography
from sqlalchemy import Float, Text, cast, extract, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Image, Looker, Segment, Video
from errors import InputRefused

LOOKS_MAX = 200_000
IMAGE_H = 0.1  # a picture is one look: so long it counts beside those that last
BY = {"image": "image", "film": "film", "track": "unit that looks"}


class TooManyLooks(InputRefused):
    """More than an analysis reads at once."""


async def looks(session: AsyncConnection, filter: Filter) -> gpd.GeoDataFrame | None:
    """Looks in the time and place of a filter, whoever made them: geometry (polygons, EPSG:4326), t (UTC), hours, by. None: nobody looked, as far as one may see."""
    asked = filter.but(agency=(), source=(), q=None, kind=(), track=(), drug=(), conveyance=(), min_kg=None, max_kg=None)
    images = select(literal("image", Text), Image.captured_at, literal(IMAGE_H, Float), func.ST_AsBinary(Image.footprint)).where(*asked.images(), func.ST_Dimension(Image.footprint) == 2)
    films = select(literal("film", Text), Video.started_at, cast(extract("epoch", Video.ended_at - Video.started_at), Float) / 3600, func.ST_AsBinary(Video.extent)).where(
        *asked.videos(), func.ST_Dimension(Video.extent) == 2)
    # metres to either side, on the ellipsoid; a line's M is its time
    swath = func.ST_Buffer(cast(func.ST_Force2D(Segment.line), Geography(srid=4326)), Looker.swath_m, "quad_segs=2")
    swaths = select(literal("track", Text), Segment.started_at, cast(extract("epoch", Segment.ended_at - Segment.started_at), Float) / 3600, func.ST_AsBinary(swath)).join(
        Looker, Looker.track_id == Segment.track_id).where(*asked.segments(), Segment.gap.is_(False), Segment.fix_count > 0)
    rows = []
    for query in (images, films, swaths):
        rows += (await session.execute(query.limit(LOOKS_MAX + 1 - len(rows)))).all()
        if len(rows) > LOOKS_MAX:
            raise TooManyLooks(f"more than {LOOKS_MAX:,} looks lie in this time and place: take less of either")
    if not rows:
        return None
    frame = pd.DataFrame([r[:3] for r in rows], columns=["by", "t", "hours"])
    shapes = shapely.make_valid(shapely.from_wkb([bytes(r[3]) for r in rows]))
    out = gpd.GeoDataFrame({"t": pd.to_datetime(frame.t, utc=True), "hours": frame.hours.astype(float), "by": frame.by.map(BY)}, geometry=shapes, crs=4326)
    return out.sort_values("t", kind="stable").reset_index(drop=True)
