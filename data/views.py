"""Where a world's data lies: the cameras a page and a wall begin with, so that nobody starts over an empty sea."""

from __future__ import annotations

import math

from sqlalchemy import Float, Integer, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from data.models import Image, LatestFix, Place, Seizure
from data.quadkey import POINT_LEVEL

# One bad position must not open the map on the whole earth: this share at each end is left out.
TAIL = 0.02
SPOT_LEVEL = 8  # cells of 156 km at the equator: as much as a wall shows well
SPOTS, NAMED_SPOTS = 2, 12
SPOT_HALF_DEG = 0.55  # half the height of a spot's view
PLACES_OF_SPOT, PLACES_OF_ALL = 2, 2
PLACE_APART = 0.3  # of the view: two names nearer than this would run into each other


async def bounds(session: AsyncConnection, world: int) -> list[float] | None:
    """West, south, east, north (degrees) of all but the outermost of the world's data; None while there is none."""
    points = _points(world).subquery()
    row = (await session.execute(select(*(
        func.percentile_cont(share).within_group(column)
        for share, column in ((TAIL, points.c.lon), (TAIL, points.c.lat), (1 - TAIL, points.c.lon), (1 - TAIL, points.c.lat))
    )))).one()
    return None if row[0] is None else [round(v, 5) for v in row]


async def views(session: AsyncConnection, world: int) -> list[dict]:
    """Rows of {name, bounds, places: [{name, lon, lat}]}: all of it, then its busiest spots. Empty while there is no data."""
    everything = await bounds(session, world)
    if everything is None:
        return []
    points = _points(world).subquery()
    spot = points.c.qk.op(">>")(cast(2 * (POINT_LEVEL - SPOT_LEVEL), Integer))
    spots = (await session.execute(
        select(func.percentile_cont(0.5).within_group(points.c.lon), func.percentile_cont(0.5).within_group(points.c.lat))
        .group_by(spot).order_by(func.sum(points.c.weight).desc(), spot).limit(NAMED_SPOTS)
    )).all()
    # Of all of it the places are named where most of it is, not the largest towns somewhere in it.
    largest = [p for lon, lat in spots for p in await _places(session, _around(lon, lat), 1)]
    out = [{"name": "All", "bounds": everything, "places": _apart(largest, everything, PLACES_OF_ALL)}]
    for lon, lat in spots[:SPOTS]:
        box = _around(lon, lat)
        places = await _places(session, box, PLACES_OF_SPOT)
        out.append({"name": places[0]["name"] if places else f"{lat:.1f}, {lon:.1f}", "bounds": [round(v, 5) for v in box], "places": places})
    return out


async def places_near(session: AsyncConnection, camera: str) -> list[dict]:
    """The names that say where a camera (`zoom/latitude/longitude`) looks, on a picture of 1920 by 1080."""
    zoom, lat, lon = map(float, camera.split("/"))
    wide = 0.5 * 1920 / 512 * 360 / 2**zoom
    high = wide * 1080 / 1920 * math.cos(math.radians(lat))
    return await _places(session, [lon - wide / 2, lat - 0.8 * high, lon + 0.9 * wide, lat + 0.8 * high], PLACES_OF_SPOT)


def _around(lon: float, lat: float) -> list[float]:
    """The ground of a spot's view, three wide by two high on the map."""
    wide = SPOT_HALF_DEG * 1.5 / math.cos(math.radians(lat))
    return [lon - wide, lat - SPOT_HALF_DEG, lon + wide, lat + SPOT_HALF_DEG]


def _points(world: int):
    """Everything with a place as points: a seizure weighs more than one of the many things that move."""
    def of(geom, qk, weight, table):
        return select(func.ST_X(geom).label("lon"), func.ST_Y(geom).label("lat"), qk.label("qk"), literal(weight, Float).label("weight")).where(
            table.world == world, geom.is_not(None))

    middle = func.ST_Centroid(Image.footprint)
    return of(Seizure.geom, Seizure.qk, 5.0, Seizure).union_all(
        of(LatestFix.geom, LatestFix.qk, 1.0, LatestFix), of(middle, func.qk(func.ST_X(middle), func.ST_Y(middle)), 1.0, Image))


async def _places(session: AsyncConnection, box: list[float], most: int) -> list[dict]:
    """The largest places in a box that do not crowd each other."""
    rows = await session.execute(
        select(Place.name, func.ST_X(Place.geom).label("lon"), func.ST_Y(Place.geom).label("lat"))
        .where(Place.geom.op("&&")(func.ST_MakeEnvelope(*box, 4326)))
        .order_by(Place.population.desc().nulls_last(), Place.id).limit(60)
    )
    return _apart([dict(r) for r in rows.mappings()], box, most)


def _apart(places: list[dict], box: list[float], most: int) -> list[dict]:
    """The first `most` of these whose names, written to their right, neither leave the box nor run into each other."""
    west, south, east, north = box
    inner = 0.06 * (east - west)
    taken: list[dict] = []
    for place in places:
        fits = west + inner < place["lon"] < east - 4 * inner
        if fits and all(abs(place["lon"] - p["lon"]) > PLACE_APART * (east - west) or abs(place["lat"] - p["lat"]) > PLACE_APART * (north - south) for p in taken):
            taken.append(place)
        if len(taken) == most:
            break
    return taken
