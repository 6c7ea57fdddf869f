"""A person's portfolios."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, insert, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import PersonId, PortfolioId
from tunefolio.core.money import Currency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Portfolio
from tunefolio.store import erasure
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.tables import portfolios
from tunefolio.store.viewers import owned

_TAKEN = ("name", "is already the name of a portfolio of yours")


def add(db: WriteDb, viewer: Viewer, name: str, currency: Currency, now: Instant) -> Portfolio:
    """A new, empty portfolio; raises Misuse when the viewer has one of that name."""
    row = {"owner_id": viewer.person, "name": name, "currency": currency, "created_at": now}
    with db.unique(*_TAKEN):
        key = db.execute(insert(portfolios).values(row).returning(portfolios.c.id)).scalar_one()
    return Portfolio(PortfolioId(key), viewer.person, name, currency, now)


def portfolio_of(db: ReadDb, viewer: Viewer, id: PortfolioId) -> Portfolio:
    """One of the viewer's portfolios, archived or not; raises NotFound."""
    query = select(portfolios).where(owned(portfolios, viewer), portfolios.c.id == id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("portfolio")
    return _portfolio(row)


def listed(db: ReadDb, viewer: Viewer) -> list[Portfolio]:
    """All of the viewer's portfolios, archived ones too, by name; on uq_portfolios_owner_id_name."""
    query = select(portfolios).where(owned(portfolios, viewer)).order_by(portfolios.c.name, portfolios.c.id)
    return [_portfolio(row) for row in db.execute(query)]


def all_currencies(db: ReadDb, caretaker: Caretaker) -> set[Currency]:  # noqa: ARG001 — leave, not input
    """What anyone reports in."""
    return {Currency(code) for code in db.execute(select(portfolios.c.currency).distinct()).scalars()}


def rename(db: WriteDb, viewer: Viewer, id: PortfolioId, name: str) -> None:
    """Raises NotFound, or Misuse when the viewer has another of that name."""
    with db.unique(*_TAKEN):
        _change(db, viewer, id, name=name)


def archive(db: WriteDb, viewer: Viewer, id: PortfolioId, now: Instant) -> None:
    """Put away since `now`; raises NotFound."""
    _change(db, viewer, id, archived_at=now)


def restore(db: WriteDb, viewer: Viewer, id: PortfolioId) -> None:
    """Take out again; raises NotFound."""
    _change(db, viewer, id, archived_at=None)


def delete(db: WriteDb, viewer: Viewer, id: PortfolioId) -> None:
    """Erase the portfolio, its accounts and every row of theirs; raises NotFound. Not to be undone."""
    portfolio_of(db, viewer, id)
    erasure.erase_portfolio(db, viewer, id)


def _change(db: WriteDb, viewer: Viewer, id: PortfolioId, **values: Any) -> None:
    which = (owned(portfolios, viewer), portfolios.c.id == id)
    if db.execute(update(portfolios).where(*which).values(values)).rowcount == 0:
        raise NotFound("portfolio")


def _portfolio(row: Row[Any]) -> Portfolio:
    return Portfolio(
        PortfolioId(row.id),
        PersonId(row.owner_id),
        row.name,
        Currency(row.currency),
        row.created_at,
        row.archived_at,
    )
