"""Authorities: the legal basis to follow a tag, a vehicle or a person, as their keeper enters them. By the owner, in the caller's transaction."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path

import numpy as np
import psycopg
import shapely

from data import areas
from data.people import agency_id, tell
from data.quadkey import qk
from errors import InputRefused, NotFound

TEMPLATES = Path(__file__).parent / "authorities.toml"
WARNINGS = (timedelta(days=7), timedelta(hours=24), timedelta(0))


class AuthorityRefused(InputRefused):
    """An authority can't be like this."""


@lru_cache
def templates() -> dict[str, dict]:
    """Kind -> what it may be (data/authorities.toml)."""
    return tomllib.loads(TEMPLATES.read_text(encoding="utf-8"))


def add(connection: psycopg.Connection, agency: str, kind: str, reference: str, *, issuer: str, purpose: str, devices: list[str], valid_from: datetime,
        valid_to: datetime, area: shapely.Geometry | None = None) -> int:
    """Enter one. Raises AuthorityRefused when its kind does not allow it, NotFound for the agency."""
    if (template := templates().get(kind)) is None:
        raise AuthorityRefused(f"the kind {kind!r} is none, expected {', '.join(templates())}")
    for word, told in (("reference", reference), ("issuer", issuer), ("purpose", purpose)):
        if not told.strip() or not told.isprintable():
            raise AuthorityRefused(f"the {word} is {told!r}, expected words")
    if not devices or not all(d.strip() for d in devices):
        raise AuthorityRefused("no device is told: an authority names what may be followed, such as tag:V-1 or a plate")
    if valid_to <= valid_from:
        raise AuthorityRefused(f"it ends {valid_to:%Y-%m-%d %H:%M}, before it begins")
    if (most := longest(template)) is not None and valid_to - valid_from > most:
        raise AuthorityRefused(f"a {kind} lasts {most} at most ({template['source']}), and this one {valid_to - valid_from}")
    if told := areas.wrong(area):
        raise AuthorityRefused(told)
    install_by = valid_from + timedelta(days=template["install_days"]) if "install_days" in template else None
    whose = agency_id(connection, agency)
    try:
        with connection.transaction():
            (number,) = connection.execute(
                """
                INSERT INTO authority (agency_id, kind, reference, issuer, purpose, devices, area, install_by, valid_from, valid_to)
                VALUES (%s, %s, %s, %s, %s, %s, ST_Multi(ST_GeomFromWKB(%s, 4326)), %s, %s, %s) RETURNING id
                """, (whose, kind, reference.strip(), issuer.strip(), purpose.strip(), devices, shapely.to_wkb(area) if area is not None else None,
                      install_by, valid_from, valid_to)).fetchone()
    except psycopg.errors.UniqueViolation:
        raise AuthorityRefused(f"{agency} has a {reference} already; a renewal has a reference of its own") from None
    for duty in template.get("duties", ()):
        connection.execute("INSERT INTO duty (authority_id, name, within) VALUES (%s, %s, %s)",
                           (number, duty["name"], timedelta(days=duty.get("days", 0), hours=duty.get("hours", 0))))
    _changed(connection, whose)
    tell(connection, "change", of=f"authority:{number}", to=f"{kind} from {valid_from.isoformat()} to {valid_to.isoformat()}", case=reference.strip())
    return number


def longest(template: dict) -> timedelta | None:
    """What a kind may last at most."""
    if "days" in template or "hours" in template:
        return timedelta(days=template.get("days", 0), hours=template.get("hours", 0))
    return None


def revoke(connection: psycopg.Connection, agency: str, reference: str) -> None:
    """It ends now: what it covers is shown no more. Raises NotFound."""
    whose = agency_id(connection, agency)
    row = connection.execute("UPDATE authority SET revoked_at = now() WHERE agency_id = %s AND reference = %s AND revoked_at IS NULL RETURNING id",
                             (whose, reference.strip())).fetchone()
    if row is None:
        raise NotFound(f"{agency} has no authority {reference!r} that is not revoked")
    _changed(connection, whose)
    tell(connection, "change", of=f"authority:{row[0]}", to="revoked", case=reference.strip())


def govern(connection: psycopg.Connection, agency: str, kinds: list[str]) -> None:
    """Which kinds of track an agency follows under an authority alone."""
    whose = agency_id(connection, agency)
    connection.execute("UPDATE agency SET governed = %s WHERE id = %s", (kinds, whose))
    _changed(connection, whose)
    tell(connection, "change", of=f"agency:{whose}", to=f"authority needed for {','.join(kinds) or 'nothing'}")


def listed(connection: psycopg.Connection, now: datetime | None = None) -> list[dict]:
    """Every authority, those that end first on top, with what there is to say of its end."""
    now = now or datetime.now(timezone.utc)
    rows = connection.execute("""
        SELECT h.reference, a.name, h.kind, h.issuer, h.purpose, h.devices, h.valid_from, h.valid_to, h.install_by, h.revoked_at, h.area IS NOT NULL
        FROM authority h JOIN agency a ON a.id = h.agency_id ORDER BY coalesce(h.revoked_at, h.valid_to)
    """)
    keys = ("name", "agency", "kind", "issuer", "purpose", "devices", "from", "to", "install_by", "revoked", "with_area")
    return [{**row, "says": says(row["from"], row["to"], row["revoked"], now)} for row in (dict(zip(keys, r)) for r in rows)]


