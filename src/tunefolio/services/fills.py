"""Fills into facts: a broker's trade becomes a transaction exactly once, by its trade id."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import InstrumentId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.contracts import OPENED, directed, is_contract
from tunefolio.ledger.fills import Fill, UnreadTrade, moved_by, post
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.reconcile import Break
from tunefolio.ledger.statements import Holding, Statement, UnreadLine
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import EXCHANGES, InstrumentClaim, Listing
from tunefolio.services.groups import group_of, imagined_all
from tunefolio.store import instruments, unread_rows
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import Entry

SOURCE = "fill"
_DELIVERED_AFTER_DAYS = 5
"""Calendar days within which a trade's units are in the demat, a long weekend and the settlement included."""
_MOST_UNREAD = 1_000


@dataclass(frozen=True, slots=True)
class Posting:
    """What the fills of a day come to, before it is recorded.

    entries: those not in the books yet, each as bought or sold, whatever that does to what stands.
    refused: those the books cannot take, each with the reason.
    believed: all but those that make no fact, and those that wait. waiting: of positions that are open for
    the day alone; they are recorded once squared off.
    """

    entries: tuple[Entry, ...]
    refused: tuple[UnreadLine, ...]
    believed: tuple[Fill, ...]
    waiting: tuple[Fill, ...] = ()

    @property
    def moved(self) -> Mapping[InstrumentId, Decimal]:
        """Units that the entries bring (above zero) or take, by instrument."""
        units: dict[InstrumentId, Decimal] = {}
        for entry in self.entries:
            fact = entry.fact
            if fact.instrument is not None:
                units[fact.instrument] = units.get(fact.instrument, Decimal(0)) + moved_by(fact)
        return units


def open_today(statement: Statement) -> frozenset[Listing]:
    """What the broker counts as a position that it will square off before the day ends, long or short."""
    return frozenset(
        line.instrument.listing for line in statement.positions if line.is_intraday and line.quantity
    )


def posting(
    fills: Sequence[Fill],
    ids: Mapping[InstrumentClaim, InstrumentId],
    history: Sequence[Transaction],
    is_open: Collection[Listing] = (),
) -> Posting:
    """Which fills are new to this history.

    1. One whose key stands is in the books: by an earlier sync, or by the tradebook it also stands in.
    2. One that a person took back stays taken back, however often its broker repeats it.
    3. An intraday one waits while its position is open: nothing is delivered yet, and a sale that is bought
       back by the evening is no sale of what is held. A position that is made delivery is open no more.
    4. One whose price or size makes no fact is refused by itself; the others go in.
    """
    standing = in_force(history)
    keys = {fact.source_key for fact in standing}
    keys |= {fact.source_key for fact in history if fact.source == SOURCE}
    entries: dict[str, Entry] = {}
    refused: list[UnreadLine] = []
    believed: list[Fill] = []
    waiting: list[Fill] = []
    for fill in fills:
        if fill.is_intraday and fill.instrument.listing in is_open and fill.source_key not in keys:
            waiting.append(fill)
            continue
        try:
            fact = post(fill, ids[fill.instrument])
        except Misuse as wrong:
            refused.append(_unread(fill, str(wrong)))
            continue
        believed.append(fill)
        if fill.source_key not in keys:
            entries.setdefault(fill.source_key, Entry(fact, fill.source_key))
    return Posting(tuple(entries.values()), tuple(refused), tuple(believed), tuple(waiting))


def owned(
    statement: Statement, fills: Sequence[Fill], ids: Mapping[InstrumentClaim, InstrumentId]
) -> Statement:
    """The statement with the day's fills on top: what is owned now.

    Most brokers' holdings stand still while a session runs; one whose holdings count the day's trades already
    says so. What was bought today is unsettled; what was sold is taken from that first, then from what is
    settled. What was not held before gets a line of its own, at the last price its position shows. Contracts
    are left alone: their lines come from the positions, which count the day's trades at every broker.
    """
    fills = [fill for fill in fills if not is_contract(fill.instrument.listing)]
    if statement.includes_today or not fills:
        return statement
    lines = {ids[line.instrument]: line for line in statement.holdings}
    prices = {line.instrument.listing: line.last_price for line in statement.positions}
    for fill in sorted(fills, key=lambda one: one.kind is not Kind.BUY):
        one = ids[fill.instrument]
        last = prices.get(fill.instrument.listing)
        line = lines.get(one) or Holding(fill.instrument, Decimal(0), Decimal(0), fill.price, last, None)
        if fill.kind is Kind.BUY:
            lines[one] = replace(line, unsettled=line.unsettled + fill.quantity)
        else:
            late = min(line.unsettled, fill.quantity)
            settled = max(Decimal(0), line.settled - (fill.quantity - late))
            lines[one] = replace(line, unsettled=line.unsettled - late, settled=settled)
    return replace(statement, holdings=tuple(line for line in lines.values() if line.quantity))


