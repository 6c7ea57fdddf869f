"""Every route, found by itself: nobody enters unasked, and nobody sees or touches what is another's.

A route added tomorrow is tested tomorrow; one whose ids this file cannot name fails and says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic.fields import FieldInfo
from sqlalchemy import select
from starlette.testclient import TestClient

from tests.conftest import at_head
from tests.web.houses import ADDRESS, PASSWORD, app_of, connect_broker, join, opened, sign_in, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.core.alerts import AlertKind
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.services import alerts
from tunefolio.services.house import House
from tunefolio.store import external_identities, passkeys
from tunefolio.store.tables import OWNED
from tunefolio.web import deps
from tunefolio.web.api.strict import Body, parameters

PUBLIC = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/favicon.ico"),
    ("GET", "/manifest.webmanifest"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/docs"),
    ("POST", "/api/v1/session"),
    ("POST", "/api/v1/email/confirm"),
    ("POST", "/api/v1/password/forgot"),
    ("POST", "/api/v1/password/reset"),
    ("POST", "/api/v1/persons"),
    ("POST", "/api/v1/persons/confirm"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/sign-up"),
    ("POST", "/sign-up"),
    ("GET", "/sign-up/confirm"),
    ("POST", "/sign-up/confirm"),
    ("POST", "/hooks/{broker}"),
    ("GET", "/sign-in/code"),
    ("POST", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/callback"),
    ("GET", "/sign-in/oidc/new"),
    ("POST", "/sign-in/oidc/new"),
    ("POST", "/sign-in/oidc/not-now"),
    ("POST", "/sign-in/code"),
    ("GET", "/forgot"),
    ("POST", "/forgot"),
    ("GET", "/reset"),
    ("POST", "/reset"),
    ("GET", "/confirm"),
    ("POST", "/confirm"),
    ("POST", "/api/v1/session/passkey"),
    ("POST", "/api/v1/session/passkey/options"),
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("POST", "/api/v1/auth/login"),
    ("POST", "/api/v1/auth/refresh"),
    ("POST", "/api/v1/auth/logout"),
    ("GET", "/shared/{token}"),
}
"""All that a stranger may ask. Adding to it is a decision."""

ENDLESS = {("GET", "/live"), ("GET", "/live/stream")}
SOCKETS = {"/ws/live"}
"""Doors that are no requests; tests/web/test_ws.py knocks there as a stranger and as a neighbour."""

NOUNS = {
    "portfolios": "portfolio",
    "accounts": "account",
    "brokers": "account",
    "holdings": "account",
    "transactions": "transaction",
    "imports": "import",
    "snapshots": "snapshot",
    "jobs": "job",
    "sessions": "session",
    "farewell": "upload",
    "persons": "person",
    "people": "person",
    "users": "person",
    "grants": "grant",
    "links": "public link",
    "shared": "shared",
    "invites": "invite",
    "watchlists": "watchlist",
    "alerts": "alert",
    "notices": "notice",
    "channels": "channel",
    "instruments": "own instrument",
    "tracking": "own instrument",
    "taxpayers": "taxpayer",
    "tokens": "token",
    "passkeys": "passkey",
    "identities": "identity",
    "exports": "export",
    "audit": "entry",
}
"""What the id behind a path's word is an id of."""

NOT_OWNED = {"instrument", "broker", "sector", "day", "name", "year"}
"""Path parameters that name nothing of anyone's."""

PILLARS = ("account", "portfolio", "session")
"""What other things hang on, or all that a device may do."""

BROWSER = {"accept": "text/html,*/*;q=0.8"}
HTMX = {**BROWSER, "hx-request": "true", "hx-request-type": "partial"}
IN_PATH = re.compile(r"{(\w+)(?::\w+)?}")
Ids = dict[str, str]


