"""Data health in the browser and in the API: progress, coverage, doubted bars and what becomes of them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.acts import acts_seen_by
from tests.services.histories import HistoryBoard, day
from tests.web.houses import join, visitor, work
from tests.web.test_pages import assert_fits_the_policy, sent, text_of
from tunefolio.core.errors import Retry
from tunefolio.core.identity import InstrumentId
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.services.sources import Sources
from tunefolio.store import closes, instruments

pytestmark = pytest.mark.usefixtures("built_assets")
PAST = {"2026-11-16": "1490", "2026-11-17": "1500", "2026-11-18": "7500", "2026-11-19": "1505"}
WIPRO = "2026-11-17 buy 10 NSE:WIPRO @ 1500"
HEAP = {"source": "board", "reason": "jump"}


def use(house: House, *sources: object) -> None:
    object.__setattr__(house, "sources", Sources(sources))


@pytest.fixture
def board(small_house: House) -> HistoryBoard:
    """A source of the past with one spike, five times the price of the days around it."""
    board = HistoryBoard(closes={"WIPRO": dict(PAST), "NIFTY 50": dict(PAST)})
    use(small_house, board)
    return board


def bought(client: TestClient, line: str = WIPRO) -> None:
    """An account with one purchase in it."""
    shelf = client.post("/api/v1/portfolios", json={"name": "Family"}).json()["id"]
    account = client.post("/api/v1/accounts", json={"portfolio_id": shelf, "name": "By hand"}).json()["id"]
    answer = client.post(f"/api/v1/accounts/{account}/transactions/line", json={"text": line})
    assert answer.status_code == 201, answer.text


def id_of(house: House, symbol: str = "WIPRO") -> InstrumentId:
    with house.database.reading() as db:
        found = instruments.find(db, "NSE", symbol)
    assert found is not None
    return found.id


def days_of(house: House) -> list[str]:
    with house.database.reading() as db:
        kept = closes.book(db, [id_of(house)]).of(id_of(house))
    return [] if kept is None else [kept.daily.day(place).iso() for place in range(len(kept.daily))]


def test_a_new_symbol_shows_its_progress_and_then_that_it_is_complete(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    bought(asha)
    id = id_of(small_house)
    waiting = text_of(asha, f"/tracking/{id}")
    assert ">wanted</span>" in waiting
    assert f'hx-get="/tracking/{id}"' in waiting
    assert "WIPRO" in text_of(asha, "/tracking")
    work(small_house)
    ready = text_of(asha, f"/tracking/{id}")
    assert ">ready</span>" in ready
    assert "hx-get" not in ready
    assert "WIPRO" not in text_of(asha, "/tracking")
    told = asha.get(f"/api/v1/instruments/{id}/tracking").json()
    assert (told["state"], told["source"], told["progress"]) == ("ready", "board", None)
    assert told["coverage"]["held"] == 3
    assert told["coverage"]["first_day"] == "2026-11-16"


def test_a_source_that_is_away_is_said_with_the_next_try(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    board.problem = Retry("board: 503")
    bought(asha)
    work(small_house)
    told = asha.get(f"/api/v1/instruments/{id_of(small_house)}/tracking").json()
    assert (told["state"], told["reason"]) == ("wanted", "board: 503")
    assert told["progress"]["state"] == "queued"
    assert told["progress"]["due_at"].startswith("2026-11-20T10:30:0")
    assert "tried again at" in text_of(asha, f"/tracking/{id_of(small_house)}")


def test_what_nobody_knows_is_shown_with_its_cure(small_house: House, asha: TestClient) -> None:
    use(small_house, HistoryBoard())
    bought(asha, "2026-11-17 buy 10 NSE:NOSUCH @ 1")
    work(small_house)
    page = text_of(asha, "/data-health")
    assert "none of board knows NSE:NOSUCH" in page
    assert "Check exchange and symbol" in page
    (lost,) = [
        one for one in asha.get("/api/v1/data-health").json()["unknown"]
        if one["instrument"]["symbol"] == "NOSUCH"
    ]  # fmt: skip
    assert lost["state"] == "unknown"


def test_the_page_shows_what_is_doubted_and_an_admin_accepts_it(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    bought(asha)
    work(small_house)
    page = text_of(asha, "/data-health")
    assert_fits_the_policy(page)
    assert "beyond the price band" in page
    assert "It looks like 5 old units for 1 new" in page
    assert "2026-11-18" not in days_of(small_house)
    heap = {"instrument": id_of(small_house), **HEAP}
    assert asha.post("/api/v1/data-health/quarantine/accept", json=heap).json() == {"settled": 1}
    assert "2026-11-18" in days_of(small_house)
    assert acts_seen_by(asha)[0] is Act.BARS_SETTLED
    assert asha.post("/api/v1/data-health/quarantine/accept", json=heap).status_code == 404
    assert "accepted" in text_of(asha, "/data-health")


def test_what_is_dropped_stays_out_when_it_is_told_again(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    bought(asha)
    work(small_house)
    page = sent(asha, "/data-health/drop", instrument=id_of(small_house), **HEAP)
    assert "dropped" in page
    sent(asha, f"/tracking/{id_of(small_house)}/again")
    work(small_house)
    mine = [
        one for one in asha.get("/api/v1/data-health/quarantine").json()["data"]
        if one["instrument"]["symbol"] == "WIPRO"
    ]  # fmt: skip
    assert mine == []
    assert "2026-11-18" not in days_of(small_house)


def test_another_source_may_stand_in(small_house: House, asha: TestClient, board: HistoryBoard) -> None:
    bought(asha)
    work(small_house)
    heap = {"instrument": id_of(small_house), **HEAP}
    refused = asha.post("/api/v1/data-health/quarantine/replace", json=heap)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["cure"] == "Accept or drop them"
    other = HistoryBoard(closes={"WIPRO": {"2026-11-17": "1500", "2026-11-18": "1502"}}, name="other")
    use(small_house, board, other)
    assert asha.post("/api/v1/data-health/quarantine/replace", json=heap).json() == {"settled": 1}
    with small_house.database.reading() as db:
        seen = closes.book(db, [id_of(small_house)]).on(id_of(small_house), day("2026-11-18"))
    assert str(seen).count("1502")


def test_a_member_sees_what_concerns_her_and_decides_nothing(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    bought(asha)
    work(small_house)
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    page = text_of(ravi, "/data-health")
    assert "WIPRO" not in page
    assert "Nothing is followed yet" in page
    assert ravi.get("/api/v1/data-health/tracking").json() == {"data": []}
    heap = {"instrument": id_of(small_house), **HEAP}
    assert ravi.post("/api/v1/data-health/quarantine/drop", json=heap).status_code == 403


def test_nobody_learns_when_another_bought(small_house: House, asha: TestClient, board: HistoryBoard) -> None:
    """To whoever neither holds nor watches it, it is as if nobody followed it; to whoever does, the days that
    are wanted begin with a year, and so do the bars of its chart, whenever the first purchase was."""
    board.closes["WIPRO"] |= {"2025-01-01": "1480", "2025-03-03": "1480", "2024-12-31": "1480"}
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    bought(join(visitor(small_house), "bela@example.org", "Bela"), "2026-03-04 buy 10 NSE:WIPRO @ 1500")
    work(small_house)
    id, other = id_of(small_house), id_of(small_house, "NIFTY 50")
    for path in (f"/api/v1/instruments/{id}/tracking", f"/api/v1/instruments/{other}/tracking"):
        assert ravi.get(path).status_code == 404
        assert ravi.post(path).status_code == 404
    assert "ready" not in text_of(ravi, f"/tracking/{id}")
    assert ravi.post(f"/tracking/{id}/again").status_code == 404
    bought(ravi, "2026-11-18 buy 1 NSE:WIPRO @ 1500")
    told = ravi.get(f"/api/v1/instruments/{id}/tracking").json()
    assert told["since"] == "2025-01-01"
    assert told["coverage"]["first_day"] == "2025-01-01"
    assert days_of(small_house)[0] == "2025-01-01"
    assert "2026-03-04" not in str(told)
    assert asha.get(f"/api/v1/instruments/{other}/tracking").json()["since"] == "2025-01-01"


def test_what_is_followed_comes_page_by_page(
    small_house: House, asha: TestClient, board: HistoryBoard
) -> None:
    bought(asha)
    first = asha.get("/api/v1/data-health/tracking?limit=1").json()
    second = asha.get(f"/api/v1/data-health/tracking?limit=1&cursor={first['next']}").json()
    names = [one["instrument"]["symbol"] for one in first["data"] + second["data"]]
    assert sorted(names) == ["NIFTY 50", "WIPRO"]
    assert "next" not in second


def test_wrong_words_are_refused_with_a_cure(asha: TestClient) -> None:
    answer = asha.post(
        "/api/v1/data-health/quarantine/drop", json={"instrument": 1, "source": "x", "reason": "ugly"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["cure"].startswith("Known: ")
    assert asha.get("/api/v1/instruments/999/tracking").status_code == 404
