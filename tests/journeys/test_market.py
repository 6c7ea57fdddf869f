"""A purchase of long ago brings its past: progress is seen, the chart is whole, a kill heals."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.engine.deployment import until
from tests.journeys.markets import (
    House,
    chart,
    instrument_of,
    is_ready,
    must_be_whole,
    three_years_ago,
    tracked,
)
from tests.journeys.markets import house as house
from tests.journeys.markets import visit as visit
from tests.journeys.test_ledger import add, record

pytestmark = pytest.mark.journey

PIXELS = """
(host) => [...host.querySelectorAll("canvas")].reduce((sum, canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (let at = 3; at < data.length; at += 4) if (data[at]) drawn += 1;
  return sum + drawn;
}, 0)
"""


def buy(page: Page, key: str) -> int:
    """A purchase of three years ago, through the form; the instrument's id."""
    page.goto("/transactions")
    day = three_years_ago().iso()
    add(page, "Trade", "buy", day=day, instrument=key, quantity="5", price="3000")
    record(page)
    return instrument_of(page, key)


def test_a_purchase_of_long_ago_brings_its_past_before_her_eyes(
    visit: Callable[..., Page], house: House
) -> None:
    page = visit("asha")
    house.sandbox.yahoo_faults.plan("slow", path="/v8/finance/chart/TITAN.NS", times=20, seconds=0.8)
    instrument = buy(page, "NSE:TITAN")
    expect(page.locator(".tracking-row", has_text="TITAN").locator("progress")).to_be_visible()
    page.goto(f"/instruments/{instrument}")
    page.evaluate("window.isSamePage = true")
    line = page.locator(f"#tracking-{instrument}")
    expect(line.locator("progress")).to_be_visible()
    expect(line).to_contain_text(re.compile(r"TITAN: prices of 20\d\d"))
    is_ready(page, instrument)
    expect(page.locator("tf-candles canvas").first).to_be_visible()
    expect(page.locator("[data-candle-legend]")).to_contain_text("C ")
    expect(page.get_by_role("heading", name="Last session")).to_be_visible()
    assert page.evaluate("window.isSamePage"), "she has not reloaded it"
    must_be_whole(chart(page, instrument)["days"], three_years_ago())
    coverage = tracked(page, instrument)["coverage"]
    assert coverage["held"] == coverage["wanted"] > 900
    house.sandbox.yahoo_faults.clear()


@pytest.mark.one_is_enough
def test_the_chart_draws_what_is_chosen(visit: Callable[..., Page], house: House) -> None:
    page = visit("asha")
    instrument = buy(page, "NSE:TECHM")  # its fifth part since a split
    page.goto(f"/instruments/{instrument}")
    is_ready(page, instrument)
    candles, panel = page.locator("tf-candles"), page.locator("section", has=page.locator("tf-candles"))
    expect(candles.locator("canvas").first).to_be_visible()
    assert candles.evaluate(PIXELS) > 5_000
    expect(candles).to_have_attribute("data-panes", "1")
    for name, panes in (("RSI 14", "2"), ("MACD", "3")):
        panel.get_by_role("button", name=name).click()
        expect(candles).to_have_attribute("data-panes", panes)
    panel.get_by_role("button", name="MACD").click()
    expect(candles).to_have_attribute("data-panes", "2")
    with page.expect_response(re.compile("span=all")) as whole:
        panel.get_by_role("button", name="All").click()
    adjusted = whole.value.json()
    with page.expect_response(re.compile("prices=raw")) as paid:
        panel.get_by_role("button", name="As it was").click()
    raw = paid.value.json()
    assert raw["days"] == adjusted["days"]
    assert raw["close"][0] == pytest.approx(5 * adjusted["close"][0], rel=1e-6)
    assert raw["close"][-1] == adjusted["close"][-1]
    expect(panel.get_by_role("button", name="As it was")).to_have_attribute("aria-pressed", "true")
    with page.expect_response(re.compile("span=1M")) as month:
        panel.get_by_role("button", name="1M").click()
    assert 15 <= len(month.value.json()["days"]) <= 24
    assert candles.evaluate(PIXELS) > 2_000
    expect(page.get_by_role("row", name=re.compile("Split"))).to_be_visible()
    expect(page.get_by_role("link", name="Demat")).to_be_visible()


@pytest.mark.parametrize("house", ["many processes"], indirect=True)
def test_a_worker_killed_in_the_middle_leaves_nothing_out_and_nothing_twice(
    visit: Callable[..., Page], house: House
) -> None:
    page, parts = visit("asha"), house.served.parts
    assert parts is not None
    house.sandbox.yahoo_faults.plan("slow", path="/v8/finance/chart/WIPRO.NS", times=20, seconds=1.0)
    instrument = buy(page, "NSE:WIPRO")
    query = (
        "SELECT state, attempts, done, lease_holder FROM jobs WHERE kind = 'backfill' "
        f"AND args::jsonb ->> 'instrument' = '{instrument}'"
    )
    until(lambda: house.rows(query)[0][0] == "running" and house.rows(query)[0][2] >= 2, words=parts.words)
    ((_, attempts, _, holder),) = house.rows(query)
    assert attempts == 1
    (struck,) = [part for part in parts.parts if str(part.process.pid) == holder.split(":")[1]]
    assert struck.words[0] == "worker"
    struck.kill()
    page.goto(f"/instruments/{instrument}")
    assert tracked(page, instrument)["state"] == "fetching", "it is in the middle"
    before = chart(page, instrument)["days"]
    assert 0 < len(before) < 900
    parts.start(*struck.words)
    is_ready(page, instrument)
    ((state, attempts, _, _),) = house.rows(query)
    assert (state, attempts) == ("done", 2)
    must_be_whole(chart(page, instrument)["days"], three_years_ago())
    expect(page.locator("tf-candles canvas").first).to_be_visible()
    assert len(page.request.get("/api/v1/transactions?instrument=" + str(instrument)).json()["data"]) == 1
    house.sandbox.yahoo_faults.clear()
