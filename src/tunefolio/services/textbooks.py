"""A text book read into a person's books; what services/booktexts wrote comes back as the same books.

Accounts and portfolios go by name, facts by key: reading the same text twice changes nothing the second time.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tunefolio.core.errors import BrokenLaw, Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.money import Currency
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.booklines import spellings_of
from tunefolio.ledger.directives import TextAccount, TextInstrument
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Method
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.notation import line
from tunefolio.ledger.positions import fold_all, in_force
from tunefolio.ledger.textbook import MAIN, BookRefused, LineProblem, TextBook, read_book
from tunefolio.ledger.transactions import Pick, Transaction
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.services import audit, record, terms
from tunefolio.services import portfolios as shelves
from tunefolio.services.acts import Act
from tunefolio.services.blame import Names, blamed
from tunefolio.services.booktexts import named
from tunefolio.services.changes import changed
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.tracking import wish_for
from tunefolio.store import accounts, instruments, own_instruments, portfolios, transactions
from tunefolio.store.db import WriteDb

SOURCE = "book"
_FIRST = 2**61
"""Ids of facts that are not recorded yet begin here, above all real ones, in the order of the lines."""
_MANY = 1_000


@dataclass(frozen=True, slots=True)
class AccountImport:
    """What reading a text did to one account."""

    account: str
    is_new: bool
    added: int
    repeated: int


def import_text(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    lines: Iterable[str],
    *,
    file: str = "book",
    main: str = MAIN,
) -> list[AccountImport]:
    """Record a text book in the caller's transaction: whole, or not at all. Prices and rates stay outside.

    Steps: 1 read; 2 portfolios and accounts by name, made where there are none; 3 facts whose key stands are
    repeated; 4 the rest must hold together with what stands in all accounts; 5 append in the order of the
    lines. Raises BookRefused naming the lines, Misuse for an account of another currency or archived.
    """
    viewer.must_write()
    with audit.as_one():
        done = _recorded(db, house, viewer, lines, file, main)
    told = {
        "name": file,
        "accounts": [one.account for one in done],
        "transactions": sum(one.added for one in done),
        "repeated": sum(one.repeated for one in done),
    }
    audit.note(db, house, viewer, Act.BOOK_READ, details=told)
    return done


def _recorded(
    db: WriteDb, house: House, viewer: Viewer, lines: Iterable[str], file: str, main: str
) -> list[AccountImport]:
    currencies = {home.name: home.currency for home in accounts.listed(db, viewer)}
    book = read_book(lines, file=file, main=main, currencies=currencies)
    _must_not_lie_ahead(house, book, file)
    scene = _Scene(db, house, viewer, book, *_homes(db, house, viewer, book))
    scene.instruments = _resolved(scene)
    plans = {account.id: _plan(scene, account) for account in book.accounts}
    _must_hold(scene, plans, file)
    for account in book.accounts:
        _append(scene, plans[account.id])
    return [_told(scene, plans[account.id]) for account in book.accounts]


def _must_not_lie_ahead(house: House, book: TextBook, file: str) -> None:
    problems: list[LineProblem] = []
    for transaction in book.transactions:
        try:
            record.must_not_lie_ahead(house, transaction.fact.day)
        except Misuse as wrong:
            place = f"{file}:{transaction.id}"
            problems.append(LineProblem(place, wrong.field, wrong.problem, wrong.cure))
    if problems:
        raise BookRefused(problems)


@dataclass(slots=True)
class _Scene:
    """What the steps share. homes: by the text's account ids. recorded: the house's ids by the text's."""

    db: WriteDb
    house: House
    viewer: Viewer
    book: TextBook
    homes: Mapping[AccountId, Account]
    new: frozenset[AccountId]
    instruments: Mapping[InstrumentId, InstrumentId] = field(default_factory=dict)
    recorded: dict[TransactionId, TransactionId] = field(default_factory=dict)


@dataclass(slots=True)
class _Plan:
    """fresh: the lines of one account to record, reversals among them, in order; keys: by line."""

    account: TextAccount
    fresh: list[Transaction]
    keys: Mapping[TransactionId, str]
    repeated: int


def _homes(
    db: WriteDb, house: House, viewer: Viewer, book: TextBook
) -> tuple[dict[AccountId, Account], frozenset[AccountId]]:
    """The house's account for each of the text's, made where there is none of that name."""
    known = {home.name: home for home in accounts.listed(db, viewer)}
    homes: dict[AccountId, Account] = {}
    new: set[AccountId] = set()
    for account in book.accounts:
        home = known.get(account.name)
        if home is None:
            shelf = _portfolio(db, house, viewer, book, account.portfolio)
            home = shelves.create_account(db, house, viewer, shelf, account.name, account.currency)
            new.add(account.id)
        if home.currency != account.currency:
            what = f"{home.name} is in {home.currency}, the text says {account.currency}"
            raise Misuse("account", what, cure="Give the account in the text another name or currency")
        record.writable(db, viewer, home.id)
        if account.method:
            shelves.set_lot_method(db, house, viewer, home.id, Method(account.method))
        homes[account.id] = home
    return homes, frozenset(new)


