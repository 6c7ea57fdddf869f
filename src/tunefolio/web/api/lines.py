"""Facts written down: names to instruments, lines of the notation to facts. For forms and for the API."""

from __future__ import annotations

from collections.abc import Sequence

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.transactions import Fact
from tunefolio.market.instruments import quoted_in
from tunefolio.services import record as deeds
from tunefolio.services.house import House
from tunefolio.services.views.history import transaction_page
from tunefolio.services.views.shapes import TransactionRow
from tunefolio.store import accounts, instruments, transactions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.transactions import TransactionFilter
from tunefolio.web.api.answers import day_of
from tunefolio.web.api.facts import Resolve

MOST_LINES = 500
Written = list[tuple[Fact, Sequence[str]]]


def resolver(db: WriteDb, house: House, viewer: Viewer) -> Resolve:
    """EXCHANGE:SYMBOL → id, made where it is new; its Misuse names the field the word stands in."""

    def resolve(name: str, place: str) -> InstrumentId:
        try:
            return deeds.instrument_named(db, house, name, viewer)
        except Misuse as wrong:
            field = place if wrong.field == "instrument" else wrong.field
            raise Misuse(field, wrong.problem, cure=wrong.cure) from None

    return resolve


def facts_of_lines(db: WriteDb, house: House, viewer: Viewer, home: Account, text: str) -> Written:
    """One fact for each line, with its tags; empty lines and comments (;) are left out.

    Raises Misuse naming the number of the line that is wrong: nothing of the others is recorded then.
    """
    lines = [(place, line) for place, line in enumerate(text.splitlines(), 1) if line.split(";")[0].strip()]
    if not lines:
        raise Misuse("text", "holds no line", cure="Write one fact a line: 2024-04-01 buy 10 NSE:INFY @ 1500")
    if len(lines) > MOST_LINES:
        raise Misuse("text", f"has more than {MOST_LINES} lines", cure="Import a text book instead")
    resolve = resolver(db, house, viewer)
    facts: Written = []
    for place, line in lines:
        try:
            facts.append(_fact_of_line(db, viewer, home, line, resolve))
        except Misuse as wrong:
            if len(lines) == 1:
                raise
            raise Misuse("text", f"line {place}: {wrong.field} {wrong.problem}", cure=wrong.cure) from None
    return facts


def _fact_of_line(
    db: WriteDb, viewer: Viewer, home: Account, line: str, resolve: Resolve
) -> tuple[Fact, Sequence[str]]:
    fact, tags = parse_line(
        line,
        lambda name: resolve(name, "instrument"),
        home.currency,
        account=lambda name: account_named(db, viewer, name),
        lot=lot_of,
        currency_of=lambda id: quoted_in(instruments.of_ids(db, [id])[id].exchange),
    )
    day_of(fact.day.iso(), "day")  # refused here, if it is none that may be written
    return fact, tags


def account_named(db: ReadDb, viewer: Viewer, name: str) -> AccountId:
    """The viewer's account of that name, active ones first; raises Misuse."""
    homes = sorted(accounts.listed(db, viewer), key=lambda home: not home.is_active)
    found = [home for home in homes if home.name.casefold() == name.strip().casefold()]
    if not found:
        known = ", ".join(home.name for home in homes[:10])
        raise Misuse("account", f"{name!r} is none of your accounts", cure=f"Known: {known}")
    return found[0].id


def lot_of(word: str) -> TransactionId:
    """The number of the transaction that brought a lot, as this page shows it; raises Misuse."""
    if not (word.isascii() and word.isdigit() and len(word) < 19):
        raise Misuse("lots", f"{word!r} is not the number of a transaction", cure="Write lots 17:5")
    return TransactionId(int(word))


def row_of(db: ReadDb, house: House, viewer: Viewer, id: TransactionId) -> TransactionRow:
    """One fact with its line; raises NotFound. It is the first of the page that begins right after it."""
    fact = transactions.transaction_of(db, viewer, id)
    chosen = TransactionFilter(account=fact.account, with_reversed=True, book=fact.book)
    view = transaction_page(db, house, viewer, chosen, before=(fact.fact.day, TransactionId(id + 1)), limit=1)
    for row in view.rows:
        if row.transaction.id == id:
            return row
    raise NotFound("transaction")
