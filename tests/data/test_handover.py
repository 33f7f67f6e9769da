"""What leaves the area of its authority is offered to who is competent there; what was sealed stays sealed."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
import shapely

from data import authority, handover, people
from data.fixes import FixWriter, TrackTold
from data.live import LiveWriter
from errors import Forbidden, NotFound
from tests.data.made import source, us

NOW = datetime.now(timezone.utc)
WEST, EAST, SOUTH = shapely.box(-98, 25.5, -97.5, 26.5), shapely.box(-97.5, 25.5, -97, 26.5), shapely.box(-98, 24.5, -97, 25.5)


@pytest.fixture
def agencies(database):
    """Norte may follow tag t-1 in the west; Este is competent in the east, Sur in the south."""
    with database.connect() as connection:
        for name, area in (("Norte", None), ("Este", EAST), ("Sur", SOUTH)):
            people.add_agency(connection, name, None)
            authority.govern(connection, name, ["tag"])
            handover.set_area(connection, name, area)
        granted(connection, "Norte", "N-1", WEST)
        connection.commit()
    database.person("esther", roles=("supervisor",), agencies=["Este"])
    database.person("sven", roles=("viewer",), agencies=["Este"])
    database.person("nora", roles=("supervisor",), agencies=["Norte"])
    return database


def granted(connection, agency: str, reference: str, area=None, devices=("tag:t-1",), start=NOW - timedelta(days=5), end=NOW + timedelta(days=5)) -> int:
    return authority.add(connection, agency, "judicial-order", reference, issuer="Court", purpose="Investigation", devices=list(devices), valid_from=start, valid_to=end, area=area)


def told(connection, lon: list[float], lat: float = 26.0, start: datetime = NOW - timedelta(days=1), name: str = "feed", identifiers: dict | None = None) -> FixWriter:
    """Fixes of Norte's tag a minute apart."""
    norte = people.agency_id(connection, "Norte")
    with FixWriter(connection, 0, source(connection, 0, f"{name}{start.timestamp()}{lon}")) as writer:
        (track,) = writer.tracks([TrackTold("tag:t-1", "tag", "Case name", identifiers or {"plate": "ABC-1", "secret": "S"}, norte)])
        writer.write({"track_id": np.full(len(lon), track), "observed_us": us(start) + np.arange(len(lon)) * 60_000_000, "lon": np.array(lon), "lat": np.full(len(lon), lat)})
    return writer


def offers(connection) -> list[tuple]:
    return connection.execute("SELECT o.id, r.name, o.state FROM handover o LEFT JOIN agency r ON r.id = o.to_agency_id ORDER BY o.id").fetchall()


def kept(connection, agency: str) -> list[float]:
    return [x for (x,) in connection.execute("SELECT ST_X(f.geom) FROM fix f JOIN track t ON t.id = f.track_id JOIN agency a ON a.id = t.agency_id WHERE a.name = %s ORDER BY observed_at", (agency,))]


def test_what_leaves_its_area_is_offered_once_to_who_is_competent_there(agencies):
    with agencies.connect() as connection:
        writer = told(connection, [-97.7, -97.3, -97.2])
        assert [o[1:] for o in offers(connection)] == [("Este", "offered")] and (writer.handing.offered, writer.handing.unclaimed) == (1, 0)
        told(connection, [-97.25], start=NOW - timedelta(hours=2))
        assert len(offers(connection)) == 1
        entries = [json.loads(e) for (e,) in connection.execute("SELECT entry FROM audit.entry ORDER BY seq")]
        assert [e["to"] for e in entries if e.get("of", "").startswith("handover")] == [f"offered to agency:{people.agency_id(connection, 'Este')}"]
        assert kept(connection, "Norte") == [-97.7] and kept(connection, "Este") == []


def test_the_place_that_is_told_is_coarse(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.3])
        (cell,) = connection.execute("SELECT cell FROM handover").fetchone()
        told(connection, [-97.31, -97.32])
    lon, lat = handover.middle(cell)
    assert cell & 31 == handover.COARSE_LEVEL and abs(lon + 97.3) < 0.36 and abs(lat - 26) < 0.36
    assert handover.coarse_cell(lon, lat) == cell == handover.coarse_cell(-97.3, 26.0)


def test_several_who_are_competent_are_all_offered_and_nobody_is_said(agencies):
    with agencies.connect() as connection:
        people.add_agency(connection, "Este Two", None)
        handover.set_area(connection, "Este Two", EAST)
        told(connection, [-97.3])
        assert {o[1] for o in offers(connection)} == {"Este", "Este Two"}
        connection.execute("DELETE FROM handover")
        writer = told(connection, [-99.0], start=NOW - timedelta(hours=3))
        assert [o[1:] for o in offers(connection)] == [(None, "nobody")] and (writer.handing.offered, writer.handing.unclaimed) == (0, 1)
        assert handover.listed(connection)[0]["to"] == "no agency is competent there"


def test_where_its_own_agency_is_competent_nothing_is_handed_over(agencies):
    with agencies.connect() as connection:
        handover.set_area(connection, "Norte", shapely.box(-100, 25, -98.5, 27))
        writer = told(connection, [-99.0])
        assert offers(connection) == [] and writer.sealed == {"area": 1}


def test_what_is_outside_in_time_is_offered_to_nobody(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.3], start=NOW - timedelta(days=9))
        assert offers(connection) == []


