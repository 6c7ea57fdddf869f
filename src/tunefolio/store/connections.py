"""Accounts' lines to their brokers: state, sealed session, last sync, last problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, PersonId
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant
from tunefolio.store.accounts import account_of
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import WHOSE, said
from tunefolio.store.tables import connections
from tunefolio.store.viewers import owned

_OF_ACCOUNT = (owned(connections, WHOSE), connections.c.account_id == bindparam("account"))
_ONE = select(connections).where(*_OF_ACCOUNT)
_TOKEN = select(connections.c.token).where(*_OF_ACCOUNT)
_CHANGE = update(connections).where(*_OF_ACCOUNT)
"""What it sets is said when it runs."""

Seal = Callable[[int], bytes]
"""Seals a secret for the row of the given id."""


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    NEEDS_LOGIN = "needs_login"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Connection:
    """One account's line to its broker. expires: of the session; problem: the newest one, "" for none.

    automatic_since: the house logs in by itself since then, with the credentials it keeps; None: it does not.
    """

    id: int
    owner: PersonId
    account: AccountId
    broker: str
    state: ConnectionState
    api_key: str
    expires: Instant | None
    connected: Instant | None
    synced: Instant | None
    problem: str
    problem_at: Instant | None
    automatic_since: Instant | None = None


def put(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    broker: str,
    api_key: str,
    seal: Seal,
    *,
    expires: Instant | None,
    now: Instant,
) -> int:
    """Connected since `now`, with the token that `seal` seals for this row; a former problem is forgotten.

    The first time it makes the row. Raises NotFound for another's account.
    """
    account_of(db, viewer, account)
    row = {
        "owner_id": viewer.person,
        "account_id": account,
        "broker": broker,
        "state": ConnectionState.DISCONNECTED,
        "api_key": api_key,
    }
    made = db.upsert(connections).values(row).on_conflict_do_nothing(index_elements=["account_id"])
    db.execute(made)
    which = (owned(connections, viewer), connections.c.account_id == account)
    key = int(db.execute(select(connections.c.id).where(*which)).scalar_one())
    values = {
        "broker": broker,
        "api_key": api_key,
        "state": ConnectionState.CONNECTED,
        "token": seal(key),
        "expires_at": expires,
        "connected_at": now,
        "problem": "",
        "problem_at": None,
    }
    _change(db, viewer, account, values)
    return key


def of_account(db: ReadDb, viewer: Viewer, account: AccountId) -> Connection | None:
    """The connection of one account of the viewer's; on uq_connections_account_id."""
    row = db.execute(_ONE, said(viewer, account=account)).one_or_none()
    return None if row is None else _connection(row)


def listed(db: ReadDb, viewer: Viewer) -> list[Connection]:
    """All of the viewer's connections, oldest first."""
    query = select(connections).where(owned(connections, viewer)).order_by(connections.c.id)
    return [_connection(row) for row in db.execute(query)]


def sealed_token(db: ReadDb, viewer: Viewer, account: AccountId) -> bytes | None:
    """The session as the vault sealed it for ("connections", the row's id, "token"); None for none."""
    found: bytes | None = db.execute(_TOKEN, said(viewer, account=account)).scalar_one_or_none()
    return found


def keep_credentials(
    db: WriteDb, viewer: Viewer, account: AccountId, seal: Seal, *, automatic_since: Instant | None
) -> None:
    """Keep what a later login needs, as `seal` seals it for this row; a former lot is replaced.

    automatic_since: from when on the house may log in by itself with it, None for never. Raises NotFound.
    """
    found = of_account(db, viewer, account)
    if found is None:
        raise NotFound("connection")
    _change(db, viewer, account, {"credentials": seal(found.id), "automatic_since": automatic_since})


def sealed_credentials(db: ReadDb, viewer: Viewer, account: AccountId) -> bytes | None:
    """As the vault sealed them for ("connections", the row's id, "credentials"); None for none."""
    which = (owned(connections, viewer), connections.c.account_id == account)
    query = select(connections.c.credentials).where(*which)
    found: bytes | None = db.execute(query).scalar_one_or_none()
    return found


def stop_automatic(db: WriteDb, viewer: Viewer, account: AccountId) -> None:
    """The house no longer logs in by itself. Raises NotFound."""
    _change(db, viewer, account, {"automatic_since": None})


def unlink(db: WriteDb, viewer: Viewer, account: AccountId) -> None:
    """Disconnected, and every secret of the connection destroyed. Raises NotFound."""
    gone = {"token": None, "expires_at": None, "credentials": None, "automatic_since": None, "api_key": ""}
    _change(db, viewer, account, {"state": ConnectionState.DISCONNECTED} | gone)


def set_state(db: WriteDb, viewer: Viewer, account: AccountId, state: ConnectionState) -> None:
    """Change the state; all but CONNECTED forget the session. Raises NotFound."""
    gone = {} if state is ConnectionState.CONNECTED else {"token": None, "expires_at": None}
    _change(db, viewer, account, {"state": state} | gone)


def set_synced(db: WriteDb, viewer: Viewer, account: AccountId, now: Instant) -> None:
    """Synced well just now; a former problem is forgotten. Raises NotFound."""
    _change(db, viewer, account, {"synced_at": now, "problem": "", "problem_at": None})


def set_problem(db: WriteDb, viewer: Viewer, account: AccountId, problem: str, now: Instant) -> None:
    """What went wrong, in words for its owner; raises NotFound."""
    _change(db, viewer, account, {"problem": problem, "problem_at": now})


def _change(db: WriteDb, viewer: Viewer, account: AccountId, values: dict[str, Any]) -> None:
    if db.execute(_CHANGE, said(viewer, account=account, **values)).rowcount == 0:
        raise NotFound("connection")


def _connection(row: Row[Any]) -> Connection:
    return Connection(
        row.id,
        PersonId(row.owner_id),
        AccountId(row.account_id),
        row.broker,
        ConnectionState(row.state),
        row.api_key,
        row.expires_at,
        row.connected_at,
        row.synced_at,
        row.problem,
        row.problem_at,
        row.automatic_since,
    )
