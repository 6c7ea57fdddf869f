"""What the walks have found in the document, each by itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from starlette.testclient import TestClient

from tests.house.test_routes import tradebook
from tests.store.books import NOW
from tests.store.test_bars import FIRST, bar
from tests.store.test_bars import told as told_bars
from tests.store.test_panels import split
from tests.web.houses import PASSWORD, join, opened, visitor
from tunefolio.bootstrap import adapters
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.people import Scope
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.store import actions, bars, instruments
from tunefolio.web.api.answered import shape_of
from tunefolio.web.api.docs import operations
from tunefolio.web.scopes import Proof, need_of


@pytest.fixture
def asha(migrated_sqlite: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A person in a house of her own."""
    adapters.load()
    shutil.copy(migrated_sqlite, tmp_path / "house.db")
    with opened(f"sqlite:///{tmp_path / 'house.db'}") as house:
        yield join(visitor(house), "asha@example.org", "Asha")


@pytest.fixture(scope="module")
def document(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same for every house, so it is asked for once."""
    adapters.load()
    file = tmp_path_factory.mktemp("document") / "house.db"
    shutil.copy(migrated_sqlite, file)
    with opened(f"sqlite:///{file}") as house:
        body: dict[str, Any] = visitor(house).get("/api/openapi.json").json()
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
        if told is not None and not {"properties", "$ref", "oneOf"} & set(told["schema"])
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


def shape(document: dict[str, Any], path: str) -> jsonschema_rs.Validator:
    told = said(document, "get", path)["200"]["content"]["application/json"]
    return jsonschema_rs.validator_for(told["schema"])


@pytest.fixture
def priced(asha: TestClient) -> InstrumentId:
    """An instrument with bars, a split among them."""
    app: Any = asha.app
    with app.state.house.database.writing() as db:
        claim = InstrumentClaim(Listing("NSE", "INFY"))
        one = instruments.resolve(db, [claim], NOW)[claim]
        days = [bar(0, "1500", "1510.5", "1490", "1505.05", volume=700), bar(1, "150.5"), bar(9, "151")]
        bars.put(db, one, INR, told_bars(*days), NOW)
        actions.put(db, [split(one, FIRST.plus_days(1))], NOW)
    return one


def test_bars_are_text_as_they_were_paid_and_numbers_in_todays_units(
    asha: TestClient, document: dict[str, Any], priced: InstrumentId
) -> None:
    is_told, ways = shape(document, "/instruments/{id}/bars"), f"/api/v1/instruments/{priced}/bars"
    raw, adjusted = asha.get(ways).json(), asha.get(f"{ways}?adjusted=1").json()
    assert (raw["close"][0], adjusted["factor"][0]) == ("1505.05", 0.1)
    is_told.validate(raw)
    is_told.validate(adjusted)
    assert not is_told.is_valid(raw | {"close": adjusted["close"]}), "no number where the text is exact"
    assert not is_told.is_valid(adjusted | {"close": raw["close"]})
    is_told.validate(asha.get(f"{ways}?from=2030-01-01").json())


def test_a_chart_may_carry_any_study(
    asha: TestClient, document: dict[str, Any], priced: InstrumentId
) -> None:
    way = f"/api/v1/instruments/{priced}/chart?span=all&studies=ema2,bb2,rsi2,atr2,macd"
    drawn, is_told = asha.get(way).json(), shape(document, "/instruments/{id}/chart")
    assert len(drawn["studies"]) >= 5
    is_told.validate(drawn)
    assert not is_told.is_valid(drawn | {"studies": {"ema2": ["150.50"]}})


DAYS = {"since", "until", "from", "to", "date", "day", "cursor", "period"}
"""What the ways call a question's day."""


def test_a_day_at_the_edge_of_the_calendar_is_refused_in_words(
    asha: TestClient, document: dict[str, Any], priced: InstrumentId
) -> None:
    """A day more, or its first moment in another zone, would be no date at all."""
    account_of(asha)
    asked = [
        (path.format(id=priced, account=1, instrument=priced, broker="zerodha"), one["name"])
        for path, methods in document["paths"].items()
        for one in methods.get("get", {}).get("parameters", ())
        if path.startswith("/api/v1") and one["in"] == "query" and one["name"] in DAYS
    ]
    assert len(asked) > 20
    for path, name in asked:
        for edge in ("0001-01-01", "9999-12-30", "9999-12-31"):
            edge = f"{edge}..{edge}" if name == "period" else edge
            answer = asha.get(path, params={name: edge})
            assert answer.status_code < 500, (path, name, edge)
    answer = asha.get("/api/v1/activity?until=0001-01-01")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "until")
    assert asha.get(f"/api/v1/performance?benchmark={2**63}").status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_what_is_written_of_a_day_at_the_edge_is_refused(asha: TestClient, day: str) -> None:
    home = account_of(asha)
    fact = {"kind": "deposit", "day": "2024-05-07", "amount": "5"}
    made = asha.post(f"/api/v1/accounts/{home}/transactions", json=fact).json()["id"]
    asked = [
        asha.put(f"/api/v1/transactions/{made}", json=fact | {"day": day}),
        asha.post(f"/api/v1/accounts/{home}/transactions", json=fact | {"day": day}),
        asha.post(f"/api/v1/accounts/{home}/transactions/line", json={"text": f"{day} deposit 5"}),
        asha.post("/api/v1/family/grants", json={"email": "bela@example.org", "last_day": day}),
        asha.post("/api/v1/family/links", json={"portfolio_id": 1, "last_day": day}),
    ]
    assert [answer.status_code for answer in asked] == [422] * len(asked)


