"""The days of an account worked out again after its facts changed: asked for in the change, done in a job.

Asked for many times before it begins, it runs once. Pages read the last good rows and never wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunefolio.core.identity import AccountId, JobId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.cashflows import by_day
from tunefolio.services.books import Folded, folded, linked_folds
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.kept_days import Lines, lines_by, remember, remembered, unchanged
from tunefolio.store import days, events
from tunefolio.store import jobs as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.heads import Head, heads
from tunefolio.store.jobs import JobState

_ROUNDS = 5
"""How often a run looks again for changes made while it worked, before it leaves them to the next."""


def ask_recompute(
    db: WriteDb, house: House, viewer: Viewer, account: AccountId, since: TradingDay | None = None
) -> JobId:
    """Have the account's days recomputed once this change is kept. since: for the job's history only; which
    days are wrong is found out from the facts.

    A job that waits already serves this change too. One that runs may have read the facts before it: then a
    second is asked for, and of that one there is again one at most.
    """
    args = {"account": account, "since": since.iso() if since is not None else ""}
    for key in (f"recompute:{account}", f"recompute:{account}:again"):
        job = ask(db, house, "recompute", args, owner=viewer.person, dedupe_key=key)
        if rows.job_of(db, viewer, job).state is not JobState.RUNNING:
            return job
    return ask(db, house, "recompute", args, owner=viewer.person)


@deed("recompute", max_attempts=3)
def recompute(house: House, work: Work) -> Mapping[str, Any]:
    """Write the days of one account and of those it exchanges units with. An account that is gone is done."""
    viewer, account = work.owner, AccountId(work.args["account"])
    written = 0
    for _ in range(_ROUNDS):
        work.check()
        with house.database.reading() as db:
            folds = linked_folds(db, viewer, account)
            states = days.states(db, viewer, list(folds))
            former = {id: remembered(db, id, states.get(id)) for id in folds}
        if not folds:
            return {"skipped": "the account is gone"}
        if all(is_current(states.get(id), fold) for id, fold in folds.items()):
            break
        with house.database.writing() as db:
            done = [_write(db, house, viewer, fold, id, former[id]) for id, fold in folds.items()]
            events.emit(db, house.bus, events.Event("transactions", viewer.person, tuple(folds)))
        _remember(house, done)
        written += len(done)
    return {"accounts": written}


def recompute_now(house: House, viewer: Viewer, homes: Sequence[Account]) -> None:
    """The same at once, for the command line and for what restores a whole house."""
    with house.database.reading() as db:
        folds = folded(db, viewer, homes)
        states = days.states(db, viewer, list(folds))
        former = {id: remembered(db, id, states.get(id)) for id in folds}
    with house.database.writing() as db:
        written = [_write(db, house, viewer, fold, id, former[id]) for id, fold in folds.items()]
    _remember(house, written)


def forget_days(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> None:
    """The same facts mean other days from now on, as under another lot method: have them all recomputed."""
    days.put_state(db, viewer, days.DayState(account, 0, -1, house.clock.now(), ""))
    ask_recompute(db, house, viewer, account)


def stale_accounts(db: ReadDb, viewer: Viewer, homes: Sequence[Account]) -> list[Account]:
    """Those whose days were worked out from other facts than stand now; nothing is folded to know it."""
    ids = [home.id for home in homes]
    states, known = days.states(db, viewer, ids), heads(db, viewer)
    still = [home for home in homes if home.id in known]
    return [home for home in still if not _is_of(states.get(home.id), known[home.id])]


def _is_of(state: days.DayState | None, head: Head) -> bool:
    return not head.number if state is None else (state.newest, state.number) == head[:2]


def is_current(state: days.DayState | None, fold: Folded) -> bool:
    """Whether the days tell of these very facts."""
    return _is_of(state, fold.state)


_Written = tuple[days.DayState, Lines]


def _write(
    db: WriteDb, house: House, viewer: Viewer, fold: Folded, account: AccountId, former: Lines | None
) -> _Written:
    """The lines that are others than the former ones; every line where those are not known."""
    state = days.DayState(account, fold.state.newest, fold.state.number, house.clock.now(), fold.problem)
    lines: Lines = {} if former is None else former
    if not fold.problem:
        lines = unchanged(lines, lines_by(by_day(fold.holdings.movements)))
        if former is None:
            days.clear(db, viewer, account, days.ALL_FACTS)
        was: Lines = former or {}
        others = {id: rows for id, rows in lines.items() if was.get(id) is not rows}
        gone: Lines = {id: () for id in was if id not in lines}
        days.replace_many(db, viewer, account, days.ALL_FACTS, {**others, **gone}, None)
    days.put_state(db, viewer, state)
    return state, lines


def _remember(house: House, written: Sequence[_Written]) -> None:
    """Rows that were just written need not be read again by this process."""
    with house.database.reading() as db:
        for state, lines in written:
            if not state.problem:
                remember(db, state.account, state, lines)
