"""Into the house by every door: a code, a recovery code, a passkey, a link for a forgotten password."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.conftest import PASSWORD, Served, listen, running
from tests.postbox import Postbox, taken_in
from tunefolio.sandbox.serve import Sandbox

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]

NEW_PASSWORD = "a different sentence"


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def served(port: int, sandbox: Sandbox, postbox: Postbox, tmp_path: Path) -> Iterator[Served]:
    """A house that sends mail, by a server beside it."""
    with taken_in(postbox) as mail:
        environ = {
            "TUNEFOLIO_HOME": str(tmp_path / "home"),
            "TUNEFOLIO_PORT": str(port),
            "TUNEFOLIO_PUBLIC_URL": f"http://localhost:{port}",
            "TUNEFOLIO_SIGN_UP": "open",
            "TUNEFOLIO_SMTP_URL": mail,
            "TUNEFOLIO_LOG_LEVEL": "debug",
        }
        with running(["up"], environ, port, tmp_path / "log") as house:
            yield house


@pytest.fixture
def stranger(browser: Browser, served: Served, noises: list[str]) -> Iterator[Callable[[], Page]]:
    """stranger(): a browser that has never been here."""
    contexts: list[BrowserContext] = []

    def arrives() -> Page:
        context = browser.new_context(base_url=served.url, viewport={"width": 1440, "height": 900})
        contexts.append(context)
        page = context.new_page()
        listen(page, served.url, noises)
        return page

    yield arrives
    for context in contexts:
        context.close()


def sign_in(page: Page, email: str = "asha@example.org", password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def newest_link(postbox: Postbox, address: str, path: str) -> str:
    """The path of the newest link of that kind in somebody's mailbox, once it has come."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = re.findall(rf"http://localhost:\d+({path}\?token=[\w-]+)", postbox.words_to(address))
        if found:
            return str(found[-1])
        time.sleep(0.1)
    raise AssertionError(f"no mail with {path} came to {address}")


def prove(page: Page, password: str = PASSWORD) -> None:
    """Is it still you? Yes."""
    page.goto("/prove?next=/settings/security")
    page.get_by_label("Your password").fill(password)
    page.locator("form", has=page.get_by_label("Your password")).get_by_role(
        "button", name="Continue"
    ).click()
    page.wait_for_url("**/settings/security")


def set_up_authenticator(page: Page) -> tuple[pyotp.TOTP, list[str]]:
    """The app, and the recovery codes as the page shows them once."""
    prove(page)
    page.get_by_role("button", name="Set it up").click()
    page.wait_for_url("**/settings/authenticator")
    expect(page.locator(".qr-frame svg")).to_be_visible()
    secret = (page.locator("[data-totp-secret]").text_content() or "").replace(" ", "")
    app = pyotp.TOTP(secret)
    page.get_by_label("Code", exact=True).fill(app.now())
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    codes = page.locator(".codes code").all_text_contents()
    assert len(codes) == 10
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("#authenticator")).to_contain_text("10 recovery codes left")
    return app, codes


def test_sign_up_confirm_second_factor_and_recovery_code(
    person: Callable[[str], Page], stranger: Callable[[], Page], postbox: Postbox, noises: list[str],
    served: Served,
) -> None:  # fmt: skip
    asha = person("asha")
    asha.goto("/settings/security")
    expect(asha.locator("#email")).to_contain_text("not confirmed")
    link = newest_link(postbox, "asha@example.org", "/confirm")
    asha.goto(link)
    asha.get_by_role("button", name="Yes, that is me").click()
    expect(asha.get_by_text("Confirmed.")).to_be_visible()
    asha.goto("/settings/security")
    expect(asha.locator("#email .badge")).to_have_text("confirmed")
    app, codes = set_up_authenticator(asha)

    there = stranger()
    sign_in(there)
    there.wait_for_url("**/sign-in/code*")
    there.get_by_label("Code", exact=True).fill("000000")
    there.get_by_role("button", name="Continue").click()
    expect(there.get_by_text("Wrong code.")).to_be_visible()
    noises.clear()  # the browser complains about every 401
    there.get_by_label("Code", exact=True).fill(app.at(int(time.time()) + 30))
    there.get_by_role("button", name="Continue").click()
    there.wait_for_url("**/dashboard")

    lost = stranger()
    sign_in(lost)
    lost.get_by_label("Code", exact=True).fill(codes[3])
    lost.get_by_role("button", name="Continue").click()
    lost.wait_for_url("**/dashboard")
    lost.goto("/settings/security")
    expect(lost.locator("#authenticator")).to_contain_text("9 recovery codes left")
    asha.goto("/notices")
    expect(asha.get_by_text("A new device signed in to your account").first).to_be_visible()
    log = served.log.read_text()
    secrets = [PASSWORD, app.secret, *codes, link.partition("token=")[2]]
    assert not [secret for secret in secrets if secret in log]
    for context in (asha, there, lost):
        kept = {cookie["name"]: cookie.get("value", "") for cookie in context.context.cookies()}
        assert not [name for name, value in kept.items() if value and value in log]