def test_the_page_shows_every_example_of_the_document(document: dict[str, Any]) -> None:
    shown = {(one.method, one.path) for _, one in operations(document) if one.example}
    exampled = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if status.startswith("2") and "example" in answer.get("content", {}).get("application/json", {})
    }
    assert ("GET", "/api/v1/portfolios") in exampled
    assert exampled <= shown


def test_every_way_says_who_may_go_it(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            need, security = need_of(method.upper(), path), operation["security"]
            assert {name for one in security for name in one} <= set(schemes)
            assert (security == []) == (need is Proof.NOBODY), (method, path)
            scopes = [one["personalToken"] for one in security if "personalToken" in one]
            assert scopes == ([[need.value]] if isinstance(need, Scope) else []), (method, path)


def test_the_page_tells_what_a_body_holds(document: dict[str, Any]) -> None:
    told = {(one.method, one.path): one for _, one in operations(document)}
    offer = told["POST", "/api/v1/portfolios"]
    assert offer.needs == "A personal token needs the scope import."
    assert dict(offer.fields)["name"].startswith("needed")


def whole_numbers(schema: Any, shapes: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every whole number inside a shape."""
    if isinstance(schema, list):
        for one in schema:
            yield from whole_numbers(one, shapes)
    elif isinstance(schema, dict):
        named = schema.get("$ref", "").rpartition("/")[2]
        yield from [schema] if schema.get("type") == "integer" else ()
        yield from whole_numbers(shapes[named], shapes) if named else ()
        for part in schema.values():
            yield from whole_numbers(part, shapes)


def test_no_whole_number_is_asked_for_without_an_end(document: dict[str, Any]) -> None:
    """Databases keep 63 bits; a larger one would be refused by them and not by us."""
    shapes, seen = document["components"]["schemas"], 0
    for path, methods in document["paths"].items():
        for operation in methods.values():
            taken = [one["schema"] for one in operation.get("parameters", ())]
            taken += [one["schema"] for one in operation.get("requestBody", {}).get("content", {}).values()]
            for number in whole_numbers(taken, shapes):
                assert number.get("maximum", 2.0**64) <= 2.0**63, (path, number)
                seen += 1
    assert seen > 100


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/session/password", {"old": PASSWORD, "new": "aaaaaaaaaaaa"}, "new"),
        ("POST", "/password", {"password": "another long phrase"}, "password"),
        ("POST", "/password/reset", {"token": "A" * 43, "password": "another long phrase"}, "token"),
        ("POST", "/email/confirm", {"token": "A" * 43}, "token"),
        ("POST", "/persons/confirm", {"token": "A" * 43, "password": "another long phrase"}, "token"),
    ],
)
def test_an_error_names_the_field_as_the_body_does(
    asha: TestClient, method: str, path: str, body: dict[str, str], field: str
) -> None:
    answer = asha.request(method, f"/api/v1{path}", json=body)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_the_shape_of_an_example_has_the_fields_of_all_rows() -> None:
    shape = shape_of({"data": [{"id": 1, "note": None}, {"id": 2, "more": "x"}], "values": {"a": 1}})
    fields = shape["properties"]["data"]["items"]["properties"]
    assert fields == {"id": {"type": ["integer", "null"]}, "note": {}, "more": {"type": ["string", "null"]}}
    assert shape["properties"]["values"] == {"type": ["object", "null"]}, "no row is like another"
    assert shape_of([]) == {"type": ["array", "null"], "items": {}}
    assert shape_of([True, 1.5])["items"] == {}
    assert shape_of([None, 1.5])["items"] == {"type": ["number", "null"]}
    assert shape_of([[1.5]])["items"]["items"] == {"type": ["number", "null"]}
