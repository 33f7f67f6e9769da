"""Whether a position can follow those before it: impossible speeds, jumps, two objects under one identity, vessels on land.

Flags are the same however the stream is cut into batches. Most keys of a batch move as they can: those are seen at once in numpy;
a key with a doubtful step is walked through one fix at a time.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data.flags import (
    ANCIENT,
    DUPLICATE_IDENTITY,
    FUTURE,
    IMPOSSIBLE_SPEED,
    NULL_ISLAND,
    ON_LAND,
    SEGMENT,
    SENTINEL,
    TELEPORT,
    WEEK_ROLLOVER,
)
from feeds.flags import plausible
from feeds.wire.told import Frame, Heard, Told

# The fastest that is taken for true, metres a second.
SPEED_MAX_MPS: dict[str, float] = {
    "vessel": 52.6,  # AIS tells no more than 102.2 knots (ITU-R M.1371); go-fast boats do 70 to 90
    "vehicle": 100.0,  # 360 km/h: fast trains and the fastest cars
    "container": 360.0,  # may lie in an aircraft, as tags and people may: 1,300 km/h over ground with the jet stream behind
    "tag": 360.0,
    "person": 360.0,
    "aircraft": 526.0,  # 1,022 knots, the most that AIS reports of aircraft in search and rescue and subsonic ADS-B tell
    "drone": 140.0,  # 270 knots: more than a large armed drone's
}
SLACK_S = 15.0  # clocks of receivers, and times told in whole seconds
SLACK_M = 500.0  # how far off two good positions may be
JUMP_FACTOR, JUMP_M = 5.0, 10_000.0  # a jump is no movement: far, and much faster than the fastest
CANDIDATE_US = 3_600_000_000  # a place that was told once is remembered for so long
FORMER_US = 6 * 3_600_000_000  # where it was before a jump that held
BRANCH_US = 24 * 3_600_000_000  # another object under the same identity
BRANCHES_MAX = 4
KEYS_MAX = 200_000
DUPLICATES_MAX = 10_000  # nobody may ever take them out
RADIUS_M = 6_371_008.8
# What devices send before anybody has given them a number.
UNSET_MMSI = frozenset({"mmsi:000000000", "mmsi:000000001", "mmsi:111111111", "mmsi:123456789", "mmsi:999999999"})
APART = FUTURE | ANCIENT | NULL_ISLAND | WEEK_ROLLOVER | SENTINEL  # nothing is measured from such a fix

Land = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Longitudes and latitudes of shape (n,) -> whether each lies on land, away from water."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """One identity used at two places: from now on the second has a segment of its own."""

    key: str
    segment: int
    observed_us: int
    lon: float
    lat: float


@dataclass(slots=True)
class _Branch:
    """One object: where it was last, and its turn among the fixes of its key."""

    segment: int
    t: int
    lon: float
    lat: float
    turn: int = 0


@dataclass(slots=True)
class _Known:
    """What is known under one key."""

    branches: list[_Branch]
    candidates: list[_Branch] = field(default_factory=list)  # places told once that nothing could reach, the newest last
    former: _Branch | None = None  # where the object was before a jump that held
    turn: int = 0

    @property
    def simple(self) -> bool:
        return len(self.branches) == 1 and not self.candidates and self.former is None


@dataclass
class Judge:
    """Keeps the last good fix of each key, and flags what can't follow it. `duplicates` are the newest, until the caller takes them out."""

    land: Land | None = None
    now_us: Callable[[], int] | None = None  # what time it is, for fixes that do not say when they came; None: by the machine's clock
    keys_max: int = KEYS_MAX
    duplicates: deque[Duplicate] = field(default_factory=lambda: deque(maxlen=DUPLICATES_MAX))
    _known: OrderedDict[str, _Known] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._known)

    def judged(self, heard: Sequence[Heard | Told], frames: Sequence[Frame]) -> list[Heard | Told]:
        """The same with flags; the key of a second object under one identity ends with its segment. Reads of readers and names pass."""
        at = [i for i, h in enumerate(heard) if isinstance(h, Heard) and h.reader is None]
        if not at:
            return list(heard)
        some = [heard[i] for i in at]
        flags, segments = self.judge(
            [h.key for h in some], [h.kind for h in some], np.array([h.observed_us for h in some], np.int64), np.array([h.lon for h in some], float),
            np.array([h.lat for h in some], float), np.array([h.speed_mps for h in some], float),
            np.array([frames[h.frame].received_us for h in some], np.int64),
        )
        out = list(heard)
        for i, flag, segment in zip(at, flags.tolist(), segments.tolist()):
            if flag or segment > 1:
                out[i] = replace(heard[i], flags=heard[i].flags | flag, key=heard[i].key + (f"{SEGMENT}{segment}" if segment > 1 else ""))
        return out

    def judge(
        self, keys: Sequence[str], kinds: Sequence[str], observed_us: np.ndarray, lon: np.ndarray, lat: np.ndarray, speed_mps: np.ndarray,
        received_us: int | np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Flags and segments (1: the first object under its key) of fixes of shape (n,), in the order they came."""
        flags = plausible(observed_us, lon, lat, self.now_us() if received_us is None and self.now_us is not None else received_us)
        segments = np.ones(len(keys), np.int16)
        most = np.array([SPEED_MAX_MPS[k] for k in kinds])
        _alone(flags, np.array([k in UNSET_MMSI for k in keys], bool), speed_mps, most)
        if self.land is not None and (afloat := np.flatnonzero([k == "vessel" for k in kinds])).size:
            flags[afloat[self.land(lon[afloat], lat[afloat])]] |= ON_LAND
        sound = np.flatnonzero(flags & APART == 0)
        if sound.size:
            codes: dict[str, int] = {}
            code = np.array([codes.setdefault(keys[i], len(codes)) for i in sound.tolist()])
            order = np.argsort(code, kind="stable")
            self._follow(list(codes), code[order], sound[order], observed_us, lon, lat, most, flags, segments)
        return flags, segments

    def judge_tracks(self, told: dict[int, tuple[str, str]], track: np.ndarray, observed_us: np.ndarray, lon: np.ndarray, lat: np.ndarray, speed_mps: np.ndarray,
                     flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Flags and segments, as of `judge`, of a file's fixes of shape (n,) in order of track and time, with the flags each has by itself (feeds/flags.py);
        `told` is a track's key and kind."""
        ids, code = np.unique(track, return_inverse=True)
        flags, most = flags.astype(np.int32), np.array([SPEED_MAX_MPS[told[i][1]] for i in ids.tolist()])[code]
        _alone(flags, np.array([told[i][0] in UNSET_MMSI for i in ids.tolist()], bool)[code], speed_mps, most)
        segments = np.ones(len(flags), np.int16)
        sound = np.flatnonzero(flags & APART == 0)
        if sound.size:
            left, code = np.unique(code[sound], return_inverse=True)
            # By number: a key is one agency's, and two may tell of the same.
            self._follow([str(ids[i]) for i in left.tolist()], code, sound, observed_us, lon, lat, most, flags, segments)
        return flags, segments

    def _follow(self, names: list[str], code: np.ndarray, at: np.ndarray, t: np.ndarray, lon: np.ndarray, lat: np.ndarray, most: np.ndarray, flags: np.ndarray,
                segments: np.ndarray) -> None:
        """Flags of the fixes `at`, in order of their names' `code`."""
        first = np.r_[True, code[1:] != code[:-1]]
        # Each fix and the one before it: of this batch, or the one kept; the first of all is its own.
        before = np.where(first, at, np.roll(at, 1))
        t0, lon0, lat0 = t[before].copy(), lon[before].copy(), lat[before].copy()
        starts = np.flatnonzero(first)
        doubtful = np.zeros(len(names), bool)
        for i, name in zip(starts.tolist(), names):
            if known := self._known.get(name):
                doubtful[code[i]] = not known.simple
                last = known.branches[0]
                t0[i], lon0[i], lat0[i] = last.t, last.lon, last.lat
        seconds = (t[at] - t0) / 1e6
        wrong = (seconds < 0) | (metres(lon0, lat0, lon[at], lat[at]) > most[at] * (seconds + SLACK_S) + SLACK_M)
        doubtful[code[wrong]] = True
        ends = np.r_[starts[1:], len(at)]
        for name, start, end in zip(names, starts.tolist(), ends.tolist()):
            if not doubtful[code[start]]:
                i = at[end - 1]
                if (known := self._known.get(name)) is None:
                    known = self._known[name] = _Known([_Branch(1, 0, 0.0, 0.0)])
                last = known.branches[0]
                last.t, last.lon, last.lat = int(t[i]), float(lon[i]), float(lat[i])
            else:
                self._walk(name, at[start:end], np.flatnonzero(wrong[start:end]), t, lon, lat, most, flags, segments)
            self._known.move_to_end(name)
        while len(self._known) > self.keys_max:
            self._known.popitem(last=False)

    def _walk(self, name: str, at: np.ndarray, wrong: np.ndarray, t: np.ndarray, lon: np.ndarray, lat: np.ndarray, most: np.ndarray, flags: np.ndarray,
              segments: np.ndarray) -> None:
        """The fixes `at` of one key, one by one where they are in doubt: between the steps that are `wrong` an object that is alone goes its way."""
        i = 0
        while i < len(at):
            k = at[i]
            flag, segments[k] = self._step(name, int(t[k]), float(lon[k]), float(lat[k]), float(most[k]))
            flags[k] |= flag
            i += 1
            known = self._known[name]
            last = known.branches[0]
            if len(known.branches) > 1 or (last.t, last.lon, last.lat) != (t[k], lon[k], lat[k]):
                continue
            after = np.searchsorted(wrong, i)
            until = int(wrong[after]) if after < len(wrong) else len(at)
            if until > i:
                k = at[until - 1]
                known.turn += until - i
                last.t, last.lon, last.lat, last.turn = int(t[k]), float(lon[k]), float(lat[k]), known.turn
                _forget(known, last.t)
                i = until

    def _step(self, key: str, t: int, lon: float, lat: float, most: float) -> tuple[int, int]:
        """Flags and segment of one fix, and what is known after it."""
        here = _Branch(1, t, lon, lat)
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Known([here])
            return 0, 1
        _forget(known, t)
        known.turn += 1
        near = min(known.branches, key=lambda b: _pace(b, here))
        if _reached(near, here, most):
            if t >= near.t:
                near.t, near.lon, near.lat = t, lon, lat
            near.turn = known.turn
            return (DUPLICATE_IDENTITY if near.segment > 1 else 0), near.segment
        if known.former and _reached(known.former, here, most):
            # It never left: what jumped away was another. The first object keeps its name.
            moved = known.branches[0]
            moved.segment, known.former = _free(known), None
            here.turn = known.turn
            known.branches.insert(0, here)
            self.duplicates.append(Duplicate(key, moved.segment, moved.t, moved.lon, moved.lat))
            return 0, 1
        if (began := next((c for c in known.candidates if _reached(c, here, most)), None)) is not None:
            return self._confirmed(key, known, began, here)
        last, here.turn = known.branches[0], known.turn
        known.candidates = [*known.candidates[1 - BRANCHES_MAX:], here]
        metres_, pace = _metres(last, here), _pace(last, here)
        return (TELEPORT if metres_ > JUMP_M and pace > JUMP_FACTOR * most else IMPOSSIBLE_SPEED), 1

    def _confirmed(self, key: str, known: _Known, began: _Branch, here: _Branch) -> tuple[int, int]:
        """A second fix at a place that nothing could reach: the object is there now, or there are two."""
        known.candidates.remove(began)
        here.turn = known.turn
        if all(b.turn < began.turn for b in known.branches) and len(known.branches) == 1:
            last = known.branches[0]
            known.former = _Branch(1, last.t, last.lon, last.lat)
            last.t, last.lon, last.lat, last.turn = here.t, here.lon, here.lat, here.turn
            return 0, 1
        if len(known.branches) == BRANCHES_MAX:
            return TELEPORT, 1
        here.segment = _free(known)
        known.branches.append(here)
        self.duplicates.append(Duplicate(key, here.segment, here.t, here.lon, here.lat))
        return DUPLICATE_IDENTITY, here.segment


def _alone(flags: np.ndarray, unset: np.ndarray, speed_mps: np.ndarray, most: np.ndarray) -> None:
    """What a fix says by itself: a number nobody was given, a speed nothing of its kind has."""
    flags[unset] |= SENTINEL
    flags[np.nan_to_num(speed_mps) > most] |= IMPOSSIBLE_SPEED


def _forget(known: _Known, t: int) -> None:
    if known.candidates:
        known.candidates = [c for c in known.candidates if abs(t - c.t) <= CANDIDATE_US]
    if known.former and abs(t - known.former.t) > FORMER_US:
        known.former = None
    if len(known.branches) > 1:
        known.branches = [b for b in known.branches if b.segment == 1 or t - b.t <= BRANCH_US]


def _free(known: _Known) -> int:
    """The least segment that no object under the key has."""
    taken = {b.segment for b in known.branches}
    return next(n for n in range(2, BRANCHES_MAX + 2) if n not in taken)


def metres(lon0: np.ndarray, lat0: np.ndarray, lon1: np.ndarray, lat1: np.ndarray) -> np.ndarray:
    """Great-circle distances: within 0.6 % of the ellipsoid's, which is far less than the slack."""
    a, b = np.radians(lat0), np.radians(lat1)
    h = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(lon1 - lon0) / 2) ** 2
    return 2 * RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0, 1)))


def _metres(a: _Branch, b: _Branch) -> float:
    return float(metres(np.float64(a.lon), np.float64(a.lat), np.float64(b.lon), np.float64(b.lat)))


def _pace(a: _Branch, b: _Branch) -> float:
    """Metres a second from one to the other, as slow as it may have been."""
    return max(0.0, _metres(a, b) - SLACK_M) / (abs(b.t - a.t) / 1e6 + SLACK_S)


def _reached(a: _Branch, b: _Branch, most: float) -> bool:
    return _metres(a, b) <= most * (abs(b.t - a.t) / 1e6 + SLACK_S) + SLACK_M
