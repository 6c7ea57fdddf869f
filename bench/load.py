"""A small HTTP/1.1 client that asks one address again and again over kept connections, without parsing more
than it must, so that the server and not the client is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: answers, seconds, and each answer's latency in milliseconds."""

    answers: int
    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


def press(
    url: str, *, cookie: str = "", connections: int = 8, seconds: float = 3.0, headers: Sequence[str] = ()
) -> Load:
    """Ask `url` over `connections` connections for `seconds`, at least once; any answer but 200 raises.

    headers: whole lines, sent with each question.
    """
    lines = [*headers, f"Cookie: {cookie}"] if cookie else headers
    return asyncio.run(_press(url, lines, connections, seconds))


async def _press(url: str, headers: Sequence[str], connections: int, seconds: float) -> Load:
    started = time.perf_counter()
    until = started + seconds
    results = await asyncio.gather(*(_ask(url, headers, until) for _ in range(connections)))
    latencies = tuple(latency for result in results for latency in result)
    return Load(len(latencies), time.perf_counter() - started, latencies)


async def _ask(url: str, headers: Sequence[str], until: float) -> list[float]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: localhost:{parts.port}",
        "Accept: application/json, text/html",
        "Accept-Encoding: gzip",
        *headers,
    ]
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    latencies: list[float] = []
    try:
        while not latencies or time.perf_counter() < until:
            asked = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{url} answered {head[:60]!r}")
            await _body(reader, head.lower())
            latencies.append((time.perf_counter() - asked) * 1000)
    finally:
        writer.close()
    return latencies


async def _body(reader: asyncio.StreamReader, head: bytes) -> None:
    place = head.find(b"content-length:")
    if place >= 0:
        await reader.readexactly(int(head[place + 15 : head.index(b"\r\n", place)]))
        return
    while size := int(await reader.readline(), 16):
        await reader.readexactly(size + 2)
    await reader.readline()
