"""What processes share: the same laws in memory and in a real Redis, and in one that is away."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.commons import redis_url as fresh_redis
from tunefolio.adapters.memory import MemoryFanout, MemoryShared
from tunefolio.adapters.redis import RedisFanout, RedisShared
from tunefolio.core.shared import Fanout, Shared

NOBODY = "redis://127.0.0.1:9/0"


@pytest.fixture(params=["memory", "redis", "redis away"])
def shared(request: pytest.FixtureRequest) -> Iterator[Shared]:
    if request.param == "memory":
        yield MemoryShared()
        return
    made = RedisShared(fresh_redis() if request.param == "redis" else NOBODY)
    yield made
    made.close()


@pytest.fixture(params=["memory", "redis"])
def fanout(request: pytest.FixtureRequest) -> Iterator[Fanout]:
    made: Fanout = MemoryFanout() if request.param == "memory" else RedisFanout(fresh_redis())
    yield made
    made.close()


def test_a_rate_lets_a_burst_in_and_then_one_step_at_a_time(shared: Shared) -> None:
    waits = [shared.reserve("yahoo", 10.0, 2) for _ in range(5)]
    assert waits[:2] == pytest.approx([0.0, 0.0], abs=1e-6)
    steps = [later - earlier for earlier, later in itertools.pairwise(waits[2:])]
    assert all(0.05 < step < 0.11 for step in steps), waits
    assert shared.reserve("another", 10.0, 1) == 0.0


def test_a_call_that_was_long_on_its_way_counts_from_its_answer(shared: Shared) -> None:
    assert shared.reserve("angel", 2.0, 1) == 0.0
    time.sleep(0.4)
    shared.count_from_now("angel", 2.0)
    assert 0.3 < shared.reserve("angel", 2.0, 1) <= 0.5, "by its departure it would be 0.1"
    shared.count_from_now("angel", 2.0)
    assert shared.reserve("angel", 2.0, 1) > 0.6, "what is reserved stays reserved"


def test_a_budget_is_spent_once_and_tells_when_there_is_more(shared: Shared) -> None:
    hour = timedelta(hours=1)
    assert [shared.spend("coins", 3, hour) for _ in range(3)] == [None] * 3
    wait = shared.spend("coins", 3, hour)
    assert wait is not None
    assert timedelta() < wait <= hour
    assert shared.spent("coins", hour) == 3
    assert shared.spent("others", hour) == 0


def test_what_is_put_is_there_until_it_is_too_old(shared: Shared) -> None:
    shared.put("crumb", b"\x00abc", timedelta(milliseconds=80))
    assert shared.get("crumb") == b"\x00abc"
    time.sleep(0.12)
    assert shared.get("crumb") is None
    shared.put("crumb", b"again", timedelta(minutes=1))
    shared.drop("crumb")
    assert shared.get("crumb") is None


def test_two_processes_share_one_rate_and_one_budget() -> None:
    url = fresh_redis()
    one, two = RedisShared(url), RedisShared(url)
    assert one.reserve("nse", 2.0, 1) == 0.0
    assert two.reserve("nse", 2.0, 1) > 0.3
    assert one.spend("nse", 1, timedelta(hours=1)) is None
    assert two.spend("nse", 1, timedelta(hours=1)) is not None
    assert two.spent("nse", timedelta(hours=1)) == 1
    one.put("rest", b"until", timedelta(minutes=1))
    assert two.get("rest") == b"until"
    one.close()
    two.close()


def test_many_threads_take_no_more_than_the_budget_holds(shared: Shared) -> None:
    taken: list[bool] = []

    def take() -> None:
        taken.extend(shared.spend("crowd", 50, timedelta(hours=1)) is None for _ in range(20))

    threads = [threading.Thread(target=take) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 50


def test_news_reach_every_listener_until_it_stops(fanout: Fanout) -> None:
    heard: list[bytes] = []
    others: list[bytes] = []
    stop = fanout.subscribe("quotes", heard.append)
    fanout.subscribe("quotes", others.append)
    fanout.subscribe("elsewhere", others.append)
    publish_until(fanout, b"first", lambda: b"first" in heard)
    stop()
    publish_until(fanout, b"second", lambda: b"second" in others)
    assert b"second" not in heard


def test_a_listener_that_breaks_does_not_silence_the_others(fanout: Fanout) -> None:
    heard: list[bytes] = []

    def breaks(_payload: bytes) -> None:
        raise ValueError("a listener of a test")

    fanout.subscribe("quotes", breaks)
    fanout.subscribe("quotes", heard.append)
    publish_until(fanout, b"news", lambda: b"news" in heard)


def test_news_of_one_process_reach_another() -> None:
    url = fresh_redis()
    here, there = RedisFanout(url), RedisFanout(url)
    heard: list[bytes] = []
    there.subscribe("quotes", heard.append)
    publish_until(here, b"42", lambda: b"42" in heard)
    here.close()
    there.close()


def test_without_redis_news_stay_in_the_process() -> None:
    alone = RedisFanout(NOBODY)
    heard: list[bytes] = []
    alone.subscribe("quotes", heard.append)
    alone.publish("quotes", b"42")
    assert heard == [b"42"]
    alone.close()


def publish_until(fanout: Fanout, payload: bytes, is_heard: object) -> None:
    """A listener that has just begun may miss what was said at once: say it until it is heard."""
    assert callable(is_heard)
    end = time.monotonic() + 60
    while not is_heard():
        assert time.monotonic() < end, "nobody heard it"
        fanout.publish("quotes", payload)
        time.sleep(0.02)
