"""Who may ask for which address: one table, and what is not in it is not there.

The guard reads it before any route is looked at, so a route that nobody thought of here is closed, not open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data.people import ROLES

# Which rows one sees is a matter of agency, operation and marking, not of role.
PERSONS = frozenset(ROLES)
SCREENS = PERSONS | {"screen"}
TAKING_OUT = frozenset({"coordinator", "analyst", "supervisor", "legal"})
ANSWERING = frozenset({"coordinator", "supervisor", "legal"})  # for authorities of their agencies
WATCHING = frozenset({"coordinator", "analyst", "supervisor"})  # areas, alerts
RULING = frozenset({"coordinator", "supervisor"})  # rules
BRINGING = frozenset({"coordinator", "analyst", "supervisor"})  # files in
KEEPING = frozenset({"administrator", "supervisor"})  # screens
AUDITORS = frozenset({"auditor"})
RELEASING = frozenset({"legal", "supervisor", "auditor"})  # for what left the house
ANYBODY: frozenset[str] = frozenset()
LOOK, OUT = "consultation", "disclosure"  # ref: Directive (EU) 2016/680, Article 25


@dataclass(frozen=True)
class Rule:
    """An address template (`{}` is one part, `{*}` all that follows) and who may ask for it; nobody in particular: anybody.

    `record` says what the record calls it; nothing: no governed row is in the answer, or the route tells the record itself.
    `often` is for what a map asks many times: one entry a minute tells of the same look.
    """

    template: str
    roles: frozenset[str]
    record: str | None = None
    often: bool = False

    @property
    def pattern(self) -> re.Pattern:
        parts = [{"{}": "[^/]+", "{*}": ".*"}.get(part, re.escape(part)) for part in re.split(r"(\{\*?\})", self.template)]
        return re.compile("".join(parts), re.DOTALL)


RULES: tuple[Rule, ...] = (
    # before signing in: the way in, what it is drawn with, and whether the server lives
    Rule("/sign-in", ANYBODY), Rule("/sign-in/link/{}", ANYBODY), Rule("/sign-in/screen/{}", ANYBODY),
    Rule("/sign-in/oidc", ANYBODY), Rule("/sign-in/oidc/return", ANYBODY), Rule("/sign-out", ANYBODY),
    Rule("/assets/{*}", ANYBODY), Rule("/favicon.ico", ANYBODY), Rule("/_favicon.ico", ANYBODY),
    Rule("/api/health/live", ANYBODY), Rule("/api/health/ready", ANYBODY),
    # what feeds send, each with a token of its own (routes/intake.py)
    Rule("/api/fixes", ANYBODY), Rule("/api/epcis", ANYBODY), Rule("/api/osmand/{}", ANYBODY),
    # the page, and what Dash needs for it
    Rule("/", PERSONS), Rule("/_dash-layout", PERSONS), Rule("/_dash-dependencies", PERSONS), Rule("/_dash-update-component", PERSONS, LOOK, often=True),
    Rule("/_dash-component-suites/{*}", PERSONS), Rule("/_reload-hash", PERSONS), Rule("/_dash-ws-callback", PERSONS),
    Rule("/account", PERSONS), Rule("/audit", AUDITORS, LOOK), Rule("/api/audit", AUDITORS, LOOK),
    Rule("/feeds", PERSONS, LOOK), Rule("/admin", frozenset({"administrator"})), Rule("/api/quarantine", frozenset({"legal"}), LOOK),
    Rule("/api/retention", frozenset({"legal", "supervisor"}), LOOK), Rule("/api/me", SCREENS),
    Rule("/authorities", ANSWERING, LOOK), Rule("/api/authorities", ANSWERING, LOOK), Rule("/api/authorities/warnings", ANSWERING),
    Rule("/api/authorities/{}/fixes", frozenset({"legal"}), LOOK),
    Rule("/releases", RELEASING, LOOK), Rule("/api/releases", RELEASING, LOOK),
    Rule("/rules", PERSONS, LOOK), Rule("/api/rules", PERSONS, LOOK), Rule("/rules/new", RULING, LOOK), Rule("/rules/{}", PERSONS, LOOK), Rule("/rules/{}/versions", RULING, LOOK),
    Rule("/api/watch-areas/{}", WATCHING), Rule("/api/alerts/{}/{}", WATCHING),
    # what a wall shows too
    Rule("/api/events", SCREENS, LOOK, often=True), Rule("/api/alerts", SCREENS, LOOK, often=True), Rule("/api/watch-areas", SCREENS, LOOK, often=True),
    Rule("/wall/{}", SCREENS), Rule("/api/worlds", SCREENS), Rule("/api/counts", SCREENS, LOOK, often=True), Rule("/api/timeline", SCREENS, LOOK, often=True),
    Rule("/api/stream", SCREENS, LOOK), Rule("/api/feeds", SCREENS, LOOK, often=True),
    Rule("/api/views", SCREENS), Rule("/api/movement", SCREENS, LOOK, often=True), Rule("/api/hotspots", SCREENS, LOOK, often=True), Rule("/api/seizures/points", SCREENS, LOOK, often=True),
    Rule("/api/sections", SCREENS, LOOK, often=True), Rule("/api/images", SCREENS, LOOK, often=True), Rule("/api/videos", SCREENS, LOOK, often=True), Rule("/api/basemap/{}", SCREENS), Rule("/api/tiles/{*}", SCREENS, LOOK, often=True),
    # screens: what each is to show, that it lives, and who keeps them
    Rule("/api/screens", KEEPING), Rule("/api/screens/beat", frozenset({"screen"})), Rule("/api/screens/{}", SCREENS, LOOK, often=True),
    Rule("/screens", KEEPING), Rule("/screens/{}", KEEPING, LOOK),
    # single records, search
    Rule("/api/seizures", PERSONS, LOOK), Rule("/api/seizures/{}", PERSONS, LOOK), Rule("/api/tracks", PERSONS, LOOK), Rule("/api/tracks/{}", PERSONS, LOOK),
    Rule("/api/tracks/{}/fixes", PERSONS, LOOK), Rule("/api/images/{}", PERSONS, LOOK), Rule("/api/images/{}/thumbnail.webp", PERSONS, LOOK),
    Rule("/api/images/{}/values", PERSONS, LOOK),
    Rule("/api/videos/{}", PERSONS, LOOK), Rule("/api/videos/{}/looks", PERSONS, LOOK), Rule("/api/videos/{}/file.mp4", PERSONS, LOOK, often=True), Rule("/api/videos/{}/thumbnail.webp", PERSONS, LOOK),
    Rule("/api/events/{}", PERSONS, LOOK), Rule("/api/events/{}/zone", PERSONS, LOOK), Rule("/api/alerts/{}", PERSONS, LOOK),
    Rule("/api/sorties", PERSONS, LOOK), Rule("/api/sorties/{}", PERSONS, LOOK), Rule("/imagery", PERSONS, LOOK),
    Rule("/api/search", PERSONS, LOOK), Rule("/api/openapi.json", PERSONS),
    # saved views, and short links to them: each is told to the record where it is done (routes/short_links.py)
    Rule("/api/saved-views", PERSONS, LOOK), Rule("/api/saved-views/{}", PERSONS, LOOK), Rule("/api/short-links", PERSONS), Rule("/api/short-links/{}", PERSONS), Rule("/v/{}", PERSONS),
    # two images side by side; who looked where
    Rule("/api/images/{}/offset", PERSONS, LOOK), Rule("/api/changes", PERSONS, LOOK), Rule("/api/changes/{}", PERSONS, LOOK),
    Rule("/api/changes/candidates/{}", WATCHING), Rule("/api/coverage", PERSONS, LOOK, often=True),
    # analyses: who may ask is asked in the database too (access.analyse_soon), and a run is seen by whoever sees what it was made of
    Rule("/api/analyses/methods", PERSONS), Rule("/api/analyses", PERSONS, LOOK), Rule("/api/analyses/{}", SCREENS, LOOK, often=True), Rule("/api/analyses/{}/places", SCREENS, LOOK),
    Rule("/api/analyses/{}/export/{}", TAKING_OUT, OUT), Rule("/api/analyses/{}/report.html", TAKING_OUT, OUT), Rule("/api/analyses/{}/report.pdf", TAKING_OUT, OUT),
    Rule("/api/zones/proposed", WATCHING, LOOK),
    Rule("/api/zones", PERSONS, LOOK), Rule("/api/zones/{}", WATCHING), Rule("/api/zones/{}/lock", WATCHING),
    # files in: each step is told to the record where it is done (data/uploads.py)
    Rule("/api/uploads", BRINGING), Rule("/api/uploads/{}", BRINGING),
    # out of the house
    Rule("/api/export/{}", TAKING_OUT, OUT), Rule("/api/images/{}/cog.tif", TAKING_OUT, OUT, often=True),
    # the same imagery for STAC clients
    Rule("/stac", PERSONS), Rule("/stac/conformance", PERSONS), Rule("/stac/collections", PERSONS, LOOK), Rule("/stac/collections/{}", PERSONS, LOOK),
    Rule("/stac/collections/{}/items", PERSONS, LOOK), Rule("/stac/collections/{}/items/{}", PERSONS, LOOK), Rule("/stac/search", PERSONS, LOOK),
    # what is left of `/api` and `/stac` is answered with a 404 that says so
    Rule("/api", PERSONS), Rule("/api/{*}", PERSONS), Rule("/stac/{*}", PERSONS),
)
_COMPILED = tuple((rule.pattern, rule) for rule in RULES)


def rule_of(path: str) -> Rule | None:
    """The first rule whose template fits a path; None: there is no such address."""
    return next((rule for pattern, rule in _COMPILED if pattern.fullmatch(path)), None)
