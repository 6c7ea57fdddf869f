"""The whole way over HTTP: the real adapter, the rehearsal's login pages, a statement in the books."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from tests.services.desks import Desk
from tunefolio.adapters.brokers.zerodha.broker import Zerodha
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.money import Money, total
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.brokers import AppKeys
from tunefolio.ledger.kinds import Kind
from tunefolio.sandbox.events import Trade
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services import connect, jobs, quotes, sync
from tunefolio.services.brokers import line
from tunefolio.store import connections, transactions
from tunefolio.store import jobs as kept_jobs
from tunefolio.store.connections import ConnectionState
from tunefolio.store.jobs import Job, JobState

pytestmark = pytest.mark.one_is_enough

APP = AppKeys("rehearsalkey", Secret("rehearsalsecret"))


@dataclass
class Rehearsal:
    """A desk whose broker is the sandbox, reached over HTTP."""

    desk: Desk
    sandbox: Sandbox

    def come_back(self, url: str) -> dict[str, str]:
        """Log in as Asha on the broker's pages; the query of the redirect back."""
        person = self.sandbox.config.people[0]
        with httpx2.Client(base_url=self.sandbox.kite_url) as browser:
            page = browser.get(url)
            fields = hidden(page.text) | {"user_id": person.user_id, "password": person.password}
            page = browser.post("/connect/login", data=fields)
            back = browser.post("/connect/twofa", data=hidden(page.text) | {"pin": person.pin})
        assert back.status_code == 303, back.text
        return dict(parse_qsl(urlsplit(back.headers["location"]).query))

    def connect(self) -> Account:
        session = self.desk.session()
        with self.desk.database.writing() as db:
            url = connect.begin(db, self.desk.house, self.desk.viewer, session, "zerodha")
        answer = self.come_back(url)
        return connect.complete(self.desk.house, self.desk.viewer, session, "zerodha", answer)

    def sync(self, account: Account) -> Job:
        with self.desk.database.writing() as db:
            job = sync.ask_sync(db, self.desk.house, self.desk.viewer, account.id)
        jobs.run(self.desk.house, job)
        with self.desk.database.reading() as db:
            return kept_jobs.job_of(db, self.desk.viewer, job)

    def state(self) -> ConnectionState:
        with self.desk.database.reading() as db:
            return connect.status(db, self.desk.house, self.desk.viewer)[0].state


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    pairs = [(re.search(r'name="([^"]*)"', i), re.search(r'value="([^"]*)"', i)) for i in inputs]
    return {n[1]: v[1].replace("&amp;", "&") for n, v in pairs if n is not None and v is not None}


@pytest.fixture
def rehearsal(desk: Desk) -> Iterator[Rehearsal]:
    config = SandboxConfig(APP, "http://localhost:8000/auth/zerodha/callback", clock=desk.clock)
    with Sandbox(config) as sandbox:
        options = {"root_url": sandbox.kite_url, "login_url": f"{sandbox.kite_url}/connect/login"}
        zerodha = Zerodha(options, desk.house.shared)
        rules = replace(desk.house.rules, operator_apps={"zerodha": APP})
        desk.house = replace(desk.house, brokers={"zerodha": zerodha}, rules=rules)
        try:
            yield Rehearsal(desk, sandbox)
        finally:
            zerodha.close()


def reported(rehearsal: Rehearsal, account: Account) -> list[dict[str, Any]]:
    """What the broker itself says, by a plain request."""
    with rehearsal.desk.database.reading() as db:
        sealed = connections.sealed_token(db, rehearsal.desk.viewer, account.id)
        connection = connections.of_account(db, rehearsal.desk.viewer, account.id)
        assert sealed is not None
        assert connection is not None
    token = rehearsal.desk.house.vault.open(sealed, "connections", connection.id, "token").reveal()
    headers = {"X-Kite-Version": "3", "Authorization": f"token {APP.api_key}:{token}"}
    portfolio = f"{rehearsal.sandbox.kite_url}/portfolio"
    held = httpx2.get(f"{portfolio}/holdings", headers=headers).json(parse_float=Decimal)["data"]
    day = httpx2.get(f"{portfolio}/positions", headers=headers).json(parse_float=Decimal)["data"]["net"]
    bought = [{**row, "t1_quantity": 0} for row in day if row["product"] == "CNC" and row["quantity"] > 0]
    rows: list[dict[str, Any]] = held + bought
    return rows


