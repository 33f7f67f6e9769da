"""The left rail: layers, then filters. What each choice would give stands beside it."""

from __future__ import annotations

from dash import dcc, html

from data.records import CONVEYANCES, DRUG_WORD, DRUGS, KINDS
from layouts import analysis, ids, views
from layouts.symbols import drug, icon, kind, layer

LAYER_WORD = {
    "events": "Events",
    "movements": "Movements", "seizures": "Seizures", "hotspots": "Hotspots", "imagery": "Drone imagery",
    "sections": "Border sections", "coverage": "Looked at",
}
KIND_WORD = {
    "vessel": "Vessels", "vehicle": "Vehicles", "container": "Containers", "tag": "Tags", "aircraft": "Aircraft",
    "drone": "Drones", "person": "Persons",
}
# how movements are drawn (assets/js/trails.mjs): what is empty is not in the address
TRAILS = (("By kind", ""), ("None", "0"), ("10 min", "10m"), ("1 h", "1h"), ("6 h", "6h"), ("24 h", "24h"))
VECTORS = (("None", ""), ("3 min", "3"), ("6 min", "6"), ("15 min", "15"), ("1 h", "60"))
# ground that nobody saw for so long is veiled (assets/js/layers/coverage.mjs)
VEILS = (("1 h", "1"), ("6 h", "6"), ("24 h", ""), ("72 h", "72"), ("7 d", "168"))
PERIODS = (("24 h", "24h"), ("7 d", "7d"), ("14 d", "14d"), ("90 d", "90d"), ("All", "all"))


def rail() -> html.Div:
    return html.Div(
        [
            html.Section(
                [
                    html.Div([html.H2("Layers")], className="head"),
                    html.Ul([layer_row(name) for name in ids.LAYERS], className="layers"),
                ],
                **{"aria-label": "Layers"},
            ),
            html.Section(
                [
                    html.Div(
                        [html.H2("Filters"), html.Span([*views.steps(), html.Button("Clear", id=ids.CLEAR, className="link", disabled=True)], className="head-acts")],
                        className="head",
                    ),
                    dcc.RadioItems(
                        id=ids.PERIOD, className="segments period", inline=True,
                        options=[{"label": word, "value": value} for word, value in PERIODS],
                    ),
                    dcc.Checklist(id=ids.DRUG, className="chips", options=drug_options({}), value=[]),
                ],
                **{"aria-label": "Filters"},
            ),
            html.Section(
                [
                    html.Div([html.H2("Kinds"), html.Span(id=ids.KIND_TOTAL, className="meta")], className="head"),
                    dcc.Checklist(id=ids.KIND, className="kinds", options=kind_options({}), value=[]),
                ],
                **{"aria-label": "Kinds"},
            ),
            html.Section(
                [
                    html.Div([html.H2("Amount"), html.Span(id=ids.AMOUNT_WORDS, className="meta")], className="head"),
                    html.Div(id=ids.AMOUNT_BARS, className="bars", **{"aria-hidden": "true"}),
                    dcc.RangeSlider(
                        id=ids.AMOUNT, className="amount", min=0, max=16, step=1, value=[0, 16], marks=None, allowCross=False,
                    ),
                ],
                **{"aria-label": "Amount"},
            ),
            html.Section(
                [
                    _field("Agency", dcc.Dropdown(id=ids.AGENCY, multi=True, placeholder="All", searchable=False)),
                    _field(
                        "Conveyance",
                        dcc.Dropdown(
                            id=ids.CONVEYANCE, multi=True, placeholder="All", searchable=False,
                            options=[{"label": c.capitalize(), "value": c} for c in CONVEYANCES],
                        ),
                    ),
                    _field("Text", dcc.Input(id=ids.TEXT, type="search", debounce=True, maxLength=100, placeholder="Any")),
                    html.Button("Search persons and vehicles too…", id=ids.TEXT_ALL, className="also", hidden=True, **{"data-command": "name-all"}),
                    html.Div(
                        [
                            html.Span("Area", className="label"),
                            html.Span(
                                [html.Button("Draw", id=ids.AREA, className="link"),
                                 html.Button("Save as watch area…", id=ids.AREA_SAVE, className="link", hidden=True),
                                 html.Button("Clear", id=ids.AREA_CLEAR, className="link", hidden=True)],
                                className="actions",
                            ),
                        ],
                        className="field",
                    ),
                    html.P(id=ids.UNPLACED, className="note", hidden=True),
                ],
                className="fields", **{"aria-label": "More filters"},
            ),
            views.button(narrow=True),
            analysis.button(narrow=True),
            html.A([icon("person"), "Account"], href="/account", className="account narrow-only"),
            html.Button("Show", id=ids.SHOW, className="filled narrow-only"),
        ],
        id=ids.RAIL, className="rail",
    )


def _field(word: str, control) -> html.Div:
    return html.Div([html.Label(word, className="label", htmlFor=control.id), control], className="field")


