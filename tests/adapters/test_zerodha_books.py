"""Kite's order book, trade book, standing orders, funds, candles and postback: parsers first, then calls."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import aclosing
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.adapters.outside import Outside, success
from tunefolio.adapters.brokers.zerodha import fills, funds, orders, postback, triggers, updates
from tunefolio.adapters.brokers.zerodha.broker import Zerodha
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.adapters.memory import MemoryShared
from tunefolio.core.errors import Rejected
from tunefolio.core.money import Money, Price
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import BrokerSession
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import Candle, Interval
from tunefolio.trading.orders import OrderSide, OrderState

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SESSION = BrokerSession("TF0001", "Asha", Secret("hush-token"), NOW)


def order(**changes: Any) -> dict[str, Any]:
    """A row of Kite's order book as documented; a field set to ... is left out."""
    row = {
        "placed_by": "TF0001",
        "order_id": "261120000000001",
        "exchange_order_id": "1100000000000001",
        "parent_order_id": None,
        "status": "COMPLETE",
        "status_message": None,
        "order_timestamp": "2026-11-20 09:27:17",
        "exchange_update_timestamp": "2026-11-20 09:27:18",
        "variety": "regular",
        "exchange": "NSE",
        "tradingsymbol": "CENTRALBK-BE",
        "order_type": "LIMIT",
        "transaction_type": "BUY",
        "validity": "DAY",
        "product": "CNC",
        "quantity": 40,
        "price": 34.5,
        "trigger_price": 0,
        "average_price": 34.45,
        "filled_quantity": 40,
        "pending_quantity": 0,
        "cancelled_quantity": 0,
        "tag": None,
        "a field of tomorrow": [1, 2],
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}


def trade(**changes: Any) -> dict[str, Any]:
    row = {
        "trade_id": "75894751",
        "order_id": "261120000000001",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "product": "CNC",
        "average_price": 1412.95,
        "quantity": 25,
        "transaction_type": "SELL",
        "fill_timestamp": "2026-11-20 09:27:18",
        "order_timestamp": "09:27:17",
        "exchange_timestamp": "2026-11-20 09:27:18",
    }
    return {name: value for name, value in (row | changes).items() if value is not ...}


def parsed(data: Any) -> Any:
    """As it comes off the wire: numbers with a fraction are Decimal."""
    return json.loads(json.dumps(data), parse_float=Decimal)


def test_an_order_is_told_in_kites_words_and_in_ours() -> None:
    (told,) = orders.orders(parsed([order()]))
    assert told.instrument.listing == Listing("NSE", "CENTRALBK", "BE")
    assert (told.state, told.status, told.side) == (OrderState.COMPLETE, "COMPLETE", OrderSide.BUY)
    assert [told.quantity, told.filled, told.pending, told.cancelled] == [40, 40, 0, 0]
    assert (told.price, told.trigger, told.average) == (Price.of("34.5"), None, Price.of("34.45"))
    assert told.placed == Instant.parse("2026-11-20T09:27:17+05:30")
    assert (told.parent_id, told.message, told.tag) == ("", "", "")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("PUT ORDER REQ RECEIVED", OrderState.PENDING),
        ("OPEN", OrderState.OPEN),
        ("MODIFY PENDING", OrderState.OPEN),
        ("TRIGGER PENDING", OrderState.TRIGGER_PENDING),
        ("REJECTED", OrderState.REJECTED),
        ("HALTED BY MOONLIGHT", OrderState.UNKNOWN),
    ],
)
def test_a_state_that_is_not_known_is_unknown_and_kept(status: str, state: OrderState) -> None:
    told = orders.order(parsed(order(status=status, transaction_type="LEND", product="XYZ")))
    assert (told.state, told.status, told.side, told.product) == (state, status, None, "XYZ")


def test_an_order_without_what_makes_it_one_names_the_field() -> None:
    with pytest.raises(Rejected, match=r"orders.0. lacks the field 'order_id'"):
        orders.orders(parsed([order(order_id=...)]))
    with pytest.raises(Rejected, match=r"'quantity'.*not a number"):
        orders.orders(parsed([order(quantity="many")]))
    assert orders.orders(None) == ()


def test_a_trade_becomes_a_fill_whose_key_is_the_tradebooks() -> None:
    earlier = trade(trade_id="7", exchange_timestamp="2026-11-20 09:16:00")
    first, later = fills.fills(parsed([trade(), earlier])).fills
    assert (later.kind, later.quantity, later.price) == (Kind.SELL, Decimal(25), Price.of("1412.95"))
    assert later.source_key == "NSE:EQ:75894751:2026-11-20"
    assert first.at < later.at
    assert fills.fills(None) == DayFills()


