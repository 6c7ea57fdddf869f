"""How a figure of tax was made: trees down to facts and rules that recompute it (docs/spec/explain.md)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from tunefolio.analysis.derivation import (
    EXACT,
    OPS,
    RATIO,
    Derivation,
    Ref,
    RefKind,
    Table,
    given,
    lacking,
    leaf,
    made,
)
from tunefolio.analysis.tax.assessment import Assessed, Exempt
from tunefolio.analysis.tax.business import Trade
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.foreign import FX, Converted
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import Earned, Income
from tunefolio.analysis.tax.levy import Levy, Line
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import quantized
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay

INR = "INR"
Part = Literal["consideration", "cost", "bought", "sold"]
FIGURES = ("tax", "cess", "total", "payable", "due", "slab_tax", "special_tax", "withheld", "exemption")
_WHOLE = frozenset({"tax", "cess", "total", "payable", "due"})
"""Sums that are not known while a part of the tax is not."""


def _quotient_of_product(values: Sequence[Any], _: Table | None) -> Decimal:
    """first × second ÷ third, rounded once to the paisa."""
    return quantized(RATIO.divide(EXACT.multiply(values[0], values[1]), values[2]), 2)


def _nearest(values: Sequence[Any], _: Table | None) -> Decimal:
    """first to the nearest multiple of second, half upwards."""
    unit: Decimal = values[1]
    return quantized(values[0] / unit, 0) * unit


OPS.update(
    {
        "larger": lambda values, _: max(values),
        "smaller": lambda values, _: min(values),
        "above zero": lambda values, _: max(values[0], ZERO),
        "product ÷ third, 2 decimals": _quotient_of_product,
        "nearest": _nearest,
    }
)


def explain_gain(gain: Gain) -> Derivation:
    """A capital gain: consideration − expenses − cost, with what was taken for cost and why."""
    one = gain.disposal
    if gain.consideration == one.consideration:
        received = sum_of(one, "consideration", "full value of consideration")
    else:
        received = given("consideration", gain.consideration, INR, "a buyback's value counted as dividend")
    parts = [received, _expenses(gain), _cost_taken(gain)]
    return made("gain", "difference", parts, INR, formula="consideration − expenses − cost of acquisition")


def explain_trade(trade: Trade) -> Derivation:
    """A business result: what selling brought − what buying cost − all charges."""
    one = trade.disposal
    parts = [
        sum_of(one, "consideration", "sold for"),
        sum_of(one, "cost", "bought for"),
        sum_of(one, "bought", "charges of buying"),
        sum_of(one, "sold", "charges of selling"),
    ]
    return made("result", "difference", parts, INR, formula="sold − bought − all charges")


def explain_vda(gain: VdaGain) -> Derivation:
    one = gain.disposal
    parts = [
        sum_of(one, "consideration", "full value of consideration"),
        sum_of(one, "cost", "cost"),
    ]
    net = made("consideration − cost", "difference", parts, INR)
    return made("gain", "above zero", [net], INR, formula="a loss counts for nothing")


def explain_earned(earned: Earned) -> Derivation:
    income = earned.income
    if earned.bucket is None:
        return given(f"{income.kind} of {income.day}", ZERO, INR, "exempt by the rule of its day")
    return explain_amount(income)


def explain_amount(income: Income) -> Derivation:
    """What came, before tax withheld; of a sum in foreign currency with its rate."""
    name = f"{income.kind} of {income.day}"
    if income.paid is None:
        return _fact(name, income.amount, income.fact, income.day)
    return _converted(name, income.paid, income.fact, income.day, rule=income.fx)


def sum_of(one: Disposal, part: Part, name: str) -> Derivation:
    """A sum of a disposal out of its fact; in foreign currency, with the rate it was converted at."""
    value = {
        "consideration": one.consideration, "cost": one.cost, "bought": one.bought.total,
        "sold": one.sold.total,
    }[part]  # fmt: skip
    is_bought = part in {"cost", "bought"}
    fact, day = (one.opened, one.acquired) if is_bought else (one.closed, one.day)
    if one.abroad is None:
        return _fact(name, value, fact, day)
    paid = {
        "consideration": one.abroad.consideration, "cost": one.abroad.cost, "bought": one.abroad.bought,
        "sold": one.abroad.sold,
    }[part]  # fmt: skip
    return _converted(name, paid, fact, day, rule=FX)


def _converted(
    name: str, paid: Converted, fact: TransactionId, day: TradingDay | None, *, rule: str
) -> Derivation:
    return converted_sum(
        name, paid, _fact("as paid", paid.paid.amount, fact, day, unit=paid.paid.currency), rule=rule
    )


def converted_sum(name: str, paid: Converted, amount: Derivation, *, rule: str = FX) -> Derivation:
    """A sum in foreign currency times its rate. amount: where the sum comes from."""
    rate = paid.rate
    source = Ref(RefKind.RATE, rate.source or "the same currency", 0, rate.day)
    each = leaf(f"{paid.paid.currency} in rupees on {rate.day}", rate.rate, "", source)
    return made(name, "product, 2 decimals", [amount, each], INR, formula=f"rule {rule}")


def explain_line(tax_year: TaxYear, line: Line) -> Derivation:
    """The tax of one bucket; of income at slab rates its taxable amount."""
    taxable = _taxable(tax_year, line)
    if line.bucket.rate is None:
        return taxable
    rate = given("rate", line.bucket.rate, "ratio", f"section {line.bucket.section}")
    return made(f"tax on {line.bucket.label}", "product", [taxable, rate], INR, formula="taxable × rate")


def explain(tax_year: TaxYear, figure: str) -> Derivation:
    """A figure of the year (FIGURES), or why it is not known; raises NotFound for another name."""
    sums = {"special_tax": tax_year.special_tax, "slab_tax": tax_year.slab_tax}
    lack = sums.get(figure, tax_year.payable if figure in _WHOLE else None)
    return lacking(figure, lack, INR) if isinstance(lack, Missing) else explain_known(tax_year, figure)


def explain_known(tax_year: TaxYear, figure: str) -> Derivation:
    """The same of what is known of the year: the difference of two years may be known where neither is."""
    levy = tax_year.levy
    match figure:
        case "special_tax":
            lines = [line for line in levy.lines if line.bucket.rate is not None]
            return made(figure, "sum", [explain_line(tax_year, line) for line in lines], INR)
        case "slab_tax":
            return _slab_tax(tax_year)
        case "tax":
            return _tax(tax_year)
        case "cess":
            return made(figure, "product", [_tax(tax_year), _rate(levy.cess_rule)], INR, formula="tax × cess")
        case "total":
            return made(figure, "sum", [_tax(tax_year), explain_known(tax_year, "cess")], INR)
        case "payable":
            parts = [explain_known(tax_year, "total"), _rate(levy.rounding, "unit", INR)]
            return made(figure, "nearest", parts, INR, formula="total, rounded once")
        case "withheld":
            return made(figure, "sum", _credits(tax_year), INR, formula="tax deducted at source")
        case "due":
            parts = [explain_known(tax_year, "payable"), explain_known(tax_year, "withheld")]
            return made(figure, "difference", parts, INR, formula="payable − withheld")
        case "exemption":
            parts = [given(line.bucket.label, line.exempted, INR, "taken") for line in levy.lines]
            return made(figure, "sum", parts, INR, formula="used, of the yearly exemption")
        case _:
            raise NotFound(f"figure {figure}")


def explain_bucket(found: Assessed, bucket: Bucket) -> Derivation:
    """Net income of one bucket: the sum of its gains, trades and receipts."""
    parts = [explain_gain(gain) for gain in found.gains if gain.bucket == bucket]
    parts += [explain_vda(one) for one in found.vda if one.bucket == bucket]
    if bucket.head in {Head.BUSINESS, Head.SPECULATIVE}:
        parts += [explain_trade(trade) for trade in found.trades if trade.head is bucket.head]
    parts += [explain_earned(one) for one in found.earned if one.bucket == bucket]
    return made(bucket.label, "sum", parts, INR, formula="sum of its rows")


def explain_exempt(exempt: Exempt) -> Derivation:
    return given("gain", ZERO, INR, f"exempt: {exempt.rules[0].note or exempt.rules[0].name}")


def _expenses(gain: Gain) -> Derivation:
    one = gain.disposal
    if not gain.expenses:
        return given("expenses of the transfer", ZERO, INR, "none")
    return _deductible("expenses of the transfer", one, "sold")


def _deductible(name: str, one: Disposal, part: Literal["bought", "sold"]) -> Derivation:
    whole = sum_of(one, part, "charges")
    fact, day = (one.closed, one.day) if part == "sold" else (one.opened, one.acquired)
    charges = one.sold if part == "sold" else one.bought
    stt = _fact("securities transaction tax", charges.stt or ZERO, fact, day)
    return made(name, "difference", [whole, stt], INR, formula="charges − securities transaction tax")


def _cost_taken(gain: Gain) -> Derivation:
    one, basis = gain.disposal, gain.basis
    paid = sum_of(one, "cost", "paid for the units")
    charges = _deductible("charges of buying", one, "bought")
    cost = made("cost", "sum", [paid, charges], INR)
    if basis.value is not None:
        parts = [_value(gain, cost), _fact("consideration", gain.consideration, one.closed, one.day)]
        lower = made("lower of value and sale", "smaller", parts, INR)
        return made(
            "cost of acquisition", "larger", [cost, lower], INR, formula="max(cost, min(value, sale))"
        )
    if basis.index is not None:
        parts = [cost, _rate(basis.index.sold, "index"), _rate(basis.index.acquired, "index")]
        return _indexed("indexed cost", parts)
    return cost


def _indexed(name: str, parts: list[Derivation]) -> Derivation:
    return made(
        name, "product ÷ third, 2 decimals", parts, INR, formula="cost × index of sale ÷ index of purchase"
    )


def _value(gain: Gain, cost: Derivation) -> Derivation:
    """The value of 31 January 2018 of all units."""
    basis = gain.basis
    if basis.value_of is None:
        if basis.index is None:
            return lacking("value", Missing("the value of 2018-01-31"), INR)
        return _indexed(
            "value", [cost, _rate(basis.index.sold, "index"), _rate(basis.index.acquired, "index")]
        )
    value = basis.value_of
    parts = [
        leaf(
            "value per unit then", value.each, INR, Ref(RefKind.PRICE, value.source, gain.disposal.instrument)
        ),
        _fact("units", gain.disposal.units, gain.disposal.closed, gain.day, unit="units"),
        given("units now for one then", value.made, "", "later splits"),
    ]
    return made(
        "value on 2018-01-31", "product ÷ third, 2 decimals", parts, INR, formula="value × units ÷ splits"
    )


def _taxable(tax_year: TaxYear, line: Line) -> Derivation:
    parts = [
        explain_bucket(tax_year.found, line.bucket),
        _set_off(tax_year.levy, line),
        given("unused basic exemption", line.basic, INR, "of a resident, highest rate first"),
        given("yearly exemption", line.exempted, INR, "once per person and year"),
    ]
    formula = "income − set-off − unused basic exemption − yearly exemption"
    return made(f"taxable {line.bucket.label}", "difference", parts, INR, formula=formula)


def _set_off(levy: Levy, line: Line) -> Derivation:
    parts = [
        given(f"{step.kind.value.replace('_', '-')} loss of {step.year}", step.amount, INR, step.rule.name)
        for step in levy.set_off.steps
        if step.against == line.bucket
    ]
    return made("losses set off", "sum", parts, INR)


def _tax(tax_year: TaxYear) -> Derivation:
    levy = tax_year.levy
    parts = [explain_known(tax_year, "special_tax")]
    if isinstance(levy.slab_tax, Decimal):
        parts.append(_slab_tax(tax_year))
    return made("tax", "sum", parts, INR, formula="at special rates + at the slab told")


def _slab_tax(tax_year: TaxYear) -> Derivation:
    levy = tax_year.levy
    if isinstance(levy.slab_tax, Missing):
        return lacking("slab_tax", levy.slab_tax, INR)
    rate = tax_year.taxpayer.slab_rate
    if not levy.slab_tax or not rate:
        return given("slab_tax", levy.slab_tax, INR, "no income at slab rates above the basic exemption")
    lines = [line for line in levy.lines if line.bucket.rate is None]
    own = made("income at slab rates", "sum", [_taxable(tax_year, line) for line in lines], INR)
    parts = [own]
    if not isinstance(levy.basic, Missing):
        above = levy.basic.slab_income - levy.basic.limit
        other = given("slab income above the basic exemption", above, INR, "with the person's other income")
        parts = [made("taxed of it", "smaller", [own, other], INR)]
    told = given("slab rate", rate, "ratio", "as the person told")
    return made("slab_tax", "product", [*parts, told], INR, formula="income × slab rate")


def _credits(tax_year: TaxYear) -> list[Derivation]:
    return [
        _fact(f"withheld on {one.day}", one.income.credit, one.income.fact, one.day)
        for one in tax_year.found.earned
        if one.income.credit
    ]


def _rate(rule: Rule, field: str = "rate", unit: str = "ratio") -> Derivation:
    sources = ", ".join(source.title for source in rule.sources)
    return given(f"{rule.name} since {rule.since}", rule.number(field), unit, sources)


def _fact(
    name: str, value: Decimal, fact: TransactionId, day: TradingDay | None, unit: str = INR
) -> Derivation:
    return leaf(name, value, unit, Ref(RefKind.FACT, f"fact {fact}", fact, day))
