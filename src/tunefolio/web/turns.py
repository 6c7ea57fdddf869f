"""Work that hashes a password waits its turn without holding a thread that other requests need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from tunefolio.core.errors import Retry
from tunefolio.services.passwords import AT_ONCE

_Given = TypeVar("_Given")
MOST_WAITING: Final = 200


@dataclass(slots=True)
class _Line:
    """Of one event loop: the threads that hash, and how many are served or wait."""

    threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_ONCE))
    length: int = 0


_line: RunVar[_Line] = RunVar("tunefolio hashing turns")


async def in_turn(work: Callable[[], _Given]) -> _Given:
    """What `work` gives, run in one of the few threads that hash; raises what it raises.

    A hundred people who sign in at once are a hundred small waiting tasks, not a hundred threads. Raises
    Retry when more wait than can be served in decent time.
    """
    try:
        line = _line.get()
    except LookupError:
        line = _Line()
        _line.set(line)
    if line.length >= MOST_WAITING + AT_ONCE:
        raise Retry("many people are signing in at this moment", after=timedelta(seconds=10))
    line.length += 1
    try:
        return await anyio.to_thread.run_sync(work, limiter=line.threads)
    finally:
        line.length -= 1
