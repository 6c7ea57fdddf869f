"""What every route answers to whoever should not ask: another site's page, a form in JSON's place, somebody
who guesses at ids. A route added tomorrow is asked tomorrow."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from tests.house.test_routes import (
    BROWSER,
    ENDLESS,
    NOT_OWNED,
    PUBLIC,
    Ids,
    Way,
    ask,
    belongings,
    newcomer,
    settle,
    ways,
    wish_with,
)
from tests.web.houses import PASSWORD, app_of, join, opened, sign_in, visitor, work
from tunefolio.bootstrap import adapters
from tunefolio.services.house import House
from tunefolio.web.security import SAFE_METHODS

pytestmark = pytest.mark.one_is_enough
FOREIGN: list[dict[str, str]] = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
    {"sec-fetch-site": "same-site", "origin": "https://sibling.testserver"},
    {"sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example"},
    {"origin": "https://testserver.evil.example"},
    {"origin": "http://testserver:8080"},
    {"origin": "null"},
]
"""How browsers mark what another site's page sends: new ones, old ones, and pages that hide their name."""


@pytest.fixture(scope="module")
def house(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    adapters.load()
    path = tmp_path_factory.mktemp("doors") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as made:
        join(visitor(made), "operator@example.org", "Operator")
        yield made


@pytest.fixture(scope="module")
def every(house: House) -> list[Way]:
    return ways(app_of(house))


@pytest.fixture(scope="module")
def owner(house: House) -> tuple[TestClient, Ids]:
    client = newcomer(house, "canary")
    ids = settle(house, client, "canary")
    work(house)
    return client, ids


def changing(every: list[Way]) -> list[Way]:
    return [way for way in every if way.method not in SAFE_METHODS]


def test_nothing_is_changed_for_another_sites_page(
    house: House, every: list[Way], owner: tuple[TestClient, Ids]
) -> None:
    """The owner's own browser brings her cookie along, with a wish that would succeed."""
    client, mine = owner
    before = belongings(house, mine["person"])
    let_in = []
    for way in changing(every):
        for marks in FOREIGN:
            wish = way.body(wish_with(mine))
            answer = client.request(way.method, way.to(mine), headers=marks, json=wish)
            if (
                answer.status_code != 403
                or "another site" not in answer.text
                or "set-cookie" in answer.headers
            ):
                let_in.append((way.method, way.path, marks, answer.status_code))
    assert let_in == []
    assert belongings(house, mine["person"]) == before
    assert len(changing(every)) > 150


def test_a_form_in_place_of_json_changes_nothing(
    house: House, every: list[Way], owner: tuple[TestClient, Ids]
) -> None:
    """What a page of another site may send without asking first: a form, or plain text that reads as JSON."""
    client, mine = owner
    before = belongings(house, mine["person"])
    taken = []
    for way in changing(every):
        if way.form or not way.takes_body or (way.method, way.path) in PUBLIC:
            continue
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "",
        ):
            answer = client.request(
                way.method,
                way.to(mine),
                headers={"content-type": kind},
                content=json.dumps(way.body(wish_with(mine))).encode(),
            )
            if answer.status_code not in (400, 403, 415, 422):
                taken.append((way.method, way.path, kind, answer.status_code))
    assert taken == []
    assert belongings(house, mine["person"]) == before


SEEN = {"sessions", "login_states", "shared_links"}
"""What a look may leave behind: when a device was last seen, a broker's login that was begun, and how often a
public link was opened."""


def test_looking_changes_nothing(house: House, every: list[Way], owner: tuple[TestClient, Ids]) -> None:
    """So that no link and no picture on another site's page does anything in one's name."""
    client, mine = owner
    for way in every:
        if way.method not in SAFE_METHODS or (way.method, way.path) in ENDLESS:
            continue
        with statements(house) as asked:
            client.get(way.to(mine), headers={"sec-fetch-site": "cross-site", **BROWSER})
        written = {found[1] for one in asked if (found := WRITES.match(one))} - SEEN
        assert not written, (way, written)


WRITES = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
ABSENT = {
    "upload": "f" * 64,
    "shared": "Z" * 43,
}


