"""The markup of `/imagery`: filter, lists, details, the form for bringing files in. Every told word is escaped here."""

from __future__ import annotations

import html
import json
import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

from data.catalogue import Choice
from data.filters import Filter
from data.records import MARKINGS, PRODUCTS
from errors import FilterInvalid
from routes import papers

TITLES = (("images", "Images"), ("films", "Films"), ("sorties", "Sorties"), ("upload", "Bring files in"))
PRODUCT_WORD = {"orthophoto": "Orthophotos", "frame": "Frames"}
MAY_NOT = '<p class="none">Files are brought in by coordinators, analysts and supervisors.</p>'
BODY = """<link rel="stylesheet" href="/assets/vendor/maplibre-gl.css">
<header><h1><a href="/?world={world}"><span class="mark" aria-hidden="true"></span>Vigia</a> Imagery</h1><nav aria-label="Parts">{tabs}</nav><p class="world">{marking}{world_words}</p></header>
<main data-view="{view}">
<details class="filter" {filter_open}><summary>Filter{set}</summary><form action="/imagery" method="get" id="filter" aria-label="Filter">{fields}</form></details>
<section class="list" aria-label="{list_words}" tabindex="0">{inner}</section>
<section class="side"><div id="map" role="region" aria-label="Map of what is listed"></div><p id="map-words" class="note" role="status"></p>
<div id="details" tabindex="-1" aria-live="polite">{details}</div></section>
</main>
<script type="application/json" id="told">{told}</script>
<script type="module" src="/assets/js/catalogue/page.mjs"></script>"""


@dataclass(frozen=True)
class Link:
    """Addresses of this page that keep every other choice."""

    filter: Filter
    choice: Choice
    view: str
    sel: str | None = None

    def to(self, **changes: object) -> str:
        told = {**dict(self.filter.pairs()), **dict(self.choice.pairs()), "view": self.view, "sel": self.sel, **changes}
        return "/imagery?" + urlencode({k: v for k, v in told.items() if v not in (None, "")})


def body(*, view: str, filter: Filter, choice: Choice, agencies: list[str], may_bring: bool, inner: str, details: str, told: dict, markings: set[str] = frozenset()) -> str:
    """The page; `markings` are those of what is on it: the strictest stands at its top."""
    link = Link(filter, choice, view)
    tabs = "".join(f'<a href="{_(link.to(view=name))}"{" aria-current=page" if name == view else ""}>{words}</a>' for name, words in TITLES if name != "upload" or may_bring)
    chosen = len(filter.pairs()) - 1 + len(choice.pairs())
    return papers.filled(BODY, {
        "world": filter.world, "tabs": tabs, "marking": next((marking(m) for m in MARKINGS if m in markings), ""), "world_words": "The exercise" if filter.world == "exercise" else "The live world", "view": view,
        "filter_open": "" if view == "upload" else "open", "set": f" ({chosen} set)" if chosen else "", "fields": _fields(filter, choice, agencies, view), "inner": inner,
        "list_words": dict(TITLES)[view], "details": details, "told": json.dumps(told, default=str).replace("<", "\\u003c"),
    })


def _fields(filter: Filter, choice: Choice, agencies: list[str], view: str) -> str:
    told = dict(filter.pairs())
    hidden = "".join(f'<input type="hidden" name="{key}" value="{_(value)}">' for key, value in (
        ("world", filter.world), ("view", view), *((k, told[k]) for k in ("area", "source", "known_at") if k in told)))
    return hidden + "".join((
        _field("Text", f'<input type="search" name="q" maxlength="100" value="{_(filter.q or "")}" placeholder="Name, sortie, platform">'),
        _field("From (UTC)", f'<input type="datetime-local" name="from" value="{_local(filter.start)}">'),
        _field("To (UTC)", f'<input type="datetime-local" name="to" value="{_local(filter.end)}">'),
        _field("Agency", _select("agency", [(a, a) for a in agencies], filter.agency[0] if len(filter.agency) == 1 else "")),
        _field("Product", _select("product", [(p, PRODUCT_WORD[p]) for p in PRODUCTS], choice.product[0] if len(choice.product) == 1 else "")) if view != "films" or choice.product else "",
        _field("Marking", _select("marking", [(m, m) for m in MARKINGS], choice.marking[0] if len(choice.marking) == 1 else "")),
        _field("Ground sample up to (m)", f'<input type="number" name="max_gsd_m" min="0.001" max="99999" step="any" value="{_(dict(choice.pairs()).get("max_gsd_m", ""))}">')
        if view != "films" or choice.max_gsd_m is not None else "",
        _field("Sortie", f'<input name="sortie" inputmode="numeric" pattern="[0-9]*" value="{_(dict(choice.pairs()).get("sortie", ""))}" placeholder="Number; 0: of none">'),
        f'<div class="field"><span class="label">Place</span><input type="hidden" name="bbox" value="{_(told.get("bbox", ""))}">'
        f'<span class="actions"><button type="submit" class="plain" id="here">Search this view</button>{"<button class=plain id=anywhere>Anywhere</button>" if filter.bbox else ""}</span></div>',
        f'<div class="actions"><button>Show</button><a class="plain" href="/imagery?world={filter.world}&amp;view={view}">Clear</a></div>',
    ))


