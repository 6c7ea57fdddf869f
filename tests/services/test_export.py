"""The books as text: written, read into an empty house, written again; the same byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.desks import Desk, seated
from tunefolio.core.errors import Misuse
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.positions import Holdings, Position, fold_all
from tunefolio.ledger.textbook import BookRefused
from tunefolio.services import booktexts, terms, textbooks
from tunefolio.services.booktexts import Depth
from tunefolio.services.textbooks import AccountImport
from tunefolio.store import accounts, portfolios, transactions

BOOK = """\
instrument NSE:INFY equity INR isin INE009A01021 "Infosys"
instrument NASDAQ:AAPL equity USD isin US0378331005 "Apple"
instrument OWN:FD fixed INR "My deposit" rate 7.1% quarterly matures 2027-04-01
portfolio "Family" INR
account "Zerodha" INR hifo
2023-04-01 deposit 900000 ^d1
2023-04-03 buy 10 NSE:INFY @ 1400 fee 12.5 parts brokerage:10,stt:2.5 #core #2023 "first \\"tranche\\"" ^t1
2023-05-03 buy 10 NSE:INFY @ 1500 at 2023-05-03T04:00:00+00:00 order 1100000012345678 ^t2
2023-05-03 buy 10 NSE:INFY @ 1500
2023-05-03 buy 10 NSE:INFY @ 1500
2023-06-01 split 2:1 NSE:INFY ^action:yahoo:NSE:INFY:2023-06-01:split
2023-06-02 sell 6 NSE:INFY @ 800 lots t1:6 tax 3 #core ^t3
2023-07-03 dividend 350 NSE:INFY tax 35 ^t4
2023-07-20 demerger 1:1 NSE:INFY into NSE:TCS cost 4.68% ^t5
2023-08-01 transfer_out 4 NSE:INFY to "Kotak" ^t6
2023-08-02 transfer_out 5000 to "Kotak" ^t7
2023-08-03 buy 100000 OWN:FD @ 1 ^t8
2023-09-01 fee 118 ^wrong
2023-09-02 reverse ^wrong
2023-09-03 fee 18 ^wrong
account "Kotak" INR average
2023-08-04 sip 1.234 MF:INF179K01YV8 = 123.45 ^k1
portfolio "Abroad" USD
account "IB" USD
2024-01-02 deposit 5000 ^i1
2024-01-02 buy 2 NASDAQ:AAPL @ 170 fee 1 ^i2
2024-01-03 convert 100 USD for 8300 INR ^i3
"""


@pytest.fixture
def empty(migrated_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """Another house with nothing in it."""
    shutil.copy(migrated_file, tmp_path / "other.db")
    with seated(f"sqlite:///{tmp_path / 'other.db'}") as made:
        yield made


def read(desk: Desk, text: str) -> list[AccountImport]:
    with desk.database.writing() as db:
        return textbooks.import_text(db, desk.house, desk.viewer, text.split("\n"), file="my.book")


def written(desk: Desk, depth: Depth = Depth.STANDING, portfolio: str | None = None) -> str:
    with desk.database.reading() as db:
        shelf = next((p.id for p in portfolios.listed(db, desk.viewer) if p.name == portfolio), None)
        return booktexts.text_of(db, desk.viewer, portfolio=shelf, depth=depth)


def homes(desk: Desk) -> dict[str, Account]:
    with desk.database.reading() as db:
        return {home.name: home for home in accounts.listed(db, desk.viewer)}


def folded(desk: Desk) -> dict[str, Holdings]:
    named = homes(desk)
    with desk.database.reading() as db:
        facts = transactions.of_accounts(db, desk.viewer, [home.id for home in named.values()])
        ids = booktexts.named(fact for some in facts.values() for fact in some)
        found = fold_all(facts, terms.terms_of(db, desk.viewer, sorted(ids)))
    return {name: found[home.id] for name, home in named.items()}


def figures(desk: Desk) -> dict[str, object]:
    """All that is held, without the ids of the house."""
    return {name: (held.cash, _positions(held)) for name, held in folded(desk).items()}


def _positions(held: Holdings) -> list[object]:
    every = sorted(held.positions.values(), key=lambda one: (one.quantity, one.cost.amount))
    return [(one.quantity, one.cost, one.realised, one.income, _lots(one)) for one in every]


def _lots(position: Position) -> list[object]:
    return [(lot.day, lot.quantity, lot.cost, lot.fees) for lot in position.lots]


@pytest.mark.parametrize("depth", Depth)
def test_written_books_read_into_an_empty_house_are_the_same_books(
    desk: Desk, empty: Desk, depth: Depth
) -> None:
    read(desk, BOOK)
    text = written(desk, depth)
    read(empty, text)
    assert written(empty, depth) == text
    assert figures(empty) == figures(desk)
    assert "parts brokerage:10,stt:2.5 #" in text
    assert "order 1100000012345678 ^t2" in text


def test_the_history_holds_what_was_taken_back(desk: Desk) -> None:
    read(desk, BOOK)
    assert "reverse ^wrong" in written(desk, Depth.HISTORY)
    assert "reverse" not in written(desk)
    assert "2023-09-03 fee 18 ^wrong" in written(desk)


@pytest.mark.parametrize("text", [BOOK, None])
def test_reading_twice_is_once(desk: Desk, text: str | None) -> None:
    first = read(desk, BOOK)
    before = written(desk, Depth.HISTORY)
    again = read(desk, text or before)
    assert {one.account: one.added for one in first} == {"Zerodha": 15, "Kotak": 3, "IB": 3}
    assert [one.is_new for one in first] == [True] * 3
    assert all(one.added == 0 and not one.is_new for one in again)
    assert written(desk, Depth.HISTORY) == before


def test_two_equal_lines_are_two_facts_and_lots_keep_their_keys(desk: Desk) -> None:
    read(desk, BOOK)
    text = written(desk)
    assert text.count("2023-05-03 buy 10 NSE:INFY @ 1500 ^text:") == 2
    assert "lots t1:6" in text
    assert folded(desk)["Zerodha"].positions[desk.instrument("INFY")].matches[0].lot.day is not None


def test_accounts_and_terms_come_with_the_books(desk: Desk) -> None:
    read(desk, BOOK)
    text = written(desk)
    assert 'account "Zerodha" INR hifo' in text
    assert 'instrument OWN:FD fixed INR "My deposit" rate 7.1% quarterly matures 2027-04-01' in text
    assert {home.name for home in homes(desk).values()} == {"By hand", "Zerodha", "Kotak", "IB"}


def test_one_portfolio_brings_the_accounts_that_transfers_join_to_it(desk: Desk) -> None:
    read(desk, BOOK)
    assert "IB" in written(desk, portfolio="Abroad")
    assert "Zerodha" not in written(desk, portfolio="Abroad")
    moved = 'account "IB"\n2024-02-01 transfer_out 100 USD to "Vested" ^m\naccount "Vested" USD\n'
    read(desk, moved)
    assert 'account "Vested" USD' in written(desk, portfolio="Abroad")


def test_a_text_that_breaks_a_law_with_the_books_is_refused_by_line(desk: Desk) -> None:
    read(desk, BOOK)
    before = written(desk, Depth.HISTORY)
    late = 'account "Kotak" INR\n2023-08-05 sell 3 NSE:INFY @ 9\n2023-08-06 sell 2 NSE:INFY @ 9\n'
    with pytest.raises(BookRefused, match=r"my\.book:3: quantity: sells 2 on 2023-08-06 but only 1 are held"):
        read(desk, late)
    with pytest.raises(BookRefused, match=r"my\.book:1: day: 2030-01-01 has not come yet"):
        read(desk, "2030-01-01 deposit 5\n")
    with pytest.raises(Misuse, match="IB is in USD"):
        read(desk, 'account "IB" INR\n2024-01-02 deposit 5\n')
    assert written(desk, Depth.HISTORY) == before
    assert "Main" not in homes(desk)


def test_a_text_may_take_back_what_stands(desk: Desk) -> None:
    read(desk, "2024-01-02 deposit 5 ^a\n2024-01-02 deposit 6 ^b\n")
    read(desk, "2024-01-02 deposit 5 ^a\n2024-01-03 reverse ^a\n")
    assert "deposit 5" not in written(desk)
    assert "deposit 6" in written(desk)


def test_a_person_sees_nothing_of_others(desk: Desk) -> None:
    read(desk, BOOK)
    neighbour = desk.neighbour()
    assert "INFY" not in written(neighbour)
    read(neighbour, written(desk))
    assert figures(neighbour)["Zerodha"] == figures(desk)["Zerodha"]
