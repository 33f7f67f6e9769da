"""The administrator's page: people and screens, and the operations that run. Plain HTML; every change is an entry of the record first."""

from __future__ import annotations

import html
from datetime import datetime

from fastapi import APIRouter, Request, Response

from data import admin
from data.people import LINK_MINUTES, ROLES
from data.records import MARKINGS
from data.visitor import at_hand
from errors import FilterInvalid
from routes import papers, signing
from routes.asking import database
from settings import access

router = APIRouter(include_in_schema=False)

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Accounts and screens</h1></header>
<main tabindex="0">
{said}
<section><h2>People</h2>
<div class="wide"><table><thead><tr><th>Name</th><th>Shown as</th><th>Roles</th><th>Agencies</th><th>Up to</th><th>Signs in by</th><th>Last seen (UTC)</th><th>Sessions</th><th></th></tr></thead>
<tbody>{people}</tbody></table></div>
<form method="post" class="card"><h3>Add a person</h3><input type="hidden" name="act" value="add">
<label for="name">Sign-in name</label><input id="name" name="name" required minlength="2" maxlength="100" autocomplete="off">
<label for="shown">Shown as</label><input id="shown" name="shown" maxlength="100" autocomplete="off">
<fieldset><legend>Roles</legend>{roles}</fieldset>
<fieldset><legend>Agencies</legend>{agency_boxes}</fieldset>
<label for="ceiling">May see up to</label><select id="ceiling" name="ceiling">{ceilings}</select><button>Add, and make a link</button></form></section>
<section><h2>Screens</h2>
<div class="wide"><table><thead><tr><th>Name</th><th>Agency</th><th>Up to</th><th>State</th><th>Last seen (UTC)</th><th></th></tr></thead><tbody>{screens}</tbody></table></div>
<form method="post" class="card"><h3>Add a screen, or give one a new token</h3><input type="hidden" name="act" value="screen">
<label for="screen">Name</label><input id="screen" name="name" required maxlength="100" autocomplete="off">
<label for="agency">Agency</label><select id="agency" name="agency"><option value="">None</option>{agency_options}</select>
<label for="top">May show up to</label><select id="top" name="ceiling">{screen_ceilings}</select><button>Make its address</button></form></section>
<section><h2>Operations</h2>
<div class="wide"><table><thead><tr><th>Name</th><th>From (UTC)</th><th>To (UTC)</th><th>Shares</th></tr></thead><tbody>{operations}</tbody></table></div>
<p>Operations are kept on the command line: <code>./vigia operation</code></p></section>
</main>"""


@router.get("/admin")
async def shown(request: Request) -> Response:
    return await _page(request)


@router.post("/admin")
async def act(request: Request) -> Response:
    """One of ACTS, told by `act`; what it made is shown once, on the page that answers."""
    told = await signing.fields(request, many=("role", "agency"))
    name = told.get("act", "")
    if name not in ACTS:
        raise FilterInvalid([{"key": "act", "value": name[:40], "expected": f"one of {', '.join(ACTS)}"}])
    return await _page(request, *await ACTS[name](request, told))


async def _add(request: Request, told: dict) -> tuple[str, str | None]:
    roles, ceiling, name = told["role"], told.get("ceiling", ""), told.get("name", "").strip()
    if not roles or not set(roles) <= set(ROLES) or ceiling not in MARKINGS or not 2 <= len(name) <= 100 or not name.isprintable():
        return "A name of 2 to 100 characters and at least one role are needed.", None
    await _record(request, "person", f"made with {','.join(roles)}, {ceiling}", agencies=",".join(told["agency"]))
    token = at_hand().token
    person = await admin.add(database(request), token, name=name, shown=told.get("shown", "").strip()[:100], roles=roles, ceiling=ceiling, agencies=told["agency"])
    if person is None:
        return f"There is a {name} already.", None
    return f"{name} may sign in once with this link, within {LINK_MINUTES} minutes:", f"/sign-in/link/{await admin.link(database(request), token, person)}"


async def _link(request: Request, told: dict) -> tuple[str, str | None]:
    person = _number(told)
    await _record(request, f"person:{person}", "link")
    made = await admin.link(database(request), at_hand().token, person)
    if made is None:
        return "There is no open account of that number.", None
    return f"It lets its person in once, within {LINK_MINUTES} minutes:", f"/sign-in/link/{made}"


async def _close(request: Request, told: dict) -> tuple[str, str | None]:
    person = _number(told)
    await _record(request, f"person:{person}", "closed")
    done = await admin.set_active(database(request), at_hand().token, person, False)
    return ("The account is closed; who sat at it is out within seconds." if done else "That account can't be closed from here: it is your own, or none."), None


async def _open(request: Request, told: dict) -> tuple[str, str | None]:
    person = _number(told)
    await _record(request, f"person:{person}", "open")
    done = await admin.set_active(database(request), at_hand().token, person, True)
    return ("The account is open and unlocked." if done else "There is no such account, or it is your own."), None


async def _sign_out(request: Request, told: dict) -> tuple[str, str | None]:
    person = _number(told)
    await _record(request, f"person:{person}", "signed out")
    return ("Every session has ended." if await admin.sign_out(database(request), at_hand().token, person) else "There was no session."), None


async def _screen(request: Request, told: dict) -> tuple[str, str | None]:
    name, ceiling, agency = told.get("name", "").strip(), told.get("ceiling", ""), (told["agency"] or [""])[0]
    if ceiling not in MARKINGS[1:] or not 1 <= len(name) <= 100 or not name.isprintable():
        return "A name, and a marking below TLP:RED, are needed: RED never reaches a wall.", None
    await _record(request, "screen", f"new token, {ceiling}", agencies=agency)
    _, made = await admin.screen(database(request), at_hand().token, name=name, agency=agency, ceiling=ceiling)
    return f"Open this on {name}, once:", f"/sign-in/screen/{made}"


async def _revoke(request: Request, told: dict) -> tuple[str, str | None]:
    number = _number(told)
    await _record(request, f"screen:{number}", "revoked")
    return ("The screen shows nothing more." if await admin.revoke(database(request), at_hand().token, number) else "There is no such screen."), None


ACTS = {"add": _add, "link": _link, "close": _close, "open": _open, "sign-out": _sign_out, "screen": _screen, "revoke": _revoke}


# -- inside -----------------------------------------------------------------------------------------------------------


def _number(told: dict) -> int:
    if not told.get("id", "").isdecimal() or len(told["id"]) > 9:
        raise FilterInvalid([{"key": "id", "value": told.get("id", "")[:40], "expected": "the number of an account or a screen"}])
    return int(told["id"])


async def _record(request: Request, of: str, to: str, **about: str) -> None:
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=of, to=to, **about)


async def _page(request: Request, said: str | None = None, address: str | None = None) -> Response:
    found = await admin.everything(database(request), at_hand().token)
    here = access().public_origin or f"http://{request.headers['host']}"
    told = ""
    if said:
        told = f'<p class="said" role="status">{html.escape(said)}{f" <code>{html.escape(here + address)}</code>" if address else ""}</p>'
    boxes = {
        "roles": "".join(_box("role", role, role == "viewer") for role in ROLES),
        "agency_boxes": "".join(_box("agency", a["name"]) for a in found["agencies"]) or "<span>None yet: <code>./vigia agency add</code></span>",
        "agency_options": "".join(f"<option>{html.escape(a['name'])}</option>" for a in found["agencies"]),
        "ceilings": _options(MARKINGS), "screen_ceilings": _options(MARKINGS[1:]),
        "people": "".join(_person(p) for p in found["people"]), "screens": "".join(_wall(s) for s in found["screens"]) or _nothing(6, "No screen yet."),
        "operations": "".join(_row(o["name"], _time(o["starts_at"]), _time(o["ends_at"]), "; ".join(o["parties"])) for o in found["operations"])
        or _nothing(4, "No operation yet."),
    }
    body = BODY.replace("{said}", told)
    for name, part in boxes.items():
        body = body.replace(f"{{{name}}}", part)
    return papers.page("admin", "Vigia: accounts and screens", "papers", body)


def _person(p: dict) -> str:
    state = "closed" if not p["active"] else "locked for now" if p["locked"] else p["way_in"] or "a link alone"
    own = at_hand().kind == "person" and at_hand().id == p["id"]
    acts = "" if own else "".join(_act(a, p["id"], word) for a, word in (
        [("link", "Link"), ("sign-out", "Sign out"), ("close", "Close")] if p["active"] else []) + ([("open", "Open")] if not p["active"] or p["locked"] else []))
    return _row(p["name"], p["shown"] or "", ", ".join(p["roles"]), ", ".join(p["agencies"]) or ("those nobody belongs to" if p["keeper"] else "none"), p["ceiling"],
                state, _time(p["last_seen"]), p["sessions"], raw=acts or "<span>you</span>")


def _wall(s: dict) -> str:
    state = "revoked" if not s["active"] else "waits to be opened" if s["waits"] else "in use"
    return _row(s["name"], s["agency"] or "none", s["ceiling"], state, _time(s["last_seen"]), raw=_act("revoke", s["id"], "Revoke") if s["active"] else "")


def _row(*cells: object, raw: str | None = None) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(str(c))}</td>" for c in cells) + (f'<td class="acts">{raw}</td>' if raw is not None else "") + "</tr>"


def _act(name: str, number: int, word: str) -> str:
    return f'<form method="post"><input type="hidden" name="act" value="{name}"><input type="hidden" name="id" value="{number}"><button>{word}</button></form>'


def _box(name: str, value: str, checked: bool = False) -> str:
    return f'<label><input type="checkbox" name="{name}" value="{html.escape(value)}"{" checked" if checked else ""}> {html.escape(value)}</label>'


def _options(values) -> str:
    return "".join(f"<option{' selected' if v == 'TLP:AMBER' else ''}>{v}</option>" for v in values)


def _nothing(columns: int, words: str) -> str:
    return f'<tr><td colspan="{columns}">{words}</td></tr>'


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
