"""The market feed: greeted and subscribed to in JSON, answered in batches of binary packets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from tunefolio.core.time import Instant
from tunefolio.sandbox.faults import FaultKind, framed
from tunefolio.sandbox.kotak.desk import SEGMENTS, KotakDesk, desk_of, symbol_of
from tunefolio.sandbox.kotak.envelope import NeoError
from tunefolio.sandbox.kotak.frames import (
    DIVIDERS,
    EXCHANGES,
    Depth,
    auction_packet,
    index_packet,
    price_packet,
    status_packet,
)
from tunefolio.sandbox.market import Sight
from tunefolio.sandbox.noise import key_of, mix
from tunefolio.sandbox.universe import Kind, Listed

_WELCOME, _SUBSCRIBED = 1119, 1109
_POLICY = 1008
_OPEN, _CLOSED, _AUCTION = 1, 2, 10
_PACKETS_A_FRAME = 200
_EVENTS = {
    "ScripsLite": Depth.LITE, "Scrips": Depth.TOUCH, "Depth": Depth.DEPTH, "FullDepth": Depth.FULL,
    "Indices": None,
}  # fmt: skip

Wanted = tuple[str, Depth | None]
"""A name as the client wrote it, and how much of it; None for an index."""


async def feed(socket: WebSocket) -> None:
    """`/apifeed`: whoever is not logged in is hung up on without a word."""
    desk = desk_of(socket)
    await socket.accept()
    with suppress(WebSocketDisconnect, RuntimeError):
        try:
            told = json.loads(await socket.receive_text())
            user, sid = str(told["user"]), str(told["auth"])
            desk.grants.named(user, sid, desk.clock.now())
        except (ValueError, KeyError, TypeError, NeoError):
            await socket.close(_POLICY)
            return
        exchanges = {name: {"value": number, "divider": DIVIDERS[name]} for name, number in EXCHANGES.items()}
        welcome = {"message_code": _WELCOME, "id": "SFD", "version": 1, "format": "native_batch"}
        await socket.send_text(json.dumps({**welcome, "exchanges": exchanges}))
        await _Connection(socket, desk, user, sid).run()


class _Connection:
    """One client's subscriptions, and what it was told last."""

    def __init__(self, socket: WebSocket, desk: KotakDesk, user: str, sid: str) -> None:
        self._socket = socket
        self._desk = desk
        self._user = user
        self._sid = sid
        self._wanted: dict[Wanted, Listed] = {}
        self._told: dict[object, bytes] = {}
        self._hears_status = False
        self._sequence = 0

    async def run(self) -> None:
        """Until the client leaves or its session ends."""
        pulse = asyncio.create_task(self._pulse())
        try:
            with suppress(WebSocketDisconnect):
                while True:
                    await self._obey(await self._socket.receive_text())
        finally:
            pulse.cancel()
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await pulse

    async def _pulse(self) -> None:
        """What has changed; nothing where nothing has: this feed has no heartbeat of its own."""
        faults = self._desk.faults
        while True:
            await asyncio.sleep(self._desk.tick_seconds)
            try:
                self._desk.grants.named(self._user, self._sid, self._desk.clock.now())
            except NeoError:
                await self._socket.close(_POLICY)
                return
            if faults.stream(FaultKind.HEARTBEAT_LOSS):
                continue
            if faults.stream(FaultKind.CUT_OFF):
                await self._socket.close(1011)
                return
            await self._tell(self._wanted)

    async def _obey(self, text: str) -> None:
        """`{"event": "subscribeScrips", "inputtoken": "nse_cm|11536,…", "ack_symbol": true}` and its kin."""
        try:
            told = json.loads(text)
        except ValueError:
            return
        if not isinstance(told, dict):
            return
        event = str(told.get("event", ""))
        if event in ("subscribeExchange", "unsubscribeExchange"):
            self._hears_status = event.startswith("sub")
            await self._tell(())
            return
        for verb in ("unsubscribe", "subscribe", "snapshot"):
            kind = event.removeprefix(verb)
            if event.startswith(verb) and kind in _EVENTS:
                await self._change(verb, _EVENTS[kind], str(told.get("inputtoken", "")), told)
                return

    async def _change(self, verb: str, depth: Depth | None, names: str, told: dict[str, Any]) -> None:
        """Subscribe, look once, or leave. What is new is told at once, after its names."""
        known = dict(self._known(names.split(","), depth))
        if verb == "unsubscribe":
            for wanted in known:
                self._wanted.pop(wanted, None)
                self._told.pop(wanted, None)
            return
        room = self._desk.rates.tokens - len(self._wanted)
        fresh = [wanted for wanted in known if wanted not in self._wanted]
        for surplus in fresh[max(0, room) :]:
            del known[surplus]
        if told.get("ack_symbol"):
            symbols = {name: symbol_of(one) for (name, _), one in known.items()}
            answer = {"message_code": _SUBSCRIBED, "trading_symbols": symbols}
            await self._socket.send_text(json.dumps(answer))
        kept = dict(self._wanted)
        self._wanted.update(known)
        for wanted in known:
            self._told.pop(wanted, None)
        await self._tell(known)
        if verb == "snapshot":
            self._wanted = kept

    def _known(self, names: Iterable[str], depth: Depth | None) -> Iterator[tuple[Wanted, Listed]]:
        """An index may be asked for among the scrips by its name: it comes as an index all the same."""
        for name in names:
            segment, _, token = name.strip().partition("|")
            listed = self._desk.find(segment, token)
            if listed is not None:
                is_index = listed.company.kind is Kind.INDEX
                if is_index or depth is not None:
                    yield (name.strip(), None if is_index else depth), listed

    async def _tell(self, wanted: Iterable[Wanted]) -> None:
        """Send what differs from what was told last, so many packets in one message."""
        now = self._desk.clock.now()
        fresh = [packet for packet in self._packets(wanted, now) if packet]
        for start in range(0, len(fresh), _PACKETS_A_FRAME):
            frame = b"".join(fresh[start : start + _PACKETS_A_FRAME])
            await self._socket.send_bytes(framed(self._desk.faults, frame))

    def _packets(self, wanted: Iterable[Wanted], now: Instant) -> Iterator[bytes]:
        market = self._desk.market
        if self._hears_status:
            for segment in SEGMENTS.values():
                yield self._new(("status", segment), self._status(segment, now))
        for name, depth in tuple(wanted):
            listed = self._wanted[name, depth]
            exchange = EXCHANGES[SEGMENTS[listed.exchange]]
            sight = market.sight(listed, now)
            if depth is None:
                index = name.partition("|")[2]
                packet = index_packet(sight, index, exchange=exchange, sequence=self._sequence)
            else:
                book, number = market.depth(sight), self._sequence
                packet = price_packet(sight, depth, book=book, exchange=exchange, sequence=number)
            yield self._new((name, depth), packet)
            if depth not in (None, Depth.LITE) and _is_auction(market.window(listed, sight.day), now):
                yield self._new(("auction", name), self._auction(sight, exchange))

    def _new(self, what: object, packet: bytes) -> bytes:
        """The packet, or nothing where it says what the last one said; the sequence number aside."""
        plain = packet[:7] + packet[8:]
        if self._told.get(what) == plain:
            return b""
        self._told[what] = plain
        self._sequence += 1
        return packet

    def _status(self, segment: str, now: Instant) -> bytes:
        sessions = self._desk.market.sessions
        window = sessions.with_auction(sessions.current(now))
        code = _OPEN if now < window.end else _AUCTION if _is_auction(window, now) else _CLOSED
        return status_packet(code, EXCHANGES[segment], sequence=self._sequence)

    def _auction(self, sight: Sight, exchange: int) -> bytes:
        word = mix(key_of(self._desk.market.seed, "auction", sight.listed.key, sight.day.iso()), 0)
        imbalance = word % 20_001 - 10_000
        return auction_packet(
            sight.listed,
            sight.last,
            imbalance=imbalance,
            at_market=imbalance // 4,
            exchange=exchange,
            sequence=self._sequence,
        )


def _is_auction(window: Any, now: Instant) -> bool:
    return bool(window.end <= now < window.final)
