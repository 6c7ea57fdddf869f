"""Five accounts at three brokers, a fund statement and a tradebook: everything the exchange lets happen is
explained where it shows, mended by what the page proposes, and in the end nothing differs.

All of it happens at the simulated exchange, by its control panel; the test records no fact by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests.journeys.conftest import Served, listen, running
from tests.journeys.test_imports import choose_statement, record
from tests.ports import free_port
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import packaged

pytestmark = pytest.mark.journey
CODED = {
    "angelone": ("client_code", "api_key", "rehearsal"),
    "kotakneo": ("ucc", "consumer_key", "rehearsal-neo-application"),
}


@dataclass(frozen=True)
class Exchange:
    """The control panel: who has accounts, what time it is, and what happens next."""

    client: httpx2.Client

    def account(self, user: str) -> dict[str, str]:
        people = orjson.loads(self.client.get("/control/accounts").content)
        return next(one for one in people if one["user"] == user)

    def happen(self, kind: str, **words: Any) -> dict[str, Any]:
        answer = self.client.post("/control/events", json={"kind": kind, **words})
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = orjson.loads(answer.content)
        return told

    def forward(self, days: int) -> str:
        """The day it is then."""
        self.client.post("/control/clock", json={"days": days})
        return self.today()

    def today(self) -> str:
        return str(orjson.loads(self.client.get("/control/clock").content)["session"])

    def tradebook(self, broker: str, user: str) -> bytes:
        return bytes(self.client.get(f"/control/accounts/{broker}/{user}/tradebook.csv").content)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    port, folder = free_port(), tmp_path_factory.mktemp("five")
    environ = {"TUNEFOLIO_HOME": str(folder / "home"), "TUNEFOLIO_PORT": str(port)}
    with running(["demo", "--json"], environ, port, folder / "log") as house:
        yield house


@pytest.fixture
def told(rehearsal: Served) -> dict[str, str]:
    log = rehearsal.log.read_text()
    found: dict[str, str] = json.JSONDecoder().raw_decode(log[log.index("{") :])[0]
    return found


@pytest.fixture
def exchange(told: dict[str, str]) -> Iterator[Exchange]:
    with httpx2.Client(base_url=told["control"].removesuffix("/control"), timeout=30) as client:
        yield Exchange(client)


@pytest.fixture
def investor(browser: Browser, rehearsal: Served, told: dict[str, str], noises: list[str]) -> Iterator[Page]:
    context = browser.new_context(base_url=rehearsal.url, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    listen(page, rehearsal.url, noises)
    page.goto("/")
    page.get_by_label("E-mail").fill(told["email"])
    page.get_by_label("Password").fill(told["password"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/dashboard")
    yield page
    context.close()
    assert noises == []


def on_zerodhas_page(page: Page, who: dict[str, str]) -> None:
    """The login at the broker's own page, from its beginning to the way back."""
    page.goto("/auth/zerodha/login")
    page.get_by_label("User ID").fill(who["user"])
    page.get_by_label("Password").fill(who["password"])
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("PIN or TOTP").fill(who["pin"])
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard*")


