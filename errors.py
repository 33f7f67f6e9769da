"""Every error Vigia raises on purpose, and the one table that gives each its HTTP status.

    VigiaError                     something a person can act on; the message says what and how
    ├── SettingsInvalid            a setting is wrong or missing
    ├── SetupFailed                a step of the set-up could not be done
    │   ├── ProgramMissing         a program of the system is not there
    │   ├── PortBusy               the address to serve on is taken
    │   └── DiskFull               there is no room left
    ├── DatabaseUnreachable        no server answers, or it refuses us
    ├── DatabaseUnfit              it answers, but lacks PostGIS, a role or a migration
    ├── InputRefused               something from outside is not what it must be
    │   ├── FileRefused            a whole file
    │   ├── RowRefused             one row or message of it
    │   ├── FilterInvalid          a query string
    │   ├── KnobRefused            a knob of an analysis
    │   ├── SchedulerRefused       other machines that an analysis is to use
    │   └── PointsRefused          what an analysis is given
    │       └── TooFew             fewer than its method needs
    ├── PictureLost                the file of an image is gone, or can't be read
    ├── LibraryMissing             what a kind of file is made with is not on this machine
    ├── NotFound                   no such thing, or none this world may see
    ├── Gone                       there was one, and it was deleted, revoked or has expired
    ├── Outrun                     somebody else changed it meanwhile
    ├── SignedOut                  nobody is signed in, or no longer
    ├── Forbidden                  somebody is, and may not
    │   └── ReleaseRefused         what would leave the house is marked so that it must not
    ├── PurposeMissing             what for was not told, and must be
    ├── RecordFailed               the record can't be written, so nothing governed is given out
    ├── BodyTooLong                a request brings more bytes than are taken
    ├── TooMuch                    a feed sends more than it may
    ├── StreamsFull                a session holds as many streams as it may
    ├── NoRoom                     there is no room on the disk for what somebody sends
    │   ├── ImportFull             for what is brought in
    │   └── SpoolFull              for what a feed sends
    ├── SpoolForeign               where it would be kept lies what another database's feed told
    ├── UploadBusy                 another request writes to the same upload
    ├── UploadElsewhere            a part of an upload begins where it does not end
    ├── UploadMarred               a part of an upload is not what its checksum says
    └── WorkerFailed               the one-shot worker that opens files died or ran over a limit
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


class VigiaError(Exception):
    """Something a person can act on."""


class SettingsInvalid(VigiaError):
    """A setting is wrong or missing."""


class SetupFailed(VigiaError):
    """A step of the set-up could not be done."""


class ProgramMissing(SetupFailed):
    """A program of the system is not there."""


class PortBusy(SetupFailed):
    """The address to serve on is taken."""


class DiskFull(SetupFailed):
    """There is no room left."""


class DatabaseUnreachable(VigiaError):
    """No server answers, or it refuses us."""


class DatabaseUnfit(VigiaError):
    """It answers, but lacks PostGIS, a role or a migration."""


class PictureLost(VigiaError):
    """The file of an image is gone, or can't be read."""


class LibraryMissing(VigiaError):
    """What a kind of file is made with is not on this machine."""


class NotFound(VigiaError):
    """No such thing, or none this world may see."""


class Gone(VigiaError):
    """There was one, and it was deleted, revoked or has expired."""


class Outrun(VigiaError):
    """Somebody else changed it meanwhile: what was looked at is not the newest version."""


class SignedOut(VigiaError):
    """Nobody is signed in, or no longer."""


class Forbidden(VigiaError):
    """Somebody is signed in, and may not do this."""


class ReleaseRefused(Forbidden):
    """What would leave the house is marked so that it must not."""


class PurposeMissing(VigiaError):
    """What for was not told, and must be."""


class RecordFailed(VigiaError):
    """The record can't be written, so nothing governed is given out."""


class WorkerFailed(VigiaError):
    """The one-shot worker that opens files died or ran over a limit."""


