"""The administration: behind the password, in the audit log, telling counts and never contents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient

from tests.house.test_routes import BROWSER, HTMX, needs_admin, ways
from tests.web.houses import CONFIG, PASSWORD, connect_broker, join, visitor, work
from tunefolio.cli.house import CONSOLE
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Caretaker, Role
from tunefolio.core.time import FixedClock
from tunefolio.services import identity, jobs
from tunefolio.services.admin import REFUSALS, Refused
from tunefolio.services.house import House
from tunefolio.store import jobs as rows
from tunefolio.web import deps
from tunefolio.web.app import create_app

pytestmark = pytest.mark.usefixtures("built_assets")
PAGES = (
    "/admin", "/admin/unlock", "/admin/users", "/admin/portfolios", "/admin/accounts", "/admin/brokers",
    "/admin/jobs", "/admin/instruments", "/admin/audit", "/activity",
)  # fmt: skip


def log(client: TestClient, path: str = "/api/v1/admin/audit", **query: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def actions(client: TestClient, path: str = "/api/v1/admin/audit", **query: Any) -> list[str]:
    return [row["action"] for row in log(client, path, **query)]


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member beside the admin, with a linked broker and holdings."""
    client = join(visitor(small_house), "bela@example.org", "Bela")
    connect_broker(small_house, client)
    return client


def person(client: TestClient) -> int:
    return int(client.get("/api/v1/session").json()["person"]["id"])


def later(house: House, minutes: int) -> None:
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(minutes=minutes))


@pytest.mark.parametrize("path", PAGES)
def test_every_page_stands_for_an_admin_and_is_closed_to_others(
    asha: TestClient, bela: TestClient, path: str
) -> None:
    for headers in (BROWSER, HTMX):
        assert asha.get(path, headers=headers).status_code == 200
    assert bela.get(path, headers=BROWSER).status_code == (200 if path == "/activity" else 403)


def test_pages_name_no_portfolio_or_account_and_no_holding_of_others(
    asha: TestClient, bela: TestClient
) -> None:
    bela.post("/api/v1/portfolios", json={"name": "Belas secret shelf"})
    answers = [asha.get(path, headers=BROWSER).text for path in PAGES if path != "/admin/instruments"]
    answers += [
        asha.get(f"/api/v1{path}").text for path in ("/admin/portfolios", "/admin/accounts", "/admin/users")
    ]
    for text in answers:
        for word in ("Belas secret shelf", "AB1234", "TATAPOWER", "268.15"):
            assert word not in text
    (account,) = [a for a in asha.get("/api/v1/admin/accounts").json()["data"] if a["broker"] == "zerodha"]
    assert account["owner_id"] == person(bela)
    assert account["state"] == "connected"
    assert account["facts"] == 3


def test_every_deed_of_an_admin_needs_a_proof_that_still_holds(small_house: House, asha: TestClient) -> None:
    """Whatever route has the admin's dependency: it is found by itself, and its deed is not done."""
    later(small_house, 16)
    asked = 0
    words = "person,invite,job,account,portfolio,instrument,grant,own instrument,name,broker,sector,day,entry"
    ids = dict.fromkeys(words.split(","), "1")
    for way in ways(create_app(small_house, CONFIG)):
        if not way.is_admins or way.method == "GET":
            continue
        asked += 1
        nothing: dict[str, str] = {}
        body, form = (None, nothing) if way.form else (nothing, None)
        answer = asha.request(way.method, way.to(ids), json=body, data=form)
        assert answer.status_code in (403, 422), (way, answer.status_code)
        if answer.status_code == 403:
            assert answer.json()["type"].endswith("#proof-needed"), (way, answer.text)
    assert asked > 30
    refused = asha.put("/api/v1/admin/persons/1/role", json={"role": "admin"})
    assert refused.json()["type"] == "/api/docs#proof-needed"
    assert asha.post("/api/v1/admin/unlock", json={"password": "not mine at all"}).status_code == 422
    assert asha.put("/api/v1/admin/persons/1/role", json={"role": "admin"}).status_code == 403
    assert asha.post("/api/v1/admin/unlock", json={"password": PASSWORD}).status_code == 200
    assert asha.put("/api/v1/admin/persons/1/role", json={"role": "admin"}).status_code == 204
    later(small_house, 15)
    assert asha.put("/api/v1/admin/persons/1/role", json={"role": "admin"}).status_code == 403
    assert actions(asha, action="admin.")[:2] == ["admin.unlocked", "admin.unlock_refused"]


