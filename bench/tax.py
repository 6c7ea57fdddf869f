"""How long 100,000 disposals take from folded books to a year's tax, their peak of memory, their growth."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bench.figures import Figure
from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.computation import Record, tax_year
from tunefolio.analysis.tax.disposals import Books, disposals
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.schedule_112a import csv_112a
from tunefolio.analysis.tax.schedule_cg import table_f
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.analysis.tax.values2018 import Values2018
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Money
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import fold_all
from tunefolio.ledger.transactions import Fact, Transaction

DISPOSALS = 100_000
SMALL = 10_000
NAMES = 500
RUNS = 3
ACCOUNT = AccountId(1)
YEAR = FinancialYear(2024)
RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))
CLASSES = (
    *[TaxClass.LISTED_EQUITY] * 6,
    TaxClass.DEBT_FUND,
    TaxClass.EQUITY_FUND,
    TaxClass.VDA,
    TaxClass.SGB,
)
ASSETS = {
    InstrumentId(number): Asset(
        InstrumentId(number), f"name {number}", f"INE{number:06}010", CLASSES[number % 10], number % 10 < 6
    )
    for number in range(1, NAMES + 1)
}


def figures() -> list[Figure]:
    books = _books(DISPOSALS)
    deeds = [_timed(lambda: disposals(books)) for _ in range(RUNS)]
    record = _record(books)
    whole = [_timed(lambda: _tax(record)) for _ in range(RUNS)]
    small = _record(_books(SMALL))
    part = [_timed(lambda: _tax(small)) for _ in range(RUNS)]
    growth = (min(whole) / DISPOSALS) / (min(part) / SMALL)
    return [
        Figure(f"{DISPOSALS:,} disposals read off the folded books", "s", tuple(deeds), digits=2),
        Figure("… taxed, with Schedule 112A and table F", "s", tuple(whole), digits=2),
        Figure("… peak of memory while they are taxed", "MB", (_peak(record),), digits=0),
        Figure(f"time a disposal, {DISPOSALS:,} over {SMALL:,}", "×", (growth,), "≤ 1.10", digits=2),
    ]


def _tax(record: Record) -> None:
    values = Values2018({}, {number: Decimal(150) for number in ASSETS})
    year = tax_year(record, Taxpayer(), YEAR, Law(tax_rules(), values))
    csv_112a(year)
    table_f(year)


def _record(books: Books) -> Record:
    found, holes = disposals(books)
    return Record(found, (), ASSETS, holes)


def _books(sales: int) -> Books:
    """One purchase for every sale, of as many units: as many closed lots as sales."""
    chance = random.Random(7)
    facts: list[Transaction] = []
    for number in range(sales):
        name = InstrumentId(number % NAMES + 1)
        bought = date(2016, 1, 1) + timedelta(days=chance.randrange(3000))
        sold = YEAR.first.date + timedelta(days=chance.randrange(365))
        units = Decimal(10)
        for kind, on in ((Kind.BUY, bought), (Kind.SELL, sold)):
            amount = Money(units * chance.randrange(100, 300), INR)
            fact = Fact(kind, TradingDay(on), amount, name, units, fees=Money.of("12.50"))
            place = TransactionId(len(facts) + 1)
            facts.append(Transaction(place, ACCOUNT, Book.LIVE, fact, "bench", str(place), RECORDED, ""))
    stt = {one.id: Decimal("10.00") for one in facts}
    return Books(fold_all({ACCOUNT: facts}), {one.id: one.fact for one in facts}, stt)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _peak(record: Record) -> float:
    tracemalloc.start()
    try:
        _tax(record)
        return tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()
