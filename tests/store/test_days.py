"""Changes by day come back as they were worked out; only those from the first changed day are replaced."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.store.books import DAY, NOW, account, instrument, person
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import INR, Currency
from tunefolio.ledger.cashflows import DayRow, Moved
from tunefolio.store import accounts, days
from tunefolio.store.day_codec import SUMS
from tunefolio.store.days import DayState
from tunefolio.store.db import Database

USD = Currency("USD")


def row(home: AccountId, what: InstrumentId | None, after: int, units: str = "10") -> DayRow:
    """A row some days after DAY whose every sum is another number, one of them with many places."""
    sums = [Decimal(units), *(Decimal(place) / 8 for place in range(1, 14))]
    moves = (Moved(what, Decimal("-1.5"), Decimal("0.12345678")), Moved(None, Decimal(0), Decimal(7)))
    told: dict[str, Any] = dict(zip(SUMS, sums, strict=True))
    return replace(DayRow(home, what, INR, DAY.plus_days(after), moves=moves), **told)


def test_rows_come_back_whole(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, one = account(db, viewer), instrument(db)
        held = [row(home, one, 0), DayRow(home, one, INR, DAY.plus_days(3)), row(home, one, 9)]
        foreign = [replace(held[0], currency=USD)]
        cash = [row(home, None, 1, "0")]
        days.replace_many(db, viewer, home, 0, {one: held + foreign, None: cash}, None)
    with database.reading() as db:
        assert days.of_accounts(db, viewer, [home]) == [*cash, *held, *foreign]
        assert days.of_accounts(db, viewer, [home], 5) == []


def test_only_days_from_the_first_changed_one_are_replaced(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, one, other = account(db, viewer), instrument(db), instrument(db, "ITC")
        old = [row(home, one, place) for place in range(4)]
        beside = [row(home, other, 2)]
        days.replace_many(db, viewer, home, 0, {one: old, other: beside}, None)
        fresh = [row(home, one, 2, "77"), row(home, one, 5, "78")]
        days.replace(db, viewer, home, 0, one, [row(home, one, 0, "1"), *fresh], DAY.plus_days(2))
        assert days.of_accounts(db, viewer, [home]) == [*old[:2], *fresh, *beside]
        days.replace(db, viewer, home, 0, one, [], DAY)
        assert days.of_accounts(db, viewer, [home]) == beside


def test_rows_of_a_tag_stand_apart(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, one = account(db, viewer), instrument(db)
        days.replace(db, viewer, home, 0, one, [row(home, one, 0)], None)
        days.replace(db, viewer, home, 3, one, [row(home, one, 1)], None)
        assert days.tags_of(db, viewer, home) == {0, 3}
        days.clear(db, viewer, home, 3)
        assert days.of_accounts(db, viewer, [home]) == [row(home, one, 0)]
        assert days.of_accounts(db, viewer, [home], 3) == []


def test_a_state_says_up_to_where_rows_go(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        home = account(db, viewer)
        days.put_state(db, viewer, DayState(home, 5, 4, NOW))
        newest = DayState(home, 9, 8, NOW, "a sale without units")
        days.put_state(db, viewer, newest)
        assert days.states(db, viewer, [home]) == {home: newest}
        assert days.states(db, other, [home]) == {}
        with pytest.raises(NotFound):
            days.put_state(db, other, newest)
        days.clear(db, viewer, home)
        assert days.states(db, viewer, [home]) == {}


def test_rows_go_with_their_account(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home, one = account(db, viewer), instrument(db)
        days.replace(db, viewer, home, 0, one, [row(home, one, 0)], None)
        days.put_state(db, viewer, DayState(home, 5, 4, NOW))
        accounts.delete(db, viewer, home)
        assert days.of_accounts(db, viewer, [home]) == []
        assert days.states(db, viewer, [home]) == {}
