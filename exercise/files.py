"""The exercise's files: CSV, NMEA and GPX as a user would bring them. Numbers are rounded here, and only here."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from exercise import nmea
from exercise.gates import Read, Reader
from exercise.movers import HOUR_S, Clock, Fixes, Mover, iso
from exercise.names import AGENCIES
from exercise.sea import Vessel
from exercise.sorties import Sortie

TAG_HEADER = "tag_id,kind,name,agency,time_utc,lat,lon,speed_kmh,course_deg,accuracy_m,battery_pct"
SEIZURE_COLUMNS = (
    "id",
    "when",
    "place",
    "lat",
    "lon",
    "precision_m",
    "drug",
    "quantity",
    "unit",
    "events",
    "conveyance",
    "concealment",
    "origin",
    "transit",
    "destination",
    "found",
    "agency",
    "note",
)


def _stamps(t: np.ndarray) -> list[str]:
    return [s + "Z" for s in np.datetime_as_string(t.astype("datetime64[s]")).tolist()]


def _lines(path: Path, lines: Iterable[str]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        for line in lines:
            out.write(line + "\n")
            count += 1
    return count


def _rows(path: Path, header: Iterable[str], rows: Iterable[Iterable]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(header)
        for row in rows:
            table.writerow(row)
            count += 1
    return count


def tag_csv(path: Path, movers: list[Mover], accuracy_m: int, clock: Clock) -> int:
    """Fixes of many tags by time, as a tag server exports them. Gives the rows."""
    movers = [m for m in movers if len(m.fixes)]
    chunks: list[list[tuple]] = []
    for order, m in enumerate(movers):
        f = m.fixes
        # A battery runs down over a fortnight and is charged.
        battery = 100 - ((f.t - clock.start_s) / (14 * 24 * HOUR_S) * 86 + 17 * order) % 86
        head = f"{m.id},{m.kind},{m.name},{m.agency},"
        chunks.append(
            [
                (t, order, f"{head}{s},{lat:.6f},{lon:.6f},{v:.1f},{c:.0f},{accuracy_m},{b:.0f}")
                for t, s, lat, lon, v, c, b in zip(
                    f.t.tolist(),
                    _stamps(f.t),
                    f.lat.tolist(),
                    f.lon.tolist(),
                    f.speed_kmh.tolist(),
                    (np.round(f.course_deg) % 360).tolist(),
                    battery.tolist(),
                )
            ]
        )
    rows = sorted(row for chunk in chunks for row in chunk)
    _lines(path, (line for line in [TAG_HEADER]))
    with open(path, "a", encoding="utf-8", newline="\n") as out:
        out.writelines(line + "\n" for _, _, line in rows)
    return len(rows)


def nmea_log(path: Path, vessels: list[Vessel], start_s: float, end_s: float) -> int:
    """Every sentence heard from `start_s` up to `end_s`, by time. Gives the messages (a two-part one counts once)."""
    heard: list[tuple[int, int, int, str]] = []
    messages = 0
    for order, v in enumerate(vessels):
        fixes = v.fixes.keep((v.fixes.t >= start_s) & (v.fixes.t < end_s))
        if not len(fixes):
            continue
        spoken = nmea.positions(v.mmsi, v.ais_class, v.station, fixes)
        # Who it is, at the first position and then every few hours.
        slot = fixes.t // v.static_every_s
        moments = fixes.t[np.concatenate([[True], slot[1:] != slot[:-1]])]
        static = nmea.statics(v, moments)
        messages += len(spoken) + len(moments) * (1 if v.ais_class == "A" else 2)
        heard += [(t, order, i, line) for i, (t, line) in enumerate(static + spoken)]
    _lines(path, (line for *_, line in sorted(heard)))
    return messages


def gpx(path: Path, name: str, kind: str, fixes: Fixes, altitude_m: float | None = None) -> int:
    """One GPX 1.1 track. A silence of ten minutes begins a new segment. Gives the points."""
    out = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<gpx version="1.1" creator="exercise" xmlns="http://www.topografix.com/GPX/1/1">',
        f"<trk><name>{escape(name)}</name><type>{kind}</type>",
        "<trkseg>",
    ]
    last = None
    for t, s, lat, lon in zip(fixes.t.tolist(), _stamps(fixes.t), fixes.lat.tolist(), fixes.lon.tolist()):
        if last is not None and t - last > 600:
            out += ["</trkseg>", "<trkseg>"]
        ele = "" if altitude_m is None else f"<ele>{altitude_m:.0f}</ele>"
        out.append(f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}">{ele}<time>{s}</time></trkpt>')
        last = t
    _lines(path, [*out, "</trkseg>", "</trk>", "</gpx>"])
    return len(fixes)


def readers_csv(path: Path, readers: list[Reader]) -> int:
    """Where each reader stands. Gives the readers."""
    header = ("reader", "name", "lat", "lon")
    return _rows(path, header, ((r.id, r.name, f"{r.lat:.5f}", f"{r.lon:.5f}") for r in readers))


def reads_csv(path: Path, reads: list[Read]) -> int:
    """What they read. Gives the reads."""
    header = ("epc", "reader", "time", "rssi")
    return _rows(path, header, ((r.epc, r.reader, iso(r.t), f"{r.rssi_dbm:.1f}") for r in reads))


def sorties_csv(path: Path, sorties: list[Sortie]) -> int:
    """One line a flight; `track` is the key that its GPX file's track gets."""
    header = ("sortie", "platform", "sensor", "agency", "started", "ended", "track", "picture")
    return _rows(
        path,
        header,
        (
            (
                s.id,
                s.plan.platform,
                s.sensor,
                s.plan.agency,
                iso(s.start_s),
                iso(s.end_s),
                f"gpx:{s.plan.platform}",
                s.picture if s.plan.picture else "",
            )
            for s in sorties
        ),
    )


def seizures_csv(path: Path, rows: list[tuple]) -> int:
    """The seizure file. Gives the rows."""
    return _rows(path, SEIZURE_COLUMNS, rows)


def agencies_csv(path: Path) -> int:
    """The invented agencies and their countries."""
    return _rows(path, ("agency", "country"), AGENCIES.items())
