"""What commands write into files: for whoever typed them alone, and never half."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_commands import Call, call, house
from tests.cli.test_leaving import joined
from tunefolio.cli import Exit, files
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Role
from tunefolio.services.house import House

__all__ = ["call", "house"]


@pytest.fixture(autouse=True)
def everybody_may_read() -> Iterator[None]:
    """The umask of most shells, root's too."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def is_hers_alone(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_a_persons_is_not_for_everybody_on_the_machine(
    call: Call, house: House, tmp_path: Path
) -> None:
    email = joined(house, "asha", Role.ADMIN)
    life, books, text = tmp_path / "life.zip", tmp_path / "books.zip", tmp_path / "book.txt"
    assert call("user", "export", email, str(life))[0] == Exit.OK
    assert call("export", "--user", email, "--output", str(books))[0] == Exit.OK
    text.write_text("an older one, for everybody")
    assert call("export", "--user", email, "--text", "--output", str(text))[0] == Exit.OK
    assert [is_hers_alone(path) for path in (life, books, text)] == [True, True, True]
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(Misuse, match="Give a path that can be written"):
        files.write(folder, b"x")
    with pytest.raises(Misuse, match="Give a path that can be written"):
        files.write(tmp_path / "nowhere" / "x", b"x")
    assert folder.is_dir()
