"""Portfolios and accounts: named, moved, put away, and erased to the last row, with nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Row, delete, insert, select
from sqlalchemy.exc import DBAPIError

from tests.house.store_world import full_books
from tests.store.books import DAY, NOW, account, entry, instrument, person, portfolio
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, PortfolioId
from tunefolio.core.money import Money
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Method
from tunefolio.ledger.transactions import Fact
from tunefolio.store import accounts, portfolios
from tunefolio.store import transactions as facts
from tunefolio.store.db import Database, ReadDb, WriteDb
from tunefolio.store.tables import deletions, metadata, transactions

UPKEEP = Caretaker("test")


class Books(NamedTuple):
    """One person's books, with a row in every table."""

    viewer: Viewer
    portfolio: PortfolioId
    account: AccountId


def fill_books(db: WriteDb, name: str) -> Books:
    viewer, ids = full_books(db, name)
    return Books(viewer, ids["PortfolioId"], ids["AccountId"])


OF_ACCOUNT = {
    "accounts", "imports", "transactions", "taggings", "statements", "holdings", "connections",
    "snapshots", "snapshot_lines", "day_rows", "day_states", "action_decisions", "unread_rows",
    "tax_deeds", "taxpayer_accounts",
}  # fmt: skip
OF_PORTFOLIO = OF_ACCOUNT | {"portfolios", "login_states", "targets"}


def rows(db: ReadDb) -> Mapping[str, list[Row[Any]]]:
    """Every row of the database, by table."""
    return {table.name: sorted(db.execute(select(table)).all(), key=repr) for table in metadata.sorted_tables}


