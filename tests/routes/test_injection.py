"""No parameter of any address is more than a value."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.routes.asked import CANARY, LIVE, WHY, ask


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
