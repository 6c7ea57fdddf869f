"""Derivations of what is shown of now: values at the newest price, costs of lots, gains of matches, shares.

Each tree recomputes to the very figure of its view; a law test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import numpy as np

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
from tunefolio.analysis.figures import WORKED, Series
from tunefolio.analysis.valuation import ValuedPosition
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Lot, Match, Side
from tunefolio.ledger.positions import Position
from tunefolio.market.quotes import Quote
from tunefolio.services.books import Folded
from tunefolio.services.diagnoses import Found
from tunefolio.services.views.holdings import EVERYTHING_SOLD, SeenHolding, lot_values

UNITS = "units"
RATIO = "ratio"
_INCOME_LESS_CHARGES = frozenset(
    {Kind.DIVIDEND, Kind.INTEREST, Kind.REINVEST, Kind.IN_SPECIE, Kind.STAKING, Kind.AIRDROP}
)


# Positions --------------------------------------------------------------------------------------


def units_of(position: Position) -> Derivation:
    """Units held less units owed, lot by lot."""
    held = [leaf("units of a lot", lot.quantity, UNITS, lot_ref(lot)) for lot in position.lots]
    owed = [leaf("units owed", -lot.quantity, UNITS, lot_ref(lot)) for lot in position.shorts]
    return made("units", "sum", [*held, *owed], UNITS, formula="sum over open lots")


def units_held(position: Position) -> Derivation:
    held = [leaf("units of a lot", lot.quantity, UNITS, lot_ref(lot)) for lot in position.lots]
    return made("units held", "sum", held, UNITS, formula="sum over open lots")


def cost_of(position: Position) -> Derivation:
    lots = [leaf("cost of a lot", lot.cost.amount, position.currency, lot_ref(lot)) for lot in position.lots]
    return made("cost", "sum", lots, position.currency, formula="sum over open lots, charges included")


def invested_in(line: ValuedPosition) -> Derivation:
    """Cost of lots less what short lots brought; nothing is laid out for a future."""
    position = line.position
    if line.is_margined:
        return given("invested", Decimal(0), position.currency, "nothing is paid for a future")
    return _laid_out(position)


def _laid_out(position: Position) -> Derivation:
    lots = [leaf("cost of a lot", lot.cost.amount, position.currency, lot_ref(lot)) for lot in position.lots]
    lots += [
        leaf("brought by a short lot", -lot.cost.amount, position.currency, lot_ref(lot))
        for lot in position.shorts
    ]
    return made("invested", "sum", lots, position.currency, formula="sum over open lots, charges included")


def _accrued(position: Position, worth: Money, symbol: str) -> Derivation:
    """What was paid in, and the interest that its terms have added."""
    paid = _laid_out(position)
    if not isinstance(paid.value, Decimal) or worth.currency != position.currency:
        return given(f"value of {symbol}", worth.amount, worth.currency, "accrued by its terms")
    interest = given(
        "interest", worth.amount - paid.value, worth.currency, "accrued by its terms until today"
    )
    formula = "what was paid in + interest by its terms"
    return made(f"value of {symbol}", "sum", [paid, interest], worth.currency, formula=formula)


def _price(quote: Quote, symbol: str) -> Derivation:
    day = TradingDay(calendar_date(quote.as_of))
    ref = Ref(RefKind.PRICE, f"{symbol} ({quote.source})", quote.instrument, day)
    return leaf("price", quote.price.amount, quote.price.currency, ref)


def value_of(line: ValuedPosition, symbol: str) -> Derivation:
    """Units × newest price, or what has accrued; of a future what it has gained."""
    currency = line.position.currency
    if line.accrued is not None:
        return _accrued(line.position, line.accrued, symbol)
    if line.quote is None:
        return lacking(f"value of {symbol}", Missing(f"price of {symbol}: {line.missing}"), currency)
    parts = [units_of(line.position), _price(line.quote, symbol)]
    worth = money_product(f"value of {symbol}", parts, currency, formula="units × newest price")
    if not line.is_margined:
        return worth
    return made(f"value of {symbol}", "difference", [worth, _laid_out(line.position)], currency)


def day_change_of(line: ValuedPosition, symbol: str) -> Derivation:
    """Units × (price − previous close), rounded once."""
    currency, quote = line.position.currency, line.quote
    if quote is None or quote.previous_close is None:
        return lacking(f"change of {symbol}", Missing(f"the previous close of {symbol}"), currency)
    ref = Ref(RefKind.PRICE, f"{symbol} ({quote.source})", line.instrument)
    last = leaf("price", quote.price.amount, quote.price.currency, ref)
    before = leaf("previous close", quote.previous_close.amount, quote.price.currency, ref)
    moved = made("change of price", "difference", [last, before], currency)
    return money_product(
        f"change of {symbol}", [units_of(line.position), moved], currency, formula="units × change of price"
    )


def _day_change_ratio(line: ValuedPosition, symbol: str) -> Derivation:
    """Of the price: what a short position loses by it is in the money beside it."""
    quote = line.quote
    if quote is None or quote.previous_close is None or not quote.previous_close.amount:
        return lacking(f"change of {symbol}", Missing(f"the previous close of {symbol}"), RATIO)
    ref = Ref(RefKind.PRICE, f"{symbol} ({quote.source})", line.instrument)
    last = leaf("price", quote.price.amount, quote.price.currency, ref)
    before = leaf("previous close", quote.previous_close.amount, quote.price.currency, ref)
    moved = made("change of price", "difference", [last, before], quote.price.currency)
    return made(f"change of {symbol}", "quotient", [moved, before], RATIO, formula="change ÷ previous close")


def realised_of(position: Position) -> Derivation:
    gains = [_gain(match) for match in position.matches]
    if position.repaid.amount:
        gains.append(given("repaid beyond cost", position.repaid.amount, position.currency, "repayments"))
    return made("realised", "sum", gains, position.currency, formula="sum over matches, after charges")


def income_of(position: Position, fold: Folded) -> Derivation:
    """Income of its facts, less the charges on it."""
    parts: list[Derivation] = []
    for movement in _movements(position, fold):
        if movement.income:
            parts.append(_told("income", movement.income, movement))
        kind = fold.facts[movement.transaction].fact.kind
        if movement.fees and kind in _INCOME_LESS_CHARGES:
            parts.append(_told("less charges on it", -movement.fees, movement))
    return made("income", "sum", parts, position.currency, formula="income less its charges, before tax")


def taxes_of(position: Position, fold: Folded) -> Derivation:
    parts = [
        _told("tax", movement.taxes, movement)
        for movement in _movements(position, fold)
        if movement.taxes and fold.facts[movement.transaction].fact.kind is not Kind.TAX
    ]
    return made("taxes", "sum", parts, position.currency, formula="sum of what was withheld")


def _movements(position: Position, fold: Folded) -> Iterable[Movement]:
    return (m for m in fold.holdings.movements if m.instrument == position.instrument)


def _told(name: str, amount: Decimal, movement: Movement) -> Derivation:
    ref = Ref(RefKind.FACT, f"fact {movement.transaction}", movement.transaction, movement.day)
    return leaf(name, amount, movement.currency, ref)


def lot_ref(lot: Lot) -> Ref:
    label = f"lot of {lot.day}" if lot.day is not None else f"opening seen on {lot.seen}"
    return Ref(RefKind.LOT, label, lot.opened, lot.day or lot.seen)


def _gain(match: Match) -> Derivation:
    sold = Ref(RefKind.FACT, f"fact {match.closed}", match.closed, match.day)
    currency = match.proceeds.currency
    parts = [
        leaf("proceeds", match.proceeds.amount, currency, sold),
        leaf("cost", match.lot.cost.amount, currency, lot_ref(match.lot)),
    ]
    return made("gain", "difference", parts, currency, formula="proceeds − cost, both after charges")


# Figures of views -------------------------------------------------------------------------------


def of_holding(seen: SeenHolding, fold: Folded, name: str) -> Derivation | None:
    position, line, symbol = seen.position, seen.valued, seen.listed.symbol
    simple = {
        "invested": lambda: cost_of(position) if line is None else invested_in(line),
        "cost": lambda: cost_of(position),
        "quantity": lambda: units_of(position),
        "realised": lambda: realised_of(position),
        "income": lambda: income_of(position, fold),
        "taxes": lambda: taxes_of(position, fold),
    }
    if name in simple:
        return simple[name]()
    if name not in {"value", "pnl", "pnl_ratio", "day_change", "day_change_ratio", "average_price", "price"}:
        return None
    if line is None:
        return lacking(name, Missing(EVERYTHING_SOLD), position.currency)
    if name == "price":
        return None if line.quote is None else _price(line.quote, symbol)
    if name == "average_price":
        return _average(position)
    if name == "day_change":
        return day_change_of(line, symbol)
    if name == "day_change_ratio":
        return _day_change_ratio(line, symbol)
    return gained(name, value_of(line, symbol), invested_in(line))


def _average(position: Position) -> Derivation:
    lots = position.lots or position.shorts
    cost = [leaf("cost of a lot", lot.cost.amount, position.currency, lot_ref(lot)) for lot in lots]
    units = [leaf("units of a lot", lot.quantity, UNITS, lot_ref(lot)) for lot in lots]
    parts = [made("cost", "sum", cost, position.currency), made("units", "sum", units, UNITS)]
    return made("average cost", "quotient", parts, position.currency, formula="cost ÷ units")


def gained(name: str, value: Derivation, cost: Derivation) -> Derivation | None:
    if name == "value":
        return value
    pnl = made("gain", "difference", [value, cost], value.unit, formula="value − cost")
    if name == "pnl":
        return pnl
    if name == "pnl_ratio":
        if not isinstance(cost.value, Decimal) or cost.value <= 0:
            return lacking("gain, of cost", Missing("nothing was laid out"), RATIO)
        return made("gain, of cost", "quotient", [pnl, cost], RATIO, formula="gain ÷ cost")
    return None


def of_lot(seen: SeenHolding, place: int, name: str) -> Derivation | None:
    position = seen.position
    side = Side.LONG if place < len(position.lots) else Side.SHORT
    lot = (*position.lots, *position.shorts)[place]
    ref, currency = lot_ref(lot), position.currency
    cost = leaf("cost", lot.cost.amount, currency, ref)
    fees = leaf("charges", lot.fees.amount, currency, ref)
    units = leaf("units", lot.quantity, UNITS, ref)
    value = _lot_value(seen, place)
    order = [value, cost] if side is Side.LONG else [cost, value]
    gain = made("gain", "difference", order, currency, formula="value − cost")
    if name in {"age_days", "xirr"}:
        return _age(lot, seen.today) if name == "age_days" else _lot_rate(lot, side, value, seen.today)
    if name == "gain_ratio" and not lot.cost.amount:
        return lacking("gain, of cost", Missing("nothing was paid for this lot"), RATIO)
    plain_figures = {"cost": cost, "fees": fees, "quantity": units, "value": value, "gain": gain}
    sign = "difference" if side is Side.LONG else "sum"
    worked: Mapping[str, tuple[str, list[Derivation], str, str]] = {
        "price_cost": (sign, [cost, fees], currency, "cost before charges"),
        "gain_before_charges": ("sum", [gain, fees], currency, "gain + charges"),
        "average_price": ("quotient", [cost, units], currency, "cost ÷ units"),
        "gain_ratio": ("quotient", [gain, cost], RATIO, "gain ÷ cost"),
    }
    if name in plain_figures:
        return plain_figures[name]
    if name not in worked:
        return None
    op, parts, unit, formula = worked[name]
    return made(name.replace("_", " "), op, parts, unit, formula=formula)


def _lot_value(seen: SeenHolding, place: int) -> Derivation:
    """The lot's share of the value of all; the last one takes the rounding."""
    shares = lot_values(seen)
    share, currency = shares[place], seen.position.currency
    if isinstance(share, Missing) or seen.valued is None:
        reason = share if isinstance(share, Missing) else Missing(EVERYTHING_SOLD)
        return lacking("value", reason, currency)
    lots = seen.position.lots if place < len(seen.position.lots) else seen.position.shorts
    first = 0 if place < len(seen.position.lots) else len(seen.position.lots)
    others = [
        given("value of another lot", other.amount, currency, "its share by units")
        for at, other in enumerate(shares)
        if first <= at < first + len(lots) and at != place and not isinstance(other, Missing)
    ]
    quote = seen.valued.quote
    if quote is None:
        return given("value", share.amount, currency, "its share of what has accrued")
    price = leaf("price", quote.price.amount, currency, Ref(RefKind.PRICE, quote.source, seen.listed.id))
    held = [leaf("units of a lot", lot.quantity, UNITS, lot_ref(lot)) for lot in lots]
    whole = money_product(
        "value of all", [made("units", "sum", held, UNITS), price], currency, formula="units × price"
    )
    return made(
        "value", "difference", [whole, *others], currency, formula="value of all less that of other lots"
    )


