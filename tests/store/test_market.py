"""Quotes and sectors: what is newest, and who said so."""

from __future__ import annotations

from decimal import Decimal

from tests.store.books import NOW, instrument, later, person
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.market.provider import SectorClaim
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.store import quotes, sectors
from tunefolio.store.db import Database
from tunefolio.store.sectors import OWN_TAXONOMY, ProvidedSector


def quote(id: InstrumentId, price: str, minute: int = 0, close: str | None = "90") -> Quote:
    previous = None if close is None else Price.of(close)
    return Quote(id, Price.of(price), previous, later(minute), "zerodha", QuoteKind.CLOSE)


def test_a_newer_quote_replaces_and_an_older_does_not(database: Database) -> None:
    with database.writing() as db:
        infy, tcs = instrument(db, "INFY"), instrument(db, "TCS")
        quotes.put(db, [quote(infy, "100"), quote(tcs, "7", close=None)])
        assert quotes.latest(db, [infy, tcs, InstrumentId(99)]) == {
            infy: quote(infy, "100"),
            tcs: quote(tcs, "7", close=None),
        }
        quotes.put(db, [quote(infy, "101", 1)])
        quotes.put(db, [quote(infy, "99", -5)])
        assert quotes.latest(db, [infy])[infy] == quote(infy, "101", 1)
        quotes.put(db, [quote(infy, "103", 3), quote(infy, "102", 2), quote(infy, "104", 3)])
        assert quotes.latest(db, [infy])[infy].price == Price.of("104")
        quotes.put(db, [])
        assert quotes.latest(db, []) == {}


def test_a_feeds_endless_digits_are_rounded_to_eight(database: Database) -> None:
    with database.writing() as db:
        infy = instrument(db)
        quotes.put(db, [quote(infy, "1234.5999755859375")])
        assert quotes.latest(db, [infy])[infy].price.amount == Decimal("1234.59997559")


def test_own_words_for_a_sector_are_ones_own(database: Database) -> None:
    with database.writing() as db:
        asha, bela, infy = person(db, "asha"), person(db, "bela"), instrument(db)
        sectors.set_override(db, asha, infy, "Software", "", NOW)
        sectors.set_override(db, asha, infy, "IT", "Services", later(1))
        assert sectors.overrides(db, asha) == {infy: SectorClaim("IT", "Services", OWN_TAXONOMY)}
        assert sectors.overrides(db, bela) == {}
        assert not sectors.clear_override(db, bela, infy)
        assert sectors.clear_override(db, asha, infy)
        assert sectors.overrides(db, asha) == {}


def test_a_provider_that_knows_goes_before_one_that_does_not(database: Database) -> None:
    tech = SectorClaim("Technology", "Software", "Yahoo")
    with database.writing() as db:
        infy, tcs = instrument(db, "INFY"), instrument(db, "TCS")
        sectors.put_provided(db, infy, "yahoo", tech, NOW)
        sectors.put_provided(db, infy, "other", None, later(1))
        sectors.put_provided(db, tcs, "yahoo", None, NOW)
        assert sectors.provided(db, [infy, tcs, InstrumentId(99)]) == {
            infy: ProvidedSector(tech, "yahoo", NOW),
            tcs: ProvidedSector(None, "yahoo", NOW),
        }
        sectors.put_provided(db, infy, "yahoo", None, later(2))
        assert sectors.provided(db, [infy])[infy] == ProvidedSector(None, "yahoo", later(2))