def holding(
    db: ReadDb, viewer: Viewer, home: Account, wanted: Posting, stands: Mapping[InstrumentId, Decimal]
) -> Posting:
    """The same as it is recorded, without the fills that the books cannot take (a sale of shares they do not
    have). Contracts are sold short and covered: `stands` says what is held less owed before the first fill.

    All together first; only where that breaks a law are they tried one after the other, oldest first.
    """
    fills = {fill.source_key: fill for fill in wanted.believed}
    left = dict(stands)
    whole = [part for entry in wanted.entries for part in _parts(entry, fills[entry.source_key], left)]
    if not whole or _holds(db, viewer, home, whole):
        return replace(wanted, entries=tuple(whole))
    kept: list[Entry] = []
    refused = list(wanted.refused)
    left = dict(stands)
    for entry in wanted.entries:
        before = dict(left)
        parts = _parts(entry, fills[entry.source_key], left)
        try:
            _must_hold(db, viewer, home, [*kept, *parts])
            kept += parts
        except (BrokenLaw, Misuse) as wrong:
            left = before
            refused.append(_unread(fills[entry.source_key], str(wrong)))
    return replace(wanted, entries=tuple(kept), refused=tuple(refused))


def _parts(entry: Entry, fill: Fill, left: dict[InstrumentId, Decimal]) -> list[Entry]:
    """What one fill is recorded as, and `left` brought up to date: one fact under its key; where it closes a
    position in a contract and opens the opposite one two, the second under the key with an ending."""
    one = entry.fact.instrument
    if one is None or not is_contract(fill.instrument.listing):
        return [entry]
    facts = directed(entry.fact, left.get(one, Decimal(0)))
    left[one] = left.get(one, Decimal(0)) + moved_by(entry.fact)
    keys = (entry.source_key, entry.source_key + OPENED)
    return [replace(entry, fact=fact, source_key=key) for fact, key in zip(facts, keys, strict=False)]


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


def _unread(fill: Fill, reason: str) -> UnreadLine:
    listing = fill.instrument.listing
    return fill.unread(f"{listing.exchange}:{listing.symbol}", reason)


# Put aside ------------------------------------------------------------------------------------------


def remembered(
    db: ReadDb,
    viewer: Viewer,
    home: Account,
    told: Sequence[UnreadLine],
    history: Sequence[Transaction],
    breaks: Sequence[Break],
    today: TradingDay,
) -> tuple[UnreadLine, ...]:
    """Trades that were put aside on former days and are still needed: a trade book tells of one day alone.

    1. One that is told again, or that stands in the books by its number (a tradebook brought it), is not.
    2. While the broker differs from the books in what it may mean it is: it explains why.
    3. One of an exchange that nobody knows is until its units are delivered, and may begin to differ.
    """
    known = {trade for line in told if (trade := UnreadTrade.find(line.place)) is not None}
    keys = {fact.source_key.partition(":")[2].partition(":")[2] for fact in history}
    differing = {one.symbol for one in instruments.of_ids(db, [each.instrument for each in breaks]).values()}
    kept = []
    for row in unread_rows.of_account(db, viewer, home.id, _MOST_UNREAD):
        trade = UnreadTrade.find(row.place)
        if trade is None or trade in known or f"{trade.trade_id}:{trade.day}" in keys:
            continue
        is_awaited = (
            today - trade.day <= _DELIVERED_AFTER_DAYS and row.symbol.partition(":")[0] not in EXCHANGES
        )
        if is_awaited or any(may_mean(row.symbol, symbol) for symbol in differing):
            kept.append(UnreadLine(row.place, row.symbol, row.reason))
    return tuple(kept)


def may_mean(written: str, symbol: str) -> bool:
    """Whether a broker's name of an instrument that nobody knows (MSE:INFY-EQ) may be of this symbol: on an
    exchange unknown to us the companies are called as on the others."""
    words = written.upper().split(":")
    return any(symbol in (word, word.rpartition("-")[0]) for word in words if word)
