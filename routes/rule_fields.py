"""A rule's form as it comes back: each field by itself, so that what is wrong stands beside it with the numbers. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from analysis.events.knobs import Knob, knobs_of
from analysis.events.settable import SEQUENCE, TYPES, RuleRefused, detector, schedule, value_of
from data.records import KINDS, MARKINGS, SEVERITIES
from data.rule_versions import Choices
from data.rules import RuleTold
from data.watching import microseconds, moment

NAME_MAX, TEXT_MAX, TRACKS_MAX, WINDOWS_MAX = 100, 4_000, 500, 50
MANY = ("kinds", "areas", "agencies", "knob.lines")
NONE = "none"  # what somebody writes for a knob that is to be nothing


@dataclass
class Form:
    """What was written, by field, and what is wrong with it."""

    texts: dict[str, str] = field(default_factory=dict)
    ticked: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.texts.get(name, "").strip()


def of_rule(rule: Mapping) -> Form:
    """The form of a rule as it is."""
    out = Form({"name": rule["name"], "severity": rule["severity"], "active": "yes" if rule["active"] else "no", "agency": rule["agency"] or "", "marking": rule["marking"],
                "zone": rule["zone"], "windows": "\n".join(rule["windows"]), "tracks": ", ".join(map(str, rule["tracks"]))},
               {"kinds": list(rule["kinds"]), "areas": list(map(str, rule["areas"])), "agencies": list(map(str, rule["agencies"]))})
    for knob in knobs_of(TYPES[rule["type"]]).values():
        if knob.name in rule["knobs"]:
            _written(out, knob, rule["knobs"][knob.name])
    out.texts[f"knob.{SEQUENCE}"] = "\n".join(rule["knobs"].get(SEQUENCE, []))
    return out


def _written(out: Form, knob: Knob, value: object) -> None:
    name = f"knob.{knob.name}"
    if knob.shape == "lines":
        out.ticked[name] = list(value)
    elif knob.shape == "by_kind":
        out.texts |= {f"{name}.{KINDS[int(code) - 1]}": number_text(v) for code, v in value.items() if 0 < int(code) <= len(KINDS)}
    else:
        out.texts[name] = as_text(knob, value)


def as_text(knob: Knob, value: object) -> str:
    """A value as somebody would write it."""
    if value is None:
        return NONE
    if knob.shape == "yes":
        return "yes" if value else "no"
    if knob.shape == "tracks":
        return ", ".join(map(str, value))
    return moment(int(value)).strftime("%Y-%m-%dT%H:%M:%S") if knob.shape == "moment" else number_text(value)


def number_text(value: float) -> str:
    """A number as short as it can be written without becoming another.

    >>> number_text(21_600.0), number_text(1.028888888888889)
    ('21600', '1.028888888888889')
    """
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def read(told: Mapping, kind: str, known: Choices, before: Mapping | None = None) -> tuple[Form, RuleTold | None]:
    """A form's fields, and the rule they make; none when something is wrong. What the rule was for before and this one may not see stays."""
    form = Form({k: v for k, v in told.items() if isinstance(v, str)}, {k: list(told.get(k) or []) for k in MANY})
    for name in [n for n, v in form.texts.items() if len(v) > TEXT_MAX]:
        form.wrong[name] = f"{len(form.texts[name]):,} characters, expected {TEXT_MAX:,} at most"
    name, severity, marking = form.text("name"), form.text("severity"), form.text("marking")
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        form.wrong["name"] = f"{len(name)} characters, expected 1 to {NAME_MAX} printable ones"
    if severity not in SEVERITIES:
        form.wrong["severity"] = f"expected one of {', '.join(SEVERITIES)}"
    if marking not in MARKINGS:
        form.wrong["marking"] = f"expected one of {', '.join(MARKINGS)}"
    if form.text("active") not in ("yes", "no"):
        form.wrong["active"] = "expected on or off"
    if [k for k in form.ticked["kinds"] if k not in KINDS]:
        form.wrong["kinds"] = f"expected some of {', '.join(KINDS)}"
    areas, agencies = (_chosen(form, key, names, before) for key, names in (("areas", known.areas), ("agencies", known.agencies)))
    tracks = _numbers(form, "tracks", TRACKS_MAX)
    zone, windows = "UTC", ()
    lines = [w.strip() for w in form.text("windows").splitlines() if w.strip()]
    try:
        if len(lines) > WINDOWS_MAX:
            raise RuleRefused(f"{len(lines)} windows, expected {WINDOWS_MAX} at most")
        on = schedule(form.text("zone") or "UTC", lines)
        zone, windows = on.zone, on.windows
    except RuleRefused as error:
        form.wrong["windows"] = str(error)
    knobs = _knobs(form, kind)
    if form.wrong:
        return form, None
    try:
        detector(kind, knobs)
    except RuleRefused as error:  # two that do not go together
        form.wrong[_about(str(error), kind)] = str(error)
        return form, None
    return form, RuleTold(name, kind, knobs, areas, tuple(k for k in KINDS if k in form.ticked["kinds"]), agencies, tracks, zone, windows, severity, form.text("active") == "yes",
                          marking=marking)


