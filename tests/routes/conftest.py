"""A server over live records of two agencies, and a visitor of each kind.

    server     module     a client of the whole application, signed in as nobody
    visitors   module     role -> token, all of agency Bravo; `ana` is an analyst of Alfa, `screen` a wall
    eva        function   somebody with a password, unlocked before each test
"""

from __future__ import annotations

import numpy as np
import pytest
from starlette.testclient import TestClient

import settings
from data import passwords, people
from tests.data.made import seizures, touch, tracks, walk
from tests.routes.asked import CANARY, PASSWORD


@pytest.fixture(scope="module")
def server(module_database, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("VIGIA_APP_URL", module_database.app_url)
    patch.setenv("VIGIA_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setenv("VIGIA_SIGN_IN_TRIES", "1000")
    for read in (settings.store, settings.access):
        read.cache_clear()
    rng = np.random.default_rng(8)
    with module_database.connect() as connection:
        for name, canary in CANARY.items():
            number = people.add_agency(connection, name, None)
            tracks(connection, [walk(rng, 60)], world=0, agency=number, prefix=canary)
            connection.execute("UPDATE track SET name = key, identifiers = jsonb_build_object('callsign', key) WHERE key LIKE 'CANARY%'")
            seizures(connection, rng, 12, world=0, agency=number)
            connection.execute("UPDATE seizure SET place = %s, drug_told = %s WHERE agency_id = %s", (canary, canary, number))
            connection.execute("UPDATE source SET name = %s WHERE name = %s", (canary, f"seizures{number}"))
            _image(connection, number, canary)
        touch(connection, "tracks", 0)
        connection.commit()
    import app

    with TestClient(app.server, base_url="http://127.0.0.1") as client:
        yield client
    patch.undo()
    for read in (settings.store, settings.access):
        read.cache_clear()


def _image(connection, agency: int, name: str) -> None:
    connection.execute("""
        INSERT INTO image (world, name, captured_at, footprint, cell, gsd_m, width_px, height_px, bands, dtype, crs, min_zoom, max_zoom, sha256,
                           original, cog, agency_id, source_id)
        SELECT 0, %(name)s, '2026-11-21', ST_Multi(ST_MakeEnvelope(-97.6, 25.9, -97.4, 26.1, 4326)),
               vigia.cell(ST_MakeEnvelope(-97.6, 25.9, -97.4, 26.1, 4326)), 1, 10, 10, 3, 'uint8', 'EPSG:4326', 5, 20, %(name)s, %(name)s, %(name)s,
               %(agency)s, (SELECT min(id) FROM source WHERE name = %(name)s)
    """, {"name": name, "agency": agency})


@pytest.fixture(scope="module")
def visitors(module_database, server):
    """A token for each kind of visitor."""
    who = {role: module_database.person(role, roles=(role,), agencies=["Bravo"]).token for role in people.ROLES}
    who["ana"] = module_database.person("ana", roles=("analyst",), agencies=["Alfa"]).token
    with module_database.connect() as connection:
        screen = people.add_screen(connection, "Wall", agency="Bravo")
        connection.commit()
    answer = server.get(f"/sign-in/screen/{screen}", follow_redirects=False)
    who["screen"] = answer.cookies["vigia"]
    server.cookies.clear()
    return who


@pytest.fixture
def eva(module_database, server):
    """Somebody with a password, unlocked before each test."""
    with module_database.connect() as connection:
        if not connection.execute("SELECT 1 FROM access.person WHERE name = 'eva'").fetchone():
            people.add(connection, "eva", ["coordinator"], agencies=["Alfa"])
        people.set_password(connection, "eva", passwords.hashed(PASSWORD))
        people.set_active(connection, "eva", True)
        connection.commit()
    server.cookies.clear()
    yield "eva"
    server.cookies.clear()
