"""How a number of Schedule FA was made: units × close × rate or sum × rate, down to facts and rates."""

from __future__ import annotations

from tunefolio.analysis.derivation import Derivation, Ref, RefKind, given, lacking, leaf, made
from tunefolio.analysis.tax.foreign_worth import NO_FACT, Figure, Sum
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR

_WORDS = {
    "initial": "cost at the rate of its day",
    "peak": "the highest of units × close × rate while held",
    "closing": "on 31 December at its rate",
    "received": "each receipt at the rate of its day",
    "proceeds": "each sale at the rate of its day, before charges",
    "interest": "each receipt at the rate of its day",
    "dividends": "each receipt at the rate of its day",
}


def explain_foreign(name: str, figure: Figure) -> Derivation:
    """The tree of one figure; a single sum stands without an addition above it."""
    if isinstance(figure.value, Missing):
        return lacking(name, figure.value, INR)
    if not figure.sums:
        return given(name, figure.value, INR, "nothing")
    parts = [_sum(name if len(figure.sums) == 1 else "", one) for one in figure.sums]
    if len(parts) == 1:
        return parts[0]
    return made(name, "sum", parts, INR, formula=_WORDS.get(name, ""))


def _sum(name: str, one: Sum) -> Derivation:
    rate = leaf(
        f"{one.amount.currency} in rupees on {one.rate.day}", one.rate.rate, "",
        Ref(RefKind.RATE, one.rate.source or "the same currency", 0, one.rate.day),
    )  # fmt: skip
    title = name or str(one.day)
    words = _WORDS.get(name, "")
    if one.units is not None and one.close is not None:
        units = given("units held", one.units, "units", f"counted as on {one.close.day}")
        price = leaf(
            f"close of {one.close.day}", one.close.price.amount, one.close.price.currency,
            Ref(RefKind.PRICE, "close as paid", one.close.instrument, one.close.day),
        )  # fmt: skip
        return made(title, "product, 2 decimals", [units, price, rate], INR, formula=words)
    paid = _paid(one)
    if not one.others:
        return made(title, "product, 2 decimals", [paid, rate], INR, formula=words)
    whole = made("the whole of it", "product, 2 decimals", [paid, rate], INR)
    others = given("of other lots", one.others, INR, "by the units held that day")
    return made(title, "difference", [whole, others], INR, formula="shared by the units held that day")


def _paid(one: Sum) -> Derivation:
    unit = one.amount.currency
    if one.fact == NO_FACT:
        return given(f"balance of {one.day}", one.amount.amount, unit, "all that came less all that went")
    ref = Ref(RefKind.FACT, f"fact {one.fact}", one.fact, one.day)
    return leaf(f"sum of {one.day}", one.amount.amount, unit, ref)
