"""What the walks have found in the document, each by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.house.test_routes import tradebook
from tests.web.houses import join, opened, visitor
from tunefolio.bootstrap import adapters
from tunefolio.web.api.answered import shape_of


@pytest.fixture
def asha(migrated_sqlite: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A person in a house of her own."""
    adapters.load()
    shutil.copy(migrated_sqlite, tmp_path / "house.db")
    with opened(f"sqlite:///{tmp_path / 'house.db'}") as house:
        yield join(visitor(house), "asha@example.org", "Asha")


@pytest.fixture
def document(asha: TestClient) -> dict[str, Any]:
    body: dict[str, Any] = asha.get("/api/openapi.json").json()
    return body


def said(document: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    answers: dict[str, Any] = document["paths"][f"/api/v1{path}"][method]["responses"]
    return answers


def account_of(asha: TestClient) -> int:
    home = asha.post("/api/v1/portfolios", json={"name": "Shelf"}).json()["id"]
    made = asha.post("/api/v1/accounts", json={"portfolio_id": home, "name": "Desk"})
    account: int = made.json()["id"]
    return account


def test_a_new_taxpayer_is_answered_with_the_status_that_is_told(
    asha: TestClient, document: dict[str, Any]
) -> None:
    assert "200" not in said(document, "post", "/tax/taxpayers")
    assert "201" in said(document, "post", "/tax/taxpayers")
    assert asha.post("/api/v1/tax/taxpayers", json={"name": "Ravi"}).status_code == 201


def test_an_import_in_the_background_is_in_the_document(asha: TestClient, document: dict[str, Any]) -> None:
    home = f"/api/v1/accounts/{account_of(asha)}/imports"
    taken = asha.post(f"{home}/upload", files={"file": ("book.csv", tradebook("a"))}).json()
    answer = asha.post(home, json={"sha256": taken["sha256"], "background": True})
    assert answer.status_code == 202
    told = said(document, "post", "/accounts/{id}/imports")["202"]["content"]["application/json"]
    assert set(answer.json()) == set(told["schema"]["properties"]) == {"job_id"}


def test_an_export_is_told_to_be_a_zip_whole_or_in_stretches(document: dict[str, Any]) -> None:
    answers = said(document, "get", "/leaving/exports/{id}/file")
    assert list(answers["200"]["content"]) == list(answers["206"]["content"]) == ["application/zip"]
    assert "content" not in answers["416"]


def test_a_form_that_cannot_be_read_is_in_the_document(asha: TestClient, document: dict[str, Any]) -> None:
    head = {"content-type": "multipart/form-data"}
    path = f"/api/v1/accounts/{account_of(asha)}/imports/upload"
    answer = asha.post(path, content=b"a form without a boundary", headers=head)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    told = said(document, "post", "/accounts/{id}/imports/upload")["400"]
    assert list(told["content"]) == ["application/problem+json"]


def test_every_answer_of_v1_names_its_fields(document: dict[str, Any]) -> None:
    """Those too that are null in the example, which the example in the document leaves out."""
    bare = [
        (method, path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if path.startswith("/api/v1") and status.startswith("2")
        for told in [answer.get("content", {}).get("application/json")]
        if told is not None and not {"properties", "$ref"} & set(told["schema"])
    ]
    assert bare == []
    listed = said(document, "get", "/portfolios")["200"]["content"]["application/json"]["schema"]
    assert "archived_at" in listed["properties"]["data"]["items"]["properties"]


def test_every_list_that_goes_on_says_so(document: dict[str, Any]) -> None:
    silent = []
    for path, methods in document["paths"].items():
        asked = {one["name"] for one in methods.get("get", {}).get("parameters", ())}
        if path.startswith("/api/v1") and "cursor" in asked:
            told = methods["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            silent += [path] if "next" not in told["properties"] else []
    assert silent == []


def test_an_explained_holding_may_carry_its_derivations(document: dict[str, Any]) -> None:
    told = said(document, "get", "/holdings/{account}/{instrument}")["200"]["content"]["application/json"]
    assert "derivations" in told["schema"]["properties"]


def test_bars_in_todays_units_may_carry_the_factor_of_each_day(document: dict[str, Any]) -> None:
    told = said(document, "get", "/instruments/{id}/bars")["200"]["content"]["application/json"]
    assert "factor" in told["schema"]["properties"]


def test_the_shape_of_an_example_has_the_fields_of_all_rows() -> None:
    shape = shape_of({"data": [{"id": 1, "note": None}, {"id": 2, "more": "x"}], "values": {"a": 1}})
    fields = shape["properties"]["data"]["items"]["properties"]
    assert fields == {"id": {"type": ["integer", "null"]}, "note": {}, "more": {"type": ["string", "null"]}}
    assert shape["properties"]["values"] == {"type": ["object", "null"]}, "no row is like another"
    assert shape_of([]) == {"type": ["array", "null"], "items": {}}
    assert shape_of([True, 1.5])["items"] == {}
    assert shape_of([[1.5]])["items"]["items"] == {"type": ["number", "null"]}
