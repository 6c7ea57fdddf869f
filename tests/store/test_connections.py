"""Lines to brokers, people's own applications, and attempts to log in."""

from __future__ import annotations

import threading

import pytest

from tests.store.books import NOW, account, later, person, portfolio
from tunefolio.core.errors import NotFound
from tunefolio.core.people import Caretaker
from tunefolio.store import broker_apps, connections, login_states, sessions
from tunefolio.store.connections import ConnectionState
from tunefolio.store.db import Database
from tunefolio.store.login_states import LoginState


def seal(row: int) -> bytes:
    return f"sealed for {row}".encode()


def test_a_connection_lives_through_its_states(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        assert connections.of_account(db, viewer, home) is None
        key = connections.put(db, viewer, home, "zerodha", "api", seal, expires=later(9), now=NOW)
        assert connections.sealed_token(db, viewer, home) == seal(key)
        connections.set_problem(db, viewer, home, "expired", later(1))
        connections.set_state(db, viewer, home, ConnectionState.NEEDS_LOGIN)
        lost = connections.of_account(db, viewer, home)
        assert lost is not None
        assert (lost.state, lost.expires, lost.problem, lost.problem_at) == (
            ConnectionState.NEEDS_LOGIN, None, "expired", later(1),
        )  # fmt: skip
        assert connections.sealed_token(db, viewer, home) is None
        assert (
            connections.put(db, viewer, home, "zerodha", "api2", seal, expires=later(99), now=later(2)) == key
        )
        connections.set_synced(db, viewer, home, later(3))
        (back,) = connections.listed(db, viewer)
        assert (back.state, back.api_key, back.connected, back.synced) == (
            ConnectionState.CONNECTED, "api2", later(2), later(3),
        )  # fmt: skip
        assert (back.problem, back.problem_at, back.expires) == ("", None, later(99))
        with pytest.raises(NotFound):
            connections.put(db, person(db, "bela"), home, "zerodha", "api", seal, expires=None, now=NOW)


def test_an_application_is_replaced_and_forgotten(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        key = broker_apps.put(db, asha, "zerodha", "one", seal, NOW)
        assert broker_apps.put(db, asha, "zerodha", "two", seal, later(1)) == key
        app = broker_apps.app_of(db, asha, "zerodha")
        assert app is not None
        assert (app.id, app.api_key, app.sealed, app.created) == (key, "two", seal(key), later(1))
        assert broker_apps.app_of(db, bela, "zerodha") is None
        assert not broker_apps.delete(db, bela, "zerodha")
        assert broker_apps.delete(db, asha, "zerodha")
        assert broker_apps.app_of(db, asha, "zerodha") is None


def test_a_login_state_is_good_once_in_its_own_session(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        inside = portfolio(db, viewer)
        here, there = (sessions.add(db, viewer, token, "", "", NOW, later(60)) for token in "ab")
        key = login_states.add(db, viewer, here, "zerodha", "s", inside, NOW, later(10))
        assert login_states.use(db, viewer, there, "s", NOW) is None
        assert login_states.use(db, viewer, here, "forged", NOW) is None
        assert login_states.use(db, viewer, here, "s", later(10)) is None
        expected = LoginState(key, viewer.person, here, "zerodha", inside, NOW, later(10))
        assert login_states.use(db, viewer, here, "s", later(9)) == expected
        assert login_states.use(db, viewer, here, "s", later(9)) is None
        login_states.add(db, viewer, here, "zerodha", "t", None, NOW, later(1))
        assert login_states.forget_before(db, Caretaker("upkeep"), later(5)) == 1
        assert login_states.forget_before(db, Caretaker("upkeep"), later(11)) == 1


def test_only_ones_own_session_begins_a_login(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        session = sessions.add(db, asha, "a", "", "", NOW, later(60))
        with pytest.raises(NotFound, match="session"):
            login_states.add(db, bela, session, "zerodha", "s", None, NOW, later(10))
        with pytest.raises(NotFound, match="portfolio"):
            login_states.add(db, asha, session, "zerodha", "s", portfolio(db, bela), NOW, later(10))


def test_of_two_that_come_back_with_one_state_one_gets_in(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        session = sessions.add(db, viewer, "a", "", "", NOW, later(60))
        login_states.add(db, viewer, session, "zerodha", "s", None, NOW, later(10))
    start, used = threading.Barrier(4), list[LoginState | None]()

    def work() -> None:
        start.wait()
        with database.writing() as db:
            used.append(login_states.use(db, viewer, session, "s", NOW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(state is None for state in used) == [False, True, True, True]
