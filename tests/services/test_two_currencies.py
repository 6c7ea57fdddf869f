"""One coin that two sources tell in two currencies: each instrument hears the one that speaks its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.services.desks import Desk
from tests.services.histories import day
from tests.services.lists import refresh
from tests.services.test_backfill import work_off
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.bootstrap.adapters import load
from tunefolio.core.money import Currency
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services import quotes as asking
from tunefolio.services import tracking
from tunefolio.services.instruments import resolved
from tunefolio.services.masters import pick
from tunefolio.store import bars, instruments, quotes
from tunefolio.store import masters as lists
from tunefolio.store import tracking as rows
from tunefolio.store.tracking import Tracking, TrackState

pytestmark = pytest.mark.one_is_enough

load()
BTC = Listing("CRYPTO", "BTC")
WEEK = (day("2026-11-10"), day("2026-11-17"))

Made = Callable[[str], Any]


@pytest.fixture
def made(desk: Desk) -> Iterator[Made]:
    """The sources of the rehearsal by name: binance tells dollars, coingecko rupees."""
    keys = AppKeys("rehearsalkey", Secret("rehearsalsecret"))
    with Sandbox(SandboxConfig(keys, "http://localhost:9/back", clock=desk.clock)) as sandbox:
        gates = Gates(MemoryShared(), sleep=lambda _: None)
        kept: dict[str, Any] = {}
        for name in ("binance", "coingecko"):
            options = {"root_url": f"{sandbox.world_url}/{name}", "requests_per_second": "1000"}
            kept[name] = SOURCES.of(name)(options, gates)
        yield kept.__getitem__
        for source in kept.values():
            source.close()


def followed(desk: Desk, currency: str) -> None:
    """Bitcoin, kept in that currency, wanted since a week; its past and its last price are asked for."""
    with desk.database.writing() as db:
        claim = InstrumentClaim(BTC, currency=Currency(currency))
        id = resolved(db, desk.house, [claim])[claim]
        tracking.wish(db, desk.house, [id], WEEK[0])
    work_off(desk)
    asking.refresh(desk.house, desk.viewer, [id])


def kept_bars(desk: Desk) -> tuple[set[str], Mapping[TradingDay, Decimal]]:
    """(who told them, the closes of the week) of what is kept of Bitcoin."""
    with desk.database.reading() as db:
        held = bars.of(db, [desk.instrument("BTC", "CRYPTO")], *WEEK).values()
    return (
        {one.source(place) for one in held for place in range(len(one))},
        {bar.day: bar.close for one in held for bar in one},
    )


def kept_quote(desk: Desk) -> Quote | None:
    with desk.database.reading() as db:
        id = desk.instrument("BTC", "CRYPTO")
        return quotes.latest(db, [id]).get(id)


@pytest.mark.parametrize("order", [("binance", "coingecko"), ("coingecko", "binance")], ids=lambda o: o[0])
@pytest.mark.parametrize(("currency", "speaks"), [("INR", "coingecko"), ("USD", "binance")])
def test_bars_and_prices_come_from_whoever_speaks_the_currency(
    desk: Desk, made: Made, order: tuple[str, str], currency: str, speaks: str
) -> None:
    """Whoever is asked first. Nothing of the other is kept, and nothing is converted."""
    desk.use(*map(made, order))
    followed(desk, currency)
    tellers, closes = kept_bars(desk)
    claim = made(speaks).bars(BTC, *WEEK)
    assert claim.currency == currency
    assert tellers == {speaks}
    assert closes == {bar.day: bar.close for bar in claim.bars}
    assert len(closes) == 7
    quote = kept_quote(desk)
    assert quote is not None
    assert (quote.source, quote.price.currency) == (speaks, currency)
    assert quote.price.amount == made(speaks).quotes([BTC])[BTC].last
    assert (row_of(desk).state, row_of(desk).reason) == (TrackState.READY, "")


def test_in_a_currency_that_nobody_speaks_there_is_no_price_but_a_reason(desk: Desk, made: Made) -> None:
    desk.use(made("binance"), made("coingecko"))
    followed(desk, "EUR")
    assert kept_bars(desk) == (set(), {})
    assert kept_quote(desk) is None
    row = row_of(desk)
    assert row.state is TrackState.UNKNOWN
    assert "EUR" in row.reason
    assert row.cure


@pytest.mark.on_both
def test_bars_stay_what_they_are_when_the_source_that_told_them_is_gone(desk: Desk, made: Made) -> None:
    """The sources change places overnight: bars of dollars stay bars of dollars, and none in rupees joins."""
    desk.use(made("binance"))
    followed(desk, "USD")
    before = kept_bars(desk)
    desk.use(made("coingecko"))
    followed(desk, "USD")
    assert kept_bars(desk) == before
    assert kept_quote(desk) is not None
    assert before[0] == {"binance"}


@pytest.mark.on_both
def test_both_lists_make_one_instrument_whose_currency_is_that_of_the_first_choice(
    desk: Desk, made: Made
) -> None:
    """Who picks the coin again out of the other list gets the same instrument, in the currency it has."""
    desk.use(made("binance"), made("coingecko"))
    refresh(desk)
    with desk.database.writing() as db:
        ((one, two),) = lists.of_symbols(db, [("CRYPTO", "BTC")]).values()
        assert {one.row.claim.currency, two.row.claim.currency} == {"USD", "INR"}
        ids = [pick(db, desk.house, listed.id) for listed in (two, one)]
        assert ids[0] == ids[1]
        assert instruments.of_ids(db, ids)[ids[0]].currency == two.row.claim.currency


def row_of(desk: Desk) -> Tracking:
    id = desk.instrument("BTC", "CRYPTO")
    with desk.database.reading() as db:
        return rows.of_ids(db, [id])[id]
