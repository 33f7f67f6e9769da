"""The words and small records every room shares: kinds, drugs, what an import did. No database here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

BBox = tuple[float, float, float, float]
"""West, south, east, north in degrees, EPSG:4326. West may be greater than east (across the antimeridian)."""

Kind = Literal["vessel", "vehicle", "container", "tag", "aircraft", "drone", "person"]
KINDS: tuple[str, ...] = ("vessel", "vehicle", "container", "tag", "aircraft", "drone", "person")

GOVERNED_KINDS: tuple[str, ...] = ("tag", "vehicle", "person")
"""Kinds that need a legal basis to be followed; a vessel or an aircraft broadcasts where it is."""

# ref: the Admiralty code (AJP-2.1): how reliable a source is, and how credible what it says. Each is judged alone.
RELIABILITY: dict[str, str] = {"A": "completely reliable", "B": "usually reliable", "C": "fairly reliable", "D": "not usually reliable", "E": "unreliable",
                               "F": "reliability not judged"}
CREDIBILITY: dict[str, str] = {"1": "confirmed", "2": "probably true", "3": "possibly true", "4": "doubtful", "5": "improbable", "6": "truth not judged"}

# ref: UNODC individual drug seizures, drug groups; the letter is the map's.
Drug = Literal["cocaine", "opioid", "ats", "cannabis", "heroin", "other"]
DRUGS: tuple[str, ...] = ("cocaine", "opioid", "ats", "cannabis", "heroin", "other")
DRUG_LETTER: dict[str, str] = {"cocaine": "C", "opioid": "F", "ats": "M", "cannabis": "K", "heroin": "H", "other": "O"}
DRUG_WORD: dict[str, str] = {
    "cocaine": "Cocaine",
    "opioid": "Fentanyl",  # fentanyl and other synthetic opioids
    "ats": "Meth",  # methamphetamine and other amphetamine-type stimulants
    "cannabis": "Cannabis",
    "heroin": "Heroin",  # heroin, opium
    "other": "Other",
}

Conveyance = Literal["vehicle", "vessel", "aircraft", "drone", "person", "container", "mail", "premises", "none", "other"]
CONVEYANCES: tuple[str, ...] = (
    "vehicle", "vessel", "aircraft", "drone", "person", "container", "mail", "premises", "none", "other",
)

Marking = Literal["TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR"]
MARKINGS: tuple[str, ...] = ("TLP:RED", "TLP:AMBER+STRICT", "TLP:AMBER", "TLP:GREEN", "TLP:CLEAR")

# What an image is: a mosaic laid on the ground, or one frame as the camera took it.
PRODUCTS: tuple[str, ...] = ("orthophoto", "frame")

# What becomes of a file that somebody sends by the browser: its bytes come, it waits, it is read; then it was stored, was there already, or was refused.
UPLOAD_STATES: tuple[str, ...] = ("coming", "waiting", "reading", "stored", "already", "refused")
# What becomes of an analysis that somebody asks for.
RUN_STATES: tuple[str, ...] = ("waiting", "running", "done", "cancelled", "failed")
# What ground is to an operation that is judged.
ZONE_ROLES: tuple[str, ...] = ("operation", "buffer", "control")
# How one band may be coloured; all are rio-tiler's. Thermal pictures are shown in the first when nobody says otherwise.
COLOURMAPS: tuple[str, ...] = ("inferno", "gray", "magma", "plasma", "viridis", "cividis", "turbo", "rdylgn", "terrain")
# What a band may be called: on tiles, and when bands are told with an import.
BAND_NAMES: tuple[str, ...] = ("red", "green", "blue", "gray", "nir", "rededge", "swir", "thermal", "pan", "coastal")
# What a person said of a place that may have changed.
CHANGE_STATES: tuple[str, ...] = ("open", "accepted", "rejected")

# What a feed of each kind promises: one position at least this often (seconds). A symbol's age is drawn against it.
SLA_S: dict[str, float] = {
    "vessel": 600, "vehicle": 900, "container": 21_600, "tag": 1_800, "aircraft": 120, "drone": 60, "person": 900,
}
# A silence longer than this (seconds) breaks a line: what lies between was not seen and is never drawn as travelled.
GAP_S: dict[str, float] = {
    "vessel": 3_600, "vehicle": 1_800, "container": 43_200, "tag": 7_200, "aircraft": 600, "drone": 120, "person": 1_800,
}


# What a feed is listened to by; the last is one we send.
FEED_KINDS: tuple[str, ...] = ("ais-tcp", "ais-udp", "mqtt", "http", "cot-tcp", "cot-udp", "mavlink", "replay", "cot-out")

FeedStanding = Literal["live", "late", "stale", "dead", "frozen", "off"]
"""How a feed fares. Frozen: positions come, all of them at the same places, while they say that they move."""

EVENT_TYPES: tuple[str, ...] = (
    "enter", "exit", "inside", "outside", "coverage_void", "gap", "reappearance", "encounter", "proximity", "moving_fence", "loitering", "stop", "all_clear",
    "speed_range", "out_of_order", "identity_conflict", "teleport",
)
RULE_TYPES: tuple[str, ...] = (
    "fence", "inside", "outside", "coverage_void", "gap", "encounter", "proximity", "moving_fence", "loitering", "stop", "speed_range", "out_of_order",
    "identity_conflict", "shared_identity",
)
EVENT_CHANGES: tuple[str, ...] = ("new", "changed", "closed", "retracted")
SEVERITIES: tuple[str, ...] = ("notice", "warning", "critical", "emergency")
"""From critical on an event is an alert: somebody must say that they have seen it. Emergencies have a banner of their own."""
ALERTING: tuple[str, ...] = SEVERITIES[2:]
DESTINATION_KINDS: tuple[str, ...] = ("webhook", "mail", "apprise")
DELIVERY_STATES: tuple[str, ...] = ("waiting", "sent", "failed", "withheld")
ALERT_STATES: tuple[str, ...] = ("new", "acknowledged", "resolved", "suppressed")


@dataclass
class ImportReport:
    """What one file gave. Rows in are always rows accounted for: read = stored + already + refused."""

    file: str
    read: int = 0
    stored: int = 0
    already: int = 0
    refused: int = 0
    unplaced: int = 0  # stored, but with no place on the map (part of `stored`)
    rejects: str | None = None  # path of the rejects file, if one was written
    note: str | None = None  # what was passed over and is no row: a footer, messages of stations that do not move
    error: str | None = None  # why the file as a whole was refused; nothing of it is stored then

    def as_dict(self) -> dict:
        """For `--json`."""
        return asdict(self)
