"""The door over HTTP: code pages, forgotten passwords, confirmed addresses, passkeys, proofs."""

from __future__ import annotations

import asyncio
import re
import time
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from tests.services.devices_of_people import Device
from tests.web.houses import PASSWORD, join, visitor
from tunefolio.core.errors import Retry
from tunefolio.services import passwords, windows
from tunefolio.services.house import House, HouseRules
from tunefolio.web import turns

BROWSER = {"accept": "text/html"}
ASHA = "asha@example.org"
HERE = "https://testserver"


@pytest.fixture
def asha(small_house: House) -> TestClient:
    """She runs the house, and proved herself just now."""
    return join(visitor(small_house), ASHA, "Asha")


@pytest.fixture
def bela(small_house: House, asha: TestClient) -> TestClient:
    """A member who has proved nothing lately."""
    return join(visitor(small_house), "bela@example.org", "Bela")


def protected(house: House, client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    """She turns her authenticator on over the API; the app, and the recovery codes."""
    made = client.post("/api/v1/factors/authenticator")
    assert made.status_code == 201, made.text
    app = pyotp.TOTP(made.json()["secret"])
    answer = client.post("/api/v1/factors/authenticator/confirm", json={"code": code_of(house, app, 0)})
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


def code_of(house: House, app: pyotp.TOTP, ahead: int = 1) -> str:
    """What the app shows half a minute from now: newer than the one that was just used."""
    return app.at(int(house.clock.now().utc.timestamp()) + 30 * ahead)


def enter(client: TestClient, **more: str) -> Any:
    form = {"email": ASHA, "password": PASSWORD, **more}
    return client.post("/sign-in", data=form, headers=BROWSER, follow_redirects=False)


def test_the_page_asks_for_the_code_and_goes_on_where_one_wanted_to(
    small_house: House, asha: TestClient
) -> None:
    app, codes = protected(small_house, asha)
    client = visitor(small_house)
    first = enter(client, next="/holdings")
    assert (first.status_code, first.headers["location"]) == (303, "/sign-in/code?next=%2Fholdings")
    assert client.get("/api/v1/session").status_code == 401
    page = client.get(first.headers["location"], headers=BROWSER)
    assert 'autocomplete="one-time-code"' in page.text
    wrong = client.post("/sign-in/code", data={"code": "000000"}, headers=BROWSER)
    assert wrong.status_code == 401
    assert "Wrong code" in wrong.text
    form = {"code": code_of(small_house, app), "next": "/holdings"}
    right = client.post("/sign-in/code", data=form, headers=BROWSER, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/holdings")
    assert client.get("/api/v1/session").json()["person"]["email"] == ASHA
    other = visitor(small_house)
    enter(other)
    kept = other.post("/sign-in/code", data={"code": codes[0]}, headers=BROWSER, follow_redirects=False)
    assert kept.status_code == 303
    assert asha.get("/api/v1/factors").json()["recovery_codes_left"] == 9


def test_the_step_belongs_to_the_browser_that_gave_the_password(small_house: House, asha: TestClient) -> None:
    app, _ = protected(small_house, asha)
    enter(visitor(small_house))
    thief = visitor(small_house)
    assert (
        thief.get("/sign-in/code", headers=BROWSER, follow_redirects=False).headers["location"] == "/sign-in"
    )
    answer = thief.post("/sign-in/code", data={"code": code_of(small_house, app)}, headers=BROWSER)
    assert answer.status_code == 401
    assert "Sign in again" in answer.text


def test_programs_are_asked_for_the_code_as_well(small_house: House, asha: TestClient) -> None:
    app, _ = protected(small_house, asha)
    client, wish = visitor(small_house), {"email": ASHA, "password": PASSWORD}
    first = client.post("/api/v1/session", json=wish)
    assert (first.status_code, first.json()["type"]) == (401, "/api/docs#second-factor")
    wrong = client.post("/api/v1/session", json=wish | {"code": "000000"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "/api/docs#wrong-code")
    right = client.post("/api/v1/session", json=wish | {"code": code_of(small_house, app)})
    assert right.status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/factors/authenticator", None),
        ("DELETE", "/api/v1/factors/authenticator", None),
        ("POST", "/api/v1/factors/recovery-codes", None),
        ("POST", "/api/v1/passkeys/options", None),
        ("POST", "/api/v1/passkeys", {"name": "x", "credential": {}}),
        ("DELETE", "/api/v1/passkeys/1", None),
    ],
)
def test_dangerous_deeds_want_a_proof_first(bela: TestClient, method: str, path: str, body: Any) -> None:
    answer = bela.request(method, path, json=body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#proof-needed")


@pytest.mark.parametrize(
    "path", ["/settings/authenticator", "/settings/authenticator/off", "/settings/email"]
)
def test_a_page_leads_to_the_proof_and_back(bela: TestClient, path: str) -> None:
    headers = {**BROWSER, "referer": f"{HERE}/settings/security"}
    answer = bela.post(path, data={"email": "new@example.org"}, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/prove?next=%2Fsettings%2Fsecurity"


def test_a_proof_is_given_by_password_or_code_and_holds(small_house: House, bela: TestClient) -> None:
    wrong = bela.post("/prove", data={"password": "not mine"}, headers=BROWSER)
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    form = {"password": PASSWORD, "next": "/settings/security"}
    right = bela.post("/prove", data=form, headers=BROWSER, follow_redirects=False)
    assert right.headers["location"] == "/settings/security"
    app, _ = protected(small_house, bela)
    assert bela.get("/api/v1/proof").json()["proved_until"] is not None
    assert bela.post("/api/v1/proof", json={"code": "000000"}).status_code == 422
    assert bela.post("/api/v1/proof", json={"code": code_of(small_house, app)}).status_code == 200
    assert bela.post("/api/v1/proof", json={}).status_code == 422
    away = bela.post(
        "/prove", data=form | {"next": "//evil.example"}, headers=BROWSER, follow_redirects=False
    )
    assert away.headers["location"] == "/settings/security"


def test_an_admin_is_asked_for_whichever_proof_she_has(small_house: House, asha: TestClient) -> None:
    app, _ = protected(small_house, asha)
    page = asha.get("/admin/unlock?next=/admin/jobs", headers=BROWSER).text
    assert "By code" in page
    assert "By password" in page
    form = {"code": "000000", "next": "/admin/jobs"}
    wrong = asha.post("/admin/unlock", data=form, headers=BROWSER)
    assert (wrong.status_code, "By code" in wrong.text) == (422, True)
    form["code"] = code_of(small_house, app)
    right = asha.post("/admin/unlock", data=form, headers=BROWSER, follow_redirects=False)
    assert right.headers["location"] == "/admin/jobs"


def test_set_up_by_pages_shows_the_codes_once(small_house: House, asha: TestClient) -> None:
    begun = asha.post("/settings/authenticator", headers=BROWSER, follow_redirects=False)
    assert begun.headers["location"] == "/settings/authenticator"
    page = asha.get("/settings/authenticator", headers=BROWSER)
    assert "<svg" in page.text
    assert page.headers["cache-control"] == "no-store"
    found = re.search(r"data-totp-secret>([A-Z2-7 ]+)<", page.text)
    assert found is not None
    app = pyotp.TOTP(found[1].replace(" ", ""))
    wrong = asha.post("/settings/authenticator/confirm", data={"code": "000000"}, headers=BROWSER)
    assert wrong.status_code == 422
    assert "<svg" in wrong.text
    form = {"code": code_of(small_house, app, 0)}
    shown = asha.post("/settings/authenticator/confirm", data=form, headers=BROWSER)
    codes = re.findall(r"<code>([a-z2-9-]{27})</code>", shown.text)
    assert len(codes) == 10
    later = asha.get("/settings/security", headers=BROWSER)
    assert not any(code in later.text for code in codes)
    assert "10 recovery codes left" in later.text
    fresh = asha.post("/settings/authenticator/codes", headers=BROWSER)
    assert not any(code in fresh.text for code in codes)
    asha.post("/settings/authenticator/off", headers=BROWSER)
    assert "Set it up" in asha.get("/settings/security", headers=BROWSER).text


def test_who_types_too_fast_keeps_her_page(
    small_house: House, asha: TestClient, bela: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting up, signing in and proving: what is asked for a pause says so on the form it was asked on. All
    in one moment, for a machine that is slow outlives a pause."""
    bela.post("/api/v1/proof", json={"password": PASSWORD})
    protected(small_house, bela)
    asha.post("/settings/authenticator", headers=BROWSER)
    moment, form = time.time(), {"code": "000000"}
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: moment))
    door = visitor(small_house)
    door.post("/sign-in", data={"email": "bela@example.org", "password": PASSWORD}, headers=BROWSER)
    for client, path, kept in (
        (asha, "/settings/authenticator/confirm", "<svg"),
        (door, "/sign-in/code", 'name="code"'),
        (bela, "/prove", 'name="code"'),
    ):
        many = [client.post(path, data=form, headers=BROWSER) for _ in range(4)][-1]
        assert (many.status_code, kept in many.text) == (429, True), path
        assert "Try again in a second" in many.text
    again = asha.post("/settings/authenticator/confirm", data=form, headers=BROWSER)
    assert (again.headers["retry-after"], again.headers["cache-control"]) == ("1", "no-store")


@pytest.mark.parametrize("path", ["/api/v1/factors/authenticator/confirm", "/settings/authenticator/confirm"])
def test_the_right_first_code_ends_the_count_of_the_wrong_ones(
    small_house: House, asha: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Else whoever mistyped while setting it up would wait at her next sign-in. All in one moment."""
    moment = time.time()
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: moment))
    app = pyotp.TOTP(asha.post("/api/v1/factors/authenticator").json()["secret"])
    for code, status in (("000000", 422), ("000000", 422), (code_of(small_house, app, 0), 200)):
        told = {"code": code}
        form, body = (None, told) if path.startswith("/api/") else (told, None)
        assert asha.post(path, headers=BROWSER, data=form, json=body).status_code == status
    door = visitor(small_house)
    enter(door)
    wrong = door.post("/sign-in/code", data={"code": "000000"}, headers=BROWSER)
    assert wrong.status_code == 401, "one more wrong one, and no pause yet"
    right = door.post("/sign-in/code", data={"code": code_of(small_house, app)}, headers=BROWSER)
    assert right.headers["location"] == "/dashboard"


def test_asking_for_a_new_password_tells_nobody_anything(small_house: House, asha: TestClient) -> None:
    answers = []
    for address in (ASHA, "nobody@example.org", "no address"):
        client = visitor(small_house)
        answers.append(client.post("/forgot", data={"email": address}, headers=BROWSER))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert "Look into your mailbox" in answers[0].text
    object.__setattr__(small_house, "notifiers", {})
    silent = visitor(small_house).post("/forgot", data={"email": ASHA}, headers=BROWSER)
    assert "tunefolio user links" in silent.text


@pytest.mark.parametrize("path", ["/reset", "/confirm"])
def test_a_link_that_opens_nothing_says_so(small_house: House, path: str) -> None:
    client = visitor(small_house)
    page = client.get(path + "?token=made-up", headers=BROWSER)
    assert "opens nothing" in page.text
    assert page.headers["referrer-policy"] == "same-origin"
    form = {"token": "made-up", "new_password": "a different sentence"}
    answer = client.post(path, data=form, headers=BROWSER)
    assert answer.status_code == 422
    assert "opens nothing" in answer.text


def there(house: House) -> None:
    """The house as its browsers reach it in this test."""
    object.__setattr__(house, "rules", HouseRules(public_url=HERE))


def test_a_passkey_is_added_and_signs_in(small_house: House, asha: TestClient) -> None:
    there(small_house)
    device = Device(origin=HERE)
    asked = asha.post("/api/v1/passkeys/options")
    made = asha.post("/api/v1/passkeys", json={"name": "Phone", "credential": device.make(asked.text)})
    assert made.status_code == 201, made.text
    assert "Phone" in asha.get("/settings/security", headers=BROWSER).text
    client = visitor(small_house)
    options = client.post("/api/v1/session/passkey/options")
    assert "allowCredentials" not in options.json() or options.json()["allowCredentials"] == []
    signed = device.sign(options.text)
    entered = client.post("/api/v1/session/passkey", json={"credential": signed})
    assert entered.status_code == 201, entered.text
    assert client.get("/api/v1/session").json()["person"]["email"] == ASHA
    again = visitor(small_house).post("/api/v1/session/passkey", json={"credential": signed})
    assert (again.status_code, again.json()["type"]) == (401, "/api/docs#step-over")
    id = made.json()["id"]
    assert asha.put(f"/api/v1/passkeys/{id}", json={"name": "Old phone"}).status_code == 204
    assert [one["name"] for one in asha.get("/api/v1/passkeys").json()["data"]] == ["Old phone"]
    assert asha.delete(f"/api/v1/passkeys/{id}").status_code == 204
    options = visitor(small_house).post("/api/v1/session/passkey/options")


def test_people_wait_for_a_hash_without_a_thread_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never more at once than hashes may be made; from so many waiting on the next is sent away."""
    monkeypatch.setattr(turns, "MOST_WAITING", 6)
    working, most = 0, 0

    def work() -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        time.sleep(0.05)
        working -= 1

    async def rush() -> tuple[int, int]:
        given = await asyncio.gather(*(turns.in_turn(work) for _ in range(20)), return_exceptions=True)
        busy = [one for one in given if isinstance(one, Retry)]
        return len(busy), len(given) - len(busy)

    refused, served = asyncio.run(rush())
    assert served == passwords.AT_ONCE + 6
    assert refused == 20 - served
    assert 1 <= most <= passwords.AT_ONCE


def test_the_browser_is_known_again_by_a_cookie_that_signs_nobody_in(
    small_house: House, asha: TestClient
) -> None:
    client = visitor(small_house)
    enter(client)
    known = client.cookies["__Host-tunefolio-browser"]
    client.post("/sign-out", headers=BROWSER)
    assert client.get("/api/v1/session").status_code == 401
    enter(client)
    assert client.cookies["__Host-tunefolio-browser"] == known
