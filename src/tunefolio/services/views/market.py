"""The market as one person sees it: sessions now, indices, what moves among what she holds and watches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from statistics import mean

import numpy as np

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.market.actions import Action, adjustment, told_once
from tunefolio.market.adjusted import adjusted
from tunefolio.market.bars import Bars
from tunefolio.market.fx import Rate
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.quotes import Quote
from tunefolio.market.standing import Standing, standing
from tunefolio.services import quotes as services_quotes
from tunefolio.services.house import House
from tunefolio.services.tracking import BENCHMARK
from tunefolio.services.views.charts import title_of
from tunefolio.services.views.portfolios import classes_of
from tunefolio.store import actions, bars, instruments, quotes, rates, watchlists
from tunefolio.store.db import ReadDb

PLACES = ("NSE", "NFO", "CDS", "MCX", "NYSE", "CRYPTO")
_MOVERS = 8
_YEAR_DAYS = 365
_HISTORY_DAYS = 420
_AHEAD_DAYS, _BEHIND_DAYS = 30, 7
_FRESH_DAYS = 4
_MEANS = (50, 200)


@dataclass(frozen=True, slots=True)
class Place:
    """One exchange now. standing: None beyond the known calendar, then `problem` says so."""

    exchange: str
    title: str
    standing: Standing | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Mover:
    """One instrument and its move since the previous close, as a ratio."""

    instrument: Instrument
    quote: Quote
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many rose and fell in the newest session. above: by sessions of a mean, how many stand above it,
    and of how many with so much past. highs, lows: at the high or low of a year."""

    rose: int
    fell: int
    same: int
    above: Mapping[int, tuple[int, int]]
    highs: tuple[Instrument, ...]
    lows: tuple[Instrument, ...]


@dataclass(frozen=True, slots=True)
class SectorMove:
    """A sector's plain mean of moves, and of how many instruments."""

    sector: str
    ratio: Decimal
    count: int


@dataclass(frozen=True, slots=True)
class Coming:
    """What a company of the viewer's does or did within days."""

    action: Action
    instrument: Instrument
    title: str
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class MarketView:
    """newest: of all quotes shown; followed: how many instruments the viewer holds or watches."""

    places: tuple[Place, ...]
    indices: tuple[Mover, ...]
    gainers: tuple[Mover, ...]
    losers: tuple[Mover, ...]
    breadth: Breadth
    sectors: tuple[SectorMove, ...]
    coming: tuple[Coming, ...]
    rates: tuple[Rate, ...]
    newest: Instant | None
    followed: int


def market_view(db: ReadDb, house: House, viewer: Viewer) -> MarketView:
    """One look at everything the viewer follows; cost grows with what is followed alone."""
    now = house.clock.now()
    followed = _followed(db, viewer)
    listed = instruments.visible(db, viewer, followed)
    standing_quotes = quotes.latest(db, sorted(listed))
    moves = _moves(listed, standing_quotes, now)
    shares = [one for one in moves if one.instrument.asset_class is not AssetClass.INDEX]
    ranked = sorted(shares, key=lambda one: (-one.ratio, one.instrument.symbol))
    return MarketView(
        tuple(_place(house, name, now) for name in PLACES),
        tuple(one for one in moves if one.instrument.asset_class is AssetClass.INDEX),
        tuple(one for one in ranked if one.ratio > 0)[:_MOVERS],
        tuple(one for one in reversed(ranked) if one.ratio < 0)[:_MOVERS],
        _breadth(db, listed, standing_quotes, shares, now),
        _sectors(db, house, viewer, shares),
        _coming(db, listed, TradingDay(calendar_date(now))),
        _rates(db, listed.values()),
        max((one.as_of for one in standing_quotes.values()), default=None),
        len(listed),
    )


def _followed(db: ReadDb, viewer: Viewer) -> frozenset[InstrumentId]:
    """What is held, what is watched, and the benchmark."""
    held = services_quotes.held(db, viewer)
    watched = {
        item.instrument
        for one in watchlists.listed(db, viewer)
        for item in watchlists.items(db, viewer, one.id)
    }
    benchmark = instruments.find(db, BENCHMARK.listing.exchange, BENCHMARK.listing.symbol)
    return held | watched | ({benchmark.id} if benchmark is not None else set())


def _place(house: House, name: str, now: Instant) -> Place:
    calendar = house.calendars.of(name)
    try:
        return Place(name, calendar.title, standing(house.calendars, name, now=now))
    except Misuse as unknown:
        return Place(name, calendar.title, None, str(unknown))


