"""user export, delete, keep: what an operator does for people who leave, on both databases."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.cli.test_commands import Call, call, house
from tunefolio.cli import Exit
from tunefolio.core.people import Role
from tunefolio.core.secret import Secret
from tunefolio.services import identity
from tunefolio.services.house import House
from tunefolio.store import notices, persons

__all__ = ["call", "house"]
PASSWORD = Secret("a long enough password")


def joined(house: House, name: str, role: Role) -> str:
    email = f"{name}@example.org"
    with house.database.writing() as db:
        identity.add_person(db, house, email, name, PASSWORD, role)
    return email


def is_known(house: House, email: str) -> bool:
    with house.database.reading() as db:
        return persons.find_by_email(db, email) is not None


def test_everything_of_a_person_goes_into_a_file(call: Call, house: House, tmp_path: Path) -> None:
    email = joined(house, "asha", Role.ADMIN)
    path = tmp_path / "asha.zip"
    assert call("user", "export", email, str(path))[0] == Exit.OK
    assert "README.txt" in zipfile.ZipFile(path).namelist()
    with house.database.reading() as db:
        found = persons.find_by_email(db, email)
        assert found is not None
        titles = [one.notice.title for one in notices.page(db, found[0].viewer, None, 5)]
    assert titles == ["The operator took a copy of everything of yours"]
    kept = path.read_bytes()
    assert call("user", "export", email, str(path))[0] == Exit.USAGE
    assert path.read_bytes() == kept


def test_a_person_is_deleted_with_the_grace_or_at_once(call: Call, house: House) -> None:
    admin, member = joined(house, "asha", Role.ADMIN), joined(house, "bela", Role.MEMBER)
    code, said, _ = call("user", "delete", member)
    assert code == Exit.OK
    assert "will be erased on" in said
    assert f"tunefolio user keep {member}" in said
    assert is_known(house, member)
    assert call("user", "keep", member)[:2] == (Exit.OK, f"{member} stays\n")
    assert call("user", "keep", member)[0] == Exit.USAGE, "it is not being deleted"
    assert call("user", "delete", admin, "--now")[0] == Exit.USAGE, "the last admin while others live here"
    assert call("user", "delete", member, "--now")[0] == Exit.OK
    assert not is_known(house, member)
    assert call("user", "delete", admin)[0] == Exit.USAGE
    assert call("user", "delete", admin, "--now")[0] == Exit.OK, "the last one of all may be erased"
    with house.database.reading() as db:
        assert persons.count(db) == 0


def test_without_a_grace_no_day_is_promised(
    call: Call, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined(house, "asha", Role.ADMIN)
    member = joined(house, "bela", Role.MEMBER)
    monkeypatch.setenv("TUNEFOLIO_GRACE_DAYS", "0")
    code, said, _ = call("user", "delete", member)
    assert code == Exit.OK
    assert said == (
        f"{member} will be erased within a day, with no time of grace\n"
        f"As long as it is there: `tunefolio user keep {member}`\n"
    )
    assert call("user", "keep", member)[:2] == (Exit.OK, f"{member} stays\n")