def test_the_page_leads_to_the_password_and_back(small_house: House, asha: TestClient) -> None:
    later(small_house, 16)
    sent = {**BROWSER, "referer": "https://testserver/admin/jobs?state=failed"}
    refused = asha.post("/admin/jobs/1/retry", headers=sent)
    assert refused.status_code == 303
    assert refused.headers["location"] == "/admin/unlock?next=%2Fadmin%2Fjobs%3Fstate%3Dfailed"
    fragment = asha.post(
        "/admin/jobs/1/retry", headers={**HTMX, "hx-current-url": "https://testserver/admin/jobs"}
    )
    assert "/admin/unlock?next=%2Fadmin%2Fjobs" in fragment.text
    wrong = asha.post("/admin/unlock", data={"password": "wrong", "next": "/admin/jobs"}, headers=BROWSER)
    assert wrong.status_code == 422
    right = asha.post("/admin/unlock", data={"password": PASSWORD, "next": "/admin/jobs"}, headers=BROWSER)
    assert (right.status_code, right.headers["location"]) == (303, "/admin/jobs")
    away = asha.post("/admin/unlock", data={"password": PASSWORD, "next": "//evil.example"}, headers=BROWSER)
    assert away.headers["location"] == "/admin"


def test_one_browsers_proof_is_not_anothers(small_house: House, asha: TestClient) -> None:
    other = visitor(small_house)
    signed = other.post("/api/v1/session", json={"email": "asha@example.org", "password": PASSWORD})
    assert signed.status_code == 201
    assert other.get("/api/v1/admin/unlock").json()["unlocked_until"] is None
    assert other.put("/api/v1/admin/persons/1/role", json={"role": "admin"}).status_code == 403


def test_users_are_ruled_and_the_last_admin_stays(asha: TestClient, bela: TestClient) -> None:
    me, her = person(asha), person(bela)
    assert asha.post(f"/admin/users/{me}/role", data={"role": "member"}, headers=BROWSER).status_code == 422
    assert asha.post(f"/admin/users/{me}/disable", headers=BROWSER).status_code == 422
    assert asha.post(f"/admin/users/{her}/sign-out").status_code == 303
    assert bela.get("/api/v1/session").status_code == 401
    assert asha.post(f"/admin/users/{her}/role", data={"role": "reader"}).status_code == 303
    assert asha.post(f"/admin/users/{her}/disable").status_code == 303
    assert asha.post(f"/admin/users/{her}/enable").status_code == 303
    invited = asha.post("/admin/invites", data={"role": "member", "email": "dev@example.org"})
    assert "/sign-up?invite=" in invited.text
    (open_one,) = asha.get("/api/v1/admin/invites").json()["data"]
    assert asha.post(f"/admin/invites/{open_one['id']}/revoke").status_code == 303
    told = log(asha)
    assert [row["action"] for row in told[:6]] == [
        "invite.revoked", "invite.made", "person.enabled", "person.disabled", "person.role_changed",
        "sign_in.devices_ended",
    ]  # fmt: skip
    assert told[4]["details"] == {"before": "member", "after": "reader"}
    assert (told[4]["person_id"], told[4]["actor_id"], told[4]["address"]) == (her, me, "testclient")
    assert (told[0]["subject"], told[0]["details"]) == (
        f"invite:{open_one['id']}", {"email": "dev@example.org", "role": "member"},
    )  # fmt: skip
    assert [told[at]["details"] for at in (2, 3)] == [
        {"before": "disabled", "after": "enabled"}, {"before": "enabled", "after": "disabled"},
    ]  # fmt: skip
    assert asha.post(f"/admin/invites/{open_one['id']}/revoke").status_code == 404
    assert "sign-up?invite" not in str(told)


