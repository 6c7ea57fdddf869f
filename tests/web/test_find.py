"""Search from every page and from the API; listings picked; what changed of late."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from tests.web.test_pages import PARTIAL, text_of
from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.masters import Change, ChangeKind
from tunefolio.market.provider import MasterRow
from tunefolio.services.house import House
from tunefolio.store import masters, search_index

pytestmark = pytest.mark.usefixtures("built_assets")
DAY = TradingDay.parse("2026-11-20")


@pytest.fixture(autouse=True)
def lists(small_house: House) -> None:
    """One source that lists two shares, and what it said otherwise."""
    listings = [
        ("ETERNAL", "INE758T01015", "Eternal Limited"),
        ("M&M", "INE101A01026", "Mahindra & Mahindra"),
    ]
    rows = [
        MasterRow(
            InstrumentClaim(Listing("NSE", symbol, "EQ"), Isin(isin), name), "17", Decimal("0.05"), Decimal(1)
        )
        for symbol, isin, name in listings
    ]
    with small_house.database.writing() as db:
        masters.add(db, "nse", [(row, masters.mark_of(row)) for row in rows], DAY)
        masters.set_state(db, "nse", small_house.clock.now(), listed=2)
        news = [Change(ChangeKind.RENAMED, Listing("NSE", "ETERNAL", "EQ"), "ZOMATO", "ETERNAL")]
        masters.tell(db, "nse", [*news, Change(ChangeKind.NEW, Listing("NSE", "M&M", "EQ"))], DAY)
        search_index.rebuild(db, ["nse"], DAY)


def test_the_api_finds_and_picks_a_listing_once(asha: TestClient) -> None:
    (found,) = asha.get("/api/v1/instruments", params={"q": "mahindra mah"}).json()["data"]
    assert (found["key"], found["id"], found["isin"]) == ("NSE:M&M", None, "INE101A01026")
    picked = asha.post("/api/v1/instruments", json={"listing_id": found["listing_id"]})
    assert picked.status_code == 201
    id = picked.json()["id"]
    assert asha.post("/api/v1/instruments", json={"listing_id": found["listing_id"]}).json()["id"] == id
    whole = asha.get(f"/api/v1/instruments/{id}").json()
    assert (whole["symbol"], whole["status"], whole["isin"]) == ("M&M", "listed", "INE101A01026")
    assert whole["listings"][0] | {"first_seen": ""} == {
        "source": "nse", "series": "EQ", "token": "17", "tick": "0.05", "lot": "1", "expiry": None,
        "strike": None, "first_seen": "", "gone": None, "reason": "",
    }  # fmt: skip
    (again,) = asha.get("/api/v1/instruments", params={"q": "M&M"}).json()["data"]
    assert again["id"] == id


def test_wrong_questions_name_their_field(asha: TestClient) -> None:
    assert asha.get("/api/v1/instruments/999999").status_code == 404
    assert asha.post("/api/v1/instruments", json={"listing_id": 999999}).status_code == 404
    assert asha.get("/api/v1/instruments", params={"q": "x", "exchange": "MOON"}).status_code == 422
    assert asha.get("/api/v1/instruments", params={"q": "x", "class": "moon"}).status_code == 422
    assert asha.get("/api/v1/instruments/changes", params={"cursor": "x"}).status_code == 422
    assert asha.get("/instruments/changes", params={"kind": "moon"}).status_code == 422
    problem = asha.post("/api/v1/instruments/refresh")
    assert problem.status_code in (202, 422)


def test_the_search_comes_in_pages_and_refuses_a_cursor_it_never_gave(asha: TestClient) -> None:
    asked: dict[str, str | int] = {"q": "nse:e", "limit": 1}
    whole = asha.get("/api/v1/instruments", params={"q": "nse:e", "limit": 100}).json()
    assert "next" not in whole
    found, cursor = [], ""
    while True:
        page = asha.get("/api/v1/instruments", params=asked | {"cursor": cursor}).json()
        found += page["data"]
        if "next" not in page:
            break
        cursor = page["next"]
    assert found == whole["data"]
    assert len(found) > 0
    for wrong in ("7", "0009-0-1-x", "0001-0-1-", "0001-0-1", "x" * 201):
        refused = asha.get("/api/v1/instruments", params=asked | {"cursor": wrong})
        assert refused.status_code == 422
        (error,) = refused.json()["errors"]
        assert error["field"] == "cursor"
    assert "is not one this list gave" in asha.get("/api/v1/instruments", params=asked | {"cursor": "7"}).text


def test_changes_come_in_pages(asha: TestClient) -> None:
    first = asha.get("/api/v1/instruments/changes", params={"limit": 1}).json()
    assert [one["kind"] for one in first["data"]] == ["new"]
    assert first["sources"][0]["listed"] == 2
    second = asha.get("/api/v1/instruments/changes", params={"limit": 1, "cursor": first["next"]}).json()
    assert [(one["before"], one["after"]) for one in second["data"]] == [("ZOMATO", "ETERNAL")]
    assert "next" not in second
    only = asha.get("/api/v1/instruments/changes", params={"kind": "renamed"}).json()
    assert len(only["data"]) == 1


def test_every_page_has_the_search_and_its_page_works_without_script(asha: TestClient) -> None:
    assert 'id="find"' in text_of(asha, "/snapshots")
    page = text_of(asha, "/find?q=eternal")
    assert "Eternal Limited" in page
    part = text_of(asha, "/find?q=eternal", **{**PARTIAL, "hx-target": "div#found"})
    assert "Eternal Limited" in part
    assert "<html" not in part
    assert "Nothing is called" in text_of(asha, "/find?q=zzzz")
    listing = asha.get("/api/v1/instruments", params={"q": "eternal"}).json()["data"][0]["listing_id"]
    gone = asha.post("/find/pick", data={"listing": listing}, follow_redirects=False)
    assert gone.status_code == 303
    assert gone.headers["location"].startswith("/instruments/")


def test_the_page_of_changes_tells_each_kind(asha: TestClient) -> None:
    page = text_of(asha, "/instruments/changes")
    assert "ZOMATO" in page
    assert "M&amp;M" not in text_of(asha, "/instruments/changes?kind=renamed")


def test_the_form_of_a_fact_offers_what_is_listed(asha: TestClient) -> None:
    assert 'value="NSE:ETERNAL"' in text_of(asha, "/transactions/instruments?instrument=etern", **PARTIAL)


def test_what_is_picked_of_the_search_is_watched_though_nobody_has_met_it(asha: TestClient) -> None:
    here = asha.post("/watchlists", data={"name": "Ideas"}, follow_redirects=False).headers["location"]
    page = text_of(asha, here)
    assert 'role="combobox"' in page
    assert 'aria-controls="choices"' in page
    hits = text_of(asha, "/find?q=eternal", **{"HX-Request": "true", "HX-Target": "div#found"})
    assert 'data-key="NSE:ETERNAL"' in hits
    listing = re.search(r'data-choice="(listing:[0-9]+)"', hits)
    assert listing is not None
    sent = {"instrument": "NSE:ETERNAL", "choice": listing[1]}
    assert asha.post(f"{here}/items", data=sent, follow_redirects=False).status_code == 303
    assert "Eternal Limited" in text_of(asha, here)
    again = text_of(asha, "/find?q=eternal", **{"HX-Request": "true", "HX-Target": "div#found"})
    known = re.search(r'data-choice="([0-9]+)"', again)
    assert known is not None, "it is met now"
    form = {"kind": "price", "level": "1", "instrument": "NSE:ETERNAL", "choice": known[1]}
    assert asha.post("/alerts", data=form, follow_redirects=False).status_code == 303
    assert "its history" in asha.get("/alerts/preview", params=form | {"choice": "listing:1"}).text
    assert asha.post(f"{here}/items", data=sent | {"choice": "listing:999999"}).status_code == 404
    bare = {"instrument": "m and m", "choice": ""}
    assert asha.post(f"{here}/items", data=bare, headers={"accept": "application/json"}).status_code == 422
