"""A locked statement by the command line: its password comes by a file, a pipe or the keyboard."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.adapters.cas_pdfs import Folio, Scheme, cams, instalments
from tunefolio import cli
from tunefolio.cli import Exit

PASSWORD = "ABCDE1234F"
SCHEME = Scheme("HDFC Flexi Cap Fund - Direct Plan - Growth", "INF179K01UT0", rows=tuple(instalments(3)))
STATEMENT = [Folio("10000001 / 90", "HDFC Mutual Fund", (SCHEME,))]
Call = Callable[..., tuple[int, str, str]]


class Keyboard(io.StringIO):
    """A standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], migrated_sqlite: Path
) -> Iterator[Call]:
    """call("import", …, typed=…) → (exit code, standard output, standard error), in a folder of its own."""
    (tmp_path / "house.db").write_bytes(migrated_sqlite.read_bytes())
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", f"sqlite:///{tmp_path / 'house.db'}")
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "folio"))
    monkeypatch.setenv("TUNEFOLIO_LOG_LEVEL", "debug")
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    run("user", "add", "asha@example.com")
    Path("cas.pdf").write_bytes(cams(STATEMENT, password=PASSWORD))
    Path("password.txt").write_text(f"{PASSWORD}\r\nnot this line\n")
    yield run
    root.handlers[:] = before
    root.setLevel(level)


def done(answer: tuple[int, str, str]) -> tuple[int, int]:
    """(added, repeated) of an import that went in; nothing that it printed or logged holds the password."""
    code, out, err = answer
    assert code == Exit.OK, err
    assert PASSWORD not in out + err
    said = json.loads(out)
    return said["added"], said["repeated"]


def test_a_file_holds_the_password_in_its_first_line(call: Call) -> None:
    words = ("import", "cas.pdf", "--json", "--password-file")
    tried = json.loads(call(*words, "password.txt", "--new-account", "Funds", "--dry-run")[1])
    assert (tried["account"], tried["fresh"]) == ("Funds", 3)
    assert done(call(*words, "password.txt", "--new-account", "Funds")) == (3, 0)
    assert done(call(*words, "-", typed=f"{PASSWORD}\n")) == (0, 3)


def test_it_is_typed_unseen_where_a_person_sits(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def type_in(prompt: str) -> str:
        asked.append(prompt)
        return PASSWORD

    monkeypatch.setattr("getpass.getpass", type_in)
    monkeypatch.setattr("io.StringIO", Keyboard)
    answer = call("import", "cas.pdf", "--json", "--password-file", "-", "--new-account", "Funds")
    assert done(answer) == (3, 0)
    assert asked == ["Password of the file: "]


def test_a_locked_file_says_how_to_hand_its_password_over(call: Call) -> None:
    code, out, err = call("import", "cas.pdf", "--new-account", "Funds")
    assert (code, out, err.count("\n")) == (Exit.USAGE, "", 1)
    assert "is needed to open this PDF" in err
    assert "--password-file FILE" in err
    wrong = Path("wrong.txt")
    wrong.write_text("not it")
    code, out, err = call("import", "cas.pdf", "--new-account", "Funds", "--password-file", "wrong.txt")
    assert (code, out, err.count("\n")) == (Exit.USAGE, "", 1)
    assert "does not open this PDF" in err
    assert "not it" not in err
    assert call("import", "cas.pdf", "--account", "Funds", "--password-file", "password.txt")[0] == Exit.USAGE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "the first line is empty"),
        (b"\n" + PASSWORD.encode(), "the first line is empty"),
        (b"x" * 1_000, "longer than 200 letters"),
        (b"\xff\xfe\x00", "is no text"),
    ],
    ids=["missing", "empty", "in its second line", "endless", "binary"],
)
def test_a_password_file_that_is_none_is_refused(call: Call, content: bytes | None, said: str) -> None:
    if content is not None:
        Path("given.txt").write_bytes(content)
    code, out, err = call("import", "cas.pdf", "--new-account", "Funds", "--password-file", "given.txt")
    assert (code, out, err.count("\n")) == (Exit.USAGE, "", 1)
    assert said in err
    assert PASSWORD not in err


def test_there_is_no_way_to_say_a_password_among_the_words(call: Call) -> None:
    assert call("import", "cas.pdf", "--password", PASSWORD)[0] == Exit.USAGE
