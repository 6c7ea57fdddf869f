"""A year's tax in a browser: two clicks to how a number was made, mending until the file is given, a plan."""

from __future__ import annotations

from collections.abc import Callable
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


def record(page: Page) -> None:
    """An account with a year to tax, one instrument of which nobody knows what it is."""
    made = api(page, "portfolios", {"name": "Family"})
    home = api(page, "accounts", {"portfolio_id": made["id"], "name": "Demat"})
    api(page, "transactions/bulk", {"account_id": home["id"], "text": FACTS})


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


def test_two_clicks_lead_from_every_number_of_a_row_to_its_facts(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/tax?year=2024-25")
    page.get_by_role("navigation", name="Tax").get_by_role("link", name="Gains").click()
    row = page.locator("#deeds tbody tr", has_text="Infosys").first
    drawer = page.locator("#explanation-drawer")
    numbers = row.locator("td a.why[data-explain]")
    assert numbers.count() >= 5
    for place in range(numbers.count()):
        shown = numbers.nth(place).inner_text()
        numbers.nth(place).click()
        expect(drawer).to_be_visible()
        expect(drawer.locator(".explained > header")).to_contain_text(shown)
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
    numbers.last.click()
    expect(drawer).to_be_visible()
    drawer.locator('a[href^="/transactions/"]:visible').first.click()
    page.wait_for_url("**/transactions/*")


def test_the_years_page_explains_each_of_its_figures(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/tax?year=2024-25")
    drawer = page.locator("#explanation-drawer")
    figures = page.locator("#kpis a.why[data-explain], #totals a.why[data-explain]")
    assert figures.count() >= 10
    for place in range(figures.count()):
        figures.nth(place).click()
        expect(drawer).to_be_visible()
        expect(drawer.locator(".explained > header b")).not_to_be_empty()
        page.keyboard.press("Escape")
        expect(drawer).to_be_hidden()


def test_what_is_told_is_kept_and_a_sale_is_planned(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/tax/told?year=2024-25")
    page.get_by_label("Highest slab reached").select_option("0.30")
    page.get_by_label("Salary, ₹").fill("20,00,000")
    page.get_by_role("button", name="Keep it").click()
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
