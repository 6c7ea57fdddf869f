"""tax: a year out of a text book or the books; what must be mended stands first and nothing is exported."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from tunefolio import cli
from tunefolio.cli import Exit

BOOK = """
account "Demat" INR fifo
instrument NSE:INFY equity isin INE009A01021 "Infosys"
2017-06-05 buy 100 NSE:INFY @ 400
2023-04-03 buy 10 NSE:INFY @ 1400 fee 50 ^T-1
2024-05-03 dividend 1750 NSE:INFY tax 175
2024-06-12 sell 100 NSE:INFY @ 1500
2024-12-02 sell 4 NSE:INFY @ 1700 fee 8 ^T-2
"""

DAYS = [date(2024, 1, 1) + timedelta(number) for number in range(366)]
ABROAD = BOOK + """
instrument NASDAQ:AAPL equity isin US0378331005 "Apple Inc"
account "Vested" USD
2023-05-02 deposit 2000
2023-05-04 buy 10 NASDAQ:AAPL @ 170
2024-03-04 sell 4 NASDAQ:AAPL @ 180
""" + "\n".join(
    f"{day} price NASDAQ:AAPL {250 if day == date(2024, 6, 5) else 200}\n{day} rate USD 83 INR"
    for day in DAYS
) + "\n" + "\n".join(f"{day - timedelta(366)} rate USD 82 INR" for day in DAYS)  # fmt: skip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """run("book text", words…) → (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def call(book: str, *words: str) -> tuple[int, str, str]:
        Path("my.book").write_text(book, "utf-8")
        code = cli.main(["tax", "my.book", *words])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_the_value_of_2018_stands_for_the_cost(run: Run) -> None:
    """INFY stood at 1166.60 at its highest on 2018-01-31: 150,000 − 116,660."""
    code, out, _ = run(BOOK, "--year", "2024-25", "--json")
    assert code == Exit.OK
    found: dict[str, Any] = json.loads(out)
    old, new = found["deeds"]
    assert (old["value_2018"], old["cost_taken"], old["gain"], old["rate"]) == (
        "116660.00",
        "116660.00",
        "33340.00",
        "0.1",
    )
    assert (new["section"], new["rate"], new["consideration"]) == ("112A", "0.125", "6800.00")
    assert found["levy"]["exemption"]["limit"] == "125000.00"
    assert found["withheld"] == "175.00"
    assert found["assessed"] == "assessment year 2025-26"
    assert found["advance_tax"]["instalments"] is None
    assert "slab" in found["advance_tax"]["reason"]


def test_rows_of_business_and_crypto_add_up(run: Run) -> None:
    """Within the day all charges count; of crypto none does."""
    book = """2024-05-06 buy 10 NSE:INFY @ 1400 = 14000 fee 20
2024-05-06 sell 10 NSE:INFY @ 1430 = 14300 fee 25
2024-05-07 buy 1 CRYPTO:BTC @ 1000 = 1000 fee 5
2024-06-07 sell 1 CRYPTO:BTC @ 1500 = 1500 fee 7
"""
    code, out, _ = run(book, "--year", "2024-25", "--json")
    assert code == Exit.OK
    rows = {row["head"]: row for row in json.loads(out)["deeds"]}
    sums = ("consideration", "cost", "expenses", "gain")
    told = {head: tuple(row[name] for name in sums) for head, row in rows.items()}
    assert told == {
        "speculative": ("14300.00", "14000.00", "45.00", "255.00"),
        "vda": ("1500.00", "1000.00", "0.00", "500.00"),
    }


def test_a_share_of_the_packaged_list_needs_no_declaration_and_another_is_asked(run: Run) -> None:
    book = """2017-06-05 buy 10 NSE:INFY @ 400
2024-06-12 sell 10 NSE:INFY @ 1500
"""
    code, out, _ = run(book, "--year", "2024-25", "--json")
    assert code == Exit.OK
    (row,) = json.loads(out)["deeds"]
    assert (row["isin"], row["value_2018"]) == ("INE009A01021", "11666.00")
    code, out, _ = run(book.replace("INFY", "NOSUCH"), "--year", "2024-25")
    assert code == Exit.FINDINGS
    assert "class NSE:X listed_equity" in out


def test_the_text_says_what_is_left_out_and_doubtful(run: Run) -> None:
    code, out, _ = run(BOOK, "--year", "2024-25")
    assert code == Exit.OK
    assert "not advice" in out
    assert "Not computed: surcharge" in out
    assert "Doubtful: " in out
    assert "tax at slab: not available: the person's slab rate" in out
    assert re.search(r"^tax at special rates[ –]+0\.00$", out, re.M)
    for name in ("tax at slab", "cess", "payable, rounded", "due"):
        assert re.search(rf"^{name}[ –]+n/a$", out, re.M), name


def test_while_a_deed_waits_to_be_mended_no_sum_is_shown(run: Run) -> None:
    book = "instrument NSE:X equity isin INE009A01021\n2024-05-02 opening 1 NSE:X @ 100\n"
    code, out, _ = run(book + "2024-06-03 sell 1 NSE:X @ 900\n", "--year", "2024-25")
    assert code == Exit.FINDINGS
    assert "No deed of this year is taxed yet: 1 must be mended first." in out
    assert "tax: not available: 1 deed must be mended first. Mend what is listed" in out
    for name in ("tax at special rates", "tax at slab", "cess", "payable, rounded", "due"):
        assert re.search(rf"^{name}[ –]+n/a$", out, re.M), name
    assert run('account "A"', "--year", "2024-25")[1].count("No deed of this year is taxed.") == 1


def test_a_year_that_has_not_begun_is_refused_with_the_years_there_are(run: Run) -> None:
    code, _, told = run(BOOK, "--year", "2098-99")
    assert code == Exit.USAGE
    assert re.search(r"2098-99 is not reckoned here\. Take 2018-19 to 20\d\d-\d\d", told)


def test_exports_are_whole_files_or_standard_output(run: Run, tmp_path: Path) -> None:
    code, out, _ = run(BOOK, "--year", "2024-25", "--112a", "-")
    assert code == Exit.OK
    head, *rows = out.splitlines()
    assert head.startswith("Share/Unit acquired(1a)")
    assert len(rows) == 2
    code, _, _ = run(BOOK, "--year", "2024-25", "--statement", "statement.csv")
    assert code == Exit.OK
    assert "Infosys" in (tmp_path / "statement.csv").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my.book", "statement.csv"]


def test_nothing_is_exported_before_the_books_bear_it(run: Run, tmp_path: Path) -> None:
    odd = BOOK + "2024-04-03 opening 5 NSE:ODD @ 10\n"
    code, out, err = run(odd, "--year", "2024-25", "--112a", "out.csv")
    assert code == Exit.FINDINGS
    assert "no day of purchase" in err
    assert not (tmp_path / "out.csv").exists()
    code, out, _ = run(odd, "--year", "2024-25")
    assert code == Exit.FINDINGS
    assert "To mend before anything is exported" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--year", "2024-26"), "no financial year"),
        (("--year", "2016-17"), "is not reckoned here"),
        (("--year", "2099-00"), "is not reckoned here"),
        (("--year", "2024-25", "--112a", "no/such/folder/out.csv"), "No such file or directory"),
    ],
)
def test_wrong_words_are_refused_with_the_cure(run: Run, words: tuple[str, ...], told: str) -> None:
    code, _, err = run(BOOK, *words)
    assert code == Exit.USAGE
    assert told in err


