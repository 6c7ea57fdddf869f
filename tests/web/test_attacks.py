"""What attackers send: addresses that look alike, foreign hosts, bodies made to hurt, planted cookies."""

from __future__ import annotations

import time
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pyotp
import pytest
from starlette.testclient import TestClient

from tests.house.test_doors import VARYING, statements
from tests.web.houses import ADDRESS, CONFIG, PASSWORD, Letterbox, join, sign_in, visitor, work
from tunefolio.core.identity import PersonId
from tunefolio.core.notice import ChannelKind
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.services import factors, identity, passwords
from tunefolio.services.house import House
from tunefolio.store import persons
from tunefolio.web.security import HOST_COOKIE, Limits

pytestmark = pytest.mark.one_is_enough
JSON = {"content-type": "application/json"}
BOOKS = "/api/v1/portfolios"
NEW = {"name": "New", "password": "a sentence nobody guesses"}


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"name":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"name": ' + b"9" * 10_000 + b"}",
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b"\xff\xfe",
    ],
    ids=["open lists", "deep lists", "deep objects", "endless number", "half a letter", "NUL", "no UTF-8"],
)
def test_a_body_that_is_made_to_hurt_is_refused(asha: TestClient, body: bytes) -> None:
    for path in (BOOKS, "/api/v1/session", "/auth/login"):
        answer = asha.post(path, content=body, headers=JSON)
        assert answer.status_code in (400, 422), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_of_thousands_of_fields_is_refused(stranger: TestClient) -> None:
    fields = {f"f{number}": "x" for number in range(2_000)}
    assert stranger.post("/sign-in", data=fields).status_code == 400
    parts = [("f", (f"{number}", b"x")) for number in range(1_100)]
    assert stranger.post("/sign-in", files=parts).status_code == 400


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND"])
def test_methods_that_no_way_has_are_not_answered(asha: TestClient, method: str) -> None:
    assert asha.request(method, "/dashboard").status_code == 405


@pytest.mark.parametrize(
    "alike",
    [
        "ASHA@example.org",
        " asha@example.org\t",
        "ａｓｈａ@example.org",
        "asha@ｅxample.org",
        "asha@example.ｏrg",
    ],
)
def test_an_address_that_looks_alike_is_the_same_one(
    small_house: House, asha: TestClient, alike: str
) -> None:
    before = people(small_house)
    visitor(small_house).post("/api/v1/persons", json=NEW | {"email": alike})
    assert people(small_house) == before == ["asha@example.org"]


@pytest.mark.parametrize(
    "email",
    ["asha@exam\u200bple.org", "as\u00adha@example.org", "asha\u202e@example.org", "a@b.org\nBcc: c@d.org"],
)
def test_an_address_with_letters_that_are_not_seen_is_refused(small_house: House, email: str) -> None:
    answer = visitor(small_house).post("/api/v1/persons", json=NEW | {"email": email})
    assert answer.status_code == 422
    assert people(small_house) == []


def people(house: House) -> list[str]:
    with house.database.reading() as db:
        return [one.email for one in identity.iter_people(db, Viewer(PersonId(1), Role.ADMIN))]


def mailed(house: House) -> str:
    """Every word that went out by mail."""
    work(house)
    box = house.notifiers[ChannelKind.EMAIL]
    assert isinstance(box, Letterbox)
    return "\n".join(f"{notice.text} {notice.link}" for notice, _ in box.letters)


@pytest.mark.parametrize(
    "claims",
    [
        {"x-forwarded-host": "evil.example"},
        {"x-forwarded-proto": "http", "x-forwarded-port": "8080"},
        {"forwarded": "host=evil.example;proto=https"},
        {"host": "testserver:8443"},
        {"x-original-url": "https://evil.example/", "x-rewrite-url": "/evil"},
        {"referer": "https://evil.example/forgot", "origin": "https://testserver"},
    ],
)
def test_a_mailed_link_leads_to_the_houses_own_address(small_house: House, claims: dict[str, str]) -> None:
    asha = join(visitor(small_house), "asha@example.org", "Asha")
    asha.post("/settings/email/verify", headers=claims)
    asha.post("/settings/email", data={"email": "new@example.org"}, headers=claims)
    told = mailed(small_house)
    assert f"{ADDRESS}/confirm?token=" in told
    assert "evil" not in told
    assert ":8" not in told


