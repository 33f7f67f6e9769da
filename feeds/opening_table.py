"""Inside the sandbox: workbooks."""

from __future__ import annotations

import zipfile
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from feeds.opening import Bad

ROWS_MAX = 1_000_000
UNPACKED_MAX = 1 << 30
RATIO_MAX = 100


def xlsx(input: str) -> dict:
    """The first sheet as rows of text."""
    check_zip(Path(input))
    try:
        rows = CalamineWorkbook.from_path(input).get_sheet_by_index(0).to_python()
    except (CalamineError, ValueError, IndexError) as error:
        raise Bad(f"a workbook that can be read ({str(error)[:120]})") from None
    if len(rows) > ROWS_MAX:
        raise Bad(f"at most {ROWS_MAX:,} rows", "rows", len(rows))
    return {"rows": [[_text(cell) for cell in row] for row in rows]}


def _text(cell: object) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def check_zip(path: Path) -> None:
    """Count what it unpacks to by unpacking it: what its own table says is a claim."""
    try:
        with zipfile.ZipFile(path) as packed:
            if len(packed.infolist()) > 1_000:
                raise Bad("at most 1,000 entries in the file", "entries", len(packed.infolist()))
            total = 0
            for entry in packed.infolist():
                if entry.flag_bits & 1:
                    raise Bad("entries that are not encrypted", "entry", entry.filename)
                with packed.open(entry) as handle:
                    while block := handle.read(1 << 20):
                        total += len(block)
                        if total > UNPACKED_MAX or (total > 10 << 20 and total > RATIO_MAX * path.stat().st_size):
                            raise Bad(f"at most {UNPACKED_MAX >> 30} GB and {RATIO_MAX} times its size when unpacked", "unpacked", total)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise Bad(f"a file that can be unpacked ({str(error)[:120]})") from None
