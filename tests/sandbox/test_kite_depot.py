"""Zerodha's face over the accounts: what events make of its books, its messages and its postbacks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.conftest import KEY, SECRET, access_token, at
from tests.sandbox.depots import ANGEL, ASHA, KOTAK, VIKRAM
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.events import Deposit, Fill, PartialFill, Rejection, Split, Trade, Transfer
from tunefolio.sandbox.faults import FaultKind
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

Reading = Callable[[str], Any]


@pytest.fixture
def read(sandbox: Sandbox) -> Iterator[Reading]:
    """Asha reads, and logs in anew when a night has passed."""
    with httpx2.Client(base_url=sandbox.kite_url) as client:

        def data(path: str) -> Any:
            answer = client.get(path)
            if answer.status_code in (400, 403):
                token = f"token {KEY}:{access_token(sandbox)}"
                client.headers.update({"X-Kite-Version": "3", "Authorization": token})
                answer = client.get(path)
            assert answer.status_code == 200, answer.text
            return answer.json()["data"]

        yield data


def held(read: Reading, symbol: str) -> dict[str, Any]:
    rows = [row for row in read("/portfolio/holdings") if row["tradingsymbol"] == symbol]
    return rows[0] if rows else {}


def test_a_purchase_travels_through_the_books(read: Reading, sandbox: Sandbox, clock: FixedClock) -> None:
    """In the positions today, T1 on the next session, in the demat after it."""
    sandbox.depot.happen(Trade(*ASHA, "NSE:WIPRO", "BUY", 20, price=25_000))
    position = next(row for row in read("/portfolio/positions")["net"] if row["tradingsymbol"] == "WIPRO")
    assert (position["quantity"], position["average_price"]) == (20, 250.0)
    assert held(read, "WIPRO") == {}
    clock.set(at("2026-11-23T10:00:00"))
    assert (held(read, "WIPRO")["quantity"], held(read, "WIPRO")["t1_quantity"]) == (0, 20)
    assert read("/portfolio/positions") == {"net": [], "day": []}
    assert read("/trades") == read("/orders") == []
    clock.set(at("2026-11-25T10:00:00"))
    assert (held(read, "WIPRO")["quantity"], held(read, "WIPRO")["t1_quantity"]) == (20, 0)


def test_margins_follow_trades_and_deposits(read: Reading, sandbox: Sandbox, clock: FixedClock) -> None:
    before = read("/user/margins/equity")
    sandbox.depot.happen(Deposit(*ASHA, 1_000_000))
    sandbox.depot.happen(Trade(*ASHA, "NSE:WIPRO", "BUY", 20, price=25_000))
    after = read("/user/margins/equity")
    assert after["available"]["intraday_payin"] == 10_000
    assert after["available"]["cash"] == before["available"]["cash"]
    assert after["net"] == pytest.approx(before["net"] + 10_000 - 5_000)
    assert after["utilised"]["debits"] == pytest.approx(before["utilised"]["debits"] + 5_000)
    clock.set(at("2026-11-23T10:00:00"))
    assert read("/user/margins/equity")["available"]["cash"] == pytest.approx(after["net"])


def test_partly_filled_and_rejected_orders_have_their_history(read: Reading, sandbox: Sandbox) -> None:
    number = sandbox.depot.happen(PartialFill(*ASHA, "NSE:WIPRO", "BUY", 20, 5, tag="half1"))
    (row,) = [row for row in read("/orders") if row["order_id"] == str(number)]
    assert (row["status"], row["filled_quantity"], row["pending_quantity"], row["tag"]) == (
        "OPEN",
        5,
        15,
        "half1",
    )
    sandbox.depot.happen(Fill(number, 15))
    path = read(f"/orders/{number}")
    assert [state["status"] for state in path] == [
        "PUT ORDER REQ RECEIVED", "VALIDATION PENDING", "OPEN PENDING", "OPEN", "OPEN", "COMPLETE",
    ]  # fmt: skip
    assert [state["filled_quantity"] for state in path] == [0, 0, 0, 0, 5, 20]
    assert [row["quantity"] for row in read(f"/orders/{number}/trades")] == [5, 15]
    refused = sandbox.depot.happen(Rejection(*ASHA, "NSE:WIPRO", "BUY", 1, "Margin exceeds"))
    (row,) = [row for row in read("/orders") if row["order_id"] == str(refused)]
    assert (row["status"], row["status_message"], row["exchange_order_id"]) == (
        "REJECTED",
        "Margin exceeds",
        None,
    )


def test_a_sale_shows_in_used_quantity(read: Reading, sandbox: Sandbox) -> None:
    sandbox.depot.happen(Trade(*ASHA, "NSE:LT", "SELL", 6))
    assert (held(read, "LT")["quantity"], held(read, "LT")["used_quantity"]) == (21, 6)


def test_units_that_came_from_elsewhere_at_no_known_cost_are_flagged(read: Reading, sandbox: Sandbox) -> None:
    sandbox.depot.happen(Transfer(*KOTAK, *ASHA, "NSE:GOLDBEES", 100))
    assert held(read, "GOLDBEES")["discrepancy"] is False
    sandbox.depot.happen(Transfer(*ANGEL, *ASHA, "NSE:KOTAKBANK", 5, average=0.0))
    row = held(read, "KOTAKBANK")
    assert (row["quantity"], row["average_price"], row["discrepancy"]) == (5, 0, True)


def test_standing_instructions_are_read_and_not_made(kite: httpx2.Client) -> None:
    single, pair = kite.get("/gtt/triggers").json()["data"]
    assert (single["type"], pair["type"]) == ("single", "two-leg")
    stop, target = pair["condition"]["trigger_values"]
    assert stop < pair["condition"]["last_price"] < target
    assert [leg["price"] for leg in pair["orders"]] == [stop, target]
    assert kite.get(f"/gtt/triggers/{pair['id']}").json()["data"] == pair
    assert kite.get("/gtt/triggers/1").status_code == 404
    assert kite.post("/gtt/triggers").status_code == 400
    assert kite.delete(f"/gtt/triggers/{pair['id']}").status_code == 400


@pytest.fixture
def socket(sandbox: Sandbox) -> Iterator[ClientConnection]:
    address = f"{sandbox.kite_stream_url}/?api_key={KEY}&access_token={access_token(sandbox)}"
    with connect(address, proxy=None) as connection:
        assert connection.recv(timeout=30) == b"\x00"
        yield connection


def messages(socket: ClientConnection, count: int) -> list[dict[str, Any]]:
    """The next order messages."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        heard = socket.recv(timeout=30)
        if isinstance(heard, str):
            said = json.loads(heard)
            assert said["type"] == "order"
            found.append(said["data"])
    return found


