"""Files as exchanges publish them: zips and separated tables, and the hosts that they lie on.

Errors by what to do next, never half a table.

Retry: a page where a file should be, an archive or a last line that breaks off. Rejected: anything else that
is not what it should be. `who` is the publisher's name in every message.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from tunefolio.adapters.gates import Gate, Gates
from tunefolio.adapters.http import Answer, Judge, by_refusal
from tunefolio.adapters.options import POLITE, Options
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import quantized
from tunefolio.core.time import TradingDay

_LARGEST = Decimal(10) ** 15
_LONGEST_LINE = 100_000
_DIGITS = 10
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6,
    "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_NAMED_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4}|\d{2})\Z")
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:T.*)?\Z")
_DAY_FIRST = re.compile(r"(\d{2})[-/](\d{2})[-/](\d{4})\Z")
_NOTHING = frozenset({"", "-", "--", "na", "n.a.", "#n/a", "nil", "null"})
_BROKEN_ARCHIVE = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip


_AGENT = "Mozilla/5.0 (compatible; TuneFolio)"


@dataclass(frozen=True, slots=True)
class Addresses:
    """An exchange's own hosts: one where its files lie, one that answers questions.

    files_option: the option that names another host for files. page: which they say they come from.
    """

    files_option: str
    files: str
    site: str
    page: str
    per_second: float
    has_origin: bool = False


class Hosts:
    """The two hosts of an exchange, asked in a browser's words and with the same manners each.

    Options: root_url for both, or that of the files and api_url; user_agent; the polite ones. Raises Misuse.
    """

    def __init__(self, name: str, options: Mapping[str, str], gates: Gates, *, own: Addresses) -> None:
        known = {"root_url", own.files_option, "api_url", "user_agent", *POLITE}
        given = Options(name, options, known)
        root = given.url("root_url", "https://localhost") if "root_url" in options else ""
        self._name, self._gates = name, gates
        self._files = given.url(own.files_option, root or own.files)
        self._site = given.url("api_url", root or own.site)
        self._headers = _as_browser(own, given.text("user_agent", _AGENT) or _AGENT)
        self._seconds = given.above_zero("timeout_seconds", 20)
        self._manners = given.manners(own.per_second)

    def files(self, judge: Judge = by_refusal) -> Gate:
        return self._gate(self._name, self._files, judge)

    def site(self, judge: Judge = by_refusal) -> Gate:
        return self._gate(f"{self._name}-site", self._site, judge)

    def _gate(self, name: str, host: str, judge: Judge) -> Gate:
        return self._gates.gate(
            name, host, self._manners, judge=judge, headers=self._headers, timeout_seconds=self._seconds
        )


def _as_browser(own: Addresses, agent: str) -> Mapping[str, str]:
    """Both exchanges turn away who does not come from a page of theirs."""
    told = {"Accept": "*/*", "Accept-Language": "en-IN,en;q=0.9", "Referer": f"{own.page}/"}
    return {**told, **({"Origin": own.page} if own.has_origin else {}), "User-Agent": agent}


def is_page(answer: Answer) -> bool:
    """A web page: how guards before a site say no, with any status."""
    head = answer.content[:200].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return answer.content_type == "text/html" or head.startswith((b"<!doctype", b"<html", b"<head"))


def must_be_file(answer: Answer, who: str) -> bytes:
    """Its bytes; Retry for a page or nothing at all."""
    if is_page(answer):
        raise Retry(f"{who}: sent a page instead of a file")
    if not answer.content.strip():
        raise Retry(f"{who}: sent an empty file")
    return answer.content


def unzipped(content: bytes, who: str, *, cap_bytes: int) -> Iterator[str]:
    """The lines of the one table in an archive, unpacked while they are read; Rejected above the cap."""
    if not content.startswith(b"PK"):
        raise Rejected(f"{who}: the file is no archive", code="not_a_zip")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if one.filename.lower().endswith((".csv", ".txt"))]
            if len(members) != 1:
                raise Rejected(
                    f"{who}: the archive holds {len(members)} tables, not one", code="not_one_table"
                )
            if members[0].file_size > cap_bytes:
                raise Rejected(f"{who}: the table is larger than {cap_bytes} bytes", code="too_large")
            with archive.open(members[0]) as stream:
                yield from _lines(io.TextIOWrapper(stream, "utf-8-sig", "replace", newline=""))
    except _BROKEN_ARCHIVE:
        raise Retry(f"{who}: the archive breaks off") from None
    except ValueError:
        raise Rejected(f"{who}: the archive makes no sense", code="not_a_zip") from None


def plain(content: bytes) -> Iterator[str]:
    """The lines of a table that is not packed."""
    return _lines(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", "replace", newline=""))


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        yield line


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its cells by column name, trimmed. number: as an editor counts."""

    who: str
    number: int
    cells: Mapping[str, str]

    def text(self, *names: str) -> str:
        """The first of these columns that the table has; "" when it has none of them."""
        return next((self.cells[name] for name in names if name in self.cells), "")

    def decimal(self, *names: str) -> Decimal | None:
        """A number ≥ 0, None for the publisher's ways to write none."""
        text = self.text(*names)
        if text.lower() in _NOTHING:
            return None
        value = number_of(text)
        if value is None:
            raise self.flaw(names[0], text)
        return value

    def count(self, *names: str) -> int | None:
        """A whole number ≥ 0, None for none."""
        value = self.decimal(*names)
        if value is not None and value != value.to_integral_value():
            raise self.flaw(names[0], str(value))
        return None if value is None else int(value)

    def day(self, *names: str) -> TradingDay:
        found = day_of(self.text(*names))
        if found is None:
            raise self.flaw(names[0], self.text(*names))
        return found

    def flaw(self, column: str, text: str) -> Rejected:
        reason = f"{self.who}: row {self.number}: {column} {text[:40]!r} makes no sense"
        return Rejected(reason, code="wrong_type")


