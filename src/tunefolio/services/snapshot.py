"""Valuations frozen: SOD before the session, EOD after every price is final, MANUAL at any time.

A window that passed unused is recorded as missed, never back-dated. The calendar says when windows are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from tunefolio.analysis.valuation import ValuedPosition, converted
from tunefolio.core.errors import BrokenLaw, Misuse, TunefolioError
from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.market.calendars import Calendar
from tunefolio.market.fx import NO_RATES
from tunefolio.services import audit
from tunefolio.services import quotes as prices
from tunefolio.services.acts import Act
from tunefolio.services.books import Folded, folded
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.valuing import Board
from tunefolio.store import accounts, events, instruments, own_instruments, quotes, rates, snapshots
from tunefolio.store.db import WriteDb
from tunefolio.store.snapshots import Snapshot, SnapshotLine, SnapshotType

_log = logging.getLogger(__name__)
_SOD = time(9, 0)
_BEFORE_OPEN = timedelta(minutes=15)
_LOOK_BACK = 30
"""Sessions for which a missed window is still recorded after a long absence."""


def window(calendar: Calendar, type: SnapshotType, day: TradingDay) -> tuple[Instant, Instant] | None:
    """[start, end) in which a snapshot of that type may be taken for that session; None without a session.

    SOD: from 09:00 IST (a quarter of an hour before an earlier open) until the open. EOD: from the calendar's
    end of day until midnight IST. MANUAL: the whole civil day.
    """
    hours = calendar.hours(day)
    midnight = Instant.at(day.plus_days(1), time(0))
    match type:
        case SnapshotType.MANUAL:
            return Instant.at(day, time(0)), midnight
        case SnapshotType.SOD:
            return (
                None if hours is None else (min(Instant.at(day, _SOD), hours.open - _BEFORE_OPEN), hours.open)
            )
        case SnapshotType.EOD:
            return None if hours is None else (calendar.eod(day), midnight)


def next_window(calendar: Calendar, type: SnapshotType, now: Instant) -> Instant:
    """When the next window of that type opens, after `now`; raises Misuse beyond the known calendar."""
    day = TradingDay(calendar_date(now))
    while True:
        found = window(calendar, type, day)
        if found is not None and found[0] > now:
            return found[0]
        day = calendar.next(day)


def take(db: WriteDb, house: House, viewer: Viewer, account: AccountId, type: SnapshotType) -> Snapshot:
    """Freeze one account now. A second SOD or EOD of the day is the first; a second MANUAL replaces it.

    Raises Misuse outside the type's window, BrokenLaw when the account is stopped. An account that holds
    nothing is worth exactly zero and is taken all the same.
    """
    viewer.must_write()
    home = accounts.account_of(db, viewer, account)
    if not home.is_active:
        raise Misuse("account", f"{home.name} is archived", cure="Restore it first")
    day = _day_now(house, type)
    former = snapshots.find(db, viewer, account, type, day)
    if (
        former is not None
        and type is not SnapshotType.MANUAL
        and former.state is snapshots.SnapshotState.TAKEN
    ):
        return former
    fold = folded(db, viewer, [home])[account]
    if fold.problem:
        raise BrokenLaw("the account is stopped", fold.problem)
    lines = _lines(db, house, viewer, home, fold)
    now = house.clock.now()
    snapshots.put(db, viewer, account, type, day, now, lines)
    events.emit(db, house.bus, events.Event("snapshot", viewer.person, (account,)))
    kept = snapshots.find(db, viewer, account, type, day)
    if kept is None:
        raise BrokenLaw("a snapshot that was put can be found", f"account {account}, {type} {day}")
    return kept


def _lines(db: WriteDb, house: House, viewer: Viewer, home: Account, fold: Folded) -> list[SnapshotLine]:
    """Everything open at its newest price: cost and value in the account's currency at the rates of their
    days, the price as it was quoted. Raises Misuse where a cost has no rate; what has no price stands without
    a value."""
    ids = [position.instrument for position in fold.open]
    met = {position.currency for position in fold.open} - {home.currency}
    board = Board(
        instruments.of_ids(db, ids),
        quotes.latest(db, ids),
        rates.book(db) if met else NO_RATES,
        own_instruments.accruals(db, viewer, ids),
        TradingDay(calendar_date(house.clock.now())),
    )
    return [_line(board, board.valued(home.id, position), home) for position in fold.open]


def _line(board: Board, line: ValuedPosition, home: Account) -> SnapshotLine:
    here = converted(line, home.currency, rates=board.rates, day=board.day)
    if isinstance(here.invested, Missing):
        raise Misuse("rate", here.invested.sentence, cure=here.invested.cure)
    value = None if isinstance(here.value, Missing) else here.value
    price = line.quote.price if line.quote is not None else None
    priced = line.quote.as_of if line.quote is not None and value is not None else None
    return SnapshotLine(line.instrument, line.quantity, here.invested, price, value, priced)


def trigger(
    db: WriteDb, house: House, viewer: Viewer, *, portfolio: PortfolioId | None = None
) -> list[Snapshot]:
    """A MANUAL snapshot of every active account in view, now."""
    viewer.must_write()
    homes = active_accounts(db, viewer, portfolio)
    taken = [take(db, house, viewer, home.id, SnapshotType.MANUAL) for home in homes]
    told = {"accounts": [home.name for home in homes], "snapshots": len(taken)}
    audit.note(db, house, viewer, Act.SNAPSHOT_TAKEN, details=told)
    return taken


def mark_missed(db: WriteDb, house: House) -> int:
    """Record windows that passed unused while an account was there; how many. Thirty sessions at most."""
    caretaker = Caretaker("mark_missed")
    marked = 0
    for account in accounts.all_active(db, caretaker):
        for type in (SnapshotType.SOD, SnapshotType.EOD):
            marked += _mark(db, house, account, type)
    return marked


@deed("snapshot_sod", max_attempts=3)
def snapshot_sod(house: House, work: Work) -> Mapping[str, Any]:
    """SOD of every account at the last known prices; too late, it records what was missed."""
    return _take_all(house, work, SnapshotType.SOD)


@deed("snapshot_eod", max_attempts=3)
def snapshot_eod(house: House, work: Work) -> Mapping[str, Any]:
    """EOD of every account; each owner's prices are refreshed first. Too late, it records what was missed."""
    return _take_all(house, work, SnapshotType.EOD)


