"""Every field of every kind of fact comes back as it was written, and so does its reversal."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.store.books import DAY, NOW, account, entry, instrument, later, person
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.feeparts import FeeName, FeePart
from tunefolio.ledger.kinds import Delivery, Kind
from tunefolio.ledger.transactions import Fact, Pick, Ratio
from tunefolio.store import transactions
from tunefolio.store.db import Database

USD = Currency("USD")
PARTS = (FeePart(FeeName.BROKERAGE, Decimal(20)), FeePart(FeeName.SEBI, Decimal("0.1155")))


def facts(one: InstrumentId, other: InstrumentId, counterpart: AccountId) -> list[Fact]:
    """A fact for each field that only some kinds have. The ids are of two instruments and an account."""
    hundred = Money.of("100.25")
    plain = Fact(Kind.BUY, DAY, hundred, one, Decimal(2), Price(Decimal("50.125"), INR))
    sale = replace(plain, kind=Kind.SELL)
    return [
        plain,
        replace(plain, fees=Money.of("1.50"), accrued=Money.of("0.05"), note="a | bar", at=NOW),
        replace(sale, tax=Money.of("0.01")),
        replace(sale, order="1100000012345|7"),
        replace(sale, fees=Money.of("20.12"), parts=PARTS, order="250331-9"),
        replace(sale, picks=(Pick(TransactionId(7), Decimal("1.5")), Pick(TransactionId(9), Decimal("0.5")))),
        Fact(Kind.SPLIT, DAY, Money.of("0"), one, ratio=Ratio(Decimal(10), Decimal(1)), other=other),
        Fact(
            Kind.DEMERGER,
            DAY,
            Money.of("0"),
            one,
            other=other,
            ratio=Ratio(Decimal("1.5"), Decimal("0.00000001")),
            cost_ratio=Decimal("0.046800000001"),
        ),
        Fact(Kind.CONVERT, DAY, Money.of("83500"), counter=Money(Decimal("1000.0001"), USD)),
        Fact(Kind.TRANSFER_OUT, DAY, Money.of("0"), one, Decimal(3), counterpart=counterpart),
        replace(plain, kind=Kind.OPENING, acquired=DAY.plus_days(-900)),
        Fact(
            Kind.EXERCISE,
            DAY,
            hundred,
            one,
            Decimal(75),
            other=other,
            delivery=Delivery.TAKES,
        ),
    ]


def test_what_is_written_is_read_again(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        wanted = facts(instrument(db), instrument(db, "ITC"), home)
        entries = [entry(fact, f"k{place}") for place, fact in enumerate(wanted)]
        added = transactions.append(db, viewer, home, Book.LIVE, entries, source="file", now=NOW)
    with database.reading() as db:
        found = [transactions.transaction_of(db, viewer, id) for id in added.ids]
    assert [one.fact for one in found] == wanted
    assert [one.fingerprint for one in found] == [fact.fingerprint(home, Book.LIVE) for fact in wanted]
    assert [one.fact.fingerprint(home, Book.LIVE) for one in found] == [one.fingerprint for one in found]


def test_a_reversal_repeats_every_field_of_what_it_takes_back(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        wanted = facts(instrument(db), instrument(db, "ITC"), home)
        entries = [entry(fact, f"k{place}") for place, fact in enumerate(wanted)]
        added = transactions.append(db, viewer, home, Book.LIVE, entries, source="file", now=NOW)
        assert transactions.reverse(db, viewer, added.ids, source="hand", now=later(1)) == len(wanted)
        everything = list(transactions.of_account(db, viewer, home))
    reversals = {one.reverses: one.fact for one in everything if one.reverses is not None}
    assert [reversals[id] for id in added.ids] == wanted


@pytest.mark.parametrize("field", [name for name in Fact.__slots__ if name not in {"kind", "day", "amount"}])
def test_the_examples_fill_every_field(field: str) -> None:
    """So that a field which comes later cannot be forgotten here."""
    assert any(
        getattr(fact, field) not in (None, "", ())
        for fact in facts(InstrumentId(1), InstrumentId(2), AccountId(3))
    )