def absent(ids: Ids) -> Ids:
    """As many ids, of which none names anything."""
    return {noun: ABSENT.get(noun, "987654321" if value.isdigit() else value) for noun, value in ids.items()}


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """The words of every statement that the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("PRAGMA"):  # a connection is made ready once
            asked.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(house.database.engine, "before_cursor_execute", note)


VARYING = {"x-request-id", "date", "content-length"}


def told(answer: Any, path: str) -> str:
    """An answer's status, headers and words, but for what is its own: its number, and the path asked for."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in VARYING)
    text = answer.text.replace(answer.headers["x-request-id"], "#")
    return f"{answer.status_code} {headers} {text}".replace(path, "#")


def difference(one: str, other: str) -> str:
    """Around the first letter that is not the same."""
    pairs = enumerate(zip(f"{one}\0", f"{other}\1", strict=False))
    place = next(at for at, (letter, another) in pairs if letter != another)
    return f"{one[max(0, place - 40) : place + 80]!r} and {other[max(0, place - 40) : place + 80]!r}"


def test_no_answer_tells_whether_a_strangers_thing_is_there(
    house: House, every: list[Way], owner: tuple[TestClient, Ids]
) -> None:
    """The owner's ids and ids of nothing: the same status, headers and words, after the same statements."""
    _, mine = owner
    intruder = newcomer(house, "intruder")
    own = settle(house, intruder, "intruder")
    assert intruder.post("/api/v1/proof", json={"password": PASSWORD}).status_code == 200
    nothing = absent(mine) | {name: mine[name] for name in NOT_OWNED if name in mine}
    telling, tried = [], 0
    for way in every:
        if (way.method, way.path) in PUBLIC | ENDLESS or not way.owned:
            continue
        tried += 1
        seen = []
        for ids in (nothing, mine, nothing):
            with statements(house) as asked:
                answer = ask(intruder, way, way.to(ids), wish_with(own), {})
            seen.append((told(answer, way.to(ids)), "\n".join(asked)))
        for there, absent_then in zip(seen[1], seen[2], strict=True):
            if there != absent_then:
                telling.append(f"{way.method} {way.path}: {difference(there, absent_then)}")
    assert telling == []
    assert tried > 90


def references(ids: Ids) -> dict[str, str]:
    """What a listing may be narrowed to."""
    names = ("portfolio", "account", "import", "taxpayer", "watchlist", "job", "person", "grant", "snapshot")
    return {name: ids[name] for name in names} | {
        "imported": ids["import"],
        "instrument": ids["own instrument"],
        "asset_id": ids["own instrument"],
        "of": f"{ids['account']}:{ids['own instrument']}",
    }


def test_no_answer_tells_it_of_ids_in_questions_and_bodies(
    house: House, every: list[Way], owner: tuple[TestClient, Ids]
) -> None:
    """The same where the ids stand behind the question mark, or in what is sent."""
    _, mine = owner
    bela = newcomer(house, "bela")
    own = settle(house, bela, "bela")
    named = own | {"instrument": mine["own instrument"]}
    theirs = mine | {"instrument": mine["own instrument"]}
    nothing = absent(mine) | {"instrument": "987654321"}
    telling, refused = [], 0
    for way in every:
        if (way.method, way.path) in PUBLIC | ENDLESS or way.takes_away or way.is_admins:
            continue
        seen = []
        for ids in (nothing, theirs, nothing):
            question = references(ids) if way.method == "GET" else {}
            answer = ask(bela, way, way.to(own), wish_with(named | ids), question)
            seen.append((answer.status_code, unnamed(told(answer, "?"))))
        if bela.get("/api/v1/session").status_code == 401:
            sign_in(bela, "bela@example.org")
        if seen[0][0] < 400:
            continue
        refused += 1
        if seen[1] != seen[2]:
            telling.append(f"{way.method} {way.path}: {difference(seen[1][1], seen[2][1])}")
    assert telling == []
    assert refused > 60


def unnamed(text: str) -> str:
    """Without numbers and digests: an answer may say again what it was asked for."""
    return re.sub(r"[0-9a-f]{64}|\d+", "#", text)