def test_a_trade_at_an_exchange_nobody_knows_is_put_aside_and_the_others_are_read() -> None:
    told = fills.fills(parsed([trade(exchange="MSE", trade_id="9"), trade()]))
    assert [one.trade_id for one in told.fills] == ["75894751"]
    (line,) = told.unread
    assert (line.place, line.symbol) == ("trade 9: sell 25 at 1412.95 INR on 2026-11-20", "MSE:INFY")
    assert "MSE" in line.reason


def test_a_nameless_trade_that_says_nothing_else_either_is_put_aside_by_its_place() -> None:
    (line,) = fills.fills(parsed([trade(exchange="MSE", transaction_type="LEND")])).unread
    assert (line.place, line.symbol) == ("trades[0]", "MSE:INFY")


@pytest.mark.parametrize(
    ("word", "is_intraday"),
    [("MIS", True), ("CO", True), ("BO", True), ("CNC", False), ("NRML", False), ("MTF", False)],
)
def test_what_is_squared_off_the_same_day_is_known_by_its_product(word: str, is_intraday: bool) -> None:
    (one,) = fills.fills(parsed([trade(product=word)])).fills
    assert (one.product, one.is_intraday) == (word, is_intraday)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transaction_type": "LEND"}, "'transaction_type' of trades.0. is 'LEND'"),
        ({"average_price": 0}, "'average_price'"),
        ({"exchange_timestamp": ..., "fill_timestamp": None}, "'exchange_timestamp'"),
        ({"exchange_timestamp": "yesterday"}, "'exchange_timestamp' of trades.0. is not a time"),
        ({"trade_id": ...}, "'trade_id'"),
    ],
)
def test_a_trade_that_makes_no_sense_is_refused_by_its_field(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        fills.fills(parsed([trade(**changes)]))


def test_funds_are_the_equity_segments() -> None:
    equity = {
        "enabled": True,
        "net": 99725.05,
        "available": {"cash": 245431.6, "collateral": 1200},
        "utilised": {"debits": 145706.55},
    }
    told = funds.funds(parsed({"equity": equity, "commodity": {"enabled": False}}))
    assert told.available == Money.of("99725.05")
    assert (told.cash, told.collateral, told.used) == (
        Money.of("245431.6"),
        Money.of(1200),
        Money.of("145706.55"),
    )
    assert funds.funds(parsed({"equity": equity | {"enabled": False}})).cash is None


def standing(**changes: Any) -> dict[str, Any]:
    leg = {"transaction_type": "SELL", "quantity": 1, "price": 702.5, "result": None}
    row = {
        "id": 105099,
        "type": "two-leg",
        "created_at": "2026-09-09 15:13:22",
        "expires_at": "2027-09-09 15:13:22",
        "status": "active",
        "condition": {"exchange": "NSE", "tradingsymbol": "INFY", "trigger_values": [803.7, 702.0]},
        "orders": [leg, leg],
    }
    return row | changes


def test_a_standing_order_waits_for_one_of_its_prices() -> None:
    (told,) = triggers.triggers(parsed([standing()]))
    assert (told.trigger_id, told.status) == ("105099", "active")
    assert told.triggers == (Price.of("702.0"), Price.of("803.7"))
    assert told.orders == ((OrderSide.SELL, Decimal(1), Price.of("702.5")),) * 2
    with pytest.raises(Rejected, match="trigger_values is not a list"):
        triggers.triggers(parsed([standing(condition={"exchange": "NSE", "tradingsymbol": "INFY"})]))


def test_a_postback_is_believed_by_its_checksum_alone() -> None:
    secret, body = Secret("app-secret"), order(user_id="TF0001", cancelled_quantity=...)
    proof = hashlib.sha256(b"261120000000001" + b"2026-11-20 09:27:17" + b"app-secret").hexdigest()
    user, told = postback.postback(json.dumps(body | {"checksum": proof}).encode(), secret)
    assert (user, told.order_id, told.cancelled) == ("TF0001", "261120000000001", Decimal(0))
    for forged in (proof[:-1] + "0", proof.upper()):
        with pytest.raises(Rejected) as refused:
            postback.postback(json.dumps(body | {"checksum": forged}).encode(), secret)
        assert refused.value.code == "checksum"
        assert "app-secret" not in str(refused.value)
    with pytest.raises(Rejected, match="not JSON"):
        postback.postback(b"<html>", secret)


@pytest.fixture
def kite() -> Iterator[tuple[Zerodha, Outside]]:
    outside = Outside()
    outside.start()
    fast = {f"{lane}_per_second": "1000" for lane in ("quotes", "historical", "requests")}
    yield Zerodha({"root_url": outside.url, **fast}, MemoryShared()), outside
    outside.stop()


def test_every_book_is_asked_for_where_kite_keeps_it(kite: tuple[Zerodha, Outside]) -> None:
    zerodha, outside = kite
    number = "261120000000001"
    outside.on("/orders", success([order()]))
    outside.on(f"/orders/{number}", success([order(status="OPEN"), order()]))
    outside.on(f"/orders/{number}/trades", success([trade()]))
    outside.on("/trades", success([trade()]))
    outside.on("/gtt/triggers", success([standing()]))
    assert len(zerodha.orders("key", SESSION)) == 1
    assert [one.state for one in zerodha.order_history("key", SESSION, number)] == [
        OrderState.OPEN,
        OrderState.COMPLETE,
    ]
    assert zerodha.order_fills("key", SESSION, number) == zerodha.fills("key", SESSION)
    assert len(zerodha.triggers("key", SESSION)) == 1


def test_candles_are_asked_for_in_pieces_and_told_once_and_whole(kite: tuple[Zerodha, Outside]) -> None:
    zerodha, outside = kite
    outside.on("/quote/ltp", success({"NSE:INFY": {"instrument_token": 408065, "last_price": 1}}))
    days = [["2024-11-20T00:00:00+0530", 1, 2, 0.5, 1.5, 100, 0], ["2026-11-20T00:00:00+0530", 1, 3, 1, 2, 7]]
    outside.on("/instruments/historical/408065/day", success({"candles": days}))
    infy, since = Listing("NSE", "INFY"), Instant.parse("2015-11-20T00:00:00+05:30")
    told = zerodha.candles("key", SESSION, infy, Interval.DAY, since=since, until=NOW)
    assert told == (
        Candle(
            Instant.parse("2024-11-20T00:00:00+05:30"),
            Decimal(1), Decimal(2), Decimal("0.5"), Decimal("1.5"), 100, 0,
        ),
    )  # fmt: skip
    asked = [dict(one.query) for one in outside.asked if one.path.endswith("/day")]
    assert len(asked) == 3
    assert (asked[0]["from"], asked[-1]["to"]) == ("2015-11-20 00:00:00", "2026-11-20 10:00:00")
    outside.on("/quote/ltp", success({}))
    fresh = Zerodha({"root_url": outside.url, "quotes_per_second": "1000"}, MemoryShared())
    nobody = Listing("NSE", "NOBODY")
    assert fresh.candles("key", SESSION, nobody, Interval.DAY, since=since, until=NOW) is None


@pytest.mark.parametrize(
    "rows", [None, {"candles": None}, {"candles": [["x"]]}, {"candles": [[1, 2, 3, 4, 5, "6"]]}]
)
def test_candles_that_are_none_are_refused(kite: tuple[Zerodha, Outside], rows: Any) -> None:
    zerodha, outside = kite
    outside.on("/quote/ltp", success({"NSE:INFY": {"instrument_token": 408065, "last_price": 1}}))
    outside.on("/instruments/historical/408065/minute", success(rows))
    since = Instant.parse("2026-11-19T00:00:00+05:30")
    with pytest.raises(Rejected):
        zerodha.candles("key", SESSION, Listing("NSE", "INFY"), Interval.MINUTE, since=since, until=NOW)


def test_updates_come_as_text_among_heartbeats_and_nonsense() -> None:
    async def kite(line: ServerConnection) -> None:
        await line.send(b"\x00")
        await line.send("<html>no JSON</html>")
        await line.send(json.dumps({"type": "order", "data": {"order_id": ""}}))
        await line.send(json.dumps({"type": "message", "data": "hello"}))
        await line.send(json.dumps({"type": "order", "data": order(status="OPEN")}))
        await line.wait_closed()

    async def first() -> Any:
        async with serve(kite, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            async with aclosing(updates.updates(url, Pass("key", Secret("t")))) as told:
                return await anext(told)

    assert asyncio.run(asyncio.wait_for(first(), 10)).state is OrderState.OPEN
