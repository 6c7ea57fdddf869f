"""An admin opens what the log withholds, one entry at a time; its person is told each time and sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.web.houses import PASSWORD, join, opened, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.core.people import Role, Scope, Viewer
from tunefolio.core.time import FixedClock, Instant
from tunefolio.services import tokens
from tunefolio.services.house import House

pytestmark = [pytest.mark.one_is_enough, pytest.mark.usefixtures("built_assets")]
HTML = {"accept": "text/html"}
V1 = "/api/v1"
READ = "admin.read_entry"


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    adapters.load()
    with opened(sqlite_url) as made:
        yield made


@pytest.fixture
def asha(house: House) -> TestClient:
    """The first, so admin; she has just proved herself."""
    client = join(visitor(house), "asha@example.org", "Asha")
    assert client.post(f"{V1}/proof", json={"password": PASSWORD}).is_success
    return client


@pytest.fixture
def bela(house: House, asha: TestClient) -> TestClient:
    """She has renamed a shelf."""
    client = join(visitor(house), "bela@example.org", "Bela")
    shelf = client.post(f"{V1}/portfolios", json={"name": "Secret shelf"}).json()["id"]
    assert client.patch(f"{V1}/portfolios/{shelf}", json={"name": "Core"}).is_success
    return client


def rows(client: TestClient, path: str = "/activity", **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"{V1}{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def renamed(admin: TestClient) -> int:
    """The number of the entry that she renamed it; only that is told of it."""
    (one,) = rows(admin, "/admin/audit", action="portfolio.renamed")
    assert one["withheld"] is True
    assert one["details"] == {}
    return int(one["id"])


def test_a_program_opens_an_entry_and_its_person_sees_that(asha: TestClient, bela: TestClient) -> None:
    entry = renamed(asha)
    before = {one["id"]: one for one in rows(bela)}
    told = asha.post(f"{V1}/admin/audit/{entry}/open")
    assert told.status_code == 200, told.text
    assert told.json()["details"] == {"before": "Secret shelf", "after": "Core"}
    (fresh,) = [one for one in rows(bela) if one["id"] not in before]
    assert (fresh["action"], fresh["subject"], fresh["actor_id"], fresh["person_id"], fresh["address"]) == (
        READ, f"audit:{entry}", 1, 2, None,
    )  # fmt: skip
    assert fresh["details"]["name"] == "Renamed portfolio"
    assert Instant.parse(fresh["details"]["of"]) == Instant.parse(before[entry]["at"])
    assert renamed(asha) == entry, "the list goes on withholding it"


def test_she_reads_who_read_what_and_is_led_to_the_entry(asha: TestClient, bela: TestClient) -> None:
    entry = renamed(asha)
    assert asha.post(f"{V1}/admin/audit/{entry}/open").is_success
    text = bela.get("/activity", headers=HTML).text
    place = rf"/activity\?before={entry + 1}#entry-{entry}"
    found = re.search(rf'An admin read what this was about: <a class="wrap" href="({place})">', text)
    assert found, text
    assert "by <b>Asha, an admin</b>, about you" in text
    there = bela.get(found[1], headers=HTML).text
    first = there.index('<article class="deed')
    assert there.index(f'id="entry-{entry}"') < there.index("</article>", first)
    assert 'href="/activity">Newest entries' in there


def test_each_opening_is_noted_and_told_anew(house: House, asha: TestClient, bela: TestClient) -> None:
    entry = renamed(asha)
    for _ in range(2):
        assert asha.post(f"{V1}/admin/audit/{entry}/open").is_success
    assert [one["action"] for one in rows(bela, group="admin")] == [READ, READ]
    notices = [one for one in rows(bela, "/notices") if one["kind"] == "admin_read"]
    assert len(notices) == 2
    assert all(one["link"] == "/activity" and "Renamed portfolio" in one["text"] for one in notices)
    assert "Secret shelf" not in str(notices), "what it says may not travel by mail"
    assert [one for one in rows(asha, "/notices") if one["kind"] == "admin_read"] == []


def test_her_channels_carry_the_news_as_she_has_ticked(
    house: House, asha: TestClient, bela: TestClient
) -> None:
    hook = {"kind": "webhook", "target": "https://bela.example.org/hook", "secret": "a secret that signs it"}
    channel = bela.post(f"{V1}/channels", json=hook).json()["id"]
    work(house)
    assert (
        "An admin reads what a deed of yours was about"
        in bela.get("/settings/notifications", headers=HTML).text
    )
    entry = renamed(asha)
    assert asha.post(f"{V1}/admin/audit/{entry}/open").is_success
    assert bela.put(f"{V1}/channels/{channel}/muted", json={"muted": ["admin_read"]}).is_success
    assert asha.post(f"{V1}/admin/audit/{entry}/open").is_success
    second, first = [one for one in rows(bela, "/notices") if one["kind"] == "admin_read"]
    assert len(first["deliveries"]) == 1
    assert second["deliveries"] == []


def test_the_page_shows_what_was_and_what_is_and_says_that_it_is_known(
    asha: TestClient, bela: TestClient
) -> None:
    entry = renamed(asha)
    listed = asha.get("/admin/audit?action=portfolio.", headers=HTML).text
    assert f'action="/admin/audit/{entry}/open"' in listed
    assert "Secret shelf" not in listed
    came = {"referer": "https://testserver/admin/audit?action=portfolio."}
    shown = asha.post(f"/admin/audit/{entry}/open", headers={**HTML, **came})
    assert shown.status_code == 200
    assert "<del>Secret shelf</del> → <ins>Core</ins>" in shown.text
    assert "stands in the activity of Bela, who is told" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert 'href="/admin/audit?action=portfolio."' in shown.text, (
        "and leads back to the list as it was filtered"
    )
    assert "/open" not in re.findall(r'action="([^"]*)"', shown.text)
    assert [one["action"] for one in rows(bela)][:1] == [READ]


def test_an_old_proof_is_renewed_first_and_nothing_is_told_before(
    house: House, asha: TestClient, bela: TestClient
) -> None:
    entry = renamed(asha)
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(minutes=16))
    sent = {**HTML, "referer": "https://testserver/admin/audit?action=portfolio."}
    led = asha.post(f"/admin/audit/{entry}/open", headers=sent)
    assert (led.status_code, led.headers["location"]) == (
        303, "/admin/unlock?next=%2Fadmin%2Faudit%3Faction%3Dportfolio.",
    )  # fmt: skip
    refused = asha.post(f"{V1}/admin/audit/{entry}/open")
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#proof-needed")
    assert READ not in [one["action"] for one in rows(bela)]


def test_ones_own_needs_no_opening_and_what_is_not_there_is_not_found(
    asha: TestClient, bela: TestClient
) -> None:
    assert asha.post(f"{V1}/portfolios", json={"name": "My own"}).is_success
    (mine, *_) = rows(asha, "/admin/audit", action="portfolio.made")
    assert (mine["withheld"], mine["details"]) == (False, {"name": "My own"})
    assert asha.put(f"{V1}/admin/persons/2/role", json={"role": "reader"}).is_success
    (open_to_all,) = rows(asha, "/admin/audit", action="person.role_changed")
    for told in (mine["id"], open_to_all["id"]):
        answer = asha.post(f"{V1}/admin/audit/{told}/open")
        assert answer.status_code == 422, answer.text
    for nobodys in (mine["id"] + 1_000, 2**63 - 1):
        assert asha.post(f"{V1}/admin/audit/{nobodys}/open").status_code == 404
    assert READ not in [one["action"] for one in rows(asha, "/admin/audit")]


def test_nobody_but_an_admin_opens_and_a_token_needs_her_scope(
    house: House, asha: TestClient, bela: TestClient
) -> None:
    entry = renamed(asha)
    stranger = visitor(house)
    for path in (f"{V1}/admin/audit/{entry}/open", f"/admin/audit/{entry}/open"):
        assert bela.post(path).status_code == 403, "not even her own: she reads it in her activity"
        assert stranger.post(path).status_code == 401
    me = Viewer(asha.get(f"{V1}/session").json()["person"]["id"], Role.ADMIN)
    with house.database.writing() as db:
        made = {
            scope: tokens.make(db, house, me, scope, [scope], days=1).secret.reveal()
            for scope in (Scope.READ, Scope.ADMIN)
        }
    program = visitor(house)
    for scope, status in ((Scope.READ, 403), (Scope.ADMIN, 200)):
        program.headers["authorization"] = f"Bearer {made[scope]}"
        assert program.post(f"{V1}/admin/audit/{entry}/open").status_code == status
    agent = program.headers["user-agent"]
    assert [one["device"] for one in rows(asha, "/admin/audit", action=READ)] == [f"token 'admin': {agent}"]
