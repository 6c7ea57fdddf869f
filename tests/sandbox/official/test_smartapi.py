"""Angel One's official Python client, the released wheel, works with the rehearsal as with the broker, and
reads its frames as our own parser does. It lives in an environment of its own, made here once from hashes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import TRADING
from tests.sandbox.official.environments import environment
from tunefolio.adapters.brokers.angelone.charges import amounts
from tunefolio.adapters.brokers.angelone.ticks import Level, tick
from tunefolio.adapters.brokers.angelone.updates import update
from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox.angel.app import AngelRates
from tunefolio.sandbox.angel.desk import API_KEY
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.people import ANGEL_ASHA
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services.charges import Wish, calculated
from tunefolio.trading.charges.compare import compared, stated_lines
from tunefolio.trading.orders import OrderState

DRIVER = Path(__file__).with_name("smartapi_driver.py")
NOWHERE = "http://127.0.0.1:9"
_SAME = {
    "subscription_mode": "mode", "exchange_type": "exchange", "token": "token", "sequence_number": "sequence",
    "exchange_timestamp": "at_ms", "last_traded_price": "last", "last_traded_quantity": "last_quantity",
    "average_traded_price": "average", "volume_trade_for_the_day": "volume", "total_buy_quantity": "buying",
    "total_sell_quantity": "selling", "open_price_of_the_day": "open", "high_price_of_the_day": "high",
    "low_price_of_the_day": "low", "closed_price": "close", "last_traded_timestamp": "traded_s",
    "open_interest": "open_interest", "upper_circuit_limit": "upper", "lower_circuit_limit": "lower",
    "52_week_high_price": "year_high", "52_week_low_price": "year_low", "packet_received_time": "at_ms",
}  # fmt: skip
"""The client's word for each field of ours."""
_BOOKS = {
    "best_5_buy_data": ("bids", "no of orders"), "best_5_sell_data": ("asks", "no of orders"),
    "depth_20_buy_data": ("bids", "num_of_orders"), "depth_20_sell_data": ("asks", "num_of_orders"),
}  # fmt: skip
_DUMMIES = {"subscription_mode_val", "open_interest_change_percentage"}


@pytest.fixture(scope="session")
def client_python() -> Path:
    return environment("angel")


@pytest.fixture
def free(config: SandboxConfig) -> Iterator[Sandbox]:
    with Sandbox(replace(config, angel_rates=AngelRates(*(Rate(100_000),) * 7))) as running:
        yield running


