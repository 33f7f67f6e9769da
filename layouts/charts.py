"""The charts, as plain functions of rows: plotly figures in the page's colours."""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
from dash import dcc, html

from data.records import DRUG_WORD, DRUGS

# plotly draws on a canvas of its own and can't read CSS variables; the page sets these from its theme (assets/bridge.js).
# The day first, as in the timeline and the table.
DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-d %b"}, {"dtickrange": [86_400_000, 604_800_000 * 4], "value": "%-d %b\n%Y"},
    {"dtickrange": [604_800_000 * 4 + 1, "M11"], "value": "%b\n%Y"}, {"dtickrange": ["M12", None], "value": "%Y"},
]
AXIS = {"gridcolor": "rgba(128,140,148,.18)", "zeroline": False, "automargin": True, "fixedrange": True}


def pane(over_time: list[dict], sections: list[dict], colours: dict[str, str], at: datetime | None = None) -> list:
    """Both charts, or the words for why there is none."""
    if not over_time:
        return [html.P("No seizures for this filter.", className="note")]
    step = over_time[0]["step"]
    config = {"displayModeBar": False, "responsive": True}
    out = [html.Figure([
        html.Figcaption(f"Seizures by drug, per {step}"),
        dcc.Graph(figure=drugs(over_time, colours, at), config=config, className="chart"),
    ])]
    if sections:
        out.append(html.Figure([
            html.Figcaption("Seizures by border section, per 100 km"),
            dcc.Graph(figure=by_section(sections, colours), config=config, className="chart"),
        ]))
    else:
        out.append(html.P("None of these seizures lies within 50 km of a land border.", className="note"))
    return out


def drugs(rows: list[dict], colours: dict[str, str], at: datetime | None = None) -> go.Figure:
    """Stacked bars, one colour a drug, in the order of the chips; a line where the clock stands."""
    figure = go.Figure(layout=_layout(colours, barmode="stack", bargap=0.15, xaxis={**AXIS, "tickformatstops": DATES}))
    for drug in DRUGS:
        mine = [r for r in rows if r["drug"] == drug]
        if mine:
            figure.add_bar(
                name=DRUG_WORD[drug], x=[r["at"] for r in mine], y=[r["events"] for r in mine],
                marker={"color": colours.get(drug), "line": {"width": 0}}, customdata=[round(r["kg"], 1) for r in mine],
                hovertemplate="%{y:,} seizures, %{customdata:,} kg<extra>" + DRUG_WORD[drug] + "</extra>",
            )
    if at:
        figure.add_vline(x=at, line={"color": colours.get("t1"), "width": 1.5})
    return figure


def by_section(rows: list[dict], colours: dict[str, str]) -> go.Figure:
    """Level bars, the highest on top."""
    figure = go.Figure(layout=_layout(colours))
    figure.add_bar(
        orientation="h", y=[plain(r["name"]) for r in reversed(rows)], x=[r["rate_per_100km"] for r in reversed(rows)],
        marker={"color": colours.get("hot")}, customdata=[(r["events"], r["length_km"], r["kg"]) for r in reversed(rows)],
        hovertemplate="%{x:.1f} per 100 km<br>%{customdata[0]:,} seizures on %{customdata[1]:.0f} km, "
                      "%{customdata[2]:,.0f} kg<extra></extra>",
    )
    return figure


def plain(text: str) -> str:
    """Text for plotly, which reads markup in labels."""
    return text.replace("&", "&amp;").replace("<", "‹").replace(">", "›")


def _layout(colours: dict[str, str], **more) -> dict:
    return {
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"family": "IBM Plex Sans", "size": 12, "color": colours.get("t2")}, "xaxis": AXIS, "yaxis": AXIS,
        "legend": {"orientation": "h", "y": 1.08, "x": 0}, "hoverlabel": {"font": {"family": "IBM Plex Sans"}}, **more,
    }
