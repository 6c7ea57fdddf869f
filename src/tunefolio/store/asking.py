"""Look-ups asked of PostgreSQL by an event loop itself: a thread would take longer than the database does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from sqlalchemy import Engine, Row

from tunefolio.store.lookups import Asked, Lookup, Unanswered

if TYPE_CHECKING:
    from tunefolio.store.pg_line import Answer, PgLine

_LINES = 4
"""Connections kept for them by each loop; no more are opened."""
_CONNECT_SECONDS = 3


class _Lines:
    """The connections of one loop. turn: as many as may ask at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.turn = anyio.Semaphore(_LINES, fast_acquire=True)
        self._thread = threading.get_ident()
        self._free: list[PgLine] = []
        self._is_closed = False

    def taken(self) -> PgLine | None:
        """One that is free and has not died since."""
        while self._free:
            line = self._free.pop()
            if line.is_open:
                return line
        return None

    def give_back(self, line: PgLine | None) -> None:
        """The turn, and the line if there is one: its answer has come whole, or it is at an end."""
        if line is not None and self._is_closed:
            line.end()
        elif line is not None and line.is_open:
            self._free.append(line)
        self.turn.release()

    def give_up(self, line: PgLine | None) -> None:
        """The turn, and a line that nobody may ask by again."""
        if line is not None:
            line.end()
        self.turn.release()

    def close(self) -> None:
        """Also from outside the loop, and after its end: a free line has nothing under way."""
        self._is_closed = True
        if self.loop.is_running() and self._thread != threading.get_ident():
            with suppress(RuntimeError):  # it ended at this moment
                self.loop.call_soon_threadsafe(self._end)
                return
        self._end()

    def _end(self) -> None:
        while self._free:
            self._free.pop().end()


class Ahead:
    """A look-up on its way. Its line is free when the answer has come, whether anybody wants it or not."""

    def __init__(self, lines: _Lines, line: PgLine, asked: Asked, answer: Answer) -> None:
        self._lines = lines
        self._line = line
        self._asked = asked
        self._answer = answer
        self._is_under_way = True
        answer.add_done_callback(self._came)

    async def row(self) -> Row[*tuple[Any, ...]] | None:
        """The row as it was kept when it was asked for, or None. Raises Unanswered. To be awaited once."""
        import psycopg

        if not self._answer.done():
            self._line.hear()
        try:
            result = await self._answer
            self._came(self._answer)  # at once, not when the loop comes round to it
            cells = self._line.first_of(result)
        except psycopg.Error as error:
            raise Unanswered from error
        return None if cells is None else self._asked.found(cells)

    def _came(self, answer: Answer) -> None:
        if self._is_under_way:
            self._is_under_way = False
            if answer.cancelled() or answer.exception() is not None:
                self._line.end()
            self._lines.give_back(self._line)


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
        await lines.turn.acquire()
        line: PgLine | None = None
        try:
            line = lines.taken() or await self._opened(lines.loop)
            while (answer := line.ask(asked, values)) is None:
                await line.prepare(asked, values)
        except BaseException as problem:
            lines.give_up(line)
            if isinstance(problem, psycopg.Error):
                raise Unanswered from problem
            raise
        return await Ahead(lines, line, asked, answer).row()

    def ahead(self, lookup: Lookup, values: Mapping[str, Any]) -> Ahead | None:
        """Sends it now, from within a running loop, and does not wait; None where that cannot be."""
        import psycopg

        asked, lines = lookup.asked(self._dialect), self._of_this_loop()
        try:
            lines.turn.acquire_nowait()
        except anyio.WouldBlock:
            return None
        line = lines.taken()
        try:
            answer = None if line is None else line.ask(asked, values)
        except psycopg.Error:
            lines.give_up(line)
            return None
        if line is None or answer is None:
            lines.give_back(line)
            return None
        return Ahead(lines, line, asked, answer)

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
            lines = self._loops[loop] = _Lines(loop)
        return lines
