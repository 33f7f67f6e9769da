"""The tables. One schema, `vigia`; times are timestamptz in UTC; geometry is EPSG:4326 but where a comment says otherwise.

`world` (see data/worlds.py) stands on every governed table. `qk` and `cell` are quadkeys (see data/quadkey.py).
"""

from data.models.base import SCHEMA, Base
from data.models.imagery import Image, Sortie
from data.models.movement import Cover, Fix, Flow, LatestFix, Measured, Reader, Segment, Track
from data.models.reference import BorderSection, Place
from data.models.runs import Run, RunCell
from data.models.seizures import Seizure
from data.models.sources import Agency, DataState, Source

__all__ = [
    "Agency", "Base", "BorderSection", "Cover", "DataState", "Fix", "Flow", "Image",
    "LatestFix", "Measured", "Place", "Reader", "Run", "RunCell", "SCHEMA", "Segment",
    "Seizure", "Sortie", "Source", "Track",
]
