"""Telling people: a notice is kept with the event it tells of; jobs carry it to the channels afterwards.

Kept in the transaction of the event, so a crash loses nothing; its key is unique, so nothing is told twice.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import ChannelId, DeliveryId, Notice, NoticeId, Urgency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed, wait
from tunefolio.store import channels, events, notices
from tunefolio.store.channels import Channel
from tunefolio.store.db import WriteDb
from tunefolio.store.notices import Delivery, DeliveryState, Draft

_log = logging.getLogger(__name__)
_CARE = Caretaker("notices")
_AT_ONCE = 50
MOST_ATTEMPTS = 12
"""Some 45 minutes of trying; the job may run once more, to say that it has given up."""

UNDELIVERED = "undelivered"
"""The kind of the notice that says another could not be delivered; it is never sent anywhere itself."""


def tell(db: WriteDb, house: House, drafts: Sequence[Draft]) -> list[NoticeId]:
    """Keep these notices, queue them for their owners' channels, ask for delivery; which are new.

    In the caller's transaction. An event told before (same owner, same key) is left out.
    """
    if not drafts:
        return []
    told = notices.put(db, _CARE, drafts)
    by_owner: dict[PersonId, list[NoticeId]] = {}
    for id, draft in told:
        by_owner.setdefault(draft.notice.person, []).append(id)
    _queue(db, house, [one for one in told if one[1].kind != UNDELIVERED])
    for owner, ids in sorted(by_owner.items()):
        events.emit(db, house.bus, events.Event("notices", owner, tuple(ids)))
    return [id for id, _ in told]


def _queue(db: WriteDb, house: House, told: Sequence[tuple[NoticeId, Draft]]) -> None:
    open_to = channels.proven(db, _CARE, {draft.notice.person for _, draft in told})
    wanted = [
        (draft.notice.person, id, channel.id)
        for id, draft in told
        for channel in open_to.get(draft.notice.person, ())
        if draft.kind not in channel.muted
    ]
    for owner, ids in sorted(notices.queue(db, _CARE, wanted, house.clock.now()).items()):
        ask_delivery(db, house, owner, ids)


def ask_delivery(db: WriteDb, house: House, owner: PersonId, ids: Sequence[DeliveryId]) -> None:
    """Jobs for these deliveries, some at a time, rung once the transaction is kept."""
    for start in range(0, len(ids), _AT_ONCE):
        ask(db, house, "deliver", {"ids": list(ids[start : start + _AT_ONCE])}, owner=owner)


@deed("deliver", max_attempts=MOST_ATTEMPTS + 1)
def deliver(house: House, work: Work) -> Mapping[str, Any]:
    """Carry notices to their channels, each once; those that are over are left alone.

    Steps for each: 1 count the attempt, kept before anything is sent; 2 send; 3 keep how it ended. Killed
    between 2 and 3 the next run sends it again with the same key, by which the receiver knows it: as
    Message-ID or as idempotency key. A channel that asks to wait is left in peace for the rest of the run.
    """
    with house.database.reading() as db:
        open_ones = [
            one
            for one in notices.deliveries_of(db, work.owner, [DeliveryId(id) for id in work.args["ids"]])
            if one.state in notices.OPEN
        ]
    busy: dict[ChannelId, Retry] = {}
    sent = 0
    for one in open_ones:
        work.check()
        if one.channel in busy:
            continue
        if work.job.attempts > MOST_ATTEMPTS:
            _end(house, work.owner, one, DeliveryState.GIVEN_UP, f"tried {MOST_ATTEMPTS} times")
            continue
        try:
            sent += _send(house, work, one)
        except Retry as problem:
            busy[one.channel] = problem
    if busy:
        longest = max((problem.after or timedelta(0) for problem in busy.values()), default=timedelta(0))
        raise Retry("; ".join(sorted({problem.reason for problem in busy.values()})), after=longest)
    return {"sent": sent, "of": len(open_ones)}


def _send(house: House, work: Work, one: Delivery) -> bool:
    """Whether it was sent; raises Retry, after keeping why."""
    viewer = work.owner
    with house.database.writing() as db:
        if not notices.begin(db, viewer, one.id):
            return False
        channel = channels.channel_of(db, viewer, one.channel)
        told = notices.notice_of(db, viewer, one.notice)
        target = opened(db, house, viewer, channel)
    try:
        carry(house, channel, target, told.notice)
    except Retry as problem:
        with house.database.writing() as db:
            later = house.clock.now() + max(
                problem.after or timedelta(0), wait(work.job.attempts, random.Random(0))
            )
            notices.settle(db, viewer, one.id, DeliveryState.QUEUED, later, problem.reason)
            channels.set_problem(db, viewer, channel.id, problem.reason, house.clock.now())
        raise
    except Rejected as problem:
        _end(house, viewer, one, DeliveryState.FAILED, problem.reason)
        return False
    with house.database.writing() as db:
        notices.settle(db, viewer, one.id, DeliveryState.SENT, house.clock.now())
        if channel.problem:
            channels.set_problem(db, viewer, channel.id, "", house.clock.now())
    return True


def opened(db: WriteDb, house: House, viewer: Viewer, channel: Channel) -> Secret:
    """The channel's target, out of the vault."""
    sealed = channels.target_of(db, viewer, channel.id)
    return house.vault.open(sealed, "channels", channel.id, "target")


def carry(house: House, channel: Channel, target: Secret, notice: Notice) -> None:
    """Send one notice now, its link made whole; raises Retry or Rejected, as where no notifier is set up."""
    notifier = house.notifiers.get(channel.kind)
    if notifier is None:
        raise Rejected(f"this house sends no {channel.kind} messages; ask its operator", code="off")
    link = f"{house.rules.public_url}{notice.link}" if notice.link else ""
    notifier.notify(replace(notice, link=link), target)


def _end(house: House, viewer: Viewer, one: Delivery, state: DeliveryState, problem: str) -> None:
    """It will not arrive: kept with the delivery and the channel, and told on the page."""
    now = house.clock.now()
    with house.database.writing() as db:
        channel = channels.channel_of(db, viewer, one.channel)
        reason = problem if state is DeliveryState.FAILED else f"{one.problem or 'no answer'}, {problem}"
        notices.settle(db, viewer, one.id, state, now, reason)
        channels.set_problem(db, viewer, channel.id, reason, now)
        tell(db, house, [_undelivered(viewer, channel, one, reason, now)])
    _log.warning("a notice was not delivered", extra={"channel": channel.kind, "problem": reason})


def _undelivered(viewer: Viewer, channel: Channel, one: Delivery, reason: str, now: Instant) -> Draft:
    notice = Notice(
        viewer.person,
        Urgency.WARNING,
        f"A message to {channel.hint} did not arrive",
        f"{reason}. The notice itself stands in your list.",
        now,
        "/alerts/channels",
        f"undelivered:{one.id}",
    )
    return Draft(notice, UNDELIVERED)
