"""The morning round: brokers log everybody out overnight, and who wants it hears of it before the open.

A daily logout is a normal state, never a failure: it is announced once, with the way to log in again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from typing import Any

from tunefolio.core.alerts import ACTIVE, AlertKind
from tunefolio.core.identity import AccountId, PersonId
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.time import Instant, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, AccountKind
from tunefolio.ledger.brokers import Broker
from tunefolio.services import jobs
from tunefolio.services.alerts import happened
from tunefolio.services.brokers import login_path
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, deed
from tunefolio.store import accounts, alerts, connections, standings
from tunefolio.store.alerts import Alert
from tunefolio.store.connections import Connection, ConnectionState
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.standings import Standing

SYNC_AT = time(8, 30)
TELL_AT = time(8, 50)
"""India. The brokers log everybody out by seven; the pre-open session begins at nine."""

ANNOUNCE = "announce_logins"
"""The job that tells who has to log in."""


def exchange_of(broker: Broker) -> str:
    """The exchange whose sessions a broker's accounts follow."""
    return broker.home_exchange


def served(db: ReadDb, house: House, caretaker: Caretaker) -> list[Account]:
    """Everyone's accounts that are to be synced: neither archived nor in an archived portfolio, at a broker
    that this house knows and that its operator has not stopped."""
    stopped = {name for name, one in standings.all_kept(db).items() if one.standing is Standing.STOPPED}
    return [
        account
        for account in accounts.all_active(db, caretaker)
        if account.kind is AccountKind.BROKER
        and account.broker in house.brokers
        and account.broker not in stopped
    ]


def can_be_asked(there: Connection | None) -> bool:
    """Whether a sync can come to something: a session stands, or the house may open one by itself."""
    if there is None:
        return False
    waits = there.state is ConnectionState.NEEDS_LOGIN and there.automatic_since is not None
    return waits or there.state is ConnectionState.CONNECTED


def ask_announcement(db: WriteDb, house: House) -> None:
    """A session ended: tell its owner soon, unless the morning's round is to come, or there is none today."""
    now = house.clock.now()
    if _is_told_by(house, now):
        jobs.ask(db, house, ANNOUNCE, {}, owner=None, dedupe_key=f"duty:{ANNOUNCE}")


@deed(ANNOUNCE)
def announce_logins(house: House, work: Work) -> Mapping[str, Any]:
    """Tell everybody who wants to know which of their accounts wait for a login: one notice a morning for
    each person, later in the day one for each session that ends then; none before 08:50 IST, none on a day
    without a session."""
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    if not _is_told_by(house, now):
        return {"told": 0}
    with house.database.reading() as db:
        waiting = _waiting(db, house, keeper)
    told = 0
    for owner, homes in sorted(waiting.items()):
        work.check()
        with house.database.writing() as db:
            told += _tell(db, house, owner, homes, now)
    return {"told": told}


def _is_told_by(house: House, now: Instant) -> bool:
    """Whether it is a session day, past the time of telling."""
    today = TradingDay(calendar_date(now))
    calendar = house.calendar
    is_session = not calendar.knows(today) or calendar.is_session(today)
    return is_session and now >= Instant.at(today, TELL_AT)


def _waiting(db: ReadDb, house: House, keeper: Caretaker) -> dict[PersonId, list[tuple[Account, Connection]]]:
    """By owner: the accounts whose session has ended, and that the house does not open again by itself."""
    found: dict[PersonId, list[tuple[Account, Connection]]] = {}
    for account in served(db, house, keeper):
        there = connections.of_account(db, Viewer(account.owner, Role.READER), account.id)
        if there is not None and there.state is ConnectionState.NEEDS_LOGIN and not can_be_asked(there):
            found.setdefault(account.owner, []).append((account, there))
    return found


def _tell(
    db: WriteDb,
    house: House,
    owner: PersonId,
    homes: Sequence[tuple[Account, Connection]],
    now: Instant,
) -> int:
    """How many notices were due to this person, told before or not."""
    wanted = _wanted(alerts.of_kinds(db, Viewer(owner, Role.READER), {AlertKind.LOGIN_DUE}), homes)
    begins = Instant.at(TradingDay(calendar_date(now)), TELL_AT)
    late = [
        (home, there) for home, there in wanted if there.problem_at is not None and there.problem_at > begins
    ]
    early = [home for home, there in wanted if (home, there) not in late]
    if early:
        _say(db, house, owner, early, f"{calendar_date(now).isoformat()}")
    for home, there in late:
        ended = "" if there.problem_at is None else there.problem_at.iso()
        _say(db, house, owner, [home], f"{home.id}:{ended}")
    return len(late) + bool(early)


def _wanted(
    asked: Iterable[Alert], homes: Sequence[tuple[Account, Connection]]
) -> list[tuple[Account, Connection]]:
    """Of these accounts, those that an alert of their owner names; all, where one names none."""
    named: set[AccountId | None] = {one.subject.account for one in asked if one.standing.state in ACTIVE}
    return [(home, there) for home, there in homes if None in named or home.id in named]


def _say(db: WriteDb, house: House, owner: PersonId, homes: Sequence[Account], key: str) -> None:
    """One notice: what to do for each account, and where; of a single one it leads to the login itself."""
    links = {home.id: login_path(house, home.broker, home.id) for home in homes}
    lines = [f"{home.name}: {house.rules.public_url}{links[home.id]}" for home in homes]
    one = homes[0]
    title = f"{one.name} waits for a login" if len(homes) == 1 else f"{len(homes)} accounts wait for a login"
    happened(
        db,
        house,
        AlertKind.LOGIN_DUE,
        owner,
        f"login:{key}",
        title=title,
        text="Brokers end every session once a day. Log in again to sync: " + "; ".join(lines),
        link=links[one.id] if len(homes) == 1 else "/brokers",
        account=None if len(homes) > 1 else one.id,
    )