def layer_row(name: str) -> html.Li:
    """One layer: eye, swatch, name with its line, order, opacity."""
    word = LAYER_WORD[name]
    return html.Li(
        [
            html.Button(icon("eye"), id=ids.eye(name), className="eye", title=f"Show or hide {word.lower()}",
                        **{"aria-pressed": "true", "aria-label": f"{word} on the map"}),
            layer(name),
            html.Div(
                [html.Span(word, className="layer-name"), html.Span(id=ids.EVENT_LINE if name == "events" else ids.line(name), className="layer-line"),
                 *([html.A("Catalogue", href="/imagery", className="link", **{"data-catalogue": ""})] if name == "imagery" else [])],
                className="layer-words",
            ),
            html.Span(
                [
                    html.Button(icon("up"), id=ids.order(name, "up"), className="order", title="Draw above",
                                **{"aria-label": f"Draw {word.lower()} above"}),
                    html.Button(icon("down"), id=ids.order(name, "down"), className="order", title="Draw below",
                                **{"aria-label": f"Draw {word.lower()} below"}),
                ],
                className="orders",
            ),
            dcc.Slider(id=ids.opacity(name), className="opacity", min=0.1, max=1, step=0.05, value=1, marks=None,
                       updatemode="drag"),
            *([_drawn_as(("Trail", ids.TRAIL, TRAILS), ("Vector", ids.VECTOR, VECTORS))] if name == "movements" else []),
            *([_drawn_as(("Not seen for", ids.VEIL, VEILS))] if name == "coverage" else []),
        ],
        id=ids.row(name), className="layer-row",
    )


def _drawn_as(*lists: tuple[str, str, tuple]) -> html.Div:
    """How a layer is drawn: how far back trails reach and how far ahead a vector; after how long ground is veiled."""
    return html.Div(
        [
            html.Label([word, _select(id_, options)])
            for word, id_, options in lists
        ],
        className="drawn-as",
    )


def _select(id_: str, options) -> html.Select:
    """A plain list of the browser's: what is chosen stands in the address, not in Dash."""
    return html.Select([html.Option(word, value=value) for word, value in options], id=id_)


def drug_options(counts: dict[str, int]) -> list[dict]:
    """The drug chips; a chip shows what it would give, even when off."""
    return [
        {"label": html.Span([drug(d), html.Span(DRUG_WORD[d], className="word"),
                             _count(counts.get(d))], className="chip-in"), "value": d}
        for d in DRUGS
    ]


def kind_options(counts: dict[str, int]) -> list[dict]:
    """The kinds of track, persons only where there are any."""
    return [
        {"label": html.Span([kind(k), html.Span(KIND_WORD[k], className="word"),
                             _count(counts.get(k))], className="kind-in"), "value": k}
        for k in KINDS if k != "person" or counts.get(k)
    ]


def agency_options(counts: dict[str, dict[str, int]]) -> list[dict]:
    """Agencies with what each holds under the other filters."""
    return [
        {"label": f"{name}  {_number(n['seizures'] + n['tracks'] + n['images'])}", "value": name} for name, n in counts.items()
    ]


def amount_bars(amount: list[dict]) -> list:
    """The amount histogram above the slider."""
    top = max((a["n"] for a in amount), default=0) or 1
    return [html.I(style={"height": f"{max(2, round(100 * a['n'] / top)) if a['n'] else 0}%"}) for a in amount]


def layer_lines(n: dict, veil: str | None = None) -> dict[str, str]:
    """The line under each layer's name: what of it is shown under the filter; `veil`: the hours that were chosen."""
    hours = next((word for word, value in VEILS if value == (veil or "")), "24 h")
    s = n["seizures"]
    return {
        "movements": f"{n['tracks']['total']:,} shown",
        "seizures": f"{s['on_map']:,} on the map" + (f", {s['unplaced']:,} not" if s["unplaced"] else ""),
        "hotspots": f"from {s['on_map']:,} seizures",
        "imagery": f"{n['images']['total']:,} images",
        "sections": "Seizures per 100 km",
        "coverage": f"not seen for {hours} is veiled",
    }


def off_map_words(unplaced: int, totals: int) -> str:
    """What is counted and listed and has no mark; empty when everything has one."""
    parts = []
    if unplaced:
        parts.append(f"{unplaced:,} seizure{'s have' if unplaced != 1 else ' has'} no place and {'are' if unplaced != 1 else 'is'} not on the map.")
    if totals:
        parts.append(f"{totals:,} {'are totals' if totals != 1 else 'is a total'} of several events: in table and charts, not on the map.")
    return " ".join(parts)


def _number(n: int | None) -> str:
    return "" if n is None else f"{n:,}"


def _count(n: int | None) -> html.Span:
    """A count beside a choice. From 1,000 on it is short, so that the word keeps its room, and whole when pointed at."""
    if n is None or n < 1_000:
        return html.Span(_number(n), className="n")
    size, mark = (1_000_000, "M") if n >= 1_000_000 else (1_000, "k")
    tenths = n * 10 // size
    return html.Span((f"{tenths / 10:.1f}" if tenths < 100 else f"{tenths // 10}") + mark, className="n", title=f"{n:,}")
