"""Zerodha's official Python client, the released wheel, works with the rehearsal as with the broker.

It lives in an environment of its own (old libraries), made here once from hashes and kept for later runs.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import KEY, SECRET, TRADING
from tests.sandbox.official.environments import environment
from tunefolio.adapters.brokers.zerodha.charges import amounts
from tunefolio.core.time import TradingDay
from tunefolio.sandbox.people import ASHA
from tunefolio.sandbox.serve import Sandbox
from tunefolio.services.charges import Wish, calculated
from tunefolio.trading.charges.compare import compared, stated_lines

DRIVER = Path(__file__).with_name("driver.py")


@pytest.fixture(scope="session")
def client_python() -> Path:
    return environment("kite")


def told_by(python: Path, sandbox: Sandbox, mode: str) -> dict[str, Any]:
    """What the client printed; one ticker run per process, because its reactor cannot start twice."""
    arguments = [
        sandbox.kite_url,
        sandbox.kite_stream_url,
        KEY,
        SECRET,
        ASHA.user_id,
        ASHA.password,
        ASHA.pin,
        mode,
    ]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run(
        [python, DRIVER, *arguments],
        capture_output=True, text=True, timeout=90, check=False, env={**clean, "TZ": "Asia/Kolkata"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("mode", ["ltp", "quote", "full"])
def test_the_official_client_logs_in_reads_and_hears_ticks(
    client_python: Path, sandbox: Sandbox, mode: str
) -> None:
    told = told_by(client_python, sandbox, mode)
    market = sandbox.market
    sights = {key: market.sight(market.universe.of(key), TRADING) for key in told["ltp"]}

    assert told["session"]["user_id"] == told["profile"]["user_id"] == "TF0001"
    assert told["margins"]["equity"]["available"]["opening_balance"] == ASHA.cash / 100
    assert len(told["holdings"]) == 24
    for row in told["holdings"]:
        held = market.universe.of(f"{row['exchange']}:{row['tradingsymbol']}")
        assert paise(row["last_price"]) == market.price(held, TRADING)
    assert len(told["positions"]["net"]) == 2
    assert (len(told["orders"]), len(told["trades"])) == (4, 3)
    assert sights.keys() == {"NSE:INFY", "NSE:M&M", "BSE:INFY", "NSE:NIFTY 50"}
    for key, sight in sights.items():
        for kind in ("ltp", "ohlc", "quote"):
            assert paise(told[kind][key]["last_price"]) == sight.last
        assert paise(told["ohlc"][key]["ohlc"]["close"]) == sight.previous_close
    assert len(told["instruments"]) == len(market.universe.listings)

    infosys = market.universe.of("NSE:INFY")
    for candle in told["days"][:-1]:
        day = datetime.fromisoformat(candle["date"]).date()
        assert paise(candle["close"]) == market.close(infosys, TradingDay(day))
    assert [candle["oi"] for candle in told["minutes"]] == [0] * 6

    check_note(told["note"])
    assert told["refusal"] == [400, "This rehearsal shows orders; it does not take them."]
    assert told["logout"] is True or told["logout"]["status"] == "success"
    assert told["after"] == [403, "TokenException"]
    check_ticks(told["ticks"], sandbox, mode)


def check_note(note: list[dict[str, Any]]) -> None:
    """What the client asked, our adapter reads: the same charges that our own tariffs count."""
    assert [row["product"] for row in note] == ["CNC", "MIS"]
    for row, segment in zip(note, ("delivery", "intraday"), strict=True):
        wish = Wish("zerodha", segment, "sell", "10", "1500.5", "2026-11-20")
        _, ours = calculated(wish, TradingDay.parse("2026-11-20"))
        exactly = json.loads(json.dumps(row["charges"]), parse_float=Decimal)
        told = compared(ours, stated_lines(amounts(exactly, "charges")))
        found = {line.title: line.difference for line in told.rows if line.stated is not None}
        assert found.pop("Stamp duty") == 0, "of the buyer"
        assert all(isinstance(one, Decimal) and abs(one) < Decimal("1e-6") for one in found.values()), found


def check_ticks(ticks: dict[str, Any], sandbox: Sandbox, mode: str) -> None:
    market = sandbox.market
    assert len(ticks) == 4
    for token, tick in ticks.items():
        listed = market.universe.find_token(int(token))
        assert listed is not None
        sight = market.sight(listed, TRADING)
        assert paise(tick["last_price"]) == sight.last
        assert tick["tradable"] is (listed.segment != 9)
        if mode == "ltp":
            continue
        assert {name: paise(price) for name, price in tick["ohlc"].items()} == {
            "open": sight.open, "high": sight.high, "low": sight.low, "close": sight.previous_close,
        }  # fmt: skip
        if listed.segment != 9:
            assert tick["volume_traded"] == sight.volume
        if mode == "full":
            assert tick["exchange_timestamp"] == "2026-11-20T11:07:23"
            if listed.segment != 9:
                bids, asks = market.depth(sight)
                book = tick["depth"]
                assert [paise(one["price"]) for one in book["buy"]] == [one.price for one in bids]
                assert [one["quantity"] for one in book["sell"]] == [one.quantity for one in asks]


def paise(rupees: float) -> int:
    return round(rupees * 100)
