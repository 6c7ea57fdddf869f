"""Each kind of error as problem, page and fragment; none tells of the inside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from tests.web.houses import ADDRESS, CONFIG, PASSWORD, opened
from tunefolio.core import errors as kinds
from tunefolio.core.errors import Misuse, TunefolioError
from tunefolio.services.credentials import LoginRefused, WrongField
from tunefolio.services.house import House
from tunefolio.web.app import create_app
from tunefolio.web.errors import TABLE, SignedOut, TooMany, problem_of, sign_in_path, wait_words

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HTMX = {"hx-request": "true", "hx-request-type": "partial", "accept": "text/html"}
FAULTS: dict[str, tuple[Exception, int]] = {
    "signed-out": (SignedOut(), 401),
    "forbidden": (kinds.Forbidden("change", cure="Ask an admin"), 403),
    "not-found": (kinds.NotFound("portfolio"), 404),
    "misuse": (Misuse("quantity", "must be above zero", cure="Write 10"), 422),
    "reauth": (kinds.Reauth(), 409),
    "rejected": (kinds.Rejected("no such token", code="token"), 422),
    "credentials": (kinds.Rejected("e-mail or password is wrong", code="credentials"), 401),
    "login-refused": (LoginRefused("Angel One", "Angel One did not accept the code"), 422),
    "wrong-field": (WrongField("totp", "Code", "is missing", cure="Six digits"), 422),
    "too-many": (TooMany("too many attempts", after=timedelta(seconds=90)), 429),
    "busy": (kinds.Retry("the broker is away"), 503),
    "ambiguous": (kinds.Ambiguous("order 7"), 409),
    "broken-law": (kinds.BrokenLaw("units are conserved", "10 is not 11"), 500),
    "unforeseen": (RuntimeError("password=hunter2 in /srv/secret.py"), 500),
}


@pytest.fixture(scope="module")
def faulty(migrated_sqlite: Path) -> Iterator[TestClient]:
    """A house in which /fault/NAME and /api/fault/NAME break in every known way."""
    with opened(f"sqlite:///{migrated_sqlite}") as house:
        yield _with_faults(create_app(house, CONFIG))


def _with_faults(app: FastAPI) -> TestClient:

    def fault(name: str) -> None:
        raise FAULTS[name][0]

    for path in ("/fault/{name}", "/api/fault/{name}"):
        app.add_api_route(path, fault, methods=["GET", "POST"])
    return TestClient(app, base_url=ADDRESS, follow_redirects=False)


@pytest.mark.parametrize("name", FAULTS)
def test_a_program_gets_a_problem(faulty: TestClient, name: str) -> None:
    answer = faulty.get(f"/api/fault/{name}")
    status = FAULTS[name][1]
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["type"].startswith("/api/docs#")
    assert body["title"]
    assert ("retry-after" in answer.headers) is (status in (429, 503))


@pytest.mark.parametrize("name", sorted(FAULTS.keys() - {"signed-out"}))
def test_htmx_gets_a_fragment(faulty: TestClient, name: str) -> None:
    answer = faulty.post(f"/fault/{name}", headers=HTMX)
    assert answer.status_code == FAULTS[name][1]
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("name", FAULTS)
def test_a_person_gets_a_page(faulty: TestClient, name: str) -> None:
    answer = faulty.post(f"/fault/{name}", headers=BROWSER)
    assert answer.status_code == FAULTS[name][1]
    assert "<html" in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("headers", [{}, BROWSER, HTMX])
def test_the_unforeseen_shows_only_its_number(faulty: TestClient, headers: dict[str, str]) -> None:
    answer = faulty.get("/fault/unforeseen", headers=headers)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "secret.py" not in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_misuse_names_field_and_cure(faulty: TestClient) -> None:
    body = faulty.get("/api/fault/misuse").json()
    assert body["errors"] == [{"field": "quantity", "problem": "must be above zero", "cure": "Write 10"}]
    assert body["cure"] == "Write 10"


def test_too_many_says_how_long_to_wait(faulty: TestClient) -> None:
    assert faulty.get("/api/fault/too-many").headers["retry-after"] == "90"
    for headers in (HTMX, BROWSER):
        told = faulty.post("/fault/too-many", headers=headers).text
        assert "Try again in 2 minutes." in told
        assert "too many attempts" not in told, "the title says it"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "a second"), (59, "59 seconds"), (60, "a minute"), (61, "2 minutes"), (368, "7 minutes")],
)
def test_a_wait_is_told_in_whole_minutes(seconds: int, words: str) -> None:
    assert wait_words(seconds) == words


def test_a_broker_that_refuses_a_login_is_named(faulty: TestClient) -> None:
    told = faulty.post("/fault/login-refused", headers=HTMX).text
    assert "<b>Angel One refused the login</b>" in told
    assert "Wrong e-mail" not in told
    body = faulty.get("/api/fault/login-refused").json()
    assert body["type"] == "/api/docs#login-refused"
    assert body["detail"] == "Angel One did not accept the code"


def test_a_field_of_a_form_is_told_by_its_label_and_marked_by_its_name(faulty: TestClient) -> None:
    told = " ".join(faulty.post("/fault/wrong-field", headers=HTMX).text.split())
    assert 'data-field="totp"' in told
    assert "Code is missing. <span" in told
    assert faulty.get("/api/fault/wrong-field").json()["errors"] == [
        {"field": "totp", "problem": "is missing", "cure": "Six digits"}
    ]


def test_a_signed_out_browser_is_led_to_sign_in_and_back(stranger: TestClient) -> None:
    answer = stranger.get("/auth/zerodha/login?portfolio=3", headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fauth%2Fzerodha%2Flogin%3Fportfolio%3D3"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_part_asked_for_after_the_sign_in_ended_leads_to_it_and_back(
    stranger: TestClient, method: str
) -> None:
    """No error stands in the console and no part of the page stays; an address elsewhere is none to go to."""
    for page, back in {
        "https://testserver/transactions?tag=core": "/sign-in?next=%2Ftransactions%3Ftag%3Dcore",
        "https://testserver//evil.example": "/sign-in",
    }.items():
        path = "/holdings" if method == "GET" else "/portfolios"
        answer = stranger.request(method, path, headers={**HTMX, "hx-current-url": page})
        assert answer.status_code == 204
        assert answer.headers["hx-redirect"] == back
        assert not answer.content


def test_a_forged_current_page_leads_nowhere_else() -> None:
    for forged in ("https://evil.example//evil.example", "https://testserver/\\evil.example", "nonsense"):
        headers = [(b"hx-request", b"true"), (b"hx-current-url", forged.encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        assert sign_in_path(Request(scope)) == "/sign-in"


def test_a_signed_out_change_is_401(stranger: TestClient) -> None:
    assert stranger.post("/api/snapshots/trigger").status_code == 401
    assert stranger.post("/api/v1/portfolios", json={"name": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/api/nowhere", 404), ("PATCH", "/api/portfolio/overview", 405)],
)
@pytest.mark.parametrize("headers", [{}, BROWSER, HTMX])
def test_wrong_ways(
    stranger: TestClient, method: str, path: str, status: int, headers: dict[str, str]
) -> None:
    answer = stranger.request(method, path, headers=headers)
    assert answer.status_code == status
    if not headers:
        assert answer.json()["status"] == status


def test_a_405_says_what_is_allowed(stranger: TestClient) -> None:
    assert stranger.patch("/api/portfolio/overview").headers["allow"] == "GET, HEAD"


def test_invalid_input_names_each_field(asha: TestClient) -> None:
    answer = asha.post("/api/v1/accounts", json={"portfolio_id": "x", "name": "a" * 81})
    assert answer.status_code == 422
    assert {wrong["field"] for wrong in answer.json()["errors"]} == {"portfolio_id", "name"}


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b'"text"', b"\xff\xfe", b'{"name": "\\ud800"}', b'{"name": "\\u0000"}']
)
def test_damaged_json_is_answered_well(asha: TestClient, content: bytes) -> None:
    answer = asha.post("/api/v1/portfolios", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_no_json_is_called_so(asha: TestClient) -> None:
    answer = asha.post(
        "/api/v1/portfolios", content=b'{"name": ', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422
    (wrong,) = answer.json()["errors"]
    assert wrong["field"] == "body"
    assert wrong["problem"].startswith("is not JSON")
    assert wrong["cure"]


def test_an_id_beyond_any_database_is_answered_well(asha: TestClient) -> None:
    assert asha.get(f"/api/v1/portfolios/{2**63}").status_code == 422
    assert asha.get(f"/api/v1/portfolios/{2**63 - 1}").status_code == 404
    assert asha.get("/api/v1/portfolios/-1").status_code == 422


def test_wrong_passwords_are_slowed_down(small_house: House, stranger: TestClient) -> None:
    wish = {"email": "asha@example.org", "password": "wrong password"}
    seen = [stranger.post("/api/v1/session", json=wish).status_code for _ in range(14)]
    assert seen[0] == 401
    assert seen[-1] == 429
    last = stranger.post("/api/v1/session", json={**wish, "password": PASSWORD})
    assert int(last.headers["retry-after"]) > 0


def test_every_kind_of_error_has_its_row() -> None:
    def below(kind: type[TunefolioError]) -> set[type[TunefolioError]]:
        return {kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))}

    named = {kind for kind in below(TunefolioError) if kind.__module__ == kinds.__name__} - {TunefolioError}
    assert named <= set(TABLE)
    assert problem_of(TunefolioError("something else")).status == 500
