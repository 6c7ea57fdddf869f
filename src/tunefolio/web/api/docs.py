"""The API's own documentation: the OpenAPI document, and a page of plain HTML made from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.web import render
from tunefolio.web.api.guarded import needed
from tunefolio.web.deps import MaybeVisit
from tunefolio.web.errors import STATUS_WORDS, TABLE

router = APIRouter(prefix="/api", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the page shows it. needs: of whoever asks; fields: of its body; example: of its answer, as
    JSON text, "" when there is none."""

    method: str
    path: str
    title: str
    text: str
    needs: str
    parameters: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    example: str


@router.get("/openapi.json")
def openapi(request: Request) -> Response:
    """The whole API, OpenAPI 3.1."""
    return Response(orjson.dumps(request.app.openapi()), media_type="application/json")


@router.get("/docs")
def docs(request: Request, _visit: MaybeVisit) -> HTMLResponse:
    """The same to read."""
    groups: dict[str, list[Operation]] = {}
    for tag, operation in operations(request.app.openapi()):
        groups.setdefault(tag, []).append(operation)
    problems = {kind: (status, title) for status, kind, title, _level in TABLE.values()}
    problems |= {
        kind: (status, title) for status, (kind, title, _cure) in STATUS_WORDS.items() if kind not in problems
    }
    return render.page(request, "api/page.html", groups=groups, problems=problems)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """(tag, operation) in the order of the document."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, entry in methods.items():
            parameters = tuple((p["name"], p.get("description", "")) for p in entry.get("parameters", ()))
            yield (
                entry.get("tags", ["other"])[0],
                Operation(
                    method.upper(),
                    path,
                    entry.get("summary", ""),
                    entry.get("description", ""),
                    needed(method.upper(), path),
                    parameters,
                    tuple(_fields(entry, schemas)),
                    _example(entry, schemas),
                ),
            )


def _fields(entry: dict[str, Any], schemas: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What its body is made of: (name, whether it is needed, and the words for it)."""
    for said in entry.get("requestBody", {}).get("content", {}).values():
        schema = said["schema"]
        shape = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        for name, field in shape.get("properties", {}).items():
            needs = "needed" if name in shape.get("required", ()) else "may be left out"
            words = field.get("description", "")
            yield name, f"{needs}. {words}" if words else needs


def _example(entry: dict[str, Any], schemas: dict[str, Any]) -> str:
    """Its own example, or that of the shape it answers with."""
    for status in ("200", "201", "202"):
        said = entry["responses"].get(status, {}).get("content", {}).get("application/json", {})
        named = schemas.get(said.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
        example = said.get("example", named.get("example"))
        if example is not None:
            return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()
    return ""
