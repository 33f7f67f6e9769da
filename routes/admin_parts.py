"""What the administrator's page is made of: rows, forms, choices, and the entry of the record that comes before each change."""

from __future__ import annotations

import html
from datetime import datetime

from fastapi import Request

from data.visitor import at_hand
from errors import FilterInvalid


def number(told: dict) -> int:
    """The number a form tells. Raises FilterInvalid."""
    if not told.get("id", "").isdecimal() or len(told["id"]) > 9:
        raise FilterInvalid([{"key": "id", "value": told.get("id", "")[:40], "expected": "the number of an account, a screen or an operation"}])
    return int(told["id"])


async def record(request: Request, of: str, to: str, **about: str) -> None:
    """Raises RecordFailed: then nothing is changed."""
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=of, to=to, **about)


def row(*cells: object, raw: str | None = None) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + (f'<td class="acts">{raw}</td>' if raw is not None else "") + "</tr>"


def act_form(name: str, of: int, word: str, whose: str) -> str:
    """A button that does one thing to one thing; `whose` tells who can't see the row which."""
    return (f'<form method="post"><input type="hidden" name="act" value="{name}"><input type="hidden" name="id" value="{of}">'
            f'<button aria-label="{html.escape(f"{word}: {whose}")}">{word}</button></form>')


def box(name: str, value: str, checked: bool = False) -> str:
    return f'<label><input type="checkbox" name="{name}" value="{html.escape(value)}"{" checked" if checked else ""}> {html.escape(value)}</label>'


def options(values) -> str:
    return "".join(f"<option{' selected' if v == 'TLP:AMBER' else ''}>{v}</option>" for v in values)


def nothing(columns: int, words: str) -> str:
    return f'<tr><td colspan="{columns}">{words}</td></tr>'


def time_words(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
