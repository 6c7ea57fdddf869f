"""The API holds to its own document, whoever asks: no fault of ours, nothing undocumented, no foreign row.

schemathesis makes the requests up and checks the answers; the good requests come from wishes.py, so that most
ways are gone to their end.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.contract.told import faults, is_amount, shape_faults, told
from tests.contract.walks import Made, Walk, made_up
from tests.contract.ways import Door, doors, sendable, takes_away
from tests.contract.world import CONTROL, OWNER, Who, World, furnished, settled
from tests.web.houses import join, opened, visitor
from tunefolio.core.people import Scope
from tunefolio.web.scopes import Proof, need_of

pytestmark = pytest.mark.one_is_enough
LONG = 16
"""Letters of a word that only one person has: an address with ids in it, a digest."""
SHOWN = {
    "viewer": ("/api/v1/family", "/api/v1/notices", "/api/v1/activity"),
    "admin": ("/api/v1/admin", "/api/v1/persons"),
}
"""Where somebody is rightly told of the owner, though never an amount: what she shared, who lives here."""

V1 = "/api/v1"
NEVER = {
    ("POST", "/hooks/{broker}"): "only a broker can prove its postback: tests/web/test_live.py",
    ("POST", f"{V1}/factors/authenticator/confirm"): "wants a code of a device: tests/web/test_signing_in.py",
    ("POST", f"{V1}/factors/recovery-codes"): "wants an authenticator: tests/web/test_signing_in.py",
    ("POST", f"{V1}/email/confirm"): "wants a link of a mailbox: tests/web/test_settings_pages.py",
    ("POST", f"{V1}/persons/confirm"): "wants a link of a mailbox: tests/web/test_sign_ups.py",
    ("POST", f"{V1}/password/reset"): "wants a link of a mailbox: tests/web/test_settings_pages.py",
    ("POST", f"{V1}/password"): "wants somebody without one: tests/web/test_oidc.py",
    ("POST", f"{V1}/passkeys"): "wants what a device signed: tests/web/test_signing_in.py",
    ("POST", f"{V1}/session/passkey"): "wants what a device signed: tests/web/test_signing_in.py",
    ("POST", f"{V1}/instruments"): "no source lists instruments here: tests/web/test_find.py",
    ("POST", f"{V1}/instruments/refresh"): "no source lists instruments here: tests/web/test_find.py",
    ("POST", f"{V1}/breaks/repair"): "nothing is broken here: tests/web/test_desk_pages.py",
    ("GET", f"{V1}/brokers/{{broker}}/form"): "this broker has a page: tests/web/test_broker_cards.py",
    ("POST", f"{V1}/brokers/{{broker}}/session"): "this broker has a page: tests/web/test_broker_cards.py",
    ("POST", f"{V1}/charges/notes/compare"): "this broker counts no charges: tests/web/test_charged.py",
    ("GET", f"{V1}/tax/explain"): "nothing was sold here: tests/web/test_tax.py",
    ("GET", f"{V1}/tax/foreign/explain"): "nothing foreign is held here: tests/web/test_tax_foreign.py",
    ("POST", f"{V1}/data-health/quarantine/accept"): "nothing is doubted here: tests/web/test_health.py",
    ("POST", f"{V1}/data-health/quarantine/drop"): "nothing is doubted here: tests/web/test_health.py",
    ("POST", f"{V1}/data-health/quarantine/replace"): "nothing is doubted here: tests/web/test_health.py",
    ("POST", f"{V1}/admin/jobs/{{id}}/retry"): "no job failed here: tests/web/test_admin.py",
    ("POST", f"{V1}/admin/jobs/{{id}}/cancel"): "no job waits here: tests/web/test_admin.py",
    ("DELETE", f"{V1}/admin/users/{{id}}"): "always refused",
    ("DELETE", f"{V1}/admin/portfolios/{{id}}"): "always refused",
    ("DELETE", f"{V1}/admin/accounts/{{id}}"): "always refused",
    ("GET", f"{V1}/admin/accounts/{{id}}/holdings"): "always refused",
    ("POST", f"{V1}/admin/accounts/{{id}}/transactions"): "always refused",
    ("DELETE", f"{V1}/admin/instruments/{{instrument}}"): "always refused",
    ("DELETE", f"{V1}/admin/audit"): "always refused",
}
"""Ways that lead nowhere in this house, and who goes them elsewhere."""

NOT_FOR = {
    Who.STRANGER: {(method, f"{root}/auth/refresh") for method in ("POST",) for root in ("", V1)},
    Who.ADMIN: {("POST", f"{V1}/leaving"), ("DELETE", f"{V1}/leaving"), ("GET", f"{V1}/tokens/this")},
    Who.MEMBER: {("GET", f"{V1}/tokens/this")},
    Who.VIEWER: {("GET", f"{V1}/tokens/this")},
    Who.READER: {("GET", f"{V1}/tokens/this")},
}
"""A stranger has no cookie that renews; a house keeps its last admin; only a token is told of itself."""


def leads_on(door: Door, who: Who) -> bool:
    """Whether a good request of this caller should succeed."""
    need = need_of(*door.key)
    if door.key in NEVER or door.key in NOT_FOR.get(who, ()):
        return False
    if who is Who.STRANGER:
        return need is Proof.NOBODY
    if who.is_token and isinstance(need, Proof):
        return need is Proof.NOBODY and not door.key[1].endswith("/refresh")
    if who.is_token and need is Scope.ADMIN:
        return who.person == "admin"
    is_admins = door.way.is_admins or door.key[1].startswith((f"{V1}/admin/", "/metrics"))
    return who.person == "admin" or not is_admins


@pytest.fixture(scope="module")
def world(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Settled once for the whole file; every walk has copies."""
    file = tmp_path_factory.mktemp("contract") / "world.db"
    shutil.copy(migrated_sqlite, file)
    return settled(file)


