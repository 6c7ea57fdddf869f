"""Grants lead to another's books only while they hold; and every condition of that is needed."""

from __future__ import annotations

import ast
import types
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, MultipleResultsFound

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import PortfolioId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import Instant
from tunefolio.store import audit, grants, persons
from tunefolio.store.audit import Place
from tunefolio.store.db import Database, WriteDb, open_database
from tunefolio.store.grants import Grant

NOW = Instant(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
HOUR = timedelta(hours=1)


def person(db: WriteDb, name: str, role: Role = Role.MEMBER) -> Viewer:
    return persons.add(db, f"{name}@example.org", name, "hash", role, NOW).viewer


@dataclass(frozen=True)
class Scene:
    """Asha gives, Bela is given, Dev stands beside with grants of his own."""

    db: WriteDb
    store: Any
    asha: Viewer
    bela: Viewer
    dev: Viewer
    chief: Viewer
    given: Grant
    beside: tuple[Grant, ...]

    def is_seen(self, viewer: Viewer, at: Instant = NOW) -> bool:
        return [one.id for one in self.store.in_force(self.db, viewer, at, 9)] == [self.given.id]

    def offers(self, viewer: Viewer, at: Instant = NOW) -> list[Any]:
        return [one.id for one in self.store.received(self.db, viewer, at, 9)]

    def gifts(self, viewer: Viewer) -> list[Any]:
        return [one.id for one in self.store.given(self.db, viewer, 9)]


def faults(db: WriteDb, store: Any) -> Iterator[str]:
    """What is wrong with the rules of grants as `store` has them: nothing, in a sound house."""
    asha, bela, dev = (person(db, name) for name in ("asha", "bela", "dev"))
    chief = person(db, "chief", Role.ADMIN)
    beside = [store.add(db, dev, chief.person, None, NOW + HOUR, NOW)]
    given = store.add(db, asha, bela.person, None, NOW + HOUR, NOW)
    beside += [
        store.add(db, dev, bela.person, None, NOW, NOW),
        store.add(db, asha, dev.person, None, None, NOW),
    ]
    scene = Scene(db, store, asha, bela, dev, chief, given, tuple(beside))
    yield from _faults_before(scene)
    yield from _faults_while_it_holds(scene)
    yield from _faults_after(scene)
    yield from _faults_of_dates(db, store, asha, bela)
    if store.given_one(db, asha, given.id).ended != NOW:
        yield "ended again, at another time"


def _faults_before(one: Scene) -> Iterator[str]:
    db, store, id = one.db, one.store, one.given.id
    if one.is_seen(one.bela):
        yield "seen before it is accepted"
    if store.accept(db, one.dev, id, NOW) or store.accept(db, one.asha, id, NOW):
        yield "accepted by another"
    if store.leave(db, one.dev, id, NOW) or store.end(db, one.dev, id, NOW):
        yield "ended by another"
    if store.accept(db, one.bela, id, NOW + HOUR):
        yield "accepted when it was over"
    if not store.accept(db, one.bela, id, NOW) or store.accept(db, one.bela, id, NOW):
        yield "not accepted, or twice"


def _faults_while_it_holds(one: Scene) -> Iterator[str]:
    db, store, id = one.db, one.store, one.given.id
    if not one.is_seen(one.bela) or one.is_seen(one.dev) or one.is_seen(one.asha):
        yield "seen by others, or not by the grantee"
    if one.is_seen(one.bela, NOW + HOUR) or one.offers(one.bela, NOW + HOUR):
        yield "seen after its date"
    if one.offers(one.bela) != [id] or one.offers(one.asha):
        yield "listed to another"
    if one.gifts(one.bela) or one.gifts(one.asha) != [one.beside[2].id, id]:
        yield "listed as another's gift"
    for ask in (store.received_one, store.given_one):
        with suppress(NotFound):
            ask(db, one.chief, id)
            yield "told to another"
    persons.set_disabled(db, one.chief, one.asha.person, NOW)
    if one.is_seen(one.bela):
        yield "seen though its owner is shut out"
    persons.set_disabled(db, one.chief, one.asha.person, None)


def _faults_after(one: Scene) -> Iterator[str]:
    db, store, id = one.db, one.store, one.given.id
    if store.end(db, one.bela, id, NOW) or not store.end(db, one.asha, id, NOW):
        yield "taken back by another, or not by its owner"
    if one.is_seen(one.bela) or one.offers(one.bela) or one.gifts(one.asha) != [one.beside[2].id]:
        yield "seen after it was taken back"
    if store.end(db, one.asha, id, NOW) or store.leave(db, one.bela, id, NOW):
        yield "ended twice"
    if any(store.given_one(db, Viewer(each.owner), each.id) != each for each in one.beside):
        yield "another grant was touched"


def _faults_of_dates(db: WriteDb, store: Any, asha: Viewer, bela: Viewer) -> Iterator[str]:
    dated = store.add(db, asha, bela.person, PortfolioId(1), NOW + HOUR, NOW)
    endless = store.add(db, bela, asha.person, PortfolioId(1), NOW + HOUR, NOW)
    later = NOW + 2 * HOUR
    renewed = store.add(db, asha, bela.person, PortfolioId(1), None, later)
    if store.given_one(db, asha, dated.id).ended != NOW + HOUR:
        yield "past its date, and in the way of a new one"
    if store.given_one(db, bela, endless.id).ended is not None:
        yield "another's was ended as well"
    if store.given_one(db, asha, renewed.id).ended is not None:
        yield "ended at once"


def test_a_grant_shows_only_while_it_holds(database: Database) -> None:
    with database.writing() as db:
        assert list(faults(db, grants)) == []


def test_the_same_is_given_once(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        grants.add(db, asha, bela.person, None, None, NOW)
        with pytest.raises(Misuse, match="given this already"):
            grants.add(db, asha, bela.person, None, None, NOW)
        grants.add(db, asha, bela.person, PortfolioId(3), None, NOW)


CONDITIONS = {"owned", "_given_to", "_lasts", "_holds"}


class Removed(ast.NodeTransformer):
    """Puts "true" in the place of one condition: a call of those named, or a comparison with a column of
    grants."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.count = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = node.func
        is_clause = isinstance(called, ast.Name) and called.id in CONDITIONS
        is_null = isinstance(called, ast.Attribute) and called.attr in {"is_", "is_not"}
        return self._gone(node) if is_clause or is_null else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        return self._gone(node) if "grants.c." in ast.unparse(node.left) else node

    def _gone(self, node: ast.expr) -> ast.AST:
        self.count += 1
        if self.count != self.wanted + 1:
            return node
        return ast.copy_location(ast.parse("__import__('sqlalchemy').true()", mode="eval").body, node)


TREE = Path(str(grants.__file__)).read_text(encoding="utf-8")


def conditions() -> int:
    counter = Removed(-1)
    counter.visit(ast.parse(TREE))
    return counter.count


def without(condition: int) -> types.ModuleType:
    """The module as it would be with one condition fewer."""
    other = types.ModuleType(grants.__name__)
    tree = ast.fix_missing_locations(Removed(condition).visit(ast.parse(TREE)))
    exec(compile(tree, str(grants.__file__), "exec"), other.__dict__)
    return other


def noticed(db: WriteDb, store: Any) -> bool:
    """Whether anything is found wrong: a query that then finds too much is wrong as well."""
    try:
        return bool(list(faults(db, store)))
    except (MultipleResultsFound, NotFound, Misuse):
        return True


def test_there_are_conditions_to_remove() -> None:
    assert conditions() >= 20


@pytest.mark.parametrize("condition", range(conditions()))
def test_no_condition_can_be_removed_unseen(migrated_sqlite: Path, tmp_path: Path, condition: int) -> None:
    copied = tmp_path / "house.db"
    copied.write_bytes(migrated_sqlite.read_bytes())
    database = open_database(f"sqlite:///{copied}")
    try:
        with database.writing() as db:
            assert noticed(db, without(condition))
    finally:
        database.close()


def test_the_log_is_only_added_to(database: Database) -> None:
    """On both databases; the count of a refused sign-in may grow, and nothing else."""
    where = Place("192.0.2.1", "a device")
    with database.writing() as db:
        asha = person(db, "asha")
        audit.add(db, asha, "sign_in.done", "sign-in", {"of": 1}, place=where, now=NOW)
        first = audit.add_refused(db, asha.person, where, NOW, NOW - HOUR)
        again = audit.add_refused(db, asha.person, where, NOW + HOUR / 2, NOW - HOUR)
        other = audit.add_refused(db, None, where, NOW, NOW - HOUR)
        found = {one.id: one for one in audit.page(db, asha, None, 9)}
    assert first == again != other
    assert (found[first].times, found[first].last, found[first].at) == (2, NOW + HOUR / 2, NOW)
    assert other not in found
    for statement in (
        "DELETE FROM audit",
        "UPDATE audit SET action = 'other'",
        "UPDATE audit SET details = '{}'",
        "UPDATE audit SET times = 1",
        "UPDATE audit SET times = times + 1 WHERE action = 'sign_in.done'",
    ):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as db:
            db.connection.execute(text(statement))
