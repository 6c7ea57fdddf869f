"""Holdings, corporate actions and differences as pages: what stands there, and what their buttons do."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from starlette.testclient import TestClient

from tests.acts import acts_seen_by
from tests.web.houses import connect_broker, work
from tests.web.test_pages import HTML, account_with_a_purchase, assert_fits_the_policy, sent, text_of
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.services.acts import Act
from tunefolio.services.house import House
from tunefolio.store import actions, instruments

pytestmark = pytest.mark.usefixtures("built_assets")


@pytest.fixture
def investor(small_house: House, asha: TestClient) -> TestClient:
    connect_broker(small_house, asha)
    return asha


def announced(house: House, kind: ActionKind, *, new: str | None = None, old: str | None = None) -> None:
    """A company's action on INFY, as a source told of it."""
    with house.database.writing() as db:
        infy = instruments.find(db, "NSE", "INFY")
        assert infy is not None
        ratio = [None if text is None else Decimal(text) for text in (new, old)]
        terms = Terms(kind, ratio[0], ratio[1], None, None, INR)
        day = TradingDay.parse("2024-06-03")
        action = Action(infy.id, day, terms, "test", f"test:INFY:{day}:{kind}")
        actions.put(db, [action], house.clock.now())


def units(client: TestClient, account: int) -> list[tuple[str, float]]:
    rows = client.get("/api/portfolio/holdings").json()["data"]
    return [(row["symbol"], row["quantity"]) for row in rows]


@pytest.mark.parametrize("query", ["", "?group=account", "?group=sector&cost=average", "?group=class"])
def test_every_holding_stands_on_the_page(investor: TestClient, query: str) -> None:
    page = text_of(investor, f"/holdings{query}")
    assert_fits_the_policy(page)
    assert set(re.findall(r"<b>([A-Z]+)</b>", page)) == {"TATAPOWER", "INFY", "UNPRICED"}
    assert "no price yet" in page
    assert page.count('<tr class="group">') == {"": 0, "?group=account": 1, "?group=class": 1}.get(query, 3)


def test_figures_lead_to_their_explanation(investor: TestClient) -> None:
    page = text_of(investor, "/holdings")
    asked = re.findall(r'data-explain="(/explain\?figure=holding\.\w+&amp;scope=holding%3A\d+%3A\d+)"', page)
    assert {re.search(r"holding\.(\w+)", one)[1] for one in asked} >= {"value", "pnl", "invested", "quantity"}  # type: ignore[index]


def test_both_lot_methods_can_be_shown(asha: TestClient) -> None:
    """Half sold of two lots at 1500 and 1700: first in, first out leaves 1700 each, the average 1600."""
    account = account_with_a_purchase(asha)
    sent(asha, "/transactions/line", account=account, text="2024-05-01 buy 10 NSE:INFY @ 1700")
    sent(asha, "/transactions/line", account=account, text="2024-06-01 sell 10 NSE:INFY @ 1800")
    assert "₹1,700.00" in text_of(asha, "/holdings?cost=method")
    assert "₹1,600.63" in text_of(asha, "/holdings?cost=average"), "12.50 of charges are in the average"


