"""Every route that is not Dash's, in one list. The last one ends `/api`: Dash answers all it does not know with a page."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from routes import basemap, counts, errors, exports, health, hotspots, imagery, search, sections, seizures, static, tilejson, tracks, views, wall
from routes.asking import as_json

ROUTERS = (
    health.router, counts.router, seizures.router, tracks.router, imagery.router, hotspots.router, sections.router,
    search.router, views.router, basemap.router, tilejson.router, exports.router, wall.router, static.router,
)


def include(server: FastAPI) -> None:
    """Hang the routers and the error handlers on the server."""
    errors.install(server)
    for router in ROUTERS:
        server.include_router(router)

    @server.api_route("/api/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False)
    async def unknown(request: Request, path: str) -> Response:
        return as_json({"error": f"no /api/{path[:200]} here; see docs/api.md"}, status=404)
