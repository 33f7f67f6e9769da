"""Movement events: fixes in, what happened out. Pure: numpy, pandas, shapely, pyproj, scipy; no database, no HTTP.

All at once, for an import, a back-test or a check:

    fixes = Fixes.of(track_id=…, observed_us=…, lon=…, lat=…)     # columns in any order; sorted once, each fix once
    context = Context(now_us, Tracks.of(track_id=…, kind=…, agency=…, gap_s=…))
    rule = Rule(7, Fence(exit_m=100), areas=(WatchArea(3, version, polygon, warning_m=2_000),), kinds=(1,))
    events = rule.apply(fixes, context)                           # list[Event], by start

Live, the same events by revisions:

    engine = Engine(rules, context, past, reorder_s=600)
    revisions = engine.take(fixes, now_us)                        # new fixes, in any order, late and repeated ones too
    revisions += engine.tick(now_us)                              # every ten seconds or so: silences open by the clock alone

What holds (tests/analysis/events/test_order.py): after any sequence of `take` in any order and any pieces, and a `tick`, the events that stand are those of
`Rule.apply` over all fixes at that time. `take` must be called by one thread; what it is handed must be in `past` already. An event that lasts tells
its beginning alone while it is open, so a new fix makes no revision unless something changed.

How far a new fix at t reaches. Back: to the events of its track that its neighbours on both sides make, and as far as what was open or pending then:
that is what a `Carry` holds, so nobody has to know a number. In time order a detector reads only new fixes and the carry. A fix that comes late by
less than `reorder_s` is read again from the carry at the anchor, with what is buffered since; an older one asks `Past` for all fixes of its track (of meetings:
also of those near it then). Forward: a state machine's to its next sure turn, a pair's to the instants up to `silence_s` later.
So late data older than `reorder_s` is right too, but costs a read of the track's history: set `reorder_s` to what the feeds make usual.

After a restart begin a new `Engine` and hand it the fixes since some time: what began before that time it does not know as open. To be exact give it
all fixes of the tracks that have open events; `revise(told, found)` finds which of them are news.

A change of a rule or of an area (a new version) is a new `Rule`: `revise(told by the old one, rule.apply(…))` says what it changes.

Files: fixes, event, rules (what is handed over), areas, schedule, geo; latch and rows (on or off with hysteresis, by run lengths); one a detector: fences,
gaps, motion, meetings, coverage, reads, identity, sharing; shore; dark_zone; revisions; engine with alone and together (live).
"""

from __future__ import annotations

from analysis.events.areas import WatchArea
from analysis.events.coverage import CoverageVoid
from analysis.events.dark_zone import DarkZone, observed_mps
from analysis.events.engine import Engine, Past
from analysis.events.event import Event, FixAt
from analysis.events.fences import Fence, Presence
from analysis.events.fixes import Fixes, Tracks
from analysis.events.gaps import Gap
from analysis.events.identity import IdentityConflict
from analysis.events.meetings import Encounter, MovingFence, Proximity
from analysis.events.motion import Loitering, SpeedRange, Stop
from analysis.events.reads import OutOfOrder
from analysis.events.revisions import Revision, revise, stand
from analysis.events.rules import Context, Rule
from analysis.events.schedule import Schedule
from analysis.events.sharing import SharedIdentity

DETECTORS = {d.name: d for d in (Fence, Presence, CoverageVoid, Gap, Encounter, Proximity, MovingFence, Loitering, Stop, SpeedRange, OutOfOrder,
                                 IdentityConflict, SharedIdentity)}

__all__ = ["DETECTORS", "Context", "CoverageVoid", "DarkZone", "Encounter", "Engine", "Event", "Fence", "FixAt", "Fixes", "Gap", "IdentityConflict", "Loitering",
           "MovingFence", "OutOfOrder", "Past", "Presence", "Proximity", "Revision", "Rule", "Schedule", "SharedIdentity", "SpeedRange", "Stop", "Tracks", "WatchArea",
           "observed_mps", "revise", "stand"]
