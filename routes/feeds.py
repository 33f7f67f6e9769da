"""Feeds: how each fares, as JSON and as a plain page."""

from __future__ import annotations

import html
from datetime import datetime, timezone

from fastapi import APIRouter, Request, Response

from data import feeds
from data.visitor import at_hand
from routes import papers
from routes.asking import as_json, database

router = APIRouter()

WORDS = {"live": "Live", "late": "Late", "stale": "Stale", "dead": "Dead", "frozen": "Frozen", "off": "Off"}
BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Feeds</h1><p>{summary}</p></header>
<main tabindex="0"><div class="wide"><table><thead><tr><th>Feed</th><th>State</th><th>Kind</th><th>Agency</th><th>Last message</th><th>Last position</th><th>Messages</th>
<th>Stored</th><th>Known before</th><th>Doubtful</th><th>Sealed</th><th>Dropped</th><th>On disk</th><th>What is wrong</th></tr></thead>
<tbody>{rows}</tbody></table></div>{none}</main>
<script type="module" src="/assets/wall/feeds.mjs"></script>"""


@router.get("/api/feeds")
async def listed(request: Request) -> Response:
    """Every feed that may be seen; `standing` is live, late, stale, dead, frozen or off."""
    async with database(request).reading() as session:
        rows = await feeds.listed(session, with_sealed=_legal())
    return as_json({"rows": rows, "now": datetime.now(timezone.utc)}, rows=len(rows))


@router.get("/feeds", include_in_schema=False)
async def page(request: Request) -> Response:
    now = datetime.now(timezone.utc)
    async with database(request).reading() as session:
        rows = await feeds.listed(session, now, with_sealed=_legal())
    none = '<p>No feed yet. <code>./vigia feed ais-tcp NAME --host … --port …</code> adds one: docs/feeds.md.</p>' if not rows else ""
    told = {standing: sum(r["standing"] == standing for r in rows) for standing in WORDS}
    summary = ", ".join(f"{number} {WORDS[standing].lower()}" for standing, number in told.items() if number) or "none yet"
    body = BODY.replace("{rows}", "".join(_row(r, now) for r in rows)).replace("{none}", none).replace("{summary}", html.escape(f"{summary}; {now:%H:%M:%S} UTC"))
    return papers.page("feeds", "Vigia: feeds", "papers", body, rows=len(rows))


def _legal() -> bool:
    return "legal" in at_hand().roles


def _row(r: dict, now: datetime) -> str:
    world = " (exercise)" if r["world"] == "exercise" else ""
    errors = ", ".join(f"{what} {number:,}" for what, number in sorted((r["errors"] or {}).items()))
    cells = (
        r["kind"], r["agency"] or "none", _ago(r["message_at"], now), _ago(r["position_at"], now),
        *("–" if c == "sealed" and r[c] is None else f"{r[c] or 0:,}" for c in ("messages", "stored", "already", "flagged", "sealed", "dropped")),
        _size(r["spooled_bytes"] or 0), "; ".join(filter(None, (r["trouble"], errors))),
    )
    return (f'<tr data-standing="{r["standing"]}"><td>{html.escape(r["name"])}{world}</td><td><span class="standing">{WORDS[r["standing"]]}</span></td>'
            + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + "</tr>")


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never"
    s = max(0, round((now - at).total_seconds()))
    if s < 120:
        return f"{s} s ago"
    return f"{s // 60} min ago" if s < 7200 else f"{s // 3600} h ago" if s < 172_800 else f"{at:%Y-%m-%d %H:%M} UTC"


def _size(number: int) -> str:
    return f"{number:,} B" if number < 10_000 else f"{number / 1000:,.0f} kB" if number < 10_000_000 else f"{number / 1e6:,.0f} MB"
