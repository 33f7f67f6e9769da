"""The way in and out: a plain page, a form, a link that works once, and a screen's token."""

from __future__ import annotations

import asyncio
import html
import time
from typing import Any
from urllib.parse import parse_qs, quote

from cachetools import TTLCache
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from data import doors, passwords
from data.visitor import at_hand
from errors import SignedOut
from routes import papers, retention
from routes.asking import as_json, database
from routes.guard import cookie_name
from routes.rules import rule_of
from settings import access

router = APIRouter(include_in_schema=False)

TRIES_S = 60
BODY_MAX = 10_000
HASHING = asyncio.Semaphore(2)  # each takes 64 MB: a flood of wrong passwords waits, and the map goes on
_tries: TTLCache[str, list[float]] = TTLCache(10_000, TRIES_S)

WRONG = "Name or password is wrong, or the account is locked for a while."
GONE = "This link was used already, or is too old. Ask for another: ./vigia user link NAME"
NO_SCREEN = "This token was used already, or is none. Ask for another: ./vigia screen add NAME"
TOO_MANY = "Too many tries from here. Wait a minute."

BODY = """<main>
<h1><span class="mark" aria-hidden="true"></span>Vigia</h1>
{body}
</main>
<footer>Every sign-in and every look leaves a record.</footer>"""
FORM = """<form method="post" action="/sign-in">
{said}
<input type="hidden" name="next" value="{next}">
<label for="name">Name</label>
<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="100" autofocus value="{name}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200">
<button>Sign in</button>
</form>
{oidc}
<p class="hint">No password yet? Whoever keeps this installation makes a link that lets you in once: <code>./vigia user link NAME</code></p>"""
ACCOUNT = """<p class="who">Signed in as <b>{shown}</b><br>{roles}<br>{agencies}</p>
<form method="post" action="/account">
{said}
<input type="hidden" name="username" autocomplete="username" value="{name}">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="200">
<button>Change password</button>
</form>
<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>
<p class="hint"><a href="/">To the map</a>{more}</p>"""


@router.get("/sign-in")
async def shown(request: Request) -> Response:
    """The form; whoever is signed in already goes on to where they wanted."""
    target = inside(request.query_params.get("next"))
    return RedirectResponse(target, 303) if at_hand() else form(target)


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    told = await fields(request)
    target, name = inside(told.get("next")), told.get("name", "")[:100]
    if too_many(request):
        return form(target, name, TOO_MANY, 429)
    found = await doors.facts(database(request), name.strip().casefold())
    person, kept, locked = found or (None, None, False)
    async with HASHING:
        right = await run_in_threadpool(passwords.matches, told.get("password", ""), kept)
    if person is None or locked or not right:
        if person is not None and not locked:
            await doors.failed(database(request), person)
        await record(request, "sign-in refused", f"person:{person}" if person is not None else "nobody", how="password")
        return form(target, name, WRONG, 401)
    return await let_in(request, person, target, "password")


@router.get("/sign-in/link/{token}")
async def link(request: Request, token: str) -> Response:
    """A link made on the command line: it lets its person in once."""
    if too_many(request):
        return form("/", said=TOO_MANY, status=429)
    person = await doors.followed(database(request), token[:200])
    if person is None:
        # Somebody who is in and opens it again (a reload) just goes on.
        return RedirectResponse("/", 303) if at_hand() else form("/", said=GONE, status=401)
    return await let_in(request, person, "/", "link")


@router.get("/sign-in/screen/{token}")
async def screen(request: Request, token: str) -> Response:
    """A wall display exchanges its token for a cookie, once."""
    if too_many(request):
        return form("/", said=TOO_MANY, status=429)
    await record(request, "sign-in", "screen", how="token")
    found = await doors.enrolled(database(request), token[:200], _address(request))
    if found is None:
        return RedirectResponse("/wall/main", 303) if (who := at_hand()) and who.kind == "screen" else form("/", said=NO_SCREEN, status=401)
    return _with_cookie(RedirectResponse("/wall/main", 303), found[1], doors.SCREEN_LIFETIME_S)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    if (visitor := at_hand()) is not None:
        await doors.closed(database(request), visitor.token)
        await record(request, "sign-out", visitor.recorded_as)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(cookie_name(access().tls), path="/", secure=access().tls, httponly=True, samesite="lax")
    return answer


@router.get("/account")
async def account(request: Request) -> Response:
    return _account(await retention.says(request, at_hand()))


