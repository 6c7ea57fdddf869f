"""Books as text, however long: written as they are read, and the same as from a book in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk, seated
from tunefolio.core.identity import AccountId, TransactionId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Pick, trade
from tunefolio.services import booktexts
from tunefolio.services.booktexts import Depth
from tunefolio.store import accounts, portfolios, transactions
from tunefolio.store.transactions import Entry

pytestmark = pytest.mark.one_is_enough

FIRST = TradingDay.parse("2010-01-01")


@pytest.fixture
def desk(migrated_url: str) -> Iterator[Desk]:
    with seated(migrated_url) as made:
        yield made


def record(desk: Desk, facts: list[tuple[str, Fact]]) -> AccountId:
    """Into the desk's first account."""
    with desk.database.writing() as db:
        home = accounts.listed(db, desk.viewer)[0].id
        entries = [Entry(fact, key) for key, fact in facts]
        now = desk.house.clock.now()
        transactions.append(db, desk.viewer, home, Book.LIVE, entries, source="test", now=now)
    return home


def many(desk: Desk, count: int, first: int = 0) -> list[tuple[str, Fact]]:
    """Purchases, a few on each of four hundred days, on both sides of every page."""
    infy = desk.instrument("INFY")
    return [
        (f"x{number}", trade(Kind.BUY, FIRST.plus_days(number % 400), infy, Decimal(10), Price.of("150")))
        for number in range(first, first + count)
    ]


def every_depth(desk: Desk) -> Iterator[tuple[str, str]]:
    """What is written in pieces, and what of a book in memory: of everything and of each portfolio."""
    with desk.database.reading() as db:
        for depth in Depth:
            for shelf in (None, *(one.id for one in portfolios.listed(db, desk.viewer))):
                homes = [home.id for home in accounts.listed(db, desk.viewer, portfolio=shelf)]
                whole = booktexts.written(booktexts.book_of(db, desk.viewer, homes, depth=depth))
                yield booktexts.text_of(db, desk.viewer, portfolio=shelf, depth=depth), whole


def test_pieces_make_the_whole_across_pages(desk: Desk) -> None:
    desk.write_down("2009-01-01 buy 1 NSE:INFY @ 100\n2009-01-01 deposit 100000")
    facts = many(desk, 2_300)
    home = record(desk, facts)
    with desk.database.reading() as db:
        known = {one.source_key: one.id for one in transactions.of_account(db, desk.viewer, home)}
    infy, last = desk.instrument("INFY"), FIRST.plus_days(500)
    picks = (Pick(TransactionId(known["x0"]), Decimal(2)), Pick(TransactionId(known["x1500"]), Decimal(1)))
    sale = replace(trade(Kind.SELL, last, infy, Decimal(3), Price.of("160")), picks=picks)
    record(desk, [("sale", sale), ("after", Fact(Kind.FEE, last, amount=Money.of("9", INR)))])
    with desk.database.writing() as db:
        gone = [TransactionId(known["x7"]), TransactionId(known["x2299"])]
        transactions.reverse(db, desk.viewer, gone, source="test", now=desk.house.clock.now())
    for in_pieces, whole in every_depth(desk):
        assert in_pieces == whole
        assert "lots x0:2,x1500:1" in in_pieces


def test_nothing_is_written_of_nothing(desk: Desk) -> None:
    for in_pieces, whole in every_depth(desk):
        assert in_pieces == whole


def test_memory_does_not_grow_with_the_book(desk: Desk) -> None:
    desk.write_down("2009-01-01 buy 1 NSE:INFY @ 100")
    record(desk, many(desk, 900))
    peaks(desk)  # what is compiled and remembered at the first time
    short = peaks(desk)
    record(desk, many(desk, 1_500, first=900))
    for before, after in zip(short, peaks(desk), strict=True):
        assert after - before < 400_000, "1,500 facts held at once take some 1.7 megabytes"


def peaks(desk: Desk) -> list[int]:
    """Bytes held at most while each depth is written."""
    found = []
    with desk.database.reading() as db:
        for depth in Depth:
            tracemalloc.start()
            for _ in booktexts.iter_text(db, desk.viewer, depth=depth):
                pass
            found.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    return found