def test_the_stream_tells_of_every_state_of_ones_own_orders(
    socket: ClientConnection, sandbox: Sandbox
) -> None:
    sandbox.depot.happen(Trade(*VIKRAM, "NSE:WIPRO", "BUY", 1))
    number = sandbox.depot.happen(Trade(*ASHA, "NSE:WIPRO", "BUY", 2))
    heard = messages(socket, 5)
    assert {row["order_id"] for row in heard} == {str(number)}
    assert [row["status"] for row in heard][-2:] == ["OPEN", "COMPLETE"]
    assert [row["unfilled_quantity"] for row in heard] == [2, 2, 2, 2, 0]
    assert {row["checksum"] for row in heard} == {""}


def test_the_clock_alone_makes_updates_too(sandbox: Sandbox, clock: FixedClock) -> None:
    """Half an hour after the open nothing but time has passed, and two deals of the first day are done."""
    clock.set(at("2026-11-20T09:20:00"))
    address = f"{sandbox.kite_stream_url}/?api_key={KEY}&access_token={access_token(sandbox)}"
    with connect(address, proxy=None) as socket:
        socket.recv(timeout=30)
        clock.set(at("2026-11-20T09:45:00"))
        heard = messages(socket, 10)
    assert [row["status"] for row in heard if row["status"] in ("COMPLETE", "CANCELLED")] == [
        "COMPLETE", "CANCELLED",
    ]  # fmt: skip


def listen(socket: ClientConnection, patience_seconds: float) -> None:
    """Until the other side ends it or says nothing for so long."""
    for _ in range(100):
        socket.recv(timeout=patience_seconds)


