"""Live feeds, the bytes: streams to frames, frames to positions. Pure: no sockets, no database.

    framer, decoder = FRAMERS["line"](), DECODERS["ais"]()
    frames = [Frame(data, now_us) for data in framer.push(received)]
    for heard in decoder.decode(frames): …
    decoder.errors, decoder.passed

What each protocol looks like: docs/feeds.md.
"""

from __future__ import annotations

from collections.abc import Callable

from feeds.wire.ais import Ais
from feeds.wire.cot import Cot
from feeds.wire.epcis import Epcis
from feeds.wire.fixes import Fixes, Tags
from feeds.wire.framing import EventFramer, LineFramer
from feeds.wire.mavlink import Mavlink, PacketFramer
from feeds.wire.osmand import OsmAnd
from feeds.wire.owntracks import OwnTracks
from feeds.wire.reads import Reads
from feeds.wire.told import Decoder, Frame, Framer, Heard, Told, Unfit

__all__ = ["DECODERS", "FRAMERS", "Decoder", "Frame", "Framer", "Heard", "Told", "Unfit"]

DECODERS: dict[str, Callable[..., Decoder]] = {
    "ais": Ais, "owntracks": OwnTracks, "tags": Tags, "rfid": Reads, "fixes": Fixes, "osmand": OsmAnd, "epcis": Epcis, "cot": Cot, "mavlink": Mavlink,
}
FRAMERS: dict[str, Callable[..., Framer]] = {"line": LineFramer, "cot": EventFramer, "mavlink": PacketFramer}
