"""Attempts are counted in windows, and the pauses between them grow; nobody is locked out for long."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from tunefolio.services.throttle import LONGEST_PAUSE, Allowance, Throttle, TooMany

GUESSES = Allowance("guesses", 10, timedelta(minutes=15), free=3)
MANY = Allowance("many", 100, timedelta(hours=2), free=3)


class Watch:
    """The time that the throttle's storage goes by."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return real() + self.ahead


real = time.time


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The clock of the library that counts, moved by hand; ours tells how long is left by the same one."""
    watch = Watch()
    monkeypatch.setattr(time, "time", watch)
    return watch


def waited(throttle: Throttle, watch: Watch, key: str) -> float:
    """How many seconds pass until the next attempt is let in; it is counted."""
    begun = watch.ahead
    while True:
        try:
            throttle.hit(MANY, key)
        except TooMany:
            watch.ahead += 0.25
        else:
            return watch.ahead - begun


def test_three_are_free_and_then_pauses_double_up_to_a_minute(watch: Watch) -> None:
    throttle = Throttle()
    pauses = [waited(throttle, watch, "asha") for _ in range(13)]
    assert pauses[:3] == [0.0, 0.0, 0.0]
    assert [round(pause) for pause in pauses[3:]] == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert max(pauses) <= LONGEST_PAUSE.total_seconds() + 1


def test_attempts_during_a_pause_do_not_prolong_it(watch: Watch) -> None:
    throttle = Throttle()
    for _ in range(3):
        throttle.hit(GUESSES, "asha")
    for _ in range(200):
        with pytest.raises(TooMany) as refused:
            throttle.hit(GUESSES, "asha")
        assert refused.value.after is not None
        assert refused.value.after <= timedelta(seconds=1)
    watch.ahead += 1.1
    throttle.hit(GUESSES, "asha")


def test_whoever_guesses_on_and_on_gets_ten_in_a_quarter_of_an_hour(watch: Watch) -> None:
    throttle = Throttle()
    let_in = 0
    for _ in range(15 * 60):
        try:
            throttle.hit(GUESSES, "asha")
            let_in += 1
        except TooMany:
            pass
        watch.ahead += 0.99
    assert let_in == 10


def test_one_that_proved_herself_begins_anew_and_others_are_not_touched(watch: Watch) -> None:
    throttle = Throttle()
    for _ in range(3):
        throttle.hit(GUESSES, "asha")
    throttle.hit(GUESSES, "bela")
    throttle.forget(GUESSES, "asha")
    for _ in range(3):
        throttle.hit(GUESSES, "asha")
    with pytest.raises(TooMany):
        throttle.hit(GUESSES, "asha")
