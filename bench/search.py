"""Search as one types over 10,000, 50,000 and 250,000 names, and the reading of such a list."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from bench.figures import Figure, percentile
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow
from tunefolio.market.sectors import packaged
from tunefolio.store import masters, schema, search_index
from tunefolio.store.db import Database, open_database
from tunefolio.store.search import search

SIZES = (10_000, 50_000, 250_000)
_DAY = TradingDay.parse("2026-11-20")
_NOW = Instant.parse("2026-11-20T08:15:00+05:30")
_AT_ONCE = 20_000
_LIMIT = 12
_TYPED = 400
_UNDERLYINGS = 220


def figures() -> list[Figure]:
    """For each size: reading a first list, reading it again, building the texts, and a search."""
    found: list[Figure] = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            found += _of_size(size, f"sqlite:///{Path(folder) / 'bench.db'}")
    return found


def _of_size(size: int, url: str) -> Iterator[Figure]:
    schema.migrate(url)
    database = open_database(url)
    try:
        rows = list(listed(size))
        words = f"{size:,} names"
        yield Figure(f"first reading of a list of {words}", "s", (_seconds(lambda: read(database, rows)),))
        yield Figure(
            f"the same list again, {words}", "s", (_seconds(lambda: read(database, rows)),), digits=2
        )
        yield Figure(f"texts of search, {words}", "s", (_seconds(lambda: rebuild(database)),))
        times = tuple(seconds * 1_000 for seconds in searches(database, rows))
        yield Figure(f"search among {words}", "ms", times)
        goal = "under 20 ms"
        yield Figure(f"search among {words}, 95 of 100 within", "ms", (percentile(times, 0.95),), goal)
    finally:
        database.close()


def listed(size: int) -> Iterator[MasterRow]:
    """A list like a broker's: every company of the exchange, twice, funds, and contracts for the rest."""
    chance = random.Random(2026)
    companies = list(packaged().companies())
    for place in range(min(size, 60_000) // 2):
        one = companies[place % len(companies)]
        turn = place // len(companies)
        name = one.name if turn == 0 else f"{one.name.split()[0]} {chance.choice(companies).name} Fund {turn}"
        symbol = one.symbol if turn == 0 else f"{one.symbol[:6]}{turn}{place % 97}"
        for exchange, series in (("NSE", "EQ"), ("BSE", "")):
            claim = InstrumentClaim(Listing(exchange, symbol, series), one.isin if turn == 0 else None, name)
            yield MasterRow(claim, f"{exchange}{place}", Decimal("0.05"), Decimal(1))
    names = [one.symbol for one in companies[:_UNDERLYINGS]]
    for place in range(max(0, size - 60_000)):
        name, month = names[place % len(names)], ("NOV", "DEC", "JAN")[place % 3]
        strike, kind = 100 + place // len(names) * 5, ("CE", "PE")[place % 2]
        listing = Listing("NFO", f"{name}26{month}{strike}{kind}")
        expiry = TradingDay.parse({"NOV": "2026-11-24", "DEC": "2026-12-29", "JAN": "2027-01-28"}[month])
        claim = InstrumentClaim(listing, None, name, AssetClass.OPTION)
        yield MasterRow(claim, str(place), Decimal("0.05"), Decimal(50), expiry, Decimal(strike))


def read(database: Database, rows: list[MasterRow]) -> None:
    """As the refresh does: compare the marks, write what is new."""
    with database.reading() as db:
        known = masters.known(db, "bench")
    fresh = [(row, masters.mark_of(row)) for row in rows]
    fresh = [
        one for one in fresh if (there := known.get(masters.key_of(one[0]))) is None or there.mark != one[1]
    ]
    for start in range(0, len(fresh), _AT_ONCE):
        with database.writing() as db:
            masters.add(db, "bench", fresh[start : start + _AT_ONCE], _DAY)


def rebuild(database: Database) -> None:
    with database.writing() as db:
        search_index.rebuild(db, ["bench"], _DAY)


def searches(database: Database, rows: list[MasterRow]) -> Iterator[float]:
    """Seconds of each: what people type, key by key, and nonsense, after the texts have been read once."""
    chance = random.Random(7)
    with database.reading() as db:
        search(db, "warm", _LIMIT)
    for text in typed(rows, chance):
        start = time.perf_counter()
        with database.reading() as db:
            search(db, text, _LIMIT)
        yield time.perf_counter() - start


def typed(rows: list[MasterRow], chance: random.Random) -> Iterator[str]:
    """Beginnings of symbols and of one or two words of names, pieces from within, and letters at random."""
    for _ in range(_TYPED // 4):
        claim = chance.choice(rows).claim
        words = [word for word in claim.name.split() if word[0].isalnum()] or [claim.name]
        yield claim.listing.symbol[: chance.randint(1, 20)].lower()
        yield " ".join(word[: chance.randint(1, 6)] for word in chance.sample(words, min(2, len(words))))
        start = chance.randint(0, max(0, len(claim.name) - 4))
        yield claim.name[start : start + chance.randint(2, 8)]
        yield "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(1, 20)))


def _seconds(deed: Callable[[], None]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start
