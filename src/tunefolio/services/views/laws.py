"""The laws of what pages show, on the real books: kept days are a fresh fold, statements add up, parts make
the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tunefolio.analysis.periods import PeriodStatement, by_key, statement
from tunefolio.analysis.scopes import Period
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.money import INR, Money
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.cashflows import DayRow, by_day
from tunefolio.ledger.positions import Holdings
from tunefolio.services.books import folded
from tunefolio.services.house import House
from tunefolio.services.recompute import is_current
from tunefolio.services.views.series import Tracked, tracked
from tunefolio.services.views.words import period_of, spans
from tunefolio.store import days
from tunefolio.store.db import ReadDb

KEPT_DAYS = "kept days are what a fresh fold gives"
ADDS_UP = "a period statement adds up"
PARTS = "a filter is the sum of its parts"
_LINES = ("start", "realised", "unrealised", "exchange", "income", "fees", "taxes", "flows", "in_kind", "end")

Broken = Iterator[tuple[Account, str, str]]


def of_views(db: ReadDb, house: House, live: Sequence[tuple[Account, Holdings]]) -> Broken:
    """The laws for one person's sound accounts with their fresh folds. Days that wait for their recomputation
    are left out: they are old, not wrong."""
    if not live:
        return
    viewer = Viewer(live[0][0].owner)
    homes = [account for account, _ in live]
    current = _current(db, viewer, homes)
    for account, holdings in live:
        if account in current:
            yield from _of_days(db, viewer, account, holdings)
    found = tracked(db, house, viewer, current, INR) if current else None
    if found is not None:
        today = TradingDay(calendar_date(house.clock.now()))
        for chosen in spans(today, found.first):
            yield from _of_period(homes[0], found, period_of(chosen))


def _current(db: ReadDb, viewer: Viewer, homes: Sequence[Account]) -> list[Account]:
    states, folds = days.states(db, viewer, [home.id for home in homes]), folded(db, viewer, homes)
    return [home for home in homes if home.id in states and is_current(states[home.id], folds[home.id])]


def _of_days(db: ReadDb, viewer: Viewer, account: Account, holdings: Holdings) -> Broken:
    kept = sorted(days.of_accounts(db, viewer, [account.id]), key=_place)
    fresh = sorted(by_day(holdings.movements), key=_place)
    if kept == fresh:
        return
    wrong = next((a for a, b in zip(kept, fresh, strict=False) if a != b), None)
    if wrong is None:
        yield account, KEPT_DAYS, f"{len(kept)} rows for {len(fresh)}"
    else:
        yield account, KEPT_DAYS, f"instrument {wrong.instrument} on {wrong.day}"


def _place(row: DayRow) -> tuple[int, str, int]:
    return (row.instrument or 0, row.currency, row.day.date.toordinal())


def _of_period(account: Account, found: Tracked, period: Period) -> Broken:
    scope = found.scope()
    try:
        whole = statement(found.tracks, scope, period)
        parts = list(by_key(found.tracks, scope, period).values())
    except BrokenLaw as broken:
        yield account, ADDS_UP, f"{period}: {broken}"
        return
    for line in _LINES:
        told, summed = _amount(whole, line), [_amount(part, line) for part in parts]
        known = [amount for amount in summed if amount is not None]
        if told is not None and len(known) == len(summed) and told != sum(known, Decimal(0)):
            yield account, PARTS, f"{period}: {line} is {told:f}, its parts {sum(known, Decimal(0)):f}"


def _amount(stated: PeriodStatement, line: str) -> Decimal | None:
    value = getattr(stated, line)
    return value.amount if isinstance(value, Money) else None
