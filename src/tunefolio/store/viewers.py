"""The one viewer clause. Each query of owned rows holds it; a house test removes each and must fail."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause

from tunefolio.core.people import Viewer


def owned(table: FromClause, viewer: Viewer) -> ColumnElement[bool]:
    """Only the viewer's own rows of `table` (or of an alias of it)."""
    return table.c.owner_id == viewer.person
