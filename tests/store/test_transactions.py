"""The books: appended to once, taken back once, never changed."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.store.books import DAY, NOW, account, buy, deposit, entry, instrument, later, person, portfolio
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.money import Money
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.store import imports, transactions
from tunefolio.store.db import Database, WriteDb
from tunefolio.store.tables import transactions as table
from tunefolio.store.transactions import Appended, Entry, TransactionFilter


def record(db: WriteDb, viewer: Viewer, home: AccountId, *entries: Entry) -> Appended:
    return transactions.append(db, viewer, home, Book.LIVE, entries, source="test", now=NOW)


def history(database: Database, viewer: Viewer, home: AccountId) -> list[Transaction]:
    with database.reading() as db:
        return list(transactions.of_account(db, viewer, home))


def test_a_fact_comes_back_as_it_was_told(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy = account(db, viewer), instrument(db)
        fact = Fact(
            Kind.BUY,
            DAY,
            Money.of("1500.0025"),
            infy,
            Decimal("0.12345678"),
            buy(infy, price="12150.12345678").price,
            Money.of("12.5"),
            "first & last",
            later(3),
        )
        (key,) = record(db, viewer, home, entry(fact, "trade-1")).ids
    (kept,) = history(database, viewer, home)
    assert (kept.id, kept.account, kept.book, kept.fact) == (key, home, Book.LIVE, fact)
    assert (kept.source, kept.source_key, kept.recorded) == ("test", "trade-1", NOW)
    assert kept.fingerprint == fact.fingerprint(home, Book.LIVE)


def test_ids_follow_the_order_given_and_repeats_are_left_out(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, infy = account(db, viewer), instrument(db)
        entries = [entry(buy(infy, quantity=str(n)), f"t{n}") for n in (3, 1, 2)]
        first = record(db, viewer, home, *entries, entries[0])
        again = record(db, viewer, home, *entries, entry(deposit(), "t4"))
    assert (len(first.ids), first.repeated) == (3, 1)
    assert list(first.ids) == sorted(first.ids)
    assert (len(again.ids), again.repeated) == (1, 3)
    quantities = [kept.fact.quantity for kept in history(database, viewer, home)]
    assert quantities == [Decimal(3), Decimal(1), Decimal(2), None]


def test_the_same_key_in_another_account_or_book_is_another_fact(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside = portfolio(db, viewer)
        one, two = account(db, viewer, inside, "one"), account(db, viewer, inside, "two")
        paper = transactions.append(db, viewer, one, Book.PAPER, [entry(deposit())], source="t", now=NOW)
        assert [len(a.ids) for a in (paper, record(db, viewer, one, entry(deposit())))] == [1, 1]
        assert len(record(db, viewer, two, entry(deposit())).ids) == 1


def test_a_fact_is_taken_back_once_and_may_be_recorded_again(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        (key,) = record(db, viewer, home, entry(deposit(), "t1")).ids
        assert transactions.reverse(db, viewer, [key, key], source="undo", now=later(1)) == 1
        assert transactions.reverse(db, viewer, [key], source="undo", now=later(2)) == 0
    _, back = history(database, viewer, home)
    assert (back.reverses, back.fact, back.source) == (key, deposit(), "undo")
    with database.writing() as db:
        assert transactions.reverse(db, viewer, [back.id], source="undo", now=later(3)) == 0
        assert transactions.of_accounts(db, viewer, [home]) == {home: []}
        again = record(db, viewer, home, entry(deposit(), "t1"), entry(deposit(), "t1"))
        assert (len(again.ids), again.repeated) == (1, 1)
        assert [kept.id for kept in transactions.of_accounts(db, viewer, [home])[home]] == list(again.ids)
    assert len(history(database, viewer, home)) == 3


def test_only_a_running_transaction_may_leave_two_facts_of_one_key(database: Database) -> None:
    """Two imports of one file at once: one records, the other finds everything repeated."""
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
    start, results = threading.Barrier(2), list[Appended]()

    def work() -> None:
        start.wait()
        with database.writing() as db:
            results.append(record(db, viewer, home, *(entry(deposit(), f"t{n}") for n in range(50))))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(result.repeated for result in results) == [0, 50]
    assert len(history(database, viewer, home)) == 50


def test_facts_are_neither_changed_nor_deleted(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        record(db, viewer, account(db, viewer), entry(deposit()))
    for statement in (update(table).values(note="x"), delete(table), text("DELETE FROM transactions")):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
            db.execute(statement)


def test_a_fact_is_not_replaced_either(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        (key,) = record(db, viewer, account(db, viewer), entry(deposit())).ids
        row = dict(db.execute(select(table)).one()._mapping)
    statement = (
        insert(table).prefix_with("OR REPLACE")
        if database.dialect == "sqlite"
        else text("TRUNCATE transactions CASCADE")
    )
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
        db.execute(statement, row | {"id": key, "note": "x"} if database.dialect == "sqlite" else None)


def test_a_page_goes_from_new_to_old_and_on(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        days = [0, 5, 3, 3, 1]
        record(db, viewer, home, *(entry(deposit(day=DAY.plus_days(d)), f"t{n}") for n, d in enumerate(days)))
    seen, before = list[int](), None
    with database.reading() as db:
        while found := transactions.page(db, viewer, filter=TransactionFilter(), before=before, limit=2):
            seen += [kept.fact.day - DAY for kept in found]
            before = (found[-1].fact.day, found[-1].id)
    assert seen == [5, 3, 3, 1, 0]


def test_filters_narrow_the_page(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside, outside = portfolio(db, viewer, "in"), portfolio(db, viewer, "out")
        home, other = account(db, viewer, inside, "one"), account(db, viewer, outside, "two")
        infy, tcs = instrument(db, "INFY"), instrument(db, "TCS")
        file = imports.add(db, viewer, home, "f.csv", "hash", "csv", NOW)
        bought = entry(buy(infy, note="50% off_"), "a")
        (a,) = transactions.append(
            db, viewer, home, Book.LIVE, [bought], source="f", now=NOW, import_id=file
        ).ids
        b, c = record(db, viewer, home, entry(buy(tcs, day=DAY.plus_days(1)), "b"), entry(deposit(), "c")).ids
        (d,) = record(db, viewer, other, entry(deposit(day=DAY.plus_days(2)), "d")).ids
        transactions.tag(db, viewer, b, "#Long")
        transactions.reverse(db, viewer, [c], source="undo", now=NOW)

    def found(**wanted: object) -> set[TransactionId]:
        chosen = TransactionFilter(**wanted)  # type: ignore[arg-type]
        with database.reading() as db:
            return {kept.id for kept in transactions.page(db, viewer, filter=chosen, before=None, limit=50)}

    assert found() == {a, b, d}
    assert found(account=home) == found(portfolio=inside) == {a, b}
    assert found(instrument=infy) == found(import_id=file) == found(text="50% off_") == {a}
    assert found(text="tcs") == found(tag="Long") == {b}
    assert found(text="%") == {a}
    assert found(kind=Kind.DEPOSIT) == {d}
    assert found(since=DAY.plus_days(1), until=DAY.plus_days(2)) == {b}
    assert len(found(with_reversed=True)) == 5
    assert found(book=Book.PAPER) == set()
    with database.reading() as reader:
        assert [kept.id for kept in transactions.of_import(reader, viewer, file)] == [a]


def test_tags_are_words_put_on_and_taken_off(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        (key,) = record(db, viewer, home, entry(deposit())).ids
        for word in ("long", "#core", "long"):
            transactions.tag(db, viewer, key, word)
        assert transactions.transaction_of(db, viewer, key).tags == ("core", "long")
        assert transactions.untag(db, viewer, key, "long")
        assert not transactions.untag(db, viewer, key, "long")
        assert transactions.of_accounts(db, viewer, [home])[home][0].tags == ("core",)
        assert transactions.tags(db, viewer) == ["core", "long"]
        for wrong in ("", "two words", "x" * 41, "a#b"):
            with pytest.raises(Misuse):
                transactions.tag(db, viewer, key, wrong)


def test_strangers_are_told_nothing(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        home = account(db, asha)
        (key,) = record(db, asha, home, entry(deposit())).ids
        with pytest.raises(NotFound):
            record(db, bela, home, entry(deposit(), "t2"))
        with pytest.raises(NotFound):
            transactions.transaction_of(db, bela, key)
        assert transactions.reverse(db, bela, [key], source="x", now=NOW) == 0
        assert list(transactions.of_account(db, bela, home)) == []


def test_the_house_reads_every_book(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        home, other, empty = (
            account(db, asha),
            account(db, bela),
            account(db, asha, portfolio(db, asha, "x"), "x"),
        )
        record(db, asha, home, entry(deposit()))
        transactions.append(db, bela, other, Book.PAPER, [entry(deposit())], source="t", now=NOW)
        here = Caretaker("check")
        assert [a.id for a in transactions.accounts_with_facts(db, here)] == [home, other]
        assert [(a.id, facts[0].book) for a, facts in transactions.stream_all(db, here)] == [
            (home, Book.LIVE),
            (other, Book.PAPER),
        ]
        assert empty
