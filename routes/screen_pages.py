"""The pages of whoever keeps screens: which there are and how each fares; of one its settings, its views in order, and what it is to show now. Plain HTML."""

from __future__ import annotations

import html
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from data import saved_views, screens
from data.records import MARKINGS
from data.visitor import at_hand
from errors import FilterInvalid, Forbidden, InputRefused, NotFound
from routes import papers, signing
from routes.admin_parts import act_form, nothing, options, record, row
from routes.asking import database
from routes.screen_forms import item_of, moved, settings_of
from settings import access

router = APIRouter(include_in_schema=False)

STATE_WORDS = {"revoked": "revoked", "waits": "waits to be opened", "silent": "silent", "online": "online"}
HEADER = '<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> {title}</h1></header><main tabindex="0">{said}'
LIST = HEADER.replace("{title}", "Screens") + """
<section aria-labelledby="screens"><h2 id="screens">Screens</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="screens"><table><thead><tr><th>Name</th><th>Place</th><th>Agency</th><th>Up to</th><th>State</th><th>Shows now</th><th>Views</th></tr></thead>
<tbody>{rows}</tbody></table></div>
<form method="post" class="card"><h3>Make a screen, or give one a new address</h3><input type="hidden" name="act" value="make">
<label for="name">Name</label><input id="name" name="name" required maxlength="200" autocomplete="off" dir="auto">
<label for="agency">Whose records it shows</label><select id="agency" name="agency"><option value="">No agency's: the exercise, and what nobody owns</option>{agencies}</select>
<label for="top">May show up to</label><select id="top" name="ceiling">{ceilings}</select><button>Make its address</button>
<p>TLP:RED never reaches a wall. How a screen starts by itself: <code>./vigia screen unit NAME</code></p></form></section></main>"""
ONE = HEADER.replace("{title}", '<a href="/screens">Screens</a> {name}') + """
<section aria-labelledby="now"><h2 id="now">Now</h2><dl class="facts">{facts}</dl>
<div class="acts">{acts}<a href="/wall/{slug}" target="_blank" rel="noopener">Preview, with your own rights</a></div></section>
<section aria-labelledby="show"><h2 id="show">Show this now</h2><p>The screen hears it within 5 seconds and shows it until this is ended.</p>{follows}
<form method="post" class="card"><input type="hidden" name="act" value="show">{which}<button>Show</button></form></section>
<section aria-labelledby="list"><h2 id="list">Views in turn</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="list"><table><thead><tr><th>Order</th><th>View</th><th>Seconds</th><th>Last 24 h first</th><th><span class="unseen">Acts</span></th></tr></thead><tbody>{items}</tbody></table></div>
<form method="post" class="card"><h3>Add a view</h3><input type="hidden" name="act" value="add">{added}
<label for="for">Seconds (empty: as long as the screen turns)</label><input id="for" name="turn_s" type="number" min="5" max="3600">
<label><input type="checkbox" name="replay" value="1"> Play its last 24 hours in 15 seconds first</label><button>Add</button></form></section>
<section aria-labelledby="set"><h2 id="set">Settings</h2>
<form method="post" class="card"><input type="hidden" name="act" value="set">
<label for="place">Place</label><input id="place" name="place" maxlength="200" value="{place}" dir="auto">
<label for="distance">Farthest seat, metres</label><input id="distance" name="distance_m" type="number" min="0.5" max="50" step="0.1" value="{distance_m}" required>
<label for="diagonal">Diagonal, inches</label><input id="diagonal" name="diagonal_in" type="number" min="5" max="500" step="0.5" value="{diagonal_in}" required>
<label for="zones">Clocks beside UTC, up to 4 IANA zones with commas between</label><input id="zones" name="zones" value="{zones}" placeholder="America/Bogota, Europe/Madrid">
<label for="turn">Each view stands for, seconds</label><input id="turn" name="turn_s" type="number" min="5" max="3600" value="{turn_s}" required>
<label for="world">World</label><select id="world" name="world">{worlds}</select>
<label for="dim">Dim its map from and to, by its first clock</label><input id="dim" name="dim" pattern="\\d\\d:\\d\\d-\\d\\d:\\d\\d" placeholder="22:00-06:00" value="{dim}"><button>Keep</button></form></section></main>"""


@router.get("/screens")
async def listed(request: Request) -> Response:
    return await _list(request)


