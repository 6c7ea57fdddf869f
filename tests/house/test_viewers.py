"""No query function shows or changes what is another's, and no viewer clause can be removed unseen.

Every public function of store that takes a session is found by itself. Each is called with Asha's ids: by
Asha, so that it does something, and by Bela, for whom it must do nothing. Meanwhile every statement that runs
is read: each owned table in it must be scoped to the viewer. Then each owned() in the source becomes "true",
one at a time, and the same check must fail.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import pytest
from sqlalchemy import Connection, event

from tests.house.scoping import names_of_owned, unscoped
from tests.house.store_world import BEFORE, FIRST_ID, MARK, World, belongings, fill
from tunefolio import store
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.store import schema
from tunefolio.store.db import Database, ReadDb, WriteDb, open_database
from tunefolio.store.lookups import Lookup
from tunefolio.store.tables import OWNED

WITHOUT_VIEWER = {
    "sessions.find": "before anyone is known: the token is the claim",
    "invites.find": "before anyone is known: the code is the claim",
    "refresh_tokens.spend": "before anyone is known: the token is the claim",
    "refresh_tokens.find": "before anyone is known: the token is the claim",
    "personal_tokens.find": "before anyone is known: the token is the claim",
    "invites.use": "by the one who has just joined, with a code just found",
    "broker_users.find": "before anyone is known: the checksum is the claim",
    "jobs.add": "a deed of a service for a person or the house; owner is whose it becomes",
    "jobs.lease": "by a worker, for every owner; it learns what to do from the row",
    "jobs.heartbeat": "by the holder of the lease, whose name is the claim",
    "jobs.progress": "by the holder of the lease",
    "jobs.finish": "by the holder of the lease",
    "jobs.fail": "by the holder of the lease",
    "jobs.cancelled": "by the holder of the lease",
    "jobs.retry_at": "by the holder of the lease",
    "challenges.add": "before anyone is known, or by the deed that has just found out who",
    "challenges.find": "before anyone is known: the token is the claim",
    "challenges.count_try": "by whoever holds the token of a challenge just found",
    "challenges.use": "by whoever holds the token of a challenge just found",
    "passkeys.find": "before anyone is known: the signature is the claim",
    "external_identities.find": "before anyone is known: the provider's signed word is the claim",
    "mail_links.find": "before anyone is known: the token is the claim",
    "shared_links.find": "nobody need be known: the token is the claim",
    "shared_links.mark_seen": "by whoever holds the token of a link just found",
    "mail_links.use": "by whoever holds the token of a link just found",
    "audit.add_refused": "before anyone is known: somebody was refused at the door",
    "audit.add_about": "a deed of a service; owner is whose part it stands in",
    "tracking.fetching": "how far the house's own job about a shared instrument is; nobody's",
}
"""Functions that touch owned rows without a viewer, and why they may."""

FOR_ADMINS = {
    "persons.listed": "an admin sees who is in the house",
    "persons.set_role": "an admin's duty",
    "persons.set_disabled": "an admin's duty",
    "jobs.page_all": "an admin sees how the house's work goes",
    "jobs.ready": "an admin sees how much waits",
    "jobs.counts_since": "an admin sees how much ended how",
    "jobs.newest_of_house": "an admin sees how each duty ended",
    "audit.page_all": "an admin reads the whole log",
    "audit.entry_of": "an admin opens one entry; services.withheld notes and tells it",
    "corrections.listed": "nobody's rows: instruments that everyone sees",
    "corrections.put": "nobody's rows: an admin's word for everyone",
    "corrections.clear": "nobody's rows: an admin's word for everyone",
    "standings.put": "nobody's rows: how a broker serves",
    "admin.people": "an admin sees who is in the house",
    "admin.names": "an admin sees what people are called",
    "admin.all_portfolios": "an admin sees that they are there",
    "admin.all_accounts": "an admin sees that they are there and how their links stand",
    "admin.links_by_broker": "an admin sees how many there are",
    "admin.all_jobs": "an admin sees how the house's work goes",
    "admin.job_of": "an admin asks again for what failed",
    "admin.request_cancel": "an admin stops what runs",
}
"""Functions whose point is to reach other people's rows; they refuse all but admins."""


FOR_GRANTEES = {
    "grants.received": "what others offer her",
    "grants.received_one": "what another offers her",
    "grants.accept": "she takes what is offered",
    "grants.leave": "she declines or gives it up",
    "grants.in_force": "whose books she may look at",
}
"""Functions that reach other people's grants because those name the viewer as grantee. Their clauses are
removed one by one in tests/store/test_grants.py."""


class Query(NamedTuple):
    """A query function: `module.name`, as people say it."""

    name: str
    call: Callable[..., Any]
    hints: dict[str, Any]

    def has(self, kind: type) -> bool:
        return kind in self.hints.values()


