"""Every id of the page, once. A pattern id is a function: `chip("drug", "cocaine")`."""

from __future__ import annotations

# choices: the browser's own state (the URL), told to Dash
CHOICES = "choices"  # Store: {"query": "world=…&from=…", "world", "sel", "layers", "at", …}, written by the browser alone
COUNTS = "counts"  # Store: the answer of data.counts for those choices
SCREENS_SILENT = "screens-silent"  # which screens have fallen silent, for whoever keeps them; hidden while none has
WARNINGS = "warnings"  # what there is to be told of authorities; hidden while there is nothing
BOOT = "boot"  # Store whose only change starts the browser's side

# containers the browser's own code draws into
MAP = "map"
TIMELINE = "timeline"
LEGEND = "legend"
SCALE = "scale"
STATUS = "status"
SILENCE = "silence"  # since when nothing was heard; hidden while something is
NOTHING = "nothing"

# top
STRIP = "strip"
WORLD = "world"
SEARCH = "search"
SEARCH_RESULTS = "search-results"
EXPORT = "export"
CLOCK_UTC = "clock-utc"
CLOCK_LOCAL = "clock-local"
THEME = "theme"
RAIL_TOGGLE = "rail-toggle"
FEEDS = "feeds-state"  # how the feeds fare; hidden while there is none

# alerts and events
ALERTS = "alerts"
ALERTS_TOGGLE = "alerts-toggle"
ALERT_LINES = "alert-lines"
EVENT_ROWS = "event-rows"
EVENT_TOTAL = "event-total"
EVENTS_ON_MAP = "events-on-map"
EVENT_LINE = "event-line"  # in the rail, written with the panel's number
EMERGENCY = "emergency"

COMPARE = "compare"  # two images beside each other
ANALYSIS = "analysis"  # the panel of analyses
ANALYSIS_LEGEND = "analysis-legend"  # what the open one shows on the map, in words

VIEWS = "views"  # the panel of saved views
VIEW_BAR = "view-bar"  # which one is shown, and whether it was changed since; hidden while none is

# rail
RAIL = "rail"
CLEAR = "clear"
PERIOD = "period"
DRUG = "drug"
KIND = "kind"
KIND_TOTAL = "kind-total"
AMOUNT = "amount"
AMOUNT_WORDS = "amount-words"
AMOUNT_BARS = "amount-bars"
AGENCY = "agency"
CONVEYANCE = "conveyance"
TEXT = "text"
TEXT_ALL = "text-all"
AREA = "area"
AREA_CLEAR = "area-clear"
TRAIL = "trail"
VECTOR = "vector"
VEIL = "veil"
AREA_SAVE = "area-save"
UNPLACED = "unplaced"
SHOW = "show"

# details, drawer
DETAILS = "details"
DRAWER = "drawer"
DRAWER_TAB = "drawer-tab"
DRAWER_TOGGLE = "drawer-toggle"
DRAWER_WORDS = "drawer-words"
TABLE = "table"
TABLE_PANE = "table-pane"
CHARTS = "charts"

LAYERS = ("events", "movements", "seizures", "hotspots", "imagery", "sections", "coverage")


def eye(layer: str) -> dict:
    """A layer's on/off button."""
    return {"part": "eye", "layer": layer}


def opacity(layer: str) -> dict:
    """A layer's opacity slider."""
    return {"part": "opacity", "layer": layer}


def order(layer: str, way: str) -> dict:
    """The button that moves a layer `up` or `down`."""
    return {"part": "order", "layer": layer, "way": way}


def line(layer: str) -> dict:
    """The line of count and age under a layer's name."""
    return {"part": "line", "layer": layer}


def row(layer: str) -> dict:
    """A layer's row."""
    return {"part": "row", "layer": layer}
