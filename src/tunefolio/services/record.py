"""Facts a person adds by hand: recorded, taken back, corrected. Nothing is edited; nothing may oversell.

Every change folds the group it touches as it would become and is refused, whole, when that breaks a law. A
transfer between two accounts of a person is two facts that are recorded, corrected and taken back together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money, plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Book, name_of
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.transactions import Fact, Transaction, still_told
from tunefolio.market.accruals import AccrualTerms
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing, exchange_of, quoted_in
from tunefolio.services import audit, noted
from tunefolio.services.acts import Act
from tunefolio.services.changes import changed
from tunefolio.services.groups import (
    Group,
    Shortfall,
    group_of,
    imagined,
    imagined_all,
    must_be_listed,
    shortfalls,
)
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.store import accounts, events, instruments, own_instruments, transactions
from tunefolio.store.db import ReadDb, WriteDb

__all__ = ["Shortfall", "imagined", "shortfalls"]

BY_HAND = "manual"
PRIVATE = "OWN"
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9&._-]{0,39}\Z")
_MOST_AT_ONCE = 10_000
_TRANSFERS = {Kind.TRANSFER_IN: Kind.TRANSFER_OUT, Kind.TRANSFER_OUT: Kind.TRANSFER_IN}


@dataclass(frozen=True, slots=True)
class _Placed:
    """A fact for one account, under the key it will stand by. Halves of a transfer share a key."""

    account: Account
    entry: transactions.Entry
    tags: Sequence[str]


def record(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    fact: Fact,
    tags: Sequence[str] = (),
    source: str = BY_HAND,
) -> TransactionId:
    """Add one fact to an account's live book; of a transfer inside the books, both halves.

    Raises Misuse (Oversold, a future day, an archived account, transfers in a circle).
    """
    (new,) = record_many(db, house, viewer, account, [(fact, tags)], source)
    return new


def record_many(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    facts: Sequence[tuple[Fact, Sequence[str]]],
    source: str = BY_HAND,
) -> list[TransactionId]:
    """Add facts to one account, all or none; their ids in the order given. Raises as `record`."""
    if len(facts) > _MOST_AT_ONCE:
        raise Misuse("facts", f"are more than {_MOST_AT_ONCE} at once", cure="Import a file")
    homes = _Homes(db, viewer)
    placed: list[_Placed] = []
    for fact, tags in facts:
        must_not_lie_ahead(house, fact.day)
        placed += _halves(homes, account, fact, tags, f"{BY_HAND}:{secrets.token_hex(12)}")
    _must_hold_with(db, viewer, placed)
    made = [new for new, home in _append(db, house, viewer, placed, source) if home == account]
    noted.recorded(db, house, viewer, account, [fact for fact, _ in facts], made)
    return made


def record_line(db: WriteDb, house: House, viewer: Viewer, account: AccountId, text: str) -> TransactionId:
    """Add one fact written in the notation: `2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long`."""
    home = writable(db, viewer, account)
    fact, tags = parse_line(
        text,
        lambda name: instrument_named(db, house, name, viewer),
        home.currency,
        account=lambda name: account_named(db, viewer, name),
        lot=lot_named,
        currency_of=lambda id: quoted_in(instruments.of_ids(db, [id])[id].exchange),
    )
    return record(db, house, viewer, account, fact, tags)


def take_back(db: WriteDb, house: House, viewer: Viewer, transaction: TransactionId) -> None:
    """Reverse one fact; of a transfer, both halves. Refused, naming them, while later facts stand on it."""
    take_back_many(db, house, viewer, [transaction])


def take_back_many(db: WriteDb, house: House, viewer: Viewer, ids: Sequence[TransactionId]) -> int:
    """Reverse facts, all or none; how many, the other halves of transfers among them."""
    viewer.must_write()
    gone = _with_other_halves(db, viewer, [_standing(db, viewer, id) for id in dict.fromkeys(ids)])
    for account in sorted({fact.account for fact in gone}):
        accounts.account_for_change(db, viewer, account)
    must_hold_without(db, viewer, gone)
    count = transactions.reverse(
        db, viewer, [fact.id for fact in gone], source=BY_HAND, now=house.clock.now()
    )
    for account in sorted({fact.account for fact in gone}):
        ours = [fact.fact for fact in gone if fact.account == account]
        changed(db, house, viewer, account, min(fact.day for fact in ours), gone=ours)
    noted.taken_back(db, house, viewer, gone)
    return count


def correct(
    db: WriteDb, house: House, viewer: Viewer, transaction: TransactionId, fact: Fact
) -> TransactionId:
    """Reverse one fact and record `fact` in its place; of a transfer, both halves.

    The new fact keeps the old one's tags and source key, so importing the same file again changes nothing,
    and the order that its broker named.
    """
    viewer.must_write()
    former = _standing(db, viewer, transaction)
    fact = still_told(fact, former.fact)
    gone = _with_other_halves(db, viewer, [former])
    must_not_lie_ahead(house, fact.day)
    placed = _halves(_Homes(db, viewer), former.account, fact, former.tags, former.source_key)
    _must_hold_with(db, viewer, placed, gone)
    now = house.clock.now()
    transactions.reverse(db, viewer, [one.id for one in gone], source=BY_HAND, now=now)
    appended = _append(db, house, viewer, placed, BY_HAND, since=min(one.fact.day for one in gone))
    for account in {one.account for one in gone} - {home for _, home in appended}:
        changed(db, house, viewer, account, former.fact.day, gone=[former.fact])
    made = next(new for new, home in appended if home == former.account)
    noted.corrected(db, house, viewer, former, fact, made)
    return made


def tag_many(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    ids: Sequence[TransactionId],
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> int:
    """Put words on facts and take others off; how many facts. Raises NotFound for another's fact."""
    viewer.must_write()
    wanted = list(dict.fromkeys(ids))
    facts = [transactions.transaction_of(db, viewer, id) for id in wanted]
    for name in add:
        transactions.tag_many(db, viewer, wanted, name)
    for name in remove:
        transactions.untag_many(db, viewer, wanted, name)
    noted.tagged(db, house, viewer, facts, add=add, remove=remove)
    homes = tuple(sorted({fact.account for fact in facts}))
    events.emit(db, house.bus, events.Event("transactions", viewer.person, homes))
    return len(facts)


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


