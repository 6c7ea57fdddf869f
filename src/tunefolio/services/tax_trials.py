"""How each number of a sale that has not happened was made: what it would bring, cost and change.

A name is `proceeds`, `charges`, `charge:stt`, `gain`, `tax`, `saved`, `net`, `units`, `held`, `price`,
`exemption_used`, `exemption_left`, `carried`; `before:FIGURE` and `after:FIGURE` are those of the year
without and with the sale (services/tax_figures): `after:deed:KEY:gain` is the gain of one of its lots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from tunefolio.analysis.derivation import Derivation, Ref, RefKind, given, lacking, leaf, made
from tunefolio.analysis.tax.assessment import Assessed
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.levy import Line as TaxLine
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.analysis.tax.steps import INR, converted_sum, explain_known
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import TransactionId
from tunefolio.core.missing import Missing
from tunefolio.services.tax_figures import MOST_PARTS, explanation, readable
from tunefolio.services.tax_planning import Sale
from tunefolio.services.tax_rows import Deed, deeds_of
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.lines import Charges, Line

_Explained = Callable[[Sale, str], Derivation]
_MORE = "what the form asks for"


def explain_sale(sale: Sale, figure: str, *, most: int = MOST_PARTS) -> Derivation:
    """The tree behind one number of a planned sale; raises NotFound for a name that is none.

    most: parts of a sum that are told one by one.
    """
    word, _, rest = figure.partition(":")
    found = _EXPLAINED.get(word)
    if found is None or (rest and word not in _NAMED):
        raise NotFound("figure")
    return _retold(readable(found(sale, rest), most=most), _trial_leaves(sale))


def year_after(sale: Sale) -> TaxYear:
    """The year with the sale in it, its lots first."""
    year, new = sale.year.result, sale.effect.found
    old = year.found
    merged = Assessed(
        [*new.gains, *old.gains],
        [*new.vda, *old.vda],
        [*new.trades, *old.trades],
        old.earned,
        [*new.exempt, *old.exempt],
        old.holes,
    )
    return replace(year, found=merged, levy=sale.effect.after)


def lots_of(sale: Sale) -> list[tuple[str, Deed]]:
    """The lots it takes under their heads, each with the key that explanations know it by."""
    return deeds_of(replace(sale.year.result, found=sale.effect.found))


def tax_lines(sale: Sale) -> list[tuple[TaxLine | None, TaxLine | None]]:
    """The year's tax line by line, (without, with the sale), the highest rate first."""
    before, after = sale.effect.before, sale.effect.after
    gone = [line for line in before.lines if after.line(line.bucket) is None]
    pairs = [(before.line(line.bucket), line) for line in after.lines]
    return [*pairs, *((line, None) for line in gone)]


def _proceeds(sale: Sale, _: str = "") -> Derivation:
    parts = [given("units", sale.units, "units", _MORE), _price(sale)]
    return made("sold for", "product", parts, INR, formula="units × price of one")


def _price(sale: Sale, _: str = "") -> Derivation:
    held = sale.held
    if sale.typed is not None:
        paid = sale.typed.paid
        return converted_sum("price of one", sale.typed, given("as typed", paid.amount, paid.currency, _MORE))
    if sale.price != held.price or held.priced is None:
        return given("price of one", sale.price, INR, "as typed")
    label = f"newest quote of {held.instrument.symbol}, {held.priced}"
    if held.instrument.currency != INR:
        label += ", in rupees at the rate that the rule `fx` names for today"
    return leaf("price of one", sale.price, INR, Ref(RefKind.PRICE, label, held.instrument.id))


def _charges(sale: Sale, _: str = "") -> Derivation:
    return _charges_tree(sale.charges, "charges")


def _charge(sale: Sale, name: str) -> Derivation:
    if isinstance(sale.charges, Charges):
        for line in sale.charges.found:
            if line.name.value == name:
                return _charge_line(line)
    raise NotFound("figure")


def _charges_tree(cost: Charges | Missing, name: str) -> Derivation:
    if isinstance(cost, Missing):
        return lacking(name, cost, INR)
    if cost.missing is not None:
        return lacking(name, cost.missing, INR)
    lines = [_charge_line(line) for line in cost.found]
    return made(name, "sum", lines, INR, formula="each line rounded once, by the tariff of its broker")


def _charge_line(line: Line) -> Derivation:
    rules = "; ".join(f"{rule.name} since {rule.since}" for rule in line.rules)
    return given(line.title, line.amount.amount, INR, f"{line.rate}, by {rules}")


def _deductible(cost: Charges | Missing) -> Derivation:
    """The part of the value that a gain may deduct as expenses."""
    name = "deductible charges, as a part of the value"
    if isinstance(cost, Missing) or not cost.value:
        why = "no tariff is known: nothing is deducted" if isinstance(cost, Missing) else "no charges"
        return given(name, ZERO, "ratio", why)
    lines = [_charge_line(line) for line in cost.found]
    stt = cost.line(LineName.STT)
    levied = [_charge_line(stt)] if isinstance(stt, Line) else []
    whole = made("charges", "sum", lines, INR)
    counted = made("without transaction tax", "difference", [whole, *levied], INR)
    parts = [counted, given("value", cost.value, INR, "of the units that the charges were worked out for")]
    return made(name, "quotient", parts, "ratio", formula="charges without transaction tax ÷ value")


