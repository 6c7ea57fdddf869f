"""Figures and how they were made, in a browser: periods, the drawer by mouse and keys, wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]

FACTS = """2025-01-06 deposit 200000
2025-01-06 buy 10 NSE:INFY @ 1900 fee 12.50 #long
2025-03-03 buy 5 NSE:TCS @ 3500 fee 20
2025-06-02 sell 4 NSE:INFY @ 1600 fee 15
2025-07-01 dividend 88 NSE:INFY tax 8.80
2026-02-02 buy 6 NSE:ITC @ 420"""


def record(page: Page) -> int:
    """An account with facts; its number."""
    made = api(page, "portfolios", {"name": "Family"})
    home = api(page, "accounts", {"portfolio_id": made["id"], "name": "Demat"})
    api(page, "transactions/bulk", {"account_id": home["id"], "text": FACTS})
    return int(home["id"])


def api(page: Page, what: str, wish: dict[str, Any]) -> dict[str, Any]:
    """As the page itself would ask: with its cookies, from its own origin."""
    script = """async ([what, wish]) => {
        const answer = await fetch("/api/v1/" + what, {
            method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify(wish) });
        if (!answer.ok) throw new Error(await answer.text());
        return await answer.json(); }"""
    body: dict[str, Any] = page.evaluate(script, [what, wish])
    return body


def fits(page: Page) -> bool:
    """Nothing makes the page scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_figure_tells_how_it_was_made(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account = record(page)
    page.goto(f"/performance?scope=account:{account}")
    expect(page.get_by_text("Being computed")).to_have_count(0)
    page.get_by_role("navigation", name="Period").get_by_role("link", name="Since the beginning").click()
    expect(page.locator("#performance [aria-current=true]")).to_have_text("Since the beginning")
    drawer = page.locator("#explanation-drawer")

    page.locator('[data-figure="fees"] .why').click()
    expect(drawer).to_be_visible()
    expect(drawer.locator(".explained > header")).to_contain_text("47.50")
    folded = drawer.locator("details:not([open]) > summary").first
    if folded.count():
        folded.click()
    leaf = drawer.locator('a[href^="/transactions/"]').first
    expect(leaf).to_be_attached()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()

    flows = page.locator('[data-figure="flows"] .why')
    flows.focus()
    page.keyboard.press("Enter")
    expect(drawer).to_be_visible()
    expect(drawer.locator(".explained > header")).to_contain_text("2,00,000.00")
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_be_hidden()
    expect(flows).to_be_focused()


def test_figures_fit_wide_and_narrow_windows(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account = record(page)
    page.goto("/holdings")
    first = page.locator(f'a[href^="/holdings/{account}/"]').first.get_attribute("href")
    assert first
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("/performance?period=all", "/allocation", first):
            page.goto(path)
            expect(page.locator("h1")).to_be_visible()
            assert fits(page), (width, path)
            page.locator("a.why:visible").first.click()
            expect(page.locator("#explanation-drawer")).to_be_visible()
            assert fits(page), (width, path, "with the drawer")
            page.keyboard.press("Escape")
            expect(page.locator("#explanation-drawer")).to_be_hidden()


def test_a_target_is_kept_without_leaving_the_page(person: Callable[[str], Page]) -> None:
    page = person("asha")
    record(page)
    page.goto("/allocation?by=account")
    page.get_by_label("Target for Demat").fill("80")
    page.get_by_role("button", name="Keep targets").click()
    expect(page.get_by_text("Targets add up to 80.00%")).to_be_visible()
    page.get_by_role("navigation", name="Group by").get_by_role("link", name="Currency").click()
    expect(page.get_by_role("heading", name="Currency")).to_be_visible()
