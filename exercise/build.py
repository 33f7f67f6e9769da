"""Build the exercise: a made-up border world as files in the formats the imports read. Same seed, same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from errors import VigiaError
from exercise import air, files, frames, gates, land, ortho, planted, seizing, telling
from exercise.movers import DAY_S, Clock, iso
from exercise.planted import Plant
from exercise.sea import vessels as fleet
from exercise.sorties import Sortie, sorties

Progress = Callable[[str, float, float | None], None]
END = datetime(2026, 11, 24, 14, 32, tzinfo=UTC)
FORMAT = 1


class ExerciseRefused(VigiaError):
    """The exercise can't be built as asked."""


@dataclass(frozen=True)
class FileEntry:
    """One file of the exercise and how it is to be imported. `layer` None: read along with another file."""

    path: str
    layer: str | None
    rows: int
    sha256: str
    size_bytes: int
    kind: str | None = None
    agency: str | None = None


@dataclass
class Manifest:
    """What was built. `files` stand in the order of import."""

    format: int
    seed: int
    days: int
    scale: float
    start: str
    end: str
    files: list[FileEntry] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a built folder."""
        try:
            told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            return cls(**{**told, "files": [FileEntry(**f) for f in told["files"]]})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ExerciseRefused(
                f"{folder} holds no exercise ({error}); build one with `vigia exercise build --out {folder}`"
            ) from error


def _nothing(step: str, done: float, total: float | None) -> None:
    """Progress for those who do not look."""


def build(
    out: Path, seed: int = 7, days: int = 60, scale: float = 1.0, progress: Progress = _nothing, end: datetime = END
) -> Manifest:
    """Write the exercise into `out`, which must not exist or hold an older exercise. Nothing stays behind when it fails."""
    out = Path(out)
    if not 1 <= days <= 366:
        raise ExerciseRefused(f"days is {days}, expected 1 to 366")
    if not 0 < scale <= 20:
        raise ExerciseRefused(f"scale is {scale}, expected more than 0 and at most 20")
    if not 0 <= seed < 2**63:
        raise ExerciseRefused(f"seed is {seed}, expected 0 to 2^63 - 1")
    if end.tzinfo is None:
        raise ExerciseRefused(f"end is {end.isoformat()}, expected a time with a zone")
    if out.exists() and any(out.iterdir()) and not (out / "manifest.json").exists():
        raise ExerciseRefused(f"{out} holds files that are no exercise; name an empty folder or a new one")
    end_s = int(end.timestamp())
    clock = Clock(seed, end_s - days * DAY_S, end_s, scale)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        manifest = _write(part, clock, days, progress)
        shutil.rmtree(out, ignore_errors=True)
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return manifest


def _write(out: Path, clock: Clock, days: int, progress: Progress) -> Manifest:
    flights = sorties(clock)
    pictured = [s for s in flights if s.plan.picture or s.plan.frames]
    # Pictures are most of the work and hang on nothing else: they are painted beside the rest.
    pool = ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn"))
    try:
        (out / "imagery").mkdir()
        flown = [s.strip.name for s in pictured]
        strips = sorted(set(flown), key=lambda name: (-flown.count(name), name))
        painting = [
            pool.submit(_paint, out / "imagery", [s for s in pictured if s.strip.name == name], clock.seed)
            for name in strips
        ]
        steps, told = len(strips) + 4, 0

        def step(what: str) -> None:
            nonlocal told
            progress(f"Exercise: {what}", told, steps)
            told += 1

        step("roads")
        trucks = land.trucks(clock)
        extra, plants = planted.detours(clock)
        containers = land.containers(clock, trucks)
        tags = land.tags(clock)
        trucks += extra
        patrols = land.patrols(clock, seizing.surge_span(clock))
        aircraft = air.aircraft(clock)
        step("sea")
        vessels = fleet(clock)
        plants += planted.gaps(clock, vessels, trucks)
        plants += planted.frozen(clock, tags) + planted.silences(clock, tags, trucks, containers)
        for more, told_plants in (planted.meeting(clock), planted.double_identity(clock)):
            vessels += more
            plants += told_plants
        step("seizures")
        events = seizing.simulate(clock)
        plants += _clusters(events, clock)
        readers, (reads, missed) = gates.readers(), gates.reads(clock, trucks)
        plants += [
            Plant("false_read", [r.epc, r.reader], r.t, r.t, *_reader_place(readers, r.reader), "Heard by the lane beside.")
            for r in reads
            if not r.true
        ]

        step("files")
        rows = _text_files(out, clock, trucks, containers, tags, patrols, aircraft, vessels, readers, reads, events, flights)
        for done in painting:
            step("drone pictures")
            done.result()
    finally:
        # What was not begun when something failed, or a person stopped it, is not begun any more.
        pool.shutdown(cancel_futures=True)
    (out / "plan.json").write_text(_plan(plants, missed), encoding="utf-8")
    owners = {f"vehicles/{m.id}.gpx": m.agency for m in patrols} | {f"drones/{s.id}.gpx": s.plan.agency for s in flights}
    owners |= {name: "Marina EX" for name in rows if name.startswith("ais/")} | {"rfid/reads.csv": "Customs EX"}
    manifest = _manifest(out, clock, days, rows, owners, pictured)
    (out / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")
    progress("Exercise: done", steps, steps)
    return manifest


def _paint(folder: Path, flights: list[Sortie], seed: int) -> None:
    """Paint one strip, and cut each flight's picture and frames from it. Runs in a process of its own."""
    pictures: dict[bool, object] = {}
    for i, sortie in enumerate(flights):
        # The landing place is worn only on its last picture: what changed between two flights is there to be seen.
        used = i == len(flights) - 1
        key = used if sortie.strip.scene == "landing" else True
        if key not in pictures:
            pictures[key] = ortho.base(sortie.strip, seed, key)
        if sortie.plan.picture:
            ortho.write(folder / sortie.picture, pictures[key], sortie, seed)
        if sortie.plan.frames:
            (folder / "frames").mkdir(exist_ok=True)
            frames.write(folder / "frames", pictures[key], sortie, seed)


