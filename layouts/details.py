"""The details panel: what one thing is, when and how it is known, and whose it is."""

from __future__ import annotations

from datetime import datetime, timezone

from dash import html

from data.records import CREDIBILITY, DRUG_WORD, RELIABILITY
from layouts import compare, looks
from layouts.strip import marking
from layouts.symbols import drug, kind, layer

# what feeds call things, as people say it
SAID = {"mmsi": "MMSI", "imo": "IMO number", "callsign": "Call sign", "ship_type": "Ship type (AIS)", "icao24": "ICAO address", "epc": "EPC"}
EVENT_WORD = {
    "enter": "Entered", "exit": "Left", "inside": "Inside", "outside": "Outside", "coverage_void": "Nobody there", "gap": "Silent", "reappearance": "Heard again",
    "encounter": "Met", "proximity": "Came near", "moving_fence": "Came near", "loitering": "Loitered", "stop": "Stood still", "all_clear": "Moved again",
    "speed_range": "Speed out of range", "out_of_order": "Read out of order", "identity_conflict": "One identity in two places", "teleport": "Jumped",
}
CHANGE_WORD = {"new": "told", "changed": "changed", "closed": "ended", "retracted": "withdrawn"}
UNITS = (("_mps", "m/s"), ("_m", "m"), ("_s", "s"))
SPAN_WORD = {"event": "", "day": " (that day)", "month": " (that month)", "range": ""}


def nothing() -> list:
    return [html.P("Choose a mark on the map or a row of the table.", className="note")]


def missing(words: str) -> list:
    """What was chosen is not there (any more)."""
    return [html.P(words, className="note")]


def as_of(at: datetime | None) -> list:
    """At which time of the clock this is; nothing while live."""
    return [html.P(f"As of {_time(at)}", className="note")] if at else []


def seizure(s: dict) -> list:
    """One seizure (data.seizures.one)."""
    amount = f"{_number(s['kg'])} kg" if s["kg"] is not None else "Amount unknown"
    told = f"{_number(s['quantity'])} {s['unit'] or ''}".strip() if s["quantity"] is not None else None
    return [
        _head(drug(s["drug"]), f"{DRUG_WORD[s['drug']]}, {amount}", s["drug_told"]),
        _facts([
            ("When", _when(s)),
            ("Where", _where(s)),
            ("Precision", _metres(s["precision_m"])),
            ("Border", f"{s['section']}, {_metres(s['border_m'])} away" if s["section"] else None),
            ("Told as", told),
            ("Weight rule", s["kg_rule"]),
            ("Events", f"{s['event_count']:,} in one published row" if s["aggregate"] else None),
        ]),
        _facts([
            ("Conveyance", s["conveyance"]), ("Concealment", s["concealment"]),
            ("Route", " → ".join(p for p in (s["origin"], s["transit"], s["destination"]) if p) or None),
            ("Found by", s["found_by"]),
        ]),
        _facts(_told(s.get("extra"))),
        _origin(s),
        *([_actions()] if s["lon"] is not None else []),
    ]


def track(t: dict) -> list:
    """One track (data.tracks.one)."""
    return [
        _head(kind(t["kind"]), t["name"] or t["key"], t["kind"].capitalize()),
        _facts([
            ("Last position", _place(t.get("lon"), t.get("lat"))),
            ("Observed", _time(t.get("last_at") or t.get("observed_at"))),
            ("Moving", _moving(t.get("speed_mps"), t.get("course_deg"))),
            ("Identity", f"{_identity(t['key'])}, as told"),
            ("Followed since", _time(t.get("first_at"))),
            ("Fixes", _whole(t.get("fixes"))),
            ("Distance", f"{_number(t['length_m'] / 1000)} km" if t.get("length_m") is not None else None),
            ("Promised every", _duration(t.get("sla_s"))),
            ("Accuracy", f"± {_metres(t['accuracy_m'])}" if t.get("accuracy_m") else None),
            ("Altitude", _metres(t.get("altitude_m"))),
            ("Doubtful", ", ".join(t.get("doubts") or ()) or None),
            ("Left out", _left_out(t.get("left_out"))),
            ("Told by", ", ".join(t["sources"]) if len(t.get("sources") or ()) > 1 else None),
        ]),
        html.Div(id="speed-chart", className="speed-chart", **{"data-track": str(t["id"])}),
        _facts(_told(t.get("identifiers"))),
        *events(t.get("events") or []),
        _origin(t),
        _actions(f"/api/export/geojson?{t.get('query') or 'world=' + t['world']}&track={t['id']}", follow=True),
    ]


