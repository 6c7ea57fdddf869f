"""What people tell of their taxes: kept whole, replaced whole, nobody else's."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.store import books
from tests.store.books import NOW, person
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import Age, EarlierLoss, LossKind, Others, Regime, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.ledger.accounts import Book
from tunefolio.store import erasure, tax_answers, taxpayers, transactions
from tunefolio.store.db import Database
from tunefolio.store.tax_answers import DeedTold, InstrumentTold, YearTold

YEAR, NEXT = FinancialYear(2024), FinancialYear(2025)


def test_an_account_is_one_taxpayers_and_returns_to_the_first(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        home = books.account(db, asha)
        mine = taxpayers.add(db, asha, "Asha", Residency.RESIDENT, NOW)
        mother = taxpayers.add(db, asha, "Mother", Residency.NON_RESIDENT, NOW)
        assert taxpayers.listed(db, asha) == [mine, mother]
        taxpayers.give(db, asha, mine.id, [home])
        taxpayers.give(db, asha, mother.id, [home])
        assert taxpayers.given(db, asha) == {home: mother.id}
        with pytest.raises(NotFound):
            taxpayers.give(db, bela, mother.id, [])
        with pytest.raises(NotFound):
            taxpayers.give(db, bela, taxpayers.add(db, bela, "B", Residency.RESIDENT, NOW).id, [home])
        taxpayers.change(db, asha, mother.id, "Amma", Residency.RESIDENT)
        assert taxpayers.taxpayer_of(db, asha, mother.id).name == "Amma"
        assert taxpayers.drop(db, asha, mother.id)
        assert not taxpayers.drop(db, asha, mother.id)
        assert taxpayers.given(db, asha) == {}


def test_two_of_one_name_are_refused(database: Database) -> None:
    with database.writing() as db:
        asha = person(db)
        taxpayers.add(db, asha, "Asha", Residency.RESIDENT, NOW)
        other = taxpayers.add(db, asha, "Mother", Residency.RESIDENT, NOW)
        with pytest.raises(Misuse, match="stands there already"):
            taxpayers.change(db, asha, other.id, "Asha", Residency.RESIDENT)


def test_the_newer_answer_of_a_year_counts(database: Database) -> None:
    told = YearTold(YEAR, Regime.OLD, Age.SENIOR, Others(Decimal("100.25"), Decimal(0)), Decimal("0.312"))
    with database.writing() as db:
        asha = person(db)
        mine = taxpayers.add(db, asha, "Asha", Residency.RESIDENT, NOW).id
        tax_answers.put_year(db, asha, mine, told, NOW)
        tax_answers.put_year(db, asha, mine, YearTold(NEXT), NOW)
        assert tax_answers.years(db, asha, mine) == {YEAR: told, NEXT: YearTold(NEXT)}
        tax_answers.put_year(db, asha, mine, YearTold(YEAR), NOW)
        assert tax_answers.years(db, asha, mine)[YEAR] == YearTold(YEAR)


def test_losses_are_told_once_and_replaced_together(database: Database) -> None:
    short = EarlierLoss(FinancialYear(2021), LossKind.SHORT_TERM, Decimal(500))
    long = EarlierLoss(FinancialYear(2021), LossKind.LONG_TERM, Decimal("20.50"))
    with database.writing() as db:
        asha = person(db)
        mine = taxpayers.add(db, asha, "Asha", Residency.RESIDENT, NOW).id
        tax_answers.put_losses(db, asha, mine, YEAR, [short, long])
        assert tax_answers.losses(db, asha, mine) == {YEAR: (long, short)}
        with pytest.raises(Misuse, match="entered twice"):
            tax_answers.put_losses(db, asha, mine, YEAR, [short, short])
        tax_answers.put_losses(db, asha, mine, YEAR, [long])
        assert tax_answers.losses(db, asha, mine) == {YEAR: (long,)}
        tax_answers.put_losses(db, asha, mine, YEAR, [])
        assert tax_answers.losses(db, asha, mine) == {}


def test_what_is_told_of_instruments_and_deeds_goes_with_the_facts(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        home = books.account(db, asha)
        infy = books.instrument(db)
        entries = [books.entry(books.buy(infy))]
        (fact,) = transactions.append(db, asha, home, Book.LIVE, entries, source="test", now=NOW).ids
        told = InstrumentTold(TaxClass.EQUITY_FUND, Decimal("101.35"))
        tax_answers.put_instrument(db, asha, infy, told)
        assert tax_answers.instruments(db, asha) == {infy: told}
        assert tax_answers.instruments(db, bela) == {}
        tax_answers.put_instrument(db, asha, infy, InstrumentTold())
        assert tax_answers.instruments(db, asha) == {infy: InstrumentTold()}
        with pytest.raises(NotFound):
            tax_answers.put_deeds(db, bela, {fact: DeedTold(Decimal(1))})
        deed = DeedTold(Decimal("1.25"), Way.OFF_MARKET, subscribed=False)
        tax_answers.put_deeds(db, asha, {fact: DeedTold(Decimal(1))})
        tax_answers.put_deeds(db, asha, {fact: deed})
        assert tax_answers.deeds(db, asha) == {fact: deed}
        mine = taxpayers.add(db, asha, "Asha", Residency.RESIDENT, NOW).id
        taxpayers.give(db, asha, mine, [home])
        erasure.erase_account(db, asha, home)
        assert tax_answers.deeds(db, asha) == {}
        assert taxpayers.given(db, asha) == {}