def _field(words: str, control: str) -> str:
    return f'<label class="field"><span class="label">{words}</span>{control}</label>'


def _select(name: str, options: list[tuple[str, str]], chosen: str) -> str:
    return f'<select name="{name}"><option value="">Any</option>' + "".join(
        f'<option value="{_(value)}"{" selected" if value == chosen else ""}>{_(words)}</option>' for value, words in options) + "</select>"


def images(rows: list[dict], link: Link) -> str:
    """The page's images, each a link to its details."""
    if not rows:
        return _nothing_here(link)
    return '<ul class="images" id="rows">' + "".join(_image_row(r, link) for r in rows) + "</ul>"


def _image_row(r: dict, link: Link) -> str:
    about = ", ".join(filter(None, (r["product"], sample(r["gsd_m"]), f"sortie {r['sortie']}" if r["sortie"] else None)))
    return _row(link, f"image:{r['id']}", r["name"], _thumbnail(r), when(r["captured_at"]), about, r)


def _row(link: Link, key: str, name: str, picture: str, time: str, about: str, r: dict) -> str:
    lines = "".join(f"<span>{_(line)}</span>" for line in (time, about) if line)
    current = ' aria-current="true"' if link.sel == key else ""
    return (f'<li data-key="{key}"><a href="{_(link.to(sel=key))}"{current}>{picture}<span class="words"><b>{_(name)}</b>{lines}'
            f'<span>{_(r["agency"] or "no agency")} {marking(r["marking"])}</span></span></a></li>')


def films(rows: list[dict], link: Link) -> str:
    """The page's films, each a link to its details."""
    if not rows:
        return _nothing_here(link)
    return '<ul class="images" id="rows">' + "".join(_film_row(r, link) for r in rows) + "</ul>"


def _film_row(r: dict, link: Link) -> str:
    about = ", ".join(filter(None, (length(r["duration_s"]), f"{r['width_px']:,} × {r['height_px']:,} px", f"sortie {r['sortie']}" if r["sortie"] else None,
                                    None if r["extent"] else "no place is known")))
    return _row(link, f"video:{r['id']}", r["name"], _still(r, "thumb"), when(r["started_at"]), about, r)


def sorties(rows: list[dict], link: Link) -> str:
    if not rows:
        return _nothing_here(link)
    return '<ul class="sorties" id="rows">' + "".join(_sortie_row(r, link) for r in rows) + "</ul>"


def _sortie_row(r: dict, link: Link) -> str:
    about = ", ".join(filter(None, (r["platform"], r["sensor"], _number(r["images"], "image"), sample(r["best_gsd_m"]))))
    return _row(link, f"sortie:{r['id']}", r["key"], "", _span(r), about, r)


def _nothing_here(link: Link) -> str:
    chosen = len(link.filter.pairs()) - 1 + len(link.choice.pairs())
    what = link.view
    if chosen:
        return f'<p class="none">No {what} under this filter. <a href="/imagery?world={link.filter.world}&amp;view={link.view}">Clear the filter</a></p>'
    return f'<p class="none">No {what} yet. Files come in by the browser, a watched folder or <code>./vigia import imagery FILE…</code></p>'


def pages(total: int, offset: int, limit: int, link: Link) -> str:
    """Where one is in the list, and the way on."""
    if not total:
        return ""
    before = f'<a href="{_(link.to(offset=max(0, offset - limit) or None, sel=None))}" rel="prev">Newer</a>' if offset else ""
    after = f'<a href="{_(link.to(offset=offset + limit, sel=None))}" rel="next">Older</a>' if offset + limit < total else ""
    shown = f"{min(offset + 1, total):,} to {min(offset + limit, total):,} of {total:,}"
    return f'<p class="pages">{before}<span>{shown}</span>{after}</p>'


