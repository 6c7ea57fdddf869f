"""The routes of tax: the year, its rows, what was told, and nothing exported before the books bear it."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
FACTS = (
    "2017-06-05 buy 100 NSE:INFY @ 400",
    "2023-04-03 buy 10 NSE:INFY @ 1400 fee 50",
    "2024-05-03 dividend 1750 NSE:INFY tax 175",
    "2024-06-12 sell 100 NSE:INFY @ 1500",
    "2024-12-02 sell 4 NSE:INFY @ 1700 fee 8",
)
YEAR = "year=2024-25"


def account(client: TestClient, name: str = "Demat") -> int:
    shelf = client.post("/api/v1/portfolios", json={"name": f"Shelf of {name}"}).json()["id"]
    return int(client.post("/api/v1/accounts", json={"name": name, "portfolio_id": shelf}).json()["id"])


def write_down(client: TestClient, home: int, *lines: str) -> list[int]:
    ids = []
    for line in lines:
        answer = client.post(f"/api/v1/accounts/{home}/transactions/line", json={"text": line})
        assert answer.status_code == 201, answer.text
        ids.append(int(answer.json()["id"]))
    return ids


@pytest.fixture
def home(asha: TestClient) -> int:
    """Asha's account: units from before 2018, later ones, a dividend, two sales."""
    found = account(asha)
    write_down(asha, found, *FACTS)
    return found


