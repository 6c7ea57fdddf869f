"""A house in which a stranger's things lie beside one's own, kept as a file: whoever asks gets a copy."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient

from tests.commons import commons_beside
from tests.contract.wishes import COLUMNS
from tests.house.test_routes import Ids, newcomer, settle
from tests.web.houses import PASSWORD, Bell, join, opened, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar, Bars
from tunefolio.services.house import House
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.lanes import Lanes
from tunefolio.store import bars
from tunefolio.store.tables import OWNED

OWNER = "canary"
"""Whose things nobody may see but herself; one other may see her shelf, without amounts."""
CONTROL = "other"
"""A person with things of the same kinds, so that what both of them are shown is nobody's secret."""
SHEET = b"When,Deed,What,Units,Paid\n2024-05-06,buy,INFY,3,1501\n"
BOOK = b'account "Demat"\n2024-04-01 buy 10 NSE:INFY @ 1500\n'
LINES = (
    '2024-04-02 deposit 918273.64 #canary-coin "canary-fund"',
    "2024-04-03 buy 37 NSE:TATAPOWER @ 213.57",
    "2024-04-04 dividend 4321.09 NSE:INFY",
)
"""Amounts that are the owner's alone."""
PRICED_DAYS = 60


Rows = dict[str, list[Any]]


class Who(StrEnum):
    """The callers: by the cookie of a browser, and by a personal token with every scope they may give. The
    viewer sees a shelf of the owner's by a grant; the reader has the role that changes nothing."""

    STRANGER = "anonymous"
    MEMBER = "member"
    VIEWER = "viewer"
    READER = "reader"
    ADMIN = "admin"
    MEMBERS_TOKEN = "member's token"
    VIEWERS_TOKEN = "viewer's token"
    ADMINS_TOKEN = "admin's token"

    @property
    def person(self) -> str:
        return self.value.partition("'")[0]

    @property
    def is_token(self) -> bool:
        return self.value.endswith("token")


