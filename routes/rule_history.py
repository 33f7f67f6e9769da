"""Beside a rule's form: the button that switches it off, and its versions with what each changed, in words."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping

from analysis.events.knobs import Knob, knobs_of
from analysis.events.settable import TYPES
from data.records import KINDS
from data.rule_versions import Choices
from routes.rule_fields import as_text
from routes.rule_form import FIELDS, said, word_of

NOBODY = "nobody in particular"


def turn(rule: dict, action: str) -> str:
    """The one button that switches a rule off, or on again, and changes nothing else."""
    act, word, hint = ("off", "Switch off", "It finds nothing more; what goes on ends, what it found stays.") if rule["active"] else ("on", "Switch on", "Everything stored is looked at by it.")
    return (f'<form method="post" action="{html.escape(action)}" class="turn"><input type="hidden" name="act" value="{act}"><input type="hidden" name="version" value="{rule["version"]}">'
            f'<button class="plain">{word}</button><p>{hint}</p></form>')


def history(found: list[dict], known: Choices) -> str:
    """Every version, the newest first, with what it changed."""
    rows = []
    for n, rule in enumerate(found):
        before = found[n + 1] if n + 1 < len(found) else None
        told = changes(rule, before, known) if before is not None or rule["version"] == 1 else ["follows on one that you may not see"]
        until = f"{rule['ended_at']:%Y-%m-%d %H:%M:%S}" if rule["ended_at"] else "now"
        rows.append(f'<tr><td class="number">{rule["version"]}</td><td>{rule["made_at"]:%Y-%m-%d %H:%M:%S}</td><td>{until}</td><td>{html.escape(rule["made_by"])}</td>'
                    f'<td>{"on" if rule["active"] else "off"}</td><td><ul>{"".join(f"<li>{html.escape(w)}</li>" for w in told)}</ul></td></tr>')
    return ('<section aria-labelledby="versions" class="versions"><h2 id="versions">Versions</h2><div class="wide" tabindex="0" role="region" aria-labelledby="versions"><table><thead><tr><th class="number">Version</th>'
            f'<th>From (UTC)</th><th>To (UTC)</th><th>By</th><th>It is</th><th>What changed</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div></section>')


def changes(now: Mapping, before: Mapping | None, known: Choices) -> list[str]:
    """What a version says otherwise than the one before."""
    if before is None:
        return ["made"]
    out = [] if now["active"] == before["active"] else ["switched on" if now["active"] else "switched off"]
    knobs = knobs_of(TYPES[now["type"]])
    for name in sorted({*now["knobs"], *before["knobs"]}):
        was, is_ = (_value(knobs.get(name), rule["knobs"], name) for rule in (before, now))
        if was != is_:
            out.append(f"{word_of(f'knob.{name}')}: {was}, now {is_}")
    for key, names in (("kinds", None), ("areas", known.areas), ("agencies", known.agencies), ("tracks", None), ("windows", None)):
        if sorted(now[key]) != sorted(before[key]):
            was, is_ = (", ".join(str(v if names is None else names.get(v, "one you may not see")) for v in rule[key]) or ("always" if key == "windows" else "all") for rule in (before, now))
            out.append(f"{FIELDS[key]}: {was}, now {is_}")
    out += [f"{FIELDS[key]}: {before[key] or NOBODY}, now {now[key] or NOBODY}" for key in ("name", "severity", "zone", "agency", "marking") if now[key] != before[key]]
    return out or ["nothing"]


def _value(knob: Knob | None, knobs: Mapping, name: str) -> str:
    """A knob's value as somebody reads it."""
    told, value = name in knobs, knobs.get(name)
    if knob is None:
        return json.dumps(value) if told else "none"
    value = value if told else knob.default
    if value is None:
        words = knob.none_words
    elif knob.shape in ("number", "whole"):
        words = said(value, knob.unit)
    elif knob.shape == "by_kind":
        words = ", ".join(f"{KINDS[int(code) - 1]} {speed:g}" for code, speed in value.items() if 0 < int(code) <= len(KINDS)) + " m/s"
    else:
        words = " and ".join(value) if knob.shape == "lines" else as_text(knob, value) or "none"
    return words if told else f"{words} by default"
