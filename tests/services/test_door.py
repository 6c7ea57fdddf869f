"""A stranger learns nothing by what the door does: the same work for everybody it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from sqlalchemy import event

from tests.bootstrap.houses import PASSWORD, a_house, a_person
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity, joining, passwords
from tunefolio.services.breaches import is_guessed_early, is_leaked
from tunefolio.services.house import House

WRONG = Secret("wrong horse battery")


@pytest.fixture
def house(migrated_url: str) -> Iterator[House]:
    with a_house(migrated_url) as house:
        yield house


def work_of(house: House, monkeypatch: pytest.MonkeyPatch, email: str) -> tuple[list[str], int]:
    """(statements, hashes) of one refused attempt; a table's name stands for what is asked of it."""
    said: list[str] = []
    hashes = 0
    verify = PasswordHash.verify_and_update

    def counted(self: PasswordHash, *args: str, **more: str) -> tuple[bool, str | None]:
        nonlocal hashes
        hashes += 1
        return verify(self, *args, **more)

    def heard(_c: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(" ".join(statement.split()[:4]))

    monkeypatch.setattr(PasswordHash, "verify_and_update", counted)
    event.listen(house.database.engine, "before_cursor_execute", heard)
    try:
        with pytest.raises(Rejected) as refused:
            identity.log_in(house, email, WRONG, "x", "10.0.0.1", browser=Secret("some browser"))
        assert (refused.value.code, refused.value.reason) == ("credentials", "e-mail or password is wrong")
    finally:
        event.remove(house.database.engine, "before_cursor_execute", heard)
        monkeypatch.undo()
    return said, hashes


def test_the_door_does_the_same_work_for_everybody_it_refuses(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = a_person(house)
    gone = a_person(house, "gone@example.com", Role.MEMBER)
    with house.database.writing() as db:
        identity.disable(db, house, admin.viewer, gone.id)
    known = work_of(house, monkeypatch, "asha@example.com")
    assert known[1] == 1
    assert known[0]
    assert work_of(house, monkeypatch, "nobody@example.com") == known
    assert work_of(house, monkeypatch, "gone@example.com") == known


def test_nobody_outside_makes_hashes_at_a_closed_door(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    a_person(house)
    monkeypatch.setattr(passwords, "hashed", lambda _: pytest.fail("a hash was made"))
    with pytest.raises(Misuse):
        joining.join(house, "b@example.com", "B", PASSWORD, "10.0.0.1")
    with pytest.raises(Misuse, match="unknown"):
        joining.join(house, "b@example.com", "B", PASSWORD, "10.0.0.1", invite=Secret("made up"))


def test_signing_up_on_and_on_from_one_place_is_stopped(house: House) -> None:
    a_person(house)
    assert joining.BY_ADDRESS.free is not None
    refused, attempts = "", 0
    while refused != "too many attempts":
        attempts += 1
        with pytest.raises((Misuse, Retry)) as problem:
            joining.join(house, "b@example.com", "B", PASSWORD, "10.0.0.1")
        refused = problem.value.reason if isinstance(problem.value, Retry) else ""
    assert joining.BY_ADDRESS.free < attempts <= joining.BY_ADDRESS.times + 1


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "qwertyuiop12", "letmein12345", "1q2w3e4r5t6y", "tunefolio123", "ashaasha12"),
        *("Admin@12345", "India@12345", "Password@2024", "zerodha@123", "Rahul@1234", "asha@example.com1"),
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    assert is_guessed_early(Secret(password), "asha@example.com", "Asha")
    with pytest.raises(Misuse, match="guessed first"):
        passwords.checked(Secret(password), "asha@example.com", "Asha")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a different sentence",
        "kavita walks home",
        "x8#kQ2-vm91z",
        "ö" * 2 + "läßt grüßen",
    ],
)
def test_no_composition_is_asked_for(password: str) -> None:
    assert passwords.checked(Secret(password), "asha@example.com", "Asha") == Secret(password)


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


def test_the_operators_list_is_searched_as_a_file_and_as_a_folder(tmp_path: Path) -> None:
    words = [f"leaked sentence {number}" for number in range(500)]
    lines = sorted(f"{sha1(word)}:{number + 1}" for number, word in enumerate(words))
    file, folder = tmp_path / "pwned.txt", tmp_path / "ranges"
    file.write_text("\n".join(lines) + "\n")
    folder.mkdir()
    for line in lines:
        with (folder / f"{line[:5]}.txt").open("a") as part:
            part.write(line[5:] + "\n")
    for leaks in (file, folder):
        assert all(is_leaked(Secret(word), leaks) for word in words)
        assert not any(is_leaked(Secret(f"another sentence {number}"), leaks) for number in range(300))
    assert not is_leaked(Secret(words[0]), None)
    with pytest.raises(Misuse, match="leaked"):
        passwords.checked(Secret(words[7]), "asha@example.com", "Asha", leaks=file)
    (tmp_path / "empty").write_text("")
    assert not is_leaked(Secret(words[0]), tmp_path / "empty")


def test_a_turn_that_does_not_come_is_told_as_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(passwords, "_TURNS", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "PATIENCE", timedelta(milliseconds=20))
    with passwords._turn(), pytest.raises(Retry, match="signing in"):
        passwords.hashed(PASSWORD)
    assert passwords.hashed(PASSWORD).startswith("$argon2id$")