def test_the_operators_command_line_stands_in_the_log_too(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    """It is nobody of the house: its deeds have a place and no person, and stand in the part of whom they
    touch."""
    with small_house.database.writing() as db:
        identity.set_role(db, small_house, CONSOLE, PersonId(person(bela)), Role.READER)
    (told, *_) = log(bela, "/api/v1/activity")
    assert (told["action"], told["actor_id"], told["device"]) == (
        "person.role_changed", None, "the operator's command line",
    )  # fmt: skip
    assert "the operator" in asha.get("/admin/audit", headers=BROWSER).text


def test_each_person_reads_her_own_part_alone(asha: TestClient, bela: TestClient) -> None:
    asha.put(f"/api/v1/admin/persons/{person(bela)}/role", json={"role": "reader"})
    asha.put("/api/v1/admin/brokers/zerodha/standing", json={"standing": "stopped", "reason": "a test"})
    assert "person.role_changed" in actions(bela, "/api/v1/activity")
    assert "broker.standing" not in actions(bela, "/api/v1/activity")
    assert "broker.standing" in actions(asha, "/api/v1/activity")
    assert "Changed the role" in bela.get("/activity", headers=BROWSER).text


def test_refused_sign_ins_are_counted_not_piled_up(small_house: House, asha: TestClient) -> None:
    stranger = visitor(small_house)
    for email in ("asha@example.org", "nobody@example.org", "asha@example.org", "else@example.org"):
        answer = stranger.post("/api/v1/session", json={"email": email, "password": "wrong but long"})
        assert answer.status_code == 401
    refused = log(asha, action="sign_in.failed")
    assert sorted((row["person_id"] is None, row["times"]) for row in refused) == [(False, 2), (True, 2)]
    assert "example.org" not in str(refused)
    later(small_house, 16)
    stranger.post("/api/v1/session", json={"email": "asha@example.org", "password": "wrong but long"})
    assert [row["times"] for row in log(asha, action="sign_in.failed")] == [1, 2, 2]


def test_pages_of_the_log_meet_without_gap(asha: TestClient, bela: TestClient) -> None:
    for role in ("reader", "member", "reader", "member", "reader"):
        asha.put(f"/api/v1/admin/persons/{person(bela)}/role", json={"role": role})
    every = [row["id"] for row in log(asha, limit=500)]
    assert len(every) >= 5
    walked: list[int] = []
    cursor = ""
    while True:
        body = asha.get("/api/v1/admin/audit", params={"limit": 2, "cursor": cursor}).json()
        walked += [row["id"] for row in body["data"]]
        if "next" not in body:
            break
        cursor = body["next"]
    assert walked == every


def test_users_are_ruled_by_programs(asha: TestClient, bela: TestClient) -> None:
    me, her = person(asha), person(bela)
    users = "/api/v1/admin/users"
    assert asha.get(f"{users}/{her}").json() == asha.get(users).json()["data"][1]
    assert asha.get(f"{users}/{her + 1}").status_code == 404
    assert asha.patch(f"{users}/{her}", json={"role": "reader"}).status_code == 204
    assert asha.get(f"{users}/{her}").json()["role"] == "reader"
    assert asha.post(f"{users}/{her}/disable").status_code == 204
    assert bela.get("/api/v1/session").status_code == 401
    assert asha.post(f"{users}/{her}/enable").status_code == 204
    assert asha.get(f"{users}/{her}").json()["disabled_at"] is None
    told = ["person.enabled", "person.disabled", "person.role_changed"]
    assert actions(asha, action="person.")[:3] == told
    for wrong, field in (
        (asha.post(f"{users}/{me}/disable"), "person"),
        (asha.patch(f"{users}/{me}", json={"role": "member"}), "role"),
    ):
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, field)
        assert "last admin" in wrong.json()["detail"]


