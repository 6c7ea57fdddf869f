"""Schedule FA, table A2: money kept in accounts abroad, a row for each account and currency, in rupees.

Only the cash: the shares of the account stand in table A3, lot by lot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.derivation import EXACT
from tunefolio.analysis.tax.foreign_worth import Figure, Span, Sum, converted, summed
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.identity import AccountId
from tunefolio.core.missing import Missing, missing_of
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import Holdings
from tunefolio.ledger.lots import Side
from tunefolio.market.fx import RateBook

FIGURES_A2 = ("peak", "closing", "interest", "dividends", "proceeds")


@dataclass(frozen=True, slots=True)
class CashRow:
    """One currency of one account. peak: the highest balance of an evening at that day's rate; closing: of
    31 December; interest, dividends, proceeds: what was credited, before tax and charges, on its days.

    Missing where a balance falls below zero: the books then lack a deposit.
    """

    account: AccountId
    currency: Currency
    peak: Figure
    closing: Figure
    interest: Figure
    dividends: Figure
    proceeds: Figure


def foreign_cash(holdings: Mapping[AccountId, Holdings], rates: RateBook, span: Span) -> tuple[CashRow, ...]:
    """Every account and currency that had money or moved it in the calendar year."""
    rows: list[CashRow] = []
    for account, held in sorted(holdings.items()):
        moved = [one for one in held.movements if one.currency != INR and one.day <= span.last]
        for currency in sorted({one.currency for one in moved}):
            own = sorted((one for one in moved if one.currency == currency), key=lambda one: one.day)
            balances = _balances(own, span)
            if any(balances.values()) or any(span.holds(one.day) for one in own):
                rows.append(_row(account, currency, held, own, balances, rates, span))
    return tuple(rows)


def _row(
    account: AccountId,
    currency: Currency,
    held: Holdings,
    moved: Sequence[Movement],
    balances: Mapping[TradingDay, Decimal],
    rates: RateBook,
    span: Span,
) -> CashRow:
    own = [one for one in moved if span.holds(one.day)]
    interest = [one for one in own if one.instrument is None and one.income]
    paid = [one for one in own if one.instrument is not None and one.income]
    sold = [
        (match.proceeds + match.fees, match.day, match.closed)
        for position in held.positions.values()
        if position.currency == currency
        for match in position.matches
        if match.side is Side.LONG and span.holds(match.day)
    ]
    return CashRow(
        account, currency, _peak(balances, currency, rates, span), _closing(balances, currency, rates, span),
        _credited(interest, rates), _credited(paid, rates),
        summed([converted(money, day, rates, fact) for money, day, fact in sold]),
    )  # fmt: skip


def _credited(some: Sequence[Movement], rates: RateBook) -> Figure:
    return summed(
        [converted(Money(one.income, one.currency), one.day, rates, one.transaction) for one in some]
    )


def _balances(moved: Sequence[Movement], span: Span) -> dict[TradingDay, Decimal]:
    """The balance from a day on: of 1 January, and of each day of the year on which money moved."""
    found = {span.first: sum((one.cash for one in moved if one.day < span.first), ZERO)}
    run = found[span.first]
    for one in moved:
        if one.day >= span.first:
            run += one.cash
            found[one.day] = run
    return found


def _below_zero(balances: Mapping[TradingDay, Decimal]) -> Missing | None:
    for day, balance in balances.items():
        if balance < 0:
            return Missing(
                f"a deposit by {day}: the balance is below zero", "Record the money sent to the account"
            )
    return None


def _peak(balances: Mapping[TradingDay, Decimal], currency: Currency, rates: RateBook, span: Span) -> Figure:
    """Of each run of days with one balance, the day of the highest rate."""
    lacking = _below_zero(balances)
    if lacking is not None:
        return Figure(lacking)
    starts = sorted(day for day in balances if day <= span.until)
    best: Sum | None = None
    for start, after in zip(starts, [*starts[1:], span.until.plus_days(1)], strict=True):
        balance = balances[start]
        if not balance:
            continue
        days = [start.plus_days(number) for number in range(after - start)]
        quoted = [rates.on(currency, INR, day) for day in days]
        hole = missing_of(one for one in quoted if isinstance(one, Missing))
        if hole is not None:
            return Figure(hole)
        levels = [ZERO if isinstance(one, Missing) else one.rate for one in quoted]
        day = days[levels.index(max(levels))]
        top = converted(Money(EXACT.plus(balance), currency), day, rates)
        if isinstance(top, Sum) and (best is None or top.rupees > best.rupees):
            best = top
    return Figure(ZERO) if best is None else Figure(best.rupees, (best,))


def _closing(
    balances: Mapping[TradingDay, Decimal], currency: Currency, rates: RateBook, span: Span
) -> Figure:
    lacking = _below_zero(balances)
    if lacking is not None:
        return Figure(lacking)
    if span.until < span.last:
        return Figure(Missing(f"the year ends on {span.last}", "Look again when it is over"))
    balance = balances[max(balances)]
    return summed([converted(Money(balance, currency), span.last, rates)]) if balance else Figure(ZERO)
