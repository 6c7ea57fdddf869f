"""Pages of the administration as they are read: brokers out of service, the log, filters, page after page."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.house.test_routes import BROWSER, HTMX
from tests.web.houses import connect_broker, join, visitor
from tests.web.test_admin import log, person
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.services import jobs
from tunefolio.services.house import House
from tunefolio.services.quotes import broker_lines

pytestmark = pytest.mark.usefixtures("built_assets")


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member beside the admin, with a linked broker and holdings."""
    client = join(visitor(small_house), "bela@example.org", "Bela")
    connect_broker(small_house, client)
    return client


def test_settings_show_ones_own_jobs_and_lead_an_admin_to_everyones(
    asha: TestClient, bela: TestClient
) -> None:
    theirs = bela.get("/settings/jobs", headers=BROWSER).text
    assert "<b>Sync</b>" in theirs
    assert "/admin/jobs" not in theirs
    hers = asha.get("/settings/jobs", headers=BROWSER).text
    assert "Nothing has run for you yet." in hers
    assert '<a href="/admin/jobs">Everyone’s jobs</a>' in hers
    assert "sync" in asha.get("/admin/jobs", headers=BROWSER).text


def stand(admin: TestClient, standing: str, reason: str = "") -> None:
    wish = {"standing": standing, "reason": reason}
    assert admin.put("/api/v1/admin/brokers/zerodha/standing", json=wish).status_code == 204


