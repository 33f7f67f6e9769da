"""The guard, asked over real ASGI: every address has a rule, and each kind of visitor gets what is theirs and nothing else."""

from __future__ import annotations

import re

import pytest
from starlette.websockets import WebSocketDisconnect

import settings
from data import people
from routes import api, rules
from tests.conftest import TOKEN
from tests.routes.asked import CANARY, LIVE, WHY, ask

SAMPLES = {"format": "geojson", "screen": "main", "slug": "main", "name": "land.pmtiles", "token": "x", "z": "6", "x": "14", "y": "26", "path": "x",
           "package_name": "dash", "fingerprinted_path": "x.js", "layer": "tracks"}


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
            # A stream that begins never ends (tests/routes/test_stream.py): asked so, it does not begin.
            status = ask(server, f"{sample(path)}{'?nowhere=1' if path == '/api/stream' else ''}", visitors[role], method).status_code
            assert (status == 403) is (role not in rule.roles), (path, role, status)


PATHS = ("worlds", "counts", "timeline", "seizures", "seizures/points", "tracks", "images", "sections", "views", "search?q=CANARY", "search?q=Track",
         "movement?move_from=2026-11-20T00:00:00Z&move_to=2026-11-25T00:00:00Z", "tracks?known_at=2027-01-01T00:00:00Z", "counts?known_at=2027-01-01T00:00:00Z", "events", "alerts", "watch-areas", "rules", "saved-views", "short-links", "hotspots", "export/geojson", "export/csv", "export/gpkg", "export/kml", "export/gpx",
         "export/briefing", "sorties", "tiles/tracks/6/14/26.mvt", "tiles/tracks/9/117/217.mvt", "tiles/tracks/12/939/1744.mvt", "tiles/seizures/9/117/217.mvt",
         "../imagery?view=images", "../imagery?view=sorties", "../stac/search", "../stac/collections", "../stac/collections/no-sortie/items",
         *(f"{layer}/{i}" for layer in ("tracks", "seizures", "images") for i in range(1, 60)), *(f"tracks/{i}/fixes" for i in range(1, 5)))


def test_a_foreign_canary_is_in_no_byte(server, visitors):
    own = set()
    for path in PATHS:
        address = f"{path[2:] if path.startswith('../') else f'/api/{path}'}{'&' if '?' in path else '?'}{LIVE}"
        for token, mine, foreign in ((visitors["ana"], "Alfa", "Bravo"), (visitors["analyst"], "Bravo", "Alfa")):
            answer = ask(server, address, token, headers=WHY)
            assert answer.status_code in (200, 204, 404), (path, answer.status_code, answer.text[:200])
            assert CANARY[foreign].encode() not in answer.content, path
            if CANARY[mine].encode() in answer.content:
                own.add(path.split("?")[0])
    assert {"tracks", "seizures", "images", "search", "export/geojson", "export/csv", "movement", "../imagery", "../stac/search", "../stac/collections/no-sortie/items"} <= own, "a canary nobody finds proves nothing"


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
