"""Prices move on an open page: the same elements, other words; nothing is fetched, nothing shifts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.journeys.test_connect import connect
from tests.journeys.test_demo import demo as demo
from tests.journeys.test_demo import newcomer as newcomer
from tests.journeys.watching import CALM, Watched, hear, while_only_prices_moved

pytestmark = pytest.mark.journey

EAGER = """
addEventListener("DOMContentLoaded", () => {
  const work = document.querySelector("#work");
  if (work) work.setAttribute("hx-trigger", "live-quotes from:body, " + work.getAttribute("hx-trigger"));
});
"""

GROWS = """
addEventListener("DOMContentLoaded", () => {
  setInterval(() => {
    const price = document.querySelector("#main [data-live$='.price']");
    if (window.watch && price && !price.grown) { price.grown = true; price.textContent = "9,99,99,999.95"; }
  }, 500);
});
"""
"""One price gains more digits than its column has room for."""

NO_SOCKET = """
window.knocked = 0;
window.WebSocket = class extends WebSocket {
  constructor(address) { super(address.replace("/ws/live", "/ws/nowhere")); window.knocked += 1; }
};
"""
"""Every socket is refused, by the house itself: nothing stands at that address."""

VEIL = """
let veiled = false;
Object.defineProperty(document, "hidden", { get: () => veiled });
window.veil = (hides) => { veiled = hides; document.dispatchEvent(new Event("visibilitychange")); };
"""
"""The tab goes behind another one, and comes back."""

WIRES = """
window.wires = [];
window.WebSocket = class extends WebSocket {
  constructor(address) { super(address); window.wires.push(this); }
};
"""
"""So that a line can be cut: a browser that plays being offline leaves open ones alone."""

HIDDEN_MS = 20_000
POLL_MS = 15_000


class Line:
    """One socket of a page: what each side said, as it was said."""

    def __init__(self, wire: WebSocket) -> None:
        self.wire = wire
        self.said: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        wire.on("framesent", lambda text: self.said.append(json.loads(text)))
        wire.on("framereceived", lambda text: self.heard.append(json.loads(text)))

    def first(self, kind: str) -> dict[str, Any]:
        """The first frame of this type that the page got."""
        return next(frame for frame in self.heard if frame["type"] == kind)

    def must_close(self) -> None:
        """It is given up by the page, if not at once then soon."""
        if not self.wire.is_closed():
            self.wire.wait_for_event("close", timeout=60_000)


@pytest.fixture
def holder(newcomer: Page) -> Page:
    """Holdings stand there, the jobs of the login are done; the first of the file logs in at the broker."""
    page = newcomer
    hear(page)
    if page.get_by_role("link", name="Connect Zerodha").count():
        connect(page)
    else:
        page.reload()
    expect(page.locator("[data-live$='.price']").first).to_be_visible()
    expect(page.locator("#work progress")).to_have_count(0, timeout=60_000)
    return page


def lines_of(page: Page) -> list[Line]:
    """The sockets that the page opens from now on."""
    lines: list[Line] = []
    page.on("websocket", lambda wire: lines.append(Line(wire)))
    return lines


def must_resume(line: Line, place: str) -> None:
    """It asks from the last place on, and what moved meanwhile is in its first answer."""
    assert line.said[0]["resume"] == place
    answer = line.first("delta")
    assert answer["portfolios"]
    assert "refetch" not in answer
    assert all(frame["type"] != "snapshot" for frame in line.heard[: line.heard.index(answer)])


def must_move(page: Page) -> None:
    """The value becomes another one, in whatever way the page learns of it."""
    value = page.locator("#k-value")
    expect(value).not_to_have_text(value.inner_text())


def must_stand_still(seen: Watched) -> None:
    """Figures moved, and that is all that did."""
    assert seen.swaps == [], "a block was fetched only because prices moved"
    assert "live" not in seen.told, "the whole page asked again only because prices moved"
    assert seen.replaced == [], "another element stands there now"
    assert seen.shifted == [], "something beside the figures themselves has moved"
    assert seen.shift < 0.01, "a figure that gains a digit grows to the left, and that is all"


def test_figures_move_in_place(holder: Page) -> None:
    page = holder
    seen = while_only_prices_moved(page)
    must_stand_still(seen)
    assert seen.told == {"live-quotes"}
    assert seen.marks > 0
    rows = page.locator("tr[data-row]").evaluate_all(
        """(rows) => rows.map((row) => [row.dataset.pnl, row.cells[8].dataset.sort])"""
    )
    assert rows
    assert all(drawn == shown for drawn, shown in rows), (
        "the bars are drawn from other figures than stand there"
    )


def test_a_page_that_fetches_when_prices_move_is_caught(holder: Page) -> None:
    """The same watch over a page whose strip of work was told to fetch itself with every price."""
    holder.add_init_script(EAGER)
    seen = while_only_prices_moved(holder)
    with pytest.raises(AssertionError, match="fetched only because prices moved"):
        must_stand_still(seen)


def test_a_page_whose_columns_follow_their_figures_is_caught(holder: Page) -> None:
    """The same watch, and one figure too many digits for its column."""
    holder.add_init_script(GROWS)
    seen = while_only_prices_moved(holder)
    with pytest.raises(AssertionError, match="beside the figures"):
        must_stand_still(seen)


def test_a_lost_line_comes_back_with_what_was_missed(holder: Page, noises: list[str]) -> None:
    page = holder
    page.add_init_script(WIRES)
    lines = lines_of(page)
    page.goto("/dashboard")
    state = page.locator("[data-live-state]").first
    expect(state).to_have_attribute("data-state", "live")
    must_move(page)
    page.wait_for_function(CALM, timeout=60_000)
    page.context.set_offline(offline=True)
    page.evaluate("() => window.wires.forEach((wire) => wire.close())")
    expect(state).to_have_attribute("data-state", "lost")
    place = lines[-1].heard[-1]["at"]
    page.wait_for_timeout(3_000)
    page.context.set_offline(offline=False)
    expect(state).to_have_attribute("data-state", "live")
    must_move(page)
    must_resume(lines[-1], place)
    noises[:] = [noise for noise in noises if "ERR_INTERNET_DISCONNECTED" not in noise]


def test_whose_sign_in_ended_while_the_line_was_lost_is_led_to_it(holder: Page, noises: list[str]) -> None:
    """Also after more tries than a way without sockets is given: that nobody answered told nothing of it."""
    page = holder
    page.add_init_script(WIRES)
    page.goto("/dashboard")
    state = page.locator("[data-live-state]").first
    expect(state).to_have_attribute("data-state", "live")
    page.wait_for_function(CALM, timeout=60_000)
    page.context.set_offline(offline=True)
    page.evaluate("() => window.wires.forEach((wire) => wire.close())")
    expect(state).to_have_attribute("data-state", "lost")
    page.wait_for_function("() => window.wires.length >= 5", timeout=60_000)
    page.context.clear_cookies()
    page.context.set_offline(offline=False)
    page.wait_for_url("**/sign-in?next=%2Fdashboard", timeout=60_000)
    noises.clear()


def test_with_less_motion_the_mark_stands_still(holder: Page) -> None:
    page = holder
    page.emulate_media(reduced_motion="reduce")
    moved = page.locator(".moved-up, .moved-down").first
    moved.wait_for(state="attached", timeout=60_000)
    names = page.evaluate(
        """() => [...document.querySelectorAll(".moved-up, .moved-down")]
          .map((one) => getComputedStyle(one).animationName)"""
    )
    assert set(names) <= {"none"}


def test_where_no_socket_opens_figures_come_by_the_stream(holder: Page, noises: list[str]) -> None:
    """Some proxies know no WebSocket: after three tries the same frames come as server-sent events."""
    page = holder
    page.add_init_script(NO_SOCKET)
    with page.expect_request(re.compile(r"/live/stream\?"), timeout=60_000):
        page.goto("/dashboard")
    expect(page.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    assert page.evaluate("window.knocked") == 3
    must_stand_still(while_only_prices_moved(page))
    noises[:] = [noise for noise in noises if "/ws/nowhere" not in noise]


def test_where_no_line_opens_at_all_the_page_asks_for_its_blocks(holder: Page, noises: list[str]) -> None:
    page = holder
    page.add_init_script(NO_SOCKET)
    page.route("**/live/stream*", lambda route: route.abort())
    page.clock.install()
    page.goto("/dashboard")
    state = page.locator("[data-live-state]").first
    expect(state).to_have_attribute("data-state", "lost")
    page.wait_for_function(CALM, timeout=60_000)
    page.clock.fast_forward(POLL_MS)
    page.wait_for_function("() => window.told.some(({ what }) => what === 'live')", timeout=60_000)
    must_move(page)
    expect(state).to_have_attribute("data-state", "lost")
    page.unroute_all(behavior="wait")
    noises[:] = [noise for noise in noises if "/ws/nowhere" not in noise and "ERR_FAILED" not in noise]


def test_a_tab_nobody_sees_lets_go_and_resumes_without_a_gap(holder: Page) -> None:
    """What moved meanwhile comes with the first answer, none of it is asked for again."""
    page = holder
    page.add_init_script(VEIL)
    page.clock.install()
    lines = lines_of(page)
    page.goto("/dashboard")
    must_move(page)
    page.wait_for_function(CALM, timeout=60_000)
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 5)  # else a slow machine adds seconds of its own
    page.evaluate("veil(true)")
    page.clock.fast_forward(HIDDEN_MS - 1_000)
    page.wait_for_timeout(500)
    assert [line.wire.is_closed() for line in lines] == [False], "it lets go only after twenty seconds"
    page.clock.fast_forward(1_000)
    page.clock.resume()
    lines[0].must_close()
    place = lines[0].heard[-1]["at"]
    stands = page.locator("#k-value").inner_text()
    page.wait_for_timeout(4_000)
    assert page.locator("#k-value").inner_text() == stands, "it is not told anything now"
    page.evaluate("veil(false)")
    expect(page.locator("#k-value")).not_to_have_text(stands)
    must_resume(lines[1], place)
    assert len(lines) == 2
