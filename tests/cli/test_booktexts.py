"""export and import --text on a real house, on both databases."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tunefolio import cli
from tunefolio.cli import Exit
from tunefolio.services.bookfiles import is_book

Call = Callable[..., tuple[int, str, str]]
BOOK = """\
; two accounts
portfolio "Family" INR
account "Zerodha" INR
2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #core ^T-1
2024-06-03 sell 5 NSE:INFY @ 1600 fee 15 ^T-2
2024-07-01 transfer_out 3 NSE:INFY to "Kotak" ^T-3
2024-07-02 fee 5 ^T-4
2024-07-03 reverse ^T-4
account "Kotak" INR
"""


@pytest.fixture
def call(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Call]:
    """call("export", "--text") → (exit code, standard output, standard error), in a house of one person."""
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "folio"))
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    assert run("user", "add", "asha@example.com")[0] == Exit.OK
    yield run
    root.handlers[:] = before
    root.setLevel(level)


def test_a_book_goes_in_and_comes_out_the_same(call: Call) -> None:
    Path("in.book").write_text(BOOK, "utf-8")
    code, out, _ = call("import", "in.book", "--dry-run")
    assert code == Exit.OK
    assert "Nothing was changed." in out
    assert call("export", "--text")[1].strip() == ""
    done = json.loads(call("import", "in.book", "--text", "--json")[1])
    assert done["accounts"] == [
        {"account": "Zerodha", "is_new": True, "added": 5, "repeated": 0},
        {"account": "Kotak", "is_new": True, "added": 1, "repeated": 0},
    ]
    again = json.loads(call("import", "in.book", "--json")[1])
    assert [(one["added"], one["repeated"]) for one in again["accounts"]] == [(0, 5), (0, 1)]
    code, text, _ = call("export", "--text")
    assert (code, call("export", "--text", "--output", "out.book")[0]) == (Exit.OK, Exit.OK)
    assert Path("out.book").read_text("utf-8") == text
    assert "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #core ^T-1" in text
    assert '2024-07-01 transfer_in 3 NSE:INFY from "Zerodha" ^T-3' in text
    assert "T-4" not in text
    assert "2024-07-02 reverse ^T-4" in call("export", "--text", "--history")[1]
    assert call("book", "out.book")[0] == Exit.OK


def test_a_wrong_book_changes_nothing_and_names_its_lines(call: Call) -> None:
    Path("wrong.book").write_text("2024-04-01 sell 1 NSE:INFY @ 5\n2024-04-01 deposit x\n", "utf-8")
    code, out, _ = call("import", "wrong.book")
    assert (code, out.split(": ")[0]) == (Exit.FINDINGS, "wrong.book:2")
    Path("wrong.book").write_text("2024-04-01 sell 1 NSE:INFY @ 5\n", "utf-8")
    refused = json.loads(call("import", "wrong.book", "--json")[1])["refused"]
    assert [(one["place"], one["field"]) for one in refused] == [("wrong.book:1", "quantity")]
    assert call("export", "--text")[1].strip() == ""
    assert call("export", "--history")[0] == Exit.USAGE


def test_facts_without_an_account_go_where_one_is_said(call: Call) -> None:
    Path("plain.txt").write_text("2024-04-01 deposit 5\n", "utf-8")
    assert call("import", "plain.txt", "--account", "Nowhere")[0] == Exit.USAGE
    assert call("import", "plain.txt", "--new-account", "Till")[0] == Exit.OK
    assert call("import", "plain.txt", "--account", "till")[0] == Exit.OK
    assert call("export", "--text")[1].count("deposit 5") == 1


def test_everything_goes_into_a_zip(call: Call) -> None:
    Path("in.book").write_text(BOOK, "utf-8")
    call("import", "in.book")
    code, out, _ = call("export", "--json", "--portfolio", "Family")
    assert code == Exit.OK
    with zipfile.ZipFile(io.BytesIO(Path(json.loads(out)["file"]).read_bytes())) as archive:
        assert 'account "Kotak"' in archive.read("book.txt").decode()
        assert "Zerodha" in archive.read("transactions.csv").decode()


def test_the_zip_of_an_export_is_read_back(call: Call) -> None:
    Path("in.book").write_text(BOOK, "utf-8")
    call("import", "in.book")
    call("export", "--output", "all.zip")
    again = json.loads(call("import", "all.zip", "--json")[1])
    assert [(one["account"], one["added"], one["repeated"]) for one in again["accounts"]] == [
        ("Zerodha", 0, 3), ("Kotak", 0, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (b"; note\n\naccount Zerodha\n", True),
        (b"\xef\xbb\xbf2024-04-01 Buy 1 NSE:INFY @ 5\n", True),
        (b"2024-04-01 price NSE:INFY 5\n", True),
        (b"symbol,isin,trade_date\nINFY,INE009A01021,2024-04-01\n", False),
        (b"account,name\n", False),
        (b"2024-04-01,INFY\n", False),
        (b"", False),
    ],
)
def test_a_text_book_is_known_by_its_first_line(content: bytes, is_one: bool) -> None:
    assert is_book(content) is is_one
