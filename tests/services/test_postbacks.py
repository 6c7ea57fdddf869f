"""A broker's calls about orders, over HTTP: proved or answered like nothing, each trade posted once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx2
import pytest
import uvicorn

from tests.services.desks import Desk
from tests.services.test_connect_over_http import APP, Rehearsal
from tests.services.test_connect_over_http import rehearsal as rehearsal
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import Account
from tunefolio.sandbox.events import Fill, PartialFill, Rejection, Trade
from tunefolio.services import connect, jobs
from tunefolio.services import postbacks as service
from tunefolio.services.brokers import app_keys
from tunefolio.store import accounts, connections
from tunefolio.store import jobs as kept
from tunefolio.store.jobs import Job, JobState
from tunefolio.web.app import create_app

pytestmark = pytest.mark.one_is_enough

ASHA = ("zerodha", "TF0001")
PATIENCE_SECONDS = 45


@dataclass
class Knocked:
    """The house behind a real socket, the sandbox that calls it, and Asha's account there, synced once."""

    rehearsal: Rehearsal
    account: Account
    url: str

    @property
    def desk(self) -> Desk:
        return self.rehearsal.desk

    def knock(self, body: bytes, broker: str = "zerodha", **headers: str) -> httpx2.Response:
        sent = {"content-type": "application/json", **headers}
        return httpx2.post(f"{self.url}/hooks/{broker}", content=body, headers=sent)

    def happens(self, *events: Any) -> list[int]:
        """In the sandbox; returns when it has called for each."""
        panel, before = self.rehearsal.sandbox.panel, len(self.calls())
        numbers = [self.rehearsal.sandbox.depot.happen(event) for event in events]
        wait_until(lambda: len(self.calls()) >= before + len(events))
        assert panel.faces["zerodha"].faults.standing() == ()
        return numbers

    def calls(self) -> list[str]:
        """What the sandbox told and how it was answered, newest first."""
        return [one.detail for one in self.rehearsal.sandbox.panel.entries() if one.deed == "postback"]

    def work(self) -> None:
        """Some seconds later every job that is due has run."""
        for _ in range(3):
            self.desk.clock.advance(timedelta(seconds=4))
            with self.desk.database.reading() as db:
                due = kept.due(db, Caretaker("test"), self.desk.clock.now(), 100)
            for job in due:
                jobs.run(self.desk.house, job)

    def jobs(self, kind: str) -> list[Job]:
        with self.desk.database.reading() as db:
            return [job for job in kept.page(db, self.desk.viewer, None, 200) if job.kind == kind]

    def units(self) -> int:
        return int(self.desk.quantity("WIPRO"))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def knocked(rehearsal: Rehearsal) -> Iterator[Knocked]:
    account = rehearsal.connect()
    assert rehearsal.sync(account).state is JobState.DONE
    server = uvicorn.Server(uvicorn.Config(create_app(rehearsal.desk.house), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    panel = f"{rehearsal.sandbox.control_url}/postback"
    assert httpx2.post(panel, json={"url": f"{url}/hooks/zerodha"}).status_code == 200
    try:
        yield Knocked(rehearsal, account, url)
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def signed(secret: str = APP.api_secret.reveal(), **change: Any) -> bytes:
    """A postback as Kite words it, for a user and an order of which three units were filled."""
    row = {
        "user_id": "TF0001", "order_id": "151220000000001", "status": "COMPLETE", "exchange": "NSE",
        "order_timestamp": "2026-11-20 11:59:59", "exchange_update_timestamp": None,
        "exchange_order_id": "1100000000000001", "parent_order_id": None, "status_message": None,
        "tradingsymbol": "WIPRO", "instrument_token": 969473, "transaction_type": "BUY",
        "variety": "regular", "product": "CNC", "order_type": "LIMIT", "validity": "DAY", "quantity": 3,
        "filled_quantity": 3, "unfilled_quantity": 0, "pending_quantity": 0, "cancelled_quantity": 0,
        "price": 250.0, "trigger_price": 0, "average_price": 250.0, "tag": None, **change,
    }  # fmt: skip
    made = f"{row['order_id']}{row['order_timestamp']}{secret}"
    return json.dumps({"checksum": sha256(made.encode()).hexdigest(), **row}).encode()


@pytest.mark.on_both
def test_a_trade_told_by_the_broker_is_in_the_books_within_seconds(knocked: Knocked) -> None:
    before = knocked.units()
    knocked.happens(Trade(*ASHA, "NSE:WIPRO", "BUY", 3))
    assert knocked.calls()[0].endswith("COMPLETE: 200")
    knocked.work()
    assert knocked.units() == before + 3


def test_parts_twice_and_out_of_order_are_one_sync_and_count_once(knocked: Knocked) -> None:
    before, syncs = knocked.units(), len(knocked.jobs("sync"))
    knocked.rehearsal.sandbox.kite_faults.plan("out_of_order", path="/postback")
    knocked.rehearsal.sandbox.kite_faults.plan("duplicate_updates", path="/postback")
    (number,) = (knocked.rehearsal.sandbox.depot.happen(PartialFill(*ASHA, "NSE:WIPRO", "BUY", 9, 4)),)
    knocked.rehearsal.sandbox.depot.happen(Fill(number, 5))
    wait_until(lambda: len(knocked.calls()) == 3)
    assert all(line.endswith(": 200") for line in knocked.calls())
    knocked.work()
    assert knocked.units() == before + 9
    assert len(knocked.jobs("postback")) == 1
    assert len(knocked.jobs("sync")) == syncs + 1
    assert knocked.knock(signed()).status_code == 200, "an old one, told again"
    knocked.work()
    assert knocked.units() == before + 9


def test_an_order_of_which_nothing_was_filled_asks_for_nothing(knocked: Knocked) -> None:
    knocked.happens(Rejection(*ASHA, "NSE:WIPRO", "BUY", 1, "No margin"))
    assert knocked.calls()[0].endswith("REJECTED: 200")
    assert knocked.jobs("postback") == []


def test_what_is_not_proved_is_answered_like_nothing_at_all(knocked: Knocked) -> None:
    """Whoever guesses cannot tell a broker, a user, a secret or a form that exist from others."""
    knocks = [
        knocked.knock(signed("another secret")),
        knocked.knock(signed(user_id="TF9999")),
        knocked.knock(signed(user_id="")),
        knocked.knock(signed(), broker="angelone"),
        knocked.knock(signed(), broker="nobody"),
        knocked.knock(signed().replace(b'"checksum"', b'"checksun"')),
        *(knocked.knock(body) for body in (b"", b"[]", b"{}", b"\xff\xfe", b"NaN", b'"x"', b"[" * 20_000)),
    ]
    assert {answer.status_code for answer in knocks} == {404}
    told = [{**answer.json(), "instance": "", "request_id": ""} for answer in knocks]
    assert all(one == told[0] for one in told)
    knocked.rehearsal.sandbox.kite_faults.plan("wrong_checksum", path="/postback")
    knocked.happens(Trade(*ASHA, "NSE:WIPRO", "BUY", 3))
    assert knocked.calls()[0].endswith("COMPLETE: 404")
    assert knocked.jobs("postback") == []


def test_nothing_of_a_call_is_kept_or_logged(knocked: Knocked, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    assert knocked.knock(signed(tag="canary")).status_code == 200
    assert knocked.knock(signed("wrong", tag="canary")).status_code == 404
    knocked.work()
    (job,) = knocked.jobs("postback")
    assert dict(job.args) == {"account": knocked.account.id}
    assert "canary" not in caplog.text
    assert APP.api_secret.reveal() not in caplog.text


def test_a_long_body_is_not_read_to_its_end(knocked: Knocked) -> None:
    answer = knocked.knock(signed(tag="x" * 40_000))
    assert answer.status_code == 413
    assert "32 KB" in answer.json()["detail"]


def test_who_knocks_without_proof_too_often_has_to_wait(knocked: Knocked) -> None:
    answers = [knocked.knock(b"{}").status_code for _ in range(service.UNPROVED.times + 1)]
    assert answers == [404] * service.UNPROVED.times + [429]


def test_proved_calls_are_never_too_many(knocked: Knocked) -> None:
    answers = {knocked.knock(signed()).status_code for _ in range(service.UNPROVED.times + 5)}
    assert answers == {200}
    assert len(knocked.jobs("postback")) == 1


def test_a_sync_that_runs_already_may_have_read_the_trades_before(knocked: Knocked) -> None:
    """So another one follows it; until it has ended nothing is asked."""
    desk = knocked.desk
    assert knocked.knock(signed()).status_code == 200
    with desk.database.writing() as db:
        key = f"sync:{knocked.account.id}"
        running = jobs.ask(
            db, desk.house, "sync", {"account": knocked.account.id}, owner=desk.person.id, dedupe_key=key
        )
        now = desk.clock.now()
        assert kept.lease(db, running, "elsewhere", now, now + timedelta(minutes=5)) is not None
    knocked.work()
    (waiting,) = knocked.jobs("postback")
    assert waiting.state is JobState.QUEUED
    assert "a sync runs" in waiting.problem
    with desk.database.writing() as db:
        assert kept.finish(db, running, "elsewhere", None, desk.clock.now())
    desk.clock.advance(timedelta(minutes=1))
    knocked.work()
    (done,) = knocked.jobs("postback")
    assert done.state is JobState.DONE
    newest = knocked.jobs("sync")[0]
    assert newest.id > running
    assert newest.state is JobState.DONE


def test_an_account_that_cannot_be_asked_is_left_alone(knocked: Knocked) -> None:
    connect.disconnect(knocked.desk.house, knocked.desk.viewer, knocked.account.id)
    syncs = len(knocked.jobs("sync"))
    assert knocked.knock(signed()).status_code == 200
    knocked.work()
    (job,) = knocked.jobs("postback")
    assert (job.state, job.result) == (JobState.DONE, {"skipped": "no session"})
    assert len(knocked.jobs("sync")) == syncs
    with knocked.desk.database.writing() as db:
        accounts.archive(db, knocked.desk.viewer, knocked.account.id, knocked.desk.clock.now())
    assert knocked.knock(signed()).status_code == 404


def test_each_owner_is_told_by_the_secret_of_her_own_application(knocked: Knocked) -> None:
    """Two people have linked one broker user, one of them through an application of her own."""
    desk, other = knocked.desk, knocked.desk.neighbour()
    with desk.database.writing() as db:
        home = accounts.add(
            db, other.viewer, other.portfolio.id, "The same", knocked.account.kind,
            knocked.account.currency, desk.clock.now(), "zerodha", "TF0001",
        )  # fmt: skip
        connect.save_app(db, desk.house, other.viewer, "zerodha", "otherkey", Secret("other secret"))
    assert knocked.knock(signed("other secret")).status_code == 200
    assert knocked.jobs("postback") == []
    with desk.database.reading() as db:
        theirs = [one for one in kept.page(db, other.viewer, None, 10) if one.kind == "postback"]
        assert [dict(one.args) for one in theirs] == [{"account": home.id}]
        assert connections.of_account(db, other.viewer, home.id) is None
    assert knocked.knock(signed()).status_code == 200
    assert [dict(one.args) for one in knocked.jobs("postback")] == [{"account": knocked.account.id}]


def test_a_secret_that_no_key_opens_proves_nothing(knocked: Knocked) -> None:
    desk = knocked.desk
    house = replace(desk.house, rules=replace(desk.house.rules, operator_apps={}))
    with pytest.raises(Misuse), desk.database.reading() as db:
        app_keys(db, house, desk.viewer, "zerodha")
    with pytest.raises(NotFound):
        service.take(house, "zerodha", signed(), "somewhere")
