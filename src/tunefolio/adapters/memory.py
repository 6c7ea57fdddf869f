"""What processes share, where there is one process: plain dictionaries under a lock."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

_log = logging.getLogger(__name__)


class MemoryShared:
    """Rates, budgets and short memories of this process. Thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = Lock()
        self._arrivals: dict[str, float] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self._kept: dict[str, tuple[float, bytes]] = {}

    def reserve(self, name: str, per_second: float, burst: int) -> float:
        """The generic cell rate: a call moves the next free moment on by 1 ÷ per_second."""
        step = 1 / per_second
        with self._lock:
            now = self._now()
            free = max(self._arrivals.get(name, now), now) + step
            self._arrivals[name] = free
        return max(0.0, round(free - now - step * burst, 6))

    def count_from_now(self, name: str, per_second: float) -> None:
        with self._lock:
            free = self._now() + 1 / per_second
            self._arrivals[name] = max(self._arrivals.get(name, free), free)

    def spend(self, name: str, most: int, period: timedelta) -> timedelta | None:
        """Periods are counted from the start of this process's clock."""
        length = period.total_seconds()
        with self._lock:
            now = self._now()
            number = int(now // length)
            place, count = self._counts.get(name, (number, 0))
            if place != number:
                count = 0
            if count >= most:
                return timedelta(seconds=(number + 1) * length - now)
            self._counts[name] = (number, count + 1)
        return None

    def spent(self, name: str, period: timedelta) -> int:
        with self._lock:
            place, count = self._counts.get(name, (-1, 0))
            return count if place == int(self._now() // period.total_seconds()) else 0

    def get(self, name: str) -> bytes | None:
        with self._lock:
            until, value = self._kept.get(name, (0.0, b""))
            if until > self._now():
                return value
            self._kept.pop(name, None)
            return None

    def put(self, name: str, value: bytes, keep: timedelta) -> None:
        with self._lock:
            self._kept[name] = (self._now() + keep.total_seconds(), value)

    def drop(self, name: str) -> None:
        with self._lock:
            self._kept.pop(name, None)


class MemoryFanout:
    """Calls the listeners of this process, one after the other, in the publisher's thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: dict[str, list[Callable[[bytes], None]]] = {}

    def publish(self, channel: str, payload: bytes) -> None:
        with self._lock:
            listeners = tuple(self._listeners.get(channel, ()))
        for hear in listeners:
            try:
                hear(payload)
            except Exception:  # noqa: BLE001 — the driver door: one listener must not silence the others
                _log.exception("a listener broke", extra={"channel": channel})

    def subscribe(self, channel: str, hear: Callable[[bytes], None]) -> Callable[[], None]:
        with self._lock:
            self._listeners.setdefault(channel, []).append(hear)

        def stop() -> None:
            with self._lock:
                if hear in self._listeners.get(channel, ()):
                    self._listeners[channel].remove(hear)

        return stop

    def close(self) -> None:
        with self._lock:
            self._listeners.clear()
