"""Feeds as they run: real protocols to rows, through cuts, restarts, floods and a database that goes away; nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import aiomqtt
import orjson

from data import watching
from feeds.listening import listen
from feeds.watching import catch_up
from tests.conftest import free_port
from tests.feeds.live import NOW, Broker, Server, add, agency, listening, named, report, until

FIXES = "SELECT count(*) FROM fix"


async def test_ais_over_tcp_cut_at_any_byte_and_begun_again(environment):
    """Cut in the middle of a sentence and of a message in two parts; what was sent before comes again, as receivers do."""
    steps = [report(1, i) for i in range(20)]
    whole = b"".join([*steps[:10], *named(1, "MARISMA", 3), *steps[10:]])
    cut = len(b"".join(steps[:10])) + 40

    async def play(writer, number):
        for start in range(0, cut if number == 1 else len(whole), 37):
            writer.write(whole[start:min(start + 37, cut) if number == 1 else start + 37])
            await writer.drain()
        if number > 1:
            await asyncio.sleep(60)
        else:
            writer.transport.abort()

    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        async with listening(environment):
            await until(environment, FIXES, 20)
            await until(environment, "SELECT name FROM track", "MARISMA")
            await until(environment, "SELECT already FROM feed_state", 10)
        assert server.came >= 2
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT observed_at) FROM fix").fetchone() == (20, 20)
        told = [orjson.loads(entry)["rows"] for (entry,) in connection.execute("SELECT entry FROM audit.entry WHERE entry LIKE '%\"collection\"%'")]
        counted = connection.execute("SELECT messages::int, stored::int, already::int FROM feed_state").fetchone()
    assert sum(told) == 20 and len(told) <= 3, "with the first, and the rest at the end: each fix once"
    assert counted[1:] == (20, 10)


async def test_ais_over_udp_and_what_is_broken_is_counted(environment):
    port = free_port()
    add(environment, "Mast", "ais-udp", {"port": port})
    async with listening(environment), asyncio.timeout(300):
        while f":{port:04X} " not in Path("/proc/net/udp").read_text():  # what is sent before it listens is lost
            await asyncio.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for i in range(30):
                sender.sendto(report(1, i), ("127.0.0.1", port))
            sender.sendto(report(1, 40).replace(b"*", b"*0", 2)[:-3] + b"\n", ("127.0.0.1", port))
            sender.sendto(bytes(range(256)) * 4, ("127.0.0.1", port))
        await until(environment, FIXES, 30)
        await until(environment, "SELECT errors <> '{}' FROM feed_state", True)


async def test_mqtt_tags_a_broker_that_restarts_and_listeners_that_share(environment, tmp_path):
    server = Broker(tmp_path / "broker")
    topics = {"host": "127.0.0.1", "port": server.port, "topics": ["tags/+"], "format": "tags", "share": "vigia"}
    agency(environment, "Norte")
    add(environment, "Tags", "mqtt", topics, agency="Norte")
    add(environment, "Tags 2", "mqtt", topics, agency="Norte")

    async def send(start: int, end: int) -> None:
        async with aiomqtt.Client("127.0.0.1", server.port, protocol=aiomqtt.ProtocolVersion.V5) as client:
            for i in range(start, end):
                row = {"id": "V-1", "at": f"2026-11-26T04:{i // 60:02d}:{i % 60:02d}Z", "lat": 25.9 + i / 1e4, "lon": -97.4, "speed_mps": 10}
                await client.publish("tags/V-1", orjson.dumps(row), qos=1)

    try:
        async with listening(environment):
            await until(environment, "SELECT count(*) FROM feed_state WHERE transport_at IS NOT NULL", 2)
            await send(0, 40)
            await until(environment, FIXES, 40)
            server.stop()
            await until(environment, "SELECT count(*) FROM feed_state WHERE trouble IS NOT NULL", 2)
            server.start()
            await until(environment, "SELECT count(*) FROM feed_state WHERE trouble IS NULL", 2)
            await send(40, 80)
            await until(environment, FIXES, 80)
            await until(environment, "SELECT sum(stored)::int FROM feed_state", 80)
            await until(environment, "SELECT sum(already)::int FROM feed_state", 0)  # each message went to one of the two
    finally:
        server.stop()


async def test_reads_are_where_their_reader_stands(environment, tmp_path):
    server = Broker(tmp_path / "broker")
    with environment.connect() as connection:
        from tests.data.made import source

        connection.execute("INSERT INTO reader (world, key, geom, qk, source_id) VALUES (0, 'gate-1', ST_SetSRID(ST_MakePoint(-97.5, 25.9), 4326), 1, %s)", (source(connection, 0),))
        connection.commit()
    add(environment, "Gates", "mqtt", {"host": "127.0.0.1", "port": server.port, "topics": ["gates"], "format": "rfid"})
    try:
        async with listening(environment):
            await until(environment, "SELECT transport_at IS NOT NULL FROM feed_state", True)
            async with aiomqtt.Client("127.0.0.1", server.port) as client:
                for reader in ("gate-1", "nowhere"):
                    await client.publish("gates", orjson.dumps({"reader": reader, "epc": "urn:epc:id:sscc:0614141.1234567890", "at": "2026-11-26T04:00:00Z"}), qos=1)
            await until(environment, "SELECT ST_X(geom) FROM fix", -97.5)
            await until(environment, "SELECT errors FROM feed_state", {"reader without a place": 1})
    finally:
        server.stop()


async def test_a_database_that_is_away_loses_nothing(environment, cluster):
    """Everything of the serving is cut off while a feed goes on."""
    import psycopg

    go_on, away = asyncio.Event(), asyncio.Event()

    async def play(writer, number):
        for i in range(200):
            writer.write(report(i % 5, i // 5))
            await writer.drain()
            if i == 50:
                away.set()
                await go_on.wait()
        await asyncio.sleep(60)

    keeper_url = cluster.setup_url.replace("+psycopg", "")
    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        async with listening(environment):
            await away.wait()
            await until(environment, "SELECT count(*) > 20 FROM fix", True)
            with psycopg.connect(keeper_url, autocommit=True) as keeper:
                keeper.execute(f"ALTER DATABASE {environment.name} ALLOW_CONNECTIONS false")
                keeper.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (environment.name,))
                go_on.set()
                await asyncio.sleep(1.5)
                keeper.execute(f"ALTER DATABASE {environment.name} ALLOW_CONNECTIONS true")
            await until(environment, FIXES, 200)
            await until(environment, "SELECT spooled_bytes FROM feed_state", 0)
    with environment.connect() as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT (track_id, observed_at)) FROM fix").fetchone() == (200, 200)


async def test_a_feed_is_switched_off_on_and_forgotten_while_it_is_listened_to(environment):
    from data import feeds

    async def play(writer, number):
        writer.write(report(1, number))
        await asyncio.sleep(60)

    def change(act, *about) -> None:
        with environment.connect() as connection:
            act(connection, "Tower", *about)
            connection.commit()

    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        async with listening(environment):
            await until(environment, FIXES, 1)
            await until(environment, "SELECT stored::int FROM feed_state", 1)
            change(feeds.set_active, False)
            await server.left(1)
            change(feeds.set_active, True)
            await until(environment, FIXES, 2)
            change(feeds.remove)
            await until(environment, "SELECT count(*) FROM feed_state", 0)
            await until(environment, FIXES, 2)


async def test_two_that_listen_at_once_are_one(environment):
    """`./vigia up` and `./vigia feed run` on one machine: one of the two listens, and when it ends the other."""
    stopping = asyncio.Event()

    async def play(writer, number):
        for i in range(10 * (number - 1), 10 * number):
            writer.write(report(1, i))
        await asyncio.sleep(60)

    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        first = asyncio.create_task(listen(environment.owner_url, stopping))
        await until(environment, FIXES, 10)
        async with listening(environment):
            await until(environment, "SELECT messages::int FROM feed_state", 10)
            await asyncio.sleep(3)
            assert server.came == 1
            stopping.set()
            await first
            await until(environment, FIXES, 20)
        assert server.came == 2
    with environment.connect() as connection:
        assert connection.execute("SELECT messages::int, stored::int, already::int FROM feed_state").fetchone() == (20, 20, 0)


async def test_a_feed_with_settings_that_are_none_says_so_and_holds_up_no_other(environment):
    async def play(writer, number):
        writer.write(b"x" * 5_000 + b"\r\n" + report(1, number))
        await asyncio.sleep(60)

    async with Server(play) as server:
        add(environment, "A", "ais-tcp", {"host": "127.0.0.1", "port": 1, "rate_per_s": "many"})
        add(environment, "B", "cot-out", {})
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        async with listening(environment):
            await until(environment, FIXES, 1)
            await until(environment, "SELECT count(*) FROM feed_state s JOIN feed f ON f.id = s.feed_id WHERE f.name < 'T' AND trouble LIKE 'its settings%'", 2)
            await until(environment, "SELECT errors FROM feed_state s JOIN feed f ON f.id = s.feed_id WHERE f.name = 'Tower'", {"too long": 1})  # never a frame, and counted


async def test_one_feed_that_floods_is_told_to_stop_and_the_other_goes_on(environment):
    async def flood(writer, number):
        for i in range(400):
            writer.write(report(2, i) * 25)
            await writer.drain()
        await asyncio.sleep(60)

    async def calm(writer, number):
        for i in range(20):
            writer.write(report(1, i))
            await writer.drain()
            await asyncio.sleep(0.02)
        await asyncio.sleep(60)

    async with Server(flood) as loud, Server(calm) as quiet:
        add(environment, "Loud", "ais-tcp", {"host": "127.0.0.1", "port": loud.port, "rate_per_s": 100})
        add(environment, "Quiet", "ais-tcp", {"host": "127.0.0.1", "port": quiet.port})
        async with listening(environment):
            await until(environment, "SELECT count(*) FROM fix f JOIN track t ON t.id = f.track_id WHERE t.key = 'mmsi:345000001'", 20)
            await until(environment, "SELECT sum(dropped) > 5000 FROM feed_state s JOIN feed f ON f.id = s.feed_id WHERE f.name = 'Loud'", True)
            await until(environment, "SELECT dropped::int FROM feed_state s JOIN feed f ON f.id = s.feed_id WHERE f.name = 'Quiet'", 0)


async def test_two_ships_under_one_number_are_two_tracks_and_a_jump_is_no_place(environment):
    lines = []
    for i in range(12):
        lines += [report(1, i), report(1, i, at=NOW + 10 * i + 5, lon=-94.0 + i * 0.0006, lat=28.5)]
    lines += [report(2, i) for i in range(5)] + [report(2, 5, lon=12.0, lat=54.0)]

    async def play(writer, number):
        writer.write(b"".join(lines))
        await writer.drain()
        await asyncio.sleep(60)

    async with Server(play) as server:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": server.port})
        async with listening(environment):
            await until(environment, FIXES, len(lines))
    with environment.connect() as connection:
        keys = [k for (k,) in connection.execute("SELECT key FROM track WHERE key LIKE 'mmsi:345000001%' ORDER BY 1")]
        assert len(keys) == 2 and keys[1].startswith("mmsi:345000001 #")
        jumped = connection.execute("SELECT ST_X(l.geom) FROM latest_fix l JOIN track t ON t.id = l.track_id WHERE t.key = 'mmsi:345000002'").fetchone()
    assert jumped[0] < -96, "the jump is kept and flagged, and moves nothing"


async def test_two_feeds_that_hear_two_ships_under_one_number_make_one_event_that_names_both_and_late_fixes_withdraw_it(environment):
    """One feed hears both ships and parts them; another, of the same agency, goes on to hear each: one event of two tracks, told live."""
    def minutes(at, lon: float, lat: float) -> list[bytes]:
        return [report(1, 0, at=NOW + 60 * m, lon=lon + m * 0.001, lat=lat) for m in at]

    both = [line for pair in zip(minutes(range(0, 20), -96.5, 25.9), minutes(range(0, 20), -94.0, 28.5)) for line in pair]

    def play(lines):
        async def run(writer, number):
            writer.write(b"".join(lines))
            await writer.drain()
            await asyncio.sleep(60)
        return run

    async with Server(play(both)) as tower, Server(play(minutes(range(20, 30), -96.5, 25.9))) as coast:
        add(environment, "Tower", "ais-tcp", {"host": "127.0.0.1", "port": tower.port})
        async with listening(environment):
            await until(environment, FIXES, 40)
            add(environment, "Coast", "ais-tcp", {"host": "127.0.0.1", "port": coast.port})
            await until(environment, FIXES, 50)
            await until(environment, "SELECT count(*) FROM event_due", 0)
            conflicts = ("SELECT array_agg(ROW(t.key, o.key, e.ended_at IS NULL, (e.first_fix->>'track')::bigint = t.id, (e.last_fix->>'track')::bigint = o.id, round((e.facts->>'distance_m')::float / 1e5))::text) "
                         "FROM event e JOIN rule r ON r.id = e.rule_id JOIN track t ON t.id = e.track_id JOIN track o ON o.id = e.other_id WHERE r.type = 'shared_identity' AND NOT e.retracted")
            await until(environment, conflicts, ['(mmsi:345000001,"mmsi:345000001 #2",f,t,t,4)'])
    with environment.connect() as connection:
        started, ended = connection.execute("SELECT e.started_at, e.ended_at FROM event e JOIN rule r ON r.id = e.rule_id WHERE r.type = 'shared_identity'").fetchone()
        assert 15 * 60 <= (ended - started).total_seconds() <= 20 * 60
        # What the second ship told turns out to be another's: it is taken away, and the event with it.
        connection.execute("DELETE FROM fix f USING track t WHERE t.id = f.track_id AND t.key LIKE '%#2'")
        watching.anew(connection, 0)
        connection.commit()
    await asyncio.to_thread(catch_up, environment.owner_url)
    with environment.connect() as connection:
        told = connection.execute("SELECT e.retracted, array_agg(v.change ORDER BY v.revision) FROM event e JOIN rule r ON r.id = e.rule_id JOIN event_revision v ON v.event_id = e.id "
                                  "WHERE r.type = 'shared_identity' GROUP BY e.id").fetchall()
    assert len(told) == 1 and told[0][0] and told[0][1][-1] == "retracted"