def _moves(
    listed: Mapping[InstrumentId, Instrument], known: Mapping[InstrumentId, Quote], now: Instant
) -> list[Mover]:
    """Moves of the newest session; a price that is days old moves nothing today."""
    oldest = TradingDay(calendar_date(now)).plus_days(-_FRESH_DAYS)
    found = []
    for id, one in listed.items():
        quote = known.get(id)
        ratio = None if quote is None else quote.day_change_ratio()
        if quote is not None and ratio is not None and TradingDay(calendar_date(quote.as_of)) >= oldest:
            found.append(Mover(one, quote, ratio))
    return found


def _breadth(
    db: ReadDb,
    listed: Mapping[InstrumentId, Instrument],
    known: Mapping[InstrumentId, Quote],
    shares: Collection[Mover],
    now: Instant,
) -> Breadth:
    today = TradingDay(calendar_date(now))
    ids = sorted(id for id, one in listed.items() if one.asset_class is not AssetClass.INDEX)
    events: dict[InstrumentId, list[Action]] = {}
    for action in told_once(actions.of_instruments(db, ids)):
        events.setdefault(action.instrument, []).append(action)
    above = {length: [0, 0] for length in _MEANS}
    highs, lows = [], []
    for id, series in bars.of(db, ids, today.plus_days(-_HISTORY_DAYS)).items():
        quote = known.get(id)
        if quote is None:
            continue
        last = float(quote.price.amount)
        closes, year_low, year_high = _levels(series, events.get(id, ()), today)
        for length in _MEANS:
            if len(closes) >= length:
                above[length][0] += last > float(closes[-length:].mean())
                above[length][1] += 1
        if last >= year_high:
            highs.append(listed[id])
        elif last <= year_low:
            lows.append(listed[id])
    return Breadth(
        sum(one.ratio > 0 for one in shares),
        sum(one.ratio < 0 for one in shares),
        sum(one.ratio == 0 for one in shares),
        {length: (share, of) for length, (share, of) in above.items()},
        tuple(highs),
        tuple(lows),
    )


def _levels(
    series: Bars, told: Iterable[Action], today: TradingDay
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float, float]:
    """Adjusted closes, and the lowest low and highest high of a year."""
    seen = adjusted(series, adjustment([(one.ex_day, one.terms) for one in told]))
    year = seen.days >= today.plus_days(-_YEAR_DAYS).date.toordinal()
    lows = np.where(np.isnan(seen.low), seen.close, seen.low)[year]
    highs = np.where(np.isnan(seen.high), seen.close, seen.high)[year]
    if not len(lows):
        return seen.close, -np.inf, np.inf
    return seen.close, float(lows.min()), float(highs.max())


def _sectors(db: ReadDb, house: House, viewer: Viewer, shares: Collection[Mover]) -> tuple[SectorMove, ...]:
    classes = classes_of(db, house, viewer, {one.instrument.id: one.instrument for one in shares})
    groups: dict[str, list[Decimal]] = {}
    for one in shares:
        groups.setdefault(classes[one.instrument.id].sector, []).append(one.ratio)
    moves = [SectorMove(name, mean(ratios), len(ratios)) for name, ratios in groups.items()]
    return tuple(sorted(moves, key=lambda one: (-one.ratio, one.sector)))


def _coming(db: ReadDb, listed: Mapping[InstrumentId, Instrument], today: TradingDay) -> tuple[Coming, ...]:
    first, last = today.plus_days(-_BEHIND_DAYS), today.plus_days(_AHEAD_DAYS)
    told = told_once(actions.of_instruments(db, sorted(listed)))
    return tuple(
        Coming(one, listed[one.instrument], title_of(one), one.ex_day >= today)
        for one in told
        if first <= one.ex_day <= last
    )


def _rates(db: ReadDb, listed: Iterable[Instrument]) -> tuple[Rate, ...]:
    """The newest rate of each foreign currency the viewer meets, in rupees."""
    met = sorted({one.currency for one in listed if one.currency != INR})
    spans = rates.spans(db)
    pairs = [(base, INR) for base in met if (base, INR) in spans]
    book = rates.book(db, pairs)
    found = (book.on(base, quote, spans[base, quote][1]) for base, quote in pairs)
    return tuple(one for one in found if isinstance(one, Rate))
