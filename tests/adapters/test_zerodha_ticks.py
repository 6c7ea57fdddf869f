"""Kite's live prices: frames by hand, and the client against a real WebSocket server on loopback."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Callable, Mapping
from contextlib import aclosing
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from tunefolio.adapters.brokers.zerodha import stream, ticks, wire
from tunefolio.adapters.brokers.zerodha.kite import Pass
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import QuoteClaim

NOW = Instant.parse("2026-11-20T10:00:00+05:30")
SECOND = 1795168800
INFY = 408065
INDEX = 256265


def frame(*packets: bytes) -> bytes:
    return struct.pack(">H", len(packets)) + b"".join(struct.pack(">H", len(p)) + p for p in packets)


def ltp(token: int, price: int) -> bytes:
    return struct.pack(">II", token, price)


def quote(token: int, price: int, close: int) -> bytes:
    return struct.pack(">11I", token, price, 7, price - 100, 5_000_000_000 % 2**32, 11, 12, 1, 2, 3, close)


def full(token: int, price: int, close: int) -> bytes:
    head = quote(token, price, close) + struct.pack(">5I", SECOND - 5, 900, 950, 850, SECOND)
    steps = (struct.pack(">IIHxx", 10 * step, price - step, step) for step in range(1, 11))
    return head + b"".join(steps)


def test_a_last_price() -> None:
    (found,) = ticks.ticks(frame(ltp(INFY, 156040)))
    assert (found.token, found.last, found.close, found.is_tradable) == (INFY, Decimal("1560.4"), None, True)


def test_an_index_short_and_full() -> None:
    short = struct.pack(">7I", INDEX, 2601025, 2610000, 2590000, 2600000, 2599000, 2025)
    one, two = ticks.ticks(frame(short, short + struct.pack(">I", SECOND)))
    assert (one.last, one.high, one.low, one.open, one.close, one.at) == (
        Decimal("26010.25"),
        Decimal(26100),
        Decimal(25900),
        Decimal(26000),
        Decimal(25990),
        None,
    )
    assert two.at == Instant.parse("2026-11-20T15:30:00+05:30")
    assert not one.is_tradable


def test_a_quote_and_a_full_packet() -> None:
    brief, whole = ticks.ticks(frame(quote(INFY, 156040, 155510), full(INFY, 156040, 155510)))
    for tick in (brief, whole):
        assert (tick.last, tick.close, tick.last_quantity) == (Decimal("1560.4"), Decimal("1555.1"), 7)
        assert (tick.buy_quantity, tick.sell_quantity) == (11, 12)
        assert (tick.open, tick.high, tick.low) == (Decimal("0.01"), Decimal("0.02"), Decimal("0.03"))
    assert (brief.at, brief.bids, brief.open_interest) == (None, (), None)
    assert whole.open_interest == 900
    assert whole.last_trade == whole.at - _seconds(5) if whole.at else False
    assert whole.bids[0] == ticks.Level(Decimal("1560.39"), 10, 1)
    assert whole.asks[4] == ticks.Level(Decimal("1560.30"), 100, 10)


@pytest.mark.parametrize(("segment", "price"), [(3, "0.1234567"), (6, "123.4567"), (12, "123.4567")])
def test_currencies_have_finer_prices(segment: int, price: str) -> None:
    assert ticks.tick(ltp(256 * 9 + segment, 1_234_567)).last == Decimal(price)


@pytest.mark.parametrize("segment", [1, 2, 4, 5, 7, 8, 9])
def test_all_others_are_in_paise(segment: int) -> None:
    assert ticks.tick(ltp(256 * 9 + segment, 1_234_567)).last == Decimal("12345.67")


def test_a_heartbeat_is_no_tick() -> None:
    assert list(ticks.ticks(b"\x00")) == []
    assert list(ticks.ticks(b"")) == []
    assert list(ticks.ticks(frame())) == []


def test_a_torn_or_unknown_frame_is_rejected() -> None:
    whole = frame(ltp(INFY, 1), ltp(INFY, 2))
    for cut in range(2, len(whole)):
        with pytest.raises(Rejected):
            list(ticks.ticks(whole[:cut]))
    with pytest.raises(Rejected, match="9 bytes"):
        list(ticks.ticks(frame(b"123456789")))


def test_text_messages() -> None:
    assert ticks.note('{"type": "order", "data": {"order_id": "1"}}') == ticks.Note(
        "order", {"order_id": "1"}
    )
    for wrong in ("", "[]", '{"data": 1}', "{"):
        with pytest.raises(Rejected):
            ticks.note(wrong)


def test_the_recorded_frames(recorded: Path) -> None:
    shape = json.loads((recorded / "kite" / "ws_frame_ltp_and_heartbeat.json").read_text())
    assert list(ticks.ticks(base64.b64decode(shape["heartbeat_b64"]))) == []
    (found,) = ticks.ticks(base64.b64decode(shape["ltp_frame_b64"]))
    assert (found.token, found.last) == (INFY, Decimal("1573.15"))
    expected = json.loads((recorded / "kite" / "ticker_full.json").read_text(), parse_float=Decimal)
    whole = ticks.tick(base64.b64decode((recorded / "kite" / "ticker_full.packet").read_bytes()))
    assert (whole.last, whole.close) == (expected["last_price"], expected["ohlc"]["close"])
    assert whole.volume == expected["volume"]
    book = [(level.price, level.quantity, level.orders) for level in whole.bids + whole.asks]
    sides = expected["depth"]["buy"] + expected["depth"]["sell"]
    assert book == [(step["price"], step["quantity"], step["orders"]) for step in sides]
    assert whole.at == Instant.parse(expected["timestamp"])


Handler = Callable[[ServerConnection], Any]
Found = list[Mapping[Listing, QuoteClaim]]


def listen(handler: Handler, wanted: int, *, status: HTTPStatus | None = None) -> tuple[Found, list[str]]:
    """Run a server and a stream until `wanted` batches have come; (batches, paths asked)."""
    paths: list[str] = []

    def gate(line: ServerConnection, request: Request) -> Response | None:
        paths.append(request.path)
        return line.respond(status, "no") if status else None

    async def session() -> Found:
        async with serve(handler, "127.0.0.1", 0, process_request=gate) as server:
            port = server.sockets[0].getsockname()[1]
            leave = Pass("key", Secret("day-token"))
            line = stream.TickStream(
                f"ws://127.0.0.1:{port}", leave, FixedClock(NOW), first_pause_seconds=0.01
            )
            found: Found = []
            async with aclosing(line.quotes({INFY: Listing("NSE", "INFY")})) as batches:
                async for batch in batches:
                    found.append(batch)
                    if len(found) == wanted:
                        break
            return found

    return asyncio.run(asyncio.wait_for(session(), 10)), paths


def test_the_stream_subscribes_and_yields_quotes() -> None:
    heard: list[Any] = []

    async def kite(line: ServerConnection) -> None:
        heard.extend([json.loads(await line.recv()), json.loads(await line.recv())])
        await line.send(b"\x00")
        await line.send('{"type": "message", "data": "hello"}')
        await line.send('{"type": "error", "data": "odd"}')
        await line.send(frame(ltp(999, 5), quote(INFY, 156040, 155510)))
        await line.send(frame(full(INFY, 156050, 0)))
        await line.wait_closed()

    found, paths = listen(kite, 2)
    infy = Listing("NSE", "INFY")
    assert found[0] == {infy: QuoteClaim(infy, Decimal("1560.4"), Decimal("1555.1"), NOW)}
    assert found[1][infy].as_of == Instant.parse("2026-11-20T15:30:00+05:30")
    assert found[1][infy].previous_close is None
    assert heard == [{"a": "subscribe", "v": [INFY]}, {"a": "mode", "v": ["full", [INFY]]}]
    assert paths == ["/?api_key=key&access_token=day-token"]


def test_the_stream_comes_back_and_subscribes_again() -> None:
    heard: list[Any] = []

    async def kite(line: ServerConnection) -> None:
        heard.append(json.loads(await line.recv()))
        await line.recv()
        await line.send(frame(quote(INFY, 100 * len(heard), 1)))
        await line.close(1011)

    found, paths = listen(kite, 3)
    assert [batch[Listing("NSE", "INFY")].last for batch in found] == [1, 2, 3]
    assert len(paths) == len(heard) == 3


@pytest.mark.parametrize(
    "odd",
    [frame(quote(INFY, 200, 1))[:20], frame(b"123456789"), "{", frame(*[quote(INFY, 200, 1)] * 70)[:500]],
    ids=["torn", "unknown packet", "text that is no JSON", "torn among many"],
)
def test_a_message_that_breaks_off_costs_a_connection_and_not_the_stream(odd: str | bytes) -> None:
    lines = 0

    async def kite(line: ServerConnection) -> None:
        nonlocal lines
        lines += 1
        await line.recv()
        await line.recv()
        await line.send(frame(quote(INFY, 100 * lines, 1)))
        if lines == 1:
            await line.send(odd)
        await line.wait_closed()

    found, paths = listen(kite, 2)
    assert [batch[Listing("NSE", "INFY")].last for batch in found] == [1, 2]
    assert len(paths) == 2


def test_a_stream_that_is_always_torn_is_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heartbeats between do not make it a good one: it would be asked for ever."""
    monkeypatch.setattr(wire, "MOST_TRIES", 3)
    lines: list[str] = []

    async def kite(line: ServerConnection) -> None:
        lines.append("reached")
        await line.send(b"\x00")
        await line.send(frame(quote(INFY, 200, 1))[:20])
        await line.wait_closed()

    with pytest.raises(Retry):
        listen(kite, 1)
    assert len(lines) == 3


def test_a_dead_token_ends_the_stream() -> None:
    async def never(line: ServerConnection) -> None:
        raise AssertionError("refused at the handshake")

    with pytest.raises(Reauth):
        listen(never, 1, status=HTTPStatus.FORBIDDEN)


def test_a_stream_that_stays_away_is_retry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_TRIES", 3)
    paths: list[str] = []

    async def never(line: ServerConnection) -> None:
        paths.append("reached")

    with pytest.raises(Retry):
        listen(never, 1, status=HTTPStatus.BAD_GATEWAY)
    assert paths == []


def test_too_many_instruments() -> None:
    async def ask() -> None:
        line = stream.TickStream("ws://127.0.0.1:9", Pass("k", Secret("t")), FixedClock(NOW))
        many = {token: Listing("NSE", str(token)) for token in range(3_001)}
        async for _ in line.quotes(many):
            raise AssertionError("nothing comes")

    with pytest.raises(Misuse, match="3001"):
        asyncio.run(ask())


def _seconds(count: int) -> Any:
    from datetime import timedelta

    return timedelta(seconds=count)