def test_people_at_a_stopped_broker_read_why_and_whom_to_ask(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    """No way to log in is offered that would fail; what is linked can still be unlinked."""
    newcomer = join(visitor(small_house), "dev@example.org", "Dev")
    assert 'href="/auth/zerodha/login"' in newcomer.get("/brokers", headers=BROWSER).text
    stand(asha, "stopped", "terms change")
    for client in (bela, newcomer):
        page = client.get("/brokers", headers=BROWSER).text
        assert "Zerodha is stopped." in page
        assert "“terms change”, since" in page
        assert "20 Nov 2026" in page
        assert "Ask Asha, an admin of this house." in page
        assert "/auth/zerodha/login" not in page
        assert "Sync now" not in page
        assert "/auth/zerodha/login" not in client.get("/dashboard", headers=BROWSER).text
        (line,) = client.get("/api/v1/brokers").json()["data"]
        assert line["out_of_service"] == {
            "standing": "stopped", "reason": "terms change", "since": "2026-11-20T10:30:00+05:30",
            "ask": "Asha, an admin of this house",
        }  # fmt: skip
    assert "/disconnect" in bela.get("/brokers", headers=BROWSER).text
    stand(asha, "open")
    (line,) = newcomer.get("/api/v1/brokers").json()["data"]
    assert line["out_of_service"] is None
    assert 'href="/auth/zerodha/login"' in newcomer.get("/brokers", headers=BROWSER).text


def test_a_login_begun_before_its_broker_was_stopped_opens_no_session(
    asha: TestClient, bela: TestClient
) -> None:
    begun = bela.get("/auth/zerodha/login").headers["location"]
    state = parse_qs(urlsplit(begun).query)["state"][0]
    stand(asha, "stopped", "terms change")
    back = bela.get(f"/auth/zerodha/callback?request_token=good&status=success&state={state}")
    assert back.status_code == 422
    assert "terms change" in back.text


def test_a_stopped_broker_is_asked_for_no_prices(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    def asked() -> list[str]:
        with small_house.database.reading() as db:
            return [one.quotes.name for one in broker_lines(db, small_house, Viewer(PersonId(person(bela))))]

    assert asked() == ["zerodha"]
    stand(asha, "stopped", "terms change")
    assert asked() == []


def test_a_broker_closed_to_newcomers_goes_on_for_who_is_linked(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    newcomer = join(visitor(small_house), "dev@example.org", "Dev")
    stand(asha, "no_new_links", "too many already")
    theirs, hers = (client.get("/brokers", headers=BROWSER).text for client in (newcomer, bela))
    for page in (theirs, hers):
        assert "Zerodha takes no new accounts." in page
        assert "too many already" in page
        assert "Connect another" not in page
    assert "/auth/zerodha/login" not in theirs
    assert "Log in again" in hers
    assert "Sync now" in hers
    told = log(asha, action="broker.standing")[0]["details"]
    assert told == {
        "before": "open", "after": "no_new_links", "reason_before": None, "reason_after": "too many already",
    }  # fmt: skip


def test_the_log_shows_what_a_deed_made_of_what_was(asha: TestClient, bela: TestClient) -> None:
    asha.put(f"/api/v1/admin/persons/{person(bela)}/role", json={"role": "reader"})
    stand(asha, "stopped", "terms change")
    for page in (asha.get("/admin/audit", headers=BROWSER).text, bela.get("/activity", headers=BROWSER).text):
        assert "<del>member</del> → <ins>reader</ins>" in page
    page = asha.get("/admin/audit?action=broker.standing", headers=BROWSER).text
    assert "<del>open</del> → <ins>stopped</ins>" in page
    assert '<span class="quiet">reason</span> <del>nothing</del> → <ins>terms change</ins>' in page


def test_filters_name_whom_they_show_and_keep_to_it(asha: TestClient, bela: TestClient) -> None:
    for path, name in (
        ("accounts", "owner"),
        ("portfolios", "owner"),
        ("jobs", "owner"),
        ("audit", "person"),
    ):
        page = asha.get(f"/admin/{path}?{name}={person(bela)}", headers=BROWSER).text
        assert "Of Bela" in page, path
        assert "Of nobody" in asha.get(f"/admin/{path}?{name}=4242", headers=BROWSER).text
    for wrong in (
        "accounts?state=elsewhere",
        "jobs?state=elsewhere",
        "jobs?kind=dance",
        "audit?action=dance",
    ):
        refused = asha.get(f"/admin/{wrong}", headers=BROWSER)
        assert refused.status_code == 422
        assert "Known: " in refused.text


def test_pages_of_admins_go_on_where_they_ended_with_their_filter(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    her = person(bela)
    with small_house.database.writing() as db:
        made = [
            jobs.ask(db, small_house, "sync", {"account": number}, owner=PersonId(her))
            for number in range(1000, 1050)
        ]
    seen: list[int] = []
    path = f"/admin/jobs?owner={her}&state=queued"
    while path:
        page = asha.get(path, headers=BROWSER).text
        seen += map(int, re.findall(r'<tr class="line"><td class="num">(\d+)</td>', page))
        found = re.search(r'href="(/admin/jobs\?[^"]*before=\d+)"', page)
        path = "" if found is None else found[1].replace("&amp;", "&")
        assert not path or f"owner={her}" in path
    assert seen == made[::-1]


def test_the_list_of_jobs_asks_again_by_itself_with_its_filter_and_place(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    her = person(bela)
    with small_house.database.writing() as db:
        job = jobs.ask(db, small_house, "sync", {"account": 1000}, owner=PersonId(her))
    path = f"/admin/jobs?kind=sync&owner={her}&before={job + 1}"
    page = asha.get(path + "&foreign=word", headers=BROWSER).text
    asks = re.search(r'hx-get="([^"]*)" hx-trigger="live-jobs from:body[^"]*every', page)
    assert asks is not None
    assert asks[1].replace("&amp;", "&") == path
    part = asha.get(path, headers={**HTMX, "hx-target": "div#jobs"}).text
    assert f'<td class="num">{job}</td>' in part
    assert '<form class="filters"' not in part, "what is being chosen stays as it is"
    assert "every 10s" not in part, "and nobody asks twice"


def test_a_deed_leads_back_to_the_list_as_it_was_filtered(asha: TestClient, bela: TestClient) -> None:
    deed = f"/admin/users/{person(bela)}/sign-out"

    def leads_to(came: str) -> str:
        answer = asha.post(deed, headers={**BROWSER, "referer": came})
        return str(answer.headers["location"])

    assert leads_to("https://testserver/admin/users?after=1") == "/admin/users?after=1"
    assert leads_to("https://testserver/admin/jobs?after=1") == "/admin/users"
    assert leads_to("https://testserver//evil.example/admin/users") == "/admin/users"
    assert leads_to("") == "/admin/users"
