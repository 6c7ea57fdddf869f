"""The law of coming back: whatever breaks, a client ends with exactly what the board says, told once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.houses import opened
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import Price
from tunefolio.core.people import Person, Role
from tunefolio.core.time import Instant
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services.house import House
from tunefolio.services.live import Live
from tunefolio.store import instruments, persons, quotes
from tunefolio.store.events import Event
from tunefolio.web import feed as feeds
from tunefolio.web.board import Board, ascii_json, encoded
from tunefolio.web.feed import Feed
from tunefolio.web.line import Line
from tunefolio.web.wanted import Message, Wanted

AT = Instant.parse("2026-11-20T10:29:00+05:30")
SIZE = 2
_EXAMPLES = count(1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(0, SIZE - 1), st.integers(1, 999)),
        st.tuples(st.just("keep"), st.integers(0, SIZE - 1), st.integers(1, 999)),
        st.tuples(st.just("event"), st.integers(1, 9), st.just(0)),
        st.tuples(st.just("read"), st.just(0), st.just(0)),
        st.tuples(st.just("want"), st.integers(0, SIZE - 1), st.just(0)),
        st.tuples(st.just("leave"), st.integers(0, SIZE - 1), st.just(0)),
        st.tuples(st.just("break"), st.sampled_from([1, 1, 1, 0]), st.just(0)),
    ),
    min_size=5,
    max_size=40,
)


@pytest.fixture(scope="module")
def busy_house(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    path = tmp_path_factory.mktemp("busy") / "house.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    with opened(f"sqlite:///{path}") as house:
        with house.database.writing() as db:
            persons.add(db, "asha@example.org", "Asha", "hash", Role.ADMIN, AT)
        yield house


def seed(house: House) -> list[InstrumentId]:
    claims = [InstrumentClaim(Listing("NSE", f"S{number}")) for number in range(SIZE)]
    with house.database.writing() as db:
        return sorted(instruments.resolve(db, claims, AT).values())


@dataclass
class Client:
    """A page that follows the protocol: it keeps what frames bring, and resumes from the last place."""

    held: dict[int, tuple[str, str]] = field(default_factory=dict)
    events: int = 0
    place: str = ""
    wanted: set[InstrumentId] = field(default_factory=set)

    def read(self, line: Line) -> None:
        text = line.take()
        if not text:
            return
        frame: dict[str, Any] = orjson.loads(text)
        self.place = frame["at"]
        for quote in frame.get("quotes", ()):
            told = (quote["price"], quote["as_of"])
            if frame["type"] == "delta":
                assert self.held.get(quote["id"]) != told, "told twice"
            assert quote["id"] in self.wanted, "it did not ask for this"
            self.held[quote["id"]] = told
        assert len({event["topic"] for event in frame.get("events", ())}) == len(frame.get("events", ()))
        self.events += len(frame.get("events", ()))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_no_gap_and_no_duplicate(busy_house: House, steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(asyncio.wait_for(story(busy_house, steps), 60))


async def story(house: House, steps: list[tuple[str, int, int]]) -> None:
    ids = seed(house)
    live = Live(house, every=timedelta(hours=1))
    feed = Feed(house, live, 99)
    asha = Person(PersonId(1), "asha@example.org", "Asha", Role.ADMIN, AT)
    client, clock = Client(), 100 * next(_EXAMPLES)  # later than all that former examples kept
    with contextless(feed, asha) as lines:
        line = lines.fresh()
        await feed.obey(line, Message(subscribe=Wanted(topics=frozenset({"jobs"}))))
        for deed, which, number in steps:
            clock += 1
            match deed:
                case "move":
                    quote = Quote(ids[which], Price.of(number), None, AT + timedelta(seconds=clock), "board")
                    feed.board.apply([quote], AT)
                case "keep":
                    quote = Quote(ids[which], Price.of(number), None, AT + timedelta(seconds=clock), "kept")
                    with house.database.writing() as db:
                        quotes.put(db, [quote])
                    house.bus.publish(Event("quotes", None, (ids[which],)))
                case "event":
                    house.bus.publish(Event("jobs", asha.id, (which,)))
                case "read":
                    client.read(line)
                case "want":
                    client.wanted.add(ids[which])
                    await feed.obey(line, Message(subscribe=Wanted(frozenset({ids[which]}))))
                    client.read(line)  # what is not yet held may not be resumed
                case "leave":
                    client.wanted.discard(ids[which])
                    client.held.pop(ids[which], None)
                    await feed.obey(line, Message(unsubscribe=Wanted(frozenset({ids[which]}))))
                case "break":
                    line = lines.fresh()
                    resume = client.place if which else "lost-1"
                    again = Wanted(frozenset(client.wanted), topics=frozenset({"jobs"}))
                    await feed.obey(line, Message(resume, subscribe=again))
                case other:
                    raise AssertionError(other)
            await asyncio.sleep(0)
        await settle(feed)
        client.read(line)
        for id in client.wanted:
            entry = feed.board.find(id)
            assert client.held.get(id) == (None if entry is None else said(entry.text))
        assert set(client.held) <= client.wanted
    await feed.close()
    live.close()


def said(text: bytes) -> tuple[str, str]:
    told = orjson.loads(text)
    return told["price"], told["as_of"]


async def settle(feed: Feed) -> None:
    """Until the events have been heard and what they asked for has been read."""
    for _ in range(40):
        await asyncio.sleep(0.005)
        if not feed._wanted:
            break
    await asyncio.sleep(0.02)


class Lines:
    """One open line at a time; a fresh one breaks the last."""

    def __init__(self, feed: Feed, person: Person) -> None:
        self._feed, self._person, self._stack = feed, person, ExitStack()

    def fresh(self) -> Line:
        self._stack.close()
        return self._stack.enter_context(self._feed.line(self._person, "ws", lambda: True))

    def close(self) -> None:
        self._stack.close()


@contextmanager
def contextless(feed: Feed, person: Person) -> Iterator[Lines]:
    lines = Lines(feed, person)
    try:
        yield lines
    finally:
        lines.close()


def test_a_line_holds_names_and_not_frames() -> None:
    """Ten thousand moves of three instruments make one frame of three quotes."""
    touched: list[Line] = []

    async def story() -> None:
        board = Board()
        board.learn({InstrumentId(number): Price.of(1).currency for number in (1, 2, 3)})
        asha = Person(PersonId(1), "a@example.org", "Asha", Role.MEMBER, AT)
        line = Line(board, asha, kind="ws", is_signed_in=lambda: True, touched=touched.append)
        line.begin(Wanted(frozenset(map(InstrumentId, (1, 2, 3)))), Wanted(), since=None, desks={})
        line.take()
        for turn in range(10_000):
            quote = Quote(
                InstrumentId(1 + turn % 3), Price.of(turn + 1), None, AT + timedelta(seconds=turn), "x"
            )
            board.apply([quote], AT)
        frame = orjson.loads(line.take())
        assert [quote["price"] for quote in sorted(frame["quotes"], key=lambda one: one["id"])] == [
            "10000",
            "9998",
            "9999",
        ]
        assert line.take() == b""
        line.beat()
        assert orjson.loads(line.take())["type"] == "beat"

    asyncio.run(story())
    assert len(touched) == 2


def test_prices_that_grow_old_are_told(busy_house: House) -> None:
    board = Board(["zerodha"])
    board.learn({InstrumentId(1): Price.of(1).currency})
    board.apply([Quote(InstrumentId(1), Price.of("10.50"), None, AT, "zerodha")], AT)
    entry = board.find(InstrumentId(1))
    assert entry is not None
    assert orjson.loads(entry.text)["stale"] is False
    assert orjson.loads(entry.text)["live"] is True
    assert board.judge(AT + timedelta(minutes=1)) == 1
    assert board.judge(AT + timedelta(minutes=1)) == 0
    aged = board.find(InstrumentId(1))
    assert aged is not None
    assert orjson.loads(aged.text)["stale"] is True
    assert aged.version > entry.version


def test_the_json_is_ascii_and_means_the_same() -> None:
    quote = Quote(InstrumentId(1), Price.of("1489.35"), Price.of("1500"), AT, "yahoo")
    text = encoded(quote, is_live=False, is_stale=False)
    assert text.isascii()
    assert orjson.loads(text)["text"] == ["₹1,489.35", "−₹10.65", "−0.71%", "₹1,500.00"]
    for words in ("£ and ¥", "😀", "plain", "−₹"):
        assert orjson.loads(ascii_json(orjson.dumps(words))) == words


def test_more_than_is_remembered_is_fetched_again(busy_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        feed = Feed(busy_house, Live(busy_house), 9)
        asha = Person(PersonId(1), "asha@example.org", "Asha", Role.ADMIN, AT)
        jobs = Wanted(topics=frozenset({"jobs"}))
        with feed.line(asha, "ws", lambda: True) as line:
            await feed.obey(line, Message(subscribe=jobs))
            place = orjson.loads(line.take())["at"]
            for number in range(feeds.REMEMBERED + 2):
                busy_house.bus.publish(Event("jobs", asha.id, (number + 1,)))
                await asyncio.sleep(0)
            await asyncio.sleep(0.05)
        with feed.line(asha, "ws", lambda: True) as line:
            await feed.obey(line, Message(place, jobs))
            told = orjson.loads(line.take())
            assert told.get("refetch") is True
        await feed.close()

    asyncio.run(asyncio.wait_for(story(), 20))
