"""A proof runs out while a form is filled: nothing that was typed is lost, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PASSWORD, Served

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]
ASHA = "asha@example.org"


def opened_proved(page: Page, served: Served, path: str) -> None:
    """The page as it stands while a proof holds, which from then on does not: by another sign-in of hers."""
    assert page.request.post("/api/v1/proof", data={"password": PASSWORD}).ok
    page.goto(path)
    browser = page.context.browser
    assert browser is not None
    with browser.new_context(base_url=served.url) as unproved:
        wish = {"email": ASHA, "password": PASSWORD}
        assert unproved.request.post("/api/v1/session", data=wish).ok
        page.context.add_cookies(cast(list[SetCookieParam], unproved.cookies()))


def proves_herself(page: Page, back_to: str) -> None:
    page.wait_for_url("**/prove?next=*")
    page.get_by_label("Your password").fill("not mine at all")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("That is not your password")).to_be_visible()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"**{back_to}")
    expect(page.locator("#notices")).to_contain_text("What you had typed is back in its form")


def test_what_was_typed_is_there_after_the_proof(
    served: Served, person: Callable[[str], Page], noises: list[str]
) -> None:
    page = person("asha")
    opened_proved(page, served, "/settings/tokens")
    page.get_by_label("Name", exact=True).fill("spreadsheet")
    page.get_by_label("import:").check()
    page.get_by_label("It ends after").select_option("30")
    page.get_by_role("button", name="Make it").click()
    told = page.locator("#notices")
    expect(told).to_contain_text("Prove yourself once more")
    expect(told).not_to_contain_text("POST")
    told.get_by_role("link", name="Prove yourself").click()
    proves_herself(page, "/settings/tokens")
    expect(page.get_by_label("Name", exact=True)).to_have_value("spreadsheet")
    expect(page.get_by_label("import:")).to_be_checked()
    expect(page.get_by_label("It ends after")).to_have_value("30")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#fresh-token")).to_be_visible()
    opened_proved(page, served, "/settings/data")
    page.get_by_label("Your e-mail, typed once more").fill("bela@example.org")
    page.get_by_role("button", name="Delete my account").click()
    proves_herself(page, "/settings/data")
    expect(page.get_by_label("Your e-mail, typed once more")).to_have_value("bela@example.org")
    page.goto("/settings/tokens")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    kept = page.evaluate("JSON.stringify(sessionStorage)")
    assert "bela" not in kept
    noises.clear()  # the browser notes what was refused
