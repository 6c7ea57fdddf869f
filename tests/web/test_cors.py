"""Pages of other sites: shut out, unless the operator names them, and then no further than was said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from tests.web.houses import CONFIG, PASSWORD, join, visitor
from tunefolio.core.people import Scope, Viewer
from tunefolio.services import tokens
from tunefolio.services.house import House

APP = "https://app.example.org"
NAMED = replace(CONFIG, cors_origins=(APP,))
ANY = replace(CONFIG, cors_origins=("*",))
BOOKS = "/api/v1/portfolios"
ASKED = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


def bearing(house: House) -> dict[str, str]:
    client = join(visitor(house), "asha@example.org", "Asha")
    viewer = Viewer(client.get("/api/v1/session").json()["person"]["id"])
    with house.database.writing() as db:
        fresh = tokens.make(db, house, viewer, "app", [Scope.READ, Scope.IMPORT], days=1)
    return {"authorization": f"Bearer {fresh.secret.reveal()}", "sec-fetch-site": "cross-site"}


def preflight(client: TestClient, path: str, origin: str = APP) -> dict[str, str]:
    """What a browser is allowed; {} for nothing."""
    answer = client.options(path, headers=ASKED | {"origin": origin, "sec-fetch-site": "cross-site"})
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize("path", [BOOKS, "/auth/refresh", "/dashboard", "/api/v1/nothing"])
def test_it_is_closed_unless_set(small_house: House, path: str) -> None:
    assert preflight(visitor(small_house), path) == {}


def test_a_named_origin_may_ask_and_read(small_house: House) -> None:
    client = visitor(small_house, config=NAMED)
    allowed = preflight(client, BOOKS)
    assert allowed["access-control-allow-origin"] == APP
    assert allowed["access-control-allow-methods"] == "GET, HEAD, POST"
    assert "Authorization" in allowed["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in allowed
    proof = bearing(small_house)
    made = client.post(BOOKS, json={"name": "x"}, headers=proof | {"origin": APP})
    assert made.status_code == 201
    assert made.headers["access-control-allow-origin"] == APP
    assert "RateLimit-Remaining" in made.headers["access-control-expose-headers"]
    assert "Origin" in made.headers["vary"]


def test_the_preflight_names_what_a_path_has(small_house: House) -> None:
    client = visitor(small_house, config=NAMED)
    assert preflight(client, f"{BOOKS}/1")["access-control-allow-methods"] == "DELETE, GET, HEAD, PATCH"
    assert preflight(client, "/api/v1/nothing").get("access-control-allow-methods") is None


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://app.example.org", f"{APP}.evil.example"]
)
def test_another_origin_is_told_nothing(small_house: House, origin: str) -> None:
    client = visitor(small_house, config=NAMED)
    assert preflight(client, BOOKS, origin) == {}
    answer = client.get(BOOKS, headers=bearing(small_house) | {"origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]


def test_pages_are_never_shared(small_house: House) -> None:
    client = visitor(small_house, config=NAMED)
    assert preflight(client, "/dashboard") == {}
    assert "access-control-allow-origin" not in client.get("/sign-in", headers={"origin": APP}).headers


def test_a_named_origin_may_renew_its_sign_in(small_house: House) -> None:
    join(visitor(small_house), "asha@example.org", "Asha")
    client = visitor(small_house, config=NAMED)
    assert preflight(client, "/auth/refresh")["access-control-allow-credentials"] == "true"
    other_site = {"origin": APP, "sec-fetch-site": "same-site"}
    wish = {"email": "asha@example.org", "password": PASSWORD}
    login = client.post("/auth/login", json=wish, headers=other_site)
    assert login.headers["access-control-allow-credentials"] == "true"
    assert client.post("/auth/refresh", headers=other_site).status_code == 200
    evil = other_site | {"origin": "https://evil.example"}
    assert client.post("/auth/refresh", headers=evil).status_code == 403


def test_a_named_origin_cannot_use_a_browsers_cookie(small_house: House) -> None:
    browser = join(visitor(small_house, config=NAMED), "asha@example.org", "Asha")
    other_site = {"origin": APP, "sec-fetch-site": "same-site"}
    assert browser.post(BOOKS, json={"name": "x"}, headers=other_site).status_code == 403
    assert "access-control-allow-credentials" not in browser.get(BOOKS, headers=other_site).headers


def test_any_origin_never_brings_cookies(small_house: House) -> None:
    client = visitor(small_house, config=ANY)
    evil = "https://evil.example"
    assert preflight(client, BOOKS, evil)["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in preflight(client, "/auth/refresh", evil)
    crossing = {"origin": evil, "sec-fetch-site": "cross-site"}
    assert client.post("/auth/refresh", headers=crossing).status_code == 403
    assert client.get(BOOKS, headers=bearing(small_house) | {"origin": evil}).status_code == 200
