"""What a broker tells by itself: an order has moved. Proved, it is a reason to sync; nothing of it is kept.

The trade itself comes by that sync, which posts each trade once by its id: a call that comes twice, late or
in another order changes nothing. Rules: docs/spec/sync.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Misuse, NotFound, Rejected, Retry
from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.services.brokers import app_keys
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.mornings import can_be_asked
from tunefolio.services.throttle import Allowance
from tunefolio.store import accounts, broker_users, connections, jobs
from tunefolio.store.db import ReadDb
from tunefolio.trading.orders import OrderReport, PostbackSource

_log = logging.getLogger(__name__)
UNPROVED = Allowance("postback.address", 60, timedelta(minutes=1))
"""Calls of one address that were not proved; a proved one begins the count anew."""
POSTBACK = "postback"
"""The job that asks for the sync."""
_GATHERING = timedelta(seconds=2)
"""An order that is filled in parts is told of part by part: one sync for all that comes meanwhile."""
_RUNNING = timedelta(seconds=3)


def take(house: House, broker: str, body: bytes, address: str) -> None:
    """Take a call. Steps: 1 count it; 2 read whom it names; 3 prove it with the secret of the application of
    every account of that user; 4 ask for those accounts' syncs where something was filled.

    Raises NotFound alike for a broker that does not call, for a user nobody has linked, for a body that is no
    postback and for a wrong proof: whoever guesses learns nothing. TooMany.
    """
    house.throttle.hit(UNPROVED, f"{broker}:{address}")
    with house.database.reading() as db:
        proved = _proved(db, house, broker, body)
    if not proved:
        _log.info("a postback was refused", extra={"broker": broker, "address": address})
        raise NotFound("address")
    house.throttle.forget(UNPROVED, f"{broker}:{address}")
    moved = [home for home, report in proved if report.filled > 0]
    if moved:
        _ask_follow_ups(house, moved)


def _proved(db: ReadDb, house: House, broker: str, body: bytes) -> list[tuple[Account, OrderReport]]:
    """The accounts whose application's secret made the call's proof, and what it tells."""
    there = house.brokers.get(broker)
    if not isinstance(there, PostbackSource):
        return []
    try:
        named = there.postback_user(body)
    except Rejected:
        return []
    found = []
    for home in broker_users.find(db, broker, named):
        report = _report(db, house, there, home, body)
        if report is not None:
            found.append((home, report))
    return found


def _report(
    db: ReadDb, house: House, there: PostbackSource, home: Account, body: bytes
) -> OrderReport | None:
    try:
        return there.postback(app_keys(db, house, Viewer(home.owner), home.broker), body)
    except (Rejected, Misuse):  # another application's, or the owner has none any more
        return None


def _ask_follow_ups(house: House, homes: list[Account]) -> None:
    with house.database.writing() as db:
        for home in homes:
            args, key = {"account": home.id}, f"{POSTBACK}:{home.id}"
            due = house.clock.now() + _GATHERING
            ask(db, house, POSTBACK, args, owner=home.owner, dedupe_key=key, due=due)


@deed(POSTBACK, max_attempts=10)
def follow(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for the sync of an account whose broker told of an order. While one runs it waits, since that one
    may have read the trades before; an account that cannot be asked is left alone. Raises Retry."""
    viewer, account = work.owner, AccountId(work.args["account"])
    with house.database.writing() as db:
        home = accounts.account_of(db, viewer, account)
        if not home.is_active or not can_be_asked(connections.of_account(db, viewer, account)):
            return {"skipped": "no session"}
        args, key = {"account": account}, f"sync:{account}"
        job = ask(db, house, "sync", args, owner=home.owner, dedupe_key=key)
        if jobs.job_of(db, viewer, job).state is jobs.JobState.RUNNING:
            raise Retry("a sync runs that may have read the trades before", after=_RUNNING)
    return {"sync": job}