def events(found: list[dict]) -> list:
    """A track's events, the newest first; what was withdrawn is struck, and says so."""
    if not found:
        return []
    rows = [html.Li([html.Span(_happened(e), className="withdrawn" if e["retracted"] else None),
                     html.Span(f"{_span(e)}{', withdrawn by late data' if e['retracted'] else ''}", className="meta")], className="event-of-track") for e in found]
    return [html.Section([html.H3(f"Events ({len(found):,} newest)"), html.Ul(rows)], className="track-events")]


def event(e: dict) -> list:
    """One event with its revisions (data.events.one)."""
    severity = {"critical": "Critical", "emergency": "Emergency", "warning": "Warning"}.get(e["severity"])
    gone = [html.P("Withdrawn: later fixes show that it did not happen.", className="note")] if e["retracted"] else []
    return [
        _head(html.Span(className="event-symbol", **{"data-event": e["type"], "aria-hidden": "true"}), _happened(e), ", ".join(p for p in (severity, "doubtful" if e["doubtful"] else None) if p) or None),
        *gone,
        _facts([
            ("When", _span(e)), ("Where", _place(e["place"]["lon"], e["place"]["lat"])), ("Rule", f"{e['rule']['name']}, version {e['rule']['version']}"),
            ("Area", f"{e['area']['name']}, version {e['area']['version']}" if e["area"] else None), ("Alert", e["alert"]["state"].capitalize() if e["alert"] else None),
            ("First fix", _fix(e["first_fix"])), ("Last fix", _fix(e["last_fix"])),
        ]),
        _facts([(k, v) for k, v in map(_fact, sorted(e["facts"].items())) if v is not None]),
        _facts([(f"Revision {r['revision']}", f"{CHANGE_WORD[r['change']]} {_time(r['recorded_at'])}") for r in e["revisions"]]),
    ]


def _happened(e: dict) -> str:
    """What an event is, with whom or where."""
    who, with_ = e["track"] and e["track"]["name"], e["other"] and e["other"]["name"]
    word = EVENT_WORD[e["type"]]
    about = f" {with_}" if with_ else f" {e['area']['name']}" if e["area"] else ""
    return f"{who}: {word.lower()}{about}" if who else f"{word}{about}"


def _span(e: dict) -> str:
    if e["ended_at"] is None:
        return f"since {_time(e['started_at'])}"
    return _time(e["started_at"]) if e["ended_at"] == e["started_at"] else f"{_time(e['started_at'])} to {_time(e['ended_at'])}"


def _fix(f: dict) -> list:
    return [_place(f["lon"], f["lat"]), f", {_time(f['at'])}"]


def _fact(pair: tuple[str, object]) -> tuple[str, str | None]:
    """A fact under a name people say, with its unit."""
    name, value = pair
    unit = next(((end, word) for end, word in UNITS if name.endswith(end)), None)
    said = (name.removesuffix(unit[0]) if unit else name).replace("_", " ").capitalize()
    if isinstance(value, bool):
        return said, "yes" if value else "no"
    if unit and isinstance(value, (int, float)):
        return said, _duration(value) if unit[1] == "s" else f"{_number(value)} {unit[1]}"
    return said, None if value is None else str(value)


