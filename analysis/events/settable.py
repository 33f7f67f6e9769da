"""Rules as people set them: a type, numbers by name, windows. Checked here, so that a rule that is stored can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from zoneinfo import ZoneInfoNotFoundError

from analysis.events.coverage import CoverageVoid
from analysis.events.fences import LINES, Fence, Presence
from analysis.events.gaps import Gap
from analysis.events.identity import IdentityConflict
from analysis.events.meetings import Encounter, MovingFence, Proximity
from analysis.events.motion import Loitering, SpeedRange, Stop
from analysis.events.reads import OutOfOrder
from analysis.events.rules import Detector
from analysis.events.schedule import Schedule
from errors import InputRefused

TYPES: dict[str, type] = {
    "fence": Fence, "inside": Presence, "outside": Presence, "coverage_void": CoverageVoid, "gap": Gap, "encounter": Encounter, "proximity": Proximity,
    "moving_fence": MovingFence, "loitering": Loitering, "stop": Stop, "speed_range": SpeedRange, "out_of_order": OutOfOrder, "identity_conflict": IdentityConflict,
}
WITH_AREAS = ("fence", "inside", "outside", "coverage_void")
MOST = 1e15  # microseconds since 1970 are the largest numbers there are, and have a knob of their own
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
    known = {f.name: f for f in fields(cls) if f.name != "side"}
    told = {name: value for name, value in knobs.items() if not (kind == "out_of_order" and name == SEQUENCE)}
    if wrong := [name for name in told if name not in known]:
        raise RuleRefused(f"{kind} has no {wrong[0][:40]!r}, expected {', '.join(known)}")
    values = {name: _value(kind, known[name], value) for name, value in told.items()}
    if missing := [f.name for f in known.values() if f.default is MISSING and f.default_factory is MISSING and f.name not in values]:
        raise RuleRefused(f"{kind} needs {', '.join(missing)}")
    try:
        return cls(**({"side": kind} if cls is Presence else {}), **values)
    except ValueError as error:
        raise RuleRefused(f"{kind}: {error}") from None


def _value(kind: str, field, value: object):
    name, told = field.name, str(field.type)
    if value is None and "None" in told:
        return None
    if name == "lines" and isinstance(value, Sequence) and not isinstance(value, str) and value and set(value) <= set(LINES):
        return tuple(value)
    if told.startswith("bool") and isinstance(value, bool):
        return value
    if "int" in told and "tuple" in told and isinstance(value, Sequence) and not isinstance(value, str) and all(type(v) is int and 0 < v < 2**62 for v in value):
        return tuple(value)
    if told.startswith("Mapping") and isinstance(value, Mapping):
        try:
            return {int(k): float(v) for k, v in value.items() if 0 < float(v) < 1e6} if len(value) < 20 else None
        except (TypeError, ValueError):
            pass
    if told.startswith(("int", "float")) and isinstance(value, (int, float)) and not isinstance(value, bool):
        most = 2**62 if name.endswith("_us") else 10_000 if told.startswith("int") else MOST
        if (1 if name == "step_s" else 0) <= value <= most and (told.startswith("float") or int(value) == value):
            return float(value) if told.startswith("float") else int(value)
    raise RuleRefused(f"{kind}: {name} is {str(value)[:60]!r}, expected {_expected(name, told)}")


def _expected(name: str, told: str) -> str:
    if name == "lines":
        return "critical, warning or both"
    if told.startswith("bool"):
        return "true or false"
    return "a list of numbers" if "tuple" in told else "numbers by kind" if told.startswith("Mapping") else f"a number, {1 if name == 'step_s' else 0} or more"


def schedule(zone: str, windows: Sequence[str]) -> Schedule:
    """When a rule or an area is on. Raises RuleRefused.

    >>> schedule("UTC", ["fri 22:00-sat 06:00"]).zone
    'UTC'
    """
    try:
        return Schedule(zone, tuple(windows))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise RuleRefused(f"the schedule: {str(error)[:200]}; expected an IANA zone and windows such as 'fri 22:00-sat 06:00'") from None
