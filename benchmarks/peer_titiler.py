"""titiler-core with nothing added: the peer of `vigia bench raster`, run by uvicorn from this folder."""

from fastapi import FastAPI
from titiler.core.factory import TilerFactory

app = FastAPI()
app.include_router(TilerFactory(router_prefix="/cog").router, prefix="/cog")


@app.get("/ready")
def ready() -> dict:
    return {"ready": True}
