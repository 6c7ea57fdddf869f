"""What fixed-return holdings are worth: deposits, provident funds. Pure, exact; rounded once at the end.

Sources: Act/365 and compounding of rupee term deposits: Indian Banks' Association, Code for Banking Practice
(simple interest for the broken period). PPF: Public Provident Fund Scheme 2019, paragraph 7. EPF: Employees'
Provident Funds Scheme 1952, paragraph 60 (monthly running balances, credited at the end of March).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from itertools import pairwise

from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, quantized
from tunefolio.core.time import TradingDay
from tunefolio.ledger.holdings import Position
from tunefolio.market.accruals import MONTHS, AccrualTerms, Crediting

_EXACT = Context(prec=38)
_YEAR_DAYS = Decimal(365)
_ONE = Decimal(1)
_ZERO = Decimal(0)
_MARCH = 3
_PPF_DAY = 5
"""Until the close of the fifth a deposit still counts for the whole month."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """Principal put in on a day. ended: the day it was taken out, for `paid_out`; None while it stands."""

    day: TradingDay
    principal: Decimal
    ended: TradingDay | None = None
    paid_out: Decimal = _ZERO


def value(deposits: Sequence[Deposit], terms: AccrualTerms, on: TradingDay) -> Decimal:
    """What the deposits are worth at the close of a day, unrounded; those taken out by then count no more.

    Of provident funds: the balance with the interest of all complete months, credited or not.
    """
    with localcontext(_EXACT):
        if terms.crediting in {Crediting.PPF, Crediting.EPF}:
            return _fund_value(deposits, terms, on)
        standing = (one for one in deposits if one.day <= on and (one.ended is None or on < one.ended))
        return sum((grown(one.principal, one.day, on, terms) for one in standing), _ZERO)


def grown(principal: Decimal, begun: TradingDay, on: TradingDay, terms: AccrualTerms) -> Decimal:
    """Principal with its interest from the day it was put in; none accrues from the day of maturity on.

    Compounding: whole periods by the calendar from `begun` at rate × months ÷ 12 of their first day, the
    broken period simple by actual days ÷ 365. At maturity: nothing before that day, simple interest on it.
    """
    end = on if terms.matures is None else min(on, terms.matures)
    if end <= begun:
        return principal
    with localcontext(_EXACT):
        if terms.crediting is Crediting.AT_MATURITY and end != terms.matures:
            return principal
        months = MONTHS.get(terms.crediting)
        start, count = begun, 0
        while months is not None and _months_after(begun, (count + 1) * months) <= end:
            principal *= _ONE + terms.rate_on(start) * months / 12
            count += 1
            start = _months_after(begun, count * months)
        return principal * (_ONE + _simple(terms, start, end))


def _simple(terms: AccrualTerms, start: TradingDay, end: TradingDay) -> Decimal:
    """Interest per unit over the days [start, end), each rate for its own days, Act/365."""
    changes = [row.since for row in terms.rates if row.since is not None and start < row.since < end]
    marks = [start, *changes, end]
    return sum((terms.rate_on(a) * (b - a) / _YEAR_DAYS for a, b in pairwise(marks)), _ZERO)


def _months_after(day: TradingDay, months: int) -> TradingDay:
    """The same date so many months later; the month's last day where it has no such date."""
    year, month = divmod(day.date.year * 12 + day.date.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return TradingDay(date(year, month + 1, min(day.date.day, last)))


def _fund_value(deposits: Sequence[Deposit], terms: AccrualTerms, on: TradingDay) -> Decimal:
    flows = sorted(_flows(deposits, on))
    if not flows:
        return _ZERO
    balance = earned = _ZERO
    place = 0
    for first, last in _months(flows[0][0], on):
        opening, lowest = balance, None
        while place < len(flows) and flows[place][0] <= last:
            day, amount = flows[place]
            if day.date.day > _PPF_DAY and lowest is None:
                lowest = balance
            balance += amount
            lowest = None if lowest is None else min(lowest, balance)
            place += 1
        if last > on or (terms.matures is not None and last >= terms.matures):
            continue
        lowest = balance if lowest is None else lowest
        earning = opening if terms.crediting is Crediting.EPF else lowest
        earned += earning * terms.rate_on(first) / 12
        if last.date.month == _MARCH:
            balance, earned = balance + quantized(earned, 2), _ZERO
    return balance + earned


def _flows(deposits: Iterable[Deposit], on: TradingDay) -> Iterator[tuple[TradingDay, Decimal]]:
    for one in deposits:
        if one.day <= on:
            yield one.day, one.principal
        if one.ended is not None and one.ended <= on:
            yield one.ended, -one.paid_out


def _months(first: TradingDay, on: TradingDay) -> Iterator[tuple[TradingDay, TradingDay]]:
    """First and last day of every month from that of `first` to that of `on`."""
    year, month = first.date.year, first.date.month
    while (year, month) <= (on.date.year, on.date.month):
        yield TradingDay(date(year, month, 1)), TradingDay(date(year, month, monthrange(year, month)[1]))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def deposits_of(position: Position) -> tuple[Deposit, ...] | Missing:
    """The deposits behind a position: its lots, and the matches of what was taken out.

    Principal is the cost before charges. Missing where nobody knows when a lot began.
    """
    lots = [(lot, None, _ZERO) for lot in position.lots]
    gone = [(m.lot, m.day, (m.proceeds + m.fees).amount) for m in position.matches]
    found: list[Deposit] = []
    for lot, ended, paid_out in [*gone, *lots]:
        if lot.day is None:
            return Missing("the day the deposit began", "Record it as acquired DAY")
        found.append(Deposit(lot.day, lot.price_cost.amount, ended, paid_out))
    return tuple(found)


def valued(
    position: Position, terms: AccrualTerms, on: TradingDay, currency: Currency | None = None
) -> Money | Missing:
    """The value of all that a position holds on a day, to the minor unit."""
    deposits = deposits_of(position)
    if isinstance(deposits, Missing):
        return deposits
    return Money(value(deposits, terms, on), currency or position.currency).rounded()
