"""What Traccar Client and OsmAnd send over HTTP: the words of a query, or the JSON of Traccar Client 9 and newer.

Queries tell knots, JSON metres a second. ref: https://www.traccar.org/osmand/
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

from feeds.ais_reports import KNOT_MPS
from feeds.times import TimeRefused, epoch_us, moment
from feeds.wire.fixes import ID_MAX
from feeds.wire.told import Frame, FrameDecoder, Heard, Told, Unfit
from feeds.wire.values import bounded, iso_us, mapping, measure, parse, place, shown, text

FIELDS_MAX = 100
BYTES_MAX = 16_384
SECONDS_BELOW = 2**31  # from here on a number is milliseconds


class OsmAnd(FrameDecoder):
    """One request each: `id=…&lat=…&lon=…` as query or form, or a JSON object."""

    def __init__(self, kind: str = "tag"):
        super().__init__()
        self.kind = kind

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        if len(frame.data) > BYTES_MAX:
            raise Unfit("too long", None, f"{len(frame.data):,} bytes", f"at most {BYTES_MAX:,} bytes")
        found = self._json(frame, number) if frame.data.lstrip()[:1] == b"{" else self._query(frame, number)
        if found is not None:
            yield found

    def _query(self, frame: Frame, number: int) -> Heard | None:
        row = _words(frame.data)
        if row.get("valid", "true").casefold() in ("false", "0"):
            self.passed["no position"] += 1
            return None
        if "location" in row and "lat" not in row:
            row["lat"], _, row["lon"] = row["location"].partition(",")
        lon, lat = place(row.get("lon"), row.get("lat"))
        return Heard(
            f"tag:{text({'id': row.get('id', row.get('deviceid'))}, 'id', ID_MAX, needed=True)}", self.kind,
            _time_us(row["timestamp"]) if "timestamp" in row else frame.received_us, lon, lat,
            speed_mps=measure(row.get("speed"), 0, 20_000) * KNOT_MPS, course_deg=measure(row.get("bearing", row.get("heading")), 0, 359.999),
            altitude_m=measure(row.get("altitude"), -12_000, 1_000_000), accuracy_m=measure(row.get("accuracy"), 0, 10_000_000), frame=number,
        )

    def _json(self, frame: Frame, number: int) -> Heard | None:
        row = mapping(parse(frame.data))
        told = mapping(row.get("location"))
        coords = mapping(told.get("coords"))
        lon, lat = place(coords.get("longitude"), coords.get("latitude"))
        return Heard(
            f"tag:{text({'id': row.get('device_id')}, 'id', ID_MAX, needed=True)}", self.kind, iso_us(told.get("timestamp"), "timestamp"), lon, lat,
            speed_mps=measure(coords.get("speed"), 0, 10_000), course_deg=measure(coords.get("heading"), 0, 359.999),
            altitude_m=measure(coords.get("altitude"), -12_000, 1_000_000), accuracy_m=measure(coords.get("accuracy"), 0, 10_000_000), frame=number,
        )


def _words(query: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query.decode("utf-8").strip().rpartition("?")[2], keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except UnicodeDecodeError:
        raise Unfit("not a query", None, None, "id=…&lat=…&lon=… in UTF-8") from None
    except ValueError:
        raise Unfit("too many words", None, None, f"at most {FIELDS_MAX} words") from None
    row = dict(pairs)
    if len(row) != len(pairs):
        seen: set[str] = set()
        name = next(n for n, _ in pairs if n in seen or seen.add(n))
        if name not in ("cell", "wifi"):  # which tell where the telephone's neighbours are
            raise Unfit("duplicate key", name, None, "each name once")
    return row


def _time_us(told: str) -> int:
    """Seconds, milliseconds, or ISO; without a zone it is UTC."""
    if told.lstrip("-").isdecimal() and len(told) < 20:
        at = int(told)
        return bounded(at * (1e6 if at < SECONDS_BELOW else 1e3), "timestamp", told)
    if (at := measure(told, 0, 1e15)) == at:  # seconds with a fraction
        return bounded(at * (1e6 if at < SECONDS_BELOW else 1e3), "timestamp", told)
    try:
        return bounded(epoch_us(moment(told, "UTC")), "timestamp", told)
    except (TimeRefused, OverflowError):
        raise Unfit("no time", "timestamp", shown(told), "seconds or milliseconds since 1970, or a time such as 2026-11-24T14:32:00Z") from None
