"""Every way of the API has a row that says what it needs; and every route holds to its row."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from sqlalchemy import update
from starlette.testclient import TestClient

from tests.house.test_routes import ENDLESS, NOT_OWNED, NOUNS, PUBLIC, Way, needs_admin, ways
from tests.web.houses import PASSWORD, app_of, join, opened, visitor
from tunefolio.bootstrap import adapters
from tunefolio.core.people import Role, Scope, Viewer
from tunefolio.services import tokens
from tunefolio.services.house import House
from tunefolio.store.tables import personal_tokens
from tunefolio.store.viewers import owned
from tunefolio.web import scopes
from tunefolio.web.scopes import Proof, is_page, need_of

IDS = dict.fromkeys([*NOUNS.values(), *NOT_OWNED], "1") | {"day": "2026-11-20", "upload": "0" * 64}
PERSONS_OWN = (
    "/session", "/sessions", "/email", "/password", "/tokens", "/factors", "/passkeys", "/channels",
    "/admin/unlock",
)  # fmt: skip
"""What concerns signing in, or where news of it goes: never by a personal token."""


@pytest.fixture(scope="module")
def house(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    adapters.load()
    path = tmp_path_factory.mktemp("scopes") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as made:
        yield made


@pytest.fixture(scope="module")
def every(house: House) -> list[Way]:
    return ways(app_of(house))


@pytest.fixture(scope="module")
def operator(house: House) -> TestClient:
    return join(visitor(house), "operator@example.org", "Operator")


def of_programs(every: list[Way]) -> list[Way]:
    return [way for way in every if not is_page(way.path) and not way.path.endswith((".ico", ".webmanifest"))]


def bearing(house: House, operator: TestClient, *wanted: Scope) -> TestClient:
    viewer = Viewer(operator.get("/api/v1/session").json()["person"]["id"])
    who = Viewer(viewer.person, Role.ADMIN)
    with house.database.writing() as db:
        name = f"{'-'.join(wanted)} {len(tokens.listed(db, who))}"
        fresh = tokens.make(db, house, who, name, wanted, days=1)
    client = visitor(house)
    client.headers["authorization"] = f"Bearer {fresh.secret.reveal()}"
    return client


def test_every_way_of_the_api_says_what_it_needs(every: list[Way]) -> None:
    silent = [(way.method, way.path) for way in of_programs(every) if need_of(way.method, way.path) is None]
    assert silent == [], "decide in web/scopes.py what a token needs to go this way"


def test_no_row_is_left_of_a_way_that_is_no_more(every: list[Way]) -> None:
    there = {(way.method, way.to(IDS).count("/")): True for way in every}
    paths = {way.path for way in every} | {"/ws/live"}
    nouns = {path.split("/")[3] for path in paths if path.startswith(scopes.V1)}
    assert set(scopes.NOUNS) <= nouns, set(scopes.NOUNS) - nouns
    assert there
    unmatched = [
        row
        for row in scopes.WAYS
        if not any(
            row[0] == (way.method if way.path != "/ws/live" else "GET") and _meets(row[1], way.path)
            for way in every
        )
        and row[1] != "/ws/live"
    ]
    assert unmatched == []


def _meets(row: str, path: str) -> bool:
    ours, theirs = row.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(
        one in ("*", part) for one, part in zip(ours, theirs, strict=True)
    )


def test_pages_are_for_browsers(every: list[Way]) -> None:
    pages = [way for way in every if is_page(way.path)]
    assert len(pages) > 100
    assert {need_of(way.method, way.path) for way in pages} == {Proof.BROWSER}


def test_what_is_open_to_nobody_is_what_a_stranger_may_ask(every: list[Way]) -> None:
    named = {
        (way.method, way.path) for way in of_programs(every) if need_of(way.method, way.path) is Proof.NOBODY
    }
    public = {(method, path) for method, path in PUBLIC if not is_page(path)}
    assert named == public


def test_admins_ways_need_their_scope_or_themselves(house: House, every: list[Way]) -> None:
    app = app_of(house)
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or context.path is None or is_page(context.path):
            continue
        for method in context.methods or ():
            if needs_admin(route.dependant):
                need = need_of(method, context.path)
                assert need in (Scope.ADMIN, Proof.PERSON), (method, context.path, need)


def test_signing_in_is_never_a_tokens_matter(every: list[Way]) -> None:
    for way in of_programs(every):
        own = way.path.removeprefix("/api/v1").startswith(PERSONS_OWN) or way.path == "/api/v1/me"
        if own and (way.method, way.path) not in PUBLIC and way.path != "/api/v1/tokens/this":
            assert isinstance(need_of(way.method, way.path), Proof), way


def test_looking_needs_no_more_than_to_read_and_changing_never_only_that(every: list[Way]) -> None:
    computing = {
        path for (method, path), need in scopes.WAYS.items() if method == "POST" and need is Scope.READ
    }
    for way in of_programs(every):
        need = need_of(way.method, way.path)
        if way.method == "GET":
            assert need in (Scope.READ, Scope.ADMIN, *Proof), way
        elif way.path not in computing:
            assert need is not Scope.READ, way


@pytest.mark.parametrize("held", list(Scope))
def test_each_way_refuses_a_token_of_the_wrong_scope(
    house: House, operator: TestClient, every: list[Way], held: Scope
) -> None:
    client = bearing(house, operator, held)
    wrong, tried = [], 0
    for way in every:
        need = need_of(way.method, way.path)
        if (way.method, way.path) in PUBLIC | ENDLESS or need in (held, Proof.NOBODY):
            continue
        tried += 1
        answer = client.request(way.method, way.to(IDS), json={}, headers={"accept": "application/json"})
        said = "no token" if isinstance(need, Proof) or need is None else f"scope {need.value}"
        if answer.status_code != 403 or said not in answer.text.lower():
            wrong.append((way.method, way.path, answer.status_code, answer.text[:200]))
    assert wrong == []
    assert tried > 150


def test_an_access_token_is_no_browser(house: House, operator: TestClient, every: list[Way]) -> None:
    """It goes every way that a person's sign-in goes, but none that is a browser's alone: no page at all."""
    entry = {"email": "operator@example.org", "password": PASSWORD}
    client = visitor(house)
    token = client.post("/auth/login", json=entry).json()["access_token"]
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {token}"
    let_in, tried = [], 0
    for way in every:
        if need_of(way.method, way.path) not in (None, Proof.BROWSER) or (way.method, way.path) in PUBLIC:
            continue
        tried += 1
        answer = client.request(way.method, way.to(IDS), json={}, headers={"accept": "application/json"})
        if answer.status_code != 403 or "no token" not in answer.text.lower():
            let_in.append((way.method, way.path, answer.status_code, answer.text[:200]))
    assert let_in == []
    assert tried > 150


def test_a_token_without_any_scope_opens_nothing(
    house: House, operator: TestClient, every: list[Way]
) -> None:
    """No door makes such a one; where one lay in the database it would reach nothing."""
    viewer = Viewer(operator.get("/api/v1/session").json()["person"]["id"], Role.ADMIN)
    client = bearing(house, operator, Scope.READ)
    with house.database.writing() as db:
        db.execute(update(personal_tokens).where(owned(personal_tokens, viewer)).values(scopes=[]))
    for way in every:
        if (way.method, way.path) in PUBLIC | ENDLESS:
            continue
        answer = client.request(way.method, way.to(IDS), json={}, headers={"accept": "application/json"})
        assert answer.status_code == 403, (way, answer.status_code, answer.text[:200])