def must_hold_without(
    db: ReadDb, viewer: Viewer, gone: Sequence[Transaction], back: Iterable[Transaction] = ()
) -> None:
    """Raises Misuse naming the facts that stand on the units of those in `gone`; `back` return for them."""
    back = list(back)
    group = group_of(db, viewer, [fact.fact for fact in [*gone, *back]])
    kept = group.without({fact.id for fact in gone}).with_facts(back)
    short = [lack for history in kept.histories.values() for lack in shortfalls(history)]
    if not short:
        kept.must_hold()
        return
    ids = [lack.sale.fact.instrument for lack in short if lack.sale.fact.instrument is not None]
    known = instruments.of_ids(db, ids)
    named = ", ".join(
        _sale_words(lack, known[instrument].symbol)
        for lack, instrument in zip(short[:5], ids[:5], strict=True)
    )
    more = f" and {len(short) - 5} more" if len(short) > 5 else ""
    raise Misuse("transaction", f"later sales depend on it: {named}{more}", cure="Take those back first")


def instrument_named(db: WriteDb, house: House, name: str, viewer: Viewer | None = None) -> InstrumentId:
    """The instrument behind EXCHANGE:SYMBOL; a new one takes ISIN and name from the packaged list.

    viewer: whose private instruments may be meant, OWN:…; these are only found, never made from a name.
    """
    exchange, colon, symbol = name.strip().upper().partition(":")
    if not colon or not symbol:
        raise Misuse("instrument", f"{name!r} names no exchange", cure="Write it as NSE:INFY")
    if exchange == PRIVATE:
        own = instruments.find(db, PRIVATE, symbol, viewer=viewer)
        if own is None:
            raise Misuse("instrument", f"you have no deposit {symbol}", cure="Add it with its terms first")
        return own.id
    exchange = exchange_of(exchange)
    found = instruments.find(db, exchange, symbol)
    if found is not None:
        return found.id
    listed = house.sectors.listed(symbol) if exchange in {"NSE", "BSE"} else None
    claim = InstrumentClaim(
        Listing(exchange, symbol),
        None if listed is None else listed.isin,
        currency=quoted_in(exchange) or INR,
    )
    return resolved(db, house, [claim])[claim]


def add_private(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    symbol: str,
    name: str,
    asset_class: AssetClass,
    terms: AccrualTerms,
    currency: Currency = INR,
) -> InstrumentId:
    """A fixed-return holding of the viewer's own, as OWN:SYMBOL, with the terms its value follows.

    Raises Misuse for a symbol that is no single word or is taken.
    """
    viewer.must_write()
    word = symbol.strip().upper().removeprefix(f"{PRIVATE}:")
    if not _SYMBOL.match(word):
        raise Misuse("symbol", f"{symbol[:40]!r} is no single word", cure="Write it as SBI-FD-2025")
    if instruments.find(db, PRIVATE, word, viewer=viewer) is not None:
        raise Misuse("symbol", f"you have {word} already", cure="Choose another")
    now = house.clock.now()
    made = own_instruments.add(db, viewer, word, name_of(name), asset_class, currency, now, terms)
    told = {"name": f"{PRIVATE}:{word}", "called": name_of(name)}
    audit.note(db, house, viewer, Act.DEPOSIT_OPENED, f"instrument:{made}", told)
    return made


def account_named(db: ReadDb, viewer: Viewer, name: str) -> AccountId:
    """The viewer's account of that name; raises Misuse naming those there are."""
    mine = accounts.listed(db, viewer)
    for account in mine:
        if account.name.casefold() == name.strip().casefold():
            return account.id
    known = ", ".join(account.name for account in mine[:10])
    raise Misuse("account", f"{name!r} is none of your accounts", cure=f"Known: {known}")