def _portfolio(db: WriteDb, house: House, viewer: Viewer, book: TextBook, name: str) -> PortfolioId:
    if not name:
        return shelves.first_portfolio(db, house, viewer).id
    found = next((one for one in portfolios.listed(db, viewer) if one.name == name), None)
    if found is not None:
        return found.id
    told = next(one for one in book.portfolios if one.name == name)
    return shelves.create_portfolio(db, house, viewer, name, told.currency).id


def _resolved(scene: _Scene) -> dict[InstrumentId, InstrumentId]:
    """The house's instrument for each of the text's. Declared ones are taken at their word; of others the
    packaged lists know more; holdings of one's own are private."""
    db, house = scene.db, scene.house
    own = {
        id: one
        for id, one in scene.book.instruments.items()
        if one.listing.exchange == own_instruments.EXCHANGE
    }
    traded = _currencies(scene.book)
    claims = {id: _claim(one, traded) for id, one in scene.book.instruments.items() if id not in own}
    declared = [claim for id, claim in claims.items() if scene.book.instruments[id].is_declared]
    ids = instruments.resolve(db, declared, house.clock.now()) if declared else {}
    ids |= resolved(db, house, [claim for claim in claims.values() if claim not in ids])
    return {id: ids[claim] for id, claim in claims.items()} | {
        id: _own(scene, one, traded) for id, one in own.items()
    }


def _currencies(book: TextBook) -> dict[InstrumentId, Currency]:
    found: dict[InstrumentId, Currency] = {}
    for transaction in book.transactions:
        if transaction.fact.instrument is not None:
            found.setdefault(transaction.fact.instrument, transaction.fact.amount.currency)
    return found


def _claim(one: TextInstrument, traded: Mapping[InstrumentId, Currency]) -> InstrumentClaim:
    currency = one.currency or traded.get(one.id) or InstrumentClaim(one.listing).currency
    return InstrumentClaim(one.listing, one.isin, one.title, one.asset_class, currency)


def _own(scene: _Scene, one: TextInstrument, traded: Mapping[InstrumentId, Currency]) -> InstrumentId:
    db, viewer = scene.db, scene.viewer
    found = instruments.find(db, own_instruments.EXCHANGE, one.listing.symbol, viewer=viewer)
    if found is not None:
        return found.id
    claim = _claim(one, traded)
    now = scene.house.clock.now()
    named = (one.listing.symbol, one.title, claim.asset_class, claim.currency)
    return own_instruments.add(db, viewer, *named, now, one.terms)


def _plan(scene: _Scene, account: TextAccount) -> _Plan:
    """Which lines are fresh. A fact that the text takes back is fresh only where it never stood before."""
    history = list(transactions.of_account(scene.db, scene.viewer, scene.homes[account.id].id))
    standing = {fact.source_key: fact.id for fact in in_force(history)}
    gone = {fact.reverses for fact in history if fact.reverses is not None}
    taken_back = {fact.source_key for fact in history if fact.id in gone}
    lines = [fact for fact in scene.book.transactions if fact.account == account.id]
    keys = dict(_keys(scene.book, lines))
    reversed_lines = {fact.reverses for fact in lines if fact.reverses is not None}
    fresh: list[Transaction] = []
    for fact in lines:
        key = keys[fact.reverses or fact.id]
        is_done = key in taken_back and (fact.id in reversed_lines or fact.reverses is not None)
        if fact.reverses is None and key in standing and not is_done:
            scene.recorded[fact.id] = standing[key]
            is_done = True
        if not is_done:
            fresh.append(fact)
    return _Plan(account, fresh, keys, len(lines) - len(fresh))


def _keys(book: TextBook, lines: Sequence[Transaction]) -> Iterator[tuple[TransactionId, str]]:
    """Each fact's key; one without gets a key of what it says, so that equal lines in a text read twice
    meet again: the second of two equal lines is a second fact. Both halves of a transfer get the same."""
    spellings = spellings_of(book)
    seen: Counter[str] = Counter()
    for fact in lines:
        if fact.reverses is not None:
            continue
        if fact.source_key:
            yield fact.id, fact.source_key
            continue
        said = hashlib.sha256(_said(fact, spellings).encode()).hexdigest()[:24]
        seen[said] += 1
        yield fact.id, f"text:{said}:{seen[said]}"


def _said(transaction: Transaction, spellings: Spellings) -> str:
    fact = transaction.fact
    if fact.counterpart is None:
        return line(fact, spellings)
    ends = [spellings.account(transaction.account), spellings.account(fact.counterpart)]
    way = ends if fact.kind is Kind.TRANSFER_OUT else ends[::-1]
    what = "" if fact.instrument is None else spellings.instrument(fact.instrument)
    return "\x1f".join(map(str, (fact.day, what, fact.quantity, fact.amount, *way)))


