"""Tables from text: CSV, TSV and their relatives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from syn0.data.table import Table, concatenated
from syn0.data.values import COMMA_NUMBER, from_text, parse_numbers
from syn0.errors import ArgumentError, DataError

DELIMITERS = (",", "\t", ";", "|")
_LOOKED_AT = 100  # records that tell the delimiter
_LONGEST = 131_072  # characters of a field
_CALLED = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}

# How files of other kinds begin, and what to do with them.
_OTHER_KINDS = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV"),
    (b"\x1f\x8b", "compressed by gzip", "unpack it: gunzip"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"ARROW1", "an Arrow file", "read it with pyarrow or polars and give the data frame"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
)


def read_delimited(
    path: Path,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    header: bool = True,
    decimal: str = ".",
    missing: Iterable[str] = (),
) -> Table:
    """Return the table in a file of delimited text; see `read_table`."""
    if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
        raise ArgumentError(
            f"delimiter is {delimiter!r}.", where=path.name, expected="one character, or None"
        )
    if decimal not in (".", ","):
        raise ArgumentError(
            f"decimal is {decimal!r}.", where=path.name, expected="'.' or ','"
        )  # fmt: skip
    text = _decoded(path, encoding)
    if delimiter is None:
        delimiter = _delimiter_of(text, path, [d for d in DELIMITERS if d != decimal])
    records, lines = _records(text, delimiter, path.name)
    names = _names(records, lines, header, path.name)
    if header:
        records, lines = records[1:], lines[1:]
    if not records:
        raise DataError(
            "the file has a header and no rows.",
            where=path.name,
            expected="a row of values below the names",
        )
    _check_lengths(records, lines, names, delimiter, path.name)
    words = frozenset([missing] if isinstance(missing, str) else missing)
    columns = {}
    for name, texts in zip(names, zip(*records, strict=True), strict=True):
        if decimal == ",":
            texts = tuple(
                t.replace(",", ".") if COMMA_NUMBER.fullmatch(t.strip()) else t for t in texts
            )
        columns[name] = from_text(texts, words)
    return Table(columns, path.name, np.array(lines, np.int64))


# ----- bytes to text ------------------------------------------------------


def _decoded(path: Path, encoding: str) -> str:
    data = path.read_bytes()
    if not data.strip():
        raise DataError(
            "the file is empty.", where=path.name, expected="a line of names, and rows below"
        )
    for start, kind, mend in _OTHER_KINDS:
        if data.startswith(start):
            raise DataError(
                f"the file is {kind}, not text.", where=path.name, expected="CSV or TSV", mend=mend
            )
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # with or without the mark of byte order
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError(
                "the file is text in UTF-16.",
                where=f"{path.name}, byte 0",
                expected="UTF-8",
                mend="read_table(..., encoding='utf-16')",
            )
    try:
        text = data.decode(encoding)
    except LookupError:
        raise ArgumentError(
            f"there is no encoding {encoding!r}.",
            where=f"{path.name}, encoding=",
            mend="write one that Python knows: 'utf-8', 'cp1252', 'latin-1', 'utf-16'",
        ) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"byte {error.start} is 0x{data[error.start]:02x}, which is no text in "
            f"{encoding.removesuffix('-sig')}.",
            where=f"{path.name}, line {line}",
            expected="UTF-8, or another encoding that is named",
            mend="files saved in Western Europe or America are often "
            "read_table(..., encoding='cp1252')",
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        half = text.count("\0") > len(text) // 4
        raise DataError(
            f"character {nul} is NUL, which no text holds.",
            where=f"{path.name}, line {text.count(chr(10), 0, nul) + 1}",
            expected="text",
            mend="read_table(..., encoding='utf-16-le')"
            if half
            else "write the file again: it was cut off, or is no text",
        )
    return text


# ----- text to records ----------------------------------------------------


def _delimiter_of(text: str, path: Path, among: list[str]) -> str:
    """Return the delimiter by which the first records have most fields in common."""
    start = text[: _LOOKED_AT * 10_000]
    best, found = (0.0, 1), ""
    for delimiter in sorted(among, key=lambda d: (d == "\t") != (path.suffix == ".tsv")):
        widths = []
        try:
            for record in csv.reader(io.StringIO(start, newline=""), delimiter=delimiter):
                widths.append(len(record) if record else 0)
                if len(widths) > _LOOKED_AT:
                    break
        except csv.Error:  # told with its line when the records are read
            pass
        widths = [width for width in widths if width]
        if widths and widths[0] > 1:
            alike = sum(width == widths[0] for width in widths) / len(widths)
            if (alike, widths[0]) > best:
                best, found = (alike, widths[0]), delimiter
    return found or among[0]


def _records(text: str, delimiter: str, source: str) -> tuple[list[list[str]], list[int]]:
    """Return the fields of each record, and the line on which it begins; empty lines are none."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    records, lines, before = [], [], 0
    limit = csv.field_size_limit(_LONGEST)
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        what, mend = _explained(str(error), delimiter)
        raise DataError(what, where=f"{source}, line {before + 1}", mend=mend) from None
    finally:
        csv.field_size_limit(limit)
    return records, lines


def _explained(error: str, delimiter: str) -> tuple[str, str]:
    close = 'a mark within a field is written twice: "5"" pipe"'
    if "field limit" in error:
        return (
            f"a field that begins here has more than {_LONGEST:,} characters.",
            f"close the quotation mark that was left open; {close}",
        )
    if "unexpected end" in error:
        return "a quotation mark that opens here is never closed.", f"close it; {close}"
    if "expected after" in error:
        return (
            f"after a closing quotation mark something else than {delimiter!r} follows.",
            f"quote the whole field; {close}",
        )
    return f"the text cannot be read: {error}.", "write the file again as CSV"


def _names(records: list[list[str]], lines: list[int], header: bool, source: str) -> list[str]:
    first = records[0]
    if not header:
        return [f"column_{i}" for i in range(1, len(first) + 1)]
    where = f"{source}, line {lines[0]}"
    if parse_numbers(first) is not None:
        raise DataError(
            f"the first line holds numbers, {concatenated(first, 3)}, where names are expected.",
            where=where,
            expected="a line with the names of the columns",
            mend="write one, or read_table(..., header=False), which calls them column_1, ...",
        )
    names = [name.strip() or f"column_{i}" for i, name in enumerate(first, start=1)]
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if name in seen:
            raise DataError(
                f"two columns have the name {name!r}: columns {seen[name]} and {position}.",
                where=where,
                expected="a name of its own for each column",
                mend="rename one of them",
            )
        seen[name] = position
    return names


def _check_lengths(
    records: list[list[str]], lines: list[int], names: list[str], delimiter: str, source: str
) -> None:
    for record, line in zip(records, lines, strict=True):
        if len(record) != len(names):
            parts = _CALLED.get(delimiter, repr(delimiter))
            fields = f"{len(record)} field{'s' * (len(record) != 1)}"
            raise DataError(
                f"the row has {fields}, the header {len(names)}.",
                where=f"{source}, line {line}",
                expected=f"{len(names)} fields, parted by {parts}",
                mend="write quotation marks around a field that holds the delimiter, "
                "or leave nothing between two of them for a missing value",
            )