def by_form(page: Page, who: dict[str, str], *, automatic: bool) -> None:
    """The login by a broker's own fields: with the secret that makes codes, or with the code of now."""
    user, key, words = CODED[who["broker"]]
    page.goto(f"/brokers/{who['broker']}/login")
    page.locator(f"[name={key}]").fill(words)
    page.locator(f"[name={user}]").fill(who["user"])
    page.locator("[name=pin], [name=mpin]").fill(who["pin"])
    if who["broker"] == "kotakneo":
        page.locator("[name=mobile]").fill(who["mobile"])
    if automatic:
        page.locator("[name=totp_secret]").fill(who["totp_secret"])
        page.get_by_label("The house logs in by itself").check()
    else:
        page.locator("[name=totp]").fill(who["totp_code"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/brokers")


def test_a_refused_login_keeps_its_form_and_its_address(
    investor: Page, exchange: Exchange, noises: list[str]
) -> None:
    """Whoever reloads, or goes back, finds the form; the notice names the broker and the field's label."""
    page, who = investor, exchange.account("TFA002")
    page.goto("/brokers/angelone/login")
    notices = page.locator("#notices")
    for name, words in (("api_key", "rehearsal"), ("client_code", who["user"]), ("pin", who["pin"])):
        page.locator(f"[name={name}]").fill(words)
    page.locator("[name=totp]").fill("12")
    page.get_by_role("button", name="Log in").click()
    expect(notices).to_contain_text("Code cannot be what was typed. The six digits")
    expect(page.locator("[name=totp]")).to_have_attribute("aria-invalid", "true")
    page.locator("[name=totp]").fill("000000")
    page.get_by_role("button", name="Log in").click()
    expect(notices).to_contain_text("Angel One refused the login")
    expect(notices).not_to_contain_text("e-mail")
    expect(notices.locator("[data-problem]")).to_have_count(1)  # the former one gave way
    expect(page.locator("[name=totp]")).to_be_visible()
    assert urlsplit(page.url).path == "/brokers/angelone/login"
    page.reload()
    expect(page.locator("[name=totp]")).to_be_visible()
    noises[:] = [noise for noise in noises if "422" not in noise]


def card(page: Page, user: str) -> Locator:
    return page.locator("article", has_text=user)


def all_synced(page: Page, *users: str) -> None:
    """Every card says that it is connected, none that it is being asked."""
    page.goto("/brokers")
    for user in users:
        expect(card(page, user).get_by_text("Connected", exact=True).first).to_be_visible()
        expect(card(page, user).get_by_text("not yet")).to_have_count(0)


def sync(page: Page, *users: str) -> None:
    page.goto("/brokers")
    for user in users:
        card(page, user).get_by_role("button", name="Sync now").click()
        expect(card(page, user).get_by_text("Connected", exact=True).first).to_be_visible()
    page.wait_for_timeout(500)
    all_synced(page, *users)


def press_if_there(button: Locator) -> None:
    """Its live prices may have noticed already, even while it is being pressed: then it is gone for good."""
    try:
        if button.count():
            button.click(timeout=5_000)
    except TooLate:
        expect(button).to_have_count(0)


def history(page: Page, name: str, file: bytes) -> None:
    """A tradebook into an account, as a person does it."""
    page.goto("/imports")
    page.get_by_label("Into account").select_option(label=name)
    page.locator("input[type=file]").set_input_files(
        {"name": "tradebook.csv", "mimeType": "text/csv", "buffer": file}
    )
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="Check before recording")).to_be_visible()
    page.get_by_role("button", name=re.compile(r"Record \d+ transaction")).click()
    expect(page.get_by_role("heading", name="Past imports")).to_be_visible()


def difference(page: Page, symbol: str, account: str) -> Locator:
    page.goto("/breaks")
    return page.locator(
        "article.deed-card", has=page.get_by_role("heading", name=re.compile(f"^{symbol} .*{account}"))
    )


