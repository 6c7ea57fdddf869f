"""Look-ups asked of PostgreSQL by an event loop itself: a thread would take longer than the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row

from tunefolio.store.lookups import Lookup, Unanswered

if TYPE_CHECKING:
    import psycopg

_LINES = 4
"""Connections kept for them by each loop; no more are opened."""
_CONNECT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class _Lines:
    """The connections of one loop. turn: as many as may ask at once; free: opened, and nobody's now."""

    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LINES))
    free: list[psycopg.AsyncConnection] = field(default_factory=list)

    def close(self) -> None:
        """Also from outside the loop, and after its end: a free line has nothing under way."""
        for line in self.free:
            line.pgconn.finish()
        self.free.clear()


class Asker:
    """Finds rows without a transaction and without holding up the loop it is awaited in."""

    def __init__(self, engine: Engine) -> None:
        self._dialect = engine.dialect
        _, self._options = engine.dialect.create_connect_args(engine.url)
        self._loops: dict[asyncio.AbstractEventLoop, _Lines] = {}

    async def find(self, lookup: Lookup, values: Mapping[str, Any]) -> Row[*tuple[Any, ...]] | None:
        """The row as it is kept at this moment, or None. Raises Unanswered when the database is not there."""
        import psycopg  # here, because a house on SQLite never needs it

        asked, lines = lookup.asked(self._dialect), self._of_this_loop()
        async with lines.turn:
            try:
                line = lines.free.pop() if lines.free else await self._opened()
            except psycopg.Error as error:
                raise Unanswered from error
            try:
                rows = await (await line.execute(asked.text, asked.bound(values))).fetchall()
            except (
                BaseException
            ) as problem:  # given up in the middle, it may still hold an answer: not for others
                line.pgconn.finish()
                if isinstance(problem, psycopg.Error):
                    raise Unanswered from problem
                raise
            lines.free.append(line)
        return asked.found(rows[0]) if rows else None

    def close(self) -> None:
        while self._loops:
            self._loops.popitem()[1].close()

    async def _opened(self) -> psycopg.AsyncConnection:
        import psycopg

        options = {"connect_timeout": _CONNECT_SECONDS, **self._options}
        return await psycopg.AsyncConnection.connect(**options, autocommit=True)

    def _of_this_loop(self) -> _Lines:
        loop = asyncio.get_running_loop()
        lines = self._loops.get(loop)
        if lines is None:
            for ended in [one for one in self._loops if one.is_closed()]:
                self._loops.pop(ended).close()
            lines = self._loops[loop] = _Lines()
        return lines