def test_signing_out_leaves_tokens_open_and_says_so(small_house: House, asha: TestClient) -> None:
    """An admin ends devices and tokens apart."""
    cara = join(visitor(small_house), "cara@example.org", "Cara")
    cara.post("/api/v1/proof", json={"password": PASSWORD})
    secret = cara.post("/api/v1/tokens", json={"name": "script", "scopes": ["read"]}).json()["token"]
    program = visitor(small_house)
    program.headers["authorization"] = f"Bearer {secret}"
    her = person(cara)
    page = asha.get("/admin/users", headers=BROWSER).text
    assert "Her 1 API token stays open" in page
    assert "End 1 token" in page
    assert asha.post(f"/api/v1/admin/users/{her}/sign-out").status_code == 204
    assert cara.get("/api/v1/session").status_code == 401
    assert program.get("/api/v1/portfolios").status_code == 200
    assert asha.post(f"/api/v1/admin/users/{her}/end-tokens").status_code == 204
    assert program.get("/api/v1/portfolios").status_code == 401
    assert asha.get(f"/api/v1/admin/users/{her}").json()["tokens"] == 0
    assert log(asha)[0]["details"] == {"revoked": 1}


def test_a_refusal_is_a_sentence_and_names_no_field(asha: TestClient, bela: TestClient) -> None:
    for answer, detail in (
        (asha.delete("/api/v1/admin/users/2"), REFUSALS[Refused.DELETE_PERSON][0]),
        (bela.get("/api/v1/admin/users"), "Administration is not allowed"),
    ):
        assert answer.status_code == 403
        assert answer.json()["detail"] == detail
        assert "errors" not in answer.json()


def test_what_not_even_an_admin_may_do_is_told_with_its_cure(asha: TestClient, bela: TestClient) -> None:
    for method, path in (
        ("DELETE", "/api/v1/admin/users/2"), ("DELETE", "/api/v1/admin/portfolios/1"),
        ("DELETE", "/api/v1/admin/accounts/1"), ("GET", "/api/v1/admin/accounts/1/holdings"),
        ("POST", "/api/v1/admin/accounts/1/transactions"), ("DELETE", "/api/v1/admin/instruments/1"),
        ("DELETE", "/api/v1/admin/audit"),
    ):  # fmt: skip
        answer = asha.request(method, path)
        assert answer.status_code == 403, (path, answer.text)
        assert answer.json()["cure"], path
    page = asha.get("/admin", headers=BROWSER).text
    assert all(reason.split(",")[0].replace("'", "&#39;") in page for reason, _ in REFUSALS.values())
    assert len(asha.get("/api/v1/admin/refusals").json()["data"]) == len(REFUSALS)


