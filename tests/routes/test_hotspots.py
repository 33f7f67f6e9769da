"""Hotspots say how closed they are: as closed as the most closed row they were made of, for each who asks."""

from __future__ import annotations

import numpy as np
import pytest

from data import marking, people
from tests.data.made import seizures, touch
from tests.routes.asked import LIVE, ask


@pytest.fixture(scope="module")
def closed(server, module_database):
    """Delta has forty seizures, one of them AMBER+STRICT; dora may see it, dirk may not."""
    with module_database.connect() as connection:
        number = people.add_agency(connection, "Delta", None)
        seizures(connection, np.random.default_rng(3), 40, world=0, agency=number)
        touch(connection, "seizures", 0)
        connection.commit()
    dora = module_database.person("dora", agencies=["Delta"], ceiling="TLP:AMBER+STRICT").token
    dirk = module_database.person("dirk", agencies=["Delta"], ceiling="TLP:AMBER").token
    with module_database.connect() as connection:
        (one,) = connection.execute("SELECT max(id) FROM seizure WHERE agency_id = %s", (number,)).fetchone()
        marking.change(connection, f"seizure:{one}", "TLP:AMBER+STRICT", "dora")
        connection.commit()
    return dora, dirk, number


def test_a_run_is_as_closed_as_what_it_was_made_of(server, closed):
    dora, dirk, _ = closed
    for token, expected, n in ((dora, "TLP:AMBER+STRICT", 40), (dirk, "TLP:AMBER", 39)):
        told = ask(server, f"/api/hotspots?{LIVE}", token).json()
        assert (told["marking"], told["agencies"], told["n"]) == (expected, ["Delta"], n)
        described = ask(server, f"/api/tiles/hotspots.json?{LIVE}", token).json()
        assert (described["marking"], described["agencies"]) == (expected, ["Delta"])
        [address] = described["tiles"]
        tile = ask(server, address.format(z=3, x=1, y=3).removeprefix("http://127.0.0.1"), token)
        assert tile.status_code == 200 and f"/tiles/hotspots/{told['run']}/" in address
    empty = ask(server, f"/api/hotspots?{LIVE}&min_kg=900000", dora).json()
    assert (empty["marking"], empty["agencies"], empty["n"]) == ("TLP:CLEAR", [], 0)


def test_what_came_after_a_run_was_opened_closes_it(server, module_database, closed):
    """Its cells come with the first tile: of the rows there are then."""
    dora, _, _ = closed
    run = ask(server, f"/api/hotspots?{LIVE}&drug=heroin", dora).json()
    assert run["marking"] in ("TLP:AMBER", "TLP:AMBER+STRICT")
    with module_database.connect() as connection:
        connection.execute("UPDATE seizure SET marking = 'TLP:AMBER+STRICT' WHERE id = (SELECT min(id) FROM seizure WHERE drug = 'heroin' AND agency_id = %s)", (closed[2],))
        connection.execute("UPDATE run SET marking = 'TLP:GREEN', agencies = '{}' WHERE id = %s", (run["run"],))
        connection.commit()
    assert ask(server, f"/api/tiles/hotspots/{run['run']}/6/14/26.mvt", dora).status_code in (200, 204)
    with module_database.connect() as connection:
        assert connection.execute("SELECT marking, agencies FROM run WHERE id = %s", (run["run"],)).fetchone() == ("TLP:AMBER+STRICT", [closed[2]])
