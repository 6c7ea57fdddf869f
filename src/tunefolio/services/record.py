"""Facts a person adds by hand: recorded, taken back, corrected. Nothing is edited; nothing may oversell.

Every change folds the account as it would become and is refused, whole, when that breaks a law.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.positions import fold, fold_order, in_force, units_of
from tunefolio.ledger.transactions import MOVES_UNITS, Fact, Kind, Transaction
from tunefolio.market.instruments import InstrumentClaim, Listing, exchange_of
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.store import accounts, events, instruments, transactions
from tunefolio.store.db import ReadDb, WriteDb

BY_HAND = "manual"
_NOT_YET = TransactionId(2**62)
"""Stands for the id a fact will get: above all real ones, so that it sorts as the last recorded."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A sale that finds only `held` of the units it wants."""

    sale: Transaction
    held: Decimal


def record(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    fact: Fact,
    tags: Sequence[str] = (),
    source: str = BY_HAND,
) -> TransactionId:
    """Add one fact to an account's live book. Raises Misuse (Oversold, a future day, an archived account)."""
    home = writable(db, viewer, account)
    must_not_lie_ahead(house, fact.day)
    history = list(transactions.of_account(db, viewer, account))
    must_hold([*history, imagined(home, fact, _NOT_YET)])
    entry = transactions.Entry(fact, f"{BY_HAND}:{secrets.token_hex(12)}")
    return _append(db, house, viewer, home, entry, tags, source)


def record_line(db: WriteDb, house: House, viewer: Viewer, account: AccountId, text: str) -> TransactionId:
    """Add one fact written in the notation: `2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long`."""
    home = writable(db, viewer, account)
    fact, tags = parse_line(text, lambda name: instrument_named(db, house, name), home.currency)
    return record(db, house, viewer, account, fact, tags)


def take_back(db: WriteDb, house: House, viewer: Viewer, transaction: TransactionId) -> None:
    """Reverse one fact. Refused, naming them, while later sales stand on its units."""
    former, history = _standing(db, viewer, transaction)
    must_hold_without(db, history, {transaction})
    transactions.reverse(db, viewer, [transaction], source=BY_HAND, now=house.clock.now())
    changed(db, house, viewer, former.account)


def correct(
    db: WriteDb, house: House, viewer: Viewer, transaction: TransactionId, fact: Fact
) -> TransactionId:
    """Reverse one fact and record `fact` in its place.

    The new fact keeps the old one's tags and source key, so importing the same file again changes nothing.
    """
    former, history = _standing(db, viewer, transaction)
    home = writable(db, viewer, former.account)
    must_not_lie_ahead(house, fact.day)
    kept = [other for other in history if other.id != transaction]
    must_hold([*kept, imagined(home, fact, _NOT_YET)])
    transactions.reverse(db, viewer, [transaction], source=BY_HAND, now=house.clock.now())
    entry = transactions.Entry(fact, former.source_key)
    return _append(db, house, viewer, home, entry, former.tags, BY_HAND)


def writable(db: WriteDb, viewer: Viewer, account: AccountId) -> Account:
    """The viewer's own account, held until the transaction ends. Raises Misuse when archived, NotFound."""
    viewer.must_write()
    home = accounts.account_for_change(db, viewer, account)
    if not home.is_active:
        raise Misuse("account", f"{home.name} is archived", cure="Restore it first")
    return home


def must_not_lie_ahead(house: House, day: TradingDay) -> None:
    """Raises Misuse for a day after today in India: a fact has happened."""
    today = calendar_date(house.clock.now())
    if day.date > today:
        raise Misuse("day", f"{day} has not come yet", cure=f"Today is {today.isoformat()}")


def must_hold(history: Iterable[Transaction]) -> None:
    """Raises Oversold, BrokenLaw or CurrencyMismatch when the facts together break a law."""
    fold(history)


