"""A portfolio's figures while its prices move: only what a price touches is worked out again.

Starts from the view that pages show and does the same exact arithmetic with the same rounding; sums change
by differences, which decimals keep exact. What is held changes with facts: then it starts from a new view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.valuation import ValuedPosition, converted
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import Currency, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.instruments import Instrument
from tunefolio.market.quotes import Quote
from tunefolio.services.house import House
from tunefolio.services.valuing import Board
from tunefolio.services.views.portfolios import portfolio as view_of
from tunefolio.services.views.shapes import HoldingRow, PortfolioView
from tunefolio.store import own_instruments
from tunefolio.store.db import ReadDb

Key = tuple[AccountId, InstrumentId]


@dataclass(frozen=True, slots=True)
class Part:
    """What one line adds to the sums, in their currency. An unpriced line adds to `invested` alone."""

    invested: Decimal = Decimal(0)
    value: Decimal = Decimal(0)
    pnl: Decimal = Decimal(0)
    change: Decimal = Decimal(0)
    before: Decimal = Decimal(0)
    priced: int = 0
    changing: int = 0

    def __add__(self, other: Part) -> Part:
        return Part(
            self.invested + other.invested,
            self.value + other.value,
            self.pnl + other.pnl,
            self.change + other.change,
            self.before + other.before,
            self.priced + other.priced,
            self.changing + other.changing,
        )

    def __sub__(self, other: Part) -> Part:
        return Part(
            self.invested - other.invested,
            self.value - other.value,
            self.pnl - other.pnl,
            self.change - other.change,
            self.before - other.before,
            self.priced - other.priced,
            self.changing - other.changing,
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """The totals of lines, as Valuation has them. pnl, value: of the priced ones."""

    part: Part
    currency: Currency

    @property
    def value(self) -> Money:
        return Money(self.part.value, self.currency)

    @property
    def invested(self) -> Money:
        return Money(self.part.invested, self.currency)

    @property
    def pnl(self) -> Money:
        return Money(self.part.pnl, self.currency)

    @property
    def day_change(self) -> Money | None:
        return Money(self.part.change, self.currency) if self.part.changing else None

    @property
    def has_price(self) -> bool:
        return self.part.priced > 0

    @property
    def pnl_ratio(self) -> Decimal | None:
        """P&L ÷ cost of the priced positions."""
        paid = self.value - self.pnl
        return None if paid.amount == 0 else self.pnl / paid

    @property
    def day_change_ratio(self) -> Decimal | None:
        """Today's change ÷ yesterday's value of the holdings whose previous close is known."""
        change = self.day_change
        if change is None or self.part.before == 0:
            return None
        return change / Money(self.part.before, self.currency)


class LiveFigures:
    """One portfolio, valued line by line. Not thread-safe: its holder moves it from one place at once."""

    def __init__(self, view: PortfolioView, terms: Mapping[InstrumentId, AccrualTerms]) -> None:
        self.view = view
        self.currency = view.currency
        self._terms = terms
        self.rows: dict[Key, HoldingRow] = {_key(row): row for row in view.rows}
        self.lines: dict[Key, ValuedPosition] = {key: row.valued for key, row in self.rows.items()}
        self._parts = {key: self._part(line) for key, line in self.lines.items()}
        self._of_instrument: dict[InstrumentId, list[Key]] = {}
        for key in self.lines:
            self._of_instrument.setdefault(key[1], []).append(key)
        self._whole = Part()
        self._sectors: dict[str, Part] = {}
        for key, part in self._parts.items():
            self._add(key, part, Part())

    @property
    def instruments(self) -> frozenset[InstrumentId]:
        """What moves it."""
        return frozenset(self._of_instrument)

    @property
    def day(self) -> TradingDay:
        return self.view.day

    @property
    def whole(self) -> Sums:
        return Sums(self._whole, self.currency)

    @property
    def newest(self) -> Quote | None:
        """The newest of the prices it is valued at."""
        quotes = (line.quote for line in self.lines.values() if line.quote is not None)
        return max(quotes, key=lambda quote: quote.as_of, default=None)

    def sectors(self) -> dict[str, Sums]:
        return {name: Sums(part, self.currency) for name, part in self._sectors.items()}

    def value(self, key: Key) -> Decimal | None:
        """What the line is worth in the currency of the sums; None without a price."""
        part = self._parts[key]
        return part.value if part.priced else None

    def pnl(self, key: Key) -> Decimal | None:
        """What the line adds to the P&L of the sums, in their currency; None without a price."""
        part = self._parts[key]
        return part.pnl if part.priced else None

    def is_converted(self, key: Key) -> bool:
        """The line is held in another currency than that of the sums."""
        return self.lines[key].position.currency != self.currency

    def weight_ratio(self, key: Key) -> Decimal | None:
        """Its share of the whole; None without a price."""
        value = self.value(key)
        if value is None or self._whole.value == 0:
            return None
        return Money(value, self.currency) / self.whole.value

    def move(self, quotes: Mapping[InstrumentId, Quote]) -> list[Key]:
        """Value the lines of these instruments anew, unless their price is newer: which have changed."""
        moved: list[Key] = []
        for id, quote in quotes.items():
            for key in self._of_instrument.get(id, ()):
                line = self._valued(key, quote)
                if line is not None and line != self.lines[key]:
                    part = self._part(line)
                    self._add(key, part, self._parts[key])
                    self.lines[key], self._parts[key] = line, part
                    moved.append(key)
        return moved

    def _valued(self, key: Key, quote: Quote) -> ValuedPosition | None:
        """The line at this price; None when it stands at a newer one."""
        former = self.lines[key]
        if former.quote is not None and former.quote.as_of > quote.as_of:
            return None
        listed: Instrument = self.rows[key].instrument
        board = Board({listed.id: listed}, {listed.id: quote}, self.view.rates, self._terms, self.view.day)
        return board.valued(key[0], former.position)

    def _part(self, line: ValuedPosition) -> Part:
        held = converted(line, self.currency, rates=self.view.rates, day=self.view.day)
        cost = held.invested.amount if isinstance(held.invested, Money) else Decimal(0)
        if not isinstance(held.value, Money) or not isinstance(held.invested, Money):
            return Part(invested=cost)
        value, change = held.value.amount, held.day_change
        if change is None:
            return Part(cost, value, value - cost, priced=1)
        return Part(cost, value, value - cost, change.amount, value - change.amount, 1, 1)

    def _add(self, key: Key, part: Part, former: Part) -> None:
        sector = self.rows[key].classification.sector
        difference = part - former
        self._whole += difference
        self._sectors[sector] = self._sectors.get(sector, Part()) + difference


def live_figures(db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId | None) -> LiveFigures:
    """From the view as it stands; raises NotFound for a portfolio that is not the viewer's."""
    view = view_of(db, house, viewer, portfolio=portfolio)
    ids = sorted({row.instrument.id for row in view.rows})
    return LiveFigures(view, own_instruments.accruals(db, viewer, ids))


def _key(row: HoldingRow) -> Key:
    return row.account.id, row.instrument.id
