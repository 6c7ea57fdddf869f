"""`tunefolio demo`, as a newcomer meets it: sign in with what is printed, connect, watch prices move."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Served, listen, running
from tests.journeys.test_connect import connect
from tests.ports import free_port

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One rehearsal for the whole file."""
    port, folder = free_port(), tmp_path_factory.mktemp("demo")
    environ = {"TUNEFOLIO_HOME": str(folder / "home"), "TUNEFOLIO_PORT": str(port)}
    with running(["demo", "--json"], environ, port, folder / "log") as house:
        yield house


@pytest.fixture
def newcomer(browser: Browser, demo: Served, noises: list[str]) -> Iterator[Page]:
    """Signed in with the password that the start printed; the console must stay silent."""
    log = demo.log.read_text()
    told, _end = json.JSONDecoder().raw_decode(log[log.index("{") :])
    context = browser.new_context(base_url=demo.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    listen(page, demo.url, noises)
    page.goto("/")
    page.get_by_label("E-mail").fill(told["email"])
    page.get_by_label("Password").fill(told["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    assert noises == []


@pytest.mark.parametrize("width", [390, 1440, 3840])
def test_no_page_is_wider_than_its_window(newcomer: Page, width: int) -> None:
    page = newcomer
    page.set_viewport_size({"width": width, "height": 900})
    for path in (
        "/dashboard",
        "/transactions",
        "/imports",
        "/brokers",
        "/portfolios",
        "/snapshots",
        "/settings",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle") if path != "/dashboard" else page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_first_load_is_light_and_nothing_jumps(newcomer: Page) -> None:
    """Under 300 kB on the wire without the charts, and a layout shift below what Lighthouse calls good."""
    page = newcomer
    sizes: dict[str, int] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    names: dict[str, str] = {}
    session.on(
        "Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({names.get(event["requestId"], ""): int(event["encodedDataLength"])}),
    )
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const entry of list.getEntries())"
        " if (!entry.hadRecentInput) window.shift += entry.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    page.goto("/dashboard")
    page.wait_for_timeout(2_500)
    light = {url: size for url, size in sizes.items() if not re.search(r"/(charts|prices|chunk)[-.]", url)}
    assert sum(light.values()) < 300_000, light
    assert page.evaluate("window.shift") < 0.1


def test_prices_move_while_one_looks(newcomer: Page) -> None:
    page = newcomer
    connect(page)
    expect(page.locator("tf-curve canvas").first).to_be_visible()
    value = page.locator("#k-value")
    before = value.inner_text()
    expect(value).not_to_have_text(before)
    expect(page.get_by_text(re.compile("rehearsal", re.IGNORECASE)).first).to_be_visible()
