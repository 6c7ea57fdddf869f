"""Headers, cookies, and the refusal of what other sites, other hosts and large senders ask for."""

from __future__ import annotations

from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from tests.web.houses import CONFIG, PASSWORD, join, sign_in, visitor
from tunefolio.core.time import FixedClock
from tunefolio.services.house import House
from tunefolio.web.security import HEADERS, HOST_COOKIE, PLAIN_COOKIE, WebConfig, is_local, safe_next

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CREDENTIALS = {"email": "new@example.org", "password": PASSWORD}
NEW = {**CREDENTIALS, "name": "New"}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/portfolio/overview",
        "/api/openapi.json",
        "/nowhere",
        "/static/nowhere.js",
        "/sign-in",
        "/live",
    ],
)
def test_every_answer_carries_the_headers(stranger: TestClient, path: str) -> None:
    answer = stranger.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert len(answer.headers["x-request-id"]) == 16
    assert answer.headers["cache-control"] == "no-store"


def test_plain_http_makes_no_promise_of_https(small_house: House) -> None:
    answer = visitor(small_house, address="http://localhost").get("/")
    assert "strict-transport-security" not in answer.headers


# The cookie ---------------------------------------------------------------------------------------


def cookie_of(client: TestClient) -> tuple[str, dict[str, str]]:
    """(name, attributes) of the session cookie that a sign-in sets."""
    client.post("/api/v1/persons", json=NEW)
    answer = client.post("/api/v1/session", json=CREDENTIALS)
    assert answer.status_code == 201, answer.text
    jars = [SimpleCookie(one) for one in answer.headers.get_list("set-cookie")]
    found = [item for jar in jars for item in jar.items()]
    ((name, morsel),) = [item for item in found if item[0] in (HOST_COOKIE, PLAIN_COOKIE)]
    return name, {flag: str(value) for flag, value in morsel.items()}


@pytest.mark.parametrize("address", ["https://testserver", "http://localhost", "http://127.0.0.1:8000"])
def test_the_cookie_is_bound_to_its_host(small_house: House, address: str) -> None:
    name, flags = cookie_of(visitor(small_house, address=address))
    assert name == "__Host-tunefolio"
    assert (flags["secure"], flags["httponly"], flags["samesite"], flags["path"]) == (
        "True",
        "True",
        "lax",
        "/",
    )
    assert flags["domain"] == ""
    assert flags["expires"] == "Sun, 20 Dec 2026 05:00:00 GMT"


def test_plain_http_elsewhere_is_refused_with_the_cure(small_house: House) -> None:
    client = visitor(small_house, address="http://family.lan")
    client.post("/api/v1/persons", json=NEW)
    answer = client.post("/api/v1/session", json=CREDENTIALS)
    assert answer.status_code == 422
    assert "TUNEFOLIO_INSECURE_COOKIES" in answer.json()["cure"]
    assert "set-cookie" not in answer.headers


def test_plain_http_elsewhere_by_choice_uses_another_name(small_house: House) -> None:
    config = WebConfig(allowed_hosts=("*",), insecure_cookies=True)
    client = visitor(small_house, address="http://family.lan", config=config)
    name, flags = cookie_of(client)
    assert (name, flags["secure"]) == ("tunefolio", "")
    assert client.get("/api/session/active").status_code == 200


def test_signing_out_ends_the_session_for_good(small_house: House, asha: TestClient) -> None:
    token = asha.cookies["__Host-tunefolio"]
    answer = asha.delete("/api/v1/session")
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    thief = visitor(small_house)
    thief.cookies.set("__Host-tunefolio", token)
    assert thief.get("/api/session/active").status_code == 401


def test_a_session_lasts_while_it_is_used(small_house: House, asha: TestClient) -> None:
    clock = small_house.clock
    assert isinstance(clock, FixedClock)
    for _ in range(4):
        clock.advance(timedelta(days=20))
        answer = asha.get("/api/v1/session")
        assert answer.status_code == 200
        assert "__Host-tunefolio" in answer.headers["set-cookie"]
    assert "set-cookie" not in asha.get("/api/v1/session").headers
    clock.advance(timedelta(days=31))
    assert asha.get("/api/v1/session").status_code == 401


def test_a_new_password_ends_other_sessions(small_house: House, asha: TestClient) -> None:
    elsewhere = sign_in(visitor(small_house), "asha@example.org")
    assert len(asha.get("/api/v1/sessions").json()["data"]) == 2
    wish = {"old": PASSWORD, "new": "another long password"}
    assert asha.put("/api/v1/session/password", json=wish).status_code == 204
    assert elsewhere.get("/api/v1/session").status_code == 401
    assert asha.get("/api/v1/session").status_code == 200


def test_a_device_can_be_signed_out(small_house: House, asha: TestClient) -> None:
    elsewhere = sign_in(visitor(small_house), "asha@example.org")
    rows = asha.get("/api/v1/sessions").json()["data"]
    (other,) = [row["id"] for row in rows if not row["is_current"]]
    assert asha.delete(f"/api/v1/sessions/{other}").status_code == 204
    assert elsewhere.get("/api/v1/session").status_code == 401


