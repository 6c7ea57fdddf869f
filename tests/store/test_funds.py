"""What funds are: kept as the newest list says, with the day since when; the same list again is no news."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.funds import FundCategory, FundList
from tunefolio.store import funds
from tunefolio.store.db import Database, ReadDb
from tunefolio.store.tables import fund_categories

ONE, TWO = Isin("INF179K01YV8"), Isin("INF209K01157")
FIRST, LATER = TradingDay.parse("2026-11-19"), TradingDay.parse("2026-11-20")
LIQUID, INCOME = "Debt Scheme - Liquid Fund", "Income"


def told(day: TradingDay, said: Mapping[Isin, str]) -> FundList:
    return FundList("amfi", day, said)


def rows(db: ReadDb) -> int:
    return int(db.execute(select(func.count()).select_from(fund_categories)).scalar_one())


def test_a_list_is_kept_with_its_source_and_day(database: Database) -> None:
    with database.writing() as db:
        assert funds.put(db, told(FIRST, {ONE: LIQUID, TWO: INCOME})) == 2
        assert funds.of_isins(db, [ONE, TWO, "INF000X01XX0"]) == {
            ONE: FundCategory(LIQUID, "amfi", FIRST),
            TWO: FundCategory(INCOME, "amfi", FIRST),
        }
        assert funds.of_isins(db, []) == {}


def test_the_same_list_of_another_day_writes_nothing(database: Database) -> None:
    with database.writing() as db:
        funds.put(db, told(FIRST, {ONE: LIQUID}))
        assert funds.put(db, told(LATER, {ONE: LIQUID})) == 0
        assert funds.of_isins(db, [ONE])[ONE].day == FIRST
        assert rows(db) == 1


def test_a_fund_that_is_placed_anew_keeps_what_it_was(database: Database) -> None:
    with database.writing() as db:
        funds.put(db, told(FIRST, {ONE: INCOME, TWO: INCOME}))
        assert funds.put(db, told(LATER, {ONE: LIQUID})) == 1
        assert funds.of_isins(db, [ONE, TWO]) == {
            ONE: FundCategory(LIQUID, "amfi", LATER),
            TWO: FundCategory(INCOME, "amfi", FIRST),
        }
        assert rows(db) == 3


def test_an_older_list_changes_nothing_and_one_of_the_same_day_corrects(database: Database) -> None:
    with database.writing() as db:
        funds.put(db, told(LATER, {ONE: LIQUID}))
        assert funds.put(db, told(FIRST, {ONE: INCOME})) == 0
        assert funds.put(db, told(LATER, {ONE: INCOME})) == 1
        assert funds.of_isins(db, [ONE])[ONE].words == INCOME
        assert rows(db) == 1


def test_thousands_are_one_question(database: Database) -> None:
    some = {Isin(f"INF{place:09d}"): LIQUID for place in range(12_000)}
    with database.writing() as db:
        assert funds.put(db, told(FIRST, some)) == 12_000
        assert len(funds.of_isins(db, list(some))) == 12_000