def test_updates_come_twice_and_out_of_order_on_demand(socket: ClientConnection, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan("duplicate_updates")
    sandbox.depot.happen(PartialFill(*ASHA, "NSE:WIPRO", "BUY", 2, 0))
    heard = [row["status"] for row in messages(socket, 5)]
    assert heard == [
        "PUT ORDER REQ RECEIVED",
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
    ]
    sandbox.kite_faults.plan("out_of_order", times=4)
    sandbox.depot.happen(Trade(*ASHA, "NSE:WIPRO", "BUY", 2))
    late = [row["status"] for row in messages(socket, 4)]
    assert late == ["VALIDATION PENDING", "PUT ORDER REQ RECEIVED", "OPEN", "OPEN PENDING"]


def test_silence_a_torn_frame_and_a_lost_line_on_demand(socket: ClientConnection, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan("heartbeat_loss", times=10)
    while sandbox.kite_faults.standing():
        time.sleep(0.01)
    sandbox.kite_faults.plan("truncated_frame")
    socket.send(json.dumps({"a": "mode", "v": ["full", [408065]]}))
    frame = b"\x00"
    while len(frame) == 1:
        heard = socket.recv(timeout=30)
        assert isinstance(heard, bytes)
        frame = heard
    assert len(frame) == (2 + 2 + 184) // 2
    sandbox.kite_faults.plan("cut_off")
    with pytest.raises(ConnectionClosed):
        listen(socket, 5)


def test_silence_is_silence(socket: ClientConnection, sandbox: Sandbox) -> None:
    sandbox.kite_faults.plan("heartbeat_loss", times=100)
    with pytest.raises(TimeoutError):
        listen(socket, 0.5)


class Listener:
    """An app's postback address on loopback: keeps what comes; refuses the first `refusals`."""

    def __init__(self, refusals: int = 0) -> None:
        self.heard: list[dict[str, Any]] = []
        left = [refusals]
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                left[0] -= 1
                if left[0] < 0:
                    heard.append(json.loads(body))
                self.send_response(200 if left[0] < 0 else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self) -> Listener:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/postback?who=test"

    def wait(self, count: int) -> list[dict[str, Any]]:
        for _ in range(6000):
            if len(self.heard) >= count:
                break
            time.sleep(0.01)
        return self.heard


def test_postbacks_are_signed_and_sent_until_they_are_taken(config: SandboxConfig) -> None:
    with Listener(refusals=1) as app, Sandbox(replace(config, postback_url=app.url)) as sandbox:
        number = sandbox.depot.happen(PartialFill(*ASHA, "NSE:WIPRO", "BUY", 9, 4))
        sandbox.depot.happen(Fill(number, 5))
        sandbox.depot.happen(Trade(*ANGEL, "NSE:WIPRO", "BUY", 1))
        sandbox.depot.happen(Rejection(*VIKRAM, "NSE:WIPRO", "BUY", 1, "No margin"))
        heard = app.wait(3)
    assert [(row["user_id"], row["status"]) for row in heard] == [
        ("TF0001", "UPDATE"), ("TF0001", "COMPLETE"), ("TF0002", "REJECTED"),
    ]  # fmt: skip
    for row in heard:
        signed = f"{row['order_id']}{row['order_timestamp']}{SECRET}"
        assert row["checksum"] == sha256(signed.encode()).hexdigest()
    assert [row["unfilled_quantity"] for row in heard] == [5, 0, 1]


def test_an_address_registered_in_the_panel_is_called_until_it_is_taken_back(sandbox: Sandbox) -> None:
    def order(units: int) -> None:
        event = {"kind": "trade", "broker": "zerodha", "user": "TF0001", "key": "NSE:WIPRO", "side": "BUY"}
        assert (
            httpx2.post(f"{sandbox.control_url}/events", json={**event, "quantity": units}).status_code == 201
        )

    with Listener() as app, Listener() as other:
        order(1)
        for there in (app, other):
            answer = httpx2.post(f"{sandbox.control_url}/postback", json={"url": there.url})
            assert answer.json() == {"postback": there.url}
            order(2 if there is app else 3)
            there.wait(1)
        httpx2.post(f"{sandbox.control_url}/postback", json={"url": ""})
        order(4)
        time.sleep(0.2)
        assert [row["quantity"] for row in app.heard] == [2]
        assert [row["quantity"] for row in other.heard] == [3]
    assert httpx2.get(f"{sandbox.control_url}/state").json()["postback"] == ""
    refused = httpx2.post(f"{sandbox.control_url}/postback", json={"url": "the house"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "postback_url")


def test_postbacks_come_twice_out_of_order_and_forged_on_demand(config: SandboxConfig) -> None:
    with Listener() as app, Sandbox(replace(config, postback_url=app.url)) as sandbox:
        for kind in ("duplicate_updates", "out_of_order"):
            sandbox.kite_faults.plan(kind, path="/postback")
        sandbox.kite_faults.plan("wrong_checksum")
        for units in (1, 2, 3):
            sandbox.depot.happen(Trade(*ASHA, "NSE:WIPRO", "BUY", units))
        heard = app.wait(4)
        deadline = time.monotonic() + 60
        while (
            len(told := [one.detail for one in sandbox.panel.entries()]) < 4 and time.monotonic() < deadline
        ):
            time.sleep(0.01)
    assert [row["quantity"] for row in heard] == [2, 2, 1, 3]
    right = [
        row["checksum"] == sha256(f"{row['order_id']}{row['order_timestamp']}{SECRET}".encode()).hexdigest()
        for row in heard
    ]
    assert right == [False, True, True, True]
    assert all(line.startswith("TF0001 ") and line.endswith("COMPLETE: 200") for line in told)
    assert sandbox.kite_faults.standing() == ()


def test_a_fault_of_postbacks_leaves_streams_alone(sandbox: Sandbox) -> None:
    faults = sandbox.kite_faults
    faults.plan("duplicate_updates", path="/postback")
    assert not faults.stream(FaultKind.DUPLICATE_UPDATES)
    assert faults.stream(FaultKind.DUPLICATE_UPDATES, "/postback")


def test_an_announced_split_is_told_by_quotes_candles_and_holdings(
    read: Reading, sandbox: Sandbox, clock: FixedClock
) -> None:
    before = held(read, "RELIANCE")
    sandbox.depot.happen(Split("RELIANCE", date(2026, 11, 23), 5, 1))
    clock.set(at("2026-11-23T10:00:00"))
    after = held(read, "RELIANCE")
    assert after["quantity"] == 5 * before["quantity"]
    assert after["average_price"] == pytest.approx(before["average_price"] / 5, abs=1e-5)
    assert 0.8 < after["last_price"] * 5 / before["last_price"] < 1.25
    span = "from=2026-11-16&to=2026-11-24"
    token = sandbox.market.universe.of("NSE:RELIANCE").token
    closes = [row[4] for row in read(f"/instruments/historical/{token}/day?{span}")["candles"]]
    assert max(closes) / min(closes) < 1.3
