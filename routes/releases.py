"""Releases, for those who answer for them: a page of what left the house and whom to tell, and the same as JSON."""

from __future__ import annotations

import html
from datetime import datetime

from fastapi import APIRouter, Request, Response

from data import releases
from data.visitor import at_hand
from errors import FilterInvalid
from routes import papers
from routes.asking import as_json, database

router = APIRouter()

KEYS = ("before", "limit")
LIMIT, LIMIT_MAX = 200, 1000
SHOWN = 20

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Releases</h1></header>
<main tabindex="0"><section><h2>To be told</h2>{notices}</section>
<section><h2>Released</h2>{releases}{older}</section></main>"""
NOTICES = "<thead><tr><th>Notice</th><th>Found (UTC)</th><th>Whom</th><th>Taken by</th><th>Releases</th><th>What changed</th></tr></thead>"
RELEASES = """<thead><tr><th>No.</th><th>When (UTC)</th><th>Who</th><th>For whom</th><th>Format</th><th>Rows</th><th>Marking</th><th>Purpose and case</th>
<th>Filter</th></tr></thead>"""


@router.get("/api/releases")
async def listed(request: Request) -> Response:
    """`before` (a release's number), `limit`: the newest first; `notices` are still to be told."""
    rows, notices = await _asked(request)
    return as_json({"rows": rows, "notices": notices}, rows=len(rows))


@router.get("/releases", include_in_schema=False)
async def page(request: Request) -> Response:
    rows, notices = await _asked(request)
    older = f'<p><a href="/releases?before={rows[-1]["id"]}">Older</a></p>' if len(rows) == _number(request, "limit", LIMIT, LIMIT_MAX) else ""
    told = (f'<div class="wide"><table>{NOTICES}<tbody>{"".join(map(_notice, notices))}</tbody></table></div>' if notices
            else "<p>Nobody. <code>vigia release recall --since TIME</code> looks anew.</p>")
    released = f'<div class="wide"><table>{RELEASES}<tbody>{"".join(map(_release, rows))}</tbody></table></div>' if rows else "<p>Nothing yet.</p>"
    body = BODY.format(notices=told, releases=released, older=older)
    return papers.page("releases", "Vigia: releases", "papers", body, rows=len(rows))


async def _asked(request: Request) -> tuple[list[dict], list[dict]]:
    for key, value in request.query_params.multi_items():
        if key not in KEYS:
            raise FilterInvalid([{"key": key[:40], "value": value[:40], "expected": f"one of {', '.join(KEYS)}"}])
    return await releases.listed(database(request), at_hand().token, before=_number(request, "before", None, 10**18),
                                 limit=_number(request, "limit", LIMIT, LIMIT_MAX))


def _number(request: Request, key: str, otherwise: int | None, most: int) -> int | None:
    told = request.query_params.get(key)
    if not told:
        return otherwise
    if not (told.isascii() and told.isdecimal()) or not 1 <= int(told) <= most:
        raise FilterInvalid([{"key": key, "value": told[:40], "expected": f"1 to {most}"}])
    return int(told)


def _release(row: dict) -> str:
    return _row(row["id"], _when(row["at"]), f"person:{row['person']}", row["recipient"] or "", row["format"], f"{row['rows']:,}", row["marking"],
                f"{row['purpose']} · {row['case']}", row["filter"])


def _notice(row: dict) -> str:
    by_what: dict[str, dict[str, None]] = {}
    for change in row["changes"]:
        by_what.setdefault(change["what"], {})[change["record"]] = None  # one record may be in several releases
    of = ", ".join(str(n) for n in sorted({c["release"] for c in row["changes"]}))
    told = [f"{what}: {', '.join(list(records)[:SHOWN])}{f' and {len(records) - SHOWN:,} more' if len(records) > SHOWN else ''}" for what, records in by_what.items()]
    more = [f"and {len(told) - SHOWN:,} other changes, in /api/releases"] if len(told) > SHOWN else []
    return _row(row["id"], _when(row["found_at"]), row["recipient"] or f"person:{row['person']}", f"person:{row['person']}", of, "; ".join([*told[:SHOWN], *more]))


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _row(*cells: object) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>"