@dataclass(frozen=True)
class Way:
    """One method on one path. form: its fields come as a form, files among them; takes_body: in any shape;
    must_write: a reader is refused. fields, parameters: all that its JSON body and its question may name;
    None where it takes any."""

    method: str
    path: str
    names: tuple[str, ...]
    form: bool
    takes_file: bool
    is_admins: bool
    takes_body: bool
    must_write: bool
    fields: frozenset[str] | None = None
    parameters: frozenset[str] | None = None

    def body(self, wish: Mapping[str, Any]) -> dict[str, Any]:
        """What it knows of the wish; the rest it would refuse."""
        return {name: value for name, value in wish.items() if self.fields is None or name in self.fields}

    def question(self, query: Mapping[str, str]) -> dict[str, str]:
        known = self.parameters
        return {name: value for name, value in query.items() if known is None or name in known}

    @property
    def owned(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in NOT_OWNED)

    @property
    def takes_away(self) -> bool:
        """Afterwards the ids in its path may name nothing any more."""
        return self.method == "DELETE" or self.path.endswith(
            ("/delete", "/undo", "/reverse", "/end", "/take-back")
        )

    @property
    def manners(self) -> tuple[dict[str, str], ...]:
        """How it may be asked so that answers differ: a page for its whole or its parts, the API as it is."""
        return ({},) if self.path.startswith("/api/") else (BROWSER, HTMX)

    @property
    def thing(self) -> str:
        """What its path's last id is an id of; "" if it has none."""
        *_, last = ["", *(self.noun(found) for found in IN_PATH.finditer(self.path))]
        return last

    def to(self, ids: Ids) -> str:
        """The path with these ids in it."""
        return IN_PATH.sub(lambda found: ids[self.noun(found)], self.path)

    def noun(self, found: re.Match[str]) -> str:
        name = found[1]
        if name in NOT_OWNED or name == "account":
            return name
        word = self.path[: found.start()].rstrip("/").rpartition("/")[2]
        word = "snapshots" if word.startswith("{day") else word
        assert word in NOUNS, f"teach NOUNS what {self.path} means by {word}"
        return NOUNS[word]


def ways(app: FastAPI) -> list[Way]:
    """Every way into the app but its static files."""
    found = []
    for context in iter_route_contexts(app.routes):
        if context.path is None or context.path.startswith("/static"):
            continue
        route = context.original_route
        if context.path in SOCKETS:
            continue
        assert isinstance(route, APIRoute), f"{context.path} is no route that this test understands"
        fields = body_fields(route.dependant)
        names = tuple(re.findall(r"{(\w+)", context.path))
        form = any(isinstance(field, params.Form) for field in fields)
        takes_file = any(isinstance(field, params.File) for field in fields)
        is_admins = needs_admin(route.dependant)
        methods = sorted(context.methods or ())
        writes = stands_on(route.dependant, deps._writing)
        known = frozenset(parameters(route)) if context.path.startswith("/api/") else None
        rest = (names, form, takes_file, is_admins, bool(fields), writes, strict_fields(fields), known)
        found += [Way(method, context.path, *rest) for method in methods]
    return found


def body_fields(dependant: Dependant) -> list[FieldInfo]:
    """What a route takes in its body, by itself or through what it depends on."""
    below = [field for one in dependant.dependencies for field in body_fields(one)]
    return [*(field.field_info for field in dependant.body_params), *below]


def strict_fields(fields: list[FieldInfo]) -> frozenset[str] | None:
    """The names in a JSON body that refuses any other."""
    kinds = [field.annotation for field in fields]
    known = [kind.model_fields for kind in kinds if isinstance(kind, type) and issubclass(kind, Body)]
    return frozenset(name for names in known for name in names) if known else None


def needs_admin(dependant: Dependant) -> bool:
    """Whether somewhere below it stands the dependency that only admins pass."""
    return stands_on(dependant, deps.admin_of)


def stands_on(dependant: Dependant, call: Callable[..., Any]) -> bool:
    return any(below.call is call or stands_on(below, call) for below in dependant.dependencies)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.prove)])
