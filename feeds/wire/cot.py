"""Cursor on Target, in: events of TAK systems to positions.

ref: MITRE, Cursor on Target event schema 2.0 (case 11-3895); Developer's Guide to Cursor on Target (case 06-0249).
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from feeds.wire.framing import EVENT_MAX
from feeds.wire.told import Frame, Heard, Told, Unfit
from feeds.wire.values import clean, iso_us, measure, place
from feeds.xml import declared

UID_MAX = 200
PROTOBUF = b"\xbf"  # how messages of TAK protocol 1 begin
UNKNOWN_M = 9_999_999  # what hae, ce and le are when nobody knows
CALLS_MAX = 10_000  # kinds kept, for alerts that tell only whose they are
ALERT, ALERT_OVER = "b-a-o", "b-a-o-can"
CLASSES = {"t-x-d": "deletions", "t-": "tasks", "b-t": "chat", "b-m": "marks", "a-": "what does not move"}


class Cot:
    """Atoms (`a-…`) are followed objects; alerts (`b-a-o-…`) are their owner's position in an emergency; the rest is passed over."""

    def __init__(self) -> None:
        self.errors: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self._kinds: OrderedDict[str, str] = OrderedDict()

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the events tell."""
        out: list[Heard | Told] = []
        for number, frame in enumerate(frames):
            try:
                told = self._event(_parsed(frame.data), number)
            except Unfit as bad:
                self.errors[bad.what] += 1
                continue
            if told is not None:
                out.append(told)
        return out

    def _event(self, event: Element, number: int) -> Heard | Told | None:
        if event.tag != "event":
            raise Unfit("no event", None, event.tag[:80], "<event>")
        if measure(event.get("version"), 2, 3) != 2:
            raise Unfit("version", "version", event.get("version"), "2.0")
        type_, uid, detail = event.get("type", ""), event.get("uid", ""), event.find("detail")
        detail = Element("detail") if detail is None else detail
        alert = detail.find("emergency")
        cancelled = type_.startswith(ALERT_OVER) or alert is not None and alert.get("cancel", "").casefold() == "true"
        if type_.startswith(ALERT):
            if cancelled:
                self.passed["alerts taken back"] += 1
                return None
            link = detail.find("link")
            uid = uid if link is None else link.get("uid", uid)
            kind = self._kinds.get(uid, "person")
        else:
            kind = kind_of(type_)
            if kind is None:
                self.passed[_class(type_)] += 1
                return None
        uid = clean(uid, UID_MAX)
        if uid is None:
            raise Unfit("no uid", "uid", None, "what tells it from others")
        self._keep(uid, kind)
        return self._placed(event, detail, uid, kind, number, (alert is not None or type_.startswith(ALERT)) and not cancelled)

    def _placed(self, event: Element, detail: Element, uid: str, kind: str, number: int, emergency: bool) -> Heard | Told:
        contact, track, point = _child(detail, "contact"), _child(detail, "track"), event.find("point")
        if point is None:
            raise Unfit("no position", "point", None, "<point>")
        name = clean(contact.get("callsign"))
        identifiers = {"callsign": name} if name else {}
        lon, lat = place(point.get("lon"), point.get("lat"))
        accuracy_m = measure(point.get("ce"), 0, UNKNOWN_M - 1)
        if lon == 0 and lat == 0 and accuracy_m != accuracy_m:
            self.passed["no position"] += 1  # a device that has none says 0, 0 give or take 9,999,999 m
            return Told(f"cot:{uid}", kind, name, identifiers, number)
        return Heard(
            f"cot:{uid}", kind, iso_us(event.get("time"), "time"), lon, lat, name, identifiers, speed_mps=measure(track.get("speed"), 0, 10_000),
            course_deg=measure(track.get("course"), 0, 359.999), altitude_m=measure(point.get("hae"), -12_000, 1_000_000),
            accuracy_m=accuracy_m, frame=number, emergency=emergency,
        )

    def _keep(self, uid: str, kind: str) -> None:
        self._kinds[uid] = kind
        self._kinds.move_to_end(uid)
        if len(self._kinds) > CALLS_MAX:
            self._kinds.popitem(last=False)


def _parsed(data: bytes) -> Element:
    if len(data) > EVENT_MAX:
        raise Unfit("too long", None, f"{len(data):,} bytes", f"at most {EVENT_MAX:,} bytes")
    if data.startswith(PROTOBUF):
        raise Unfit("TAK protobuf", None, None, "XML: version 0 of the TAK protocol")
    if found := declared(data):
        raise Unfit("DOCTYPE", None, found, "XML without a DOCTYPE or entities")
    try:
        return fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise Unfit("DOCTYPE", None, None, "XML without a DOCTYPE or entities") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise Unfit("not XML", None, str(error)[:120], "well-formed XML") from None


def _child(detail: Element, name: str) -> Element:
    found = detail.find(name)
    return Element(name) if found is None else found


def kind_of(type_: str) -> str | None:
    """Our word for a CoT type; None for what is no followed object.

    >>> [kind_of(t) for t in ("a-f-G-E-V-C", "a-h-A-M-F-Q", "a-u-A-C-F", "a-n-S-X-M", "a-f-G-U-C", "a-u-G", "a-f-G-I-H", "t-x-d-d")]
    ['vehicle', 'drone', 'aircraft', 'vessel', 'person', 'tag', None, None]
    """
    atom, *rest = type_.split(";")[0].split("-")
    if atom != "a" or len(rest) < 2:
        return None
    dimension, function = rest[1], [word.upper() for word in rest[2:]]
    if dimension == "A":
        return "drone" if function[2:3] == ["Q"] else "aircraft"
    if dimension in ("S", "U"):
        return "vessel"
    if dimension == "G":
        if function[:1] == ["I"]:  # an installation stays where it is
            return None
        return "vehicle" if function[:2] == ["E", "V"] else "person" if function[:1] == ["U"] else "tag"
    return None


def _class(type_: str) -> str:
    """What kind of event is passed over, in few words."""
    return next((word for prefix, word in CLASSES.items() if type_.startswith(prefix)), "events of other types")
