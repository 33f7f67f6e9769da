"""A rule's page: its form, each field with its unit, default and limits and with what is wrong beside it, and its versions. Plain HTML, no script."""

from __future__ import annotations

import html
from collections.abc import Iterable

from analysis.events.knobs import WORDS, Knob, knobs_of
from analysis.events.settable import SEQUENCE, TYPES, WITH_AREAS
from data.records import KINDS, MARKINGS, SEVERITIES
from data.rule_versions import Choices
from data.scope import LEVEL
from data.visitor import at_hand
from routes import papers
from routes.rule_fields import Form, as_text, number_text

BODY = """<header><h1><a href="/"><span class="mark" aria-hidden="true"></span>Vigia</a> {title}</h1><p><a href="/rules?world={world}">All rules of {world_words}</a></p></header>
<main tabindex="0">{said}
<form method="post" action="{action}" class="sheet" id="rule" novalidate><input type="hidden" name="act" value="keep"><input type="hidden" name="version" value="{version}">
<fieldset class="all"{disabled}><legend class="unseen">{title}</legend>
<section aria-labelledby="what"><h2 id="what">What it is</h2>{what}</section>
<section aria-labelledby="finds"><h2 id="finds">Finds: {type_words}</h2>{knobs}</section>
<section aria-labelledby="looks"><h2 id="looks">Looks at</h2>{looks}</section>
<section aria-labelledby="when"><h2 id="when">When</h2>{when}</section>
{button}</fieldset></form>
{turn}{versions}</main>"""
FIELDS = {"name": "Name", "severity": "Severity", "active": "It is", "agency": "Whose it is", "marking": "Marking", "kinds": "Kinds", "areas": "Watch areas", "agencies": "Agencies",
          "tracks": "Single tracks", "windows": "Weekly windows", "zone": "Zone of the windows", f"knob.{SEQUENCE}": "The way, by keys of readers"}
OF_THE_WHOLE = ("version", "knobs")
SAYS = {
    "fence": "enters or leaves an area", "inside": "is inside an area", "outside": "is outside of an area", "coverage_void": "nobody in an area", "gap": "silence, and being heard again",
    "encounter": "two that meet", "proximity": "two near each other", "moving_fence": "near a carrier", "loitering": "loiters", "stop": "stands still, and moves again",
    "speed_range": "speed out of range", "out_of_order": "read out of order", "identity_conflict": "one identity in two places",
    "shared_identity": "two at once under one identity",
}


def world_words(world: str) -> str:
    return "the exercise" if world == "exercise" else "the live world"


def page(form: Form, kind: str, world: str, known: Choices, whose: list[str | None], *, title: str, action: str, version: int = 0, may: bool = True, said: str = "", versions: str = "",
         turn: str = "", status: int = 200):
    """The page of one rule."""
    e = html.escape
    if form.wrong:
        told = "".join(f'<li>{_link(name)}{e(words)}</li>' for name, words in form.wrong.items())
        said = f'<div class="said refused" role="alert"><strong>Nothing was kept.</strong><ul>{told}</ul></div>'
    parts = {
        "title": e(title), "world": world, "world_words": world_words(world), "said": said, "action": e(action), "version": str(version), "disabled": "" if may else " disabled",
        "type_words": e(SAYS[kind]), "what": _what(form, whose), "knobs": "".join(_knob(form, knob) for knob in knobs_of(TYPES[kind]).values()) + _sequence(form, kind),
        "looks": _looks(form, kind, known), "when": _when(form), "turn": turn, "versions": versions,
        "button": '<p class="keep"><button>Keep as a new version</button> Everything stored is looked at again.</p>' if may else "",
    }
    return papers.page("rule", f"Vigia: {title}", "papers", papers.filled(BODY, parts), status=status, rows=1)


# -- parts of the form


def markings(now: str = "") -> list[str]:
    """Those up to one's own, and the one it has."""
    return [m for m in MARKINGS if LEVEL[m] <= at_hand().ceiling or m == now]


