"""Facts of every kind over the API: recorded, looked ahead at, many at once; and the tracker's two routes."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import connect_broker, join, visitor
from tests.web.test_api_v1 import desk, made
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.services.house import House

BOUGHT = {"kind": "buy", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "10", "price": "1500"}


@pytest.fixture
def asha(small_house: House) -> TestClient:
    return join(visitor(small_house), "asha@example.org", "Asha")


def rows(client: TestClient, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/v1/transactions?{query}").json()["data"]
    return found


def problem(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 422, answer.text
    (first, *_) = answer.json()["errors"]
    return first["field"], first["problem"]


def test_the_sign_table_is_told(asha: TestClient) -> None:
    told = asha.get("/api/v1/transactions/kinds").json()["data"]
    assert {row["kind"] for row in told} == set(Kind)
    buy = next(row for row in told if row["kind"] == "buy")
    assert (buy["needs"], buy["cash"]) == (sorted(RULES[Kind.BUY].needs), "−(A+X+F)")


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_the_example_of_every_kind_names_the_kind(kind: Kind) -> None:
    assert f" {kind} " in RULES[kind].example


def test_a_fact_of_any_kind_is_recorded_and_read_back(asha: TestClient) -> None:
    account = desk(asha)
    made(asha, "/api/v1/transactions", account_id=account, **BOUGHT, tags=["core"])
    made(
        asha, "/api/v1/transactions", account_id=account, kind="demerger", day="2024-05-01",
        instrument="NSE:INFY", other="NSE:JIOFIN", ratio="1:2", cost_ratio="0.0468",
    )  # fmt: skip
    made(
        asha, "/api/v1/transactions", account_id=account, kind="convert", day="2024-05-02", amount="83500",
        counter_amount="1000", counter_currency="USD",
    )  # fmt: skip
    (convert, demerger, buy) = rows(asha)
    assert (convert["counter_amount"], convert["counter_currency"]) == ("1000.00", "USD")
    assert (demerger["ratio"], demerger["cost_ratio"]) == ("1:2", "0.0468")
    assert demerger["other"]["symbol"] == "JIOFIN"
    assert demerger["line"] == "2024-05-01 demerger 1:2 NSE:INFY into NSE:JIOFIN cost 4.68%"
    assert asha.get(f"/api/v1/transactions/{demerger['id']}").json() == demerger
    assert asha.get("/api/v1/transactions/99999").status_code == 404
    assert buy["tags"] == ["core"]
    assert "ratio" not in buy


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"kind": "split", "instrument": "NSE:INFY"}, "ratio"),
        ({"kind": "split", "instrument": "NSE:INFY", "ratio": "ten"}, "ratio"),
        ({"kind": "split", "instrument": "NSE:INFY", "ratio": "0:1"}, "ratio"),
        ({"kind": "demerger", "instrument": "NSE:INFY", "ratio": "1:1", "cost_ratio": "0.5"}, "other"),
        ({"kind": "demerger", "instrument": "NSE:INFY", "other": "infy", "ratio": "1:1"}, "other"),
        ({"kind": "deposit", "amount": "5", "instrument": "NSE:INFY"}, "instrument"),
        ({"kind": "convert", "amount": "5", "counter_amount": "5"}, "counter_currency"),
        ({"kind": "convert", "amount": "5", "counter_amount": "5", "counter_currency": "INR"}, "counter"),
        ({"kind": "transfer_out", "instrument": "NSE:INFY", "quantity": "1", "counterpart_id": 99_999}, None),
        ({"kind": "sell", "instrument": "NSE:INFY", "quantity": "2", "price": "1",
          "picks": [{"lot": 1, "quantity": "1"}]}, "picks"),
        ({"kind": "opening", "instrument": "NSE:ITC", "quantity": "2", "price": "1",
          "acquired": "2030-01-01"}, "acquired"),
        ({"kind": "deposit", "amount": "5", "at": "yesterday"}, "at"),
        ({"kind": "deposit", "amount": "5", "at": "0001-01-01T00:00:00+05:30"}, "at"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_cure(
    asha: TestClient, wish: dict[str, Any], field: str | None
) -> None:
    account = desk(asha)
    made(asha, "/api/v1/transactions", account_id=account, **BOUGHT)
    for path in ("/api/v1/transactions", "/api/v1/transactions/preview"):
        answer = asha.post(path, json={"account_id": account, "day": "2024-06-03", **wish})
        if field is None:
            assert answer.status_code in (404, 422)
        else:
            assert problem(answer)[0] == field
    assert len(rows(asha)) == 1


def test_a_preview_tells_and_writes_nothing(asha: TestClient) -> None:
    account = desk(asha)
    made(asha, "/api/v1/transactions", account_id=account, **BOUGHT, fees="12.50")
    made(asha, "/api/v1/transactions", account_id=account, kind="deposit", day="2024-03-01", amount="50000")
    sale = {
        "kind": "sell",
        "day": "2024-06-03",
        "instrument": "NSE:INFY",
        "quantity": "5",
        "price": "1600",
        "fees": "15",
    }
    told = asha.post("/api/v1/transactions/preview", json={"account_id": account, **sale}).json()
    assert told["line"] == "2024-06-03 sell 5 NSE:INFY @ 1600 fee 15"
    (units,) = told["units"]
    assert (units["before"], units["after"], units["cost_after"]) == ("10", "5", "7506.25")
    (cash,) = told["cash"]
    assert (cash["before"], cash["change"], cash["after"]) == ("34987.50", "7985.00", "42972.50")
    assert told["realised"] == [{"amount": "478.75", "currency": "INR"}]
    assert len(rows(asha)) == 2
    far = asha.post("/api/v1/transactions/preview", json={"account_id": account, **sale, "quantity": "11"})
    assert problem(far) == ("quantity", "sells 11 on 2024-06-03 but only 10 are held")


def test_lots_are_listed_and_picked(asha: TestClient) -> None:
    account = desk(asha)
    first = made(asha, "/api/v1/transactions", account_id=account, **BOUGHT)
    second = made(
        asha, "/api/v1/transactions", account_id=account, **{**BOUGHT, "day": "2024-05-02", "quantity": "5"}
    )
    infy = rows(asha)[0]["instrument"]["id"]
    told = asha.get(f"/api/v1/accounts/{account}/holdings/{infy}/lots").json()
    assert [lot["lot"] for lot in told["data"]] == [first, second]
    assert told["data"][0]["value_reason"]
    made(
        asha, "/api/v1/transactions", account_id=account, kind="sell", day="2024-06-03",
        instrument="NSE:INFY",
        quantity="5", price="1600", picks=[{"lot": second, "quantity": "5"}],
    )  # fmt: skip
    told = asha.get(f"/api/v1/accounts/{account}/holdings/{infy}/lots").json()
    assert [lot["lot"] for lot in told["data"]] == [first]
    assert rows(asha)[0]["picks"] == [{"lot": second, "quantity": "5"}]


def test_many_at_once_are_all_or_none(asha: TestClient) -> None:
    account = desk(asha)
    wish = {"account_id": account, "transactions": [BOUGHT], "text": "2024-04-02 deposit 5\n2024-04-03 fee 1"}
    ids = asha.post("/api/v1/transactions/bulk", json=wish).json()["ids"]
    assert len(ids) == 3
    oversold = {"account_id": account, "text": "2024-04-04 deposit 5\n2024-04-05 sell 11 NSE:INFY @ 1"}
    assert problem(asha.post("/api/v1/transactions/bulk", json=oversold))[0] == "quantity"
    assert problem(asha.post("/api/v1/transactions/bulk", json={"account_id": account}))[0] == "text"
    assert len(rows(asha)) == 3
    tagged = asha.post("/api/v1/transactions/tags", json={"ids": ids[1:], "add": ["cash"]})
    assert tagged.json() == {"changed": 2}
    assert {row["id"] for row in rows(asha, "tag=cash")} == set(ids[1:])
    assert asha.post("/api/v1/transactions/take-back", json={"ids": ids[1:]}).json() == {"reversed": 2}
    assert [row["id"] for row in rows(asha)] == ids[:1]
    assert len(rows(asha, "kind=buy&kind=sell")) == 1
    assert rows(asha, "least=15001") == rows(asha, "asset_class=gold") == []


def test_an_account_chooses_its_lot_method(asha: TestClient) -> None:
    account = desk(asha)
    for day, price in (("2024-04-01", "100"), ("2024-04-02", "200")):
        made(asha, "/api/v1/transactions", account_id=account, **{**BOUGHT, "day": day, "price": price})
    changed = asha.patch(f"/api/v1/accounts/{account}", json={"lot_method": "lifo"})
    assert changed.json()["lot_method"] == "lifo"
    sale = {**BOUGHT, "kind": "sell", "day": "2024-06-03", "price": "200"}
    told = asha.post("/api/v1/transactions/preview", json={"account_id": account, **sale}).json()
    assert told["realised"] == [], "the dearer lot is sold at its cost"
    assert told["units"][0]["cost_after"] == "1000.00"


def test_the_tracker_records_a_trade_of_what_is_known(asha: TestClient) -> None:
    """{asset_id, quantity, price, date}: a purchase in the only account; figures are numbers."""
    account = desk(asha)
    made(asha, "/api/v1/transactions", account_id=account, **BOUGHT)
    infy = rows(asha)[0]["instrument"]["id"]
    wish = {"asset_id": infy, "quantity": 2.5, "price": 1500.1, "date": "2024-05-02"}
    answer = asha.post("/api/transactions", json=wish)
    assert answer.status_code == 201, answer.text
    assert answer.json() | {"id": 0} == {
        "id": 0, "asset_id": infy, "symbol": "INFY", "type": "buy", "quantity": 2.5, "price": 1500.1,
        "amount": 3750.25, "fees": 0.0, "currency": "INR", "date": "2024-05-02", "account_id": account,
        "portfolio_id": answer.json()["portfolio_id"],
    }  # fmt: skip
    sold = asha.post("/api/transactions", json=wish | {"type": "sell", "fees": "1.5", "date": "2024-05-03"})
    assert sold.status_code == 201
    assert rows(asha)[0]["line"] == "2024-05-03 sell 2.5 NSE:INFY @ 1500.1 fee 1.5"
    assert problem(asha.post("/api/transactions", json=wish | {"asset_id": 10**9}))[0] == "asset_id"
    assert problem(asha.post("/api/transactions", json=wish | {"quantity": -1}))[0] == "quantity"
    made(asha, "/api/v1/accounts", portfolio_id=answer.json()["portfolio_id"], name="Second")
    assert problem(asha.post("/api/transactions", json=wish)) == ("account_id", "could be any of 2 accounts")


def test_the_tracker_reads_a_portfolio(small_house: House, asha: TestClient) -> None:
    connect_broker(small_house, asha)
    (shelf,) = asha.get("/api/v1/portfolios").json()["data"]
    told = asha.get(f"/api/portfolios/{shelf['id']}").json()
    assert (told["name"], told["currency"], told["unpriced_count"]) == (shelf["name"], "INR", 1)
    assert told["total_value"] == 28108.55
    assert told["total_pnl"] == told["returns"]["unrealised"]
    assert {one["symbol"] for one in told["positions"]} == {"TATAPOWER", "INFY", "UNPRICED"}
    hole = next(one for one in told["positions"] if one["symbol"] == "UNPRICED")
    assert (hole["current_value"], hole["current_value_reason"]) == (None, "no price yet")
    assert asha.get("/api/portfolios/99999").status_code == 404
