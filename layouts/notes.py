"""Notes: the button that says how many wait to be sent, and one note in the details (assets/js/notes)."""

from __future__ import annotations

from dash import html

from layouts import ids
from layouts.symbols import icon, layer

KIND_WORD = {"sighting": "Sighting", "annotation": "Annotation"}


def button() -> html.Button:
    """Opens the list of those that wait in this browser; hidden while none does."""
    return html.Button([icon("note"), html.Span(className="notes-count")], id=ids.NOTES_WAITING, className="warnings notes-waiting", hidden=True,
                       title="Notes that wait to be sent", **{"aria-label": "Notes that wait to be sent"})


def symbol(kind: str):
    """What stands for a note on the map."""
    return layer(f"notes note-{kind}")


def text(n: dict) -> html.P:
    """What was written, line by line, in its own direction."""
    return html.P(n["text"], className="note-text", dir="auto")


def size(number: int) -> str:
    """`2.4 MB`, `310 kB`."""
    return f"{number / 1e6:.1f} MB" if number >= 1_000_000 else f"{max(1, round(number / 1e3))} kB"


def photo(n: dict) -> html.A | None:
    """Its photo, which opens in a tab of its own."""
    if n["photo_sha256"] is None:
        return None
    address = f"/api/notes/{n['id']}/photo?world={n['world']}"
    return html.A(html.Img(src=address, alt=f"Photo of the {n['kind']}", width=n["photo_width_px"], height=n["photo_height_px"], className="note-photo"), href=address, target="_blank",
                  title="Open the photo")


def withdraw(n: dict) -> list:
    """For who may withdraw it."""
    return [html.Button("Withdraw…", className="action", **{"data-command": "note-withdraw", "data-note": str(n["id"])})] if n["may_withdraw"] else []
