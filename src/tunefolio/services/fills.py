"""Fills into facts: a broker's trade becomes a transaction exactly once, by its trade id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.fills import Fill, post
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.statements import UnreadLine
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.services.groups import group_of, imagined_all
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import Entry

SOURCE = "fill"


@dataclass(frozen=True, slots=True)
class Posting:
    """What the fills of a day come to, before it is recorded.

    entries: those not in the books yet. refused: those the books cannot take, each with the reason.
    traded: units that fills in the books already moved on `day`, signed, by instrument.
    """

    entries: tuple[Entry, ...]
    refused: tuple[UnreadLine, ...]
    traded: Mapping[InstrumentId, Decimal]


def posting(
    fills: Sequence[Fill],
    ids: Mapping[InstrumentClaim, InstrumentId],
    history: Sequence[Transaction],
    day: TradingDay,
) -> Posting:
    """Which fills are new to this history.

    1. One whose key stands is in the books: by an earlier sync, or by the tradebook it also stands in.
    2. One that a person took back stays taken back, however often its broker repeats it.
    3. One whose price or size makes no fact is refused by itself; the others go in.
    """
    standing = in_force(history)
    keys = {fact.source_key for fact in standing}
    keys |= {fact.source_key for fact in history if fact.source == SOURCE}
    entries: dict[str, Entry] = {}
    refused: list[UnreadLine] = []
    for fill in fills:
        if fill.source_key in keys or fill.source_key in entries:
            continue
        try:
            entries[fill.source_key] = Entry(post(fill, ids[fill.instrument]), fill.source_key)
        except Misuse as wrong:
            refused.append(_unread(fill, str(wrong)))
    told = {fill.source_key for fill in fills}
    return Posting(tuple(entries.values()), tuple(refused), _traded(standing, told, day))


def holding(db: ReadDb, viewer: Viewer, home: Account, wanted: Posting) -> Posting:
    """The same without the fills that the books cannot take (a sale of what they do not have).

    All together first; only where that breaks a law are they tried one after the other, oldest first.
    """
    if _holds(db, viewer, home, wanted.entries):
        return wanted
    kept: list[Entry] = []
    refused = list(wanted.refused)
    for entry in wanted.entries:
        try:
            _must_hold(db, viewer, home, [*kept, entry])
            kept.append(entry)
        except (BrokenLaw, Misuse) as wrong:
            refused.append(UnreadLine(f"trade {entry.source_key}", "", str(wrong)))
    return Posting(tuple(kept), tuple(refused), wanted.traded)


def _holds(db: ReadDb, viewer: Viewer, home: Account, entries: Sequence[Entry]) -> bool:
    try:
        _must_hold(db, viewer, home, entries)
    except (BrokenLaw, Misuse):
        return False
    return True


def _must_hold(db: ReadDb, viewer: Viewer, home: Account, entries: Sequence[Entry]) -> None:
    facts = [entry.fact for entry in entries]
    more = imagined_all((home, entry.fact, entry.source_key) for entry in entries)
    group_of(db, viewer, facts).with_facts(more).must_hold()


def _traded(standing: Iterable[Transaction], told: set[str], day: TradingDay) -> dict[InstrumentId, Decimal]:
    """Of the fills that the broker tells today, the units of those in the books, bought less sold."""
    moved: dict[InstrumentId, Decimal] = {}
    for transaction in standing:
        fact = transaction.fact
        if fact.day != day or transaction.source_key not in told:
            continue
        if fact.instrument is None or fact.quantity is None:
            continue
        signed = fact.quantity if fact.kind is Kind.BUY else -fact.quantity
        moved[fact.instrument] = moved.get(fact.instrument, Decimal(0)) + signed
    return moved


def _unread(fill: Fill, reason: str) -> UnreadLine:
    listing = fill.instrument.listing
    return UnreadLine(f"trade {fill.trade_id}", f"{listing.exchange}:{listing.symbol}", reason)