def test_an_offer_is_accepted_under_an_authority_of_ones_own(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.7, -97.3])
        ((number, *_),) = offers(connection)
        with pytest.raises(NotFound, match="no authority"):
            handover.accept(connection, number, "E-1", "esther")
        granted(connection, "Este", "E-0", devices=["tag:other"])
        granted(connection, "Este", "E-old", end=NOW - timedelta(days=1))
        granted(connection, "Este", "E-1", EAST)
        for reference, said in (("E-0", "does not name"), ("E-old", "not in force")):
            with pytest.raises(handover.HandoverRefused, match=said):
                handover.accept(connection, number, reference, "esther")
        for who in ("sven", "nora"):
            with pytest.raises(Forbidden):
                handover.accept(connection, number, "E-1", who)
        own = handover.accept(connection, number, "E-1", "esther")
        key, name, identifiers, agency, sealed_at = connection.execute("SELECT key, t.name, identifiers, a.name, sealed_at FROM track t JOIN agency a ON a.id = t.agency_id WHERE t.id = %s", (own,)).fetchone()
        assert (key, name, identifiers, agency) == ("tag:t-1", None, {}, "Este") and sealed_at > NOW, "no more of who it is than their authority names"
        with pytest.raises(handover.HandoverRefused, match="accepted"):
            handover.decline(connection, number, "esther")


def test_later_fixes_within_it_are_theirs_and_nothing_is_unsealed(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.3, -97.31])
        ((number, *_),) = offers(connection)
        granted(connection, "Este", "E-1", EAST)
        own = handover.accept(connection, number, "E-1", "esther")
        assert kept(connection, "Este") == []
        connection.execute("UPDATE handover SET decided_at = %s", (NOW - timedelta(hours=2),))  # as if it had been accepted then
        before = told(connection, [-97.4], start=NOW - timedelta(hours=3))
        after = told(connection, [-97.2, -97.7, -98.5, -97.1], start=NOW - timedelta(hours=1))
        assert (before.handed, after.handed, after.stored, after.already, after.sealed) == (0, 2, 4, 0, {"area": 3})
        assert kept(connection, "Este") == [-97.2, -97.1] and kept(connection, "Norte") == [-97.7]
        assert connection.execute("SELECT count(*) FROM quarantine").fetchone() == (6,)
        assert connection.execute("SELECT count(*) FROM segment WHERE track_id = %s", (own,)).fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM latest_fix WHERE track_id = %s", (own,)).fetchone() == (1,)
        assert told(connection, [-97.2, -97.7, -98.5, -97.1], start=NOW - timedelta(hours=1), name="again").handed == 0
        authority.revoke(connection, "Este", "E-1")
        assert told(connection, [-97.15], start=datetime.now(timezone.utc) + timedelta(minutes=5)).handed == 0, "theirs within their authority, and that has ended"


def test_an_identifier_is_enough_and_all_that_is_told(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.3])
        granted(connection, "Este", "E-2", devices=["ABC-1"])
        own = handover.accept(connection, offers(connection)[0][0], "E-2", "esther")
        assert connection.execute("SELECT key, identifiers FROM track WHERE id = %s", (own,)).fetchone() == ("plate:ABC-1", {"plate": "ABC-1"})


def test_who_declined_is_not_asked_again_and_what_expired_is_offered_anew(agencies):
    with agencies.connect() as connection:
        told(connection, [-97.3])
        number = offers(connection)[0][0]
        connection.execute("UPDATE handover SET expires_at = now() - interval '1 second'")
        with pytest.raises(handover.HandoverRefused, match="expired"):
            handover.decline(connection, number, "esther")
        told(connection, [-97.3], start=NOW - timedelta(hours=5))
        assert [o[1:] for o in offers(connection)] == [("Este", "expired"), ("Este", "offered")]
        handover.decline(connection, offers(connection)[1][0], "esther")
        told(connection, [-97.3], start=NOW - timedelta(hours=4))
        assert [o[2] for o in offers(connection)] == ["expired", "declined"]


def test_a_feed_offers_and_hands_over_as_an_import_does(agencies):
    with agencies.connect() as connection:
        writer = LiveWriter(connection, 0, source(connection, 0, "live"))
        (track,) = writer.tracks([TrackTold("tag:t-1", "tag", "Case name", {}, people.agency_id(connection, "Norte"))])

        def hear(at: datetime, *lon: float):
            return writer.store({"track_id": np.full(len(lon), track), "observed_us": us(at) + np.arange(len(lon)) * 60_000_000, "lon": np.array(lon), "lat": np.full(len(lon), 26.0)})

        stored = hear(NOW - timedelta(hours=1), -97.7, -97.3)
        assert (stored.new.tolist(), stored.sealed, stored.already) == ([True, False], {"area": 1}, 0)
        assert [o[1:] for o in offers(connection)] == [("Este", "offered")]
        granted(connection, "Este", "E-1", EAST)
        own = handover.accept(connection, offers(connection)[0][0], "E-1", "esther")
        connection.execute("UPDATE handover SET decided_at = %s", (NOW - timedelta(minutes=50),))
        stored = hear(NOW - timedelta(minutes=40), -97.2, -98.5)
        assert (stored.new.tolist(), stored.sealed) == ([False, False], {"area": 2})
        assert kept(connection, "Este") == [-97.2] and kept(connection, "Norte") == [-97.7]
        assert connection.execute("SELECT count(*) FROM latest_fix WHERE track_id = %s", (own,)).fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM unsettled WHERE track_id = %s", (own,)).fetchone() == (1,)
