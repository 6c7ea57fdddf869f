"""Prices move on an open page: the same elements, other words; nothing is fetched, nothing shifts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.test_connect import connect
from tests.journeys.test_demo import demo as demo
from tests.journeys.test_demo import newcomer as newcomer

pytestmark = pytest.mark.journey

WATCH = """
() => {
  window.swaps = 0; window.shift = 0; window.marks = 0; window.shifted = [];
  document.addEventListener("htmx:after:swap", () => { window.swaps += 1; });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      window.shift += one.value;
      const hosts = one.sources.map(({ node }) => node?.nodeType === 3 ? node.parentElement : node);
      const others = hosts.filter((host) => host && !host.closest("[data-live]"));
      window.shifted.push(...others.map((host) => host.outerHTML.slice(0, 160)));
    }
  }).observe({ type: "layout-shift", buffered: false });
  const classes = { attributes: true, attributeFilter: ["class"], subtree: true };
  new MutationObserver((list) => {
    for (const { target } of list) if (target.matches(".moved-up, .moved-down")) window.marks += 1;
  }).observe(document.querySelector("#main"), classes);
  for (const cell of document.querySelectorAll("[data-live]")) cell.kept = true;
}
"""


def settled(page: Page) -> None:
    """Holdings stand there and the jobs of the login are done, so that no block is fetched any more."""
    connect(page)
    expect(page.locator("[data-live$='.price']").first).to_be_visible()
    expect(page.locator("#work progress")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(3_500)


def test_figures_move_in_place(newcomer: Page) -> None:
    page = newcomer
    settled(page)
    page.evaluate(WATCH)
    value, price = page.locator("#k-value"), page.locator("[data-live$='.price']").first
    before = value.inner_text()
    first = price.inner_text()
    expect(value).not_to_have_text(before, timeout=30_000)
    page.wait_for_timeout(4_000)
    assert page.evaluate("document.querySelector('#k-value').kept"), "another element stands there now"
    assert page.evaluate("[...document.querySelectorAll(\"[data-live$='.price']\")].every((one) => one.kept)")
    assert page.evaluate("window.shifted") == [], "something beside the figures themselves has moved"
    assert page.evaluate("window.shift") < 0.001, (
        "a figure that gains a digit grows to the left, and that is all"
    )
    assert page.evaluate("window.swaps") == 0, "a block was fetched only because prices moved"
    assert page.evaluate("window.marks") > 0
    assert first or price.inner_text()
    rows = page.locator("tr[data-row]").evaluate_all(
        """(rows) => rows.map((row) => [row.dataset.pnl, row.cells[8].dataset.sort])"""
    )
    assert all(drawn == shown for drawn, shown in rows), (
        "the bars are drawn from other figures than stand there"
    )


def test_a_lost_line_comes_back_with_what_was_missed(newcomer: Page) -> None:
    page = newcomer
    settled(page)
    state = page.locator("[data-live-state]").first
    expect(state).to_have_attribute("data-state", "live")
    page.context.set_offline(offline=True)
    page.evaluate("window.dispatchEvent(new Event('offline'))")
    page.context.set_offline(offline=False)
    value = page.locator("#k-value")
    before = value.inner_text()
    expect(value).not_to_have_text(before, timeout=30_000)
    expect(state).to_have_attribute("data-state", "live")


def test_with_less_motion_the_mark_stands_still(newcomer: Page) -> None:
    page = newcomer
    page.emulate_media(reduced_motion="reduce")
    settled(page)
    page.evaluate(WATCH)
    moved = page.locator(".moved-up, .moved-down").first
    moved.wait_for(state="attached", timeout=30_000)
    names = page.evaluate(
        """() => [...document.querySelectorAll(".moved-up, .moved-down")]
          .map((one) => getComputedStyle(one).animationName)"""
    )
    assert set(names) <= {"none"}
