"""Fetch what a broker says, whole or not at all; keep it, open what it alone knows, show where we differ.

Running twice on one statement changes nothing in the ledger (docs/spec/reconcile.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tunefolio.core.alerts import AlertKind
from tunefolio.core.errors import BrokenLaw, Misuse, NotFound, Reauth, Rejected, Retry
from tunefolio.core.identity import AccountId, InstrumentId, JobId, StatementId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, AccountKind, Book
from tunefolio.ledger.contracts import carried, left_by
from tunefolio.ledger.fills import DayFills, FillSource
from tunefolio.ledger.positions import Position
from tunefolio.ledger.reconcile import Break, Claim, Opening, Reconciliation, compare
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.ledger.transactions import Fact, Transaction
from tunefolio.market.calendars import Calendar
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.market.quotes import Quote
from tunefolio.services import audit, enrich, mornings, quotes, standings
from tunefolio.services.acts import Act
from tunefolio.services.alerts import happened
from tunefolio.services.books import kin_of, standing
from tunefolio.services.brokers import Line, line, needs_login
from tunefolio.services.changes import changed
from tunefolio.services.credentials import opened_again
from tunefolio.services.fills import SOURCE as FILL
from tunefolio.services.fills import holding, open_today, owned, posting, remembered
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.stated import claims, joined, opened_alone
from tunefolio.store import accounts, connections, events, statements, transactions, unread_rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.jobs import Job

SOURCE = "statement"
_NO_FILLS = DayFills()
_TRIES = 3
_PATIENCE = 3
UNKNOWN_DAY = "Held before the records begin; acquired on an unknown day"


@dataclass(frozen=True, slots=True)
class Synced:
    """What one statement changed: openings recorded and taken back, fills posted, what is left to a person.

    unread: lines of the broker's answers that the books could not take. waiting: trades of the day that are
    recorded once their position is squared off.
    """

    statement: StatementId
    opened: int
    taken_back: int
    breaks: tuple[Break, ...]
    posted: int = 0
    unread: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What a broker said of one account at one moment: its statement, and the fills of the running day."""

    statement: Statement
    day: DayFills = field(default_factory=DayFills)


