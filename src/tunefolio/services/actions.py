"""Corporate actions found, applied, declined, undone.

Applied, an action is an ordinary fact whose source key is the action's reference: twice is once, and taking
it back is a reversal like any other (docs/spec/actions.md).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from tunefolio.core.errors import Misuse, NotFound, Rejected, Retry
from tunefolio.core.identity import AccountId, JobId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Book
from tunefolio.market.instruments import Instrument
from tunefolio.market.provider import ActionSource, BarSource
from tunefolio.services import announcements, audit, noted
from tunefolio.services.acts import Act
from tunefolio.services.changes import changed
from tunefolio.services.groups import group_of, imagined_all
from tunefolio.services.house import House
from tunefolio.services.jobs import Work, ask, deed
from tunefolio.services.lifetimes import first_days
from tunefolio.services.markets import final_until
from tunefolio.services.proposals import SOURCE, Held, Proposal, State, found, key_of
from tunefolio.services.record import must_not_lie_ahead, take_back, writable
from tunefolio.services.sources import first_answer
from tunefolio.store import actions as kept
from tunefolio.store import events, instruments, tracking, transactions
from tunefolio.store.db import ReadDb, WriteDb

__all__ = ["Held", "Proposal", "State", "apply", "ask_actions", "decline", "found", "key_of", "undo"]

KIND = "actions"
"""What its jobs are called."""

_AHEAD_DAYS = 90
"""Ex-dates are announced so long ahead at most."""

_log = logging.getLogger(__name__)


def ask_actions(db: WriteDb, house: House, viewer: Viewer) -> JobId | None:
    """Ask for a look at the whole past of what the viewer held; None where no source knows any."""
    if not any(isinstance(one, BarSource | ActionSource) for one in house.sources.all):
        audit.pass_over()
        return None
    audit.note(db, house, viewer, Act.ACTIONS_ASKED)
    return ask(db, house, KIND, {}, owner=viewer.person, dedupe_key=f"actions:{viewer.person}")


@deed(KIND, max_attempts=5)
def look_for_actions(house: House, work: Work) -> Mapping[str, Any]:
    """Ask for every action since its owner's first fact of each instrument, without an owner since anyone's
    of everything followed. Backfills keep what is new; this finds what was told late or corrected."""
    with house.database.reading() as db:
        if work.viewer is None:
            first = {id: row.since for id, row in tracking.followed(db).items()}
        else:
            first = first_days(db, work.viewer)
        known = instruments.of_ids(db, sorted(first))
    fresh = _of_registers(house, min(first.values())) if first else 0
    for done, (id, instrument) in enumerate(sorted(known.items())):
        work.check()
        work.progress(done, len(known), f"Corporate actions of {instrument.symbol}")
        fresh += _of_instrument(house, instrument, first[id])
    work.progress(len(known), len(known), "Done")
    told = {"instruments": len(known), "fresh": fresh}
    return told if work.viewer is None else told | {"proposed": _count(house, work.viewer)}


def _of_registers(house: House, since: TradingDay) -> int:
    """What the exchanges' own registers tell, of all companies at once; those away are asked another time."""
    until = TradingDay(calendar_date(house.clock.now())).plus_days(_AHEAD_DAYS)
    fresh = 0
    for register in house.sources.actions():
        try:
            claims = register.actions(since, until)
        except (Rejected, Retry) as problem:
            _log.warning("no actions", extra={"source": register.name, "problem": str(problem)})
            continue
        with house.database.writing() as db:
            fresh += announcements.keep(db, house, claims).fresh
    return fresh


def _of_instrument(house: House, instrument: Instrument, since: TradingDay) -> int:
    """What the first source that knows the instrument tells beside its bars. Raises Retry."""
    until = final_until(house, instrument, house.clock.now())
    sources = house.sources.bars(instrument.listing)
    found = first_answer(sources, lambda one: one.bars(instrument.listing, since, until))
    if found is None:
        return 0
    with house.database.writing() as db:
        return announcements.keep(db, house, found[1].actions).fresh


