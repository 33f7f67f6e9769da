"""Every route that is not Dash's, in one list. The last one ends `/api`: Dash answers all it does not know with a page."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from routes import (
    admin, analyses, analysis_files, audit, authorities, basemap, catalogue, cogs, compare, counts, coverage, errors, event_rules, events, exports, feeds, health, hotspots, imagery, intake, quarantine, releases, retention, rule_pages, saved_views, screen_pages, screens, search,
    sections, seizures, short_links, signing, signing_oidc, stac, static, stream, tilejson, tracks, uploads, videos, views, wall,
    watch_areas, zones,
)
from routes.asking import as_json

ROUTERS = tuple(module.router for module in (
    health, counts, seizures, tracks, imagery, videos, catalogue, cogs, compare, coverage, stac, hotspots, sections, search, events, watch_areas, event_rules, rule_pages, stream, feeds, intake, uploads, views, saved_views, short_links, screens, screen_pages, basemap, tilejson, exports, releases, wall,
    analyses, analysis_files, zones, admin, audit, authorities, quarantine, retention, signing, signing_oidc, static,
))

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def include(server: FastAPI) -> None:
    """Hang the routers and the error handlers on the server."""
    errors.install(server)
    for router in ROUTERS:
        server.include_router(router)

    @server.api_route("/api", methods=METHODS, include_in_schema=False)
    @server.api_route("/api/{path:path}", methods=METHODS, include_in_schema=False)
    @server.api_route("/stac/{path:path}", methods=METHODS, include_in_schema=False)
    async def unknown(request: Request, path: str = "") -> Response:
        if allowed := _allowed(request):
            raise HTTPException(405, f"{request.method} is not for {request.url.path[:200]}", {"Allow": ", ".join(sorted(allowed))})
        return as_json({"error": f"no {request.url.path[:200]} here; see docs/api.md"}, status=404)


def _allowed(request: Request) -> set[str]:
    """The methods of our route with this path, when it is there for other ones; else empty."""
    return {
        method for router in ROUTERS for route in router.routes if route.matches(request.scope)[0] is Match.PARTIAL
        for method in route.methods
    }