def on_margin(row: Mapping[str, Any]) -> Decimal:
    """Units bought on borrowed money; at the rehearsal at the average of all others."""
    told = row.get("mtf")
    return Decimal(0) if told is None else Decimal(str(told["quantity"]))


@pytest.mark.on_both
def test_from_the_login_page_to_holdings_that_agree_to_the_paisa(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    assert account.name == "Zerodha TF0001"
    done = rehearsal.sync(account)
    assert (done.state, done.problem) == (JobState.DONE, "")
    said = {(row["exchange"], row["tradingsymbol"]): row for row in reported(rehearsal, account)}
    view = rehearsal.desk.look()
    assert len(view.rows) > 5
    assert any(on_margin(row) for row in said.values()), "units on margin are among them"
    for row in view.rows:
        listing = row.instrument.listing
        suffix = f"-{listing.series}" if listing.series else ""
        theirs = said[listing.exchange, listing.symbol + suffix]
        units = Decimal(str(theirs["quantity"])) + Decimal(str(theirs["t1_quantity"])) + on_margin(theirs)
        assert row.valued.quantity == units
        assert row.valued.invested == Money.of(Decimal(str(theirs["average_price"])) * units).rounded()
        assert row.valued.value == Money.of(Decimal(str(theirs["last_price"])) * units).rounded()
        assert row.has_opening == (listing.symbol != "TMPV"), "bought today: a fact with its day"
    assert view.valuation.invested == total(row.valued.invested for row in view.rows)
    assert view.breaks == ()
    assert not view.stale


@pytest.mark.on_both
def test_syncing_again_changes_nothing(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    first = rehearsal.sync(account)
    again = rehearsal.sync(account)
    assert first.result is not None
    assert again.result == dict(first.result) | {"opened": 0, "taken_back": 0, "trades": 0}


def test_a_short_position_of_the_day_shows_no_difference_before_or_after_it_is_squared_off(
    rehearsal: Rehearsal,
) -> None:
    """Nobody holds the share; in between, the trade is neither in the books nor among what is unread."""
    account = rehearsal.connect()
    counts = []
    for side in ("SELL", "BUY"):
        deal = Trade("zerodha", "TF0001", "NSE:SUZLON", side, 50, product="MIS")
        rehearsal.sandbox.depot.happen(deal)
        done = rehearsal.sync(account).result
        assert done is not None
        assert (done["breaks"], done["unread"]) == (0, 0)
        counts.append((done["open_today"], done["trades"]))
        assert rehearsal.desk.look().breaks == ()
    assert counts == [(1, 3), (0, 2)], "the first sync has the three trades of the morning too"
    assert all(row.instrument.symbol != "SUZLON" for row in rehearsal.desk.look().rows)


def test_a_position_of_the_day_is_in_the_books_with_both_legs_in_the_evening(rehearsal: Rehearsal) -> None:
    """The broker squares it off when the session ends; until then its card says that a trade waits."""
    account, desk = rehearsal.connect(), rehearsal.desk
    rehearsal.sandbox.depot.happen(Trade("zerodha", "TF0001", "NSE:SUZLON", "SELL", 50, product="MIS"))

    def told() -> int:
        with desk.database.reading() as db:
            return connect.status(db, desk.house, desk.viewer)[0].open_today

    assert told() == 0, "no sync has looked yet"
    rehearsal.sync(account)
    assert told() == 1
    desk.clock.advance(timedelta(hours=6))
    done = rehearsal.sync(account).result
    assert done is not None
    assert (done["open_today"], done["trades"], done["breaks"], done["unread"]) == (0, 2, 0, 0)
    assert told() == 0
    with desk.database.reading() as db:
        history = list(transactions.of_account(db, desk.viewer, account.id))
    suzlon = desk.instrument("SUZLON")
    assert {one.fact.kind for one in history if one.fact.instrument == suzlon} == {Kind.SELL, Kind.BUY}
    assert desk.quantity("SUZLON") == 0


def test_what_waited_yesterday_is_not_said_to_wait_today(rehearsal: Rehearsal) -> None:
    account, desk = rehearsal.connect(), rehearsal.desk
    rehearsal.sandbox.depot.happen(Trade("zerodha", "TF0001", "NSE:SUZLON", "SELL", 50, product="MIS"))
    rehearsal.sync(account)
    desk.clock.advance(timedelta(days=1))
    with desk.database.reading() as db:
        assert connect.status(db, desk.house, desk.viewer)[0].open_today == 0


def test_a_token_that_died_asks_for_a_login_and_the_login_cures_it(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    rehearsal.sandbox.grants.end_all()
    assert rehearsal.sync(account).state is JobState.FAILED
    assert rehearsal.state() is ConnectionState.NEEDS_LOGIN
    again = rehearsal.connect()
    assert again.id == account.id
    assert rehearsal.sync(account).state is JobState.DONE
    assert rehearsal.state() is ConnectionState.CONNECTED


@pytest.mark.parametrize("fault", ["429", "502", "truncated", "empty"])
def test_a_broken_answer_leaves_no_half(rehearsal: Rehearsal, fault: str) -> None:
    account = rehearsal.connect()
    rehearsal.sandbox.kite_faults.plan(fault, path="/portfolio/holdings", times=5)
    job = rehearsal.sync(account)
    assert job.state in {JobState.QUEUED, JobState.FAILED}
    assert rehearsal.desk.look().rows == ()
    assert rehearsal.state() is ConnectionState.CONNECTED


def test_a_request_token_works_once(rehearsal: Rehearsal) -> None:
    desk, session = rehearsal.desk, rehearsal.desk.session()
    with desk.database.writing() as db:
        url = connect.begin(db, desk.house, desk.viewer, session, "zerodha")
    answer = rehearsal.come_back(url)
    connect.complete(desk.house, desk.viewer, session, "zerodha", answer)
    with desk.database.writing() as db:
        url = connect.begin(db, desk.house, desk.viewer, session, "zerodha")
    fresh = dict(parse_qsl(dict(parse_qsl(urlsplit(url).query))["redirect_params"]))
    with pytest.raises(Rejected, match="works once"):
        connect.complete(desk.house, desk.viewer, session, "zerodha", answer | fresh)


def test_a_login_that_the_broker_cannot_finish_says_what_to_press(rehearsal: Rehearsal) -> None:
    """The state is used up by then: loading the page again would only be refused."""
    desk, session = rehearsal.desk, rehearsal.desk.session()
    for fault in ("429", "502", "503", "truncated", "empty"):
        with desk.database.writing() as db:
            url = connect.begin(db, desk.house, desk.viewer, session, "zerodha")
        answer = rehearsal.come_back(url)
        rehearsal.sandbox.kite_faults.plan(fault, path="/session/token")
        with pytest.raises(Retry, match="Press Connect and log in again"):
            connect.complete(desk.house, desk.viewer, session, "zerodha", answer)
    assert rehearsal.connect().broker_user == "TF0001"


@pytest.mark.on_both
def test_a_failing_sync_says_why_until_it_succeeds(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    rehearsal.sandbox.kite_faults.plan("502", path="/portfolio/holdings")
    rehearsal.sync(account)
    with rehearsal.desk.database.reading() as db:
        (told,) = connect.status(db, rehearsal.desk.house, rehearsal.desk.viewer)
    assert told.state is ConnectionState.CONNECTED
    assert "not available at the moment" in told.problem
    rehearsal.desk.clock.advance(timedelta(minutes=1))
    rehearsal.sync(account)
    with rehearsal.desk.database.reading() as db:
        (told,) = connect.status(db, rehearsal.desk.house, rehearsal.desk.viewer)
    assert told.problem == ""


def test_disconnecting_ends_the_session_at_the_broker(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    with rehearsal.desk.database.reading() as db:
        there = line(db, rehearsal.desk.house, rehearsal.desk.viewer, account)
    connect.disconnect(rehearsal.desk.house, rehearsal.desk.viewer, account.id)
    with pytest.raises(Reauth):
        there.broker.statements(there.api_key, there.session).fetch(rehearsal.desk.clock.now())


def test_prices_come_from_the_connected_broker(rehearsal: Rehearsal) -> None:
    account = rehearsal.connect()
    rehearsal.sync(account)
    desk = rehearsal.desk
    with desk.database.reading() as db:
        wanted = quotes.held(db, desk.viewer)
    assert quotes.refresh(desk.house, desk.viewer, wanted) == wanted
    assert {row.valued.quote.source for row in desk.look().rows if row.valued.quote} == {"zerodha"}