def _age(lot: Lot, today: TradingDay) -> Derivation:
    if lot.day is None:
        return lacking("age", Missing("the purchase day of an opening position"), "days")
    parts = [
        given("today, as a number of days", Decimal(today.date.toordinal()), "days", str(today)),
        leaf("day of purchase", Decimal(lot.day.date.toordinal()), "days", lot_ref(lot)),
    ]
    return made("age", "difference", parts, "days", formula="today − day of purchase")


def _lot_rate(lot: Lot, side: Side, value: Derivation, today: TradingDay) -> Derivation:
    if lot.day is None:
        return lacking("xirr", Missing("the purchase day of an opening position"), RATIO)
    if not isinstance(value.value, Decimal):
        return Derivation("xirr", str(value.value), RATIO, "missing", (value,))
    sign = 1.0 if side is Side.LONG else -1.0
    days = np.array([lot.day.date.toordinal(), today.date.toordinal()], np.int32)
    ends = np.array([sign * float(lot.cost.amount), sign * float(value.value)])
    none = np.zeros(2)
    series = Series(days, ends, none, none, none)
    rate = WORKED["xirr"].of(series)
    if isinstance(rate, Missing):
        return lacking("xirr", rate, RATIO)
    return made("xirr", "xirr", (), RATIO, formula=WORKED["xirr"].convention, table=series.table())


def of_match(match: Match, name: str) -> Derivation | None:
    gain = _gain(match)
    if name in {"proceeds", "cost"}:
        return gain.inputs[0 if name == "proceeds" else 1]
    if name == "gain":
        return gain
    if name != "gain_before_charges":
        return None
    currency = match.proceeds.currency
    sold = Ref(RefKind.FACT, f"fact {match.closed}", match.closed, match.day)
    charges = [
        leaf("charges of the sale", match.fees.amount, currency, sold),
        leaf("charges in the cost", match.lot.fees.amount, currency, lot_ref(match.lot)),
    ]
    return made("gain before charges", "sum", [gain, *charges], currency, formula="gain + charges")


def of_break(one: Found, position: Position | None, name: str) -> Derivation | None:
    found = one.told.found
    ours = units_of(position) if position else given("ours", Decimal(0), UNITS, "the books hold none")
    said = f"statement of {one.statement.at.in_zone():%d %b %Y %H:%M} IST"
    theirs = given("theirs", found.theirs, UNITS, said)
    match name:
        case "ours":
            return ours
        case "theirs":
            return theirs
        case "difference":
            return made("difference", "difference", [theirs, ours], UNITS, formula="theirs − ours")
        case _:
            return None
