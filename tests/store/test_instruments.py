"""Outside claims find their instrument, or make it once."""

from __future__ import annotations

import threading

import pytest

from tests.store.books import NOW, claim
from tunefolio.core.identity import InstrumentId
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.store import instruments
from tunefolio.store.db import Database, WriteDb

INFY, OTHER = "INE009A01021", "INE467B01029"


def ids(db: WriteDb, *claims: InstrumentClaim) -> list[InstrumentId]:
    found = instruments.resolve(db, claims, NOW)
    return [found[one] for one in claims]


def test_a_claim_makes_an_instrument_once(database: Database) -> None:
    full = claim("INFY", INFY, series="EQ")
    with database.writing() as db:
        (first,) = ids(db, full)
        assert ids(db, full, full) == [first, first]
        (kept,) = instruments.of_ids(db, [first, InstrumentId(999)]).values()
        assert (kept.id, kept.listing, kept.isin, kept.name) == (first, full.listing, INFY, "Infy")
        assert instruments.find(db, "NSE", "INFY") == kept
        assert instruments.find(db, "BSE", "INFY") is None


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        (claim("INFY"), claim("INFY", INFY), True),
        (claim("INFY", INFY), claim("INFY"), True),
        (claim("INFY", INFY), claim("INFY", INFY, series="EQ"), True),
        (claim("INFY", INFY, series="EQ"), claim("INFY", INFY), True),
        (claim("INFY", INFY, series="EQ"), claim("INFY", INFY, series="BE"), False),
        (claim("INFY", INFY), claim("INFY", OTHER), False),
        (claim("INFY", INFY), claim("INFY", INFY, exchange="BSE"), False),
        (claim("INFY", INFY), claim("TCS", INFY), False),
        (claim("INFY", series="EQ"), claim("INFY", INFY, series="BE"), False),
    ],
)
def test_which_claims_are_one_instrument(
    database: Database, first: InstrumentClaim, second: InstrumentClaim, is_same: bool
) -> None:
    with database.writing() as db:
        one, two = *ids(db, first), *ids(db, second)
        assert (one == two) is is_same
    with database.writing() as db:
        assert ids(db, first, second) == [one, two]


def test_one_batch_in_any_order_makes_what_single_claims_make(database: Database) -> None:
    bare, full = claim("INFY"), claim("INFY", INFY, series="EQ")
    with database.writing() as db:
        one, two, other = ids(db, bare, full, claim("TCS"))
        assert one == two != other
        assert instruments.of_ids(db, [one])[one].isin == INFY


def test_a_bare_row_is_filled_and_a_full_one_kept(database: Database) -> None:
    with database.writing() as db:
        (id,) = ids(db, claim("INFY"))
        ids(db, claim("INFY", INFY, series="EQ"))
        ids(db, claim("INFY"))
        kept = instruments.of_ids(db, [id])[id]
        assert (kept.isin, kept.listing.series, kept.name) == (INFY, "EQ", "Infy")


def test_after_a_split_a_bare_claim_means_the_newest(database: Database) -> None:
    with database.writing() as db:
        old, new = *ids(db, claim("INFY", INFY)), *ids(db, claim("INFY", OTHER))
        assert ids(db, claim("INFY")) == [new]
        assert ids(db, claim("INFY", INFY)) == [old]


def test_two_processes_make_one_instrument(database: Database) -> None:
    claims = [claim(f"S{number}") for number in range(50)]
    start, results = threading.Barrier(4), list[list[InstrumentId]]()

    def work(turn: int) -> None:
        start.wait()
        with database.writing() as db:
            found = instruments.resolve(db, claims[turn:] + claims[:turn], NOW)
        results.append([found[one] for one in claims])

    threads = [threading.Thread(target=work, args=(turn * 10,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 4
    assert all(found == results[0] for found in results)


def test_thousands_at_once(database: Database) -> None:
    claims = [claim(f"S{number}") for number in range(12_000)]
    with database.writing() as db:
        found = instruments.resolve(db, claims, NOW)
        assert len(set(found.values())) == len(claims)
        assert len(instruments.of_ids(db, found.values())) == len(claims)
        assert instruments.resolve(db, [], NOW) == {}


def test_search_puts_beginnings_first(database: Database) -> None:
    with database.writing() as db:
        ids(db, claim("XINFY"), claim("INFY"), claim("M&M_"), claim("TCS"))
        assert [found.symbol for found in instruments.search(db, "inf", 10)] == ["INFY", "XINFY"]
        assert [found.symbol for found in instruments.search(db, "_", 10)] == ["M&M_"]
        assert len(instruments.search(db, "", 2)) == 2
