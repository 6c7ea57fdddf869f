"""Daily closes as they were paid, shared by everyone: of what store/bars.py keeps, only the closes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar, Bars
from tunefolio.market.closes import Close, Closes, PriceBook
from tunefolio.store import bars
from tunefolio.store.bar_rows import rows_of
from tunefolio.store.bars import Span as Span
from tunefolio.store.bars import spans as spans
from tunefolio.store.codec import Chunk, unpacked_closes
from tunefolio.store.db import ReadDb, WriteDb

_COLUMNS = ("instrument_id", "currency", "source", "scale", "count", "body")


def put(
    db: WriteDb,
    instrument: InstrumentId,
    currency: Currency,
    closes: Iterable[Close],
    source: str,
    now: Instant,
) -> int:
    """Keep these closes beside those known; a day given again is replaced. How many days are new or changed.

    Twice is once. A close that is known already leaves the day's range and volume in place. Prices known in
    another currency are given up for the new ones.
    """
    told = Bars.of((Bar(close.day, close.price) for close in closes), source)
    return bars.put(db, instrument, currency, told, now)


def book(
    db: ReadDb,
    instruments: Iterable[InstrumentId],
    since: TradingDay | None = None,
    *,
    names: Mapping[InstrumentId, str] | None = None,
) -> PriceBook:
    """The closes of these instruments, from the year of `since` on; one query on the primary key.

    names: how reasons call the instruments. An instrument without closes is absent.
    """
    found = rows_of(db, _COLUMNS, instruments, since)
    return PriceBook({id: _closes(id, rows) for id, rows in found.items()}, names=names or {})


def _closes(instrument: InstrumentId, rows: Sequence[tuple[Any, ...]]) -> Closes:
    """One run of all years, at the finest scale of them; the source of the newest speaks for all."""
    _, currency, source, *_ = rows[-1]
    daily = unpacked_closes([Chunk(scale, count, body) for *_, scale, count, body in rows])
    return Closes(instrument, Currency(currency), daily, source)
