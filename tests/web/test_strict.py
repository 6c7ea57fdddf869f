"""The API refuses what it does not know: every body a foreign field, every way a foreign parameter.

Walked from the document and from the routes, so that a new way cannot forget it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.testclient import TestClient

from tests.web.houses import connect_broker, join, opened, visitor
from tunefolio.web import api
from tunefolio.web.api.strict import Body, parameters

pytestmark = pytest.mark.one_is_enough
TOLERANT = {
    "Entry": "the tracker's document prescribes its fields",
    "NewTrade": "the tracker's document prescribes its fields",
    "Signed": "a browser makes it",
}
"""Bodies that take what they do not know, and why."""
FOREIGN = "zzz-unheard-of"
PLACES = {"broker": "zerodha", "year": "2024-25", "taxpayer": "0", "figure": "value"}


@dataclass(frozen=True, slots=True)
class Way:
    """One operation of the document below /api/: the parameters it takes, and the shape of its body."""

    method: str
    path: str
    parameters: dict[str, dict[str, Any]]
    shape: str

    @property
    def address(self) -> str:
        return re.sub(r"{(\w+)}", lambda found: PLACES.get(found[1], "1"), self.path)

    @property
    def single(self) -> list[str]:
        """Parameters that have one value."""
        return [name for name, said in self.parameters.items() if "'array'" not in str(said["schema"])]


def ways(document: dict[str, Any]) -> Iterator[Way]:
    for path, methods in document["paths"].items():
        for method, said in methods.items() if path.startswith("/api/") else ():
            asked = {one["name"]: one for one in said.get("parameters", ()) if one["in"] == "query"}
            json = said.get("requestBody", {}).get("content", {}).get("application/json", {})
            shape = json.get("schema", {}).get("$ref", "").rpartition("/")[2]
            yield Way(method.upper(), path, asked, shape)


@pytest.fixture(scope="module")
def asha(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An investor and admin who has just proved herself; what she asks here is refused before it is done."""
    file = tmp_path_factory.mktemp("strict") / "house.db"
    shutil.copy(migrated_sqlite, file)
    with opened(f"sqlite:///{file}") as house:
        client = join(visitor(house), "asha@example.org", "Asha")
        connect_broker(house, client)
        yield client


