"""python -m bench.live_clients PORT HOME KIND CLIENTS SECONDS PID: live clients that only read the clock.

Each watches 50 of the symbols. Prints JSON: latencies from publishing to receiving in milliseconds, quotes.
"""

from __future__ import annotations

import asyncio
import os
import random
import struct
import sys
import time
from datetime import datetime
from functools import partial
from pathlib import Path

import orjson

EACH = 50
_MARK = b'"as_of":"'
_CONNECTING = 50


class Reader(asyncio.Protocol):
    """Finds the messages of one connection, and when the quotes in them were published."""

    latencies: list[float] = []  # noqa: RUF012 - one list for all connections is the point
    moments: dict[bytes, float] = {}  # noqa: RUF012
    quotes = 0
    is_counting = False

    def __init__(self, head: bytes, message: bytes, kind: str) -> None:
        self._head, self._message = head, message
        self._is_ws = kind == "ws"
        self._held = b""
        self._is_open = False
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        arrived = time.time()
        held = self._held + data if self._held else data
        if not self._is_open:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                self._held = held
                return
            if not held.startswith((b"HTTP/1.1 101", b"HTTP/1.1 200")):
                raise RuntimeError(held[:200])
            self._is_open, held = True, held[end + 4 :]
            if self._message:
                self._transport.write(self._message)
            self.opened.set_result(None)
        self._held = self._frames(held, arrived) if self._is_ws else self._events(held, arrived)

    def _frames(self, held: bytes, arrived: float) -> bytes:
        place, size = 0, len(held)
        while size - place >= 2:
            length, start = held[place + 1], place + 2
            if length == 126:
                if size - place < 4:
                    break
                length, start = struct.unpack_from(">H", held, place + 2)[0], place + 4
            elif length == 127:
                if size - place < 10:
                    break
                length, start = struct.unpack_from(">Q", held, place + 2)[0], place + 10
            if size < start + length:
                break
            self._read(held, start, start + length, arrived)
            place = start + length
        return held[place:]

    def _events(self, held: bytes, arrived: float) -> bytes:
        place = 0
        while (end := held.find(b"\n\n", place)) >= 0:
            self._read(held, place, end, arrived)
            place = end + 2
        return held[place:]

    def _read(self, held: bytes, start: int, end: int, arrived: float) -> None:
        if not Reader.is_counting:
            return
        place = held.find(_MARK, start, end)
        if place < 0:
            return
        text = held[place + 9 : place + 41]
        moment = Reader.moments.get(text)
        if moment is None:
            moment = Reader.moments[text] = datetime.fromisoformat(text.decode()).timestamp()
        Reader.latencies.append(arrived - moment)
        Reader.quotes += held.count(_MARK, start, end)


async def run(port: int, home: Path, kind: str, clients: int, seconds: float, pid: int) -> None:
    ids = (home / "ids").read_text().split(",")
    signed = (home / "cookie").read_text()
    chance = random.Random(2026)
    loop = asyncio.get_running_loop()
    for start in range(0, clients, _CONNECTING):
        some = []
        for _ in range(min(_CONNECTING, clients - start)):
            head, message = asked(port, signed, kind, chance.sample(ids, EACH))
            made = partial(Reader, head, message, kind)
            _, reader = await loop.create_connection(made, "127.0.0.1", port)
            some.append(reader.opened)
        await asyncio.wait_for(asyncio.gather(*some), 60)
    await asyncio.sleep(2.5)
    Reader.is_counting = True
    before, served = time.process_time(), cpu_seconds(pid)
    await asyncio.sleep(seconds)
    Reader.is_counting = False
    told = {
        "latencies_ms": [round(1000 * each, 3) for each in Reader.latencies],
        "quotes": Reader.quotes,
        "own_cpu": (time.process_time() - before) / seconds,
        "cpu": (cpu_seconds(pid) - served) / seconds,
    }
    sys.stdout.buffer.write(orjson.dumps(told))


def cpu_seconds(pid: int) -> float:
    """Processor time a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def asked(port: int, signed: str, kind: str, ids: list[str]) -> tuple[bytes, bytes]:
    """The request that opens the connection, and the first message on it."""
    lines = [f"Host: localhost:{port}", f"Cookie: {signed}"]
    if kind == "sse":
        path = f"/live/stream?instruments={','.join(ids)}"
        return ("\r\n".join([f"GET {path} HTTP/1.1", *lines]) + "\r\n\r\n").encode(), b""
    upgrade = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    text = orjson.dumps({"subscribe": {"instruments": [int(id) for id in ids]}})
    frame = struct.pack(">BBH", 0x81, 0xFE, len(text)) + bytes(4) + text
    return ("\r\n".join(["GET /ws/live HTTP/1.1", *lines, *upgrade, key]) + "\r\n\r\n").encode(), frame


if __name__ == "__main__":
    asyncio.run(
        run(
            int(sys.argv[1]),
            Path(sys.argv[2]),
            sys.argv[3],
            int(sys.argv[4]),
            float(sys.argv[5]),
            int(sys.argv[6]),
        )
    )
