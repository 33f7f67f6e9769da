"""What a detector finds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

EventType = Literal["enter", "exit", "inside", "outside", "coverage_void", "gap", "reappearance", "encounter", "proximity", "moving_fence",
                    "loitering", "stop", "all_clear", "speed_range", "out_of_order", "identity_conflict", "teleport"]


class FixAt(NamedTuple):
    """One of the fixes that made an event: whose, when (epoch microseconds UTC), where (degrees)."""

    track_id: int
    observed_us: int
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to tracks, by one rule.

    `first_fix` and `last_fix` are the fixes that made it, one on each side of the change where there is one. `ended_us` None: it goes on.
    `area` is (id, version). `facts` are numbers and words, units in their names. `doubtful`: a fix it stands on says that it may be far off.

    `key` is made of what the event is and when it began, so the same fixes give the same key in any order. `name` is the key under which it
    was first told and `revision` how often it has been told: `revise` fills them in, and they are no part of equality.
    """

    type: EventType
    rule_id: int
    track_ids: tuple[int, ...]
    started_us: int
    ended_us: int | None
    lon: float
    lat: float
    first_fix: FixAt
    last_fix: FixAt
    area: tuple[int, int] | None = None
    facts: dict = field(default_factory=dict)
    doubtful: bool = False
    severity: str = "notice"
    lane: str = ""  # what else tells it from others of one rule, tracks and area: which line was crossed
    name: str = field(default="", compare=False)
    revision: int = field(default=1, compare=False)
    retracted: bool = field(default=False, compare=False)

    @property
    def subject(self) -> tuple:
        """What it is about, whenever it was: two events of one subject may be one event told better."""
        return self.rule_id, self.type, self.track_ids, self.area[0] if self.area else None, self.lane

    @property
    def key(self) -> str:
        """`rule/type/tracks/area/lane/start`.

        >>> at = FixAt(9, 5, 0.0, 0.0)
        >>> Event("gap", 3, (9,), 5, None, 0.0, 0.0, at, at).key
        '3/gap/9///5'
        """
        return "/".join(map(str, (self.rule_id, self.type, "+".join(map(str, self.track_ids)), self.area[0] if self.area else "", self.lane, self.started_us)))

    def told(self, name: str, revision: int, retracted: bool = False) -> Event:
        """The same, as published."""
        return replace(self, name=name, revision=revision, retracted=retracted)
