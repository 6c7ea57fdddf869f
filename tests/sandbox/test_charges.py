"""The rehearsal's own count of charges: the broker's published note comes out, and nonsense is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tunefolio.core.time import TradingDay
from tunefolio.sandbox.kite.charges import note
from tunefolio.sandbox.tariffs import Sort, angel, zerodha

JULY = TradingDay.parse("2023-07-13")
SBIN = {
    "order_id": "111111111", "exchange": "NSE", "tradingsymbol": "SBIN", "transaction_type": "BUY",
    "variety": "regular", "product": "CNC", "order_type": "MARKET", "quantity": 1, "average_price": 560,
}  # fmt: skip
GOLD = SBIN | {
    "exchange": "MCX", "tradingsymbol": "GOLDPETAL23JULFUT", "transaction_type": "SELL", "product": "NRML",
    "average_price": 5862,
}  # fmt: skip
PUT = SBIN | {
    "exchange": "NFO", "tradingsymbol": "NIFTY2371317900PE", "product": "NRML", "quantity": 100,
    "average_price": 1.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("order", "tax", "tax_name", "turnover", "sebi", "brokerage", "gst"),
    [
        (SBIN, 0.56, "stt", 0.01876, 0.00056, 0, 0.0033768),
        (GOLD, 0.5862, "ctt", 0.152412, 0.005862, 1.7586, 0.34503732),
        (PUT, 0, "stt", 0.07575, 0.00015, 20, 3.613527),
    ],
)
def test_the_published_note_of_july_2023_comes_out(
    order: dict[str, Any],
    tax: float,
    tax_name: str,
    turnover: float,
    sebi: float,
    brokerage: float,
    gst: float,
) -> None:
    (row,) = note([order], JULY)
    assert row["charges"] == {
        "transaction_tax": tax, "transaction_tax_type": tax_name, "exchange_turnover_charge": turnover,
        "sebi_turnover_charge": sebi, "brokerage": brokerage, "stamp_duty": 0,
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
        "total": pytest.approx(tax + turnover + sebi + brokerage + gst, abs=1e-12),
    }  # fmt: skip
    assert (row["tradingsymbol"], row["price"]) == (order["tradingsymbol"], order["average_price"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"transaction_type": "HOLD"}, {"quantity": 0}, {"quantity": 1.5}, {"average_price": 0},
        {"average_price": "much"}, {"exchange": "MARS"}, {"product": "NRML"}, {"tradingsymbol": ""},
        {"quantity": None}, {"average_price": "Infinity"},
    ],
)  # fmt: skip
def test_an_order_that_is_none_is_refused(kite: httpx2.Client, wrong: dict[str, Any]) -> None:
    assert kite.post("/charges/orders", json=[SBIN | wrong]).status_code == 400


def test_it_needs_a_session_and_a_list(kite: httpx2.Client) -> None:
    assert kite.post("/charges/orders", json=[SBIN]).json()["data"][0]["charges"]["brokerage"] == 0
    for body in (b"", b"{}", b"[]", b"[5]", b"{"):
        assert kite.post("/charges/orders", content=body).status_code == 400
    stranger = {"Authorization": "token nobody:nothing"}
    assert kite.post("/charges/orders", json=[SBIN], headers=stranger).status_code == 403


def test_angels_deliveries_cost_since_november_2024() -> None:
    days = {"2024-10-31": 0, "2024-11-01": 10, "2026-11-20": 10}
    for day, fee in days.items():
        assert angel("NSE", Sort.DELIVERY, "BUY", Decimal(10_000), TradingDay.parse(day)).brokerage == fee
    assert angel("NSE", Sort.DELIVERY, "BUY", Decimal(500), TradingDay.parse("2026-11-20")).brokerage == 2
    assert angel("NSE", Sort.INTRADAY, "BUY", Decimal(10**6), TradingDay.parse("2026-11-20")).brokerage == 20


def test_shares_sold_bear_no_stamp_duty_and_futures_bought_no_tax() -> None:
    day = TradingDay.parse("2026-11-20")
    assert zerodha("NSE", Sort.DELIVERY, "SELL", Decimal(10**6), day).stamp == 0
    bought = zerodha("NFO", Sort.FUTURES, "BUY", Decimal(10**6), day)
    assert [bought.tax, bought.brokerage, bought.stamp] == [Decimal(0), Decimal(20), Decimal(20)]
    assert zerodha("NFO", Sort.FUTURES, "SELL", Decimal(10**6), day).tax == 500
