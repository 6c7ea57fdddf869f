"""Ticks, decoded here by struct alone, from the broker's published layout."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.conftest import KEY, TRADING, access_token, at
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.serve import Sandbox

INFY, NIFTY, MANDM = 408065, 256265, 2031 * 256 + 1


def opened(sandbox: Sandbox, token: str) -> ClientConnection:
    return connect(f"{sandbox.kite_stream_url}/?api_key={KEY}&access_token={token}", proxy=None)


def enter(sandbox: Sandbox, token: str) -> None:
    """Open a connection and leave again."""
    with opened(sandbox, token):
        pass


@pytest.fixture
def socket(sandbox: Sandbox) -> Iterator[ClientConnection]:
    with opened(sandbox, access_token(sandbox)) as connection:
        yield connection


def say(socket: ClientConnection, action: str, value: Any) -> None:
    socket.send(json.dumps({"a": action, "v": value}))


def packets(socket: ClientConnection) -> list[bytes]:
    """The packets of the next frame that is no heartbeat."""
    while True:
        frame = socket.recv(timeout=30)
        assert isinstance(frame, bytes), frame
        if len(frame) > 1:
            break
        assert frame == b"\x00"
    (count,) = struct.unpack_from(">H", frame)
    result, place = [], 2
    for _ in range(count):
        (length,) = struct.unpack_from(">H", frame, place)
        result.append(frame[place + 2 : place + 2 + length])
        place += 2 + length
    assert place == len(frame)
    return result


def test_every_mode_has_its_layout(socket: ClientConnection, sandbox: Sandbox) -> None:
    sight = sandbox.market.sight(sandbox.market.universe.of("NSE:INFY"), TRADING)
    say(socket, "mode", ["ltp", [INFY]])
    assert packets(socket) == [struct.pack(">2I", INFY, sight.last)]
    say(socket, "mode", ["quote", [INFY]])
    (quote,) = packets(socket)
    assert len(quote) == 44
    words = struct.unpack(">11I", quote)
    assert words[:2] == (INFY, sight.last)
    assert words[4] == sight.volume
    assert words[7:] == (sight.open, sight.high, sight.low, sight.previous_close)
    say(socket, "mode", ["full", [INFY]])
    (full,) = packets(socket)
    assert len(full) == 184
    assert full[:44] == quote
    stamps = struct.unpack_from(">5I", full, 44)
    assert stamps[0] == stamps[4] == int(TRADING.utc.timestamp())
    book = [struct.unpack_from(">IIHH", full, 64 + 12 * line) for line in range(10)]
    bids, asks = sandbox.market.depth(sight)
    assert book == [(one.quantity, one.price, one.orders, 0) for one in (*bids, *asks)]


def test_an_index_has_shorter_packets(socket: ClientConnection, sandbox: Sandbox) -> None:
    sight = sandbox.market.sight(sandbox.market.universe.of("NSE:NIFTY 50"), TRADING)
    say(socket, "subscribe", [NIFTY])
    (quote,) = packets(socket)
    values = (NIFTY, sight.last, sight.high, sight.low, sight.open, sight.previous_close)
    assert struct.unpack(">6I", quote[:24]) == values
    assert struct.unpack(">i", quote[24:28]) == (sight.last - sight.previous_close,)
    assert len(quote) == 28
    say(socket, "mode", ["full", [NIFTY]])
    (full,) = packets(socket)
    assert len(full) == 32


def test_prices_come_when_they_move_and_heartbeats_when_they_do_not(
    socket: ClientConnection, sandbox: Sandbox, clock: FixedClock
) -> None:
    say(socket, "subscribe", [INFY, MANDM])
    assert {struct.unpack_from(">I", one)[0] for one in packets(socket)} == {INFY, MANDM}
    assert [socket.recv(timeout=30) for _ in range(3)] == [b"\x00"] * 3
    clock.set(at("2026-11-20T11:07:40"))
    moved = {struct.unpack_from(">2I", one) for one in packets(socket)}
    market = sandbox.market
    assert (INFY, market.price(market.universe.of("NSE:INFY"), clock.now())) in moved
    say(socket, "unsubscribe", [INFY, MANDM])
    clock.set(at("2026-11-20T11:09:00"))
    assert all(socket.recv(timeout=30) == b"\x00" for _ in range(3))


def test_nonsense_is_answered_in_words(socket: ClientConnection) -> None:
    for text in ("{", '{"a": "dance"}', '{"a": "mode", "v": ["loud", [1]]}', '{"a": "subscribe", "v": [1]}'):
        socket.send(text)
        answer = socket.recv(timeout=30)
        while answer == b"\x00":
            answer = socket.recv(timeout=30)
        assert isinstance(answer, str)
        assert json.loads(answer)["type"] == "error"


def test_a_dead_token_is_refused_at_the_handshake(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidStatus) as refused:
        enter(sandbox, "dead")
    assert refused.value.response.status_code == 403


def test_three_connections_and_no_more(sandbox: Sandbox) -> None:
    token = access_token(sandbox)
    with ExitStack() as three:
        for _ in range(3):
            three.enter_context(opened(sandbox, token))
        with pytest.raises(InvalidStatus) as refused:
            enter(sandbox, token)
    assert refused.value.response.status_code == 429


def test_a_connection_ends_with_its_session(socket: ClientConnection, sandbox: Sandbox) -> None:
    say(socket, "mode", ["ltp", [INFY]])
    packets(socket)
    sandbox.grants.end_all()
    with pytest.raises(ConnectionClosed):
        listen(socket)


def listen(socket: ClientConnection) -> None:
    """Until the other side ends it, for five seconds at most."""
    for _ in range(100):
        socket.recv(timeout=30)
