"""100,000 trades charged as contract notes: seconds of processor, memory, growth with their number."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from random import Random

from bench.figures import Figure
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.charges import charges
from tunefolio.trading.charges.deals import Deal, Segment
from tunefolio.trading.charges.notes import iter_notes
from tunefolio.trading.charges.tariffs import Tariffs, tariffs
from tunefolio.trading.orders import OrderSide

TRADES = 100_000
_FIRST = TradingDay.parse("2020-07-01")
_A_DAY = 43
_SEED = 2026
_RUNS = 3


def trades(count: int) -> list[Deal]:
    """A trader's years: 43 trades a day in shares, futures and options, three fills to an order."""
    chance = Random(_SEED)
    segments = (Segment.DELIVERY, Segment.DELIVERY, Segment.FUTURES, Segment.OPTIONS)
    sides = tuple(OrderSide)
    found = []
    for number in range(count):
        segment = chance.choice(segments)
        price = Decimal(chance.randrange(5_00, 5_000_00)) / 100
        found.append(
            Deal(
                _FIRST.plus_days(number // _A_DAY),
                "zerodha",
                "NSE",
                segment,
                chance.choice(sides),
                Decimal(chance.randrange(1, 500)),
                price,
                f"S{chance.randrange(40)}",
                order=str(number // 3),
            )
        )
    return found


def figures() -> list[Figure]:
    some, all_ = trades(TRADES // 4), trades(TRADES)
    quarter = [_seconds(lambda: _charged(some)) for _ in range(_RUNS)]
    whole = [_seconds(lambda: _charged(all_)) for _ in range(_RUNS)]
    alone = [_seconds(lambda: [charges(deal, tariffs()) for deal in some]) for _ in range(_RUNS)]
    growth = tuple(large / small / 4 for small, large in zip(quarter, whole, strict=True))
    days = -(-TRADES // _A_DAY)
    return [
        Figure(f"{TRADES:,} trades charged as {days:,} contract notes", "s", tuple(whole), digits=2),
        Figure("a trade of them against one of a quarter of them", "×", growth, digits=2),
        Figure("memory beside the trades, each note dropped when it is made", "MB", (_peak(all_),), digits=1),
        Figure(f"{len(some):,} orders one by one, as the calculator has them", "s", tuple(alone), digits=2),
    ]


def _charged(deals: list[Deal]) -> int:
    return sum(1 for _ in iter_notes(deals, Tariffs(tariffs().book)))


def _seconds(run: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    run()
    return time.process_time() - start


def _peak(deals: list[Deal]) -> float:
    """What charging takes beside the trades themselves, traced."""
    gc.collect()
    tracemalloc.start()
    try:
        _charged(deals)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
