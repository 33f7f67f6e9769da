"""The guard, asked over real ASGI: every address has a rule, and each kind of visitor gets what is theirs and nothing else."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import numpy as np
import psycopg
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

import settings
from data import people
from data.cluster import SETUP
from routes import api, rules, signing
from tests.conftest import TOKEN
from tests.data.made import seizures, touch, tracks, walk

LIVE = "world=live"
CANARY = {"Alfa": "CANARY-ALFA-7731", "Bravo": "CANARY-BRAVO-9924"}
WHY = {"X-Purpose": "investigation", "X-Case": "2026-114"}
PASSWORD = "seven otters mend a lamp"
SAMPLES = {"format": "geojson", "screen": "main", "name": "land.pmtiles", "token": "x", "z": "6", "x": "14", "y": "26", "path": "x",
           "package_name": "dash", "fingerprinted_path": "x.js", "layer": "tracks"}


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


def ask(server, path: str, token: str | None = None, method: str = "GET", **more):
    headers = {**({"Cookie": f"vigia={token}"} if token else {}), **more.pop("headers", {})}
    return server.request(method, path, headers=headers, follow_redirects=False, **more)


def templates(server) -> list[tuple[str, str]]:
    """Every route there is, ours and Dash's: its path and a method."""
    found = [(route.path, sorted(route.methods)[0] if getattr(route, "methods", None) else "GET")
             for router in api.ROUTERS for route in router.routes]
    for route in server.app.routes:
        if path := getattr(route, "path", None):
            found.append((path, sorted(route.methods - {"HEAD"})[0] if getattr(route, "methods", None) else "GET"))
    # Dash's last route takes every path there is; what has no rule never gets there.
    return [(path, "GET" if path.startswith("/api/{path") or path == "/api" else method) for path, method in found
            if path not in ("/assets", "{path:path}", "/{path:path}")]


def sample(template: str) -> str:
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda m: SAMPLES.get(m[1], "1"), template)


def test_every_route_has_a_rule_of_its_own(server):
    there = templates(server)
    assert len(there) > 40
    for path, _ in there:
        rule = rules.rule_of(sample(path))
        assert rule is not None, f"{path} has no rule in routes/rules.py"
        if path not in ("/api/{path:path}", "/api"):
            assert rule.template not in ("/api", "/api/{*}"), f"{path} falls to the last rule: name it in routes/rules.py"


def test_what_has_no_rule_is_not_there(server):
    for path in ("/nowhere", "/docs", "/redoc", "/metrics", "/_mcp", "/admin.php", "/_dash-ws-callback/x", "/%2e%2e/settings.py"):
        for token in (None, TOKEN):
            assert ask(server, path, token).status_code == 404, path


def test_every_rule_has_a_route(server):
    paths = [sample(path) for path, _ in templates(server)] + ["/favicon.ico"]
    for rule in rules.RULES:
        assert any(rules.rule_of(path) is rule for path in paths), f"{rule.template} leads nowhere"


def test_without_a_session_nothing_is_told(server):
    for path, method in templates(server):
        rule = rules.rule_of(sample(path))
        if not rule.roles:
            continue
        answer = ask(server, sample(path), method=method)
        assert answer.status_code == 401 and answer.json() == {"error": "sign in first, at /sign-in"}, path
    answer = ask(server, f"/?{LIVE}&q=a%20b", headers={"Accept": "text/html"})
    assert answer.status_code == 303 and answer.headers["location"] == "/sign-in?next=%2F%3Fworld%3Dlive%26q%3Da%2520b"


def test_each_role_gets_what_its_rule_says(server, visitors):
    for path, method in templates(server):
        rule = rules.rule_of(sample(path))
        if not rule.roles or "websocket" in path or path == "/_dash-ws-callback":
            continue
        for role in (*people.ROLES, "screen"):
            status = ask(server, sample(path), visitors[role], method).status_code
            assert (status == 403) is (role not in rule.roles), (path, role, status)


