"""A second person signs up and can see nothing of the first, by any page or route she can think of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_connect import connect
from tests.journeys.test_imports import TRADEBOOK, account, choose, record

pytestmark = pytest.mark.journey

PAGES = ("/dashboard", "/transactions", "/imports", "/snapshots", "/brokers", "/portfolios", "/settings")
ROUTES = (
    "/api/portfolio/overview",
    "/api/portfolio/holdings",
    "/api/sectors/allocation",
    "/api/snapshots/latest",
    "/api/v1/portfolios",
    "/api/v1/accounts",
    "/api/v1/transactions",
    "/api/v1/imports",
    "/api/v1/jobs",
)
CANARIES = ("RELIANCE", "TF0001", "tradebook.csv", "asha@example.org", "Zerodha TF")


IS_FREE = """button => {
  const box = button.getBoundingClientRect();
  return button.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""
"""Whether nothing lies over the middle of it. Asked rather than tried: a notice fades while one tries."""


def test_nobody_sees_another_persons_books(person: Callable[[str], Page], noises: list[str]) -> None:
    asha = person("asha")
    account(asha)
    choose(asha, "tradebook.csv", TRADEBOOK)
    record(asha, "Record 4 transactions")
    asha.goto("/dashboard")
    connect(asha)
    ids = {
        "portfolios": asha.request.get("/api/v1/portfolios").json()["data"][0]["id"],
        "accounts": asha.request.get("/api/v1/accounts").json()["data"][0]["id"],
        "transactions": asha.request.get("/api/v1/transactions").json()["data"][0]["id"],
        "imports": asha.request.get("/api/v1/imports").json()["data"][0]["id"],
    }
    for path in PAGES:
        asha.goto(path)
    assert "RELIANCE" in asha.request.get("/api/portfolio/holdings").text(), "the canary sings for its owner"

    vikram = person("vikram")
    for path in PAGES:
        vikram.goto(path)
        seen = vikram.content()
        assert not [canary for canary in CANARIES if canary in seen], path
    for path in ROUTES:
        answer = vikram.request.get(path)
        assert answer.status in {200, 404}, path
        assert not [canary for canary in CANARIES if canary in answer.text()], path
    for noun, number in ids.items():
        for way in (f"/api/v1/{noun}/{number}", f"/{noun}/{number}"):
            assert vikram.request.get(way).status in {404, 405}, way
    hers = vikram.request.get(f"/api/portfolio/overview?portfolio={ids['portfolios']}")
    assert hers.status == 404
    assert vikram.request.post(f"/api/v1/imports/{ids['imports']}/undo").status == 404
    assert vikram.request.delete(f"/api/v1/accounts/{ids['accounts']}").status in {404, 405, 422}
    asha.goto("/dashboard")
    expect(asha.locator("table tbody tr", has_text="RELIANCE").first).to_be_visible()
    noises.clear()


@pytest.mark.one_is_enough
def test_the_second_person_is_no_admin(person: Callable[[str], Page], noises: list[str]) -> None:
    person("asha")
    vikram = person("vikram")
    assert vikram.request.get("/settings/people").status == 403
    assert vikram.request.get("/api/v1/persons").status == 403
    vikram.goto("/settings/people")
    expect(vikram.get_by_text("admin").first).to_be_visible()
    noises.clear()


def test_problems_never_lie_over_the_button_that_tries_again(
    person: Callable[[str], Page], noises: list[str]
) -> None:
    asha = person("asha")
    asha.set_viewport_size({"width": 1440, "height": 900})
    asha.goto("/family")
    send = asha.get_by_role("button", name="Offer it")
    for whom in ("nobody@example.org", "noone@example.org", "asha@example.org"):
        asha.get_by_label("E-mail").fill(whom)
        assert send.evaluate(IS_FREE), "a notice lies over the button"
        send.click()
        expect(asha.locator("#notices [data-problem]")).to_have_count(1)
    noises.clear()
