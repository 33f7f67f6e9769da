"""OwnTracks: what its apps on telephones publish over MQTT.

ref: https://owntracks.org/booklet/tech/json/
"""

from __future__ import annotations

from collections.abc import Iterator

from feeds.wire.told import Frame, FrameDecoder, Heard, Told, Unfit
from feeds.wire.values import clean, epoch_s_us, mapping, measure, parse, place

KMH_MPS = 1 / 3.6


class OwnTracks(FrameDecoder):
    """A message of `_type` location under owntracks/<user>/<device> is a position; others are passed over."""

    def __init__(self, kind: str = "tag"):
        super().__init__()
        self.kind = kind

    def _read(self, frame: Frame, number: int) -> Iterator[Heard | Told]:
        if not frame.data:
            self.passed["empty"] += 1  # how a retained message is cleared
            return
        row = mapping(parse(frame.data))
        type_ = row.get("_type")
        if type_ != "location":
            if not isinstance(type_, str):
                raise Unfit("no _type", "_type", None, "location")
            self.passed[type_[:20] if type_ in KNOWN else "messages of other types"] += 1
            return
        tid = clean(row["tid"], 20) if isinstance(row.get("tid"), str) else None
        lon, lat = place(row.get("lon"), row.get("lat"))
        yield Heard(
            f"tag:{_who(frame.topic, row, tid)}", self.kind, epoch_s_us(row.get("tst"), "tst"), lon, lat, identifiers={"tid": tid} if tid else {},
            speed_mps=measure(row.get("vel"), 0, 10_000) * KMH_MPS, course_deg=measure(row.get("cog"), 0, 359.999),
            altitude_m=measure(row.get("alt"), -12_000, 1_000_000), accuracy_m=measure(row.get("acc"), 0, 10_000_000), frame=number,
        )


KNOWN = ("beacon", "card", "cmd", "configuration", "dump", "encrypted", "lwt", "request", "status", "steps", "transition", "waypoint", "waypoints")


def _who(topic: str, row: dict, tid: str | None) -> str:
    """user/device of the topic; without one (an app that posts over HTTP) of the message, else its tracker id."""
    told = topic or (row["topic"] if isinstance(row.get("topic"), str) else "")
    parts = told.split("/")
    who = "/".join(parts[-2:]) if len(parts) >= 3 and all(parts[-2:]) else tid
    if not clean(who, 200):
        raise Unfit("no id", "topic", told[:80], "owntracks/<user>/<device>")
    return clean(who, 200)