PATHS = ("worlds", "counts", "timeline", "seizures", "seizures/points", "tracks", "images", "sections", "views", "search?q=CANARY", "search?q=Track",
         "movement?move_from=2026-11-20T00:00:00Z&move_to=2026-11-25T00:00:00Z", "hotspots", "export/geojson", "export/csv", "export/gpkg",
         "export/briefing", "tiles/tracks/6/14/26.mvt", "tiles/tracks/9/117/217.mvt", "tiles/tracks/12/939/1744.mvt", "tiles/seizures/9/117/217.mvt",
         *(f"{layer}/{i}" for layer in ("tracks", "seizures", "images") for i in range(1, 60)), *(f"tracks/{i}/fixes" for i in range(1, 5)))


def test_a_foreign_canary_is_in_no_byte(server, visitors):
    own = set()
    for path in PATHS:
        address = f"/api/{path}{'&' if '?' in path else '?'}{LIVE}"
        for token, mine, foreign in ((visitors["ana"], "Alfa", "Bravo"), (visitors["analyst"], "Bravo", "Alfa")):
            answer = ask(server, address, token, headers=WHY)
            assert answer.status_code in (200, 204, 404), (path, answer.status_code, answer.text[:200])
            assert CANARY[foreign].encode() not in answer.content, path
            if CANARY[mine].encode() in answer.content:
                own.add(path.split("?")[0])
    assert {"tracks", "seizures", "images", "search", "export/geojson", "export/csv", "movement"} <= own, "a canary nobody finds proves nothing"


def test_numbers_are_of_what_one_sees(server, visitors):
    for token in (visitors["ana"], visitors["analyst"]):
        n = ask(server, f"/api/counts?{LIVE}", token).json()
        assert (n["seizures"]["total"], n["tracks"]["total"], n["images"]["total"]) == (12, 1, 1)
        assert len(n["facets"]["agency"]) == 1


def test_an_etag_of_another_is_no_304(server, visitors):
    for path in ("counts", "seizures/points", "tiles/tracks/6/14/26.mvt", "tiles/seizures/6/14/26.mvt", "worlds"):
        first = ask(server, f"/api/{path}?{LIVE}", visitors["ana"])
        tag = {"If-None-Match": first.headers["etag"]}
        assert ask(server, f"/api/{path}?{LIVE}", visitors["ana"], headers=tag).status_code == 304
        other = ask(server, f"/api/{path}?{LIVE}", visitors["analyst"], headers=tag)
        assert other.status_code in (200, 204) and other.headers["etag"] != first.headers["etag"]


def test_a_hotspot_run_of_another_is_not_there(server, visitors):
    run = ask(server, f"/api/hotspots?{LIVE}", visitors["ana"]).json()["run"]
    assert ask(server, f"/api/tiles/hotspots/{run}/6/14/26.mvt", visitors["ana"]).status_code in (200, 204)
    assert ask(server, f"/api/tiles/hotspots/{run}/6/14/26.mvt", visitors["analyst"]).status_code == 404


# -- sockets, origins, names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"Origin": "http://127.0.0.1"}, {"Origin": "http://evil.example", "Cookie": "vigia={token}"}, {"Cookie": "vigia={token}"},
    {"Origin": "http://127.0.0.1", "Cookie": "vigia=" + "x" * 43}, {"Origin": "null", "Cookie": "vigia={token}"},
])
def test_a_socket_is_refused_before_it_opens(server, headers):
    with pytest.raises(WebSocketDisconnect), server.websocket_connect(
            "ws://127.0.0.1/_dash-ws-callback", headers={k: v.format(token=TOKEN) for k, v in headers.items()}):
        raise AssertionError("it opened")


def test_a_socket_of_our_own_page_opens(server):
    with server.websocket_connect("ws://127.0.0.1/_dash-ws-callback", headers={"Origin": "http://127.0.0.1", "Cookie": f"vigia={TOKEN}"}) as socket:
        socket.close()


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:81"},
                                     {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}])
