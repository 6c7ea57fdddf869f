"""token …: what an operator does for people's programs, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.test_commands import Call, call, house
from tunefolio.cli import Exit
from tunefolio.cli.house import CONSOLE
from tunefolio.core.people import Role, Scope
from tunefolio.core.secret import Secret
from tunefolio.services import access, audit, identity, renewals, tokens
from tunefolio.services.house import House
from tunefolio.store import notices, persons
from tunefolio.store.audit import AuditFilter, Place
from tunefolio.store.signing_keys import believed

__all__ = ["call", "house"]
EMAIL, PASSWORD = "asha@example.org", Secret("a long enough password")


def joined(house: House) -> None:
    with house.database.writing() as db:
        identity.add_person(db, house, EMAIL, "Asha", PASSWORD, Role.ADMIN)


def told(answer: tuple[int, str, str]) -> Any:
    assert (answer[0], answer[2]) == (Exit.OK, "")
    return json.loads(answer[1])


def test_a_token_is_made_listed_and_revoked(call: Call, house: House) -> None:
    joined(house)
    words = ("token", "make", EMAIL, "night job", "--scope", "read", "--scope", "sync", "--days", "30")
    made = told(call(*words, "--json"))
    assert (made["scopes"], made["ends"]) == ("read sync", "ends in 30 days")
    with house.database.reading() as db:
        kept, owner = tokens.owner_of(db, house, Secret(made["token"]))
        titles = [one.notice.title for one in notices.page(db, owner.viewer, None, 5)]
    assert (kept.name, owner.email) == ("night job", EMAIL)
    assert "The operator made a token that acts for you" in titles
    listed = call("token", "list", EMAIL)[1]
    assert "night job" in listed
    assert made["token"] not in listed
    assert told(call("token", "revoke", EMAIL, "--id", str(made["id"]), "--json")) == {"ended": 1}
    assert call("token", "list", EMAIL)[1].strip() == "No tokens."
    assert call("token", "revoke", EMAIL, "--id", str(made["id"]))[0] == Exit.USAGE


def test_a_token_without_end_is_said_plainly(call: Call, house: House) -> None:
    joined(house)
    code, out, _ = call("token", "make", EMAIL, "sheet", "--scope", "read", "--never-ends")
    assert code == Exit.OK
    assert "never ends" in out
    assert call("token", "make", EMAIL, "x", "--scope", "read", "--days", "400")[0] == Exit.USAGE
    assert call("token", "make", "nobody@example.org", "x", "--scope", "read")[0] == Exit.USAGE


def test_everything_of_a_person_can_be_ended(call: Call, house: House) -> None:
    joined(house)
    pair = renewals.log_in(house, EMAIL, PASSWORD, Place("", ""))
    with house.database.writing() as db:
        found = persons.find_by_email(db, EMAIL)
        assert found is not None
        tokens.make(db, house, found[0].viewer, "x", [Scope.READ], days=1)
    assert told(call("token", "revoke", EMAIL, "--all", "--json")) == {"ended": 2}
    with house.database.reading() as db, pytest.raises(access.TokenRefused, match="sign-in has ended"):
        access.opened(db, house, pair.access.token)


def test_the_key_is_changed_gently_or_at_once(call: Call, house: House) -> None:
    joined(house)
    renewals.log_in(house, EMAIL, PASSWORD, Place("", ""))
    now = house.clock.now()
    fresh = told(call("token", "change-key", "--json"))["kid"]
    with house.database.reading() as db:
        keys = believed(db, now)
    assert [key.until is None for key in keys] == [True, False]
    assert keys[0].kid == fresh
    assert keys[1].until is not None
    assert keys[1].until - now > timedelta(hours=1)
    last = told(call("token", "change-key", "--at-once", "--json"))["kid"]
    with house.database.reading() as db:
        assert [key.kid for key in believed(db, house.clock.now())] == [last]
        acts = audit.everyones(db, CONSOLE, AuditFilter("token.key_changed"), None, 10)
    assert [one.actor for one in acts] == [None, None]
