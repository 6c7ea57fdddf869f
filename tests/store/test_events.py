"""News reaches those who watch when it is true, from any thread, without growing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.store.books import person
from tunefolio.core.identity import PersonId
from tunefolio.store.db import Database
from tunefolio.store.events import MOST_IDS, TOPICS, Bus, Event, Subscription, decoded, emit, encoded

ASHA = PersonId(1)


@pytest.fixture
def bus(database: Database) -> Iterator[Bus]:
    bus = Bus()
    bus.listen(database)
    if bus.listener is not None:
        assert bus.listener.is_heard.wait(60)
    yield bus
    bus.close()


def until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.01)
    return is_so()


def heard(subscription: Subscription, count: int) -> list[Event]:
    got: list[Event] = []

    def is_enough() -> bool:
        got.extend(subscription.take())
        return len(got) >= count

    until(is_enough)
    return got


def test_news_comes_when_the_transaction_is_kept(database: Database, bus: Bus) -> None:
    with bus.subscribe() as subscription:
        with database.writing() as db:
            person(db)
            emit(db, bus, Event("jobs", ASHA, (1, 2)))
            emit(db, bus, Event("quotes"))
            time.sleep(0.05)
            assert subscription.take() == []
        assert heard(subscription, 2) == [Event("jobs", ASHA, (1, 2)), Event("quotes")]


def test_a_broken_transaction_is_no_news(database: Database, bus: Bus) -> None:
    def broken() -> None:
        with database.writing() as db:
            emit(db, bus, Event("jobs", ASHA, (1,)))
            raise ZeroDivisionError

    with bus.subscribe() as subscription:
        with pytest.raises(ZeroDivisionError):
            broken()
        with database.writing() as db:
            emit(db, bus, Event("sync", ASHA))
        assert heard(subscription, 1) == [Event("sync", ASHA)]


def test_the_listener_connects_again_and_says_that_anything_may_have_happened(
    database: Database, bus: Bus
) -> None:
    if database.dialect == "sqlite":
        assert bus.listener is None
        return
    assert bus.listener is not None
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with bus.subscribe() as subscription:
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        got = heard(subscription, len(TOPICS))
        assert {event.topic for event in got} == TOPICS
        with database.writing() as db:
            emit(db, bus, Event("sync", ASHA, (9,)))
        assert Event("sync", ASHA, (9,)) in heard(subscription, 1)


def test_what_waits_is_joined_and_cannot_grow() -> None:
    bus = Bus()
    subscription = bus.subscribe()
    for number in range(10_000):
        bus.publish(Event("quotes", None, (number,)))
        bus.publish(Event("jobs", ASHA, (number % 3,)))
    assert subscription.take() == [Event("quotes"), Event("jobs", ASHA, (0, 1, 2))]
    bus.publish(Event("jobs", ASHA, (1,)))
    bus.publish(Event("jobs", ASHA))
    bus.publish(Event("jobs", ASHA, (2,)))
    assert subscription.take() == [Event("jobs", ASHA)]


def test_an_event_fits_into_a_notice_and_back() -> None:
    event = Event("transactions", ASHA, tuple(range(10**9, 10**9 + MOST_IDS)))
    assert len(encoded(event)) < 8_000
    assert decoded(encoded(event)) == event
    assert Event("jobs", ASHA, tuple(range(MOST_IDS + 1))).ids == ()
    with pytest.raises(ValueError, match="is not a topic"):
        Event("gossip")


def test_a_loop_hears_other_threads_and_ends_at_close() -> None:
    bus = Bus()
    subscription = bus.subscribe()

    def speak() -> None:
        for number in range(200):
            bus.publish(Event("jobs", PersonId(number)))
            time.sleep(0.0002)
        until(lambda: len(got) == 200)
        subscription.close()

    got: list[Event] = []

    async def listen() -> None:
        async for event in subscription:
            got.append(event)  # noqa: PERF401 — seen by the speaker while it grows

    speaker = threading.Thread(target=speak)
    speaker.start()
    asyncio.run(asyncio.wait_for(listen(), 20))
    speaker.join()
    assert [event.owner for event in got] == list(range(200))
    bus.publish(Event("jobs"))
    assert subscription.take() == []
