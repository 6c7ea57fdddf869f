"""What people tell of their taxes, beside the books: a year's other income, losses of earlier years, what an
instrument or a deed is for tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row, delete, insert, select

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import Age, EarlierLoss, LossKind, Others, Regime, entered_once
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId, TaxpayerId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import tax_deeds, tax_instruments, tax_losses, tax_years, transactions
from tunefolio.store.taxpayers import taxpayer_of
from tunefolio.store.viewers import owned


@dataclass(frozen=True, slots=True)
class YearTold:
    """Of one taxpayer and year. others None: not told; slab_rate: of the highest slab reached, a ratio."""

    year: FinancialYear
    regime: Regime = Regime.NEW
    age: Age = Age.BELOW_60
    others: Others | None = None
    slab_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class InstrumentTold:
    """tax_class None: as its master data say. value_2018: of a unit on 2018-01-31, rupees; None: as known.

    unlisted_2018: no exchange listed the share on that day, though one did when it was sold.
    """

    tax_class: TaxClass | None = None
    value_2018: Decimal | None = None
    unlisted_2018: bool = False


@dataclass(frozen=True, slots=True)
class DeedTold:
    """Of one fact: None where nothing was told. stt: securities transaction tax in its charges, rupees."""

    stt: Decimal | None = None
    way: Way | None = None
    subscribed: bool | None = None


def put_year(db: WriteDb, viewer: Viewer, taxpayer: TaxpayerId, told: YearTold, now: Instant) -> None:
    """In place of what was told of that year before. Raises NotFound for another's taxpayer."""
    taxpayer_of(db, viewer, taxpayer)
    others = told.others
    values = {
        "regime": told.regime.value,
        "age": told.age.value,
        "salary": None if others is None else others.salary,
        "house_property": None if others is None else others.house_property,
        "business": None if others is None else others.business,
        "other_sources": None if others is None else others.other_sources,
        "slab_rate": told.slab_rate,
        "told_at": now,
    }
    row = {"taxpayer_id": taxpayer, "year": told.year.start, "owner_id": viewer.person, **values}
    statement = db.upsert(tax_years).values(row)
    db.execute(statement.on_conflict_do_update(index_elements=["taxpayer_id", "year"], set_=values))


def years(db: ReadDb, viewer: Viewer, taxpayer: TaxpayerId) -> dict[FinancialYear, YearTold]:
    """Every year of which something was told."""
    query = select(tax_years).where(owned(tax_years, viewer), tax_years.c.taxpayer_id == taxpayer)
    told = [_year(row) for row in db.execute(query)]
    return {one.year: one for one in told}


def put_losses(
    db: WriteDb, viewer: Viewer, taxpayer: TaxpayerId, into: FinancialYear, losses: Sequence[EarlierLoss]
) -> None:
    """The losses brought into that year, in place of those told before; none: nothing is brought.

    Raises Misuse for one told twice, NotFound for another's taxpayer.
    """
    taxpayer_of(db, viewer, taxpayer)
    entered_once(losses)
    which = (tax_losses.c.taxpayer_id == taxpayer, tax_losses.c.into_year == into.start)
    db.execute(delete(tax_losses).where(owned(tax_losses, viewer), *which))
    place = {"taxpayer_id": taxpayer, "into_year": into.start, "owner_id": viewer.person}
    rows = [
        place | {"loss_year": one.year.start, "kind": one.kind.value, "amount": one.amount} for one in losses
    ]
    db.execute_many(insert(tax_losses), rows)


def losses(db: ReadDb, viewer: Viewer, taxpayer: TaxpayerId) -> dict[FinancialYear, tuple[EarlierLoss, ...]]:
    """By the year they are brought into, oldest first."""
    query = (
        select(tax_losses)
        .where(owned(tax_losses, viewer), tax_losses.c.taxpayer_id == taxpayer)
        .order_by(tax_losses.c.into_year, tax_losses.c.loss_year, tax_losses.c.kind)
    )
    found: dict[FinancialYear, tuple[EarlierLoss, ...]] = {}
    for row in db.execute(query):
        into = FinancialYear(row.into_year)
        loss = EarlierLoss(FinancialYear(row.loss_year), LossKind(row.kind), row.amount)
        found[into] = (*found.get(into, ()), loss)
    return found


def put_instrument(db: WriteDb, viewer: Viewer, instrument: InstrumentId, told: InstrumentTold) -> None:
    """In place of what the viewer told before."""
    values = {
        "tax_class": None if told.tax_class is None else told.tax_class.value,
        "value_2018": told.value_2018,
        "unlisted_2018": 1 if told.unlisted_2018 else None,
    }
    row = {"owner_id": viewer.person, "instrument_id": instrument, **values}
    statement = db.upsert(tax_instruments).values(row)
    keys = ["owner_id", "instrument_id"]
    db.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


def instruments(db: ReadDb, viewer: Viewer) -> dict[InstrumentId, InstrumentTold]:
    """All that the viewer told of instruments."""
    query = select(tax_instruments).where(owned(tax_instruments, viewer))
    return {
        InstrumentId(row.instrument_id): InstrumentTold(
            None if row.tax_class is None else TaxClass(row.tax_class),
            row.value_2018,
            bool(row.unlisted_2018),
        )
        for row in db.execute(query)
    }


def put_deeds(db: WriteDb, viewer: Viewer, told: Mapping[TransactionId, DeedTold]) -> None:
    """In place of what was told of these facts. Raises NotFound for one that is not the viewer's."""
    query = select(transactions.c.id).where(owned(transactions, viewer), among(db, transactions.c.id, told))
    if len(db.execute(query).all()) != len(told):
        raise NotFound("transaction")
    rows = [
        {
            "transaction_id": id,
            "owner_id": viewer.person,
            "stt": one.stt,
            "way": None if one.way is None else one.way.value,
            "subscribed": None if one.subscribed is None else int(one.subscribed),
        }
        for id, one in sorted(told.items())
    ]
    statement = db.upsert(tax_deeds)
    fresh = {name: statement.excluded[name] for name in ("stt", "way", "subscribed")}
    db.execute_many(statement.on_conflict_do_update(index_elements=["transaction_id"], set_=fresh), rows)


def deeds(db: ReadDb, viewer: Viewer) -> dict[TransactionId, DeedTold]:
    """All that the viewer told of facts."""
    query = select(tax_deeds).where(owned(tax_deeds, viewer))
    return {
        TransactionId(row.transaction_id): DeedTold(
            row.stt,
            None if row.way is None else Way(row.way),
            None if row.subscribed is None else bool(row.subscribed),
        )
        for row in db.execute(query)
    }


def _year(row: Row[Any]) -> YearTold:
    others = (
        None
        if row.salary is None
        else Others(row.salary, row.house_property, row.business, row.other_sources)
    )
    return YearTold(FinancialYear(row.year), Regime(row.regime), Age(row.age), others, row.slab_rate)
