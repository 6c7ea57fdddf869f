"""A year's tax in a browser: two clicks to how a number was made, mending until the file is given, a plan."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_figures import api, fits

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]

FACTS = """2017-06-05 buy 100 NSE:INFY @ 400
2023-04-03 buy 10 NSE:INFY @ 1400 fee 50
2022-04-04 buy 10 NSE:ODDETF @ 100
2024-05-02 sell 10 NSE:ODDETF @ 150
2024-05-03 dividend 1750 NSE:INFY tax 175
2024-06-12 sell 100 NSE:INFY @ 1500
2024-12-02 sell 4 NSE:INFY @ 1700 fee 8"""


def record(page: Page) -> int:
    """An account with a year to tax, one instrument of which nobody knows what it is."""
    made = api(page, "portfolios", {"name": "Family"})
    home = api(page, "accounts", {"portfolio_id": made["id"], "name": "Demat"})
    api(page, "transactions/bulk", {"account_id": home["id"], "text": FACTS})
    return int(home["id"])


def make_ready(page: Page) -> None:
    """Say what nobody knows, and the slab of the year and of the running one: every sum is known then."""
    for year in ("2024-25", "2026-27"):
        page.goto(f"/tax/told?year={year}")
        page.get_by_label("Highest slab reached").select_option("0.30")
        keep(page)
    page.goto("/tax?year=2024-25")
    page.get_by_role("link", name="Say what it is").first.click()
    page.get_by_label("What it is for tax").select_option("equity_fund")
    keep(page)
    expect(page.get_by_role("heading", name="From income to tax")).to_be_visible()
    expect(page.get_by_role("heading", name="What to mend first")).to_have_count(0)


def keep(page: Page) -> None:
    """Send the form, and wait until it is in the books: who leaves before may have sent nothing."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name="Keep it").first.click()


def test_what_must_be_mended_is_and_the_file_is_given(
    person: Callable[[str], Page], noises: list[str], tmp_path: Path
) -> None:
    page = person("asha")
    record(page)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Tax").first.click()
    expect(page.get_by_role("heading", name="Tax", exact=True)).to_be_visible()
    page.get_by_label("Year").select_option("2024-25")
    expect(page.get_by_text("2024-25 (assessment year 2025-26)")).to_be_visible()
    expect(page.get_by_role("heading", name="What to mend first")).to_be_visible()

    files = page.locator("section", has=page.get_by_role("heading", name="Files for the return"))
    files.get_by_role("link", name="XLSX").click()
    expect(page.get_by_role("alert")).to_contain_text("No file was made.")
    assert any("409" in noise for noise in noises)
    noises.clear()

    page.get_by_role("alert").get_by_role("link", name="Mend what is listed").click()
    page.get_by_role("link", name="Say what it is").first.click()
    page.get_by_label("What it is for tax").select_option("equity_fund")
    page.get_by_role("button", name="Keep it").first.click()
    expect(page.get_by_role("heading", name="From income to tax")).to_be_visible()
    expect(page.get_by_role("heading", name="What to mend first")).to_have_count(0)
    page.goto("/tax?year=2024-25")
    with page.expect_download() as given:
        files.get_by_role("link", name="XLSX").click()
    assert given.value.suggested_filename == "statement-2024-25.xlsx"
    kept = tmp_path / "statement.xlsx"
    given.value.save_as(kept)
    assert kept.read_bytes().startswith(b"PK")


PLANNED = """2026-06-01 buy 40 NSE:TCS @ 9000 fee 20
2026-04-06 buy 100 NSE:ITC @ 300
2026-09-01 sell 100 NSE:ITC @ 500 fee 30"""
UNEXPLAINED = """() => {
    const said = /[₹%]|^[\\s−+-]*[\\d,]+(\\.\\d+)?\\s*$/;
    const places = document.querySelectorAll("main td, main dd, main .stat small, main h2, main .kpi");
    const found = [];
    for (const place of places) {
        if (place.classList.contains("wrap")) continue;
        const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const node = walker.currentNode;
            const text = node.textContent.trim();
            if (!/\\d/.test(text) || !said.test(text)) continue;
            if (!node.parentElement.closest("a[href], form, .hush")) found.push(text);
        }
    }
    return found; }"""