def test_a_broken_book_names_its_line(run: Run) -> None:
    code, _, err = run(BOOK + "2024-12-05 sell 400 NSE:INFY @ 1700\n", "--year", "2024-25")
    assert code == Exit.FINDINGS
    assert "my.book:9" in err


def test_the_rules_of_a_day_are_listed_with_their_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tax", "--rules", "2024-08-01", "--json"]) == Exit.OK
    found = {rule["name"]: rule for rule in json.loads(capsys.readouterr().out)["rules"]}
    assert found["rate.equity.long"]["values"]["rate"] == "0.125"
    assert all(rule["sources"] for rule in found.values())


def test_the_books_of_a_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "home"))
    book = tmp_path / "my.book"
    book.write_text(BOOK, "utf-8")
    monkeypatch.setattr("getpass.getpass", lambda _prompt="": "correct horse battery")
    assert cli.main(["user", "add", "asha@example.com", "--name", "Asha", "--role", "admin"]) == Exit.OK
    assert cli.main(["import", str(book), "--text"]) == Exit.OK
    capsys.readouterr()
    assert cli.main(["tax", "--year", "2024-25", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found["taxpayer"] == "Asha"
    assert found["deeds"][0]["gain"] == "33340.00"
    assert cli.main(["tax", "--year", "2024-25", "--taxpayer", "Nobody"]) == Exit.USAGE
    assert "there is Asha" in capsys.readouterr().err


def test_the_schedule_of_what_is_abroad(run: Run) -> None:
    """Ten units at 200 until March, six at 250 in June; the deposit less the purchase, then the sale."""
    code, out, _ = run(ABROAD, "--year", "2024-25", "--foreign", "--json")
    assert code == Exit.OK
    found = json.loads(out)["schedule_fa"]
    (lot,) = found["a3"]
    assert (lot["initial"], lot["peak"], lot["closing"]) == ("139400.00", "166000.00", "99600.00")
    (money,) = found["a2"]
    assert (money["peak"], money["closing"]) == ("84660.00", "84660.00")
    code, out, _ = run(ABROAD, "--year", "2024-25", "--foreign")
    assert code == Exit.OK
    assert "Schedule FA, calendar year 2024-01-01 to 2024-12-31" in out
    assert "Apple Inc  UNITED STATES OF AMERICA  2023-05-04  139400.00  166000.00" in out
    assert "telegraphic transfer buying rate" in out
    code, out, _ = run(ABROAD, "--year", "2024-25", "--schedule-fa", "-")
    assert code == Exit.OK
    head, row = csv.reader(io.StringIO(out))
    assert dict(zip(head, row, strict=True))["Closing balance"] == "99600"


def test_what_lacks_a_close_says_so_in_the_text(run: Run) -> None:
    bare = "\n".join(line for line in ABROAD.splitlines() if " price " not in line) + "\n"
    code, out, _ = run(bare, "--year", "2024-25", "--foreign")
    assert code == Exit.OK
    assert "n/a" in out
    assert "not available: a close of Apple Inc from 2024-01-01 to 2024-12-31" in out
    code, out, _ = run(BOOK, "--year", "2024-25", "--foreign")
    assert "nothing abroad stands in the books" in out


def test_the_year_on_paper(run: Run, tmp_path: Path) -> None:
    code, _, _ = run(ABROAD, "--year", "2024-25", "--pdf", "year.pdf")
    assert code == Exit.OK
    document = pypdfium2.PdfDocument(tmp_path / "year.pdf")
    text = "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    assert "1,16,660.00" in text
    assert "1,66,000.00" in text
    assert f"page {len(document)} of {len(document)}" in text
    document.close()
    odd = ABROAD + "\n2024-04-03 opening 5 NSE:ODD @ 10 INR\n"
    code, _, err = run(odd, "--year", "2024-25", "--pdf", "none.pdf")
    assert code == Exit.FINDINGS
    assert "no day of purchase" in err
    assert not (tmp_path / "none.pdf").exists()


def test_what_a_person_tells_stands_beside_the_book(run: Run, tmp_path: Path) -> None:
    (tmp_path / "told.txt").write_text("slab 30%\n2024-25 salary 2000000\n", "utf-8")
    code, out, _ = run(BOOK, "--year", "2024-25", "--told", "told.txt", "--json")
    assert code == Exit.OK
    assert json.loads(out)["levy"]["slab_tax"] == "525.00"
    code, out, _ = run(BOOK, "--year", "2024-25", "--told", "told.txt")
    slab = next(line for line in out.splitlines() if line.startswith("tax at slab"))
    assert slab.split()[-1] == "525.00"
    (tmp_path / "told.txt").write_text("2024-25 brings long_term 1000 of 2010-11\n", "utf-8")
    code, out, _ = run(BOOK, "--year", "2024-25", "--told", "told.txt")
    assert re.search(r"Lapsed.*\n.*\nlong term +2010-11 +1000.00 +2018-19", out)
    (tmp_path / "told.txt").write_text("slab much\n", "utf-8")
    code, _, err = run(BOOK, "--year", "2024-25", "--told", "told.txt")
    assert code == Exit.FINDINGS
    assert "told.txt:1" in err
    assert cli.main(["tax", "--told", "told.txt"]) == Exit.USAGE
