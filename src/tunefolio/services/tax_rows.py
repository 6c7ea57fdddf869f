"""The rows of a year of tax, each with a name that stays while its facts do, and how each number was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from tunefolio.analysis.derivation import OPS, RATIO, Derivation, Ref, RefKind, given, leaf, made
from tunefolio.analysis.tax.assessment import Exempt
from tunefolio.analysis.tax.business import Trade
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.incomes import Earned
from tunefolio.analysis.tax.schedule_112a import BEFORE, Row112A, rows_112a
from tunefolio.analysis.tax.steps import (
    INR,
    explain_amount,
    explain_earned,
    explain_exempt,
    explain_gain,
    explain_trade,
    explain_vda,
    sum_of,
)
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.core.identity import TransactionId
from tunefolio.core.money import quantized
from tunefolio.core.rules import Rule

Deed = Gain | VdaGain | Trade | Exempt
OPS["quotient, 4 decimals"] = lambda values, _: quantized(RATIO.divide(values[0], values[1]), 4)


def deeds_of(year: TaxYear) -> list[tuple[str, Deed]]:
    """Every deed of the year with its key: gains, crypto, trades, what the law leaves out; the facts that
    brought and took the units, and a count where the same two did it in several parts."""
    found = year.found
    rows: Sequence[Deed] = [*found.gains, *found.vda, *found.trades, *found.exempt]
    seen: dict[tuple[int, int], int] = {}
    keyed: list[tuple[str, Deed]] = []
    for row in rows:
        pair = (row.disposal.opened, row.disposal.closed)
        number = seen[pair] = seen.get(pair, -1) + 1
        keyed.append((f"{pair[0]}-{pair[1]}-{number}", row))
    return keyed


def incomes_of(year: TaxYear) -> list[tuple[str, Earned]]:
    """Every receipt with its key: its fact, and a count where one fact brought several."""
    seen: dict[TransactionId, int] = {}
    keyed: list[tuple[str, Earned]] = []
    for row in year.found.earned:
        fact = row.income.fact
        number = seen[fact] = seen.get(fact, -1) + 1
        keyed.append((f"{fact}-{number}", row))
    return keyed


def explain_deed(year: TaxYear, key: str, part: str) -> Derivation:
    """part: gain, received, expenses, cost, value, taken, turnover, rate. Raises KeyError for another."""
    row = dict(deeds_of(year))[key]
    if part == "rate":
        return _rate(row)
    if isinstance(row, Gain):
        return _of_gain(row, part)
    if isinstance(row, VdaGain):
        whole = explain_vda(row)
        received, cost = whole.inputs[0].inputs
        return {"gain": whole, "received": received, "cost": cost, "taken": cost}[part]
    if isinstance(row, Trade):
        return _of_trade(row, part)
    one = row.disposal
    shown = {
        "received": sum_of(one, "consideration", "full value of consideration"),
        "cost": sum_of(one, "cost", "cost"),
        "gain": explain_exempt(row),
    }
    return shown[part]


def _rate(row: Deed) -> Derivation:
    """The rate it is taxed at, by its rule; raises KeyError for a slab."""
    if not isinstance(row, Gain | VdaGain) or row.bucket.rate is None:
        raise KeyError("rate")
    rules = [rule for rule in row.rules if rule.name.startswith("rate.")]
    named = "; ".join(rule_words(rule) for rule in rules)
    return given("rate", row.bucket.rate, "ratio", named or f"section {row.bucket.section}")


def rule_words(rule: Rule) -> str:
    """A rule with its first day and its sources."""
    return f"{rule.name} since {rule.since} ({', '.join(source.title for source in rule.sources)})"


def explain_income(year: TaxYear, key: str, part: str) -> Derivation:
    """part: amount, taxable, withheld. Raises KeyError for what is none."""
    row = dict(incomes_of(year))[key]
    told = row.income
    shown = {
        "amount": explain_amount(told),
        "taxable": explain_earned(row),
        "withheld": _fact(f"withheld on {told.day}", told.withheld, told.fact),
    }
    return shown[part]


def explain_112a(year: TaxYear, place: int, column: str) -> Derivation:
    """A number of a row of Schedule 112A: its lots added up, rounded once. Raises IndexError, KeyError."""
    row = rows_112a(year)[place]
    return _COLUMNS[column](row)


def _of_gain(row: Gain, part: str) -> Derivation:
    whole = explain_gain(row)
    received, expenses, taken = whole.inputs
    match part:
        case "gain":
            return whole
        case "received":
            return received
        case "expenses":
            return expenses
        case "taken":
            return taken
        case "cost":
            return _named(taken, "cost")
        case "value":
            return _named(taken, "value")
        case _:
            raise KeyError(part)


def _of_trade(row: Trade, part: str) -> Derivation:
    whole = explain_trade(row)
    sold, bought, *charges = whole.inputs
    gain = made("sold − bought", "difference", [sold, bought], INR)
    loss = made("bought − sold", "difference", [bought, sold], INR)
    shown = {
        "gain": whole,
        "received": sold,
        "cost": bought,
        "taken": bought,
        "expenses": made("charges", "sum", charges, INR),
        "turnover": made("turnover", "larger", [gain, loss], INR, formula="absolute result before charges"),
    }
    return shown[part]


def _named(node: Derivation, name: str) -> Derivation:
    """The first node below of that name, itself included; raises KeyError."""
    for one in _walk(node):
        if one.name == name or one.name.startswith(f"{name} on"):
            return one
    raise KeyError(name)


def _walk(node: Derivation) -> Iterator[Derivation]:
    yield node
    for part in node.inputs:
        yield from _walk(part)


def _parts(row: Row112A, part: str) -> list[Derivation]:
    return [_of_gain(gain, part) for gain in row.lots]


def _rounded(name: str, whole: Derivation) -> Derivation:
    rupee = given("whole rupees", Decimal(1), INR, "the form has no paise")
    return made(name, "nearest", [whole, rupee], INR)


def _summed(name: str, part: str) -> Callable[[Row112A], Derivation]:
    return lambda row: _rounded(name, made("its lots", "sum", _parts(row, part), INR))


def _units(row: Row112A) -> Derivation:
    parts = [
        _fact(gain.asset.name, gain.disposal.units, gain.disposal.closed, unit="units") for gain in row.lots
    ]
    return made("units", "sum", parts, "units")


def _value(row: Row112A) -> Derivation:
    """The value of 2018 of all lots; none of what was bought later."""
    lots = [gain for gain in row.lots if gain.basis.value is not None] if row.acquired == BEFORE else []
    return made("value on 2018-01-31", "sum", [_of_gain(gain, "value") for gain in lots], INR)


def _lower(row: Row112A) -> Derivation:
    received = made("consideration", "sum", _parts(row, "received"), INR)
    return _rounded("lower of value and sale", made("lower", "smaller", [_value(row), received], INR))


def _deemed(row: Row112A) -> Derivation:
    cost = _COLUMNS["cost"](row)
    return made("cost of acquisition", "larger", [cost, _lower(row)], INR, formula="the higher of both")


def _deductions(row: Row112A) -> Derivation:
    return made("deductions", "sum", [_deemed(row), _COLUMNS["expenses"](row)], INR)


def _balance(row: Row112A) -> Derivation:
    parts = [_COLUMNS["consideration"](row), _deductions(row)]
    return made("balance", "difference", parts, INR, formula="consideration − deductions")


def _each(name: str, whole: Callable[[Row112A], Derivation]) -> Callable[[Row112A], Derivation]:
    """Of one unit, as the form asks it: to four places."""

    def told(row: Row112A) -> Derivation:
        return made(name, "quotient, 4 decimals", [whole(row), _units(row)], INR)

    return told


def _received(row: Row112A) -> Derivation:
    return made("consideration", "sum", _parts(row, "received"), INR)


_COLUMNS: Mapping[str, Callable[[Row112A], Derivation]] = {
    "units": _units,
    "price": _each("price of one", _received),
    "consideration": _summed("full value of consideration", "received"),
    "cost": _summed("cost as paid", "cost"),
    "lower": _lower,
    "deemed_cost": _deemed,
    "fmv_each": _each("value of one on 2018-01-31", _value),
    "fmv": lambda row: _rounded("value on 2018-01-31", _value(row)),
    "expenses": _summed("expenses of the transfer", "expenses"),
    "deductions": _deductions,
    "balance": _balance,
}


def _fact(name: str, value: Decimal, fact: TransactionId, unit: str = INR) -> Derivation:
    return leaf(name, value, unit, Ref(RefKind.FACT, f"fact {fact}", fact))