def body(client: TestClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/tax{path}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_year_at_a_glance(asha: TestClient, home: int) -> None:
    found = body(asha, f"?{YEAR}")
    assert {one["head"]: one["income"] for one in found["heads"] if one["income"] != "0.00"} == {
        "long_term": "34524.60",
        "other_sources": "1750.00",
    }
    assert found["levy"]["exemption"] == {"limit": "125000.00", "used": "34524.60", "left": "90475.40"}
    assert found["is_ready"]
    levy = found["levy"]
    assert levy["special_tax"] == "0.00"
    for sums, name in ((levy, "slab_tax"), (levy, "cess"), (levy, "payable"), (found, "due")):
        assert sums[name] is None
        assert sums[f"{name}_reason"] == "the person's slab rate"
        assert sums[f"{name}_cure"]


def test_what_a_sum_is_rounded_to_is_told_in_rupees(asha: TestClient, home: int) -> None:
    told = {"slab_rate": "0.30"}
    assert asha.put("/api/v1/tax/taxpayers/0/years/2024-25", json=told).status_code == 204
    tree = body(asha, f"/explain?{YEAR}&figure=payable")
    (unit,) = [one for one in tree["inputs"] if one["name"].startswith("rounding.tax")]
    assert (unit["value"], unit["unit"]) == ("10", "INR")


def test_rows_come_by_pages(asha: TestClient, home: int) -> None:
    first = body(asha, f"/deeds?{YEAR}&limit=1")
    assert (first["total"], first["next"]) == (2, "1")
    second = body(asha, f"/deeds?{YEAR}&limit=1&after={first['next']}")
    assert "next" not in second
    assert [first["data"][0]["gain"], second["data"][0]["gain"]] == ["33340.00", "1184.60"]
    assert [one["kind"] for one in body(asha, f"/incomes?{YEAR}")["data"]] == ["dividend"]
    assert asha.get(f"/api/v1/tax/deeds?{YEAR}&after=x").status_code == 422


def test_schedules_add_up_to_the_year(asha: TestClient, home: int) -> None:
    rows = body(asha, f"/schedule-112a?{YEAR}")
    assert len(rows["columns"]) == 15
    assert sum(int(row["balance"]) for row in rows["data"]) == 33340 + 1185
    spans = body(asha, f"/quarters?{YEAR}")
    assert sum(int(cell) for one in spans["gains"] for cell in one["cells"]) == 33340 + 1185


def test_an_export_is_a_file_once_the_books_bear_it(asha: TestClient, home: int) -> None:
    answer = asha.get(f"/api/v1/tax/export/schedule-112a.csv?{YEAR}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="schedule-112a-2024-25.csv"'
    assert answer.text.startswith("Share/Unit acquired(1a)")
    (opening,) = write_down(asha, home, "2024-04-03 opening 5 NSE:TCS @ 10")
    refused = asha.get(f"/api/v1/tax/export/schedule-112a.csv?{YEAR}")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("#tax-not-ready")
    assert "no day of purchase" in refused.json()["errors"][0]["problem"]
    (blocker,) = body(asha, f"?{YEAR}")["blockers"]
    assert (blocker["kind"], blocker["fact"]) == ("undated", opening)
    assert asha.get(f"/api/v1/tax/export/everything.csv?{YEAR}").status_code == 422


def test_rules_name_their_sources(asha: TestClient) -> None:
    found = {one["name"]: one for one in body(asha, "/rules?date=2024-08-01")["rules"]}
    early = asha.get("/api/v1/tax/rules?date=1800-01-01")
    assert early.status_code == 422
    assert "2018-04-01" in early.text
    assert found["rate.equity.long"]["values"]["rate"] == "0.125"
    assert all(one["sources"] for one in found.values())


def test_what_was_told_is_kept_and_counts(asha: TestClient, home: int) -> None:
    (nobody,) = body(asha, "/taxpayers")["data"]
    assert (nobody["id"], nobody["is_named"]) == (0, False)
    year = {"regime": "new", "salary": "2000000", "slab_rate": "0.30"}
    assert asha.put("/api/v1/tax/taxpayers/0/years/2024-25", json=year).status_code == 204
    (me,) = body(asha, "/taxpayers")["data"]
    assert me["is_named"]
    loss = {"losses": [{"year": "2021-22", "kind": "long_term", "amount": "500"}]}
    assert asha.put(f"/api/v1/tax/taxpayers/{me['id']}/losses/2024-25", json=loss).status_code == 204
    told = body(asha, f"/taxpayers/{me['id']}/told")
    assert told["years"][0]["salary"] == "2000000.00"
    assert told["losses"] == [
        {"into": "2024-25", "losses": [{"year": "2021-22", "kind": "long_term", "amount": "500.00"}]}
    ]
    found = body(asha, f"?{YEAR}")
    assert found["levy"]["slab_tax"] == "525.00"
    assert found["set_off"]["steps"][0]["amount"] == "500.00"
    again = asha.put(f"/api/v1/tax/taxpayers/{me['id']}/losses/2023-24", json=loss)
    assert again.status_code == 422


def test_an_account_can_be_anothers_income(asha: TestClient, home: int) -> None:
    other = account(asha, "Mother's demat")
    wish = {"name": "Mother", "accounts": [other]}
    made = asha.post("/api/v1/tax/taxpayers", json=wish)
    assert made.status_code == 201
    assert [one["id"] for one in made.json()["accounts"]] == [other]
    write_down(asha, other, "2023-04-03 buy 1 NSE:TCS @ 100")
    assert body(asha, f"/deeds?{YEAR}&taxpayer={made.json()['id']}")["total"] == 0
    renamed = asha.put(
        f"/api/v1/tax/taxpayers/{made.json()['id']}", json={"name": "Amma", "accounts": [home]}
    )
    assert renamed.json()["name"] == "Amma"
    assert body(asha, f"/deeds?{YEAR}&taxpayer={made.json()['id']}")["total"] == 2
    assert asha.delete(f"/api/v1/tax/taxpayers/{made.json()['id']}").status_code == 204
    assert body(asha, f"/deeds?{YEAR}")["total"] == 2


def test_an_instrument_and_a_fact_are_told(asha: TestClient, home: int) -> None:
    deed = body(asha, f"/deeds?{YEAR}")["data"][0]
    instrument = f"/api/v1/tax/instruments/{deed['instrument']}"
    assert asha.put(instrument, json={"value_2018": "1000"}).status_code == 204
    assert body(asha, f"/deeds?{YEAR}")["data"][0]["gain"] == "50000.00"
    fact = {"fact": deed["sold_by"], "way": "off_market"}
    assert asha.put("/api/v1/tax/facts", json={"deeds": [fact]}).status_code == 204
    assert body(asha, f"/deeds?{YEAR}")["data"][0]["section"] != "112A"


def test_another_persons_taxpayers_are_not_found(small_house: House, asha: TestClient, home: int) -> None:
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    mine = asha.post("/api/v1/tax/taxpayers", json={"name": "Mother"}).json()["id"]
    for answer in (
        bela.get(f"/api/v1/tax?{YEAR}&taxpayer={mine}"),
        bela.get(f"/api/v1/tax/taxpayers/{mine}/told"),
        bela.put(f"/api/v1/tax/taxpayers/{mine}", json={"name": "Mine"}),
        bela.put(f"/api/v1/tax/taxpayers/{mine}/years/2024-25", json={}),
        bela.delete(f"/api/v1/tax/taxpayers/{mine}"),
        bela.put("/api/v1/tax/facts", json={"deeds": [{"fact": 1, "stt": "5"}]}),
        bela.post("/api/v1/tax/taxpayers", json={"name": "X", "accounts": [home]}),
    ):
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("wrong", ["2024-26", "2016-17", "2031-32", "last"])
def test_a_year_that_cannot_be_reckoned_is_refused(asha: TestClient, wrong: str) -> None:
    answer = asha.get(f"/api/v1/tax?year={wrong}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "year"