def refused(wrong: FilterInvalid) -> str:
    told = "".join(f"<li>{_(p['key'])} is “{_(str(p['value']))}”, expected {_(str(p['expected']))}</li>" for p in wrong.problems)
    return f'<div class="none" role="alert"><p>This address can’t be shown:</p><ul>{told}</ul><p><a href="/imagery">Begin anew</a></p></div>'


def nothing(words: str) -> str:
    return f'<p class="none" role="alert">{_(words)}</p>'


# -- details ----------------------------------------------------------------------------------------------------------


def image(i: dict) -> str:
    """One image (data.catalogue.image)."""
    how, pose = i["provenance"] or {}, i["pose"] or {}
    picture = f'<img class="large" src="/api/images/{i["id"]}/thumbnail.webp?world={i["world"]}" alt="{_(i["name"])}">' if _pictured(i) else ""
    sortie_link = f'<a href="/imagery?world={i["world"]}&amp;view=sorties&amp;sel=sortie:{i["sortie_id"]}">{_(i["sortie"])}</a>' if i["sortie"] else None
    return (f'<h2>{_(i["name"])}</h2>{picture}<p class="actions"><a class="go" href="{_(on_the_map(i))}">Show on the map</a></p>' + _facts([
        ("Captured", when(i["captured_at"])), ("Product", i["product"]), ("Sortie", sortie_link), ("Ground sample", sample(i["gsd_m"])),
        ("Size", f"{i['width_px']:,} × {i['height_px']:,} px, {_number(i['bands'], 'band')} of {_(i['dtype'])}"), ("Original CRS", _(i["crs"])),
        ("On the map", _(f"as a point: {pose['why_point']}") if pose.get("why_point") else None), ("Doubts", _("; ".join(pose.get("doubts") or [])) or None),
        ("Agency", _(i["agency"] or "none")), ("Marking", marking(i["marking"])), ("Handling", i["handling"] and _(i["handling"])), ("Grade", _(i["grade"]) if i["grade"] else None),
    ]) + "<h3>Where it is from</h3>" + _facts([
        ("Source file", _(" in ".join(filter(None, (i["source"], i["within"])))) if i["source"] else None), ("Brought by", _(i["brought_by"] or "not noted")), ("Received", when(i["received_at"])),
        ("Size", f"{i['source_bytes']:,} bytes" if i["source_bytes"] else None), ("SHA-256", f"<code>{_(i['sha256'])}</code>"), *_made(how),
    ]))


def film(v: dict) -> str:
    """One film (data.catalogue.film)."""
    how = {k: value for k, value in (v["provenance"] or {}).items() if k not in ("klv", "notes")}
    klv, notes = v["provenance"].get("klv") or {}, v["provenance"].get("notes") or []
    sortie_link = f'<a href="/imagery?world={v["world"]}&amp;view=sorties&amp;sel=sortie:{v["sortie_id"]}">{_(v["sortie"])}</a>' if v["sortie"] else None
    track = f'<a href="/?world={v["world"]}&amp;sel=track:{v["track_id"]}">track {v["track_id"]}</a>' if v["track_id"] else None
    told = f"{v['looks']:,} looks, from {klv.get('good', 0):,} of {klv.get('read', 0):,} KLV packets" if v["looks"] else "none"
    return (f'<h2>{_(v["name"])}</h2>{_still(v, "large") if v["has_picture"] else ""}<p class="actions"><a class="go" href="{_(on_the_map(v))}">Play beside the map</a></p>' + _facts([
        ("From", when(v["started_at"])), ("To", when(v["ended_at"])), ("Length", length(v["duration_s"])), ("Place", "on the map" if v["extent"] else "no place is known"),
        ("Metadata", told), ("Sensor’s path", track), ("Sortie", sortie_link), ("Picture", f"{v['width_px']:,} × {v['height_px']:,} px, {v['rate_hz']:.3g} a second, {_(v['codec'])}"),
        ("Agency", _(v["agency"] or "none")), ("Marking", marking(v["marking"])), ("Handling", v["handling"] and _(v["handling"])), ("Grade", _(v["grade"]) if v["grade"] else None),
    ]) + "<h3>Where it is from</h3>" + _facts([
        ("Source file", _(" in ".join(filter(None, (v["source"], v["within"])))) if v["source"] else None), ("Brought by", _(v["brought_by"] or "not noted")), ("Received", when(v["received_at"])),
        ("Size", f"{v['source_bytes']:,} bytes" if v["source_bytes"] else None), ("SHA-256", f"<code>{_(v['sha256'])}</code>"), ("Notes", _("; ".join(notes)) or None), *_made(how),
    ]))


