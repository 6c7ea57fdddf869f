"""Statements made once, when their module is read: making one takes several times as long as running it.

What differs from call to call is said when it runs: whose rows (WHOSE, within `owned`), and values by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import orjson
from sqlalchemy import BigInteger, Column, ColumnElement, Text, any_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.store.db import ReadDb

WHOSE = Viewer(cast(PersonId, bindparam("viewer")))
"""In the place of a viewer while a statement is made. One that is run without `said` is refused."""


def said(viewer: Viewer, **values: Any) -> dict[str, Any]:
    """Whose rows a statement made with WHOSE speaks of this time, and its other values by name."""
    return {"viewer": viewer.person, **values}


def among_said(dialect: str, ids: Column[Any], name: str = "ids") -> ColumnElement[bool]:
    """`ids` is one of the numbers said under that name, however many; see batches.among."""
    if dialect == "postgresql":
        return ids == any_(bindparam(name, type_=ARRAY(BigInteger)))
    return ids.in_(select(_listed(name)))


def among_words(dialect: str, words: Column[Any], name: str) -> ColumnElement[bool]:
    """The same of texts."""
    if dialect == "postgresql":
        return words == any_(bindparam(name, type_=ARRAY(Text)))
    return words.in_(select(_listed(name)))


def _listed(name: str) -> Any:
    return func.json_each(bindparam(name, type_=Text)).table_valued(column("value")).c.value


def each(db: ReadDb, wanted: Iterable[int | str]) -> Any:
    """Numbers or texts as one value for among_said or among_words: an array on PostgreSQL, a JSON list on
    SQLite."""
    distinct = list(dict.fromkeys(wanted))
    return distinct if db.dialect == "postgresql" else orjson.dumps(distinct).decode()
