"""Files taken in, and files that wait."""

from __future__ import annotations

import pytest

from tests.store.books import NOW, account, later, person
from tunefolio.core.errors import NotFound
from tunefolio.core.people import Caretaker
from tunefolio.store import imports
from tunefolio.store.db import Database
from tunefolio.store.imports import Import, Upload


def test_an_import_is_counted_and_undone(database: Database) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        first, second = (
            imports.add(db, viewer, home, f"{name}.csv", name, "zerodha", NOW, added=1) for name in "ab"
        )
        imports.set_counts(db, viewer, first, added=3, repeated=2, refused=1)
        imports.mark_undone(db, viewer, first, later(1))
        expected = Import(first, viewer.person, home, "a.csv", "a", "zerodha", NOW, 3, 2, 1, later(1))
        assert imports.import_of(db, viewer, first) == expected
        assert [one.id for one in imports.listed(db, viewer, None, 10)] == [second, first]
        assert [one.id for one in imports.listed(db, viewer, second, 10)] == [first]
        stranger = person(db, "bela")
        for deed in (
            lambda: imports.import_of(db, stranger, first),
            lambda: imports.mark_undone(db, stranger, first, NOW),
            lambda: imports.add(db, stranger, home, "x", "x", "x", NOW),
        ):
            with pytest.raises(NotFound):
                deed()


def test_an_upload_waits_for_its_owner_and_not_for_ever(database: Database) -> None:
    content = bytes(range(256)) * 1_000
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        imports.keep(db, asha, "one.csv", "hash", content, NOW)
        imports.keep(db, asha, "two.csv", "hash", content, later(1))
        imports.keep(db, bela, "her.csv", "hash", b"", later(5))
        assert imports.find(db, asha, "hash") == Upload("two.csv", "hash", content, later(1))
        assert imports.find(db, asha, "other") is None
        assert imports.forget_before(db, Caretaker("upkeep"), later(5)) == 1
        assert imports.find(db, asha, "hash") is None
        assert not imports.drop(db, asha, "hash")
        assert imports.drop(db, bela, "hash")