"""Numbers and sums of a page that lead nowhere: cells of tables, figures, headings."""


def open_each(page: Page) -> int:
    """Click every number of the page that explains itself: the drawer tells that very number. How many."""
    assert page.evaluate(UNEXPLAINED) == []
    drawer = page.locator("#explanation-drawer")
    numbers = page.locator("main a.why[data-explain]:visible")
    for place in range(numbers.count()):
        shown = numbers.nth(place).inner_text()
        numbers.nth(place).click()
        expect(drawer).to_be_visible()
        told = drawer.locator(".explained > header b")
        expect(told).not_to_be_empty()
        if "%" not in shown:
            must_be(shown, told.inner_text(), page.url)
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
    return numbers.count()


def must_be(shown: str, told: str, address: str) -> None:
    """The drawer tells the number that was clicked, perhaps with more digits."""
    short, long = (Decimal(re.sub(r"[^\d.-]", "", text.replace("−", "-"))) for text in (shown, told))
    digits = len(shown.partition(".")[2])
    assert abs(abs(long) - abs(short)) <= Decimal(5).scaleb(-digits - 1), (address, shown, told)


def test_two_clicks_lead_from_every_number_of_a_year_to_how_it_was_made(
    person: Callable[[str], Page],
) -> None:
    page = person("asha")
    record(page)
    make_ready(page)
    for path, least in (("", 50), ("/gains", 12), ("/receipts", 8), ("/schedule-112a", 20)):
        page.goto(f"/tax{path}?year=2024-25")
        assert open_each(page) >= least, path


def test_a_row_leads_in_two_clicks_to_its_facts(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/tax?year=2024-25")
    page.get_by_role("navigation", name="Tax").get_by_role("link", name="Gains").click()
    row = page.locator("#deeds tbody tr", has_text="Infosys").first
    row.locator("td a.why[data-explain]").last.click()
    drawer = page.locator("#explanation-drawer")
    expect(drawer).to_be_visible()
    drawer.locator('a[href^="/transactions/"]:visible').first.click()
    page.wait_for_url("**/transactions/*")


def test_two_clicks_lead_from_every_number_of_a_plan_to_how_it_was_made(
    person: Callable[[str], Page],
) -> None:
    page = person("asha")
    home = record(page)
    api(page, "transactions/bulk", {"account_id": home, "text": PLANNED})
    make_ready(page)
    page.goto("/tax/planning")
    page.get_by_label("Position").select_option(label="INFY, 6 in Demat")
    page.get_by_label("Units").fill("3")
    page.get_by_label("Price of one, ₹").fill("1800")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#sale")).to_contain_text("₹5,400.00")
    for table in ("#lots", "#charges", "#tax-lines"):
        expect(page.locator(table)).to_be_visible()
    for title in ("Losses worth taking", "Gains that the exemption covers"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    until_priced(page)
    assert open_each(page) >= 45


def until_priced(page: Page) -> None:
    """Both lists have a row once the prices of what is held have come."""
    rows = page.locator(
        'section[aria-labelledby="l-title"] tr.line, section[aria-labelledby="g-title"] tr.line'
    )
    for _ in range(40):
        if rows.count() >= 2:
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(page.locator("main").inner_text())


def test_what_is_told_is_kept_and_a_sale_is_planned(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/tax/told?year=2024-25")
    page.get_by_label("Highest slab reached").select_option("0.30")
    page.get_by_label("Salary, ₹").fill("20,00,000")
    keep(page)
    expect(page.get_by_label("Highest slab reached")).to_have_value("0.30")
    page.goto("/tax/planning")
    page.get_by_label("Position").select_option(label="INFY, 6 in Demat")
    page.get_by_label("Units").fill("3")
    page.get_by_label("Price of one, ₹").fill("1800")
    page.get_by_role("button", name="Work it out").click()
    expect(page.locator("#sale")).to_contain_text("₹5,400.00")
    expect(page.locator("#sale")).to_contain_text("3 Apr 2023")


def test_the_pages_fit_wide_and_narrow_windows(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("", "/gains", "/receipts", "/schedule-112a", "/planning", "/told", "/rules"):
            page.goto(f"/tax{path}?year=2024-25")
            expect(page.locator("h1")).to_be_visible()
            assert fits(page), (width, path)
