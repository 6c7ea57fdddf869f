"""A portfolio is shown to another and to the world, without amounts, and taken back, in real browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import PASSWORD, Served

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]


def books(page: Page) -> None:
    """A portfolio with one holding, recorded through the API by the signed-in browser."""
    api = page.context.request
    shelf = api.post("/api/v1/portfolios", data={"name": "Long term"}).json()["id"]
    desk = api.post("/api/v1/accounts", data={"portfolio_id": shelf, "name": "By hand"}).json()["id"]
    for line in ("2024-04-01 deposit 2000000", "2024-04-02 buy 1237 NSE:INFY @ 1043.19"):
        answer = api.post(f"/api/v1/accounts/{desk}/transactions/line", data={"text": line})
        assert answer.status == 201, answer.text()


def test_what_is_shared_without_amounts_is_seen_and_taken_back(
    served: Served, browser: Browser, person: Callable[[str], Page], noises: list[str]
) -> None:
    asha, bela = person("asha"), person("bela")
    books(asha)
    asha.goto("/family")
    asha.get_by_label("Her e-mail").fill("bela@example.org")
    asha.get_by_label("What", exact=True).select_option(label="Long term")
    asha.get_by_label("Amounts").select_option("hidden")
    asha.get_by_role("button", name="Offer it").click()
    expect(asha.get_by_text("not accepted yet")).to_be_visible()
    bela.goto("/family")
    expect(bela.get_by_text("one portfolio, to read, without amounts")).to_be_visible()
    bela.get_by_role("button", name="Accept").click()
    bela.get_by_role("link", name="Look at it").click()
    expect(bela.get_by_role("heading", name="Long term")).to_be_visible()
    expect(bela.get_by_text("INFY").first).to_be_visible()
    expect(bela.get_by_text("1,237")).to_have_count(0)
    assert "1237" not in bela.content()
    shared = bela.url
    asha.goto("/family")
    asha.get_by_role("button", name="Take back").click()
    asha.locator("dialog.ask").get_by_role("button", name="Take").click()
    expect(asha.get_by_text("Nobody but you.")).to_be_visible()
    over = bela.get_by_role("heading", name="No longer shared with you", exact=True)
    expect(over).to_be_visible(timeout=40_000)  # at once where the line is up, else within half a minute
    assert "INFY" not in bela.locator("#main").inner_text()
    assert bela.goto(shared).status == 404  # type: ignore[union-attr]
    noises.clear()


def test_a_public_link_opens_without_signing_in_until_it_is_revoked(
    served: Served, browser: Browser, person: Callable[[str], Page], noises: list[str]
) -> None:
    asha = person("asha")
    books(asha)
    asha.goto("/family/links")
    asha.get_by_label("Title").fill("For the curious")
    asha.get_by_label("Your password").fill(PASSWORD)
    asha.get_by_role("button", name="Make it").click()
    address = asha.locator("#fresh-link").inner_text()
    context = browser.new_context()
    stranger = context.new_page()
    asked: list[str] = []
    stranger.on("request", lambda request: asked.append(request.headers.get("referer", "")))
    assert stranger.goto(address).status == 200  # type: ignore[union-attr]
    expect(stranger.get_by_role("heading", name="For the curious")).to_be_visible()
    expect(stranger.get_by_text("INFY").first).to_be_visible()
    assert "1,237" not in stranger.content()
    assert stranger.get_by_role("link").count() == 0
    assert len(asked) > 1
    assert not [told for told in asked if "/shared/" in told], "no request tells the address"
    asha.goto("/family/links")
    expect(asha.get_by_text("Seen 1 time")).to_be_visible()
    asha.get_by_role("button", name="Revoke").click()
    asha.locator("dialog.ask").get_by_role("button", name="Revoke").click()
    expect(asha.get_by_text("No links yet")).to_be_visible()
    assert stranger.goto(address).status == 404  # type: ignore[union-attr]
    context.close()
    noises.clear()
