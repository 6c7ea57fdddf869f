"""What people tell of their taxes, checked and kept: nothing of it changes a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal

from tunefolio.analysis.tax.assets import UNITS, TaxClass
from tunefolio.analysis.tax.taxpayer import EarlierLoss, Residency, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TaxpayerId, TransactionId
from tunefolio.core.money import INR, Money, plain
from tunefolio.core.people import Viewer
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.services import audit, noted
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.tax import MYSELF, must_be_taxable, subject_of
from tunefolio.services.tax_pan import must_have_age, pan_of
from tunefolio.store import accounts as homes
from tunefolio.store import instruments, tax_answers, taxpayers, transactions
from tunefolio.store.db import WriteDb
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold
from tunefolio.store.taxpayers import KeptTaxpayer

_NAME_LENGTH = 80
_CARRIED = 8
"""A loss is carried forward for so many years; an older one is of no use."""


def add_taxpayer(db: WriteDb, house: House, viewer: Viewer, name: str, residency: Residency) -> KeptTaxpayer:
    """One more whose income some accounts are. The viewer herself stays the first."""
    viewer.must_write()
    _myself(db, house, viewer, MYSELF)
    made = taxpayers.add(db, viewer, _named(name), residency, house.clock.now())
    told = {"name": made.name, "residency": made.residency.value}
    audit.note(db, house, viewer, Act.TAXPAYER_ADDED, f"taxpayer:{made.id}", told)
    return made


def change_taxpayer(
    db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId, name: str, residency: Residency
) -> KeptTaxpayer:
    """Raises NotFound, and Misuse for a name that is taken or empty."""
    viewer.must_write()
    one = _myself(db, house, viewer, id)
    taxpayers.change(db, viewer, one.id, _named(name), residency)
    former = {"name": one.name, "residency": one.residency.value}
    now = {"name": _named(name), "residency": residency.value}
    pairs = audit.differing(former, now)
    if pairs:
        audit.note(db, house, viewer, Act.TAXPAYER_CHANGED, f"taxpayer:{one.id}", {"name": one.name, **pairs})
    audit.pass_over()
    return taxpayers.taxpayer_of(db, viewer, one.id)


def drop_taxpayer(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId) -> None:
    """Her accounts are the first one's then; what she told is forgotten. Raises Misuse for the first."""
    viewer.must_write()
    known = taxpayers.listed(db, viewer)
    if known and known[0].id == id:
        raise Misuse("taxpayer", "the first one stays", cure="Rename it instead")
    gone = taxpayers.taxpayer_of(db, viewer, id)
    taxpayers.drop(db, viewer, id)
    audit.note(db, house, viewer, Act.TAXPAYER_DROPPED, f"taxpayer:{id}", {"name": gone.name})


def give_accounts(
    db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId, accounts: Iterable[AccountId]
) -> None:
    """These accounts' income is hers. Raises NotFound for what is not the viewer's."""
    viewer.must_write()
    one = _myself(db, house, viewer, id)
    former = taxpayers.given(db, viewer)
    taxpayers.give(db, viewer, one.id, accounts)
    names = {home.id: home.name for home in homes.listed(db, viewer)}
    shares = [
        frozenset(names[home] for home, whose in given.items() if whose == one.id)
        for given in (former, taxpayers.given(db, viewer))
    ]
    audit.pass_over()
    if shares[0] != shares[1]:
        told = {"name": one.name, **audit.differing({"accounts": shares[0]}, {"accounts": shares[1]})}
        audit.note(db, house, viewer, Act.TAXPAYER_ACCOUNTS, f"taxpayer:{one.id}", told)


def tell_year(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId, told: YearTold) -> None:
    """In place of what was told of that year. Raises Misuse naming what is no sum or ratio."""
    viewer.must_write()
    must_be_taxable(house, told.year)
    Taxpayer(regime=told.regime, age=told.age, others=told.others, slab_rate=told.slab_rate)
    one = _myself(db, house, viewer, id)
    must_have_age(pan_of(house, one), told.age)
    former = tax_answers.years(db, viewer, one.id).get(told.year)
    pairs = audit.differing(_year_words(former), _year_words(told))
    named = {"name": str(told.year), "taxpayer": one.name, **pairs}
    audit.note(db, house, viewer, Act.TAX_YEAR_TOLD, f"taxpayer:{one.id}", named)
    tax_answers.put_year(db, viewer, one.id, told, house.clock.now())


def tell_losses(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    id: TaxpayerId,
    into: FinancialYear,
    losses: Sequence[EarlierLoss],
) -> None:
    """Losses from before the books, as they are brought into a year; each kind and year once, over all years
    they are told for."""
    viewer.must_write()
    must_be_taxable(house, into)
    for loss in losses:
        if not into.start - _CARRIED <= loss.year.start < into.start:
            cure = f"Losses of the {_CARRIED} years before {into} can be brought into it"
            raise Misuse("losses", f"a loss of {loss.year} cannot be brought into {into}", cure=cure)
    one = _myself(db, house, viewer, id)
    kept = tax_answers.losses(db, viewer, one.id)
    told = {(loss.year, loss.kind) for year, some in kept.items() if year != into for loss in some}
    for loss in losses:
        if (loss.year, loss.kind) in told:
            raise Misuse("losses", f"the loss of {loss.year} was told for another year", cure="Enter it once")
    tax_answers.put_losses(db, viewer, one.id, into, losses)
    pairs = audit.differing(_loss_words(kept.get(into, ())), _loss_words(losses))
    named = {"name": str(into), "taxpayer": one.name, **pairs}
    audit.note(db, house, viewer, Act.TAX_LOSSES_TOLD, f"taxpayer:{one.id}", named)


