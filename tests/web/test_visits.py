"""Who asks is known at a glance where there are any, else in a transaction: the same people either way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from limits.storage import MemoryStorage
from starlette.testclient import TestClient

from tests.web.houses import ADDRESS, PASSWORD, join, visitor
from tunefolio.core.identity import TokenId
from tunefolio.core.people import Scope, Viewer
from tunefolio.services import tokens
from tunefolio.services.house import House
from tunefolio.services.signing import SigningKeys
from tunefolio.services.throttle import Throttle
from tunefolio.store.db import Database

BOOKS = "/api/v1/portfolios"
WISH = {"email": "asha@example.org", "password": PASSWORD}


@pytest.fixture(params=["at a glance", "in a transaction", "counted elsewhere", "keys forgotten"])
def server(request: pytest.FixtureRequest, small_house: House) -> Iterator[House]:
    """Web servers of one house: what each has to know people by differs."""
    match request.param:
        case "at a glance":
            assert small_house.throttle.is_near
            yield small_house
        case "in a transaction":
            yield replace(small_house, database=Database(small_house.database.engine))
        case "counted elsewhere":
            yield replace(small_house, throttle=Throttle(MemoryStorage()))
        case _:
            yield replace(small_house, signing=SigningKeys())


def asked(server: House, **headers: str) -> int:
    """Somebody who has nothing but these headers."""
    return visitor(server).get(BOOKS, headers=headers).status_code


def test_a_cookie_opens_until_its_session_ends(server: House, asha: TestClient) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in asha.cookies.items())
    assert asked(server, cookie=cookie) == 200
    assert asha.delete("/api/v1/session", headers={"origin": ADDRESS}).status_code == 204
    assert asked(server, cookie=cookie) == 401


def test_an_access_token_opens_until_its_sign_in_ends(
    server: House, small_house: House, asha: TestClient
) -> None:
    program = visitor(small_house)
    asked_for = program.post("/api/v1/auth/login", json=WISH)
    bearing = f"Bearer {asked_for.json()['access_token']}"
    assert asked(server, authorization=bearing) == 200
    assert program.post("/api/v1/auth/logout").status_code == 204
    assert asked(server, authorization=bearing) == 401


def test_a_personal_token_opens_until_it_is_revoked(server: House, asha: TestClient) -> None:
    viewer = Viewer(asha.get("/api/v1/session").json()["person"]["id"])
    database = server.database
    with database.writing() as db:
        fresh = tokens.make(db, server, viewer, "script", [Scope.READ], days=1)
    bearing = f"Bearer {fresh.secret.reveal()}"
    assert asked(server, authorization=bearing) == 200
    with database.writing() as db:
        tokens.revoke(db, server, viewer, TokenId(fresh.kept.id))
    assert asked(server, authorization=bearing) == 401
    assert asked(server, authorization="Bearer tf_pat_x") == 401


def test_whoever_signs_in_where_somebody_was_signed_in_ends_that_session(
    small_house: House, asha: TestClient
) -> None:
    """The browser loses its cookie by it, and nobody would end it for weeks."""
    former = "; ".join(f"{name}={value}" for name, value in asha.cookies.items())
    join(visitor(small_house), "bela@example.org", "Bela")
    assert asha.post("/api/v1/session", json=WISH | {"email": "bela@example.org"}).status_code == 201
    assert asha.get("/api/v1/session").json()["person"]["name"] == "Bela"
    assert asked(small_house, cookie=former) == 401
    elsewhere = visitor(small_house)
    assert elsewhere.post("/api/v1/session", json=WISH).status_code == 201
    acts = [row["action"] for row in elsewhere.get("/api/v1/activity").json()["data"]]
    assert "sign_in.ended" in acts
