"""Accounts at providers: one person each, one of each provider, found by issuer and subject alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.store.books import NOW, person
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.store import external_identities as identities
from tunefolio.store.db import Database

ONE, OTHER = "https://one.example.org", "https://other.example.org"


def test_an_account_is_found_by_what_its_provider_calls_it(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        id = identities.add(db, asha, ONE, "sub-1", "asha@one", NOW)
        identities.add(db, asha, OTHER, "sub-1", "asha@other", NOW)
        found = identities.find(db, ONE, "sub-1")
        assert found is not None
        assert (found.id, found.owner, found.email, found.used) == (id, asha.person, "asha@one", None)
        assert identities.find(db, ONE, "asha@one") is None
        assert identities.find(db, ONE, "SUB-1") is None, "subjects are told apart to the letter"
        identities.mark_used(db, bela, id, NOW)
        assert identities.listed(db, bela) == []
        identities.mark_used(db, asha, id, NOW + timedelta(hours=1))
        assert [one.used for one in identities.listed(db, asha)] == [NOW + timedelta(hours=1), None]
        with pytest.raises(NotFound):
            identities.forget(db, bela, id)
        identities.forget(db, asha, id)
        assert [one.issuer for one in identities.listed(db, asha)] == [OTHER]


def test_one_account_is_one_persons_and_one_person_has_one_of_each_provider(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        identities.add(db, asha, ONE, "sub-1", "", NOW)
    with database.writing() as db, pytest.raises(Misuse, match="linked already"):
        identities.add(db, bela, ONE, "sub-1", "", NOW)
    with database.writing() as db, pytest.raises(Misuse, match="linked already"):
        identities.add(db, asha, ONE, "sub-2", "", NOW)
    with database.reading() as db:
        assert len(identities.listed(db, asha)) == 1
        assert identities.listed(db, bela) == []
