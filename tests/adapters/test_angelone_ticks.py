"""Angel One's live prices: frames packed by hand, what of them is news, and a line that is tried again."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tunefolio.adapters.brokers.angelone.line import Line, Patience
from tunefolio.adapters.brokers.angelone.stream import News, subscription
from tunefolio.adapters.brokers.angelone.ticks import Level, note, tick
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market.instruments import Listing

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
MS = int(NOW.utc.timestamp() * 1000)
INFY, OTHER = Listing("NSE", "INFY"), Listing("NSE", "INFY", "EQ")
QUICK = Patience(0.05, 0.4, 0.01, 0.02, most_tries=3)


def ltp(
    token: str = "1594", price: int = 141295, *, exchange: int = 1, ms: int = MS, number: int = 7
) -> bytes:
    return struct.pack("<BB25sqqq", 1, exchange, token.encode(), number, ms, price)


def quote(price: int = 141295, *, ms: int = MS, number: int = 7, volume: int = 5_000_000_000) -> bytes:
    head = struct.pack("<BB25sqqq", 2, 1, b"1594", number, ms, price)
    rest = struct.pack("<qqqddqqqq", 12, 140901, volume, 310.0, 290.0, 139600, 142175, 139555, 138965)
    return head + rest


def snap() -> bytes:
    steps = [struct.pack("<hqqh", 1, 10 * n, 141295 - n, n) for n in range(5)]
    steps += [struct.pack("<hqqh", 0, 20 * n, 141295 + n, n) for n in range(5)]
    tail = struct.pack("<qqqq", 152861, 125068, 200000, 100000)
    head = bytes([3]) + quote()[1:]
    return head + struct.pack("<qqd", MS // 1000, 44, 0.5) + b"".join(steps) + tail


def depth() -> bytes:
    head = struct.pack("<BB25sqq", 4, 1, b"1594", MS, MS)
    return head + b"".join(struct.pack("<iih", n, 141295 - n, n % 7) for n in range(40))


def test_each_mode_has_its_length() -> None:
    assert [len(frame) for frame in (ltp(), quote(), snap(), depth())] == [51, 123, 379, 443]


def test_a_last_price() -> None:
    one = tick(ltp())
    assert (one.mode, one.exchange, one.token, one.sequence) == (1, 1, "1594", 7)
    assert (one.rupees(one.last), one.at) == (Decimal("1412.95"), NOW)
    assert (one.close, one.bids) == (0, ())


def test_a_quote() -> None:
    one = tick(quote())
    assert (one.last, one.last_quantity, one.average, one.volume) == (141295, 12, 140901, 5_000_000_000)
    assert (one.buying, one.selling) == (310, 290)
    assert (one.open, one.high, one.low, one.close) == (139600, 142175, 139555, 138965)


def test_a_snapshot_has_the_book_by_its_flags() -> None:
    one = tick(snap())
    assert tick(quote())._replace(mode=3) == one._replace(
        traded_s=0, open_interest=0, upper=0, lower=0, year_high=0, year_low=0, bids=(), asks=()
    )
    assert (one.traded_s, one.open_interest) == (MS // 1000, 44)
    assert (one.upper, one.lower, one.year_high, one.year_low) == (152861, 125068, 200000, 100000)
    assert one.bids[1] == Level(141294, 10, 1)
    assert one.asks[4] == Level(141299, 80, 4)
    assert (len(one.bids), len(one.asks)) == (5, 5)


def test_twenty_steps_of_the_book() -> None:
    one = tick(depth())
    assert (len(one.bids), len(one.asks), one.at) == (20, 20, NOW)
    assert one.bids[3] == Level(141292, 3, 3)
    assert one.asks[0] == Level(141275, 20, 6)


def test_currencies_have_finer_prices() -> None:
    one = tick(ltp(exchange=13, price=841234500))
    assert one.rupees(one.last) == Decimal("84.12345")


def test_a_torn_or_unknown_frame_is_rejected_and_a_longer_one_read() -> None:
    for whole in (ltp(), quote(), snap(), depth()):
        for cut in range(len(whole)):
            with pytest.raises(Rejected):
                tick(whole[:cut])
        assert tick(whole + b"more of tomorrow") == tick(whole)
    with pytest.raises(Rejected, match="mode 9"):
        tick(b"\x09" + quote()[1:])


@given(st.binary(max_size=500))
def test_no_bytes_break_the_parser(frame: bytes) -> None:
    try:
        told = tick(frame)
    except Rejected:
        return
    assert told.at is None or told.at_ms > 0
    assert isinstance(told.rupees(told.last), Decimal)


def test_text_messages() -> None:
    told = note('{"correlationID": "x", "errorCode": "E1002", "errorMessage": "Limit Exceeded"}')
    assert told is not None
    assert (told.code, told.message) == ("E1002", "Limit Exceeded")
    for other in ("pong", "", "{}", "[]"):
        assert note(other) is None


def test_the_recorded_frame(recorded: Path) -> None:
    shape = json.loads((recorded / "angel" / "ws_frame_ltp.json").read_text())
    one, told = tick(base64.b64decode(shape["b64"])), shape["decoded_by_official_client"]
    assert (one.token, one.sequence, one.at_ms, one.last) == (
        told["token"], told["sequence_number"], told["exchange_timestamp"], told["last_traded_price"],
    )  # fmt: skip


def news() -> News:
    return News({(1, "1594"): [INFY, OTHER]}, FixedClock(NOW))


def test_a_price_is_told_to_every_listing_of_its_token() -> None:
    told = news().read(quote())
    assert told is not None
    assert set(told) == {INFY, OTHER}
    assert (told[INFY].last, told[INFY].previous_close) == (Decimal("1412.95"), Decimal("1389.65"))
    assert told[INFY].as_of == NOW


def test_what_is_sent_again_or_late_is_no_news() -> None:
    one = news()
    assert one.read(quote())
    assert one.read(quote(number=8, ms=MS + 900)) is None, "the same snapshot, sent again"
    assert one.read(quote(price=141300, ms=MS + 2000))
    assert one.read(quote(price=141295, ms=MS + 1000)) is None, "an older price, overtaken"
    assert one.read(quote(price=141300, ms=MS + 2000, volume=5_000_000_001)), "a trade at the same price"
    assert one.read(ltp(token="9")) is None, "nobody asked for it"
    assert one.read(quote(price=0, ms=MS + 9000)) is None, "no price at all"
    assert one.read('{"errorCode": "E1001"}') is None
    with pytest.raises(Rejected):
        one.read(quote()[:60])


def test_one_time_far_ahead_does_not_silence_what_follows() -> None:
    one = news()
    assert one.read(quote(ms=MS + 86_400_000))
    assert one.read(quote(price=141300))


def test_a_price_without_a_time_is_as_of_now() -> None:
    told = news().read(quote(ms=0))
    assert told is not None
    assert told[INFY].as_of == NOW


def test_one_subscription_asks_for_all_exchanges() -> None:
    known = {(1, "1594"): [INFY], (3, "500112"): [INFY], (1, "2885"): [INFY]}
    asked = json.loads(subscription(known))
    assert asked["action"] == 1
    assert asked["params"] == {
        "mode": 2,
        "tokenList": [
            {"exchangeType": 1, "tokens": ["1594", "2885"]},
            {"exchangeType": 3, "tokens": ["500112"]},
        ],
    }


Handler = Callable[[ServerConnection], Awaitable[None]]


async def listening(handler: Handler, *, count: int, deny: int = 0, patience: Patience = QUICK) -> list[Any]:
    """What a line hears of a server with that handler: so many messages. deny: a status at the handshake."""
    found: list[Any] = []

    def check(connection: ServerConnection, _: Request) -> Response | None:
        if not deny:
            return None
        refusal = connection.respond(HTTPStatus(deny), "")
        refusal.headers["x-error-message"] = "Invalid Token"
        return refusal

    async with serve(handler, "127.0.0.1", 0, process_request=check) as server:
        port = server.sockets[0].getsockname()[1]
        line = Line(f"ws://127.0.0.1:{port}/", {"x-feed-token": "feed"}, opening=["hello"], patience=patience)
        async with asyncio.timeout(60), aclosing(line.heard(_text)) as heard:
            async for one in heard:
                found.append(one)
                if len(found) == count:
                    break
    return found


def _text(message: bytes | str) -> str | None:
    if message == b"torn":
        raise Rejected("torn")
    return message if isinstance(message, str) else None


def test_a_line_says_hello_and_pings_and_leaves_out_the_answers() -> None:
    async def handler(connection: ServerConnection) -> None:
        said = [await connection.recv() for _ in range(3)]
        await connection.send("pong")
        await connection.send(json.dumps(said))
        await connection.wait_closed()

    (told,) = asyncio.run(listening(handler, count=1))
    assert json.loads(told) == ["hello", "ping", "ping"]


@pytest.mark.parametrize("how", ["closes", "is silent", "is torn"])
def test_a_line_comes_back_and_says_hello_again(how: str) -> None:
    connections = 0

    async def handler(connection: ServerConnection) -> None:
        nonlocal connections
        connections += 1
        await connection.send(f"{await connection.recv(decode=True)} {connections}")
        if how == "closes":
            await connection.close()
        elif how == "is torn":
            await connection.send(b"torn")
        await connection.wait_closed()

    assert asyncio.run(listening(handler, count=3)) == ["hello 1", "hello 2", "hello 3"]


def test_a_dead_token_is_reauth_and_any_other_refusal_a_pause() -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.wait_closed()

    with pytest.raises(Reauth):
        asyncio.run(listening(handler, count=1, deny=401))
    for status in (403, 429, 503):
        with pytest.raises(Retry, match="does not come back"):
            asyncio.run(listening(handler, count=1, deny=status))


def test_nobody_there_is_retry_after_so_many_tries() -> None:
    async def listen() -> None:
        line = Line("ws://127.0.0.1:9/", {}, patience=QUICK)
        async with aclosing(line.heard(_text)) as heard:
            await anext(heard)

    with pytest.raises(Retry):
        asyncio.run(listen())


def test_the_age_of_a_price_is_that_of_its_exchange() -> None:
    late = MS + int(timedelta(minutes=5) / timedelta(milliseconds=1))
    told = news().read(quote(ms=late))
    assert told is not None
    assert told[INFY].as_of == NOW + timedelta(minutes=5)