def test_names_are_ones_own(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        one = portfolio(db, asha, "B")
        two = portfolio(db, asha, "A")
        portfolio(db, bela, "A")
        assert [p.id for p in portfolios.listed(db, asha)] == [two, one]
        with pytest.raises(Misuse, match="name"):
            portfolios.rename(db, asha, one, "A")
        portfolios.rename(db, asha, one, "C")
        assert portfolios.portfolio_of(db, asha, one).name == "C"
        home = account(db, asha, one, "X")
        account(db, asha, two, "Y")
        with pytest.raises(Misuse, match="name"):
            accounts.rename(db, asha, home, "Y")
        accounts.rename(db, asha, home, "Z")
        assert [a.name for a in accounts.listed(db, asha)] == ["Y", "Z"]
        assert [a.name for a in accounts.listed(db, asha, portfolio=one)] == ["Z"]


def test_an_account_moves_and_rests(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        one, two, foreign = portfolio(db, asha, "1"), portfolio(db, asha, "2"), portfolio(db, bela)
        home = account(db, asha, one)
        with pytest.raises(NotFound, match="portfolio"):
            accounts.move(db, asha, home, foreign)
        accounts.move(db, asha, home, two)
        assert accounts.account_of(db, asha, home).portfolio == two
        accounts.archive(db, asha, home, NOW)
        assert not accounts.account_of(db, asha, home).is_active
        assert accounts.all_active(db, UPKEEP) == []
        accounts.restore(db, asha, home)
        assert [a.id for a in accounts.all_active(db, UPKEEP)] == [home]
        portfolios.archive(db, asha, two, NOW)
        assert portfolios.portfolio_of(db, asha, two).archived == NOW
        assert accounts.all_active(db, UPKEEP) == []
        portfolios.restore(db, asha, two)
        assert len(accounts.all_active(db, UPKEEP)) == 1


def test_a_brokers_user_is_one_account(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        home = account(db, asha, broker_user="AB1234")
        inside = accounts.account_of(db, asha, home).portfolio
        account(db, bela, broker_user="AB1234")
        found = accounts.find_broker(db, asha, "zerodha", "AB1234")
        assert found is not None
        assert found.id == home
        assert accounts.find_broker(db, asha, "zerodha", "XX") is None
        with pytest.raises(Misuse):
            account(db, asha, inside, "second", "AB1234")
        account(db, asha, inside, "by hand")
        assert accounts.find_broker(db, asha, "", "") is None


def test_strangers_find_nothing(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        inside = portfolio(db, asha)
        home = account(db, asha, inside)
        for deed in (accounts.account_of, accounts.account_for_change, accounts.restore, accounts.delete):
            with pytest.raises(NotFound):
                deed(db, bela, home)
        for act in (portfolios.portfolio_of, portfolios.restore, portfolios.delete):
            with pytest.raises(NotFound):
                act(db, bela, inside)
        with pytest.raises(NotFound):
            account(db, bela, inside, "x")


def test_a_deleted_portfolio_takes_its_rows_and_nothing_else(database: Database) -> None:
    """Two like houses in one database; one portfolio goes."""
    with database.writing() as db:
        asha, bela = (fill_books(db, name) for name in ("asha", "bela"))
        before = rows(db)
    with database.writing() as db:
        portfolios.delete(db, asha.viewer, asha.portfolio)
    with database.reading() as db:
        after = rows(db)
    for name, there in before.items():
        left = after[name]
        is_gone = name in OF_PORTFOLIO
        expected = [row for row in there if not (is_gone and row.owner_id == asha.viewer.person)]
        assert left == expected, name
        assert not is_gone or len(left) < len(there), f"{name} had nothing to lose"
    assert after["deletions"] == []
    assert bela.account in {row.id for row in after["accounts"]}


def test_a_deleted_account_leaves_its_neighbours(database: Database) -> None:
    with database.writing() as db:
        asha = fill_books(db, "asha")
        other = account(db, asha.viewer, asha.portfolio, "other")
        before = rows(db)
        accounts.delete(db, asha.viewer, asha.account)
        after = rows(db)
        assert [row.id for row in after["accounts"]] == [other]
        for name, there in before.items():
            if name not in OF_ACCOUNT:
                assert after[name] == there, name
            elif name != "accounts":
                assert after[name] == [], name


def test_facts_go_only_with_their_account(database: Database) -> None:
    with database.writing() as db:
        asha, bela = fill_books(db, "asha"), fill_books(db, "bela")

    def wrong_account() -> None:
        with database.writing() as db:
            db.execute(insert(deletions), {"account_id": bela.account})
            db.execute(delete(transactions).where(transactions.c.account_id == asha.account))

    with pytest.raises(DBAPIError, match="append-only"):
        wrong_account()
    with database.reading() as reader:
        assert len(rows(reader)["transactions"]) == 4


def test_an_account_stays_while_another_has_lots_that_came_from_it(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside = portfolio(db, viewer)
        old, new = account(db, viewer, inside, "old"), account(db, viewer, inside, "new")
        half = Fact(Kind.TRANSFER_IN, DAY, Money.of("0"), instrument(db), Decimal(5), counterpart=old)
        added = facts.append(db, viewer, new, Book.LIVE, [entry(half)], source="hand", now=NOW)
        with pytest.raises(Misuse, match="transfers with new"):
            accounts.delete(db, viewer, old)
        facts.reverse(db, viewer, added.ids, source="hand", now=NOW)
        accounts.delete(db, viewer, old)
        facts.append(db, viewer, new, Book.LIVE, [entry(half, "again")], source="hand", now=NOW)
        portfolios.delete(db, viewer, inside)
        assert accounts.listed(db, viewer) == []


def test_an_account_takes_lots_first_in_first_out_unless_told(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        one, two = account(db, viewer), account(db, viewer, name="two", inside=portfolio(db, viewer, "two"))
        accounts.set_lot_method(db, viewer, two, Method.HIFO)
        assert accounts.lot_methods(db, viewer) == {one: Method.FIFO, two: Method.HIFO}
        assert accounts.lot_methods(db, other) == {}
        with pytest.raises(NotFound):
            accounts.set_lot_method(db, other, two, Method.LIFO)
