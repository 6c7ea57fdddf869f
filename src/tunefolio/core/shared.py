"""What the processes of one house share beside its database: rates, budgets, short memories, news.

All of it may be lost at any moment without harm to the books: in one process memory, else Redis.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol


class Shared(Protocol):
    """Counters and short memories under names; every process of the house sees the same."""

    def reserve(self, name: str, per_second: float, burst: int) -> float:
        """Take one call of a rate, perhaps a future one: seconds to wait until it may be made.

        burst: calls that may be made at once after a pause.
        """
        ...

    def count_from_now(self, name: str, per_second: float) -> None:
        """Let the last call of a rate count as if it were made at this moment: it was long on its way. What
        is reserved already stays reserved."""
        ...

    def spend(self, name: str, most: int, period: timedelta) -> timedelta | None:
        """Take one of `most` calls in each period; None when taken, else how long until there are more."""
        ...

    def spent(self, name: str, period: timedelta) -> int:
        """How many calls of the running period are taken."""
        ...

    def get(self, name: str) -> bytes | None:
        """What was put there, until it is too old."""
        ...

    def put(self, name: str, value: bytes, keep: timedelta) -> None: ...

    def drop(self, name: str) -> None: ...


class Fanout(Protocol):
    """Short-lived news for whoever listens now: newest prices. Lost where nobody does; never a fact."""

    def publish(self, channel: str, payload: bytes) -> None:
        """Give it to every listener of every process; never waits long, never raises."""
        ...

    def subscribe(self, channel: str, hear: Callable[[bytes], None]) -> Callable[[], None]:
        """Call `hear`, from any thread, with each payload until the returned function is called."""
        ...

    def close(self) -> None: ...