def image(i: dict) -> list:
    """One image (data.imagery.one)."""
    return [
        _head(layer("imagery"), i["name"], _sortie_link(i) if i.get("sortie") else "Drone image"),
        html.Figure(
            [
                html.Img(src=f"/api/images/{i['id']}/thumbnail.webp?world={i['world']}", alt=f"Thumbnail of {i['name']}"),
                html.Figcaption(", ".join(filter(None, (_time(i["captured_at"]), _sample(i["gsd_m"]))))),
            ],
            className="thumb",
        ),
        looks.controls(i),
        _facts([
            ("Captured", _time(i["captured_at"])), ("Ground sample", _sample(i["gsd_m"])),
            ("Size", f"{i['width_px']:,} × {i['height_px']:,} px, {i['bands']} band{'s' if i['bands'] != 1 else ''}" if i.get("width_px") else None),
            ("Original CRS", i.get("crs")), ("Product", i["product"].capitalize() if i.get("product") else None), ("Shown", _shown(i.get("shown") or {})),
            ("Brought by", i.get("brought_by")), ("In the zip", i.get("within")),
        ]),
        *([_facts(_pose(i["pose"]))] if i.get("pose") else []),
        _made(i.get("provenance") or {}),
        *([compare.partners(i["id"])] if i.get("on_tiles") else []),
        _origin(i),
        _actions(),
        html.P(html.A("In the catalogue", href=f"/imagery?world={i['world']}&sel=image:{i['id']}"), className="note"),
    ]


def _sortie_link(i: dict) -> html.A:
    return html.A(f"Sortie {i['sortie']}", href=f"/imagery?world={i['world']}&view=sorties&sel=sortie:{i['sortie_id']}")


def sortie(s: dict) -> list:
    """One flight (data.catalogue.sortie)."""
    return [
        _head(layer("imagery"), f"Sortie {s['key']}", s["platform"]),
        _facts([
            ("Sensor", s["sensor"]), ("Began", _time(s["started_at"] or s["first_image_at"])), ("Ended", _time(s["ended_at"] or s["last_image_at"])),
            ("Images", _whole(s["images"])), ("Best ground sample", _sample(s["best_gsd_m"])), ("Authority", "recorded" if s["authority_id"] else None), ("Brought by", s["brought_by"]),
        ]),
        _origin(s),
        html.P(html.A("Its images", href=f"/imagery?world={s['world']}&view=images&sortie={s['id']}"), className="note"),
    ]


def _shown(shown: dict) -> str | None:
    """Which bands are seen, in what colours and between which values."""
    if not (bands := shown.get("bands")):
        return None
    called = shown.get("names") or []
    words = [f"{called[b - 1]} ({b})" if b <= len(called) and called[b - 1] else f"band {b}" for b in bands]
    scale = (shown.get("scale") or [])[bands[0] - 1:bands[0]] if len(bands) == 1 else []
    return "".join([", ".join(words), f", {shown['colormap']}" if shown.get("colormap") else "", f", {_number(scale[0][0])} to {_number(scale[0][1])}" if scale else ""])


def _made(told: dict) -> html.Dl | None:
    """How what is served came to be (data.models.Image.provenance)."""
    parameters = {**told.get("parameters", {})}
    return _facts([
        ("Made from", [cell for i in told.get("inputs", []) for cell in (f"{i['name']} ", _print(i["sha256"]))] or None),
        ("Made", _time(datetime.fromisoformat(told["made_at"])) if told.get("made_at") else None), ("Made with", ", ".join(f"{k} {v}" for k, v in told["tools"].items()) if isinstance(told.get("tools"), dict) else None),
        ("Steps", ", ".join(map(str, parameters.get("steps", []))) or None), ("Packed as", parameters.get("compress")),
        ("Served file", _print(told["served_sha256"]) if told.get("served_sha256") else None),
    ])


