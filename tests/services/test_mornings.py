"""Before the market opens everybody who wants it hears which broker waits for a login: once, with the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from tests.services.desks import Desk, DeskBroker, ist
from tests.services.test_alerts import told
from tunefolio.core.alerts import AlertKind, Repeat
from tunefolio.core.errors import Reauth
from tunefolio.core.identity import AccountId
from tunefolio.core.people import Role, Viewer
from tunefolio.ledger.accounts import Account
from tunefolio.services import alert_book, jobs, mornings, portfolios, sync
from tunefolio.services import upkeep as upkeep
from tunefolio.services.alert_book import Wish
from tunefolio.store import connections, notices, standings
from tunefolio.store import jobs as rows
from tunefolio.store.alerts import Subject
from tunefolio.store.connections import ConnectionState
from tunefolio.store.notices import Told
from tunefolio.store.standings import Standing

pytestmark = pytest.mark.one_is_enough

MONDAY = "2026-11-23"


def wishing(desk: Desk, account: AccountId | None = None) -> None:
    """She wants to hear of logins: of one account, or of all."""
    with desk.database.writing() as db:
        wish = Wish(AlertKind.LOGIN_DUE, Subject(account=account), {}, Repeat.EVERY)
        alert_book.create(db, desk.house, desk.viewer, wish)


def logged_out(desk: Desk, *homes: Account) -> None:
    """Their broker answers that the session is over, as the morning's sync finds it."""
    desk.broker.problem = Reauth("The session is over", broker="deskbroker")
    for home in homes:
        with desk.database.writing() as db:
            job = sync.ask_sync(db, desk.house, desk.viewer, home.id)
        jobs.run(desk.house, job)


def announced(desk: Desk, at: str) -> None:
    desk.clock.set(ist(at))
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, mornings.ANNOUNCE, {}, owner=None)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        newest = rows.page_all(db, Viewer(desk.viewer.person, Role.ADMIN), None, 50)
    assert next(one for one in newest if one.id == job).problem == ""


def newest(desk: Desk) -> Told:
    with desk.database.reading() as db:
        return notices.page(db, desk.viewer, None, 1)[0]


@pytest.mark.on_both
def test_one_notice_names_every_account_with_its_way_in(desk: Desk) -> None:
    wishing(desk)
    first, second = desk.broker_account(), desk.broker_account("ZZ9999")
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, first, second)
    announced(desk, f"{MONDAY} 08:50")
    assert told(desk) == ["2 accounts wait for a login"]
    notice = newest(desk).notice
    assert notice.link == "/brokers"
    for home in (first, second):
        assert f"{home.name}: http://localhost:8000/auth/deskbroker/login" in notice.text


@pytest.mark.on_both
def test_it_comes_once_a_day_and_again_on_the_next(desk: Desk) -> None:
    wishing(desk)
    home = desk.broker_account()
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, home)
    for minute in ("08:50", "08:55", "11:00"):
        announced(desk, f"{MONDAY} {minute}")
    assert told(desk) == ["Desk AB1234 waits for a login"]
    announced(desk, "2026-11-25 08:50")  # the 24th is a holiday
    assert len(told(desk)) == 2


@pytest.mark.parametrize("moment", [f"{MONDAY} 08:49", "2026-11-24 09:30", "2026-11-22 09:30"])
def test_nobody_is_told_too_early_or_on_a_day_without_a_session(desk: Desk, moment: str) -> None:
    wishing(desk)
    home = desk.broker_account()
    logged_out(desk, home)
    announced(desk, moment)
    assert told(desk) == []


def test_who_did_not_ask_for_it_hears_nothing_and_a_living_session_is_no_news(desk: Desk) -> None:
    home = desk.broker_account()
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, home)
    announced(desk, f"{MONDAY} 08:50")
    assert told(desk) == []
    wishing(desk)
    neighbour = desk.neighbour()
    wishing(neighbour)
    neighbour.broker_account("XX1111")
    announced(desk, f"{MONDAY} 08:51")
    assert told(desk) == ["Desk AB1234 waits for a login"]
    assert told(neighbour) == []


def test_an_alert_of_one_account_hears_of_that_one_alone(desk: Desk) -> None:
    first, second = desk.broker_account(), desk.broker_account("ZZ9999")
    wishing(desk, second.id)
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, first)
    announced(desk, f"{MONDAY} 08:50")
    assert told(desk) == []
    logged_out(desk, second)
    announced(desk, f"{MONDAY} 08:52")
    assert told(desk) == ["Desk ZZ9999 waits for a login"]


def test_a_session_that_ends_in_mid_day_is_told_by_itself(desk: Desk) -> None:
    """The sync that finds it asks for the telling."""
    wishing(desk)
    first, second = desk.broker_account(), desk.broker_account("ZZ9999")
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, first)
    announced(desk, f"{MONDAY} 08:50")
    desk.clock.set(ist(f"{MONDAY} 11:00"))
    logged_out(desk, second)
    with desk.database.reading() as db:
        waiting = [
            job.id
            for job in rows.page_all(db, Viewer(desk.viewer.person, Role.ADMIN), None, 50)
            if job.kind == mornings.ANNOUNCE and job.state is rows.JobState.QUEUED
        ]
    assert len(waiting) == 1
    jobs.run(desk.house, waiting[0])
    assert told(desk) == ["Desk AB1234 waits for a login", "Desk ZZ9999 waits for a login"]


