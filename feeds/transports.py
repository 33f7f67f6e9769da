"""How bytes of a feed reach us. Each transport runs for ever: what breaks is begun again after a pause that grows to a few seconds.

`take(frames)` is awaited, so a source that is faster than the disk waits where its protocol lets it; `alive()` is called whenever the
other side is known to be there.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from errors import SettingsInvalid
from feeds import receipt
from feeds.wire import Frame

log = logging.getLogger("vigia.feeds")

Take = Callable[[list[Frame]], Awaitable[None]]
Alive = Callable[[], None]
Trouble = Callable[[str | None], None]

PAUSE_S, PAUSE_MAX_S = 0.5, 5.0
CONNECT_S = 10.0
SILENT_MS = 30_000  # the other side answers nothing for so long: the connection is gone
READ_BYTES = 65_536
DATAGRAMS_HELD = 20_000


async def for_ever(once: Callable[[], Awaitable[None]], trouble: Trouble, what: str) -> None:
    """Run `once` again and again; a run that held for a while begins the pauses anew."""
    pause = PAUSE_S
    while True:
        begun = time.monotonic()
        try:
            await once()
            trouble(f"{what}: the other side closed the connection")
        except (OSError, EOFError, asyncio.TimeoutError, ssl.SSLError) as error:
            trouble(f"{what}: {_words(error)}")
        if time.monotonic() - begun > 10 * PAUSE_MAX_S:
            pause = PAUSE_S
        await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # many that lost the same thing do not come back at one moment
        pause = min(PAUSE_MAX_S, 2 * pause)


def _words(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return f"no answer within {CONNECT_S:g} s"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


async def tcp(settings: dict, framer: Callable[[], Any], take: Take, alive: Alive, trouble: Trouble) -> None:
    """A client of a server that sends a stream."""
    host, port = settings["host"], int(settings["port"])

    async def once() -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_S)
        keep(writer.get_extra_info("socket"))
        trouble(None)
        frames = framer()
        try:
            alive()
            while data := await reader.read(READ_BYTES):
                alive()
                await take(_now(frames.push(data)))
            await take(_now(frames.close()))
        finally:
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    await for_ever(once, trouble, f"tcp {host}:{port}")


def keep(connection: socket.socket) -> None:
    """Find out within half a minute that the other side is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", SILENT_MS)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, queue: asyncio.Queue, alive: Alive, dropped: Callable[[int], None]):
        self.queue, self.alive, self.dropped = queue, alive, dropped

    def datagram_received(self, data: bytes, address: tuple) -> None:
        self.alive()
        try:
            self.queue.put_nowait((data, receipt.CLOCK.now_us()))
        except asyncio.QueueFull:
            self.dropped(1)


async def udp(settings: dict, framer: Callable[[], Any], take: Take, alive: Alive, trouble: Trouble, dropped: Callable[[int], None]) -> None:
    """A listener; a datagram is whole frames. Nobody can be told to wait, so what is too much is dropped and counted."""
    host, port = settings.get("host", "127.0.0.1"), int(settings["port"])

    async def once() -> None:
        queue: asyncio.Queue = asyncio.Queue(DATAGRAMS_HELD)
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(queue, alive, dropped), local_addr=(host, port))
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        trouble(None)
        try:
            while True:
                got = [await queue.get()]
                while not queue.empty() and len(got) < 1_000:
                    got.append(queue.get_nowait())
                frames = []
                for data, at in got:
                    whole = framer()
                    frames += [Frame(body, at) for body in (*whole.push(data), *whole.close())]
                await take(frames)
        finally:
            transport.close()

    await for_ever(once, trouble, f"udp {host}:{port}")


async def mqtt(settings: dict, take: Take, alive: Alive, trouble: Trouble) -> None:
    """Topics of a broker, MQTT 5, at least once. A message is acknowledged when it is on disk; several listeners share a subscription."""
    import aiomqtt

    host, port = settings["host"], int(settings.get("port", 1883))
    share = settings.get("share")
    password = secret(settings)

    async def once() -> None:
        tls = ssl.create_default_context(cafile=settings.get("ca")) if settings.get("tls") else None
        try:
            async with aiomqtt.Client(
                host, port, username=settings.get("user"), password=password, protocol=aiomqtt.ProtocolVersion.V5, tls_context=tls,
                identifier=f"vigia-{settings['client']}-{os.getpid()}", timeout=CONNECT_S, keepalive=15, max_queued_incoming_messages=DATAGRAMS_HELD,
            ) as client:
                paho = client._client
                paho.manual_ack_set(True)
                for topic in settings["topics"]:
                    await client.subscribe(f"$share/{share}/{topic}" if share else topic, qos=1)
                trouble(None)
                alive()
                keepalive = asyncio.create_task(_while_connected(client, alive))
                try:
                    async for message in client.messages:
                        body = message.payload if isinstance(message.payload, bytes) else str(message.payload).encode()
                        await take([Frame(body, receipt.CLOCK.now_us(), str(message.topic))])
                        if message.qos:
                            paho.ack(message.mid, message.qos)
                finally:
                    keepalive.cancel()
        except aiomqtt.MqttError as error:
            raise ConnectionError(str(error)) from error

    await for_ever(once, trouble, f"mqtt {host}:{port}")


async def _while_connected(client, alive: Alive) -> None:
    while True:
        await asyncio.sleep(2)
        if client._client.is_connected():
            alive()


def secret(settings: dict) -> str | None:
    """A password from the environment; the settings hold the variable's name alone. Raises SettingsInvalid when it is not set."""
    if (name := settings.get("password_variable")) is None:
        return None
    if not (told := os.environ.get(name)):
        raise SettingsInvalid(f"the variable {name} is not set; it holds the password of this feed")
    return told


def _now(bodies: list[bytes]) -> list[Frame]:
    at = receipt.CLOCK.now_us()
    return [Frame(body, at) for body in bodies]
