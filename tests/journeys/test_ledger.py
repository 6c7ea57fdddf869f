"""A person keeps a ledger by hand: one of every sort of fact, a correction, many at once, and a refusal."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_imports import account

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]


def add(page: Page, group: str, kind: str, **fields: str) -> None:
    """Through the form, as a person fills it; the look ahead has to agree before it is recorded."""
    if not page.locator("dialog#add[open]").count():
        page.get_by_role("button", name="Add transaction").click()
    form = page.locator("dialog#add form")
    form.locator(".groups label", has_text=group).click()
    form.locator(f"label:has(input[name=kind][value={kind}])").click()
    for name, text in fields.items():
        box = form.locator(f"[name={name}]")
        if box.evaluate("box => box.tagName") == "SELECT":
            box.select_option(label=text)
        else:
            box.fill(text)
    expect(form.locator("#ahead code")).to_contain_text(f" {kind} ")


def record(page: Page) -> None:
    page.locator("dialog#add").get_by_role("button", name="Record").click()
    expect(page.locator("dialog#add")).not_to_be_visible()


def second_account(page: Page) -> None:
    shelf = page.request.get("/api/v1/portfolios").json()["data"][0]["id"]
    made = page.request.post("/api/v1/accounts", data={"portfolio_id": shelf, "name": "Kotak"})
    assert made.ok, made.text()


def lines(page: Page) -> list[str]:
    return [row["line"] for row in page.request.get("/api/v1/transactions").json()["data"]]


def test_one_of_each_sort_is_recorded_through_the_form(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account(page)
    second_account(page)
    page.goto("/transactions")
    add(page, "Money", "deposit", day="2024-04-01", amount="50,000")
    record(page)
    add(
        page,
        "Trade",
        "buy",
        day="2024-04-02",
        instrument="NSE:INFY",
        quantity="10",
        price="1500",
        fees="12.50",
    )
    expect(page.locator("#ahead")).to_contain_text("−₹15,012.50")
    record(page)
    add(page, "Income", "dividend", day="2024-06-20", instrument="NSE:INFY", amount="280", tax="28")
    record(page)
    add(page, "Corporate action", "bonus", day="2024-07-01", instrument="NSE:INFY", ratio="1:2")
    expect(page.locator("#ahead")).to_contain_text("15 units")
    record(page)
    add(page, "Derivative", "expiry", day="2024-06-27", instrument="NSE:INFY", quantity="1", amount="0")
    page.keyboard.press("Escape")
    add(
        page,
        "Transfer",
        "transfer_out",
        day="2024-08-01",
        instrument="NSE:INFY",
        quantity="4",
        counterpart="Kotak",
    )
    record(page)
    add(page, "Correction", "write_off", day="2024-12-31", instrument="NSE:INFY", quantity="1")
    record(page)
    assert sorted(lines(page)) == [
        "2024-04-01 deposit 50000",
        "2024-04-02 buy 10 NSE:INFY @ 1500 fee 12.5",
        "2024-06-20 dividend 280 NSE:INFY tax 28",
        "2024-07-01 bonus 1:2 NSE:INFY",
        '2024-08-01 transfer_in 4 NSE:INFY from "Demat"',
        '2024-08-01 transfer_out 4 NSE:INFY to "Kotak"',
        "2024-12-31 write_off 1 NSE:INFY",
    ]
    page.goto("/holdings?group=account")
    expect(page.locator("tr.group")).to_have_count(2)


def test_a_sale_of_more_than_is_held_is_refused_at_its_field(
    person: Callable[[str], Page], noises: list[str]
) -> None:
    page = person("asha")
    account(page)
    page.goto("/transactions")
    add(page, "Trade", "buy", day="2024-04-02", instrument="NSE:INFY", quantity="10", price="1500")
    record(page)
    page.get_by_role("button", name="Add transaction").click()
    form = page.locator("dialog#add form")
    form.locator("label:has(input[name=kind][value=sell])").click()
    for name, text in {
        "day": "2024-05-02",
        "instrument": "NSE:INFY",
        "quantity": "11",
        "price": "1600",
        "note": "kept",
    }.items():
        if name == "note":
            form.get_by_text("Note, tags and currency").click()
        form.locator(f"[name={name}]").fill(text)
    expect(form.locator("#ahead")).to_contain_text("only 10 are held")
    form.get_by_role("button", name="Record").click()
    problem = form.locator(".field:has([name=quantity]) .problem")
    expect(problem).to_contain_text("sells 11")
    expect(form.locator("[name=quantity]")).to_be_focused()
    assert form.locator("[name=note]").input_value() == "kept", "nothing typed is lost"
    form.locator("[name=quantity]").fill("4")
    expect(problem).to_have_count(0)
    noises.clear()  # the browser notes the refused request
    record(page)
    assert len(lines(page)) == 2


def test_lots_are_chosen_corrected_tagged_and_taken_back(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account(page)
    page.goto("/transactions")
    box = page.get_by_label("Lines of the notation, one fact each")
    box.fill("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-05-01 buy 5 NSE:INFY @ 1700")
    page.locator("form.body-line").get_by_role("button", name="Record").click()
    expect(page.locator("#ledger-rows tr")).to_have_count(2)

    page.get_by_role("button", name="Add transaction").click()
    form = page.locator("dialog#add form")
    form.locator("label:has(input[name=kind][value=sell])").click()
    form.locator("[name=day]").fill("2024-06-03")
    form.locator("[name=instrument]").fill("NSE:INFY")
    form.locator("[name=price]").fill("1600")
    form.get_by_text("Choose the lots yourself").click()
    expect(form.locator(".take")).to_have_count(2)
    form.locator(".take").last.fill("5")
    expect(form.locator("[name=quantity]")).to_have_value("5")
    expect(form.locator("#ahead")).to_contain_text("−₹500.00")
    record(page)

    page.locator("#ledger-rows tr", has_text="Sell").get_by_label("Actions").click()
    page.get_by_role("link", name="Correct or tag").click()
    page.locator("[name=price]").fill("1650")
    expect(page.locator("#ahead")).to_contain_text("+₹250.00")
    page.get_by_role("button", name="Save the correction").click()
    expect(page.locator("#ledger-rows")).to_contain_text("₹1,650.00")

    page.get_by_label("Choose all that are shown").check()
    expect(page.locator("#many")).to_contain_text("3 chosen")
    page.locator("#many-tag").fill("core")
    page.locator("#many").get_by_role("button", name="Tag", exact=True).click()
    expect(page.locator("#ledger-rows a.pill")).to_have_count(3)
    page.get_by_label("Choose all that are shown").check()
    page.locator("#many").get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_role("heading", name="Your ledger is empty")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_new_pages_fit_their_window(person: Callable[[str], Page], width: int) -> None:
    page = person("asha")
    account(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.request.post("/api/v1/transactions/bulk", data={
        "account_id": page.request.get("/api/v1/accounts").json()["data"][0]["id"],
        "text": "2024-04-01 buy 10 NSE:INFY @ 1500\n2024-05-01 deposit 5000",
    })  # fmt: skip
    for path in ("/holdings", "/transactions", "/actions", "/breaks", "/transactions#add"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    open_dialog = page.locator("dialog#add")
    expect(open_dialog).to_be_visible()
    assert open_dialog.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert not re.search(r"NaN|undefined", page.content())
