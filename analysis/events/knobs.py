"""What can be set of each detector: the words for it, its unit, what it is when nobody sets it, and between which numbers it must lie."""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, fields
from typing import Literal

Shape = Literal["number", "whole", "moment", "yes", "lines", "tracks", "by_kind"]
UNITS = {"_s": "s", "_m": "m", "_mps": "m/s"}
MOST = {"s": 31_622_400.0, "m": 20_100_000.0, "m/s": 10_000.0}  # a leap year, half round the earth, more than an orbit
MOMENT_MOST = 4_102_444_800_000_000  # 2100
COUNT_MOST = 10_000
STEPS_MOST = 1_000  # instants between two fixes of a track: what a meeting costs
WORDS = {
    "enter_m": "Is in up to, outside of the line", "exit_m": "Is out beyond", "enter_fixes": "Fixes in a row to be in", "exit_fixes": "Fixes in a row to be out",
    "enter_dwell_s": "In for at least", "exit_dwell_s": "Out for at least", "silence_s": "Unknown after a silence of", "lines": "Lines of an area", "edge_m": "Doubt at the edge",
    "fixes": "Fixes in a row", "min_s": "Lasts at least", "since_us": "Asked from (UTC)", "void_s": "Nobody there for", "hold_s": "A fix holds for", "gap_s": "Silent for",
    "likely_s": "Likely disabling from", "likely_shore_m": "Likely disabling, from the shore at least", "likely_heard": "Likely disabling, fixes heard before",
    "likely_heard_s": "Likely disabling, heard within", "reach_m": "Within, or apart beyond", "slow_mps": "Slower than", "anchorage_m": "From anchorages at least",
    "shore_m": "From the shore at least", "step_s": "Looked at every", "bridge_s": "Apart and still together for", "apart_m": "Apart by more than", "near_m": "Comes within", "instants": "At this many instants",
    "moving_mps": "Both move at least", "carriers": "Carriers, by track number", "end_mps": "Over when faster than", "begin_mps": "Slower than", "noise_s": "Faster for less ends nothing",
    "lowest_mps": "Slower than", "highest_mps": "Faster than", "margin_mps": "Back by", "unexpected": "Also readers that are not on the way", "jump_m": "A jump is over",
    "fastest_mps": "Nothing goes faster than", "returns": "Jumps back", "memory_s": "Over without a jump for",
}
NONE_WORDS = {"gap_s": "each track's own limit", "silence_s": "never", "lowest_mps": "no such limit", "highest_mps": "no such limit"}


@dataclass(frozen=True)
class Knob:
    """One thing that can be set. `none`: it may be nothing at all, which `none_words` says; `needed`: it has no default."""

    name: str
    shape: Shape
    unit: str
    default: object
    needed: bool
    none: bool
    least: float
    most: float

    @property
    def words(self) -> str:
        return WORDS[self.name]

    @property
    def none_words(self) -> str:
        return NONE_WORDS.get(self.name, "none")

    @property
    def expected(self) -> str:
        """What it may be, with the numbers."""
        if self.shape == "lines":
            return "critical, warning or both"
        if self.shape == "yes":
            return "true or false"
        if self.shape == "tracks":
            return "a list of track numbers"
        if self.shape == "by_kind":
            return f"numbers by kind, each above 0 and up to {self.most:,.0f} m/s"
        if self.shape == "moment":
            return "microseconds since 1970, up to 2100"
        what = "a whole number" if self.shape == "whole" else "a number"
        return f"{what} from {self.least:,.0f} to {self.most:,.0f}{f' {self.unit}' if self.unit else ''}"


def knobs_of(cls: type) -> dict[str, Knob]:
    """What can be set of a detector, by name.

    >>> from analysis.events.gaps import Gap
    >>> knobs_of(Gap)["gap_s"].expected
    'a number from 0 to 31,622,400 s'
    """
    return {f.name: _knob(f) for f in fields(cls) if f.name != "side"}


def _knob(f: Field) -> Knob:
    told = str(f.type)
    shape: Shape = (
        "lines" if f.name == "lines" else "yes" if told.startswith("bool") else "by_kind" if told.startswith("Mapping") else "tracks" if "tuple" in told
        else "moment" if f.name.endswith("_us") else "number" if told.startswith("float") else "whole")
    unit = next((u for end, u in UNITS.items() if f.name.endswith(end)), "") if shape in ("number", "by_kind") else ""
    most = MOMENT_MOST if shape == "moment" else MOST[unit] if unit else COUNT_MOST
    default = f.default if f.default is not MISSING else f.default_factory() if f.default_factory is not MISSING else None
    return Knob(f.name, shape, unit, default, f.default is MISSING and f.default_factory is MISSING, "None" in told, 1.0 if f.name == "step_s" else 0.0, most)
