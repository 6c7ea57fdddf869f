"""Channels: added, proven by a code that arrives there, tested, muted, forgotten; never shown whole."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tunefolio.core.alerts import AlertKind
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.notice import ChannelId, ChannelKind, Notice, Urgency
from tunefolio.core.people import Caretaker, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services import audit
from tunefolio.services.acts import Act
from tunefolio.services.deliver import ask_delivery, carry, opened
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.throttle import Allowance
from tunefolio.store import channels, events, notices
from tunefolio.store.channels import Channel
from tunefolio.store.db import WriteDb
from tunefolio.store.notices import Draft

MOST_CHANNELS = 10
_CODE_LASTS = timedelta(minutes=30)
_MOST_TRIES = 5
_CARE = Caretaker("channels")
_MESSAGES = Allowance("channel messages", 10, timedelta(hours=1))
SIGN_IN_KINDS = ("sign_in", "security")
"""What is mailed to the confirmed address in any case (mails.py), whatever a channel does not carry."""
OTHER_KINDS: Mapping[str, str] = {
    "sign_in": "Your sign-in: new devices, passwords, addresses",
    "security": "A token of yours was copied",
    "grant": "Somebody shares with you, or stops",
    "admin_read": "An admin reads what a deed of yours was about",
    "job_failed": "The house's own work fails",
}
"""Kinds of notices that are no alerts, by the words a page has for them; the last is told to admins alone."""
_KINDS = frozenset({*AlertKind, *OTHER_KINDS})


def add(db: WriteDb, house: House, viewer: Viewer, kind: ChannelKind, target: str) -> ChannelId:
    """A new channel and a code on its way there. A webhook proves itself by taking the message.

    Raises Misuse for a target that cannot work or a kind this house does not send, Retry for too many tries.
    """
    viewer.must_write()
    notifier = house.notifiers.get(kind)
    if notifier is None:
        raise Misuse("kind", f"this house sends no {kind} messages", cure="Ask its operator to set it up")
    if len(channels.listed(db, viewer)) >= MOST_CHANNELS:
        raise Misuse("kind", f"you have {MOST_CHANNELS} channels already", cure="Delete one first")
    house.throttle.hit(_MESSAGES, f"person {viewer.person}")
    fit = notifier.fit(target)
    id = channels.add(
        db,
        viewer,
        kind,
        notifier.hint(fit),
        lambda row: house.vault.seal(Secret(fit), "channels", row, "target"),
        now=house.clock.now(),
    )
    ask(db, house, "verify_channel", {"channel": id}, owner=viewer.person)
    _note(db, house, viewer, Act.CHANNEL_ADDED, channels.channel_of(db, viewer, id))
    _changed(db, house, viewer)
    return id


def send_code(db: WriteDb, house: House, viewer: Viewer, id: ChannelId) -> None:
    """Another code to a channel that is not proven yet; raises NotFound, Retry for too many."""
    viewer.must_write()
    channel = channels.channel_of(db, viewer, id)
    if channel.verified is not None:
        audit.pass_over()
        return
    house.throttle.hit(_MESSAGES, f"person {viewer.person}")
    _note(db, house, viewer, Act.CHANNEL_CODE, channel)
    ask(db, house, "verify_channel", {"channel": id}, owner=viewer.person)


@deed("verify_channel", max_attempts=6)
def verify_channel(house: House, work: Work) -> Mapping[str, Any]:
    """Send a new code there; the one of an earlier run no longer counts."""
    viewer, id = work.owner, ChannelId(work.args["channel"])
    code = f"{secrets.randbelow(10**6):06d}"
    now = house.clock.now()
    with house.database.writing() as db:
        channel = channels.channel_of(db, viewer, id)
        if channel.verified is not None:
            return {"sent": 0}
        channels.set_code(db, viewer, id, _hashed(id, code), now + _CODE_LASTS)
        target = opened(db, house, viewer, channel)
    try:
        carry(house, channel, target, _code_message(viewer, work, code, now))
    except (Retry, Rejected) as problem:
        with house.database.writing() as db:
            channels.set_problem(db, viewer, id, problem.reason, house.clock.now())
            _changed(db, house, viewer)
        raise
    with house.database.writing() as db:
        channels.set_problem(db, viewer, id, "", house.clock.now())
        if channel.kind is ChannelKind.WEBHOOK:
            channels.verify(db, viewer, id, house.clock.now())
        _changed(db, house, viewer)
    return {"sent": 1}


def confirm(db: WriteDb, house: House, viewer: Viewer, id: ChannelId, code: str) -> bool:
    """Whether this is the code that was sent there: then it is proven. A wrong one is counted, so the caller
    must keep the transaction. Raises Misuse when the code is too old or was guessed at too often."""
    viewer.must_write()
    channel = channels.channel_of(db, viewer, id)
    if channel.verified is not None:
        audit.pass_over()
        return True
    known = channels.code_hash_of(db, viewer, id)
    now = house.clock.now()
    if known is None or channel.code_until is None or channel.code_until < now:
        raise Misuse("code", "is no longer valid", cure="Have another one sent")
    if channel.code_tries >= _MOST_TRIES:
        raise Misuse("code", "was guessed at too often", cure="Have another one sent")
    if not hmac.compare_digest(known, _hashed(id, code.strip())):
        channels.count_try(db, viewer, id)
        _note(db, house, viewer, Act.CHANNEL_REFUSED, channel)
        return False
    channels.verify(db, viewer, id, now)
    _note(db, house, viewer, Act.CHANNEL_PROVEN, channel)
    _changed(db, house, viewer)
    return True


def test(db: WriteDb, house: House, viewer: Viewer, id: ChannelId) -> None:
    """A message by the way every alert takes; raises Misuse while the channel is not proven, NotFound."""
    viewer.must_write()
    channel = channels.channel_of(db, viewer, id)
    if channel.verified is None:
        raise Misuse("channel", "is not proven yet", cure="Type the code that was sent there")
    house.throttle.hit(_MESSAGES, f"person {viewer.person}")
    _note(db, house, viewer, Act.CHANNEL_TESTED, channel)
    now = house.clock.now()
    told = notices.put(db, _CARE, [_test_message(viewer, channel, now)])
    for notice, _ in told:
        delivery = notices.add_delivery(db, viewer, notice, id, now)
        ask_delivery(db, house, viewer.person, [delivery])
    events.emit(db, house.bus, events.Event("notices", viewer.person))


def mute(db: WriteDb, house: House, viewer: Viewer, id: ChannelId, kinds: Sequence[str]) -> None:
    """Kinds of notices it does not carry; raises Misuse for an unknown one, NotFound."""
    viewer.must_write()
    unknown = sorted(set(kinds) - _KINDS)
    if unknown:
        raise Misuse("muted", f"{unknown[0]!r} is no kind", cure=f"Known: {', '.join(sorted(_KINDS))}")
    channel = channels.channel_of(db, viewer, id)
    channels.mute(db, viewer, id, kinds)
    pair = audit.differing({"muted": channel.muted}, {"muted": frozenset(kinds)})
    _note(db, house, viewer, Act.CHANNEL_MUTED, channel, pair)
    _changed(db, house, viewer)


def carry_only(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    id: ChannelId,
    carried: Collection[str],
    *,
    among: Collection[str],
) -> None:
    """Of the kinds `among` it carries these alone; about all others nothing changes. Raises as `mute`."""
    muted = channels.channel_of(db, viewer, id).muted - set(among) | (set(among) - set(carried))
    mute(db, house, viewer, id, sorted(muted))


def forget(db: WriteDb, house: House, viewer: Viewer, id: ChannelId) -> None:
    """Delete it; nothing more goes there. Raises NotFound."""
    viewer.must_write()
    _note(db, house, viewer, Act.CHANNEL_FORGOTTEN, channels.channel_of(db, viewer, id))
    channels.forget(db, viewer, id)
    _changed(db, house, viewer)


def _note(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    act: Act,
    channel: Channel,
    told: Mapping[str, object] | None = None,
) -> None:
    """Into the activity, by as much of its address as may be shown."""
    name = f"{channel.kind.value} {channel.hint}"
    audit.note(db, house, viewer, act, f"channel:{channel.id}", {"name": name, **(told or {})})


def _hashed(id: ChannelId, code: str) -> str:
    """Of six digits that live half an hour and bear five guesses; bound to its channel."""
    return hashlib.sha256(f"tunefolio channel {id} code {code}".encode()).hexdigest()


def _code_message(viewer: Viewer, work: Work, code: str, now: Instant) -> Notice:
    return Notice(
        viewer.person,
        Urgency.INFO,
        f"{code} is your TuneFolio code",
        f"Type {code} under Alerts, Channels, to have alerts sent here. It is valid for 30 minutes. "
        "If you did not ask for it, leave it: nothing more is sent.",
        now,
        "",
        f"verify:{work.job.id}:{work.job.attempts}",
    )


def _test_message(viewer: Viewer, channel: Channel, now: Instant) -> Draft:
    notice = Notice(
        viewer.person,
        Urgency.INFO,
        f"Test message to {channel.hint}",
        "Alerts will arrive like this.",
        now,
        "/alerts/channels",
        f"test:{channel.id}:{secrets.token_hex(8)}",
    )
    return Draft(notice, "test")


def _changed(db: WriteDb, house: House, viewer: Viewer) -> None:
    events.emit(db, house.bus, events.Event("alerts", viewer.person))
