"""One line to PostgreSQL that an event loop watches for as long as it lives, spoken by libpq's own calls.

psycopg's connection begins and ends a watch of the socket for each step of a question, which takes longer
than the way there and back. Imported where a house is kept in PostgreSQL, and only there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from tunefolio.store.lookups import Asked

Answer = asyncio.Future[PGresult]
_GOOD = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_MARK = re.compile(r"%(?:%|\((\w+)\)s)")


class PgLine:
    """Asks one question at a time. An answer that was given up in its middle, cancelled, is on its way still:
    the line must be ended then, for it would be taken for another's."""

    def __init__(self, connection: psycopg.AsyncConnection, loop: asyncio.AbstractEventLoop) -> None:
        """connection: idle, without a transaction, and of no use to anybody else from now on."""
        self._pg = connection.pgconn
        self._socket = self._pg.socket
        self._loop = loop
        self._transformer = Transformer(connection)
        self._prepared: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._answer: Answer | None = None
        self._last: PGresult | None = None
        self.is_open = True
        loop.add_reader(self._socket, self.hear)

    def ask(self, asked: Asked, values: Mapping[str, Any]) -> Answer | None:
        """Sends a question that was prepared, and tells what its answer will be; else None. Raises psycopg's
        errors, as the answer does."""
        given, formats, kinds = self._written(asked, values)
        statement = self._prepared.get((asked.text, kinds))
        if statement is None:
            return None
        self._pg.send_query_prepared(statement, given, formats)
        return self._sent()

    async def prepare(self, asked: Asked, values: Mapping[str, Any]) -> None:
        """So that it may be asked with such values."""
        _, _, kinds = self._written(asked, values)
        statement = b"lookup_%d" % len(self._prepared)
        self._pg.send_prepare(statement, _numbered(asked.text)[0], kinds)
        _must_be_good(await self._sent())
        self._prepared[asked.text, kinds] = statement

    def hear(self) -> None:
        """Something may have come: a piece of an answer, or the end of the line. Never waits."""
        try:
            self._pg.consume_input()
            while self._answer is not None and not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:
                    self._tell()
                else:
                    self._last = result
        except psycopg.Error as error:
            self.end()
            answer, self._answer = self._answer, None
            if answer is not None and not answer.done():
                answer.set_exception(error)

    def first_of(self, result: PGresult) -> Sequence[Any] | None:
        """The first row of an answer, as psycopg reads it, or None. Raises psycopg's errors."""
        _must_be_good(result)
        self._transformer.set_pgresult(result)
        return self._transformer.load_row(0, tuple) if result.ntuples else None

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

    def _sent(self) -> Answer:
        self._answer = self._loop.create_future()
        if self._pg.flush() != 0:  # some hundred bytes, and nothing was before them
            raise psycopg.OperationalError("the line takes nothing more")
        return self._answer

    def _tell(self) -> None:
        """All of an answer is here."""
        answer, result = self._answer, self._last
        self._answer = self._last = None
        if answer is not None and result is not None and not answer.done():
            answer.set_result(result)


def _must_be_good(result: PGresult) -> None:
    if result.status not in _GOOD:
        raise psycopg.errors.error_from_result(result)


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
