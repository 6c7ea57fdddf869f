"""Counts attempts in moving windows, so that guessing is slow and nobody is locked out for long."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from tunefolio.core.errors import Retry
from tunefolio.core.time import Instant, SystemClock


class TooMany(Retry):
    """Too many attempts; wait before the next."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `times` attempts with one key within any `window`."""

    name: str
    times: int
    window: timedelta


class Throttle:
    """Moving windows by allowance and key; in memory, or in whatever storage of `limits` is given.

    Keys are kept as hashes. Refused attempts do not count, so a window always ends. While a shared storage is
    away each process counts for itself: less strict, never open.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage or MemoryStorage()
        if not isinstance(self._storage, MovingWindowSupport):
            raise TypeError("a throttle needs a storage with moving windows")
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._spare = MovingWindowRateLimiter(MemoryStorage())
        self._clock = SystemClock()

    def hit(self, allowance: Allowance, key: str) -> None:
        """Count one attempt; raises TooMany telling after what time the next one is let in."""
        try:
            reset = _refused(self._limiter, allowance, key)
        except StorageError:
            reset = _refused(self._spare, allowance, key)
        if reset is None:
            return
        wait = Instant(datetime.fromtimestamp(reset, UTC)) - self._clock.now()
        raise TooMany("too many attempts", after=max(wait, timedelta(seconds=1)))

    def forget(self, allowance: Allowance, key: str) -> None:
        """Begin anew for this key, after it proved itself."""
        for limiter in (self._limiter, self._spare):
            with suppress(StorageError):
                limiter.clear(_item(allowance), allowance.name, _hashed(key))


def _refused(limiter: MovingWindowRateLimiter, allowance: Allowance, key: str) -> float | None:
    """Count one attempt: None when it is let in, else the second of the epoch at which the next one is."""
    item, name = _item(allowance), _hashed(key)
    if limiter.hit(item, allowance.name, name):
        return None
    return limiter.get_window_stats(item, allowance.name, name).reset_time


def _item(allowance: Allowance) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(allowance.times, max(1, round(allowance.window.total_seconds())))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
