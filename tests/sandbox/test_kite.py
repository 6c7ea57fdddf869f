"""The broker's REST face: shapes, sums, limits and refusals."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import KEY, TRADING, access_token, at, session
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.people import ASHA
from tunefolio.sandbox.serve import Sandbox


def data(kite: httpx2.Client, path: str, **query: Any) -> Any:
    answer = kite.get(path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body["status"] == "success"
    return body["data"]


def samples() -> Path:
    folder = os.environ.get("TUNEFOLIO_DATA")
    path = Path(folder or "/nowhere") / ".." / "fixtures" / "wire" / "kite"
    if not path.is_dir():
        pytest.skip("the broker's sample answers are not here (TUNEFOLIO_DATA)")
    return path


def keys_of(value: Any, at: str = "") -> dict[str, set[str]]:
    """Path of keys → JSON types seen there; list items share a path."""
    found: dict[str, set[str]] = {}
    if isinstance(value, dict):
        for key, item in value.items():
            for path, types in keys_of(item, f"{at}.{key}").items():
                found.setdefault(path, set()).update(types)
    elif isinstance(value, list):
        for item in value:
            for path, types in keys_of(item, f"{at}[]").items():
                found.setdefault(path, set()).update(types)
    name = (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
    found.setdefault(at, set()).add(name)
    return found


def first_rows(value: Any) -> Any:
    """Every list cut to its first row: later rows of the samples carry keys that only some orders have."""
    match value:
        case dict():
            return {key: first_rows(item) for key, item in value.items()}
        case list():
            return [first_rows(item) for item in value[:1]]
        case _:
            return value


@pytest.mark.parametrize(
    ("sample", "path", "query"),
    [
        ("profile", "/user/profile", {}),
        ("full_profile", "/user/profile/full", {}),
        ("margins", "/user/margins", {}),
        ("margins_equity", "/user/margins/equity", {}),
        ("holdings", "/portfolio/holdings", {}),
        ("positions", "/portfolio/positions", {}),
        ("orders", "/orders", {}),
        ("quote", "/quote", {"i": "NSE:INFY"}),
        ("ohlc", "/quote/ohlc", {"i": "NSE:INFY"}),
        ("ltp", "/quote/ltp", {"i": "NSE:INFY"}),
        (
            "historical_minute", "/instruments/historical/408065/minute",
            {"from": "2026-11-20 09:15:00", "to": "2026-11-20 09:20:00"},
        ),
    ],
)  # fmt: skip
def test_answers_have_the_shape_of_the_brokers_own_samples(
    kite: httpx2.Client, sample: str, path: str, query: dict[str, str]
) -> None:
    whole = json.loads((samples() / f"{sample}.json").read_text("utf-8"))
    theirs, ours = keys_of(whole), keys_of(kite.get(path, params=query).json())
    assert keys_of(first_rows(whole)).keys() <= ours.keys() <= theirs.keys()
    for place, types in ours.items():
        loose = {"NoneType"} | ({"str"} if "NoneType" in theirs[place] else set())
        assert types - loose <= theirs[place] | loose, place


def test_the_session_has_the_shape_of_the_brokers_own_sample(sandbox: Sandbox) -> None:
    theirs = json.loads((samples() / "generate_session.json").read_text("utf-8"))
    assert keys_of(session(sandbox)) == keys_of(theirs)


def test_holdings_are_sums_of_what_they_say(kite: httpx2.Client, sandbox: Sandbox) -> None:
    rows = data(kite, "/portfolio/holdings")
    assert len(rows) == len(ASHA.demat) == 24
    for row in rows:
        listed = sandbox.market.universe.of(f"{row['exchange']}:{row['tradingsymbol']}")
        assert row["instrument_token"] == listed.token
        assert round(row["last_price"] * 100) == sandbox.market.price(listed, TRADING)
        units = row["quantity"] + row["t1_quantity"]
        assert row["pnl"] == pytest.approx((row["last_price"] - row["average_price"]) * units)
        assert row["day_change"] == pytest.approx(row["last_price"] - row["close_price"])
    by_key = {f"{row['exchange']}:{row['tradingsymbol']}": row for row in rows}
    assert by_key["NSE:INFY"]["isin"] == by_key["BSE:INFY"]["isin"]
    assert by_key["NSE:ITC"]["t1_quantity"] == 25
    assert by_key["NSE:TATASTEEL"]["mtf"]["quantity"] == 200
    assert by_key["NSE:NIFTYBEES"]["collateral_quantity"] == 400
    assert any(round(row["average_price"], 2) != row["average_price"] for row in rows)
    summary = data(kite, "/portfolio/holdings/summary")
    assert summary["total_pnl"] == pytest.approx(sum(row["pnl"] for row in rows))
    assert data(kite, "/portfolio/holdings/compact")[0].keys() == {
        "exchange", "tradingsymbol", "instrument_token", "isin", "quantity",
    }  # fmt: skip
    assert data(kite, "/portfolio/holdings/auctions") == []


def test_positions_follow_from_the_trades(kite: httpx2.Client) -> None:
    positions = data(kite, "/portfolio/positions")
    trades = data(kite, "/trades")
    assert len(trades) == 3
    assert len(data(kite, "/orders")) == 4
    assert positions["net"] == positions["day"]
    by_symbol = {row["tradingsymbol"]: row for row in positions["net"]}
    closed, open_one = by_symbol["SBIN"], by_symbol["TMPV"]
    assert (closed["quantity"], closed["average_price"]) == (0, 0)
    assert closed["pnl"] == pytest.approx(closed["sell_value"] - closed["buy_value"])
    gain = open_one["sell_value"] - open_one["buy_value"] + open_one["quantity"] * open_one["last_price"]
    assert open_one["pnl"] == pytest.approx(gain)
    assert trades[0]["average_price"] == open_one["average_price"]
    (path, fills) = (data(kite, f"/orders/{trades[0]['order_id']}{tail}") for tail in ("", "/trades"))
    assert [state["status"] for state in path][-2:] == ["OPEN", "COMPLETE"]
    assert fills == trades[:1]


def test_before_the_first_deal_the_books_are_empty(kite: httpx2.Client, clock: FixedClock) -> None:
    clock.set(at("2026-11-20T09:16:00"))
    assert data(kite, "/orders") == data(kite, "/trades") == []
    assert data(kite, "/portfolio/positions") == {"net": [], "day": []}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders/regular"), ("PUT", "/orders/regular/1"), ("DELETE", "/orders/regular/1"),
        ("PUT", "/portfolio/positions"),
    ],
)  # fmt: skip
def test_orders_are_refused_as_the_broker_words_it(kite: httpx2.Client, method: str, path: str) -> None:
    answer = kite.request(method, path)
    assert answer.status_code == 400
    assert answer.json() == {
        "status": "error", "message": "This rehearsal shows orders; it does not take them.", "data": None,
        "error_type": "InputException",
    }  # fmt: skip


def test_quotes_leave_out_what_is_unknown_and_know_ampersands(kite: httpx2.Client, sandbox: Sandbox) -> None:
    rows = data(kite, "/quote", i=["NSE:M&M", "NSE:NOSUCH", "NSE:NIFTY 50", "408065"])
    assert rows.keys() == {"NSE:M&M", "NSE:NIFTY 50", "408065"}
    assert round(rows["408065"]["last_price"] * 100) == sandbox.market.price(
        sandbox.market.universe.of("NSE:INFY"), TRADING
    )
    depth = rows["NSE:M&M"]["depth"]
    prices = [line["price"] for line in reversed(depth["sell"])] + [line["price"] for line in depth["buy"]]
    assert prices == sorted(prices, reverse=True)
    assert len(depth["buy"]) == len(depth["sell"]) == 5
    assert "depth" not in rows["NSE:NIFTY 50"]


@pytest.mark.parametrize(("path", "limit"), [("/quote", 500), ("/quote/ohlc", 1000), ("/quote/ltp", 1000)])
def test_quotes_take_so_many_names_and_no_more(kite: httpx2.Client, path: str, limit: int) -> None:
    assert kite.get(path, params={"i": ["NSE:INFY"] * limit}).status_code == 200
    refused = kite.get(path, params={"i": ["NSE:INFY"] * (limit + 1)})
    assert (refused.status_code, refused.json()["error_type"]) == (400, "InputException")


def test_the_instrument_master_is_compressed_csv(kite: httpx2.Client, sandbox: Sandbox) -> None:
    answer = kite.get("/instruments")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(sandbox.market.universe.listings)
    assert all(int(row["instrument_token"]) >> 8 == int(row["exchange_token"]) for row in rows)
    names = {row["tradingsymbol"] for row in rows}
    assert {"INFY", "M&M", "DISHTV-BE", "NIFTYBEES", "NIFTY 50"} <= names
    bombay = list(csv.DictReader(io.StringIO(kite.get("/instruments/BSE").text)))
    assert {row["exchange"] for row in bombay} == {"BSE"}
    assert kite.get("/instruments/NYSE").status_code == 400


def test_candles_of_every_interval_agree(kite: httpx2.Client) -> None:
    span = {"from": "2026-11-19 09:15:00", "to": "2026-11-19 15:30:00"}
    minutes = data(kite, "/instruments/historical/408065/minute", **span)["candles"]
    assert len(minutes) == 360, "trading to 15:15, then the closing auction"
    assert minutes[0][0] == "2026-11-19T09:15:00+0530"
    for interval, length in (("3minute", 3), ("5minute", 5), ("15minute", 15), ("60minute", 60)):
        candles = data(kite, f"/instruments/historical/408065/{interval}", **span, oi=1)["candles"]
        first = minutes[:length]
        assert len(candles) == -(-360 // length)
        assert candles[0] == [
            minutes[0][0], first[0][1], max(row[2] for row in first), min(row[3] for row in first),
            first[-1][4], sum(row[5] for row in first), 0,
        ]  # fmt: skip
    (day,) = data(kite, "/instruments/historical/408065/day", **span)["candles"]
    assert day[0] == "2026-11-19T00:00:00+0530"
    assert day[2] == max(row[2] for row in minutes)
    long = {"from": "2023-11-20", "to": "2026-11-20"}
    assert len(data(kite, "/instruments/historical/408065/day", **long)["candles"]) > 740


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("408065/minute", {"from": "2026-08-01 00:00:00", "to": "2026-11-20 00:00:00"}),
        ("408065/day", {"from": "2010-08-01 00:00:00", "to": "2026-11-20 00:00:00"}),
        ("408065/minute", {"from": "20-11-2026", "to": "2026-11-20 00:00:00"}),
        ("408065/minute", {"from": "2026-11-20", "to": "2026-11-19"}),
        ("408065/2minute", {"from": "2026-11-19", "to": "2026-11-20"}),
        ("1/minute", {"from": "2026-11-19", "to": "2026-11-20"}),
    ],
)
def test_senseless_candles_are_refused(kite: httpx2.Client, path: str, query: dict[str, str]) -> None:
    answer = kite.get(f"/instruments/historical/{path}", params=query)
    assert (answer.status_code, answer.json()["error_type"]) == (400, "InputException")


def test_every_door_asks_for_version_and_token(sandbox: Sandbox) -> None:
    with httpx2.Client(base_url=sandbox.kite_url) as stranger:
        bare = stranger.get("/user/profile")
        assert (bare.status_code, bare.json()["error_type"]) == (400, "InputException")
        for header in ({}, {"Authorization": f"token {KEY}:dead"}, {"Authorization": "Bearer x"}):
            answer = stranger.get("/portfolio/holdings", headers={"X-Kite-Version": "3", **header})
            assert answer.status_code == 403
            assert answer.json() == {
                "status": "error", "message": "Incorrect `api_key` or `access_token`.", "data": None,
                "error_type": "TokenException",
            }  # fmt: skip
        lost = stranger.get("/no/such/route")
        assert (lost.status_code, lost.json()["error_type"]) == (404, "GeneralException")
        assert stranger.delete("/user/profile").status_code == 405


def test_who_asks_too_often_is_told_so(limited: Sandbox) -> None:
    headers = {"X-Kite-Version": "3", "Authorization": f"token {KEY}:{access_token(limited)}"}
    with httpx2.Client(base_url=limited.kite_url, headers=headers) as kite:
        answers = [kite.get("/quote/ltp", params={"i": "NSE:INFY"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 429, 429]
        assert answers[1].json() == {
            "status": "error", "message": "Too many requests", "data": None, "error_type": "NetworkException",
        }  # fmt: skip
        assert kite.get("/user/profile").status_code == 200, "each class of request has its own rate"
