"""What the house does for everyone by itself: fan out to each owner, forget what is old, check the books."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.ledger.accounts import AccountKind
from tunefolio.services import check, enrich, recompute, snapshot
from tunefolio.services.backfill import BACKFILL
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.store import accounts, connections, imports, jobs, login_states
from tunefolio.store.connections import ConnectionState

_log = logging.getLogger(__name__)
_UPLOAD_LIFE = timedelta(days=2)
_JOB_LIFE = timedelta(days=90)
_FREQUENT_JOB_LIFE = timedelta(days=1)
_BACKFILL_LIFE = timedelta(days=30)


@deed("sync_all")
def sync_all(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for a sync of every account whose broker is connected; one that needs a login waits."""
    asked = 0
    with house.database.writing() as db:
        for account in accounts.all_active(db, Caretaker(work.job.kind)):
            if account.kind is not AccountKind.BROKER:
                continue
            there = connections.of_account(db, Viewer(account.owner, Role.READER), account.id)
            if there is not None and there.state is ConnectionState.CONNECTED:
                args = {"account": account.id}
                ask(db, house, "sync", args, owner=account.owner, dedupe_key=f"sync:{account.id}")
                asked += 1
    return {"asked": asked}


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


@deed("forget")
def forget(house: House, work: Work) -> Mapping[str, Any]:
    """Drop uploads that nobody imported within two days, log-ins at brokers that came to nothing, and the
    history of jobs: after 90 days, of backfills after 30, of those that come every few minutes after one.
    Prices are never forgotten."""
    keeper, now = Caretaker(work.job.kind), house.clock.now()
    with house.database.writing() as db:
        return {
            "uploads": imports.forget_before(db, keeper, now - _UPLOAD_LIFE),
            "logins": login_states.forget_before(db, keeper, now),
            "jobs": jobs.forget_before(db, keeper, now - _JOB_LIFE)
            + jobs.forget_before(db, keeper, now - _FREQUENT_JOB_LIFE, kind="refresh_quotes")
            + jobs.forget_before(db, keeper, now - _FREQUENT_JOB_LIFE, kind="recompute")
            + jobs.forget_before(db, keeper, now - _BACKFILL_LIFE, kind=BACKFILL),
        }
