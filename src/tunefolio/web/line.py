"""One open live client: what it wants, what it must still be told. However slow, it waits for one frame.

Nothing is queued: what has moved is a set of names, and what goes out is their newest state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import orjson

from tunefolio.core.identity import InstrumentId, PortfolioId
from tunefolio.core.people import Person
from tunefolio.store.events import MOST_IDS
from tunefolio.web.board import Board, joined
from tunefolio.web.desks import Desk
from tunefolio.web.wanted import Wanted

_EVERYTHING = -1


@dataclass(slots=True)
class _Watched:
    """A portfolio's desk, and the number up to which this client has been told of it."""

    desk: Desk
    told: int


class Line:
    """What moved since its last frame. Lives in one event loop; `touched` is called when it has news.

    kind: ws or sse. is_signed_in: asked now and then, from a thread.
    """

    def __init__(
        self,
        board: Board,
        person: Person,
        *,
        kind: str,
        is_signed_in: Callable[[], bool],
        touched: Callable[[Line], None],
    ) -> None:
        self.person = person
        self.kind = kind
        self.is_signed_in = is_signed_in
        self.wanted = Wanted()
        self.desks: dict[PortfolioId | None, _Watched] = {}
        self._board = board
        self._touched = touched
        self._ready = asyncio.Event()
        self._moved: set[InstrumentId] = set()
        self._events: dict[str, tuple[int, ...]] = {}
        self._unknown: Wanted | None = None
        self._is_touched = self._is_new = self._must_refetch = self._must_beat = False
        self.has_sent = False
        self.ending = ""
        self.place = ""

    def moved(self, instrument: InstrumentId) -> None:
        """The board has news of an instrument this client watches."""
        self._moved.add(instrument)
        self.touch()

    def touch(self) -> None:
        if not self._is_touched:
            self._is_touched = True
            self._touched(self)

    def happened(self, topic: str, ids: tuple[int, ...]) -> None:
        """An event of a topic this client wants; several of one topic go out as one, () meaning any ids."""
        standing = self._events.get(topic)
        if standing is not None:
            both = tuple(dict.fromkeys(standing + ids)) if standing and ids else ()
            ids = both if len(both) <= MOST_IDS else ()
        self._events[topic] = ids
        self.touch()

    def refetch(self) -> None:
        """Events were missed: the page must ask for everything."""
        self._must_refetch = True
        self.touch()

    def beat(self) -> None:
        """Say that the line is alive, if nothing else has."""
        self._must_beat = True
        self.wake()

    def end(self, reason: str) -> None:
        """One last frame, then nothing: signed-out or closing."""
        self.ending = self.ending or reason
        self.wake()

    def wake(self) -> None:
        self._ready.set()

    async def ready(self) -> None:
        await self._ready.wait()
        self._ready.clear()

    def begin(
        self,
        fresh: Wanted,
        unknown: Wanted,
        *,
        since: int | None,
        desks: Mapping[PortfolioId | None, Desk],
    ) -> None:
        """More is wanted, all of it allowed. since: the place up to which the client has it; None: nothing.

        unknown: what was asked for and is not there, or not this person's; the two are never told apart.
        """
        self.wanted = self.wanted | fresh
        self._board.watch(self, fresh.instruments)
        for name, desk in desks.items():
            if name not in self.desks:
                desk.look(self.touch)
                self.desks[name] = _Watched(desk, _EVERYTHING if since is None else since)
        if since is None:
            self._is_new = True
            self._moved |= fresh.instruments
        else:
            self._moved |= {id for id in fresh.instruments if self._is_newer(id, since)}
        if unknown != Wanted():
            self._unknown = unknown if self._unknown is None else self._unknown | unknown
        self.touch()

    def drop(self, gone: Wanted) -> None:
        """No more of these."""
        self.wanted = self.wanted - gone
        self._board.unwatch(self, gone.instruments)
        self._moved -= gone.instruments
        for topic in gone.topics:
            self._events.pop(topic, None)
        for name in gone.portfolios:
            watched = self.desks.pop(name, None)
            if watched is not None:
                watched.desk.leave(self.touch)

    def take(self) -> bytes:
        """Everything since the last frame, as one; b"" when there is nothing. Its place covers all of it."""
        self._is_touched = False
        board = self._board
        self.place = board.at()
        place = orjson.dumps(self.place)
        entries = (board.find(id) for id in self._moved)
        quotes = [entry.text for entry in entries if entry is not None]
        self._moved.clear()
        parts = [b'"quotes":' + joined(quotes)] if quotes else []
        if self.desks:
            portfolios = list(self._of_desks(board.number))
            parts += [b'"portfolios":' + joined(portfolios)] if portfolios else []
        parts += self._of_events()
        kind = b"snapshot" if self._is_new else b"delta"
        if not parts and not self._is_new:
            return self._beat(place)
        self._is_new = self._must_beat = False
        self.has_sent = True
        return b'{"type":"%b","at":%b%b}' % (kind, place, b"".join(b"," + part for part in parts))

    def _beat(self, place: bytes) -> bytes:
        if not self._must_beat:
            return b""
        self._must_beat = False
        return b'{"type":"beat","at":%b}' % place

    def _of_desks(self, number: int) -> Iterable[bytes]:
        for watched in self.desks.values():
            text = watched.desk.since(watched.told)
            watched.told = number
            if text:
                yield text

    def _of_events(self) -> list[bytes]:
        parts = []
        if self._events:
            told = [{"topic": topic, "ids": ids} for topic, ids in self._events.items()]
            parts.append(b'"events":' + orjson.dumps(told))
            self._events.clear()
        if self._must_refetch:
            parts.append(b'"refetch":true')
            self._must_refetch = False
        if self._unknown is not None:
            parts.append(b'"unknown":' + orjson.dumps(_names(self._unknown)))
            self._unknown = None
        return parts

    def _is_newer(self, instrument: InstrumentId, since: int) -> bool:
        entry = self._board.find(instrument)
        return entry is not None and entry.version > since


def _names(wanted: Wanted) -> dict[str, list[int | str]]:
    return {
        "instruments": sorted(wanted.instruments),
        "portfolios": sorted(id for id in wanted.portfolios if id is not None),
    }
