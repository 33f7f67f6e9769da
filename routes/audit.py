"""The record, for auditors: a page of entries, and the same as JSON. That it was looked at is an entry too."""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from data import audit
from data.visitor import at_hand
from errors import FilterInvalid
from routes import papers
from routes.asking import as_json, database
from routes.counts import moment

router = APIRouter()

KEYS = ("what", "who", "before", "from", "to", "limit")
WHATS = ("consultation", "disclosure", "collection", "change", "check", "erasure", "sign-in", "sign-in refused", "sign-out", "refused", "warning")
WHO = re.compile(r"(person|screen):\d{1,12}|nobody|screen|command line")
LIMIT, LIMIT_MAX = 200, 1000

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> The record</h1>
<form><label for="what">What</label><select id="what" name="what"><option value="">Everything</option>{whats}</select>
<label for="who">Who</label><input id="who" name="who" value="{who}" placeholder="person:12" maxlength="60"><button>Show</button></form></header>
<main tabindex="0"><table><thead><tr><th>No.</th><th>When (UTC)</th><th>What</th><th>Who</th><th>Of</th><th>Rows</th><th>Purpose and case</th><th>From</th><th>More</th></tr></thead>
<tbody>{rows}</tbody></table>{none}{older}</main>"""


@router.get("/api/audit")
async def listed(request: Request) -> Response:
    """`what`, `who` (`person:12`), `from`, `to`, `before` (an entry's number), `limit`: the newest first."""
    rows = await _asked(request)
    return as_json({"rows": rows}, rows=len(rows))


@router.get("/audit", include_in_schema=False)
async def page(request: Request) -> Response:
    rows = await _asked(request)
    told = dict(request.query_params)
    whats = "".join(f'<option{" selected" if w == told.get("what") else ""}>{w}</option>' for w in WHATS)
    older = f'<p><a href="/audit?{html.escape(urlencode({**told, "before": rows[-1]["seq"]}))}">Older</a></p>' if len(rows) == _limit(request) else ""
    body = (BODY.replace("{whats}", whats).replace("{who}", html.escape(told.get("who", ""))).replace("{older}", older)
            .replace("{none}", "" if rows else "<p>No entry fits.</p>").replace("{rows}", "".join(map(_row, rows))))
    return papers.page("audit", "Vigia: the record", "papers", body, rows=len(rows))


async def _asked(request: Request) -> list[dict]:
    for key, value in request.query_params.multi_items():
        if key not in KEYS:
            raise FilterInvalid([{"key": key[:40], "value": value[:40], "expected": f"one of {', '.join(KEYS)}"}])
    for key, fits, expected in (("what", WHATS.__contains__, f"one of {', '.join(WHATS)}"), ("who", WHO.fullmatch, "such as person:12")):
        if (told := request.query_params.get(key)) and not fits(told):
            raise FilterInvalid([{"key": key, "value": told[:40], "expected": expected}])
    before = request.query_params.get("before") or None
    if before is not None and not (before.isdecimal() and len(before) < 19):
        raise FilterInvalid([{"key": "before", "value": before[:40], "expected": "the number of an entry"}])
    rows = await audit.read(
        database(request), at_hand().token, before=int(before) if before else None, start=moment(request, "from"), end=moment(request, "to"),
        what=request.query_params.get("what") or None, who=request.query_params.get("who") or None, limit=_limit(request))
    return [{"seq": seq, **orjson.loads(entry)} for seq, entry in rows]


def _limit(request: Request) -> int:
    told = request.query_params.get("limit", str(LIMIT))
    if not told.isdecimal() or not 1 <= int(told) <= LIMIT_MAX:
        raise FilterInvalid([{"key": "limit", "value": told[:40], "expected": f"1 to {LIMIT_MAX}"}])
    return int(told)


def _row(row: dict) -> str:
    known = ("seq", "at", "what", "who", "of", "rows", "purpose", "case", "address")
    more = ", ".join(f"{k} {v}" for k, v in row.items() if k not in known)
    why = " · ".join(str(row[k]) for k in ("purpose", "case") if row.get(k))
    cells = (row["seq"], row["at"][:19].replace("T", " "), row["what"], row["who"], row.get("of", ""), row.get("rows", ""), why, row.get("address", ""), more)
    return "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>"