def test_five_accounts_are_trusted_every_morning(
    investor: Page, exchange: Exchange, rehearsal: Served
) -> None:
    page = investor
    people = {user: exchange.account(user) for user in ("TF0001", "TF0002", "TFA001", "TFA002", "TFK01")}

    # Five accounts, three ways to log in; nothing differs, since all of them are new here.
    on_zerodhas_page(page, people["TF0001"])
    on_zerodhas_page(page, people["TF0002"])
    by_form(page, people["TFA001"], automatic=True)
    by_form(page, people["TFA002"], automatic=True)
    by_form(page, exchange.account("TFK01"), automatic=False)
    all_synced(page, *people)
    page.goto("/breaks")
    expect(page.get_by_role("heading", name="Nothing differs")).to_be_visible()

    # Two of them bring their history, and a statement of funds comes in with its password.
    history(page, "Zerodha TF0002", exchange.tradebook("zerodha", "TF0002"))
    history(page, "Angel One TFA001", exchange.tradebook("angelone", "TFA001"))
    choose_statement(page, "AAAAA0000A", into="Mutual fund")
    expect(page.get_by_text("Every balance adds up.")).to_be_visible()
    record(page, "Record 2 transactions")

    # What happens at the exchange, and two days pass: every broker has logged everyone out.
    exchange.happen("trade", broker="angelone", user="TFA001", key="NSE:INFY", side="SELL", quantity=4)
    sync(page, "TFA001")
    page.goto("/breaks")
    expect(page.get_by_role("heading", name="Nothing differs")).to_be_visible()  # it is in the books
    exchange.happen(
        "missed_trade",
        broker="zerodha",
        user="TF0002",
        key="NSE:SUZLON",
        side="BUY",
        quantity=100,
        day="2026-11-18",
    )
    ex_day = str(date.fromisoformat(exchange.today()) + timedelta(days=2))
    exchange.happen("split", symbol="POLYCAB", ex_day=ex_day, new=2, old=1)
    exchange.happen("bonus", symbol="KOTAKBANK", ex_day=ex_day, new=1, held=1)
    exchange.forward(2)
    exchange.happen(
        "transfer", broker="zerodha", user="TF0002", to_broker="angelone", to_user="TFA001",
        key="NSE:RELIANCE", quantity=5,
    )  # fmt: skip
    for user in people:
        page.goto("/brokers")
        press_if_there(card(page, user).get_by_role("button", name="Sync now"))
    expect(page.get_by_text("Needs login")).to_have_count(3)
    on_zerodhas_page(page, people["TF0001"])
    on_zerodhas_page(page, people["TF0002"])
    again_by_code(page, exchange.account("TFK01"))
    sync(page, *people)

    # Each difference says why, and what would mend it.
    for symbol, account, cause in (
        ("SUZLON", "TF0002", "Missing trade"),
        ("POLYCAB", "TF0002", "Split not applied"),
        ("KOTAKBANK", "TFA001", re.compile("(Split|Bonus) not applied")),
        ("RELIANCE", "TF0002", "Transfer between accounts"),
        ("RELIANCE", "TFA001", "Transfer between accounts"),
    ):
        expect(difference(page, symbol, account)).to_contain_text(cause)
    told = page.locator("article.deed-card").all_inner_texts()
    assert len(told) == 5, told

    # The trade that no book of the day ever showed stands in the tradebook; the rest is one click each.
    history(page, "Zerodha TF0002", exchange.tradebook("zerodha", "TF0002"))
    expect(difference(page, "SUZLON", "TF0002")).to_have_count(0)
    mend(page, "POLYCAB", "TF0002", ex_day)
    mend(page, "KOTAKBANK", "TFA001", ex_day, "bonus")
    mend(page, "RELIANCE", "TF0002", ex_day)
    page.goto("/breaks")
    expect(page.get_by_role("heading", name="Nothing differs")).to_be_visible()
    sync(page, *people)
    page.goto("/breaks")
    expect(page.get_by_role("heading", name="Nothing differs")).to_be_visible()
    for user in people:
        expect(page.locator("section.panel", has_text=user)).to_contain_text(
            "agrees with its newest statement"
        )
    nothing_is_betrayed(rehearsal, people.values())


def nothing_is_betrayed(rehearsal: Served, people: Iterable[dict[str, str]]) -> None:
    """After all of it no credential stands in the log, nor in the clear in the database."""
    secrets = {one[name] for one in people for name in ("password", "totp_secret") if one[name]}
    secrets |= {"rehearsal-neo-application", "AAAAA0000A"}
    log = rehearsal.log.read_text()
    assert "services.sync" in log or "broker connected" in log, "it is the log of this run"
    assert not [secret for secret in secrets if secret in log]
    kept = b"".join(one.read_bytes() for one in rehearsal.log.parent.rglob("*.db*"))
    assert len(kept) > 1_000_000
    assert not [secret for secret in secrets if secret.encode() in kept]


def some_sessions_ago(today: str) -> str:
    """A day on which the exchange traded, and of which no book of today tells."""
    day = TradingDay(date.fromisoformat(today))
    for _ in range(3):
        day = packaged().previous(day)
    return day.iso()


def again_by_code(page: Page, who: dict[str, str]) -> None:
    """One click and the code of now: what else the login needs is kept."""
    page.goto("/brokers")
    card(page, who["user"]).get_by_role("link", name="Log in again").click()
    page.locator("[name=totp]").fill(who["totp_code"])
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/brokers")


def mend(page: Page, symbol: str, account: str, day: str, how: str = "") -> None:
    """Accept the first repair, or the one of that name; where it asks for the day, give it."""
    offered = difference(page, symbol, account).locator(".repair")
    chosen = offered.filter(has_text=re.compile(how, re.IGNORECASE)).first if how else offered.first
    if chosen.locator("[name=day]").count():
        chosen.locator("[name=day]").fill(day)
    with page.expect_response("**/breaks/repair"):
        chosen.get_by_role("button").click()
    expect(difference(page, symbol, account)).to_have_count(0)
