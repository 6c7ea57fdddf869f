"""How often an alert would have spoken in the last year, by daily closes: before it is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, time
from fractions import Fraction

from tunefolio.core.alerts import Levels, Manner, Repeat, Standing, begun, step
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.time import Instant, TradingDay
from tunefolio.services.alert_levels import (
    YEAR_DAYS,
    Past,
    Quoted,
    averaged,
    band,
    ceiling,
    levels,
    moved,
    ranged,
)
from tunefolio.services.alert_terms import AverageTerms, MoveTerms, RangeTerms
from tunefolio.services.alerts import market_of
from tunefolio.services.house import House
from tunefolio.store.db import ReadDb

LEAST_CLOSES = 20


@dataclass(frozen=True, slots=True)
class Preview:
    """On which days it would have spoken, of the sessions from first to last; closes alone, not the prices
    between them. days: ascending."""

    first: TradingDay
    last: TradingDay
    sessions: int
    days: tuple[TradingDay, ...]


def preview(db: ReadDb, house: House, id: InstrumentId, terms: Quoted, manner: Manner) -> Preview | Missing:
    """One step a close over the last 365 days, in today's units. An alert that speaks once is taken
    for one that is armed again each time: so the count tells how often there was reason."""
    today = TradingDay(house.clock.now().utc.date())
    past = market_of(db, [id], [id]).past(id, today)
    if past.closes is None:
        return Missing("its history", "It is fetched once the instrument is watched")
    daily = past.closes.daily
    shown = [place for place in range(len(daily)) if 0 <= today - daily.day(place) <= YEAR_DAYS]
    if len(shown) < LEAST_CLOSES:
        return Missing(
            f"{LEAST_CLOSES} closes of the last year, there are {len(shown)}", "Wait for its history"
        )
    closes = past.before(today.plus_days(1), len(daily))
    days = [daily.day(place) for place in range(len(closes))]
    if manner.repeat is Repeat.ONCE:
        manner = replace(manner, repeat=Repeat.EVERY)
    spoken = tuple(_spoken(terms, manner, days, closes, shown[0], today, past))
    return Preview(days[shown[0]], days[-1], len(shown), spoken)


def _spoken(
    terms: Quoted,
    manner: Manner,
    days: Sequence[TradingDay],
    closes: Sequence[Fraction],
    first: int,
    today: TradingDay,
    past: Past,
) -> Iterator[TradingDay]:
    standing: Standing | None = None
    for place in range(first, len(days)):
        found = _levels(terms, days, closes, place, today, past)
        if isinstance(found, Missing):
            continue
        price = ceiling(closes[place])
        if standing is None:
            standing = begun(found, price)
            continue
        at = Instant.at(days[place], time(), UTC)
        fit = replace(manner, band=band(manner.band, found))
        standing, side = step(found, fit, standing, price, at)
        if side is not None:
            yield days[place]


def _levels(
    terms: Quoted,
    days: Sequence[TradingDay],
    closes: Sequence[Fraction],
    place: int,
    today: TradingDay,
    past: Past,
) -> Levels | Missing:
    """Where it would have spoken on that day."""
    match terms:
        case MoveTerms(ratio, direction, None):
            return (
                moved(closes[place - 1], Fraction(ratio), direction) if place else Missing("a close before")
            )
        case AverageTerms(count, direction):
            return averaged(closes[max(0, place - count + 1) : place], count, direction)
        case RangeTerms(direction):
            start = place
            while start > 0 and days[place] - days[start - 1] <= YEAR_DAYS:
                start -= 1
            return ranged(closes[start:place], direction)
        case _:
            return levels(terms, today, today, None, past)