def sortie(s: dict) -> str:
    """One sortie (data.catalogue.sortie, with `authority`)."""
    at = f"/imagery?world={s['world']}&view=images&sortie={s['id']}"
    track = f'<a href="/?world={s["world"]}&amp;sel=track:{s["track_id"]}">track {s["track_id"]}</a>' if s["track_id"] else None
    authority = _(s["authority"]) if s.get("authority") else "recorded" if s["authority_id"] else None
    return f'<h2>Sortie {_(s["key"])}</h2><p class="actions"><a class="go" href="{_(at)}">Its images</a> <a class="plain" href="{_(at.replace("view=images", "view=films"))}">Its films</a></p>' + _facts([
        ("Platform", s["platform"] and _(s["platform"])), ("Sensor", s["sensor"] and _(s["sensor"])), ("Flown", _span(s)), ("Images", _number(s["images"], "image")),
        ("Products", _(", ".join(s["products"])) or None), ("Best ground sample", sample(s["best_gsd_m"])), ("Path", track), ("Authority", authority),
        ("Agency", _(s["agency"] or "none")), ("Marking", marking(s["marking"])), ("First told by", s["source"] and _(s["source"])), ("Brought by", _(s["brought_by"] or "not noted")),
        ("Received", when(s["received_at"])),
    ])


# What provenance calls a thing, where its own name would not say it.
MADE_WORDS = {"bytes": "Served file", "made_at": "Made", "captured_at_from": "Time by", "started_at_from": "Time by", "sha256": "SHA-256 of the served file", "cog_sha256": "SHA-256 of the served file"}


def _made(how: dict) -> list[tuple[str, str]]:
    """How what is served came to be, in words: whatever an importer noted (data.models.Image.provenance)."""
    return [(MADE_WORDS.get(k, k.replace("_", " ").capitalize()), _told(k, v)) for k, v in sorted(how.items()) if v not in (None, "", [], {})]


