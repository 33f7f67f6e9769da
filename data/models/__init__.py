"""The tables. The schema `vigia` holds what is looked at, `access` who may look and `audit` who did (of these two the serving role can read nothing); times are timestamptz in UTC; geometry is EPSG:4326 but where a comment says otherwise.

`world` (see data/worlds.py) stands on every governed table. `qk` and `cell` are quadkeys (see data/quadkey.py).
"""

from data.models.access import Link, Membership, Operation, Party, Person, Policy, Screen, Session
from data.models.audit import Entry, Head, Node, Salt
from data.models.authority import Authority, Duty, Handover, Quarantine, Warning
from data.models.base import SCHEMA, SCHEMAS, Base
from data.models.compare import Change, ChangeCandidate, ImageOffset, Looker
from data.models.events import Alert, AlertStep, Event, EventDue, EventRevision, Rule, WatchArea
from data.models.feeds import Feed, FeedState, SpoolMark, Unsettled
from data.models.imagery import Image, Sortie
from data.models.movement import Cover, Fix, Flow, LatestFix, Measured, Reader, Segment, Track
from data.models.outgoing import Delivery, Destination
from data.models.reference import BorderSection, Place
from data.models.releases import Release, ReleaseNotice, ReleaseRecord
from data.models.retention import Bycatch, FileToErase, Held, Hold, RetentionClock, RetentionCount, RetentionPolicy, Review, Tombstone
from data.models.runs import Run, RunCell, RunPlace, ZoneSet
from data.models.saved_views import SavedView, ShortLink
from data.models.seizures import Seizure
from data.models.sources import Agency, DataState, Source
from data.models.uploads import Upload
from data.models.videos import Video, VideoLook

__all__ = [
    "Agency", "Alert", "AlertStep", "Authority", "Base", "BorderSection", "Bycatch", "Change", "ChangeCandidate", "Cover", "DataState", "Delivery", "Destination", "Duty", "Entry", "Event", "EventDue",
    "EventRevision", "Feed", "FeedState", "FileToErase", "Fix", "Flow", "Handover", "Head", "Held", "Hold", "Image", "ImageOffset", "LatestFix",
    "Link", "Looker", "Measured", "Membership", "Node", "Operation", "Party", "Person", "Place", "Policy", "Quarantine", "Reader", "Release", "ReleaseNotice",
    "ReleaseRecord", "RetentionClock", "RetentionCount", "RetentionPolicy", "Review", "Rule", "Run", "RunCell", "RunPlace", "Salt", "SavedView", "SCHEMA", "SCHEMAS",
    "Screen", "Segment", "Seizure", "Session", "ShortLink", "Sortie", "Source", "SpoolMark", "Tombstone", "Track", "Unsettled", "Upload", "Video", "VideoLook", "Warning",
    "WatchArea", "ZoneSet",
]
