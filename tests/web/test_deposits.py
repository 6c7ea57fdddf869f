"""Deposits of one's own, and the currency a fact is in when nobody says it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, sent, text_of
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")

FD: dict[str, Any] = {
    "symbol": "SBI-FD-2027",
    "name": "Fixed deposit until 2027",
    "rate": "7.1",
    "crediting": "quarterly",
    "matures": "2027-03-31",
    "day": "2024-04-01",
    "amount": "1,00,000",
}


@pytest.fixture
def savings(asha: TestClient) -> int:
    shelf = asha.post("/api/v1/portfolios", json={"name": "Family"}).json()["id"]
    answer = asha.post("/api/v1/accounts", json={"name": "Savings", "portfolio_id": shelf})
    return int(answer.json()["id"])


def test_a_deposit_is_made_paid_into_and_grows_by_its_terms(asha: TestClient, savings: int) -> None:
    assert "Public Provident Fund" in text_of(asha, "/deposits/new")
    assert FD["symbol"] in sent(asha, "/deposits", **FD, account=savings)
    (row,) = asha.get("/api/portfolio/holdings").json()["data"]
    assert (row["symbol"], row["quantity"], row["invested_value"]) == ("SBI-FD-2027", 100000, 100000)
    assert row["current_value"] > 119_000
    line = f"2024-05-01 buy 5000 OWN:{FD['symbol']} @ 1"
    more = asha.post(f"/api/v1/accounts/{savings}/transactions/line", json={"text": line})
    assert more.status_code == 201, more.text


@pytest.mark.parametrize(
    ("field", "value"),
    [("symbol", "two words"), ("rate", "high"), ("matures", "soon"), ("day", "2030-01-01"), ("amount", "0")],
)
def test_wrong_terms_are_refused_and_nothing_is_made(
    asha: TestClient, savings: int, field: str, value: str
) -> None:
    answer = asha.post("/deposits", data={**FD, field: value, "account": savings}, headers=HTML)
    assert answer.status_code == 422
    assert asha.get("/api/portfolio/holdings").json()["count"] == 0
    assert FD["symbol"] in sent(asha, "/deposits", **FD, account=savings)


def test_a_deposit_is_seen_by_its_owner_alone(small_house: House, asha: TestClient, savings: int) -> None:
    wish = {**FD, "amount": "100000", "account_id": savings}
    assert asha.post("/api/v1/deposits", json=wish).status_code == 201
    ben = join(visitor(small_house), "ben@example.org", "Ben")
    assert "SBI-FD-2027" in asha.get("/transactions/instruments?q=SBI-FD").text
    assert "SBI-FD-2027" not in ben.get("/transactions/instruments?q=SBI-FD").text
    assert asha.post("/api/v1/deposits", json=wish).status_code == 422


def test_an_american_share_is_in_dollars_unless_said_otherwise(asha: TestClient, savings: int) -> None:
    wish = {"kind": "buy", "day": "2024-04-01", "quantity": "2", "price": "170", "account_id": savings}
    for number, text in enumerate(("NASDAQ:AAPL", "NSE:INFY")):
        made = asha.post("/api/v1/transactions", json={**wish, "instrument": text}).json()
        fact = asha.get(f"/api/v1/transactions/{made['id']}").json()
        assert fact["currency"] == ("USD", "INR")[number]
        assert fact["line"] == f"2024-04-01 buy 2 {text} @ 170"
    again = asha.post(
        f"/api/v1/accounts/{savings}/transactions/line", json={"text": "2024-04-02 sell 1 NASDAQ:AAPL @ 171"}
    )
    assert again.status_code == 201, again.text
