"""Films: lists, one, what one looked at, and the film itself, any part of it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import FileResponse

from data import catalogue, videos
from errors import NotFound
from routes.asking import CACHE, RowId, as_json, asked, database
from routes.paging import KEYS, paging
from settings import store

router = APIRouter(prefix="/api")


@router.get("/videos")
async def listed(request: Request) -> Response:
    """The newest first; beside the filter `marking` and `sortie` (0: of none)."""
    filter = asked(request, "marking", "sortie", *KEYS)
    page = paging(request, ("started",), "-started")
    choice = catalogue.Choice.from_query([(k, v) for k, v in request.query_params.multi_items() if k in ("marking", "sortie")])
    async with database(request).reading() as session:
        found = await catalogue.films(session, filter, choice, limit=page["limit"], offset=page["offset"])
    return as_json(found, rows=len(found["rows"]))


@router.get("/videos/{video_id}")
async def one(request: Request, video_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        return as_json(await videos.one(session, filter, video_id))


@router.get("/videos/{video_id}/looks")
async def looks(request: Request, video_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        found = await videos.looks(session, filter, video_id)
    return as_json(found, rows=len(found["t"]))


@router.get("/videos/{video_id}/file.mp4")
async def film(request: Request, video_id: RowId) -> Response:
    filter = asked(request)
    async with database(request).reading() as session:
        return _kept(*await videos.served(session, filter, video_id), f"the file of video {video_id}", "video/mp4")


@router.get("/videos/{video_id}/thumbnail.webp")
async def thumbnail(request: Request, video_id: RowId) -> Response:
    """Its first picture, as the worker made it when the film came in."""
    filter = asked(request)
    async with database(request).reading() as session:
        return _kept(*await videos.preview(session, filter, video_id), f"the picture of video {video_id}", "image/webp")


def _kept(name: str, sha256: str, what: str, media_type: str) -> FileResponse:
    path = store().imagery / name
    if not path.is_file():
        raise NotFound(f"{what} is not there")
    return FileResponse(path, media_type=media_type, headers={"Cache-Control": CACHE, "ETag": f'"{sha256[:32]}"'})
