"""What only its owner sees: deposits, provident funds and other holdings that no exchange lists."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.market.accruals import AccrualTerms, terms_of, words_of
from tunefolio.market.instruments import AssetClass
from tunefolio.store import revisions
from tunefolio.store.batches import among
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import accrual_terms, instruments

EXCHANGE = "OWN"


def add(
    db: WriteDb,
    viewer: Viewer,
    symbol: str,
    name: str,
    asset_class: AssetClass,
    currency: Currency,
    now: Instant,
    terms: AccrualTerms | None = None,
) -> InstrumentId:
    """A new instrument of the viewer's alone; raises Misuse when they have one of that symbol."""
    row = {
        "exchange": EXCHANGE,
        "symbol": symbol,
        "name": name,
        "asset_class": asset_class,
        "currency": currency,
        "created_at": now,
        "private_to": viewer.person,
    }
    with db.unique("symbol", "is already the symbol of a holding of yours"):
        id = db.execute(insert(instruments).values(row).returning(instruments.c.id)).scalar_one()
    if terms is not None:
        set_terms(db, viewer, InstrumentId(id), terms)
    return InstrumentId(id)


def set_terms(db: WriteDb, viewer: Viewer, instrument: InstrumentId, terms: AccrualTerms) -> bool:
    """How the holding earns, in place of what was said before; whether that is news.

    Raises NotFound for what is not the viewer's.
    """
    which = (instruments.c.id == instrument, instruments.c.private_to == viewer.person)
    if db.execute(select(instruments.c.id).where(*which)).one_or_none() is None:
        raise NotFound("instrument")
    if accruals(db, viewer, [instrument]).get(instrument) == terms:
        return False
    row = {"instrument_id": instrument, "terms": list(words_of(terms))}
    statement = db.upsert(accrual_terms).values(row)
    fill = {"terms": statement.excluded.terms}
    db.execute(statement.on_conflict_do_update(index_elements=["instrument_id"], set_=fill))
    revisions.move(db)
    return True


def accruals(db: ReadDb, viewer: Viewer, ids: Iterable[InstrumentId]) -> dict[InstrumentId, AccrualTerms]:
    """The terms of those of these instruments that earn by terms and are the viewer's."""
    query = (
        select(accrual_terms.c.instrument_id, accrual_terms.c.terms)
        .join(instruments, instruments.c.id == accrual_terms.c.instrument_id)
        .where(among(db, accrual_terms.c.instrument_id, ids), instruments.c.private_to == viewer.person)
    )
    return {InstrumentId(id): terms_of(words) for id, words in db.execute(query)}