@cache
def modules() -> tuple[types.ModuleType, ...]:
    names = [
        found.name for found in pkgutil.iter_modules(store.__path__, f"{store.__name__}.") if not found.ispkg
    ]
    return tuple(importlib.import_module(name) for name in names)


def queries(module: types.ModuleType) -> Iterator[Query]:
    """The public functions of a module that take a session."""
    for name, function in vars(module).items():
        if not inspect.isfunction(function) or name.startswith("_") or function.__module__ != module.__name__:
            continue
        first = next(iter(inspect.signature(function).parameters.values()), None)
        if first is not None and first.annotation in {"ReadDb", "WriteDb"}:
            hints = get_type_hints(function)
            hints.pop("return", None)
            yield Query(f"{module.__name__.rpartition('.')[2]}.{name}", function, hints)


def everything() -> list[Query]:
    return [query for module in modules() for query in queries(module)]


def touches_owned(function: Any, seen: set[Any] | None = None) -> bool:
    """Whether the function, or one of store's that it calls, names a table of owned rows."""
    seen = seen if seen is not None else set()
    seen.add(function)
    for name in names_in(function.__code__):
        thing = inspect.unwrap(function.__globals__.get(name))  # a builder that remembers what it built
        if names_of_owned(thing.query if isinstance(thing, Lookup) else thing):
            return True
        is_ours = inspect.isfunction(thing) and thing.__module__.startswith(store.__name__)
        if is_ours and thing not in seen and touches_owned(thing, seen):
            return True
    return False


def names_in(code: types.CodeType) -> set[str]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*map(names_in, inner))


class Stage:
    """A full house on one connection; what is done in a scene is undone after it."""

    def __init__(self, database: Database) -> None:
        self._connection: Connection = database.engine.connect()
        with self._connection.begin():
            self.world: World = fill(WriteDb(self._connection))
            self.before = belongings(self._connection, self.world.asha)
        self.ids = {row[0] for name, rows in self.before.items() if name != "persons" for row in rows}
        self.bare: list[str] = []
        self.watched: Viewer | None = None
        event.listen(self._connection, "before_execute", self._read)

    def _read(self, _c: Any, statement: Any, many: Any, one: Any, _options: Any) -> None:
        if self.watched is not None:
            self.bare += unscoped(statement, [*many, *([one] if one else [])], self.watched)

    def play(self, query: Query, viewer: Viewer) -> tuple[Any, bool, list[str]]:
        """What the call gave, whether Asha's rows changed, and which tables were read without a clause."""
        scene = self._connection.begin()
        try:
            db = WriteDb(self._connection)
            before = self.before
            if query.name in BEFORE:
                BEFORE[query.name](db, self.world)
                before = belongings(self._connection, self.world.asha)
            written, self.bare, self.watched = self._written(), [], viewer
            try:
                given = query.call(**arguments(query, db, viewer, self.world))
                given = list(given) if isinstance(given, Iterator) else given
            except (NotFound, Misuse) as refusal:
                given = refusal
            finally:
                self.watched = None
            has_written = self._written() != written
            is_changed = has_written and belongings(self._connection, self.world.asha) != before
            return given, is_changed, self.bare
        finally:
            scene.rollback()

    def _written(self) -> int:
        """How many rows SQLite has written, of anyone's and of any table, since the connection was opened."""
        count: int = self._connection.connection.driver_connection.total_changes  # type: ignore[union-attr]
        return count

    def faults(self, query: Query) -> Iterator[str]:
        """Everything that is wrong with one function: nothing, in a sound house."""
        given, is_changed, bare = self.play(query, self.world.asha)
        yield from (f"{query.name}: {table} without a viewer clause" for table in bare)
        if isinstance(given, Exception):
            yield f"{query.name}: refuses its own viewer: {given!r}"
        elif not given and not is_changed:
            yield f"{query.name}: does nothing for its own viewer, so that the test proves nothing"
        given, is_changed, bare = self.play(query, self.world.bela)
        yield from (f"{query.name}: {table} without a viewer clause, for a stranger" for table in bare)
        if is_changed:
            yield f"{query.name}: a stranger changed what is Asha's"
        if self._is_hers(given):
            yield f"{query.name}: a stranger was shown {given!r}"

    def _is_hers(self, given: Any) -> bool:
        if isinstance(given, dict):  # whoever asks about an id may get the id back, with nothing
            given = {key: value for key, value in given.items() if value}
        text = repr(given)
        numbers = {int(number) for number in re.findall(r"\d+", text)}
        return MARK in text or bool(numbers & self.ids)


