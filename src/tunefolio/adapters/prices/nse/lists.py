"""What NSE's lists say: who is listed on its boards, which funds trade there, and who took another symbol."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

from tunefolio.adapters.bhavcopies import asset_class
from tunefolio.adapters.published import Row, day_of, plain, table
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import find_isin
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow, Renamed

WHO = "NSE"
_SYMBOL, _NAME = ("symbol",), ("nameofcompany", "securityname")
_ISIN, _LISTED, _LOT = ("isinnumber",), ("dateoflisting",), ("marketlot",)
_FORMER_DAY = "1990-01-01"


def listed(content: bytes) -> list[MasterRow]:
    """EQUITY_L.csv, SME_EQUITY_L.csv or eq_etfseclist.csv; the list of funds names no series, which is EQ."""
    rows = table(plain(content), WHO, needed=(_SYMBOL, _NAME, _ISIN))
    return [_master_row(row) for row in rows if row.text(*_SYMBOL)]


def _master_row(row: Row) -> MasterRow:
    symbol, series = row.text(*_SYMBOL), row.text("series") or "EQ"
    isin = find_isin(row.text(*_ISIN))
    claim = InstrumentClaim(
        Listing("NSE", symbol, series), isin, row.text(*_NAME), asset_class(isin, symbol, series), INR
    )
    return MasterRow(claim, lot=row.decimal(*_LOT) or None, listed=day_of(row.text(*_LISTED)))


def renames(content: bytes) -> list[Renamed]:
    """symbolchange.csv, oldest first: company, old, new, first day of the new; no header, commas in names.

    A line told twice is one. A symbol that was given up may be another company's later: chains go by days.
    """
    lines = list(plain(content))
    try:
        rows = [row for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except csv.Error:
        raise Rejected(f"{WHO}: the list of symbol changes is no table", code="wrong_type") from None
    found = _renamed(rows, is_whole=lines[-1].endswith(("\n", "\r")) if lines else True)
    return sorted(dict.fromkeys(found), key=lambda one: one.day)


def _renamed(rows: Sequence[Sequence[str]], *, is_whole: bool) -> Iterable[Renamed]:
    for number, row in enumerate(rows, start=1):
        *company, old, new, written = [cell.strip() for cell in row] if len(row) >= 4 else ["", "", "", ""]
        day = day_of(written)
        if day is None or day <= TradingDay.parse(_FORMER_DAY):
            if number == 1 and written.lower().endswith(("date", "dt")):
                continue
            if number == len(rows) and not is_whole:
                raise Retry(f"{WHO}: the list of symbol changes breaks off")
            raise Rejected(f"{WHO}: row {number} of the symbol changes makes no sense", code="wrong_type")
        if old and new and old != new:
            yield Renamed(Listing("NSE", old), Listing("NSE", new), day, ", ".join(company))
