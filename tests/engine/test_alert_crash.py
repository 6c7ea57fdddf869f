"""kill −9 and crowds: an alert is told once, whatever dies and however many judge it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.test_notify import KEY, Calls, receiver
from tests.nursery import Talker, talker
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.alerts import AlertKind, AlertState
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.notice import ChannelKind
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import alert_book
from tunefolio.services.alert_book import Wish
from tunefolio.settings import Settings
from tunefolio.store import alerts, channels, instruments, notices, persons, portfolios
from tunefolio.store.alerts import Alert, Subject
from tunefolio.store.notices import Delivery, DeliveryState, Told


@pytest.fixture
def environ(migrated_url: str, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    return kept | {
        "TUNEFOLIO_DATABASE_URL": migrated_url,
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_JOB_LEASE_SECONDS": "1",
        "TUNEFOLIO_WEBHOOK_PRIVATE": "yes",
    }


@pytest.fixture
def runtime(environ: dict[str, str]) -> Iterator[Runtime]:
    """A house on the same database, whose engine never starts; INFY, instrument 1, is watched at 1,500."""
    runtime = build(Settings.from_env(environ))
    house = runtime.house
    with house.database.writing() as db:
        infy = InstrumentClaim(Listing("NSE", "INFY"))
        assert instruments.resolve(db, [infy], house.clock.now())[infy] == 1
        person = persons.add(db, "asha@example.org", "Asha", "hash", Role.MEMBER, house.clock.now())
        portfolios.add(db, person.viewer, "Main", INR, house.clock.now())
        wish = Wish(AlertKind.PRICE, Subject(InstrumentId(1)), {"level": "1500"})
        alert_book.create(db, house, person.viewer, wish)
        db.connection.exec_driver_sql("DELETE FROM jobs")
    yield runtime
    runtime.close()


def worker(environ: dict[str, str], *words: str) -> Talker:
    process = talker("tests.engine.alert_worker", words, environ)
    assert process.heard() == "ready"
    return process


def asha(runtime: Runtime) -> Viewer:
    with runtime.house.database.reading() as db:
        found = persons.find_by_email(db, "asha@example.org")
    assert found is not None
    return found[0].viewer


def told(runtime: Runtime) -> list[Told]:
    with runtime.house.database.reading() as db:
        return notices.page(db, asha(runtime), None, 50)


def alert(runtime: Runtime) -> Alert:
    with runtime.house.database.reading() as db:
        return alerts.page(db, asha(runtime), None, 1)[0]


def deliveries(runtime: Runtime) -> list[Delivery]:
    with runtime.house.database.reading() as db:
        found = notices.deliveries_by_notice(db, asha(runtime), [one.id for one in told(runtime)])
    return [one for some in found.values() for one in some]


def hooked(runtime: Runtime, calls: Calls) -> None:
    """Asha's webhook leads to that receiver, and is proven."""
    house, viewer = runtime.house, asha(runtime)
    with house.database.writing() as db:
        id = channels.add(
            db,
            viewer,
            ChannelKind.WEBHOOK,
            "hook",
            lambda row: house.vault.seal(Secret(f"{calls.url}/ {KEY}"), "channels", row, "target"),
            now=house.clock.now(),
        )
        channels.verify(db, viewer, id, house.clock.now())


def test_two_processes_that_judge_one_quote_tell_once(runtime: Runtime, environ: dict[str, str]) -> None:
    crowd = [worker(environ, "judge", "1500") for _ in range(3)]
    for one in crowd:
        one.say("go")
    for one in crowd:
        one.end()
    assert len(told(runtime)) == 1
    assert alert(runtime).standing.state is AlertState.DONE
    assert alert(runtime).fired_times == 1


def test_killed_before_it_is_kept_nothing_is_told_and_nothing_is_lost(
    runtime: Runtime, environ: dict[str, str]
) -> None:
    first = worker(environ, "judge", "1500", "hang")
    first.say("go")
    assert first.heard() == "judged"
    first.kill()
    assert told(runtime) == []
    assert alert(runtime).standing.state is AlertState.ARMED
    second = worker(environ, "judge", "1500")
    second.say("go")
    second.end()
    assert len(told(runtime)) == 1


def test_killed_between_judging_and_delivering_it_is_delivered_once_after_the_restart(
    runtime: Runtime, environ: dict[str, str]
) -> None:
    """The judge dies before it has rung for the delivery; of two that start afterwards one carries it."""
    with receiver() as calls:
        hooked(runtime, calls)
        judging = worker(environ, "judge", "1500", "stay")
        judging.say("go")
        assert judging.heard() == "kept"
        judging.kill()
        assert [one.state for one in deliveries(runtime)] == [DeliveryState.QUEUED]
        assert calls.seen == []
        crowd = [worker(environ, "deliver"), worker(environ, "deliver")]
        for one in crowd:
            one.say("go")
        for one in crowd:
            one.end()
        again = worker(environ, "judge", "1500")
        again.say("go")
        again.end()
        assert [(one.state, one.attempts) for one in deliveries(runtime)] == [(DeliveryState.SENT, 1)]
    assert len(calls.seen) == 1
    assert len(told(runtime)) == 1


def test_killed_after_sending_it_is_sent_again_under_the_same_key(
    runtime: Runtime, environ: dict[str, str]
) -> None:
    with receiver() as calls:
        hooked(runtime, calls)
        judging = worker(environ, "judge", "1500")
        judging.say("go")
        judging.end()
        assert [one.state for one in deliveries(runtime)] == [DeliveryState.QUEUED]
        first = worker(environ, "deliver", "hang")
        first.say("go")
        assert first.heard() == "sent"
        first.kill()
        assert [one.state for one in deliveries(runtime)] == [DeliveryState.SENDING]
        second = worker(environ, "deliver")
        second.say("go")
        second.end()
        assert [(one.state, one.attempts) for one in deliveries(runtime)] == [(DeliveryState.SENT, 2)]
        keys = [headers["Idempotency-Key"] for _, headers, _ in calls.seen]
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert len(told(runtime)) == 1
