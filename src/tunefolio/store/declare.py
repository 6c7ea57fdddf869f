"""How every table is declared: one metadata, STRICT on SQLite, names of constraints by one convention."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, MetaData, Table, text
from sqlalchemy.types import TypeEngine

from tunefolio.store.columns import Id

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def id_column() -> Column[Any]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def needed(
    name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]], *rest: Any, **options: Any
) -> Column[Any]:
    """A column that every row fills."""
    return Column(name, kind, *rest, nullable=False, **options)


def owner() -> Column[Any]:
    """Whose row it is: what viewers.owned() compares."""
    return needed("owner_id", Id, ForeignKey("persons.id"))


def link(name: str, target: str, *, on_delete: str | None = None) -> Column[Any]:
    return needed(name, Id, ForeignKey(f"{target}.id", ondelete=on_delete))


def unique_where(condition: str, name: str, *columns: str) -> Index:
    """Unique among the rows that meet the condition."""
    where = text(condition)
    return Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)


def index_where(condition: str, name: str, *columns: str) -> Index:
    """An index of the rows that meet the condition alone."""
    where = text(condition)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def table(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_autoincrement=True)