def says(valid_from: datetime, valid_to: datetime, revoked_at: datetime | None, now: datetime) -> str:
    """Where an authority stands: warned of 7 days and 24 hours before its end, and at it.

    >>> t = datetime(2026, 3, 8, tzinfo=timezone.utc)
    >>> [says(t, t + timedelta(days=45), None, t + timedelta(days=d)) for d in (-1, 1, 38, 44, 45)]
    ['not yet', 'runs', 'ends within 7 days', 'ends within 24 hours', 'has ended']
    """
    if revoked_at is not None and revoked_at <= now:
        return "revoked"
    if now < valid_from:
        return "not yet"
    left = valid_to - now
    week, day, end = WARNINGS
    return "has ended" if left <= end else "ends within 24 hours" if left <= day else "ends within 7 days" if left <= week else "runs"


def _changed(connection: psycopg.Connection, agency: int) -> None:
    connection.execute("SELECT vigia.seal(%s)", (agency,))
    # Whoever looks asks again: a page keeps what it was given until the state of its data is another.
    connection.execute("INSERT INTO data_state (world, layer, version) VALUES (0, 'tracks', 1) "
                       "ON CONFLICT (world, layer) DO UPDATE SET version = data_state.version + 1, changed_at = now()")


# -- for whoever stores fixes -----------------------------------------------------------------------------------------

REASONS = ("none", "device", "time", "area")


@dataclass(frozen=True)
class Limit:
    """One authority over one track: from, to (epoch microseconds), and where."""

    from_us: int
    to_us: int
    area: shapely.Geometry | None


def limits(connection: psycopg.Connection, world: int, tracks: list[int]) -> dict[int, list[Limit]]:
    """The governed ones of these tracks, each with the authorities that name it. None is governed in the exercise."""
    if world != 0 or not tracks:
        return {}
    rows = connection.execute("""
        SELECT t.id, extract(epoch FROM h.valid_from) * 1000000, extract(epoch FROM least(h.valid_to, coalesce(h.revoked_at, 'infinity'))) * 1000000,
               ST_AsBinary(h.area)
        FROM track t JOIN agency a ON a.id = t.agency_id
        LEFT JOIN authority h ON h.agency_id = t.agency_id
          AND (t.key = ANY (h.devices) OR EXISTS (SELECT FROM jsonb_each_text(t.identifiers) i WHERE i.value = ANY (h.devices)))
        WHERE t.id = ANY (%s) AND t.kind = ANY (a.governed)
    """, (tracks,)).fetchall()
    out: dict[int, list[Limit]] = {}
    for track, start, end, area in rows:
        mine = out.setdefault(track, [])
        if start is not None:
            shape = shapely.from_wkb(bytes(area)) if area is not None else None
            if shape is not None:
                shapely.prepare(shape)
            mine.append(Limit(int(start), int(end), shape))
    return out


def outside(limits: dict[int, list[Limit]], track_id: np.ndarray, observed_us: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """For each fix 0 when it may be kept, else 1 + its place in REASONS. Arrays of shape (n,)."""
    out = np.zeros(len(track_id), np.int8)
    for track, mine in limits.items():
        at = np.flatnonzero(track_id == track)
        if not len(at):
            continue
        in_time, inside = np.zeros(len(at), bool), np.zeros(len(at), bool)
        for limit in mine:
            timely = (observed_us[at] >= limit.from_us) & (observed_us[at] < limit.to_us)
            in_time |= timely
            inside |= timely & (True if limit.area is None else shapely.intersects_xy(limit.area, lon[at], lat[at]))
        reason = np.where(in_time, 1 + REASONS.index("area"), 1 + REASONS.index("time" if mine else "none"))
        out[at] = np.where(inside, 0, reason)
    return out


def seal(connection: psycopg.Connection, world: int, source_id: int, columns: dict[str, np.ndarray], why: np.ndarray) -> dict[str, tuple[int, list[int]]]:
    """Put fixes into quarantine; how many of them are new, and of which tracks, by reason. Columns track_id, observed_us, lon, lat of shape (n,), `why` of `outside`."""
    keys = qk(columns["lon"], columns["lat"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS sealing (track_id bigint, at float8, qk bigint, lon float8, lat float8, reason text) "
                       "ON COMMIT DELETE ROWS; TRUNCATE sealing")
        with cursor.copy("COPY sealing FROM STDIN") as copy:
            for row in zip(columns["track_id"].tolist(), (columns["observed_us"] / 1e6).tolist(), keys.tolist(), columns["lon"].tolist(),
                           columns["lat"].tolist(), [REASONS[w - 1] for w in why.tolist()]):
                copy.write_row(row)
        rows = cursor.execute("""
            WITH new AS (
              INSERT INTO quarantine (world, track_id, observed_at, qk, geom, reason, source_id)
              SELECT %s, track_id, to_timestamp(at), qk, ST_SetSRID(ST_MakePoint(lon, lat), 4326), reason, %s FROM sealing
              ON CONFLICT DO NOTHING RETURNING reason, track_id
            ) SELECT reason, count(*), array_agg(DISTINCT track_id) FROM new GROUP BY 1
        """, (world, source_id)).fetchall()
    return {reason: (number, tracks) for reason, number, tracks in rows}
