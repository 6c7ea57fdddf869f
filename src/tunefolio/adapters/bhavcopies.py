"""The daily file of an Indian exchange: UDiFF since 2024-07-08, NSE's own columns before. Prices are raw.

Both are read by their headers, so that a file with another order or without the last comma is the same file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal

from tunefolio.adapters.published import Row, table
from tunefolio.core.errors import Rejected
from tunefolio.core.identity import Isin, find_isin
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import Contract, DayBar, DayFile

UDIFF_SINCE = TradingDay(date(2024, 7, 8))

_DAY = ("traddt", "timestamp")
_SYMBOL = ("tckrsymb", "symbol")
_SERIES = ("sctysrs", "series")
_OPEN, _HIGH, _LOW = ("opnpric", "open"), ("hghpric", "high"), ("lwpric", "low")
_CLOSE = ("clspric", "close")
_PREVIOUS = ("prvsclsgpric", "prevclose")
_VOLUME = ("ttltradgvol", "tottrdqty")
_CASH = (_DAY, _SYMBOL, _SERIES, ("isin",), _OPEN, _HIGH, _LOW, _CLOSE, _PREVIOUS, _VOLUME)
_DERIVATIVES = (_DAY, ("fininstrmnm",), ("sttlmpric",), ("opnintrst",), _OPEN, _HIGH, _LOW, _VOLUME)

_EXPIRY = ("fininstrmactlxprydt", "xprydt")
"""The day on which it really expires comes first: a holiday moves it."""

_NOTES = frozenset({"GS", "SG", "TB"})
_NOTE_LETTERS = frozenset("NYZ")

Naming = Callable[[str, str], Listing]
"""Symbol and series as the file has them → how TuneFolio lists it."""


def day_file(lines: Iterable[str], source: str, day: TradingDay, *, who: str, naming: Naming) -> DayFile:
    """The cash market of that day. Rejected wrong_date where the file is another day's; rows without a close
    are left out, and a row that stands there twice is one."""
    bars: dict[Listing, DayBar] = {}
    for row in table(lines, who, needed=_CASH):
        _must_be_of(day, row)
        symbol, series = row.text(*_SYMBOL), row.text(*_SERIES)
        bar = _bar(row, day, row.decimal(*_CLOSE))
        if symbol and bar is not None:
            isin = find_isin(row.text("isin"))
            listing = naming(symbol, series)
            bars[listing] = DayBar(
                listing, isin, bar, row.decimal(*_PREVIOUS), row.text("fininstrmnm"),
                asset_class(isin, symbol, series),
            )  # fmt: skip
    return _filed(source, day, bars.values(), who)


def derivatives_file(
    lines: Iterable[str], source: str, day: TradingDay, *, who: str, exchange: str
) -> DayFile:
    """The futures and options of that day, by contract name. The close is the settlement price, to which
    positions are marked; a contract that was not traded has no range."""
    bars: dict[Listing, DayBar] = {}
    for row in table(lines, who, needed=_DERIVATIVES):
        _must_be_of(day, row)
        name = row.text("fininstrmnm")
        bar = _bar(row, day, row.decimal("sttlmpric"))
        if name and bar is not None:
            listing = Listing(exchange, name)
            kind = AssetClass.OPTION if row.text("optntp") in _RIGHTS else AssetClass.FUTURE
            bars[listing] = DayBar(listing, None, bar, row.decimal(*_PREVIOUS), name, kind, _contract(row))
    return _filed(source, day, bars.values(), who)


_RIGHTS = frozenset({"CE", "PE"})


def _contract(row: Row) -> Contract | None:
    """Its terms; None where the file tells no underlying or no expiry."""
    underlying = row.text("tckrsymb")
    expiry = next((column for column in _EXPIRY if row.text(column)), None)
    if not underlying or expiry is None:
        return None
    right = row.text("optntp")
    if right not in _RIGHTS:
        return Contract(underlying, row.day(expiry))
    return Contract(underlying, row.day(expiry), right, row.decimal("strkpric"))


def asset_class(isin: Isin | None, symbol: str, series: str = "") -> AssetClass:
    """What an exchange lists under an ISIN and a series: by NSE's legend of series, and by the ISIN's own
    letters: INF funds, IN0 governments, in INE…07 and 08 debentures."""
    if series == "GB" or (isin is not None and isin.startswith("IN0") and symbol.startswith("SGB")):
        return AssetClass.GOLD
    if series in _NOTES or (len(series) == 2 and series[0] in _NOTE_LETTERS):
        return AssetClass.BOND
    if isin is None:
        return AssetClass.EQUITY
    if isin.startswith("INF"):
        return AssetClass.ETF
    is_debenture = isin.startswith("INE") and isin[7:9] in {"07", "08"}
    return AssetClass.BOND if is_debenture or isin.startswith("IN0") else AssetClass.EQUITY


def digest_of(bars: Iterable[DayBar]) -> str:
    """What a file says without its date: the same for one that is published again under another day."""
    rows = sorted(f"{one.listing}|{one.isin}|{_told(one.bar)}|{one.previous_close}" for one in bars)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _told(bar: Bar) -> str:
    return f"{bar.open}|{bar.high}|{bar.low}|{bar.close}|{bar.volume}"


def _filed(source: str, day: TradingDay, bars: Iterable[DayBar], who: str) -> DayFile:
    whole = tuple(bars)
    if not whole:
        raise Rejected(f"{who}: the file of {day} tells of nothing", code="no_rows")
    return DayFile(source, day, INR, whole, digest_of(whole))


def _must_be_of(day: TradingDay, row: Row) -> None:
    """On holidays some publishers serve the file of the session before under the new name."""
    inside = row.day(*_DAY)
    if inside != day:
        raise Rejected(f"{row.who}: the file of {day} is one of {inside}", code="wrong_date")


def _bar(row: Row, day: TradingDay, close: Decimal | None) -> Bar | None:
    """None for a row without a close. Where not all of the range is told, it is not told."""
    if not close:
        return None
    opened, high, low = row.decimal(*_OPEN), row.decimal(*_HIGH), row.decimal(*_LOW)
    volume = row.count(*_VOLUME)
    if not opened or not high or not low:
        return Bar(day, close, volume=volume)
    return Bar(day, close, opened, high, low, volume)
