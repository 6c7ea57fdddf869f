"""Every break with its likely reason: what is known around it, gathered for the ledger to judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.core.errors import NotFound
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.breaks import Diagnosis, Pending, Scene
from tunefolio.ledger.contracts import is_contract
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.reasons import diagnosed
from tunefolio.ledger.reconcile import Break
from tunefolio.ledger.restated import Restated, last_restated
from tunefolio.ledger.statements import UnreadLine
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument, usual_class
from tunefolio.services.books import Folded, folded, kin_of
from tunefolio.services.fills import may_mean
from tunefolio.services.house import House
from tunefolio.services.masters import terms_of
from tunefolio.services.proposals import Proposal, State, found
from tunefolio.services.sync import session_day
from tunefolio.store import accounts as homes
from tunefolio.store import instruments, statements, transactions, unread_rows
from tunefolio.store.db import ReadDb
from tunefolio.store.statements import KeptStatement
from tunefolio.store.transactions import TransactionFilter

_ZERO = Decimal(0)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Found:
    """One break of one account, explained, with the statement that told of it."""

    account: Account
    statement: KeptStatement
    told: Diagnosis


@dataclass(frozen=True, slots=True)
class _Picture:
    """What is known of all accounts of the person at once."""

    accounts: Mapping[AccountId, Account]
    folds: Mapping[AccountId, Folded]
    names: Mapping[InstrumentId, Instrument]
    kin: Mapping[InstrumentId, str]
    proposals: Mapping[AccountId, Sequence[Proposal]]


def diagnoses(db: ReadDb, house: House, viewer: Viewer, within: Sequence[Account]) -> list[Found]:
    """The breaks of these accounts, by account and instrument. Other accounts of the viewer's are looked at
    for the units that are missing here."""
    every = [account for account in homes.listed(db, viewer) if account.is_active]
    folds = folded(db, viewer, every)
    if not any(folds[account.id].breaks for account in within if account.id in folds):
        return []
    picture = _picture(db, viewer, every, folds)
    explained: list[Found] = []
    for account in within:
        breaks = folds[account.id].breaks if account.id in folds else ()
        latest = statements.latest(db, viewer, account.id) if breaks else None
        if latest is not None:
            lost = unread_rows.of_account(db, viewer, account.id, _MOST)
            unread = [UnreadLine(row.place, row.symbol, row.reason) for row in lost]
            terms = terms_of(db, _contracts(picture, breaks))
            for one in breaks:
                contract = terms.get(one.instrument)
                scene = replace(
                    _scene(house, picture, account, latest, one),
                    expiry=None if contract is None else contract.expiry,
                    unread=tuple(_about(unread, picture.names[one.instrument])),
                    restated=dict(_restated(db, viewer, picture, account.id, one.instrument)),
                )
                explained.append(Found(account, latest, diagnosed(one, scene)))
    return explained


def diagnosis_of(db: ReadDb, house: House, viewer: Viewer, account: AccountId, key: str) -> Found:
    """The break of that key; raises NotFound when the counts are not what they were."""
    home = homes.account_of(db, viewer, account)
    for one in diagnoses(db, house, viewer, [home]):
        if one.told.key == key:
            return one
    raise NotFound("break")


def _picture(
    db: ReadDb, viewer: Viewer, every: Sequence[Account], folds: Mapping[AccountId, Folded]
) -> _Picture:
    broken = {one.instrument for fold in folds.values() for one in fold.breaks}
    known = {id for fold in folds.values() for id in fold.holdings.positions} | broken
    proposals: dict[AccountId, list[Proposal]] = {}
    for proposal in found(db, viewer, every):
        proposals.setdefault(proposal.account.id, []).append(proposal)
    return _Picture(
        {account.id: account for account in every},
        folds,
        instruments.of_ids(db, sorted(known)),
        kin_of(db, known),
        proposals,
    )


def _scene(house: House, picture: _Picture, account: Account, latest: KeptStatement, one: Break) -> Scene:
    position = picture.folds[account.id].holdings.positions.get(one.instrument)
    average = next((line.average_price for line in latest.lines if line.instrument == one.instrument), None)
    currency = position.currency if position else picture.names[one.instrument].currency
    if position is None and average is not None:
        currency = average.currency
    return Scene(
        account.id,
        session_day(house.calendar, latest.at),
        currency,
        position.cost if position is not None and position.lots else None,
        average,
        tuple(_pending(picture, account, session_day(house.calendar, latest.at), one)),
        dict(_elsewhere(picture, account.id, one.instrument)),
        dict(_listings(picture, account.id, one.instrument)),
        contract=next((usual_class(*it.listing[:2]) for it in _contracts(picture, [one])), None),
    )


def _contracts(picture: _Picture, breaks: Sequence[Break]) -> list[Instrument]:
    """The futures and options among what differs."""
    differing = [picture.names[one.instrument] for one in breaks]
    return [one for one in differing if is_contract(one.listing)]


def _pending(picture: _Picture, account: Account, seen: TradingDay, one: Break) -> Iterator[Pending]:
    """Ratios the market knows of that this account has neither applied nor declined, with what they would
    leave of the units that are counted now."""
    for proposal in picture.proposals.get(account.id, ()):
        action = proposal.action
        kind = Kind(action.kind.value)
        if proposal.instrument.id != one.instrument or proposal.state is not State.PROPOSED:
            continue
        if (
            kind not in {Kind.SPLIT, Kind.BONUS}
            or action.ex_day > seen
            or isinstance(proposal.after, Missing)
        ):
            continue
        before = sum((held.quantity for held in proposal.before), _ZERO)
        after = sum((held.quantity for held in proposal.after), _ZERO)
        title = f"{kind.value.capitalize()} of {proposal.instrument.symbol}"
        yield Pending(proposal.reference, kind, title, action.ex_day, one.ours + after - before)


def _elsewhere(
    picture: _Picture, here: AccountId, instrument: InstrumentId
) -> Iterator[tuple[AccountId, tuple[str, Decimal]]]:
    for id, fold in picture.folds.items():
        if id == here or fold.problem:
            continue
        position = fold.holdings.positions.get(instrument)
        differs = sum((b.theirs - b.ours for b in fold.breaks if b.instrument == instrument), _ZERO)
        if fold.stated is None and position is not None:
            differs = -position.quantity
        if differs:
            yield id, (picture.accounts[id].name, differs)


def _about(lines: Sequence[UnreadLine], instrument: Instrument) -> Iterator[UnreadLine]:
    """The lines nobody could read whose name may be this instrument's."""
    return (line for line in lines if may_mean(line.symbol, instrument.symbol))