def test_a_strangers_page_changes_nothing(server, headers):
    for path in ("/sign-in", "/sign-out", "/account", "/_dash-update-component"):
        assert ask(server, path, TOKEN, "POST", headers=headers).status_code == 403, path
    assert ask(server, "/api/me", TOKEN).status_code == 200, "the session stands"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8050", "", "[::2]"])
def test_a_name_that_is_not_ours_is_not_answered(server, host):
    """A stranger's page may have its own name lead to this machine."""
    for path in ("/", "/api/me", "/sign-in", "/api/health/live"):
        assert ask(server, path, TOKEN, headers={"Host": host}).status_code == 421


def test_every_answer_carries_the_headers(server, visitors):
    for path, token in (("/", TOKEN), ("/sign-in", None), ("/api/me", None), ("/nowhere", TOKEN), ("/api/export/csv", visitors["viewer"]),
                        ("/assets/js/main.mjs", None), (f"/api/counts?{LIVE}", TOKEN), ("/wall/main", TOKEN)):
        headers = ask(server, path, token).headers
        told = headers["content-security-policy"]
        scripts = next(part for part in told.split("; ") if part.startswith("script-src"))
        assert "unsafe" not in scripts and "'self'" in scripts and "object-src 'none'" in told and "frame-ancestors 'none'" in told, path
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


# -- signing in -------------------------------------------------------------------------------------------------------


@pytest.fixture
def eva(module_database, server):
    """Somebody with a password, unlocked before each test."""
    from data import passwords

    with module_database.connect() as connection:
        if not connection.execute("SELECT 1 FROM access.person WHERE name = 'eva'").fetchone():
            people.add(connection, "eva", ["coordinator"], agencies=["Alfa"])
        people.set_password(connection, "eva", passwords.hashed(PASSWORD))
        people.set_active(connection, "eva", True)
        connection.commit()
    server.cookies.clear()
    yield "eva"
    server.cookies.clear()


def sign_in(server, name: str, password: str, target: str = "/"):
    return ask(server, "/sign-in", None, "POST", data={"name": name, "password": password, "next": target})


def test_a_password_lets_in_and_sign_out_ends_it(server, eva):
    answer = sign_in(server, " EVA ", PASSWORD, "/?world=live")
    assert answer.status_code == 303 and answer.headers["location"] == "/?world=live"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    token = answer.cookies["vigia"]
    server.cookies.clear()
    me = ask(server, "/api/me", token).json()
    assert me["name"] == "eva" and me["roles"] == ["coordinator"] and me["agencies"] == ["Alfa"]
    assert ask(server, "/sign-out", token, "POST").status_code == 303
    server.cookies.clear()
    server.app.middleware_stack.app._known.clear() if hasattr(server.app.middleware_stack.app, "_known") else None
    with_grace(server, token, 401)


def with_grace(server, token: str, status: int) -> None:
    """The guard may believe what it knows for two seconds, and no longer."""
    import time

    until = time.monotonic() + 5
    while ask(server, "/api/me", token).status_code != status:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_what_is_wrong_is_told_alike(server, eva, module_database):
    """Neither words nor status tell which names there are, which are locked, and which are closed."""
    told = {sign_in(server, eva, "wrong password it is").text.replace("eva", "NAME"), sign_in(server, "nobody", "x" * 20).text.replace("nobody", "NAME")}
    with module_database.connect() as connection:
        people.set_active(connection, eva, False)
        connection.commit()
    told.add(sign_in(server, eva, PASSWORD).text.replace("eva", "NAME"))
    assert len(told) == 1 and signing.WRONG in next(iter(told))


