"""What was looked at, when, and by what: "nothing found" is one thing where somebody looked, another where nobody did.

The ledger is the looks themselves: the outlines of images by when they were taken, what films say they saw from moment to moment, and the ground beside the
tracks of units that look (`looker`). It agrees with them at any time, and nobody sees a look whose image, film or track they do not.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
from sqlalchemy import BigInteger, Float, Text, and_, case, cast, func, literal, null, or_, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from data.filters import Filter
from data.models import Agency, Image, Looker, Segment, Sortie, Track, Video, VideoLook
from data.people import tell
from data.quadkey import HALF_M, MAX_LATITUDE_DEG, loose_ranges
from data.state import touch
from data.worlds import CODES
from errors import InputRefused, NotFound

COARSE_TO_ZOOM = 11
FROM_ZOOM = 5  # a veil over a continent says nothing
HOURS_MAX = 24 * 366
BANDS_H = (1, 3, 6, 12, 24, 72, 168)  # ages a look is told in
SWATH_MAX_M = 50_000.0
THIN_S = 10  # from afar one look of a film in so many seconds will do: less is seen than was, never more
NONE = cast(null(), BigInteger)
SQUARE = func.ST_MakeEnvelope(-180, -MAX_LATITUDE_DEG, 180, MAX_LATITUDE_DEG, 4326)


class SwathRefused(InputRefused):
    """No unit looks so far."""


def _since(filter: Filter, hours: float, at: datetime) -> tuple[datetime, datetime]:
    return at - timedelta(hours=hours), at


def _images(filter: Filter, z: int, x: int, y: int, since: datetime, at: datetime):
    """Outlines that meet the tile, in EPSG:4326."""
    ranges, larger = loose_ranges(z, x, y)
    conditions = [Image.world == filter.world_code, Image.captured_at > since, Image.captured_at <= at, func.ST_Dimension(Image.footprint) == 2,
                  or_(*(Image.cell.between(lo, hi) for lo, hi in ranges), Image.cell.in_(larger or [-1]))]
    if filter.known_at:
        conditions.append(Image.recorded_at <= filter.known_at)
    return select(literal("image", Text).label("how"), Image.id.label("image"), NONE.label("track"), NONE.label("video"), Image.captured_at.label("at"),
                  # 4326 -> 3857: tiles are cut in Web Mercator
                  func.ST_Transform(Image.footprint, 3857).label("shape")).where(*conditions)


def _swaths(filter: Filter, z: int, x: int, y: int, since: datetime, at: datetime):
    """The ground beside the tracks of units that look. Found by track: those who look are few, and one outside of a tile may look into it."""
    epoch = lambda moment: literal(moment.timestamp(), Float)  # noqa: E731
    part = func.ST_Force2D(func.ST_LocateBetween(Segment.line, epoch(since), epoch(at)))
    # 4326 -> 3857; from afar the generalised line will do, which is in Web Mercator already and as wrong as 40 m
    line = func.ST_Transform(part, 3857)
    if z <= COARSE_TO_ZOOM:
        line = case((and_(Segment.started_at > since, Segment.ended_at <= at), Segment.coarse), else_=line)
    # Web Mercator stretches by 1 / cos(latitude): the swath's metres with it.
    wide = Looker.swath_m / func.cos(func.radians(func.ST_Y(func.ST_StartPoint(Segment.line))))
    conditions = [Segment.hour > since - timedelta(hours=1), Segment.hour <= at, Segment.gap.is_(False), Segment.started_at <= at, Segment.ended_at > since,
                  Segment.coarse.op("&&")(func.ST_Expand(func.ST_TileEnvelope(z, x, y), wide + _side_m(z) / 32))]
    if filter.known_at:
        conditions.append(Segment.first_recorded_at <= filter.known_at)
    return (
        select(literal("track", Text).label("how"), NONE.label("image"), Segment.track_id.label("track"), NONE.label("video"),
               func.least(Segment.ended_at, at).label("at"), func.ST_Buffer(line, wide, "quad_segs=2").label("shape"))
        .join(Looker, Looker.track_id == Segment.track_id).where(Segment.world == filter.world_code, *conditions)
    )


def _films(filter: Filter, z: int, x: int, y: int, since: datetime, at: datetime):
    """What films saw, each look by itself. One that does not tell its ground is not among them."""
    near = func.ST_MakeEnvelope(*_bounds(z, x, y), 4326)
    # Told corner by corner: a ring over 180° runs round the world, and one may cross itself.
    told = case((func.ST_XMax(VideoLook.footprint) - func.ST_XMin(VideoLook.footprint) > 180, func.ST_WrapX(func.ST_ShiftLongitude(VideoLook.footprint), 180, -360)),
                else_=VideoLook.footprint)
    conditions = [Video.world == filter.world_code, Video.started_at <= at + timedelta(hours=1), Video.ended_at > since - timedelta(hours=1), func.ST_Intersects(Video.extent, near),
                  VideoLook.footprint.is_not(None), VideoLook.at > since, VideoLook.at <= at]
    if filter.known_at:
        conditions.append(Video.recorded_at <= filter.known_at)
    # 4326 -> 3857, no further than its square goes
    shape = func.ST_CollectionExtract(func.ST_MakeValid(func.ST_Transform(func.ST_Intersection(func.ST_MakeValid(told), SQUARE), 3857)), 3)
    looks = (select(literal("video", Text).label("how"), NONE.label("image"), NONE.label("track"), VideoLook.video_id.label("video"), VideoLook.at, shape.label("shape"))
             .join(Video, Video.id == VideoLook.video_id).where(*conditions))
    if z <= COARSE_TO_ZOOM:
        part = func.floor(func.extract("epoch", VideoLook.at) / THIN_S)
        looks = looks.ext(distinct_on(VideoLook.video_id, part)).order_by(VideoLook.video_id, part, VideoLook.at)
    return looks


def _by_minute(looks):
    """A film's looks of a minute as one, at its last: two a second would be 7,200 outlines an hour."""
    looks = looks.subquery()
    minute = func.date_trunc("minute", looks.c.at)
    return select(looks.c.how, NONE.label("image"), NONE.label("track"), looks.c.video, func.max(looks.c.at).label("at"), func.ST_Union(looks.c.shape).label("shape")).group_by(
        looks.c.how, looks.c.video, minute)


