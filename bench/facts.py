"""How the cost of a fold grows: from a thousand facts to a million, of 250 instruments."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

from bench.figures import Figure
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import folding
from tunefolio.ledger.transactions import Transaction, trade

_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_STOCKS = 250
_HOME = AccountId(1)
_RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))


def figures() -> list[Figure]:
    found: list[Figure] = []
    for size in _SIZES:
        history = _history(size)
        rounds = 5 if size <= 10_000 else 1
        seconds = tuple(_timed(history) for _ in range(rounds))
        found.append(Figure(f"fold of {size:,} facts", "s", seconds, digits=3))
        each = tuple(taken / size * 1e6 for taken in seconds)
        found.append(Figure(f"the same, for each of {size:,} facts", "µs", each))
    return found


def _timed(history: list[Transaction]) -> float:
    started = time.perf_counter()
    folding({_HOME: history}).holdings(_HOME)
    return time.perf_counter() - started


def _history(size: int) -> list[Transaction]:
    """Two purchases, then a sale, of each instrument in turn, over ten years."""
    first = TradingDay.parse("2016-01-01")
    history: list[Transaction] = []
    for number in range(size):
        kind, units = (Kind.SELL, 15) if number // _STOCKS % 3 == 2 else (Kind.BUY, 10)
        fact = trade(
            kind,
            first.plus_days(number * 3_650 // size),
            InstrumentId(number % _STOCKS + 1),
            Decimal(units),
            Price.of(f"{100 + number % 400}.50"),
            fees=Money.of("12.50"),
        )
        id = TransactionId(number + 1)
        history.append(Transaction(id, _HOME, Book.LIVE, fact, "bench", f"bench:{id}", _RECORDED, ""))
    return history
