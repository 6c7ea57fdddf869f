"""Reads a statement and names each owned table in it that no viewer clause scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BindParameter,
    Delete,
    Executable,
    Insert,
    Join,
    Select,
    Table,
    Update,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, ColumnElement, Grouping
from sqlalchemy.sql.visitors import ExternallyTraversible

from tunefolio.core.people import Viewer
from tunefolio.store.tables import OWNED


def unscoped(statement: Executable, rows: Sequence[Mapping[str, Any]], viewer: Viewer) -> list[str]:
    """Owned tables that the statement reads, changes or fills without saying whose rows.

    Each SELECT, nested ones too, must compare owner_id of each owned table of its own with the viewer, in a
    conjunction; so must UPDATE and DELETE; INSERT must write the viewer's id.
    """
    match statement:
        case Select():
            return list(_of_select(statement, frozenset(), viewer))
        case Update() | Delete():
            where = list(statement._where_criteria)
            own = [statement.table] if _is_owned(statement.table) else []
            bare = [str(table) for table in own if not _says_whose(where, table, viewer)]
            return bare + list(_nested(where, frozenset(own), viewer))
        case Insert():
            return _of_insert(statement, rows, viewer)
        case _:
            return []


def _of_insert(statement: Insert, rows: Sequence[Mapping[str, Any]], viewer: Viewer) -> list[str]:
    if not _is_owned(statement.table):
        return []
    given = [row["owner_id"] for row in rows if "owner_id" in row]
    written = {getattr(column, "name", column): value for column, value in (statement._values or {}).items()}
    if "owner_id" in written:
        given.append(getattr(written["owner_id"], "value", None))
    return [] if given and set(given) == {viewer.person} else [f"insert into {statement.table}"]


def _of_select(statement: Select[Any], around: frozenset[Any], viewer: Viewer) -> Iterator[str]:
    froms, clauses = _froms(statement), list(statement._where_criteria)
    for join in statement.get_final_froms():
        clauses += _on_clauses(join)
    own = froms - around or froms
    for table in own:
        if _is_owned(table) and not _says_whose(clauses, table, viewer):
            yield str(table)
    yield from _nested([*clauses, *statement._raw_columns], around | froms, viewer)


def _nested(clauses: Sequence[Any], around: frozenset[Any], viewer: Viewer) -> Iterator[str]:
    waiting: list[ExternallyTraversible] = list(clauses)
    while waiting:
        element = waiting.pop()
        if isinstance(element, Select):
            yield from _of_select(element, around, viewer)
        else:
            waiting += list(element.get_children())


def _froms(statement: Select[Any]) -> frozenset[Any]:
    found: set[Any] = set()
    waiting = list(statement.get_final_froms())
    while waiting:
        here = waiting.pop()
        if isinstance(here, Join):
            waiting += [here.left, here.right]
        else:
            found.add(here)
    return frozenset(found)


def _on_clauses(here: Any) -> list[ColumnElement[bool]]:
    if not isinstance(here, Join):
        return []
    own = [] if here.onclause is None else [here.onclause]
    return [*own, *_on_clauses(here.left), *_on_clauses(here.right)]


def _says_whose(clauses: Sequence[Any], table: Any, viewer: Viewer) -> bool:
    return any(_is_claim(clause, table, viewer) for clause in clauses)


def _is_claim(clause: Any, table: Any, viewer: Viewer) -> bool:
    match clause:
        case BooleanClauseList() if clause.operator is operators.and_:
            return _says_whose(list(clause.clauses), table, viewer)
        case Grouping():
            return _is_claim(clause.element, table, viewer)
        case BinaryExpression():
            is_owner = clause.left is table.c.owner_id and clause.operator is operators.eq
            return (
                is_owner and isinstance(clause.right, BindParameter) and clause.right.value == viewer.person
            )
        case _:
            return False


def _is_owned(table: Any) -> bool:
    return (table.element if isinstance(table, Alias) else table) in OWNED


def names_of_owned(thing: Any) -> bool:
    """Whether a module's global is a table of owned rows."""
    return isinstance(thing, Table | Alias) and _is_owned(thing)
