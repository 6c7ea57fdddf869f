"""How each way of the API is asked: well, with one's own things; with the owner's; and as schemathesis makes up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from tests.contract.world import OWNER
from tests.house.test_routes import ENDLESS, Ids, Way, tradebook, ways, wish_with
from tests.web.houses import ADDRESS, PASSWORD

Case = schemathesis.Case[Any]
Body = dict[str, Any]
_SENT = ("method", "url", "params", "json", "data", "files", "headers")


@dataclass(frozen=True, slots=True)
class Door:
    """One way with what the document says of it."""

    way: Way
    operation: APIOperation[Any]
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
        own = ids | THINGS.get(self.key, _nothing)(ids)
        theirs = own if of is None else of
        body: Any = self._body(own)
        return self.operation.Case(
            path_parameters=PATHS.get(self.key, {}) | {} if self.key in PATHS else self.path(theirs),
            query=dict(ASKED.get(self.key, _nothing)(own)),
            **({} if body is None else {"body": body, "media_type": self.media}),
        )

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
        body = good.body
        if isinstance(body, dict) and isinstance(case.body, dict):
            body = _some(body, case.body, mask)
        kinds = {} if self.media is None else {"body": body, "media_type": self.media}
        return self.operation.Case(path_parameters=good.path_parameters, query=query, **kinds)

    def placed(self, case: Case, ids: Ids) -> Case:
        """What was made up, about things that are there."""
        kinds = {} if self.media is None else {"body": case.body, "media_type": case.media_type}
        return self.operation.Case(path_parameters=self.well(ids).path_parameters, query=case.query, **kinds)


def _some(good: Mapping[str, Any], made: Mapping[str, Any], mask: int) -> Body:
    names = sorted({*good, *made})
    chosen = {name for place, name in enumerate(names) if mask >> place & 1}
    return {
        name: made[name] if name in chosen else good[name]
        for name in names
        if name in (made if name in chosen else good)
    }


def doors(app: FastAPI) -> list[Door]:
    """Every operation of the document but those whose answers never end."""
    document = app.openapi()
    known = {(way.method, re.sub(r":\w+}", "}", way.path)): way for way in ways(app)}
    schema = schemathesis.openapi.from_dict(document)
    found = []
    for one in schema.get_all_operations():
        assert isinstance(one, Ok)
        operation = one.ok()
        key = (operation.method.upper(), operation.path)
        if key not in ENDLESS:
            found.append(Door(known[key], operation, document["paths"][key[1]][key[0].lower()]))
    return found


def sendable(case: Case) -> dict[str, Any]:
    """A case as the test client sends it."""
    sent = case.as_transport_kwargs(base_url=ADDRESS)
    return {name: value for name, value in sent.items() if name in _SENT and value is not None}


def _nothing(_ids: Ids) -> Body:
    return {}


def _fact(ids: Ids) -> Body:
    return {"kind": "buy", "day": "2024-05-07", "instrument": "NSE:INFY", "quantity": "2", "price": "1500"}


def _home_fact(ids: Ids) -> Body:
    return _fact(ids) | {"account_id": int(ids["account"])}


def _heap(_ids: Ids) -> Body:
    return {"instrument": 1, "source": "nse", "reason": "gap"}


def _trades(_ids: Ids) -> Body:
    trade = {"segment": "equity_delivery", "side": "buy", "quantity": "10", "price": "1500", "scrip": "INFY"}
    return {"date": "2025-06-02", "trades": [trade]}


def _login(ids: Ids) -> Body:
    return {"email": f"{ids['word']}@example.org", "password": PASSWORD}


def _alert(_ids: Ids) -> Body:
    return {"kind": "login_due", "repeat": "every", "note": "soon"}


THINGS: dict[tuple[str, str], Callable[[Ids], Ids]] = {
    ("DELETE", "/api/v1/portfolios/{id}"): lambda ids: {"portfolio": ids["spare"]},
}
"""Where another of one's things serves better."""

PATHS: dict[tuple[str, str], dict[str, str]] = {}

ASKED: dict[tuple[str, str], Callable[[Ids], Body]] = {
    ("DELETE", "/api/v1/portfolios/{id}"): lambda ids: {"confirm_name": ids["spare name"]},
    ("DELETE", "/api/v1/accounts/{id}"): lambda ids: {"confirm_name": f"{ids['word']}-desk"},
    ("GET", "/auth/{broker}/callback"): lambda ids: {
        "request_token": "good",
        "status": "success",
        "state": ids["state"],
    },
}
"""Queries that a way cannot do without."""

SAID: dict[tuple[str, str], Callable[[Ids], Body]] = {
    ("POST", "/auth/login"): _login,
    ("POST", "/api/v1/auth/login"): _login,
    ("POST", "/api/v1/session"): _login,
    ("POST", "/api/v1/persons"): lambda _: {
        "email": "new@example.org",
        "name": "New",
        "password": "quite another phrase",
    },
    ("PUT", "/api/v1/session/password"): lambda _: {"old": PASSWORD, "new": "quite another phrase"},
    ("POST", "/api/v1/proof"): lambda _: {"password": PASSWORD},
    ("POST", "/api/v1/transactions"): _home_fact,
    ("POST", "/api/v1/transactions/preview"): _home_fact,
    ("POST", "/api/v1/accounts/{id}/transactions"): _fact,
    ("PUT", "/api/v1/transactions/{id}"): _fact,
    ("POST", "/api/v1/transactions/bulk"): lambda ids: {
        "account_id": int(ids["account"]),
        "text": "2024-05-08 deposit 5",
    },
    ("POST", "/api/v1/alerts"): _alert,
    ("POST", "/api/v1/alerts/preview"): _alert,
    ("PUT", "/api/v1/alerts/{id}"): lambda _: {"repeat": "daily", "note": "soon"},
    ("POST", "/api/v1/charges/note"): _trades,
    ("POST", "/api/v1/data-health/quarantine/accept"): _heap,
    ("POST", "/api/v1/data-health/quarantine/drop"): _heap,
    ("POST", "/api/v1/data-health/quarantine/replace"): _heap,
    ("POST", "/api/v1/accounts/{id}/imports/upload"): lambda ids: {"file": tradebook("fresh")},
    ("POST", "/api/v1/accounts/{id}/imports/preview"): lambda ids: {"file": tradebook("fresh")},
    ("POST", "/api/v1/leaving"): lambda ids: {"email": f"{ids['word']}@example.org"},
    ("POST", "/api/v1/family/grants"): lambda _: {"email": f"{OWNER}@example.org"},
}
"""Bodies that a way cannot do without, where the walks' one wish does not do."""


def takes_away(door: Door) -> bool:
    """Whether the next way should find the house as it was."""
    ends = (
        "/session",
        "/persons",
        "/login",
        "/logout",
        "/refresh",
        "/password",
        "/leaving",
        "/passkey",
        "/role",
        "/disable",
        "/sign-out",
    )
    return door.way.method != "GET" and (door.way.takes_away or door.way.path.endswith(ends))


def iter_paths(every: list[Door]) -> Iterator[tuple[str, str]]:
    return (door.key for door in every)