def _text_files(
    out, clock, trucks, containers, tags, patrols, aircraft, vessels, readers, reads, events, flights
) -> dict[str, int]:
    """Write all but the pictures. Gives the rows of each file in the order of import.

    Readers come before what they read, flights after the drones that flew them.
    """
    files.agencies_csv(out / "agencies.csv")
    rows = {"rfid/readers.csv": files.readers_csv(out / "rfid/readers.csv", readers)}
    rows["tags/vehicles.csv"] = files.tag_csv(out / "tags/vehicles.csv", trucks, 6, clock)
    rows["tags/containers.csv"] = files.tag_csv(out / "tags/containers.csv", containers, 12, clock)
    rows["tags/goods.csv"] = files.tag_csv(out / "tags/goods.csv", tags, 15, clock)
    rows["aircraft/flights.csv"] = files.tag_csv(out / "aircraft/flights.csv", aircraft, 10, clock)
    # One log a month, as a station keeps them; the days told densely are a log of their own.
    cuts = sorted(
        {
            clock.start_s,
            clock.dense_s,
            clock.end_s + 1,
            *(t for t in range(clock.start_s, clock.dense_s, DAY_S) if iso(t)[:7] != iso(t - DAY_S)[:7]),
        }
    )
    for a, b in zip(cuts[:-1], cuts[1:]):
        name = f"ais/{iso(a)[:10]}.nmea"
        count = files.nmea_log(out / name, vessels, a, b)
        if count:
            rows[name] = count
        else:
            (out / name).unlink()
    for m in patrols:
        if len(m.fixes):
            rows[f"vehicles/{m.id}.gpx"] = files.gpx(out / f"vehicles/{m.id}.gpx", m.name, "vehicle", m.fixes)
    for s in flights:
        rows[f"drones/{s.id}.gpx"] = files.gpx(
            out / f"drones/{s.id}.gpx", s.plan.platform, "drone", s.fixes, 120 if s.strip.length_m < 1_000 else 3_000
        )
    count = files.reads_csv(out / "rfid/reads.csv", reads)
    if count:
        rows["rfid/reads.csv"] = count
    else:
        (out / "rfid/reads.csv").unlink()
    rows["imagery/sorties.csv"] = files.sorties_csv(out / "imagery/sorties.csv", flights)
    rows["seizures/seizures.csv"] = files.seizures_csv(out / "seizures/seizures.csv", telling.seizure_rows(events, clock))
    return rows


