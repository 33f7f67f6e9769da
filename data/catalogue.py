"""The catalogue of what was flown: sorties, and images by what they are, beside the filter that everything has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import orjson
from sqlalchemy import ColumnElement, Integer, Text, and_, cast, distinct, false, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from data import imagery, videos
from data.filters import Filter
from data.models import Agency, Image, Segment, Sortie, Source, Video
from data.names import any_like
from data.records import MARKINGS, PRODUCTS
from errors import FilterInvalid, NotFound

KEYS = ("product", "marking", "sortie", "max_gsd_m")
PATH_SEGMENTS_MAX = 500
PATH_DEGREES = 1e-5  # about a metre


@dataclass(frozen=True)
class Choice:
    """What of the imagery is asked for, beside the Filter. `sortie` is a number; 0: of none."""

    product: tuple[str, ...] = ()
    marking: tuple[str, ...] = ()
    sortie: int | None = None
    max_gsd_m: float | None = None
    key: str | None = None  # a sortie's name, whole; not of a query string

    @classmethod
    def from_query(cls, items: Iterable[tuple[str, str]]) -> Self:
        """The Choice of a query string's pairs; what is empty is not chosen. Raises FilterInvalid."""
        found: dict[str, object] = {}
        for key, value in items:
            if key not in KEYS or not value.strip():
                continue
            if key in ("product", "marking"):
                allowed = PRODUCTS if key == "product" else MARKINGS
                told = [part.replace(" ", "+") for part in value.split(",") if part]  # a plus that was not percent-encoded
                if wrong := [part for part in told if part not in allowed]:
                    raise FilterInvalid([{"key": key, "value": wrong[0][:80], "expected": f"some of {', '.join(allowed)}"}])
                found[key] = tuple(dict.fromkeys((*found.get(key, ()), *told)))
            elif key == "sortie":
                if not (value.isascii() and value.isdecimal()) or int(value) >= 2**63:
                    raise FilterInvalid([{"key": key, "value": value[:80], "expected": "a sortie's number, or 0 for images of none"}])
                found[key] = int(value)
            else:
                found[key] = _metres(key, value)
        return cls(**found)

    def pairs(self) -> list[tuple[str, str]]:
        """The query string's pairs, in one order."""
        told = (("product", ",".join(self.product)), ("marking", ",".join(self.marking)), ("sortie", "" if self.sortie is None else str(self.sortie)),
                ("max_gsd_m", "" if self.max_gsd_m is None else f"{self.max_gsd_m:g}"))
        return [(key, value) for key, value in told if value]

    def images(self) -> list[ColumnElement[bool]]:
        """Conditions on `image`."""
        out: list[ColumnElement[bool]] = []
        if self.product:
            out.append(Image.product.in_(self.product))
        if self.marking:
            out.append(Image.marking.in_(self.marking))
        if self.sortie is not None:
            out.append(Image.sortie_id.is_(None) if self.sortie == 0 else Image.sortie_id == self.sortie)
        if self.max_gsd_m is not None:
            out.append(Image.gsd_m <= self.max_gsd_m)
        return out

    def videos(self) -> list[ColumnElement[bool]]:
        """Conditions on `video`, which has neither a product nor a ground sample: who asks for one means images."""
        out: list[ColumnElement[bool]] = [false()] if self.product or self.max_gsd_m is not None else []
        if self.marking:
            out.append(Video.marking.in_(self.marking))
        if self.sortie is not None:
            out.append(Video.sortie_id.is_(None) if self.sortie == 0 else Video.sortie_id == self.sortie)
        return out


def _metres(key: str, value: str) -> float:
    try:
        told = float(value)
    except ValueError:
        told = float("nan")
    if not 0 < told < 1e5:  # also refuses NaN
        raise FilterInvalid([{"key": key, "value": value[:80], "expected": "metres a pixel, more than 0"}])
    return told