def _what(form: Form, whose: list[str | None]) -> str:
    own = [(name or "", name or "nobody in particular") for name in whose]
    if (now := form.text("agency")) not in [value for value, _ in own]:
        own.append((now, now or "nobody in particular"))
    return "".join([
        _field(form, "name", _input(form, "name", 'required maxlength="100" autocomplete="off"'), "1 to 100 characters."),
        _field(form, "severity", _select(form, "severity", [(s, s) for s in SEVERITIES]), "critical raises an alert, emergency a banner too."),
        _field(form, "active", _select(form, "active", [("yes", "on"), ("no", "off")]), "Off, it finds nothing more; what it found stays."),
        _field(form, "agency", _select(form, "agency", own), "Its events are seen by who sees this agency's records."),
        _field(form, "marking", _select(form, "marking", [(m, m) for m in markings(form.text("marking"))]), "Who may see it and its events."),
    ])


def _knob(form: Form, knob: Knob) -> str:
    name = f"knob.{knob.name}"
    if knob.shape == "lines":
        return _boxes(form, name, [(line, line) for line in knob.default], "None ticked: both.")
    if knob.shape == "by_kind":
        rows = "".join(f'<label><span>{kind}</span>{_input(form, f"{name}.{kind}", _numeric(number_text(knob.default[1 + n])), name)}<span class="unit">{knob.unit}</span></label>'
                       for n, kind in enumerate(KINDS))
        return _group(form, name, f'<div class="by-kind">{rows}</div>', f"Empty: as shown. Each above 0, up to {knob.most:,.0f} {knob.unit}.")
    if knob.shape == "yes":
        default = "yes" if knob.default else "no"
        return _field(form, name, _select(form, name, [("", f"default ({default})"), ("yes", "yes"), ("no", "no")]), "")
    if knob.shape == "moment":
        return _field(form, name, _input(form, name, 'type="datetime-local" step="1"' + (" required" if knob.needed else "")), "Must be set. Up to 2100.")
    if knob.shape == "tracks":
        return _field(form, name, _input(form, name, 'inputmode="numeric" autocomplete="off"'), "Numbers with commas between, 1,000 at most. Empty: none.")
    return _field(form, name, _input(form, name, _numeric(as_text(knob, knob.default) if knob.default is not None else "")), _hint(knob), knob.unit)


def _hint(knob: Knob) -> str:
    default = knob.none_words if knob.default is None else said(knob.default, knob.unit)
    also = f" {knob.none_words[0].upper()}{knob.none_words[1:]}: write none." if knob.none and knob.default is not None else ""
    return f"Empty: {default}. From {knob.least:,.0f} to {said(knob.most, knob.unit)}.{also}"


def said(value: float, unit: str) -> str:
    """A number with its unit, and in the unit people speak of.

    >>> said(21_600.0, "s"), said(92_600.0, "m"), said(1.028888888888889, "m/s"), said(3, "")
    ('21,600 s (6 h)', '92,600 m (50 nmi)', '1.03 m/s (2 kn)', '3')
    """
    if unit == "s" and value >= 120:
        size, word = next((s, w) for s, w in ((86_400, "d"), (3_600, "h"), (60, "min")) if value >= s)
        return f"{value:,.0f} s ({value / size:.4g} {word})"
    if unit == "m" and value >= 1_000:
        return f"{value:,.0f} m ({value / 1_852:,.0f} nmi)" if value / 1_852 >= 10 else f"{value:,.0f} m ({value / 1_000:.3g} km)"
    if unit == "m/s" and value:
        return f"{value:,.3g} m/s ({value / 1852 * 3600:,.3g} kn)" if value < 1_000 else f"{value:,.0f} m/s"
    return f"{value:,.6g} {unit}".strip()


def _sequence(form: Form, kind: str) -> str:
    if kind != "out_of_order":
        return ""
    return _field(form, f"knob.{SEQUENCE}", _area(form, f"knob.{SEQUENCE}"), "One a line, in their order.")


