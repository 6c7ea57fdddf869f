"""Past closes that a person brings in a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.market.closes import Close
from tunefolio.market.instruments import Instrument, InstrumentClaim
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.markets import could_trade
from tunefolio.store import closes, instruments
from tunefolio.store.db import WriteDb


@dataclass(frozen=True, slots=True)
class Sifted:
    """closes: fit to be kept. dropped: how many were not: on days without a session, or not above zero."""

    closes: tuple[Close, ...]
    dropped: int


def keep(
    db: WriteDb,
    house: House,
    rows: Iterable[tuple[InstrumentClaim, TradingDay, Decimal]],
    *,
    source: str,
) -> tuple[int, int]:
    """Keep raw closes from a file, whose listings become instruments; (kept, dropped). A day given again
    replaces what stood there."""
    groups: dict[InstrumentClaim, list[tuple[TradingDay, Decimal]]] = {}
    for claim, day, price in rows:
        groups.setdefault(claim, []).append((day, price))
    ids = resolved(db, house, groups)
    known = instruments.of_ids(db, sorted(set(ids.values())))
    kept = dropped = 0
    for claim, points in groups.items():
        instrument = known[ids[claim]]
        if instrument.currency != claim.currency:
            raise Misuse("currency", f"{claim.listing.symbol} is kept in {instrument.currency}")
        good = sifted(house, instrument, points)
        closes.put(db, instrument.id, instrument.currency, good.closes, source, house.clock.now())
        kept, dropped = kept + len(good.closes), dropped + good.dropped
    return kept, dropped


def sifted(house: House, instrument: Instrument, points: Sequence[tuple[TradingDay, Decimal]]) -> Sifted:
    """What is fit to be kept: above zero and on a day on which its exchange had a session."""
    good = tuple(
        Close(day, price) for day, price in points if price > 0 and could_trade(house, instrument, day)
    )
    return Sifted(good, len(points) - len(good))