async def page(session: AsyncConnection, filter: Filter, choice: Choice, *, limit: int, offset: int) -> dict:
    """One page of the images, the newest first; a text is looked for in names and in sorties."""
    conditions = images(filter, choice)
    total = await session.scalar(select(func.count()).select_from(Image).outerjoin(Sortie, Sortie.id == Image.sortie_id).where(*conditions))
    rows = await session.execute(imagery.rows(conditions).order_by(Image.captured_at.desc(), Image.id.desc()).limit(limit).offset(offset))
    return {"total": total, "rows": [imagery.told(dict(r)) for r in rows.mappings()]}


def images(filter: Filter, choice: Choice) -> list[ColumnElement[bool]]:
    """Conditions on `image` with its sortie."""
    named = [or_(any_like(filter.q, Image.name), any_like(filter.q, Sortie.key, Sortie.platform, Sortie.sensor))] if filter.q else []
    return [*filter.but(q=None).images(), *named, *choice.images()]


async def films(session: AsyncConnection, filter: Filter, choice: Choice, *, limit: int, offset: int) -> dict:
    """One page of the films, the newest first, those that tell no place among them; a text is looked for in names and in sorties."""
    named = [or_(any_like(filter.q, Video.name), any_like(filter.q, Sortie.key, Sortie.platform, Sortie.sensor))] if filter.q else []
    return await videos.listed(session, [*filter.but(q=None).videos(), *named, *choice.videos()], limit=limit, offset=offset)


async def film(session: AsyncConnection, filter: Filter, number: int) -> dict:
    """One film with what file it is of, who brought that and when. Raises NotFound."""
    found = await videos.one(session, filter, number)
    about = (await session.execute(
        select(Video.sortie_id, Source.size_bytes.label("source_bytes"), Source.received_at, Source.options["by"].astext.label("brought_by"), Source.options["within"].astext.label("within"))
        .outerjoin(Source, Source.id == Video.source_id).where(Video.world == filter.world_code, Video.id == number))).mappings().one()
    return {**found, **about}


async def sorties(session: AsyncConnection, filter: Filter, choice: Choice, *, limit: int, offset: int) -> dict:
    """One page of the sorties that have such images, or have none and are of the time, the newest first."""
    found = _sorties(filter, choice)
    total = await session.scalar(select(func.count()).select_from(found.subquery()))
    rows = await session.execute(found.order_by(func.coalesce(Sortie.started_at, found.selected_columns.first_image_at).desc().nulls_last(), Sortie.id.desc())
                                 .limit(limit).offset(offset))
    return {"total": total, "rows": [_sortie(dict(r)) for r in rows.mappings()]}