def _looks(form: Form, kind: str, known: Choices) -> str:
    out = [_boxes(form, "kinds", [(k, k) for k in KINDS], "None ticked: all.")]
    if kind in WITH_AREAS:
        out.append(_boxes(form, "areas", [(str(i), name) for i, name in known.areas.items()], "None ticked: all." if known.areas else "There is no watch area yet.",
                          len([a for a in form.ticked.get("areas", []) if not a.isdecimal() or int(a) not in known.areas])))
    out.append(_boxes(form, "agencies", [(str(i), name) for i, name in known.agencies.items()], "None ticked: all." if known.agencies else "There is no agency yet.",
                      len([a for a in form.ticked.get("agencies", []) if not a.isdecimal() or int(a) not in known.agencies])))
    out.append(_field(form, "tracks", _input(form, "tracks", 'inputmode="numeric" autocomplete="off"'), "Numbers with commas between, 500 at most. Empty: all."))
    return "".join(out)


def _when(form: Form) -> str:
    return (_field(form, "windows", _area(form, "windows"), "One a line, such as fri 22:00-sat 06:00. Empty: always.")
            + _field(form, "zone", _input(form, "zone", 'autocomplete="off"'), "An IANA zone, such as America/Matamoros. Empty: UTC."))


def _id(name: str) -> str:
    return f"f-{name.replace('.', '-')}"


def _link(name: str) -> str:
    """To the field that is wrong; what is wrong with the whole has none."""
    return "" if name in OF_THE_WHOLE else f'<a href="#{html.escape(_id(name))}">{html.escape(word_of(name))}</a>: '


def word_of(name: str) -> str:
    """What a field is called on the page."""
    return FIELDS.get(name) or WORDS.get(name.removeprefix("knob."), name)


def _described(form: Form, name: str) -> str:
    return f' aria-describedby="h-{_id(name)}{f" e-{_id(name)}" if name in form.wrong else ""}"' + (' aria-invalid="true"' if name in form.wrong else "")


def _input(form: Form, name: str, more: str, of: str | None = None) -> str:
    return f'<input id="{_id(name)}" name="{name}" value="{html.escape(form.texts.get(name, ""))}" {more}{_described(form, of or name)}>'


def _numeric(placeholder: str) -> str:
    return f'inputmode="decimal" autocomplete="off" placeholder="{placeholder}"'


def _area(form: Form, name: str) -> str:
    return f'<textarea id="{_id(name)}" name="{name}" rows="3"{_described(form, name)}>{html.escape(form.texts.get(name, ""))}</textarea>'


def _select(form: Form, name: str, options: Iterable[tuple[str, str]]) -> str:
    e, now = html.escape, form.texts.get(name, "")
    return f'<select id="{_id(name)}" name="{name}"{_described(form, name)}>' + "".join(
        f'<option value="{e(value)}"{" selected" if value == now else ""}>{e(word)}</option>' for value, word in options) + "</select>"


def _field(form: Form, name: str, control: str, hint: str, unit: str = "") -> str:
    mark = f'<span class="unit">{unit}</span>' if unit else ""
    return f'<div class="field{" wrong" if name in form.wrong else ""}"><label for="{_id(name)}">{html.escape(word_of(name))}</label><div class="control">{control}{mark}</div>{_notes(form, name, hint)}</div>'


def _group(form: Form, name: str, body: str, hint: str) -> str:
    return (f'<fieldset class="field{" wrong" if name in form.wrong else ""}" id="{_id(name)}" tabindex="-1"{_described(form, name)}><legend>{html.escape(word_of(name))}</legend>'
            f'<div class="control">{body}</div>{_notes(form, name, hint)}</fieldset>')


def _boxes(form: Form, name: str, options: Iterable[tuple[str, str]], hint: str, hidden: int = 0) -> str:
    ticked = set(form.ticked.get(name, ()))
    boxes = "".join(f'<label><input type="checkbox" name="{name}" value="{html.escape(v)}"{" checked" if v in ticked else ""}> {html.escape(w)}</label>' for v, w in options)
    more = f" And {hidden} that you may not see: {'it stays' if hidden == 1 else 'they stay'}." if hidden else ""
    return _group(form, name, f'<div class="boxes">{boxes}</div>', hint + more)


def _notes(form: Form, name: str, hint: str) -> str:
    wrong = f'<p class="refusal" id="e-{_id(name)}"><strong>Refused:</strong> {html.escape(form.wrong[name])}</p>' if name in form.wrong else ""
    return f'<p class="hint" id="h-{_id(name)}">{html.escape(hint)}</p>{wrong}'