def test_five_wrong_ones_lock_the_account(server, eva, module_database):
    for _ in range(5):
        assert sign_in(server, eva, "wrong password it is").status_code == 401
    assert sign_in(server, eva, PASSWORD).status_code == 401
    with module_database.connect() as connection:
        connection.execute("UPDATE access.person SET locked_until = now() WHERE name = 'eva'")
        connection.commit()
    assert sign_in(server, eva, PASSWORD).status_code == 303


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", "/sign-out", ""])
def test_one_goes_on_only_to_an_address_of_ours(server, eva, target):
    assert sign_in(server, eva, PASSWORD, target).headers["location"] == "/"


def test_a_link_lets_in_once(server, module_database):
    with module_database.connect() as connection:
        people.add(connection, "linked", ["viewer"])
        old, link = people.link(connection, "linked"), people.link(connection, "linked")
        connection.commit()
    assert ask(server, f"/sign-in/link/{old}").status_code == 401, "a newer link takes the place of an older one"
    answer = ask(server, f"/sign-in/link/{link}")
    assert answer.status_code == 303 and answer.cookies["vigia"]
    server.cookies.clear()
    again = ask(server, f"/sign-in/link/{link}")
    assert again.status_code == 401 and signing.GONE.split(".")[0] in again.text


def test_a_screens_token_is_exchanged_once(server, module_database):
    with module_database.connect() as connection:
        token = people.add_screen(connection, "Second wall")
        connection.commit()
    assert ask(server, f"/sign-in/screen/{token}").headers["location"] == "/wall/main"
    server.cookies.clear()
    assert ask(server, f"/sign-in/screen/{token}").status_code == 401


def test_a_session_is_not_handed_on_to_the_next_person(server, eva):
    first = sign_in(server, eva, PASSWORD).cookies["vigia"]
    server.cookies.clear()
    second = ask(server, "/sign-in", first, "POST", data={"name": eva, "password": PASSWORD}).cookies["vigia"]
    server.cookies.clear()
    assert second != first
    with_grace(server, first, 401)


@pytest.mark.parametrize("password, why", [("short", "5 characters"), ("password1234", "refused"), ("evaevaevaeva", "refused"), ("aaaaaaaaaaaaaaaa", "refused")])
def test_a_poor_password_is_refused(server, eva, password, why):
    token = sign_in(server, eva, PASSWORD).cookies["vigia"]
    server.cookies.clear()
    answer = ask(server, "/account", token, "POST", data={"password": password})
    assert answer.status_code == 422 and why in answer.text


def test_a_new_password_ends_every_other_session(server, eva):
    tokens = []
    for _ in range(2):
        tokens.append(sign_in(server, eva, PASSWORD).cookies["vigia"])
        server.cookies.clear()
    assert ask(server, "/account", tokens[0], "POST", data={"password": "nine lanterns under the quay"}).status_code == 200
    with_grace(server, tokens[1], 401)
    assert ask(server, "/api/me", tokens[0]).status_code == 200
    assert sign_in(server, eva, "nine lanterns under the quay").status_code == 303


def test_too_many_tries_from_one_place_wait(server, eva, monkeypatch):
    monkeypatch.setenv("VIGIA_SIGN_IN_TRIES", "3")
    settings.access.cache_clear()
    signing._tries.clear()
    assert [sign_in(server, eva, PASSWORD).status_code for _ in range(5)] == [303, 303, 303, 429, 429]
    monkeypatch.undo()
    settings.access.cache_clear()
    signing._tries.clear()


def test_a_form_that_is_too_large_is_no_try(server, eva):
    assert ask(server, "/sign-in", None, "POST", data={"name": eva, "password": "x" * 50_000}).status_code == 401


# -- purpose ----------------------------------------------------------------------------------------------------------


def test_what_leaves_the_house_needs_a_purpose(server, visitors):
    answer = ask(server, f"/api/export/csv?{LIVE}", visitors["ana"])
    assert answer.status_code == 428 and "X-Purpose" in answer.json()["error"]
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY).status_code == 200
    assert ask(server, "/api/export/csv?world=exercise", visitors["ana"]).status_code == 200, "what is invented needs none"


