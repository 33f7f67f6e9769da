"""Fixes as columns, and what is known of each track: the input of every detector."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

# Bits of data/flags.py (this room may not import it; a test holds them alike).
# Future, before 1990, null island, week rollover, a number that stands for none: time or place is known to be wrong, so no event is made from such a fix.
IMPOSSIBLE = 1 | 2 | 4 | 8 | 16
# Impossible speed, jump, vessel on land, identity used twice: judged by what came before, so it may be the fix before that is wrong. Events say doubtful.
DOUBTFUL = 32 | 64 | 128 | 256
NO_READER = -1


@dataclass(frozen=True, eq=False)
class Fixes:
    """n fixes sorted by (track_id, observed_us, lon, lat), each once. Made by `of`; the columns are never written to.

    track_id, observed_us (epoch microseconds UTC) int64; lon, lat float64 (degrees, EPSG:4326); speed_mps, course_deg, accuracy_m
    float32 (NaN unknown); flags int32; reader int32 (code of the RFID or seal reader, -1 none). All of shape (n,).
    """

    track_id: np.ndarray
    observed_us: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    speed_mps: np.ndarray
    course_deg: np.ndarray
    accuracy_m: np.ndarray
    flags: np.ndarray
    reader: np.ndarray

    @classmethod
    def of(cls, track_id, observed_us, lon, lat, speed_mps=np.nan, course_deg=np.nan, accuracy_m=np.nan, flags=0, reader=NO_READER) -> Fixes:
        """From columns in any order; what has one track, time and place is one fix.

        >>> f = Fixes.of([7, 7, 7], [20, 10, 20], [1.0, 2.0, 1.0], [0.0, 0.0, 0.0])
        >>> f.observed_us.tolist()
        [10, 20]
        """
        n = len(track_id)
        columns = [
            np.asarray(track_id, np.int64), np.asarray(observed_us, np.int64), np.asarray(lon, float), np.asarray(lat, float),
            *(_one_for_all(np.broadcast_to(np.asarray(c, np.float32), n)) for c in (speed_mps, course_deg, accuracy_m)),
            *(_one_for_all(np.broadcast_to(np.asarray(c, np.int32), n)) for c in (flags, reader)),
        ]
        return cls(*_in_order(columns))

    @classmethod
    def none(cls) -> Fixes:
        """No fixes."""
        return cls.of([], [], [], [])

    def __len__(self) -> int:
        return len(self.track_id)

    def columns(self) -> list[np.ndarray]:
        """All columns, in the order of the fields."""
        return [getattr(self, f.name) for f in fields(self)]

    def take(self, which: np.ndarray) -> Fixes:
        """Those of a mask or of ascending indices."""
        which = np.asarray(which)
        return self if which.dtype == bool and which.all() else Fixes(*_taken(self.columns(), which))

    def plus(self, *others: Fixes) -> Fixes:
        """These and others, sorted again."""
        parts = [f for f in (self, *others) if len(f)]
        if len(parts) < 2:
            return parts[0] if parts else self
        return Fixes(*_in_order([_joined(c) for c in zip(*(p.columns() for p in parts))]))

    def possible(self) -> Fixes:
        """Without what no event may be made from: impossible flags, and places that are none."""
        if not len(self):
            return self
        flags = self.flags[:1] if self.flags.strides == (0,) else self.flags
        # Two passes without a copy tell that nothing is wrong, which is the rule; NaN fails them.
        if not (flags & IMPOSSIBLE).any() and all(-most <= c.min() and c.max() <= most for c, most in ((self.lon, 180), (self.lat, 90))):
            return self
        with np.errstate(invalid="ignore"):
            return self.take(((self.flags & IMPOSSIBLE) == 0) & (np.abs(self.lon) <= 180) & (np.abs(self.lat) <= 90))

    def doubtful(self, doubt_m: float) -> np.ndarray:
        """Which are flagged as doubtful, or say that they may be off by more than so many metres."""
        with np.errstate(invalid="ignore"):
            return (self.accuracy_m > doubt_m) | ((self.flags & DOUBTFUL) != 0)

    @cached_property
    def starts(self) -> np.ndarray:
        """Index of each track's first fix."""
        return np.flatnonzero(np.r_[True, self.track_id[1:] != self.track_id[:-1]]) if len(self) else np.zeros(0, int)

    @cached_property
    def ends(self) -> np.ndarray:
        """One past each track's last fix."""
        return np.r_[self.starts[1:], len(self)] if len(self) else np.zeros(0, int)

    @cached_property
    def tracks(self) -> np.ndarray:
        """The ids of the tracks, ascending."""
        return self.track_id[self.starts]

    def of_tracks(self, ids: np.ndarray) -> Fixes:
        """Those of these tracks."""
        return self.of_which(np.isin(self.tracks, ids))

    def of_which(self, wanted: np.ndarray) -> Fixes:
        """Those of tracks by a mask over `tracks`."""
        return self if wanted.all() else self.take(np.repeat(wanted, self.ends - self.starts))


