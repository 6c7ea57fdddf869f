"""What the house does for everyone by itself: fan out to each owner, tell, check the books."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PersonId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.accounts import Account
from tunefolio.market.calendars import Phase
from tunefolio.services import check, enrich, recompute, snapshot
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.mornings import can_be_asked, exchange_of, served
from tunefolio.store import accounts, connections, jobs, persons
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import ReadDb
from tunefolio.store.jobs import Job
from tunefolio.store.notices import Draft

_log = logging.getLogger(__name__)
_AT_ONCE = 10
_SPREAD_EACH = timedelta(milliseconds=200)
_SPREAD_MOST = timedelta(minutes=4)
"""Those after the close have begun before the snapshot that follows in five minutes."""
_BATCH = 100
_FAILURES_SINCE = timedelta(hours=1)
JOB_FAILED = "job_failed"
"""The kind of the notice to admins."""


@deed("sync_all")
def sync_all(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for a sync of every account that is in service; one that only a person can log in waits."""
    return {"asked": _ask_syncs(house, work, _in_service(house, work))}


@deed("sync_trading")
def sync_trading(house: House, work: Work) -> Mapping[str, Any]:
    """The same for the accounts whose broker's exchange trades now."""
    now = house.clock.now()
    trading = {name for name, broker in house.brokers.items() if _trades(house, exchange_of(broker), now)}
    due = [account for account in _in_service(house, work) if account.broker in trading]
    return {"asked": _ask_syncs(house, work, due)}


def _trades(house: House, exchange: str, now: Instant) -> bool:
    try:
        return house.rules.rehearsal or house.calendars.of(exchange).phase(now) is not Phase.CLOSED
    except Misuse:  # beyond the known calendar: nothing is missed
        return True


def _in_service(house: House, work: Work) -> list[Account]:
    with house.database.reading() as db:
        return [
            account
            for account in served(db, house, Caretaker(work.job.kind))
            if can_be_asked(connections.of_account(db, Viewer(account.owner, Role.READER), account.id))
        ]


def _ask_syncs(house: House, work: Work, wanted: Sequence[Account]) -> int:
    """Ask for them, some in a transaction, in an order and at moments left to chance: a handful at once, more
    of them spread over some minutes, so that a broker is not asked by all in one second."""
    chance = random.Random(f"{work.job.id}")
    shuffled = chance.sample(wanted, len(wanted))
    window = min(_SPREAD_EACH * len(wanted), _SPREAD_MOST) if len(wanted) > _AT_ONCE else timedelta(0)
    now = house.clock.now()
    for start in range(0, len(shuffled), _BATCH):
        work.check()
        with house.database.writing() as db:
            for account in shuffled[start : start + _BATCH]:
                due = now + window * chance.random() if window else None
                key, args = f"sync:{account.id}", {"account": account.id}
                ask(db, house, "sync", args, owner=account.owner, dedupe_key=key, due=due)
    return len(shuffled)


@deed("tell_failures")
def tell_failures(house: House, work: Work) -> Mapping[str, Any]:
    """Tell every admin, once an hour for each kind of job, how many failed for good since the last telling:
    numbers alone, nothing of anyone's. A login that is due is no failure of a job."""
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    with house.database.writing() as db:
        found = _failed(db, keeper, now - _FAILURES_SINCE)
        admins = persons.admins(db, keeper)
        drafts = [
            Draft(_failure_notice(admin, kind, failed, now), JOB_FAILED)
            for kind, failed in sorted(found.items())
            for admin in admins
        ]
        told = tell(db, house, drafts)
    return {"kinds": sorted(found), "told": len(told)}


def _failed(db: ReadDb, keeper: Caretaker, since: Instant) -> dict[str, list[Job]]:
    """Jobs that failed since then by kind, without syncs of accounts that wait for a login."""
    found: dict[str, list[Job]] = {}
    for job in jobs.failed_since(db, keeper, since):
        if job.owner is not None and job.kind == "sync":
            there = connections.of_account(
                db, Viewer(job.owner, Role.READER), AccountId(job.args.get("account", 0))
            )
            if there is None or there.state is not ConnectionState.CONNECTED:
                continue
        found.setdefault(job.kind, []).append(job)
    return found


def _failure_notice(admin: PersonId, kind: str, failed: Sequence[Job], now: Instant) -> Notice:
    hour = now.in_zone(IST).strftime("%Y-%m-%dT%H")
    homes = {job.args["account"] for job in failed if "account" in job.args}
    whose = f", of {_counted(len(homes), 'account')}," if homes else ""
    return Notice(
        admin,
        Urgency.WARNING,
        f"{_counted(len(failed), 'job')} failed: {kind}",
        f"Within an hour {_counted(len(failed), 'job')} of the kind {kind}{whose} failed for good. "
        "The list of jobs shows each with its reason.",
        now,
        f"/admin/jobs?kind={kind}&state=failed",
        f"{JOB_FAILED}:{kind}:{hour}",
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


@deed("enrich_all")
def enrich_all(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for enrichment for every owner of an active account."""
    with house.database.writing() as db:
        owners = sorted({account.owner for account in accounts.all_active(db, Caretaker(work.job.kind))})
        asked = [enrich.ask_enrich(db, house, Viewer(owner)) for owner in owners]
    return {"asked": sum(1 for one in asked if one is not None)}


@deed("recompute_stale")
def recompute_stale(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for the days of every account whose facts are newer than its days, or that has none yet: after an
    upgrade, or when a process died between a change and its job."""
    asked = 0
    with house.database.writing() as db:
        every = accounts.all_active(db, Caretaker(work.job.kind))
        for owner in sorted({account.owner for account in every}):
            viewer = Viewer(owner)
            mine = [account for account in every if account.owner == owner]
            for account in recompute.stale_accounts(db, viewer, mine):
                recompute.ask_recompute(db, house, viewer, account.id)
                asked += 1
    return {"asked": asked}


@deed("snapshot_missed")
def snapshot_missed(house: House, _work: Work) -> Mapping[str, Any]:
    """Record the snapshots that nobody took while the house was away."""
    with house.database.writing() as db:
        missed = snapshot.mark_missed(db, house)
    return {"missed": missed}


@deed("check", max_attempts=2)
def check_books(house: House, work: Work) -> Mapping[str, Any]:
    """Hold every account against the laws of the ledger; what is broken stands in the result and the log."""
    findings = check.check(house, work.progress)
    for finding in findings:
        _log.error("a law is broken", extra={"account": finding.account, "law": finding.law})
    return {"findings": [{"account": one.account, "law": one.law, "detail": one.detail} for one in findings]}
