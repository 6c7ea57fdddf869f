"""A person takes everything along and deletes her account, in a real browser; then she stays."""

from __future__ import annotations

import zipfile
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PASSWORD

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]


def prove(page: Page, link: str) -> None:
    page.get_by_role("link", name=link).click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").last.click()
    expect(page.get_by_role("heading", name="Take everything along")).to_be_visible()


def test_export_delete_and_stay(person: Callable[[str], Page]) -> None:
    person("asha")  # the first person is admin, and stays
    page = person("bela")
    page.goto("/settings/data")
    page.get_by_role("button", name="Make the export").click()
    expect(page.get_by_text("ready", exact=True)).to_be_visible()
    prove(page, "Prove yourself to download")
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download").click()
    archive = zipfile.ZipFile(coming.value.path())
    assert archive.testzip() is None
    assert {"README.txt", "books/everything.txt", "json/transactions.json"} <= set(archive.namelist())

    email = page.get_by_label("Your e-mail, typed once more")
    email.fill("bela@example.org")
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", name="Your account will be deleted")).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_role("heading", name="Your account will be deleted")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill("bela@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Your account will be deleted")).to_be_visible()
    page.get_by_role("button", name="Keep my account").click()
    page.wait_for_url("**/dashboard")
    page.goto("/settings/data")
    expect(page.get_by_role("heading", name="Take everything along")).to_be_visible()