def walked_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The walks ask thousands of questions: on PostgreSQL by `make prove`."""
    return at_head(request, tmp_path)


@pytest.fixture
def house(walked_url: str) -> Iterator[House]:
    adapters.load()
    with opened(walked_url) as made:
        yield made


@pytest.fixture
def operator(house: House) -> TestClient:
    """The first person, so admin."""
    return join(visitor(house), "operator@example.org", "Operator")


def ask(client: TestClient, way: Way, path: str, wish: dict[str, Any], query: dict[str, str]) -> Any:
    """Go that way with everything it could want, and nothing it does not know: refused for a name alone it
    would prove nothing."""
    kinds: dict[str, Any] = {}
    if way.method in ("POST", "PUT", "PATCH", "DELETE"):
        fields = {name: value for name, value in wish.items() if name not in ("deeds", "credential")}
        kinds = {"data": fields} if way.form else {"json": way.body(wish)}
        if way.takes_file:
            kinds = {"data": fields, "files": {"file": ("book.csv", tradebook("other"))}}
    answer = client.request(way.method, path, params=way.question(query), headers=BROWSER, **kinds)
    assert '"problem":"is not known"' not in answer.text, (way, answer.text)
    return answer


def wish_with(ids: Ids) -> dict[str, Any]:
    """A body that suits every route: each is sent the fields it knows (Way.body)."""
    return {
        "name": "Other",
        "confirm_name": ids["portfolio name"],
        "portfolio": ids["portfolio"],
        "portfolio_id": ids["portfolio"],
        "account": ids["account"],
        "currency": "INR",
        "kind": "deposit",
        "day": "2024-05-01",
        "amount": "5",
        "account_id": ids["account"],
        "id": [ids["transaction"]],
        "ids": [ids["transaction"]],
        "deed": "tag",
        "add": ["other"],
        "replaces": ids["transaction"],
        "counterpart": ids["account"],
        "asset_id": ids["instrument"],
        "quantity": "1",
        "price": "10",
        "date": "2024-05-01",
        "reference": "test:INFY:2024-05-01:split",
        "key": "1:1:missing",
        "text": "2024-04-01 deposit 5",
        "line": "2024-04-01 deposit 5",
        "sha256": ids["upload"],
        "role": "member",
        "tag": "other",
        "sector": "Banks",
        "theme": "dark",
        "old": PASSWORD,
        "new": PASSWORD,
        "old_password": PASSWORD,
        "new_password": PASSWORD,
        "api_key": "abc",
        "api_secret": "abc",
        "email": "x@example.org",
        "password": PASSWORD,
        "to": ids["watchlist"],
        "list_id": ids["watchlist"],
        "by": 1,
        "note": "other",
        "instrument": ids["instrument"],
        "instrument_id": ids["instrument"],
        "code": "000000",
        "muted": ["price"],
        "carries": ["price"],
        "taxpayer": ids["taxpayer"],
        "accounts": [ids["account"]],
        "year": "2024-25",
        "regime": "new",
        "age": "senior",
        "residency": "resident",
        "losses": [],
        "fact": ids["transaction"],
        "deeds": [{"fact": ids["transaction"], "way": "off_market"}],
        "units": "1",
        "scopes": ["read"],
        "credential": {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}},
    }


def tradebook(word: str) -> bytes:
    """A file with one trade, its own for each word."""
    header = (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id"
    )
    return f"{header}\nINFY,INE009A01021,2024-04-01,NSE,EQ,EQ,buy,false,10,1500,{word}77,1\n".encode()


def settle(house: House, client: TestClient, word: str) -> Ids:
    """A household full of things named by `word`; the ids of all of them."""

    def made(path: str, **body: Any) -> str:
        answer = client.post(path, **body)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json().get("id", ""))

    connect_broker(house, client)
    ids = {"portfolio": made("/api/v1/portfolios", json={"name": f"{word}-shelf"})}
    home = {"portfolio_id": ids["portfolio"], "name": f"{word}-desk"}
    ids["account"] = made("/api/v1/accounts", json=home)
    line = f'2024-04-01 buy 10 NSE:INFY @ 1500 #{word}-tag "{word}-note"'
    ids["transaction"] = made(f"/api/v1/accounts/{ids['account']}/transactions/line", json={"text": line})
    files = {"file": (f"{word}-book.csv", tradebook(word))}
    preview = client.post(f"/api/v1/accounts/{ids['account']}/imports/preview", files=files).json()
    ids["upload"] = preview["sha256"]
    ids["import"] = made(f"/api/v1/accounts/{ids['account']}/imports", json={"sha256": ids["upload"]})
    taken = client.post("/api/snapshots/trigger").json()["data"]
    snapshot = next(entry for entry in taken if str(entry["account_id"]) == ids["account"])
    infy = client.get(f"/api/v1/transactions?account={ids['account']}").json()["data"][0]["instrument"]
    sector = {"sector": f"{word}-sector", "industry": f"{word}-industry"}
    assert client.put(f"/api/v1/sectors/overrides/{infy['id']}", json=sector).status_code == 204
    app = {"api_key": f"{word}key", "api_secret": f"{word}secret"}
    assert client.put("/api/v1/brokers/zerodha/app", json=app).status_code == 204
    ids |= watched(house, client, made, word, str(infy["id"]))
    friend = join(visitor(house), f"{word}-friend@example.org", f"{word}-friend")
    ids["grant"] = made("/api/v1/family/grants", json={"email": f"{word}-friend@example.org"})
    assert friend.post(f"/api/v1/family/grants/{ids['grant']}/accept").status_code == 204
    deposit = {"symbol": f"{word}-FD", "name": f"{word}-deposit", "rate": "7", "day": "2024-04-01"}
    made("/api/v1/deposits", json=deposit | {"account_id": ids["account"], "amount": "1000"})
    ids["own instrument"] = deposit_of(client, ids["account"])
    ids["taxpayer"] = made("/api/v1/tax/taxpayers", json={"name": f"{word}-taxpayer"})
    token = {"name": f"{word}-token", "scopes": ["read"], "password": PASSWORD}
    ids["token"] = made("/api/v1/tokens", json=token)
    session = client.get("/api/v1/sessions").json()["data"][0]
    public = {"portfolio_id": ids["portfolio"], "title": f"{word}-public"}
    address = client.post("/api/v1/family/links", json=public).json()
    ids |= {"public link": str(address["id"]), "shared": address["url"].rpartition("/")[2]}
    ids["export"] = str(client.post("/api/v1/leaving/exports").json()["id"])
    ids["passkey"] = passkey_of(house, client, word)
    ids["identity"] = identity_of(house, client, word)
    return ids | {
        "snapshot": str(snapshot["id"]),
        "day": snapshot["trading_day"],
        "job": str(client.get("/api/v1/jobs").json()["data"][0]["id"]),
        "session": str(session["id"]),
        "entry": str(client.get("/api/v1/activity?group=portfolio").json()["data"][0]["id"]),
        "person": str(client.get("/api/v1/session").json()["person"]["id"]),
        "invite": "1",
        "instrument": str(infy["id"]),
        "broker": "zerodha",
        "sector": f"{word}-sector",
        "name": f"{word}-tag",
        "year": "2024-25",
        "portfolio name": f"{word}-shelf",
    }


def passkey_of(house: House, client: TestClient, word: str) -> str:
    """One that no device holds: enough to be listed, named and forgotten."""
    person = PersonId(int(client.get("/api/v1/session").json()["person"]["id"]))
    now, key = house.clock.now(), word.encode()
    with house.database.writing() as db:
        viewer = Viewer(person)
        return str(passkeys.add(db, viewer, key, key, 0, transports=[], name=f"{word}-key", now=now))


def identity_of(house: House, client: TestClient, word: str) -> str:
    """An account at a provider that this house does not have."""
    viewer = Viewer(PersonId(int(client.get("/api/v1/session").json()["person"]["id"])))
    with house.database.writing() as db:
        made = external_identities.add(db, viewer, f"https://{word}", word, f"{word}@id", house.clock.now())
    return str(made)


def deposit_of(client: TestClient, account: str) -> str:
    """The instrument that nobody else may see."""
    rows = client.get(f"/api/v1/transactions?account={account}").json()["data"]
    return str(next(row["instrument"]["id"] for row in rows if row["instrument"]["exchange"] == "OWN"))


def watched(house: House, client: TestClient, made: Callable[..., str], word: str, infy: str) -> Ids:
    """A watchlist, an alert that has spoken, its notice, and a channel."""
    ids = {"watchlist": made("/api/v1/watchlists", json={"name": f"{word}-list"})}
    item = {"instrument": infy, "note": f"{word}-remark"}
    assert client.post(f"/api/v1/watchlists/{ids['watchlist']}/items", json=item).status_code == 201
    level = {"kind": "sync_failed", "note": f"{word}-reason", "repeat": "every"}
    ids["alert"] = made("/api/v1/alerts", json=level)
    person = PersonId(int(client.get("/api/v1/session").json()["person"]["id"]))
    with house.database.writing() as db:
        alerts.happened(
            db, house, AlertKind.SYNC_FAILED, person, word, title=f"{word}-title", text=f"{word}-text"
        )
    ids["notice"] = str(client.get("/api/v1/notices").json()["data"][0]["id"])
    hook = {
        "kind": "webhook",
        "target": f"https://{word}.example.org/hook",
        "secret": f"{word}-secret-that-signs",
    }
    ids["channel"] = made("/api/v1/channels", json=hook)
    assert (
        client.post("/api/v1/channels/" + ids["channel"] + "/confirm", json={"code": "1"}).status_code == 422
    )
    return ids


def belongings(house: House, person: str) -> dict[str, list[Any]]:
    """Every owned row of a person, as it lies in the database."""
    with house.database.reading() as db:
        return {
            table.name: sorted(
                tuple(row) for row in db.execute(select(table).where(table.c.owner_id == int(person)))
            )
            if table.name not in ("sessions",)
            else sorted(
                db.execute(select(table.c.id, table.c.ended_at).where(table.c.owner_id == int(person)))
            )
            for table in OWNED
        }


def newcomer(house: House, word: str) -> TestClient:
    client = visitor(house)
    client.headers["user-agent"] = f"{word}-device"
    return join(client, f"{word}@example.org", f"{word}-name")


def test_a_stranger_gets_in_nowhere_else(house: House) -> None:
    app = app_of(house)
    client = TestClient(app, base_url=ADDRESS, follow_redirects=False)
    every = ways(app)
    gone = PUBLIC - {(way.method, way.path) for way in every}
    assert not gone, "PUBLIC names ways that are no more"
    ids = dict.fromkeys([*NOUNS.values(), *NOT_OWNED], "1") | {"day": "2026-11-20", "upload": "0" * 64}
    for way in every:
        if (way.method, way.path) in PUBLIC:
            continue
        answer = client.request(way.method, way.to(ids))
        assert answer.status_code == 401, (way, answer.status_code)
        seen = client.request(way.method, way.to(ids), headers=BROWSER)
        led = seen.status_code == 303 and seen.headers["location"].startswith("/sign-in")
        assert led or seen.status_code == 401, (way, seen.status_code)


@pytest.mark.parametrize("intruder_is_admin", [False, True], ids=["member", "admin"])
def test_another_persons_ids_are_not_found_and_change_nothing(
    house: House, operator: TestClient, intruder_is_admin: bool
) -> None:
    mine = settle(house, newcomer(house, "canary"), "canary")
    intruder = operator if intruder_is_admin else newcomer(house, "intruder")
    own = settle(house, intruder, "intruder")
    work(house)
    before = belongings(house, mine["person"])
    email = "operator@example.org" if intruder_is_admin else "intruder@example.org"
    tried, wrong = 0, []
    for way in ways(app_of(house)):
        if (way.method, way.path) in PUBLIC | ENDLESS or (way.is_admins and intruder_is_admin):
            continue
        wish = wish_with(own) | {"confirm_name": mine["portfolio name"]}
        answer = ask(intruder, way, way.to(mine), wish, {"confirm_name": mine["portfolio name"]})
        if way.owned and not way.is_admins and "/prove" in answer.text + answer.headers.get("location", ""):
            assert intruder.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
            answer = ask(intruder, way, way.to(mine), wish, {"confirm_name": mine["portfolio name"]})
        if way.is_admins or way.owned:
            tried += 1
            if answer.status_code != (403 if way.is_admins else 404):
                wrong.append((way.method, way.path, answer.status_code, answer.text[:300]))
        assert answer.status_code < 500, (way, answer.text[:500])
        assert "canary" not in answer.text.replace("canary-sector", "").replace("canary-tag", ""), way
        if way.method != "GET" and intruder.get("/api/v1/session").status_code == 401:
            sign_in(intruder, email)
    assert wrong == []
    assert tried >= 40
    assert belongings(house, mine["person"]) == before


def in_turns(every: list[Way]) -> list[Way]:
    """Those that take something away come last: one of each kind of thing, what others hang on after what
    hangs on it; then the next of each kind, and so on. So one household does for many of them."""
    turns: Counter[str] = Counter()

    def turn(way: Way) -> tuple[int, int]:
        if not way.takes_away:
            return 0, 0
        turns[way.thing] += 1
        hung_on = PILLARS.index(way.thing) + 1 if way.thing in PILLARS else 0
        return turns[way.thing], hung_on if way.thing else len(PILLARS) + 1

    return sorted(every, key=turn)


@dataclass
class Household:
    """Somebody with a house full of things; somebody else when ways have taken them away."""

    house: House
    count: int = 0

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Another person, who has everything."""
        self.count += 1
        word = f"intruder{self.count}"
        self.client = newcomer(self.house, word)
        self.own = settle(self.house, self.client, word)
        self.is_whole = True

    def ask(self, way: Way, mine: Ids, header: dict[str, str]) -> Any:
        """Go a way to what is one's own, naming another's things; once more when one's own is gone."""
        query = {name: mine[name] for name in ("portfolio", "account", "instrument")}
        query |= {"imported": mine["import"], "farewell": mine["upload"], "cursor": ""}
        self.client.headers.update(header)
        answer = ask(self.client, way, way.to(self.own), wish_with(mine), query)
        if answer.status_code == 404 and not self.is_whole:
            self.begin()
            return self.ask(way, mine, header)
        self.is_whole = self.is_whole and not way.takes_away
        return answer