@pytest.mark.parametrize("headers", [{"X-Purpose": "x"}, {"X-Case": "1"}, {"X-Purpose": "x" * 201, "X-Case": "1"}, {"X-Purpose": "a%0Ab", "X-Case": "1"}])
def test_half_a_purpose_is_refused(server, visitors, headers):
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=headers).status_code == 422


def test_the_history_of_what_needs_a_basis_needs_a_purpose(server, module_database, visitors):
    rng = np.random.default_rng(4)
    with module_database.connect() as connection:
        ids = tracks(connection, [walk(rng, 40) for _ in range(3)], world=0, agency=people.add_agency(connection, "Alfa", None), prefix="kinds")
        connection.commit()
    statuses = [ask(server, f"/api/tracks/{i}/fixes?{LIVE}", visitors["ana"]).status_code for i in ids]
    assert statuses == [200, 428, 428], "a vessel broadcasts; a vehicle and a tag do not"
    assert ask(server, f"/api/tracks/{ids[1]}/fixes?{LIVE}", visitors["ana"], headers=WHY).json()["total"] == 40
    assert ask(server, f"/api/tracks/{ids[1]}/fixes?{LIVE}", visitors["analyst"], headers=WHY).status_code == 404, "nor does a purpose open another's"


# -- the record -------------------------------------------------------------------------------------------------------


def entries(module_database, since: int = 0) -> list[dict]:
    with module_database.connect() as connection:
        return [json.loads(row[0]) for row in connection.execute("SELECT entry FROM audit.entry WHERE seq >= %s ORDER BY seq", (since,))]


def test_each_look_is_one_entry(server, module_database, visitors):
    told = len(entries(module_database))
    track = ask(server, f"/api/tracks?{LIVE}&sort=name&limit=1", visitors["ana"]).json()["rows"][0]["id"]
    ask(server, f"/api/tracks/{track}?{LIVE}", visitors["ana"])
    ask(server, f"/api/export/csv?{LIVE}&drug=cocaine", visitors["ana"], headers=WHY)
    ask(server, f"/api/search?q=Truck%20of%20Ramon&{LIVE}", visitors["ana"])
    ask(server, f"/api/export/csv?{LIVE}", visitors["viewer"], headers=WHY)
    ask(server, f"/api/seizures/99999?{LIVE}", visitors["ana"])
    listed, opened, out, search, refused = entries(module_database, told)
    assert (listed["what"], listed["of"], listed["rows"]) == ("consultation", "tracks", 1)
    assert (opened["of"], opened["rows"], opened["who"].split(":")[0]) == (f"tracks/{track}", 1, "person")
    assert (out["what"], out["of"], out["purpose"], out["case"], out["filter"]) == ("disclosure", "export/csv", "investigation", "2026-114", "world=live&drug=cocaine")
    assert out["rows"] >= 2 and out["address"] and out["session"] and out["at"].endswith("Z")
    assert "Ramon" not in json.dumps(search) and "q=%23" in search["filter"]
    assert (refused["what"], refused["of"]) == ("refused", "export/csv")


def test_a_map_that_is_moved_is_one_look_a_minute(server, module_database, visitors):
    token = module_database.person("mover", agencies=["Alfa"]).token
    told = len(entries(module_database))
    for z, x, y in ((6, 14, 26), (7, 29, 54), (8, 58, 108), (6, 14, 26)):
        ask(server, f"/api/tiles/tracks/{z}/{x}/{y}.mvt?{LIVE}", token)
        ask(server, f"/api/tiles/seizures/{z}/{x}/{y}.mvt?{LIVE}", token)
    ask(server, f"/api/tiles/tracks/6/14/26.mvt?{LIVE}&kind=vessel", token)
    assert [(e["of"], e["filter"]) for e in entries(module_database, told)] == [
        ("tiles/tracks", "world=live"), ("tiles/seizures", "world=live"), ("tiles/tracks", "world=live&kind=vessel")]


