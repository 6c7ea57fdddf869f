"""The calendar in the browser and in the API: a month, what stands now, and words of admins."""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from tests.web.houses import join, visitor
from tests.web.test_pages import HTML, assert_fits_the_policy, sent, text_of
from tunefolio.core.time import FixedClock, Instant
from tunefolio.services.house import House

pytestmark = pytest.mark.usefixtures("built_assets")
CLOSING = {"day": "2026-12-04", "kind": "closed", "note": "Cyclone"}


@pytest.fixture
def ravi(small_house: House, asha: TestClient) -> TestClient:
    """The second person, a member."""
    return join(visitor(small_house), "ravi@example.org", "Ravi")


def set_clock(house: House, text: str) -> None:
    assert isinstance(house.clock, FixedClock)
    house.clock.set(Instant.parse(text))


# API ----------------------------------------------------------------------------------------------


def test_days_come_page_by_page_with_their_phases(asha: TestClient) -> None:
    query = "/api/v1/calendar?exchange=nse&from=2026-11-06&to=2026-11-12&limit=4"
    first = asha.get(query).json()
    second = asha.get(f"{query}&cursor={first['next']}").json()
    days = first["data"] + second["data"]
    assert [one["day"][8:] for one in days if one["is_session"]] == ["06", "08", "09", "11"]
    assert "next" not in second
    muhurat, holiday = days[2], days[4]
    assert (muhurat["session"], muhurat["opens_at"]) == ("muhurat", "2026-11-08T18:15:00+05:30")
    assert (holiday["name"], holiday["segments"]) == ("Diwali-Balipratipada", {})
    auction = [s for s in days[0]["segments"]["equity_with_derivatives"] if s["phase"] == "closing_auction"]
    assert [(s["from"], s["admits"]) for s in auction] == [
        ("15:15", []),
        ("15:20", ["LIMIT", "MARKET"]),
        ("15:25", ["LIMIT"]),
        ("15:30", []),
    ]


def test_days_beyond_the_calendar_are_said_to_be_unknown(asha: TestClient) -> None:
    (one,) = asha.get("/api/v1/calendar?from=2027-01-04&to=2027-01-05").json()["data"]
    assert (one["is_known"], one["is_session"]) == (False, None)


def test_now_answers_for_each_order_type(small_house: House, asha: TestClient) -> None:
    set_clock(small_house, "2026-11-20T15:22:00+05:30")
    rows = asha.get("/api/v1/calendar/now?segment=equity_with_derivatives").json()["data"]
    assert {row["order_type"]: row["may_enter"] for row in rows} == {
        "MARKET": True,
        "LIMIT": True,
        "SL": False,
        "SLM": False,
        "ICEBERG": False,
        "AMO": False,
    }
    (one,) = asha.get("/api/v1/calendar/now?exchange=NYSE&order_type=limit").json()["data"]
    assert (one["phase"], one["until"]) == ("closed", "2026-11-20T09:30:00-05:00")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?exchange=N%20SE", "exchange"),
        ("?from=yesterday", "from"),
        ("?from=2026-11-20&to=2026-11-20", "to"),
        ("?from=2000-01-01&to=2026-11-20", "to"),
        ("/now?segment=bonds", "segment"),
        ("/now?order_type=GTT", "order_type"),
    ],
)
def test_a_wrong_question_names_its_field(asha: TestClient, query: str, field: str) -> None:
    answer = asha.get(f"/api/v1/calendar{query}")
    assert answer.status_code == 422
    assert field in str(answer.json()["errors"])


def test_a_word_of_an_admin_holds_at_once_and_everyone_sees_it(asha: TestClient, ravi: TestClient) -> None:
    assert asha.post("/api/v1/calendar/overrides", json=CLOSING).status_code == 201
    day = "/api/v1/calendar?from=2026-12-04&to=2026-12-05"
    (one,) = ravi.get(day).json()["data"]
    assert (one["is_session"], one["name"], one["is_overridden"]) == (False, "Cyclone", True)
    (word,) = ravi.get("/api/v1/calendar/overrides").json()["data"]
    assert (word["by"], word["kind"], word["ended_at"]) == ("Asha", "closed", None)
    assert asha.delete("/api/v1/calendar/overrides?day=2026-12-04").status_code == 204
    assert ravi.get(day).json()["data"][0]["is_session"]
    assert asha.delete("/api/v1/calendar/overrides?day=2026-12-04").status_code == 404


def test_a_member_may_look_but_not_speak(ravi: TestClient) -> None:
    assert ravi.post("/api/v1/calendar/overrides", json=CLOSING).status_code == 403
    assert ravi.delete("/api/v1/calendar/overrides?day=2026-12-04").status_code == 403
    page = text_of(ravi, "/calendar")
    assert "Change a day" not in page
    assert "an admin says them here" in page


def test_the_history_comes_page_by_page(small_house: House, asha: TestClient) -> None:
    for number in (1, 2, 3):
        small_house.clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]
        asha.post("/api/v1/calendar/overrides", json={**CLOSING, "day": f"2026-12-0{number}"})
    first = asha.get("/api/v1/calendar/overrides?limit=2").json()
    second = asha.get(f"/api/v1/calendar/overrides?limit=2&cursor={first['next']}").json()
    assert [one["day"][-1] for one in first["data"] + second["data"]] == ["3", "2", "1"]
    assert "next" not in second


# Page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?month=2024-05",
        "?month=2027-03",
        "?exchange=MCX",
        "?exchange=NYSE",
        "?exchange=CRYPTO",
        "?exchange=LSE",
    ],
)
def test_every_exchange_and_month_is_drawn(asha: TestClient, query: str) -> None:
    page = text_of(asha, f"/calendar{query}")
    assert_fits_the_policy(page)
    assert page.count('<td class="cal-day') % 7 == 0


def test_the_month_shows_holidays_muhurat_and_today(asha: TestClient) -> None:
    page = text_of(asha, "/calendar?month=2026-11")
    assert "20 sessions" in page
    assert "<b>Muhurat</b>" in page
    assert "Diwali-Balipratipada" in page
    assert page.count('aria-current="date"') == 1


def test_the_phases_of_today_show_where_now_is(small_house: House, asha: TestClient) -> None:
    set_clock(small_house, "2026-11-20T15:26:00+05:30")
    page = text_of(asha, "/calendar?segment=equity_with_derivatives")
    assert "Closing auction: order entry, limit only" in page
    assert page.count('aria-current="step"') == 1
    assert 'class="cal-now"' in page
    assert "SL orders are not taken now" in page


def test_when_the_calendar_has_ended_the_page_says_what_to_do(small_house: House, asha: TestClient) -> None:
    set_clock(small_house, "2027-02-01T10:00:00+05:30")
    asha = join(visitor(small_house), "late@example.org", "Late")
    page = text_of(asha, "/calendar")
    assert "The calendar ends before today" in page


def test_an_admin_closes_and_undoes_a_day_on_the_page(asha: TestClient) -> None:
    page = sent(asha, "/calendar/overrides", exchange="NSE", **CLOSING)
    assert "Cyclone" in page
    assert "by hand" in page
    page = sent(asha, "/calendar/overrides/undo", exchange="NSE", day="2026-12-04")
    assert "struck" in page


def test_a_wrong_word_is_told_with_its_cure(asha: TestClient) -> None:
    answer = asha.post("/calendar/overrides", data={**CLOSING, "note": ""}, headers=HTML)
    assert answer.status_code == 422
    assert "Name the holiday" in answer.text
