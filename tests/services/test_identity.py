"""Sign-up, log-in, throttling, sessions, invites, roles; on both databases."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from pwdlib import PasswordHash

from tests.bootstrap.houses import PASSWORD, START, a_house, a_person, clock_of
from tunefolio.core.errors import Forbidden, Misuse, Rejected, Retry
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, passwords, windows
from tunefolio.services.house import House, HouseRules, SignUp
from tunefolio.services.identity import SignedIn
from tunefolio.store import persons, sessions

pytestmark = pytest.mark.one_is_enough

WRONG = Secret("wrong horse battery")
NEW = Secret("a different sentence")


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with a_house(migrated_url) as house:
        yield house


def signed_in(house: House, email: str = "asha@example.com", address: str = "10.0.0.1") -> SignedIn:
    return identity.log_in(house, email, PASSWORD, "Firefox on Linux", address)


def whose(house: House, token: Secret) -> Person | None:
    with house.database.reading() as db:
        found = identity.who(db, house, token)
    return None if found is None else found[0]


@pytest.mark.on_both
def test_the_first_person_is_admin_and_the_next_needs_an_invite(house: House) -> None:
    with house.database.writing() as db:
        first = identity.sign_up(db, house, "Asha@Example.com ", " Asha  Rao ", PASSWORD)
    assert (first.email, first.name, first.role) == ("asha@example.com", "Asha Rao", Role.ADMIN)
    with pytest.raises(Forbidden, match="invite"), house.database.writing() as db:
        identity.sign_up(db, house, "b@example.com", "B", PASSWORD)
    with house.database.writing() as db:
        code = identity.invite(db, house, first.viewer, role=Role.READER)
    with house.database.writing() as db:
        second = identity.sign_up(db, house, "b@example.com", "B", PASSWORD, invite=code)
    assert second.role is Role.READER
    with pytest.raises(Misuse, match="used"), house.database.writing() as db:
        identity.sign_up(db, house, "c@example.com", "C", PASSWORD, invite=code)


def test_passwords_are_kept_by_argon2id_at_its_recommended_price(the_products_hasher: PasswordHash) -> None:
    """64 MiB, three passes, four lanes: the second of the two recommendations of RFC 9106."""
    kept = the_products_hasher.hash("correct horse battery")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert the_products_hasher.verify("correct horse battery", kept)
    assert not the_products_hasher.verify("correct horse batteries", kept)


def test_an_open_house_takes_members_and_a_closed_one_nobody(house: House) -> None:
    a_person(house)
    opened = replace(house, rules=HouseRules(sign_up=SignUp.OPEN))
    with opened.database.writing() as db:
        assert identity.sign_up(db, opened, "b@example.com", "B", PASSWORD).role is Role.MEMBER
    closed = replace(house, rules=HouseRules(sign_up=SignUp.CLOSED))
    with pytest.raises(Forbidden, match="operator"), closed.database.writing() as db:
        identity.sign_up(db, closed, "c@example.com", "C", PASSWORD)


def test_an_invite_for_one_address_is_refused_to_another_and_ends_after_a_week(house: House) -> None:
    admin = a_person(house)
    with house.database.writing() as db:
        code = identity.invite(db, house, admin.viewer, email="B@example.com")
    with pytest.raises(Misuse, match="email"), house.database.writing() as db:
        identity.sign_up(db, house, "c@example.com", "C", PASSWORD, invite=code)
    clock_of(house).advance(timedelta(days=identity.INVITE_DAYS, seconds=1))
    with pytest.raises(Misuse, match="expired"), house.database.writing() as db:
        identity.sign_up(db, house, "b@example.com", "B", PASSWORD, invite=code)


@pytest.mark.on_both
def test_a_taken_address_is_refused(house: House) -> None:
    a_person(house)
    with pytest.raises(Misuse, match="already has an account"):
        a_person(house)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "at least 10"),
        ("x" * 201, "at most 200"),
        ("ababababababab", "repeated"),
        ("asha@example.com", "e-mail"),
        ("ASHA@EXAMPLE.COM", "e-mail"),
    ],
)
def test_weak_passwords_are_refused_with_the_reason(password: str, problem: str) -> None:
    with pytest.raises(Misuse, match=problem):
        passwords.checked(Secret(password), "asha@example.com", "Asha")


def test_passwords_are_kept_as_argon2id_and_match_in_any_unicode_form() -> None:
    kept = passwords.hashed(Secret("caf\u00e9 au lait"))
    assert kept.startswith("$argon2id$")
    assert passwords.matches(Secret("cafe\u0301 au lait"), kept) == (True, None)
    assert passwords.matches(Secret("cafe au lait"), kept) == (False, None)
    assert passwords.matches(Secret("cafe au lait"), None) == (False, None)


@pytest.mark.on_both
def test_a_log_in_gives_a_token_that_is_kept_only_as_a_hash(house: House) -> None:
    person = a_person(house)
    seen = signed_in(house, " ASHA@example.com")
    assert whose(house, seen.token) == person
    with house.database.reading() as db:
        assert sessions.find(db, seen.token.reveal(), START) is None
        assert sessions.find(db, identity.token_hash(seen.token), START) is not None
    assert whose(house, Secret("")) is None
    assert whose(house, Secret("x" * 43)) is None


@pytest.mark.parametrize("email", ["asha@example.com", "nobody@example.com", "not an address"])
def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(house: House, email: str) -> None:
    a_person(house)
    with pytest.raises(Rejected) as refused:
        identity.log_in(house, email, WRONG, "x", "10.0.0.1")
    assert (refused.value.code, refused.value.reason) == ("credentials", "e-mail or password is wrong")


@pytest.mark.on_both
def test_fifty_wrong_passwords_are_throttled_and_the_right_one_with_them(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three at once; then each pause is twice as long as the one before. All in one moment, for a machine
    that is slow outlives a pause; Redis goes by a clock of its own, by which it may outlive some."""
    a_person(house)
    moment, began = time.time(), time.monotonic()
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: moment))
    refusals, waits = 0, []
    for number in range(50):
        try:
            identity.log_in(house, "asha@example.com", WRONG, "x", f"10.0.0.{number}")
        except Rejected:
            refusals += 1
        except Retry as throttled:
            waits.append(throttled.after or timedelta(0))
    outlived = 0 if house.throttle.is_near else int(math.log2(1 + time.monotonic() - began))
    assert 3 <= refusals <= 3 + outlived
    assert len(waits) == 50 - refusals
    assert all(timedelta(seconds=1) <= wait <= timedelta(seconds=2**outlived) for wait in waits)
    if not outlived:
        with pytest.raises(Retry):
            signed_in(house, address="10.0.1.1")