def test_somebody_new_comes_in_by_the_link_in_her_mail(
    person: Callable[[str], Page], stranger: Callable[[], Page], postbox: Postbox, noises: list[str],
    served: Served,
) -> None:  # fmt: skip
    """Bela learns nothing of who is here, signs up by the link, turns on a second factor and comes back by a
    recovery code."""
    person("asha")

    def ask(name: str, email: str) -> Page:
        page = stranger()
        page.goto("/sign-up")
        expect(page.get_by_label("Password")).to_have_count(0)
        page.get_by_label("Your name").fill(name)
        page.get_by_label("E-mail").fill(email)
        page.get_by_role("button", name="Send me the link").click()
        expect(page.get_by_text("Look into your mailbox.")).to_be_visible()
        return page

    words = ask("Asha", "asha@example.org").locator("main").inner_text()
    bela = ask("Bela", "bela@example.org")
    assert bela.locator("main").inner_text() == words.replace("asha@", "bela@")
    link = newest_link(postbox, "bela@example.org", "/sign-up/confirm")
    bela.goto(link)
    expect(bela.get_by_text("bela@example.org")).to_be_visible()
    bela.get_by_label("Password").fill("bela1234567")
    bela.get_by_role("button", name="Create the account").click()
    expect(bela.get_by_text("guessed first")).to_be_visible()
    noises.clear()  # the browser complains about every 422
    bela.get_by_label("Password").fill(PASSWORD)
    bela.get_by_role("button", name="Create the account").click()
    bela.wait_for_url("**/dashboard")
    bela.goto("/settings/security")
    expect(bela.locator("#email .badge")).to_have_text("confirmed")
    app, codes = set_up_authenticator(bela)

    lost = stranger()
    sign_in(lost, "bela@example.org")
    lost.get_by_label("Code", exact=True).fill(codes[7])
    lost.get_by_role("button", name="Continue").click()
    lost.wait_for_url("**/dashboard")
    lost.goto(link)
    expect(lost.get_by_text("This link opens nothing.")).to_be_visible()
    assert "You have an account already" in postbox.words_to("asha@example.org")
    log = served.log.read_text()
    secrets = [PASSWORD, app.secret, *codes, link.partition("token=")[2]]
    assert not [secret for secret in secrets if secret in log]


def test_a_passkey_is_added_and_opens_the_door_by_itself(
    person: Callable[[str], Page], noises: list[str]
) -> None:
    asha = person("asha")
    device = asha.context.new_cdp_session(asha)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    prove(asha)
    asha.get_by_label("Name of the new one").fill("Laptop")
    asha.get_by_role("button", name="Add a passkey").click()
    expect(asha.locator("#passkeys .list")).to_contain_text("Laptop")
    asha.goto("about:blank")  # an open page would notice, and lead to the door by itself
    asha.request.post("/sign-out")
    asha.goto("/sign-in?next=/settings/security")
    asha.get_by_role("button", name="Sign in with a passkey").click()
    asha.wait_for_url("**/settings/security")
    expect(asha.locator("#passkeys .list")).not_to_contain_text("never used")

    asha.get_by_role("link", name="proved yourself once more").click()
    asha.get_by_role("button", name="Use a passkey").click()
    asha.wait_for_url("**/settings/security")
    asha.locator("#passkeys").get_by_role("button", name="Forget").click()
    asha.get_by_role("dialog").get_by_role("button", name="Forget").click()
    expect(asha.locator("#passkeys .list")).to_have_count(0)
    asha.goto("about:blank")  # an open page would notice, and lead to the door by itself
    asha.request.post("/sign-out")
    asha.goto("/sign-in")
    asha.get_by_role("button", name="Sign in with a passkey").click()
    expect(asha.locator("[data-passkey-told]")).to_contain_text("was not accepted")
    assert asha.request.get("/api/v1/session").status == 401
    noises.clear()


def test_a_forgotten_password_is_set_anew_by_mail(
    person: Callable[[str], Page], stranger: Callable[[], Page], postbox: Postbox, noises: list[str]
) -> None:
    asha = person("asha")
    asha.goto(newest_link(postbox, "asha@example.org", "/confirm"))
    asha.get_by_role("button", name="Yes, that is me").click()
    page = stranger()
    page.goto("/sign-in")
    page.get_by_role("link", name="Forgotten the password?").click()
    page.get_by_label("E-mail").fill("asha@example.org")
    page.get_by_role("button", name="Ask for a link").click()
    expect(page.get_by_text("Look into your mailbox.")).to_be_visible()
    link = newest_link(postbox, "asha@example.org", "/reset")
    page.goto(link)
    page.get_by_label("New password").fill("password1234")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_text("guessed first")).to_be_visible()
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_text("It is set.")).to_be_visible()
    noises.clear()
    sign_in(page, password=NEW_PASSWORD)
    page.wait_for_url("**/dashboard")
    assert asha.request.get("/api/v1/session").status == 401
    page.goto(link)
    expect(page.get_by_text("This link opens nothing.")).to_be_visible()