def test_an_account_is_given_another_lot_method(asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    shelf = re.search(r'id="p-(\d+)"', text_of(asha, "/portfolios"))
    assert shelf
    page = sent(asha, f"/accounts/{account}/edit", name="Demat", portfolio=shelf[1], method="hifo")
    assert "HIFO lots" in page
    assert re.search(r'<option value="hifo" selected>', page)


def test_a_split_is_looked_at_applied_and_undone(small_house: House, asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    announced(small_house, ActionKind.SPLIT, new="2", old="1")
    page = text_of(asha, "/actions")
    assert_fits_the_policy(page)
    assert "Waits for you" in page
    assert "2024-06-03 split 2:1 NSE:INFY" in page
    assert re.search(r"<b>10</b> INFY.*<b>20</b> INFY", page, re.DOTALL)
    wish: dict[str, str | int] = {"account": account, "reference": "test:INFY:2024-06-03:split"}
    assert "Applied" in sent(asha, "/actions/apply", **wish)
    sent(asha, "/actions/apply", **wish)
    assert units(asha, account) == [("INFY", 20)], "twice is once"
    assert "Waits for you" in sent(asha, "/actions/undo", **wish)
    assert units(asha, account) == [("INFY", 10)]
    assert "Declined" in sent(asha, "/actions/decline", **wish)
    assert "Waits for you" in sent(asha, "/actions/undo", **wish)
    done = [one for one in acts_seen_by(asha) if one.startswith("action.")]
    undone = [Act.ACTION_UNDONE, Act.ACTION_DECLINED, Act.ACTION_UNDONE]
    assert done == [*undone, Act.ACTION_APPLIED], "what was applied already is not applied again"


def test_all_that_lack_nothing_are_applied_at_once(small_house: House, asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    announced(small_house, ActionKind.SPLIT, new="2", old="1")
    announced(small_house, ActionKind.RIGHTS)
    sent(asha, "/actions/apply-all")
    assert acts_seen_by(asha)[0] is Act.ACTION_APPLIED
    assert units(asha, account) == [("INFY", 20)]
    page = text_of(asha, "/actions")
    assert "Applied" in page
    assert "Not complete" in page, "what lacks its terms waits on"
    assert "Waits for you" not in page


def test_what_a_holding_returned_comes_with_its_row(small_house: House, asha: TestClient) -> None:
    account_with_a_purchase(asha)
    row = re.search(r'hx-get="(/holdings/\d+/\d+/xirr)"', text_of(asha, "/holdings"))
    assert row
    assert "its history is being computed" in text_of(asha, row[1])
    work(small_house)
    page = text_of(asha, row[1])
    assert "being computed" not in page
    assert "n/a" in page, "no price is known, so no return is"
    assert asha.get(row[1].replace("/xirr", "9999/xirr"), headers=HTML).status_code == 404


def test_a_ratio_that_no_source_tells_is_given_by_hand(small_house: House, asha: TestClient) -> None:
    account = account_with_a_purchase(asha)
    announced(small_house, ActionKind.BONUS)
    page = text_of(asha, "/actions")
    assert "Not complete" in page
    assert "not available: " in page
    wish: dict[str, str | int] = {"account": account, "reference": "test:INFY:2024-06-03:bonus"}
    assert asha.post("/actions/apply", data=wish, headers=HTML).status_code == 422
    assert asha.post("/actions/complete", data=wish | {"ratio": "one"}, headers=HTML).status_code == 422
    sent(asha, "/actions/complete", **wish, ratio="1:2")
    assert acts_seen_by(asha)[0] is Act.FACT_RECORDED
    assert units(asha, account) == [("INFY", 15)]
    assert "Waits for you" not in text_of(asha, "/actions")


def test_a_difference_is_explained_and_repaired(investor: TestClient) -> None:
    """The broker reports 50 TATAPOWER; recorded by hand are 8 more, so that one repair makes them agree."""
    page = text_of(investor, "/transactions")
    account = re.search(r'<option value="(\d+)"', page)
    assert account
    sent(investor, "/transactions/line", account=account[1], text="2026-11-19 buy 8 NSE:TATAPOWER @ 260")
    page = text_of(investor, "/breaks")
    assert_fits_the_policy(page)
    assert "The broker" in page
    assert "<dd>58</dd>" in page
    assert "<dd>50</dd>" in page
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    wish = {"account": account[1], "key": key[1]}
    form = page[page.index(f'value="{key[1]}"') :]
    form = form[: form.index("</form>")]
    answers = {"price": "265", "day": "2026-11-20"}
    wish |= {name: text for name, text in answers.items() if f'name="{name}"' in form}
    answer = investor.post("/breaks/repair", data=wish, headers=HTML)
    assert answer.status_code == 303, answer.text
    assert acts_seen_by(investor)[:2] == [Act.BREAK_REPAIRED, Act.FACT_RECORDED], (
        "one entry, whatever it took"
    )
    assert "TATAPOWER" not in text_of(investor, "/breaks")


def test_nothing_differs_where_no_broker_is(asha: TestClient) -> None:
    account_with_a_purchase(asha)
    assert "No broker has sent a statement yet" in text_of(asha, "/breaks")
    assert "Demat" in text_of(asha, "/breaks")


def test_every_page_can_be_reached_on_a_phone(asha: TestClient) -> None:
    page = text_of(asha, "/holdings")
    for path in (
        "/holdings",
        "/transactions",
        "/performance",
        "/allocation",
        "/actions",
        "/breaks",
        "/settings",
    ):
        assert f'href="{path}"' in page
    assert "nav-more" in page
