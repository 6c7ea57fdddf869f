"""Many values in few statements, within what one statement may carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from tunefolio.store.db import ReadDb

T = TypeVar("T")

AT_ONCE = 5_000
"""Values bound in one statement. SQLite allows 32,766 variables, PostgreSQL 65,535."""


def among(db: ReadDb, ids: Column[Any], wanted: Iterable[int]) -> ColumnElement[bool]:
    """`ids` is one of `wanted`, however many: they travel as one value, so the statement stays one and small.

    An array on PostgreSQL, a JSON list on SQLite.
    """
    numbers = list(dict.fromkeys(wanted))
    if db.dialect == "postgresql":
        return ids == any_(bindparam(None, numbers, ARRAY(BigInteger)))
    listed = func.json_each(bindparam(None, orjson.dumps(numbers).decode(), Text))
    return ids.in_(select(listed.table_valued(column("value")).c.value))


def batches(values: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The distinct values in their order, `size` at a time; nothing for none."""
    rest = iter(dict.fromkeys(values))
    while batch := list(islice(rest, size)):
        yield batch