def _count(house: House, viewer: Viewer) -> int:
    """How many wait for a decision; tells the faces to look."""
    with house.database.writing() as db:
        events.emit(db, house.bus, events.Event("transactions", viewer.person))
        return sum(proposal.state is State.PROPOSED for proposal in found(db, viewer))


def apply(db: WriteDb, house: House, viewer: Viewer, account: AccountId, reference: str) -> TransactionId:
    """Record the action's fact in one account; applied before, that fact. Raises Misuse when something is not
    published yet, when nothing was held, or when later facts would not stand; NotFound."""
    home = writable(db, viewer, account)
    proposal = _proposal_of(db, viewer, home, reference)
    if proposal.recorded is not None:
        audit.pass_over()
        return proposal.recorded
    if isinstance(proposal.fact, Missing):
        raise Misuse("action", str(proposal.fact), cure=proposal.fact.cure)
    must_not_lie_ahead(house, proposal.fact.day)
    key = key_of(proposal.reference)
    group = group_of(db, viewer, [proposal.fact])
    group.with_facts(imagined_all([(home, proposal.fact, key)])).must_hold()
    entry = transactions.Entry(proposal.fact, key)
    done = transactions.append(db, viewer, account, Book.LIVE, [entry], source=SOURCE, now=house.clock.now())
    kept.undecide(db, viewer, proposal.action.id, account)
    changed(db, house, viewer, account, proposal.fact.day, fresh=[proposal.fact])
    told = {"name": noted.words(db, viewer, proposal.fact), "account": home.name}
    audit.note(db, house, viewer, Act.ACTION_APPLIED, f"transaction:{done.ids[0]}", told)
    return done.ids[0]


def decline(db: WriteDb, house: House, viewer: Viewer, account: AccountId, reference: str) -> None:
    """Do not propose it for this account again. Raises Misuse for what is applied, NotFound."""
    home = writable(db, viewer, account)
    proposal = _proposal_of(db, viewer, home, reference)
    if proposal.state is State.APPLIED:
        raise Misuse("action", "is in the books", cure="Undo it first")
    kept.decide(db, viewer, proposal.action.id, account, "declined", house.clock.now())
    _note(db, house, viewer, Act.ACTION_DECLINED, home, proposal)
    events.emit(db, house.bus, events.Event("transactions", viewer.person, (account,)))


def undo(db: WriteDb, house: House, viewer: Viewer, account: AccountId, reference: str) -> None:
    """Take an applied action back by a reversal, or a declined one out of the drawer; it is proposed again.

    Raises Misuse while later facts stand on it, or when it was recorded otherwise; NotFound.
    """
    home = writable(db, viewer, account)
    proposal = _proposal_of(db, viewer, home, reference)
    if proposal.recorded is not None:
        fact = transactions.transaction_of(db, viewer, proposal.recorded)
        if fact.source_key != key_of(proposal.reference):
            raise Misuse("action", "was recorded otherwise", cure=f"Take back fact {fact.id} itself")
        with audit.as_one():
            take_back(db, house, viewer, fact.id)
    elif proposal.state is not State.DECLINED:
        raise Misuse("action", "is neither applied nor declined")
    kept.undecide(db, viewer, proposal.action.id, account)
    _note(db, house, viewer, Act.ACTION_UNDONE, home, proposal)
    events.emit(db, house.bus, events.Event("transactions", viewer.person, (account,)))


def _note(db: WriteDb, house: House, viewer: Viewer, act: Act, home: Account, proposal: Proposal) -> None:
    told = {"name": proposal.reference, "account": home.name}
    audit.note(db, house, viewer, act, f"account:{home.id}", told)


def _proposal_of(db: ReadDb, viewer: Viewer, home: Account, reference: str) -> Proposal:
    """The account's proposal of that reference, also when another source now tells the event better."""
    for proposal in found(db, viewer, [home]):
        if proposal.reference == reference:
            return proposal
    told = kept.of_reference(db, reference)
    if told is not None:
        for proposal in found(db, viewer, [home]):
            if proposal.action.event == told.event:
                return proposal
    raise NotFound("action")
