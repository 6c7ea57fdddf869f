"""What a request brings along: how much of it is taken in, and how slowly it may come.

A body that drips holds a task and its buffer for as long as its sender likes, so time is given by what has
arrived: a while to begin with, more for each byte. What the house itself does meanwhile does not count.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import Message, Receive


@dataclass(frozen=True, slots=True)
class Pace:
    """The slowest a body may come.

    patience_seconds: what each is given to begin with, and the longest silence within it.
    bytes_per_second: a second more for so many bytes; 0: however slowly it comes.
    """

    patience_seconds: float = 20.0
    bytes_per_second: int = 4 * 1024

    def patience_left(self, taken: int, waited: float) -> float | None:
        """How many seconds the next piece may take, after so many bytes and seconds; None: any."""
        if not self.bytes_per_second:
            return None
        earned = taken / self.bytes_per_second
        return min(self.patience_seconds, self.patience_seconds + earned - waited)


USUAL = Pace()


def is_coming(connection: HTTPConnection) -> bool:
    """Whether a body follows the headers."""
    headers = connection.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def taken(receive: Receive, limit: int, pace: Pace) -> Receive:
    """receive() that raises a 413 once the body outgrows `limit`, whatever its length was said to be, and a
    408 when it comes too slowly. Once it is there, whoever waits on waits for the connection's end."""
    size, waited, is_whole = 0, 0.0, False

    async def take() -> Message:
        nonlocal size, waited, is_whole
        if is_whole:
            return await receive()
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(pace.patience_left(size, waited)):
                message = await receive()
        except TimeoutError:
            raise _too_slow(pace) from None
        waited += time.perf_counter() - begun
        size += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if size > limit:
            raise too_large(limit)
        return message

    return take


def too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"Larger than the limit of {limit / 1_048_576:.0f} MB for one request.")


def _too_slow(pace: Pace) -> HTTPException:
    """What is still on its way is not waited for: the connection ends with the answer."""
    words = (
        f"The request came at less than {pace.bytes_per_second / 1024:g} KB a second, or stood still for "
        f"{pace.patience_seconds:g} seconds."
    )
    return HTTPException(408, words, headers={"connection": "close"})