def _restated(
    db: ReadDb, viewer: Viewer, picture: _Picture, here: AccountId, instrument: InstrumentId
) -> Iterator[tuple[AccountId, tuple[str, Restated]]]:
    """Of every other account that is sound and agrees with its broker about this instrument; one query."""
    openings = TransactionFilter(instrument=instrument, kind=Kind.OPENING, with_reversed=True)
    told: dict[AccountId, list[Transaction]] = {}
    for fact in transactions.page(db, viewer, filter=openings, before=None, limit=_MOST):
        told.setdefault(fact.account, []).append(fact)
    for id, history in sorted(told.items()):
        fold = picture.folds.get(id)
        if id == here or fold is None or fold.problem:
            continue
        differs = any(one.instrument == instrument for one in fold.breaks)
        last = None if differs else last_restated(history)
        if last is not None:
            yield id, (picture.accounts[id].name, last)


def _listings(
    picture: _Picture, here: AccountId, instrument: InstrumentId
) -> Iterator[tuple[InstrumentId, tuple[str, Decimal]]]:
    key = picture.kin.get(instrument)
    for other in picture.folds[here].breaks:
        if other.instrument != instrument and key is not None and picture.kin.get(other.instrument) == key:
            listed = picture.names[other.instrument]
            yield other.instrument, (f"{listed.exchange}:{listed.symbol}", other.theirs - other.ours)
