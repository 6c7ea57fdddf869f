"""What others are shown of a portfolio, as values. How it is worked out: shared_books, and shared_veils where
amounts are hidden."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.services.views.shapes import Freshness


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """Units and money of one line, in the book's currency. value, pnl None: no price or rate is known."""

    quantity: Decimal
    invested: Money | None
    value: Money | None
    pnl: Money | None


@dataclass(frozen=True, slots=True)
class SharedLine:
    """One instrument over all accounts. Ratios None: no price is known.

    amounts None: they are hidden, and the ratios coarse: a weight of 0 is anything below a hundredth.
    """

    symbol: str
    exchange: str
    name: str
    sector: str
    asset_class: str
    weight_ratio: Decimal | None
    pnl_ratio: Decimal | None
    day_ratio: Decimal | None
    amounts: LineAmounts | None


@dataclass(frozen=True, slots=True)
class SharedSlice:
    """One sector or asset class. holdings: companies in it. value None: hidden, or nothing is priced."""

    name: str
    holdings: int
    weight_ratio: Decimal | None
    pnl_ratio: Decimal | None
    value: Money | None


@dataclass(frozen=True, slots=True)
class SharedReturns:
    """pnl_ratio: of what is held now, on its cost. xirr: since the first fact, a year. twr: by period.

    until: the last day of xirr and twr, where amounts are hidden; None: they reach to now.
    """

    pnl_ratio: Decimal | None
    day_ratio: Decimal | None
    xirr: Decimal | Missing
    twr: tuple[tuple[str, Decimal | Missing], ...]
    until: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class BookAmounts:
    """Sums in the book's currency; value and pnl over what is priced, None where nothing is."""

    invested: Money
    value: Money | None
    pnl: Money | None
    day_change: Money | None


@dataclass(frozen=True, slots=True)
class SharedBook:
    """title: the portfolio's name, "" for everything. amounts None: they are hidden, here and below."""

    title: str
    currency: Currency
    lines: tuple[SharedLine, ...]
    sectors: tuple[SharedSlice, ...]
    classes: tuple[SharedSlice, ...]
    returns: SharedReturns
    amounts: BookAmounts | None
    unpriced: int
    freshness: Freshness