def test_archived_accounts_and_stopped_brokers_are_left_in_peace(desk: Desk) -> None:
    wishing(desk)
    first, second = desk.broker_account(), desk.broker_account("ZZ9999")
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, first, second)
    admin = Viewer(desk.viewer.person, Role.ADMIN)
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, first.id)
        standings.put(db, admin, "deskbroker", Standing.STOPPED, "away for repair", desk.clock.now())
    announced(desk, f"{MONDAY} 08:50")
    assert told(desk) == []
    with desk.database.writing() as db:
        standings.put(db, admin, "deskbroker", Standing.OPEN, "", desk.clock.now())
    announced(desk, f"{MONDAY} 08:51")
    assert told(desk) == ["Desk ZZ9999 waits for a login"]


def test_an_account_that_the_house_logs_in_by_itself_waits_for_nobody(desk: Desk) -> None:
    wishing(desk)
    home = desk.broker_account()
    desk.clock.set(ist(f"{MONDAY} 08:30"))
    logged_out(desk, home)
    with desk.database.writing() as db:
        connections.keep_credentials(
            db, desk.viewer, home.id, lambda _: b"sealed", automatic_since=desk.clock.now()
        )
    with desk.database.reading() as db:
        there = connections.of_account(db, desk.viewer, home.id)
    assert there is not None
    assert (there.state, mornings.can_be_asked(there)) == (ConnectionState.NEEDS_LOGIN, True)
    announced(desk, f"{MONDAY} 08:50")
    assert told(desk) == []


# What is asked for by the clock ----------------------------------------------------------------------


def asked_by(desk: Desk, kind: str) -> list[rows.Job]:
    """The syncs that a run of this duty's job asks for, oldest first."""
    with desk.database.writing() as db:
        job = jobs.ask(db, desk.house, kind, {}, owner=None)
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        found = rows.page_all(db, Viewer(desk.viewer.person, Role.ADMIN), None, 200)
    assert next(one for one in found if one.id == job).problem == ""
    return sorted((one for one in found if one.kind == "sync" and one.id > job), key=lambda one: one.id)


@pytest.mark.on_both
def test_all_that_can_come_to_something_is_asked_for_and_nothing_else(desk: Desk) -> None:
    homes = [desk.broker_account(f"U{number}") for number in range(5)]
    alive, dead, automatic, gone, _ = homes
    with desk.database.writing() as db:
        for home in (dead, automatic):
            connections.set_state(db, desk.viewer, home.id, ConnectionState.NEEDS_LOGIN)
        connections.keep_credentials(
            db, desk.viewer, automatic.id, lambda _: b"sealed", automatic_since=desk.clock.now()
        )
        portfolios.archive_account(db, desk.house, desk.viewer, gone.id)
    asked = asked_by(desk, "sync_all")
    assert {job.args["account"] for job in asked} == {alive.id, automatic.id, homes[4].id}
    assert {job.due for job in asked} == {desk.clock.now()}, "a handful begins at once"


def test_a_crowd_is_spread_over_some_minutes(desk: Desk) -> None:
    for number in range(60):
        desk.broker_account(f"U{number}")
    asked = asked_by(desk, "sync_all")
    waits = sorted((job.due - desk.clock.now()).total_seconds() for job in asked)
    assert len(waits) == 60
    assert 0 <= waits[0] < 3
    assert 9 < waits[-1] <= 12, "a fifth of a second for each"
    assert max(later - earlier for earlier, later in pairwise(waits)) < 3


def test_during_the_session_only_those_whose_exchange_trades_are_asked(desk: Desk) -> None:
    abroad = DeskBroker(desk.clock, name="abroad", title="Abroad", home_exchange="NYSE")
    desk.house = replace(desk.house, brokers={**desk.house.brokers, "abroad": abroad})
    home = desk.broker_account()
    desk.broker, here = abroad, desk.broker
    there = desk.broker_account("NY1")
    desk.broker = here
    assert [job.args["account"] for job in asked_by(desk, "sync_trading")] == [home.id]
    for job in asked_by(desk, "sync_all"):
        jobs.run(desk.house, job.id)
    desk.clock.set(ist(f"{MONDAY} 22:00"))
    found = {
        job.args["account"] for job in asked_by(desk, "sync_trading") if job.due >= ist(f"{MONDAY} 22:00")
    }
    assert found == {there.id}


def test_a_stopped_broker_is_not_asked_even_by_hand(desk: Desk) -> None:
    home = desk.broker_account()
    admin = Viewer(desk.viewer.person, Role.ADMIN)
    with desk.database.writing() as db:
        standings.put(db, admin, "deskbroker", Standing.STOPPED, "away for repair", desk.clock.now())
    assert asked_by(desk, "sync_all") == []
    with desk.database.writing() as db:
        job = sync.ask_sync(db, desk.house, desk.viewer, home.id)
    desk.broker.problem = AssertionError("nobody may ask")
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        assert rows.job_of(db, desk.viewer, job).result == {"skipped": "stopped"}


@pytest.mark.on_both
def test_admins_hear_what_failed_for_good_in_numbers(desk: Desk) -> None:
    """Two accounts fail; a third only waits for a login. The neighbour runs the house."""
    homes = [desk.broker_account(f"U{number}") for number in range(3)]
    admin = desk.neighbour()
    with desk.database.writing() as db:
        db.connection.exec_driver_sql(
            f"UPDATE persons SET role = 'admin' WHERE id = {int(admin.viewer.person)}"
        )
    logged_out(desk, homes[2])
    desk.broker.problem = ValueError("a fault of ours that nobody foresaw")
    with desk.database.writing() as db:
        failing = [sync.ask_sync(db, desk.house, desk.viewer, home.id) for home in homes[:2]]
    for _ in range(8):
        for job in failing:
            jobs.run(desk.house, job)
        desk.clock.advance(timedelta(minutes=6))
    asked_by(desk, "tell_failures")
    asked_by(desk, "tell_failures")
    assert told(desk) == []
    assert told(admin) == ["2 jobs failed: sync"]
    text = newest(admin).notice.text
    assert "of 2 accounts" in text
    assert "U0" not in text