def must_hold_without(db: ReadDb, history: Sequence[Transaction], gone: set[TransactionId]) -> None:
    """Raises Misuse naming the sales that stand on the units of the facts in `gone`."""
    kept = [fact for fact in history if fact.id not in gone]
    short = shortfalls(kept)
    if not short:
        must_hold(kept)
        return
    ids = [lack.sale.fact.instrument for lack in short if lack.sale.fact.instrument is not None]
    known = instruments.of_ids(db, ids)
    named = ", ".join(
        _sale_words(lack, known[instrument].symbol)
        for lack, instrument in zip(short[:5], ids[:5], strict=True)
    )
    more = f" and {len(short) - 5} more" if len(short) > 5 else ""
    raise Misuse("transaction", f"later sales depend on it: {named}{more}", cure="Take those back first")


def shortfalls(history: Iterable[Transaction]) -> list[Shortfall]:
    """Every sale that finds too few units, in the fold's order, each left out before the next is judged."""
    held: dict[InstrumentId, Decimal] = {}
    short: list[Shortfall] = []
    for transaction in sorted(in_force(history), key=fold_order):
        fact = transaction.fact
        if fact.kind not in MOVES_UNITS or fact.instrument is None:
            continue
        have, units = held.get(fact.instrument, Decimal(0)), units_of(fact)
        if fact.kind is not Kind.SELL:
            held[fact.instrument] = have + units
        elif units <= have:
            held[fact.instrument] = have - units
        else:
            short.append(Shortfall(transaction, have))
    return short


def imagined(account: Account, fact: Fact, id: TransactionId, source_key: str = "") -> Transaction:
    """The fact as if it stood in the account's live book: to fold before it is recorded, never kept."""
    recorded = account.created
    if recorded is None:
        raise Misuse("account", "is not kept yet")
    return Transaction(id, account.id, Book.LIVE, fact, "", source_key, recorded, "")


def instrument_named(db: WriteDb, house: House, name: str) -> InstrumentId:
    """The instrument behind EXCHANGE:SYMBOL; a new one takes ISIN and name from the packaged list."""
    exchange, colon, symbol = name.strip().upper().partition(":")
    if not colon or not symbol:
        raise Misuse("instrument", f"{name!r} names no exchange", cure="Write it as NSE:INFY")
    exchange = exchange_of(exchange)
    found = instruments.find(db, exchange, symbol)
    if found is not None:
        return found.id
    listed = house.sectors.listed(symbol) if exchange in {"NSE", "BSE"} else None
    claim = InstrumentClaim(Listing(exchange, symbol), None if listed is None else listed.isin)
    return resolved(db, house, [claim])[claim]


def changed(db: WriteDb, house: House, viewer: Viewer, account: AccountId) -> None:
    """Tell the faces, once the change is kept, that an account has other facts now."""
    events.emit(db, house.bus, events.Event("transactions", viewer.person, (account,)))


def _standing(
    db: ReadDb, viewer: Viewer, transaction: TransactionId
) -> tuple[Transaction, list[Transaction]]:
    """The fact and its account's facts in force; raises Misuse for one already taken back."""
    viewer.must_write()
    former = transactions.transaction_of(db, viewer, transaction)
    history = in_force(transactions.of_account(db, viewer, former.account, book=former.book))
    if all(fact.id != transaction for fact in history):
        raise Misuse("transaction", "is already taken back")
    return former, history


def _append(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: Account,
    entry: transactions.Entry,
    tags: Sequence[str],
    source: str,
) -> TransactionId:
    now = house.clock.now()
    kept = transactions.append(db, viewer, account.id, Book.LIVE, [entry], source=source, now=now)
    (new,) = kept.ids
    for tag in tags:
        transactions.tag(db, viewer, new, tag)
    changed(db, house, viewer, account.id)
    return new


def _sale_words(lack: Shortfall, symbol: str) -> str:
    fact = lack.sale.fact
    return f"sale of {plain(units_of(fact))} {symbol} on {fact.day}"
