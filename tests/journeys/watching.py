"""What happens on an open page while nobody touches it: what it was told, what it fetched, what shifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

QUIET_MS = 4_000
ATTEMPTS = 6
_OF_PRICES = {"live-price", "live-quotes"}

HEAR = """
addEventListener("DOMContentLoaded", () => {
  window.told = [];
  const dispatch = document.body.dispatchEvent.bind(document.body);
  document.body.dispatchEvent = (event) => {
    if (event.type.startsWith("live")) window.told.push({ what: event.type, at: performance.now() });
    return dispatch(event);
  };
  const state = document.querySelector("[data-live-state]");
  if (!state) return;
  new MutationObserver(() => window.told.push({ what: `line ${state.dataset.state}`, at: performance.now() }))
    .observe(state, { attributes: true, attributeFilter: ["data-state"] });
});
"""
"""Before the page's own scripts: keeps every event by which blocks of the page are asked to fetch, and when
the line came and went; a page whose line comes back asks for all of them."""

CALM = """
() => {
  const others = window.told.filter(({ what }) => what !== "live-price" && what !== "live-quotes");
  const last = Math.max(0, ...others.map(({ at }) => at));
  return performance.now() - last > 3_000 && !document.querySelector(".htmx-request");
}
"""
"""The page waits at most two seconds before it fetches what it was told of; then no answer is on its way."""

WATCH = """
() => {
  const watch = { since: performance.now(), swaps: [], shift: 0, shifted: [], marks: 0 };
  window.watch = watch;
  const moving = ":is([data-live], [data-live-age])";
  const figure = `:is(#main ${moving}, .tv-lightweight-charts)`;  // a chart's scale is as wide as its labels
  window.ages = () => [...document.querySelectorAll("time")]
    .filter((one) => !one.closest(figure)).map((one) => one.textContent).join();
  watch.ages = window.ages();
  window.boxes = () => new Map(
    [...document.querySelectorAll("body *")]
      .filter((one) => !one.closest(`${figure}, svg`) && !one.querySelector(`:scope > ${moving}`))
      .map((one) => {
        const { x, y, width, height } = one.getBoundingClientRect();
        return [one, [x + scrollX, y + scrollY, width, height].map(Math.round).join(" ")];
      }),
  );
  watch.boxes = window.boxes();
  document.addEventListener("htmx:after:swap", ({ target }) => {
    watch.swaps.push(target.id || target.outerHTML.slice(0, 160));
  });
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      watch.shift += one.value;
      const hosts = one.sources.map(({ node }) => node?.nodeType === 3 ? node.parentElement : node);
      const others = hosts.filter((host) => host && !host.closest(figure));
      watch.shifted.push(...others.map((host) => host.outerHTML.slice(0, 160)));
    }
  }).observe({ type: "layout-shift", buffered: false });
  const classes = { attributes: true, attributeFilter: ["class"], subtree: true };
  new MutationObserver((list) => {
    for (const { target } of list) if (target.matches(".moved-up, .moved-down")) watch.marks += 1;
  }).observe(document.querySelector("#main"), classes);
  for (const cell of document.querySelectorAll("[data-live]")) cell.kept = true;
}
"""

SEEN = """
() => {
  const { since, swaps, shift, shifted, marks, boxes } = window.watch;
  for (const [one, stands] of window.boxes())
    if (boxes.has(one) && boxes.get(one) !== stands)
      shifted.push(`${boxes.get(one)} is now ${stands}: ${one.outerHTML.slice(0, 160)}`);
  const told = [...new Set(window.told.filter(({ at }) => at >= since).map(({ what }) => what))];
  if (window.ages() !== window.watch.ages) told.push("another minute");
  const others = [...document.querySelectorAll("[data-live]")].filter((cell) => !cell.kept);
  const replaced = others.map((cell) => cell.outerHTML);
  return { told, swaps, shift, shifted, marks, replaced };
}
"""


@dataclass(frozen=True)
class Watched:
    """What happened in one stretch of time.

    told: the page's own events; shift: as Lighthouse counts; shifted: what stands elsewhere than before and
    is no figure, by what the browser tells of it and by place and size of each element outside of figures.
    """

    told: frozenset[str]
    swaps: list[str]
    shift: float
    shifted: list[str]
    marks: int
    replaced: list[str]


def hear(page: Page) -> None:
    """From the next page on, keep what it is told."""
    page.add_init_script(HEAR)


def while_only_prices_moved(page: Page) -> Watched:
    """A stretch of four seconds and more in which the value moved and nothing but prices was told.

    A job of the house's timetable, say, is told to every page, which then fetches its strip of work; or "just
    now" becomes "1 min ago": such a stretch shows nothing and another one is tried. Each begins with the page
    opened anew, so that it ends within the page's first minute: after a minute of prices alone it does fetch
    its blocks.
    """
    heard: list[frozenset[str]] = []
    for _attempt in range(ATTEMPTS):
        seen = _watched(page)
        if not seen.told - _OF_PRICES - {"live"}:
            return seen
        heard.append(seen.told)
    raise AssertionError(f"never was it quiet for four seconds: {heard}")


def _watched(page: Page) -> Watched:
    page.goto("/dashboard")
    value = page.locator("#k-value")
    expect(page.locator("[data-live$='.price']").first).to_be_visible()
    page.wait_for_function(CALM, timeout=40_000)
    page.evaluate(WATCH)
    expect(value).not_to_have_text(value.inner_text(), timeout=15_000)
    page.wait_for_timeout(QUIET_MS)
    seen: dict[str, Any] = page.evaluate(SEEN)
    return Watched(**seen | {"told": frozenset(seen["told"])})
