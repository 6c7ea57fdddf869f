"""One instrument as its page shows it: price, year, what happened, who of the viewer's accounts holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tunefolio.analysis.valuation import ValuedPosition, valued
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.market.actions import Action, adjustment, told_once
from tunefolio.market.adjusted import adjusted
from tunefolio.market.bars import Bar, Bars
from tunefolio.market.instruments import Instrument
from tunefolio.market.quotes import Quote
from tunefolio.market.sectors import Classification
from tunefolio.services.books import folded
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.charts import title_of
from tunefolio.services.views.portfolios import classes_of
from tunefolio.services.views.prices import freshness
from tunefolio.services.views.shapes import Freshness
from tunefolio.store import actions, bars, instruments, quotes
from tunefolio.store.db import ReadDb

_YEAR_DAYS = 365
_MONTH_SESSIONS = 20


@dataclass(frozen=True, slots=True)
class YearRange:
    """The lowest low and highest high of a year, in today's units. place: where the price stands between,
    0 to 1, None without a price."""

    low: Price
    low_day: TradingDay
    high: Price
    high_day: TradingDay
    place: Decimal | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a company did, in words."""

    action: Action
    title: str


@dataclass(frozen=True, slots=True)
class Holder:
    """One of the viewer's accounts that holds it. lots: how many open ones."""

    account: Account
    line: ValuedPosition
    lots: int


@dataclass(frozen=True, slots=True)
class InstrumentView:
    """last: the newest bar kept; usual_volume: the median of the twenty sessions before it."""

    instrument: Instrument
    classification: Classification
    quote: Quote | None
    freshness: Freshness
    last: Bar | None
    source: str
    year: YearRange | None
    usual_volume: Decimal | None
    told: tuple[Told, ...]
    holders: tuple[Holder, ...]
    first: TradingDay | None
    bars: int

    @property
    def volume(self) -> Decimal | None:
        """Units traded in the last session; None where its source told none."""
        told = None if self.last is None else self.last.volume
        return None if told is None else Decimal(told)

    def priced(self, amount: Decimal) -> Price:
        """A number of a bar, with the instrument's currency."""
        return Price(amount, self.instrument.currency)


def instrument_view(db: ReadDb, house: House, viewer: Viewer, id: InstrumentId) -> InstrumentView:
    """Raises NotFound for what there is not, or what is private to another."""
    listed = instruments.visible(db, viewer, [id])
    if id not in listed:
        raise NotFound("instrument")
    one = listed[id]
    now = house.clock.now()
    quote = quotes.latest(db, [id]).get(id)
    known = bars.of(db, [id]).get(id)
    told = told_once(actions.of_instruments(db, [id]))
    return InstrumentView(
        one,
        classes_of(db, house, viewer, listed)[id],
        quote,
        freshness(house.calendar, now, quote.as_of if quote else None),
        known.at(len(known) - 1) if known else None,
        known.source(len(known) - 1) if known else "",
        _year(one, known, told, quote, TradingDay(calendar_date(now))) if known else None,
        _usual_volume(known) if known else None,
        tuple(Told(action, title_of(action)) for action in reversed(told)),
        tuple(_holders(db, viewer, id, quote)),
        known.day(0) if known else None,
        len(known) if known else 0,
    )


def _year(
    one: Instrument, known: Bars, told: Iterable[Action], quote: Quote | None, today: TradingDay
) -> YearRange | None:
    """By the adjusted highs and lows of a year; by closes where a source told no range."""
    recent = known.between(today.plus_days(-_YEAR_DAYS), None)
    if not len(recent):
        return None
    seen = adjusted(recent, adjustment([(action.ex_day, action.terms) for action in told]))
    lows = np.where(np.isnan(seen.low), seen.close, seen.low)
    highs = np.where(np.isnan(seen.high), seen.close, seen.high)
    lowest, highest = int(lows.argmin()), int(highs.argmax())
    low, high = _rounded(lows[lowest], recent.scale), _rounded(highs[highest], recent.scale)
    last = None if quote is None else quote.price.amount
    place = None
    if last is not None and high > low:
        place = min(Decimal(1), max(Decimal(0), (last - low) / (high - low)))
    return YearRange(
        Price(low, one.currency), recent.day(lowest), Price(high, one.currency), recent.day(highest), place
    )


def _rounded(value: np.float64, scale: int) -> Decimal:
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-scale))


def _usual_volume(known: Bars) -> Decimal | None:
    recent = known.volume[-_MONTH_SESSIONS - 1 : -1]
    traded = recent[recent > 0]
    return Decimal(int(np.median(traded))) if len(traded) else None


def _holders(db: ReadDb, viewer: Viewer, id: InstrumentId, quote: Quote | None) -> Iterable[Holder]:
    homes = active_accounts(db, viewer)
    standing = {} if quote is None else {id: quote}
    for home in homes:
        fold = folded(db, viewer, [home])[home.id]
        position = fold.holdings.positions.get(id)
        if position is not None and (position.lots or position.shorts):
            yield Holder(home, valued(home.id, position, standing), len(position.lots) + len(position.shorts))