@router.post("/screens")
async def make(request: Request) -> Response:
    """A screen's address, shown once."""
    told = await signing.fields(request)
    if told.get("act") != "make":
        raise FilterInvalid([{"key": "act", "value": told.get("act", "")[:40], "expected": "make"}])
    name, ceiling, agency = told.get("name", "").strip(), told.get("ceiling", ""), told.get("agency", "")
    try:
        screens.check_name(name)
        await record(request, "screen", f"new token, {ceiling[:20]}", agencies=agency[:100])
        _, made = await screens.make(database(request), at_hand().token, name=name, agency=agency, ceiling=ceiling)
    except (InputRefused, Forbidden) as error:
        return await _list(request, refusal(error), status=422)
    return await _list(request, f"Open this on {name}, once:", f"/sign-in/screen/{made}")


@router.get("/screens/{number}")
async def shown(request: Request, number: str) -> Response:
    return await _one(request, await _found(request, number))


@router.post("/screens/{number}")
async def act(request: Request, number: str) -> Response:
    """One of ACTS, told by `act`."""
    told, screen = await signing.fields(request), await _found(request, number)
    name = told.get("act", "")
    if name not in ACTS:
        raise FilterInvalid([{"key": "act", "value": name[:40], "expected": f"one of {', '.join(ACTS)}"}])
    try:
        said, what = ACTS[name](told, screen)
        await record(request, f"screen:{screen['id']}", said)
        await (screens.end(database(request), at_hand().token, screen["id"]) if what is None else screens.change(database(request), at_hand().token, screen["id"], what))
    except (InputRefused, FilterInvalid) as error:
        return await _one(request, screen, refusal(error), status=422)
    return await _one(request, await _found(request, number), f"{said[0].upper()}{said[1:]}.")


def _add(told: dict, screen: dict) -> tuple[str, dict]:
    return "view added", {"playlist": [i.kept() for i in screens.playlist([*screen["playlist"], item_of(told).kept()])]}


def _show(told: dict, screen: dict) -> tuple[str, dict]:
    return "shows what was pushed to it", {"follow": {**item_of(told).kept(), "by": at_hand().shown}}


# What the record and the page say of it, and what changes; nothing changes: the screen ends.
ACTS = {
    "set": lambda told, screen: ("settings changed", settings_of(told)), "add": _add, "show": _show,
    "unfollow": lambda told, screen: ("turns its own views again", {"follow": None}), "reload": lambda told, screen: ("begins anew", {"reload": True}),
    "up": lambda told, screen: ("order changed", {"playlist": moved(screen["playlist"], told, -1)}), "down": lambda told, screen: ("order changed", {"playlist": moved(screen["playlist"], told, 1)}),
    "remove": lambda told, screen: ("view removed", {"playlist": moved(screen["playlist"], told, None)}), "revoke": lambda told, screen: ("revoked", None),
}


# -- inside -----------------------------------------------------------------------------------------------------------


async def _found(request: Request, number: str) -> dict:
    async with database(request).reading() as session:
        rows = await screens.listed(session, at_hand().token)
    found = next((r for r in rows if str(r["id"]) == number), None)
    if found is None:
        raise NotFound(f"no screen {number[:20]} that is yours to keep")
    return found


def refusal(error: Exception) -> str:
    """Why something was not done, as a sentence."""
    words = f"refused: {error}" if isinstance(error, FilterInvalid) else str(error)
    return f"{words[:1].upper()}{words[1:]}."


def _said(said: str | None, address: str | None = None) -> str:
    return f'<p class="said" role="status" dir="auto">{html.escape(said)}{f" <code>{html.escape(address)}</code>" if address else ""}</p>' if said else ""


async def _list(request: Request, said: str | None = None, address: str | None = None, status: int = 200) -> Response:
    async with database(request).reading() as session:
        rows = await screens.listed(session, at_hand().token)
        agencies = await screens.agencies(session, at_hand())
    here = access().public_origin or f"http://{request.headers['host']}"
    parts = {
        "said": _said(said, here + address if address else None), "rows": "".join(map(_row, rows)) or nothing(7, "No screen yet."),
        "agencies": "".join(f"<option>{html.escape(name)}</option>" for name in agencies), "ceilings": options(MARKINGS[1:]),
    }
    return papers.page("screens", "Vigia: screens", "screens", papers.filled(LIST, parts), status=status)


def _row(s: dict) -> str:
    cells = row(s["place"] or "", s["agency"] or "none", s["ceiling"], state_words(s), (s["beat"] or {}).get("view", "") if s["state"] == "online" else "", len(s["playlist"]))
    return cells.replace("<tr>", f'<tr class="{s["state"]}"><td dir="auto"><a href="/screens/{s["id"]}">{html.escape(s["name"])}</a></td>', 1)


