"""Into the house by an account elsewhere: there and back in a real browser, without a password at first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.issuers import CLIENT, SECRET, open_provider
from tests.journeys.conftest import Served, listen, running
from tunefolio.core.time import SystemClock
from tunefolio.sandbox.oidc import Provider

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with open_provider(SystemClock()) as answering:
        yield answering


@pytest.fixture
def served(port: int, provider: Provider, tmp_path: Path) -> Iterator[Served]:
    """A house open to all, with that provider set up as its operator would."""
    environ = {
        "TUNEFOLIO_HOME": str(tmp_path / "home"),
        "TUNEFOLIO_PORT": str(port),
        "TUNEFOLIO_PUBLIC_URL": f"http://localhost:{port}",
        "TUNEFOLIO_SIGN_UP": "open",
        "TUNEFOLIO_OIDC_ISSUER": provider.issuer,
        "TUNEFOLIO_OIDC_CLIENT_ID": CLIENT,
        "TUNEFOLIO_OIDC_CLIENT_SECRET": SECRET,
        "TUNEFOLIO_OIDC_NAME": "Rehearsal ID",
    }
    with running(["up"], environ, port, tmp_path / "log") as house:
        yield house


def be(page: Page, name: str) -> None:
    """At the provider she says who she is."""
    page.wait_for_url("**/authorize**")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Sign in here").click()


def test_somebody_new_comes_by_her_provider_proves_herself_there_and_sets_a_password(
    served: Served, browser: Browser, person: Callable[[str], Page], noises: list[str]
) -> None:
    person("operator")
    context = browser.new_context(base_url=served.url, viewport={"width": 390, "height": 844})
    page = context.new_page()
    listen(page, served.url, noises)
    page.goto("/sign-up")
    page.get_by_role("button", name="Create one with Rehearsal ID").click()
    be(page, "Asha")
    expect(page.get_by_role("heading", name="You are not known here yet")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("asha@example.org")
    page.get_by_role("button", name="Make a new account").click()
    page.wait_for_url("**/dashboard")
    page.goto("/settings/profile")
    expect(page.locator("#email")).to_contain_text("asha@example.org")
    page.goto("/prove?next=/settings/security")
    expect(page.get_by_label("Your password")).to_have_count(0)
    page.get_by_role("button", name="Go there").click()
    be(page, "Asha")
    page.wait_for_url("**/settings/security")
    page.get_by_label("New password").fill("a different sentence")
    page.get_by_role("button", name="Set it", exact=True).click()
    expect(page.get_by_role("heading", name="Change password")).to_be_visible()
    page.close()  # whose stream and notices would ask on, as nobody
    context.clear_cookies()
    page = context.new_page()
    listen(page, served.url, noises)
    page.goto("/sign-in?next=/holdings")
    page.get_by_role("button", name="Sign in with Rehearsal ID").click()
    be(page, "Asha")
    page.wait_for_url("**/holdings")
    assert noises == []
    context.close()
