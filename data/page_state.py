"""The page's whole address as one text: a filter, how it is looked at, and where the camera stands. Read as strictly as any query string, kept as it was told."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from data.filters import KEYS as FILTER_KEYS
from data.filters import Filter
from data.looks import KEYS as LOOK_KEYS
from data.looks import Look
from data.models.saved_views import STATE_MAX
from errors import FilterInvalid, InputRefused

LAYERS = ("events", "movements", "seizures", "hotspots", "imagery", "sections", "coverage")
LAYER = re.compile(r"-?([a-z]+)(?::(0?\.\d{1,4}|1(?:\.0{1,4})?))?", re.ASCII)
CAMERA = re.compile(r"(\d{1,2}(?:\.\d{1,6})?)/(-?\d{1,2}(?:\.\d{1,8})?)/(-?\d{1,3}(?:\.\d{1,8})?)", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
ZOOM_MAX = 20


class StateRefused(InputRefused):
    """The state of a page can't be like this."""


def _one_of(*allowed: str) -> Callable[[str], bool]:
    return allowed.__contains__


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda told: re.fullmatch(pattern, told, re.ASCII) is not None


def _layers(told: str) -> bool:
    found = [LAYER.fullmatch(part) for part in told.split(",")]
    names = [match[1] for match in found if match]
    return len(names) == len(found) == len(set(names)) and set(names) <= set(LAYERS)


def _camera(told: str) -> bool:
    found = CAMERA.fullmatch(told)
    return found is not None and float(found[1]) <= ZOOM_MAX and abs(float(found[2])) <= 90 and abs(float(found[3])) <= 180


def _share(told: str) -> bool:
    return re.fullmatch(r"[01](?:\.\d{1,6})?", told, re.ASCII) is not None and float(told) <= 1


# What the page's address holds beside its filter (VIEW_KEYS of assets/js/choices.mjs, without `at`, which is the Filter's): a test of a value, and what is expected.
VIEW: dict[str, tuple[Callable[[str], bool], str]] = {
    "layers": (_layers, f"each layer once, as -name (off) or name:opacity, of {', '.join(LAYERS)}"),
    "sel": (_like(r"(?:track|seizure|image|video|event):\d{1,18}"), "track, seizure, image, video or event, a colon and a number"),
    "theme": (_one_of("dark", "light", "sun"), "dark, light or sun"),
    "heat": (_one_of("1"), "1"),
    "trail": (_one_of("0", "10m", "1h", "6h", "24h"), "0, 10m, 1h, 6h or 24h"),
    "vector": (_one_of("3", "6", "15", "60"), "3, 6, 15 or 60 minutes"),
    "follow": (_one_of("1"), "1"),
    "veil": (_one_of("1", "6", "24", "72", "168"), "1, 6, 24, 72 or 168 hours"),
    "look": (_like(r"\d{1,18}"), "the number of an image"),
    "bands": (lambda _: True, ""), "colormap": (lambda _: True, ""), "stretch": (lambda _: True, ""),  # read together, as tiles read them
    "compare": (_like(r"(\d{1,18}),(?!\1$)\d{1,18}"), "the numbers of two images"),
    "compare_mode": (_one_of("swipe", "blink", "opacity", "side"), "swipe, blink, opacity or side"),
    "compare_at": (_share, "a number from 0 to 1"),
    "compare_look": (_like(r"\d{1,18}"), "the number of a look for changes"),
    "run": (_like(r"\d{1,18}"), "the number of an analysis"),
    "coords": (_one_of("dd", "dms", "utm", "mgrs"), "dd, dms, utm or mgrs"),
    "camera": (_camera, f"zoom/latitude/longitude, such as 8.6/26.15/-97.9, zoom 0 to {ZOOM_MAX}"),
}
KEYS = (*FILTER_KEYS, *VIEW)


@dataclass(frozen=True)
class PageState:
    """The pairs of a state, in one order of keys, and the Filter in them."""

    filter: Filter
    pairs: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        return urlencode(self.pairs, safe=":,/;")

    @property
    def camera(self) -> str | None:
        return self.of("camera")

    def of(self, key: str) -> str | None:
        """What is told for a key; several values of a list joined by commas."""
        return ",".join(v for k, v in self.pairs if k == key) or None

    def without(self, keys: frozenset[str] | set[str]) -> PageState:
        """The rest of it."""
        return _of([pair for pair in self.pairs if pair[0] not in keys])

    def but(self, key: str, values: list[str]) -> PageState:
        """With other values of a list; none: without it."""
        return _of([*(pair for pair in self.pairs if pair[0] != key), *([(key, ",".join(values))] if values else [])])

    def address(self, **also: str) -> str:
        """The page's own address of it, the camera behind the #."""
        query = urlencode([*(pair for pair in self.pairs if pair[0] != "camera"), *also.items()], safe=":,/;")
        return f"/?{query}{f'#map={self.camera}' if self.camera else ''}"


def read(told: str) -> PageState:
    """A state's text. Raises StateRefused when it is too long or no text, FilterInvalid with every bad key at once."""
    if not 1 <= len(told) <= STATE_MAX:
        raise StateRefused(f"the state has {len(told):,} characters, expected 1 to {STATE_MAX:,}")
    try:
        pairs = parse_qsl(told.removeprefix("?"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise StateRefused("the state is no query string in UTF-8 of at most 200 parts, expected such as world=live&layers=seizures&camera=8.6/26.15/-97.9") from None
    if any("\0" in value for pair in pairs for value in pair):
        raise StateRefused("the state holds a NUL, which no database keeps")
    state = _of([(key, value) for key, value in pairs if value != ""])
    if not 1 <= len(state.text) <= STATE_MAX:
        raise StateRefused(f"the state has {len(state.text):,} characters when it is written out, expected 1 to {STATE_MAX:,}")
    return state


def opened(told: str) -> tuple[PageState, list[dict]]:
    """A state that was kept, perhaps by another build: what can be read of it, and what can't, as FilterInvalid tells it."""
    try:
        return read(told), []
    except FilterInvalid as error:
        bad = {p["key"] for p in error.problems}
        left = [pair for pair in parse_qsl(told) if pair[0] not in bad]
        return _of(left), error.problems


def _of(pairs: list[tuple[str, str]]) -> PageState:
    problems: list[dict] = []
    told: dict[str, str] = {}
    for key, value in pairs:
        if key not in KEYS:
            problems.append({"key": key[:60], "value": value[:200], "expected": f"one of {', '.join(KEYS)}"})
        elif key in VIEW:
            fits, expected = VIEW[key]
            if key in told or not fits(value):
                problems.append({"key": key, "value": value[:200], "expected": expected if key not in told else "one value, not several"})
            told[key] = value
    filter = Filter()
    for check in (lambda: Look.from_query({k: told[k] for k in LOOK_KEYS if k in told}), lambda: Filter.from_query(pairs, frozenset(k for k, _ in pairs if k not in FILTER_KEYS))):
        try:
            found = check()
        except FilterInvalid as error:
            problems += error.problems
        else:
            filter = found if isinstance(found, Filter) else filter
    if problems:
        raise FilterInvalid(problems)
    return PageState(filter, tuple((key, value) for key in KEYS for k, value in pairs if k == key))
