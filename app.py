"""Vigia, put together. `server` is the ASGI application, `app` the Dash one inside it."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager

import data  # noqa: F401  sets GDAL's environment before anything loads GDAL
from dash import Dash
from dash.exceptions import DependencyException, InvalidResourceError
from fastapi import FastAPI
from starlette_compress import CompressMiddleware

import callbacks
from data import pixels
from data.addresses import app_url, driver_text
from data.audit import Recorder
from data.holes import ensure_none
from data.policy import Snapshot
from data.sessions import Database
from data.stream import Stream
from feeds.intake import Intake
from feeds.uploads import Uploads
from layouts import page
from routes import api
from routes.errors import not_there
from routes.guard import Guard
from routes.head import HeadAsGet
from routes.kept import Kept
from routes.stream import Places
from settings import BUILD, ROOT, serve, store
from settings import feeds as feed_settings
from settings import uploads as upload_settings


@asynccontextmanager
async def lifespan(server: FastAPI):
    server.state.database = Database(app_url())
    await ensure_none(server.state.database)
    server.state.recorder = Recorder(server.state.database, store().audit_key)
    server.state.recorder.start()
    server.state.rights = Snapshot(server.state.database)
    server.state.rights.start()
    server.state.stream = Stream(server.state.database, driver_text(app_url()), server.state.rights)
    server.state.stream.start()
    server.state.places = Places(serve().streams)
    server.state.intake = Intake(store().spool, limit_bytes=feed_settings().spool_mb * 1_000_000, rate_per_s=feed_settings().rate_per_s)
    server.state.uploads = Uploads(store().uploads, spare_bytes=upload_settings().upload_spare_mb * 1_000_000)
    server.state.tiles = Kept(serve().tiles_kept_mb * 1_000_000)
    server.state.sweeper = asyncio.create_task(pixels.swept())
    # What was loaded stays: else each collection looks through all of it, a tenth of a second in which nobody is answered.
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    server.state.sweeper.cancel()
    server.state.intake.close()
    await server.state.stream.stop()
    await server.state.rights.stop()
    await server.state.recorder.stop()
    await server.state.database.close()


server = FastAPI(title="Vigia", version=BUILD, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
server.add_middleware(CompressMiddleware, minimum_size=500)
server.add_middleware(HeadAsGet)
for unknown in (DependencyException, InvalidResourceError):  # a file of Dash's that there is not
    server.add_exception_handler(unknown, not_there)
api.include(server)

app = Dash(
    __name__,
    server=server,
    title="Vigia",
    update_title=None,
    assets_folder=str(ROOT / "assets"),
    # Our modules load each other from one entry; Dash would tag each file, and each would run twice.
    assets_path_ignore=["js", "vendor", "wall"],
    index_string=page.INDEX,
    suppress_callback_exceptions=True,  # the table comes when the drawer is opened for the first time
    serve_locally=True,
    enable_mcp=False,
)
app.layout = page.layout
callbacks.include(app, server)
# Last, so that it stands before everything: nothing is asked for, and no socket opened, but through it.
server.add_middleware(Guard, script_hashes=app.csp_hashes())
