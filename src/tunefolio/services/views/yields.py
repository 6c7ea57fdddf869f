"""The XIRR of every holding in view since its first fact, for lists: one line's flows and its value now."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from tunefolio.analysis.tracks import Track
from tunefolio.analysis.xirr import xirr
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.services.house import House
from tunefolio.services.memories import Memory
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.views.series import tracked
from tunefolio.store.db import ReadDb

Yields = Mapping[tuple[AccountId, InstrumentId], Decimal | Missing]

_remembered: Memory[tuple[PersonId, PortfolioId | None, str], Yields] = Memory(100)


def holding_yields(
    db: ReadDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> dict[tuple[AccountId, InstrumentId], Decimal | Missing]:
    """By account and instrument, each in its account's currency; the same figure as Ask("xirr",
    "holding:account:instrument", "all") explains. From the last good rows; raises NotFound."""
    today = TradingDay(calendar_date(house.clock.now()))
    by_currency: dict[str, list[Account]] = {}
    for account in active_accounts(db, viewer, portfolio):
        by_currency.setdefault(account.currency, []).append(account)
    found: dict[tuple[AccountId, InstrumentId], Decimal | Missing] = {}
    for name, homes in by_currency.items():
        seen = tracked(db, house, viewer, homes, homes[0].currency)
        key, state = (viewer.person, portfolio, name), (seen.tracks, today)
        some = _remembered.find(db, key, state)
        if some is None:
            some = {
                (track.key.account, track.key.instrument): _rate(track, today)
                for track in seen.tracks
                if track.key.instrument is not None
            }
            _remembered.keep(db, key, state, some)
        found |= some
    return found


def _rate(track: Track, today: TradingDay) -> Decimal | Missing:
    """What came in is laid out, what went out and the value of today are received."""
    span = track.span(None, today)
    for column in ("flow", "worth"):
        whole = track.total(column, span)
        if isinstance(whole, Missing):
            return whole
    value = track.value(today)
    if isinstance(value, Missing):
        return value
    moved = range(span[0], span[1])
    sums = [float(track.columns["flow"][at] + track.columns["worth"][at]) for at in moved]
    days = [track.ordinals[at] for at in moved]
    amounts = np.array([*(-each for each in sums), float(value)])
    rate = xirr(np.array([*days, today.date.toordinal()], np.int64), amounts).value
    return rate if isinstance(rate, Missing) else Decimal(repr(rate))
