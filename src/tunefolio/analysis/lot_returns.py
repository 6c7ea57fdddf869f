"""What one lot earned: its cost laid out on its day, its value or proceeds received; income is the holding's.

A lot's table has three days (the eve, its purchase, now), so that every figure of figures.WORKED works on it.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from tunefolio.analysis.derivation import Derivation, lacking, made
from tunefolio.analysis.figures import WORKED, Series
from tunefolio.core.errors import NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import CurrencyMismatch, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot, Match, Side

FIGURES = ("simple", "twr_annual", "xirr", "xirr_period")


def lot_series(lot: Lot, value: Money, day: TradingDay) -> Series | Missing:
    """An open lot at its value on the day, charges of the purchase inside; both in one currency."""
    if value.currency != lot.cost.currency:
        raise CurrencyMismatch(lot.cost.currency, value.currency)
    return _series(lot.day, lot.cost.amount, day, value.amount)


def match_series(match: Match) -> Series | Missing:
    """A closed lot from its purchase to its sale, charges of both inside. A short sale lays nothing out."""
    if match.side is Side.SHORT:
        return Missing("the capital behind a short sale")
    return _series(match.lot.day, match.lot.cost.amount, match.day, match.proceeds.amount)


def explain_lot_return(series: Series | Missing, figure: str) -> Derivation:
    """One of FIGURES with its table; raises NotFound for another name. The figure is the tree's value."""
    if figure not in FIGURES:
        raise NotFound(f"figure {figure}")
    worked = WORKED[figure]
    if isinstance(series, Missing):
        return lacking(figure, series, worked.unit)
    value = worked.of(series)
    if isinstance(value, Missing):
        return lacking(figure, value, worked.unit)
    return made(figure, figure, (), worked.unit, formula=worked.convention, table=series.table())


def lot_return(series: Series | Missing, figure: str) -> float | Missing:
    """One of FIGURES, by its convention in figures.WORKED."""
    return series if isinstance(series, Missing) else WORKED[figure].of(series)


def _series(bought: TradingDay | None, cost: Decimal, day: TradingDay, worth: Decimal) -> Series | Missing:
    if bought is None:
        return Missing("the day of purchase", "Record the opening with its `acquired` day")
    first, last = bought.date.toordinal(), day.date.toordinal()
    if first == last:
        days, value, inflow = [first - 1, first], [0.0, float(worth)], [0.0, float(cost)]
    else:
        days = [first - 1, first, last]
        value, inflow = [0.0, float(cost), float(worth)], [0.0, float(cost), 0.0]
    nothing = np.zeros(len(days))
    paid = np.array(inflow)
    return Series(np.array(days, np.int32), np.array(value), paid, nothing, paid)
