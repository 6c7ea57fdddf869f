"""Search, watch and be told; and what an admin sees of sources, doubted bars, duties and days."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from tests.engine.deployment import until
from tests.journeys.markets import House, LateClock, instrument_of, is_ready, today
from tests.journeys.markets import house as house
from tests.journeys.markets import visit as visit
from tests.journeys.test_market import buy
from tunefolio.core.time import Instant, SystemClock, TradingDay
from tunefolio.market.calendars import Calendars
from tunefolio.sandbox import coins

pytestmark = pytest.mark.journey

QUIET = ("/market", "/watchlists", "/alerts", "/alerts/channels", "/notices", "/data-health", "/services")
PLACES = (*QUIET, "/calendar", "/find?q=ETH", "/instruments/changes")


def run_now(page: Page, duty: str) -> None:
    """An admin asks for it, and waits until it is done."""
    asked = page.request.post(f"/api/v1/services/{duty}/run")
    assert asked.ok, asked.text()
    job = asked.json()["job_id"]

    def is_done() -> bool:
        found = page.request.get("/api/v1/services/history").json()["data"]
        (one,) = [one for one in found if one["id"] == job]
        assert one["state"] != "failed", one
        return bool(one["state"] == "done")

    until(is_done)


def price(house: House, at: Instant) -> Decimal:
    """What the sandbox asks for an Ether at that moment."""
    return Decimal(coins.sight(house.sandbox.market, coins.COINS["ETH"], at).last) / 100


def closed_day() -> TradingDay:
    """A session of about two weeks ago, as the calendar has it."""
    calendar = Calendars().of("NSE")
    day = min(today().plus_days(-12), calendar.known_until)
    while not calendar.is_session(day):
        day = day.plus_days(-1)
    return day


def test_what_is_found_is_watched_and_an_alert_speaks_once(
    visit: Callable[..., Page], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit("asha")
    run_now(page, "refresh_masters")
    page.goto("/dashboard")
    page.keyboard.press("/")
    box = page.locator("dialog#find[open] input")
    expect(box).to_be_focused()
    box.press_sequentially("crypto:et")
    expect(page.locator("#found .hit").first).to_contain_text("ETH")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instruments/*")
    expect(page.get_by_role("heading", level=1)).to_have_text("ETH")
    page.get_by_role("button", name="Watch").click()
    page.wait_for_url("**/watchlists/*")
    instrument = instrument_of(page, "CRYPTO:ETH")

    page.get_by_label("Instrument to add").fill("NSE:INFY")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#watchlist tr.line")).to_have_count(2)
    expect(page.get_by_label("Instrument to add")).to_have_value("")
    row = page.locator(f"#w-{instrument}")
    cell = row.locator("[data-live$='.price']")
    page.evaluate("window.isSamePage = true")
    expect(cell).to_be_visible()
    expect(row.locator(".spark")).to_be_visible()
    before = cell.inner_text()
    cell.evaluate("(cell) => { cell.kept = true }")
    house.clock.behind = timedelta(hours=2)
    run_now(page, "refresh_quotes")
    expect(cell).not_to_have_text(before)
    assert cell.evaluate("(cell) => cell.kept"), "the very cell, with another figure"
    assert page.evaluate("window.isSamePage"), "she has not reloaded it"

    # The sandbox stands still now, and goes on to where the price is highest or lowest of the next hours.
    here = house.clock.behind
    now = SystemClock().now()
    stands = price(house, now - here)
    monkeypatch.setattr(LateClock, "now", lambda clock: now - clock.behind)
    ways = [here - timedelta(minutes=ahead) for ahead in range(1, 100)]
    furthest = max(ways, key=lambda way: abs(price(house, now - way) - stands))
    level = (stands + price(house, now - furthest)) / 2
    run_now(page, "refresh_quotes")
    row.get_by_role("link", name="New alert on ETH").click()
    form = page.locator("form#new")
    expect(form.get_by_label("Instrument")).to_have_value("CRYPTO:ETH")
    form.get_by_label("Level").fill(f"{level:.4f}")
    form.get_by_label("Side").select_option("up" if level > stands else "down")
    form.get_by_role("button", name="Make the alert").click()
    alert = page.locator("#alerts tbody tr")
    expect(alert).to_contain_text("armed")
    run_now(page, "refresh_quotes")
    bell = page.locator(".nav-foot .bell .count")
    expect(bell).to_have_count(0)
    house.clock.behind = furthest
    run_now(page, "refresh_quotes")
    expect(alert.locator(".c-state")).to_contain_text("done")
    expect(bell).to_have_text("1")
    for seconds in (1, 2):
        house.clock.behind = furthest - timedelta(seconds=seconds)
        run_now(page, "refresh_quotes")
    page.goto("/notices")
    told = page.locator(".told")
    expect(told).to_have_count(1)
    expect(told).to_contain_text("ETH")
    told.locator("button").click()
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    expect(bell).to_have_count(0)


def test_a_day_closed_by_an_admin_is_closed_on_every_server_and_a_bar_of_it_is_doubted(
    visit: Callable[..., Page], house: House
) -> None:
    day = closed_day()
    address = f"/calendar?exchange=NSE&month={day.iso()[:7]}"
    servers = (0, 1) if house.served.parts else (None, None)
    page, other = visit("asha", server=servers[0]), visit("vikram", server=servers[1])
    spot = f".cal-day:not(.out):has(time[datetime='{day.iso()}'])"
    for one in (page, other):
        one.goto(address)
        expect(one.locator(spot)).to_contain_text("09:15")
        expect(one.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    expect(other.get_by_role("heading", name="Change a day")).to_have_count(0)
    page.get_by_role("textbox", name="Day").fill(day.iso())
    page.get_by_label("Why").fill("Elections, by circular")
    page.get_by_role("button", name="Say so for NSE").click()
    for one in (page, other):
        expect(one.locator(spot)).to_contain_text("by hand")
        expect(one.locator(spot)).not_to_contain_text("09:15")

    instrument = buy(page, "NSE:LT")
    page.goto(f"/instruments/{instrument}")
    is_ready(page, instrument)
    page.goto("/data-health")
    doubt = page.locator("section", has=page.get_by_role("heading", name="Doubted bars"))
    row = doubt.get_by_role("row", name=re.compile("LT"))
    expect(row).to_have_count(1)
    expect(row.locator(f"time[datetime='{day.iso()}']").first).to_be_visible()
    other.goto("/data-health")
    expect(other.get_by_text("What you hold or watch")).to_be_visible()
    expect(other.get_by_text("LT", exact=True)).to_have_count(0)
    refused = other.request.post("/api/v1/data-health/quarantine/drop", data={})
    assert refused.status in {403, 422}
    row.get_by_role("button", name="Drop").click()
    expect(row).to_have_count(0)
    page.locator("summary", has_text="Last decisions").click()
    expect(page.locator("ul.plain li", has_text="LT")).to_contain_text("dropped")

    for one in (page, other):
        one.goto(address)
        expect(one.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    said = page.locator("section", has=page.get_by_role("heading", name="Said by hand"))
    said.get_by_role("button", name="Undo").click()
    for one in (page, other):
        expect(one.locator(spot)).to_contain_text("09:15")


def test_an_admin_runs_the_services_and_a_member_does_not_see_them(
    visit: Callable[..., Page], house: House, noises: list[str]
) -> None:
    page = visit("asha")
    page.goto("/services")
    processes = page.locator("section", has=page.get_by_role("heading", name="Processes"))
    roles = ["house"] if house.served.parts is None else ["beat", "web", "web", "worker", "worker"]
    alive = processes.get_by_role("row").filter(has_text="alive")
    expect(alive).to_have_count(len(roles))
    assert sorted(alive.locator("td:first-child").all_inner_texts()) == roles
    duty = page.get_by_role("row", name=re.compile("Look up missing sectors"))
    duty.get_by_role("button", name="Pause").click()
    expect(duty).to_contain_text("paused since")
    duty.get_by_role("button", name="Resume").click()
    expect(duty).not_to_contain_text("paused")
    check = page.get_by_role("row", name=re.compile("Check the books"))
    expect(check).to_contain_text("never yet")
    check.get_by_role("button", name="Run now").click()
    expect(check.locator(".badge")).to_have_text("done")
    check.locator("a.badge").click()
    history = page.locator("section", has=page.get_by_role("heading", name="History"))
    expect(history.locator("tbody tr")).to_have_count(1)
    expect(page.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    with page.expect_response(re.compile(r"/services\?kind=")):
        page.evaluate("document.body.dispatchEvent(new Event('live-services'))")
    expect(history.locator("tbody tr")).to_have_count(1)

    member = visit("vikram")
    member.goto("/market")
    expect(member.locator("nav a[href='/services']")).to_have_count(0)
    assert member.request.get("/api/v1/services").status == 403
    assert member.request.post("/services/check/pause").status == 403
    answer = member.goto("/services")
    assert answer is not None
    assert answer.status == 403
    noises.clear()  # the browser notes the refused page


@pytest.mark.parametrize("house", ["one process"], indirect=True)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_of_the_market_is_wider_than_its_window(
    visit: Callable[..., Page], house: House, theme: str
) -> None:
    page = visit("asha")
    page.goto("/settings")
    page.evaluate("(theme) => localStorage.setItem('theme', theme)", theme)
    instrument = buy(page, "NSE:MARUTI")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (*PLACES, f"/instruments/{instrument}"):
            page.goto(path)
            page.wait_for_load_state("load")
            expect(page.locator("main h1")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width, theme)


def test_a_source_that_refuses_rests_and_says_why(visit: Callable[..., Page], house: House) -> None:
    page = visit("asha")
    house.sandbox.yahoo_faults.plan("429", path="/v8/finance/chart/", times=1, retry_after=900)
    buy(page, "NSE:ASIANPAINT")
    page.goto("/data-health")
    source = page.get_by_role("row", name=re.compile("^yahoo"))
    expect(source).to_contain_text("rests")
    expect(source).to_contain_text(re.compile("for 1[45] min"))
    expect(source).to_contain_text("asked too often")
    followed = page.locator("#followed").get_by_role("row", name=re.compile("ASIANPAINT"))
    expect(followed).to_contain_text("wanted")
    expect(followed).to_contain_text("tried again by itself")