def test_one_address_may_not_try_many_people(house: House) -> None:
    for _ in range(25):
        house.throttle.hit(identity.BY_ADDRESS, "10.0.0.9")
    with pytest.raises(Retry):
        identity.log_in(house, "somebody@example.com", WRONG, "x", "10.0.0.9")


def test_a_right_password_clears_the_count(house: House) -> None:
    a_person(house)
    for _ in range(2):
        for _ in range(2):
            house.throttle.hit(identity.BY_EMAIL, "asha@example.com")
        signed_in(house)


@pytest.mark.on_both
def test_a_session_slides_while_it_is_used_and_ends_when_it_is_not(house: House) -> None:
    person = a_person(house)
    token = signed_in(house).token
    clock_of(house).advance(timedelta(days=29))
    with house.database.writing() as db:
        found = identity.who(db, house, token)
        assert found is not None
        assert identity.is_stale(house, found[1])
        identity.mark_seen(db, house, person.viewer, found[1].id)
    clock_of(house).advance(timedelta(days=29))
    assert whose(house, token) == person
    clock_of(house).advance(timedelta(days=1, seconds=1))
    assert whose(house, token) is None


def test_a_person_sees_and_ends_own_devices_only(house: House) -> None:
    asha, other = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    first, second = signed_in(house), signed_in(house)
    with house.database.reading() as db:
        devices = identity.devices(db, house, asha.viewer)
        assert identity.devices(db, house, other.viewer) == []
    assert [device.device for device in devices] == ["Firefox on Linux"] * 2
    with house.database.writing() as db:
        assert not identity.end_session(db, house, other.viewer, devices[0].id)
        assert identity.end_session(db, house, asha.viewer, devices[0].id)
    assert [whose(house, one.token) for one in (first, second)].count(None) == 1