def told_by(python: Path, sandbox: Sandbox, place: Path) -> dict[str, Any]:
    """What the client printed. Its import asks a stranger for our address: that call finds a shut door."""
    asha, moment = ANGEL_ASHA, int(TRADING.utc.timestamp())
    arguments = [
        sandbox.angel_url, sandbox.angel_feed_url, sandbox.angel_orders_url, API_KEY, asha.user_id, asha.pin,
        asha.totp_secret, str(moment), f"{sandbox.control_url}/events",
    ]  # fmt: skip
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    away = {"HTTPS_PROXY": NOWHERE, "https_proxy": NOWHERE, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        [python, DRIVER, *arguments],
        capture_output=True, text=True, timeout=120, check=False, cwd=place,
        env={**clean, **away, "TZ": "Asia/Kolkata"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_official_client_logs_in_reads_hears_and_logs_out(
    client_python: Path, free: Sandbox, tmp_path: Path
) -> None:
    told = told_by(client_python, free, tmp_path)
    check_session(told)
    check_account(told, free)
    check_prices(told, free)
    check_charges(told["charges"])
    check_ticks(told["ticks"], free)
    check_updates(told["updates"])


def check_charges(told: dict[str, Any]) -> None:
    """What the client asked, our adapter reads: the same charges that our own tariffs count."""
    day = TradingDay.parse("2026-11-20")
    wishes = [Wish("angelone", one, "sell", "10", "1500.5", "2026-11-20") for one in ("delivery", "intraday")]
    ours = [calculated(wish, day)[1] for wish in wishes]
    whole = json.loads(json.dumps(told["data"]["summary"]), parse_float=Decimal)
    found = compared(ours, stated_lines(amounts(whole, "charges.summary")))
    differences = [row.difference for row in found.rows if row.stated is not None]
    assert len(differences) == 7
    assert all(isinstance(one, Decimal) and abs(one) < Decimal("0.001") for one in differences), found


def check_session(told: dict[str, Any]) -> None:
    assert (told["wrong"]["status"], told["wrong"]["errorcode"]) == (False, "AB1050")
    assert told["session"]["data"]["clientcode"] == "TFA001"
    assert told["session"]["data"]["jwtToken"].startswith("Bearer ")
    assert told["renewed"]["data"]["feedToken"] != told["session"]["data"]["feedToken"]
    assert told["refused"]["status"] is False
    assert told["logout"]["data"] == "Logout Successfully"
    assert told["after"] == {
        "success": False, "message": "Invalid Token", "errorCode": "AG8001", "data": "",
    }  # fmt: skip


def check_account(told: dict[str, Any], sandbox: Sandbox) -> None:
    lines = sandbox.depot.lines("angelone", "TFA001")
    assert [row["realisedquantity"] for row in told["holding"]["data"]] == [line.settled for line in lines]
    assert told["all"]["data"]["holdings"] == told["holding"]["data"]
    assert [row["netqty"] for row in told["position"]["data"]] == ["20"]
    assert float(told["rms"]["data"]["net"]) > 0
    assert [row["status"] for row in told["orders"]["data"]] == ["complete", "cancelled"]
    assert told["detail"]["data"] == told["orders"]["data"][0]
    assert [row["fillsize"] for row in told["trades"]["data"]] == ["20"]


def check_prices(told: dict[str, Any], sandbox: Sandbox) -> None:
    sight = sandbox.market.sight(sandbox.market.universe.of("NSE:INFY"), TRADING)
    assert told["ltp"]["data"]["ltp"] == sight.last / 100
    for answer in told["quotes"].values():
        assert answer["data"]["fetched"][0]["ltp"] == sight.last / 100
        assert [row["symbolToken"] for row in answer["data"]["unfetched"]] == ["9"]
    assert [row[0][11:16] for row in told["candles"]["data"]] == ["09:15", "09:20", "09:25", "09:30"]
    assert told["search"]["data"][0]["symboltoken"] == "1594"


def check_ticks(ticks: list[dict[str, Any]], sandbox: Sandbox) -> None:
    """Whatever the client reads in a frame, our parser reads: to the last digit."""
    modes = {(one["parsed"]["subscription_mode"], one["parsed"]["exchange_type"]) for one in ticks}
    assert modes == {(1, 1), (2, 1), (3, 1), (4, 1), (1, 3), (2, 3), (3, 3)}
    for one in ticks:
        theirs, ours = one["parsed"], tick(base64.b64decode(one["frame"]))
        assert theirs.keys() <= _SAME.keys() | _BOOKS.keys() | _DUMMIES
        for name in theirs.keys() & _SAME.keys():
            assert getattr(ours, _SAME[name]) == theirs[name], name
        for name in theirs.keys() & _BOOKS.keys():
            side, orders = _BOOKS[name]
            assert list(getattr(ours, side)) == [
                Level(step["price"], step["quantity"], step[orders]) for step in theirs[name]
            ], name
        key = "NSE:INFY" if ours.exchange == 1 else "BSE:SBIN"
        if ours.mode < 4:
            assert ours.last == sandbox.market.price(sandbox.market.universe.of(key), TRADING)
        assert ours.at == Instant(TRADING.utc)


def check_updates(messages: list[dict[str, Any]]) -> None:
    told = [update(json.dumps(message)) for message in messages]
    assert told[0] is None, "the greeting"
    states = [one.state for one in told[1:] if one is not None]
    pending = OrderState.PENDING
    assert states == [pending, pending, pending, OrderState.OPEN, OrderState.COMPLETE]
