"""Column maps: one a person and shape, the newer one counts, nobody sees another's."""

from __future__ import annotations

from tests.store.books import NOW, later, person
from tunefolio.store import mappings
from tunefolio.store.db import Database
from tunefolio.store.mappings import KeptMap


def test_the_newer_map_of_a_shape_counts_and_is_its_owners_alone(database: Database) -> None:
    first, second = {"columns": {"day": ["Date"]}}, {"columns": {"day": ["When"]}}
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        mappings.put(db, asha, "shape", "one.csv", first, NOW)
        mappings.put(db, asha, "other", "two.csv", first, later(1))
        mappings.put(db, asha, "shape", "three.csv", second, later(2))
        kept = KeptMap("shape", "three.csv", second, later(2))
        assert mappings.find(db, asha, "shape") == kept
        assert [one.shape for one in mappings.listed(db, asha)] == ["shape", "other"]
        assert mappings.find(db, bela, "shape") is None
        assert mappings.listed(db, bela) == []
        assert not mappings.drop(db, bela, "shape")
        assert mappings.drop(db, asha, "shape")
        assert mappings.find(db, asha, "shape") is None
