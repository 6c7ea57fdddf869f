"""A last price, its age and what the day brought."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, find_isin
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Instrument, Listing, exchange_of
from tunefolio.market.quotes import Quote, QuoteKind

AT = Instant.parse("2026-11-20T15:30:00+05:30")


def quote(price: str, close: str | None) -> Quote:
    return Quote(InstrumentId(1), Price.of(price), Price.of(close) if close else None, AT, "zerodha")


def test_age() -> None:
    assert quote("110", "100").age(AT + timedelta(minutes=7)) == timedelta(minutes=7)
    assert quote("110", "100").kind is QuoteKind.LAST


def test_the_change_of_the_day() -> None:
    rising = quote("110", "100")
    assert rising.day_change_ratio() == Decimal("0.1")
    assert rising.day_change(Decimal("2.5")) == Money.of("25.0")


@pytest.mark.parametrize("close", [None, "0"])
def test_without_a_close_there_is_no_ratio(close: str | None) -> None:
    assert quote("110", close).day_change_ratio() is None


def test_without_a_close_there_is_no_change() -> None:
    assert quote("110", None).day_change(Decimal(1)) is None


def test_one_share_on_two_exchanges_has_one_economic_key() -> None:
    isin = find_isin("INE009A01021")
    on_nse = Instrument(InstrumentId(1), Listing("NSE", "INFY", "EQ"), isin, "Infosys")
    on_bse = Instrument(InstrumentId(2), Listing("BSE", "INFY", "A"), isin, "Infosys")
    unnamed = Instrument(InstrumentId(3), Listing("BSE", "INFY"), None, "Infosys")
    assert on_nse.economic_key == on_bse.economic_key == "INE009A01021"
    assert unnamed.economic_key == "BSE:INFY"


def test_an_unknown_exchange_names_the_known_ones() -> None:
    assert exchange_of(" nse ") == "NSE"
    with pytest.raises(Misuse, match="Known: NSE, BSE"):
        exchange_of("MOON")