def _chosen(form: Form, key: str, names: Mapping[int, str], before: Mapping | None) -> tuple[int, ...]:
    hidden = [i for i in (before or {}).get(key, ()) if i not in names]
    known = {str(i): i for i in names}
    if [v for v in form.ticked[key] if v not in known]:
        form.wrong[key] = f"one of those chosen is none that you may see; there are {len(names):,}"
    return tuple(sorted({known[v] for v in form.ticked[key] if v in known} | set(hidden)))


def _numbers(form: Form, name: str, most: int) -> tuple[int, ...]:
    parts = form.text(name).replace(",", " ").split()
    if len(parts) > most or not all(p.isascii() and p.isdecimal() and 0 < int(p[:20]) < 2**62 for p in parts):
        form.wrong[name] = f"expected track numbers with commas between, {most:,} at most"
        return ()
    return tuple(dict.fromkeys(map(int, parts)))


def _knobs(form: Form, kind: str) -> dict:
    """The knobs that are set, by name, as they are stored."""
    out: dict = {}
    for knob in knobs_of(TYPES[kind]).values():
        name = f"knob.{knob.name}"
        try:
            if knob.shape == "by_kind":
                told = {str(1 + n): _number(value) for n, k in enumerate(KINDS) if (value := form.text(f"{name}.{k}"))}
                if told:
                    value_of(kind, knob, told)
                    out[knob.name] = {**{str(code): v for code, v in knob.default.items()}, **told}
            elif knob.shape == "lines":
                if form.ticked[name]:
                    out[knob.name] = list(value_of(kind, knob, form.ticked[name]))
            elif text := form.text(name):
                made = value_of(kind, knob, _value(knob, text))
                out[knob.name] = list(made) if isinstance(made, tuple) else made
            elif knob.needed:
                raise RuleRefused(f"{knob.name} must be set, expected {'a time (UTC)' if knob.shape == 'moment' else knob.expected}")
        except RuleRefused as error:
            written = form.text(name)
            form.wrong[name] = f"{written[:40]!r}, expected {knob.expected}" if written and knob.shape != "moment" else str(error).removeprefix(f"{kind}: ")
        except ValueError:
            form.wrong[name] = f"{form.text(name)[:40]!r}, expected {'a time such as 2026-11-25T06:00' if knob.shape == 'moment' else knob.expected}"
    if kind == "out_of_order" and (keys := [k.strip() for k in form.text(f"knob.{SEQUENCE}").splitlines() if k.strip()]):
        out[SEQUENCE] = keys
    return out


def _value(knob: Knob, text: str) -> object:
    """What a text says. Raises ValueError."""
    if text.casefold() == NONE and knob.none:
        return None
    if knob.shape == "yes":
        return {"yes": True, "no": False}[text] if text in ("yes", "no") else text
    if knob.shape == "tracks":
        return [int(part) for part in text.replace(",", " ").split()]
    if knob.shape == "moment":
        return microseconds(datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc))
    return _number(text)


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found) or "_" in text:
        raise ValueError(text)
    return found


def _about(error: str, kind: str) -> str:
    """The field that a refusal of the whole begins with."""
    return next((f"knob.{name}" for name in knobs_of(TYPES[kind]) if f": {name} " in error or f"needs {name}" in error), "knobs")