def test_a_host_that_is_not_ours_gets_no_mail_sent(small_house: House, asha: TestClient) -> None:
    stranger = visitor(small_house)
    for host in ("evil.example", "testserver@evil.example", "evil.example#testserver", ""):
        answer = stranger.post("/forgot", data={"email": "asha@example.org"}, headers={"host": host})
        assert answer.status_code == 421
    assert mailed(small_house) == ""


def cookies_of(answer: Any) -> dict[str, dict[str, str]]:
    jars = [SimpleCookie(line) for line in answer.headers.get_list("set-cookie")]
    return {
        name: {flag: str(value) for flag, value in morsel.items()} | {"text": morsel.value}
        for jar in jars
        for name, morsel in jar.items()
    }


def test_a_session_that_was_there_before_signing_in_is_not_taken_over(small_house: House) -> None:
    """Whoever planted a cookie in her browser knows nothing once she has signed in."""
    join(visitor(small_house), "asha@example.org", "Asha")
    browser = visitor(small_house)
    planted = "planted-by-somebody-else-0123456789-0123456"
    for cookie in (planted, "", "x" * 5_000):
        wish = {"email": "asha@example.org", "password": PASSWORD}
        answer = browser.post(
            "/api/v1/session",
            json=wish,
            headers={"cookie": f"{HOST_COOKIE}={cookie}; {HOST_COOKIE}-browser=x"},
        )
        assert answer.status_code == 201
        given = cookies_of(answer)
        assert given[HOST_COOKIE]["text"] not in (cookie, "x")
        assert given[f"{HOST_COOKIE}-browser"]["text"] != "x"
    thief = visitor(small_house)
    assert thief.get(BOOKS, headers={"cookie": f"{HOST_COOKIE}={planted}"}).status_code == 401


def test_each_sign_in_has_a_session_of_its_own(small_house: House, asha: TestClient) -> None:
    tokens = {sign_in(visitor(small_house), "asha@example.org").cookies[HOST_COOKIE] for _ in range(3)}
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)


def test_every_cookie_of_signing_in_is_kept_from_scripts_and_other_hosts(
    small_house: House, asha: TestClient
) -> None:
    wish = {"email": "asha@example.org", "password": PASSWORD}
    seen: dict[tuple[str, str], dict[str, str]] = {}
    for path in ("/api/v1/session", "/auth/login", "/api/v1/auth/login"):
        seen |= {
            (path, name): flags
            for name, flags in cookies_of(visitor(small_house).post(path, json=wish)).items()
        }
    page = visitor(small_house).post("/sign-in", data=wish)
    seen |= {("/sign-in", name): flags for name, flags in cookies_of(page).items()}
    assert len(seen) >= 5
    for (path, name), flags in seen.items():
        assert (flags["secure"], flags["httponly"], flags["domain"]) == ("True", "True", ""), (path, name)
        assert flags["samesite"] in ("lax", "strict"), (path, name)
        assert name.startswith(("__Host-", "__Secure-")), (path, name)
        assert not name.startswith("__Host-") or flags["path"] == "/", (path, name)


def test_an_admin_who_is_none_any_more_administers_nothing_with_what_she_holds(
    small_house: House, asha: TestClient
) -> None:
    """By cookie, by access token and by personal token alike, from the very next request on."""
    bela = join(visitor(small_house), "bela@example.org", "Bela")
    id = bela.get("/api/v1/session").json()["person"]["id"]
    role = f"/api/v1/admin/persons/{id}/role"
    assert asha.put(role, json={"role": "admin"}).status_code == 204
    wish = {"name": "ops", "scopes": ["admin"], "password": PASSWORD}
    personal = bela.post("/api/v1/tokens", json=wish).json()["token"]
    entry = {"email": "bela@example.org", "password": PASSWORD}
    access = visitor(small_house).post("/auth/login", json=entry).json()["access_token"]
    held = [bela]
    for token in (access, personal):
        held.append(visitor(small_house))
        held[-1].headers["authorization"] = f"Bearer {token}"
    assert [client.get("/api/v1/admin/users").status_code for client in held] == [200, 200, 200]
    assert asha.put(role, json={"role": "member"}).status_code == 204
    assert [client.get("/api/v1/admin/users").status_code for client in held] == [403, 403, 403]