def arguments(query: Query, db: WriteDb, viewer: Viewer, world: World) -> dict[str, Any]:
    """An argument for each annotation: the session, the viewer, or one of the world's values."""
    chosen: dict[str, Any] = {}
    for name, hint in query.hints.items():
        keys = [
            f"{query.name}.{name}",
            name,
            *(kind.__name__ for kind in kinds(hint) if hasattr(kind, "__name__")),
        ]
        if hint in {ReadDb, WriteDb}:
            chosen[name] = db
        elif hint is Viewer:
            chosen[name] = viewer
        else:
            key = next((key for key in keys if key in world.values), None)
            assert key is not None, f"store_world.py has no value for {query.name}({name}: {hint})"
            chosen[name] = world.values[key]
    return chosen


def kinds(hint: Any) -> list[Any]:
    return [hint, *get_args(hint)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    url = f"sqlite:///{tmp_path_factory.mktemp('viewers') / 'house.db'}"
    schema.migrate(url)
    database = open_database(url)
    stage = Stage(database)
    yield stage
    stage._connection.close()
    database.close()


def with_viewer(module: types.ModuleType) -> list[Query]:
    left_out = FOR_ADMINS.keys() | FOR_GRANTEES.keys()
    return [query for query in queries(module) if query.has(Viewer) and query.name not in left_out]


def test_every_owned_table_is_filled_with_rows_that_can_be_told(stage: Stage) -> None:
    assert all(stage.before[table.name] for table in OWNED)
    assert all(id >= FIRST_ID or id == stage.world.asha.person for id in stage.ids)


def test_whoever_touches_owned_rows_says_for_whom() -> None:
    bare = [
        query.name
        for query in everything()
        if touches_owned(query.call) and not query.has(Viewer) and not query.has(Caretaker)
    ]
    assert sorted(bare) == sorted(WITHOUT_VIEWER), "take a viewer, or say in WITHOUT_VIEWER why not"


def test_exceptions_exist_and_are_needed() -> None:
    names = {query.name for query in everything()}
    assert FOR_ADMINS.keys() | FOR_GRANTEES.keys() <= names
    assert len(names) > 60


@pytest.mark.parametrize("query", [q for q in everything() if "admin" in q.hints], ids=lambda q: q.name)
@pytest.mark.parametrize("role", [Role.MEMBER, Role.READER])
def test_admins_functions_refuse_all_others(stage: Stage, query: Query, role: Role) -> None:
    viewer = Viewer(stage.world.asha.person, role)
    given, is_changed, _ = stage.play(query, viewer)
    assert isinstance(given, Forbidden)
    assert not is_changed


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__.rpartition(".")[2])
def test_nobody_sees_or_changes_what_is_anothers(stage: Stage, module: types.ModuleType) -> None:
    assert [fault for query in with_viewer(module) for fault in stage.faults(query)] == []


class Removed(ast.NodeTransformer):
    """Puts "true" in the place of one owned(): the one whose number is asked for."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.count = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "owned":
            self.count += 1
            if self.count == self.wanted + 1:
                return ast.copy_location(ast.parse("__import__('sqlalchemy').true()", mode="eval").body, node)
        return node


def source(module: types.ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def clauses(module: types.ModuleType) -> int:
    counter = Removed(-1)
    counter.visit(source(module))
    return counter.count


def broken_first(module: types.ModuleType, broken: types.ModuleType) -> list[Query]:
    """Those whose own words differ come first: there the fault shows, unless it lies in what they share."""
    return sorted(with_viewer(broken), key=lambda query: query.call.__code__ == words(module)[query.name])


@cache
def words(module: types.ModuleType) -> dict[str, types.CodeType]:
    return {query.name: query.call.__code__ for query in with_viewer(module)}


def without(module: types.ModuleType, clause: int) -> types.ModuleType:
    """The module as it would be with one viewer clause fewer."""
    tree = ast.fix_missing_locations(Removed(clause).visit(source(module)))
    other = types.ModuleType(module.__name__)
    other.__file__ = module.__file__
    exec(compile(tree, str(module.__file__), "exec"), other.__dict__)
    other.__dict__.update({name: thing for name, thing in vars(module).items() if inspect.isclass(thing)})
    return other


REMOVALS = [(module, clause) for module in modules() for clause in range(clauses(module))]


def test_there_are_clauses_to_remove() -> None:
    assert len(REMOVALS) > 60
    assert sys.modules["tunefolio.store.transactions"] in {module for module, _ in REMOVALS}


@pytest.mark.parametrize(
    ("module", "clause"),
    REMOVALS,
    ids=[f"{module.__name__.rpartition('.')[2]}-{clause}" for module, clause in REMOVALS],
)
def test_no_viewer_clause_can_be_removed_unseen(stage: Stage, module: types.ModuleType, clause: int) -> None:
    broken = without(module, clause)
    assert any(fault for query in broken_first(module, broken) for fault in stage.faults(query))
