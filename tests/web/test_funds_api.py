"""A share that was not listed on 31 January 2018, told by API; units of funds are refused with the cure."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.web.test_tax_api import YEAR, account, body, write_down

pytestmark = pytest.mark.usefixtures("built_assets")


def test_a_share_not_listed_in_2018_takes_its_indexed_cost(asha: TestClient) -> None:
    """Bought in 2017-18, so the index changes nothing: 40,000 stand against 1,50,000."""
    home = account(asha)
    write_down(asha, home, "2017-06-05 buy 100 NSE:INFY @ 400", "2024-06-12 sell 100 NSE:INFY @ 1500")
    deed = body(asha, f"/deeds?{YEAR}")["data"][0]
    assert deed["gain"] != "110000.00"
    place = f"/api/v1/tax/instruments/{deed['instrument']}"
    assert asha.put(place, json={"unlisted_2018": True}).status_code == 204
    assert body(asha, f"/deeds?{YEAR}")["data"][0]["gain"] == "110000.00"
    assert asha.put(place, json={}).status_code == 204
    assert body(asha, f"/deeds?{YEAR}")["data"][0]["gain"] == deed["gain"]


@pytest.mark.parametrize(
    "told", [{"unlisted_2018": True, "value_2018": "5"}, {"unlisted_2018": True, "tax_class": "equity_fund"}]
)
def test_what_contradicts_it_is_refused_with_its_cure(asha: TestClient, told: dict[str, object]) -> None:
    home = account(asha)
    write_down(asha, home, "2017-06-05 buy 100 NSE:INFY @ 400", "2024-06-12 sell 100 NSE:INFY @ 1500")
    instrument = body(asha, f"/deeds?{YEAR}")["data"][0]["instrument"]
    answer = asha.put(f"/api/v1/tax/instruments/{instrument}", json=told)
    assert answer.status_code == 422
    assert "unlisted_2018" in answer.text
    assert "31 January 2018" in answer.text or "2017-18" in answer.text


def test_it_is_yes_or_no(asha: TestClient) -> None:
    assert asha.put("/api/v1/tax/instruments/1", json={"unlisted_2018": "perhaps"}).status_code == 422