@pytest.fixture(scope="module")
def document(asha: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = asha.get("/api/openapi.json").json()
    return body


@pytest.fixture(scope="module")
def every(document: dict[str, Any]) -> list[Way]:
    return list(ways(document))


def findings(answer: Any) -> dict[str, tuple[str, str]]:
    """What a 422 names: (problem, cure) by the field."""
    assert answer.status_code == 422, (answer.request.method, answer.url, answer.text)
    return {one["field"]: (one["problem"], one["cure"]) for one in answer.json()["errors"]}


def test_every_way_refuses_a_parameter_it_does_not_know(asha: TestClient, every: list[Way]) -> None:
    assert len(every) > 150
    for way in every:
        problem, cure = findings(asha.request(way.method, f"{way.address}?{FOREIGN}=1"))[FOREIGN]
        known = f"Known: {', '.join(way.parameters)}" if way.parameters else "There are none here"
        assert problem == "is not known", way
        assert sorted(re.findall(r"\w+", cure)) == sorted(re.findall(r"\w+", known)), way


def test_every_way_refuses_one_value_given_twice(asha: TestClient, every: list[Way]) -> None:
    single = [(way, name) for way in every for name in way.single]
    assert len(single) > 80
    for way, name in single:
        found = findings(asha.request(way.method, f"{way.address}?{name}=1&{name}=1"))
        assert found == {name: ("is given more than once", "Give it once")}, (way, name)


def test_a_list_may_be_given_twice(asha: TestClient, every: list[Way]) -> None:
    lists = {(way.path, name) for way in every for name in way.parameters if name not in way.single}
    assert ("/api/v1/transactions", "kind") in lists
    assert asha.get("/api/v1/transactions?kind=buy&kind=sell").status_code == 200


def test_every_body_refuses_a_field_it_does_not_know(asha: TestClient, every: list[Way]) -> None:
    with_body = [way for way in every if way.shape and way.shape not in TOLERANT]
    assert len(with_body) > 60
    for way in with_body:
        found = findings(asha.request(way.method, way.address, json={FOREIGN: 1}))
        assert found[FOREIGN][0] == "is not known", way
        assert set(found) - set(way.parameters) == {FOREIGN}, way


def shapes_in(kind: Any) -> Iterator[type[BaseModel]]:
    """A body's models, those within it too."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from shapes_in(field.annotation)
    for part in get_args(kind):
        yield from shapes_in(part)


def bodies_of(dependant: Dependant) -> Iterator[type[BaseModel]]:
    for one in dependant.body_params:
        yield from shapes_in(one.field_info.annotation)
    for inner in dependant.dependencies:
        yield from bodies_of(inner)


def test_every_model_of_a_body_is_strict_or_says_why_not(document: dict[str, Any]) -> None:
    routes = [context.original_route for context in iter_route_contexts(api.router.routes)]
    models = {model for one in routes if isinstance(one, APIRoute) for model in bodies_of(one.dependant)}
    assert {"FactIn", "PickIn", "LossIn", "DeedIn", "Trade"} <= {model.__name__ for model in models}
    tolerant = {model.__name__ for model in models if not issubclass(model, Body)}
    assert tolerant == set(TOLERANT)
    closed = {name for name, said in document["components"]["schemas"].items() if _is_closed(said)}
    assert {model.__name__ for model in models if issubclass(model, Body)} <= {
        name.rpartition("__")[2] for name in closed
    }


def _is_closed(schema: dict[str, Any]) -> bool:
    return schema.get("additionalProperties") is False


def test_the_document_names_every_parameter_that_is_taken(document: dict[str, Any]) -> None:
    compared = 0
    for context in iter_route_contexts(api.router.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        path = re.sub(r":\w+}", "}", str(context.path))
        method = min(context.methods or {""})
        said = document["paths"].get(path, {}).get(method.lower())
        if said is not None and path.startswith("/api/"):
            asked = {one["name"] for one in said.get("parameters", ()) if one["in"] == "query"}
            assert asked == set(parameters(route)), path
            assert "422" in said["responses"], path
            compared += 1
    assert compared > 150


def test_the_name_that_was_meant_is_told(asha: TestClient) -> None:
    answer = asha.get("/api/v1/instruments/1/bars?form=2024-04-01")
    cure = "Did you mean 'from'? Known: from, to, adjusted, fields, limit"
    assert findings(answer) == {"form": ("is not known", cure)}
    assert answer.json()["detail"] == "Form is not known"
    assert answer.json()["cure"] == cure
    assert answer.headers["content-type"] == "application/problem+json"
    fact = {"account_id": 1, "kind": "buy", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "1"}
    found = findings(asha.post("/api/v1/transactions", json={**fact, "prise": "1500"}))
    assert found["prise"][1].startswith("Did you mean 'price'? Known: ")
    assert set(found) == {"prise"}


def test_a_fact_among_many_and_a_pick_in_it_are_named_by_their_place(asha: TestClient) -> None:
    good = {"kind": "sell", "day": "2024-04-01", "instrument": "NSE:INFY", "quantity": "1", "price": "5"}
    many = [good, {**good, "fess": "12"}, {**good, "picks": [{"lot": 1, "quantty": "1"}]}]
    found = findings(asha.post("/api/v1/transactions/bulk", json={"account_id": 1, "transactions": many}))
    assert found["transactions.1.fess"][1].startswith("Did you mean 'fees'?")
    assert found["transactions.2.picks.0.quantty"][1] == "Did you mean 'quantity'? Known: lot, quantity"
    assert len(found) == 2


def test_nothing_is_recorded_of_what_was_misspelt(asha: TestClient) -> None:
    account = asha.get("/api/v1/accounts").json()["data"][0]["id"]
    before = asha.get("/api/v1/transactions").json()
    fact = {"kind": "deposit", "day": "2024-04-01", "amount": "5000"}
    found = findings(asha.post(f"/api/v1/accounts/{account}/transactions", json={**fact, "chages": "12"}))
    assert set(found) == {"chages"}
    assert asha.get("/api/v1/transactions").json() == before
    preview = {"account_id": account, **fact}
    assert asha.post("/api/v1/transactions/preview", json=preview).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b'{"\\ud800": 1}', b'{"' + b"x" * 5_000 + b'": 1}', b'{"": 1}'],
    ids=["half a letter", "no end", "no name"],
)
def test_strange_names_are_told_as_far_as_they_can_be(asha: TestClient, body: bytes) -> None:
    answer = asha.post("/api/v1/portfolios", content=body, headers={"content-type": "application/json"})
    (field,) = findings(answer)
    assert len(field) <= 60
    assert len(answer.content) < 1_000


def test_of_thousands_of_names_a_few_are_told(asha: TestClient) -> None:
    names = [f"n{number}" for number in range(2_000)]
    assert len(findings(asha.post("/api/v1/portfolios", json=dict.fromkeys(names, 1)))) == 5
    assert len(findings(asha.get("/api/v1/portfolios", params=dict.fromkeys(names, "1")))) == 5


def test_parameters_with_strange_letters_are_told(asha: TestClient) -> None:
    assert set(findings(asha.get("/api/v1/portfolios?%ff%00=1"))) == {"\ufffd\x00"}
    assert asha.head("/api/v1/portfolios?zzz=1").status_code == 422


def test_whoever_asks_without_a_name_is_told_the_same(asha: TestClient) -> None:
    """The names are in the public document: there is nothing to hide."""
    with opened_again(asha) as stranger:
        assert stranger.get("/api/v1/portfolios").status_code == 401
        assert set(findings(stranger.get("/api/v1/portfolios?zzz=1"))) == {"zzz"}


def opened_again(client: TestClient) -> TestClient:
    return TestClient(client.app, base_url=str(client.base_url))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/dashboard?utm_source=mail", 200),
        ("/transactions?kind=buy&zzz=1", 200),
        ("/healthz?probe=1", 200),
        ("/static/favicon.svg?v=1", None),
        ("/auth/zerodha/callback?action=login&type=login&status=success&request_token=x&state=y", 422),
        ("/api/docs?ref=readme", 200),
        ("/api/openapi.json?v=1", 200),
    ],
)
def test_elsewhere_strangers_may_add_what_they_like(asha: TestClient, path: str, status: int | None) -> None:
    answer = asha.get(path, follow_redirects=False)
    assert '"problem":"is not known"' not in answer.text
    assert status is None or answer.status_code == status, answer.text


def test_bodies_of_others_may_hold_more(asha: TestClient) -> None:
    """What documents of other systems and browsers send: only what is missing or wrong is named."""
    found = findings(asha.post("/api/transactions", json={"asset_id": 1, "userId": 7}))
    assert set(found) == {"quantity", "price", "date"}
    assert set(findings(asha.post("/api/v1/session/passkey", json={"id": "x"}))) == {"credential"}
    entry = {"email": "asha@example.org", "password": "wrong", "grant_type": "password"}
    assert asha.post("/auth/login", json=entry).status_code == 401
