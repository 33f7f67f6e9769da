"""Short links: made of a state or a saved view, opened by who is signed in, with their own rights; as a square code to be photographed; revoked."""

from __future__ import annotations

import html
import io

import segno
from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from data import page_state, saved_views, short_links
from data.openable import openable
from data.short_links import LASTING_S, LinkRefused
from data.visitor import at_hand
from errors import Gone, InputRefused, NotFound, VigiaError, http_status
from routes import papers
from routes.asking import RowId, as_json, database
from routes.told import text_of, told
from settings import access

router = APIRouter()

NO_LINK = """<main>
<h1><span class="mark" aria-hidden="true"></span>Vigia</h1>
<p class="said bad" role="alert">{why}</p>
<p class="hint"><a href="/">To the map</a></p>
</main>"""


@router.get("/api/short-links")
async def listed(request: Request) -> Response:
    """One's own that still lead somewhere, with how often others opened them."""
    rows = await short_links.own(database(request), at_hand().token)
    return as_json({"rows": [{**row, **_addresses(request, row["code"])} for row in rows], "lasting": list(LASTING_S)})


@router.post("/api/short-links")
async def make(request: Request) -> Response:
    """A link to a `state` or to what a saved `view` is when it is opened, that `lasts` 1h, 1d, 7d or 30d."""
    body = await told(request, "state", "view", "lasts")
    state, view = body.get("state"), body.get("view")
    if (state is None) == (view is None) or not isinstance(state, str | None) or isinstance(view, bool) or not isinstance(view, int | None):
        raise LinkRefused("expected either state, the page's address as a text, or view, the number of a saved view")
    found = None if state is None else page_state.read(state)
    if view is not None:
        async with database(request).reading() as session:
            await saved_views.one(session, at_hand(), {}, min(max(view, 0), 2**31 - 1))
    lasting = text_of(body, "lasts", 20, "1d") or ""
    number, code, ends = await short_links.make(database(request), at_hand().token, found, view, lasting)
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"short-link:{number}", to=f"made for {lasting}, to {'a state' if view is None else f'saved-view:{view}'}")
    return as_json({"id": number, "code": code, "expires_at": ends, **_addresses(request, code)}, status=201)


@router.delete("/api/short-links/{link_id}")
async def revoke(request: Request, link_id: RowId) -> Response:
    """It leads nowhere any more."""
    await request.app.state.recorder.record("change", at_hand().recorded_as, of=f"short-link:{link_id}", to="revoked")
    await short_links.revoke(database(request), at_hand().token, link_id)
    return as_json({"id": link_id, "revoked": True})


@router.get("/v/{code}.svg", include_in_schema=False)
async def square(request: Request, code: str) -> Response:
    """The link's address as a QR code."""
    await short_links.opened(database(request), at_hand().token, code[:100], opening=False)
    out = io.BytesIO()
    segno.make(_addresses(request, code)["url"], error="m", micro=False).save(out, kind="svg", border=4, dark="black", light="white", xmldecl=False, omitsize=True)
    return Response(out.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@router.get("/v/{code}", include_in_schema=False)
async def opened(request: Request, code: str) -> Response:
    """Where it leads, as far as whoever opens it may see; a page that says why, where it leads nowhere."""
    visitor = at_hand()
    try:
        link = await short_links.opened(database(request), visitor.token, code[:100])
        view, told_ = link["view_id"], link["state"]
        async with database(request).reading() as session:
            if view is not None:
                told_ = (await saved_views.one(session, visitor, {}, view))["state"]
            state, left_out = await openable(session, told_)
    except (NotFound, Gone, InputRefused) as error:
        return _nowhere(error)
    await request.app.state.recorder.record("consultation", visitor.recorded_as, of=f"short-link:{link['id']}", to=None if view is None else f"saved-view:{view}")
    also = {**({"view": str(view)} if view is not None else {}), **({"left_out": ",".join(dict.fromkeys(p["key"] for p in left_out))} if left_out else {})}
    return RedirectResponse(state.address(**also), 303, {"Cache-Control": "no-store"})


def _nowhere(error: VigiaError) -> Response:
    words = str(error)[:1].upper() + str(error)[1:]
    return papers.page("sign-in", "Link to Vigia", "sign_in", papers.filled(NO_LINK, {"why": html.escape(words) + "."}), status=http_status(error))


def _addresses(request: Request, code: str) -> dict[str, str]:
    """The link as others open it: by the address people use, else as this request came; and its QR code, here."""
    origin = access().public_origin or f"{request.url.scheme}://{request.headers['host']}"
    return {"url": f"{origin}/v/{code}", "qr": f"/v/{code}.svg"}
