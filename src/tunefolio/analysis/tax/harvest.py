"""What a sale today would change in the year's tax: losses worth taking, gains that the exemption covers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

from tunefolio.analysis.tax.assessment import Assessed, assessed
from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.computation import TaxYear
from tunefolio.analysis.tax.disposals import Charges, Disposal, Unsold
from tunefolio.analysis.tax.heads import Bucket
from tunefolio.analysis.tax.levy import Levy, levied
from tunefolio.analysis.tax.rulebook import ZERO
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.ledger.lots import Lot

_NO_FACT = TransactionId(0)
"""A sale that has not happened has no fact."""
_UNKNOWN = Unsold(None, ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Effect:
    """The year's tax without and with some more deeds. found: the new deeds under their heads; holes among
    them, or a slab that is not told, mean that the effect is not known in full. gap: why the year itself is
    not known: its deeds could take the exemption or the losses that the new ones count on."""

    before: Levy
    after: Levy
    found: Assessed
    gap: Missing | None = None

    @property
    def tax(self) -> Decimal:
        """What the deeds add to the tax with cess; below zero: what they save this year."""
        return self.after.total - self.before.total

    @property
    def growth(self) -> Decimal | Missing:
        """The same where it is known. A slab that nobody told matters only where the deeds change the income
        that it taxes."""
        if self.found.holes:
            return self.found.holes[0].missing
        slab = self.after.slab_tax if isinstance(self.after.slab_tax, Missing) else self.before.slab_tax
        moved = self.after.slab_income != self.before.slab_income
        if self.gap is None and isinstance(slab, Missing) and moved:
            return slab
        return self.gap or self.tax

    @property
    def exemption_used(self) -> Decimal:
        """How much more of the yearly exemption is used; below zero: how much of it loss harvesting washes
        out, because set-off comes before the exemption."""
        return self.after.exemption.used - self.before.exemption.used

    @property
    def carried(self) -> Decimal:
        """How much more loss goes into the next year."""
        return _carried(self.after) - _carried(self.before)

    @property
    def lacks(self) -> tuple[Missing, ...]:
        """Why the effect is not known in full; () where it is."""
        slab = self.after.slab_tax if isinstance(self.after.slab_tax, Missing) else self.before.slab_tax
        own = () if self.gap is None else (self.gap,)
        holes = (*own, *(hole.missing for hole in self.found.holes))
        return (*holes, slab) if isinstance(slab, Missing) else holes


@dataclass(frozen=True, slots=True)
class Offer:
    """Open lots of one instrument in one account, in the order a sale would take them, at today's price.

    price: rupees a unit; cost_of_sale: expected charges per rupee of value (deductible), as a ratio. unsold:
    what the charges of the purchases are made of.
    """

    account: AccountId
    instrument: InstrumentId
    lots: Sequence[Lot]
    price: Decimal
    cost_of_sale: Decimal = ZERO
    unsold: Mapping[TransactionId, Unsold] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Selling the first units of an offer: up to the end of a lot, or as many as the exemption covers.

    gain: taxable gains and losses together, before set-off. saved: tax saved this year, with cess.
    """

    account: AccountId
    instrument: InstrumentId
    units: Decimal
    gain: Decimal
    effect: Effect

    @property
    def saved(self) -> Decimal:
        return -self.effect.tax

    @property
    def known_saving(self) -> Decimal | Missing:
        """`saved`, which orders the offers, where it is known of the whole year."""
        growth = self.effect.growth
        return growth if isinstance(growth, Missing) else -growth


def what_if(tax_year: TaxYear, more: Iterable[Disposal], assets: Mapping[InstrumentId, Asset]) -> Effect:
    """The year with further disposals (of a trial fold). Raises Misuse for a day outside the year."""
    deeds = list(more)
    for one in deeds:
        if not tax_year.year.holds(one.day):
            raise Misuse("day", f"{one.day} is not in {tax_year.year}")
    return _effect(tax_year, tax_year.found.sums(), assessed(deeds, (), assets, tax_year.law))


def losses(
    tax_year: TaxYear, offers: Iterable[Offer], assets: Mapping[InstrumentId, Asset], today: TradingDay
) -> tuple[Candidate, ...]:
    """Sales that lower this year's tax, most saved first; of each offer the best place to stop.

    A loss that only wipes out gains under the exemption saves nothing and is not offered.
    """
    sums = tax_year.found.sums()
    found: list[Candidate] = []
    for offer in offers:
        tried = list(_steps(tax_year, sums, offer, assets, today))
        best = min(tried, key=lambda step: (step.levy.total, step.units), default=None)
        if best is not None and best.levy.total < tax_year.levy.total:
            found.append(_candidate(tax_year, sums, offer, best.units, assets, today))
    return tuple(sorted(found, key=lambda one: (-one.saved, one.account, one.instrument)))


