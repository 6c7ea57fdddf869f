"""What cannot be told of taxes: each wrong field is named with its cure, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.test_tax_api import account, body, write_down

pytestmark = pytest.mark.usefixtures("built_assets")
ME = "/api/v1/tax/taxpayers/0"


def refused(answer: Any, *fields: str) -> str:
    """The fields of a refusal, each with words; its text."""
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert {one["field"] for one in errors} == set(fields), errors
    assert all(one["problem"] for one in errors)
    return str(answer.text)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"slab_rate": "30"}, "slab_rate"),
        ({"slab_rate": "1.0"}, "slab_rate"),
        ({"slab_rate": "-0.05"}, "slab_rate"),
        ({"slab_rate": "NaN"}, "slab_rate"),
        ({"salary": "-1"}, "salary"),
        ({"salary": "1e30"}, "salary"),
        ({"salary": "Infinity"}, "salary"),
        ({"regime": "modern"}, "regime"),
        ({"age": "67"}, "age"),
        ({"business": "1000000000000"}, "business"),
    ],
)
def test_a_years_wrong_figures_are_refused(asha: TestClient, told: dict[str, Any], field: str) -> None:
    refused(asha.put(f"{ME}/years/2024-25", json=told), field)
    assert body(asha, "/taxpayers")["data"][0]["is_named"] is False


@pytest.mark.parametrize(
    ("path", "loss"),
    [
        ("2024-25", {"year": "2021-22", "kind": "long_term", "amount": "0"}),
        ("2024-25", {"year": "2021-22", "kind": "long_term", "amount": "-500"}),
        ("2024-25", {"year": "2024-25", "kind": "long_term", "amount": "500"}),
        ("2024-25", {"year": "2025-26", "kind": "long_term", "amount": "500"}),
        ("2024-25", {"year": "2015-16", "kind": "long_term", "amount": "500"}),
        ("2024-25", {"year": "2021-23", "kind": "long_term", "amount": "500"}),
        ("2024-25", {"year": "2021-22", "kind": "crypto", "amount": "500"}),
        ("2016-17", {"year": "2015-16", "kind": "long_term", "amount": "500"}),
        ("2031-32", {"year": "2021-22", "kind": "long_term", "amount": "500"}),
    ],
)
def test_a_loss_that_cannot_be_brought_is_refused(asha: TestClient, path: str, loss: dict[str, str]) -> None:
    answer = asha.put(f"{ME}/losses/{path}", json={"losses": [loss]})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["problem"]
    assert body(asha, f"{ME.removeprefix('/api/v1/tax')}/told")["losses"] == []


def test_a_loss_is_entered_once(asha: TestClient) -> None:
    loss = {"year": "2021-22", "kind": "long_term", "amount": "500"}
    twice = asha.put(f"{ME}/losses/2024-25", json={"losses": [loss, loss]})
    assert twice.status_code == 422
    assert "twice" in twice.text


def test_a_sale_without_purchase_and_a_day_that_cannot_be_are_never_recorded(asha: TestClient) -> None:
    home = account(asha)
    write_down(asha, home, "2024-06-12 buy 1 NSE:INFY @ 1500")
    for line in (
        "2024-06-13 sell 2 NSE:INFY @ 1500",
        "2024-06-11 sell 1 NSE:INFY @ 1500",
        "2024-02-30 buy 1 NSE:INFY @ 1500",
        "2031-06-13 buy 1 NSE:INFY @ 1500",
        "2024-06-13 buy 0 NSE:INFY @ 1500",
    ):
        answer = asha.post(f"/api/v1/accounts/{home}/transactions/line", json={"text": line})
        assert answer.status_code in {409, 422}, (line, answer.text)
    assert body(asha, "/deeds?year=2024-25")["total"] == 0


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"tax_class": "shares"}, "tax_class"),
        ({"value_2018": "-1"}, "value_2018"),
        ({"value_2018": "1e30"}, "value_2018"),
    ],
)
def test_an_instruments_wrong_answers_are_refused(asha: TestClient, told: dict[str, str], field: str) -> None:
    home = account(asha)
    write_down(asha, home, "2024-06-12 buy 1 NSE:INFY @ 1500", "2024-06-13 sell 1 NSE:INFY @ 1500")
    instrument = body(asha, "/deeds?year=2024-25")["data"][0]["instrument"]
    refused(asha.put(f"/api/v1/tax/instruments/{instrument}", json=told), field)


def test_transaction_tax_that_is_no_sum_is_refused(asha: TestClient) -> None:
    home = account(asha)
    (bought,) = write_down(asha, home, "2024-06-12 buy 1 NSE:INFY @ 1500 fee 5")
    for wrong in ("-1", "1e13", "much"):
        answer = asha.put("/api/v1/tax/facts", json={"deeds": [{"fact": bought, "stt": wrong}]})
        assert answer.status_code == 422, (wrong, answer.text)
