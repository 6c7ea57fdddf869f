"""Passkeys: made, used, counted, forgotten; by a device in software that can be made to lie."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.acts import acts_of
from tests.bootstrap.houses import a_house, a_person, clock_of
from tests.services.devices_of_people import Device, decoded, encoded
from tunefolio.core.errors import Misuse, NotFound, Rejected
from tunefolio.core.identity import PasskeyId
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, notices, passkeys, proofs
from tunefolio.services.acts import Act
from tunefolio.services.house import House, HouseRules
from tunefolio.services.identity import SignedIn
from tunefolio.services.passkeys import Asked
from tunefolio.services.steps import StepOver
from tunefolio.store import persons

pytestmark = pytest.mark.one_is_enough


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with a_house(migrated_url) as house:
        yield house


def add(house: House, person: Person, device: Device, name: str = "Phone") -> PasskeyId:
    with house.database.writing() as db:
        asked = passkeys.begin_new(db, house, person.viewer)
        return passkeys.add(db, house, person.viewer, asked.token, name, device.make(asked.options))


def sign_in(house: House, device: Device, asked: Asked | None = None, **changes: Any) -> SignedIn:
    asked = asked or passkeys.begin_sign_in(house, "10.0.0.1")
    answer = device.sign(asked.options)
    answer["response"] |= changes
    return passkeys.sign_in(house, asked.token, answer, "Chrome", "10.0.0.1")


def refused(house: House, device: Device, asked: Asked | None = None, **changes: Any) -> str:
    with pytest.raises(Rejected) as refusal:
        sign_in(house, device, asked, **changes)
    return refusal.value.code


def told(house: House, person: Person) -> list[str]:
    with house.database.reading() as db:
        return [one.notice.title for one in notices.page(db, person.viewer, None, 20).told]


@pytest.mark.on_both
def test_a_passkey_signs_in_without_a_name_or_a_password(house: House) -> None:
    person, device = a_person(house), Device()
    add(house, person, device)
    assert sign_in(house, device).person == person
    with house.database.reading() as db:
        (kept,) = passkeys.listed(db, person.viewer)
    assert (kept.name, kept.used, kept.transports) == ("Phone", house.clock.now(), ("internal",))
    assert told(house, person) == ["A passkey was added to your account"]
    assert acts_of(house, person.viewer)[:2] == [Act.SIGNED_IN, Act.PASSKEY_ADDED]


@pytest.mark.on_both
def test_several_keys_with_a_name_each_and_a_forgotten_one_opens_nothing(house: House) -> None:
    person, phone, laptop = a_person(house), Device(), Device()
    first = add(house, person, phone)
    add(house, person, laptop, "Laptop")
    with pytest.raises(Misuse, match="taken"):
        add(house, person, Device(), "Laptop")
    with house.database.writing() as db:
        passkeys.rename(db, house, person.viewer, first, "Old phone")
        passkeys.forget(db, house, person.viewer, first)
        with pytest.raises(NotFound):
            passkeys.forget(db, house, person.viewer, first)
    assert refused(house, phone) == "passkey"
    assert sign_in(house, laptop).person == person


def test_a_strangers_key_is_neither_named_nor_forgotten(house: House) -> None:
    asha, bela = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    key = add(house, asha, Device())
    with house.database.writing() as db:
        with pytest.raises(NotFound):
            passkeys.rename(db, house, bela.viewer, key, "Mine")
        with pytest.raises(NotFound):
            passkeys.forget(db, house, bela.viewer, key)


def test_a_device_that_does_not_check_its_user_is_refused(house: House) -> None:
    person = a_person(house)
    with pytest.raises(Rejected):
        add(house, person, Device(checks=False))
    device = Device()
    add(house, person, device)
    device.checks = False
    assert refused(house, device) == "passkey"


@pytest.mark.parametrize("origin", ["http://localhost:9000", "https://evil.example", "http://127.0.0.1:8000"])
def test_what_was_signed_for_another_site_is_refused(house: House, origin: str) -> None:
    person, device = a_person(house), Device()
    add(house, person, device)
    device.origin = origin
    assert refused(house, device) == "passkey"


def test_another_key_does_not_sign_for_this_one(house: House) -> None:
    person, device = a_person(house), Device()
    add(house, person, device)
    assert refused(house, Device(id=device.id)) == "passkey"
    assert refused(house, Device()) == "passkey"


def test_a_changed_signature_or_other_words_are_refused(house: House) -> None:
    person, device = a_person(house), Device()
    add(house, person, device)
    asked = passkeys.begin_sign_in(house, "10.0.0.1")
    answer = device.sign(asked.options)
    wrong = bytearray(decoded(answer["response"]["signature"]))
    wrong[-1] ^= 1
    assert refused(house, device, asked, signature=encoded(bytes(wrong))) == "passkey"
    other = passkeys.begin_sign_in(house, "10.0.0.1")
    stale = device.sign(asked.options)
    with pytest.raises(Rejected):
        passkeys.sign_in(house, other.token, stale, "Chrome", "10.0.0.1")


@pytest.mark.parametrize("answer", [{}, {"id": 5}, {"rawId": "%%%"}, {"rawId": "AAAA", "response": "x"}])
def test_what_is_no_answer_at_all_is_refused(house: House, answer: dict[str, Any]) -> None:
    asked = passkeys.begin_sign_in(house, "10.0.0.1")
    with pytest.raises(Rejected):
        passkeys.sign_in(house, asked.token, answer, "Chrome", "10.0.0.1")


@pytest.mark.on_both
def test_each_challenge_is_good_once_for_its_browser_for_five_minutes(house: House) -> None:
    person, device = a_person(house), Device()
    add(house, person, device)
    asked = passkeys.begin_sign_in(house, "10.0.0.1")
    assert refused(house, device, replace(asked, token=Secret("x" * 43))) == "step_over"
    sign_in(house, device, asked)
    assert refused(house, device, asked) == "step_over"
    late = passkeys.begin_sign_in(house, "10.0.0.1")
    clock_of(house).advance(timedelta(minutes=5, seconds=1))
    assert refused(house, device, late) == "step_over"


def test_a_count_that_runs_backwards_is_refused_and_told(house: House) -> None:
    person, device = a_person(house), Device(count=5)
    add(house, person, device)
    assert sign_in(house, device).person == person
    device.count = 2
    assert refused(house, device) == "passkey"
    assert "A passkey of yours may have been copied" in told(house, person)


def test_a_forgers_count_alarms_nobody(house: House) -> None:
    """Only a right signature is believed about its count."""
    person, device = a_person(house), Device(count=5)
    add(house, person, device)
    assert refused(house, Device(id=device.id, count=1)) == "passkey"
    assert told(house, person) == ["A passkey was added to your account"]


def test_somebody_shut_out_stays_out(house: House) -> None:
    admin, member = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    device = Device()
    add(house, member, device)
    with house.database.writing() as db:
        identity.disable(db, house, admin.viewer, member.id)
    assert refused(house, device) == "passkey"


def test_what_one_began_another_does_not_finish(house: House) -> None:
    asha, bela = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    with house.database.writing() as db:
        asked = passkeys.begin_new(db, house, asha.viewer)
    with pytest.raises(StepOver), house.database.writing() as db:
        passkeys.add(db, house, bela.viewer, asked.token, "Mine", Device().make(asked.options))


def test_it_proves_its_owner_again_and_nobody_else(house: House) -> None:
    asha, bela = a_person(house), a_person(house, "b@example.com", Role.MEMBER)
    mine, theirs = Device(), Device()
    add(house, asha, mine)
    add(house, bela, theirs)
    fresh = sign_in(house, mine)
    with house.database.reading() as db:
        found = identity.who(db, house, fresh.token)
        assert found is not None
        assert proofs.until(db, house, asha.viewer, found[1].id) is None
    with house.database.writing() as db:
        asked, again = (passkeys.begin_proof(db, house, asha.viewer) for _ in range(2))
    with pytest.raises(Rejected):
        proofs.prove_by_passkey(house, asha.viewer, found[1].id, asked.token, theirs.sign(asked.options))
    until = proofs.prove_by_passkey(house, asha.viewer, found[1].id, again.token, mine.sign(again.options))
    assert until == house.clock.now() + proofs.VALID


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://127.0.0.1:8000", "name"),
        ("http://[::1]:8000", "name"),
        ("http://family.lan", "https"),
        ("http://localhost:8000", ""),
        ("https://folio.example.org", ""),
    ],
)
def test_where_browsers_make_none_the_reason_is_said(house: House, url: str, word: str) -> None:
    there = replace(house, rules=HouseRules(public_url=url))
    assert word in passkeys.hindrance(there)
    assert bool(passkeys.hindrance(there)) is bool(word)
    if word:
        with pytest.raises(Misuse, match="cannot be used"):
            passkeys.begin_sign_in(there, "10.0.0.1")


def test_the_only_way_in_is_not_forgotten(house: House) -> None:
    person, phone, laptop = a_person(house), Device(), Device()
    first, second = add(house, person, phone), add(house, person, laptop, "Laptop")
    with house.database.writing() as db:
        persons.set_password(db, person.viewer, "")
        passkeys.forget(db, house, person.viewer, first)
        with pytest.raises(Misuse, match="only way you sign in"):
            passkeys.forget(db, house, person.viewer, second)
        with pytest.raises(NotFound):
            passkeys.forget(db, house, person.viewer, first)
    assert sign_in(house, laptop).person.id == person.id
