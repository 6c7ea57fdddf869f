"""What a broker's card says of trades: those that nobody could read, and those that wait for the evening."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from starlette.testclient import TestClient

from tests.web.houses import DeskBroker, connect_broker
from tunefolio.core.money import Price
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import Broker, BrokerSession
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import DayPosition, Statement, StatementSource
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services.house import House

BROWSER = {"accept": "text/html"}
SBIN = InstrumentClaim(Listing("NSE", "SBIN"))
PRICE = Price.of("804")


def fill(trade: str, claim: InstrumentClaim, product: str) -> Fill:
    at = Instant.parse("2026-11-20T10:15:00+05:30")
    return Fill(trade, f"o{trade}", claim, Kind.SELL, Decimal(50), PRICE, at, product, product == "MIS")


@dataclass
class TradingBroker(DeskBroker):
    """One whose user has `waiting` short sales of the day open, and sold on an exchange nobody knows."""

    waiting: int = 1

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource:
        return _Open(self.waiting)

    def fills(self, api_key: str, session: BrokerSession) -> DayFills:
        odd = fill("9", InstrumentClaim(Listing("NSE", "INFY")), "CNC")
        unread = odd.unread("MSE:INFY-EQ", "exchange: 'MSE' is unknown")
        return DayFills(tuple(fill(str(n), SBIN, "MIS") for n in range(self.waiting)), (unread,))


@dataclass(frozen=True)
class _Open:
    waiting: int

    def fetch(self, now: Instant) -> Statement:
        short = DayPosition(SBIN, "MIS", Decimal(-50 * self.waiting), PRICE, PRICE, None, is_intraday=True)
        return Statement("zerodha", "AB1234", now, (), positions=(short,))


def synced(house: House, client: TestClient, waiting: int) -> str:
    """The brokers' page after a sync."""
    cast(dict[str, Broker], house.brokers)["zerodha"] = TradingBroker((), waiting=waiting)
    connect_broker(house, client)
    return " ".join(client.get("/brokers", headers=BROWSER).text.split())


def test_a_card_says_how_many_trades_wait_until_the_evening(small_house: House, asha: TestClient) -> None:
    page = synced(small_house, asha, 2)
    assert "2 trades of today wait until their position is squared off." in page
    (line,) = asha.get("/api/v1/brokers").json()["data"]
    assert line["open_today"] == 2
    assert "1 trade of today waits until its position is squared off." in synced(small_house, asha, 1)
    assert "squared off" not in synced(small_house, asha, 0)


def test_a_trade_nobody_could_read_is_shown_with_all_that_is_known_of_it(
    small_house: House, asha: TestClient
) -> None:
    page = synced(small_house, asha, 0)
    place = "trade 9: sell 50 at 804 INR on 2026-11-20"
    assert f'<code>MSE:INFY-EQ</code> <span class="quiet">{place}</span> exchange:' in page
    assert "1 line could not be read" in page
