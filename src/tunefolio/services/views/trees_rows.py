"""Derivations of what stands beside lots: both lot methods, matches' units and ages, income."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from tunefolio.analysis.derivation import (
    EXACT,
    OPS,
    Derivation,
    Ref,
    RefKind,
    Table,
    given,
    lacking,
    leaf,
    made,
)
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.identity import TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import minor_digits
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Match
from tunefolio.ledger.positions import Position
from tunefolio.ledger.transactions import Transaction
from tunefolio.services.books import Folded
from tunefolio.services.views.holdings import EVERYTHING_SOLD, SeenHolding
from tunefolio.services.views.trees import UNITS, cost_of, realised_of, units_held, value_of

AVERAGE = "plain average"
_OWN_CASH = frozenset({Kind.DIVIDEND, Kind.INTEREST, Kind.REPAYMENT})


# The chosen lot method beside plain average -----------------------------------------------------


def of_method(seen: SeenHolding, fold: Folded, method: str, name: str) -> Derivation | None:
    """cost, average_price, realised or unrealised, as `chosen` or `averaged` has it."""
    position = seen.position
    cost = cost_of(position) if method == "chosen" else _averaged_cost(position, fold)
    match name:
        case "cost":
            return cost
        case "realised":
            return realised_of(position) if method == "chosen" else _averaged_gain(position, cost)
        case "average_price":
            held = units_held(position)
            if not held.value:
                return lacking("cost per unit", Missing("no units are held"), position.currency)
            return made("cost per unit", "quotient", [cost, held], position.currency, formula="cost ÷ units")
        case "unrealised":
            return _unrealised(seen, cost)
        case _:
            return None


def _unrealised(seen: SeenHolding, cost: Derivation) -> Derivation:
    position, line = seen.position, seen.valued
    if line is None:
        return lacking("unrealised", Missing(EVERYTHING_SOLD), position.currency)
    value = value_of(line, seen.listed.symbol)
    if line.is_margined:
        return made("unrealised", "same", [value], value.unit, formula="a future is worth what it has gained")
    owed = [
        leaf(
            "brought by a short lot", lot.cost.amount, position.currency, _fact_ref(lot.opened, "short sale")
        )
        for lot in position.shorts
    ]
    gain = made("value − cost", "difference", [value, cost], position.currency)
    return made("unrealised", "sum", [gain, *owed], position.currency, formula="value − cost + short sales")


def _averaged_cost(position: Position, fold: Folded) -> Derivation:
    """Every purchase adds to one cost, every sale takes its share of it. After corporate actions or transfers
    that share is known to the books alone, and stands as they have it."""
    currency, told = position.currency, position.averaged.cost.amount
    mine = [m for m in fold.holdings.movements if m.instrument == position.instrument]
    table = _paid_and_taken(mine, minor_digits(currency))
    tree = made("plain average", AVERAGE, (), currency, formula="each sale takes its share", table=table)
    whole = made("cost at plain average", f"money, {minor_digits(currency)} decimals", [tree], currency)
    if whole.value == told:
        return whole
    why = "as the books carry it through transfers and corporate actions"
    return given("cost at plain average", told, currency, why)


def _averaged_gain(position: Position, cost: Derivation) -> Derivation:
    """Methods only share the same money out differently: what lots cost less costs more of what was sold."""
    currency, told = position.currency, position.averaged.realised.amount
    parts = [realised_of(position), cost, made("less", "negate", [cost_of(position)], currency)]
    formula = "realised by lots + cost at plain average − cost of lots"
    gain = made("realised at plain average", "sum", parts, currency, formula=formula)
    if gain.value == told:
        return gain
    why = "as the books carry it through transfers, short sales and corporate actions"
    return given("realised at plain average", told, currency, why)


def _paid_and_taken(movements: Sequence[Movement], digits: int) -> Table:
    """A row for each change of units: what it added to the cost, or the units it took."""
    changed = [m for m in movements if m.units]
    columns = {
        "units": tuple(float(m.units) for m in changed),
        "cost": tuple(float(max(m.cost + m.lot_fees, Decimal(0))) for m in changed),
    }
    return Table(tuple(m.day.date.toordinal() for m in changed), columns, {"digits": float(digits)})


def _plain_average(_: object, table: Table | None) -> float:
    if table is None:
        raise BrokenLaw("a figure recomputes from its own table", "no table")
    unit = Decimal(1).scaleb(-int(table.settings["digits"]))
    held = cost = Decimal(0)
    for units, added in zip(table.columns["units"], table.columns["cost"], strict=True):
        change = Decimal(repr(units))
        if change < 0 < held:
            share = EXACT.divide(EXACT.multiply(cost, -change), held)
            cost -= cost if held == -change else EXACT.quantize(share, unit)
        held += change
        cost += Decimal(repr(added))
    return float(cost.quantize(unit, ROUND_HALF_UP))


OPS[AVERAGE] = _plain_average


# Matches and income -----------------------------------------------------------------------------


def of_match_row(match: Match, name: str) -> Derivation | None:
    """quantity or held_days of a match."""
    closed = _fact_ref(match.closed, f"sale of {match.day}")
    if name == "quantity":
        return leaf("units", match.lot.quantity, UNITS, closed)
    if name != "held_days":
        return None
    if match.lot.day is None:
        return lacking("held", Missing("the purchase day of an opening position"), "days")
    first, last = sorted([match.day.date.toordinal(), match.lot.day.date.toordinal()])
    ends = [
        leaf("day it ended, as a number of days", Decimal(last), "days", closed),
        leaf("day it began", Decimal(first), "days", _fact_ref(match.lot.opened, f"lot of {match.lot.day}")),
    ]
    return made("held", "difference", ends, "days", formula="days between purchase and sale")


def of_income(found: Transaction, name: str) -> Derivation | None:
    """gross, fees, tax or net of one dividend, interest, reward or repayment."""
    fact, currency = found.fact, found.fact.amount.currency
    ref = _fact_ref(found.id, f"fact {found.id}")
    fees = leaf("charges", fact.charges.amount, currency, ref)
    tax = leaf("tax withheld", fact.withheld.amount, currency, ref)
    amount = leaf("amount", fact.amount.amount, currency, ref)
    is_cash = fact.kind in _OWN_CASH
    gross = amount if is_cash else made("gross", "sum", [amount, fees, tax], currency)
    rows: Mapping[str, Derivation] = {
        "gross": gross,
        "fees": fees,
        "tax": tax,
        "net": made("net", "difference", [gross, fees, tax], currency, formula="gross − charges − tax"),
    }
    return rows.get(name)


def _fact_ref(id: TransactionId, label: str) -> Ref:
    return Ref(RefKind.FACT, label, id)