class BodyTooLong(VigiaError):
    """A request brings more bytes than are taken."""


class TooMuch(VigiaError):
    """A feed sends more than it may."""


class StreamsFull(VigiaError):
    """A session holds as many streams as it may."""

    def __init__(self, most: int, retry_s: int):
        super().__init__(f"this session has {most} streams open, and that is the most it may: close a page or program that holds one, or try again in {retry_s} s")
        self.retry_s = retry_s


class NoRoom(VigiaError):
    """There is no room on the disk for what somebody sends."""


class ImportFull(NoRoom):
    """There is no room on the disk for what is brought in; nothing of that file is kept."""


class SpoolFull(NoRoom):
    """There is no room for what a feed sends."""


class SpoolForeign(VigiaError):
    """Where it would be kept lies what another database's feed told."""


class UploadBusy(VigiaError):
    """Another request writes to the same upload."""


class UploadElsewhere(VigiaError):
    """A part of an upload begins where it does not end."""


class UploadMarred(VigiaError):
    """A part of an upload is not what its checksum says."""


def plain(text: object) -> str:
    """A text from outside as one line for a terminal: what would steer it or can't be written is escaped.

    >>> plain("a\\x1b[31m\\nb")
    'a\\\\x1b[31m\\\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(text))


@dataclass(frozen=True)
class Refusal:
    """Why one value from outside was refused: where it stood, what it was, what was expected."""

    file: str
    line: int | None
    field: str | None
    value: str | None
    expected: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}, line {self.line}"
        if self.field is None:
            return plain(f"{where}: expected {self.expected}")
        shown = "nothing" if self.value is None else repr(self.value[:80])
        return plain(f"{where}: {self.field[:80]} is {shown}, expected {self.expected}")

    def as_dict(self) -> dict:
        """The same as a JSON object, for rejects files and `--json`."""
        return asdict(self)


class InputRefused(VigiaError):
    """Something from outside is not what it must be."""


class FileRefused(InputRefused):
    """A whole file is refused; nothing of it was stored."""

    def __init__(self, refusal: Refusal):
        super().__init__(str(refusal))
        self.refusal = refusal


class RowRefused(InputRefused):
    """One row or message is refused."""

    def __init__(self, refusal: Refusal):
        super().__init__(str(refusal))
        self.refusal = refusal


class FilterInvalid(InputRefused):
    """A query string names an unknown key or holds a bad value.

    `problems` is a list of {"key", "value", "expected"}, one for each bad part.
    """

    def __init__(self, problems: list[dict]):
        super().__init__("; ".join(f"{p['key']}={p['value']}: expected {p['expected']}" for p in problems))
        self.problems = problems


class KnobRefused(InputRefused):
    """There is no such method or knob, or it may not be that."""


class SchedulerRefused(InputRefused):
    """No scheduler answers there, or none can be asked."""


class PointsRefused(InputRefused):
    """What an analysis is given is not what it reads."""


class TooFew(PointsRefused):
    """Fewer than a method needs; the message says how many it needs."""


HTTP_STATUS: dict[type[VigiaError], int] = {
    FilterInvalid: 422,
    InputRefused: 422,
    NotFound: 404,
    Gone: 410,
    Outrun: 412,
    SignedOut: 401,
    Forbidden: 403,
    PurposeMissing: 428,
    BodyTooLong: 413,
    TooMuch: 429,
    StreamsFull: 429,
    SpoolFull: 507,
    SpoolForeign: 507,
    NoRoom: 507,
    UploadBusy: 423,
    UploadElsewhere: 409,
    UploadMarred: 460,  # ref: tus 1.0, checksum
    RecordFailed: 503,
    LibraryMissing: 503,
    DatabaseUnreachable: 503,
    DatabaseUnfit: 503,
    VigiaError: 500,
}


def http_status(error: VigiaError) -> int:
    """The status of the nearest class of `error` that the table names."""
    for cls in type(error).__mro__:
        if cls in HTTP_STATUS:
            return HTTP_STATUS[cls]
    return 500
