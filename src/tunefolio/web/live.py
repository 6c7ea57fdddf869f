"""Server-sent events: what changed, as topics and ids; the page then fetches what it shows again.

One hub hears the bus and gives each stream what its person may know. Each event has a number, so that a
browser that comes back with Last-Event-ID gets what it missed, or is told to fetch everything.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import anyio.to_thread
import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import StreamingResponse

from tunefolio.core.errors import Retry
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Person, Role
from tunefolio.services.live import Live
from tunefolio.store.events import Bus, Event, Subscription
from tunefolio.web.deps import ConfigDep, CurrentVisit, HouseDep
from tunefolio.web.leavers import must_stay
from tunefolio.web.visits import is_still_here

_log = logging.getLogger(__name__)
router = APIRouter(tags=["live"])
HEARTBEAT_SECONDS = 15.0
PROOF_SECONDS = 5.0
"""How long a stream outlives its sign-in at most."""

REMEMBERED = 500
_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event in the order this process heard it."""

    number: int
    event: Event


class Stream:
    """What one open page still has to be told. Full, it forgets all and has the page fetch everything."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._waiting: deque[Numbered] = deque()
        self._ready = asyncio.Event()
        self.must_refetch = False
        self.is_closed = False

    def close(self) -> None:
        """The house closes: the stream ends well, and its browser tries again by itself."""
        self.is_closed = True
        self._ready.set()

    def put(self, one: Numbered) -> None:
        if not concerns(one.event, self.person):
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            self.must_refetch = True
        self._waiting.append(one)
        self._ready.set()

    async def take(self, patience_seconds: float) -> list[Numbered]:
        """What waits; after that patience, nothing."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), patience_seconds)
        self._ready.clear()
        taken = list(self._waiting)
        self._waiting.clear()
        return taken


class Hub:
    """All streams of this process. Lives in one event loop; begins to listen with its first stream."""

    def __init__(self, bus: Bus, most_per_person: int) -> None:
        self._bus = bus
        self._most = most_per_person
        self._streams: set[Stream] = set()
        self._past: deque[Numbered] = deque(maxlen=REMEMBERED)
        self.heard = 0
        self._subscription: Subscription | None = None
        self._listening: asyncio.Task[None] | None = None
        self.boot = secrets.token_hex(4)

    @contextlib.contextmanager
    def stream(self, person: Person, last_id: str) -> Iterator[Stream]:
        """A stream that has everything since `last_id`; raises Retry when the person holds too many."""
        held = sum(1 for other in self._streams if other.person.id == person.id)
        if held >= self._most:
            raise Retry("too many live pages are open at once")
        self._listen()
        mine = Stream(person)
        self._replay(mine, last_id)
        self._streams.add(mine)
        try:
            yield mine
        finally:
            self._streams.discard(mine)

    def count(self, person: PersonId) -> int:
        return sum(1 for one in self._streams if one.person.id == person)

    def _replay(self, stream: Stream, last_id: str) -> None:
        boot, _, number = last_id.partition("-")
        if not last_id:
            return
        first = self._past[0].number if self._past else self.heard + 1
        if boot != self.boot or not number.isdigit() or int(number) + 1 < first:
            stream.must_refetch = True
            return
        for one in self._past:
            if one.number > int(number):
                stream.put(one)

    def _listen(self) -> None:
        if self._listening is None or self._listening.done():
            self._subscription = self._bus.subscribe()
            self._listening = asyncio.create_task(self._hear(self._subscription))

    async def _hear(self, subscription: Subscription) -> None:
        async for event in subscription:
            self.heard += 1
            one = Numbered(self.heard, event)
            self._past.append(one)
            for stream in tuple(self._streams):
                stream.put(one)

    async def close(self) -> None:
        """End every stream and hear no more; safe to call twice."""
        for stream in tuple(self._streams):
            stream.close()
        if self._subscription is not None:
            self._subscription.close()
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        self._listening = None

    def text(self, one: Numbered) -> str:
        data = orjson.dumps({"ids": one.event.ids}).decode()
        return f"id: {self.boot}-{one.number}\nevent: {one.event.topic}\ndata: {data}\n\n"

    def refetch(self) -> str:
        return f"id: {self.boot}-{self.heard}\nevent: refetch\ndata: {{}}\n\n"


def concerns(event: Event, person: Person) -> bool:
    """One's own events; prices are everyone's; the house's other affairs are its admins'."""
    if event.owner is not None:
        return event.owner == person.id
    return event.topic == "quotes" or not event.ids or person.role is Role.ADMIN


@router.get(
    "/live",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
    dependencies=[Depends(must_stay)],
)
async def live(
    request: Request, house: HouseDep, config: ConfigDep, visit: CurrentVisit
) -> StreamingResponse:
    """What changes, as it changes: `event` is the topic, `data` its row ids ([] means any of them).

    `refetch` says that events were missed. Ends when the sign-in does.
    """
    hub: Hub = request.app.state.hub
    if hub.count(visit.person.id) >= config.streams_per_person:
        raise Retry("too many live pages are open at once")

    def is_signed_in() -> bool:
        return is_still_here(request, house, config)

    last_id = request.headers.get("last-event-id", "")[:64]
    text = watched(request.app.state.prices, visit.person, lines(hub, visit.person, last_id, is_signed_in))
    return StreamingResponse(text, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def watched(prices: Live, person: Person, text: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same text; while it is read, the person's prices are kept fresh."""
    with prices.watching(person.viewer):
        async for line in text:
            yield line


async def lines(
    hub: Hub, person: Person, last_id: str, is_signed_in: Callable[[], bool]
) -> AsyncIterator[str]:
    """The stream's text: events as they come, a heartbeat when none do, an end with the sign-in."""
    with hub.stream(person, last_id) as stream:
        yield f"retry: 3000\nid: {hub.boot}-{hub.heard}\n\n" if not last_id else "retry: 3000\n\n"
        told = proved = time.monotonic()
        while not stream.is_closed:
            if stream.must_refetch:
                stream.must_refetch = False
                yield hub.refetch()
            news = await stream.take(min(PROOF_SECONDS, HEARTBEAT_SECONDS))
            if time.monotonic() - proved >= PROOF_SECONDS:
                proved = time.monotonic()
                if not await anyio.to_thread.run_sync(is_signed_in):
                    yield "event: signed-out\ndata: {}\n\n"
                    return
            for one in news:
                yield hub.text(one)
            if news:
                told = time.monotonic()
            elif time.monotonic() - told >= HEARTBEAT_SECONDS and not stream.is_closed:
                told = time.monotonic()
                yield ": still here\n\n"
