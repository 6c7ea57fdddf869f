"""Counts attempts in moving windows, so that guessing is slow and nobody is locked out for long."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from tunefolio.core.errors import Retry
from tunefolio.core.time import Instant, SystemClock
from tunefolio.services.windows import ProcessMemory

LONGEST_PAUSE = timedelta(seconds=60)


class TooMany(Retry):
    """Too many attempts; wait before the next."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `times` attempts with one key within any `window`.

    free: attempts in a row without a pause; after these each is followed by one twice as long as the one
    before: 1 s, 2 s, 4 s … up to a minute. None: no pauses.
    """

    name: str
    times: int
    window: timedelta
    free: int | None = None


class Counts(Protocol):
    """What a storage of `limits` is asked for beside its windows."""

    def get(self, key: str) -> int: ...
    def incr(self, key: str, expiry: int, amount: int = 1) -> int: ...
    def get_expiry(self, key: str) -> float: ...
    def clear(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a key stands after one more. remaining: let in now; reset_seconds: until one more is."""

    limit: int
    remaining: int
    reset_seconds: float
    is_refused: bool


class Throttle:
    """Moving windows by allowance and key; in memory, or in whatever storage of `limits` is given.

    Keys are kept as hashes. Refused attempts do not count, so a window always ends. While a shared storage is
    away each process counts for itself: less strict, never open.
    """

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage or ProcessMemory()
        if not isinstance(self._storage, MovingWindowSupport):
            raise TypeError("a throttle needs a storage with moving windows")
        self._limiter = MovingWindowRateLimiter(self._storage)
        self._spare_storage = ProcessMemory()
        self._spare = MovingWindowRateLimiter(self._spare_storage)
        self._clock = SystemClock()

    @property
    def is_near(self) -> bool:
        """Whether it counts in this process's memory, and so without waiting for anybody."""
        return isinstance(self._storage, ProcessMemory)

    def hit(self, allowance: Allowance, key: str) -> None:
        """Count one attempt; raises TooMany telling after what time the next one is let in."""
        try:
            reset = _refused(self._limiter, self._storage, allowance, key)
        except StorageError:
            reset = _refused(self._spare, self._spare_storage, allowance, key)
        if reset is None:
            return
        wait = Instant(datetime.fromtimestamp(reset, UTC)) - self._clock.now()
        raise TooMany("too many attempts", after=max(wait, timedelta(seconds=1)))

    def count(self, allowance: Allowance, key: str) -> Counted:
        """Count one attempt, let in or not, and tell where the key stands then."""
        if isinstance(self._storage, ProcessMemory):
            return _counted_here(self._storage, allowance, key)
        try:
            return _counted(self._limiter, allowance, key)
        except StorageError:
            return _counted(self._spare, allowance, key)

    def forget(self, allowance: Allowance, key: str) -> None:
        """Begin anew for this key, after it proved itself."""
        pairs: tuple[tuple[MovingWindowRateLimiter, Counts], ...] = (
            (self._limiter, self._storage),
            (self._spare, self._spare_storage),
        )
        for limiter, counts in pairs:
            with suppress(StorageError):
                limiter.clear(_item(allowance), allowance.name, _hashed(key))
                if allowance.free is not None:
                    counts.clear(_pause(allowance, key))
                    counts.clear(_row(allowance, key))


def _refused(
    limiter: MovingWindowRateLimiter, counts: Counts, allowance: Allowance, key: str
) -> float | None:
    """Count one attempt: None when it is let in, else the second of the epoch at which the next one is."""
    if allowance.free is not None and counts.get(_pause(allowance, key)):
        return counts.get_expiry(_pause(allowance, key))
    item, name = _item(allowance), _hashed(key)
    if not limiter.hit(item, allowance.name, name):
        return limiter.get_window_stats(item, allowance.name, name).reset_time
    if allowance.free is not None:
        _pause_after(counts, allowance, allowance.free, key)
    return None


def _pause_after(counts: Counts, allowance: Allowance, free: int, key: str) -> None:
    """The longer the row of attempts, the longer until the next; a row ends with its window."""
    over = counts.incr(_row(allowance, key), _seconds(allowance)) - free
    if over >= 0:
        pause = min(2**over, round(LONGEST_PAUSE.total_seconds()))
        counts.incr(_pause(allowance, key), pause)


def _pause(allowance: Allowance, key: str) -> str:
    return f"{allowance.name}/pause/{_hashed(key)}"


def _row(allowance: Allowance, key: str) -> str:
    return f"{allowance.name}/row/{_hashed(key)}"


def _counted(limiter: MovingWindowRateLimiter, allowance: Allowance, key: str) -> Counted:
    item, name = _item(allowance), _hashed(key)
    is_in = limiter.hit(item, allowance.name, name)
    stats = limiter.get_window_stats(item, allowance.name, name)
    wait = stats.reset_time - SystemClock().now().utc.timestamp()
    return Counted(allowance.times, max(0, stats.remaining), max(0.0, wait), not is_in)


def _counted_here(memory: ProcessMemory, allowance: Allowance, key: str) -> Counted:
    """The same in one go: each request is counted, and the way through the library costs it more than the
    count."""
    name = f"{allowance.name}/window/{_hashed(key)}"
    is_in, standing, seconds = memory.admit(name, allowance.times, _seconds(allowance))
    return Counted(allowance.times, max(0, allowance.times - standing), max(0.0, seconds), not is_in)


def _seconds(allowance: Allowance) -> int:
    return max(1, round(allowance.window.total_seconds()))


def _item(allowance: Allowance) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(allowance.times, _seconds(allowance))


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
