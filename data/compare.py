"""Two images side by side: how far one has to be moved, what may have changed, and what people said of it."""

from __future__ import annotations

import orjson
from sqlalchemy import Text, and_, cast, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Change, ChangeCandidate, Image, ImageOffset
from data.pairs import PairRefused
from data.sessions import Database
from errors import Forbidden, NotFound

NOT_ALLOWED = "42501"
CANDIDATES_MAX = 2_000


async def pair(session: AsyncConnection, filter: Filter, before: int, after: int) -> tuple[dict, dict]:
    """Both images, with what is needed to read them. Raises NotFound, PairRefused."""
    if before == after:
        raise PairRefused(f"image {before} can't be compared with itself")
    rows = await session.execute(
        select(Image.id, Image.name, Image.cog, Image.sha256, Image.rendering, Image.gsd_m, Image.captured_at, Image.marking,
               cast(func.ST_AsGeoJSON(Image.footprint, 9), Text).label("outline"), ImageOffset.east_m, ImageOffset.north_m)
        .outerjoin(ImageOffset, and_(ImageOffset.image_id == Image.id, ImageOffset.undone_at.is_(None)))
        .where(Image.world == filter.world_code, Image.id.in_([before, after])))
    found = {row["id"]: dict(row) for row in rows.mappings()}
    for number in (before, after):
        if number not in found:
            raise NotFound(f"no image {number} in the {filter.world} world")
        if found[number]["cog"] is None or found[number]["gsd_m"] is None:
            raise PairRefused(f"image {number} does not lie on the map: nobody knows where its pixels are")
        east, north = found[number].pop("east_m"), found[number].pop("north_m")
        found[number]["offset"] = None if east is None else (east, north)
    return found[before], found[after]


async def offsets(session: AsyncConnection, filter: Filter, image: int) -> list[dict]:
    """Every offset an image was given, the newest first; the one that is not undone is applied."""
    rows = await session.execute(
        select(ImageOffset.id, ImageOffset.against_id, ImageOffset.east_m, ImageOffset.north_m, ImageOffset.error_m, ImageOffset.score, ImageOffset.made_with,
               ImageOffset.made_at, ImageOffset.made_by, ImageOffset.undone_at, ImageOffset.undone_by)
        .join(Image, Image.id == ImageOffset.image_id)
        .where(Image.world == filter.world_code, Image.id == image).order_by(ImageOffset.id.desc()))
    return [dict(row) for row in rows.mappings()]


async def keep_offset(database: Database, token: str, image: int, against: int, told: dict) -> int:
    """An image's offset from now on; its number. `told`: east_m, north_m, error_m, score, made_with. Raises Forbidden."""
    row = await _asked(database, "SELECT access.image_offset(:token, :image, :against, CAST(:east_m AS real), CAST(:north_m AS real), CAST(:error_m AS real), CAST(:score AS real), :made_with)",
                       {"token": token, "image": image, "against": against, **told})
    return row[0]


async def undo_offset(database: Database, token: str, image: int) -> None:
    """The image lies again where its file says. Raises NotFound, Forbidden."""
    row = await _asked(database, "SELECT access.image_offset_undo(:token, :image)", {"token": token, "image": image})
    if not row[0]:
        raise NotFound(f"image {image} has no offset to undo")


async def keep_change(database: Database, token: str, before: int, after: int, told: dict, candidates: list[dict]) -> int:
    """A look for changes with its candidates (geom as hexadecimal WKB in EPSG:4326, area_m2, z, brighter, score); its number. Raises PairRefused, Forbidden."""
    if len(candidates) > CANDIDATES_MAX:
        raise PairRefused(f"{len(candidates):,} places differ; past {CANDIDATES_MAX:,} these are two different scenes: raise least_z or least_m2, or compare others")
    row = await _asked(database, "SELECT access.change_keep(:token, :before, :after, CAST(:told AS jsonb), CAST(:candidates AS jsonb))",
                       {"token": token, "before": before, "after": after, "told": orjson.dumps(told).decode(), "candidates": orjson.dumps(candidates).decode()})
    return row[0]


async def changes(session: AsyncConnection, filter: Filter, before: int | None = None, after: int | None = None, *, limit: int = 100) -> list[dict]:
    """Looks for changes, the newest first, with how many of their candidates stand where."""
    state = lambda name: func.count().filter(ChangeCandidate.state == name).label(name)  # noqa: E731
    conditions = [Change.world == filter.world_code]
    conditions += [Change.before_id == before] if before is not None else []
    conditions += [Change.after_id == after] if after is not None else []
    rows = await session.execute(
        select(Change.id, Change.before_id, Change.after_id, Change.told, Change.made_at, Change.made_by, state("open"), state("accepted"), state("rejected"))
        .outerjoin(ChangeCandidate, ChangeCandidate.change_id == Change.id).where(*conditions).group_by(Change.id).order_by(Change.id.desc()).limit(limit))
    return [dict(row) for row in rows.mappings()]


async def candidates(session: AsyncConnection, filter: Filter, change: int) -> dict:
    """The candidates of one look as GeoJSON, the strongest first. Raises NotFound."""
    found = (await session.execute(select(Change.id, Change.before_id, Change.after_id, Change.told, Change.made_at, Change.made_by)
                                   .where(Change.world == filter.world_code, Change.id == change))).mappings().one_or_none()
    if found is None:
        raise NotFound(f"no change {change} in the {filter.world} world")
    rows = await session.execute(
        select(ChangeCandidate.id, cast(func.ST_AsGeoJSON(ChangeCandidate.geom, 8), Text).label("geometry"), ChangeCandidate.area_m2, ChangeCandidate.z,
               ChangeCandidate.brighter, ChangeCandidate.score, ChangeCandidate.state, ChangeCandidate.note, ChangeCandidate.decided_by, ChangeCandidate.decided_at)
        .where(ChangeCandidate.change_id == change).order_by(ChangeCandidate.score.desc(), ChangeCandidate.id))
    features = [{"type": "Feature", "id": row["id"], "geometry": orjson.loads(row["geometry"]), "properties": {k: v for k, v in row.items() if k not in ("id", "geometry")}}
                for row in rows.mappings()]
    return {"type": "FeatureCollection", "features": features, "change": dict(found)}


async def decide(database: Database, token: str, candidate: int, state: str, note: str | None) -> None:
    """What a person says of a candidate. Raises NotFound, Forbidden."""
    row = await _asked(database, "SELECT access.change_decide(:token, :candidate, :state, :note)", {"token": token, "candidate": candidate, "state": state, "note": note})
    if not row[0]:
        raise NotFound(f"no candidate {candidate} among what you see")


async def _asked(database: Database, query: str, values: dict):
    try:
        async with database.asking(write=True) as session:
            return (await session.execute(text(query), values)).one()
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == NOT_ALLOWED:
            raise Forbidden("images are compared by coordinators, analysts and supervisors who see both") from None
        raise
