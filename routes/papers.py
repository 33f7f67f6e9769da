"""What the plain pages share (the way in, the record, accounts): the head, and that nobody keeps a copy."""

from __future__ import annotations

import html
import re

from fastapi import Response

HEAD = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-page="{name}">
<head>
<meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/fonts.css"><link rel="stylesheet" href="/assets/css/tokens.css">
<link rel="stylesheet" href="/assets/wall/{style}.css">
</head>
<body>
"""


def filled(body: str, parts: dict[str, str]) -> str:
    """A page's body with its parts in the places of their names, in one go: what a part holds is not looked at again.

    >>> filled("<p>{a}</p>{b}", {"a": "{b}", "b": "c"})
    '<p>{b}</p>c'
    """
    return re.sub(r"\{(\w+)\}", lambda found: parts.get(found[1], found[0]), body)


def page(name: str, title: str, style: str, body: str, *, status: int = 200, rows: int | None = None) -> Response:
    """A plain page; `body` is markup whose every told word is escaped already, `rows` how many records are in it."""
    headers = {"Cache-Control": "no-store", **({"X-Rows": str(rows)} if rows is not None else {})}
    return Response(f"{HEAD.format(name=name, title=html.escape(title), style=style)}{body}\n</body>\n</html>", status, headers, "text/html; charset=utf-8")
