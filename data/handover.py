"""Hand-over: what leaves the area of its authority is offered to the agency that is competent there. By the owner, in the caller's transaction.

An offer says that something entered, from whom and under which reference; of where it says a cell of some 50 km, of the fixes nothing. Who accepts
it needs an authority of their own; from then on what comes in of that track and lies within this authority is stored for a track of theirs as
well. No sealed fix is ever unsealed by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
import psycopg
import shapely
from psycopg.types.json import Jsonb

from data import areas, authority
from data.authority import Limit
from data.people import agency_id, person_id, tell
from data.quadkey import CELL_LEVEL, POINT_LEVEL, qk, squeeze_array
from errors import Forbidden, InputRefused, NotFound

OFFER_H = 72  # for which an offer stands
COARSE_LEVEL = 9
DECIDING = ("coordinator", "supervisor", "legal")
US = 1_000_000


class HandoverRefused(InputRefused):
    """An offer can't be accepted or declined like this."""


def set_area(connection: psycopg.Connection, agency: str, area: shapely.Geometry | None) -> None:
    """Where an agency is competent; None: nowhere in particular. Raises NotFound, HandoverRefused."""
    if told := areas.wrong(area):
        raise HandoverRefused(told)
    whose = agency_id(connection, agency)
    connection.execute("UPDATE agency SET area = ST_Multi(ST_GeomFromWKB(%s, 4326)) WHERE id = %s", (shapely.to_wkb(area) if area is not None else None, whose))
    tell(connection, "change", of=f"agency:{whose}", to="competent in an area" if area is not None else "competent in no area")


def coarse_cell(lon: float, lat: float) -> int:
    """The cell of COARSE_LEVEL a place lies in (data/quadkey.py)."""
    key = int(qk(np.array([lon]), np.array([lat]))[0]) >> 2 * (POINT_LEVEL - COARSE_LEVEL)
    return (key << 2 * (CELL_LEVEL - COARSE_LEVEL)) << 5 | COARSE_LEVEL


def middle(cell: int) -> tuple[float, float]:
    """Longitude and latitude of a cell's middle, degrees.

    >>> [round(v, 1) for v in middle(coarse_cell(-97.5, 26.0))]
    [-97.4, 26.1]
    """
    level = cell & 31
    column, row = (int(v[0]) for v in squeeze_array(np.array([cell >> 5 >> 2 * (CELL_LEVEL - level)])))
    side = 1 << level
    return 360 * (column + 0.5) / side - 180, float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + 0.5) / side)))))


# -- for whoever stores fixes -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Competence:
    """An agency and where it is competent."""

    agency: int
    area: shapely.Geometry


