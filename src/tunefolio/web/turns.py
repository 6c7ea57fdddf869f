"""Work that hashes a password waits its turn without holding a thread that other requests need."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from tunefolio.services.passwords import AT_ONCE

_Given = TypeVar("_Given")
_limiter: RunVar[CapacityLimiter] = RunVar("tunefolio hashing turns")


async def in_turn(work: Callable[[], _Given]) -> _Given:
    """What `work` gives, run in one of the few threads that hash; raises what it raises.

    A hundred people who sign in at once are a hundred small waiting tasks, not a hundred threads.
    """
    try:
        turns = _limiter.get()
    except LookupError:
        turns = CapacityLimiter(AT_ONCE)
        _limiter.set(turns)
    return await anyio.to_thread.run_sync(work, limiter=turns)