@pytest.fixture(scope="module")
def every(world: World) -> list[Door]:
    with world.visit(Who.STRANGER) as visit:
        return doors(visit.client.app)  # type: ignore[arg-type]  # Starlette says only that it is an ASGI app


def words_of(world: World, every: list[Door], who: str) -> frozenset[str]:
    """All that somebody is told by the ways that only look."""
    found: set[str] = set()
    with world.visit(who) as visit:
        for door in every:
            if door.way.method == "GET" and not door.way.path.startswith("/auth/"):
                answer = visit.client.request(**sendable(door.well(world.ids[who])))
                found |= told(answer) if answer.status_code == 200 else set()
    return frozenset(found)


def may_know(world: World, every: list[Door], who: Who) -> frozenset[str]:
    """Words of the owner's that this caller is rightly told; no amount is among them."""
    begins = SHOWN.get(who.person, ())
    seen = [door for door in every if begins and door.way.path.startswith(begins)]
    ids = dict(world.ids)
    if who.person == "viewer":
        seen_things = {"grant": ids["viewer"]["seen grant"], "person": ids["viewer"]["seen person"]}
        ids["viewer"] = ids["viewer"] | seen_things
    shown = World(world.file, ids, world.cookies, world.tokens)
    words = words_of(shown, seen, who.person) if seen else frozenset()
    return frozenset(word for word in words if not is_amount(word))


@pytest.fixture(scope="module")
def owners(world: World, every: list[Door]) -> frozenset[str]:
    """What the owner is told, and her control is not."""
    secret = words_of(world, every, OWNER) - words_of(world, every, CONTROL)
    return frozenset(word for word in secret if OWNER in word or is_amount(word) or len(word) >= LONG)


def test_the_owner_has_secrets_of_every_kind(owners: frozenset[str]) -> None:
    assert {"918273.64", "213.57", "4321.09", "canary-shelf", "canary-desk", "canary-fund"} <= owners
    assert len([word for word in owners if is_amount(word)]) > 20


