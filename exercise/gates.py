"""RFID readers at ports of entry and inland checkpoints, and what they read of passing containers; some missed, some false."""

from __future__ import annotations

from dataclasses import dataclass

from exercise import ground
from exercise.movers import Clock, Mover
from exercise.streams import stream

# The ports that carry readers, and two checkpoints inland where the roads north are watched.
PORTS = (
    "Port Pharr",
    "Port Los Indios",
    "Port Brownsville Veterans",
    "Port Progreso",
    "Port Hidalgo",
    "Port World Trade Laredo",
    "Port Colombia",
    "Port Eagle Pass",
    "Port Ysleta",
    "Port Santa Teresa",
    "Port Mariposa",
    "Port San Luis",
    "Port Otay Mesa",
    "Port Calexico East",
)
CHECKPOINTS = {"Checkpoint Falfurrias": (27.0350, -98.1410), "Checkpoint Sarita": (27.1300, -97.7950)}
EPCS = {"valley": 7, "laredo": 9, "paso": 5, "nogales": 3, "tijuana": 5}
MISSED, FALSE = 0.08, 0.015


@dataclass(frozen=True)
class Reader:
    """A reader at a lane: id, where it stands, degrees."""

    id: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Read:
    """One read. `true` is left out of the file: it goes to the plan."""

    epc: str
    reader: str
    t: int
    rssi_dbm: float
    true: bool = True


def readers() -> list[Reader]:
    """Two lanes at each port, to the north and to the south, and one at each checkpoint."""
    out = []
    for name in PORTS:
        place = ground.places()[name]
        code = "".join(word[0] for word in name.split()[1:]).upper() + name.split()[-1][1:3].upper()
        out += [
            Reader(
                f"{code}-N",
                f"{name.removeprefix('Port ')} northbound",
                round(place.lat + 0.0016, 5),
                round(place.lon + 0.0009, 5),
            ),
            Reader(
                f"{code}-S",
                f"{name.removeprefix('Port ')} southbound",
                round(place.lat - 0.0014, 5),
                round(place.lon - 0.0011, 5),
            ),
        ]
    out += [Reader(f"{name.split()[1][:3].upper()}-C", name, lat, lon) for name, (lat, lon) in CHECKPOINTS.items()]
    return out


def _passes(mover: Mover, clock: Clock) -> list[tuple[str, float]]:
    """(reader, when) of each pass of a truck by a reader."""
    by_name = {r.name: r.id for r in readers()}
    out = []
    for port, t, towards in mover.crossings:
        lane = "northbound" if towards == "US" else "southbound"
        reader = by_name.get(f"{port.removeprefix('Port ')} {lane}")
        if reader:
            out.append((reader, t))
    for name, (lat, lon) in CHECKPOINTS.items():
        for leg in mover.legs:
            if leg.moving:
                far = ground.distance_m(leg.lon, leg.lat, lon, lat)
                i = int(far.argmin())
                if far[i] < 2_500:
                    out.append((by_name[name], float(leg.t[i])))
    return sorted((p for p in out if clock.start_s < p[1] < clock.end_s), key=lambda p: p[1])


def reads(clock: Clock, carriers: list[Mover]) -> tuple[list[Read], int]:
    """Reads of every tagged container, by time; and how many passes were missed altogether."""
    out: list[Read] = []
    missed = 0
    for region, n in EPCS.items():
        here = [m for m in carriers if m.region == region and m.crossings]
        if not here:
            continue
        for i in range(clock.count(n)):
            rng = stream(clock.seed, "epc", region, str(i))
            epc = f"3034{0xE5E5E5:06X}{rng.integers(1 << 24):06X}{i + 1:08X}"
            for reader, t in _passes(here[int(rng.integers(len(here)))], clock):
                if rng.random() < MISSED:
                    missed += 1
                    continue
                for k in range(int(rng.integers(2, 6))):
                    out.append(Read(epc, reader, int(t) + 2 * k, round(float(rng.normal(-58, 6)), 1)))
                if rng.random() < FALSE:
                    # The lane beside heard it too, weakly: it went the other way only on paper.
                    other = reader[:-1] + ("S" if reader.endswith("N") else "N")
                    if not reader.endswith("C"):
                        out.append(Read(epc, other, int(t) + 1, round(float(rng.normal(-79, 2)), 1), true=False))
    return sorted(out, key=lambda r: (r.t, r.epc, r.reader)), missed
