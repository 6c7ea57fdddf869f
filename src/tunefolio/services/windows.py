"""Counts kept in this process's memory, as the library that counts asks for them.

Its own memory starts a thread at nearly every count, to forget what is old: a third of a millisecond of each
request. Here what is old goes when its key is counted again, and once a minute everywhere.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock

from limits.storage import MovingWindowSupport, Storage

_SWEPT_EVERY_SECONDS = 60.0


@dataclass(slots=True)
class _Window:
    """Seconds of the epoch at which a key was let in, oldest first."""

    seconds: int
    times: deque[float] = field(default_factory=deque)

    def forget_before(self, start: float) -> None:
        while self.times and self.times[0] < start:
            self.times.popleft()


@dataclass(slots=True)
class _Count:
    until: float
    times: int = 0


class ProcessMemory(Storage, MovingWindowSupport):
    """Moving windows and counts that end, by key. Thread-safe; holds its lock for microseconds."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()
        self._windows: dict[str, _Window] = {}
        self._counts: dict[str, _Count] = {}
        self._sweep_at = time.time() + _SWEPT_EVERY_SECONDS

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Whether `amount` more fit into the window of `expiry` seconds that ends now; if so they count."""
        return self.admit(key, limit, expiry, amount)[0]

    def admit(self, key: str, limit: int, expiry: int, amount: int = 1) -> tuple[bool, int, float]:
        """The same, with how many stand in the window then, and in how many seconds the oldest leaves it."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = _Window(expiry)
            window.forget_before(now - expiry)
            is_in = len(window.times) + amount <= limit
            if is_in:
                window.times.extend([now] * amount)
            oldest = window.times[0] if window.times else now
            return is_in, len(window.times), oldest + expiry - now

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:  # noqa: ARG002
        """When the oldest of the window was let in, now for none; and how many stand in it."""
        now = time.time()
        with self._lock:
            window = self._windows.get(key)
            if window is None:
                return now, 0
            window.forget_before(now - expiry)
            return (window.times[0], len(window.times)) if window.times else (now, 0)

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The count after `amount` more; it ends `expiry` seconds after it began."""
        now = time.time()
        with self._lock:
            self._sweep(now)
            count = self._counts.get(key)
            if count is None or count.until <= now:
                count = self._counts[key] = _Count(now + expiry)
            count.times += amount
            return count.times

    def get(self, key: str) -> int:
        """The count, 0 when it has ended."""
        with self._lock:
            count = self._counts.get(key)
            return 0 if count is None or count.until <= time.time() else count.times

    def get_expiry(self, key: str) -> float:
        """The second of the epoch at which the count ends; now when there is none."""
        with self._lock:
            count = self._counts.get(key)
            return time.time() if count is None else count.until

    def clear(self, key: str) -> None:
        """Begin anew for this key."""
        with self._lock:
            self._windows.pop(key, None)
            self._counts.pop(key, None)

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        """Forget everything; how many keys there were."""
        with self._lock:
            known = len(self._windows) + len(self._counts)
            self._windows.clear()
            self._counts.clear()
            return known

    def _sweep(self, now: float) -> None:
        """Keys that are not asked for again must not stay for ever: there is one for each address."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + _SWEPT_EVERY_SECONDS
        for key, window in list(self._windows.items()):
            if not window.times or window.times[-1] < now - window.seconds:
                del self._windows[key]
        for key, count in list(self._counts.items()):
            if count.until <= now:
                del self._counts[key]
