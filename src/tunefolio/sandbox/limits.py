"""How often one caller may ask: so many requests in any window of so many seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` requests within any `seconds`."""

    count: int
    seconds: float = 1.0


class RateLimiter:
    """Sliding windows, one per caller and class of request. monotonic: seconds that only grow."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def admits(self, caller: str, what: str, rate: Rate) -> bool:
        """Is this request within the rate? A refused one does not count."""
        now = self._monotonic()
        with self._lock:
            seen = self._seen.setdefault((caller, what), deque())
            while seen and seen[0] <= now - rate.seconds:
                seen.popleft()
            if len(seen) >= rate.count:
                return False
            seen.append(now)
            return True
