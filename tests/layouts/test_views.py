"""Saved views on the page: a button for a wide and for a narrow one, steps and keys with names and what the keyboard does."""

from __future__ import annotations

from layouts import ids, page, rail, topbar, views
from tests.layouts.test_page import walk


def commands(component, name: str) -> list:
    return [c for c in walk(component) if getattr(c, "data-command", None) == name]


def test_the_panel_is_opened_from_the_top_bar_and_where_that_has_no_room_from_the_rail():
    for where, count in ((topbar.bar(), 1), (rail.rail(), 1), (page.layout(), 2)):
        found = commands(where, "views")
        assert len(found) == count and all(getattr(b, "aria-controls") == ids.VIEWS and getattr(b, "aria-expanded") == "false" for b in found)
    assert views.panel().hidden and views.bar().hidden and views.bar().role == "status"


def test_undo_and_redo_stand_beside_clear_and_tell_their_keys():
    undo, redo = views.steps()
    assert [getattr(b, "aria-label") for b in (undo, redo)] == ["Undo", "Redo"] and undo.disabled and redo.disabled
    assert [getattr(b, "aria-keyshortcuts") for b in (undo, redo)] == ["Control+Z", "Control+Shift+Z"]
    [head] = [c for c in walk(rail.rail()) if getattr(c, "className", None) == "head-acts"]
    assert [getattr(c, "data-command", None) or c.id for c in head.children] == ["undo", "redo", ids.CLEAR]
    assert len(commands(topbar.bar(), "keys")) == 1