def _bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """Of a tile and what its margin is, in degrees."""
    import morecantile

    west, south, east, north = morecantile.tms.get("WebMercatorQuad").bounds(morecantile.Tile(x, y, z))
    wide, high = (east - west) / 16, (north - south) / 16
    return west - wide, south - high, east + wide, north + high


def _side_m(z: int) -> float:
    """Of a tile, in Web Mercator."""
    return 2 * HALF_M / (1 << z)


async def tile(session: AsyncConnection, filter: Filter, z: int, x: int, y: int, *, hours: float, at: datetime) -> bytes:
    """A vector tile: `seen`, an outline for each look of the last `hours` up to `at` (how, image, track or video, age_h: the least of BANDS_H it is under), and
    `unseen`, what of the tile nobody looked at."""
    since, at = _since(filter, hours, at)
    looks = union_all(_images(filter, z, x, y, since, at), _swaths(filter, z, x, y, since, at), _by_minute(_films(filter, z, x, y, since, at))).cte("looks")
    envelope = func.ST_TileEnvelope(z, x, y)
    margin, pixel = func.ST_Expand(envelope, _side_m(z) / 32), literal(_side_m(z) / 1024, Float)
    whole = lambda shape: func.ST_CollectionExtract(func.ST_MakeValid(shape), 3)  # noqa: E731
    # Simplified to less than its own width a swath may cross itself, and no union of such stands.
    simple = whole(func.ST_SimplifyPreserveTopology(whole(func.ST_Intersection(looks.c.shape, margin)), pixel))
    met = select(looks.c.how, looks.c.image, looks.c.track, looks.c.video, looks.c.at, simple.label("shape")).where(func.ST_Intersects(looks.c.shape, margin)).cte("met")
    age_h = func.extract("epoch", literal(at) - met.c.at) / 3600.0
    band = case(*((age_h <= b, float(b)) for b in BANDS_H), else_=float(HOURS_MAX))
    seen = select(func.ST_AsMVTGeom(met.c.shape, envelope, 4096, 64, True).label("geom"), met.c.how, met.c.image, met.c.track, met.c.video,
                  cast(band, Float).label("age_h"), cast(func.extract("epoch", met.c.at), Float).label("t")).where(~func.ST_IsEmpty(met.c.shape)).order_by(met.c.at).subquery("seen")
    bytes_of_seen = await session.scalar(select(func.ST_AsMVT(seen.table_valued(), literal("seen", Text), 4096, "geom"))) or b""
    union = select(func.ST_Union(met.c.shape).label("shape")).scalar_subquery()
    left = func.ST_Difference(margin, func.coalesce(union, func.ST_GeomFromText("POLYGON EMPTY", 3857)))
    unseen = select(func.ST_AsMVTGeom(left, envelope, 4096, 64, True).label("geom")).subquery("unseen")
    kept = select(unseen).where(unseen.c.geom.is_not(None)).subquery("kept")
    return bytes_of_seen + (await session.scalar(select(func.ST_AsMVT(kept.table_valued(), literal("unseen", Text), 4096, "geom"))) or b"")


