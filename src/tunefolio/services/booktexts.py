"""A person's books as text, for people and for other programs; services/textbooks reads it back.

Only words that mean the same in another house are written: names and keys, never ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.directives import TextAccount, TextInstrument, TextPortfolio
from tunefolio.ledger.positions import fold_order
from tunefolio.ledger.textbook import TextBook, write_book
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument
from tunefolio.store import accounts, instruments, own_instruments, portfolios, transactions
from tunefolio.store.db import ReadDb


class Depth(Enum):
    """standing: the facts in force, by day. history: every fact and every reversal, as they were recorded."""

    STANDING = "standing"
    HISTORY = "history"


def text_of(
    db: ReadDb, viewer: Viewer, *, portfolio: PortfolioId | None = None, depth: Depth = Depth.STANDING
) -> str:
    """The viewer's books, or one portfolio's, as text; raises NotFound."""
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    chosen = [home.id for home in accounts.listed(db, viewer, portfolio=portfolio)]
    return written(book_of(db, viewer, chosen, depth=depth))


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
    homes = [every[id] for id in sorted(_linked(chosen, facts))]
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


def _linked(chosen: Sequence[AccountId], facts: Mapping[AccountId, Sequence[Transaction]]) -> set[AccountId]:
    """The accounts and those that transfers join to them."""
    found, waiting = set(chosen), list(chosen)
    while waiting:
        for fact in facts[waiting.pop()]:
            other = fact.fact.counterpart
            if other is not None and other not in found and other in facts:
                found.add(other)
                waiting.append(other)
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
