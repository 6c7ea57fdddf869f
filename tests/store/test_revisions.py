"""The number moves when shared rows have changed for good, and only then."""

from __future__ import annotations

from contextlib import suppress

from tests.books import RECORDED
from tunefolio.core.money import Price
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.store import instruments, quotes, sectors
from tunefolio.store.db import Database
from tunefolio.store.revisions import revision


class _Undone(Exception):
    """Ends a transaction."""


def number(database: Database) -> int:
    with database.reading() as db:
        return revision(db)


def test_prices_sectors_and_names_move_it(database: Database) -> None:
    claim = InstrumentClaim(Listing("NSE", "INFY"))
    with database.writing() as db:
        id = instruments.resolve(db, [claim], RECORDED)[claim]
    before = number(database)
    with database.writing() as db:
        quotes.put(db, [Quote(id, Price.of("1500"), None, RECORDED, "test")])
    assert number(database) == before + 1
    with database.writing() as db:
        sectors.put_provided(db, id, "yahoo", None, RECORDED)
    assert number(database) == before + 2
    with database.writing() as db:
        instruments.resolve(db, [InstrumentClaim(claim.listing, name="Infosys Limited")], RECORDED)
    assert number(database) == before + 3


def test_what_is_rolled_back_moves_nothing(database: Database) -> None:
    claim = InstrumentClaim(Listing("NSE", "INFY"))
    with database.writing() as db:
        id = instruments.resolve(db, [claim], RECORDED)[claim]
    before = number(database)
    with suppress(_Undone), database.writing() as db:
        quotes.put(db, [Quote(id, Price.of("1500"), None, RECORDED, "test")])
        raise _Undone
    assert number(database) == before