def _day_now(house: House, type: SnapshotType) -> TradingDay:
    now = house.clock.now()
    if type is SnapshotType.MANUAL:
        return house.calendar.trading_day(now)
    today = TradingDay(calendar_date(now))
    found = window(house.calendar, type, today)
    if found is None:
        raise Misuse("type", f"{today} is no session of the exchange", cure="Take a MANUAL snapshot")
    start, end = found
    if not start <= now < end:
        spell = f"{start.in_zone():%H:%M} to {end.in_zone():%H:%M} IST"
        raise Misuse("type", f"{type} of {today} is taken from {spell}", cure="Take a MANUAL snapshot")
    return today


def _take_all(house: House, work: Work, type: SnapshotType) -> Mapping[str, Any]:
    """Every account, when the window is open; what was missed, at any time."""
    skipped, taken = "", 0
    problems: set[str] = set()
    try:
        _day_now(house, type)
    except Misuse as closed:
        skipped = str(closed)
    else:
        taken, problems = _take_each(house, work, type)
    with house.database.writing() as db:
        missed = mark_missed(db, house)
    return {"taken": taken, "missed": missed, "skipped": skipped, "problems": sorted(problems)[:10]}


def _take_each(house: House, work: Work, type: SnapshotType) -> tuple[int, set[str]]:
    """Account by account, each in its own transaction: a stopped one does not hold up the others."""
    with house.database.reading() as db:
        every = accounts.all_active(db, Caretaker(f"snapshot_{type.lower()}"))
    taken = 0
    problems: set[str] = set()
    owners: set[PersonId] = set()
    for done, account in enumerate(every):
        work.check()
        work.progress(done, len(every), f"Taking {type}")
        viewer = Viewer(account.owner)
        try:
            if type is SnapshotType.EOD and account.owner not in owners:
                owners.add(account.owner)
                _refresh(house, viewer)
            with house.database.writing() as db:
                take(db, house, viewer, account.id, type)
            taken += 1
        except TunefolioError as problem:
            problems.add(str(problem))
            extra = {"account": account.id, "type": type, "problem": str(problem)}
            _log.warning("no snapshot", extra=extra)
    work.progress(len(every), len(every), "Done")
    return taken, problems


def _refresh(house: House, viewer: Viewer) -> None:
    with house.database.reading() as db:
        wanted = prices.held(db, viewer)
    prices.refresh(house, viewer, wanted)


def _mark(db: WriteDb, house: House, account: Account, type: SnapshotType) -> int:
    """Back from the newest session until a snapshot, a miss, or the account's own beginning is met."""
    now, viewer = house.clock.now(), Viewer(account.owner)
    day, marked = house.calendar.trading_day(now), 0
    for _ in range(_LOOK_BACK):
        found = window(house.calendar, type, day)
        if found is not None and found[1] <= now:
            if account.created is None or found[0] < account.created:
                break
            if snapshots.find(db, viewer, account.id, type, day) is not None:
                break
            snapshots.miss(db, viewer, account.id, type, day, now)
            marked += 1
        day = house.calendar.previous(day)
    return marked
