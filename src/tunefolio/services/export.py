"""Everything of a portfolio in a zip that needs no TuneFolio to be read: text book, CSV tables, a note."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import Money, plain
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST, Instant
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.lots import Side
from tunefolio.ledger.positions import Holdings, fold_order
from tunefolio.ledger.textbook import TextBook
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument
from tunefolio.services.books import folded
from tunefolio.services.booktexts import book_of, named, written
from tunefolio.services.house import House
from tunefolio.store import accounts, instruments, portfolios, transactions
from tunefolio.store.db import ReadDb

_FACT_COLUMNS = (
    "id", "account", "day", "kind", "exchange", "symbol", "isin", "quantity", "price", "amount", "fees",
    "tax", "accrued", "currency", "other", "ratio", "cost_ratio", "counter", "counter_currency",
    "counterpart", "acquired", "delivery", "tags", "note", "source", "source_key", "recorded_at",
    "fingerprint",
)  # fmt: skip
_HOLDING_COLUMNS = (
    "account", "exchange", "symbol", "isin", "name", "side", "acquired", "quantity", "cost", "fees",
    "currency",
)  # fmt: skip

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class _Contents:
    """What goes into one export: the facts in force by account, folded, and the instruments they name."""

    title: str
    accounts: tuple[Account, ...]
    facts: Mapping[AccountId, Sequence[Transaction]]
    holdings: Mapping[AccountId, Holdings]
    book: TextBook
    instruments: Mapping[InstrumentId, Instrument]


def export_portfolio(db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId) -> bytes:
    """A zip of one portfolio with all its accounts, archived ones too; raises NotFound."""
    title = portfolios.portfolio_of(db, viewer, portfolio).name
    homes = accounts.listed(db, viewer, portfolio=portfolio)
    return _zipped(_contents(db, viewer, title, homes), house.clock.now())


def export_account(db: ReadDb, house: House, viewer: Viewer, account: AccountId) -> bytes:
    """A zip of one account; raises NotFound."""
    home = accounts.account_of(db, viewer, account)
    return _zipped(_contents(db, viewer, home.name, [home]), house.clock.now())


def export_all(db: ReadDb, house: House, viewer: Viewer) -> bytes:
    """A zip of every account of the viewer."""
    return _zipped(_contents(db, viewer, "everything", accounts.listed(db, viewer)), house.clock.now())


def filename(title: str, now: Instant) -> str:
    """tunefolio-my-portfolio-2026-11-21.zip: letters, digits and dashes only, whatever the title."""
    return f"tunefolio-{worded(title)}-{now.in_zone(IST):%Y-%m-%d}.zip"


def worded(title: str) -> str:
    """A title as part of a file's name: letters, digits and dashes; "export" where nothing is left."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in title.lower())
    return "-".join(word for word in plain.split("-") if word) or "export"


def _contents(db: ReadDb, viewer: Viewer, title: str, homes: Sequence[Account]) -> _Contents:
    facts = transactions.of_accounts(db, viewer, [home.id for home in homes])
    ordered = {account: sorted(some, key=fold_order) for account, some in facts.items()}
    ids = named(fact for some in facts.values() for fact in some)
    folds = {account: fold.holdings for account, fold in folded(db, viewer, homes).items()}
    book = book_of(db, viewer, [home.id for home in homes])
    return _Contents(title, tuple(homes), ordered, folds, book, instruments.of_ids(db, sorted(ids)))


def _zipped(contents: _Contents, now: Instant) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("README.txt", _note(contents, now)),
            ("book.txt", written(contents.book)),
            ("transactions.csv", _table(_FACT_COLUMNS, _fact_rows(contents))),
            ("holdings.csv", _table(_HOLDING_COLUMNS, _lot_rows(contents))),
        ):
            archive.writestr(
                zipfile.ZipInfo(name, now.in_zone(IST).timetuple()[:6]), text.encode(), zipfile.ZIP_DEFLATED
            )
    return buffer.getvalue()


def _note(contents: _Contents, now: Instant) -> str:
    count = sum(len(facts) for facts in contents.facts.values())
    return (
        f"TuneFolio export of {contents.title}, {now.in_zone(IST):%d %b %Y %H:%M} IST.\n\n"
        f"{len(contents.accounts)} accounts, {count} transactions in force; those taken back left out.\n\n"
        "book.txt          every transaction as one line of the text notation, with the accounts that units\n"
        "                  or money were moved to or from; TuneFolio reads these lines back\n"
        "transactions.csv  the same as a table; numbers are positive, the kind says the direction\n"
        "holdings.csv      what is held now, lot by lot, at cost; no date means acquired on an unknown day\n"
    )


def _fact_rows(contents: _Contents) -> Iterator[tuple[object, ...]]:
    names = {home.id: home.name for home in contents.book.accounts}
    for home in contents.accounts:
        for transaction in contents.facts[home.id]:
            fact = transaction.fact
            yield (
                transaction.id, home.name, fact.day.iso(), fact.kind.value,
                *_named(contents, fact.instrument),
                plain(fact.quantity),
                plain(fact.price.amount if fact.price else None),
                _plain(fact.amount), _plain(fact.charges), _plain(fact.withheld), _plain(fact.interest),
                fact.amount.currency,
                ":".join(_named(contents, fact.other)[:2]).strip(":"),
                str(fact.ratio or ""), plain(fact.cost_ratio),
                *((_plain(fact.counter), fact.counter.currency) if fact.counter is not None else ("", "")),
                names.get(fact.counterpart, "") if fact.counterpart is not None else "",
                fact.acquired.iso() if fact.acquired else "",
                fact.delivery.value if fact.delivery else "",
                " ".join(transaction.tags), fact.note, transaction.source, transaction.source_key,
                transaction.recorded.iso(), transaction.fingerprint,
            )  # fmt: skip


def _lot_rows(contents: _Contents) -> Iterator[tuple[object, ...]]:
    for home in contents.accounts:
        for position in contents.holdings[home.id].open():
            listed = contents.instruments[position.instrument]
            for side, lots in ((Side.LONG, position.lots), (Side.SHORT, position.shorts)):
                for lot in lots:
                    yield (
                        home.name, *_named(contents, position.instrument), listed.name, side.value,
                        lot.day.iso() if lot.day else "", plain(lot.quantity), _plain(lot.cost),
                        _plain(lot.fees), lot.cost.currency,
                    )  # fmt: skip


def _named(contents: _Contents, instrument: InstrumentId | None) -> tuple[str, str, str]:
    if instrument is None:
        return ("", "", "")
    listed = contents.instruments[instrument]
    return (listed.exchange, listed.symbol, listed.isin or "")


def _plain(money: Money) -> str:
    return plain(money.amount)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV that a spreadsheet does not take for formulas: a text that begins like one gets a leading quote."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def harmless(cell: object) -> object:
    """A text that a spreadsheet would take for a formula begins with an apostrophe; a number does not."""
    if not isinstance(cell, str) or cell[:1] not in {"=", "+", "-", "@", "\t", "\r"}:
        return cell
    return cell if _NUMBER.fullmatch(cell) else f"'{cell}"
