"""The rows of days as the last recomputation left them: read once, remembered line by line.

A line that has not changed keeps its very objects, so that what is made from it is known to stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.ledger.cashflows import DayRow
from tunefolio.services.memories import Memory
from tunefolio.store import days
from tunefolio.store.days import DayState
from tunefolio.store.db import ReadDb

Lines = Mapping[InstrumentId | None, tuple[DayRow, ...]]
"""One account's rows by instrument; None: its cash."""

_remembered: Memory[AccountId, Lines] = Memory(300)


def lines_of(
    db: ReadDb, viewer: Viewer, ids: Sequence[AccountId], states: Mapping[AccountId, DayState]
) -> dict[AccountId, Lines]:
    """The rows of these accounts; those that were recomputed elsewhere are read, all at once."""
    known = {id: _remembered.find(db, id, states.get(id)) for id in ids}
    missing = [id for id, lines in known.items() if lines is None]
    fresh: dict[AccountId, list[DayRow]] = {id: [] for id in missing}
    for row in days.of_accounts(db, viewer, missing) if missing else ():
        fresh[row.account].append(row)
    read = {id: remember(db, id, states.get(id), lines_by(rows)) for id, rows in fresh.items()}
    return {id: read[id] if lines is None else lines for id, lines in known.items()}


def remembered(db: ReadDb, account: AccountId, state: DayState | None) -> Lines | None:
    """The rows that are kept under that state, if this process knows them."""
    return _remembered.find(db, account, state)


def remember(db: ReadDb, account: AccountId, state: DayState | None, fresh: Lines) -> Lines:
    """Keep what has been committed under that state; the lines that have not changed stay as they were."""
    lines = unchanged(_remembered.last(db, account) or {}, fresh)
    _remembered.keep(db, account, state, lines)
    return lines


def lines_by(rows: Iterable[DayRow]) -> Lines:
    """Rows by instrument, in their order."""
    lines: dict[InstrumentId | None, list[DayRow]] = {}
    for row in rows:
        lines.setdefault(row.instrument, []).append(row)
    return {instrument: tuple(some) for instrument, some in lines.items()}


def unchanged(former: Lines, fresh: Lines) -> Lines:
    """The fresh lines, but the former objects where they are equal."""
    return {instrument: _same(former.get(instrument), rows) for instrument, rows in fresh.items()}


def _same(was: tuple[DayRow, ...] | None, rows: tuple[DayRow, ...]) -> tuple[DayRow, ...]:
    return was if was is not None and was == rows else rows