def gains(
    tax_year: TaxYear, offers: Iterable[Offer], assets: Mapping[InstrumentId, Asset], today: TradingDay
) -> tuple[Candidate, ...]:
    """Sales of long-term equity whose gain the yearly exemption still covers: the cost is raised for nothing.

    Of each offer the most units whose sale adds no tax; each is judged alone, so that taking one leaves less
    exemption for the next.
    """
    if tax_year.levy.exemption.left <= 0:
        return ()
    sums = tax_year.found.sums()
    found: list[Candidate] = []
    for offer in offers:
        units, levy = ZERO, tax_year.levy
        for step in _steps(tax_year, sums, offer, assets, today):
            if not step.is_equity:
                break
            if step.levy.total > tax_year.levy.total:
                units += _part(offer, units, levy.exemption.left, today)
                break
            units, levy = step.units, step.levy
        if not units:
            continue
        one = _candidate(tax_year, sums, offer, units, assets, today)
        if one.effect.tax <= 0 and one.effect.exemption_used > 0 and _is_equity(one.effect.found):
            found.append(one)
    return tuple(sorted(found, key=lambda one: (-one.effect.exemption_used, one.account, one.instrument)))


def sale(offer: Offer, units: Decimal, today: TradingDay) -> tuple[Disposal, ...]:
    """The first units of an offer as disposals at its price. Raises Misuse for more than is offered."""
    held = _held(offer)
    if not 0 < units <= held:
        raise Misuse("units", f"{units} of {held} held cannot be sold")
    return tuple(_sold(offer, units, today))


def _sold(offer: Offer, units: Decimal, today: TradingDay) -> Iterator[Disposal]:
    """Lot after lot. The transaction tax in the charges of a purchase is handed out as its units leave, as by
    real sales."""
    taken: dict[TransactionId, Decimal] = {}
    left = units
    for lot in offer.lots:
        part = min(left, lot.quantity)
        if not part:
            return
        share = part / lot.quantity
        fact, fees = lot.origin or lot.opened, lot.fees.amount * share
        unsold = offer.unsold.get(fact, _UNKNOWN)
        bought = Charges(fees, unsold.share(fees, taken.get(fact, ZERO)))
        taken[fact] = taken.get(fact, ZERO) + fees
        left -= part
        value = offer.price * part
        yield Disposal(
            offer.account, offer.instrument, lot.opened, _NO_FACT, lot.day, today, part, value,
            lot.price_cost.amount * share, bought, Charges(value * offer.cost_of_sale, ZERO),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Step:
    """The year's levy once the first `units` of an offer are sold. is_equity: all of them have a share in the
    exemption."""

    units: Decimal
    levy: Levy
    is_equity: bool


def _steps(
    tax_year: TaxYear,
    sums: Mapping[Bucket, Decimal],
    offer: Offer,
    assets: Mapping[InstrumentId, Asset],
    today: TradingDay,
) -> Iterator[_Step]:
    """Selling the first lot, the first two, and so on; stops where a lot cannot be judged. Linear in lots."""
    run, units, is_equity = dict(sums), ZERO, True
    for one in _sold(offer, _held(offer), today):
        found = assessed([one], (), assets, tax_year.law)
        if found.holes:
            return
        units += one.units
        is_equity = is_equity and _is_equity(found)
        for bucket, amount, _day in found.amounts():
            run[bucket] = run.get(bucket, ZERO) + amount
        levy = levied(run, tax_year.taxpayer, tax_year.year, book=tax_year.law.book)
        yield _Step(units, levy, is_equity)


def _part(offer: Offer, done: Decimal, left: Decimal, today: TradingDay) -> Decimal:
    """Whole units of the lot after the first `done` ones whose gain the rest of the exemption covers."""
    before = ZERO
    for one in _sold(offer, _held(offer), today):
        if before == done:
            cost = (one.cost + one.bought.deductible) / one.units
            each = offer.price * (1 - offer.cost_of_sale) - cost
            return min(one.units, left // each).to_integral_value(ROUND_FLOOR) if each > 0 else ZERO
        before += one.units
    return ZERO


def _held(offer: Offer) -> Decimal:
    return sum((lot.quantity for lot in offer.lots), ZERO)


def _candidate(
    tax_year: TaxYear,
    sums: Mapping[Bucket, Decimal],
    offer: Offer,
    units: Decimal,
    assets: Mapping[InstrumentId, Asset],
    today: TradingDay,
) -> Candidate:
    found = assessed(sale(offer, units, today), (), assets, tax_year.law)
    gain = sum((amount for _bucket, amount, _day in found.amounts()), ZERO)
    return Candidate(offer.account, offer.instrument, units, gain, _effect(tax_year, sums, found))


def _effect(tax_year: TaxYear, sums: Mapping[Bucket, Decimal], found: Assessed) -> Effect:
    whole = dict(sums)
    for bucket, amount, _day in found.amounts():
        whole[bucket] = whole.get(bucket, ZERO) + amount
    after = levied(whole, tax_year.taxpayer, tax_year.year, book=tax_year.law.book)
    return Effect(tax_year.levy, after, found, tax_year.gap)


def _is_equity(found: Assessed) -> bool:
    """Does all of it have a share in the yearly exemption?"""
    others = found.vda or found.trades or found.earned or found.holes
    return not others and all(gain.bucket.has_exemption for gain in found.gains)


def _carried(levy: Levy) -> Decimal:
    return sum((one.amount for one in levy.set_off.carried), ZERO)
