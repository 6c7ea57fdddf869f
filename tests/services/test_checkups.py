"""What the doctor says of links to brokers: a story for each ailment, and silence over a well house."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest

from tests.services.desks import Desk
from tunefolio.core.identity import AccountId, PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.services import checkups, portfolios
from tunefolio.services.checkups import CHECKS, Ailment, Ward
from tunefolio.store import connections, standings
from tunefolio.store.connections import ConnectionState
from tunefolio.store.standings import Standing

pytestmark = pytest.mark.one_is_enough

ADMIN = Viewer(PersonId(1), Role.ADMIN)


def told(
    desk: Desk, *, brokers: Collection[str] = ("desk",), unloaded: Collection[str] = ()
) -> dict[str, str]:
    """What each check complains of, with its cure."""
    found = {}
    ward = Ward(frozenset(brokers), frozenset(unloaded), desk.clock.now())
    for name, look in CHECKS.items():
        with desk.database.reading() as db:
            try:
                look(db, ward)
            except Ailment as ailment:
                found[name] = f"{ailment.problem} → {ailment.cure}"
    assert not [words for words in found.values() if words.endswith("→ ")], "each has a cure"
    return found


def synced(desk: Desk, account: AccountId, ago: timedelta = timedelta()) -> None:
    with desk.database.writing() as db:
        connections.set_synced(db, desk.viewer, account, desk.clock.now() - ago)


def test_a_link_that_has_just_been_made_is_well(desk: Desk) -> None:
    assert told(desk) == {}
    desk.broker_account()
    assert told(desk, brokers=[desk.broker.name]) == {}


@pytest.mark.on_both
def test_an_account_whose_broker_is_gone(desk: Desk) -> None:
    home = desk.broker_account()
    synced(desk, home.id)
    [problem] = told(desk, brokers=["zerodha"]).values()
    assert f"{desk.broker.name}: account {home.id}" in problem
    assert "archive" in problem
    assert told(desk, brokers=["zerodha"], unloaded=[desk.broker.name]) == {}, "that has a check of its own"


def test_an_archived_account_may_lose_its_broker(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, home.id)
    assert told(desk, brokers=["zerodha"]) == {}


def test_a_broker_that_an_admin_stopped_says_why_and_hides_its_other_ailments(desk: Desk) -> None:
    desk.broker_account()
    desk.clock.advance(timedelta(days=9))
    assert set(told(desk, brokers=[desk.broker.name])) == {"syncs"}
    with desk.database.writing() as db:
        standings.put(db, ADMIN, desk.broker.name, Standing.STOPPED, "their API is down", desk.clock.now())
    found = told(desk, brokers=[desk.broker.name])
    assert set(found) == {"standings"}
    assert "is stopped: their API is down" in found["standings"]
    with desk.database.writing() as db:
        standings.put(db, ADMIN, desk.broker.name, Standing.NO_NEW_LINKS, "moving", desk.clock.now())
    found = told(desk, brokers=[desk.broker.name])
    assert set(found) == {"standings", "syncs"}, "who is linked goes on, and is looked at"
    assert "takes no new links: moving" in found["standings"]


def test_a_stopped_broker_without_accounts_is_nobodys_trouble(desk: Desk) -> None:
    with desk.database.writing() as db:
        standings.put(db, ADMIN, desk.broker.name, Standing.STOPPED, "not here", desk.clock.now())
    assert told(desk, brokers=[desk.broker.name]) == {}


@pytest.mark.parametrize(("days", "is_said"), [(2, False), (4, True)])
def test_a_login_that_is_due_for_days(desk: Desk, days: int, is_said: bool) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        connections.set_problem(db, desk.viewer, home.id, "ended", desk.clock.now())
        connections.set_state(db, desk.viewer, home.id, ConnectionState.NEEDS_LOGIN)
    desk.clock.advance(timedelta(days=days))
    assert (set(told(desk, brokers=[desk.broker.name])) == {"logins"}) is is_said


@pytest.mark.on_both
def test_a_link_that_was_never_synced_and_what_it_said_last(desk: Desk) -> None:
    home = desk.broker_account()
    desk.clock.advance(timedelta(minutes=59))
    assert told(desk, brokers=[desk.broker.name]) == {}
    desk.clock.advance(timedelta(minutes=2))
    with desk.database.writing() as db:
        connections.set_problem(db, desk.viewer, home.id, "nobody answers", desk.clock.now())
    found = told(desk, brokers=[desk.broker.name])
    assert set(found) == {"syncs"}
    assert "never synced" in found["syncs"]
    assert "the newest said: nobody answers" in found["syncs"]
    synced(desk, home.id)
    assert told(desk, brokers=[desk.broker.name]) == {}


def test_holdings_that_have_grown_old_and_numbers_that_are_cut_short(desk: Desk) -> None:
    homes = [desk.broker_account(f"AB{number}") for number in range(7)]
    for home in homes:
        synced(desk, home.id)
    desk.clock.advance(checkups.STALE + timedelta(hours=1))
    found = told(desk, brokers=[desk.broker.name])
    assert set(found) == {"syncs"}
    assert "not synced for more than 4 days" in found["syncs"]
    assert "and 2 more" in found["syncs"]
    assert str(homes[6].id) not in found["syncs"].split("and 2 more")[0].split("accounts ")[1].split(", ")


@pytest.mark.on_both
def test_a_link_without_its_session(desk: Desk) -> None:
    home = desk.broker_account()
    synced(desk, home.id)
    with desk.database.writing() as db:
        db.connection.exec_driver_sql("UPDATE connections SET token = NULL")
    assert set(told(desk, brokers=[desk.broker.name])) == {"sessions"}


def test_whoever_disconnected_is_left_alone(desk: Desk) -> None:
    home = desk.broker_account()
    with desk.database.writing() as db:
        connections.unlink(db, desk.viewer, home.id)
    desk.clock.advance(timedelta(days=30))
    assert told(desk, brokers=[desk.broker.name]) == {}