def tell_instrument(
    db: WriteDb, house: House, viewer: Viewer, instrument: InstrumentId, told: InstrumentTold
) -> None:
    """What it is for tax, and what a unit was worth on 2018-01-31 or that no exchange listed it then.

    Raises Misuse, NotFound. Units of funds cannot be unlisted: the law takes their net asset value then.
    """
    viewer.must_write()
    if not instruments.visible(db, viewer, [instrument]):
        raise NotFound("instrument")
    _must_be_sum("value_2018", told.value_2018)
    if told.unlisted_2018:
        _may_be_unlisted(instruments.of_ids(db, [instrument])[instrument], told)
    former = tax_answers.instruments(db, viewer).get(instrument, InstrumentTold())
    tax_answers.put_instrument(db, viewer, instrument, told)
    pairs = audit.differing(asdict(former), asdict(told))
    named = {"name": noted.listed(db, instrument), **pairs}
    audit.note(db, house, viewer, Act.TAX_INSTRUMENT_TOLD, f"instrument:{instrument}", named)


def tell_deeds(db: WriteDb, house: House, viewer: Viewer, told: Mapping[TransactionId, DeedTold]) -> None:
    """What facts alone do not say. Raises Misuse, and NotFound for another's."""
    viewer.must_write()
    for id, one in told.items():
        if one.stt is not None:
            _must_be_sum("stt", one.stt)
            _must_be_charged(transactions.transaction_of(db, viewer, id).fact.charges, one.stt)
    former = tax_answers.deeds(db, viewer) if len(told) == 1 else {}
    tax_answers.put_deeds(db, viewer, told)
    _note_deeds(db, house, viewer, told, former)


def _note_deeds(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    told: Mapping[TransactionId, DeedTold],
    former: Mapping[TransactionId, DeedTold],
) -> None:
    """One fact with what was and is told of it; several by their number."""
    if len(told) != 1:
        audit.note(db, house, viewer, Act.TAX_FACTS_TOLD, details={"transactions": len(told)})
        return
    ((id, now),) = told.items()
    pairs = audit.differing(asdict(former.get(id, DeedTold())), asdict(now))
    name = noted.words(db, viewer, transactions.transaction_of(db, viewer, id).fact)
    audit.note(db, house, viewer, Act.TAX_FACTS_TOLD, f"transaction:{id}", {"name": name, **pairs})


def _year_words(told: YearTold | None) -> dict[str, object]:
    if told is None:
        return {}
    plain = {"regime": told.regime.value, "age": told.age.value, "slab_rate": told.slab_rate}
    return plain | ({} if told.others is None else asdict(told.others))


def _loss_words(losses: Sequence[EarlierLoss]) -> dict[str, object]:
    return {f"{loss.kind.value} of {loss.year}": loss.amount for loss in losses}


def _myself(db: WriteDb, house: House, viewer: Viewer, id: TaxpayerId) -> KeptTaxpayer:
    """That taxpayer; the viewer herself is written down the first time something is told of her."""
    if id != MYSELF:
        return taxpayers.taxpayer_of(db, viewer, id)
    first = subject_of(db, viewer).taxpayer
    if first.id != MYSELF:
        return first
    return taxpayers.add(db, viewer, first.name, first.residency, house.clock.now())


def _named(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _NAME_LENGTH:
        raise Misuse("name", f"must have 1 to {_NAME_LENGTH} characters", cure="Write who is taxed")
    return text


def _may_be_unlisted(one: Instrument, told: InstrumentTold) -> None:
    if told.value_2018 is not None:
        cure = "Tell one of them: of a share that was not listed the cost, indexed to 2017-18, counts"
        raise Misuse("unlisted_2018", "a value of that day is told as well", cure=cure)
    is_unit = one.asset_class in {AssetClass.FUND, AssetClass.ETF} or (one.isin or "").startswith("INF")
    if is_unit or told.tax_class in {TaxClass.EQUITY_FUND, *UNITS}:
        cure = "Tell its net asset value of 31 January 2018 where it is not known"
        raise Misuse("unlisted_2018", "a unit of a fund has a net asset value of that day", cure=cure)


def _must_be_charged(charges: Money, stt: Decimal) -> None:
    """The tax is a part of what was charged; abroad none is."""
    most = charges.amount if charges.currency == INR else Decimal(0)
    if stt > most:
        cure = "Record the charges with the trade, the tax among them"
        raise Misuse("stt", f"{plain(stt)} is more than the fact's charges, {plain(most)}", cure=cure)


def _must_be_sum(field: str, amount: Decimal | None) -> None:
    if amount is not None and (not amount.is_finite() or amount < 0 or amount >= Decimal(10) ** 12):
        raise Misuse(field, f"{amount} is no sum in rupees", cure="Write 125.50")