def test_what_a_map_asks_for_at_once_is_one_entry(server, module_database):
    token = module_database.person("burst", agencies=["Alfa"]).token
    told = len(entries(module_database))
    paths = [f"/api/tiles/tracks/8/{x}/{y}.mvt?{LIVE}" for x in range(56, 60) for y in range(106, 110)]
    with ThreadPoolExecutor(16) as pool:
        assert {a.status_code for a in pool.map(lambda path: ask(server, path, token), paths)} <= {200, 204}
    assert [e["of"] for e in entries(module_database, told)] == ["tiles/tracks"]


def test_signing_in_is_recorded_however_it_ends(server, module_database, eva):
    told = len(entries(module_database))
    sign_in(server, eva, "wrong password it is")
    sign_in(server, "nobody there", "wrong password it is")
    sign_in(server, eva, PASSWORD)
    server.cookies.clear()
    found = entries(module_database, told)
    assert [e["what"] for e in found] == ["sign-in refused", "sign-in refused", "sign-in"]
    assert found[0]["who"] == found[2]["who"] and found[1]["who"] == "nobody" and "eva" not in json.dumps(found)


def test_without_a_record_nothing_governed_is_given_out(server, module_database, visitors, cluster):
    """T16: the basemap and the way in stay."""
    token = module_database.person("late", agencies=["Alfa"]).token
    with psycopg.connect(cluster.url(SETUP, module_database.name).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION audit.append(text[]) FROM vigia_app")
        try:
            for path in ("tiles/tracks/6/14/26.mvt", "tracks", "counts", "seizures/points", "search?q=a", "hotspots"):
                answer = ask(server, f"/api/{path}{'&' if '?' in path else '?'}{LIVE}", token)
                assert answer.status_code == 503 and "record" in answer.json()["error"], path
                assert CANARY["Alfa"].encode() not in answer.content
            assert ask(server, "/api/basemap/parts.json", token).status_code == 200
            assert ask(server, "/sign-in").status_code == 200
        finally:
            connection.execute("GRANT EXECUTE ON FUNCTION audit.append(text[]) TO vigia_app")
    assert ask(server, f"/api/counts?{LIVE}", token).status_code == 200


def test_auditors_read_the_record_and_that_is_an_entry(server, module_database, visitors):
    ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=WHY)
    told = len(entries(module_database))
    page = ask(server, "/audit?what=disclosure", visitors["auditor"])
    assert page.status_code == 200 and "Investigation".lower() in page.text.lower() and "2026-114" in page.text
    rows = ask(server, "/api/audit?limit=2", visitors["auditor"]).json()["rows"]
    assert [r["of"] for r in rows] == ["audit", "export/csv"] and rows[0]["seq"] == told
    older = ask(server, f"/api/audit?limit=1&before={rows[1]['seq']}", visitors["auditor"]).json()["rows"]
    assert older[0]["seq"] == rows[1]["seq"] - 1
    assert [e["of"] for e in entries(module_database, told)] == ["audit", "audit", "audit"]
    assert ask(server, "/audit", visitors["administrator"]).status_code == 403


@pytest.mark.parametrize("query", ["before=x", "before=-1", "limit=0", "limit=5000", "from=yesterday", "drug=cocaine", "what=nothing", "who=%00", "who=person:x", "before=99999999999999999999"])
def test_a_bad_question_to_the_record_is_a_422(server, visitors, query):
    assert ask(server, f"/api/audit?{query}", visitors["auditor"]).status_code == 422


def test_a_name_in_the_record_is_text(server, module_database, visitors):
    evil = {"X-Purpose": "%3Cscript%3Ealert(1)%3C/script%3E", "X-Case": "1"}
    assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers=evil).status_code == 200
    page = ask(server, "/audit?limit=5&who=person:1", visitors["auditor"]).text + ask(server, "/audit?limit=5", visitors["auditor"]).text
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and '"><b>' not in page


