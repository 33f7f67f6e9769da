"""A briefing: one HTML file by folium that opens with no network. Leaflet and all it draws are inside it."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path

import folium
import geopandas
import shapely
from branca.element import Element

from data.records import DRUG_WORD
from exports import ground
from exports.about import About
from settings import store

VENDOR = Path(__file__).parent.parent / "assets" / "vendor"
COLOURS = {"cocaine": "#14131C", "opioid": "#8B1748", "ats": "#1F5BC4", "cannabis": "#2C4A0A", "heroin": "#A3630C", "other": "#6B7378"}
KIND_COLOURS = {"vessel": "#00696E", "aircraft": "#5A3CC4", "drone": "#5A3CC4"}
GROUND = {
    # Filled without an edge: the edges of what is cut at a tile or at the frame are no shore.
    "land": {"stroke": False, "fillColor": "#F3F1EB", "fillOpacity": 1},
    "lakes": {"stroke": False, "fillColor": "#D3DFE6", "fillOpacity": 1},
    "coast": {"color": "#8FA6B3", "weight": 0.8, "fill": False},
    "borders": {"color": "#6B4E75", "weight": 1.6, "fill": False},
}
SIMPLE_DEG, STEPS = 0.0005, 6000  # a track is as fine as this, or as the ground by this many steps
# Nothing may be asked of anybody: folium's own links go, ours go in as text.
LINKS = re.compile(r'<(?:script[^>]*\ssrc="[^"]*"[^>]*>\s*</script>|link[^>]*\shref="https?://[^"]*"[^>]*/?>)', re.IGNORECASE)


def write(frames: dict[str, geopandas.GeoDataFrame], about: About) -> bytes:
    """The page. Names are text: folium renders popups as HTML, so none is made of a name unescaped."""
    page = folium.Map(tiles=None, control_scale=True, prefer_canvas=True, zoom_control=True, attributionControl=False)
    bounds = _bounds(frames)
    _add_ground(page, bounds)
    tolerance = max(SIMPLE_DEG, (bounds[1][1] - bounds[0][1]) / STEPS)
    for title, layer in (("Images", _images(frames["images"])), ("Movements", _tracks(frames["tracks"], tolerance)), ("Seizures", _seizures(frames["seizures"]))):
        group = folium.FeatureGroup(name=title)
        for item in layer:
            item.add_to(group)
        group.add_to(page)
    folium.LayerControl(collapsed=False).add_to(page)
    page.fit_bounds(bounds)
    page.get_root().html.add_child(Element(_head(frames, about, tolerance)))
    return _inlined(page.get_root().render()).encode()


def _head(frames: dict, about: About, tolerance_deg: float) -> str:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in about.lines())
    counts = ", ".join(f"{len(frame):,} {name}" for name, frame in frames.items())
    return f"""<style>
    body {{ font: 13px/18px "IBM Plex Sans", system-ui, sans-serif; }} .leaflet-container {{ background: #D3DFE6; }}
    .vigia-strip {{ position: fixed; z-index: 1000; top: 0; left: 0; right: 0; background: #000; color: #FFC000; text-align: center; font-weight: 600;
      letter-spacing: .08em; padding: 3px; }}
    .vigia-strip b {{ color: #000; background: repeating-linear-gradient(135deg, #E9EDEE 0 6px, #C3CBCF 6px 12px); padding: 0 8px; }}
    .vigia-about {{ position: fixed; z-index: 999; bottom: 64px; left: 10px; max-width: 420px; background: #fff; border: 1px solid #C3C9CA; padding: 8px 12px; }}
    .vigia-place {{ font: 12px/14px "IBM Plex Sans", system-ui, sans-serif; color: #2B363C; text-shadow: 0 0 2px #F3F1EB, 0 0 3px #F3F1EB; background: none;
      border: 0; box-shadow: none; padding: 0; }} .vigia-place::before {{ display: none; }} .leaflet-tooltip-right.vigia-place {{ margin-left: 1px; }}
    .vigia-about p {{ margin: 0; overflow-wrap: anywhere; }} .leaflet-top {{ top: 26px; }}
    </style><div class="vigia-strip">{'<b>EXERCISE</b> ' if about.exercise else ''}{html.escape(about.marking)}</div>
    <div class="vigia-about"><p><b>{counts}</b></p>{lines}<p>Map: {html.escape(', '.join(about.attribution))}. Tracks are drawn to within {tolerance_deg * 111:.1f} km.</p></div>"""


def _add_ground(page: folium.Map, bounds: list[list[float]]) -> None:
    """Land, water, borders and names under the data: shapes in the file itself, so that no tile is asked of anybody."""
    [[south, west], [north, east]] = bounds
    told = ground.read(store().basemap, (west, south, east, north))
    for name, style in GROUND.items():
        if name in told:
            folium.GeoJson(told[name], control=False, style_function=lambda _, s=style: s, interactive=False).add_to(page)
    for place in told.get("places", {"features": []})["features"]:
        lon, lat = place["geometry"]["coordinates"]
        words = folium.Tooltip(html.escape(place["properties"]["name"]), permanent=True, direction="right", class_name="vigia-place", sticky=False)
        dot = folium.CircleMarker((lat, lon), radius=1.8, color="#2B363C", weight=1, fill_color="#F3F1EB", fill_opacity=1, tooltip=words)
        dot.options["interactive"] = False  # folium passes on only the options it knows
        dot.add_to(page)


def _seizures(frame: geopandas.GeoDataFrame):
    for row in frame.itertuples():
        if row.geometry is None:
            continue
        kg = "" if row.kg is None or row.kg != row.kg else f", {row.kg:,.1f} kg"
        text = html.escape(f"{DRUG_WORD[row.drug]}{kg}, {row.started_at:%d %b %Y %H:%M} UTC, {row.agency or ''}")
        size = 4 if not kg else 4 + min(9, max(0, len(f"{row.kg:.0f}"))) * 1.6
        yield folium.CircleMarker((row.geometry.y, row.geometry.x), radius=size, color="#fff", weight=1, fill_color=COLOURS[row.drug],
                                  fill_opacity=0.9, tooltip=folium.Tooltip(text))


def _tracks(frame: geopandas.GeoDataFrame, tolerance_deg: float):
    for row in frame.itertuples():
        simple = shapely.set_precision(shapely.simplify(row.geometry, tolerance_deg), 1e-5, mode="pointwise")
        lines = [[(y, x) for x, y in part.coords] for part in shapely.get_parts(simple) if part.geom_type == "LineString" and len(part.coords) > 1]
        if lines:
            yield folium.PolyLine(lines, color=KIND_COLOURS.get(row.kind, "#2A2F33"), weight=1.4, opacity=0.75,
                                  tooltip=folium.Tooltip(html.escape(f"{row.name or row.key}, {row.kind}")))


def _images(frame: geopandas.GeoDataFrame):
    for row in frame.itertuples():
        yield folium.GeoJson(
            shapely.to_geojson(row.geometry), control=False, style_function=lambda _: {"color": "#10181C", "weight": 1, "fillOpacity": 0.06},
            tooltip=folium.Tooltip(html.escape(f"{row.name}, {row.captured_at:%d %b %Y %H:%M} UTC{_sample(row.gsd_m)}")))


def _sample(gsd_m: float | None) -> str:
    return "" if gsd_m is None or math.isnan(gsd_m) else f", {gsd_m:.2f} m"


def _bounds(frames: dict) -> list[list[float]]:
    boxes = [f.total_bounds for f in frames.values() if len(f) and not f.geometry.isna().all()]
    if not boxes:
        return [[-60, -170], [75, 170]]
    west, south, east, north = (fn(b[i] for b in boxes) for i, fn in enumerate((min, min, max, max)))
    return [[south, west], [north, east]]


def _inlined(page: str) -> str:
    """Our own Leaflet in place of every link."""
    page = LINKS.sub("", page)
    css = re.sub(r"url\(images/[^)]*\)", "none", (VENDOR / "leaflet.css").read_text(encoding="utf-8"))
    # What Leaflet and folium's helpers need; jQuery and Bootstrap are asked by folium for popups, which are not used.
    script = (VENDOR / "leaflet.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = re.sub(r'<a href="https://leafletjs.com"[^>]*>', "<a>", script)  # its own name links to its site
    head = f'<meta name="referrer" content="no-referrer"><style>{css}</style><script>{script}</script>'
    return page.replace("<head>", f"<head>{head}", 1)


