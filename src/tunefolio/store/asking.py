"""Look-ups asked of PostgreSQL by an event loop itself: a thread would take longer than the database does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, Row

from tunefolio.store.lookups import Lookup, Unanswered

if TYPE_CHECKING:
    from tunefolio.store.pg_line import PgLine

_LINES = 4
"""Connections kept for them by each loop; no more are opened."""
_CONNECT_SECONDS = 3


@dataclass(frozen=True, slots=True)
class _Lines:
    """The connections of one loop. turn: as many as may ask at once; free: opened, and nobody's now."""

    loop: asyncio.AbstractEventLoop
    thread: int
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LINES))
    free: list[PgLine] = field(default_factory=list)

    def taken(self) -> PgLine | None:
        """One that is free and has not died since."""
        while self.free:
            line = self.free.pop()
            if line.is_open:
                return line
        return None

    def close(self) -> None:
        """Also from outside the loop, and after its end: a free line has nothing under way."""
        if self.loop.is_running() and self.thread != threading.get_ident():
            with suppress(RuntimeError):  # it ended at this moment
                self.loop.call_soon_threadsafe(self._end)
                return
        self._end()

    def _end(self) -> None:
        while self.free:
            self.free.pop().end()


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
                line = lines.taken() or await self._opened(lines.loop)
            except psycopg.Error as error:
                raise Unanswered from error
            try:
                row = await line.first(asked, values)
            except BaseException as problem:
                line.end()
                if isinstance(problem, psycopg.Error):
                    raise Unanswered from problem
                raise
            lines.free.append(line)
        return None if row is None else asked.found(row)

    def close(self) -> None:
        while self._loops:
            self._loops.popitem()[1].close()

    async def _opened(self, loop: asyncio.AbstractEventLoop) -> PgLine:
        import psycopg

        from tunefolio.store.pg_line import PgLine

        options = {"connect_timeout": _CONNECT_SECONDS, **self._options}
        return PgLine(await psycopg.AsyncConnection.connect(**options, autocommit=True), loop)

    def _of_this_loop(self) -> _Lines:
        loop = asyncio.get_running_loop()
        lines = self._loops.get(loop)
        if lines is None:
            for ended in [one for one in self._loops if one.is_closed()]:
                self._loops.pop(ended).close()
            lines = self._loops[loop] = _Lines(loop, threading.get_ident())
        return lines
