"""Charges as JSON: money as text, what is missing with its reason and cure, each line with its rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, plain
from tunefolio.core.rules import Rule
from tunefolio.services.contract_notes import DayNote
from tunefolio.trading.charges.compare import Compared
from tunefolio.trading.charges.deals import Deal
from tunefolio.trading.charges.lines import Charges, Line, MissingLine, Part


def deal(one: Deal) -> dict[str, Any]:
    """The deal as it was understood."""
    return {
        "date": one.day.iso(),
        "broker": one.broker,
        "plan": one.plan or None,
        "exchange": one.exchange,
        "segment": one.segment.value,
        "side": one.side.value,
        "quantity": plain(one.quantity),
        "price": plain(one.price),
        "value": paise(one.value),
        "scrip": one.scrip or None,
        "order": one.order or None,
        "group": one.group or None,
        "units": one.units.value,
        "product": one.product.value,
        "ending": None if one.ending is None else one.ending.value,
        "services": sorted(one.services),
    }


def charges(found: Charges) -> dict[str, Any]:
    """value, lines and totals; `exact` is unrounded. A total is null where a line is missing, with its reason
    beside it."""
    return {
        "value": paise(found.value),
        "lines": [line(one) for one in found.lines],
        **money("total", found.total),
        **money("on_the_note", found.on_the_note),
        "known": paise(found.known.amount),
        "exact": plain(found.exact),
        "is_doubtful": bool(found.doubts),
    }


def line(one: Line | MissingLine) -> dict[str, Any]:
    """One charge. parts: only where there are several."""
    if isinstance(one, MissingLine):
        return {"name": one.name.value, "title": one.title, **money("amount", one.why)}
    told: dict[str, Any] = {
        "name": one.name.value,
        "title": one.title,
        "base": paise(one.base),
        "rate": one.rate,
        "exact": plain(one.exact),
        "amount": paise(one.amount.amount),
        "rules": [rule(each) for each in one.rules],
        "is_doubtful": bool(one.doubts),
    }
    return told | ({"parts": [part(each) for each in one.parts]} if len(one.parts) > 1 else {})


def part(one: Part) -> dict[str, Any]:
    """One amount inside a line; `amount` where this very part is rounded."""
    return {
        "of": one.of or None,
        "base": paise(one.base),
        "rate": one.rate,
        "exact": plain(one.exact),
        "amount": None if one.rounded is None else paise(one.rounded),
    }


def rule(one: Rule) -> dict[str, Any]:
    """A dated rule with its sources. to: its last day, null while it holds; values: as its row has them."""
    return {
        "name": one.name,
        "from": one.since.iso(),
        "to": None if one.until is None else one.until.iso(),
        "values": dict(one.values),
        "confidence": one.confidence.value,
        "is_doubtful": one.is_doubtful,
        "note": one.note or None,
        "sources": [{"title": source.title, "address": source.address or None} for source in one.sources],
    }


def compared(one: Compared) -> dict[str, Any]:
    """Ours beside theirs; a difference above zero: the broker took more."""
    told = {"title": one.title, **exact("computed", one.computed)}
    told |= {"stated": None if one.stated is None else paise(one.stated)}
    return told | exact("difference", one.difference)


def money(name: str, value: Money | Missing) -> dict[str, Any]:
    """{name: text}, or null with its reason and cure."""
    if isinstance(value, Missing):
        return {name: None, f"{name}_reason": value.reason, f"{name}_cure": value.cure}
    return {name: paise(value.amount)}


def exact(name: str, value: Decimal | Missing | None) -> dict[str, Any]:
    """As money, with every digit."""
    if isinstance(value, Missing):
        return {name: None, f"{name}_reason": value.reason, f"{name}_cure": value.cure}
    return {name: None if value is None else paise(value)}


def paise(value: Decimal) -> str:
    """Exact, with at least two decimals and no idle zeros behind them."""
    whole, _, fraction = plain(value).partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


def day_note(one: DayNote) -> dict[str, Any]:
    """A day of recorded trades: computed lines, what the books carry, and the difference."""
    return {
        "account_id": one.account.id,
        "account": one.account.name,
        "day": one.day.iso(),
        "broker": one.broker,
        "plan": one.plan,
        "trades": one.recorded.trades,
        "trades_without_charges": one.recorded.without,
        **money("total", one.total),
        "recorded": paise(one.recorded.fees.amount),
        "comparison": compared(one.comparison),
        "intraday": [{"scrip": name, "units": plain(units)} for name, units in one.intraday],
        "charges": None if one.charges is None else charges(one.charges),
        "left_out": [{"what": each.what, "reason": each.reason, "cure": each.cure} for each in one.left_out],
        "remarks": list(one.remarks),
    }