@router.post("/account")
async def change_password(request: Request) -> Response:
    visitor, told = at_hand(), await fields(request)
    try:
        await run_in_threadpool(passwords.check, told.get("password", ""), visitor.name, *visitor.agencies)
    except passwords.PasswordRefused as refused:
        return _account(str(refused).capitalize() + ".", 422)
    async with HASHING:
        kept = await run_in_threadpool(passwords.hashed, told["password"])
    await record(request, "change", visitor.recorded_as, of="password")
    await doors.change_password(database(request), visitor.token, kept)
    return _account("The password is changed. Every other session of yours has ended.")


@router.get("/api/me")
async def me(request: Request) -> Response:
    """Who is asking."""
    visitor = at_hand()
    return as_json({"kind": visitor.kind, "name": visitor.name, "shown": visitor.shown, "roles": sorted(visitor.roles),
                    "agencies": list(visitor.agencies), "idle_minutes": access().idle_minutes})


# -- inside -----------------------------------------------------------------------------------------------------------


async def record(request: Request, what: str, who: str, **about: str) -> None:
    await request.app.state.recorder.record(what, who, address=_address(request), **about)


async def let_in(request: Request, person: int, target: str, how: str) -> Response:
    await record(request, "sign-in", f"person:{person}", how=how)
    if (before := at_hand()) is not None:
        await doors.closed(database(request), before.token)  # a session is never taken over from who sat here before
    try:
        token = await doors.opened(database(request), person, idle_s=access().idle_minutes * 60, address=_address(request))
    except SignedOut:
        return form(target, said=WRONG, status=401)
    return _with_cookie(RedirectResponse(target, 303), token, doors.LIFETIME_S)


def _with_cookie(answer: Response, token: str, lifetime_s: int) -> Response:
    tls = access().tls
    answer.set_cookie(cookie_name(tls), token, max_age=lifetime_s, path="/", secure=tls, httponly=True, samesite="lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def fields(request: Request, many: tuple[str, ...] = ()) -> dict[str, Any]:
    """A form's fields; those of `many` are lists. One that is too large is read no further, and one with a NUL, which no database holds, not at all."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_MAX:
            return {name: [] for name in many}
    if b"\0" in body or b"%00" in body:
        return {name: [] for name in many}
    found = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {key: values[-1] for key, values in found.items() if key not in many} | {name: found.get(name, []) for name in many}


def inside(target: str | None) -> str:
    """Where to go on to: an address of ours, whatever was told."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable() or target.startswith("/sign"):
        return "/"
    return quote(target, safe="/?&=%:,.+-_~!*'();@#[]")


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def too_many(request: Request) -> bool:
    """More tries from one address than a person would make."""
    now, who = time.monotonic(), _address(request) or ""
    tries = [t for t in _tries.get(who, []) if now - t < TRIES_S]
    most = access().sign_in_tries
    _tries[who] = [*tries, now][-most - 1:]
    return len(tries) >= most


MORE = (("/authorities", "Authorities"), ("/releases", "Releases"), ("/feeds", "Feeds"), ("/audit", "The record"), ("/screens", "Screens"), ("/admin", "Accounts, operations and screens"))


def form(target: str, name: str = "", said: str | None = None, status: int = 200) -> Response:
    oidc = ""
    if access().oidc_issuer is not None:
        oidc = f'<a class="button" href="/sign-in/oidc?next={quote(target, safe="")}">Sign in with {html.escape(access().oidc_name)}</a>'
    return _page(FORM.format(oidc=oidc, next=html.escape(target), name=html.escape(name), said=_said(said, bad=True)), status)


def _account(said: str | None = None, status: int = 200) -> Response:
    visitor = at_hand()
    return _page(ACCOUNT.format(
        shown=html.escape(visitor.shown), name=html.escape(visitor.name), roles=html.escape(", ".join(sorted(visitor.roles))),
        agencies=html.escape(", ".join(visitor.agencies) or "no agency"), more="".join(
            f' · <a href="{path}">{word}</a>' for path, word in MORE if rule_of(path).roles & visitor.roles), said=_said(said, bad=status >= 400)), status)


def _said(words: str | None, *, bad: bool) -> str:
    return f'<p class="said{" bad" if bad else ""}" role="alert">{html.escape(words)}</p>' if words else ""


def _page(body: str, status: int) -> Response:
    return papers.page("sign-in", "Sign in to Vigia", "sign_in", BODY.replace("{body}", body), status=status)