@dataclass(frozen=True)
class World:
    """The file as everybody left it, and what each needs to come again. ids: of the things of each person."""

    file: Path
    ids: Mapping[str, Ids]
    cookies: Mapping[str, list[Cookie]]
    tokens: Mapping[str, str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def visit(self, who: str) -> Iterator[Visit]:
        """Somebody at the door of a copy that nobody else changes. who: a caller, OWNER or CONTROL."""
        path = self.file.with_name(f"copy-{next(self._numbers)}.db")
        shutil.copy(self.file, path)
        try:
            with start_blocking_portal() as portal, opened(f"sqlite:///{path}") as house:
                yield Visit(self, who, path, house, portal)
        finally:
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()

    @cached_property
    def owners(self) -> Rows:
        """Every row of the owner's, as it was left."""
        return rows_of(self.file, self.ids[OWNER]["person"])


class Visit:
    """A caller in a house of their own. again() makes that house what it was, throttles, caches and all; only
    the connections stay open, for they remember how their statements are compiled.

    portal: the one event loop of all that is asked; the test client would begin a new one for each question.
    """

    def __init__(self, world: World, who: str, path: Path, house: House, portal: BlockingPortal) -> None:
        self._world, self._who, self._path, self._house = world, who, path, house
        self._portal = portal
        self.client = self._at_the_door(house)

    def again(self) -> None:
        with (
            closing(sqlite3.connect(self._world.file)) as kept,
            closing(sqlite3.connect(self._path)) as copy,
        ):
            copy.execute("PRAGMA synchronous = OFF")  # a copy that a crash may take
            kept.backup(copy)
        old = self._house
        fresh = commons_beside(f"sqlite:///{self._path}")
        self._house = replace(
            old,
            calendars=KeptCalendars(old.database, old.clock, old.bus),
            doorbell=Bell(),
            throttle=fresh.throttle,
            shared=fresh.shared,
            lanes=Lanes(),
        )
        self.client = self._at_the_door(self._house)

    def owners(self) -> Rows:
        """Every row of the owner's, as it is here."""
        return rows_of(self._path, self._world.ids[OWNER]["person"])

    def _at_the_door(self, house: House) -> TestClient:
        client = visitor(house)
        client.portal = self._portal
        if self._who in self._world.tokens:
            client.headers["authorization"] = f"Bearer {self._world.tokens[self._who]}"
        for cookie in self._world.cookies.get(self._who, ()):
            client.cookies.jar.set_cookie(cookie)
        return client


def rows_of(file: Path, person: str) -> Rows:
    """What a person owns in a database, by table; of sessions only whether they have ended."""
    with closing(sqlite3.connect(file)) as db:
        return {table.name: _rows(db, table.name, person) for table in OWNED}


def _rows(db: sqlite3.Connection, table: str, person: str) -> list[Any]:
    columns = "id, ended_at" if table == "sessions" else "*"
    return sorted(map(repr, db.execute(f"SELECT {columns} FROM {table} WHERE owner_id = ?", (person,))))


def settled(file: Path) -> World:
    """A house with an admin, the owner, her control, a member, and one who may see the owner's shelf."""
    adapters.load()
    with opened(f"sqlite:///{file}") as house:
        people = {"admin": join(visitor(house), "admin@example.org", "Admin")}
        people |= {word: newcomer(house, word) for word in (OWNER, CONTROL, "member", "viewer", "reader")}
        ids = {word: furnished(house, client, word) for word, client in people.items()}
        for line in LINES:
            path = f"/api/v1/accounts/{ids[OWNER]['account']}/transactions/line"
            assert people[OWNER].post(path, json={"text": line}).status_code == 201
        ids["viewer"] |= _shared(people[OWNER], people["viewer"], ids[OWNER])
        for word in ("admin", "member", "viewer", "reader"):
            offer = {"email": f"{word}@example.org", "portfolio_id": int(ids[CONTROL]["portfolio"])}
            ids[word] |= {"offered": _made(people[CONTROL], "/family/grants", offer)}
            ids[word] |= {"somebody": ids[CONTROL]["person"]}
        ids["admin"] |= _of_admins(people["admin"], int(ids[OWNER]["person"]))
        work(house)
        _priced(house, ids)
        tokens = {f"{word}'s token": _token(people[word], word) for word in ("member", "viewer", "admin")}
        role = f"/api/v1/admin/persons/{ids['reader']['person']}/role"
        assert people["admin"].put(role, json={"role": "reader"}).status_code == 204
    return World(file, ids, {word: list(one.cookies.jar) for word, one in people.items()}, tokens)


def _priced(house: House, ids: Mapping[str, Ids]) -> None:
    """What INFY cost for some weeks, with range and volume on every other day."""
    last = TradingDay.parse("2026-11-19")
    days = [(step, last.plus_days(step - PRICED_DAYS)) for step in range(PRICED_DAYS + 1)]
    rows = [_bar(day, Decimal(1400 + step), step) for step, day in days]
    instrument = InstrumentId(int(ids[OWNER]["instrument"]))
    with house.database.writing() as db:
        bars.put(db, instrument, INR, Bars.of(rows, "nse"), house.clock.now())


def _bar(day: TradingDay, close: Decimal, step: int) -> Bar:
    if step % 2:
        return Bar(day, close)
    return Bar(day, close, close - 1, close + 2, close - 3, 1000 + step)


def furnished(house: House, client: TestClient, word: str) -> Ids:
    """What the walks settle, and what only some ways ask for."""
    ids = settle(house, client, word) | {"word": word}
    for door in ("/auth/login", "/api/v1/auth/login"):
        entry = {"email": f"{word}@example.org", "password": PASSWORD}
        assert client.post(door, json=entry).status_code == 200
    assert client.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
    link = client.get("/auth/zerodha/login").headers["location"]
    spare = {"name": f"{word}-idle", "accounts": []}
    accounts = client.get("/api/v1/accounts").json()["data"]
    ids |= {
        "state": parse_qs(urlsplit(link).query)["state"][0],
        "spare": _made(client, "/portfolios", {"name": f"{word}-spare"}),
        "idle taxpayer": _made(client, "/tax/taxpayers", spare),
        "sheet name": "statement",
        "duty name": "recompute",
        "lists": ",".join(str(one["id"]) for one in client.get("/api/v1/watchlists").json()["data"]),
        "linked": str(next(one["id"] for one in accounts if one["broker"])),
        **_uploads(client, f"/api/v1/accounts/{ids['account']}"),
    }
    work(house)
    return ids


def _made(client: TestClient, path: str, body: dict[str, Any]) -> str:
    answer = client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _uploads(client: TestClient, home: str) -> Ids:
    """A table that was explained, so that its map is known, and a text book."""
    digests = []
    for name, content in (("sheet.csv", SHEET), ("book.txt", BOOK)):
        taken = client.post(f"{home}/imports/upload", files={"file": (name, content)})
        assert taken.status_code == 201, taken.text
        digests.append(taken.json()["sha256"])
    said = {"sha256": digests[0], "columns": COLUMNS}
    explained = client.post(f"{home}/imports/columns", json=said)
    assert explained.status_code == 200, explained.text
    (kept,) = client.get("/api/v1/imports/maps").json()["data"]
    return {"sheet": digests[0], "text book": digests[1], "shape": kept["shape"]}


def _shared(owner: TestClient, viewer: TestClient, theirs: Ids) -> Ids:
    """The owner's shelf, without amounts, as the viewer knows it."""
    offer = {"email": "viewer@example.org", "portfolio_id": int(theirs["portfolio"]), "amounts": "hidden"}
    grant = _made(owner, "/family/grants", offer)
    assert viewer.post(f"/api/v1/family/grants/{grant}/accept").status_code == 204
    return {"seen grant": grant, "seen person": theirs["person"]}


def _of_admins(admin: TestClient, owner: int) -> Ids:
    """What only admins have. entry: of the log, about anybody else's books than the owner's."""
    ended = admin.get("/api/v1/admin/jobs").json()["data"]
    assert admin.post("/api/v1/admin/invites", json={}).status_code == 201
    (invite,) = admin.get("/api/v1/admin/invites").json()["data"]
    kept = admin.get("/api/v1/admin/audit?action=portfolio.made&limit=500").json()["data"]
    entry = next(one for one in kept if one["withheld"] and one["person_id"] != owner)
    return {"invite": str(invite["id"]), "ended job": str(ended[0]["id"]), "entry": str(entry["id"])}


def _token(client: TestClient, word: str) -> str:
    scopes = ["read", "import", "sync", "trade", *(["admin"] if word == "admin" else [])]
    wish = {"name": "program", "scopes": scopes, "password": PASSWORD}
    answer = client.post("/api/v1/tokens", json=wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