def _print(sha256: str) -> html.Code:
    return html.Code(f"{sha256[:16]}…", title=sha256)
def _pose(p: dict) -> list[tuple[str, str | None]]:
    """How a frame's camera stood and was held, where each of it came from, and how far off it may be."""
    degrees = lambda name: None if p.get(name) is None else f"{p[name]:.1f}°"  # noqa: E731
    held = [f"{word} {told}" for word, name in (("yaw", "yaw_deg"), ("pitch", "pitch_deg"), ("roll", "roll_deg")) if (told := degrees(name))]
    height = f"{_number(p['height_m'])} m above take-off" if p.get("height_m") is not None else None
    above = f"{_number(p['altitude_m'])} m, {p['altitude_from']}" if p.get("altitude_m") is not None else None
    return [
        ("On the map", f"as a point: {p['why_point']}" if p.get("why_point") else f"by its pose, ground {p['ground']}" if p.get("ground") else None),
        ("Cut", f"what is further than {_number(p['reach_m'])} m away is left out" if p.get("cut") else None),
        ("May be off", f"{_number(p['ground_error_m'])} m on the ground" if p.get("ground_error_m") is not None else f"{_number(p['position_error_m'])} m"),
        ("Camera at", f"{p['lat']:.6f}, {p['lon']:.6f} ({p['place_from']})"), ("Height", height), ("Altitude", above),
        ("Held", f"{', '.join(held)} ({p['angles_from']})" if held and p.get("angles_from") else None),
        ("Turned", f"{p['turned_deg']}° clockwise since it was taken, as who brought it says" if p.get("turned_deg") else None),
        ("Camera", " ".join(filter(None, (p.get("make"), p.get("camera")))) or None), ("Focal length", f"{_number(p['focal_px'])} px: {p['focal_from']}" if p.get("focal_px") else None),
        ("Serial", p.get("serial")), ("Doubts", "; ".join(p.get("doubts") or []) or None),
    ]


def video(v: dict) -> list:
    """One film (data.videos.one). The player is put in by assets/js/videos/videos.mjs, which keeps it in step with the clock."""
    told = v["provenance"].get("klv") or {}
    bad = sum(told.get(k, 0) for k in ("bad_length", "bad_checksum", "bad_content"))
    return [
        _head(layer("imagery"), v["name"], f"Film of sortie {v['sortie']}" if v.get("sortie") else "Film"),
        html.Div(id="video-player", className="film", **{"data-video": str(v["id"])}),
        _facts([
            ("From", _time(v["started_at"])), ("To", _time(v["ended_at"])), ("Length", _duration(v["duration_s"])),
            ("Picture", f"{v['width_px']:,} × {v['height_px']:,} px, {v['rate_hz']:.3g} a second, {v['codec']}"),
            ("Time by", v["provenance"].get("started_at_from")),
            ("Looks", f"{v['looks']:,}, from {told['good']:,} of {told['read']:,} KLV packets" if v["looks"] else "none: it does not say where it looked"),
            ("Left out", f"{bad:,} packets: {told['bad_length']:,} bad lengths, {told['bad_checksum']:,} bad checksums, {told['bad_content']:,} bad contents" if bad else None),
        ]),
        _origin(v),
        html.P(html.A("In the catalogue", href=f"/imagery?world={v['world']}&view=films&sel=video:{v['id']}"), className="note"),
    ]


def _head(symbol, name: str, line: str | None) -> html.Header:
    return html.Header(
        [
            symbol,
            html.Div([html.H2(name), html.P(line)]),
            html.Button("×", className="close", title="Close", **{"aria-label": "Close details", "data-command": "unselect"}),
        ],
        className="details-head",
    )


def _actions(export: str | None = None, *, follow: bool = False) -> html.Div:
    return html.Div(
        [html.Button("Centre", className="action", **{"data-command": "centre"}),
         *([html.Button("Follow", className="action", title="Keep it in the middle, until the map is dragged",
                        **{"data-command": "follow", "aria-pressed": "false"})] if follow else []),
         *([html.A("Export", href=export, className="action", download="")] if export else [])],
        className="actions-row",
    )


