"""The exchange's clock: somebody's clock, put forward."""

from __future__ import annotations

from datetime import timedelta
from threading import Lock

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Clock, Instant

_MOST = timedelta(days=3_660)


class ShiftedClock:
    """As much ahead of another clock as it was shifted; never behind it. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._ahead = timedelta(0)

    def now(self) -> Instant:
        return self._clock.now() + self._ahead

    @property
    def ahead(self) -> timedelta:
        return self._ahead

    def shift(self, span: timedelta) -> Instant:
        """Further ahead; returns the new time. Raises Misuse for a span that leads back or too far."""
        if span <= timedelta(0):
            raise Misuse("clock", "the exchange's clock only goes forward", cure="Start the sandbox anew")
        with self._lock:
            if self._ahead + span > _MOST:
                raise Misuse("clock", f"more than {_MOST.days} days ahead", cure="Start the sandbox anew")
            self._ahead += span
        return self.now()
