"""`vigia view`: listed, shown with every version, deleted, and the record knows."""

from __future__ import annotations

import json

from tests.commands.test_events import rows, typed

__all__ = ["typed"]


def test_views_are_listed_shown_and_deleted(typed, environment):
    with environment.connect() as connection:
        for version, name, ended in ((1, "East", "now()"), (2, "الشرق", "NULL")):
            connection.execute(f"INSERT INTO saved_view (id, version, world, name, state, owner_id, made_by, ended_at) "
                               f"VALUES (7, %s, 1, %s, 'world=exercise&camera=8/26/-98', 1, 'tester', {ended})", (version, name))  # a word of ours
        connection.commit()
    [told] = json.loads(typed("view", "list", "--json")[1])
    assert (told["name"], told["id"], told["version"], told["world"], told["owner"], told["private"]) == ("الشرق", 7, 2, "exercise", "tester", False)
    assert [(v["version"], v["name"], v["address"]) for v in json.loads(typed("view", "show", "7", "--json")[1])] == [
        (2, "الشرق", "/?world=exercise#map=8/26/-98"), (1, "East", "/?world=exercise#map=8/26/-98")]
    assert typed("view", "delete", "7")[0] == 0 and typed("view", "list")[1] == ""
    assert rows(environment, "SELECT entry::jsonb ->> 'to' FROM audit.entry WHERE entry::jsonb ->> 'of' = 'saved-view:7'") == [("deleted",)]
    for words in (("view", "delete", "7"), ("view", "show", "8")):
        code, _, said = typed(*words)
        assert code == 1 and "view list" in said
