"""Kotak's two lines against a server that behaves as a test says: refusals, silence, senseless messages."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.adapters.broker_samples.kotakneo import ORDER, PASS
from tests.adapters.test_kotakneo_ticks import NOW, mini
from tunefolio.adapters.brokers.kotakneo import stream, updates, wire
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol, claim_of
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.time import FixedClock
from tunefolio.market.instruments import Listing

WELCOME = json.dumps({"ak": "ok", "type": "cn", "msg": "connected"})
TCS = Listing("NSE", "TCS")
Behaviour = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def behaving(behaviour: Behaviour, status: HTTPStatus | None = None) -> AsyncIterator[str]:
    """A server's address; with a status it refuses every handshake so."""

    def refuse(line: ServerConnection, _: object) -> Any:
        return None if status is None else line.respond(status, "no\n")

    async with serve(behaviour, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}"


async def silent(line: ServerConnection) -> None:
    """Listens, and says nothing."""
    async for _ in line:
        pass


class Probe:
    """The call of the account: how often it was asked, and what it answers."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.asked = 0
        self._problem = problem

    def __call__(self) -> None:
        self.asked += 1
        if self._problem is not None:
            raise self._problem


def line_at(url: str, greet: wire.Greet, probe: Probe) -> wire.Line:
    return wire.Line(url, greet, probe, first_pause_seconds=0.001, silence_seconds=0.2)


async def nothing(_: wire.Socket) -> None:
    """A greeting without words."""


async def messages(line: wire.Line, count: int) -> list[str | bytes]:
    heard: list[str | bytes] = []
    async with asyncio.timeout(60), aclosing(line.messages()) as told:
        async for message in told:
            heard.append(message)
            if len(heard) == count:
                break
    return heard


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
def test_a_handshake_refused_is_a_dead_session(status: HTTPStatus) -> None:
    async def listen() -> None:
        async with behaving(silent, status) as url:
            await messages(line_at(url, nothing, Probe()), 1)

    with pytest.raises(Reauth):
        asyncio.run(listen())


@pytest.mark.parametrize("problem", [None, Retry("away"), Rejected("odd")])
def test_a_line_that_stays_down_is_retry_in_the_end(
    problem: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_TRIES", 3)
    monkeypatch.setattr(wire, "LONGEST_PAUSE_SECONDS", 0.002)
    probe = Probe(problem)

    async def listen() -> None:
        async with behaving(silent, HTTPStatus.BAD_GATEWAY) as url:
            await messages(line_at(url, nothing, probe), 1)

    with pytest.raises(Retry, match="does not come back"):
        asyncio.run(listen())
    assert probe.asked == 3


def test_a_line_that_spoke_and_fell_silent_is_opened_again_without_asking_the_account() -> None:
    probe = Probe()

    async def once(line: ServerConnection) -> None:
        await line.send("news")
        await silent(line)

    async def listen() -> list[str | bytes]:
        async with behaving(once) as url:
            return await messages(line_at(url, nothing, probe), 3)

    assert asyncio.run(listen()) == ["news"] * 3
    assert probe.asked == 0


def test_prices_before_the_welcome_are_passed_over() -> None:
    """Without dividers they mean nothing."""

    async def eager(line: ServerConnection) -> None:
        await line.recv()
        await line.send(mini())
        await line.send(json.dumps({"message_code": 1119, "exchanges": {"x": {"value": 1, "divider": 1000}}}))
        await line.send(json.dumps({"message_code": 1109, "trading_symbols": {}}))
        await line.send(mini())
        await silent(line)

    async def listen() -> Any:
        asked = {Symbol("nse_cm", "11536"): [TCS]}
        clock = FixedClock(NOW)
        greeting = stream.Greeting(PASS, clock, list(asked))
        async with behaving(eager) as url, asyncio.timeout(60):
            told = stream.quotes(line_at(url, greeting, Probe()), greeting, asked, clock)
            async with aclosing(told) as prices:
                return await anext(prices)

    assert str(asyncio.run(listen())[TCS].last) == "315.05"


def test_both_greetings_of_the_order_feed_are_tried_in_turn() -> None:
    heard: list[str] = []

    async def picky(line: ServerConnection) -> None:
        """Hangs up on the first, keeps silent at the second, answers the third otherwise."""
        heard.append(str(await line.recv()))
        if len(heard) == 1:
            await line.close(1008)
        elif len(heard) == 2:
            await silent(line)
        else:
            await line.send('{"ak": "nok"}' if len(heard) == 3 else WELCOME)
            await line.send("after")
            await silent(line)

    async def listen() -> list[str | bytes]:
        hello = updates.Hello(PASS, answer_seconds=0.1)
        async with behaving(picky) as url:
            return await messages(line_at(url, hello, Probe()), 1)

    assert asyncio.run(listen()) == ["after"]
    assert [text.startswith('{"type"') for text in heard] == [True, False, True, False]
    assert "{type:cn,Authorization:hush-auth,Sid:hush-sid,src:WEB}" in heard


def test_a_message_without_sense_is_logged_and_the_next_one_told(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str | bytes] = [
        "not JSON",
        b"\x00\x01",
        "[]",
        WELCOME,
        json.dumps({"type": "position", "data": {"sym": "INFY"}}),
        json.dumps({"type": "moon", "data": {}}),
        json.dumps({"type": "order", "data": None}),
        json.dumps({"type": "order", "data": {**ORDER, "qty": "many"}}),
        json.dumps({"type": "order", "data": {**ORDER, "ordSt": "melted", "new": 1}}),
    ]

    async def talk(line: ServerConnection) -> None:
        await line.recv()
        await line.send(WELCOME)
        for message in told:
            await line.send(message)
        await silent(line)

    async def listen() -> Any:
        async with behaving(talk) as url, asyncio.timeout(60):
            line = line_at(url, updates.Hello(PASS), Probe())
            async with aclosing(updates.updates(line, claim_of)) as reports:
                return await anext(reports)

    with caplog.at_level(logging.WARNING):
        report = asyncio.run(listen())
    assert (report.status, report.state) == ("melted", "unknown")
    odd = [record for record in caplog.records if record.message == "updates.odd"]
    assert len(odd) == 2
    assert "qty" in odd[1].problem  # type: ignore[attr-defined]


def test_no_token_is_written_when_the_library_is_asked_to_say_all(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG it would write every message that is sent."""

    async def welcome(line: ServerConnection) -> None:
        await line.recv()
        await line.send(WELCOME)
        await line.send("x")
        await silent(line)

    async def listen() -> None:
        async with behaving(welcome) as url:
            await messages(line_at(url, updates.Hello(PASS), Probe()), 1)

    assert logging.getLogger("websockets").level == logging.WARNING
    caplog.set_level(logging.DEBUG)
    asyncio.run(listen())
    assert "hush" not in caplog.text
