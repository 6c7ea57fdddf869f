"""A house in which a stranger's things lie beside one's own, kept as a file: whoever asks gets a copy."""

from __future__ import annotations

import base64
import hashlib
import itertools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookiejar import Cookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.testclient import TestClient

from tests.house.test_routes import Ids, newcomer, settle
from tests.web.houses import PASSWORD, join, opened, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.core.notice import ChannelKind
from tunefolio.services import alerts
from tunefolio.services.house import House

OWNER = "canary"
"""Whose things nobody may see but herself; one other may see her shelf, without amounts."""
CONTROL = "other"
"""A person with things of the same kinds, so that what both of them are shown is nobody's secret."""
SHEET = b"When,What,Units,Paid\n2024-05-06,INFY,3,1501\n"
LINES = (
    '2024-04-02 deposit 918273.64 #canary-coin "canary-fund"',
    "2024-04-03 buy 37 NSE:TATAPOWER @ 213.57",
    "2024-04-04 dividend 4321.09 NSE:INFY",
)
"""Amounts that are the owner's alone."""


class Who(StrEnum):
    """The callers: by the cookie of a browser, and by a personal token with every scope they may give."""

    STRANGER = "anonymous"
    MEMBER = "member"
    VIEWER = "viewer"
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


@dataclass(frozen=True, slots=True)
class World:
    """The file as everybody left it, and what each needs to come again. ids: of the things of each person."""

    file: Path
    ids: Mapping[str, Ids]
    cookies: Mapping[str, list[Cookie]]
    tokens: Mapping[str, str]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def visit(self, who: str) -> Iterator[TestClient]:
        """Somebody at the door of a copy that nobody else changes. who: a caller, OWNER or CONTROL."""
        path = self.file.with_name(f"copy-{next(self._numbers)}.db")
        shutil.copy(self.file, path)
        try:
            with opened(f"sqlite:///{path}") as house:
                yield self._at_the_door(house, who)
        finally:
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()

    def _at_the_door(self, house: House, who: str) -> TestClient:
        client = visitor(house)
        if who in self.tokens:
            client.headers["authorization"] = f"Bearer {self.tokens[who]}"
        for cookie in self.cookies.get(who, ()):
            client.cookies.jar.set_cookie(cookie)
        return client


def settled(file: Path) -> World:
    """A house with an admin, the owner, her control, a member, and one who may see the owner's shelf."""
    adapters.load()
    with opened(f"sqlite:///{file}") as house:
        people = {"admin": join(visitor(house), "admin@example.org", "Admin")}
        people |= {word: newcomer(house, word) for word in (OWNER, CONTROL, "member", "viewer")}
        ids = {word: _furnished(house, client, word) for word, client in people.items()}
        for line in LINES:
            path = f"/api/v1/accounts/{ids[OWNER]['account']}/transactions/line"
            assert people[OWNER].post(path, json={"text": line}).status_code == 201
        ids["viewer"] |= _shared(people[OWNER], people["viewer"], ids[OWNER])
        work(house)
        tokens = {f"{word}'s token": _token(people[word], word) for word in ("member", "viewer", "admin")}
    return World(file, ids, {word: list(one.cookies.jar) for word, one in people.items()}, tokens)


def _furnished(house: House, client: TestClient, word: str) -> Ids:
    """What the walks settle, and what only some ways ask for."""
    ids = settle(house, client, word) | {"word": word}
    assert client.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
    home = f"/api/v1/accounts/{ids['account']}"
    spare = client.post("/api/v1/portfolios", json={"name": f"{word}-spare"}).json()
    ids |= {"spare": str(spare["id"]), "spare name": f"{word}-spare"}
    sheet = client.post(f"{home}/imports/upload", files={"file": ("sheet.csv", SHEET)})
    ids["sheet"] = sheet.json().get("sha256", hashlib.sha256(SHEET).hexdigest())
    link = client.get("/auth/zerodha/login").headers["location"]
    ids["state"] = parse_qs(urlsplit(link).query)["state"][0]
    work(house)
    return ids


def _shared(owner: TestClient, viewer: TestClient, theirs: Ids) -> Ids:
    """The owner's shelf, without amounts, as the viewer knows it."""
    offer = {"email": "viewer@example.org", "portfolio_id": int(theirs["portfolio"]), "amounts": "hidden"}
    grant = owner.post("/api/v1/family/grants", json=offer).json()["id"]
    assert viewer.post(f"/api/v1/family/grants/{grant}/accept").status_code == 204
    return {"seen grant": str(grant), "seen person": theirs["person"]}


def _token(client: TestClient, word: str) -> str:
    scopes = ["read", "import", "sync", "trade", *(["admin"] if word == "admin" else [])]
    wish = {"name": "program", "scopes": scopes, "password": PASSWORD}
    answer = client.post("/api/v1/tokens", json=wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
