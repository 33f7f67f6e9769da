"""How one image is looked at: which of its bands, in which colours, between which values. What is chosen stands in the address (assets/js/looks.mjs)."""

from __future__ import annotations

from dash import html

from data.records import COLOURMAPS

# red, green and blue of the screen, by what the eye finds in them
TRIPLES = (
    ("Natural colour", ("red", "green", "blue")), ("Near infrared, plants red", ("nir", "red", "green")), ("Red edge, plants under stress", ("nir", "rededge", "red")),
    ("Short-wave infrared, burnt and bare ground", ("swir", "nir", "red")),
)
MAP_WORD = {"rdylgn": "Red to green", "gray": "Grey"}


def controls(i: dict) -> html.Div | None:
    """The lists of an image that lies on the map (data.imagery.one); the legend below them is filled by the browser."""
    shown = i.get("shown") or {}
    if not i.get("on_tiles"):
        return None
    stored = "2nd to 98th percentile" if shown.get("scale") else "As the values are"
    other = ("full", "Least to most") if shown.get("scale") else ("percentile", "2nd to 98th percentile")
    lists = [
        ("Bands", "look-bands", _bands(shown, len(shown.get("names") or []) or i["bands"])),
        ("Colours", "look-colormap", [("As stored", ""), *((MAP_WORD.get(name, name.capitalize()), name) for name in COLOURMAPS)]),
        ("Stretch", "look-stretch", [(stored, ""), (other[1], other[0])]),
    ]
    return html.Div(
        [
            *(html.Label([html.Span(word), html.Select([html.Option(label, value=value) for label, value in options], id=id_)], className="look-list") for word, id_, options in lists),
            html.Div(className="look-key", **{"aria-live": "polite"}),
        ],
        className="look", role="group", **{"data-image": str(i["id"]), "aria-label": "How this image is looked at"},
    )


def _bands(shown: dict, count: int) -> list[tuple[str, str]]:
    """What its bands make, then each by itself; first what is stored, which needs no word in the address."""
    names = [*(shown.get("names") or []), *[""] * count][:count]
    stored = shown.get("bands") or ([1, 2, 3] if count >= 3 else [1])
    called = lambda band: names[band - 1] or str(band)  # noqa: E731
    triples = [(word, three) for word, three in TRIPLES if set(three) <= set(names)]
    told = tuple(called(b) for b in stored)
    word = next((word for word, three in triples if three == told), _word(told))
    return [(f"{word}, as stored", ""), *((word, ",".join(three)) for word, three in triples if three != told),
            *((_word((called(b),)), called(b)) for b in range(1, count + 1) if [b] != stored)]


def _word(bands: tuple[str, ...]) -> str:
    said = {"nir": "near infrared", "rededge": "red edge", "swir": "short-wave infrared", "gray": "grey", "pan": "panchromatic"}
    words = ", ".join(said.get(b, f"band {b}" if b.isdecimal() else b) for b in bands)
    return words[:1].upper() + words[1:]
