"""Reads a statement and names each owned table in it that no viewer clause scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

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
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BooleanClauseList, ColumnElement, Grouping
from sqlalchemy.sql.visitors import ExternallyTraversible

from tunefolio.core.people import Viewer
from tunefolio.store.tables import OWNED


class _Whose(NamedTuple):
    """The viewer, and what was said when the statement ran: one that is made once names its viewer then."""

    viewer: Viewer
    rows: Sequence[Mapping[str, Any]]

    def is_said_by(self, parameter: BindParameter[Any]) -> bool:
        if parameter.value is not None:
            return bool(parameter.value == self.viewer.person)
        told = [row.get(parameter.key) for row in self.rows]
        return bool(told) and set(told) == {self.viewer.person}


def unscoped(statement: Executable, rows: Sequence[Mapping[str, Any]], viewer: Viewer) -> list[str]:
    """Owned tables that the statement reads, changes or fills without saying whose rows.

    Each SELECT, nested ones too, must compare owner_id of each owned table of its own with the viewer, in a
    conjunction; so must UPDATE and DELETE; INSERT must write the viewer's id.
    """
    whose = _Whose(viewer, rows)
    match statement:
        case Select():
            return list(_of_select(statement, frozenset(), whose))
        case Update() | Delete():
            where = list(statement._where_criteria)
            own = [statement.table] if _is_owned(statement.table) else []
            bare = [str(table) for table in own if not _says_whose(where, table, whose)]
            return bare + list(_nested(where, frozenset(own), whose))
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


def _of_select(statement: Select[Any], around: frozenset[Any], whose: _Whose) -> Iterator[str]:
    froms, clauses = _froms(statement), list(statement._where_criteria)
    for join in statement.get_final_froms():
        clauses += _on_clauses(join)
    own = froms - around or froms
    for table in own:
        if _is_owned(table) and not _says_whose(clauses, table, whose):
            yield str(table)
    yield from _nested([*clauses, *statement._raw_columns], around | froms, whose)


def _nested(clauses: Sequence[Any], around: frozenset[Any], whose: _Whose) -> Iterator[str]:
    waiting: list[ExternallyTraversible] = list(clauses)
    while waiting:
        element = waiting.pop()
        if isinstance(element, Select):
            yield from _of_select(element, around, whose)
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


def _says_whose(clauses: Sequence[Any], table: Any, whose: _Whose) -> bool:
    return any(_is_claim(clause, table, whose) for clause in clauses)


def _is_claim(clause: Any, table: Any, whose: _Whose) -> bool:
    match clause:
        case BooleanClauseList() if clause.operator is operators.and_:
            return _says_whose(list(clause.clauses), table, whose)
        case Grouping():
            return _is_claim(clause.element, table, whose)
        case BinaryExpression():
            is_owner = clause.left is table.c.owner_id and clause.operator is operators.eq
            return is_owner and isinstance(clause.right, BindParameter) and whose.is_said_by(clause.right)
        case _:
            return False


def _is_owned(table: Any) -> bool:
    return (table.element if isinstance(table, Alias) else table) in OWNED


def names_of_owned(thing: Any) -> bool:
    """Whether a module's global is a table of owned rows, or a statement about one."""
    if isinstance(thing, Select | Update | Delete | Insert):
        return any(isinstance(part, Table | Alias) and _is_owned(part) for part in visitors.iterate(thing))
    return isinstance(thing, Table | Alias) and _is_owned(thing)
