"""What AMFI's tables say: the newest value of every scheme, or those of past days; and one scheme's past.

Lines are parted by semicolons, between them lines with the kind of scheme and with the fund house. Columns
are found by the header: six until 2026, eight since, others in the report of past days.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import row_of, rows_of
from tunefolio.adapters.published import Row, day_of, name_of, number_of
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import Isin, find_isin
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing

WHO = "AMFI"
_CODE, _VALUE, _DAY = ("schemecode",), ("netassetvalue",), ("date",)
_NAME = ("schemename", "navname")
_PAYOUT = re.compile(r"isin.*(?:growth|payout)")
_REINVESTED = re.compile(r"isin.*reinvest")
_WRITTEN_DAY = len("24-Aug-2026")
_NOTHING = frozenset({"", "-", "na", "n.a.", "n/a", "#n/a", "nan", "null"})


@dataclass(frozen=True, slots=True)
class Value:
    """A scheme and its net asset value in INR; None where the table has none.

    isins: of growth or payout, and of reinvestment; one or both may be lacking. category: AMFI's own words,
    "Open Ended Schemes(Debt Scheme - Liquid Fund)".
    """

    code: str
    isins: tuple[Isin, ...]
    name: str
    plan: str
    option: str
    category: str
    house: str
    value: Decimal | None
    day: TradingDay | None

    @property
    def listings(self) -> tuple[Listing, ...]:
        """By ISIN, as brokers name funds; by the scheme's code where it has none."""
        return tuple(Listing("MF", name) for name in self.isins or (self.code,))

    @property
    def scheme_category(self) -> str:
        """The category within the brackets, in single spaces; "" where the table names none."""
        return " ".join(self.category.partition("(")[2].removesuffix(")").split())

    @property
    def whole_name(self) -> str:
        """With plan and option, which stand in columns of their own since 2026."""
        said = self.name.lower()
        return " - ".join([self.name, *(one for one in (self.plan, self.option) if one.lower() not in said)])


def values(lines: Iterable[str]) -> Iterator[Value]:
    """Every row below the header. Rejected: no header or a broken row. Retry: the last line breaks off."""
    names: list[str] = []
    category = house = ""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        if text.startswith("<"):
            raise Retry(f"{WHO}: sent a page instead of a table")
        cells = text.split(";")
        if not names:
            names = _names(cells, line)
        elif len(cells) == 1 and line.endswith(("\n", "\r")):
            category, house = (text, "") if _is_category(text) else (category, text)
        elif len(cells) < len(names):
            raise _flaw(line, number)
        else:
            row = Row(WHO, number, dict(zip(names, map(str.strip, cells), strict=False)))
            yield _value(row, category, house, line)
    if not names:
        raise Retry(f"{WHO}: sent an empty table")


def _names(cells: list[str], line: str) -> list[str]:
    """The header's columns; those of ISINs under names of ours, for theirs differ from file to file."""
    names = [name_of(cell) for cell in cells]
    plain = [
        "payout" if _PAYOUT.match(one) else "reinvested" if _REINVESTED.match(one) else one for one in names
    ]
    lacking = [group[0] for group in (_CODE, _VALUE, _DAY, _NAME) if not set(group) & set(plain)]
    if not line.endswith(("\n", "\r")):
        raise Retry(f"{WHO}: the table breaks off")
    if lacking:
        raise Rejected(f"{WHO}: the table lacks the column {', '.join(lacking)}", code="missing_field")
    return plain


def _is_category(text: str) -> bool:
    return text.endswith(")") and "(" in text and "schemes" in text.partition("(")[0].lower()


def _flaw(line: str, number: int) -> Retry | Rejected:
    if not line.endswith(("\n", "\r")):
        return Retry(f"{WHO}: the table breaks off")
    return Rejected(f"{WHO}: row {number} makes no sense", code="wrong_type")


def _value(row: Row, category: str, house: str, line: str) -> Value:
    written, dated = row.text(*_VALUE), row.text(*_DAY)
    value, day = number_of(written), day_of(dated)
    is_known = written.lower() not in _NOTHING
    is_cut = len(dated) < _WRITTEN_DAY and not line.endswith(("\n", "\r"))
    if is_cut or (is_known and (value is None or day is None)) or not row.text(*_CODE).isdigit():
        raise _flaw(line, row.number)
    isins = (find_isin(row.text("payout")), find_isin(row.text("reinvested")))
    return Value(
        row.text(*_CODE), tuple(dict.fromkeys(one for one in isins if one is not None)), row.text(*_NAME),
        row.text("plan"), row.text("option"), category, house, value or None, day,
    )  # fmt: skip


def past(body: Any, code: str, since: TradingDay, until: TradingDay) -> list[Bar] | None:
    """One scheme's values in [since, until), ascending, from {meta, data: [{date dd-mm-yyyy, nav}]}; None
    where it is not known. Rejected: another scheme's."""
    cells = row_of(body, WHO)
    meta = row_of(cells.get("meta") or {}, WHO)
    told = str(meta.get("scheme_code") or "")
    if not told:
        return None
    if told != code:
        raise Rejected(f"{WHO}: asked for scheme {code}, it tells of {told}", code="wrong_scheme")
    found: dict[TradingDay, Bar] = {}
    for one in rows_of(cells.get("data") or [], WHO):
        row = row_of(one, WHO)
        day, value = day_of(str(row.get("date") or "")), number_of(str(row.get("nav") or ""))
        if day is None or value is None:
            raise Rejected(f"{WHO}: a value of scheme {code} makes no sense", code="wrong_type")
        if value and since <= day < until:
            found[day] = Bar(day, value)
    return [found[day] for day in sorted(found)]