def table(
    lines: Iterable[str], who: str, *, needed: Sequence[tuple[str, ...]], separator: str = ","
) -> Iterator[Row]:
    """The rows below a header, by column names in lower case without spaces and marks.

    needed: of each group one column must be there; Rejected otherwise. A last line that breaks off is Retry.
    """
    ends = _Ends(lines)
    rows = csv.reader(ends, delimiter=separator)
    try:
        names = [name_of(cell) for cell in next(rows, [])]
        ends.must_go_on(who)
        lacking = [group[0] for group in needed if not set(group) & set(names)]
        if lacking:
            raise ends.flaw(f"{who}: the table lacks the column {', '.join(lacking)}", who)
        width = len(names) - (names[-1] == "")
        for cells in rows:
            if len(cells) >= width:
                filled = zip(names, map(str.strip, cells), strict=False)
                yield Row(who, rows.line_num, dict(filled))
            elif any(cell.strip() for cell in cells):
                raise ends.flaw(f"{who}: row {rows.line_num} lacks cells", who)
    except csv.Error:
        raise Rejected(f"{who}: the table is no table", code="wrong_type") from None


class _Ends:
    """Lines that remember how the last of them ended."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._last = "\n"

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._last = line
            yield line

    def must_go_on(self, who: str) -> None:
        """Below a header without an end there is nothing, and nobody publishes nothing."""
        if not self._last.endswith(("\n", "\r")):
            raise Retry(f"{who}: the file breaks off")

    def flaw(self, reason: str, who: str) -> Retry | Rejected:
        """A line that is too short breaks off where it is the last and has no end; else it makes no sense."""
        if self._last.endswith(("\n", "\r")) or next(self._lines, None) is not None:
            return Rejected(reason, code="missing_field")
        return Retry(f"{who}: the file breaks off")


def name_of(cell: str) -> str:
    """A column's name without what differs from file to file: case, spaces, marks."""
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def number_of(text: str) -> Decimal | None:
    """A finite number ≥ 0 below 10^15, to ten decimals at most; None for anything else."""
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value < _LARGEST:
        return None
    return value if -int(value.as_tuple().exponent) <= _DIGITS else quantized(value, _DIGITS)


@lru_cache(maxsize=512)
def day_of(text: str) -> TradingDay | None:
    """2024-07-08, 08-Jul-2024, 08-JUL-24 or 08-07-2024, a time behind it ignored; None for anything else."""
    text = text.strip().partition(" ")[0]
    try:
        if match := _NAMED_MONTH.match(text):
            year = int(match[3])
            return TradingDay(date(_century(year), _MONTHS[match[2].lower()], int(match[1])))
        if match := _ISO.match(text):
            return TradingDay(date(int(match[1]), int(match[2]), int(match[3])))
        if match := _DAY_FIRST.match(text):
            return TradingDay(date(int(match[3]), int(match[2]), int(match[1])))
    except (ValueError, KeyError):
        return None
    return None


def _century(year: int) -> int:
    """Two digits mean 1970 to 2069."""
    if year >= 100:
        return year
    return 2000 + year if year < 70 else 1900 + year
