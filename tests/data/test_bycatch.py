"""What is followed without an authority is reduced to sums where an agency says so, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from data import authority, people, retention
from data.flows import EDGE
from tests.data.kept import DAY, HOUR, SECOND, T, asked, counted, filled, run, set_back
from tests.data.made import START, tracks, walk


@pytest.fixture
def live(environment):
    filled(environment)
    return environment


def passes(database) -> int:
    return sum(int(np.frombuffer(e, EDGE)["passes"].sum()) for (e,) in asked(database, "SELECT edges FROM flow WHERE world = 0 AND band = 8 AND span_d = 1"))


def test_bycatch_stays_until_an_agency_says_otherwise(live):
    before = counted(live)
    assert not run(live, T + 400 * DAY).erased and counted(live) == before


def test_bycatch_leaves_sums_and_no_name(live):
    with live.connect() as connection:
        retention.set_bycatch(connection, "Norte", "72h", ["vessel", "person"], "tester")
        authority.add(connection, "Norte", "judicial-order", "A-1", issuer="Court", purpose="Investigation", devices=["norte-1"], valid_from=T, valid_to=T + DAY)
        set_back(connection)
        connection.commit()
    before = passes(live)
    assert not run(live, T + 72 * HOUR - SECOND).erased
    report = run(live, T + 72 * HOUR + SECOND)
    assert report.erased == {"fix": 80, "track": 1}, "of those an authority named, though it has ended, of other kinds and of nobody everything stays"
    assert asked(live, "SELECT count(*) FROM fix f WHERE NOT EXISTS (SELECT FROM track t WHERE t.id = f.track_id)") == [(0,)]
    assert [k for (k,) in asked(live, "SELECT key FROM track WHERE world = 0 ORDER BY 1")] == ["nobodys-0", "norte-1", "norte-2"]
    assert asked(live, "SELECT count(*) FROM segment s WHERE NOT EXISTS (SELECT FROM track t WHERE t.id = s.track_id)") == [(0,)]
    assert passes(live) == before > 0, "the sums remain"


def test_bycatch_that_goes_on_loses_its_old_hours_alone(environment):
    """A vessel heard of for days: hours older than 72 h go, those since stay, and no pass is counted twice."""
    with environment.connect() as connection:
        people.add_agency(connection, "Norte", "MX")
        tracks(connection, [walk(np.random.default_rng(2), 300, gaps=0)], world=0, agency=people.agency_id(connection, "Norte"), kinds=("vessel",), prefix="v")
        connection.execute("UPDATE fix SET recorded_at = CASE WHEN observed_at < %(cut)s THEN %(t)s ELSE %(t)s + interval '1 day' END", {"cut": START + 6 * HOUR + 7 * SECOND, "t": T})
        retention.set_bycatch(connection, "Norte", "72h", ["vessel"], "tester")
        connection.commit()
    before = passes(environment)
    assert run(environment, T + 72 * HOUR + SECOND).erased["fix"] > 0
    ((first,),) = asked(environment, "SELECT min(observed_at) FROM fix")
    assert START + 6 * HOUR <= first, "the hour that is not whole past its time stays whole"
    assert before - 1 <= passes(environment) <= before, "but for the way into the first hour that is left"
    assert run(environment, T + 73 * HOUR).erased == {}
    assert run(environment, T + 97 * HOUR).erased["track"] == 1
    assert passes(environment) <= before