def _clusters(events: list[seizing.Event], clock: Clock) -> list[Plant]:
    """The planted clusters, and the families of the self-exciting process that grew large."""
    out = []
    for cluster, kind, note in (
        ("emerging", "emerging_cluster", "Seizures grow here over the last three weeks."),
        ("surge", "decoy_cluster", "Many small finds by a patrol surge: effort, not traffic."),
    ):
        inside = [e for e in events if e.cluster == cluster]
        if inside:
            out.append(
                Plant(
                    kind,
                    [],
                    min(e.t for e in inside),
                    max(e.t for e in inside),
                    sum(e.lat for e in inside) / len(inside),
                    sum(e.lon for e in inside) / len(inside),
                    note,
                    {"events": len(inside)},
                )
            )
    roots: dict[int, list[int]] = {}
    for i in range(len(events)):
        root = i
        while events[root].parent >= 0:
            root = events[root].parent
        roots.setdefault(root, []).append(i)
    for root, members in roots.items():
        if len(members) >= 6:
            e = events[root]
            out.append(
                Plant(
                    "cluster",
                    [],
                    e.t,
                    events[members[-1]].t,
                    e.lat,
                    e.lon,
                    f"One seizure near {e.centre} drew {len(members) - 1} more.",
                    {"events": len(members)},
                )
            )
    return out


def _reader_place(readers: list[gates.Reader], reader: str) -> tuple[float, float]:
    return next((r.lat, r.lon) for r in readers if r.id == reader)


def _plan(plants: list[Plant], missed: int) -> str:
    told = [
        {
            "kind": p.kind,
            "subjects": p.subjects,
            "started_at": iso(p.start_s),
            "ended_at": iso(p.end_s),
            "lat": round(float(p.lat), 5),
            "lon": round(float(p.lon), 5),
            "note": p.note,
            **p.extra,
        }
        for p in sorted(plants, key=lambda p: (p.start_s, p.kind, p.subjects))
    ]
    truth = {"branching": seizing.BRANCHING, "delay_days": seizing.DELAY_DAYS, "rfid_passes_missed": missed}
    return json.dumps({"truth": truth, "events": told}, indent=1) + "\n"


def _manifest(
    out: Path, clock: Clock, days: int, rows: dict[str, int], owners: dict[str, str], pictured: list[Sortie]
) -> Manifest:
    layer = {"seizures": "seizures"}
    kind = {"vehicles": "vehicle", "drones": "drone", "ais": "vessel"}
    manifest = Manifest(FORMAT, clock.seed, days, clock.scale, iso(clock.start_s), iso(clock.end_s))
    plain = [("agencies.csv", None, 0, None, None)]
    told = [
        (name, layer.get(name.split("/")[0], "tracks"), count, kind.get(name.split("/")[0]), owners.get(name))
        for name, count in rows.items()
    ]
    shots = [(f"imagery/{s.picture}", "imagery", 1, None, s.plan.agency) for s in pictured if s.plan.picture]
    single = [(f"imagery/frames/{shot.name}", "imagery", 1, None, s.plan.agency) for s in pictured for shot in frames.shots(s, clock.seed)]
    for name, of, count, what, agency in [*plain, *told, *shots, *single]:
        data = (out / name).read_bytes()
        manifest.files.append(FileEntry(name, of, count, hashlib.sha256(data).hexdigest(), len(data), what, agency))
    return manifest
