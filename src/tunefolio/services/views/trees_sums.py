"""Derivations of sums over holdings: the dashboard's totals and the slices of an allocation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tunefolio.analysis.derivation import (
    Derivation,
    Ref,
    RefKind,
    given,
    lacking,
    leaf,
    made,
    money_product,
)
from tunefolio.analysis.valuation import ValuedPosition
from tunefolio.core.identity import AccountId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, minor_digits
from tunefolio.core.time import TradingDay
from tunefolio.services.books import Folded
from tunefolio.services.views.shapes import PortfolioView
from tunefolio.services.views.trees import (
    RATIO,
    day_change_of,
    gained,
    income_of,
    invested_in,
    lot_ref,
    realised_of,
    value_of,
)


def of_portfolio(view: PortfolioView, folds: Mapping[AccountId, Folded], name: str) -> Derivation | None:
    """The dashboard's totals, in the view's currency."""
    lines = [(row.valued, row.instrument.symbol) for row in view.rows]
    currency = view.currency
    if name in {"realised", "income"}:
        parts = [
            realised_of(p) if name == "realised" else income_of(p, fold)
            for fold in folds.values()
            for p in fold.holdings.positions.values()
            if p.currency == currency
        ]
        if name == "income":
            parts += [
                given("interest of cash", sums[currency].amount, currency, "facts without an instrument")
                for fold in folds.values()
                if currency in (sums := fold.holdings.income)
            ]
        return made(name, "sum", [part for part in parts if part.value], currency)
    if name in {"day_change", "day_change_ratio"}:
        return _changed(view, lines, name)
    return _summed(view, lines, name)


def _summed(view: PortfolioView, lines: Sequence[tuple[ValuedPosition, str]], name: str) -> Derivation | None:
    """Sums in the view's currency; what has no price or rate is left out, as the view leaves it out."""
    costs = [(_cost_here(view, line), _value_here(view, line, symbol)) for line, symbol in lines]
    if name == "invested":
        known = [cost for cost, _ in costs if cost.op != "missing"]
        return made("invested", "sum", known, view.currency, formula="sum over holdings")
    priced = [(c, v) for c, v in costs if c.op != "missing" and v.op != "missing"]
    value = made("value", "sum", [v for _, v in priced], view.currency, formula="sum over holdings")
    paid = made("cost of what has a price", "sum", [c for c, _ in priced], view.currency)
    return gained(name, value, paid)


def _value_here(view: PortfolioView, line: ValuedPosition, symbol: str) -> Derivation:
    return _at_rate(view, value_of(line, symbol), view.day)


def _cost_here(view: PortfolioView, line: ValuedPosition) -> Derivation:
    """Each lot's cost at the rate of its own day."""
    position = line.position
    if position.currency == view.currency or line.is_margined:
        return invested_in(line)
    parts: list[Derivation] = []
    for sign, lots in ((1, position.lots), (-1, position.shorts)):
        for lot in lots:
            amount = leaf("cost of a lot", sign * lot.cost.amount, position.currency, lot_ref(lot))
            if lot.day is None:
                return lacking("invested", Missing("the day whose rate an opening counts at"), view.currency)
            parts.append(_at_rate(view, amount, lot.day))
    return made("invested", "sum", parts, view.currency, formula="each lot at the rate of its day")


def _at_rate(view: PortfolioView, amount: Derivation, day: TradingDay) -> Derivation:
    if amount.unit == view.currency or amount.op == "missing":
        return amount
    pair = f"{amount.unit}/{view.currency}"
    rate = view.rates.on(Currency(amount.unit), view.currency, day)
    if isinstance(rate, Missing):
        return lacking(amount.name, rate, view.currency)
    known = leaf(f"rate {pair}", rate.rate, pair, Ref(RefKind.RATE, rate.source or pair, 0, rate.day))
    return money_product(amount.name, [amount, known], view.currency, formula="amount × rate of the day")


def _changed(view: PortfolioView, lines: Sequence[tuple[ValuedPosition, str]], name: str) -> Derivation:
    known = [
        (change, value)
        for line, symbol in lines
        if (change := _at_rate(view, day_change_of(line, symbol), view.day)).op != "missing"
        and (value := _value_here(view, line, symbol)).op != "missing"
    ]
    change = made("change today", "sum", [one for one, _ in known], view.currency)
    if name == "day_change":
        return change if known else lacking("change today", Missing("a previous close"), view.currency)
    value = made("value", "sum", [one for _, one in known], view.currency)
    before = made("value before", "difference", [value, change], view.currency)
    if not before.value:
        return lacking("change today, of the value before", Missing("a previous close"), RATIO)
    return made("change today, of the value before", "quotient", [change, before], RATIO)


def of_slice(
    view: PortfolioView, lines: Sequence[tuple[ValuedPosition, str]], target: Decimal | None, name: str
) -> Derivation | None:
    every = [(row.valued, row.instrument.symbol) for row in view.rows]
    if name in {"value", "pnl", "pnl_ratio", "invested"}:
        return _summed(view, lines, name)
    value, whole = _summed(view, lines, "value"), _summed(view, every, "value")
    if value is None or whole is None or not whole.value:
        return lacking(name, Missing("nothing held has a price"), RATIO)
    weight = made("weight", "quotient", [value, whole], RATIO, formula="value ÷ value of all")
    if name == "weight":
        return weight
    if target is None or name not in {"target", "drift", "to_target"}:
        return None
    wished = given("target", target, RATIO, "set by you")
    if name == "target":
        return wished
    if name == "drift":
        return made("drift", "difference", [weight, wished], RATIO, formula="weight − target")
    share = made("target value", "product", [wished, whole], view.currency)
    gap = made("to the target", "difference", [share, value], view.currency)
    return made("to the target", f"product, {minor_digits(view.currency)} decimals", [gap], view.currency)
