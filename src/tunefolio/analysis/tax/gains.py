"""One disposal's capital gain: term, rate, what is deducted, and why.

Steps, and why each precedes the next: docs/spec/tax.md. `steps.explain_gain` shows the same as a tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from tunefolio.analysis.derivation import EXACT, RATIO
from tunefolio.analysis.tax.assets import UNITS, Asset, TaxClass
from tunefolio.analysis.tax.disposals import Disposal, Way
from tunefolio.analysis.tax.foreign import FX
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.holding import Held, Term, held
from tunefolio.analysis.tax.indexation import Index, index_between
from tunefolio.analysis.tax.rulebook import ZERO, doubts_of, eras, no_rule, rows_of, rule_at
from tunefolio.analysis.tax.stripping import Stripped, stripped
from tunefolio.analysis.tax.taxpayer import Residency
from tunefolio.analysis.tax.values2018 import Unlisted2018, Value2018, Values
from tunefolio.core.missing import Missing
from tunefolio.core.money import quantized
from tunefolio.core.rules import Rule, Rulebook
from tunefolio.core.time import TradingDay

_EQUITY = frozenset({TaxClass.LISTED_EQUITY, TaxClass.EQUITY_FUND, TaxClass.BUSINESS_TRUST})


@dataclass(frozen=True, slots=True)
class Law:
    """What a gain is judged by: the rules, values of 2018, and where the person lives for tax."""

    book: Rulebook
    values: Values
    residency: Residency = Residency.RESIDENT


@dataclass(frozen=True, slots=True)
class Basis:
    """What stands against the sale. cost: paid, with the charges that may be deducted; taken: what is
    deducted as cost in the end, raised by index or value of 2018.

    value: of 2018 in total, rounded once; index: the two rows it was raised by.
    """

    cost: Decimal
    taken: Decimal
    value: Decimal | None = None
    value_of: Value2018 | None = None
    index: Index | None = None


@dataclass(frozen=True, slots=True)
class Gain:
    """A capital gain or, below zero, loss. taxable = consideration − expenses − basis.taken, rupees.

    consideration: the full value; zero where a buyback counts as dividend. expenses: of the transfer.
    is_before_2018: acquired by 2018-01-31, so that its value of that day counts.
    remarks: what is doubtful about the row beyond its rules. stripped: what of a loss may count for nothing.
    """

    disposal: Disposal
    asset: Asset
    bucket: Bucket
    held: Held
    consideration: Decimal
    expenses: Decimal
    basis: Basis
    is_before_2018: bool
    rules: tuple[Rule, ...]
    remarks: tuple[str, ...] = ()
    stripped: tuple[Stripped, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """What a reader must be told of this row."""
        return (*doubts_of(self.rules), *self.remarks, *(one.words for one in self.stripped))

    @property
    def taxable(self) -> Decimal:
        return self.consideration - self.expenses - self.basis.taken

    @property
    def day(self) -> TradingDay:
        return self.disposal.day


def gain_of(disposal: Disposal, asset: Asset, law: Law, *, consideration: Decimal) -> Gain | Missing:
    """consideration: what counts as received; the disposal's, or nothing where the law says so."""
    acquired, tax_class = disposal.acquired, asset.tax_class
    if isinstance(tax_class, Missing):
        return tax_class
    if acquired is None:
        reason = f"the day of purchase of {asset.name} sold on {disposal.day}"
        return Missing(reason, "Record the opening position with its `acquired` day")
    if acquired > disposal.day:
        reason = f"a day of purchase of {asset.name} that comes before its sale on {disposal.day}"
        return Missing(reason, "Mend the day on which the units were bought or sold")
    term = held(asset, tax_class, acquired, disposal.day, law.book)
    if isinstance(term, Missing):
        return term
    series = _series(tax_class, disposal, term.term)
    at = _rated(law.book, eras(law.book).number(disposal.day), series)
    if at is None:
        return _unrated(law.book, series, disposal.day)
    refused = _refused(law, at.rate)
    if refused is not None:
        return refused
    expenses = disposal.sold.deductible if disposal.way is not Way.WRITE_OFF else ZERO
    net = consideration - expenses
    is_old = at.cutoff is not None and acquired.date <= at.cutoff
    if is_old:
        found = _valued(disposal, acquired, consideration, law, name=asset.name)
    else:
        found = _paid(disposal, acquired, at.rate, law, net=net)
    if isinstance(found, Missing):
        return found
    basis, is_plain = found
    bucket = at.plain if is_plain and at.plain is not None else at.bucket
    return Gain(
        disposal, asset, bucket, term, consideration, expenses, basis, is_old,
        _rules(disposal, asset, term, at, basis, law.book),
        _remarks(disposal, basis), stripped(disposal, tax_class, law.book, net - basis.taken),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rated:
    """What all gains of one series of rates share in an era. plain: the bucket at the rate without index;
    cutoff: bought by that day, the value of that day counts."""

    rate: Rule
    label: Rule
    bucket: Bucket
    plain: Bucket | None
    cutoff: date | None


@lru_cache(maxsize=4096)
def _rated(book: Rulebook, era: int, series: str) -> _Rated | None:
    """None where rate or label is not known."""
    cut = eras(book)
    rate = cut.rule(era, f"rate.{series}")
    label = None if rate is None else cut.rule(era, f"section.{rate.word('section')}")
    if rate is None or label is None:
        return None
    head = Head.LONG_TERM if series.endswith(Term.LONG) else Head.SHORT_TERM
    section, has_exemption = label.word("label"), rate.word("exemption") != ""
    plain = Bucket(head, rate.number("plain_rate"), section) if rate.word("plain_rate") else None
    at = None if rate.word("rate") == "slab" else rate.number()
    rule = cut.rule(era, "grandfathering") if rate.word("grandfathered") else None
    cutoff = None if rule is None else date.fromisoformat(rule.word("cutoff"))
    return _Rated(rate, label, Bucket(head, at, section, has_exemption), plain, cutoff)


def _unrated(book: Rulebook, series: str, day: TradingDay) -> Missing:
    rate = rule_at(book, f"rate.{series}", day)
    return rate if isinstance(rate, Missing) else no_rule(f"section.{rate.word('section')}", day)


def _series(tax_class: TaxClass, disposal: Disposal, term: Term) -> str:
    """Which rows of rates apply."""
    pays_stt = disposal.way in {Way.SALE, Way.BUYBACK}
    if tax_class in _EQUITY and pays_stt:
        return f"equity.{term}"
    if term is Term.SHORT:
        return "other.short"
    if tax_class in _EQUITY:
        return "off_market.long"
    return f"{'units' if tax_class in UNITS else tax_class}.long"


def _refused(law: Law, rate: Rule) -> Missing | None:
    """Non-residents: equity sold on the exchange and slab rates are the same; the rest is not kept."""
    if law.residency is Residency.RESIDENT or rate.word("section") != "ltcg_other":
        return None
    return Missing(
        f"the rules of {rate.name} for non-residents",
        "Only gains on listed equity, equity funds and at slab rates are computed for non-residents",
    )


def _paid(
    disposal: Disposal, acquired: TradingDay, rate: Rule, law: Law, *, net: Decimal
) -> tuple[Basis, bool] | Missing:
    """The cost as paid or raised by the index, and whether the plain rate without index is the better choice.

    net: what was received, after the expenses of the transfer.
    """
    cost = disposal.cost + disposal.bought.deductible
    if not rate.word("indexed"):
        return Basis(cost, cost), False
    index = index_between(acquired, disposal.day, law.book)
    if isinstance(index, Missing):
        return index
    raised = index.of(cost)
    if rate.word("plain_rate"):
        plain_tax = max(net - cost, ZERO) * rate.number("plain_rate")
        if plain_tax < max(net - raised, ZERO) * rate.number("rate"):
            return Basis(cost, cost), True
    return Basis(cost, raised, index=index), False


def _valued(
    disposal: Disposal, acquired: TradingDay, full: Decimal, law: Law, *, name: str
) -> tuple[Basis, bool] | Missing:
    """The higher of cost and the lower of the value of 2018 and the sale. full: received, before expenses."""
    cost = disposal.cost + disposal.bought.deductible
    value = law.values.of(disposal)
    if isinstance(value, Missing):
        return Missing(f"{value.reason}, of {name}", value.cure)
    if isinstance(value, Unlisted2018):
        rule = law.book.at("grandfathering", disposal.day)
        day = TradingDay.parse(rule.word("cutoff")) if rule is not None else disposal.day
        index = index_between(acquired, day, law.book)
        if isinstance(index, Missing):
            return index
        total = index.of(cost)
        return Basis(cost, max(cost, min(total, full)), total, None, index), False
    total = quantized(RATIO.divide(EXACT.multiply(value.each, disposal.units), value.made), 2)
    return Basis(cost, max(cost, min(total, full)), total, value), False


def _rules(
    disposal: Disposal, asset: Asset, term: Held, at: _Rated, basis: Basis, book: Rulebook
) -> tuple[Rule, ...]:
    """Every rule behind the gain; where another gain had the same, the same tuple."""
    names = [rule.name for rule in term.rules]
    names += (at.rate.name, at.label.name)
    if disposal.bought.total or disposal.sold.total:
        names.append("stt")
    if basis.value is not None:
        names.append("grandfathering")
    if disposal.way is Way.WRITE_OFF:
        names.append("write_off")
    if disposal.abroad is not None:
        names.append(FX)
    found = rows_of(book, eras(book).number(disposal.day), tuple(names))
    if basis.index is not None:
        found = (*found, basis.index.sold, basis.index.acquired)
    return (*found, *asset.known_by) if asset.known_by else found


def _remarks(disposal: Disposal, basis: Basis) -> tuple[str, ...]:
    found = []
    if disposal.bought.is_unsplit or disposal.sold.is_unsplit:
        found.append("securities transaction tax among the charges is not known: all of them were deducted")
    if basis.value_of is not None and basis.value_of.doubt:
        found.append(basis.value_of.doubt)
    if disposal.acquired is not None and basis.index is not None and disposal.acquired.iso() < "2001-04-01":
        found.append("bought before 2001-04-01: the value of that day may be taken for the cost")
    return tuple(found)