# Other sites --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "https://testserver"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://testserver.evil.example"},
        {"origin": "https://testserver:8443"},
    ],
)
def test_another_site_changes_nothing(asha: TestClient, headers: dict[str, str]) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert asha.request(method, "/api/v1/session", headers=headers).status_code == 403
    assert asha.get("/api/v1/session").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "https://testserver"},
        {},
    ],
)
def test_one_own_site_and_programs_may(asha: TestClient, headers: dict[str, str]) -> None:
    answer = asha.post("/api/v1/portfolios", json={"name": "Mine"}, headers=headers)
    assert answer.status_code == 201


def test_reading_from_another_site_is_no_change(asha: TestClient) -> None:
    answer = asha.get("/api/v1/session", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200


def test_the_public_address_is_ones_own_behind_a_proxy(small_house: House) -> None:
    client = visitor(small_house, address="http://localhost")
    answer = client.post("/api/v1/persons", json=NEW, headers={"origin": "https://testserver"})
    assert answer.status_code == 201


def test_a_foreign_host_name_is_not_served(small_house: House) -> None:
    answer = visitor(small_house, address="http://rebound.example").get("/")
    assert answer.status_code == 421
    assert "TUNEFOLIO_PUBLIC_URL" in answer.json()["detail"]


def test_patterns_of_hosts(small_house: House) -> None:
    config = WebConfig(allowed_hosts=("*.example.org", "[::1]"))
    assert visitor(small_house, address="https://a.example.org", config=config).get("/").status_code == 200
    assert visitor(small_house, address="http://[::1]:80", config=config).get("/").status_code == 200
    assert visitor(small_house, address="https://example.org", config=config).get("/").status_code == 421
    assert visitor(small_house, address="https://badexample.org", config=config).get("/").status_code == 421


# Large senders ------------------------------------------------------------------------------------


def test_a_large_body_is_refused_before_it_is_read(asha: TestClient) -> None:
    answer = asha.post("/api/v1/portfolios", content=b"x" * (CONFIG.body_limit_bytes + 1))
    assert answer.status_code == 413
    assert "1 MB" in answer.json()["detail"]


def test_a_body_of_unknown_length_is_counted(asha: TestClient) -> None:
    pieces = (b" " * 65_536 for _ in range(20))
    answer = asha.post("/api/v1/portfolios", content=pieces, headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_file_of_50_mb_is_refused_with_a_clear_word(asha: TestClient) -> None:
    files = {"file": ("trades.csv", b"x" * 50 * 1024 * 1024)}
    answer = asha.post("/api/v1/accounts/1/imports/preview", files=files)
    assert answer.status_code == 413
    assert "10 MB" in answer.json()["detail"]
    assert "Split the file" in answer.json()["cure"]


# Roles --------------------------------------------------------------------------------------------


def test_a_reader_reads_and_changes_only_the_own_sign_in(small_house: House, asha: TestClient) -> None:
    reader = join(visitor(small_house), "ravi@example.org", "Ravi")
    ravi = reader.get("/api/v1/session").json()["person"]["id"]
    assert asha.put(f"/api/v1/admin/persons/{ravi}/role", json={"role": "reader"}).status_code == 204
    assert reader.get("/api/portfolio/overview").status_code == 200
    refused = reader.post("/api/v1/portfolios", json={"name": "Mine"})
    assert refused.status_code == 403
    assert refused.json()["title"] == "Not yours to do"
    wish = {"old": PASSWORD, "new": "another long password"}
    assert reader.put("/api/v1/session/password", json=wish).status_code == 204
    assert reader.delete("/api/v1/session").status_code == 204


def test_only_admins_administer(small_house: House, asha: TestClient) -> None:
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    for path in ("/api/v1/admin/persons", "/api/v1/admin/invites", "/api/v1/admin/jobs"):
        assert asha.get(path).status_code == 200
        assert ravi.get(path).status_code == 403
    assert ravi.post("/api/v1/admin/invites", json={}).status_code == 403
    invited = asha.post("/api/v1/admin/invites", json={"role": "member"})
    assert invited.json()["link"].startswith("https://testserver/sign-up?invite=")


def test_a_disabled_person_is_out_at_once(small_house: House, asha: TestClient) -> None:
    ravi = join(visitor(small_house), "ravi@example.org", "Ravi")
    number = ravi.get("/api/v1/session").json()["person"]["id"]
    assert asha.post(f"/api/v1/admin/persons/{number}/disable").status_code == 204
    assert ravi.get("/api/v1/session").status_code == 401
    assert asha.post(f"/api/v1/admin/persons/{number}/enable").status_code == 204
    sign_in(ravi, "ravi@example.org")


# Where to go next ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/transactions", "/holdings?sector=IT%20Services", "/a#b", "/a//b"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/a\nb",
        "javascript:alert(1)",
        "dashboard",
        "///evil.example",
        " //evil.example",
        "/a\\b",
    ],
)
def test_a_path_that_could_lead_elsewhere_is_not(path: str | None) -> None:
    assert safe_next(path) == "/dashboard"


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("localhost", True), ("127.0.0.1", True), ("[::1]", True), ("app.localhost", True), ("10.0.0.1", False),
     ("localhost.example.org", False), ("", False)],
)  # fmt: skip
def test_this_very_machine(host: str, is_ours: bool) -> None:
    assert is_local(host) is is_ours