def test_a_429_tells_when_it_really_opens(small_house: House) -> None:
    few = replace(CONFIG, limits=Limits(programs=0, pages=0, strangers=2))
    client = visitor(small_house, config=few)
    begun = time.monotonic()
    answers = [client.get("/sign-in").status_code for _ in range(3)]
    assert answers[-1] == 429
    wait = int(client.get("/sign-in").headers["retry-after"])
    assert 59 <= wait + (time.monotonic() - begun) <= 62


def test_a_pause_after_wrong_passwords_ends_when_it_says(small_house: House, asha: TestClient) -> None:
    client = visitor(small_house)
    wrong = {"email": "asha@example.org", "password": "not hers at all"}
    while (answer := client.post("/api/v1/session", json=wrong)).status_code == 401:
        pass
    wait = int(answer.headers["retry-after"])
    assert 1 <= wait <= 2
    time.sleep(wait)
    assert client.post("/api/v1/session", json=wrong | {"password": PASSWORD}).status_code == 201


def test_what_a_browser_calls_itself_forges_no_line(
    small_house: House, asha: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Names and addresses with line ends stay one line of the log, and plain text on the page."""
    evil = "Mozilla/5.0 <script>alert(1)</script>"
    client = visitor(small_house)
    client.headers["user-agent"] = evil
    wish = {"email": "nobody@example.org\r\n2026 INFO forged", "password": PASSWORD}
    with caplog.at_level("DEBUG", "tunefolio"):
        assert client.post("/api/v1/session", json=wish).status_code == 401
        sign_in(client, "asha@example.org")
        client.get("/nowhere/%0d%0a2026%20INFO%20forged")
    from tunefolio.telemetry import PlainLines

    lines = [PlainLines().format(record) for record in caplog.records]
    assert lines
    assert not [line for line in lines if "\n" in line.partition("\nTraceback")[0] or "\r" in line]
    page = asha.get("/settings/security", headers={"accept": "text/html"})
    assert "<script>alert(1)" not in page.text


DOORS = (
    ("/sign-in", "data"),
    ("/api/v1/session", "json"),
    ("/auth/login", "json"),
    ("/api/v1/auth/login", "json"),
    ("/forgot", "data"),
    ("/api/v1/password/forgot", "json"),
)


@pytest.fixture
def everybody(small_house: House, asha: TestClient) -> dict[str, str]:
    """One of each kind that a stranger might tell apart at the door, by her address."""
    known = ("known", "disabled", "guarded", "unverified", "passwordless")
    addresses = {kind: f"{kind}@example.org" for kind in known} | {"nobody": "nobodyx@example.org"}
    people = {kind: join(visitor(small_house), addresses[kind], kind) for kind in known}
    ids = {kind: PersonId(one.get("/api/v1/session").json()["person"]["id"]) for kind, one in people.items()}
    with small_house.database.writing() as db:
        identity.disable(db, small_house, Viewer(PersonId(1), Role.ADMIN), ids["disabled"])
        app = pyotp.TOTP(factors.begin(db, small_house, Viewer(ids["guarded"])).secret.reveal())
        factors.confirm(db, small_house, Viewer(ids["guarded"]), Secret(app.at(small_house.clock.now().utc)))
        persons.set_password(db, Viewer(ids["passwordless"]), passwords.NO_PASSWORD.text)
        for kind in ("known", "disabled", "guarded", "passwordless"):
            persons.set_verified(db, Viewer(ids[kind]), small_house.clock.now())
    return addresses


@pytest.mark.parametrize(("door", "form"), DOORS)
def test_no_door_tells_one_who_lives_here_from_one_who_does_not(
    small_house: House, everybody: dict[str, str], door: str, form: str
) -> None:
    """The same answer, byte for byte, after the same statements. Each is asked twice: the first refusal of a
    quarter of an hour is a new row in the activity, the next is counted on it."""
    answers: dict[str, str] = {}
    work_done: dict[str, list[str]] = {}
    for kind, email in everybody.items():
        wish = {"email": email, "password": "not hers at all"}
        sent: dict[str, Any] = {form: wish}
        visitor(small_house).post(door, **sent)
        with statements(small_house) as asked:
            answer = visitor(small_house).post(door, **sent)
        headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARYING)
        text = answer.text.replace(email, "#").replace(answer.headers["x-request-id"], "#")
        answers[kind] = f"{answer.status_code} {headers} {text}"
        work_done[kind] = [" ".join(one.split()[:6]) for one in asked]
    assert len(set(answers.values())) == 1, answers
    for kind, done in work_done.items():
        assert done == work_done["nobody"], kind
