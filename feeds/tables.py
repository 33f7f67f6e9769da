"""Tables from outside, as batches of text columns with the line each row stood on. Memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from errors import FileRefused, Refusal
from feeds.mapping import Mapping, load, recognise

BLOCK_BYTES = 8 << 20
ROWS = 100_000
HEADER_BYTES = 64 << 10
COLUMNS_MAX = 1_000
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")


@dataclass
class Table:
    """A table with its mapping; `batches` gives (first line, RecordBatch)."""

    path: Path
    header: list[str]
    mapping: Mapping
    format: str

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        if self.format == "parquet":
            yield from _parquet(self.path)
        elif self.format == "xlsx":
            yield from _xlsx(self.path)
        else:
            yield from _csv(self.path, self.mapping)


def open_table(path: Path, layers: tuple[str, ...], mapping: Path | None) -> Table:
    """A CSV, Parquet or XLSX file with the mapping told or known by its header. Raises FileRefused."""
    format = {".parquet": "parquet", ".xlsx": "xlsx"}.get(path.suffix.lower(), "csv")
    told = load(mapping) if mapping else None
    if told and told.layer not in layers:
        raise FileRefused(Refusal(mapping.name, None, "layer", told.layer, f"one of {', '.join(layers)}"))
    if not path.is_file():
        raise FileRefused(Refusal(path.name, None, None, None, "a file that exists"))
    delimiters = (told.delimiter,) if told else (",", ";", "\t", "|")
    header: list[str] = []
    for delimiter in delimiters:
        header = header_of(path, format, delimiter, told.encoding if told else None)
        found = told or recognise(layers, header)
        if found:
            _check(path, header, found, complete=told is not None)
            # A known layout is known by its columns, whatever parts them.
            return Table(path, header, replace(found, delimiter=delimiter), format)
    raise FileRefused(Refusal(
        path.name, 1, "header", ",".join(header), "a known layout (docs/formats.md), or a mapping told with --mapping"))


def header_of(path: Path, format: str, delimiter: str, encoding: str | None) -> list[str]:
    """The column names."""
    if format == "parquet":
        try:
            return pa.parquet.read_schema(path).names
        except (pa.ArrowInvalid, OSError):
            raise FileRefused(Refusal(path.name, None, None, None, "a Parquet file that can be read")) from None
    if format == "xlsx":
        return _sheet(path)[0]
    with path.open("rb") as handle:
        head = handle.read(HEADER_BYTES)
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused(Refusal(path.name, None, None, None, "text; this file holds NUL bytes"))
    line = head.split(b"\n", 1)[0]
    if len(line) == HEADER_BYTES:
        raise FileRefused(Refusal(path.name, 1, "header", None, f"a first line of at most {HEADER_BYTES >> 10} kB"))
    for name in (encoding,) if encoding else ENCODINGS:
        try:
            text = line.decode(name)
        except UnicodeDecodeError:
            continue
        return [cell.strip().strip('"') for cell in text.rstrip("\r\n").split(delimiter)]
    raise FileRefused(Refusal(path.name, 1, None, None, f"text in {encoding or ' or '.join(ENCODINGS)}; another encoding is told as [csv] encoding of a mapping"))


def _check(path: Path, header: list[str], mapping: Mapping, complete: bool) -> None:
    if len(header) > COLUMNS_MAX:
        raise FileRefused(Refusal(path.name, 1, "header", f"{len(header):,} columns", f"at most {COLUMNS_MAX:,} columns"))
    # A mapping somebody wrote for a file must fit it; of a layout that is known some columns may be missing.
    if len(set(header)) != len(header):
        twice = sorted({h for h in header if header.count(h) > 1})
        raise FileRefused(Refusal(path.name, 1, "header", ", ".join(twice), "each column once"))
    missing = [c.name for c in mapping.columns if c.name not in header]
    if missing and complete:
        raise FileRefused(Refusal(path.name, 1, "header", ",".join(header), f"the columns {', '.join(missing)} of the mapping "
                                                                             f"{mapping.name}"))


def _csv(path: Path, mapping: Mapping) -> Iterator[tuple[int, pa.RecordBatch]]:
    encoding = _encoding(path, mapping.encoding)
    broken: list[pa.csv.InvalidRow] = []

    def remember(row: pa.csv.InvalidRow) -> str:
        broken.append(row)
        return "error"

    try:
        reader = pa.csv.open_csv(
            path,
            read_options=pa.csv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding, use_threads=False),
            parse_options=pa.csv.ParseOptions(delimiter=mapping.delimiter, newlines_in_values=False, invalid_row_handler=remember),
            convert_options=pa.csv.ConvertOptions(
                column_types={name: pa.string() for name in _names(path, mapping)}, strings_can_be_null=False),
        )
        line = 2
        for batch in reader:
            for start in range(0, batch.num_rows, ROWS):
                piece = batch.slice(start, ROWS)
                yield line, piece
                line += piece.num_rows
    except pa.ArrowInvalid as error:
        if broken:
            row = broken[0]
            raise FileRefused(Refusal(path.name, row.number, None, row.text,
                                      f"{row.expected_columns} columns, not {row.actual_columns}")) from None
        if "invalid UTF8" in str(error):
            line, cell = _not_utf8(path)
            raise FileRefused(Refusal(path.name, line, "text", cell, "UTF-8; another encoding is told as [csv] encoding of a mapping")) from None
        if "straddling" in str(error):
            raise FileRefused(Refusal(path.name, None, None, None, f"lines of at most {BLOCK_BYTES >> 20} MB")) from None
        raise FileRefused(Refusal(path.name, None, None, None, f"a CSV file that can be read ({str(error)[:160]})")) from None
    except UnicodeDecodeError as error:
        raise FileRefused(Refusal(path.name, None, None, None, f"text in {encoding} ({error.reason} at byte {error.start})")) from None


def _not_utf8(path: Path) -> tuple[int | None, str | None]:
    """The first line that is not UTF-8, and what stands there."""
    with path.open("rb") as handle:
        for number, line in enumerate(handle, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return number, line[max(0, error.start - 10):error.start + 10].decode("latin-1")
    return None, None


def _encoding(path: Path, told: str) -> str:
    return "utf8" if told in ("utf-8-sig", "utf-8", "utf8") else told


def _names(path: Path, mapping: Mapping) -> list[str]:
    return header_of(path, "csv", mapping.delimiter, mapping.encoding)


def _parquet(path: Path) -> Iterator[tuple[int, pa.RecordBatch]]:
    file = pa.parquet.ParquetFile(path)
    row = 1
    try:
        for batch in file.iter_batches(batch_size=ROWS):
            yield row, batch
            row += batch.num_rows
    except (pa.ArrowInvalid, OSError) as error:
        raise FileRefused(Refusal(path.name, row, None, None, f"a Parquet file that can be read ({str(error)[:160]})")) from None


def _xlsx(path: Path) -> Iterator[tuple[int, pa.RecordBatch]]:
    header, rows = _sheet(path)
    for start in range(0, len(rows), ROWS):
        piece = rows[start:start + ROWS]
        columns = [pa.array([_cell(r[i]) for r in piece], pa.string()) for i in range(len(header))]
        yield start + 2, pa.RecordBatch.from_arrays(columns, header)


def _sheet(path: Path) -> tuple[list[str], list[list]]:
    """The first sheet of a workbook: header and rows. Opened in the one-shot worker."""
    from feeds.worker import xlsx_rows

    rows = xlsx_rows(path)
    if not rows:
        raise FileRefused(Refusal(path.name, None, None, None, "a sheet with a header row"))
    return [str(c).strip() for c in rows[0]], rows[1:]


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def text_column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column as text without blanks at its ends; null where there is nothing."""
    column = batch.column(batch.schema.get_field_index(name))
    if not pa.types.is_string(column.type):
        column = pc.cast(column, pa.string())
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(column, ""), None, column)
