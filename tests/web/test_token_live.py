"""Live lines and logs: a bearer token opens a line as far as its scope reaches, and is never written down."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.web.houses import CONFIG, PASSWORD, visitor
from tunefolio.core.people import Scope, Viewer
from tunefolio.services import tokens
from tunefolio.services.house import House
from tunefolio.web.security import REFRESH_COOKIE
from tunefolio.web.visits import is_still_here

LIVE = "wss://testserver/ws/live"


def bearing(house: House, owner: TestClient, *scopes: Scope) -> dict[str, str]:
    viewer = Viewer(owner.get("/api/v1/session").json()["person"]["id"])
    with house.database.writing() as db:
        fresh = tokens.make(db, house, viewer, "-".join(scopes), scopes, days=1)
    return {"authorization": f"Bearer {fresh.secret.reveal()}"}


def denied(client: TestClient, headers: dict[str, str]) -> tuple[int, str]:
    """Status and kind of what a line is refused with."""
    with pytest.raises(WebSocketDenialResponse) as no, client.websocket_connect(LIVE, headers=headers):
        pass
    return no.value.status_code, no.value.json()["type"]


def test_a_token_that_reads_hears_what_moves(small_house: House, asha: TestClient) -> None:
    headers = bearing(small_house, asha, Scope.READ)
    program = visitor(small_house)
    with program, program.websocket_connect(LIVE, headers=headers) as line:
        assert orjson.loads(line.receive_text())["type"] == "hello"


def test_another_sites_origin_matters_only_to_cookies(small_house: House, asha: TestClient) -> None:
    evil = {"origin": "https://evil.example"}
    with asha:
        assert denied(asha, evil)[0] == 403
    program = visitor(small_house)
    with (
        program,
        program.websocket_connect(LIVE, headers=bearing(small_house, asha, Scope.READ) | evil) as line,
    ):
        assert orjson.loads(line.receive_text())["type"] == "hello"


def test_other_tokens_are_refused_before_the_line_opens(small_house: House, asha: TestClient) -> None:
    program = visitor(small_house)
    with program:
        assert denied(program, bearing(small_house, asha, Scope.IMPORT)) == (403, "scope-needed")
        assert denied(program, {"authorization": "Bearer nonsense"}) == (401, "token-refused")
        assert denied(program, {}) == (401, "signed-out")
    with asha:
        assert denied(asha, {"authorization": "Bearer nonsense"}) == (401, "token-refused")


def test_a_stream_refuses_the_wrong_scope(small_house: House, asha: TestClient) -> None:
    program = visitor(small_house)
    answer = program.get("/live/stream", headers=bearing(small_house, asha, Scope.SYNC))
    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#scope-needed")


def test_an_open_line_ends_with_its_token(small_house: House, asha: TestClient) -> None:
    headers = bearing(small_house, asha, Scope.READ)
    scope: dict[str, Any] = {
        "type": "http",
        "scheme": "https",
        "path": "/live/stream",
        "headers": [(b"host", b"testserver"), *((n.encode(), v.encode()) for n, v in headers.items())],
    }
    line = HTTPConnection(scope)
    assert is_still_here(line, small_house, CONFIG)
    viewer = Viewer(asha.get("/api/v1/session").json()["person"]["id"])
    with small_house.database.writing() as db:
        tokens.end_all(db, small_house, viewer)
    assert not is_still_here(line, small_house, CONFIG)


def test_no_token_is_ever_logged(
    small_house: House, asha: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    personal = bearing(small_house, asha, Scope.READ)["authorization"].removeprefix("Bearer ")
    program = visitor(small_house)
    wish = {"email": "asha@example.org", "password": PASSWORD}
    login = program.post("/auth/login", json=wish)
    said = [personal, PASSWORD, login.json()["access_token"], program.cookies[REFRESH_COOKIE]]
    again = program.post("/auth/refresh")
    said += [again.json()["access_token"], program.cookies[REFRESH_COOKIE]]
    for token in (personal, said[2], "tf_pat_" + "x" * 42):
        bearer = {"authorization": f"Bearer {token}"}
        program.get("/api/v1/portfolios", headers=bearer)
        program.post("/api/v1/portfolios", json={"name": ""}, headers=bearer)
    stolen = {"cookie": f"{REFRESH_COOKIE}={said[3]}", "user-agent": "a thief"}
    program.cookies.clear()
    assert program.post("/auth/refresh", headers=stolen).status_code == 401
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert any("used twice" in line for line in lines)
    assert not any(secret in line for line in lines for secret in said)
