"""Leaving over http: the download with ranges, the proof it asks for, and the one page that is left."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.services.devices_of_people import Device
from tests.web.houses import PASSWORD, join, opened, sign_in, visitor, work
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import FixedClock
from tunefolio.services import jobs, leaving
from tunefolio.services.audit import CONSOLE
from tunefolio.services.house import House, HouseRules
from tunefolio.store import notices, persons
from tunefolio.web.stretches import wanted

EMAIL = "bela@example.org"
BROWSER = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with opened(migrated_url) as made:
        join(visitor(made), "operator@example.org", "Operator")
        yield made


@pytest.fixture
def bela(house: House) -> TestClient:
    """A member; she has not proved herself lately."""
    return join(visitor(house), EMAIL, "Bela")


def proved(client: TestClient) -> None:
    assert client.post("/api/v1/proof", json={"password": PASSWORD}).status_code in (200, 201)


def exported(house: House, client: TestClient) -> str:
    answer = client.post("/api/v1/leaving/exports")
    assert answer.status_code == 202
    work(house)
    return f"/api/v1/leaving/exports/{answer.json()['id']}"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-99", (0, 100)),
        ("bytes=100-", (100, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=900-5000", (900, 1000)),
        ("bytes=1000-", (1000, 1000)),
        ("bytes=-0", (1000, 1000)),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
    ],
)
def test_ranges_are_read_as_the_standard_says(header: str, expected: tuple[int, int] | None) -> None:
    assert wanted(header, 1000) == expected


def test_an_export_wants_a_proof_and_goes_on_where_it_broke_off(house: House, bela: TestClient) -> None:
    path = exported(house, bela)
    refused = bela.get(f"{path}/file")
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#proof-needed")
    proved(bela)
    whole = bela.get(f"{path}/file")
    assert whole.status_code == 200
    assert whole.headers["content-length"] == str(len(whole.content))
    assert zipfile.ZipFile(io.BytesIO(whole.content)).testzip() is None
    tag = whole.headers["etag"]
    rest = bela.get(f"{path}/file", headers={"range": "bytes=200-", "if-range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[200:])
    assert rest.headers["content-range"] == f"bytes 200-{len(whole.content) - 1}/{len(whole.content)}"
    other = bela.get(f"{path}/file", headers={"range": "bytes=200-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = bela.get(f"{path}/file", headers={"range": f"bytes={len(whole.content)}-"})
    assert beyond.status_code == 416
    assert bela.get(path).json()["bytes"] == len(whole.content)
    stranger = join(visitor(house), "chand@example.org", "Chand")
    assert stranger.get(path).status_code == stranger.get(f"{path}/file").status_code == 404


def test_deleting_wants_a_proof_and_the_own_address(house: House, bela: TestClient) -> None:
    wish = {"email": EMAIL}
    assert bela.post("/api/v1/leaving", json=wish).status_code == 403
    assert bela.post("/settings/data/delete", data=wish).status_code == 403
    proved(bela)
    assert bela.post("/api/v1/leaving", json={"email": "other@example.org"}).status_code == 422
    assert bela.get("/api/v1/leaving").json()["erased_at"] is None


def test_whoever_leaves_sees_one_page_and_may_come_back(house: House, bela: TestClient) -> None:
    phone = sign_in(visitor(house), EMAIL)
    proved(bela)
    answer = bela.post("/settings/data/delete", data={"email": EMAIL})
    assert (answer.status_code, answer.headers["location"]) == (303, "/leaving")
    assert phone.get("/api/v1/portfolios").status_code == 401, "every other device is signed out"
    for path in ("/dashboard", "/settings/data", "/portfolios/export"):
        led = bela.get(path, headers=BROWSER)
        assert (led.status_code, led.headers.get("location")) == (303, "/leaving"), path
    token = visitor(house).post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()
    program = visitor(house)
    program.headers["authorization"] = f"Bearer {token['access_token']}"
    for path in ("/api/v1/portfolios", "/live", "/live/stream", "/api/v1/tokens"):
        for client in (bela, program):
            refused = client.get(path)
            assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#leaving"), path
    for client in (bela, program):
        with (
            client,
            pytest.raises(WebSocketDenialResponse) as no,
            client.websocket_connect("wss://testserver/ws/live"),
        ):
            pass
        assert (no.value.status_code, no.value.json()["type"]) == (403, "leaving")
    again = sign_in(visitor(house), EMAIL)
    page = again.get("/leaving", headers=BROWSER)
    assert page.status_code == 200
    assert "4 Dec 2026" in page.text
    assert again.post("/leaving/stay").status_code == 303
    assert again.get("/api/v1/portfolios").status_code == 200
    assert again.delete("/api/v1/leaving").status_code == 422


def left(client: TestClient) -> None:
    proved(client)
    assert client.post("/api/v1/leaving", json={"email": EMAIL}).status_code == 200


def test_whoever_leaves_may_still_take_her_export(house: House, bela: TestClient) -> None:
    """With the sign-in of the grace and a proof, by a page and by a program; and nothing else opens by it."""
    path = exported(house, bela)
    id = path.rpartition("/")[2]
    page = f"/settings/data/exports/{id}/file"
    left(bela)
    again = sign_in(visitor(house), EMAIL)
    for way in (f"{path}/file", page):
        assert again.get(way).json()["type"] == "/api/docs#proof-needed"
    led = again.get(page, headers=BROWSER)
    assert (led.status_code, led.headers["location"].partition("?")[0]) == (303, "/prove")
    farewell = again.get("/leaving", headers=BROWSER).text
    assert "/prove?next=/leaving" in farewell
    assert page not in farewell
    wrong = again.post("/prove", data={"password": "not hers at all", "next": "/leaving"}, headers=BROWSER)
    assert "That is not your password" in wrong.text
    assert 'href="/dashboard"' not in wrong.text, "no navigation to what does not open"
    right = again.post("/prove", data={"password": PASSWORD, "next": "/leaving"}, headers=BROWSER)
    assert (right.status_code, right.headers["location"]) == (303, "/leaving")
    assert page in again.get("/leaving", headers=BROWSER).text
    assert zipfile.ZipFile(io.BytesIO(again.get(page).content)).testzip() is None
    assert again.get(path).json()["bytes"] == len(again.get(f"{path}/file").content)
    assert again.get(f"{path}/file", headers={"range": "bytes=0-9"}).status_code == 206
    for method, closed in (
        ("POST", "/api/v1/leaving/exports"),
        ("POST", "/settings/data/export"),
        ("GET", "/settings/data"),
        ("GET", "/settings/security"),
        ("GET", "/api/v1/portfolios"),
        ("POST", "/api/v1/tokens"),
        ("DELETE", f"/api/v1/sessions/{id}"),
    ):
        refused = again.request(method, closed, json={})
        assert (refused.status_code, refused.json()["type"]) == (403, "/api/docs#leaving"), closed
    stranger = join(visitor(house), "chand@example.org", "Chand")
    proved(stranger)
    for way in (path, f"{path}/file", page):
        assert stranger.get(way).status_code == 404


def test_in_the_grace_the_second_factor_is_asked_for_as_ever(house: House, bela: TestClient) -> None:
    """By a page and by a program; a recovery code counts too. It is there when she stays."""
    codes = guarded(house, bela)
    left(bela)
    wish = {"email": EMAIL, "password": PASSWORD}
    bare = visitor(house).post("/auth/login", json=wish)
    assert (bare.status_code, bare.json()["type"]) == (401, "/api/docs#second-factor")
    led = visitor(house).post("/sign-in", data=wish, headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in/code")
    held = visitor(house).post("/auth/login", json=wish | {"code": codes[0]})
    assert held.status_code == 200
    program = visitor(house)
    program.headers["authorization"] = f"Bearer {held.json()['access_token']}"
    assert program.delete("/api/v1/leaving").status_code == 204
    assert program.get("/api/v1/factors").json()["authenticator"] is True
    assert visitor(house).post("/auth/login", json=wish).status_code == 401


def guarded(house: House, client: TestClient) -> list[str]:
    """An authenticator is on; its recovery codes."""
    proved(client)
    secret = client.post("/api/v1/factors/authenticator").json()["secret"]
    code = pyotp.TOTP(secret).at(house.clock.now().utc)
    made = client.post("/api/v1/factors/authenticator/confirm", json={"code": code})
    codes: list[str] = made.json()["recovery_codes"]
    return codes


def test_a_passkey_brings_her_back_in_the_grace_and_proves_her(house: House, bela: TestClient) -> None:
    object.__setattr__(house, "rules", HouseRules(public_url="https://testserver"))
    device, browser = Device(origin="https://testserver"), visitor(house)
    proved(bela)
    made = device.make(bela.post("/api/v1/passkeys/options").text)
    assert bela.post("/api/v1/passkeys", json={"name": "Phone", "credential": made}).status_code == 201
    path = exported(house, bela)
    left(bela)
    signed = device.sign(browser.post("/api/v1/session/passkey/options").text)
    assert browser.post("/api/v1/session/passkey", json={"credential": signed}).status_code == 201
    assert browser.get(f"{path}/file").status_code == 403
    proof = device.sign(browser.post("/api/v1/proof/options").text)
    assert browser.post("/api/v1/proof", json={"credential": proof}).status_code == 200
    assert browser.get(f"{path}/file").status_code == 200
    assert browser.post("/leaving/stay").status_code == 303
    assert browser.get("/api/v1/passkeys").json()["data"][0]["name"] == "Phone"


def test_whom_the_operator_lets_go_takes_her_books_along_and_cannot_stay(
    house: House, bela: TestClient
) -> None:
    with house.database.writing() as db:
        found = persons.find_by_email(db, EMAIL)
        assert found
        leaving.dismiss(db, house, Viewer(CONSOLE, Role.ADMIN), found[0])
    again = sign_in(visitor(house), EMAIL)
    assert again.get("/api/v1/leaving").json()["asked_by"] == "operator"
    farewell = again.get("/leaving", headers=BROWSER).text
    assert "Keep my account" not in farewell
    assert "The operator of this house did that" in farewell
    assert again.delete("/api/v1/leaving").status_code == 403
    assert again.post("/leaving/stay").status_code == 403
    asked = again.post("/settings/data/export", headers=BROWSER)
    assert (asked.status_code, asked.headers["location"]) == (303, "/leaving")
    assert "still being made" in again.get("/leaving", headers=BROWSER).text
    work(house)
    proved(again)
    id = again.get("/api/v1/leaving").json()["export"]["id"]
    assert again.get(f"/api/v1/leaving/exports/{id}/file").status_code == 200
    assert again.post("/api/v1/leaving/exports").status_code == 202
    assert again.get("/settings/data", headers=BROWSER).headers["location"] == "/leaving"


def test_a_program_of_whoever_leaves_takes_the_export_along(house: House, bela: TestClient) -> None:
    path = exported(house, bela)
    left(bela)
    token = visitor(house).post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).json()
    program = visitor(house)
    program.headers["authorization"] = f"Bearer {token['access_token']}"
    assert program.get("/api/v1/leaving").json()["export"]["id"] == int(path.rpartition("/")[2])
    assert program.get(f"{path}/file").status_code == 403
    proved(program)
    assert program.get(f"{path}/file").status_code == 200


@pytest.mark.one_is_enough
def test_without_a_grace_none_is_promised_and_of_one_day_it_is_a_day(migrated_url: str) -> None:
    """Pages before and after, the mail and what a program is told."""
    for days in (0, 1):
        with opened(migrated_url, grace=timedelta(days=days)) as house:
            email = f"leaver{days}@example.org"
            join(visitor(house), f"operator{days}@example.org", "Operator")
            client = join(visitor(house), email, "Leaver")
            before = client.get("/settings/data", headers=BROWSER).text
            proved(client)
            assert client.post("/settings/data/delete", data={"email": email}).status_code == 303
            after = client.get("/leaving", headers=BROWSER).text
            refused = client.get("/api/v1/portfolios").json()["detail"]
            with house.database.reading() as db:
                found = persons.find_by_email(db, email)
                assert found is not None
                (told, *_) = notices.page(db, found[0].viewer, None, 1)
        if days:
            assert "For 1 day:" in before
            assert "After that" in before
            assert "It is erased on 21 Nov 2026" in after
            assert "Until then you can" in after
            assert "erased on 21 November 2026" in told.notice.text
            assert "due on 21 November 2026" in refused
        else:
            assert "For 0" not in before
            assert "After that" not in before
            assert "until you take it back" not in before
            assert "It is erased within a day" in after
            assert "Keep my account" in after, "as long as she is there"
            assert "within a day, with no time of grace" in told.notice.text
            assert "due on 20 November 2026" in refused
            assert "Until then" not in before + after + told.notice.text


def test_an_export_is_gone_with_its_day_or_with_the_grace(house: House, bela: TestClient) -> None:
    path = exported(house, bela)
    left(bela)
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(hours=24))
    again = sign_in(visitor(house), EMAIL)
    proved(again)
    assert again.get(f"{path}/file").status_code == 404
    assert "Your export" not in again.get("/leaving", headers=BROWSER).text


def test_after_the_grace_she_cannot_sign_in_and_her_address_is_free(house: House, bela: TestClient) -> None:
    proved(bela)
    assert bela.post("/api/v1/leaving", json={"email": EMAIL}).status_code == 200
    clock = house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=14))
    with house.database.writing() as db:
        jobs.ask(db, house, "erase_leavers", {}, owner=None)
    work(house)
    wish = {"email": EMAIL, "password": PASSWORD}
    assert visitor(house).post("/api/v1/session", json=wish).status_code == 401
    assert bela.get("/api/v1/leaving").status_code == 401
    join(visitor(house), EMAIL, "Bela again")