def _in_order(columns: list[np.ndarray]) -> list[np.ndarray]:
    track, t = columns[:2]
    if len(track) < 2:
        return columns
    up = (track[1:] > track[:-1]) | ((track[1:] == track[:-1]) & (t[1:] >= t[:-1]))
    if not up.all():
        columns = _taken(columns, _order(track, t))
        track, t = columns[:2]
    tie = (track[1:] == track[:-1]) & (t[1:] == t[:-1])
    if tie.any():  # seldom, and only there do the other columns say which comes first
        at = np.flatnonzero(np.r_[tie, False] | np.r_[False, tie])
        order = np.lexsort([c[at] for c in columns[::-1]])
        columns = [c.copy() for c in columns]
        for c in columns:
            c[at] = c[at[order]]
        again = np.logical_and.reduce([c[1:] == c[:-1] for c in columns[:4]])
        if again.any():
            columns = _taken(columns, np.r_[True, ~again])
    return columns


def _order(track: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Indices by track, then time; ties in any order. One number for both, where they fit, is sorted three times as fast."""
    low, first = int(track.min()), int(t.min())
    bits = (int(t.max()) - first).bit_length()
    if bits + (int(track.max()) - low).bit_length() > 63:
        return np.lexsort((t, track))
    return np.argsort((track - low) << bits | (t - first))


def _one_for_all(column: np.ndarray) -> np.ndarray:
    """What is the same in every row is kept once: of AIS no fix has an accuracy or a reader, and fixes are held for minutes."""
    if len(column) < 2 or column.strides == (0,):
        return column
    same = np.isnan(column).all() if np.isnan(column[0]) else column[0] == column[-1] and (column == column[0]).all()
    return np.broadcast_to(column[:1].copy(), len(column)) if same else column


def _joined(columns: tuple[np.ndarray, ...]) -> np.ndarray:
    """One column after the other; of one value still, where all are."""
    if all(c.strides == (0,) for c in columns) and len({c[:1].tobytes() for c in columns}) == 1:
        return np.broadcast_to(columns[0][:1], sum(map(len, columns)))
    return np.concatenate(columns)


def _taken(columns: list[np.ndarray], which: np.ndarray) -> list[np.ndarray]:
    """The same of each column; what is one value for all stays one."""
    size = int(which.sum()) if which.dtype == bool else len(which)
    return [np.broadcast_to(c[:1], size) if c.strides == (0,) and len(c) else c[which] for c in columns]


@dataclass(frozen=True, eq=False)
class Tracks:
    """What is known of tracks, sorted by track_id: kind (code: 1 + place in data.records.KINDS), agency (0 nobody's), gap_s, sla_s, and which
    identity each was heard under (a number; 0: one of its own)."""

    track_id: np.ndarray
    kind: np.ndarray
    agency: np.ndarray
    gap_s: np.ndarray
    sla_s: np.ndarray
    identity: np.ndarray

    @classmethod
    def of(cls, track_id, kind=1, agency=0, gap_s=3_600.0, sla_s=600.0, identity=0) -> Tracks:
        """From columns in any order."""
        ids = np.asarray(track_id, np.int64)
        order = np.argsort(ids, kind="stable")
        return cls(ids[order], *(np.broadcast_to(np.asarray(c, d), len(ids))[order] for c, d in (
            (kind, np.int8), (agency, np.int32), (gap_s, float), (sla_s, float), (identity, np.int64))))

    @cached_property
    def shared(self) -> np.ndarray:
        """Which of them share their identity with another."""
        _, of, number = np.unique(self.identity, return_inverse=True, return_counts=True)
        return (number[of] > 1) & (self.identity > 0)

    def at(self, ids: np.ndarray) -> np.ndarray:
        """Where these tracks stand. Raises KeyError for one that nothing is known of."""
        where = np.searchsorted(self.track_id, ids)
        where = np.minimum(where, max(len(self.track_id) - 1, 0))
        if len(ids) and (not len(self.track_id) or (self.track_id[where] != ids).any()):
            missing = ids if not len(self.track_id) else ids[self.track_id[where] != ids]
            raise KeyError(f"nothing is known of track {int(missing[0])} and {len(missing) - 1} more: give their Tracks")
        return where
