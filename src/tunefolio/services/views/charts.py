"""The arrays of a price chart: bars, indicators over them, and what happened on which day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.kinds import RULES
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.actions import Action, Terms, adjustment, told_once
from tunefolio.market.adjusted import AdjustedBars, adjusted
from tunefolio.market.bars import Bars, Part
from tunefolio.market.daily import Days
from tunefolio.market.instruments import Instrument
from tunefolio.services.house import House
from tunefolio.signals import indicators
from tunefolio.store import actions, bars, instruments, transactions
from tunefolio.store.db import ReadDb

Floats = NDArray[np.float64]
SPANS: Mapping[str, int | None] = {
    "1M": 31, "3M": 92, "6M": 183, "1Y": 366, "3Y": 1_096, "5Y": 1_827, "all": None,
}  # fmt: skip
"""Calendar days that a span shows; None for all there are."""

_WARM_UP_DAYS = 420
"""Calendar days read before the span, so that a mean of 200 sessions stands on its first day."""


class Prices(StrEnum):
    """adjusted: comparable over splits and bonuses; raw: as it was paid."""

    ADJUSTED = "adjusted"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class ChartEvent:
    """Something that happened to the company, in words."""

    day: TradingDay
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class ChartTrade:
    """A fact of the viewer about the instrument."""

    day: TradingDay
    kind: str
    title: str
    transaction: TransactionId


@dataclass(frozen=True, slots=True, eq=False)
class ChartView:
    """days: int32[T]; open … volume and every indicator: float64[T], NaN where nothing is known.

    has_range: bool[T], whether open, high and low were told. sources: who told the bars.
    """

    instrument: Instrument
    prices: Prices
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    has_range: NDArray[np.bool_]
    studies: Mapping[str, Floats]
    events: tuple[ChartEvent, ...]
    trades: tuple[ChartTrade, ...]
    sources: tuple[str, ...]


def chart(
    db: ReadDb,
    house: House,
    viewer: Viewer,
    id: InstrumentId,
    *,
    span: str = "1Y",
    prices: Prices = Prices.ADJUSTED,
    studies: Sequence[str] = (),
) -> ChartView:
    """The bars of a span with the studies asked for; raises NotFound, Misuse naming a wrong span or study."""
    if span not in SPANS:
        raise Misuse("span", f"{span!r} is unknown", cure=f"Known: {', '.join(SPANS)}")
    wanted = [_study_of(name) for name in dict.fromkeys(studies)]
    found = instruments.visible(db, viewer, [id]).get(id)
    if found is None:
        raise NotFound("instrument")
    today = TradingDay(calendar_date(house.clock.now()))
    length = SPANS[span]
    start = None if length is None else today.plus_days(-length)
    since = None if start is None else start.plus_days(-_WARM_UP_DAYS)
    told = told_once(actions.of_instruments(db, [id]))
    known = bars.of(db, [id], since).get(id)
    columns = _columns(known, told, prices)
    first = 0 if start is None else int(np.searchsorted(columns.days, start.date.toordinal()))
    drawn = {name: values[first:] for one in wanted for name, values in one(columns).items()}
    facts = transactions.of_instruments(db, viewer, [id])
    return ChartView(
        found, prices, columns.days[first:], columns.open[first:], columns.high[first:],
        columns.low[first:], columns.close[first:], columns.volume[first:], columns.has_range[first:],
        drawn, tuple(_events(told, start)), tuple(_trades(facts.values(), id, start)),
        () if known is None else known.sources,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    has_range: NDArray[np.bool_]


def _columns(known: Bars | None, told: Iterable[Action], prices: Prices) -> _Columns:
    if known is None:
        none = np.array([], np.float64)
        return _Columns(np.array([], np.int32), none, none, none, none, none, np.array([], np.bool_))
    events: list[tuple[TradingDay, Terms]] = (
        [(one.ex_day, one.terms) for one in told] if prices is Prices.ADJUSTED else []
    )
    seen: AdjustedBars = adjusted(known, adjustment(events))
    has_range = (known.parts & Part.RANGE) > 0
    return _Columns(seen.days, seen.open, seen.high, seen.low, seen.close, seen.volume, has_range)


def _events(told: Iterable[Action], start: TradingDay | None) -> Iterable[ChartEvent]:
    for one in told:
        if start is None or one.ex_day >= start:
            yield ChartEvent(one.ex_day, one.kind.value, title_of(one))


def title_of(action: Action) -> str:
    """Split 10:1; Dividend ₹ 28.00 a unit: what a company did, in few words."""
    terms = action.terms
    words = [action.kind.value.capitalize()]
    if terms.ratio_words:
        words.append(terms.ratio_words)
    if terms.amount is not None:
        words.append(f"{terms.amount.normalize():f} {terms.currency} a unit")
    return " ".join(words)


def _trades(
    accounts: Iterable[Sequence[Transaction]], id: InstrumentId, start: TradingDay | None
) -> Iterable[ChartTrade]:
    facts = [one for facts in accounts for one in facts if one.fact.instrument == id]
    for one in sorted(facts, key=lambda fact: (fact.fact.day, fact.id)):
        if start is None or one.fact.day >= start:
            rule = RULES[one.fact.kind]
            yield ChartTrade(one.fact.day, one.fact.kind.value, rule.title, one.id)


# Studies ------------------------------------------------------------------------------------------

Study = Callable[[_Columns], Mapping[str, Floats]]


def _study_of(name: str) -> Study:
    """The study of a name: sma20, ema50, bb20, rsi14, macd, atr14; raises Misuse."""
    word = name.rstrip("0123456789")
    digits = name[len(word) :]
    length = int(digits) if digits and len(digits) <= 3 else 0
    makers: Mapping[str, Callable[[int], Study]] = {
        "sma": lambda n: lambda bars: {name: indicators.sma(bars.close, n)},
        "ema": lambda n: lambda bars: {name: indicators.ema(bars.close, n)},
        "rsi": lambda n: lambda bars: {name: indicators.rsi(bars.close, n)},
        "atr": lambda n: lambda bars: {name: indicators.atr(bars.high, bars.low, bars.close, n)},
        "bb": lambda n: lambda bars: _bands(name, bars, n),
    }
    if name == "macd":
        return _macd
    if word not in makers or not 2 <= length <= 400:
        raise Misuse(
            "studies",
            f"{name!r} is unknown",
            cure="Such as sma20, ema50, bb20, rsi14, atr14 or macd; 2 to 400",
        )
    return makers[word](length)


def _bands(name: str, bars: _Columns, length: int) -> Mapping[str, Floats]:
    bands = indicators.bollinger(bars.close, length)
    return {f"{name}_upper": bands.upper, f"{name}_middle": bands.middle, f"{name}_lower": bands.lower}


def _macd(bars: _Columns) -> Mapping[str, Floats]:
    found = indicators.macd(bars.close)
    return {"macd": found.line, "macd_signal": found.signal, "macd_histogram": found.histogram}