def _told(told: dict | None) -> list[tuple[str, str]]:
    """What a source told beside the known fields, under names people say."""
    return [(SAID.get(k.lower(), k.replace("_", " ").capitalize()), str(v)) for k, v in sorted((told or {}).items())]


def _identity(key: str) -> str:
    scheme, colon, value = key.partition(":")
    return f"{SAID.get(scheme.lower(), scheme)} {value}" if colon else key


def _facts(pairs: list[tuple[str, object]]) -> html.Dl | None:
    told = [(k, v) for k, v in pairs if v not in (None, "")]
    if not told:
        return None
    return html.Dl([cell for k, v in told for cell in (html.Dt(k), html.Dd(v))], className="facts")


def _grade(told: str | None) -> str | None:
    """A grade with its words; one that nobody judged is not worth a line."""
    return None if told in (None, "F6") else f"{told}: {RELIABILITY[told[0]]}, {CREDIBILITY[told[1]]}"


def _origin(r: dict) -> html.Dl | None:
    line = f", line {r['line']:,}" if r.get("line") else ""
    return _facts([
        ("Source", f"{r['source']}{line}" if r.get("source") else None),
        ("Fingerprint", _print(r["sha256"]) if r.get("sha256") else None),
        ("Recorded", _time(r.get("recorded_at"))),
        ("Agency", r.get("agency")),
        ("Grade", _grade(r.get("grade"))),
        ("Handling", r.get("handling")),
        ("Marking", marking(r["marking"]) if r.get("marking") else None),
    ])


def _left_out(told: dict | None) -> str | None:
    """Fixes that are in no line: how many, and why."""
    return f"{told['fixes']:,} fix{'es' if told['fixes'] > 1 else ''} of the last day: {', '.join(told['doubts'])}" if told else None


def _when(s: dict) -> str:
    if s["time_span"] == "event":
        return _time(s["started_at"])
    return f"{_time(s['started_at'])} to {_time(s['ended_at'])}{SPAN_WORD[s['time_span']]}"


def _where(s: dict) -> str | list:
    if s["lon"] is None:
        return f"{s['place'] or 'No place told'} (not on the map)"
    return [*([f"{s['place']}, "] if s["place"] else []), _place(s["lon"], s["lat"])]


def _place(lon: float | None, lat: float | None) -> html.Button | None:
    """A place, to be copied by a tap; the browser writes it in the format somebody chose (assets/js/coordinates/page.mjs)."""
    if lon is None or lat is None:
        return None
    told = f"{abs(lat):.5f} {'N' if lat >= 0 else 'S'} {abs(lon):.5f} {'E' if lon >= 0 else 'W'}"
    return html.Button(told, className="place", title="Copy", **{"data-lon": f"{lon:.7f}", "data-lat": f"{lat:.7f}"})


def _moving(speed_mps: float | None, course_deg: float | None) -> str | None:
    if speed_mps is None:
        return None
    course = f", {course_deg:03.0f}°" if course_deg is not None else ""
    return f"{speed_mps * 3.6:.0f} km/h ({speed_mps * 1.943844:.1f} kn){course}"


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(timezone.utc).strftime("%-d %b %Y %H:%M:%S UTC") if moment else None


def _duration(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _metres(m: float | None) -> str | None:
    if m is None:
        return None
    return f"{m:.0f} m" if m < 1000 else f"{m / 1000:.1f} km"


def _number(value: float | None) -> str | None:
    if value is None:
        return None
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}".rstrip("0").rstrip(".")


def _sample(gsd_m: float | None) -> str | None:
    return None if gsd_m is None else f"{_number(gsd_m * 100)} cm" if gsd_m < 1 else f"{_number(gsd_m)} m"


def _whole(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"
