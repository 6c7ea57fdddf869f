"""A person's books as text, for people and for other programs; services/textbooks reads it back.

Only words that mean the same in another house are written: names and keys, never ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, dropwhile, groupby, islice

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.booklines import Shelves, write_book, write_lines
from tunefolio.ledger.directives import TextAccount, TextInstrument, TextPortfolio
from tunefolio.ledger.meanings import Spellings
from tunefolio.ledger.positions import fold_order
from tunefolio.ledger.textbook import TextBook
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument
from tunefolio.store import accounts, book_rows, instruments, own_instruments, portfolios, transactions
from tunefolio.store.book_rows import Depth as Depth
from tunefolio.store.db import ReadDb

_LINES, _FACTS = 250, 250


def text_of(
    db: ReadDb, viewer: Viewer, *, portfolio: PortfolioId | None = None, depth: Depth = Depth.STANDING
) -> str:
    """The viewer's books, or one portfolio's, as text; raises NotFound."""
    return "".join(iter_text(db, viewer, portfolio=portfolio, depth=depth))


def iter_text(
    db: ReadDb, viewer: Viewer, *, portfolio: PortfolioId | None = None, depth: Depth = Depth.STANDING
) -> Iterator[str]:
    """The same in pieces of some hundred lines, with some hundred facts in memory; raises NotFound."""
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    chosen = [home.id for home in accounts.listed(db, viewer, portfolio=portfolio)]
    lines = dropwhile(lambda line: not line, _lines(db, viewer, chosen, depth))
    while some := list(islice(lines, _LINES)):
        yield "\n".join([*some, ""])


def _lines(db: ReadDb, viewer: Viewer, chosen: Sequence[AccountId], depth: Depth) -> Iterator[str]:
    every = {account.id: account for account in accounts.listed(db, viewer)}
    joined: dict[AccountId, set[AccountId]] = {}
    for one, other in book_rows.moves(db, viewer, depth):
        if other is not None and other in every:
            joined.setdefault(one, set()).add(other)
    homes = [every[id] for id in sorted(_linked(chosen, joined))]
    about = book_rows.named(db, viewer, [home.id for home in homes], depth)
    instruments_known = _instruments(db, viewer, instruments.of_ids(db, sorted(about)))
    shelves = Shelves(*_shelves(db, viewer, homes), instruments_known)
    lots: dict[TransactionId, str] = {}
    spellings = Spellings(shelves.instrument_name, shelves.account_name, lambda lot: lots[lot])

    def facts(account: AccountId) -> Iterator[Transaction]:
        every_one = chain.from_iterable(book_rows.iter_facts(db, viewer, account, depth))
        ordered = every_one if depth is Depth.HISTORY else _by_day(every_one)
        while some := list(islice(ordered, _FACTS)):
            lots.clear()
            lots.update(book_rows.keys(db, viewer, _pointed_at(some)))
            yield from some

    yield from write_lines(shelves, spellings, facts)


def _pointed_at(facts: Iterable[Transaction]) -> Iterator[TransactionId]:
    """What lines name by its key: chosen lots, and facts taken back."""
    for fact in facts:
        if fact.reverses is not None:
            yield fact.reverses
        yield from (pick.lot for pick in fact.fact.picks)


def _by_day(facts: Iterable[Transaction]) -> Iterator[Transaction]:
    """The facts of a day in the order that folding takes them; days come in order."""
    for _, some in groupby(facts, lambda fact: fact.fact.day):
        yield from sorted(some, key=fold_order)


def written(book: TextBook) -> str:
    """A book as the text of a file."""
    return "\n".join([*write_book(book), ""]).lstrip("\n")


def book_of(
    db: ReadDb, viewer: Viewer, chosen: Sequence[AccountId], *, depth: Depth = Depth.STANDING
) -> TextBook:
    """These accounts of the viewer's as a text book with the ids of the house.

    Accounts that units or money were moved to or from come with them: half a transfer cannot stand alone.
    """
    every = {account.id: account for account in accounts.listed(db, viewer)}
    facts = _facts(db, viewer, list(every), depth)
    joined = {
        id: {other for fact in facts[id] if (other := fact.fact.counterpart) is not None and other in every}
        for id in every
    }
    homes = [every[id] for id in sorted(_linked(chosen, joined))]
    some = [fact for home in homes for fact in facts[home.id]]
    known = instruments.of_ids(db, sorted(named(some)))
    return TextBook(
        *_shelves(db, viewer, homes),
        _instruments(db, viewer, known),
        tuple(some),
    )


def _facts(
    db: ReadDb, viewer: Viewer, ids: Sequence[AccountId], depth: Depth
) -> dict[AccountId, list[Transaction]]:
    if depth is Depth.STANDING:
        standing = transactions.of_accounts(db, viewer, ids)
        return {account: sorted(some, key=fold_order) for account, some in standing.items()}
    every = {id: transactions.of_account(db, viewer, id) for id in ids}
    return {account: sorted(some, key=lambda fact: fact.id) for account, some in every.items()}


def _linked(
    chosen: Sequence[AccountId], joined: Mapping[AccountId, AbstractSet[AccountId]]
) -> set[AccountId]:
    """The accounts and those that transfers join to them."""
    found, waiting = set(chosen), list(chosen)
    while waiting:
        fresh = joined.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def named(facts: Iterable[Transaction]) -> set[InstrumentId]:
    both = (one for fact in facts for one in (fact.fact.instrument, fact.fact.other))
    return {one for one in both if one is not None}


def _shelves(
    db: ReadDb, viewer: Viewer, homes: Sequence[Account]
) -> tuple[tuple[TextPortfolio, ...], tuple[TextAccount, ...]]:
    """Portfolios with at least one of the accounts, oldest first, and the accounts."""
    methods = accounts.lot_methods(db, viewer)
    used = {home.portfolio for home in homes}
    names = {one.id: one for one in portfolios.listed(db, viewer) if one.id in used}
    return (
        tuple(TextPortfolio(names[id].name, names[id].currency) for id in sorted(names)),
        tuple(
            TextAccount(home.id, home.name, home.currency, methods[home.id].value, names[home.portfolio].name)
            for home in homes
        ),
    )


def _instruments(
    db: ReadDb, viewer: Viewer, known: Mapping[InstrumentId, Instrument]
) -> dict[InstrumentId, TextInstrument]:
    """Named EXCHANGE:SYMBOL; where several rows share that, with ISIN or series behind it."""
    accruals = own_instruments.accruals(db, viewer, list(known))
    shared = Counter((one.exchange, one.symbol) for one in known.values())
    return {
        id: TextInstrument(
            id,
            _spelling(one, is_alone=shared[one.exchange, one.symbol] == 1),
            one.listing,
            one.asset_class,
            one.currency,
            one.isin,
            one.name,
            accruals.get(id),
            True,
        )
        for id, one in known.items()
    }


def _spelling(one: Instrument, *, is_alone: bool) -> str:
    name = f"{one.exchange}:{one.symbol}".upper()
    if is_alone:
        return name
    return "~".join(part for part in (name, one.isin or "", one.listing.series) if part)
