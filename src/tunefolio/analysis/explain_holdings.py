"""The derivations of positions, lots and shares of the whole, at the newest price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.allocation import Drift, Slice
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
from tunefolio.analysis.valuation import Valuation, ValuedPosition, converted
from tunefolio.core.errors import NotFound
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, minor_digits
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.lots import Lot, Match, Side
from tunefolio.market.fx import NO_RATES, RateBook

UNITS = "units"
FIGURES = ("quantity", "invested", "value", "pnl", "average_price", "day_change", "realised")


def explain_position(line: ValuedPosition, figure: str) -> Derivation:
    """A figure of one valued position (FIGURES), in its own currency; raises NotFound for another name."""
    currency = line.position.currency
    match figure:
        case "quantity":
            return _quantity(line)
        case "invested":
            return _invested(line)
        case "value":
            return _value(line)
        case "pnl":
            return made(
                "pnl", "difference", [_value(line), _invested(line)], currency, formula="value − cost"
            )
        case "average_price":
            return _average(line)
        case "day_change":
            return _day_change(line)
        case "realised":
            gains = [explain_match(match, "gain") for match in line.position.matches]
            repaid = leaf("repaid beyond cost", line.position.repaid.amount, currency, _own(line))
            return made("realised", "sum", [*gains, repaid], currency, formula="sum of closed lots")
        case _:
            raise NotFound(f"figure {figure}")


def explain_lot(line: ValuedPosition, lot: Lot, figure: str, value: Decimal | None = None) -> Derivation:
    """A figure of an open lot: cost, price (cost per unit), or value and gain where `value` is its share of
    the position's value; raises NotFound for another name."""
    cost = _lot_cost(lot)
    match figure:
        case "cost":
            return cost
        case "price":
            return made(
                "price", "quotient", [cost, _lot_units(lot)], lot.cost.currency, formula="cost ÷ units"
            )
        case "value" | "gain" if value is None:
            return lacking(figure, Missing(line.missing or "a price"), lot.cost.currency)
        case "value":
            return _share(line, lot, value or Decimal(0))
        case "gain":
            parts = [_share(line, lot, value or Decimal(0)), cost]
            return made("gain", "difference", parts, lot.cost.currency, formula="value − cost")
        case _:
            raise NotFound(f"figure {figure}")


def explain_match(
    match: Match, figure: str, rates: RateBook = NO_RATES, currency: Currency | None = None
) -> Derivation:
    """A figure of a closed lot: gain in its own currency; price, exchange and total in `currency` (see
    currency.gain_of); raises NotFound for another name."""
    own = match.lot.cost.currency
    home = own if currency is None else currency
    opened = Ref(RefKind.FACT, f"fact {match.lot.opened}", match.lot.opened, match.lot.day or match.lot.seen)
    closed = Ref(RefKind.FACT, f"fact {match.closed}", match.closed, match.day)
    first, last = (opened, closed) if match.side is Side.LONG else (closed, opened)
    cost = leaf("cost", match.lot.cost.amount, own, first)
    proceeds = leaf("proceeds", match.proceeds.amount, own, last)
    gain = made("gain", "difference", [proceeds, cost], own, formula="proceeds − cost, both after charges")
    match figure:
        case "gain":
            return gain
        case "price":
            return _at_rate("price", gain, rates, home, match.day)
        case "exchange":
            laid_out = cost if match.side is Side.LONG else made("received", "negate", [proceeds], own)
            return _exchange(laid_out, match.lot.day, match.day, rates, home)
        case "total":
            parts = [explain_match(match, each, rates, home) for each in ("price", "exchange")]
            return made("total", "sum", parts, home, formula="price part + currency part")
        case _:
            raise NotFound(f"figure {figure}")


@dataclass(frozen=True, slots=True)
class Home:
    """Into which currency sums are made: at the rates of `day`, cost at the rates of each lot's day."""

    rates: RateBook = NO_RATES
    day: TradingDay | None = None


AT_HOME = Home()


def explain_sum(whole: Valuation, figure: str, home: Home = AT_HOME) -> Derivation:
    """value, invested or pnl of a valuation: the sum over its priced positions (invested: over all)."""
    parts = []
    for line in whole.positions:
        held = converted(line, whole.currency, rates=home.rates, day=home.day)
        known = isinstance(held.invested, Money) and (figure == "invested" or isinstance(held.value, Money))
        if known:
            parts.append(_converted(line, figure, whole.currency, home))
    return made(figure, "sum", parts, whole.currency, formula="sum over positions")


