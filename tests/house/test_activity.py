"""Every way that changes something leaves an entry in the activity: who, what, from where; found by itself.

A way added tomorrow is gone tomorrow. It leaves an entry of an act of its own, or stands among those that
need none, with the reason; what cannot succeed in this house is proved where it can, by name.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.contract.ways import Door, doors, prepared, sendable
from tests.contract.world import Visit, World, settled
from tests.house.activity_wishes import BY_MEMBER, ELSEWHERE, FIRST, FORMS, SILENT, THINGS, Key
from tests.house.test_routes import Ids, Way, ways
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Role, Viewer
from tunefolio.services import audit
from tunefolio.services.acts import GROUP_WORDS, GROUPS, Act
from tunefolio.store.audit import EVERY, AuditEntry
from tunefolio.web.security import SAFE_METHODS

pytestmark = pytest.mark.one_is_enough
TESTS = Path(__file__).parents[1]
FALLBACKS = (Act.DEED, Act.ADMIN_DEED)
V1 = "/api/v1"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    file = tmp_path_factory.mktemp("activity") / "world.db"
    shutil.copy(migrated_sqlite, file)
    return settled(file)


@pytest.fixture(scope="module")
def every(world: World) -> list[Way]:
    """All ways that may change something."""
    with world.visit("admin") as visit:
        app: Any = visit.client.app
        return [way for way in ways(app) if way.method not in SAFE_METHODS]


def proved_elsewhere() -> set[str]:
    return {path for acts in ELSEWHERE.values() for paths in acts.values() for path in paths}


def test_every_way_that_changes_something_names_the_deed_its_doer_and_the_place(
    world: World, every: list[Way]
) -> None:
    wrong = []
    with world.visit("admin") as admin, world.visit("member") as member:
        app: Any = admin.client.app
        known = {door.key: door for door in doors(app)}
        for way in every:
            key = (way.method, way.path)
            if way.path in proved_elsewhere():
                continue
            try:
                asked(world, admin, member, way, known.get(key))
            except AssertionError as problem:
                wrong.append(str(problem).partition("assert ")[0][:500])
    assert wrong == [], "\n".join(wrong)


def test_what_is_proved_elsewhere_is_proved_there(every: list[Way]) -> None:
    paths = {way.path for way in every}
    assert proved_elsewhere() <= paths, proved_elsewhere() - paths
    for file, acts in ELSEWHERE.items():
        text = (TESTS / file).read_text()
        for act in acts:
            assert f"Act.{act.name}" in text or f'"{act.value}"' in text, (file, act)


def test_no_way_is_excused_that_is_no_more(every: list[Way]) -> None:
    keys = {(way.method, way.path) for way in every}
    assert set(SILENT) <= keys, set(SILENT) - keys
    paths = {way.path for way in every}
    assert set(FORMS) | set(THINGS) <= paths, (set(FORMS) | set(THINGS)) - paths


def test_every_group_of_acts_is_named_and_every_act_begins_a_sentence() -> None:
    assert set(GROUPS) == set(GROUP_WORDS)
    for act in Act:
        assert act.words[0].isupper(), act
        assert not act.words.endswith("."), act


def asked(world: World, admin: Visit, member: Visit, way: Way, door: Door | None) -> None:
    """Go this way once, well; what it has left must name the deed, its doer, and where she was."""
    visit, word = (member, "member") if way.path.removeprefix(V1) in BY_MEMBER else (admin, "admin")
    visit.again()
    ids = world.ids[word]
    answer, begun = sent(visit.client, way, door, ids, visit)
    fresh = [one for one in entries(visit) if one.id > begun]
    key = (way.method, way.path)
    if key in SILENT:
        assert fresh == [], key
        return
    assert answer.status_code < 400, (key, answer.text[:300])
    assert "/prove" not in answer.headers.get("location", ""), key
    spoken = [one for one in fresh if one.action not in FALLBACKS]
    assert spoken, (key, "leaves no entry: note the deed in its service, or say why not", fresh)
    assert fresh == spoken
    for one in spoken:
        assert one.actor in whose(key, ids, one), (key, one)
        assert one.place.address == "testclient", (key, one)
        assert one.place.device, (key, one)


def whose(key: Key, ids: Ids, one: AuditEntry) -> Sequence[PersonId | None]:
    """Who must have done it: whoever asks, or who has just joined."""
    if one.action == Act.JOINED or "sign-up" in key[1] or key[1] == f"{V1}/persons":
        return [one.owner]
    return [PersonId(int(ids["person"]))]


def sent(client: TestClient, way: Way, door: Door | None, ids: Ids, visit: Visit) -> tuple[Any, int]:
    key = (way.method, way.path)
    if key in FIRST:
        path, fields = FIRST[key]
        done = client.post(replace(way, path=path).to(ids), data=fields(ids), headers=HTML)
        assert done.status_code == 303, (key, done.text)
    if door is not None:
        prepared(client, door, ids)
        begun = newest(visit)
        return client.request(**sendable(door.well(ids))), begun
    own = ids | {noun: ids[better] for noun, better in THINGS.get(way.path, {}).items()}
    body = FORMS[way.path](own) if way.path in FORMS else {}
    begun = newest(visit)
    return client.request(way.method, way.to(own), data=body, headers=HTML), begun


def entries(visit: Visit) -> list[AuditEntry]:
    app: Any = visit.client.app
    with app.state.house.database.reading() as db:
        return audit.everyones(db, Viewer(PersonId(1), Role.ADMIN), EVERY, None, 500)


def newest(visit: Visit) -> int:
    return max((one.id for one in entries(visit)), default=0)
