"""What two images' pixels say, worked out in a process of its own: it may take seconds, and holds up no request."""

from __future__ import annotations

import shapely
from anyio import CapacityLimiter, to_process

from analysis.change import VERSION as CHANGE_VERSION
from analysis.change import Difference
from analysis.offsets import VERSION as OFFSET_VERSION
from analysis.offsets import NoOffset, Offset, PhaseOffset
from analysis.pairs import Pair
from data import pairs
from data.pairs import Grid, PairRefused

_one_at_a_time: list[CapacityLimiter] = []


async def offset(image: dict, against: dict) -> dict:
    """How far `image` has to be moved to lie on `against` as that lies now: east_m, north_m, error_m, score, made_with. Raises PairRefused."""
    found = await to_process.run_sync(_offset, image, against, limiter=_limiter())
    return {"east_m": found.east_m, "north_m": found.north_m, "error_m": found.error_m, "score": found.score,
            "made_with": f"correlation {OFFSET_VERSION}, {found.parts} parts"}


async def change(before: dict, after: dict, knobs: dict) -> tuple[dict, list[dict]]:
    """What was done, and the candidates as `data.compare.keep_change` takes them. Raises PairRefused."""
    return await to_process.run_sync(_change, before, after, knobs, limiter=_limiter())


def _limiter() -> CapacityLimiter:
    if not _one_at_a_time:  # made inside of the event loop it belongs to
        _one_at_a_time.append(CapacityLimiter(1))
    return _one_at_a_time[0]


def _pair(before: dict, after: dict, on: Grid, *, moved: bool) -> Pair:
    first, seen_first = pairs.read(before, on)
    second, seen_second = pairs.read(after, on, offset=moved)
    return Pair(first, second, seen_first, seen_second, on.pixel_m)


def _offset(image: dict, against: dict) -> Offset:
    on = pairs.grid(against, image)
    try:
        return PhaseOffset().apply(_pair(against, image, on, moved=False))
    except NoOffset as no:
        raise PairRefused(f"images {against['id']} and {image['id']}: {no}") from None


def _change(before: dict, after: dict, knobs: dict) -> tuple[dict, list[dict]]:
    on = pairs.grid(before, after)
    pair = _pair(before, after, on, moved=True)
    told = {"method": f"difference {CHANGE_VERSION}", "pixel_m": round(on.pixel_m, 3), "crs": on.crs}
    try:
        # What is left between both, for this look alone: a stored offset is for everybody, and a person's to make.
        left = PhaseOffset().apply(pair)
        pair = pair.moved(-left.north_m / on.pixel_m, left.east_m / on.pixel_m)
        told |= {"moved_east_m": round(left.east_m, 3), "moved_north_m": round(left.north_m, 3), "error_m": round(left.error_m, 3), "alike": round(left.score, 3)}
        tolerance = max(left.error_m, 1.5 * on.pixel_m)
    except NoOffset as no:
        told |= {"not_moved": str(no)}
        tolerance = 3 * on.pixel_m
    method = Difference(tolerance_m=tolerance, **{"least_m2": max(4.0, 16 * on.pixel_m**2), **knobs})
    found = method.apply(pair, on.transform, on.crs)
    told |= {"least_z": method.least_z, "least_m2": round(method.least_m2, 2), "tolerance_m": round(method.tolerance_m, 3),
             "compared_m2": round(float(pair.overlap.sum()) * on.pixel_m**2, 1)}
    placed = found.to_crs(4326)
    return told, [{"geom": shapely.to_wkb(row.geometry, hex=True), "area_m2": row.area_m2, "z": row.z, "brighter": row.brighter, "score": row.score}
                  for row in placed.itertuples()]
