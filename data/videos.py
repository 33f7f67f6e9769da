"""Films out of the database: lists, one, and what one looked at over time."""

from __future__ import annotations

import orjson
from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Sortie, Source, Video, VideoLook
from errors import NotFound

ANGLES = ("heading_deg", "pitch_deg", "roll_deg", "sensor_azimuth_deg", "sensor_elevation_deg", "sensor_roll_deg", "fov_h_deg", "fov_v_deg", "slant_m")


def rows(conditions, *also):
    """Films with their sortie, agency, source, and how much they tell of places."""
    first = (select(cast(func.ST_AsGeoJSON(func.coalesce(VideoLook.sensor, VideoLook.centre), 7), Text)).where(VideoLook.video_id == Video.id)
             .where(func.coalesce(VideoLook.sensor, VideoLook.centre).isnot(None)).order_by(VideoLook.at).limit(1).correlate(Video).scalar_subquery())
    looks = select(func.count()).where(VideoLook.video_id == Video.id).correlate(Video).scalar_subquery()
    return (
        select(
            Video.id, Video.world, Video.name, Video.track_id, Video.started_at, Video.ended_at, Video.duration_s, Video.codec, Video.width_px, Video.height_px, Video.rate_hz,
            Video.sha256, Video.provenance, Video.marking, Video.recorded_at, Sortie.key.label("sortie"), Agency.name.label("agency"), Source.name.label("source"),
            Source.grade, Source.handling, looks.label("looks"), first.label("place"),
            cast(func.ST_AsGeoJSON(Video.extent, 6), Text).label("extent"), Video.provenance["preview"].isnot(None).label("has_picture"), *also,
        )
        .outerjoin(Source, Source.id == Video.source_id).outerjoin(Sortie, Sortie.id == Video.sortie_id).outerjoin(Agency, Agency.id == Video.agency_id)
        .where(*conditions)
    )


def told(row: dict) -> dict:
    """A row of `rows` as it is told."""
    return {**row, "world": "exercise" if row["world"] else "live", **{key: orjson.loads(row[key]) if row[key] else None for key in ("place", "extent")}}


async def listed(session: AsyncConnection, conditions, *, limit: int, offset: int) -> dict:
    """One page of the films under conditions on `video` with its sortie, newest first."""
    total = await session.scalar(select(func.count()).select_from(Video).outerjoin(Sortie, Sortie.id == Video.sortie_id).where(*conditions))
    found = await session.execute(rows(conditions).order_by(Video.started_at.desc(), Video.id.desc()).limit(limit).offset(offset))
    return {"total": total, "rows": [told(dict(r)) for r in found.mappings()]}


async def one(session: AsyncConnection, filter: Filter, video_id: int) -> dict:
    """One film of the filter's world. Raises NotFound."""
    row = (await session.execute(rows([Video.world == filter.world_code, Video.id == video_id]))).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no video {video_id} in the {filter.world} world")
    return told(dict(row))


async def served(session: AsyncConnection, filter: Filter, video_id: int) -> tuple[str, str]:
    """The file that is served of a film, and its fingerprint. Raises NotFound."""
    row = (await session.execute(select(Video.served, Video.sha256).where(Video.world == filter.world_code, Video.id == video_id))).one_or_none()
    if row is None:
        raise NotFound(f"no video {video_id} in the {filter.world} world")
    return row[0], row[1]


async def preview(session: AsyncConnection, filter: Filter, video_id: int) -> tuple[str, str]:
    """The small picture of a film, and its fingerprint. Raises NotFound."""
    row = (await session.execute(select(Video.provenance["preview"].astext, Video.provenance["preview_sha256"].astext).where(
        Video.world == filter.world_code, Video.id == video_id))).one_or_none()
    if row is None or row[0] is None:
        raise NotFound(f"no picture of a video {video_id} in the {filter.world} world")
    return row[0], row[1]


async def looks(session: AsyncConnection, filter: Filter, video_id: int) -> dict:
    """What a film looked at, in columns: `t` in seconds since 1970, places longitude first, null where it does not say. Raises NotFound."""
    await one(session, filter, video_id)
    point = lambda column: func.jsonb_build_array(func.ST_X(column), func.ST_Y(column))  # noqa: E731
    rows = (await session.execute(
        select(func.extract("epoch", VideoLook.at).label("t"), VideoLook.sensor.isnot(None).label("has_sensor"), point(VideoLook.sensor).label("sensor"),
               VideoLook.sensor_altitude_m, VideoLook.centre.isnot(None).label("has_centre"), point(VideoLook.centre).label("centre"), VideoLook.centre_altitude_m,
               cast(func.ST_AsGeoJSON(VideoLook.footprint, 7), Text).label("footprint"), VideoLook.footprint_from, *(getattr(VideoLook, name) for name in ANGLES))
        .where(VideoLook.video_id == video_id, *([VideoLook.at >= filter.start] if filter.start else []), *([VideoLook.at < filter.end] if filter.end else []))
        .order_by(VideoLook.at))).mappings().all()
    return {
        "t": [float(r["t"]) for r in rows], "sensor": [r["sensor"] if r["has_sensor"] else None for r in rows], "centre": [r["centre"] if r["has_centre"] else None for r in rows],
        "footprint": [orjson.loads(r["footprint"])["coordinates"][0] if r["footprint"] else None for r in rows],
        **{name: [r[name] for r in rows] for name in ("sensor_altitude_m", "centre_altitude_m", "footprint_from", *ANGLES)},
    }
