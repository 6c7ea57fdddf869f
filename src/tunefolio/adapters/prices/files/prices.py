"""Closes and exchange rates from a file: day, symbol, close, currency; or day, base, quote, rate."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tunefolio.adapters.prices.files.tables import problem, rows
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, currency_of
from tunefolio.core.time import TradingDay
from tunefolio.ledger.files import RowProblem
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import RateClaim

_DAY = ("day", "date")


@dataclass(frozen=True, slots=True)
class CloseRow:
    """One raw close of one listing."""

    listing: Listing
    day: TradingDay
    price: Decimal
    currency: Currency


@dataclass(frozen=True, slots=True)
class ClosesFile:
    """What was understood, in file order, and what was not, row by row."""

    closes: tuple[CloseRow, ...]
    problems: tuple[RowProblem, ...]


@dataclass(frozen=True, slots=True)
class RatesFile:
    """What was understood, in file order, and what was not, row by row."""

    rates: tuple[RateClaim, ...]
    problems: tuple[RowProblem, ...]


def parse_closes(content: bytes) -> ClosesFile:
    """A CSV with a header; prices as they were paid, not adjusted. Raises Misuse when it cannot be one."""
    closes: list[CloseRow] = []
    problems: list[RowProblem] = []
    for row in rows(content, [_DAY, ("symbol",), ("close", "price", "nav")]):
        try:
            price = row.above_zero("close", "price", "nav")
            closes.append(CloseRow(row.listing(), row.day(*_DAY), price, row.currency()))
        except Misuse as wrong:
            problems.append(problem(row, wrong))
    return ClosesFile(tuple(closes), tuple(problems))


def parse_rates(content: bytes) -> RatesFile:
    """A CSV with a header: 1 base = rate quote. Raises Misuse when it cannot be one."""
    found: list[RateClaim] = []
    problems: list[RowProblem] = []
    for row in rows(content, [_DAY, ("base",), ("quote",), ("rate",)]):
        try:
            base, quote = (currency_of(row.needed(name).upper()) for name in ("base", "quote"))
            if base == quote:
                raise Misuse("quote", f"{quote} is the base as well", cure="A currency in itself is one")
            found.append(RateClaim(base, quote, row.day(*_DAY), row.above_zero("rate")))
        except Misuse as wrong:
            problems.append(problem(row, wrong))
    return RatesFile(tuple(found), tuple(problems))
