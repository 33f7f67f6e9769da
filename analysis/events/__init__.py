"""Movement events: fixes in, what happened out."""
from analysis.events.coverage import CoverageVoid
from analysis.events.fences import Fence, Presence
from analysis.events.gaps import Gap
from analysis.events.identity import IdentityConflict
from analysis.events.meetings import Encounter, MovingFence, Proximity
from analysis.events.motion import Loitering, SpeedRange, Stop
from analysis.events.reads import OutOfOrder

DETECTORS = {d.name: d for d in (Fence, Presence, CoverageVoid, Gap, Encounter, Proximity, MovingFence, Loitering, Stop, SpeedRange, OutOfOrder, IdentityConflict)}
