"""Which shares of a portfolio a person wants in its sectors, classes or instruments."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import ColumnElement, delete, insert, select

from tunefolio.core.identity import PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.portfolios import portfolio_of
from tunefolio.store.tables import targets
from tunefolio.store.viewers import owned

_ALL = 0
"""In place of a portfolio: all of them together."""


def put(
    db: WriteDb,
    viewer: Viewer,
    portfolio: PortfolioId | None,
    dimension: str,
    weights: Mapping[str, Decimal],
) -> None:
    """Wanted shares (1 is the whole) by name, in place of those before; portfolio None: of all together.

    Raises NotFound for another's portfolio.
    """
    if portfolio is not None:
        portfolio_of(db, viewer, portfolio)
    db.execute(delete(targets).where(owned(targets, viewer), *_which(portfolio, dimension)))
    place = {"owner_id": viewer.person, "portfolio_id": portfolio or _ALL, "dimension": dimension}
    rows = [place | {"name": name, "weight": weight} for name, weight in sorted(weights.items())]
    db.execute_many(insert(targets), rows)


def of(db: ReadDb, viewer: Viewer, portfolio: PortfolioId | None, dimension: str) -> dict[str, Decimal]:
    """The wanted shares by name; nothing where none were set."""
    query = select(targets.c.name, targets.c.weight).where(
        owned(targets, viewer), *_which(portfolio, dimension)
    )
    return {str(name): weight for name, weight in db.execute(query.order_by(targets.c.name))}


def _which(portfolio: PortfolioId | None, dimension: str) -> tuple[ColumnElement[bool], ...]:
    return targets.c.portfolio_id == (portfolio or _ALL), targets.c.dimension == dimension
