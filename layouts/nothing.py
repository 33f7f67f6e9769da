"""What the map says when there is nothing to draw: what is missing, how much there would be, and what to do."""

from __future__ import annotations

from dash import html

LAYERS = (("seizures", "seizures"), ("tracks", "movements"), ("images", "images"))


def of(world: str, n: dict, without: dict | None) -> list:
    """`n` are the counts of the choices, `without` the totals by layer of the same time with no other filter, None when the
    world holds nothing at all. An empty list when there is something of each layer that there could be."""
    if without is None:
        return [
            html.P([html.B(f"No data in the {world} world yet. "), "Import files of your own:" if world == "live" else "Make it and load it:"]),
            html.Code("./vigia import seizures FILE" if world == "live" else "./vigia exercise build --out DIR; ./vigia exercise load DIR"),
        ]
    gone = [(key, word) for key, word in LAYERS if not n[key]["total"] and without[key]]
    if gone:
        told = ", ".join(f"{without[key]:,} {word}" for key, word in gone)
        return [html.P([html.B(f"No {' and no '.join(word for _, word in gone)} for this filter. "), f"{told} without it."])]
    seizures = n["seizures"]
    if seizures["total"] and not any((seizures.get("on_map"), n["tracks"]["total"], n["images"]["total"])):
        return [html.P([html.B("Nothing here has a place. "), f"{seizures['total']:,} seizures are in the table and the charts."])]
    if not any(n[key]["total"] for key, _ in LAYERS):
        return [html.P([html.B("Nothing in this time. "), "Take a longer period."])]
    return []
