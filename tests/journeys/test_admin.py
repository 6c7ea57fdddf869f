"""An admin runs the house: people, brokers, instruments, doubted bars, jobs; each deed is proved, refused
with its reason, or stands in the log. And what one person shares with another, both hear of.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.engine.deployment import until
from tests.journeys.conftest import PASSWORD, Served
from tests.journeys.markets import House, today
from tests.journeys.markets import house as house
from tests.journeys.test_connect import connect
from tunefolio.core.time import TradingDay
from tunefolio.market.calendars import Calendars
from tunefolio.sandbox.people import ASHA

pytestmark = [pytest.mark.journey, pytest.mark.one_is_enough]
PAGES = ("", "/users", "/portfolios", "/accounts", "/brokers", "/jobs", "/instruments", "/audit", "/unlock")


@pytest.fixture
def served(house: House) -> Served:
    """The house of this file, whose sandbox goes with the machine's clock: its bars end yesterday."""
    return house.served


def recent_session() -> TradingDay:
    """A session of about two weeks ago, as the calendar has it."""
    calendar = Calendars().of("NSE")
    day = min(today().plus_days(-12), calendar.known_until)
    while not calendar.is_session(day):
        day = day.plus_days(-1)
    return day


def unlocked(page: Page, noises: list[str]) -> None:
    """A change asks for the password: a wrong one is refused, the right one leads back."""
    page.goto("/admin/users")
    expect(page.get_by_text("To look is free")).to_be_visible()
    role = page.get_by_label("Role of Bela")
    role.select_option("reader")
    told = page.locator("#notices")
    expect(told).to_contain_text("Prove yourself once more")
    expect(role).to_have_value("member")
    told.get_by_role("link").first.click()
    for password, answer in (("not mine at all", "That is not your password"), (PASSWORD, "You may change")):
        page.get_by_label("Your password").fill(password)
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("main")).to_contain_text(answer)
    page.wait_for_url("**/admin/users")
    noises.clear()  # the browser notes what was refused


def roles(page: Page, bela: Page, noises: list[str]) -> None:
    """The last admin keeps her role; another's is changed, and its owner feels it at once."""
    mine, hers = page.get_by_label("Role of Asha"), page.get_by_label("Role of Bela")
    mine.select_option("member")
    expect(page.locator("#notices")).to_contain_text("this is the last admin")
    expect(page.locator("#notices")).to_contain_text("Make somebody else admin first")
    expect(mine).to_have_value("admin")
    for role, may_offer in (("reader", 0), ("member", 1)):
        with page.expect_response("**/role"):
            hers.select_option(role)
        expect(hers).to_have_value(role)
        bela.goto("/family")
        expect(bela.get_by_role("heading", name="Let someone see yours")).to_have_count(may_offer)
    noises.clear()


