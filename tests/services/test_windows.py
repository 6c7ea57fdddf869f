"""Counts in memory agree with those of the library that counts, and leave nothing behind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from tunefolio.services.windows import ProcessMemory


@dataclass(frozen=True, slots=True)
class Step:
    """Some seconds pass, then one deed with one of two keys."""

    seconds: float
    deed: str
    key: str


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0.0, 0.5, 3.0, 9.0, 10.5, 70.0]),
        st.sampled_from(["enter", "enter", "enter", "stand", "count", "get", "clear"]),
        st.sampled_from(["asha", "bela"]),
    ),
    max_size=40,
)


class Still:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def told(memory: MemoryStorage | ProcessMemory, step: Step) -> object:
    """Of an empty window or an ended count its time means nothing."""
    match step.deed:
        case "enter":
            return memory.acquire_entry(step.key, 3, 10)
        case "stand":
            begun, count = memory.get_moving_window(step.key, 3, 10)
            return (begun, count) if count else 0
        case "count":
            return memory.incr(f"row/{step.key}", 10)
        case "get":
            count = memory.get(f"row/{step.key}")
            return (count, memory.get_expiry(f"row/{step.key}")) if count else 0
        case _:
            memory.clear(step.key)
            return None


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_it_says_what_the_library_says(steps: list[Step]) -> None:
    clock = Still()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Timer, "start", lambda _self: None)  # its thread would go by another time
        patch.setattr(time, "time", clock)
        ours, theirs = ProcessMemory(), MemoryStorage()
        for step in steps:
            clock.now += step.seconds
            assert told(ours, step) == told(theirs, step)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_one_count_tells_what_the_library_tells_in_two(steps: list[Step]) -> None:
    clock, limit = Still(), RateLimitItemPerSecond(3, 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Timer, "start", lambda _self: None)
        patch.setattr(time, "time", clock)
        ours, theirs = ProcessMemory(), MovingWindowRateLimiter(MemoryStorage())
        for step in steps:
            clock.now += step.seconds * 1.0137  # at the very moment one leaves, the library says both
            is_in, standing, seconds = ours.admit(step.key, 3, 10)
            assert is_in == theirs.hit(limit, step.key)
            stats = theirs.get_window_stats(limit, step.key)
            assert (3 - standing, clock.now + seconds) == (stats.remaining, stats.reset_time)


def test_what_is_over_is_forgotten_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Still()
    monkeypatch.setattr(time, "time", clock)
    memory = ProcessMemory()
    for number in range(1_000):
        memory.acquire_entry(f"address {number}", 5, 10)
        memory.incr(f"row {number}", 10)
    clock.now += 61
    memory.acquire_entry("another", 5, 10)
    memory.incr("another row", 10)
    assert memory.reset() == 2


def test_of_many_at_once_no_more_are_let_in_than_fit() -> None:
    memory = ProcessMemory()
    start = threading.Barrier(8)
    let_in: list[bool] = []

    def ask() -> None:
        start.wait()
        let_in.extend(memory.acquire_entry("asha", 100, 60) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(let_in) == 100
    assert memory.get_moving_window("asha", 100, 60)[1] == 100


def test_it_starts_no_thread() -> None:
    before = threading.active_count()
    memory = ProcessMemory()
    memory.acquire_entry("asha", 5, 60)
    memory.incr("row", 60)
    assert threading.active_count() == before
    assert memory.check()
