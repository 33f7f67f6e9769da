"""Our own modules and the libraries beside them, always asked for again: an ETag makes that a 304.

Dash serves `/assets` without saying how long it may be kept, and a browser then guesses; a wall must not run last
week's code beside this week's.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from routes.asking import as_json
from settings import ROOT

router = APIRouter()
files = StaticFiles(directory=ROOT / "assets", check_dir=False)


@router.get("/assets/{path:path}", include_in_schema=False)
async def asset(request: Request, path: str) -> Response:
    try:
        answer = await files.get_response(path, request.scope)
    except HTTPException:
        return as_json({"error": f"no /assets/{path[:200]} here"}, status=404)
    answer.headers["Cache-Control"] = "no-cache"
    if path.endswith(".mjs"):
        answer.headers["Content-Type"] = "text/javascript; charset=utf-8"
    return answer
