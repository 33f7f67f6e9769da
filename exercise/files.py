"""The exercise's files: CSV, NMEA and GPX as a user would bring them. Numbers are rounded here, and only here."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from numpy.random import Generator

from exercise import nmea
from exercise.gates import Read, Reader
from exercise.movers import HOUR_S, Clock, Fixes, Mover
from exercise.names import AGENCIES
from exercise.sea import Vessel
from exercise.seizing import DRUGS, Event, hidden
from exercise.sorties import Sortie
from exercise.streams import stream
from exercise.ground import side_of

TAG_HEADER = "tag_id,kind,name,agency,time_utc,lat,lon,speed_kmh,course_deg,accuracy_m,battery_pct"
SEIZURE_COLUMNS = ("id", "when", "place", "lat", "lon", "precision_m", "drug", "quantity", "unit", "events", "conveyance", "concealment",
                   "origin", "transit", "destination", "found", "agency", "note")


def iso(t: float) -> str:
    """Epoch seconds as RFC 3339 in UTC."""
    return datetime.fromtimestamp(int(t), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        chunks.append([(t, order, f"{head}{s},{lat:.6f},{lon:.6f},{v:.1f},{c:.0f},{accuracy_m},{b:.0f}") for t, s, lat, lon, v, c, b in zip(
            f.t.tolist(), _stamps(f.t), f.lat.tolist(), f.lon.tolist(), f.speed_kmh.tolist(), (np.round(f.course_deg) % 360).tolist(),
            battery.tolist())])
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
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<gpx version="1.1" creator="exercise" xmlns="http://www.topografix.com/GPX/1/1">',
           f"<trk><name>{escape(name)}</name><type>{kind}</type>", "<trkseg>"]
    last = None
    for t, s, lat, lon in zip(fixes.t.tolist(), _stamps(fixes.t), fixes.lat.tolist(), fixes.lon.tolist()):
        if last is not None and t - last > 600:
            out += ["</trkseg>", "<trkseg>"]
        ele = "" if altitude_m is None else f"<ele>{altitude_m:.0f}</ele>"
        out.append(f'<trkpt lat="{lat:.6f}" lon="{lon:.6f}">{ele}<time>{s}</time></trkpt>')
        last = t
    _lines(path, [*out, "</trkseg>", "</trk>", "</gpx>"])
    return len(fixes)


def rfid(folder: Path, readers: list[Reader], reads: list[Read]) -> int:
    """`readers.csv` (where each stands) and `reads.csv` (epc, reader, time, rssi). Gives the reads."""
    _rows(folder / "readers.csv", ("reader", "name", "lat", "lon"), ((r.id, r.name, f"{r.lat:.5f}", f"{r.lon:.5f}") for r in readers))
    return _rows(folder / "reads.csv", ("epc", "reader", "time", "rssi"), ((r.epc, r.reader, iso(r.t), f"{r.rssi_dbm:.1f}") for r in reads))


def sorties_csv(path: Path, sorties: list[Sortie]) -> int:
    """One line a flight."""
    return _rows(path, ("sortie", "platform", "sensor", "agency", "started", "ended", "picture"), (
        (s.id, s.plan.platform, "wide-area frame camera" if s.strip.length_m > 1_000 else "20 MP frame camera", s.plan.agency,
         iso(s.start_s), iso(s.end_s), s.picture if s.plan.picture else "") for s in sorties))


_ROUTE = {"MX": ("San Fernando", "Monterrey", "Chihuahua", "Hermosillo", "Culiacan"), "US": ("San Antonio", "Houston", "Phoenix", "Los Angeles", "Dallas")}
_AT_SEA = ("South Padre Island", "Imperial Beach", "Puerto Penasco")


def _amount(drug: int, kg: float, rng: Generator) -> tuple[str, str]:
    """Quantity and unit as an agency would write them."""
    told = DRUGS[drug][0]
    if told == "fentanyl tablets":
        return str(int(kg * 9_000)), "tablets"
    if kg < 0.5:
        return f"{kg * 1_000:.0f}", "g"
    if rng.random() < 0.3:
        return f"{kg / 0.45359237:.1f}", "lb"
    return f"{kg:.2f}", "kg"


def _agency(event: Event, side: str, rng: Generator) -> str:
    if event.centre in _AT_SEA:
        return str(rng.choice(["Marina EX", "Isthmus Coast Guard EX"], p=[0.8, 0.2]))
    return str(rng.choice(["Patrol EX", "Customs EX"], p=[0.6, 0.4]) if side == "US" else rng.choice(["Guardia EX", "Customs EX"], p=[0.85, 0.15]))


def seizure_rows(events: list[Event], clock: Clock) -> list[tuple]:
    """The events as told: with the time and place an agency knew them to, some to the day only; then month totals and rows nobody can place."""
    rng = stream(clock.seed, "seizures as told")
    sides = side_of(np.array([e.lon for e in events]), np.array([e.lat for e in events])) if events else []
    rows: list[tuple] = []
    for i, (e, side) in enumerate(zip(events, sides), start=1):
        precision = int(rng.choice([20, 50, 100, 500, 2_000, 8_000], p=[0.2, 0.3, 0.25, 0.15, 0.07, 0.03]))
        digits = 5 if precision <= 100 else 4 if precision <= 500 else 3 if precision <= 2_000 else 2
        quantity, unit = _amount(e.drug, e.kg, rng)
        if rng.random() < 0.02:
            quantity, unit = "", ""
        when = iso(e.t // 60 * 60) if rng.random() > 0.12 else iso(e.t - 6 * HOUR_S)[:10]
        north = side == "US" or e.centre in _AT_SEA
        origin = str(rng.choice(_ROUTE["MX"])) if rng.random() < 0.3 else ""
        transit = str(rng.choice(["Reynosa", "Matamoros", "Nuevo Laredo", "Ciudad Juarez", "Tijuana"])) if rng.random() < 0.25 else ""
        destination = str(rng.choice(_ROUTE["US"])) if north and rng.random() < 0.3 else ""
        note = {"surge": "vehicle stop", "emerging": "told by a landowner"}.get(e.cluster, "")
        rows.append((f"EX-{i:05d}", when, "", f"{e.lat:.{digits}f}", f"{e.lon:.{digits}f}", precision, DRUGS[e.drug][0], quantity, unit, 1, e.conveyance,
                     hidden(e.conveyance, rng), origin, transit, destination, e.found, _agency(e, str(side), rng), note))
    return rows + _unplaced(clock, len(rows), rng) + _months(events, clock, len(rows) + 1_000)


def _unplaced(clock: Clock, after: int, rng: Generator) -> list[tuple]:
    """Rows that name a place no gazetteer has."""
    out = []
    for k in range(clock.count(12)):
        drug = int(rng.integers(6))
        t = rng.uniform(clock.start_s, clock.end_s - HOUR_S)
        out.append((f"EX-{after + 1 + k:05d}", iso(t)[:10], str(rng.choice(["Rancho La Quimera EX", "Kilometro 0 EX", "Brecha Sin Nombre EX"])), "", "", "",
                    DRUGS[drug][0], f"{rng.lognormal(1.2, 1):.2f}", "kg", 1, "vehicle", "", "", "", "", "report", "Guardia EX", "place as told on the phone"))
    return out


def _months(events: list[Event], clock: Clock, after: int) -> list[tuple]:
    """Month totals of an agency that publishes nothing finer; they tell of other seizures than the rows above."""
    out = []
    months = sorted({iso(t)[:7] for t in range(clock.start_s, clock.end_s, 24 * HOUR_S)})
    # A month that is not over has no total yet.
    for month in [m for m in months if m < iso(clock.end_s)[:7]]:
        inside = [e for e in events if iso(e.t)[:7] == month]
        for drug in (0, 2, 6):
            n = max(3, sum(e.drug == drug for e in inside) // 6)
            kg = max(1.0, sum(e.kg for e in inside if e.drug == drug) / 5)
            after += 1
            out.append((f"EX-{after:05d}", month, "", f"{8.98:.2f}", f"{-79.52:.2f}", 50_000, DRUGS[drug][0], f"{kg:.1f}", "kg", n, "vessel", "",
                        "", "", "", "patrol", "Isthmus Coast Guard EX", "month total"))
    return out


def seizures_csv(path: Path, rows: list[tuple]) -> int:
    """The seizure file. Gives the rows."""
    return _rows(path, SEIZURE_COLUMNS, rows)


def agencies_csv(path: Path) -> int:
    """The invented agencies and their countries."""
    return _rows(path, ("agency", "country"), AGENCIES.items())