async def at_place(session: AsyncConnection, filter: Filter, lon: float, lat: float, *, at: datetime, limit: int = 10) -> list[dict]:
    """The last looks at a place up to a time, the newest first: how, at, by what and by whom. A film is one of them, at its last look."""
    z = 14
    x, y = _tile_of(lon, lat, z)
    since = at - timedelta(hours=HOURS_MAX)
    looks = union_all(*(of(filter, z, x, y, since, at) for of in (_images, _swaths, _films))).cte("looks")
    point = func.ST_Transform(func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326), 3857)
    met = (select(looks.c.how, looks.c.image, looks.c.track, looks.c.video, func.max(looks.c.at).label("at")).where(func.ST_Intersects(looks.c.shape, point))
           .group_by(looks.c.how, looks.c.image, looks.c.track, looks.c.video, case((looks.c.how != "video", looks.c.at))).subquery())
    rows = await session.execute(
        select(met.c.how, met.c.at, met.c.image, met.c.track, met.c.video, func.coalesce(Image.name, Track.name, Track.key, Video.name).label("name"), Image.gsd_m, Image.product,
               Sortie.key.label("sortie"), Agency.name.label("agency"), func.coalesce(Image.marking, Track.marking, Video.marking).label("marking"))
        .select_from(met).outerjoin(Image, Image.id == met.c.image).outerjoin(Track, Track.id == met.c.track).outerjoin(Video, Video.id == met.c.video)
        .outerjoin(Sortie, Sortie.id == func.coalesce(Image.sortie_id, Video.sortie_id))
        .outerjoin(Agency, Agency.id == func.coalesce(Image.agency_id, Track.agency_id, Video.agency_id)).order_by(met.c.at.desc()).limit(limit))
    return [{str(name): value for name, value in row.items()} for row in rows.mappings()]  # names of a union are not plain texts


def _tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    import morecantile

    found = morecantile.tms.get("WebMercatorQuad").tile(lon, lat, z)
    return found.x, found.y


# -- by the owner, in the caller's transaction


def look(connection: psycopg.Connection, world: str, swath_m: float, *, keys: list[str] | None = None, kind: str | None = None, agency: str | None = None,
         who: str = "command line") -> int:
    """These tracks look so far to either side of where they pass; how many they are. Raises SwathRefused, NotFound."""
    if not 0 < swath_m <= SWATH_MAX_M:
        raise SwathRefused(f"a swath of {swath_m:g} m is refused, expected more than 0 and at most {SWATH_MAX_M:,.0f} m to either side")
    rows = connection.execute("""
        INSERT INTO looker (track_id, swath_m, made_by)
        SELECT t.id, %(swath)s, %(who)s FROM track t LEFT JOIN agency a ON a.id = t.agency_id
        WHERE t.world = %(world)s AND (%(keys)s::text[] IS NULL OR t.key = ANY (%(keys)s)) AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
          AND (%(agency)s::text IS NULL OR a.name = %(agency)s)
        ON CONFLICT (track_id) DO UPDATE SET swath_m = excluded.swath_m, made_at = clock_timestamp(), made_by = excluded.made_by RETURNING track_id
    """, {"swath": swath_m, "who": who, "world": CODES[world], "keys": keys, "kind": kind, "agency": agency}).fetchall()
    if not rows:
        raise NotFound(f"no track like that in the {world} world")
    touch(connection, CODES[world], "tracks")  # a tile of an hour ago is another now
    tell(connection, "change", of=f"tracks:{len(rows)}", to=f"they look {swath_m:g} m to either side")
    return len(rows)


def look_away(connection: psycopg.Connection, world: str, keys: list[str]) -> int:
    """These tracks look at nothing any more; how many did."""
    number = connection.execute("DELETE FROM looker l USING track t WHERE t.id = l.track_id AND t.world = %s AND t.key = ANY (%s)", (CODES[world], keys)).rowcount
    if number:
        touch(connection, CODES[world], "tracks")
        tell(connection, "change", of=f"tracks:{number}", to="they look at nothing")
    return number


def lookers(connection: psycopg.Connection, world: str) -> list[dict]:
    """Who looks, by agency and kind: units that are told to, and films that say which ground they saw."""
    rows = connection.execute("""
        SELECT a.name, t.kind, l.swath_m, count(*), min(t.key), max(l.made_by) FROM looker l JOIN track t ON t.id = l.track_id LEFT JOIN agency a ON a.id = t.agency_id
        WHERE t.world = %(world)s GROUP BY 1, 2, 3
        UNION ALL
        SELECT a.name, 'film', NULL, count(*), min(v.name), 'its metadata' FROM video v LEFT JOIN agency a ON a.id = v.agency_id
        WHERE v.world = %(world)s AND EXISTS (SELECT FROM video_look l WHERE l.video_id = v.id AND l.footprint IS NOT NULL) GROUP BY 1
        ORDER BY 1, 2, 3
    """, {"world": CODES[world]}).fetchall()
    return [dict(zip(("agency", "kind", "swath_m", "number", "first", "made_by"), row)) for row in rows]
