"""Both feeds of the Angel One face, decoded here by struct alone, from the broker's published layout."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.conftest import TRADING
from tests.sandbox.test_angel import CALLER, tokens
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.angel.app import AngelRates
from tunefolio.sandbox.angel.desk import API_KEY
from tunefolio.sandbox.events import Trade
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.market import Sight
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

INFY = "1594"


@pytest.fixture
def free(config: SandboxConfig) -> Iterator[Sandbox]:
    rates = AngelRates(*(Rate(100_000),) * 7, tokens=4)
    with Sandbox(replace(config, angel_rates=rates)) as running:
        yield running


@pytest.fixture
def headers(free: Sandbox) -> dict[str, str]:
    """Of a handshake, after a login."""
    with httpx2.Client(base_url=free.angel_url, headers=CALLER) as client:
        held = tokens(client)
    return {
        "Authorization": held["jwtToken"],
        "x-api-key": API_KEY,
        "x-client-code": "TFA001",
        "x-feed-token": held["feedToken"],
    }


@pytest.fixture
def feed(free: Sandbox, headers: dict[str, str]) -> Iterator[ClientConnection]:
    with connect(free.angel_feed_url, additional_headers=headers, proxy=None) as connection:
        yield connection


@pytest.fixture
def sight(free: Sandbox) -> Sight:
    return free.market.sight(free.market.universe.of("NSE:INFY"), TRADING)


def ask(feed: ClientConnection, mode: int, listed: list[str], *, action: int = 1, exchange: int = 1) -> None:
    params = {"mode": mode, "tokenList": [{"exchangeType": exchange, "tokens": listed}]}
    feed.send(json.dumps({"correlationID": "abcde12345", "action": action, "params": params}))


def frame(feed: ClientConnection) -> bytes:
    message = feed.recv(timeout=30)
    assert isinstance(message, bytes), message
    return message


def test_every_mode_has_its_layout(feed: ClientConnection, free: Sandbox, sight: Sight) -> None:
    stamp = int(TRADING.utc.timestamp()) * 1000
    ask(feed, 1, [INFY])
    first = frame(feed)
    assert len(first) == 51
    assert struct.unpack("<BB25sqqq", first)[:3] == (1, 1, INFY.encode().ljust(25, b"\0"))
    assert struct.unpack_from("<qq", first, 35) == (stamp, sight.last)
    ask(feed, 1, [INFY], action=0)
    ask(feed, 2, [INFY])
    quote = next_of(feed, 2)
    assert len(quote) == 123
    assert struct.unpack_from("<qqq", quote, 51) == (sight.last_quantity, sight.average, sight.volume)
    bids, asks = free.market.depth(sight)
    assert struct.unpack_from("<dd", quote, 75) == (
        sum(one.quantity for one in bids), sum(one.quantity for one in asks),
    )  # fmt: skip
    assert struct.unpack_from("<4q", quote, 91) == (sight.open, sight.high, sight.low, sight.previous_close)
    ask(feed, 3, [INFY])
    snap = next_of(feed, 3)
    assert len(snap) == 379
    assert snap[43:123] == quote[43:]
    assert struct.unpack_from("<q", snap, 123) == (stamp // 1000,)
    book = [struct.unpack_from("<hqqh", snap, 147 + 20 * place) for place in range(10)]
    assert book[:5] == [(1, one.quantity, one.price, one.orders) for one in bids]
    assert book[5:] == [(0, one.quantity, one.price, one.orders) for one in asks]
    upper, lower = struct.unpack_from("<qq", snap, 347)
    assert lower < sight.previous_close < upper
    ask(feed, 4, [INFY])
    depth = next_of(feed, 4)
    assert len(depth) == 443
    steps = [struct.unpack_from("<iih", depth, 43 + 10 * place) for place in range(40)]
    assert steps[:5] == [(one.quantity, one.price, one.orders) for one in bids]
    assert steps[20:25] == [(one.quantity, one.price, one.orders) for one in asks]


def next_of(feed: ClientConnection, mode: int) -> bytes:
    while (one := frame(feed))[0] != mode:
        pass
    return one


def test_an_index_and_the_other_exchange(feed: ClientConnection, free: Sandbox) -> None:
    nifty, sbin = free.market.universe.of("NSE:NIFTY 50"), free.market.universe.of("BSE:SBIN")
    ask(feed, 1, [f"99{nifty.exchange_token:06}"])
    assert struct.unpack_from("<q", frame(feed), 43) == (free.market.price(nifty, TRADING),)
    ask(feed, 2, [str(sbin.exchange_token)], exchange=3)
    told = next_of(feed, 2)
    assert (told[1], told[2:27].rstrip(b"\0").decode()) == (3, str(sbin.exchange_token))


def test_a_price_that_stands_still_is_told_again_under_a_new_number(
    feed: ClientConnection, clock: FixedClock
) -> None:
    ask(feed, 1, [INFY])
    one, again = frame(feed), frame(feed)
    assert one[:27] + one[35:] == again[:27] + again[35:]
    assert struct.unpack_from("<q", one, 27) < struct.unpack_from("<q", again, 27)
    clock.advance(timedelta(minutes=1))
    while (moved := frame(feed))[43:] == one[43:]:
        pass
    assert struct.unpack_from("<q", moved, 35) > struct.unpack_from("<q", one, 35)


def said(feed: ClientConnection) -> Any:
    """The next text."""
    while isinstance(message := feed.recv(timeout=30), bytes):
        pass
    return json.loads(message)


def test_nonsense_and_excess_are_answered_in_words(feed: ClientConnection) -> None:
    for text in ("{", "[]", '{"action": 1}', '{"action": 5, "params": {"mode": 1, "tokenList": []}}'):
        feed.send(text)
        assert said(feed)["errorCode"] == "E1001"
    ask(feed, 9, [INFY])
    assert said(feed) == {
        "correlationID": "abcde12345", "errorCode": "E1001", "errorMessage": "Invalid Request Payload.",
    }  # fmt: skip
    ask(feed, 4, ["500112"], exchange=3)
    assert said(feed)["errorCode"] == "E1001"
    ask(feed, 1, ["1", "2", "3", "4", "5"])
    assert said(feed)["errorCode"] == "E1002"


@pytest.mark.parametrize("what", ["angel_feed_url", "angel_orders_url"])
def test_ping_is_answered_in_text(free: Sandbox, headers: dict[str, str], what: str) -> None:
    with connect(getattr(free, what), additional_headers=headers, proxy=None) as line:
        line.send("ping")
        while (message := line.recv(timeout=30)) != "pong":
            assert "AB00" in str(message)


@pytest.mark.parametrize("what", ["angel_feed_url", "angel_orders_url"])
@pytest.mark.parametrize(
    "wrong", [{"Authorization": ""}, {"Authorization": "Bearer dead"}, {"x-api-key": "somebody"}]
)
def test_a_stranger_is_refused_at_the_handshake(
    free: Sandbox, headers: dict[str, str], what: str, wrong: dict[str, str]
) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(getattr(free, what), additional_headers={**headers, **wrong}, proxy=None),
    ):
        pass
    assert refused.value.response.status_code == 401
    assert refused.value.response.headers["x-error-message"]


def test_the_query_may_stand_for_the_headers(free: Sandbox, headers: dict[str, str]) -> None:
    query = f"?clientCode=TFA001&feedToken={headers['x-feed-token']}&apiKey={API_KEY}"
    with connect(free.angel_feed_url + query, proxy=None) as line:
        ask(line, 1, [INFY])
        assert len(frame(line)) == 51
    with pytest.raises(InvalidStatus), connect(free.angel_feed_url + query + "x", proxy=None):
        pass


def test_three_connections_and_no_more(free: Sandbox, headers: dict[str, str]) -> None:
    with ExitStack() as three:
        for _ in range(3):
            three.enter_context(connect(free.angel_feed_url, additional_headers=headers, proxy=None))
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(free.angel_feed_url, additional_headers=headers, proxy=None),
        ):
            pass
    assert refused.value.response.status_code == 429


def test_a_connection_ends_with_its_session(feed: ClientConnection, free: Sandbox) -> None:
    ask(feed, 1, [INFY])
    frame(feed)
    free.angel.grants.end_of("TFA002")
    frame(feed)
    free.angel.grants.end_of("TFA001")
    with pytest.raises(ConnectionClosed):
        listen(feed, 100)


def listen(feed: ClientConnection, count: int, seconds: float = 5) -> None:
    """So many messages, unless the other side ends or says nothing for so long."""
    for _ in range(count):
        feed.recv(timeout=seconds)


def test_frames_are_torn_and_silence_falls_as_planned(
    feed: ClientConnection, free: Sandbox, clock: FixedClock
) -> None:
    ask(feed, 2, [INFY])
    assert len(frame(feed)) == 123
    free.angel.faults.plan("truncated_frame")
    clock.advance(timedelta(minutes=1))
    while len(torn := frame(feed)) == 123:
        pass
    assert len(torn) == 61
    free.angel.faults.plan("heartbeat_loss", times=10)
    with pytest.raises(TimeoutError):
        listen(feed, 9, 0.3)
    frame(feed)


def test_orders_are_told_state_by_state(free: Sandbox, headers: dict[str, str]) -> None:
    with connect(free.angel_orders_url, additional_headers=headers, proxy=None) as line:
        hello = said(line)
        assert hello["user-id"] == "TFA001"
        assert (hello["status-code"], hello["order-status"], hello["error-message"]) == ("200", "AB00", "")
        assert len(hello["orderData"]) == 35
        assert not any(hello["orderData"].values())
        free.depot.happen(Trade("angelone", "TFA002", "NSE:TCS", "BUY", 1))
        number = free.depot.happen(Trade("angelone", "TFA001", "NSE:TCS", "BUY", 3))
        told = [said(line) for _ in range(5)]
    assert [one["order-status"] for one in told] == ["AB00", "AB00", "AB09", "AB01", "AB05"]
    last = told[-1]["orderData"]
    assert (last["orderid"], last["orderstatus"], last["filledshares"]) == (str(number), "complete", "3")
    tcs = free.market.price(free.market.universe.of("NSE:TCS"), TRADING) / 100
    assert (last["averageprice"], last["price"]) == (tcs, tcs)
    assert last.keys() == hello["orderData"].keys()
