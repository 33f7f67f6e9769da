"""On the administrator's page: agencies, and the operations in which they share. Every change is an entry of the record first."""

from __future__ import annotations

import html
from datetime import datetime, timezone

from fastapi import Request

from data import admin
from data.records import GOVERNED_KINDS, KINDS, MARKINGS
from data.visitor import at_hand
from routes import papers
from routes.admin_parts import act_form, box, nothing, number, options, record, row, time_words
from routes.asking import database

LAYERS = ("movements", "seizures", "imagery")
SHARED_MARKINGS = MARKINGS[MARKINGS.index("TLP:AMBER"):]
NAME_MAX = 100

BODY = """<section aria-labelledby="operations"><h2 id="operations">Operations</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="operations"><table><thead><tr><th>Name</th><th>State</th><th>From (UTC)</th><th>To (UTC)</th><th>Where</th><th>Shares</th><th><span class="unseen">Acts</span></th></tr></thead>
<tbody>{operations}</tbody></table></div>
<div class="cards">
<form method="post" class="card"><h3>Add an operation, or give one new dates</h3><input type="hidden" name="act" value="operation">
<label for="operation">Name</label><input id="operation" name="name" required maxlength="100" autocomplete="off">
<label for="from">From (UTC)</label><input id="from" name="from" type="datetime-local" required><label for="to">To (UTC)</label><input id="to" name="to" type="datetime-local" required>
<button>Keep</button><p>What is outside of an operation's area is not shared: <code>./vigia operation add NAME --area FILE</code></p></form>
<form method="post" class="card"><h3>Say what an agency shares in one</h3><input type="hidden" name="act" value="share">
<label for="of">Operation</label><select id="of" name="id" required>{operation_options}</select>
<label for="sharer">Agency</label><select id="sharer" name="agency" required>{agency_options}</select>
<fieldset><legend>Layers</legend>{layers}</fieldset>
<label for="shared">Up to</label><select id="shared" name="ceiling">{ceilings}</select><button>Share</button></form></div></section>
<section aria-labelledby="agencies"><h2 id="agencies">Agencies</h2>
<div class="wide" tabindex="0" role="region" aria-labelledby="agencies"><table><thead><tr><th>Name</th><th>Country</th><th>Needs an authority for</th><th>Competent in an area</th><th>People</th></tr></thead><tbody>{agencies}</tbody></table></div>
<form method="post" class="card"><h3>Add an agency, or change one</h3><input type="hidden" name="act" value="agency">
<label for="agency-name">Name</label><input id="agency-name" name="name" required maxlength="100" autocomplete="off">
<label for="country">Country (two letters)</label><input id="country" name="country" maxlength="2" pattern="[A-Za-z]{2}" autocomplete="off">
<fieldset><legend>Follows under an authority alone</legend>{governed}</fieldset><button>Keep</button>
<p>Where it is competent: <code>./vigia agency area NAME FILE</code></p></form></section>"""


async def _operation(request: Request, told: dict) -> tuple[str, str | None]:
    name, start, end = told.get("name", "").strip(), _moment(told.get("from", "")), _moment(told.get("to", ""))
    if not _is_name(name) or start is None or end is None or end <= start:
        return "A name and two times, the first before the second, are needed.", None
    await record(request, "operation", f"from {start.isoformat()} to {end.isoformat()}")
    await admin.operation(database(request), at_hand().token, name=name, start=start, end=end)
    return f"{name} lasts from {time_words(start)} to {time_words(end)} UTC. Nothing is shared in it until an agency says what.", None


async def _share(request: Request, told: dict) -> tuple[str, str | None]:
    of, layers, ceiling, agency = number(told), told["layer"], told.get("ceiling", ""), (told["agency"] or [""])[0]
    if not layers or not set(layers) <= set(LAYERS) or ceiling not in SHARED_MARKINGS:
        return "At least one layer, and TLP:AMBER or less, are needed: what is stricter is not shared.", None
    await record(request, f"operation:{of}", f"shares {','.join(layers)} up to {ceiling}", agencies=agency)
    done = await admin.share(database(request), at_hand().token, of, agency=agency, layers=layers, ceiling=ceiling)
    return (f"{agency} shares {', '.join(layers)} up to {ceiling} while it lasts." if done else "There is no such operation or agency."), None


async def _end(request: Request, told: dict) -> tuple[str, str | None]:
    of = number(told)
    await record(request, f"operation:{of}", "ended")
    return ("Sharing has ended." if await admin.end(database(request), at_hand().token, of) else "There is no such operation, or it was over."), None


async def _agency(request: Request, told: dict) -> tuple[str, str | None]:
    name, country, governed = told.get("name", "").strip(), told.get("country", "").strip().upper(), told["governed"]
    if not _is_name(name) or not set(governed) <= set(KINDS) or (country and not (len(country) == 2 and country.isascii() and country.isalpha())):
        return "A name is needed; a country is two letters.", None
    await record(request, "agency", f"{country or 'no country'}, authority needed for {','.join(governed) or 'nothing'}", agencies=name)
    new = await admin.agency(database(request), at_hand().token, name=name, country=country, governed=governed)
    return f"{name} is {'made' if new else 'changed'}; it follows {', '.join(governed) or 'nothing'} under an authority alone.", None


ACTS = {"operation": _operation, "share": _share, "end": _end, "agency": _agency}


def sections(found: dict[str, list[dict]]) -> str:
    """Operations and agencies as markup, every told word escaped."""
    parts = {
        "operations": "".join(map(_operation_row, found["operations"])) or nothing(7, "No operation yet."),
        "operation_options": "".join(f'<option value="{o["id"]}">{html.escape(o["name"])}</option>' for o in found["operations"] if o["ends_at"] > datetime.now(timezone.utc)),
        "agency_options": "".join(f"<option>{html.escape(a['name'])}</option>" for a in found["agencies"]),
        "layers": "".join(box("layer", layer, True) for layer in LAYERS), "ceilings": options(SHARED_MARKINGS),
        "agencies": "".join(row(a["name"], a["country"] or "", ", ".join(a["governed"]) or "nothing", "yes" if a["with_area"] else "no", a["people"]) for a in found["agencies"])
        or nothing(5, "No agency yet."),
        "governed": "".join(box("governed", kind, kind in GOVERNED_KINDS) for kind in KINDS),
    }
    return papers.filled(BODY, parts)


def _operation_row(o: dict) -> str:
    over = o["ends_at"] <= datetime.now(timezone.utc)
    return row(o["name"], "runs" if o["runs"] else "over" if over else "not begun", time_words(o["starts_at"]), time_words(o["ends_at"]), "in its area" if o["with_area"] else "everywhere",
               "; ".join(o["parties"]) or "nothing yet", raw="" if over else act_form("end", o["id"], "End", o["name"]))


def _is_name(name: str) -> bool:
    return 1 <= len(name) <= NAME_MAX and name.isprintable()


def _moment(told: str) -> datetime | None:
    """What a form's field of a time tells, UTC; None: no time."""
    try:
        found = datetime.fromisoformat(told)
    except ValueError:
        return None
    return found.replace(tzinfo=timezone.utc) if found.tzinfo is None else None
