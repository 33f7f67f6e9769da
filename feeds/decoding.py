"""Which decoder and framer a feed has, and who judges what it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from data import ground
from data.feeds import FeedRow
from errors import SettingsInvalid
from feeds import receipt
from feeds.recording import Recorded
from feeds.wire import DECODERS, FRAMERS, Decoder, Frame, Framer, Heard, Told
from feeds.wire.land import land_test
from feeds.wire.plausibility import Judge, Land
from settings import store


FORMATS: dict[str, tuple[str, ...]] = {
    "ais-tcp": ("ais",), "ais-udp": ("ais",), "cot-tcp": ("cot",), "cot-udp": ("cot",), "mavlink": ("mavlink",), "replay": ("recording",),
    "mqtt": ("owntracks", "tags", "rfid"), "http": ("fixes", "osmand", "epcis"),
}


class ByTopic:
    """Frames of several formats in one feed: each frame's topic names its own."""

    def __init__(self, formats: tuple[str, ...]):
        self._decoders = {name: DECODERS[name]() for name in formats}
        self._unknown: Counter[str] = Counter()

    @property
    def errors(self) -> Counter[str]:
        """By class, of all formats together."""
        return sum((d.errors for d in self._decoders.values()), Counter(self._unknown))

    @property
    def passed(self) -> Counter[str]:
        """Understood, and of no use here."""
        return sum((d.passed for d in self._decoders.values()), Counter())

    def decode(self, frames: list[Frame]) -> list[Heard | Told]:
        """What the frames tell, in their order."""
        out: list[Heard | Told] = []
        for number, frame in enumerate(frames):
            if (decoder := self._decoders.get(frame.topic)) is None:
                self._unknown["unknown format"] += 1
                continue
            out += [_numbered(one, number) for one in decoder.decode([frame])]
        return out


def _numbered(one: Heard | Told, number: int) -> Heard | Told:
    return replace(one, frame=number) if one.frame != number else one


def of(feed: FeedRow) -> tuple[Decoder, Judge]:
    """A decoder and a judge of a feed's own. Raises SettingsInvalid."""
    formats = FORMATS[feed.kind]
    if feed.kind == "http":
        return ByTopic(formats), Judge(land(), receipt.CLOCK.now_us)
    name = feed.settings.get("format", formats[0])
    if name not in formats:
        raise SettingsInvalid(f"the feed {feed.name} has the format {name!r}; expected {', '.join(formats)}")
    made = Recorded() if name == "recording" else DECODERS[name](**({"name": feed.name} if name == "mavlink" else {}))
    return made, Judge(land(), receipt.CLOCK.now_us)


def framer(feed: FeedRow) -> Callable[[], Framer]:
    """What makes frames of a feed's stream."""
    return FRAMERS[{"cot-tcp": "cot", "cot-udp": "cot", "mavlink": "mavlink"}.get(feed.kind, "line")]


@lru_cache(maxsize=1)
def land() -> Land | None:
    """The test of lying on land, from the basemap that was built; None while there is none."""
    found = ground.land_and_water(store().basemap)
    return None if found is None else land_test(*found)