def stopped_and_back(page: Page, bela: Page, noises: list[str]) -> None:
    """A broker is stopped, for a reason that stands on the open page of who is linked there; and put back."""
    bela.goto("/brokers")
    expect(bela.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    page.goto("/admin/brokers")
    panel = page.locator("section", has=page.get_by_role("heading", name="Zerodha"))

    def serve(standing: str, reason: str) -> None:
        panel.get_by_label("Service").select_option(standing)
        panel.get_by_label("Reason").fill(reason)
        panel.get_by_role("button", name="Save").click()

    serve("stopped", "")
    expect(page.locator("#notices")).to_contain_text("must have 3 to 200 characters")
    noises.clear()
    serve("stopped", "Its terms change")
    expect(panel.locator(".badge")).to_have_text("stopped")
    card = bela.locator("article", has_text="Zerodha TF0001")
    expect(card).to_contain_text("Zerodha is stopped. “Its terms change”, since")
    expect(card).to_contain_text("Ask Asha, an admin of this house.")
    expect(card.get_by_role("link")).to_have_count(0)
    expect(card.get_by_role("button", name="Sync now")).to_have_count(0)
    expect(card.get_by_role("button", name="Disconnect")).to_be_visible()
    serve("open", "")
    expect(panel.locator(".badge")).to_have_text("full service")
    expect(card.get_by_role("button", name="Sync now")).to_be_visible()


def corrected(page: Page, bela: Page) -> None:
    """Name and sector of an instrument, for everyone."""
    page.goto("/admin/instruments")
    page.locator("main").get_by_label("Symbol, name or ISIN").fill("tatasteel")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Correct TATASTEEL").first.click()
    page.get_by_label("Name", exact=True).fill("Tata Steel of Jamshedpur")
    page.get_by_label("Sector").fill("Iron and Steel")
    page.get_by_label("Why").fill("As the register says")
    page.get_by_role("button", name="Correct it").click()
    expect(page.get_by_text("by an admin of this house")).to_be_visible()
    bela.goto("/dashboard")
    row = bela.locator("#holdings-table tbody tr", has_text="TATASTEEL").first
    expect(row).to_contain_text("Tata Steel of Jamshedpur")
    expect(bela.locator("#legend")).to_contain_text("Iron and Steel")


def released(page: Page) -> None:
    """Bars of a day that an admin has closed are doubted; she lets those of one instrument in after all."""
    page.goto("/data-health")
    doubted = page.locator("section", has=page.get_by_role("heading", name="Doubted bars"))
    row = doubted.get_by_role("row", name=re.compile("^ITC"))
    expect(row).to_contain_text("no session on that day")
    row.get_by_role("button", name="Accept").click()
    page.locator("dialog.ask").get_by_role("button", name="Accept").click()
    expect(row).to_have_count(0)
    page.locator("summary", has_text="Last decisions").click()
    expect(page.locator("ul.plain li", has_text="ITC")).to_contain_text("accepted")


def failed(page: Page, kind: str) -> Locator:
    page.goto(f"/admin/jobs?kind={kind}&state=failed")
    return page.locator("tr.line").first


def asked_again(page: Page, bela: Page, house: House) -> None:
    """A sync that failed is seen with its reason, and asked again once its cause is gone."""
    house.sandbox.kite_faults.plan("dead_token")
    bela.goto("/brokers")
    bela.locator("article", has_text="TF0001").get_by_role("button", name="Sync now").click()
    expect(bela.get_by_text("Needs login")).to_be_visible()
    row = failed(page, "sync")
    expect(row).to_contain_text("Zerodha has ended the session")
    expect(row).to_contain_text("Bela")
    bela.goto("/auth/zerodha/login")
    again_at_the_broker(bela)
    with page.expect_response("**/retry"):
        row.get_by_role("button", name="Ask again").click()
    retried = page.request.get("/api/v1/admin/audit?action=job.retried").json()["data"][0]
    made = retried["details"]["again"]

    def is_done() -> bool:
        jobs = page.request.get("/api/v1/admin/jobs?kind=sync").json()["data"]
        return any(job["id"] == made and job["state"] == "done" for job in jobs)

    until(is_done)
    expect(failed(page, "sync")).to_contain_text("failed")  # the old row stays as history


def again_at_the_broker(page: Page) -> None:
    page.get_by_label("User ID").fill(ASHA.user_id)
    page.get_by_label("Password").fill(ASHA.password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("PIN or TOTP").fill(ASHA.pin)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/dashboard*")


def in_the_log(page: Page, bela: Page) -> None:
    """What each deed made of what was; and of what concerns Bela, she reads it too."""
    page.goto("/admin/audit")
    deeds = page.locator("article.deed")
    for words in (
        ("Corrected instrument", "Iron and Steel"), ("Changed the standing of broker", "open → stopped"),
        ("Changed the role", "member → reader"), ("Asked again for job", "sync"),
        ("A proof was refused", ""), ("Settled doubted prices", "doubted → accepted"),
        ("Changed the calendar of", "as packaged → closed"),
    ):  # fmt: skip
        expect(deeds.filter(has_text=words[0]).filter(has_text=words[1]).first).to_be_visible()
    page.get_by_label("Deed").select_option("person.")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator("article.deed", has_text="member → reader")).to_have_count(1)
    expect(page.locator("article.deed", has_text="Changed the standing of broker")).to_have_count(0)
    bela.goto("/activity")
    expect(bela.locator("article.deed", has_text="member → reader")).to_have_count(1)
    expect(bela.locator("article.deed", has_text="open → stopped")).to_have_count(0)


def closed_to_others(page: Page, noises: list[str]) -> None:
    """A member finds no way in, by the menu or by an address."""
    page.goto("/dashboard")
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    for path in PAGES:
        assert page.request.get(f"/admin{path}").status == 403, path
    assert page.request.post("/admin/users/1/disable").status == 403
    assert page.request.get("/api/v1/admin/audit").status == 403
    page.goto("/admin/users")
    expect(page.get_by_text("asha@example.org")).to_have_count(0)
    noises.clear()


def refusals_say_what_to_do(page: Page) -> None:
    """What has books is not deleted, what others hold is not shown; the answer says what to do instead."""
    for method, path, cure in (
        ("DELETE", "accounts/1", "Ask its owner to delete it"), ("DELETE", "portfolios/1", "Ask its owner"),
        ("DELETE", "users/2", "Disable her"), ("GET", "accounts/1/holdings", "Ask the owner for a grant"),
    ):  # fmt: skip
        refused = page.request.fetch(f"/api/v1/admin/{path}", method=method)
        assert refused.status == 403
        assert refused.json()["cure"].startswith(cure), path
    page.goto("/admin/accounts")
    expect(page.get_by_text("What others hold is theirs, also for an admin.")).to_be_visible()


def fits(page: Page) -> None:
    """No page of admins is wider than a phone or a desk."""
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (*(f"/admin{one}" for one in PAGES), "/family", "/activity", "/brokers", "/dashboard"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_an_admin_runs_the_house(person: Callable[[str], Page], house: House, noises: list[str]) -> None:
    asha, bela = person("asha"), person("bela")
    unlocked(asha, noises)
    roles(asha, bela, noises)
    day = recent_session().iso()
    word: dict[str, str | float | bool] = {
        "exchange": "NSE",
        "day": day,
        "kind": "closed",
        "note": "By circular",
    }
    assert asha.request.post("/calendar/overrides", form=word).ok
    bela.goto("/dashboard")
    connect(bela)
    closed_to_others(bela, noises)
    stopped_and_back(asha, bela, noises)
    corrected(asha, bela)
    released(asha)
    asked_again(asha, bela, house)
    in_the_log(asha, bela)
    refusals_say_what_to_do(asha)
    fits(asha)


def test_what_is_shared_is_told_and_leads_to_the_family(
    person: Callable[[str], Page], house: House, noises: list[str]
) -> None:
    chitra, dev = person("chitra"), person("dev")
    expect(dev.locator("[data-live-state]").first).to_have_attribute("data-state", "live")
    chitra.goto("/family")
    chitra.get_by_label("Her e-mail in this house").fill("dev@example.org")
    chitra.get_by_label("Amounts").select_option("shown")
    chitra.get_by_role("button", name="Offer it").click()
    expect(dev.locator(".nav-foot .bell .count")).to_have_text("1")
    dev.goto("/notices")
    dev.get_by_role("button", name="Chitra offers to share with you").click()
    dev.wait_for_url("**/family")
    dev.get_by_role("button", name="Accept").click()
    expect(chitra.locator(".nav-foot .bell .count")).to_have_text("1")
    dev.goto("/dashboard")
    dev.get_by_label("Whose books").get_by_role("link", name="Family").click()
    expect(dev.get_by_role("link", name="Chitra")).to_be_visible()
    chitra.get_by_role("button", name="Take back").click()
    chitra.locator("dialog.ask").get_by_role("button", name="Take back").click()
    expect(dev.get_by_role("link", name="Chitra")).to_have_count(0)
    dev.goto("/notices")
    expect(dev.locator(".told").first).to_contain_text("Chitra no longer shares with you")
    chitra.goto("/dashboard")
    expect(chitra.get_by_label("Whose books")).to_have_count(0)