def explain_weight(slices: Sequence[Slice], name: str, home: Home = AT_HOME) -> Derivation:
    """A group's value ÷ the value of all groups; raises NotFound for an unknown group."""
    chosen = next((each for each in slices if each.name == name), None)
    if chosen is None:
        raise NotFound(f"group {name}")
    if chosen.weight_ratio is None:
        return lacking("weight", Missing("a price of anything held"), "ratio")
    own = explain_sum(chosen.part, "value", home)
    whole = _whole(slices, chosen.part.currency, home)
    return made("weight", "quotient", [own, whole], "ratio", formula="value ÷ value of the whole")


def explain_drift(slices: Sequence[Slice], drift: Drift, figure: str, home: Home = AT_HOME) -> Derivation:
    """drift or to_target of a group; raises NotFound for another name."""
    currency = drift.to_target.currency
    whole = _whole(slices, currency, home)
    own = [explain_sum(each.part, "value", home) for each in slices if each.name == drift.name]
    value = made(f"value of {drift.name}", "sum", own, currency)
    target = given("target", drift.target, "ratio", "set by its owner")
    match figure:
        case "drift":
            weight = made("weight", "quotient", [value, whole], "ratio")
            return made("drift", "difference", [weight, target], "ratio", formula="weight − target")
        case "to_target":
            wanted = made("wanted", "product", [target, whole], currency, formula="target × whole")
            gap = made("gap", "difference", [wanted, value], currency)
            return money_product("to target", [gap], currency, formula="target × whole − value, rounded")
        case _:
            raise NotFound(f"figure {figure}")


def _whole(slices: Sequence[Slice], currency: Currency, home: Home) -> Derivation:
    parts = [explain_sum(each.part, "value", home) for each in slices]
    return made("value of the whole", "sum", parts, currency)


def _converted(line: ValuedPosition, figure: str, currency: Currency, home: Home) -> Derivation:
    """One line's figure in the currency of the sum."""
    own = line.position.currency
    if own == currency:
        return explain_position(line, figure)
    if figure == "pnl":
        parts = [_converted(line, each, currency, home) for each in ("value", "invested")]
        return made("pnl", "difference", parts, currency, formula="value − cost")
    if figure == "value" and home.day is not None:
        factors = [_value(line), _rate(own, currency, home.day, home.rates)]
        return money_product("value", factors, currency, formula="value × rate of the day")
    costs = []
    for sign, lots in ((1, line.position.lots), (-1, line.position.shorts)):
        for lot in () if line.is_margined else lots:
            factors = [_lot_cost(lot), _rate(own, currency, lot.day or lot.seen, home.rates)]
            cost = money_product("cost", factors, currency, formula="cost × rate of the lot's day")
            costs.append(cost if sign > 0 else made("brought", "negate", [cost], currency))
    return made("invested", "sum", costs, currency, formula="lots at the rates of their days")


def _value(line: ValuedPosition) -> Derivation:
    currency = line.position.currency
    if line.accrued is not None:
        return given("value", line.accrued.amount, currency, "accrued by its terms")
    if line.quote is None:
        return lacking("value", Missing(line.missing), currency)
    factors = [_quantity(line), _price(line)]
    worth = money_product("value", factors, currency, formula="units × price")
    if not line.is_margined:
        return worth
    lots = made("contract value", "sum", _costs(line), currency)
    return made("value", "difference", [worth, lots], currency, formula="units × price − contract value")


def _price(line: ValuedPosition) -> Derivation:
    if line.quote is None:
        return lacking("price", Missing(line.missing), line.position.currency)
    quote = line.quote
    ref = Ref(
        RefKind.PRICE,
        f"{quote.kind} of {quote.source}",
        quote.instrument,
        TradingDay(calendar_date(quote.as_of)),
    )
    return leaf("price", quote.price.amount, quote.price.currency, ref)