class Handing:
    """What becomes of fixes that an import seals for their area: offers, and fixes of the tracks of those who accepted one."""

    def __init__(self, connection: psycopg.Connection):
        self._connection = connection
        self._competent = [Competence(number, shapely.from_wkb(bytes(area))) for number, area in
                           connection.execute("SELECT id, ST_AsBinary(area) FROM agency WHERE world = 0 AND area IS NOT NULL ORDER BY id")]
        shapely.prepare([c.area for c in self._competent])
        self._accepted: dict[int, dict[int, list[Limit]]] = {}  # track -> track of the agency that accepted -> where that one may follow it
        self.offered = self.unclaimed = 0

    def know(self, tracks: list[int]) -> None:
        """Find out which of these tracks somebody accepted."""
        for track, own, from_s, to_s, area in self._connection.execute("""
            SELECT o.track_id, o.own_track_id, extract(epoch FROM greatest(h.valid_from, o.decided_at)),
                   extract(epoch FROM least(h.valid_to, coalesce(h.revoked_at, 'infinity'))), ST_AsBinary(h.area)
            FROM handover o JOIN track t ON t.id = o.own_track_id
            JOIN authority h ON h.agency_id = o.to_agency_id AND access.names(h.devices, t.key, t.identifiers)
            WHERE o.track_id = ANY (%s) AND o.state = 'accepted'
        """, (tracks,)).fetchall():
            limit = Limit(int(from_s * US), int(to_s * US), shapely.from_wkb(bytes(area)) if area is not None else None)
            self._accepted.setdefault(track, {}).setdefault(own, []).append(limit)

    def beyond(self, columns: dict[str, np.ndarray], why: np.ndarray, sealed: dict[str, tuple[int, list[int]]]) -> list[dict[str, np.ndarray]]:
        """What becomes of fixes that were just sealed (`why` of authority.outside, `sealed` of authority.seal): offers, and fixes that are others' now."""
        tracks = sealed.get("area", (0, []))[1]
        if not tracks:
            return []
        at = np.flatnonzero((why == 1 + authority.REASONS.index("area")) & np.isin(columns["track_id"], tracks))
        gone = {name: values[at] for name, values in columns.items()}
        self.left(gone)
        return self.theirs(gone)

    def theirs(self, columns: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
        """Of fixes sealed for their area, those that are others' now, as fixes of the others' tracks."""
        out = []
        for track, owners in self._accepted.items():
            at = np.flatnonzero(columns["track_id"] == track)
            for own, limits in owners.items():
                mine = {name: values[at] for name, values in columns.items()} | {"track_id": np.full(len(at), own)}
                kept = authority.outside({own: limits}, mine["track_id"], mine["observed_us"], mine["lon"], mine["lat"]) == 0
                if kept.any():
                    out.append({name: values[kept] for name, values in mine.items()})
        return out

    def left(self, columns: dict[str, np.ndarray]) -> None:
        """Offer what these fixes, sealed for their area, tell of: each track once to each agency that is competent where one of them lies."""
        for track in np.unique(columns["track_id"]).tolist():
            at = np.flatnonzero(columns["track_id"] == track)
            at = at[np.argsort(columns["observed_us"][at], kind="stable")]
            lon, lat = columns["lon"][at], columns["lat"][at]
            (own,) = self._connection.execute("SELECT agency_id FROM track WHERE id = %s", (track,)).fetchone()
            inside = [(c.agency, np.flatnonzero(shapely.intersects_xy(c.area, lon, lat))) for c in self._competent]
            found = [(agency, int(where[0])) for agency, where in inside if len(where)]
            # Where its own agency is competent, what it lacks is an authority and not somebody to hand over to.
            for agency, i in [f for f in found if f[0] != own] if found else [(None, 0)]:
                made = self._offer(track, agency, float(columns["observed_us"][at[i]]) / US, coarse_cell(float(lon[i]), float(lat[i])))
                self.offered += made and agency is not None
                self.unclaimed += made and agency is None

    def _offer(self, track: int, agency: int | None, observed_s: float, cell: int) -> bool:
        self._connection.execute("UPDATE handover SET state = 'expired' WHERE track_id = %s AND state = 'offered' AND expires_at <= now()", (track,))
        row = self._connection.execute("""
            INSERT INTO handover (track_id, authority_id, from_agency_id, to_agency_id, observed_at, cell, state, expires_at)
            SELECT t.id, h.id, t.agency_id, %(to)s::int, to_timestamp(%(at)s), %(cell)s,
                   CASE WHEN %(to)s::int IS NULL THEN 'nobody' ELSE 'offered' END, now() + make_interval(hours => %(hours)s)
            FROM track t CROSS JOIN LATERAL (
              SELECT h.id FROM authority h WHERE h.agency_id = t.agency_id AND access.names(h.devices, t.key, t.identifiers)
                AND h.valid_from <= to_timestamp(%(at)s) AND to_timestamp(%(at)s) < least(h.valid_to, coalesce(h.revoked_at, 'infinity'))
              ORDER BY h.valid_from DESC LIMIT 1
            ) h WHERE t.id = %(track)s
            ON CONFLICT (track_id, to_agency_id) WHERE state <> 'expired' DO NOTHING RETURNING id
        """, {"track": track, "to": agency, "at": observed_s, "cell": cell, "hours": OFFER_H}).fetchone()
        if row is not None:
            tell(self._connection, "change", of=f"handover:{row[0]}", to=f"offered to agency:{agency}" if agency else "no agency is competent there", track=track)
        return row is not None


# -- deciding ---------------------------------------------------------------------------------------------------------


def listed(connection: psycopg.Connection) -> list[dict]:
    """Every offer, the newest first."""
    rows = connection.execute("""
        SELECT o.id, f.name, r.name, h.reference, t.kind, o.observed_at, o.cell, CASE WHEN o.state = 'offered' AND o.expires_at <= now() THEN 'expired' ELSE o.state END,
               o.expires_at, p.name, own.reference
        FROM handover o JOIN track t ON t.id = o.track_id JOIN agency f ON f.id = o.from_agency_id JOIN authority h ON h.id = o.authority_id
        LEFT JOIN agency r ON r.id = o.to_agency_id LEFT JOIN access.person p ON p.id = o.decided_by LEFT JOIN authority own ON own.id = o.own_authority_id
        ORDER BY o.offered_at DESC, o.id DESC
    """)
    keys = ("number", "from", "to", "reference", "kind", "observed", "cell", "state", "expires", "by", "own_reference")
    told = [dict(zip(keys, row)) for row in rows]
    return [{**row, "cell": None, "to": row["to"] or "no agency is competent there", "about": about(row["cell"])} for row in told]


def about(cell: int) -> str:
    """A cell in words.

    >>> about(coarse_cell(-97.5, 26.0))
    'about 26.1° N 97.4° W'
    """
    lon, lat = middle(cell)
    return f"about {abs(lat):.1f}° {'N' if lat >= 0 else 'S'} {abs(lon):.1f}° {'E' if lon >= 0 else 'W'}"


def accept(connection: psycopg.Connection, number: int, reference: str, who: str) -> int:
    """Take an offer over, under an authority of the agency it was made to; the track that its later fixes are stored for.

    Raises NotFound, Forbidden, HandoverRefused.
    """
    person, row = _offered(connection, number, who)
    own = connection.execute("""
        SELECT id, devices, valid_from <= now() AND now() < least(valid_to, coalesce(revoked_at, 'infinity')) FROM authority
        WHERE agency_id = %s AND reference = %s
    """, (row["to"], reference.strip())).fetchone()
    if own is None:
        raise NotFound(f"that agency has no authority {reference!r}; enter it first: `./vigia authority add`")
    if not own[2]:
        raise HandoverRefused(f"the authority {reference!r} is not in force now")
    # No more of who it is than their own authority names already.
    named = {scheme: told for scheme, told in row["identifiers"].items() if str(told) in own[1]}
    key = row["key"] if row["key"] in own[1] else next((f"{scheme}:{told}" for scheme, told in sorted(named.items())), None)
    if key is None:
        raise HandoverRefused(f"the authority {reference!r} does not name what was offered: its devices are {', '.join(own[1])}")
    (track,) = connection.execute("""
        INSERT INTO track (world, key, kind, identifiers, agency_id, marking, sla_s, gap_s, source_id)
        SELECT world, %s, kind, %s, %s, marking, sla_s, gap_s, source_id FROM track WHERE id = %s
        ON CONFLICT (world, key, agency_id) DO UPDATE SET identifiers = track.identifiers || excluded.identifiers RETURNING id
    """, (key, Jsonb(named), row["to"], row["track"])).fetchone()
    connection.execute("UPDATE handover SET state = 'accepted', decided_at = now(), decided_by = %s, own_authority_id = %s, own_track_id = %s WHERE id = %s",
                       (person, own[0], track, number))
    connection.execute("SELECT vigia.seal(%s, %s)", (row["to"], [track]))
    tell(connection, "change", who=f"person:{person}", of=f"handover:{number}", to=f"accepted under authority:{own[0]}", track=track)
    return track


def decline(connection: psycopg.Connection, number: int, who: str) -> None:
    """Say no to an offer. Raises NotFound, Forbidden, HandoverRefused."""
    person, _ = _offered(connection, number, who)
    connection.execute("UPDATE handover SET state = 'declined', decided_at = now(), decided_by = %s WHERE id = %s", (person, number))
    tell(connection, "change", who=f"person:{person}", of=f"handover:{number}", to="declined")


def _offered(connection: psycopg.Connection, number: int, who: str) -> tuple[int, dict]:
    """Who decides, and an offer that stands and was made to their agency."""
    person = person_id(connection, who)
    row = connection.execute("""
        SELECT o.to_agency_id, o.track_id, o.state, o.expires_at, t.key, t.identifiers, o.to_agency_id IN (SELECT agency FROM access.answers_for(%s))
        FROM handover o JOIN track t ON t.id = o.track_id WHERE o.id = %s FOR UPDATE OF o
    """, (person, number)).fetchone()
    if row is None:
        raise NotFound(f"no offer {number}; `./vigia authority handovers` lists them")
    to, track, state, expires_at, key, identifiers, theirs = row
    if not theirs:
        raise Forbidden(f"{who} is no {', '.join(DECIDING)} of the agency this was offered to")
    if state != "offered" or expires_at <= datetime.now(timezone.utc):
        raise HandoverRefused(f"offer {number} is {'expired' if state == 'offered' else state}")
    return person, {"to": to, "track": track, "key": key, "identifiers": identifiers}
