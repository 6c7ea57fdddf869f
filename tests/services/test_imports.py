"""Files: the dry run tells the truth, the same file twice is nothing, an undo is whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk, desk_file, held
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId
from tunefolio.core.money import Money
from tunefolio.ledger.statements import Statement
from tunefolio.services import imports, record, sync
from tunefolio.services.views import Preview, RowFate
from tunefolio.store import imports as kept_imports
from tunefolio.store import instruments, transactions
from tunefolio.store.imports import Import

pytestmark = pytest.mark.one_is_enough

TRADES = """2024-04-01 buy INFY 10 1500 T1
2024-04-01 buy INFY 10 1500 T2
2024-05-01 sell INFY 5 1600 T3"""


def look_at(desk: Desk, text: str) -> Preview:
    with desk.database.writing() as db:
        return imports.preview(db, desk.house, desk.viewer, desk.account.id, "trades.csv", desk_file(text))


def bring_in(desk: Desk, text: str, account: AccountId | None = None) -> Import:
    with desk.database.writing() as db:
        home = account or desk.account.id
        return imports.import_file(db, desk.house, desk.viewer, home, "trades.csv", desk_file(text))


def undo(desk: Desk, done: Import) -> int:
    with desk.database.writing() as db:
        return imports.undo(db, desk.house, desk.viewer, done.id)


@pytest.mark.on_both
def test_a_dry_run_writes_nothing_but_the_upload(desk: Desk) -> None:
    seen = look_at(desk, TRADES)
    assert (seen.rows_total, seen.fresh, seen.repeated, seen.refused) == (3, 3, 0, 0)
    assert [row.fate for row in seen.sample] == [RowFate.FRESH] * 3
    with desk.database.reading() as db:
        assert list(transactions.of_account(db, desk.viewer, desk.account.id)) == []
        assert instruments.find(db, "NSE", "INFY") is None
        assert kept_imports.listed(db, desk.viewer, None, 10) == []


@pytest.mark.on_both
def test_a_commit_does_what_the_dry_run_said(desk: Desk) -> None:
    seen = look_at(desk, TRADES)
    with desk.database.writing() as db:
        done = imports.commit(db, desk.house, desk.viewer, desk.account.id, seen.sha256)
    assert (done.added, done.repeated, done.refused) == (3, 0, 0)
    assert desk.quantity("INFY") == 15  # two identical fills are two


@pytest.mark.on_both
def test_the_same_file_twice_changes_nothing(desk: Desk) -> None:
    bring_in(desk, TRADES)
    again = bring_in(desk, TRADES)
    assert (again.added, again.repeated) == (0, 3)
    assert desk.quantity("INFY") == 15


def test_rows_without_a_key_are_told_apart_by_their_row(desk: Desk) -> None:
    bring_in(desk, "2024-04-01 buy INFY 10 1500\n2024-04-01 buy INFY 10 1500")
    assert desk.quantity("INFY") == 20


@pytest.mark.on_both
def test_undo_and_import_again(desk: Desk) -> None:
    done = bring_in(desk, TRADES)
    assert undo(desk, done) == 3
    assert desk.look().rows == ()
    with pytest.raises(Misuse, match="already undone"):
        undo(desk, done)
    assert bring_in(desk, TRADES).added == 3
    assert desk.quantity("INFY") == 15


def test_undo_takes_back_only_its_own_facts_and_names_what_stands_on_them(desk: Desk) -> None:
    first = bring_in(desk, "2024-04-01 buy INFY 10 1500 T1")
    desk.write_down("2024-04-02 buy 3 NSE:INFY @ 1400")
    (sold,) = desk.write_down("2024-05-01 sell 8 NSE:INFY @ 1600")
    with pytest.raises(Misuse, match="sale of 8 INFY on 2024-05-01"):
        undo(desk, first)
    with desk.database.writing() as db:
        record.take_back(db, desk.house, desk.viewer, sold)
    assert undo(desk, first) == 1
    assert desk.quantity("INFY") == 3


@pytest.mark.on_both
def test_a_row_that_would_oversell_is_refused_and_the_others_go_in(desk: Desk) -> None:
    text = "2024-04-01 buy INFY 10 1500 T1\n2024-04-02 sell INFY 11 1600 T2\n2024-04-03 sell INFY 10 1600 T3"
    seen = look_at(desk, text)
    assert (seen.fresh, seen.refused) == (2, 1)
    (problem,) = seen.problems
    assert (problem.row, problem.field) == (3, "quantity")
    assert problem.problem == "sells 11 INFY on 2024-04-02 but 10 are held"
    assert "missing purchase" in problem.cure
    assert bring_in(desk, text).refused == 1
    assert desk.quantity("INFY") == 0


def test_a_sale_in_the_books_goes_before_one_in_the_file(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-06-01 sell 10 NSE:INFY @ 1700")
    done = bring_in(desk, "2024-05-01 sell INFY 4 1600 T1\n2024-05-02 buy TCS 1 3000 T2")
    assert (done.added, done.refused) == (1, 1)
    assert desk.quantity("TCS") == 1


def test_future_days_and_too_many_decimals_are_refused_by_row(desk: Desk) -> None:
    seen = look_at(
        desk, "2026-11-21 buy INFY 1 1500 T1\n2024-04-01 buy INFY 1.123456789 1500 T2\n2024-04-01 x"
    )
    assert [(p.row, p.field) for p in seen.problems] == [(2, "day"), (3, "quantity"), (4, "row")]
    assert (seen.rows_total, seen.fresh, seen.refused) == (3, 0, 3)


def test_a_corrected_row_is_not_imported_again(desk: Desk) -> None:
    bring_in(desk, "2024-04-01 buy INFY 10 1500 T1")
    with desk.database.reading() as db:
        (fact,) = transactions.of_account(db, desk.viewer, desk.account.id)
    with desk.database.writing() as db:
        better = replace(fact.fact, quantity=Decimal(12), amount=Money.of(18000))
        record.correct(db, desk.house, desk.viewer, fact.id, better)
    assert bring_in(desk, "2024-04-01 buy INFY 10 1500 T1").repeated == 1
    assert desk.quantity("INFY") == 12


def opened_by_statement(desk: Desk, *lines: tuple[str, str, str]) -> AccountId:
    home = desk.broker_account()
    said = tuple(held(symbol, quantity, average) for symbol, quantity, average in lines)
    with desk.database.writing() as db:
        statement = Statement(desk.broker.name, "AB1234", desk.clock.now(), said)
        sync.record_statement(db, desk.house, desk.viewer, home, statement)
    return home.id


def test_history_that_covers_an_opening_replaces_it_and_undo_brings_it_back(desk: Desk) -> None:
    home = opened_by_statement(desk, ("INFY", "15", "1500"), ("TCS", "2", "3000"))
    done = bring_in(desk, TRADES, home)
    view = desk.look()
    assert desk.quantity("INFY") == 15
    assert [row.has_opening for row in view.rows if row.instrument.symbol == "INFY"] == [False]
    assert [row.has_opening for row in view.rows if row.instrument.symbol == "TCS"] == [True]
    assert view.breaks == ()
    assert undo(desk, done) == 3
    assert desk.quantity("INFY") == 15
    assert all(row.has_opening for row in desk.look().rows)
    assert bring_in(desk, TRADES, home).added == 3
    assert desk.quantity("INFY") == 15


def test_history_that_explains_a_part_leaves_an_opening_of_the_rest(desk: Desk) -> None:
    home = opened_by_statement(desk, ("INFY", "40", "1500"))
    with desk.database.writing() as db:
        content = desk_file(TRADES)
        dry = imports.preview(db, desk.house, desk.viewer, home, "t.csv", content)
    assert [(f.quantity, f.kind.value) for f in dry.reduces] == [(Decimal(25), "opening")]
    done = bring_in(desk, TRADES, home)
    assert desk.look().breaks == ()
    assert desk.quantity("INFY") == 40
    (row,) = [row for row in desk.look().rows if row.instrument.symbol == "INFY"]
    assert row.valued.invested == Money.of(60000)
    with desk.database.writing() as db:
        imports.undo(db, desk.house, desk.viewer, done.id)
    (row,) = [row for row in desk.look().rows if row.instrument.symbol == "INFY"]
    assert (row.valued.quantity, row.valued.invested) == (Decimal(40), Money.of(60000))
    assert len(row.valued.position.lots) == 1


def test_an_opening_row_is_refused_where_there_are_entries(desk: Desk) -> None:
    home = opened_by_statement(desk, ("INFY", "15", "1500"))
    done = bring_in(desk, "2026-11-20 opening INFY 15 1500\n2026-11-20 opening TCS 1 3000", home)
    assert (done.added, done.refused) == (1, 1)
    assert desk.quantity("INFY") == 15


def test_unknown_empty_and_large_files_are_refused(desk: Desk) -> None:
    for content, words in ((b"%PDF", "no known format"), (b"", "empty"), (b"x" * (11 << 20), "11.0 MiB")):
        with desk.database.writing() as db, pytest.raises(Misuse, match=words):
            imports.preview(db, desk.house, desk.viewer, desk.account.id, "a.bin", content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello there\n1,2,3\n", "its first line is 'hello there'"),
        (b"\x00\x01\x02", "neither text nor a spreadsheet"),
        (b"\xff\xd8\xff\xe0 a picture \x89 of something", "neither text nor a spreadsheet"),
        (b" \n\n", "it has no text"),
        (b"desk\n", "no rows below its header"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_apart(desk: Desk, content: bytes, words: str) -> None:
    with desk.database.writing() as db, pytest.raises(Misuse, match=words):
        imports.preview(db, desk.house, desk.viewer, desk.account.id, "a.csv", content)


@pytest.mark.on_both
def test_a_stranger_finds_neither_upload_nor_import(desk: Desk) -> None:
    seen, other = look_at(desk, TRADES), desk.neighbour()
    done = bring_in(desk, TRADES)
    with desk.database.writing() as db:
        with pytest.raises(NotFound):
            imports.commit(db, desk.house, other.viewer, other.account.id, seen.sha256)
        with pytest.raises(NotFound):
            imports.undo(db, desk.house, other.viewer, done.id)
        with pytest.raises(NotFound):
            imports.import_file(db, desk.house, other.viewer, desk.account.id, "t", desk_file(TRADES))


@pytest.mark.on_both
def test_ten_thousand_trades_come_in_whole(desk: Desk) -> None:
    lines = [
        f"2024-{1 + n % 12:02d}-{1 + n % 28:02d} buy S{n % 50} {1 + n % 9} {100 + n % 77}.25 K{n}"
        for n in range(10_000)
    ]
    steps: list[int] = []
    with desk.database.writing() as db:
        done = imports.import_file(
            db,
            desk.house,
            desk.viewer,
            desk.account.id,
            "many.csv",
            desk_file("\n".join(lines)),
            lambda did, _total: steps.append(did),
        )
    assert (done.added, steps[-1]) == (10_000, 10_000)
    assert len(desk.look().rows) == 50
