"""Frames to file bytes. Every export says which world, filter and marking it is of, and when it was made."""

from __future__ import annotations

from exports import briefing, csv, geojson, gpkg, gpx, kml
from exports.about import About

# format -> (writer, ending, media type)
FORMATS = {
    "geojson": (geojson.write, "geojson", "application/geo+json"),
    "csv": (csv.write, "csv", "text/csv; charset=utf-8"),
    "gpkg": (gpkg.write, "gpkg", "application/geopackage+sqlite3"),
    "kml": (kml.write, "kml", "application/vnd.google-earth.kml+xml"),
    "gpx": (gpx.write, "gpx", "application/gpx+xml"),
    "hotspots": (geojson.write, "hotspots.geojson", "application/geo+json"),  # hexagons alone, for outsiders
    "briefing": (briefing.write, "html", "text/html; charset=utf-8"),
}
__all__ = ["About", "FORMATS"]