def lot_named(key: str) -> TransactionId:
    """A lot by the number of the fact that brought it, as pages show it; raises Misuse."""
    number = key.strip().removeprefix("#")
    if not number.isdecimal() or len(number) > 18:
        raise Misuse("lots", f"{key!r} is no number of a lot", cure="Take it from the list of lots")
    return TransactionId(int(number))


class _Homes:
    """The accounts a change writes to, each checked and held once."""

    def __init__(self, db: WriteDb, viewer: Viewer) -> None:
        self._db, self._viewer = db, viewer
        self._held: dict[AccountId, Account] = {}

    def of(self, account: AccountId) -> Account:
        if account not in self._held:
            self._held[account] = writable(self._db, self._viewer, account)
        return self._held[account]


def _halves(homes: _Homes, account: AccountId, fact: Fact, tags: Sequence[str], key: str) -> list[_Placed]:
    """The fact in its account and, for a transfer inside the books, its other half in the counterpart."""
    placed = [_Placed(homes.of(account), transactions.Entry(fact, key), tags)]
    if fact.counterpart is None:
        return placed
    if fact.counterpart == account:
        raise Misuse("counterpart", "is this very account", cure="Name the account on the other side")
    there = homes.of(fact.counterpart)
    return [*placed, _Placed(there, transactions.Entry(other_half(account, fact), key), tags)]


def other_half(account: AccountId, fact: Fact) -> Fact:
    """What the counterpart of a transfer records of `account`'s fact: the same units or money the other way.
    Charges stay where they were paid, and only the fact that sends says which lots leave."""
    return replace(
        fact,
        kind=_TRANSFERS[fact.kind],
        counterpart=account,
        price=None,
        fees=None,
        picks=(),
        amount=fact.amount if fact.instrument is None else Money.zero(fact.amount.currency),
    )


def _must_hold_with(
    db: WriteDb, viewer: Viewer, placed: Sequence[_Placed], gone: Sequence[Transaction] = ()
) -> None:
    facts = [one.entry.fact for one in placed] + [one.fact for one in gone]
    group: Group = group_of(db, viewer, facts)
    must_be_listed(db, group, [one.entry.fact for one in placed])
    more = imagined_all((one.account, one.entry.fact, one.entry.source_key) for one in placed)
    touching = [fact for fact in more if fact.fact.instrument is not None]
    group.without({one.id for one in gone}).with_facts(touching).must_hold()


def _standing(db: ReadDb, viewer: Viewer, transaction: TransactionId) -> Transaction:
    """The fact; raises Misuse for one already taken back, and for a reversal."""
    former = transactions.transaction_of(db, viewer, transaction)
    standing = transactions.find_by_key(db, viewer, former.account, former.source_key, book=former.book)
    if standing is None or standing.id != transaction:
        raise Misuse("transaction", "is already taken back")
    return former


def _with_other_halves(db: ReadDb, viewer: Viewer, facts: Iterable[Transaction]) -> list[Transaction]:
    """The facts and, of transfers inside the books, the facts of the same key in the counterpart."""
    found: dict[TransactionId, Transaction] = {}
    for fact in facts:
        found[fact.id] = fact
        if fact.fact.counterpart is None:
            continue
        other = transactions.find_by_key(db, viewer, fact.fact.counterpart, fact.source_key, book=fact.book)
        if other is not None:
            found[other.id] = other
    return list(found.values())


def _append(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    placed: Sequence[_Placed],
    source: str,
    *,
    since: TradingDay | None = None,
) -> list[tuple[TransactionId, AccountId]]:
    """Written account by account; ids beside their accounts, within an account in the order given."""
    now = house.clock.now()
    by_account: Mapping[AccountId, list[_Placed]] = {}
    by_account = {one.account.id: [] for one in placed}
    for one in placed:
        by_account[one.account.id].append(one)
    written: list[tuple[TransactionId, AccountId]] = []
    for account, ours in by_account.items():
        entries = [one.entry for one in ours]
        kept = transactions.append(db, viewer, account, Book.LIVE, entries, source=source, now=now)
        for new, one in zip(kept.ids, ours, strict=True):
            written.append((new, account))
            for tag in one.tags:
                transactions.tag(db, viewer, new, tag)
        days: Collection[TradingDay] = [one.entry.fact.day for one in ours]
        first = min([*days, *([since] if since is not None else [])])
        changed(db, house, viewer, account, first, fresh=[one.entry.fact for one in ours])
    return written


def _sale_words(lack: Shortfall, symbol: str) -> str:
    fact = lack.sale.fact
    word = "sale" if fact.kind is Kind.SELL else fact.kind.replace("_", " ")
    units = "" if fact.quantity is None else f"{plain(fact.quantity)} "
    return f"{word} of {units}{symbol} on {fact.day}"