def _tax(sale: Sale, _: str = "") -> Derivation:
    if isinstance(sale.tax, Missing):
        return lacking("tax", sale.tax, INR)
    after = replace(explain_known(year_after(sale), "total"), name="tax and cess with this sale")
    before = replace(explain_known(sale.year.result, "total"), name="tax and cess without it")
    return made("what the year's tax grows by", "difference", [after, before], INR, formula="with − without")


def _saved(sale: Sale, _: str = "") -> Derivation:
    return made("tax saved this year", "negate", [_tax(sale)], INR, formula="what the tax falls by")


def _net(sale: Sale, _: str = "") -> Derivation:
    parts = [_proceeds(sale), _charges(sale), _tax(sale)]
    return made("left for you", "difference", parts, INR, formula="sold for − charges − tax")


def _gain(sale: Sale, _: str = "") -> Derivation:
    after = year_after(sale)
    parts = [explanation(after, f"deed:{key}:gain") for key, _row in lots_of(sale)]
    return made("gain", "sum", parts, INR, formula="of all lots, before set-off")


def _exemption_used(sale: Sale, _: str = "") -> Derivation:
    after = replace(explanation(year_after(sale), "exemption"), name="used with this sale")
    before = replace(explanation(sale.year.result, "exemption"), name="used without it")
    return made("exemption used by it", "difference", [after, before], INR, formula="with − without")


def _exemption_left(sale: Sale, _: str = "") -> Derivation:
    return explanation(year_after(sale), "exemption_left")


def _carried(sale: Sale, _: str = "") -> Derivation:
    parts = [_losses(year_after(sale), "with this sale"), _losses(sale.year.result, "without it")]
    return made("loss carried on by it", "difference", parts, INR, formula="with − without")


def _losses(year: TaxYear, name: str) -> Derivation:
    found = [
        explanation(year, f"carried:{loss.kind.value}:{loss.year}") for loss in year.levy.set_off.carried
    ]
    return made(f"losses carried forward {name}", "sum", found, INR)


def _units(sale: Sale, _: str = "") -> Derivation:
    lots = [(one.disposal.units, one.disposal) for _key, one in lots_of(sale)]
    parts = [_lot(units, one.opened, f"lot of {one.acquired}") for units, one in lots]
    return made("units sold", "sum", parts, "units", formula="in the order in which the law takes them")


def _held(sale: Sale, _: str = "") -> Derivation:
    if isinstance(sale.held.lots, Missing):
        return given("units held", sale.held.units, "units", "in the books")
    parts = [_lot(lot.quantity, lot.opened, f"lot of {lot.day or lot.seen}") for lot in sale.held.lots]
    return made("units held", "sum", parts, "units")


def _lot(units: Decimal, fact: TransactionId, name: str) -> Derivation:
    return leaf(name, units, "units", Ref(RefKind.LOT, f"fact {fact}", fact))


def _trial_leaves(sale: Sale) -> Mapping[Decimal, Derivation]:
    """What stands in for facts that are not: by its value, since the same value is made in the same way."""
    price, part, rounded = _price(sale), _deductible(sale.basis), f"product, {sale.digits} decimals"
    found: dict[Decimal, Derivation] = {}
    for one in _disposals(lots_of(sale)):
        units = given("units", one.units, "units", "of this lot")
        name = "full value of consideration"
        worth = made(name, rounded, [units, price], INR, formula="units × price, rounded once")
        found[one.units] = units
        found[one.sold.total] = made("deductible charges of the sale", rounded, [worth, part], INR)
        found[one.consideration] = worth
    found[ZERO] = given("none", ZERO, INR, "transaction tax is left out above")
    return found


def _disposals(lots: Iterable[tuple[str, Deed]]) -> Iterable[Disposal]:
    return (one.disposal for _key, one in lots)


def _retold(node: Derivation, leaves: Mapping[Decimal, Derivation]) -> Derivation:
    """The tree with every leaf that points to the sale's own fact, which is not there, worked out instead."""
    ref = node.ref
    if ref is not None and ref.kind is RefKind.FACT and not ref.id and isinstance(node.value, Decimal):
        return replace(leaves[node.value], name=node.name)
    if node.op in {"leaf", "missing"}:
        return node
    parts = [_retold(part, leaves) for part in node.inputs]
    if all(one is other for one, other in zip(parts, node.inputs, strict=True)):
        return node
    return made(node.name, node.op, parts, node.unit, formula=node.formula, table=node.table)


_EXPLAINED: Mapping[str, _Explained] = {
    "proceeds": _proceeds,
    "price": _price,
    "charges": _charges,
    "charge": _charge,
    "tax": _tax,
    "saved": _saved,
    "net": _net,
    "gain": _gain,
    "exemption_used": _exemption_used,
    "exemption_left": _exemption_left,
    "carried": _carried,
    "units": _units,
    "held": _held,
    "before": lambda sale, rest: explanation(sale.year.result, rest),
    "after": lambda sale, rest: explanation(year_after(sale), rest),
}
_NAMED = frozenset({"charge", "before", "after"})
