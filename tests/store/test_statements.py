"""What a broker claimed is kept whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from tests.store.books import NOW, account, claim, later, person
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.money import Money, Price
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.store import instruments, statements
from tunefolio.store.db import Database
from tunefolio.store.tables import holdings
from tunefolio.store.tables import statements as table

INFY, TCS = claim("INFY"), claim("TCS")
FULL = Holding(
    INFY,
    Decimal(8),
    Decimal(2),
    Price.of("1500.123456789"),
    Price.of("1600"),
    Price.of("1590"),
    Money.of("-12.345"),
)
BARE = Holding(TCS, Decimal("0.5"), Decimal(0), None, None, None)


def test_the_newest_statement_comes_back(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, ids = account(db, viewer), instruments.resolve(db, [INFY, TCS], NOW)
        assert statements.latest(db, viewer, home) is None
        told = Statement("zerodha", "AB1", later(1), (FULL, BARE), Money.of("99.5"))
        key = statements.keep(db, viewer, home, told, ids)
        statements.keep(db, viewer, home, replace(told, at=NOW, holdings=(), cash=None), ids)
        kept = statements.latest(db, viewer, home)
    assert kept is not None
    assert (kept.id, kept.account, kept.broker, kept.at, kept.cash) == (
        key,
        home,
        "zerodha",
        later(1),
        Money.of("99.5"),
    )
    full, bare = kept.lines
    assert (full.instrument, full.settled, full.unsettled) == (ids[INFY], Decimal(8), Decimal(2))
    assert (full.average_price, full.pnl) == (Price.of("1500.12345679"), Money.of("-12.345"))
    assert (full.last_price, full.close_price) == (Price.of("1600"), Price.of("1590"))
    assert (bare.quantity, bare.average_price, bare.last_price, bare.pnl) == (
        Decimal("0.5"),
        None,
        None,
        None,
    )


def test_a_statement_without_cash_or_lines_is_one(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        statements.keep(db, viewer, home, Statement("zerodha", "AB1", NOW, ()), {})
        kept = statements.latest(db, viewer, home)
        assert kept is not None
        assert (kept.cash, kept.lines) == (None, ())


def test_a_statement_that_contradicts_itself_is_refused(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, ids = account(db, viewer), instruments.resolve(db, [INFY], NOW)
        with pytest.raises(Misuse, match="two lines"):
            statements.keep(db, viewer, home, Statement("z", "A", NOW, (FULL, FULL)), ids)
        with pytest.raises(NotFound):
            statements.keep(db, person(db, "bela"), home, Statement("z", "A", NOW, (FULL,)), ids)


def test_claims_are_neither_changed_nor_deleted(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, ids = account(db, viewer), instruments.resolve(db, [INFY], NOW)
        statements.keep(db, viewer, home, Statement("z", "A", NOW, (FULL,)), ids)
    for statement in (
        update(table).values(broker="x"),
        delete(table),
        update(holdings).values(settled=Decimal(1)),
        delete(holdings),
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
            db.execute(statement)
