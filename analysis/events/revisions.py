"""What changed between two findings, as numbered revisions: new, changed, closed, retracted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from analysis.events.event import Event
from analysis.events.rules import OPEN_US

Change = Literal["new", "changed", "closed", "retracted"]

MOVED_US = 3_600_000_000


@dataclass(frozen=True)
class Revision:
    """One thing to tell: `event` carries its name and its revision number; a retracted one is as it was last told."""

    change: Change
    event: Event


def revise(before: Iterable[Event], after: Iterable[Event], taken: Iterable[str] = ()) -> list[Revision]:
    """The revisions that lead from `before` (events as told, retracted ones among them) to `after` (as found now).

    An event is the same as before when its key is; else the one of its subject that overlaps it most (late data move a start; a moment may move by an
    hour) goes on under its old name. What is equal makes no revision, so `revise(stand(before, revise(before, after)), after)` is empty. One told again after it was
    retracted goes on with its old number. `taken`: names of others that no new event may get.
    """
    before = list(before)
    old = {e.name or e.key: e for e in before}
    by_key = {e.key: name for name, e in old.items()}
    for name, e in old.items():  # where a name was withdrawn and another event has its key, the one that stands goes first
        if not e.retracted:
            by_key[e.key] = name
    match: dict[str, Event] = {}
    loose = []
    for event in sorted(set_of(after), key=lambda e: (e.started_us, e.key)):
        name = by_key.get(event.key)
        if name is None or name in match:
            loose.append(event)
        else:
            match[name] = event
    _by_overlap(old, match, loose)
    out = []
    for name, e in old.items():
        now = match.get(name)
        if now is None:
            if not e.retracted:
                out.append(Revision("retracted", e.told(name, e.revision + 1, True)))
        elif e.retracted:
            out.append(Revision("new", now.told(name, e.revision + 1)))
        elif now != e:
            closed = e.ended_us is None and now.ended_us is not None
            out.append(Revision("closed" if closed else "changed", now.told(name, e.revision + 1)))
    taken = {*old, *taken}
    for event in loose:
        name, n = event.key, 2
        while name in taken:  # the name lives on with an event that moved away from it
            name, n = f"{event.key}#{n}", n + 1
        taken.add(name)
        out.append(Revision("new", event.told(name, 1)))
    return out


def stand(before: Iterable[Event], revisions: Iterable[Revision]) -> list[Event]:
    """The events as told after these revisions, retracted ones among them."""
    told = {e.name or e.key: e if e.name else e.told(e.key, e.revision, e.retracted) for e in before}
    for revision in revisions:
        told[revision.event.name] = revision.event
    return list(told.values())


def set_of(events: Iterable[Event]) -> list[Event]:
    """Each key once."""
    return list({e.key: e for e in events}.values())


def _by_overlap(old: dict[str, Event], match: dict[str, Event], loose: list[Event]) -> None:
    """Give events that began anew the name of one that nothing else has taken and that they overlap; longest overlap first."""
    free: dict[tuple, list[str]] = {}
    for name, e in old.items():
        if name not in match and not e.retracted:
            free.setdefault(e.subject, []).append(name)
    pairs = []
    for event in loose:
        for name in free.get(event.subject, ()):
            e = old[name]
            ends = [OPEN_US if x.ended_us is None else x.ended_us for x in (event, e)]
            shared = min(ends) - max(event.started_us, e.started_us)
            moment = ends == [event.started_us, e.started_us]
            if shared > 0 or (moment and shared >= -MOVED_US):
                pairs.append((-shared, event.key, name, event))
    done: set[str] = set()
    for _, key, name, event in sorted(pairs, key=lambda p: p[:3]):
        if name not in match and key not in done:
            match[name] = event
            done.add(key)
    loose[:] = [e for e in loose if e.key not in done]


def name_us(name: str) -> int:
    """The start that a name was made of."""
    return int(name.split("/")[5].split("#")[0])


def starts(event: Event) -> tuple[int, int]:
    """When an event as told began, and when it was first said to."""
    return event.started_us, name_us(event.name)
