"""The first tax report of a person after a start, of 2,500 and of 25,000 kept trades, and the next one."""

from __future__ import annotations

import gc
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from bench.figures import Figure
from bench.houses import account, house
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import Isin
from tunefolio.core.money import Money, Price
from tunefolio.core.people import Person
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import trade
from tunefolio.market import sectors
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.services import tax
from tunefolio.settings import Settings
from tunefolio.store import instruments, transactions
from tunefolio.store.transactions import Entry

SIZES = (2_500, 25_000)
RUNS = 5
STOCKS = 250
YEAR = FinancialYear(2025)
_FIRST = TradingDay.parse("2019-04-01")
_DAYS = 2_400


def figures() -> list[Figure]:
    found: list[Figure] = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            with house(Path(folder)) as (runtime, person):
                fill(runtime, person, size)
            runs = [_started(Path(folder), person) for _ in range(RUNS)]
        goal = "under 0.6 s" if size == SIZES[0] else ""
        first, again = zip(*runs, strict=True)
        found += [
            Figure(f"first tax report of {size:,} trades, SQLite", "s", first, goal, digits=2),
            Figure("… asked for again", "s", again, digits=3),
        ]
    return found


def fill(runtime: Runtime, person: Person, size: int) -> None:
    """Two purchases, then a sale, of each share in turn, over six years, charges recorded."""
    home = account(runtime, person, f"Demat of {size}")
    listed = [one for one in sectors.packaged().companies() if one.isin and one.series == "EQ"][:STOCKS]
    now = runtime.house.clock.now()
    claims = [
        InstrumentClaim(Listing("NSE", one.symbol), Isin(str(one.isin)), one.name, AssetClass.EQUITY)
        for one in listed
    ]
    with runtime.house.database.writing() as db:
        ids = list(instruments.resolve(db, claims, now).values())
        entries = []
        for number in range(size):
            is_sale = number // STOCKS % 3 == 2
            fact = trade(
                Kind.SELL if is_sale else Kind.BUY,
                _FIRST.plus_days(number * _DAYS // size),
                ids[number % STOCKS],
                Decimal(15 if is_sale else 10),
                Price.of(f"{100 + number % 400}.50"),
                fees=Money.of("12.50"),
            )
            entries.append(Entry(fact, f"bench:{number}"))
        transactions.append(db, person.viewer, home, Book.LIVE, entries, source="bench", now=now)


def _started(folder: Path, person: Person) -> tuple[float, float]:
    """Seconds of the first report after a start and of the same again; garbage collected as in the server."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    runtime = build(Settings.from_env({"TUNEFOLIO_HOME": str(folder)}, families=adapters.families()))
    try:
        return report(runtime, person), report(runtime, person)
    finally:
        runtime.close()
        gc.set_threshold(*usual)


def report(runtime: Runtime, person: Person) -> float:
    """Seconds of processor that one report takes, the database in them."""
    with runtime.house.database.reading() as db:
        started = time.process_time()
        tax.report(db, runtime.house, person.viewer, YEAR)
        return time.process_time() - started
