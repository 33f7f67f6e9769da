"""How feeds fare, to each what they may know of it."""

from __future__ import annotations

import pytest

from data import feeds
from data.feeds import Told
from tests.routes.asked import CANARY

NAMES = {agency: f"feed of {canary}" for agency, canary in CANARY.items()}


@pytest.fixture(scope="module", autouse=True)
def told(module_database, server):
    with module_database.connect() as connection:
        for agency, name in NAMES.items():
            feeds.add(connection, name, "cot-tcp", {"host": f"host of {CANARY[agency]}", "port": 1}, agency=agency)
        for row in feeds.active(connection).values():
            feeds.keep_state(connection, row, Told(stored=3, sealed=7_777, errors={f"error of {row.name}": 1}, trouble=f"trouble of {row.name}"))
        connection.commit()


@pytest.mark.parametrize("address", ["/api/feeds", "/feeds"])
@pytest.mark.parametrize("role", ["viewer", "coordinator", "administrator", "legal", "screen"])
def test_nothing_of_another_agencys_feed_and_what_is_sealed_to_legal_officers_alone(server, visitors, role, address):
    answer = server.get(address, headers={"Cookie": f"vigia={visitors[role]}"}, follow_redirects=False)
    if role == "screen" and address == "/feeds":
        assert answer.status_code in (303, 401, 403)
        return
    assert answer.status_code == 200
    assert CANARY["Alfa"] not in answer.text and (role == "screen" or NAMES["Bravo"] in answer.text)
    assert ("7777" in answer.text.replace(",", "")) == (role == "legal")
