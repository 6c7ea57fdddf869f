"""To the broker and back: a state is good once, soon, and only where it was made."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.services.desks import Desk
from tunefolio.core.errors import Misuse, NotFound, Rejected, Retry
from tunefolio.core.identity import SessionId
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import Account
from tunefolio.services import connect, portfolios
from tunefolio.services.brokers import line
from tunefolio.services.views import AppSource
from tunefolio.store import accounts, broker_apps, connections, jobs
from tunefolio.store import portfolios as shelves
from tunefolio.store.connections import ConnectionState


def begun(desk: Desk, session: SessionId) -> dict[str, str]:
    """Begin a login; what the broker would send back."""
    with desk.database.writing() as db:
        url = connect.begin(db, desk.house, desk.viewer, session, "deskbroker")
    (state,) = parse_qs(urlsplit(url).query)["state"]
    return {"state": state, "status": "success", "request_token": "rt"}


def complete(desk: Desk, session: SessionId, answer: dict[str, str]) -> Account:
    return connect.complete(desk.house, desk.viewer, session, "deskbroker", answer)


def test_a_login_makes_a_connected_account_and_asks_for_its_sync(desk: Desk) -> None:
    session = desk.session()
    account = complete(desk, session, begun(desk, session))
    assert (account.name, account.broker_user, account.portfolio) == (
        "Desk Broker AB1234",
        "AB1234",
        desk.portfolio.id,
    )
    with desk.database.reading() as db:
        assert [job.kind for job in jobs.page(db, desk.viewer, None, 5)] == ["sync"]
        assert line(db, desk.house, desk.viewer, account).session.token.reveal() == "token-key"
        sealed = connections.sealed_token(db, desk.viewer, account.id)
        (status,) = connect.status(db, desk.house, desk.viewer)
    assert sealed is not None
    assert b"token-key" not in sealed
    assert (status.state, status.cure) == (ConnectionState.CONNECTED, "")


def test_logging_in_again_finds_the_same_account_even_archived(desk: Desk) -> None:
    session = desk.session()
    first = complete(desk, session, begun(desk, session))
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, first.id)
    again = complete(desk, session, begun(desk, session))
    assert again.id == first.id
    assert again.is_active


def test_a_person_without_a_portfolio_gets_one(desk: Desk) -> None:
    with desk.database.writing() as db:
        portfolios.delete_portfolio(db, desk.house, desk.viewer, desk.portfolio.id, confirm_name="Main")
    session = desk.session()
    account = complete(desk, session, begun(desk, session))
    with desk.database.reading() as db:
        home = shelves.portfolio_of(db, desk.viewer, account.portfolio)
    assert home.name == "My portfolio"


def refused(desk: Desk, session: SessionId, answer: dict[str, str]) -> Rejected:
    with pytest.raises(Rejected) as caught:
        complete(desk, session, answer)
    return caught.value


def test_forged_reused_late_and_foreign_states_are_refused_with_the_cure(desk: Desk) -> None:
    session, other = desk.session(), desk.session()
    answer = begun(desk, session)
    assert refused(desk, session, answer | {"state": "forged"}).code == "state"
    assert refused(desk, session, {"status": "success"}).code == "state"
    assert refused(desk, other, answer).code == "state"
    complete(desk, session, answer)
    assert "Press Connect and log in again" in str(refused(desk, session, answer))
    late = begun(desk, session)
    desk.clock.advance(timedelta(minutes=10))
    assert refused(desk, session, late).code == "state"


def test_another_person_cannot_use_a_state(desk: Desk) -> None:
    session = desk.session()
    answer, thief = begun(desk, session), desk.neighbour()
    with pytest.raises(Rejected):
        connect.complete(desk.house, thief.viewer, thief.session(), "deskbroker", answer)


def test_a_cancelled_login_uses_up_its_state(desk: Desk) -> None:
    session = desk.session()
    answer = begun(desk, session)
    assert refused(desk, session, answer | {"status": "cancelled"}).code == "cancelled"
    assert refused(desk, session, answer).code == "state"


def test_disconnecting_logs_out_and_forgets_the_token(desk: Desk) -> None:
    session = desk.session()
    account = complete(desk, session, begun(desk, session))
    connect.disconnect(desk.house, desk.viewer, account.id)
    assert desk.broker.logged_out == ["token-key"]
    with desk.database.reading() as db:
        assert connections.sealed_token(db, desk.viewer, account.id) is None
        (status,) = connect.status(db, desk.house, desk.viewer)
    assert status.state is ConnectionState.DISCONNECTED
    connect.disconnect(desk.house, desk.viewer, account.id)


def test_a_broker_that_is_away_does_not_keep_us_connected(desk: Desk) -> None:
    account = desk.broker_account()
    desk.broker.problem = Retry("502")
    connect.disconnect(desk.house, desk.viewer, account.id)
    with desk.database.reading() as db:
        assert connections.sealed_token(db, desk.viewer, account.id) is None


def test_a_persons_own_application_goes_first_and_its_secret_is_sealed(desk: Desk) -> None:
    with desk.database.writing() as db:
        connect.save_app(db, desk.house, desk.viewer, "deskbroker", " mykey ", Secret("hush"))
    with desk.database.reading() as db:
        kept = broker_apps.app_of(db, desk.viewer, "deskbroker")
        (status,) = connect.status(db, desk.house, desk.viewer)
    assert kept is not None
    assert b"hush" not in kept.sealed
    assert status.app is AppSource.OWN
    session = desk.session()
    account = complete(desk, session, begun(desk, session))
    with desk.database.reading() as db:
        assert line(db, desk.house, desk.viewer, account).api_key == "mykey"
    with desk.database.writing() as db:
        connect.forget_app(db, desk.house, desk.viewer, "deskbroker")
        assert connect.status(db, desk.house, desk.viewer)[0].app is AppSource.OPERATOR
        with pytest.raises(Misuse, match="letters and digits"):
            connect.save_app(db, desk.house, desk.viewer, "deskbroker", "a b", Secret("x"))


def test_unknown_brokers_and_foreign_accounts(desk: Desk) -> None:
    session, account, other = desk.session(), desk.broker_account(), desk.neighbour()
    with desk.database.writing() as db, pytest.raises(Misuse, match="Known: deskbroker"):
        connect.begin(db, desk.house, desk.viewer, session, "nobody")
    with pytest.raises(NotFound):
        connect.disconnect(desk.house, other.viewer, account.id)
    with desk.database.reading() as db:
        (mine,) = connect.status(db, desk.house, other.viewer)
        assert mine.account is None
        assert accounts.find_broker(db, other.viewer, "deskbroker", "AB1234") is None
