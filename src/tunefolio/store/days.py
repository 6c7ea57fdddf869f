"""What changed on each day, as worked out from an account's facts: days without change have no row.

A line is one account, tag (0: all facts), instrument (None: cash) and currency; its days are packed together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Delete, Row, Select, and_, bindparam, delete, insert, select

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.cashflows import DayRow
from tunefolio.store import accounts as homes
from tunefolio.store.batches import among
from tunefolio.store.day_codec import packed, unpacked
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.said import WHOSE, among_said, each, said
from tunefolio.store.tables import day_rows, day_states
from tunefolio.store.viewers import owned

ALL_FACTS = 0
"""In place of a tag: the rows of every fact."""
_CASH = 0
"""In place of an instrument."""

_Line = tuple[int, Currency]


@dataclass(frozen=True, slots=True)
class DayState:
    """Up to which fact an account's rows were worked out; newest, number: as heads.heads names them.

    problem: why they could not be, "" where they could.
    """

    account: AccountId
    newest: int
    number: int
    computed: Instant
    problem: str = ""


def replace(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    tag: int,
    instrument: InstrumentId | None,
    rows: Sequence[DayRow],
    since: TradingDay | None,
) -> None:
    """The rows of one instrument (None: cash) from `since` on, in place of those from that day on."""
    replace_many(db, viewer, account, tag, {instrument: rows}, since)


def replace_many(
    db: WriteDb,
    viewer: Viewer,
    account: AccountId,
    tag: int,
    lines: Mapping[InstrumentId | None, Sequence[DayRow]],
    since: TradingDay | None,
) -> None:
    """The rows of these instruments (None: cash), ascending, in place of those kept from `since` on.

    Rows before that day stay, and so do instruments not named; since None: every row is replaced. Three
    statements for any number of lines. Raises NotFound for another's account.
    """
    homes.account_of(db, viewer, account)
    numbers = [instrument or _CASH for instrument in lines]
    fresh: dict[_Line, list[DayRow]] = {}
    if since is not None:
        for row in _kept(db, viewer, account, tag, numbers):
            line = (row.instrument_id, Currency(row.currency))
            fresh[line] = [each for each in _opened(row) if each.day < since]
    for instrument, rows in lines.items():
        for day in rows:
            if since is None or day.day >= since:
                fresh.setdefault((instrument or _CASH, day.currency), []).append(day)
    db.execute(_gone(db.dialect), said(viewer, account=account, tag=tag, ids=each(db, numbers)))
    place = {"owner_id": viewer.person, "account_id": account, "tag_id": tag}
    db.execute_many(_ADD, [place | _row(line, days) for line, days in fresh.items() if days])


_OF_TAG = and_(day_rows.c.account_id == bindparam("account"), day_rows.c.tag_id == bindparam("tag"))
_ADD = insert(day_rows)


@cache
def _gone(dialect: str) -> Delete:
    gone = delete(day_rows).where(owned(day_rows, WHOSE), _OF_TAG)
    return gone.where(among_said(dialect, day_rows.c.instrument_id))


def _kept(
    db: ReadDb, viewer: Viewer, account: AccountId, tag: int, numbers: Sequence[int]
) -> Sequence[Row[Any]]:
    which = (day_rows.c.account_id == account, day_rows.c.tag_id == tag)
    query = select(day_rows).where(owned(day_rows, viewer), *which)
    return db.execute(query.where(among(db, day_rows.c.instrument_id, numbers))).all()


def _row(line: _Line, days: Sequence[DayRow]) -> dict[str, Any]:
    return {
        "instrument_id": line[0],
        "currency": line[1],
        "first_day": days[0].day,
        "last_day": days[-1].day,
        "body": packed(days),
    }


def _opened(row: Row[Any]) -> list[DayRow]:
    instrument = None if row.instrument_id == _CASH else InstrumentId(row.instrument_id)
    return unpacked(row.body, AccountId(row.account_id), instrument, Currency(row.currency))


def of_accounts(
    db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId], tag: int = ALL_FACTS
) -> list[DayRow]:
    """Every row of these accounts, line by line, each ascending by day; on the primary key.

    14,400 rows of 250 instruments in about 60 ms.
    """
    columns = day_rows.c
    query = select(day_rows).where(
        owned(day_rows, viewer), columns.account_id.in_(accounts), columns.tag_id == tag
    )
    rows = db.execute(query.order_by(columns.account_id, columns.instrument_id, columns.currency)).all()
    return [day for row in rows for day in _opened(row)]


def tags_of(db: ReadDb, viewer: Viewer, account: AccountId) -> set[int]:
    """The tags whose rows are kept of an account; 0: of all facts."""
    query = select(day_rows.c.tag_id).where(owned(day_rows, viewer), day_rows.c.account_id == account)
    return set(db.execute(query.distinct()).scalars())


def clear(db: WriteDb, viewer: Viewer, account: AccountId, tag: int | None = None) -> None:
    """No rows of the account (of one tag; None: of any) are kept any longer, nor up to where they went."""
    gone = _CLEAR if tag is None else _CLEAR.where(day_rows.c.tag_id == tag)
    db.execute(gone, said(viewer, account=account))
    if tag is None:
        db.execute(_FORGET_STATE, said(viewer, account=account))


_CLEAR = delete(day_rows).where(owned(day_rows, WHOSE), day_rows.c.account_id == bindparam("account"))


def put_state(db: WriteDb, viewer: Viewer, state: DayState) -> None:
    """Up to where the rows go now; raises NotFound for another's account."""
    homes.account_of(db, viewer, state.account)
    db.execute(_FORGET_STATE, said(viewer, account=state.account))
    row = {
        "owner_id": viewer.person,
        "account_id": state.account,
        "newest": state.newest,
        "number": state.number,
        "computed_at": state.computed,
        "problem": state.problem,
    }
    db.execute(_ADD_STATE, row)


_FORGET_STATE = delete(day_states).where(
    owned(day_states, WHOSE), day_states.c.account_id == bindparam("account")
)
_ADD_STATE = insert(day_states)


def states(db: ReadDb, viewer: Viewer, accounts: Sequence[AccountId]) -> dict[AccountId, DayState]:
    """Up to where the rows of each account go; accounts never worked out are absent."""
    found = (
        DayState(AccountId(row.account_id), row.newest, row.number, row.computed_at, row.problem)
        for row in db.execute(_states(db.dialect), said(viewer, ids=each(db, accounts)))
    )
    return {state.account: state for state in found}


@cache
def _states(dialect: str) -> Select[Any]:
    which = among_said(dialect, day_states.c.account_id)
    return select(day_states).where(owned(day_states, WHOSE), which)
