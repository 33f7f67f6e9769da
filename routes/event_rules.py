"""Rules: what each looks at, and, as plainly, what it does not. As JSON and as a page."""

from __future__ import annotations

import html

from fastapi import APIRouter, Request, Response

from data import rules
from data.filters import Filter
from routes import papers
from routes.asking import as_json, asked, database

router = APIRouter()

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Rules</h1><p>{summary}</p></header>
<main tabindex="0"><div class="wide" tabindex="0" role="region" aria-label="Rules"><table><thead><tr><th>Rule</th><th>Finds</th><th>Severity</th><th>Looks at</th><th>Does not look at</th>
<th>Settings of its own</th><th class="number">Events</th><th>Whose</th></tr></thead><tbody>{rows}</tbody></table></div>
<p>Change one: <code>./vigia rule set</code>; turn one off: <code>./vigia rule off</code>. Other numbers than a rule's own are those of docs/events.md. <a href="/rules?world={other}">Rules of {other_words}</a></p></main>"""


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
        "summary": f"{on} on, {len(rows) - on} off; {'the exercise' if world == 'exercise' else 'the live world'}", "rows": "".join(map(_row, rows)),
        "other": "live" if world == "exercise" else "exercise", "other_words": "the live world" if world == "exercise" else "the exercise",
    }
    return papers.page("rules", "Vigia: rules", "papers", papers.filled(BODY, parts), rows=len(rows))


def _row(r: dict) -> str:
    knobs = ", ".join(f"{k} {v}" for k, v in sorted(r["knobs"].items())) or "none"
    cells = (f"{r['name']}{'' if r['active'] else ' (off)'}", r["type"].replace("_", " "), r["severity"])
    listed = "".join(f"<td>{_list(r[name])}</td>" for name in ("covers", "not_covered"))
    whose = f"{r['agency'] or r['made_by']}, {r['marking']}, version {r['version']}"
    rest = f'<td>{html.escape(knobs)}</td><td class="number">{r["events"]:,}</td><td>{html.escape(whose)}</td>'
    return "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in cells) + listed + rest + "</tr>"


def _list(words: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(w)}</li>" for w in words) + "</ul>"
