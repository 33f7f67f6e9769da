"""One filter for everything: the query string is a Filter, and a Filter becomes conditions in SQL here and nowhere else.

A condition on what a layer does not have (a drug for a track) leaves that layer as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, case, func, literal, literal_column, or_, select, true

from data.flags import UNTRUSTED
from data.models import Agency, Event, Fix, Image, LatestFix, Segment, Seizure, Track, Unsettled, Video
from data.names import any_like, left_out, named
from data.query import PARSERS, TEXT, plain_text, time_text
from data.records import BBox
from data.worlds import CODES, World
from errors import FilterInvalid


HOUR = timedelta(hours=1)
# As the index of long ones says it (data/models/seizures.py), so that it is recognised.
LONG = Seizure.time_span.in_([literal_column("'month'"), literal_column("'range'")])


@dataclass(frozen=True)
class Filter:
    """What is asked for. `start` and `at` are included, `end` is not; an empty tuple means all."""

    world: World = "live"
    start: datetime | None = None
    end: datetime | None = None
    at: datetime | None = None
    """Where the clock stands: what happened up to then, as it was then."""
    known_at: datetime | None = None
    bbox: BBox | None = None
    area: tuple[tuple[float, float], ...] = ()
    """A ring of (longitude, latitude) in degrees, closed by itself."""
    kind: tuple[str, ...] = ()
    track: tuple[int, ...] = ()
    drug: tuple[str, ...] = ()
    min_kg: float | None = None
    max_kg: float | None = None
    conveyance: tuple[str, ...] = ()
    agency: tuple[str, ...] = ()
    source: tuple[int, ...] = ()
    q: str | None = None

    @classmethod
    def from_query(cls, items: Iterable[tuple[str, str]], also: frozenset[str] = frozenset()) -> Filter:
        """The Filter of a query string's pairs (`request.query_params.multi_items()`).

        Lists repeat or take commas. `also` names keys that the caller reads by itself. Raises FilterInvalid
        with every bad key at once.
        """
        values: dict[str, list[str]] = {}
        problems: list[dict] = []
        for key, value in items:
            if key in also:
                continue
            if key not in PARSERS:
                problems.append({"key": key, "value": value, "expected": f"one of {', '.join(PARSERS)}"})
                continue
            values.setdefault(key, []).append(value)
        found: dict[str, object] = {}
        for key, told in values.items():
            name, parse = PARSERS[key]
            try:
                found[name] = parse(told)
            except ValueError as error:
                problems.append({"key": key, "value": ",".join(told)[:200], "expected": str(error)})
        start, end = found.get("start"), found.get("end")
        if start and end and start >= end:
            problems.append({"key": "to", "value": time_text(end), "expected": f"a time after from={time_text(start)}"})
        low, high = found.get("min_kg"), found.get("max_kg")
        if low is not None and high is not None and low > high:
            problems.append({"key": "max_kg", "value": f"{high:g}", "expected": f"at least min_kg={low:g}"})
        if problems:
            raise FilterInvalid(problems)
        return cls(**found)

    def pairs(self) -> list[tuple[str, str]]:
        """The query string's pairs, in one canonical order: equal filters give equal text."""
        out: list[tuple[str, str]] = [("world", self.world)]
        for key, (name, _) in PARSERS.items():
            value = getattr(self, name)
            if key == "world" or value is None or value == ():
                continue
            out.append((key, TEXT.get(key, plain_text)(value)))
        return out

    def query(self) -> str:
        """The canonical query string."""
        return urlencode(self.pairs())

    def but(self, **changes: object) -> Filter:
        """The same with some parts changed."""
        return replace(self, **changes)

    @property
    def by_then(self) -> str:
        """Words for what was not there yet: `, up to 2026-11-24T03:12:00Z`; nothing while live."""
        return f", up to {time_text(self.at)}" if self.at else ""

    @property
    def world_code(self) -> int:
        return CODES[self.world]

    # -- conditions --------------------------------------------------------------------------------------------------

    def seizures(self) -> list[ColumnElement[bool]]:
        """Conditions on `seizure`. A seizure counts when its time range meets the window."""
        out = [Seizure.world == self.world_code]
        if self.start:
            # What is told by event or day lasts a day at most (25 hours where a clock is put back): so an index finds it by its start.
            out += [Seizure.ended_at > self.start, or_(Seizure.started_at > self.start - timedelta(days=2), LONG)]
        if self.end:
            out.append(Seizure.started_at < self.end)
        if self.at:
            out.append(Seizure.started_at <= self.at)
        if self.known_at:
            out.append(Seizure.recorded_at <= self.known_at)
        if self.drug:
            out.append(Seizure.drug.in_(self.drug))
        if self.min_kg is not None:
            out.append(Seizure.kg >= self.min_kg)
        if self.max_kg is not None:
            out.append(Seizure.kg <= self.max_kg)
        if self.conveyance:
            out.append(func.coalesce(Seizure.conveyance, "other").in_(self.conveyance))
        if self.agency:
            out.append(Seizure.agency_id.in_(self._agencies()))
        if self.source:
            out.append(Seizure.source_id.in_(self.source))
        if self.q:
            out.append(any_like(self.q, Seizure.place, Seizure.drug_told, Seizure.concealment, Seizure.origin,
                                 Seizure.transit, Seizure.destination))
        out += self.inside(Seizure.geom)
        return out

    def segments(self) -> list[ColumnElement[bool]]:
        """Conditions on `segment`. A track is in the window when one of its hours is."""
        out = [Segment.world == self.world_code]
        if self.start:
            out += [Segment.hour > self.start - HOUR, Segment.ended_at >= self.start]
        if self.end:
            out += [Segment.hour < self.end, Segment.started_at < self.end]
        if self.at:
            # A silence that was not over yet is none.
            out += [Segment.hour <= self.at, Segment.started_at <= self.at, or_(Segment.gap.is_(False), Segment.ended_at <= self.at)]
        if self.known_at:
            out.append(Segment.first_recorded_at <= self.known_at)
        if self.kind:
            out.append(Segment.kind.in_(self.kind))
        if self.agency:
            out.append(Segment.agency_id.in_(self._agencies()))
        if self.track:
            out.append(Segment.track_id.in_(self.track))
        if self.source or self.q:
            out.append(Segment.track_id.in_(self._tracks_told()))
        place = self.inside(Segment.line)
        if whole := self.whole():
            # Only where the line says more than is asked are its fixes looked at.
            return [*out, case((and_(*whole), and_(true(), *place)), else_=self._fix_in_hour(Segment))]
        return out + place

    def whole(self) -> list[ColumnElement[bool]]:
        """Conditions on `segment`: its line stands as it is, for nothing of it happened or was recorded later. None: every line does."""
        return [*([Segment.ended_at <= self.at] if self.at else []), *([Segment.last_recorded_at <= self.known_at] if self.known_at else [])]

    def unsettled(self) -> list[ColumnElement[bool]]:
        """Conditions on `unsettled` and its track: hours in the window whose lines are still to be made."""
        out = [Unsettled.world == self.world_code]
        if self.start:
            out.append(Unsettled.hour > self.start - HOUR)
        if self.end:
            out.append(Unsettled.hour < self.end)
        if self.kind:
            out.append(Track.kind.in_(self.kind))
        if self.agency:
            out.append(Track.agency_id.in_(self._agencies()))
        if self.track:
            out.append(Unsettled.track_id.in_(self.track))
        if self.source or self.q:
            out.append(Unsettled.track_id.in_(self._tracks_told()))
        return [*out, self._fix_in_hour(Unsettled)]

    def fixes(self) -> list[ColumnElement[bool]]:
        """Conditions on `fix`: of the world, trusted, of no later than the clock, and known by then."""
        return [Fix.world == self.world_code, Fix.flags.op("&")(UNTRUSTED) == 0, *([Fix.observed_at <= self.at] if self.at else []),
                *([Fix.recorded_at <= self.known_at] if self.known_at else [])]

    def positions(self) -> list[ColumnElement[bool]]:
        """Conditions on `fix` by itself: in the window and the place, of the tracks asked for."""
        out = [*self.fixes(), *([Fix.observed_at >= self.start] if self.start else []), *([Fix.observed_at < self.end] if self.end else []), *self.inside(Fix.geom)]
        of_track = [*([Track.kind.in_(self.kind)] if self.kind else []), *([Track.agency_id.in_(self._agencies())] if self.agency else [])]
        if of_track:
            out.append(Fix.track_id.in_(select(Track.id).where(Track.world == self.world_code, *of_track)))
        if self.track:
            out.append(Fix.track_id.in_(self.track))
        return [*out, Fix.track_id.in_(self._tracks_told())] if self.source or self.q else out

    def _fix_in_hour(self, of: type) -> ColumnElement[bool]:
        """A fix of that hour, in the window and the place, and by the clock and the time of knowing."""
        low = func.greatest(of.hour, self.start) if self.start else of.hour
        high = func.least(of.hour + HOUR, self.end) if self.end else of.hour + HOUR
        # With a limit it is looked up for each hour by the key; as EXISTS it is planned as a join over all fixes.
        return func.coalesce(select(literal(True)).where(
            *self.fixes(), Fix.track_id == of.track_id, Fix.observed_at >= low, Fix.observed_at < high, *self.inside(Fix.geom)).limit(1).correlate(of).scalar_subquery(), False)

    def latest(self) -> list[ColumnElement[bool]]:
        """Conditions on `latest_fix`: the newest position of each track, not cut by the window's start."""
        out = [LatestFix.world == self.world_code]
        if self.kind:
            out.append(LatestFix.kind.in_(self.kind))
        if self.agency:
            out.append(LatestFix.agency_id.in_(self._agencies()))
        if self.track:
            out.append(LatestFix.track_id.in_(self.track))
        if self.source or self.q:
            out.append(LatestFix.track_id.in_(self._tracks_told()))
        out += self.inside(LatestFix.geom)
        return out

    def images(self) -> list[ColumnElement[bool]]:
        """Conditions on `image`."""
        out = [Image.world == self.world_code]
        if self.start:
            out.append(Image.captured_at >= self.start)
        if self.end:
            out.append(Image.captured_at < self.end)
        if self.at:
            out.append(Image.captured_at <= self.at)
        if self.known_at:
            out.append(Image.recorded_at <= self.known_at)
        if self.agency:
            out.append(Image.agency_id.in_(self._agencies()))
        if self.source:
            out.append(Image.source_id.in_(self.source))
        if self.q:
            out.append(any_like(self.q, Image.name))
        out += self.inside(Image.footprint)
        return out

    def videos(self) -> list[ColumnElement[bool]]:
        """Conditions on `video`. It counts when its time meets the window."""
        out = [Video.world == self.world_code, *self.inside(Video.extent)]
        out += [Video.ended_at >= self.start] if self.start else []
        out += [Video.started_at < self.end] if self.end else []
        out += [Video.started_at <= self.at] if self.at else []
        out += [Video.recorded_at <= self.known_at] if self.known_at else []
        out += [Video.agency_id.in_(self._agencies())] if self.agency else []
        out += [Video.source_id.in_(self.source)] if self.source else []
        return out + ([any_like(self.q, Video.name)] if self.q else [])

    def events(self, told: type) -> list[ColumnElement[bool]]:
        """Conditions on `event` and how it was told (`told`: itself, or its revisions). It counts when its time meets the window."""
        out = [Event.world == self.world_code, *self.inside(told.place)]
        out += [or_(told.ended_at.is_(None), told.ended_at >= self.start)] if self.start else []
        out += [told.started_at < self.end] if self.end else []
        out += [told.started_at <= self.at] if self.at else []
        out += [Event.kinds.overlap(list(self.kind))] if self.kind else []
        for tracks in (self.track,) * bool(self.track) + (self._tracks_told(),) * bool(self.source or self.q):
            out.append(or_(Event.track_id.in_(tracks), Event.other_id.in_(tracks)))
        return out + ([Event.agencies.overlap(select(func.array_agg(Agency.id)).where(Agency.id.in_(self._agencies())).scalar_subquery())] if self.agency else [])

    def _agencies(self):
        return select(Agency.id).where(Agency.world == self.world_code, Agency.name.in_(self.agency))

    def _tracks_told(self):
        """Tracks whose name or identity holds the text, or that came from the sources."""
        conditions = [Track.world == self.world_code]
        if self.source:
            conditions.append(Track.source_id.in_(self.source))
        if self.q:
            conditions.append(named(self.q))
            if self.left_out:
                conditions.append(Track.kind.not_in(self.left_out))
        return select(Track.id).where(*conditions)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The kinds of which `q` finds none, for want of a purpose."""
        return left_out(self.world, self.q)

    def inside(self, geometry) -> list[ColumnElement[bool]]:
        """Conditions of place on a geometry of whatever table (EPSG:4326)."""
        out: list[ColumnElement[bool]] = []
        if self.bbox:
            west, south, east, north = self.bbox
            boxes = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
            out.append(or_(*(
                func.ST_Intersects(geometry, func.ST_MakeEnvelope(w, south, e, north, 4326)) for w, e in boxes
            )))
        if self.area:
            ring = ", ".join(f"{lon:.7f} {lat:.7f}" for lon, lat in (*self.area, self.area[0]))
            shape = func.ST_MakeValid(func.ST_GeomFromText(f"POLYGON(({ring}))", 4326))
            out.append(func.ST_Intersects(geometry, shape))
        return out


KEYS: tuple[str, ...] = tuple(PARSERS)

assert {name for name, _ in PARSERS.values()} == {f.name for f in fields(Filter)}
