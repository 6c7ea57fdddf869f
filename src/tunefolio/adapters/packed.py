"""Packets of one message as columns: those that lie evenly are read where they lie, without a copy; of mixed
ones those of a kind are laid side by side first.

Loads numpy; import it where many packets come at once, not where one is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

_BEYOND = 1e18
"""No quantity is that large; a float from there on says nothing."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a kind of packet carries. size: bytes of it that are always there.

    cells: by name, what a number is (">u4", "<i8", "<f8"), and its distance from the beginning, in bytes.
    """

    size: int
    cells: Mapping[str, tuple[np.dtype[Any], int]]

    @classmethod
    def of(cls, size: int, cells: Mapping[str, tuple[str, int]]) -> Layout:
        """With numbers in numpy's words; those are read once."""
        return cls(size, {name: (np.dtype(word), offset) for name, (word, offset) in cells.items()})


@dataclass(frozen=True, slots=True)
class Group:
    """Packets of one kind, `stride` bytes apart. rows: their places among all packets; None: they are all."""

    layout: Layout
    rows: Ints | None
    count: int
    data: bytes | NDArray[np.void]
    start: int
    stride: int

    def numbers(self, word: str | np.dtype[Any], offset: int) -> NDArray[Any]:
        """A view: one number of each packet."""
        return np.ndarray((self.count,), word, self.data, self.start + offset, (self.stride,))

    def table(self, word: str, offset: int, *, several: int, step: int) -> Ints:
        """int64[count, several]: so many numbers of each packet, `step` bytes apart."""
        shape, strides = (self.count, several), (self.stride, step)
        return np.ndarray(shape, word, self.data, self.start + offset, strides).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Packets:
    """All packets of a message, in its order; groups: by kind, none of them empty."""

    count: int
    groups: Mapping[int, Group]

    def __len__(self) -> int:
        return self.count

    @property
    def names(self) -> frozenset[str]:
        """What at least one of them carries."""
        return frozenset().union(*(group.layout.cells for group in self.groups.values()))

    def column(self, name: str) -> Ints:
        """int64[N]; 0 where a packet does not carry it. A float is cut, 0 for what is no number."""
        found = None
        for group in self.groups.values():
            if (cell := group.layout.cells.get(name)) is None:
                continue
            numbers = _whole(group.numbers(*cell))
            if group.rows is None:
                return numbers
            if found is None:
                found = np.zeros(self.count, np.int64)
            found[group.rows] = numbers
        return np.zeros(self.count, np.int64) if found is None else found

    def carried(self, name: str) -> NDArray[np.bool_]:
        """bool[N]: does the packet carry that number?"""
        found = np.zeros(self.count, np.bool_)
        for group in self.groups.values():
            if name in group.layout.cells:
                found[slice(None) if group.rows is None else group.rows] = True
        return found


def even(data: bytes, places: range, *, kind: int, layout: Layout) -> Packets:
    """Packets of one kind that begin at these places. They must lie within the data."""
    if not places:
        return Packets(0, {})
    return Packets(len(places), {kind: Group(layout, None, len(places), data, places.start, places.step)})


def mixed(data: bytes, places: Ints, kinds: Ints, layouts: Mapping[int, Layout]) -> Packets:
    """Packets of these kinds that begin at these places; as above."""
    groups = {}
    for kind, layout in layouts.items():
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            every = max(0, len(data) - layout.size + 1)
            # What begins at each byte, of which those are taken that are packets: one copy of each.
            side_by_side = np.ndarray((every,), f"V{layout.size}", data, 0, (1,))[places[rows]]
            groups[kind] = Group(layout, rows, len(rows), side_by_side, 0, layout.size)
    return Packets(len(places), groups)


def _whole(numbers: NDArray[Any]) -> Ints:
    """Whole numbers of this machine's own kind."""
    if numbers.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            numbers = np.where(np.abs(numbers) < _BEYOND, numbers, 0)
    return numbers.astype(np.int64)
