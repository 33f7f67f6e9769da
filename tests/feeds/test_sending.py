"""What we send as Cursor on Target: an agency's own, up to a marking, as it moves, recorded before it leaves."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import closing

import numpy as np
import orjson

from data import authority, people
from data.fixes import TrackTold
from data.live import LiveWriter
from feeds.wire import DECODERS, FRAMERS, Frame
from tests.data.made import source
from tests.feeds.live import add, listening, until


def fill(database, agency: str, *tracks: tuple[str, str, str], step: int = 0) -> None:
    """Tracks (key, kind, marking) of an agency, all of them somewhere now."""
    with database.connect() as connection:
        number = people.add_agency(connection, agency, None)
        writer = LiveWriter(connection, 0, connection.execute("SELECT id FROM source WHERE name = 's'").fetchone()[0] if step else source(connection, 0, "s"))
        ids = writer.tracks([TrackTold(key, kind, key.upper(), agency_id=number, marking=marking) for key, kind, marking in tracks])
        (now,) = connection.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint").fetchone()
        n = len(ids)
        writer.store({"track_id": np.array(ids), "observed_us": np.full(n, now + step), "lon": np.full(n, -97.0 + step / 100), "lat": np.full(n, 26.0)})
        connection.commit()


class Tak:
    """A server that keeps what it is sent."""

    def __init__(self):
        self.framer, self.decoder, self.heard, self.port = FRAMERS["cot"](), DECODERS["cot"](), [], 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def _serve(self, reader, writer):
        try:
            while data := await reader.read(65_536):
                self.take(data)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def take(self, data: bytes) -> None:
        self.heard += self.decoder.decode([Frame(event, 1) for event in self.framer.push(data)])

    async def until(self, holds) -> None:
        end = time.monotonic() + 300
        while not holds():
            assert time.monotonic() < end, [h.key for h in self.heard]
            await asyncio.sleep(0.05)

    @property
    def keys(self) -> set[str]:
        return {h.key for h in self.heard}


async def test_an_agency_sends_its_own_up_to_a_marking_as_it_moves(environment):
    vessels = [("mmsi:1", "vessel", "TLP:GREEN"), ("mmsi:2", "vessel", "TLP:AMBER"), ("mmsi:3", "vessel", "TLP:RED"), ("tag:1", "tag", "TLP:CLEAR")]
    fill(environment, "Norte", *vessels)
    with environment.connect() as connection:
        people.add_agency(connection, "Sur", None)
        connection.commit()
    fill(environment, "Sur", ("mmsi:9", "vessel", "TLP:CLEAR"), step=1)
    async with Tak() as tak:
        add(environment, "TAK", "cot-out", {"host": "127.0.0.1", "port": tak.port, "ceiling": "TLP:GREEN"}, agency="Norte")
        async with listening(environment):
            await tak.until(lambda: len(tak.heard) == 1)
            fill(environment, "Norte", *vessels, step=5)
            await tak.until(lambda: len(tak.heard) == 2)
            assert tak.keys == {"cot:vigia.mmsi:1"} and [h.lon for h in tak.heard] == [-97.0, -96.95]
            await until(environment, "SELECT messages::int FROM feed_state", 2)
    with environment.connect() as connection:
        entries = [entry for (entry,) in connection.execute("SELECT entry FROM audit.entry WHERE entry LIKE '%\"disclosure\"%'")]
    assert all(f"127.0.0.1:{tak.port}" in entry and "MMSI" not in entry for entry in entries)
    assert [orjson.loads(entry)["rows"] for entry in entries] == [1, 1], "the first before it leaves, the rest at the end"


async def test_what_is_sealed_is_sent_no_more(environment):
    fill(environment, "Norte", ("tag:1", "tag", "TLP:CLEAR"), ("mmsi:1", "vessel", "TLP:CLEAR"))
    with environment.connect() as connection:
        authority.govern(connection, "Norte", ["tag"])
        connection.commit()
    async with Tak() as tak:
        add(environment, "TAK", "cot-out", {"host": "127.0.0.1", "port": tak.port, "ceiling": "TLP:GREEN", "kinds": ["tag", "vessel"]}, agency="Norte")
        async with listening(environment):
            await tak.until(lambda: tak.heard)
            await asyncio.sleep(1.5)
            assert tak.keys == {"cot:vigia.mmsi:1"}


async def test_by_datagram(environment):
    fill(environment, "Norte", ("mmsi:1", "vessel", "TLP:CLEAR"))
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(300)
        add(environment, "TAK", "cot-out", {"host": "127.0.0.1", "port": ear.getsockname()[1], "ceiling": "TLP:GREEN", "udp": True}, agency="Norte")
        async with listening(environment):
            data = await asyncio.to_thread(ear.recv, 65_536)
    (heard,) = DECODERS["cot"]().decode([Frame(data, 1)])
    assert heard.key == "cot:vigia.mmsi:1" and heard.lon == -97.0
