"""Brings in what was sent by the browser, by the importer of the command line: one file after the other, each told of on its sender's page."""

from __future__ import annotations

import logging
from collections.abc import Callable

from data import uploads
from data.records import ImportReport
from data.sessions import owner_connection
from errors import ImportFull, VigiaError, plain
from feeds.imports import ImportOptions, check, import_files, summary
from feeds.uploads import FULL, Uploads
from settings import store
from settings import uploads as settings

log = logging.getLogger("vigia.jobs")

GONE = "whoever sent it may no longer bring files in for this agency; nothing of this file is stored"
FULL_WORDS = "no room left on the server's disk; nothing of this file is stored, and it is tried again within the hour"
FAILED_WORDS = "the server failed at this file; nothing of it is stored; its log says why"


def folder() -> Uploads:
    return Uploads(store().uploads, spare_bytes=settings().upload_spare_mb * 1_000_000)


def run(owner_url: str, go_on: Callable[[], bool] = lambda: True) -> int:
    """Import all that waits; how many files. One at a time: whoever runs this holds the lock of the queue."""
    done, passed, kept = 0, [], folder()
    with owner_connection(owner_url) as connection:
        connection.autocommit = True
        uploads.again(connection)
        while go_on() and (upload := uploads.next_one(connection, passed)) is not None:
            state, told = _brought(owner_url, kept, upload)
            uploads.came(connection, upload["id"], state, told)
            if state == "waiting":
                passed.append(upload["id"])
                continue
            kept.drop(upload["id"])
            done += 1
    return done


def _brought(owner_url: str, kept: Uploads, upload: dict) -> tuple[str, list[dict]]:
    """What became of one upload, and a line for each file in it."""
    if not upload["may"]:
        return "refused", [{"state": "refused", "words": GONE}]
    try:
        path = kept.file(upload["id"], upload["name"])
        options = ImportOptions(**upload["options"], by=f"person:{upload['person']}")
        check(options)
        reports = import_files("imagery", [path], options, _quiet, owner_url=owner_url)
    except ImportFull:
        return "waiting", [{"state": "waiting", "words": FULL_WORDS}]
    except VigiaError as error:
        return "refused", [{"state": "refused", "words": plain(error)}]
    except OSError as error:
        if error.errno in FULL:
            return "waiting", [{"state": "waiting", "words": FULL_WORDS}]
        log.exception("upload %s", upload["id"])
        return "refused", [{"state": "refused", "words": FAILED_WORDS}]
    except Exception:  # one file must not hold up all that come after it
        log.exception("upload %s", upload["id"])
        return "refused", [{"state": "refused", "words": FAILED_WORDS}]
    told = [{"state": _state(r), "words": summary([r]).replace(str(path), upload["name"])} for r in reports]
    return _state_of_all({line["state"] for line in told}), told


def _state(report: ImportReport) -> str:
    return "refused" if report.error or report.refused else "already" if report.already and not report.stored else "stored"


def _state_of_all(states: set[str]) -> str:
    return next(state for state in ("refused", "stored", "already") if state in states)


def tidy(owner_url: str) -> bool:
    """Erase what nobody went on with; whether something waits to be read."""
    kept = folder()
    with owner_connection(owner_url) as connection:
        resting = kept.resting(uploads.unfinished(connection), settings().upload_hours)
        known = uploads.forget(connection, resting)
        waits = uploads.waits(connection)
        connection.commit()
    gone = kept.keep_only(known)
    if gone:
        log.info("uploads: %s unfinished ones erased", gone)
    return waits


def _quiet(step: str, done: float, total: float | None) -> None:
    """Whoever sent it is told by state."""
