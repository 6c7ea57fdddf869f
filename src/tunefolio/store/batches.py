"""Many values in few statements, within what one statement may carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 5_000
"""Values bound in one statement. SQLite allows 32,766 variables, PostgreSQL 65,535."""


def batches(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The distinct values in their order, `size` at a time; nothing for none."""
    rest = iter(dict.fromkeys(values))
    while batch := list(islice(rest, size)):
        yield batch
