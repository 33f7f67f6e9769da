"""The administrator's page: people and screens; operations and agencies are beside (routes/admin_shared.py). Plain HTML; every change is an entry of the record first."""

from __future__ import annotations

import html
from fastapi import APIRouter, Request, Response

from data import admin
from data.people import LINK_MINUTES, ROLES
from data.records import MARKINGS
from data.visitor import at_hand
from errors import FilterInvalid
from routes import admin_shared, papers, signing
from routes.admin_parts import act_form, box, nothing, number, options, record, row, time_words
from routes.asking import database
from settings import access

router = APIRouter(include_in_schema=False)

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> Accounts, operations and screens</h1></header>
<main tabindex="0">
{said}
<section aria-labelledby="people"><h2 id="people">People</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="people"><table><thead><tr><th>Name</th><th>Shown as</th><th>Roles</th><th>Agencies</th><th>Up to</th><th>Signs in by</th><th>Last seen (UTC)</th><th>Sessions</th><th><span class="unseen">Acts</span></th></tr></thead>
<tbody>{people}</tbody></table></div>
<form method="post" class="card"><h3>Add a person</h3><input type="hidden" name="act" value="add">
<label for="name">Sign-in name</label><input id="name" name="name" required minlength="2" maxlength="100" autocomplete="off">
<label for="shown">Shown as</label><input id="shown" name="shown" maxlength="100" autocomplete="off">
<fieldset><legend>Roles</legend>{roles}</fieldset>
<fieldset><legend>Agencies</legend>{agency_boxes}</fieldset>
<label for="ceiling">May see up to</label><select id="ceiling" name="ceiling">{ceilings}</select><button>Add, and make a link</button></form></section>
<section aria-labelledby="screens"><h2 id="screens">Screens</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="screens"><table><thead><tr><th>Name</th><th>Agency</th><th>Up to</th><th>State</th><th>Last seen (UTC)</th><th><span class="unseen">Acts</span></th></tr></thead><tbody>{screens}</tbody></table></div>
<form method="post" class="card"><h3>Add a screen, or give one a new token</h3><input type="hidden" name="act" value="screen">
<label for="screen">Name</label><input id="screen" name="name" required maxlength="100" autocomplete="off">
<label for="agency">Agency</label><select id="agency" name="agency"><option value="">None</option>{agency_options}</select>
<label for="top">May show up to</label><select id="top" name="ceiling">{screen_ceilings}</select><button>Make its address</button></form></section>
{shared}
</main>"""


@router.get("/admin")
async def shown(request: Request) -> Response:
    return await _page(request)


@router.post("/admin")
async def act(request: Request) -> Response:
    """One of ACTS, told by `act`; what it made is shown once, on the page that answers."""
    told = await signing.fields(request, many=("role", "agency", "layer", "governed"))
    name = told.get("act", "")
    if name not in ACTS:
        raise FilterInvalid([{"key": "act", "value": name[:40], "expected": f"one of {', '.join(ACTS)}"}])
    return await _page(request, *await ACTS[name](request, told))


async def _add(request: Request, told: dict) -> tuple[str, str | None]:
    roles, ceiling, name = told["role"], told.get("ceiling", ""), told.get("name", "").strip()
    if not roles or not set(roles) <= set(ROLES) or ceiling not in MARKINGS or not 2 <= len(name) <= 100 or not name.isprintable():
        return "A name of 2 to 100 characters and at least one role are needed.", None
    await record(request, "person", f"made with {','.join(roles)}, {ceiling}", agencies=",".join(told["agency"]))
    token = at_hand().token
    person = await admin.add(database(request), token, name=name, shown=told.get("shown", "").strip()[:100], roles=roles, ceiling=ceiling, agencies=told["agency"])
    if person is None:
        return f"There is a {name} already.", None
    return f"{name} may sign in once with this link, within {LINK_MINUTES} minutes:", f"/sign-in/link/{await admin.link(database(request), token, person)}"


async def _link(request: Request, told: dict) -> tuple[str, str | None]:
    person = number(told)
    await record(request, f"person:{person}", "link")
    made = await admin.link(database(request), at_hand().token, person)
    if made is None:
        return "There is no open account of that number.", None
    return f"It lets its person in once, within {LINK_MINUTES} minutes:", f"/sign-in/link/{made}"


async def _close(request: Request, told: dict) -> tuple[str, str | None]:
    person = number(told)
    await record(request, f"person:{person}", "closed")
    done = await admin.set_active(database(request), at_hand().token, person, False)
    return ("The account is closed; who sat at it is out within seconds." if done else "That account can't be closed from here: it is your own, or none."), None


async def _open(request: Request, told: dict) -> tuple[str, str | None]:
    person = number(told)
    await record(request, f"person:{person}", "open")
    done = await admin.set_active(database(request), at_hand().token, person, True)
    return ("The account is open and unlocked." if done else "There is no such account, or it is your own."), None


async def _sign_out(request: Request, told: dict) -> tuple[str, str | None]:
    person = number(told)
    await record(request, f"person:{person}", "signed out")
    return ("Every session has ended." if await admin.sign_out(database(request), at_hand().token, person) else "There was no session."), None


async def _screen(request: Request, told: dict) -> tuple[str, str | None]:
    name, ceiling, agency = told.get("name", "").strip(), told.get("ceiling", ""), (told["agency"] or [""])[0]
    if ceiling not in MARKINGS[1:] or not 1 <= len(name) <= 100 or not name.isprintable():
        return "A name, and a marking below TLP:RED, are needed: RED never reaches a wall.", None
    await record(request, "screen", f"new token, {ceiling}", agencies=agency)
    _, made = await admin.screen(database(request), at_hand().token, name=name, agency=agency, ceiling=ceiling)
    return f"Open this on {name}, once:", f"/sign-in/screen/{made}"


async def _revoke(request: Request, told: dict) -> tuple[str, str | None]:
    screen = number(told)
    await record(request, f"screen:{screen}", "revoked")
    return ("The screen shows nothing more." if await admin.revoke(database(request), at_hand().token, screen) else "There is no such screen."), None


ACTS = {"add": _add, "link": _link, "close": _close, "open": _open, "sign-out": _sign_out, "screen": _screen, "revoke": _revoke, **admin_shared.ACTS}


# -- inside -----------------------------------------------------------------------------------------------------------


async def _page(request: Request, said: str | None = None, address: str | None = None) -> Response:
    found = await admin.everything(database(request), at_hand().token)
    here = access().public_origin or f"http://{request.headers['host']}"
    told = ""
    if said:
        told = f'<p class="said" role="status">{html.escape(said)}{f" <code>{html.escape(here + address)}</code>" if address else ""}</p>'
    parts = {
        "said": told, "shared": admin_shared.sections(found),
        "roles": "".join(box("role", role, role == "viewer") for role in ROLES),
        "agency_boxes": "".join(box("agency", a["name"]) for a in found["agencies"]) or "<span>None yet: <code>./vigia agency add</code></span>",
        "agency_options": "".join(f"<option>{html.escape(a['name'])}</option>" for a in found["agencies"]),
        "ceilings": options(MARKINGS), "screen_ceilings": options(MARKINGS[1:]),
        "people": "".join(_person(p) for p in found["people"]), "screens": "".join(_wall(s) for s in found["screens"]) or nothing(6, "No screen yet."),
    }
    return papers.page("admin", "Vigia: accounts, operations and screens", "papers", papers.filled(BODY, parts))


def _person(p: dict) -> str:
    state = "closed" if not p["active"] else "locked for now" if p["locked"] else p["way_in"] or "a link alone"
    own = at_hand().kind == "person" and at_hand().id == p["id"]
    acts = "" if own else "".join(act_form(a, p["id"], word, p["name"]) for a, word in (
        [("link", "Link"), ("sign-out", "Sign out"), ("close", "Close")] if p["active"] else []) + ([("open", "Open")] if not p["active"] or p["locked"] else []))
    return row(p["name"], p["shown"] or "", ", ".join(p["roles"]), ", ".join(p["agencies"]) or ("those nobody belongs to" if p["keeper"] else "none"), p["ceiling"],
                state, time_words(p["last_seen"]), p["sessions"], raw=acts or "<span>you</span>")


def _wall(s: dict) -> str:
    state = "revoked" if not s["active"] else "waits to be opened" if s["waits"] else "in use"
    return row(s["name"], s["agency"] or "none", s["ceiling"], state, time_words(s["last_seen"]), raw=act_form("revoke", s["id"], "Revoke", s["name"]) if s["active"] else "")