def state_words(s: dict) -> str:
    """`online`, or since when it is silent.

    >>> state_words({"state": "silent", "silent_s": 185.0, "beat_at": None})
    'silent for 3 min'
    """
    if s["state"] != "silent":
        return STATE_WORDS[s["state"]]
    if s["silent_s"] is None:
        return "silent since it was opened"
    minutes = int(s["silent_s"] // 60)
    return f"silent for {minutes} min" if minutes < 120 else f"silent since {s['beat_at']:%Y-%m-%d %H:%M} UTC"


async def _one(request: Request, s: dict, said: str | None = None, status: int = 200) -> Response:
    visitor = at_hand()
    async with database(request).reading() as session:
        views = await saved_views.listed(session, visitor, {})
    names, beat = {v["id"]: v["name"] for v in views}, s["beat"] or {}
    facts = [("State", state_words(s)), ("Agency", s["agency"] or "none"), ("May show up to", s["ceiling"]), ("Address", f"/wall/{s['slug']}")]
    if s["beat_at"]:
        facts += [("Last heard (UTC)", f"{s['beat_at']:%Y-%m-%d %H:%M:%S}"), ("Shows", beat.get("view", "")), ("Picture", f"{beat.get('width', '?')} by {beat.get('lines', '?')}"),
                  ("Build", beat.get("build", "")), ("Memory", f"{beat['memory_mb']:.0f} MB" if "memory_mb" in beat else "not told"), ("Sound", beat.get("sound", "")), ("Last error", beat.get("error") or "none")]
    choices = "".join(f'<option value="{v["id"]}">{html.escape(v["name"])}</option>' for v in views)
    parts = {
        "name": html.escape(s["name"]), "said": _said(said), "facts": "".join(f'<dt>{k}</dt><dd dir="auto">{html.escape(str(v))}</dd>' for k, v in facts), "slug": html.escape(quote(s["slug"], safe="")),
        "acts": "".join(act_form(name, s["id"], word, s["name"]) for name, word in (("reload", "Begin anew"), ("revoke", "Revoke")) if s["active"]),
        "follows": f'<p dir="auto">It shows <b>{html.escape(named(s["follow"], names))}</b>, by {html.escape(str(s["follow"].get("by", "")))}.</p><div class="acts">{act_form("unfollow", s["id"], "End this", s["name"])}</div>' if s["follow"] else "",
        "which": _which("show", choices), "added": _which("add", choices), "items": "".join(_item(i, kept, s, names) for i, kept in enumerate(s["playlist"])) or nothing(5, "None: it turns through where the data lies."),
        "worlds": "".join(f'<option value="{value}"{" selected" if s["world"] == (value or None) else ""}>{word}</option>' for value, word in (("", "As a page opens"), ("live", "Live"), ("exercise", "Exercise"))),
        **{key: html.escape(str(s[key] if s[key] is not None else "")) for key in ("place", "turn_s", "dim")}, "zones": html.escape(", ".join(s["zones"])),
        "distance_m": f"{s['distance_m']:g}", "diagonal_in": f"{s['diagonal_in']:g}",
    }
    return papers.page("screens", f"Vigia: the screen {s['name']}", "screens", papers.filled(ONE, parts), status=status)


def named(kept: dict, names: dict[int, str]) -> str:
    """What a view of a list is called."""
    if kept.get("name"):
        return kept["name"]
    if "view" in kept:
        return names.get(kept["view"], f"view {kept['view']}, which is not there for you")
    return "a place of its own"


def _which(of: str, choices: str) -> str:
    return (f'<label for="{of}-view">A saved view</label><select id="{of}-view" name="view"><option value="">None</option>{choices}</select>'
            f'<label for="{of}-state">or the address of the map page</label><input id="{of}-state" name="state" maxlength="4500" autocomplete="off" placeholder="/?world=live#map=8.6/26.15/-97.9">'
            f'<label for="{of}-name">Called</label><input id="{of}-name" name="name" maxlength="200" autocomplete="off" dir="auto">')


def _item(i: int, kept: dict, s: dict, names: dict[int, str]) -> str:
    name, last = named(kept, names), len(s["playlist"]) - 1
    acts = [("up", "Earlier")] * (i > 0) + [("down", "Later")] * (i < last) + [("remove", "Remove")]
    return row(i + 1, name, kept.get("turn_s", s["turn_s"]), "yes" if kept.get("replay") else "no", raw="".join(act_form(a, i, word, name) for a, word in acts))
