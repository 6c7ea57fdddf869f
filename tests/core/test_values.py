"""Secrets stay secret, ISINs prove themselves, registries name what they know, errors say what to do."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.errors import (
    Ambiguous,
    BrokenLaw,
    Forbidden,
    Misuse,
    NotFound,
    Reauth,
    Rejected,
    Retry,
    sentence,
)
from tunefolio.core.identity import PersonId, check_digit, find_isin, isin_of
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.core.registry import Registry
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant


def test_a_secret_shows_only_its_mask() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret!s} {secret:>10} {[secret]} {secret.__class__}"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    assert secret
    assert not Secret("")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)


@pytest.mark.parametrize(
    "isin", ["INE009A01021", "INE002A01018", "US0378331005", "INF204KB14I2", "ine009a01021 "]
)
def test_true_isins_pass(isin: str) -> None:
    assert isin_of(isin) == isin.strip().upper()


@pytest.mark.parametrize("isin", ["INE009A01022", "INE009A0102", "", "INE009A0102A", "12E009A01021"])
def test_false_isins_are_refused(isin: str) -> None:
    with pytest.raises(Misuse, match="isin"):
        isin_of(isin)
    assert find_isin(isin) is None
    assert find_isin(None) is None


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=9, max_size=9), st.integers(1, 9))
def test_a_changed_check_digit_never_passes(stem: str, shift: int) -> None:
    digit = check_digit("IN" + stem)
    assert isin_of(f"IN{stem}{digit}")
    assert find_isin(f"IN{stem}{(digit + shift) % 10}") is None


def test_a_registry_names_what_it_knows() -> None:
    registry: Registry[int] = Registry("broker")
    registry.register("zerodha")(1)
    registry.register("zerodha")(1)
    assert registry.of("zerodha") == 1
    assert registry.find("kotak") is None
    assert "zerodha" in registry
    assert list(registry) == [("zerodha", 1)]
    assert len(registry) == 1
    assert registry.names() == ("zerodha",)
    with pytest.raises(Misuse, match="Known: zerodha"):
        registry.of("kotak")
    with pytest.raises(ValueError, match="two brokers"):
        registry.register("zerodha")(2)
    with pytest.raises(Misuse, match="Known: none"):
        Registry("x").of("y")


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("is taken", "name is taken"),
        ("must have 3 letters", "name must have 3 letters"),
        ("unpacks to more than 100 MB", "name unpacks to more than 100 MB"),
        ("you have one already", "name: you have one already"),
        ("'x y' is no single word", "name: 'x y' is no single word"),
        ("island is no country", "name: island is no country"),
    ],
)
def test_a_problem_and_its_field_make_a_sentence(problem: str, said: str) -> None:
    assert sentence("name", problem) == str(Misuse("name", problem)) == said


def test_errors_say_what_to_do() -> None:
    assert Retry("busy", after=timedelta(seconds=3)).after == timedelta(seconds=3)
    assert "log in again" in str(Reauth(broker="zerodha"))
    assert Rejected("no", code="X").code == "X"
    assert str(Misuse("quantity", "is negative", cure="Write a positive one")) == (
        "quantity is negative. Write a positive one"
    )
    assert isinstance(NotFound("account"), Misuse)
    assert str(NotFound("account")) == "account was not found"
    assert str(Forbidden("this deed")) == "this deed is not allowed"
    assert "admin" in str(Forbidden("administration", cure="Ask an admin"))
    assert str(Ambiguous()).startswith("An order was sent")
    assert str(BrokenLaw("units are conserved", "1 ≠ 2")) == "units are conserved: 1 ≠ 2"


def test_roles_limit_what_a_viewer_does() -> None:
    Viewer(PersonId(1), Role.ADMIN).must_administer()
    Viewer(PersonId(1)).must_write()
    with pytest.raises(Forbidden):
        Viewer(PersonId(1), Role.READER).must_write()
    with pytest.raises(Forbidden):
        Viewer(PersonId(1)).must_administer()


@pytest.mark.parametrize("text", ["", "a", "a@b", "a b@c.de", "@c.de", "x" * 250 + "@c.de", "a\u200b@b.de"])
def test_addresses_are_checked(text: str) -> None:
    with pytest.raises(Misuse, match="email"):
        email_of(text)


def test_people_and_notices_carry_facts() -> None:
    now = Instant.parse("2026-11-20T00:00:00+00:00")
    person = Person(PersonId(7), email_of(" Asha@Example.IN "), "Asha", Role.READER, now)
    assert person.email == "asha@example.in"
    assert person.viewer == Viewer(PersonId(7), Role.READER)
    assert email_of("demo@localhost") == "demo@localhost"
    assert email_of("ａｓｈａ@Example.in") == "asha@example.in", "what is delivered alike is one address"
    assert Notice(person.id, Urgency.WARNING, "Log in again", "Zerodha", now).link == ""