def test_another_persons_ids_in_bodies_and_filters_lead_nowhere(house: House, operator: TestClient) -> None:
    mine = settle(house, newcomer(house, "canary"), "canary")
    household = Household(house)
    work(house)
    before = belongings(house, mine["person"])
    every = [way for way in ways(app_of(house)) if (way.method, way.path) not in PUBLIC | ENDLESS]
    for way in in_turns([way for way in every if not way.is_admins]):
        for header in way.manners if way.method == "GET" else (HTMX,):
            answer = household.ask(way, mine, header)
            assert answer.status_code < 500, (way, answer.text[:500])
            assert "canary" not in answer.text, (way, answer.text[:2000])
        if household.client.get("/api/v1/session").status_code == 401:
            household.begin()
    assert belongings(house, mine["person"]) == before


def row_ids(answer: Any) -> set[int]:
    """The ids of the rows that a listing shows; rows of one person are no one else's."""
    if answer.headers.get("content-type") != "application/json":
        return set()
    rows = answer.json().get("data", ())
    return {row["id"] for row in rows if "id" in row}


def test_no_listing_tells_of_another_but_tells_of_oneself(house: House, operator: TestClient) -> None:
    """The same pages, read by their owner, do show every word: so their silence to others means something."""
    owner, intruder = newcomer(house, "canary"), newcomer(house, "intruder")
    mine, own = settle(house, owner, "canary"), settle(house, intruder, "intruder")
    words = [
        f"canary-{what}"
        for what in (
            "shelf",
            "desk",
            "tag",
            "note",
            "book.csv",
            "sector",
            "name",
            "device",
            "list",
            "title",
            "taxpayer",
        )
    ]
    words.append("canary@example.org")
    seen_by_owner = set()
    for way in ways(app_of(house)):
        if way.method != "GET" or (way.method, way.path) in ENDLESS:
            continue
        for headers in way.manners:
            hers = owner.get(way.to(mine), headers=headers)
            told = intruder.get(way.to(own), headers=headers)
            assert way.is_admins or not row_ids(hers) & row_ids(told), way
            assert "canary" not in told.text, (way, told.text[:2000])
            if not way.is_admins:
                assert "canary" not in operator.get(way.to(own), headers=headers).text, way
            assert "canarysecret" not in hers.text
            assert "token-of-the-broker" not in hers.text
            seen_by_owner |= {word for word in words if word in hers.text}
    assert [word for word in words if word not in seen_by_owner] == []
