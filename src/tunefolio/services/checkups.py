"""What ails the links to brokers: whose broker is gone, who waits for a login, what never syncs.

Accounts are named by number and broker only: who runs a house does not see what people call theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from tunefolio.core.errors import TunefolioError
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import Account, AccountKind
from tunefolio.store import accounts, connections, standings
from tunefolio.store.connections import Connection, ConnectionState
from tunefolio.store.db import ReadDb
from tunefolio.store.standings import Standing

PATIENCE = timedelta(days=3)
"""How long a link may wait for its owner's login before it is worth a word."""
FIRST_SYNC = timedelta(hours=1)
"""A new link is synced at once; after this it has failed."""
STALE = timedelta(days=4)
"""No weekend is longer, holiday included."""
_NAMED = 5


class Ailment(TunefolioError):
    """A problem and its cure."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Link:
    """An active account at a broker with its connection, None before a login."""

    account: Account
    connection: Connection | None


@dataclass(frozen=True, slots=True)
class Ward:
    """Whom the checks look at. brokers: the installed ones; unloaded: those of them that do not import."""

    brokers: Collection[str]
    unloaded: Collection[str]
    now: Instant


Look = Callable[[ReadDb, Ward], None]


def links(db: ReadDb) -> Iterator[Link]:
    """Every active account at a broker, by owner; one query an owner."""
    homes = [one for one in accounts.all_active(db, Caretaker("doctor")) if one.kind is AccountKind.BROKER]
    for owner, mine in groupby(homes, key=lambda one: one.owner):
        by_account = {there.account: there for there in connections.listed(db, Viewer(owner))}
        for home in mine:
            yield Link(home, by_account.get(home.id))


def gone(db: ReadDb, ward: Ward) -> None:
    """Every account's broker is installed; one whose folder fails to import has a check of its own."""
    known = {*ward.brokers, *ward.unloaded}
    lost = [one for one in links(db) if one.account.broker not in known]
    if lost:
        raise Ailment(
            f"their broker is not installed any more: {_named(lost)}",
            "Put the broker's folder back or install its package again, under the same name; or archive "
            "those accounts: what is recorded stays",
        )


def stopped(db: ReadDb, ward: Ward) -> None:  # noqa: ARG001 — every check is asked alike
    """No broker with linked accounts has been stopped, or closed to newcomers, by an admin."""
    kept = standings.all_kept(db)
    held = [one for one in links(db) if one.connection is not None and one.account.broker in kept]
    names = sorted({one.account.broker for one in held})
    if names:
        told = "; ".join(f"{name} {_words(kept[name].standing)}: {kept[name].reason}" for name in names)
        raise Ailment(
            f"an admin has taken out of service, with accounts linked there: {told} ({_named(held)})",
            "Open it again under Admin, Brokers, when the reason is gone",
        )


def waiting(db: ReadDb, ward: Ward) -> None:
    """No link has needed its owner's login for more than three days."""
    late = [one for one in _served(db, ward) if _waits_since(one, ward.now - PATIENCE)]
    if late:
        raise Ailment(
            f"need their owner's login for more than {PATIENCE.days} days: {_named(late)}",
            "Tell their owners: Log in under Brokers; where it is allowed, the house can log in by itself",
        )


def without_session(db: ReadDb, ward: Ward) -> None:
    """Every link that counts as connected has a session to speak with."""
    empty = [one for one in _served(db, ward) if _is_connected(one) and not _has_session(db, one)]
    if empty:
        raise Ailment(
            f"count as connected but have no session kept: {_named(empty)}",
            "Tell their owners: Log in again under Brokers",
        )


def synced(db: ReadDb, ward: Ward) -> None:
    """Every connected account has been synced, and not long ago."""
    late = [one for one in _served(db, ward) if _is_connected(one) and _is_late(one, ward.now)]
    if late:
        never = [one for one in late if one.connection is not None and one.connection.synced is None]
        old = [one for one in late if one not in never]
        parts = [f"never synced: {_named(never)}"] if never else []
        parts += [f"not synced for more than {STALE.days} days: {_named(old)}"] if old else []
        raise Ailment(
            "; ".join(parts) + _last_problem(late),
            "Run `tunefolio sync --user EMAIL` and read what it says; `tunefolio jobs` shows failed ones",
        )


CHECKS: Mapping[str, Look] = {
    "accounts": gone,
    "standings": stopped,
    "logins": waiting,
    "sessions": without_session,
    "syncs": synced,
}
"""By the name the doctor prints."""


def _served(db: ReadDb, ward: Ward) -> Iterator[Link]:
    """Links that could work: their broker loads and is not stopped."""
    kept = standings.all_kept(db)
    off = {name for name, one in kept.items() if one.standing is Standing.STOPPED}
    for one in links(db):
        if one.account.broker in ward.brokers and one.account.broker not in {*ward.unloaded, *off}:
            yield one


def _is_connected(one: Link) -> bool:
    return one.connection is not None and one.connection.state is ConnectionState.CONNECTED


def _has_session(db: ReadDb, one: Link) -> bool:
    return connections.sealed_token(db, Viewer(one.account.owner), one.account.id) is not None


def _waits_since(one: Link, before: Instant) -> bool:
    there = one.connection
    if there is None or there.state is not ConnectionState.NEEDS_LOGIN:
        return False
    since = there.problem_at or there.connected
    return since is None or since < before


def _is_late(one: Link, now: Instant) -> bool:
    there = one.connection
    if there is None:
        return False
    if there.synced is None:
        return there.connected is None or there.connected < now - FIRST_SYNC
    return there.synced < now - STALE and (there.connected is None or there.connected < now - FIRST_SYNC)


def _last_problem(late: Iterable[Link]) -> str:
    """What the newest of their syncs said."""
    told = [one.connection for one in late if one.connection is not None and one.connection.problem]
    stamped = [(there.problem_at, there.problem) for there in told if there.problem_at is not None]
    return f" (the newest said: {max(stamped)[1]})" if stamped else ""


def _named(some: Iterable[Link]) -> str:
    """`angelone: accounts 3, 8; zerodha: account 5`, a few of each."""
    by_broker: dict[str, list[int]] = {}
    for one in some:
        by_broker.setdefault(one.account.broker, []).append(one.account.id)
    return "; ".join(f"{broker}: {_numbers(ids)}" for broker, ids in sorted(by_broker.items()))


def _numbers(ids: list[int]) -> str:
    shown = ", ".join(str(id) for id in ids[:_NAMED])
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"account{'s' if len(ids) > 1 else ''} {shown}{more}"


def _words(standing: Standing) -> str:
    return "is stopped" if standing is Standing.STOPPED else "takes no new links"
