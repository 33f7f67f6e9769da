"""RFID and seal reads that come in another order than the consignment's way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.events.event import Event, FixAt
from analysis.events.fixes import Fixes
from analysis.events.rules import Carry, Context, Reading, Rule

MARK = np.dtype([("track_id", "i8"), ("rank", "i8"), ("us", "i8"), ("lon", "f8"), ("lat", "f8")])


@dataclass(frozen=True)
class OutOfOrder:
    """`out_of_order`: a read that does not follow from those before, by the sequence of reader codes of the track (`Context.sequences`).

    `why` is `skipped` (a reader between was passed without a read), `backwards` (an earlier one again) or `unexpected` (none of the sequence).
    The same reader again is nothing. `unexpected` can be left out where tags pass readers of others. A read is as true as the reader's clock:
    one that runs late makes a false one, so both reads and their times are told.
    """

    unexpected: bool = True
    name = "out_of_order"
    together = False

    def read(self, rule: Rule, fixes: Fixes, context: Context, carry: Carry) -> Reading:
        """Events of reads after the carry's cut."""
        tracks = fixes.tracks
        if not len(fixes):
            return Reading([], [], Carry.none())
        reads = fixes.take((fixes.reader >= 0) & (fixes.observed_us > np.repeat(carry.since_us(tracks), fixes.ends - fixes.starts)))
        held = {} if carry.held is None else {int(m["track_id"]): m for m in carry.held}
        doubt = reads.doubtful(context.doubt_m)
        events, marks = [], {t: m for t, m in held.items()}
        # A consignment has tens of reads, and only tracks with a sequence are looked at.
        for track, start, end in zip(reads.tracks.tolist(), reads.starts.tolist(), reads.ends.tolist()):
            sequence = context.sequences.get(track)
            if sequence is None:
                continue
            rank_of = {code: i for i, code in enumerate(sequence)}
            mark = marks.get(track)
            for i in range(start, end):
                code, at = int(reads.reader[i]), FixAt(track, int(reads.observed_us[i]), float(reads.lon[i]), float(reads.lat[i]))
                rank, so_far = rank_of.get(code), -1 if mark is None else int(mark["rank"])
                why = ("unexpected" if self.unexpected else None) if rank is None else "backwards" if rank < so_far else "skipped" if rank > so_far + 1 else None
                if why and rule.schedule.on(np.array([at.observed_us]))[0]:
                    before = at if mark is None else FixAt(track, int(mark["us"]), float(mark["lon"]), float(mark["lat"]))
                    facts = {"why": why, "reader": code, "expected": list(sequence[so_far + 1:so_far + 2]), "after": sequence[so_far] if so_far >= 0 else None,
                             "skipped": list(sequence[so_far + 1:rank]) if why == "skipped" else []}
                    events.append(Event("out_of_order", rule.id, (track,), at.observed_us, at.observed_us, at.lon, at.lat, before, at, None, facts,
                                        bool(doubt[i]), rule.severity, str(code)))
                if rank is not None and rank >= so_far:
                    mark = np.array((track, rank, at.observed_us, at.lon, at.lat), MARK)[()]
            if mark is not None:
                marks[track] = mark
        keep = np.array([tuple(marks[t]) for t in sorted(marks)], MARK)
        last = fixes.ends - 1
        return Reading(events, [e.started_us for e in events], Carry(fixes.take(last), tracks, fixes.observed_us[last], keep))