def ask_sync(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> JobId:
    """Ask for a sync; one that waits or runs already is returned. Raises Misuse for what cannot be synced."""
    viewer.must_write()
    home = accounts.account_of(db, viewer, account)
    if home.kind is not AccountKind.BROKER:
        raise Misuse("account", f"{home.name} is kept by hand", cure="Import a file, or connect a broker")
    if not home.is_active:
        raise Misuse("account", f"{home.name} is archived", cure="Restore it first")
    args = {"account": account}
    audit.note(db, house, viewer, Act.SYNC_ASKED, f"account:{account}", {"name": home.name})
    return ask(db, house, "sync", args, owner=viewer.person, dedupe_key=f"sync:{account}")


def broker_of(db: ReadDb, job: Job) -> str:
    """Whom a sync asks: syncs of one broker share a lane, so that a slow one holds up nobody else's."""
    if job.owner is None:
        return ""
    try:
        return accounts.account_of(db, Viewer(job.owner, Role.READER), AccountId(job.args["account"])).broker
    except NotFound:
        return ""


@deed("sync", max_attempts=8, lane=broker_of)
def sync(house: House, work: Work) -> Mapping[str, Any]:
    """One account's statement, fetched and recorded. An archived account, or one of a broker that the
    operator has stopped, is left alone. Raises Reauth (recorded: a login is then due), Retry, Rejected.

    Eight tries take some four minutes. What is recorded is kept in one transaction, and only under a lease
    that is still ours, together with the job's end: a run that was replaced while it waited for its broker
    keeps nothing, and one that was killed has kept all or nothing.
    """
    viewer, account = work.owner, AccountId(work.args["account"])
    with house.database.reading() as db:
        home = accounts.account_of(db, viewer, account)
        is_stopped = standings.is_stopped(db, home.broker)
    if not home.is_active or is_stopped:
        return {"skipped": "archived" if not home.is_active else "stopped"}
    work.progress(0, 3, "Asking the broker")
    try:
        told = fetch(house, viewer, home)
    except (Retry, Rejected) as problem:
        _keep_problem(house, work, home, problem)
        raise
    work.check()
    work.progress(1, 3, f"Recording {len(told.statement.holdings)} holdings and {len(told.day.fills)} trades")
    with house.database.writing() as db:
        done = record_statement(db, house, viewer, home, told.statement, told.day)
        enrich.ask_enrich(db, house, viewer)
        work.progress(3, 3, "Done")
        result = {
            "holdings": len(told.statement.holdings),
            "trades": done.posted,
            "open_today": done.waiting,
            "unread": done.unread,
            "opened": done.opened,
            "taken_back": done.taken_back,
            "breaks": len(done.breaks),
        }
        _note(db, house, viewer, home, done)
        work.finish(db, result)
        events.emit(db, house.bus, events.Event("jobs", viewer.person, (work.job.id,)))
    return result


def _note(db: WriteDb, house: House, viewer: Viewer, home: Account, done: Synced) -> None:
    """Into the activity, if the books are others than before: most syncs say what is known."""
    told = {"name": home.name, "trades": done.posted, "opened": done.opened, "taken_back": done.taken_back}
    if done.posted or done.opened or done.taken_back:
        audit.note(db, house, viewer, Act.SYNCED, f"account:{home.id}", told)


def fetch(house: House, viewer: Viewer, home: Account) -> Told:
    """All that the account's broker says, over its line. Raises Retry, Rejected, Reauth.

    A session that has ended is opened again where its owner lets the house do so, once; else the account
    needs a login, and its owner hears of it.
    """
    since: Instant | None = None
    try:
        try:
            with house.database.reading() as db:
                there = line(db, house, viewer, home)
            since = there.connected
            return _told(house, there)
        except Reauth:
            if not opened_again(house, viewer, home):
                raise
        with house.database.reading() as db:
            there = line(db, house, viewer, home)
        since = there.connected
        return _told(house, there)
    except Reauth as problem:
        needs_login(house, viewer, home.id, str(problem), since=since)
        with house.database.writing() as db:
            mornings.ask_announcement(db, house)
        raise


def _told(house: House, there: Line) -> Told:
    """Statement and fills of one moment: a trade made between the two answers would look like a difference,
    so the fills are asked for before and after, and all again when they differ."""
    source = there.broker.statements(there.api_key, there.session)
    if not isinstance(there.broker, FillSource):
        return Told(source.fetch(house.clock.now()))
    before = there.broker.fills(there.api_key, there.session)
    for _ in range(_TRIES):
        statement = source.fetch(house.clock.now())
        after = there.broker.fills(there.api_key, there.session)
        if after == before:
            return Told(statement, after)
        before = after
    raise Retry(f"{there.broker.title}: trades are being made faster than they can be read")


def _keep_problem(house: House, work: Work, home: Account, problem: Retry | Rejected) -> None:
    """Shown at once; told when it is final or has lasted for some tries: what heals in seconds is no news."""
    with house.database.writing() as db:
        connections.set_problem(db, work.owner, home.id, str(problem), house.clock.now())
        if isinstance(problem, Rejected) or work.job.attempts >= _PATIENCE:
            _tell_failed(db, house, work.owner, home, str(problem))
        events.emit(db, house.bus, events.Event("connection", work.owner.person, (home.id,)))
        work.must_hold(db)


def _tell_failed(db: WriteDb, house: House, viewer: Viewer, home: Account, problem: str) -> None:
    """Once a day for each account, to who asked to hear of it."""
    day = calendar_date(house.clock.now()).isoformat()
    happened(
        db,
        house,
        AlertKind.SYNC_FAILED,
        viewer.person,
        f"sync:{home.id}:{day}",
        title=f"{home.name} could not be synced",
        text=problem,
        link="/brokers",
        account=home.id,
    )


def record_statement(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    home: Account,
    statement: Statement,
    told: DayFills = _NO_FILLS,
) -> Synced:
    """Keep a statement and do what it asks of the ledger, in the caller's transaction.

    Steps: 1 give every line its instrument, contracts among them as the positions tell them, lines of one as
    one, with the day's fills on top but for those of positions that are open for the day alone; 2 keep the
    statement; 3 reconcile with all facts of the live book; 4 take back openings it restates, record new ones;
    5 post the day's new fills, those of contracts by what they close and open; 6 keep its prices and what
    could not be read; 7 tell.
    """
    if statement.broker_user != home.broker_user:
        raise Rejected(
            f"the broker answered for {statement.broker_user}, not {home.broker_user}", code="user"
        )
    now = house.clock.now()
    contracts = carried(statement.positions, {line.instrument for line in statement.holdings})
    statement = replace(statement, holdings=(*statement.holdings, *contracts))
    claimed = [line.instrument for line in statement.holdings] + [fill.instrument for fill in told.fills]
    ids = resolved(db, house, list(dict.fromkeys(claimed)))
    accounts.account_for_change(db, viewer, home.id)
    history = list(transactions.of_account(db, viewer, home.id))
    wanted = posting(told.fills, ids, history, open_today(statement))
    alone = opened_alone(claimed, ids, history)
    said = joined(statement, ids, alone)
    statement = owned(said, wanted.believed, ids)
    kept = statements.keep(db, viewer, home.id, statement, ids)
    positions = _positions(db, viewer, home, history)
    costs = {ids[line.instrument]: line.average_price for line in said.holdings}
    told_of = claims(statement, ids, coming=wanted.moved, costs=costs, alone=alone)
    found = _compared(db, history, positions, told_of, statement)
    taken_back = transactions.reverse(
        db, viewer, [former.id for former in found.reversals], source=SOURCE, now=now
    )
    day = session_day(house.calendar, statement.at)
    entries = [opening_entry(opening, kept, day) for opening in found.openings]
    added = transactions.append(db, viewer, home.id, Book.LIVE, entries, source=SOURCE, now=now)
    taken = holding(db, viewer, home, wanted, left_by(positions, found))
    posted = transactions.append(db, viewer, home.id, Book.LIVE, taken.entries, source=FILL, now=now)
    entries += taken.entries
    lost = (*statement.unread, *told.unread, *taken.refused)
    lost += remembered(db, viewer, home, lost, history, found.breaks, day)
    unread = unread_rows.replace(db, viewer, home.id, [(u.place, u.symbol, u.reason) for u in lost], now)
    quotes.keep(db, house, stated_quotes(house.calendar, statement, ids))
    connections.set_synced(db, viewer, home.id, statement.at)
    events.emit(db, house.bus, events.Event("sync", viewer.person, (home.id,)))
    if added.ids or posted.ids or taken_back:
        days = [entry.fact.day for entry in entries] + [former.fact.day for former in found.reversals]
        gone = [former.fact for former in found.reversals]
        fresh = [entry.fact for entry in entries]
        changed(db, house, viewer, home.id, min(days), fresh=fresh, gone=gone)
    return Synced(
        kept, len(added.ids), taken_back, found.breaks, len(posted.ids), unread, len(wanted.waiting)
    )


def _positions(
    db: WriteDb, viewer: Viewer, home: Account, history: Sequence[Transaction]
) -> Mapping[InstrumentId, Position]:
    """Of the books of now; raises BrokenLaw while the account is stopped."""
    now = standing(db, viewer, home, history)
    if now.problem:
        raise BrokenLaw("the account is stopped", now.problem)
    return now.positions


def _compared(
    db: WriteDb,
    history: Sequence[Transaction],
    positions: Mapping[InstrumentId, Position],
    told: Sequence[Claim],
    statement: Statement,
) -> Reconciliation:
    """Against the books of now."""
    named = {claim.instrument for claim in told}
    kin = kin_of(db, named | set(positions))
    unsaid = set(positions) - named if statement.unread else set()
    return compare(told, history, positions, kin, unsaid)


def opening_entry(opening: Opening, statement: StatementId, day: TradingDay) -> transactions.Entry:
    """The fact for units the broker knows and we have no history of. `day` is when they were first seen."""
    units, price = abs(opening.quantity), opening.price
    fact = Fact(opening.kind, day, opening.cost, opening.instrument, units, price, note=UNKNOWN_DAY)
    return transactions.Entry(fact, f"opening:{opening.instrument}:{statement}")


def stated_quotes(
    calendar: Calendar, statement: Statement, ids: Mapping[InstrumentClaim, InstrumentId]
) -> list[Quote]:
    """The statement's last prices as quotes of the moment they can have been made."""
    at = priced_at(calendar, statement.at)
    return [
        quote
        for holding in statement.holdings
        if (quote := _quote(holding, ids[holding.instrument], at, statement.broker)) is not None
    ]


def priced_at(calendar: Calendar, moment: Instant) -> Instant:
    """When the last price seen at `moment` was made: then, while a session runs, else at the end of the
    last one. Kite's holdings carry no time of their own."""
    if not _is_known(calendar, moment):
        return moment
    day = calendar.trading_day(moment)
    hours = calendar.hours(day)
    if hours is not None and moment < hours.open:
        day = calendar.previous(day)
    return min(moment, calendar.eod(day))


def session_day(calendar: Calendar, moment: Instant) -> TradingDay:
    """The session a moment belongs to; its civil day in India where the calendar knows no sessions yet."""
    return calendar.trading_day(moment) if _is_known(calendar, moment) else TradingDay(calendar_date(moment))


def _is_known(calendar: Calendar, moment: Instant) -> bool:
    return calendar.known_from < TradingDay(calendar_date(moment)) <= calendar.known_until


def _quote(holding: Holding, instrument: InstrumentId, at: Instant, source: str) -> Quote | None:
    """None where the broker shows no price; Kite writes 0 for that."""
    if holding.last_price is None or holding.last_price.amount <= 0:
        return None
    close = holding.close_price
    return Quote(instrument, holding.last_price, close if close and close.amount > 0 else None, at, source)