def _told(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{_(k.replace('_', ' '))} {_told(k, v)}" for k, v in value.items() if v not in (None, "", [], {}))
    if isinstance(value, list):
        return ("; " if any(isinstance(v, dict) for v in value) else ", ").join(_told(name, v) for v in value)
    if isinstance(value, int):
        return f"{value:,} bytes" if name == "bytes" else f"{value:,}"
    if name.endswith("_at"):
        with suppress(ValueError, TypeError):  # an older importer may have noted it otherwise: then as it is
            return when(datetime.fromisoformat(str(value)))
    return f"<code>{_(value)}</code>" if name.endswith("sha256") else _(value)


def _facts(pairs: list[tuple[str, str | None]]) -> str:
    return '<dl class="facts">' + "".join(f"<dt>{_(name)}</dt><dd>{told}</dd>" for name, told in pairs if told) + "</dl>"


def on_map(r: dict) -> dict:
    """What the small map needs of a row."""
    kind = r.get("kind") or ("sortie" if "key" in r else "image")
    shape = r.get("footprint") or r.get("extent")
    return {"key": f"{kind}:{r['id']}", "shape": shape, "path": r.get("path")}


def on_the_map(i: dict) -> str:
    """The map at an image's or a film's place and time, with it chosen; of one without a place, at its time."""
    film = "started_at" in i
    at: datetime = i["started_at" if film else "captured_at"].astimezone(timezone.utc)
    told = {"world": i["world"], "from": _z(at - timedelta(days=7)), "to": _z(at + timedelta(days=1)), "at": _z(at), "sel": f"{'video' if film else 'image'}:{i['id']}"}
    if (shape := i.get("footprint") or i.get("extent")) is None:
        return f"/?{urlencode(told)}"
    lons, lats = zip(*_points(shape["coordinates"]))
    across = max(max(lons) - min(lons), (max(lats) - min(lats)) * 1.5, 0.0005)
    if across > 180:  # over the antimeridian
        lons = [lon % 360 for lon in lons]
        across = max(lons) - min(lons)
    zoom = min(17.0, max(2.0, math.log2(360 / across) + 0.3))
    lon = (min(lons) + max(lons)) / 2
    return f"/?{urlencode(told)}#map={zoom:.2f}/{(min(lats) + max(lats)) / 2:.5f}/{lon - 360 if lon > 180 else lon:.5f}"


def _points(coordinates) -> list[tuple[float, float]]:
    return [tuple(coordinates[:2])] if isinstance(coordinates[0], (int, float)) else [p for part in coordinates for p in _points(part)]


# -- bringing files in ------------------------------------------------------------------------------------------------


def upload_form(agencies: list[str], markings: list[str], limits: dict) -> str:
    """The facts of a sortie, told once for all of its files, and where these are dropped."""
    own = "".join(f'<option value="{_(a)}">{_(a)}</option>' for a in agencies)
    marks = "".join(f'<option{" selected" if m == "TLP:AMBER" else ""}>{_(m)}</option>' for m in reversed(markings))
    size = f"{limits['file_mb'] / 1000:g} GB" if limits["file_mb"] >= 1000 else f"{limits['file_mb']} MB"
    waiting = f"{limits['waiting_mb'] / 1000:g} GB" if limits["waiting_mb"] >= 1000 else f"{limits['waiting_mb']} MB"
    none = "" if agencies else '<option value="">none</option>'
    return f"""<form id="facts" aria-label="Facts of the sortie"><h2>Of all these files</h2>
{_field("Sortie", '<input name="sortie" maxlength="100" placeholder="As the zip or the file is called">')}{_field("Platform", '<input name="platform" maxlength="100">')}
{_field("Sensor", '<input name="sensor" maxlength="100">')}{_field("Authority", '<input name="authority" maxlength="100" placeholder="Its reference">')}
{_field("Agency", f'<select name="agency">{own}{none}</select>')}{_field("Marking", f'<select name="marking">{marks}</select>')}
{_field("Captured at", '<input name="captured_at" maxlength="40" placeholder="For files that do not say: 2026-11-24T13:10:00Z">')}
{_field("Zone of times without one", '<input name="zone" maxlength="60" placeholder="America/Bogota">')}</form>
<div id="drop"><p><b>Drop files here</b> or <label class="choose" for="files">choose files</label><input type="file" id="files" multiple accept="{_(",".join(limits["endings"]))}"></p>
<p class="note">Taken are {_(", ".join(limits["endings"]))}: at most {size} a file, {waiting} and {limits["waiting_files"]:,} files of yours on their way at a time.
What nobody goes on with is erased after {limits["hours"]:g} hours. A sortie’s zip is unpacked here.</p></div>
<div id="whole" hidden><progress id="all" max="1" value="0" aria-label="All files"></progress><p id="all-words" role="status"></p>
<p class="actions"><button id="pause">Pause</button><button id="tidy" class="plain">Take what is done off the list</button></p></div>
<p id="said" role="alert" hidden></p><ul id="uploads" aria-label="Files on their way in"></ul>"""


# -- words ------------------------------------------------------------------------------------------------------------


def moment(key: str, value: str) -> str:
    """A form's time has no zone; it is UTC, as the form says."""
    return f"{value}{':00' if len(value) == 16 else ''}Z" if key in ("from", "to") and len(value) in (16, 19) else value


def when(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC" if moment else None


def sample(gsd_m: float | None) -> str | None:
    if gsd_m is None:
        return None
    return f"{gsd_m * 100:.3g} cm" if gsd_m < 1 else f"{gsd_m:.3g} m"


def marking(told: str) -> str:
    return f'<span class="marking {told.split("+")[0].replace(":", "-").lower()}">{_(told)}</span>'


def _pictured(r: dict) -> bool:
    """Whether there is a picture to show: of every frame a preview was made, also where nobody knows how it lay on the ground."""
    return r["on_tiles"] or r["product"] == "frame"


def _thumbnail(r: dict) -> str:
    if not _pictured(r):
        return '<span class="thumb blank">no picture</span>'
    return f'<img class="thumb" loading="lazy" decoding="async" width="112" height="84" src="/api/images/{r["id"]}/thumbnail.webp?world={r["world"]}" alt="">'


def _still(v: dict, size: str) -> str:
    """A film's first picture."""
    if not v["has_picture"]:
        return '<span class="thumb blank">no picture</span>'
    return f'<img class="{size}" loading="lazy" decoding="async" width="112" height="84" src="/api/videos/{v["id"]}/thumbnail.webp?world={v["world"]}" alt="">' if size == "thumb" else \
        f'<img class="{size}" src="/api/videos/{v["id"]}/thumbnail.webp?world={v["world"]}" alt="First picture of {_(v["name"])}">'


def length(seconds: float) -> str:
    """How long a film is.

    >>> length(6.2), length(125), length(3725)
    ('6 s', '2:05 min', '1:02:05 h')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60}:{whole % 60:02d} min" if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"


def _span(s: dict) -> str:
    start, end = s["started_at"] or s["first_image_at"], s["ended_at"] or s["last_image_at"]
    if start is None:
        return "when is not told"
    return when(start) if end is None or end == start else f"{when(start)} to {when(end)}"


def _number(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _local(moment: datetime | None) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%dT%H:%M}" if moment else ""


def _z(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _(told: object) -> str:
    return html.escape(str(told))
