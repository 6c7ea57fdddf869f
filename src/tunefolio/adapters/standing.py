"""What was told last of each instrument of a stream, so that only news is told again.

Packets are judged one by one or many at once, with the same answer. Loads numpy.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

AGAIN_US = 60_000_000
"""A price that stands is told again when it is confirmed so much later: its age is shown to people."""


class Standing:
    """Prices of so many instruments, by their slots from 0; whole numbers, times in microseconds.

    Not thread-safe: one for each stream.
    """

    def __init__(self, count: int) -> None:
        self._last, self._close, self._at = (array("q", bytes(8 * count)) for _ in range(3))
        self._lasts, self._closes, self._ats = (
            np.frombuffer(cells, np.int64) for cells in (self._last, self._close, self._at)
        )
        self._rows = np.empty(count, np.int64)

    def is_news(self, slot: int, last: int, close: int, at: int) -> bool:
        """Another price or close than told before, or the same a minute later; from now on it was told."""
        if last == self._last[slot] and close == self._close[slot] and at < self._at[slot] + AGAIN_US:
            return False
        self._last[slot], self._close[slot], self._at[slot] = last, close, at
        return True

    def news(self, slots: Ints, lasts: Ints, closes: Ints, ats: Ints) -> Ints:
        """Which rows are news, as if asked one by one; no slot may stand there twice (see `repeats`)."""
        fresh = lasts != self._lasts[slots]
        fresh |= closes != self._closes[slots]
        fresh |= ats >= self._ats[slots] + AGAIN_US
        rows = np.flatnonzero(fresh)
        told = slots[rows]
        self._lasts[told], self._closes[told], self._ats[told] = lasts[rows], closes[rows], ats[rows]
        return rows

    def forget(self) -> None:
        """As if nothing had been told."""
        for cells in (self._lasts, self._closes, self._ats):
            cells[:] = 0

    def repeats(self, slots: Ints) -> bool:
        """Does a slot stand there more than once? Then only one by one will do."""
        order = np.arange(len(slots))
        self._rows[slots] = order
        return bool((self._rows[slots] != order).any())


class Newest:
    """The newest moment of each slot, in microseconds: a price that is older comes too late."""

    def __init__(self, count: int) -> None:
        self._at = array("q", bytes(8 * count))
        self._ats = np.frombuffer(self._at, np.int64)

    def admits(self, slot: int, at: int) -> bool:
        """Not older than the newest, which it is from now on."""
        if at < self._at[slot]:
            return False
        self._at[slot] = at
        return True

    def admitted(self, slots: Ints, ats: Ints) -> Ints:
        """Which rows `admits` would admit; no slot may stand there twice."""
        rows = np.flatnonzero(ats >= self._ats[slots])
        self._ats[slots[rows]] = ats[rows]
        return rows
