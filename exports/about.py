"""What an export says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone


@dataclass(frozen=True)
class About:
    """World, filter in words, strictest marking, when it was made, whose ground the map is."""

    world: str
    filter: str
    marking: str
    made_at: datetime
    attribution: tuple[str, ...] = ()

    @property
    def exercise(self) -> bool:
        return self.world == "exercise"

    def lines(self) -> list[str]:
        """The header, line by line."""
        return [
            *(["EXERCISE: all data invented"] if self.exercise else []), f"Marking: {self.marking}", f"Filter: {self.filter}",
            f"Made: {self.made_at.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC by Vigia",
        ]

    def name(self, ending: str) -> str:
        """A file's name."""
        return f"vigia-{'EXERCISE-' if self.exercise else ''}{self.made_at.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}.{ending}"
