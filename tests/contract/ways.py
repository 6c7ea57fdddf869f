"""How each way of the API is asked: well, with one's own things or the owner's; and as schemathesis wants."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.contract.wishes import ASKED, BEFORE, SAID, THINGS
from tests.house.test_routes import ENDLESS, Ids, Way, ways, wish_with
from tests.web.houses import ADDRESS

Case = schemathesis.Case[Any]
Body = dict[str, Any]
EDGES = ("", "0001-01-01", "9999-12-31", "9" * 20, "1e400", "0.000000001", "\u0663")
"""Texts that are hardly a day, an id, an amount or a word; the last is a digit of another script."""
WHOLE_EDGES = (2**63, 0, -1)
_SENT = ("method", "url", "params", "json", "data", "files", "headers")


@dataclass(frozen=True, slots=True)
class Door:
    """One way with what the document says of it."""

    way: Way
    operation: APIOperation[Any, Any, Any, Any]
    said: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        return self.way.method, self.way.path

    @property
    def media(self) -> str | None:
        kinds = self.said.get("requestBody", {}).get("content", {})
        return next(iter(kinds), None)

    def path(self, ids: Ids) -> dict[str, str]:
        """Its path's parameters, naming these things."""
        found = re.finditer(r"{(\w+)(?::\w+)?}", self.way.path)
        return {one[1]: ids[self.way.noun(one)] for one in found}

    def well(self, ids: Ids, of: Ids | None = None) -> Case:
        """A request that has every reason to succeed. of: whose things the path names, when not one's own."""
        own = ids | {noun: ids.get(better, "1") for noun, better in THINGS.get(self.key, {}).items()}
        theirs = own if of is None else of
        body = self._body(own)
        query = ASKED[self.key](own) if self.key in ASKED else {}
        return self._case(self.path(theirs), query, body)

    def _case(self, path: dict[str, str], query: Mapping[str, Any] | None, body: Any) -> Case:
        """A request; body: None for a way that takes none."""
        told = {} if self.media is None else {"body": body, "media_type": self.media}
        return self.operation.Case(path_parameters=path, query=dict(query or {}), **told)

    def _body(self, ids: Ids) -> Body | None:
        if self.media is None:
            return None
        if self.key in SAID:
            return SAID[self.key](ids)
        wish, known = wish_with(ids), self._fields()
        return {name: wish[name] for name in known if name in wish}

    def _fields(self) -> list[str]:
        schema = self.said["requestBody"]["content"][self.media]["schema"]
        named = schema.get("$ref", "").rpartition("/")[2]
        shapes = self.operation.schema.raw_schema["components"]["schemas"]
        return list((shapes[named] if named else schema).get("properties", ()))

    def blended(self, case: Case, ids: Ids, mask: int) -> Case:
        """A good request in which some fields, those of the mask's bits, are as they were made up."""
        good = self.well(ids)
        query = _some(good.query or {}, case.query or {}, mask)
        body: Any = good.body
        if isinstance(body, dict) and isinstance(case.body, dict):
            body = _some(body, case.body, mask)
        return self._case(dict(good.path_parameters or {}), query, body)

    def at_the_edge(self, ids: Ids) -> Iterator[Case]:
        """A good request with one field after the other at an edge of what can be written."""
        good = self.well(ids)
        path, query, body = dict(good.path_parameters or {}), dict(good.query or {}), good.body
        asked = [one["name"] for one in self.said.get("parameters", ()) if one["in"] == "query"]
        for name, edge in itertools.product(asked, EDGES):
            yield self._case(path, query | {name: edge}, body)
        if isinstance(body, dict) and self.media == "application/json":
            for name, end in itertools.product(self._fields(), (*EDGES, *WHOLE_EDGES)):
                yield self._case(path, query, body | {name: end})

    def placed(self, case: Case, ids: Ids) -> Case:
        """What was made up, about things that are there."""
        return self._case(dict(self.well(ids).path_parameters or {}), case.query, case.body)


def _some(good: Mapping[str, Any], made: Mapping[str, Any], mask: int) -> Body:
    """Of each name the made-up value where its bit is set, else the good one; either may have none."""
    names = sorted({*good, *made})
    chosen = {name: made if mask >> place & 1 else good for place, name in enumerate(names)}
    return {name: source[name] for name, source in chosen.items() if name in source}


def doors(app: FastAPI) -> list[Door]:
    """Every operation of the document but those whose answers never end."""
    document = app.openapi()
    known = {(way.method, re.sub(r":\w+}", "}", way.path)): way for way in ways(app)}
    schema = schemathesis.openapi.from_dict(unguarded(document))
    found = []
    for one in schema.get_all_operations():
        assert isinstance(one, Ok)
        operation = one.ok()
        key = (operation.method.upper(), operation.path)
        if key not in ENDLESS:
            found.append(Door(known[key], operation, document["paths"][key[1]][key[0].lower()]))
    return found


def unguarded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the proofs it asks for: whoever walks brings her own, and none that is made up."""
    paths = {
        path: {
            method: {name: said for name, said in operation.items() if name != "security"}
            for method, operation in methods.items()
        }
        for path, methods in document["paths"].items()
    }
    parts = {name: part for name, part in document["components"].items() if name != "securitySchemes"}
    return {**document, "paths": paths, "components": parts}


def sendable(case: Case) -> dict[str, Any]:
    """A case as the test client sends it."""
    sent = case.as_transport_kwargs(base_url=ADDRESS)
    return {name: value for name, value in sent.items() if name in _SENT and value is not None}


SPENT = (
    "/session",
    "/persons",
    "/login",
    "/logout",
    "/refresh",
    "/callback",
    "/email/verify",
    "/password",
    "/proof",
    "/leaving",
    "/exports",
    "/role",
    "/disable",
    "/sign-out",
    "/end-tokens",
    "/transactions/{id}",
    "/watchlists",
    "/items",
    "/accept",
    "/leave",
    "/archive",
    "/disconnect",
    "/standing",
)
"""How the ways end that change who asks, or use up what other ways would find."""


def takes_away(door: Door) -> bool:
    """Whether the next way should find the house as it was."""
    is_safe = door.way.method == "GET" and not door.way.path.startswith("/auth/")
    return not is_safe and (
        door.way.method == "PATCH" or door.way.takes_away or door.way.path.endswith(SPENT)
    )


def prepared(client: Any, door: Door, ids: Ids) -> None:
    """What one does first, for a way that nobody goes otherwise."""
    if door.key in BEFORE:
        path, body = BEFORE[door.key]
        client.post(path, json=body(ids))
