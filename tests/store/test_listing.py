"""Each filter finds the facts it names and no others, newest first, in pages that join without a seam."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from tests.store.books import DAY, NOW, account, buy, deposit, entry, instrument, person, portfolio
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Money
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Ratio
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.store import heads, instruments, listing, transactions
from tunefolio.store.db import Database
from tunefolio.store.transactions import TransactionFilter

UPKEEP = Caretaker("tests")


@dataclass(frozen=True)
class Books:
    viewer: Viewer
    other: Viewer
    first: AccountId
    second: AccountId
    infy: InstrumentId
    fund: InstrumentId
    ids: dict[str, TransactionId]


@pytest.fixture
def books(database: Database) -> Books:
    """Six facts of one person in two accounts, a day apart; another person has one like the first."""
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        inside = portfolio(db, viewer)
        first, second = account(db, viewer, inside), account(db, viewer, inside, "second")
        infy = instrument(db)
        claim = InstrumentClaim(Listing("MF", "ABC"), None, "Zebra Fund", AssetClass.FUND)
        fund = instruments.resolve(db, [claim], NOW)[claim]
        told = {
            "buy": (first, buy(infy, "10", "1500", DAY)),
            "sale": (first, replace(buy(infy, "5", "1600", DAY.plus_days(1)), kind=Kind.SELL)),
            "money": (first, replace(deposit("1000", DAY.plus_days(2)), note="From Salary 100%")),
            "sip": (second, replace(buy(fund, "2", "50", DAY.plus_days(3)), kind=Kind.SIP)),
            "split": (
                second,
                Fact(
                    Kind.SPLIT,
                    DAY.plus_days(4),
                    Money.zero(INR),
                    fund,
                    other=infy,
                    ratio=Ratio(Decimal(2), Decimal(1)),
                ),
            ),
            "undone": (second, buy(infy, "1", "1", DAY.plus_days(5))),
        }
        ids = {}
        for name, (home, fact) in told.items():
            added = transactions.append(
                db, viewer, home, Book.LIVE, [entry(fact, f"key-{name}")], source="file", now=NOW
            )
            ids[name] = added.ids[0]
        transactions.reverse(db, viewer, [ids["undone"]], source="hand", now=NOW)
        transactions.tag_many(db, viewer, [ids["buy"], ids["sip"]], "long")
        theirs = account(db, other)
        transactions.append(
            db, other, theirs, Book.LIVE, [entry(buy(infy), "key-buy")], source="file", now=NOW
        )
    return Books(viewer, other, first, second, infy, fund, ids)


def found(database: Database, books: Books, wanted: TransactionFilter, limit: int = 50) -> str:
    with database.reading() as db:
        page = listing.page(db, books.viewer, filter=wanted, before=None, limit=limit)
    names = {id: name for name, id in books.ids.items()}
    return " ".join(names.get(one.id, "reversal") for one in page)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (TransactionFilter(), "split sip money sale buy"),
        (TransactionFilter(with_reversed=True), "reversal undone split sip money sale buy"),
        (TransactionFilter(kind=Kind.SELL), "sale"),
        (TransactionFilter(kinds=frozenset({Kind.SELL, Kind.SIP})), "sip sale"),
        (TransactionFilter(kinds=frozenset({Kind.SIP}), kind=Kind.SELL), "sip sale"),
        (TransactionFilter(kind=Kind.TAX), ""),
        (TransactionFilter(least=Decimal(1000), most=Decimal(8000)), "money sale"),
        (TransactionFilter(least=Decimal("8000.01")), "buy"),
        (TransactionFilter(asset_class=AssetClass.FUND), "split sip"),
        (TransactionFilter(asset_class=AssetClass.GOLD), ""),
        (TransactionFilter(since=DAY.plus_days(1), until=DAY.plus_days(3)), "money sale"),
        (TransactionFilter(tag="long"), "sip buy"),
        (TransactionFilter(tag="LONG"), ""),
        (TransactionFilter(tag="long", kind=Kind.BUY), "buy"),
        (TransactionFilter(text="salary 100%"), "money"),
        (TransactionFilter(text="100_"), ""),
        (TransactionFilter(text="zebra"), "split sip"),
        (TransactionFilter(text="infy"), "split sale buy"),
        (TransactionFilter(text="LON"), "sip buy"),
        (TransactionFilter(text="key-sale"), "sale"),
        (TransactionFilter(text="key-sal"), ""),
        (TransactionFilter(book=Book.PAPER), ""),
    ],
)
def test_a_filter_finds_what_it_names(
    database: Database, books: Books, wanted: TransactionFilter, names: str
) -> None:
    assert found(database, books, wanted) == names


def test_filters_of_place(database: Database, books: Books) -> None:
    assert found(database, books, TransactionFilter(account=books.first)) == "money sale buy"
    both = TransactionFilter(accounts=frozenset({books.first, books.second}))
    assert found(database, books, both) == "split sip money sale buy"
    assert found(database, books, TransactionFilter(instrument=books.fund)) == "split sip"


def test_a_common_tag_is_found_like_a_rare_one(
    database: Database, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_RARE", 1)
    assert found(database, books, TransactionFilter(tag="long")) == "sip buy"


def test_pages_join_without_a_seam(database: Database, books: Books) -> None:
    seen, before = [], None
    with database.reading() as db:
        while page := transactions.page(db, books.viewer, filter=TransactionFilter(), before=before, limit=2):
            seen += [one.id for one in page]
            before = (page[-1].fact.day, page[-1].id)
    assert seen == [books.ids[name] for name in ("split", "sip", "money", "sale", "buy")]


def test_facts_about_instruments_come_by_account(database: Database, books: Books) -> None:
    ids = books.ids
    with database.reading() as db:
        both = transactions.of_instruments(db, books.viewer, [books.infy, books.fund])
        infy = transactions.of_instruments(db, books.viewer, [books.infy])
        none = transactions.of_instruments(db, books.viewer, [])
    assert {home: [one.id for one in facts] for home, facts in both.items()} == {
        books.first: [ids["buy"], ids["sale"]],
        books.second: [ids["sip"], ids["split"]],
    }
    assert [one.id for one in infy[books.second]] == [ids["split"]]
    assert both[books.first][0].tags == ("long",)
    assert none == {}


def test_what_changed_since_is_facts_and_reversals(database: Database, books: Books) -> None:
    homes = [books.first, books.second]
    with database.reading() as db:
        news = transactions.changed_since(db, books.viewer, homes, books.ids["split"])
        some = transactions.changed_since(db, books.viewer, [books.first], books.ids["buy"])
        newest = heads.heads(db, books.viewer)[books.second].newest
    assert [one.reverses for one in news] == [None, books.ids["undone"]]
    assert [one.id for one in some] == [books.ids["sale"], books.ids["money"]]
    assert news[-1].id == newest


def test_a_fact_is_found_by_its_sources_key_while_it_stands(database: Database, books: Books) -> None:
    with database.reading() as db:
        sale = transactions.find_by_key(db, books.viewer, books.first, "key-sale")
        assert sale is not None
        assert sale.id == books.ids["sale"]
        assert transactions.find_by_key(db, books.viewer, books.second, "key-sale") is None
        assert transactions.find_by_key(db, books.viewer, books.second, "key-undone") is None


def test_many_are_tagged_and_untagged_at_once(database: Database, books: Books) -> None:
    every = list(books.ids.values())
    with database.writing() as db:
        assert transactions.tag_many(db, books.viewer, every, "#long") == len(every) - 2
        assert transactions.tag_many(db, books.viewer, every, "long") == 0
        assert transactions.tag_many(db, books.other, every, "long") == 0
        assert transactions.untag_many(db, books.other, every, "long") == 0
        assert transactions.untag_many(db, books.viewer, every[:2], "long") == 2
        assert transactions.untag_many(db, books.viewer, every, "nothing") == 0
    assert found(database, books, TransactionFilter(tag="long")) == "split sip money"


def test_jobs_learn_who_holds_what_since_when(database: Database, books: Books) -> None:
    with database.reading() as db:
        days = transactions.first_days(db, UPKEEP)
        holders = transactions.holders(db, UPKEEP, [books.infy])
    assert days == {books.infy: DAY, books.fund: DAY.plus_days(3)}
    mine = [(books.viewer.person, books.first), (books.viewer.person, books.second)]
    assert holders[books.infy][:2] == mine
    assert holders[books.infy][2][0] == books.other.person