def _sorties(filter: Filter, choice: Choice):
    without_text = filter.but(q=None)
    of = (
        select(Image.sortie_id, func.count().label("images"), func.min(Image.captured_at).label("first_image_at"), func.max(Image.captured_at).label("last_image_at"),
               func.min(Image.gsd_m).label("best_gsd_m"), func.array_agg(distinct(Image.product)).label("products"),
               func.array_agg(distinct(Image.marking)).label("image_markings"), func.sum(_hit(filter)).label("named"),
               cast(func.ST_AsGeoJSON(func.ST_Envelope(func.ST_Collect(Image.footprint)), 6), Text).label("extent"))
        .where(*without_text.images(), *choice.images(), Image.sortie_id.isnot(None)).group_by(Image.sortie_id).subquery()
    )
    conditions = [Sortie.world == filter.world_code]
    if filter.bbox or filter.area or choice.product or choice.max_gsd_m is not None or filter.known_at:
        conditions.append(of.c.images > 0)
    else:
        meets = [or_(Sortie.ended_at.is_(None), Sortie.ended_at >= filter.start)] if filter.start else []
        meets += [Sortie.started_at < filter.end] if filter.end else []
        meets += [Sortie.agency_id.in_(select(Agency.id).where(Agency.world == filter.world_code, Agency.name.in_(filter.agency)))] if filter.agency else []
        meets += [Sortie.source_id.in_(filter.source)] if filter.source else []
        meets += [Sortie.marking.in_(choice.marking)] if choice.marking else []
        conditions.append(or_(of.c.images > 0, and_(*meets)) if meets else True)
    if choice.sortie is not None:
        conditions.append(Sortie.id == choice.sortie)
    if choice.key is not None:
        conditions.append(Sortie.key == choice.key)
    if filter.q:
        conditions.append(or_(of.c.named > 0, any_like(filter.q, Sortie.key, Sortie.platform, Sortie.sensor)))
    return (
        select(Sortie.id, Sortie.world, Sortie.key, Sortie.platform, Sortie.sensor, Sortie.started_at, Sortie.ended_at, Sortie.track_id, Sortie.authority_id, Sortie.marking,
               Agency.name.label("agency"), func.coalesce(of.c.images, 0).label("images"), of.c.first_image_at, of.c.last_image_at, of.c.best_gsd_m, of.c.products,
               of.c.image_markings, of.c.extent, Source.name.label("source"), Source.received_at, Source.options["by"].astext.label("brought_by"))
        .outerjoin(of, of.c.sortie_id == Sortie.id).outerjoin(Agency, Agency.id == Sortie.agency_id).outerjoin(Source, Source.id == Sortie.source_id).where(*conditions)
    )


def _hit(filter: Filter):
    """1 for an image whose name holds the text."""
    return cast(any_like(filter.q, Image.name), Integer) if filter.q else 0


def _sortie(row: dict) -> dict:
    return {**row, "world": "exercise" if row["world"] else "live", "extent": row["extent"] and orjson.loads(row["extent"]), "products": row["products"] or [],
            "image_markings": row["image_markings"] or []}


async def agencies(session: AsyncConnection, filter: Filter) -> list[str]:
    """The agencies whose images or films there are in the filter's world."""
    theirs = union(*(select(of.agency_id).where(of.world == filter.world_code) for of in (Image, Video)))
    names = select(Agency.name).where(Agency.world == filter.world_code, Agency.id.in_(theirs))
    return list(await session.scalars(names.order_by(Agency.name)))


async def sortie(session: AsyncConnection, filter: Filter, number: int) -> dict:
    """One sortie of the filter's world, with all of its images counted and its path as far as it may be seen. Raises NotFound."""
    row = (await session.execute(_sorties(Filter(world=filter.world), Choice(sortie=number)))).mappings().one_or_none() if number else None
    if row is None:
        raise NotFound(f"no sortie {number} in the {filter.world} world")
    path = None
    if row["track_id"] is not None:
        parts = select(Segment.line).where(Segment.world == filter.world_code, Segment.track_id == row["track_id"], Segment.gap.is_(False)).order_by(Segment.hour).limit(PATH_SEGMENTS_MAX).subquery()
        path = await session.scalar(select(cast(func.ST_AsGeoJSON(func.ST_Simplify(func.ST_Collect(func.ST_Force2D(parts.c.line)), PATH_DEGREES), 6), Text)))
    return {**_sortie(dict(row)), "path": path and orjson.loads(path)}


async def image(session: AsyncConnection, filter: Filter, number: int) -> dict:
    """One image with how it was made, what file it is of, who brought that and when. Raises NotFound."""
    found = await imagery.one(session, filter, number)
    about = (await session.execute(
        select(Image.provenance, Image.sortie_id, Source.sha256.label("source_sha256"), Source.size_bytes.label("source_bytes"), Source.received_at,
               Source.options["by"].astext.label("brought_by"), Source.options["within"].astext.label("within"))
        .outerjoin(Source, Source.id == Image.source_id).where(Image.world == filter.world_code, Image.id == number))).mappings().one()
    return {**found, **about}