@pytest.fixture(scope="module")
def requests(every: list[Door]) -> Callable[[int], dict[tuple[str, str], list[Made]]]:
    """requests(examples) → so many for each way, made up once for all callers."""

    @cache
    def made(examples: int) -> dict[tuple[str, str], list[Made]]:
        return {door.key: made_up(door, examples) for door in every}

    return made


def door_of(every: list[Door], method: str, path: str) -> Door:
    return next(door for door in every if door.key == (method, path))


def test_what_the_document_does_not_name_is_a_fault(every: list[Door]) -> None:
    listing = door_of(every, "GET", f"{V1}/portfolios")
    assert list(shape_faults(listing, "200", {"data": [{"id": 1, "archived_at": None}]})) == []
    assert list(shape_faults(listing, "200", {"data": [{"id": 1, "owner": "canary"}]})) != []
    assert list(shape_faults(listing, "200", {"data": [{"id": "one"}]})) != []


def test_what_is_the_owners_is_noticed_wherever_it_is_told(
    world: World, every: list[Door], owners: frozenset[str]
) -> None:
    """The owner herself, taken for somebody else: she is told her own words."""
    with world.visit(OWNER) as visit:
        walk = Walk(world, visit, Who.MEMBER, owners, frozenset())
        walk.go(door_of(every, "GET", f"{V1}/portfolios"), ())
    assert any(what[-2:] == ("tells", "canary-shelf") for what in walk.wrong)


QUICK = ((Who.STRANGER, 0), (Who.MEMBER, 1), (Who.READER, 0), (Who.VIEWERS_TOKEN, 0), (Who.ADMIN, 0))
"""Every role; the tokens of the others, and most of what is made up, by `make prove`."""
DEEP = 15
"""Requests that are made up for each way, beside the good ones, those with the owner's ids and the edges."""


@pytest.mark.parametrize(
    ("who", "examples"), [*QUICK, *(pytest.param(who, DEEP, marks=pytest.mark.prove) for who in Who)]
)
def test_every_answer_is_in_the_document_and_tells_of_nobody_else(
    world: World,
    every: list[Door],
    requests: Callable[[int], dict[tuple[str, str], list[Made]]],
    owners: frozenset[str],
    who: Who,
    examples: int,
) -> None:
    shown = may_know(world, every, who)
    with world.visit(who) as visit:
        walk = Walk(world, visit, who, owners - shown, shown)
        go = walk.go_far if examples == DEEP else walk.go
        for door in every:
            go(door, requests(examples)[door.key] if examples else ())
        walk.go_home(every[-1])
    assert [(*what, times) for what, times in walk.wrong.items()] == []
    reached = {key for key, found in walk.answered.items() if any(status < 400 for status in found)}
    if who is Who.READER:
        barred = {key for key, found in walk.answered.items() if found == {403}}
        assert len(barred) > 60
        assert {door.key for door in every if door.way.must_write} - reached <= barred | set(NEVER)
        reached |= {key for key in barred if key in member_reaches(every)}
    assert reached == {door.key for door in every if leads_on(door, who)}


@pytest.mark.prove
def test_postgresql_answers_as_the_document_says(
    every: list[Door], migrated_postgres: str, fresh_postgres: Callable[[str | None], str]
) -> None:
    """All that leaves the house standing: good requests, made-up ones, and each field at its edges."""
    wrong = set()
    with opened(fresh_postgres(migrated_postgres)) as house:
        admin = join(visitor(house), "admin@example.org", "Admin")
        ids = furnished(house, admin, "admin") | {"entry": "1"}
        for door in [one for one in every if not takes_away(one)]:
            made = [case for case, _, _ in made_up(door, 5)]
            for case in [door.well(ids), *made, *door.at_the_edge(ids)]:
                answer = admin.request(**sendable(case))
                wrong |= {(*door.key, answer.status_code, fault) for fault in faults(door, case, answer)}
    assert wrong == set()


def member_reaches(every: list[Door]) -> set[tuple[str, str]]:
    return {door.key for door in every if leads_on(door, Who.MEMBER)}
