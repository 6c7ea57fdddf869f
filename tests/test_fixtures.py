"""The ground the other tests stand on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text


def test_a_database_is_empty_and_one_s_own(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE held (units INTEGER)"))
        assert db.execute(text("SELECT count(*) FROM held")).scalar_one() == 0
    engine.dispose()


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_copy_of_a_template_starts_from_it_and_changes_only_itself(
    attempt: int, fresh_postgres: Callable[[str | None], str]
) -> None:
    template = fresh_postgres(None)
    original = create_engine(template)
    with original.begin() as db:
        db.execute(text("CREATE TABLE held AS SELECT 1 AS units"))
    original.dispose()
    copy = create_engine(fresh_postgres(str(original.url.database)))
    with copy.begin() as db:
        db.execute(text("INSERT INTO held VALUES (:attempt)"), {"attempt": attempt})
        assert db.execute(text("SELECT count(*) FROM held")).scalar_one() == 2
    copy.dispose()
