"""One line to PostgreSQL that an event loop watches for as long as it lives, spoken by libpq's own calls.

psycopg's connection begins and ends a watch of the socket for each step of a question, which takes longer
than the way there and back. Imported where a house is kept in PostgreSQL, and only there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from tunefolio.store.lookups import Asked

_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_MARK = re.compile(r"%(?:%|\((\w+)\)s)")


class PgLine:
    """Asks one question at a time. Whoever gives one up in its middle must end the line: the answer is on its
    way still, and not for others."""

    def __init__(self, connection: psycopg.AsyncConnection, loop: asyncio.AbstractEventLoop) -> None:
        """connection: idle, without a transaction, and of no use to anybody else from now on."""
        self._pg = connection.pgconn
        self._socket = self._pg.socket
        self._loop = loop
        self._transformer = Transformer(connection)
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._answer: asyncio.Future[PGresult] = loop.create_future()
        self._last: PGresult | None = None
        self._answer.cancel()  # nothing was asked yet
        self.is_open = True
        loop.add_reader(self._socket, self._hear)

    def ask(self, asked: Asked, values: Mapping[str, Any]) -> bool:
        """Sends a question that was prepared; else False. Raises psycopg's errors."""
        given, formats, kinds = self._written(asked, values)
        statement = self._prepared.get((asked.text, kinds))
        if statement is None:
            return False
        self._pg.send_query_prepared(statement, given, formats)
        self._send()
        return True

    async def prepare(self, asked: Asked, values: Mapping[str, Any]) -> None:
        """So that it may be asked with such values."""
        _, _, kinds = self._written(asked, values)
        statement = b"lookup_%d" % len(self._prepared)
        self._pg.send_prepare(statement, _numbered(asked.text)[0], kinds)
        self._send()
        await self._answered()
        self._prepared[asked.text, kinds] = statement

    async def answer(self) -> Sequence[Any] | None:
        """The first row that answers the question, as psycopg reads it, or None. Raises psycopg's errors."""
        if not self._answer.done():
            self._hear()
        result = await self._answered()
        self._transformer.set_pgresult(result)
        return self._transformer.load_row(0, tuple) if result.ntuples else None

    def when_answered(self, deed: Callable[[], None]) -> None:
        """Does it in the loop when the question that nobody waits for was answered, well or not."""

        def told(answer: asyncio.Future[PGresult]) -> None:
            answer.exception()
            deed()

        self._answer.add_done_callback(told)

    def end(self) -> None:
        """In its loop's own thread, or when nobody runs that loop any more; repeating it changes nothing."""
        if self.is_open:
            self.is_open = False
            if not self._loop.is_closed():
                self._loop.remove_reader(self._socket)
            self._pg.finish()

    def _written(
        self, asked: Asked, values: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Sequence[int] | None, tuple[int, ...]]:
        """The values as they are sent, the format of each, and the kind of each by PostgreSQL's number."""
        bound, adapts = asked.bound(values), self._transformer
        names = _numbered(asked.text)[1]
        given = adapts.dump_sequence([bound[name] for name in names], [PyFormat.AUTO] * len(names))
        return given, adapts.formats, tuple(adapts.types or ())

    def _send(self) -> None:
        self._answer = self._loop.create_future()
        if self._pg.flush() != 0:  # some hundred bytes, and nothing was before them
            raise psycopg.OperationalError("the line takes nothing more")

    async def _answered(self) -> PGresult:
        result = await self._answer
        if result.status not in _GOOD:
            raise psycopg.errors.error_from_result(result)
        return result

    def _hear(self) -> None:
        """Something may have come: a piece of an answer, or the end of the line."""
        try:
            self._pg.consume_input()
            while not self._answer.done() and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is not None:
                    self._last = result
                elif self._last is not None:
                    self._answer.set_result(self._last)
                    self._last = None
        except psycopg.Error as error:
            self.end()
            if not self._answer.done():
                self._answer.set_exception(error)


@cache
def _numbered(text: str) -> tuple[bytes, tuple[str, ...]]:
    """A question with named values (`%(name)s`) as libpq has it (`$1`), with the names in their order."""
    names: list[str] = []

    def number(mark: re.Match[str]) -> str:
        if mark[1] is None:
            return "%"
        if mark[1] not in names:
            names.append(mark[1])
        return f"${names.index(mark[1]) + 1}"

    return _MARK.sub(number, text).encode(), tuple(names)