def _housed(scene: _Scene, transaction: Transaction, key: str) -> Transaction:
    """A line with the house's ids; lots of lines that are not recorded yet keep imagined ids."""
    fact, ids = transaction.fact, scene.instruments
    return replace(
        transaction,
        id=TransactionId(_FIRST + transaction.id),
        account=scene.homes[transaction.account].id,
        source_key=key,
        fact=replace(
            fact,
            instrument=None if fact.instrument is None else ids[fact.instrument],
            other=None if fact.other is None else ids[fact.other],
            counterpart=None if fact.counterpart is None else scene.homes[fact.counterpart].id,
            picks=tuple(Pick(_lot(scene, pick.lot), pick.quantity) for pick in fact.picks),
        ),
    )


def _lot(scene: _Scene, lot: TransactionId) -> TransactionId:
    return scene.recorded.get(lot, TransactionId(_FIRST + lot))


def _must_hold(scene: _Scene, plans: Mapping[AccountId, _Plan], file: str) -> None:
    """The fresh facts with all that stands in the viewer's accounts; raises BookRefused naming lines."""
    homes = {home.id: home.name for home in accounts.listed(scene.db, scene.viewer)}
    standing = transactions.of_accounts(scene.db, scene.viewer, list(homes))
    books = {id: list(some) for id, some in standing.items()}
    for plan in plans.values():
        gone = {fact.reverses for fact in plan.fresh if fact.reverses is not None}
        out = {scene.recorded[id] for id in gone if id in scene.recorded}
        home = scene.homes[plan.account.id].id
        books[home] = [fact for fact in books[home] if fact.id not in out] + [
            _housed(scene, fact, plan.keys[fact.id])
            for fact in plan.fresh
            if fact.reverses is None and fact.id not in gone
        ]
    ids = named(f for some in books.values() for f in some)
    under = terms.terms_of(scene.db, scene.viewer, ids)
    try:
        fold_all(books, under)
    except (Misuse, BrokenLaw) as wrong:
        listed = instruments.of_ids(scene.db, sorted(ids)).values()
        names = Names(homes, {one.id: f"{one.exchange}:{one.symbol}" for one in listed})
        refused = blamed(books, under, wrong, lambda id: _place(file, id), names)
        raise BookRefused(refused) from None


def _place(file: str, id: TransactionId) -> str:
    return f"{file}:{id - _FIRST}" if id >= _FIRST else f"{file}: the books' own entry {id}"


def _append(scene: _Scene, plan: _Plan) -> None:
    """Record the fresh lines in their order; a sale that chooses lots of a later line comes after it."""
    batch: list[Transaction] = []
    later: list[Transaction] = []
    for fact in plan.fresh:
        needs = {pick.lot for pick in fact.fact.picks} | ({fact.reverses} if fact.reverses else set())
        if needs & {waiting.id for waiting in batch} or len(batch) >= _MANY or fact.reverses is not None:
            _flush(scene, plan, batch)
        if fact.reverses is not None:
            _take_back(scene, scene.recorded[fact.reverses])
        elif needs <= scene.recorded.keys():
            batch.append(fact)
        else:
            later.append(fact)
    _flush(scene, plan, batch)
    _flush(scene, plan, later)


def _flush(scene: _Scene, plan: _Plan, batch: list[Transaction]) -> None:
    """Append the batch with its tags, remember the ids, and empty it."""
    if not batch:
        return
    home = scene.homes[plan.account.id].id
    housed = [_housed(scene, fact, plan.keys[fact.id]) for fact in batch]
    entries = [transactions.Entry(fact.fact, fact.source_key) for fact in housed]
    now = scene.house.clock.now()
    kept = transactions.append(scene.db, scene.viewer, home, Book.LIVE, entries, source=SOURCE, now=now)
    wish_for(scene.db, scene.house, [entry.fact for entry in entries])
    tagged: dict[str, list[TransactionId]] = {}
    for fact, id in zip(batch, kept.ids, strict=True):
        scene.recorded[fact.id] = id
        for tag in fact.tags:
            tagged.setdefault(tag, []).append(id)
    for tag, ids in tagged.items():
        transactions.tag_many(scene.db, scene.viewer, ids, tag)
    batch.clear()


def _take_back(scene: _Scene, id: TransactionId) -> None:
    transactions.reverse(scene.db, scene.viewer, [id], source=SOURCE, now=scene.house.clock.now())


def _told(scene: _Scene, plan: _Plan) -> AccountImport:
    """What was done; the faces are told."""
    home = scene.homes[plan.account.id]
    if plan.fresh:
        changed(scene.db, scene.house, scene.viewer, home.id)
    return AccountImport(home.name, plan.account.id in scene.new, len(plan.fresh), plan.repeated)