# -- the administrator's page ------------------------------------------------------------------------------------------


def post(server, token: str, **told):
    return ask(server, "/admin", token, "POST", data=told)


def made_address(page: str) -> str:
    return re.search(r"<code>http://127.0.0.1(/sign-in/[^<]+)</code>", page)[1]


def test_an_administrator_adds_a_person_who_signs_in_with_the_link(server, module_database, visitors):
    told = len(entries(module_database))
    page = post(server, visitors["administrator"], act="add", name="Nora ", shown="Nora <b>", role=["viewer", "analyst"], agency=["Alfa"], ceiling="TLP:GREEN").text
    assert "Nora &lt;b&gt;" in page and "<b>" not in page
    token = ask(server, made_address(page)).cookies["vigia"]
    server.cookies.clear()
    me = ask(server, "/api/me", token).json()
    assert (me["name"], me["roles"], me["agencies"]) == ("nora", ["analyst", "viewer"], ["Alfa"])
    assert [(e["what"], e.get("of")) for e in entries(module_database, told)][:1] == [("change", "person")]
    assert "already" in post(server, visitors["administrator"], act="add", name="nora", role="viewer", ceiling="TLP:GREEN").text
    number = module_database_id(module_database, "nora")
    assert "ended" in post(server, visitors["administrator"], act="sign-out", id=number).text
    with_grace(server, token, 401)
    assert "closed" in post(server, visitors["administrator"], act="close", id=number).text
    assert "no open account" in post(server, visitors["administrator"], act="link", id=number).text
    assert "open and unlocked" in post(server, visitors["administrator"], act="open", id=number).text
    assert ask(server, made_address(post(server, visitors["administrator"], act="link", id=number).text)).status_code == 303
    server.cookies.clear()


def module_database_id(database, name: str) -> int:
    with database.connect() as connection:
        return people.person_id(connection, name)


def test_an_administrator_keeps_screens(server, module_database, visitors):
    page = post(server, visitors["administrator"], act="screen", name="East wall", agency="Bravo", ceiling="TLP:AMBER").text
    token = ask(server, made_address(page)).cookies["vigia"]
    server.cookies.clear()
    assert ask(server, f"/api/counts?{LIVE}", token).json()["tracks"]["total"] >= 1
    with module_database.connect() as connection:
        (number,) = connection.execute("SELECT id FROM access.screen WHERE name = 'East wall'").fetchone()
    assert "nothing more" in post(server, visitors["administrator"], act="revoke", id=number).text
    with_grace(server, token, 401)
    assert "RED never" in post(server, visitors["administrator"], act="screen", name="Red wall", ceiling="TLP:RED").text


@pytest.mark.parametrize("told", [{"act": "drop"}, {}, {"act": "close", "id": "x"}, {"act": "link", "id": "-1"}, {"act": "revoke", "id": "99999999999999"}])
def test_what_is_no_act_is_a_422(server, visitors, told):
    assert post(server, visitors["administrator"], **told).status_code == 422


@pytest.mark.parametrize("told", [{"act": "add", "name": "x", "role": "viewer", "ceiling": "TLP:RED"}, {"act": "add", "name": "xx", "ceiling": "TLP:RED"},
                                  {"act": "add", "name": "xx", "role": "king", "ceiling": "TLP:RED"}, {"act": "add", "name": "xx", "role": "viewer", "ceiling": "x"}])
def test_an_account_that_can_not_be_is_told(server, module_database, visitors, told):
    assert "needed" in post(server, visitors["administrator"], **told).text
    with module_database.connect() as connection:
        assert connection.execute("SELECT 1 FROM access.person WHERE name = 'xx'").fetchone() is None


