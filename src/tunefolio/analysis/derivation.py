"""How a figure was made: a tree from the figure down to facts, prices and rates, which recomputes it.

Leaves are given values with a reference that can be opened; every other node names its operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, localcontext
from enum import StrEnum
from typing import Any

from tunefolio.core.errors import BrokenLaw
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency, Money, minor_digits, plain, quantized
from tunefolio.core.time import TradingDay

EXACT = Context(prec=60)
"""Sums and products of money, prices, rates and units have far fewer digits: nothing is rounded unasked."""

RATIO = Context(prec=38)
"""Quotients are kept to 38 digits, as Money ÷ Money is."""

Number = Decimal | float


class RefKind(StrEnum):
    """What a leaf points to. day: a day with change; given: a choice or convention, not a record."""

    FACT = "fact"
    LOT = "lot"
    DAY = "day"
    PRICE = "price"
    RATE = "rate"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a leaf's value stands. id: of the fact, or of a price's instrument; 0 where there is none."""

    kind: RefKind
    label: str
    id: int = 0
    day: TradingDay | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that a figure is worked out from, a row a day: too many to be nodes of their own.

    days: proleptic ordinals; columns: by name, of the length of days, NaN where there is no value.
    settings: conventions as numbers, as sessions a year.
    """

    days: tuple[int, ...]
    columns: Mapping[str, tuple[float, ...]]
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derivation:
    """One figure. op: how `inputs` (and the table) make `value`; `formula` says it for people.

    value: a number; where the figure is not available, the reason as text, and op is "missing".
    """

    name: str
    value: Number | str
    unit: str
    op: str
    inputs: tuple[Derivation, ...] = ()
    ref: Ref | None = None
    formula: str = ""
    table: Table | None = None


Op = Callable[[Sequence[Any], Table | None], Number]


def _sum(values: Sequence[Decimal], _: Table | None) -> Decimal:
    with localcontext(EXACT):
        return sum(values, Decimal(0))


def _difference(values: Sequence[Decimal], _: Table | None) -> Decimal:
    with localcontext(EXACT):
        return values[0] - sum(values[1:], Decimal(0))


def _product(values: Sequence[Decimal], _: Table | None) -> Decimal:
    result = Decimal(1)
    for value in values:
        result = EXACT.multiply(result, value)
    return result


def _rounded(digits: int) -> Op:
    def op(values: Sequence[Decimal], _: Table | None) -> Decimal:
        return quantized(_product(values, None), digits)

    return op


def _as_money(digits: int) -> Op:
    """A float that was worked out from a table, as money: its shortest decimal, rounded."""
    return lambda values, _: quantized(Decimal(repr(values[0])), digits)


OPS: dict[str, Op] = {
    "sum": _sum,
    "difference": _difference,
    "product": _product,
    "quotient": lambda values, _: RATIO.divide(values[0], values[1]),
    "negate": lambda values, _: -values[0],
    "same": lambda values, _: values[0],
    "float": lambda values, _: float(values[0]),
    **{f"product, {digits} decimals": _rounded(digits) for digits in range(13)},
    **{f"money, {digits} decimals": _as_money(digits) for digits in range(13)},
}
"""What each operation does; modules that compute figures from tables add their own (performance)."""


def recomputed(derivation: Derivation) -> Number | str:
    """The figure worked out again from its leaves, trusting no value in between; a leaf is itself."""
    if derivation.op in {"leaf", "missing"}:
        return derivation.value
    op = OPS.get(derivation.op)
    if op is None:
        raise BrokenLaw("every operation of a derivation is known", derivation.op)
    return op([recomputed(part) for part in derivation.inputs], derivation.table)


def leaf(name: str, value: Number, unit: str, ref: Ref) -> Derivation:
    return Derivation(name, value, unit, "leaf", (), ref)


def given(name: str, value: Number, unit: str, why: str) -> Derivation:
    """A value that stands in no record: a convention or a choice."""
    return leaf(name, value, unit, Ref(RefKind.GIVEN, why))


def lacking(name: str, missing: Missing, unit: str) -> Derivation:
    return Derivation(name, missing.sentence, unit, "missing")


def made(
    name: str,
    op: str,
    inputs: Sequence[Derivation],
    unit: str,
    *,
    formula: str = "",
    table: Table | None = None,
) -> Derivation:
    """A node whose value is worked out here and now from its inputs; not available if an input is not."""
    holes = [part for part in inputs if part.op == "missing"]
    if holes:
        reasons = "; ".join(dict.fromkeys(str(part.value) for part in holes))
        return Derivation(name, reasons, unit, "missing", tuple(inputs), None, formula)
    value = OPS[op]([part.value for part in inputs], table)
    return Derivation(name, value, unit, op, tuple(inputs), None, formula, table)


def money_product(name: str, inputs: Sequence[Derivation], currency: Currency, *, formula: str) -> Derivation:
    """A product rounded once to the minor unit of the currency."""
    return made(name, f"product, {minor_digits(currency)} decimals", inputs, currency, formula=formula)


def as_money(derivation: Derivation, currency: Currency) -> Money | Missing:
    """The value of a derivation of money, or why there is none."""
    if isinstance(derivation.value, Decimal):
        return Money(derivation.value, currency)
    return Missing(str(derivation.value).removeprefix("not available: "))


def as_json(derivation: Derivation) -> dict[str, Any]:
    """For the API: exact numbers as strings, floats as numbers, days in ISO form."""
    answer: dict[str, Any] = {
        "name": derivation.name,
        "value": _shown(derivation.value),
        "unit": derivation.unit,
        "op": derivation.op,
    }
    if derivation.formula:
        answer["formula"] = derivation.formula
    if derivation.ref is not None:
        ref = derivation.ref
        answer["ref"] = {"kind": ref.kind.value, "label": ref.label, "id": ref.id}
        if ref.day is not None:
            answer["ref"]["day"] = ref.day.iso()
    if derivation.inputs:
        answer["inputs"] = [as_json(part) for part in derivation.inputs]
    if derivation.table is not None:
        table = derivation.table
        days = [date.fromordinal(day).isoformat() for day in table.days]
        columns = {name: [_known(number) for number in column] for name, column in table.columns.items()}
        answer["table"] = {"day": days, **columns}
        answer["settings"] = dict(table.settings)
    return answer


def _shown(value: Number | str) -> float | str:
    return plain(value) if isinstance(value, Decimal) else value


def _known(number: float) -> float | None:
    """JSON has no NaN: a value that is not there is null."""
    return None if number != number else number
