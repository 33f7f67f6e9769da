"""What is due and what is held is told to those who have to know, of their own agencies, and to nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from data import people, retention
from tests.routes.asked import ask, entries


def counted(module_database) -> None:
    """Everything brought in four years and eight months ago: due for review; one of Bravo's held past its time."""
    now = datetime.now(timezone.utc)
    with module_database.connect() as connection:
        connection.execute("UPDATE seizure SET recorded_at = %s", (now - timedelta(days=1710),))
        bravo = people.agency_id(connection, "Bravo")
        connection.execute("DELETE FROM held")
        connection.execute("INSERT INTO held (kind, record_id, agency_id, number, rule, sources, held_at, content) VALUES ('image', 9, %s, 1, 'x', '{}', now(), '{}')",
                           (bravo,))
        retention.count(connection, now)
        connection.commit()


def test_each_sees_the_numbers_that_are_theirs(server, visitors, module_database):
    counted(module_database)
    legal = ask(server, "/api/retention", visitors["legal"]).json()
    assert {(r["agency"], r["kind"]): (r["due"], r["held"]) for r in legal["rows"]} == {("Bravo", "seizure"): (12, 0), ("Bravo", "image"): (0, 1)}
    assert legal["due"] == 12 and legal["refused"] is None
    assert [r["held"] for r in ask(server, "/api/retention", visitors["supervisor"]).json()["rows"]] == [None, None]
    assert any(e.get("of") == "retention" and e["what"] == "consultation" for e in entries(module_database))


def test_their_own_page_says_so(server, visitors, module_database):
    counted(module_database)
    assert "12 records have to be reviewed. 1 records are held past their time." in ask(server, "/account", visitors["legal"]).text
    told = ask(server, "/account", visitors["supervisor"]).text
    assert "12 records have to be reviewed." in told and "held past" not in told
    assert "reviewed" not in ask(server, "/account", visitors["analyst"]).text
    with module_database.connect() as connection:
        connection.execute("INSERT INTO retention_clock (seen_at, refused) VALUES (now(), 'the clock stands <b>wrong</b>')")
        connection.commit()
    assert "The clock stands &lt;b&gt;wrong&lt;/b&gt;." in ask(server, "/account", visitors["legal"]).text