def test_nobody_closes_the_account_they_sit_at(server, module_database, visitors):
    number = module_database_id(module_database, "administrator")
    assert "your own" in post(server, visitors["administrator"], act="close", id=number).text
    assert ask(server, "/admin", visitors["administrator"]).status_code == 200


def test_the_functions_of_an_administrator_ask_who_is_calling(module_database, visitors, server):
    with psycopg.connect(module_database.app_url.replace("+psycopg", "")) as connection:
        for call in ("admin_people(%s)", "admin_add(%s, 'evil', NULL, ARRAY['auditor'], 4, ARRAY[]::text[])", "admin_link(%s, 1, 'x', 10)", "admin_active(%s, 1, false)",
                     "admin_sign_out(%s, 1)", "admin_screen(%s, 'evil', NULL, 3, 'x')", "admin_revoke(%s, 1)", "admin_screens(%s)", "admin_operations(%s)"):
            for token in (visitors["supervisor"], visitors["screen"], "x" * 40):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no administrator"):
                    connection.execute(f"SELECT access.{call}", (token,))
                connection.rollback()


# -- injection --------------------------------------------------------------------------------------------------------

# ref: the six families of QGIS Server's own suite, and the one that would forge whose a transaction is
FAMILIES = {
    "stacked": "1'; DROP TABLE vigia.track; --", "time": "1' AND (SELECT pg_sleep(30)) IS NULL --", "boolean": "' OR '1'='1", "like": "%' OR name LIKE '%",
    "union": "' UNION SELECT name, name, name FROM vigia.track --", "unicode": "\u02bc OR 1=1 \u2212\u2212 \uff07 OR \uff07", "nul": "a\x00' OR 1=1",
    "context": "','(SELECT set_config(''vigia.movements'', ''ffffffff'', true))",
}
FILTER_KEYS = ("from", "to", "known_at", "bbox", "area", "kind", "track", "drug", "min_kg", "max_kg", "agency", "conveyance", "source", "q", "world")
ASKED = ("seizures", "tracks", "tiles/tracks/9/117/217.mvt", "audit")


@pytest.mark.parametrize("family", FAMILIES)
def test_no_parameter_is_more_than_a_value(server, visitors, family):
    bad = quote(FAMILIES[family])
    for path in ASKED:
        for key in (*FILTER_KEYS, "limit", "offset", "sort", "zoom", "move_from", "span_from", "bins") if path != "audit" else ("what", "who", "before", "from", "to", "limit"):
            token = visitors["auditor"] if path == "audit" else visitors["ana"]
            answer = ask(server, f"/api/{path}{'&' if '?' in path else '?'}{key}={bad}", token, headers=WHY)
            assert answer.status_code in (200, 204, 422), (path, key, answer.status_code, answer.text[:200])
            assert CANARY["Bravo"].encode() not in answer.content, (path, key)
            assert b"syntax" not in answer.content and b"psycopg" not in answer.content, (path, key)
    for path in (f"tracks/{bad}", f"seizures/{bad}/x", f"tiles/tracks/{bad}/1/1.mvt", f"tiles/{bad}/1/1/1.mvt", f"export/{bad}", f"basemap/{bad}"):
        assert ask(server, f"/api/{path}", visitors["ana"], headers=WHY).status_code in (404, 422), path
    for field in ("X-Purpose", "X-Case"):
        assert ask(server, f"/api/export/csv?{LIVE}", visitors["ana"], headers={**WHY, field: bad}).status_code in (200, 422)
    for path, told in (("/sign-in", {"name": FAMILIES[family], "password": FAMILIES[family]}), (f"/sign-in/link/{bad}", None), (f"/sign-in/screen/{bad}", None)):
        assert ask(server, path, None, "POST" if told else "GET", **({"data": told} if told else {})).status_code in (401, 404)
    assert ask(server, f"/api/tracks?{LIVE}", visitors["ana"]).json()["total"] >= 1, "everything stands"
