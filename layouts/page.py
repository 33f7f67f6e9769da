"""The page: marking strip, top bar, rail, map, details, timeline, and a drawer with tables and charts."""

from __future__ import annotations

from dash import dcc, html

from layouts import alerts, analysis, compare, details, drawer, ids, rail, topbar, views
from settings import ROOT

# Modules import each other, so a browser would learn of them step by step, and of the first only once Dash is up.
MODULES = [f"/assets/{p.relative_to(ROOT / 'assets').as_posix()}" for p in sorted((ROOT / "assets/js").rglob("*.mjs")) if "wall" not in p.parts]
LIBRARIES = ["/assets/vendor/maplibre-gl.mjs", "/assets/vendor/pmtiles.mjs"]

INDEX = """<!DOCTYPE html>
<html lang="en" data-theme="dark" data-page="map">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="referrer" content="no-referrer">
<title>{%title%}</title>
{%metas%}
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/vendor/maplibre-gl.css">
<link rel="stylesheet" href="/assets/vendor/fonts.css">
{%css%}
{modules}
</head>
<body>
{%app_entry%}
<footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>""".replace("{modules}", "\n".join(f'<link rel="modulepreload" href="{m}">' for m in (*LIBRARIES, *MODULES)))


def layout() -> html.Div:
    """The whole page, empty: what it shows comes by choices."""
    return html.Div(
        [
            dcc.Store(id=ids.CHOICES),
            dcc.Store(id=ids.COUNTS),
            dcc.Store(id=ids.BOOT, data=1),
            html.A("To the map", href=f"#{ids.MAP}", className="skip"),
            html.Div(id=ids.STRIP, className="strip", role="note"),
            topbar.bar(),
            rail.rail(),
            html.Main(
                [
                    html.Div(id=ids.STATUS, className="status", role="status", **{"aria-live": "polite"}),
                    html.Div([html.B("STALE"), html.Span()], id=ids.SILENCE, className="silence", role="alert", hidden=True),
                    html.Div(id=ids.MAP, className="map", tabIndex="-1"),
                    alerts.banner(),
                    views.bar(),
                    html.Div(id=ids.NOTHING, className="nothing", hidden=True, role="note"),
                    html.Div(id=ids.LEGEND, className="legend"),
                    analysis.legend(),
                    html.Div(id=ids.SCALE, className="scale"),
                    drawer.drawer(),
                ],
                className="stage",
            ),
            alerts.panel(),
            compare.panel(),
            analysis.panel(),
            views.panel(),
            html.Aside(details.nothing(), id=ids.DETAILS, className="details", hidden=True, **{"aria-label": "Details"}),
            html.Section(id=ids.TIMELINE, className="timeline", **{"aria-label": "Timeline"}),
        ],
        className="page",
    )
