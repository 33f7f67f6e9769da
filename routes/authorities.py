"""Authorities for those who answer for them: a plain page, what there is to be warned of, and for a legal officer what was collected under one."""

from __future__ import annotations

import html
from datetime import datetime

from fastapi import APIRouter, Request, Response

from data import authority_page
from data.visitor import at_hand
from errors import FilterInvalid
from routes import papers
from routes.asking import RowId, as_json, database, need_purpose
from routes.paging import paging

router = APIRouter()

PAGE_KEYS = ("limit", "offset")
BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Authorities</h1></header>
<main tabindex="0">
<section aria-labelledby="authorities"><h2 id="authorities">Authorities</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="authorities"><table><thead><tr><th>State</th><th>Reference</th><th>Agency</th><th>Kind</th><th>Devices</th><th>From (UTC)</th><th>To (UTC)</th>
<th>Area</th>{sealed_head}<th>Issuer and purpose</th></tr></thead><tbody>{authorities}</tbody></table></div></section>
<section aria-labelledby="duties"><h2 id="duties">Duties after the end</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="duties"><table><thead><tr><th>State</th><th>Duty</th><th>Reference</th><th>Agency</th><th>Ended (UTC)</th><th>Due (UTC)</th><th>Done (UTC)</th><th>By</th><th>Note</th></tr></thead>
<tbody>{duties}</tbody></table></div><p>Say that one is done: <code>./vigia authority duty</code></p></section>
<section aria-labelledby="handovers"><h2 id="handovers">Hand-overs</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="handovers"><table><thead><tr><th>State</th><th class="number">No.</th><th>From</th><th>To</th><th>Under</th><th>What</th><th>Seen (UTC)</th><th>Where</th><th>Open until (UTC)</th><th>Decided</th></tr></thead>
<tbody>{handovers}</tbody></table></div><p>Take one over, or say no: <code>./vigia authority accept</code>, <code>./vigia authority decline</code></p></section>
</main>"""


@router.get("/authorities", include_in_schema=False)
async def page(request: Request) -> Response:
    found = await authority_page.everything(database(request), at_hand().token)
    legal = "legal" in at_hand().roles
    parts = {
        "sealed_head": '<th class="number">Sealed fixes</th>' if legal else "",
        "authorities": "".join(_authority(a, legal) for a in found["authorities"]) or _nothing(9 + legal, "No authority yet: ./vigia authority add"),
        "duties": "".join(map(_duty, found["duties"])) or _nothing(9, "Nothing is due: no authority has ended."),
        "handovers": "".join(map(_handover, found["handovers"])) or _nothing(10, "Nothing has left the area of its authority."),
    }
    return papers.page("authorities", "Vigia: authorities", "papers", papers.filled(BODY, parts), rows=sum(len(rows) for rows in found.values()))


@router.get("/api/authorities")
async def listed(request: Request) -> Response:
    """Authorities, hand-overs and duties of one's agencies; how many fixes lie sealed is told to legal officers."""
    found = await authority_page.everything(database(request), at_hand().token)
    return as_json(found, rows=sum(len(rows) for rows in found.values()))


@router.get("/api/authorities/warnings")
async def warned(request: Request) -> Response:
    """What there is to be warned of now; nothing for who answers for no authority. The record is told by what is asked here."""
    found = await authority_page.warnings(database(request), at_hand())
    return as_json({"ends": found.ends, "overdue": found.overdue, "offered": found.offered, "total": found.total})


@router.get("/api/authorities/{authority_id}/fixes")
async def fixes(request: Request, authority_id: RowId) -> Response:
    """The fixes that were collected under an authority, after its end too, oldest first; `limit` and `offset`."""
    need_purpose("what was collected under an authority")
    for key, value in request.query_params.multi_items():
        if key not in PAGE_KEYS:
            raise FilterInvalid([{"key": key[:40], "value": value[:40], "expected": f"one of {', '.join(PAGE_KEYS)}"}])
    asked = paging(request, ("observed_at",), "observed_at")
    told = await authority_page.fixes(database(request), at_hand().token, min(authority_id, 2**31 - 1), limit=asked["limit"], offset=asked["offset"])
    return as_json(told, rows=len(told["rows"]))


# -- inside -----------------------------------------------------------------------------------------------------------

TONES = {"not begun": "quiet", "in force": "good", "ended": "over", "revoked": "over", "due": "soon", "overdue": "bad", "done": "quiet",
         "offered": "soon", "accepted": "good", "declined": "quiet", "expired": "quiet", "nobody": "over"}


def _authority(a: dict, legal: bool) -> str:
    ended = a["revoked_at"] if a["says"] == "revoked" else a["valid_to"]
    cells = [_state(a["says"]), a["reference"], a["agency"], a["kind_name"], ", ".join(a["devices"]), _time(a["valid_from"]), _time(ended), "yes" if a["with_area"] else "no"]
    if legal:
        cells.append(_Number(a["sealed"]))
    return _row(*cells, f"{a['issuer']}: {a['purpose']}")


def _duty(d: dict) -> str:
    return _row(_state(d["says"]), d["name"], d["reference"], d["agency"], _time(d["ended_at"]), _time(d["due_at"]), _time(d["done_at"]), d["done_by"] or "", d["note"] or "")


def _handover(h: dict) -> str:
    words = "no agency is competent there" if h["state"] == "nobody" else h["state"]
    by = " ".join(filter(None, (_time(h["decided_at"]), h["decided_by"] and f"by {h['decided_by']}", h["own_reference"] and f"under {h['own_reference']}")))
    return _row(_state(h["state"], words), _Number(h["id"]), h["from_agency"], h["to_agency"] or "", h["reference"], h["track"] or h["kind"], _time(h["observed_at"]), h["about"],
                _time(h["expires_at"]) if h["state"] == "offered" else "", by)


class _Markup(str):
    """Escaped already."""


class _Number(int):
    """Stands to the right."""


def _state(says: str, words: str | None = None) -> _Markup:
    tone = TONES.get(says, "soon" if says.startswith("ends in") else "quiet")
    return _Markup(f'<span class="state {tone}">{html.escape(words or says)}</span>')


def _row(*cells: object) -> str:
    return "<tr>" + "".join(
        f'<td class="number">{cell:,}</td>' if isinstance(cell, _Number) else f"<td>{cell if isinstance(cell, _Markup) else html.escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _nothing(columns: int, words: str) -> str:
    return f'<tr><td colspan="{columns}">{html.escape(words)}</td></tr>'


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
