"""Daily values and flows of a scope as float64 arrays: the one frontier from exact sums to floats.

Each track gives its arrays once; a scope is their sum. No loop runs over days.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from tunefolio.analysis.periods import in_scope
from tunefolio.analysis.scopes import Period, Scope
from tunefolio.analysis.tracks import Track
from tunefolio.core.missing import Missing
from tunefolio.market.daily import Days, Floats, day_of

_MOST_HOLES = 20
_ZERO = Decimal(0)
_FLOWS = ("income", "fees", "taxes", "gross", "net")


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """One scope over one period, a row a day. All arrays have the length of days; money in one currency.

    days:    int32[T] ordinals, ascending: days with change or with a close, and both ends. The first is the
             eve of the period (or of the first fact): it has a value and no flows.
    value:   at each close; NaN where a price or rate is missing.
    inflow, outflow: the day's net external flow, as what came in (≥ 0) or what left (≥ 0); NaN where a
             rate is missing. In-kind moves count at market value.
    income, fees, taxes: of the day. gross: what the day's purchases cost.
    holes:   why values are missing, each reason once and at most 20 of them.
    """

    days: Days
    value: Floats
    inflow: Floats
    outflow: Floats
    income: Floats
    fees: Floats
    taxes: Floats
    gross: Floats
    holes: tuple[Missing, ...] = ()

    @property
    def net(self) -> Floats:
        """float64[T]: inflow − outflow."""
        return self.inflow - self.outflow


def timeline(tracks: Iterable[Track], scope: Scope, period: Period) -> Timeline:
    """The days of the period for the sum of all tracks in scope; empty when nothing had happened yet."""
    chosen = [track for track in in_scope(tracks, scope) if track.span(None, period.until)[1]]
    days = _axis(chosen, period)
    value = np.zeros(len(days))
    flows = {name: np.zeros(len(days)) for name in _FLOWS}
    holes: dict[Missing, None] = {}
    for track in chosen:
        worth = levels(track, days)
        value += worth
        _add_flows(track, period, days, flows)
        if len(holes) < _MOST_HOLES and np.isnan(worth).any():
            holes |= dict.fromkeys(_reasons(track, days[np.isnan(worth)]))
    holes |= {
        hole.missing: None for track in chosen for hole in track.holes if hole.column in {"flow", "worth"}
    }
    net = flows.pop("net")
    return Timeline(
        days,
        value,
        np.maximum(net, 0.0),
        np.maximum(-net, 0.0),
        flows["income"],
        flows["fees"],
        flows["taxes"],
        flows["gross"],
        tuple(holes)[:_MOST_HOLES],
    )


def levels(track: Track, days: Days) -> Floats:
    """float64[T]: what one track is worth at the close of each day; NaN where that is not known.

    Kept with the track for the days last asked for, so that one changed track costs one.
    """
    kept: tuple[Days, Floats] | None = track.kept.get("levels")
    if kept is None or not np.array_equal(kept[0], days):
        kept = track.kept["levels"] = (days, _levels(track, days))
    return kept[1]


def _levels(track: Track, days: Days) -> Floats:
    states = _states(track)
    places = np.searchsorted(states.days, days, side="right")
    units, fixed = states.units[places], states.fixed[places]
    key, market = track.key, track.market
    own = market.rates.levels(key.currency, track.currency, days) if track.is_foreign else 1.0
    worth = np.where(fixed == 0, 0.0, fixed * own)
    held = units != 0
    if key.instrument is None or not held.any():
        return worth
    if key.instrument in market.valuers:
        return worth + _valued(track, days, held)
    return worth + np.where(held, units * _prices(track, days), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """What was held after each day with change; place 0 is before the first. fixed: cash, or −notional."""

    days: Days
    units: Floats
    fixed: Floats


def _states(track: Track) -> _States:
    kept: _States | None = track.kept.get("states")
    if kept is None:
        rows = track.rows
        none = [_ZERO]
        if track.key.instrument is None:
            fixed = none + [row.cash_balance for row in rows]
        else:
            fixed = none + [-row.notional for row in rows]
        units = none + [row.units for row in rows]
        days = np.array(track.ordinals, np.int32)
        kept = track.kept["states"] = _States(days, _floats(units), _floats(fixed))
    return kept


def _prices(track: Track, days: Days) -> Floats:
    """float64[T]: the close in the report's currency; NaN where units were restated since."""
    instrument, market = track.key.instrument, track.market
    closes = None if instrument is None else market.prices.of(instrument)
    if closes is None or not len(closes):
        return np.full(len(days), np.nan)
    daily = closes.daily
    prices = daily.levels(days, market.prices.carry_days)
    if track.rebased:
        restated = np.array([0, *track.rebased], np.int32)
        since = restated[np.searchsorted(restated, days, side="right") - 1]
        seen = daily.days[np.maximum(daily.places(days), 0)]
        prices = np.where(seen < since, np.nan, prices)
    if closes.currency != track.currency:
        prices = prices * market.rates.levels(closes.currency, track.currency, days)
    return prices


