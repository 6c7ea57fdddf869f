"""One instrument as the world's lists have it: its names over time, its tokens, whether it trades."""

from __future__ import annotations

from dataclasses import dataclass

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.market.instruments import Instrument
from tunefolio.market.masters import Spell
from tunefolio.services.house import House
from tunefolio.store import instruments, masters, spells
from tunefolio.store.db import ReadDb
from tunefolio.store.masters import Listed, plain_series


@dataclass(frozen=True, slots=True)
class ListedView:
    """status: listed, expired, delisted, merged, series, renamed, or unknown where no list has ever had it.

    until: the first day on which no list had it; None while one has. listings: one of each source, those
    that stand first. spells: oldest first; none where its name never changed.
    """

    instrument: Instrument
    status: str
    until: TradingDay | None
    spells: list[Spell]
    listings: list[Listed]


def listed(db: ReadDb, house: House, viewer: Viewer, id: InstrumentId) -> ListedView:
    """Raises NotFound, also for what is private to another."""
    one = instruments.visible(db, viewer, [id]).get(id)
    if one is None:
        raise NotFound("instrument")
    place = (one.exchange, one.symbol)
    today = TradingDay(calendar_date(house.clock.now()))
    rows = [row for row in masters.of_symbols(db, [place]).get(place, []) if _is_of(row, one)]
    status, until = _status(rows, today)
    return ListedView(one, status, until, spells.of_instrument(db, id), rows)


def _is_of(row: Listed, one: Instrument) -> bool:
    """A list's row of the same symbol, unless it is of another series that both sides name."""
    theirs, ours = plain_series(row.row.claim.listing.series), plain_series(one.listing.series)
    return not theirs or not ours or theirs == ours


def _status(rows: list[Listed], today: TradingDay) -> tuple[str, TradingDay | None]:
    if not rows:
        return "unknown", None
    expiry = next((row.row.expiry for row in rows if row.row.expiry is not None), None)
    if expiry is not None and expiry < today:
        return "expired", expiry.plus_days(1)
    ends = [(row.gone, row.reason) for row in rows if row.gone is not None]
    if len(ends) < len(rows):
        return "listed", None
    until, reason = max(ends, key=lambda end: end[0].iso())
    return reason or "delisted", until