def test_jobs_are_filtered_asked_again_and_stopped(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    with small_house.database.writing() as db:
        made = jobs.ask(db, small_house, "sync", {"account": 999}, owner=None)
    work(small_house)
    (failed,) = asha.get("/api/v1/admin/jobs", params={"state": "failed"}).json()["data"]
    assert failed["id"] == made
    again = asha.post(f"/api/v1/admin/jobs/{made}/retry")
    assert again.status_code == 201
    assert asha.post(f"/api/v1/admin/jobs/{again.json()['id']}/cancel").status_code == 204
    assert asha.post(f"/api/v1/admin/jobs/{again.json()['id']}/cancel").status_code == 422
    assert asha.post("/api/v1/admin/jobs/424242/retry").status_code == 404
    hers = asha.get("/api/v1/admin/jobs", params={"owner": person(bela)}).json()["data"]
    assert hers
    assert {job["owner_id"] for job in hers} == {person(bela)}
    done = asha.post(f"/api/v1/admin/jobs/{hers[0]['id']}/retry")
    assert done.status_code == 422
    assert actions(asha, action="job.") == ["job.cancelled", "job.retried"]
    with small_house.database.reading() as db:
        assert rows.counts(db, Caretaker("test"))["cancelled"] == 1


def test_a_broker_out_of_service_is_kept_with_its_reason(asha: TestClient, bela: TestClient) -> None:
    path = "/api/v1/admin/brokers/zerodha/standing"
    assert asha.put(path, json={"standing": "stopped"}).status_code == 422
    assert asha.put(path, json={"standing": "stopped", "reason": "terms change"}).status_code == 204
    (row,) = asha.get("/api/v1/admin/brokers").json()["data"]
    assert (row["standing"], row["reason"], row["links"]) == ("stopped", "terms change", {"connected": 1})
    assert asha.put(path, json={"standing": "open"}).status_code == 204
    (row,) = asha.get("/api/v1/admin/brokers").json()["data"]
    assert (row["standing"], row["reason"]) == ("open", None)
    assert asha.put(path.replace("zerodha", "nobody"), json={"standing": "open"}).status_code == 422


def test_a_correction_holds_for_everyone_and_yields_to_ones_own_word(
    small_house: House, asha: TestClient, bela: TestClient
) -> None:
    def sector() -> str:
        rows = bela.get("/api/portfolio/holdings").json()["data"]
        return next(str(row["sector"]) for row in rows if row["symbol"] == "INFY")

    before = sector()
    (infy,) = asha.get("/api/v1/admin/instruments", params={"text": "infy"}).json()["data"]
    path = f"/api/v1/admin/instruments/{infy['id']}/correction"
    assert asha.put(path, json={"industry": "Alone"}).status_code == 422
    words = {"name": "Infosys Ltd", "sector": "Computing", "industry": "Software", "reason": "a test"}
    assert asha.put(path, json=words).status_code == 204
    assert sector() == "Computing"
    (told,) = asha.get("/api/v1/admin/instruments", params={"only": "corrected"}).json()["data"]
    assert (told["name"], told["source"], told["correction"]["former_name"]) == (
        "Infosys Ltd",
        "house",
        "Infy",
    )
    connect_broker(small_house, bela)  # a refresh, whose statement says its own name again
    assert sector() == "Computing"
    own = {"sector": "My own", "industry": ""}
    assert bela.put(f"/api/v1/sectors/overrides/{infy['id']}", json=own).status_code == 204
    assert sector() == "My own"
    bela.delete(f"/api/v1/sectors/overrides/{infy['id']}")
    assert asha.delete(path).status_code == 204
    assert sector() == before
    assert asha.get("/api/v1/admin/instruments", params={"text": "infy"}).json()["data"][0]["name"] == "Infy"
    first = log(asha, action="instrument.corrected")[0]["details"]
    assert (first["sector_before"], first["sector_after"], first["name_before"]) == (
        before,
        "Computing",
        "Infy",
    )


NOTED_BY_THEMSELVES = {"/data-health/replace", "/api/v1/data-health/quarantine/replace"}
"""Deeds with transactions of their own, for a source is asked between; services.health notes them."""


def test_no_deed_of_an_admin_can_miss_the_log(small_house: House) -> None:
    """Its transaction is one of those that note what no service has noted; found route by route."""

    def writes(dependant: Dependant) -> bool:
        doors = (deps._own_writing, deps._writing)
        return any(below.call in doors or writes(below) for below in dependant.dependencies)

    app = create_app(small_house, CONFIG)
    without = {
        context.path
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        and needs_admin(context.original_route.dependant)
        and not set(context.methods or ()) <= {"GET", "HEAD"}
        and not writes(context.original_route.dependant)
    }
    refused = {path for path in without if path and path.startswith("/api/v1/admin/")}
    assert without - refused == NOTED_BY_THEMSELVES
    assert len(refused) == 6, "those that answer why not, and change nothing"
