"""Personal tokens: how they are made, how far each reaches, how they end; and what no token reaches."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.web.houses import PASSWORD, join, sign_in, visitor
from tunefolio.core.errors import Forbidden, Misuse
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Role, Scope, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock
from tunefolio.services import tokens
from tunefolio.services.house import House
from tunefolio.store import personal_tokens, persons
from tunefolio.store.tables import OWNED
from tunefolio.store.tables import personal_tokens as table

WISH: dict[str, Any] = {"name": "sheet", "scopes": ["read"], "days": 30, "password": PASSWORD}
BOOKS = "/api/v1/portfolios"


@pytest.fixture
def owner(house: House) -> TestClient:
    """A member in a browser; the first person, so the admin, is somebody else."""
    join(visitor(house), "operator@example.org", "Operator")
    return sign_in(join(visitor(house), "asha@example.org", "Asha"), "asha@example.org")


def token_of(owner: TestClient, *scopes: str, **others: Any) -> str:
    wish = WISH | {"name": " ".join(scopes), "scopes": list(scopes)} | others
    answer = owner.post("/api/v1/tokens", json=wish)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["token"]
    return made


def program(house: House, token: str) -> TestClient:
    """A program with this token and nothing else."""
    client = visitor(house)
    client.headers["authorization"] = f"Bearer {token}"
    return client


def viewer_of(client: TestClient) -> Viewer:
    return Viewer(client.get("/api/v1/session").json()["person"]["id"])


def test_a_token_is_shown_once_and_kept_as_a_hash(house: House, owner: TestClient) -> None:
    answer = owner.post("/api/v1/tokens", json=WISH).json()
    secret = answer["token"]
    assert re.fullmatch(r"tf_pat_[0-9A-Za-z]{42}", secret)
    assert (answer["scopes"], answer["ending"]) == (["read"], secret[-4:])
    assert answer["expires_at"].startswith("2026-12-20")
    listed = owner.get("/api/v1/tokens")
    assert secret not in listed.text
    assert [one["name"] for one in listed.json()["data"]] == ["sheet"]
    with house.database.reading() as db:
        everything = [str(tuple(row)) for name in OWNED for row in db.execute(select(name))]
    assert not any(secret in row for row in everything)


def test_a_token_sees_what_its_owner_sees(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read"))
    assert client.get(BOOKS).status_code == 200
    assert client.get("/api/portfolio/overview").status_code == 200
    assert client.get("/api/v1/tokens/this").json()["person"]["name"] == "Asha"
    assert owner.get("/api/v1/tokens/this").status_code == 404


def test_a_token_that_reads_is_refused_a_write_by_name(house: House, owner: TestClient) -> None:
    answer = program(house, token_of(owner, "read")).post(BOOKS, json={"name": "x"})
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="import"'
    body = answer.json()
    assert body["type"].endswith("#scope-needed")
    assert "import" in body["detail"]
    assert owner.get(BOOKS).json()["data"] == []


def test_no_scope_includes_another(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "import"))
    assert client.post(BOOKS, json={"name": "x"}).status_code == 201
    assert client.get(BOOKS).status_code == 403
    assert client.post("/api/snapshots/trigger").status_code == 403
    assert program(house, token_of(owner, "sync")).post("/api/snapshots/trigger").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/sessions"),
        ("PUT", "/api/v1/session/password"),
        ("DELETE", "/api/v1/session"),
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/family/grants"),
        ("GET", "/api/v1/channels"),
        ("POST", "/api/v1/brokers/zerodha/login"),
        ("GET", "/auth/zerodha/login"),
        ("GET", "/dashboard"),
        ("GET", "/settings"),
    ],
)
def test_what_is_a_persons_own_no_token_opens(
    house: House, owner: TestClient, method: str, path: str
) -> None:
    client = program(house, token_of(owner, *[scope for scope in Scope if scope is not Scope.ADMIN]))
    answer = client.request(method, path, json=WISH)
    assert answer.status_code == 403, answer.text
    assert answer.json()["detail"] == "No token opens this."


def test_an_access_token_makes_no_token(house: House, owner: TestClient) -> None:
    login = visitor(house).post("/auth/login", json={"email": "asha@example.org", "password": PASSWORD})
    answer = program(house, login.json()["access_token"]).post("/api/v1/tokens", json=WISH)
    assert answer.status_code == 403


def test_making_one_needs_a_fresh_proof(owner: TestClient) -> None:
    bare = {name: value for name, value in WISH.items() if name != "password"}
    answer = owner.post("/api/v1/tokens", json=bare)
    assert (answer.status_code, answer.json()["type"]) == (403, "/api/docs#proof-needed")
    wrong = owner.post("/api/v1/tokens", json=bare | {"password": "not hers at all"})
    assert wrong.json()["errors"][0]["field"] == "password"
    assert owner.get("/api/v1/tokens").json()["data"] == []
    assert owner.post("/api/v1/tokens", json=WISH).status_code == 201
    assert owner.post("/api/v1/tokens", json=bare | {"name": "soon after"}).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["write"]}, "scopes.0"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_wish_names_its_field(owner: TestClient, wrong: dict[str, Any], field: str) -> None:
    answer = owner.post("/api/v1/tokens", json=WISH | wrong)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_a_token_may_have_no_end_if_that_is_said(owner: TestClient) -> None:
    assert owner.post("/api/v1/tokens", json=WISH | {"days": None}).json()["expires_at"] is None
    said_nothing = {name: value for name, value in WISH.items() if name != "days"} | {"name": "other"}
    assert owner.post("/api/v1/tokens", json=said_nothing).json()["expires_at"] is not None


def test_names_are_ones_own_until_revoked(owner: TestClient) -> None:
    made = owner.post("/api/v1/tokens", json=WISH).json()
    assert owner.post("/api/v1/tokens", json=WISH).status_code == 422
    assert owner.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert owner.post("/api/v1/tokens", json=WISH).status_code == 201


def test_a_person_has_at_most_twenty(house: House, owner: TestClient) -> None:
    viewer = viewer_of(owner)
    with house.database.writing() as db:
        for number in range(tokens.MOST):
            tokens.make(db, house, viewer, f"t{number}", [Scope.READ], days=1)
        with pytest.raises(Misuse, match="21th"):
            tokens.make(db, house, viewer, "one more", [Scope.READ], days=1)


def test_a_revoked_token_opens_nothing(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read"))
    (kept,) = owner.get("/api/v1/tokens").json()["data"]
    assert client.get(BOOKS).status_code == 200
    assert owner.delete(f"/api/v1/tokens/{kept['id']}").status_code == 204
    assert client.get(BOOKS).status_code == 401
    assert owner.delete(f"/api/v1/tokens/{kept['id']}").status_code == 404
    acts = [one["action"] for one in owner.get("/api/v1/activity").json()["data"]]
    assert acts.index("token.revoked") < acts.index("token.made")


def test_an_expired_token_opens_nothing(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read", days=1))
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(days=1, seconds=-1))
    assert client.get(BOOKS).status_code == 200
    house.clock.advance(timedelta(seconds=1))
    assert client.get(BOOKS).status_code == 401


@pytest.mark.parametrize("change", [-1, 7, 20, 48])
def test_a_mistyped_token_is_refused_by_its_checksum(house: House, owner: TestClient, change: int) -> None:
    token = token_of(owner, "read")
    other = "a" if token[change] != "a" else "b"
    typed = token[:change] + other + token[change:][1:]
    answer = program(house, typed).get(BOOKS)
    assert answer.status_code == 401
    assert "mistyped" in answer.json()["detail"]


def test_a_made_up_token_with_a_right_checksum_is_unknown(house: House) -> None:
    answer = program(house, tokens._new().reveal()).get(BOOKS)
    assert "unknown" in answer.json()["detail"]


def test_the_last_use_is_written_at_most_once_a_minute(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read"))
    assert isinstance(house.clock, FixedClock)

    def used() -> str:
        (kept,) = owner.get("/api/v1/tokens").json()["data"]
        return f"{kept['used_at']} {kept['used_from']}"

    assert used() == "None None"
    client.get(BOOKS)
    first = used()
    assert first.endswith(" testclient")
    house.clock.advance(timedelta(seconds=59))
    client.get(BOOKS)
    assert used() == first
    house.clock.advance(timedelta(seconds=1))
    client.get(BOOKS)
    assert used() != first


def test_what_a_program_does_is_noted_with_its_token(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "sync", name="night job"))
    assert client.put("/api/v1/brokers/zerodha/app", json={"api_key": "k", "api_secret": "s"}).is_success
    (entry,) = [
        one for one in owner.get("/api/v1/activity").json()["data"] if one["action"] == "credentials.app_kept"
    ]
    assert "token 'night job'" in str(entry)


def test_only_an_admin_has_tokens_that_administer(house: House, owner: TestClient) -> None:
    answer = owner.post("/api/v1/tokens", json=WISH | {"scopes": ["admin"]})
    assert answer.status_code == 403
    with house.database.writing() as db, pytest.raises(Forbidden):
        tokens.make(db, house, viewer_of(owner), "x", [Scope.ADMIN], days=1)


def test_an_admins_token_administers_while_she_is_admin(house: House) -> None:
    operator = sign_in(join(visitor(house), "operator@example.org", "Operator"), "operator@example.org")
    join(visitor(house), "asha@example.org", "Asha")
    reads = program(house, token_of(operator, "read"))
    runs = program(house, token_of(operator, "admin"))
    assert reads.get("/api/v1/admin/users").status_code == 403
    people = runs.get("/api/v1/admin/users").json()["data"]
    assert len(people) == 2
    asha = next(one["id"] for one in people if one["email"] == "asha@example.org")
    assert runs.put(f"/api/v1/admin/persons/{asha}/role", json={"role": "admin"}).is_success
    assert reads.get("/metrics").status_code == 403
    assert runs.get("/metrics").status_code == 200
    assert runs.put(f"/api/v1/admin/persons/{people[0]['id']}/role", json={"role": "member"}).is_success
    assert runs.get("/api/v1/admin/users").status_code == 403


def test_ending_everything_ends_sign_ins_and_tokens(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read"))
    viewer = viewer_of(owner)
    with house.database.writing() as db:
        assert tokens.end_all(db, house, viewer) >= 2
    assert client.get(BOOKS).status_code == 401
    assert owner.get(BOOKS).status_code == 401


def test_a_person_shut_out_has_no_token_either(house: House, owner: TestClient) -> None:
    client = program(house, token_of(owner, "read"))
    viewer, admin = viewer_of(owner), Viewer(PersonId(0), Role.ADMIN)
    with house.database.writing() as db:
        persons.set_disabled(db, admin, viewer.person, house.clock.now())
    assert client.get(BOOKS).status_code == 401


def test_a_neighbour_sees_and_revokes_nothing(house: House, owner: TestClient) -> None:
    token_of(owner, "read")
    (kept,) = owner.get("/api/v1/tokens").json()["data"]
    bela = sign_in(join(visitor(house), "bela@example.org", "Bela"), "bela@example.org")
    assert bela.get("/api/v1/tokens").json()["data"] == []
    assert bela.delete(f"/api/v1/tokens/{kept['id']}").status_code == 404
    with house.database.reading() as db:
        assert len(personal_tokens.listed(db, viewer_of(owner))) == 1
        assert db.execute(select(table.c.revoked_at)).scalar_one() is None


def test_a_secret_never_prints(house: House, owner: TestClient) -> None:
    with house.database.writing() as db:
        fresh = tokens.make(db, house, viewer_of(owner), "x", [Scope.READ], days=None)
    assert fresh.secret.reveal() not in repr(fresh)
    assert isinstance(fresh.secret, Secret)
