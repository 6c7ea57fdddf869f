"""Any uploaded table as rows of cells: CSV in the encodings people have, XLSX without its dangers."""

from __future__ import annotations

import csv
import io
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from tunefolio.core.errors import Misuse

Cells = list[str]
"""The cells of one row as text, trimmed; a date or time of a spreadsheet as ISO 8601."""

UNPACKED_CAP = 100 * 1024 * 1024
MOST_MEMBERS = 2_000
MOST_ROWS = 200_000
MOST_COLUMNS = 64
MOST_CSV_COLUMNS = 1_000
_LONGEST_LINE = 1_000_000

_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_warnings_lock = threading.Lock()


def is_workbook(content: bytes) -> bool:
    return content.startswith(_ZIP)


def is_spreadsheet(content: bytes) -> bool:
    """A workbook, or what only a spreadsheet program opens: an old or a protected one."""
    return content.startswith((_ZIP, _OLD_EXCEL))


def csv_rows(content: bytes) -> Iterator[tuple[int, Cells]]:
    """(row as a spreadsheet counts, cells), without empty rows; streams. Misuse when it is no text table."""
    if is_workbook(content) or content.startswith(_OLD_EXCEL):
        raise Misuse("file", "is a spreadsheet, not a CSV", cure="Import it as XLSX, or export a CSV")
    text = _decoded(content)
    reader = csv.reader(_bounded(text, _delimiter(text)), delimiter=_delimiter(text))
    number = 0
    try:
        for cells in reader:
            number += 1
            if number > MOST_ROWS:
                raise Misuse("file", f"has more than {MOST_ROWS:,} rows", cure="Split it by year")
            row = [cell.strip() for cell in cells]
            if any(row):
                yield number, row
    except csv.Error as error:
        raise Misuse("file", f"is damaged at row {number + 1} ({error})") from None


def _bounded(text: str, delimiter: str) -> Iterator[str]:
    """Its lines; one with millions of cells is refused before a list is made of them."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if line.count(delimiter) >= MOST_CSV_COLUMNS or len(line) > _LONGEST_LINE:
            raise Misuse(
                "file", f"has more than {MOST_CSV_COLUMNS:,} columns at line {number}", cure="It is no table"
            )
        yield line


def xlsx_rows(content: bytes) -> Iterator[tuple[str, int, Cells]]:
    """(sheet, row, cells) of every sheet, without empty rows; streams. Misuse when it is none, or a trap."""
    _check_archive(content)
    from openpyxl import load_workbook  # imported late: slow, and only for spreadsheets
    from openpyxl.utils.exceptions import InvalidFileException

    broken = (
        InvalidFileException, zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError,
        TypeError, IndexError, AttributeError, EOFError, OSError, NotImplementedError,
    )  # fmt: skip
    try:
        with _warnings_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a missing default style is nothing to us
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                # The declared dimensions are the file's own claim: rows are counted as they come.
                sheet.reset_dimensions()
                for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS), 1):
                    if number > MOST_ROWS:
                        raise Misuse("file", f"has more than {MOST_ROWS:,} rows", cure="Split it by year")
                    row = [_text(cell) for cell in cells]
                    if any(row):
                        yield sheet.title, number, row
        finally:
            book.close()
    except Misuse:
        raise
    except broken:
        raise Misuse("file", "is damaged or no XLSX workbook", cure="Download it again") from None


def _check_archive(content: bytes) -> None:
    if content.startswith(_OLD_EXCEL):
        raise Misuse("file", "is an old or a protected Excel file", cure="Save it as XLSX without a password")
    try:
        members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise Misuse("file", "is damaged or no XLSX workbook", cure="Download it again") from None
    if len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > UNPACKED_CAP:
        raise Misuse("file", "unpacks to more than 100 MB", cure="Export fewer rows at once")


def _decoded(content: bytes) -> str:
    """UTF-8 with or without BOM, UTF-16 with one, else Windows' Western European."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise Misuse("file", "holds binary data, not a table", cure="Export it as CSV")
    return text


def _delimiter(text: str) -> str:
    """A comma, unless the first line has none but a semicolon or a tab, as a re-saved file may."""
    first = text.lstrip()[:4_000].split("\n", 1)[0]
    return next((sign for sign in ",;\t" if sign in first), ",")


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            is_date = (cell.hour, cell.minute, cell.second) == (0, 0, 0)
            return cell.date().isoformat() if is_date else cell.replace(microsecond=0).isoformat()
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case float():
            return repr(cell)
        case _:
            return str(cell).strip()
