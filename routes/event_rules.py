"""Rules: what each looks at, and, as plainly, what it does not. As JSON and as a page."""

from __future__ import annotations

import html

from fastapi import APIRouter, Request, Response

from analysis.events.settable import TYPES
from data import rules
from data.filters import Filter
from data.visitor import at_hand
from routes import papers
from routes.asking import as_json, asked, database
from routes.rule_form import SAYS, world_words
from routes.rules import RULING

router = APIRouter()

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Rules</h1><p>{summary}</p></header>
<main tabindex="0">{make}<div class="wide" tabindex="0" role="region" aria-label="Rules"><table><thead><tr><th>Rule</th><th>Finds</th><th>Severity</th><th>Looks at</th><th>Does not look at</th>
<th>Settings of its own</th><th class="number">Events</th><th>Whose</th></tr></thead><tbody>{rows}</tbody></table></div>
<p>A rule is never changed: each change is a new version. Other numbers than a rule's own are those of docs/events.md. <a href="/rules?world={other}">Rules of {other_words}</a></p></main>"""
MAKE = """<form method="get" action="/rules/new" class="make"><input type="hidden" name="world" value="{world}"><label for="type">New rule that finds</label>
<select id="type" name="type">{types}</select><button>Make one…</button></form>"""


@router.get("/api/rules")
async def listed(request: Request) -> Response:
    """Rules as they are; `covers` and `not_covered` say in words what each looks at."""
    async with database(request).reading() as session:
        rows = await rules.listed(session, asked(request))
    return as_json({"rows": rows}, rows=len(rows))


@router.get("/rules", include_in_schema=False)
async def page(request: Request) -> Response:
    world = asked(request).world
    async with database(request).reading() as session:
        rows = await rules.listed(session, Filter(world=world))
    on = sum(r["active"] for r in rows)
    parts = {
        "summary": f"{on} on, {len(rows) - on} off; {world_words(world)}", "rows": "".join(map(_row, rows)),
        "make": papers.filled(MAKE, {"world": world, "types": "".join(f'<option value="{kind}">{html.escape(SAYS[kind])}</option>' for kind in TYPES)}) if at_hand().roles & RULING else "",
        "other": "live" if world == "exercise" else "exercise", "other_words": world_words("live" if world == "exercise" else "exercise"),
    }
    return papers.page("rules", "Vigia: rules", "papers", papers.filled(BODY, parts), rows=len(rows))


def _row(r: dict) -> str:
    knobs = ", ".join(f"{k} {v}" for k, v in sorted(r["knobs"].items())) or "none"
    name = f'<td><a href="/rules/{r["id"]}">{html.escape(r["name"])}</a>{"" if r["active"] else " (off)"}</td>'
    cells = (("Finds", r["type"].replace("_", " ")), ("Severity", r["severity"]))
    listed = "".join(f'<td data-label="{word}">{_list(r[key])}</td>' for word, key in (("Looks at", "covers"), ("Does not look at", "not_covered")))
    whose = f"{r['agency'] or r['made_by']}, {r['marking']}, version {r['version']}"
    rest = f'<td data-label="Settings of its own">{html.escape(knobs)}</td><td class="number" data-label="Events">{r["events"]:,}</td><td data-label="Whose">{html.escape(whose)}</td>'
    return f"<tr>{name}" + "".join(f'<td data-label="{word}">{html.escape(c)}</td>' for word, c in cells) + listed + rest + "</tr>"


def _list(words: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(w)}</li>" for w in words) + "</ul>"
