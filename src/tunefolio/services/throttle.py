"""Counts attempts in moving windows, so that guessing is slow and nobody is locked out for long."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from tunefolio.core.errors import Retry
from tunefolio.core.time import Instant, SystemClock


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `times` attempts with one key within any `window`."""

    name: str
    times: int
    window: timedelta


class Throttle:
    """Moving windows by allowance and key; in memory, or in whatever storage of `limits` is given.

    Keys are kept as hashes. Refused attempts do not count, so a window always ends.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage or MemoryStorage()
        if not isinstance(self._storage, MovingWindowSupport):
            raise TypeError("a throttle needs a storage with moving windows")
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._clock = SystemClock()

    def hit(self, allowance: Allowance, key: str) -> None:
        """Count one attempt; raises Retry telling after what time the next one is let in."""
        item = _item(allowance)
        name = _hashed(key)
        if self._limiter.hit(item, allowance.name, name):
            return
        reset = self._limiter.get_window_stats(item, allowance.name, name).reset_time
        wait = Instant(datetime.fromtimestamp(reset, UTC)) - self._clock.now()
        raise Retry("too many attempts", after=max(wait, timedelta(seconds=1)))

    def forget(self, allowance: Allowance, key: str) -> None:
        """Begin anew for this key, after it proved itself."""
        self._limiter.clear(_item(allowance), allowance.name, _hashed(key))


def _item(allowance: Allowance) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(allowance.times, max(1, round(allowance.window.total_seconds())))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
