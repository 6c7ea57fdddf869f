"""What an answer tells, held against what the document says and against what its reader may know."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema_rs
import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.contract.ways import Case, Door

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')
_AMOUNT = re.compile(r"-?\d+\.\d+")


def faults(door: Door, case: Case, answer: Any) -> Iterator[str]:
    """Everything in an answer that the document does not say."""
    try:
        case.validate_response(_checkable(answer), checks=CHECKS)
    except FailureGroup as group:
        yield from (f"{one.title}: {one.message[:300]}" for one in group.exceptions)
    said = door.said["responses"].get(str(answer.status_code), {}).get("content", {})
    if not said and answer.content:
        yield f"a body that is not in the document: {answer.content[:80]!r}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json" and kind in said:
        yield from shape_faults(door, str(answer.status_code), answer.json())


def _checkable(answer: Any) -> schemathesis.Response:
    """As schemathesis takes it; without the request's body, for of a refused form nobody has read it."""
    return schemathesis.Response(
        status_code=answer.status_code,
        headers={name: answer.headers.get_list(name) for name in answer.headers},
        content=answer.content,
        request=requests.Request(answer.request.method, str(answer.request.url)).prepare(),
        elapsed=0.0,
        verify=False,
        encoding=answer.encoding,
    )


def shape_faults(door: Door, status: str, body: Any) -> Iterator[str]:
    """Fields that the document does not name."""
    for wrong in _closed_shape(door.operation.schema.raw_schema, *door.key, status).iter_errors(body):
        place = "/".join("*" if isinstance(part, int) else str(part) for part in wrong.instance_path)
        yield f"shape: {place}: {wrong.message[:200]}"


_VALIDATORS: dict[tuple[str, str, str], jsonschema_rs.Validator] = {}


def _closed_shape(document: Any, method: str, path: str, status: str) -> jsonschema_rs.Validator:
    """The shape of an answer without room for more; each is made once."""
    key = (method, path, status)
    if key not in _VALIDATORS:
        said = document["paths"][path][method.lower()]["responses"][status]["content"]["application/json"]
        shapes = document["components"]["schemas"]
        used = {name: _closed(shapes[name]) for name in _named(said["schema"], shapes)}
        _VALIDATORS[key] = jsonschema_rs.validator_for({"$defs": used, **_closed(said["schema"])})
    return _VALIDATORS[key]


def _named(schema: Any, shapes: Any) -> set[str]:
    """The shapes that this one names, and those that they name."""
    found: set[str] = set()
    ahead = _REFERENCE.findall(json.dumps(schema))
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += _REFERENCE.findall(json.dumps(shapes[name]))
    return found


def _closed(schema: Any) -> Any:
    """The same, without room for a field that it does not name."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/$defs/")}
    made = {name: _closed(part) for name, part in schema.items() if name not in ("example", "properties")}
    if "properties" in schema:
        fields = schema["properties"].items()
        made |= {
            "properties": {name: _closed(shape) for name, shape in fields},
            "additionalProperties": False,
        }
    return made


def told(answer: Any) -> set[str]:
    """Every word and every broken number in an answer; whole numbers, which are ids and counts, are not."""
    kind = answer.headers.get("content-type", "")
    if "json" in kind:
        return set(_scalars(json.loads(answer.text, parse_float=str, parse_int=lambda _: None)))
    if "zip" in kind:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            text = "\n".join(file.read(name).decode(errors="replace") for name in file.namelist())
        return set(re.split(r'[,"\s]+', text))
    return set(re.split(r'[,"\s]+', answer.text)) if kind.startswith("text/") else set()


def _scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _scalars(one)
    elif isinstance(value, list):
        for one in value:
            yield from _scalars(one)
    elif isinstance(value, str):
        yield value


def is_amount(text: str) -> bool:
    """Whether it is money, or units, and no ratio."""
    return _AMOUNT.fullmatch(text) is not None and abs(Decimal(text)) >= 2