def _day_change(line: ValuedPosition) -> Derivation:
    currency = line.position.currency
    before = None if line.quote is None else line.quote.previous_close
    if line.quote is None or before is None:
        return lacking("day change", Missing(line.missing or "the previous close"), currency)
    day = TradingDay(calendar_date(line.quote.as_of))
    ref = Ref(RefKind.PRICE, f"previous close of {line.quote.source}", line.instrument, day)
    moved = made(
        "change of price",
        "difference",
        [_price(line), leaf("previous close", before.amount, currency, ref)],
        currency,
    )
    return money_product("day change", [_quantity(line), moved], currency, formula="units × change of price")


def _quantity(line: ValuedPosition) -> Derivation:
    held = [_lot_units(lot) for lot in line.position.lots]
    owed = [made("owed", "negate", [_lot_units(lot)], UNITS) for lot in line.position.shorts]
    return made("quantity", "sum", [*held, *owed], UNITS, formula="units held − units owed")


def _invested(line: ValuedPosition) -> Derivation:
    costs = () if line.is_margined else _costs(line)
    return made(
        "invested", "sum", costs, line.position.currency, formula="cost of open lots, charges included"
    )


def _costs(line: ValuedPosition) -> list[Derivation]:
    owed = [
        made("brought by a short sale", "negate", [_lot_cost(lot)], lot.cost.currency)
        for lot in line.position.shorts
    ]
    return [*(_lot_cost(lot) for lot in line.position.lots), *owed]


def _average(line: ValuedPosition) -> Derivation:
    lots = line.position.lots or line.position.shorts
    cost = made("cost", "sum", [_lot_cost(lot) for lot in lots], line.position.currency)
    units = made("units", "sum", [_lot_units(lot) for lot in lots], UNITS)
    return made("average price", "quotient", [cost, units], line.position.currency, formula="cost ÷ units")


def _share(line: ValuedPosition, lot: Lot, value: Decimal) -> Derivation:
    """The position's value less the shares of its other lots: shares add up to the value to the paisa."""
    whole = _value(line)
    if not isinstance(whole.value, Decimal):
        return whole
    rest = given(
        "shares of the other lots", whole.value - value, whole.unit, "by units, rounded, the last the rest"
    )
    formula = f"value of the position by units: {lot.quantity:f} of {line.position.held:f}"
    return made("value", "difference", [whole, rest], whole.unit, formula=formula)


def _exchange(
    laid_out: Derivation, then: TradingDay | None, now: TradingDay, rates: RateBook, home: Currency
) -> Derivation:
    own = Currency(laid_out.unit)
    if own == home:
        return made("exchange", "sum", (), home, formula="one currency: no rate changes it")
    if then is None:
        return lacking("exchange", Missing("the day of purchase"), home)
    both = [_rate(own, home, day, rates) for day in (now, then)]
    change = made("change of the rate", "difference", both, f"{own}/{home}")
    digits = f"product, {minor_digits(home)} decimals"
    return made(
        "exchange", digits, [laid_out, change], home, formula="what was laid out × (rate now − rate then)"
    )


def _at_rate(name: str, amount: Derivation, rates: RateBook, home: Currency, day: TradingDay) -> Derivation:
    if amount.unit == home:
        return made(name, "same", [amount], home)
    rate = _rate(Currency(amount.unit), home, day, rates)
    return money_product(name, [amount, rate], home, formula="gain × rate of the day")


def _rate(base: Currency, quote: Currency, day: TradingDay, rates: RateBook) -> Derivation:
    found = rates.on(base, quote, day)
    pair = f"{base}/{quote}"
    if isinstance(found, Missing):
        return lacking(f"rate {pair}", found, pair)
    return leaf(f"rate {pair}", found.rate, pair, Ref(RefKind.RATE, found.source or pair, 0, found.day))


def _lot_cost(lot: Lot) -> Derivation:
    ref = Ref(RefKind.LOT, f"lot of fact {lot.opened}", lot.opened, lot.day or lot.seen)
    return leaf("cost of lot", lot.cost.amount, lot.cost.currency, ref)


def _lot_units(lot: Lot) -> Derivation:
    ref = Ref(RefKind.LOT, f"lot of fact {lot.opened}", lot.opened, lot.day or lot.seen)
    return leaf("units of lot", lot.quantity, UNITS, ref)


def _own(line: ValuedPosition) -> Ref:
    return Ref(RefKind.LOT, f"instrument {line.instrument} in account {line.account}", line.instrument)
