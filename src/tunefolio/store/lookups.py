"""Look-ups of one row by a unique key, which every request makes: compiled once, asked of the driver itself.

SQLAlchemy compiles once too, but spends more on each execution than SQLite does on finding the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect, Row, Select
from sqlalchemy.engine.result import result_tuple
from sqlalchemy.types import TypeEngine

from tunefolio.store.columns import Reader

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up in the words of one driver. bound: the value of each mark, from the values by name."""

    text: str
    bound: Callable[[Values], Any]
    readers: tuple[tuple[int, Reader], ...]
    row: Callable[[Sequence[Any]], Row[Any]]

    def found(self, cells: Sequence[Any]) -> Row[Any]:
        """What the driver gave, as our values."""
        read = list(cells)
        for place, reader in self.readers:
            read[place] = reader(read[place])
        return self.row(read)


class Unanswered(Exception):
    """A glance does not tell: ask in a transaction."""


class Lookup:
    """A SELECT that finds at most one row; every value it compares with is a named parameter of it."""

    def __init__(self, query: Select[*tuple[Any, ...]]) -> None:
        if not query.is_select:
            raise TypeError("a look-up changes nothing")
        self.query = query
        self._asked: dict[str, Asked] = {}

    def asked(self, dialect: Dialect) -> Asked:
        """As `dialect` has it; made at the first use."""
        found = self._asked.get(dialect.name)
        if found is None:
            found = self._asked[dialect.name] = _asked(self.query, dialect)
        return found


def _asked(query: Select[*tuple[Any, ...]], dialect: Dialect) -> Asked:
    compiled = query.compile(dialect=dialect)
    writers = {name: _writer(bind.type, dialect) for name, bind in compiled.binds.items()}
    if unnamed := [name for name, bind in compiled.binds.items() if not bind.required]:
        raise TypeError(f"a look-up takes all its values from outside, not {', '.join(unnamed)}")
    columns = list(query.selected_columns)
    readers = [(place, _reader(column.type, dialect)) for place, column in enumerate(columns)]
    names = [str(column.key) for column in columns]
    return Asked(
        str(compiled),
        _by_place(compiled.positiontup, writers) if compiled.positional else _by_name(writers),
        tuple((place, reader) for place, reader in readers if reader is not None),
        result_tuple(names),
    )


def _by_place(order: Sequence[str] | None, writers: Mapping[str, Reader]) -> Callable[[Values], Any]:
    places = [(name, writers[name]) for name in order or ()]
    return lambda values: tuple(write(values[name]) for name, write in places)


def _by_name(writers: Mapping[str, Reader]) -> Callable[[Values], Any]:
    return lambda values: {name: write(values[name]) for name, write in writers.items()}


def _writer(type_: TypeEngine[Any], dialect: Dialect) -> Reader:
    return type_.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _reader(type_: TypeEngine[Any], dialect: Dialect) -> Reader | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _as_it_is(value: Any) -> Any:
    return value
