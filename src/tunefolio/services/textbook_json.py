"""The report of a text book as JSON: a stable shape, documented with an example in docs/spec/book.md.

Money, prices and units are strings; ratios are numbers; what is lacking is {"missing": why, "cure": what}.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tunefolio.analysis.performance import Performance
from tunefolio.analysis.periods import SIGNS, PeriodStatement
from tunefolio.core.identity import TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Lot, Match, Side
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.closes import Seen
from tunefolio.services.textbook import BookReport, Part, PositionLine

_INCOME = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.REINVEST, Kind.IN_SPECIE, Kind.STAKING, Kind.AIRDROP})

Json = dict[str, Any]


def as_json(report: BookReport) -> Json:
    """The whole report."""
    return {
        "file": report.file,
        "from": _day(report.period.since),
        "as_of": report.period.until.iso(),
        "currency": report.currency,
        "carry_days": report.carry_days,
        "facts": len(report.facts),
        "left_out": report.left_out,
        "unknown_rows": report.unknown_rows,
        "accounts": [
            {
                "name": one.name,
                "portfolio": one.portfolio,
                "currency": one.currency,
                "method": report.methods[one.id].value,
            }
            for one in report.book.accounts
        ],
        "positions": [_position(line) for line in report.positions],
        "lots": list(_lots(report)),
        "matches": list(_matches(report)),
        "cash": list(_cash(report)),
        "income": list(_income(report)),
        "total": part(report.total),
        "by_portfolio": {one.name: part(one) for one in report.by_portfolio},
        "by_account": {one.name: part(one) for one in report.by_account},
        "by_instrument": {one.name: part(one) for one in report.by_instrument},
        "by_tag": {one.name: part(one) for one in report.by_tag},
    }


def part(one: Part) -> Json:
    """Statement and figures of one scope."""
    if isinstance(one.performance, Missing):
        return {"missing": one.performance.reason, "cure": one.performance.cure}
    return {
        "statement": _statement(one.performance.statement),
        "figures": _figures(one.performance),
        "xirr_roots": [float(root) for root in one.performance.roots],
    }


def shown(value: Money | Price | Missing | Decimal | float | None) -> Any:
    """One value: money and units as strings, ratios as numbers, what is lacking with its reason."""
    match value:
        case None:
            return None
        case Missing(reason=reason, cure=cure):
            return {"missing": reason, "cure": cure}
        case Money() | Price():
            return plain(value.amount)
        case Decimal():
            return plain(value)
        case _:
            return value


def _statement(statement: PeriodStatement) -> Json:
    lines = {name: shown(getattr(statement, name)) for name in SIGNS}
    return {
        "currency": statement.currency,
        "from": _day(statement.period.since),
        "to": statement.period.until.iso(),
        **lines,
        "end": shown(statement.end),
        "gain": shown(statement.gain),
        "paid_in": shown(statement.paid_in),
        "paid_out": shown(statement.paid_out),
        "brought": shown(statement.brought),
        "notes": list(statement.notes),
    }


def _figures(performance: Performance) -> Json:
    return {
        name: {"value": shown(figure.value), "convention": figure.convention, "note": figure.note}
        for name, figure in performance.figures.items()
    }


def _position(line: PositionLine) -> Json:
    held = line.position
    return {
        "account": line.account.name,
        "instrument": line.instrument.name,
        "class": line.instrument.asset_class.value,
        "currency": held.currency,
        "quantity": plain(held.quantity),
        "held": plain(held.held),
        "owed": plain(held.owed),
        "cost": shown(held.cost),
        "average_cost": shown(held.averaged.cost),
        "price": _seen(line.price),
        "value": shown(line.value),
        "unrealised": shown(line.unrealised),
        "realised": shown(held.realised),
        "average_realised": shown(held.averaged.realised),
        "income": shown(held.income),
        "taxes": shown(held.taxes),
        "repaid": shown(held.repaid),
    }


def _seen(price: Seen | Missing) -> Json:
    if isinstance(price, Missing):
        return {"missing": price.reason, "cure": price.cure}
    return {
        "amount": shown(price.price),
        "currency": price.price.currency,
        "day": price.day.iso(),
        "source": price.source,
    }


def _lots(report: BookReport) -> Iterator[Json]:
    for line in report.positions:
        for side, lots in ((Side.LONG, line.position.lots), (Side.SHORT, line.position.shorts)):
            for lot in lots:
                yield {**_whose(line), "side": side.value, **_lot(report, lot)}


def _lot(report: BookReport, lot: Lot) -> Json:
    return {
        "opened": _line(report, lot.opened),
        "day": _day(lot.day),
        "seen": lot.seen.iso(),
        "quantity": plain(lot.quantity),
        "cost": shown(lot.cost),
        "fees": shown(lot.fees),
    }


def _matches(report: BookReport) -> Iterator[Json]:
    for line in report.positions:
        for match in line.position.matches:
            yield {**_whose(line), **_match(report, match)}


def _match(report: BookReport, match: Match) -> Json:
    return {
        "side": match.side.value,
        "closed": _line(report, match.closed),
        "day": match.day.iso(),
        "opened": _line(report, match.lot.opened),
        "acquired": _day(match.lot.day),
        "quantity": plain(match.lot.quantity),
        "cost": shown(match.lot.cost),
        "proceeds": shown(match.proceeds),
        "cost_fees": shown(match.lot.fees),
        "proceeds_fees": shown(match.fees),
        "gain": shown(match.gain),
        "gain_before_charges": shown(match.gain_before_charges),
    }


def _cash(report: BookReport) -> Iterator[Json]:
    for account in report.book.accounts:
        kept = account.id in report.total.scope.cash
        for currency, amount in sorted(report.holdings[account.id].cash.items()):
            yield {
                "account": account.name,
                "currency": currency,
                "amount": shown(amount),
                "counted": kept,
            }


def _income(report: BookReport) -> Iterator[Json]:
    names = {account.id: account.name for account in report.book.accounts}
    for transaction in sorted(report.facts.values(), key=lambda one: (one.fact.day, one.id)):
        fact = transaction.fact
        if fact.kind in _INCOME:
            yield {
                "line": _line(report, transaction.id),
                "day": fact.day.iso(),
                "account": names[transaction.account],
                "instrument": report.book.instruments[fact.instrument].name if fact.instrument else None,
                "kind": fact.kind.value,
                "currency": fact.amount.currency,
                "amount": shown(_gross(transaction)),
                "fees": shown(fact.charges),
                "tax": shown(fact.withheld),
            }


def _gross(transaction: Transaction) -> Money:
    """Income before deductions, by the sign table: what was reinvested or staked came net of its charges."""
    fact = transaction.fact
    match fact.kind:
        case Kind.REINVEST | Kind.STAKING:
            return fact.amount + fact.charges + fact.withheld
        case Kind.IN_SPECIE:
            return fact.amount + fact.withheld
        case _:
            return fact.amount


def _whose(line: PositionLine) -> Json:
    return {
        "account": line.account.name,
        "instrument": line.instrument.name,
        "currency": line.position.currency,
    }


def _line(report: BookReport, id: TransactionId) -> Json:
    """A fact by its line and key; line None for the half of a transfer that the text leaves out."""
    line = int(id) if id <= report.book.last_line else None
    return {"line": line, "key": report.facts[id].source_key or None}


def _day(day: TradingDay | None) -> str | None:
    return None if day is None else day.iso()
