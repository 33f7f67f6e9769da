"""One rule: its page, and what the page's forms do. A rule is never changed: each change is a new version, and an entry of the record first."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from analysis.events.settable import TYPES
from data import rule_versions
from data.records import SEVERITIES
from data.rule_versions import NameTaken, RuleMoved
from data.rules import RuleTold
from data.visitor import at_hand
from errors import FilterInvalid
from routes import rule_fields, rule_form, rule_history, signing
from routes.admin_parts import record
from routes.asking import RowId, asked, database
from routes.rules import RULING

router = APIRouter(include_in_schema=False)

ACTS = ("keep", "off", "on")


@router.get("/rules/new")
async def empty(request: Request) -> Response:
    """A form for a rule of a type."""
    world, kind = asked(request, "type").world, _kind(request)
    own = await rule_versions.whose(database(request), at_hand().token, world)
    form = rule_fields.Form({"severity": SEVERITIES[0], "active": "yes", "agency": own[0] or "" if own else "", "marking": "TLP:GREEN", "zone": "UTC"})
    return await _new(request, form, kind, world, own)


@router.post("/rules/new")
async def make(request: Request) -> Response:
    """A new rule."""
    world, kind = asked(request, "type").world, _kind(request)
    own = await rule_versions.whose(database(request), at_hand().token, world)
    told = await signing.fields(request, many=rule_fields.MANY)
    form, rule = await _read(request, told, kind, world)
    if rule is None:
        return await _new(request, form, kind, world, own, 422)
    await record(request, "rule", f"new, {kind}, {rule.severity}, {rule.marking}", agencies=form.text("agency"))
    try:
        number, _ = await rule_versions.keep(database(request), at_hand().token, world, rule, form.text("agency") or None)
    except NameTaken as error:
        form.wrong["name"] = str(error)
        return await _new(request, form, kind, world, own, 422)
    return RedirectResponse(f"/rules/{number}", 303)


@router.get("/rules/{rule_id}")
async def one(request: Request, rule_id: RowId) -> Response:
    """A rule, to be looked at by everybody who may see it and changed by some; and its versions."""
    return await _page(request, rule_id)


@router.post("/rules/{rule_id}/versions")
async def change(request: Request, rule_id: RowId) -> Response:
    """A new version: as the form says (`keep`), or the same switched `off` or `on`."""
    told = await signing.fields(request, many=rule_fields.MANY)
    act, version = told.get("act", ""), told.get("version", "")
    if act not in ACTS or not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise FilterInvalid([{"key": "act", "value": act[:40], "expected": f"one of {', '.join(ACTS)}, with the version that is changed"}])
    async with database(request).reading() as session:
        now = (await rule_versions.versions(session, min(rule_id, 2**31 - 1)))[0]
    agency = now["agency"]
    if act == "keep":
        form, rule = await _read(request, told, now["type"], now["world"], now)
        if rule is None:
            return await _page(request, rule_id, form, 422)
        agency = form.text("agency") or None
    else:
        form = rule_fields.of_rule(now)
        rule = replace(_as_told(now), active=act == "on")
    await record(request, f"rule:{rule_id}", f"version {int(version) + 1}, {act}, {rule.severity}, {rule.marking}", agencies=agency or "")
    try:
        await rule_versions.keep(database(request), at_hand().token, now["world"], rule, agency, (now["id"], int(version)))
    except NameTaken as error:
        form.wrong["name"] = str(error)
    except RuleMoved as error:
        form.wrong["version"] = f"{error}. What you wrote stands below; what it was made into meanwhile, among the versions. Keep it to put yours on top."
    return await _page(request, rule_id, form, 422) if form.wrong else RedirectResponse(f"/rules/{rule_id}", 303)


def _kind(request: Request) -> str:
    kind = request.query_params.get("type", "")
    if kind not in TYPES:
        raise FilterInvalid([{"key": "type", "value": kind[:40], "expected": f"one of {', '.join(TYPES)}"}])
    return kind


async def _read(request: Request, told: dict, kind: str, world: str, before: dict | None = None) -> tuple[rule_fields.Form, RuleTold | None]:
    async with database(request).reading() as session:
        form, rule = rule_fields.read(told, kind, await rule_versions.choices(session, world), before)
        if rule is not None and rule.marking not in rule_form.markings():
            form.wrong["marking"] = f"{rule.marking} is above your own, expected {' or '.join(rule_form.markings())}"
        kept = set(before["tracks"]) if before else set()
        if rule is not None and (unknown := await rule_versions.unknown_tracks(session, world, tuple(t for t in rule.tracks if t not in kept))):
            form.wrong["tracks"] = f"no track {unknown[0]} that you may see in {rule_form.world_words(world)}"
    return form, None if form.wrong else rule


async def _new(request: Request, form: rule_fields.Form, kind: str, world: str, own: list[str | None], status: int = 200) -> Response:
    async with database(request).reading() as session:
        known = await rule_versions.choices(session, world)
    said = "" if own else '<p class="said">You may make no rule here: in the live world rules are made of one\'s own agency.</p>'
    return rule_form.page(form, kind, world, known, own, title="New rule", action=f"/rules/new?world={world}&type={kind}", may=bool(own), said=said, status=status)


async def _page(request: Request, rule_id: int, form: rule_fields.Form | None = None, status: int = 200) -> Response:
    async with database(request).reading() as session:
        found = await rule_versions.versions(session, min(rule_id, 2**31 - 1))
        now = found[0]
        known = await rule_versions.choices(session, now["world"])
    own = await rule_versions.whose(database(request), at_hand().token, now["world"]) if at_hand().roles & RULING else []
    may = now["agency"] in own and now["ended_at"] is None
    action = f"/rules/{rule_id}/versions"
    said = f'<p class="said">Version {now["version"]} of {now["made_at"]:%Y-%m-%d %H:%M} UTC.' + ("" if may else " It is for coordinators and supervisors of whose it is to change.") + "</p>"
    return rule_form.page(form or rule_fields.of_rule(now), now["type"], now["world"], known, own, title=f"Rule: {now['name']}", action=action, version=now["version"], may=may, said=said,
                          versions=rule_history.history(found, known), turn=rule_history.turn(now, action) if may else "", status=status)


def _as_told(now: dict) -> RuleTold:
    return RuleTold(now["name"], now["type"], now["knobs"], *(tuple(now[k]) for k in ("areas", "kinds", "agencies", "tracks")), now["zone"], tuple(now["windows"]), now["severity"],
                    now["active"], marking=now["marking"])
