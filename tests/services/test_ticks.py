"""Broker ticks: over the rehearsal's real WebSocket, by one process at a time, kept within seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.services.desks import Desk
from tests.services.test_connect_over_http import APP, Rehearsal
from tunefolio.adapters.brokers.zerodha.broker import Zerodha
from tunefolio.core.time import Clock, FixedClock, Instant, SystemClock
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.sandbox.sessions import Hours
from tunefolio.services import quotes as kept
from tunefolio.services import ticks as service
from tunefolio.services.connect import disconnect
from tunefolio.services.ticks import Ticks
from tunefolio.store import leases, quotes
from tunefolio.store.connections import ConnectionState

NOON = Instant.parse("2026-11-20T12:00:00+05:30")
SOON = timedelta(milliseconds=100)


@pytest.fixture
def rehearsal(desk: Desk) -> Iterator[Rehearsal]:
    """A broker that ticks ten times a second, at any hour."""
    clock: Clock = SystemClock()
    config = SandboxConfig(
        APP, "http://localhost:8000/auth/zerodha/callback", clock=clock, hours=Hours.ALWAYS, tick_seconds=0.1
    )
    with Sandbox(config) as sandbox:
        zerodha = Zerodha(
            {
                "root_url": sandbox.kite_url,
                "login_url": f"{sandbox.kite_url}/connect/login",
                "ticks_url": sandbox.kite_stream_url,
            },
            desk.house.shared,
        )
        rules = replace(desk.house.rules, operator_apps={"zerodha": APP})
        desk.house = replace(desk.house, brokers={"zerodha": zerodha}, rules=rules, clock=clock)
        try:
            yield Rehearsal(desk, sandbox)
        finally:
            zerodha.close()


@contextmanager
def listening(desk: Desk) -> Iterator[tuple[Ticks, list[list[Any]]]]:
    """Ticks that look often, and what comes by the fan-out."""
    told: list[list[Any]] = []
    stop = desk.house.fanout.subscribe(kept.CHANNEL, lambda payload: told.extend(orjson.loads(payload)))
    ticks = Ticks(desk.house, look_every=SOON, keep_every=2 * SOON)
    ticks.start()
    try:
        yield ticks, told
    finally:
        ticks.close()
        stop()


def until(holds: Callable[[], object], seconds: float = 15) -> None:
    """Wait for it; fails when it does not come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_a_connected_account_brings_ticks_that_are_kept(rehearsal: Rehearsal) -> None:
    """Nothing before the login; then the newest prices of what is held, at once and in the database."""
    desk = rehearsal.desk
    with listening(desk) as (ticks, told):
        time.sleep(0.3)
        assert not ticks.is_listening
        account = rehearsal.connect()
        assert rehearsal.sync(account).problem == ""
        with desk.database.reading() as db:
            held = kept.held(db, desk.viewer)
        before = len(told)
        until(lambda: ticks.is_listening and {row[0] for row in told[before:]} >= held)
        newest = {row[0]: row for row in told}
        assert {row[4] for row in newest.values()} == {"zerodha"}
        heard_at = max(Instant.parse(row[3]) for row in newest.values())

        def is_kept() -> bool:
            with desk.database.reading() as db:
                return max(quote.as_of for quote in quotes.latest(db, held).values()) >= heard_at

        until(is_kept)
        disconnect(desk.house, desk.viewer, account.id)
        until(lambda: not ticks.is_listening)


def test_a_dead_token_asks_for_a_login(rehearsal: Rehearsal) -> None:
    desk = rehearsal.desk
    account = rehearsal.connect()
    rehearsal.sync(account)
    with listening(desk) as (ticks, told):
        until(lambda: told)
        rehearsal.sandbox.grants.end_all()
        until(lambda: rehearsal.state() is ConnectionState.NEEDS_LOGIN)
        until(lambda: not ticks.is_listening)


def test_one_process_listens_and_the_other_takes_over(rehearsal: Rehearsal) -> None:
    desk = rehearsal.desk
    rehearsal.sync(rehearsal.connect())
    with listening(desk) as (first, _):
        until(lambda: first.is_listening)
        with listening(desk) as (second, _told):
            time.sleep(0.5)
            assert first.is_listening
            assert not second.is_listening
            first.close()
            until(lambda: second.is_listening)


def test_of_many_that_take_the_lease_one_gets_it(desk: Desk) -> None:
    got: list[int] = []

    def reach(number: int) -> None:
        with desk.database.writing() as db:
            if leases.take(db, "test", NOON, NOON + timedelta(seconds=30 + number)):
                got.append(number)

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    mine = NOON + timedelta(seconds=30 + got[0])
    with desk.database.writing() as db:
        assert leases.renew(db, "test", mine, mine + timedelta(seconds=30))
        assert not leases.renew(db, "test", mine, mine + timedelta(seconds=60)), "that lease was another's"
        later = mine + timedelta(seconds=31)
        assert leases.take(db, "test", later, later + timedelta(seconds=30)), "it had lapsed"
        leases.release(db, "test", later + timedelta(seconds=30), later)
        assert leases.take(db, "test", later, later + timedelta(seconds=9))


def test_a_house_without_such_brokers_starts_nothing(desk: Desk) -> None:
    ticks = Ticks(desk.house)
    ticks.start()
    assert not ticks.is_listening
    ticks.close()
    assert isinstance(desk.clock, FixedClock)
    with desk.database.reading() as db:
        assert service.wires(db, desk.house) == {}
