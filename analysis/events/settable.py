"""Rules as people set them: a type, numbers by name, windows. Checked here, so that a rule that is stored can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfoNotFoundError

from analysis.events.coverage import CoverageVoid
from analysis.events.fences import LINES, Fence, Presence
from analysis.events.gaps import Gap
from analysis.events.identity import IdentityConflict
from analysis.events.knobs import STEPS_MOST, Knob, knobs_of
from analysis.events.meetings import Encounter, MovingFence, Proximity
from analysis.events.motion import Loitering, SpeedRange, Stop
from analysis.events.reads import OutOfOrder
from analysis.events.rules import Detector
from analysis.events.schedule import Schedule
from analysis.events.sharing import SharedIdentity
from errors import InputRefused

TYPES: dict[str, type] = {
    "fence": Fence, "inside": Presence, "outside": Presence, "coverage_void": CoverageVoid, "gap": Gap, "encounter": Encounter, "proximity": Proximity,
    "moving_fence": MovingFence, "loitering": Loitering, "stop": Stop, "speed_range": SpeedRange, "out_of_order": OutOfOrder, "identity_conflict": IdentityConflict,
    "shared_identity": SharedIdentity,
}
WITH_AREAS = ("fence", "inside", "outside", "coverage_void")
TRACKS_MOST = 1_000
SEQUENCE = "sequence"  # reader keys: not the detector's, but of the tracks the rule is for


class RuleRefused(InputRefused):
    """A rule or a watch area can't be like this."""


def detector(kind: str, knobs: Mapping[str, object]) -> Detector:
    """The detector of a rule. Raises RuleRefused with the knob, its value and what was expected.

    >>> detector("gap", {"gap_s": 7200}).gap_s
    7200.0
    """
    if kind not in TYPES:
        raise RuleRefused(f"the type {kind[:40]!r} is none, expected {', '.join(TYPES)}")
    cls = TYPES[kind]
    known = knobs_of(cls)
    told = {name: value for name, value in knobs.items() if not (kind == "out_of_order" and name == SEQUENCE)}
    if wrong := [name for name in told if name not in known]:
        raise RuleRefused(f"{kind} has no {wrong[0][:40]!r}, expected {', '.join(known)}")
    values = {name: value_of(kind, known[name], value) for name, value in told.items()}
    if missing := [name for name, knob in known.items() if knob.needed and name not in values]:
        raise RuleRefused(f"{kind} needs {', '.join(missing)}")
    try:
        made = cls(**({"side": kind} if cls is Presence else {}), **values)
    except ValueError as error:
        raise RuleRefused(f"{kind}: {error}") from None
    if getattr(made, "pairwise", False) and made.silence_s > STEPS_MOST * made.step_s:
        raise RuleRefused(f"{kind}: silence_s {made.silence_s:g} is {made.silence_s / made.step_s:,.0f} times step_s {made.step_s:g}, expected {STEPS_MOST:,} times at most")
    return made


def value_of(kind: str, knob: Knob, value: object):
    """A value as the detector takes it. Raises RuleRefused."""
    if value is None and knob.none:
        return None
    some = isinstance(value, Sequence) and not isinstance(value, str)
    if knob.shape == "lines" and some and value and all(isinstance(v, str) for v in value) and set(value) <= set(LINES):
        return tuple(value)
    if knob.shape == "yes" and isinstance(value, bool):
        return value
    if knob.shape == "tracks" and some and len(value) <= TRACKS_MOST and all(type(v) is int and 0 < v < 2**62 for v in value):
        return tuple(value)
    if knob.shape == "by_kind" and isinstance(value, Mapping) and 0 < len(value) < 20:
        try:
            found = {int(k): float(v) for k, v in value.items()}
        except (TypeError, ValueError):
            found = {0: -1.0}
        if all(0 < v <= knob.most for v in found.values()):
            return found
    if knob.shape in ("number", "whole", "moment") and isinstance(value, (int, float)) and not isinstance(value, bool) and knob.least <= value <= knob.most:
        if knob.shape == "number" or int(value) == value:
            return float(value) if knob.shape == "number" else int(value)
    raise RuleRefused(f"{kind}: {knob.name} is {str(value)[:60]!r}, expected {knob.expected}")


def schedule(zone: str, windows: Sequence[str]) -> Schedule:
    """When a rule or an area is on. Raises RuleRefused.

    >>> schedule("UTC", ["fri 22:00-sat 06:00"]).zone
    'UTC'
    """
    try:
        return Schedule(zone, tuple(windows))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RuleRefused(f"the schedule: {str(error)[:200]}; expected an IANA zone and windows such as 'fri 22:00-sat 06:00'") from None
