"""The only room with SQL and open files.

GDAL reads its environment when it is loaded, so this is set before anything below can load it: drivers that read other
files or the network are left out, KML is not read by the driver that crashes on some, PROJ never asks its network.
"""

from __future__ import annotations

import os

GDAL_ENVIRONMENT: dict[str, str] = {
    "GDAL_SKIP": "WMS,WMTS,WCS,HTTP,PLMOSAIC,EEDAI,STACIT,STACTA,DAAS,OGCAPI",
    "OGR_SKIP": "LIBKML,OGR_VRT,WFS,OAPIF,CSW,AmigoCloud,Carto,PLSCENES",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_CACHEMAX": "64",
    "GDAL_NUM_THREADS": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "GDAL_HTTP_MAX_RETRY": "0",
    "VSI_CACHE": "FALSE",
    "PROJ_NETWORK": "OFF",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
}
# In the one-shot worker also VRT, which reads whatever file it names. The server needs it: a tile is a warped view of
# one of our own COGs, which it opens by a name of ours.
WORKER_ENVIRONMENT = {**GDAL_ENVIRONMENT, "GDAL_SKIP": f"VRT,{GDAL_ENVIRONMENT['GDAL_SKIP']}"}

os.environ.update(GDAL_ENVIRONMENT)
