"""The API's document: complete, true, with examples; and wild requests, answered without a 5xx."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.core.result import Ok
from starlette.testclient import TestClient

from tests.contract.ways import unguarded
from tests.web.houses import ADDRESS, connect_broker, join, opened, visitor

_BESIDE = ("_reason", "_cure", "_explain")
"""What stands beside a value: why it is missing, or where it is explained."""
_SENT = ("method", "url", "params", "json", "data", "files", "headers")
FIRST = {
    ("GET", "/"): "HealthCheck",
    ("GET", "/api/portfolio/overview"): "KpiResponse",
    ("GET", "/api/portfolio/holdings"): "Holdings",
    ("GET", "/api/sectors/allocation"): "Allocation",
    ("GET", "/api/sectors/{sector}/holdings"): "SectorDetails",
    ("GET", "/api/snapshots/latest"): "SnapshotMeta",
    ("POST", "/api/snapshots/trigger"): "SnapshotResult",
    ("GET", "/api/session/active"): "SessionInfo",
}


@pytest.fixture(scope="module")
def investor(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A person with holdings, in a house that lasts for the whole file."""
    path = tmp_path_factory.mktemp("openapi") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as house:
        client = join(visitor(house), "asha@example.org", "Asha")
        connect_broker(house, client)
        yield client


@pytest.fixture
def untouched(migrated_sqlite: Path, tmp_path: Path) -> Iterator[TestClient]:
    """The same in a house of its own, which no wild request has changed."""
    shutil.copy(migrated_sqlite, tmp_path / "house.db")
    with opened(f"sqlite:///{tmp_path / 'house.db'}") as house:
        client = join(visitor(house), "asha@example.org", "Asha")
        connect_broker(house, client)
        yield client


@pytest.fixture(scope="module")
def document(investor: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = investor.get("/api/openapi.json").json()
    return body


def test_the_first_systems_routes_name_their_shapes(document: dict[str, Any]) -> None:
    for (method, path), shape in FIRST.items():
        answer = document["paths"][path][method.lower()]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"]["$ref"].endswith(f"/{shape}")
        assert "example" in document["components"]["schemas"][shape]
    assert "302" in document["paths"]["/auth/{broker}/login"]["get"]["responses"]
    assert "302" in document["paths"]["/auth/{broker}/callback"]["get"]["responses"]


@pytest.mark.parametrize("path", [path for method, path in FIRST if method == "GET" and "{" not in path])
def test_answers_have_no_field_the_document_lacks(
    investor: TestClient, document: dict[str, Any], path: str
) -> None:
    shape = document["components"]["schemas"][FIRST["GET", path]]
    body = investor.get(path).json()
    assert set(body) <= set(shape["properties"])
    assert set(shape["required"]) <= set(body)
    example = set(shape["example"])
    assert example <= set(shape["properties"])
    rows = body.get("data") or body.get("sectors") or ()
    for row in rows:
        listed = shape["properties"]["data" if "data" in body else "sectors"]["items"]["$ref"]
        assert set(row) <= set(document["components"]["schemas"][listed.rpartition("/")[2]]["properties"])


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["tags"], (method, path)
            assert operation["summary"], (method, path)
            words = operation["responses"].get("422", {}).get("content", {})
            assert "HTTPValidationError" not in str(words), (method, path)


def _json_answers(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, what it says of a good JSON answer) of every operation that has one."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if status.startswith("2") and "application/json" in answer.get("content", {}):
                    yield method, path, answer["content"]["application/json"]


def _example(document: dict[str, Any], said: dict[str, Any]) -> Any:
    named = said.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return said.get("example", document["components"]["schemas"].get(named, {}).get("example"))


def test_every_answer_has_an_example(document: dict[str, Any]) -> None:
    lacking = [(m, p) for m, p, said in _json_answers(document) if _example(document, said) is None]
    assert lacking == []


def test_examples_look_like_answers(untouched: TestClient, document: dict[str, Any]) -> None:
    """Lists that are empty here, and pages without a next one, show what they would hold. The document drops
    what is null in an example."""
    compared = 0
    for method, path, said in _json_answers(document):
        if method != "get" or not path.startswith("/api/v1"):
            continue
        answer = untouched.get(path.format(id=1, account=1, instrument=1, broker="zerodha")).json()
        if "status" in answer:  # what this house does not have
            continue
        example = _example(document, said)
        assert set(example) - set(answer) <= {"next", "tags"}, path
        assert _unshown(answer, example) == set(), path
        for row in answer.get("data") or ():
            compared += 1
            assert {name for name in example["data"][0] if not name.endswith(_BESIDE)} <= set(row), path
            assert _unshown(row, example["data"][0]) == set(), path
    assert compared > 10


def _unshown(answer: dict[str, Any], example: dict[str, Any]) -> set[str]:
    told = {name for name, value in answer.items() if value is not None}
    beside = {name for name in told if name.endswith(_BESIDE)}
    return told - set(example) - beside - {"problem", "cure", "cure_link"}


def test_the_page_reads_without_scripts_of_others(investor: TestClient) -> None:
    answer = investor.get("/api/docs")
    assert answer.status_code == 200
    assert "/api/portfolio/holdings" in answer.text
    assert 'id="broken-law"' in answer.text
    assert re.findall(r'(?:src|href|action)="\w*:?//', answer.text) == []
    assert "A personal token needs the scope read." in answer.text


@pytest.mark.parametrize("examples", [3, pytest.param(12, marks=pytest.mark.prove)])
def test_wild_requests_are_never_our_fault(
    investor: TestClient, document: dict[str, Any], examples: int
) -> None:
    """Seeded, so that a failure comes back; the session of the caller is kept from being ended."""
    kept = {path: entry for path, entry in document["paths"].items() if path not in ("/live", "/live/stream")}
    kept["/api/v1/session"] = {"get": kept["/api/v1/session"]["get"]}
    for ending in (
        "/api/v1/session/password",
        "/api/v1/sessions/{session}",
        "/api/v1/admin/users/{id}/sign-out",
    ):
        del kept[ending]
    schema = schemathesis.openapi.from_dict(unguarded({**document, "paths": kept}))
    asked: dict[int, int] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @seed(20261121)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def wild(case: schemathesis.Case[Any]) -> None:
            answer = investor.request(**sendable(case))
            asked[answer.status_code] = asked.get(answer.status_code, 0) + 1
            assert answer.status_code < 500, (case, answer.text)

        wild()
    assert sum(asked.values()) > 300
    assert {200, 201, 204, 404, 422} <= set(asked)
    assert investor.get("/api/v1/session").status_code == 200, "signed out half-way"


def sendable(case: schemathesis.Case[Any]) -> dict[str, Any]:
    """A case as the test client sends it; what no HTTP header can hold is left out."""
    sent = case.as_transport_kwargs(base_url=ADDRESS)
    return {name: value for name, value in sent.items() if name in _SENT and value is not None}