def test_logging_out_ends_the_session(house: House) -> None:
    person = a_person(house)
    token = signed_in(house).token
    with house.database.writing() as db:
        found = identity.who(db, house, token)
        assert found is not None
        identity.log_out(db, house, person.viewer, found[1].id)
    assert whose(house, token) is None


@pytest.mark.on_both
def test_changing_the_password_ends_every_other_session(house: House) -> None:
    person = a_person(house)
    here, there = signed_in(house).token, signed_in(house).token
    with house.database.reading() as db:
        found = identity.who(db, house, here)
        assert found is not None
    with pytest.raises(Rejected, match="present password"):
        identity.change_password(house, person.viewer, found[1].id, WRONG, NEW)
    identity.change_password(house, person.viewer, found[1].id, PASSWORD, NEW)
    assert whose(house, here) == person
    assert whose(house, there) is None
    with pytest.raises(Rejected):
        signed_in(house)
    assert identity.log_in(house, person.email, NEW, "x", "10.0.0.1").person == person


def test_an_admin_resets_a_password_and_nobody_else_may(house: House) -> None:
    admin, member = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    token = signed_in(house, "b@example.com").token
    with pytest.raises(Forbidden), house.database.writing() as db:
        identity.reset_password(db, house, member.viewer, admin.id, NEW)
    with house.database.writing() as db:
        identity.reset_password(db, house, admin.viewer, member.id, NEW)
    assert whose(house, token) is None
    assert identity.log_in(house, "b@example.com", NEW, "x", "10.0.0.1").person.id == member.id


def test_disabling_ends_sessions_and_log_in_until_enabled(house: House) -> None:
    admin, member = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    token = signed_in(house, "b@example.com").token
    with house.database.writing() as db:
        identity.disable(db, house, admin.viewer, member.id)
    assert whose(house, token) is None
    with pytest.raises(Rejected, match="wrong"):
        signed_in(house, "b@example.com")
    with house.database.writing() as db:
        identity.enable(db, house, admin.viewer, member.id)
    assert whose(house, token) is None
    assert signed_in(house, "b@example.com").person.id == member.id


@pytest.mark.on_both
def test_the_last_admin_stays(house: House) -> None:
    admin = a_person(house)
    with house.database.writing() as db:
        with pytest.raises(Misuse, match="last admin"):
            identity.set_role(db, house, admin.viewer, admin.id, Role.MEMBER)
        with pytest.raises(Misuse, match="last admin"):
            identity.disable(db, house, admin.viewer, admin.id)
    second = a_person(house, "b@example.com", Role.ADMIN)
    with house.database.writing() as db:
        identity.set_role(db, house, second.viewer, admin.id, Role.MEMBER)
        assert persons.person_of(db, admin.id).role is Role.MEMBER
        with pytest.raises(Misuse, match="last admin"):
            identity.disable(db, house, second.viewer, second.id)


def test_only_admins_invite_and_set_roles(house: House) -> None:
    a_person(house)
    member = a_person(house, "b@example.com", Role.MEMBER)
    with house.database.writing() as db:
        with pytest.raises(Forbidden):
            identity.invite(db, house, member.viewer)
        with pytest.raises(Forbidden):
            identity.set_role(db, house, member.viewer, member.id, Role.ADMIN)
        with pytest.raises(Forbidden):
            identity.disable(db, house, member.viewer, member.id)