def _valued(track: Track, days: Days, held: NDArray[np.bool_]) -> Floats:
    """float64[T]: by the valuer, asked for each day something was held; few instruments have one."""
    result = np.zeros(len(days))
    for place in np.flatnonzero(held):
        worth = track.value(day_of(int(days[place])))
        result[place] = np.nan if isinstance(worth, Missing) else float(worth)
    return result


def _axis(chosen: Sequence[Track], period: Period) -> Days:
    """Days with change or with a close of something in scope, the eve, and the last day."""
    if not chosen:
        return np.array([], np.int32)
    first = min(track.ordinals[0] for track in chosen) - 1
    if period.eve is not None:
        first = max(first, period.eve.date.toordinal())
    last = period.until.date.toordinal()
    marked = np.zeros(last - first + 1, np.bool_)
    marked[[0, -1]] = True
    held = {track.key.instrument: track.market.prices for track in chosen}
    seen = [prices.of(instrument) for instrument, prices in held.items() if instrument is not None]
    stretches = [closes.daily.days for closes in seen if closes is not None]
    for days in (*stretches, *(_states(track).days for track in chosen)):
        low, high = np.searchsorted(days, [first, last + 1])
        marked[days[low:high] - first] = True
    return (np.flatnonzero(marked) + first).astype(np.int32)


def _add_flows(track: Track, period: Period, days: Days, flows: dict[str, Floats]) -> None:
    begin, end = track.span(period.since, period.until)
    if begin == end:
        return
    sums = _sums(track)
    places = np.searchsorted(days, _states(track).days[begin:end])
    for name, column in flows.items():
        column[places] += sums[name][begin:end]


def _sums(track: Track) -> dict[str, Floats]:
    """float64[rows] of one track: income, fees, taxes, gross purchases and net flow of each of its days."""
    kept: dict[str, Floats] | None = track.kept.get("sums")
    if kept is not None:
        return kept
    columns = track.columns
    kept = {name: _floats(columns[name]) for name in ("income", "fees", "taxes")}
    kept["net"] = _floats(columns["flow"]) + _floats(columns["worth"])
    bought = _floats([row.bought for row in track.rows])
    if track.is_foreign and bought.any():
        rates = track.market.rates.levels(track.key.currency, track.currency, _states(track).days)
        bought = np.where(bought == 0, 0.0, bought * rates)
    kept["gross"] = bought
    for hole in track.holes:
        place = track.ordinals.index(hole.ordinal)
        name = "net" if hole.column in {"flow", "worth"} else hole.column
        if name in kept:
            kept[name][place] = np.nan
    track.kept["sums"] = kept
    return kept


def _floats(amounts: Sequence[Decimal]) -> Floats:
    if not any(amounts):
        return np.zeros(len(amounts))
    return np.fromiter(map(float, amounts), np.float64, len(amounts))


def _reasons(track: Track, days: Days) -> list[Missing]:
    """Why the values of these days are missing: the first and the last say enough of one instrument."""
    ends = (day_of(int(days[0])), day_of(int(days[-1])))
    return [worth for worth in map(track.value, ends) if isinstance(worth, Missing)]
