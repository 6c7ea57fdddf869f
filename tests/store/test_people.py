"""People, their sessions, and invitations to join."""

from __future__ import annotations

import pytest

from tests.store.books import NOW, later, person
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Role, Viewer
from tunefolio.store import invites, persons, sessions
from tunefolio.store.db import Database, WriteDb


def session(db: WriteDb, viewer: Viewer, token: str = "t", minutes: int = 60) -> SessionId:
    return sessions.add(db, viewer, token, "Firefox", "127.0.0.1", NOW, later(minutes))


def test_a_person_comes_back(database: Database) -> None:
    with database.writing() as db:
        added = persons.add(db, "asha@example.org", "Asha", "hash", Role.MEMBER, NOW)
        assert persons.person_of(db, added.id) == added
        assert persons.find_by_email(db, "asha@example.org") == (added, "hash")
        assert persons.find_by_email(db, "bela@example.org") is None
        assert persons.count(db) == 1
        with pytest.raises(Misuse, match="email already has"):
            persons.add(db, "asha@example.org", "Other", "hash", Role.MEMBER, NOW)
        for ask in (persons.person_of, persons.password_hash_of):
            with pytest.raises(NotFound):
                ask(db, PersonId(99))


def test_a_person_changes_only_oneself(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        persons.set_password(db, asha, "newer")
        persons.rename(db, asha, "Asha R")
        persons.set_preferences(db, asha, {"theme": "dark"})
        changed, other = persons.person_of(db, asha.person), persons.person_of(db, bela.person)
        assert (changed.name, changed.preferences) == ("Asha R", {"theme": "dark"})
        assert persons.password_hash_of(db, asha.person) == "newer"
        assert (other.name, other.preferences, persons.password_hash_of(db, bela.person)) == (
            "Bela",
            {},
            "hash",
        )
        with pytest.raises(NotFound):
            persons.rename(db, Viewer(PersonId(99)), "x")


def test_only_admins_govern_others(database: Database) -> None:
    with database.writing() as db:
        admin, asha = person(db, "admin", Role.ADMIN), person(db, "asha")
        persons.set_role(db, admin, asha.person, Role.READER)
        persons.set_disabled(db, admin, asha.person, NOW)
        assert persons.person_of(db, asha.person).role is Role.READER
        assert persons.person_of(db, asha.person).disabled == NOW
        persons.set_disabled(db, admin, asha.person, None)
        assert persons.person_of(db, asha.person).disabled is None
        assert [p.id for p in persons.listed(db, admin, None, 1)] == [admin.person]
        assert [p.id for p in persons.listed(db, admin, admin.person, 10)] == [asha.person]
        with pytest.raises(Forbidden):
            persons.set_role(db, asha, asha.person, Role.ADMIN)
        with pytest.raises(NotFound):
            persons.set_role(db, admin, PersonId(99), Role.ADMIN)


def test_a_session_is_found_while_it_lasts(database: Database) -> None:
    with database.writing() as db:
        admin, asha = person(db, "admin", Role.ADMIN), person(db, "asha")
        id = session(db, asha)
        found = sessions.find(db, "t", later(59))
        assert found is not None
        assert (found[0].id, found[0].device, found[1].id) == (id, "Firefox", asha.person)
        assert sessions.find(db, "other", NOW) is None
        assert sessions.find(db, "t", later(60)) is None
        sessions.touch(db, asha, id, later(30), later(90))
        assert sessions.find(db, "t", later(60)) is not None
        persons.set_disabled(db, admin, asha.person, NOW)
        assert sessions.find(db, "t", NOW) is None


def test_sessions_end_one_by_one_or_all_but_one(database: Database) -> None:
    with database.writing() as db:
        asha, bela = person(db, "asha"), person(db, "bela")
        one, two, three = (session(db, asha, token) for token in ("a", "b", "c"))
        session(db, bela, "d")
        sessions.touch(db, asha, two, later(1))
        assert [s.id for s in sessions.listed(db, asha, NOW)] == [two, three, one]
        assert sessions.listed(db, asha, later(60)) == []
        assert not sessions.end(db, bela, one, NOW)
        assert sessions.end(db, asha, one, NOW)
        assert not sessions.end(db, asha, one, NOW)
        assert sessions.find(db, "a", NOW) is None
        assert sessions.end_all(db, asha, NOW, but=two) == 1
        assert [s.id for s in sessions.listed(db, asha, NOW)] == [two]
        assert sessions.end_all(db, asha, NOW, but=None) == 1
        assert sessions.find(db, "d", NOW) is not None


def test_an_invitation_is_good_once_and_for_a_while(database: Database) -> None:
    with database.writing() as db:
        admin, asha = person(db, "admin", Role.ADMIN), person(db, "asha")
        id = invites.add(db, admin, "code", "x@example.org", Role.READER, NOW, later(10))
        found = invites.find(db, "code", NOW)
        assert found is not None
        assert (found.id, found.email, found.role) == (id, "x@example.org", Role.READER)
        assert invites.find(db, "code", later(10)) is None
        assert not invites.use(db, id, asha.person, later(10))
        assert invites.use(db, id, asha.person, NOW)
        assert not invites.use(db, id, admin.person, NOW)
        assert invites.find(db, "code", NOW) is None
        assert invites.listed(db, admin)[0].used_by == asha.person
        assert not invites.revoke(db, admin, id)
        second = invites.add(db, admin, "code2", "", Role.MEMBER, NOW, later(10))
        assert invites.revoke(db, admin, second)
        assert invites.find(db, "code2", NOW) is None
