"""A file's way in: kept, opened, explained once, checked row by row, recorded, taken back."""

from __future__ import annotations

import io
import logging
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.cas_pdfs import Folio, Row, Scheme, cams
from tests.services.desks import Desk
from tunefolio.adapters.brokers.cas import formats, pdf
from tunefolio.adapters.brokers.files import mapped
from tunefolio.adapters.brokers.vested import profile
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.money import Money
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.kinds import Kind
from tunefolio.services import bookfiles, booktexts, imports, jobs, uploads
from tunefolio.services.plans import RowFate
from tunefolio.services.uploads import Detected
from tunefolio.store import imports as kept_imports
from tunefolio.store import jobs as job_rows
from tunefolio.store import mappings, transactions
from tunefolio.store.imports import Import, Upload
from tunefolio.store.jobs import JobState

READERS = (formats, mapped, pdf, profile)
"""Importing them puts them on their registries."""
PAN = "AAAAA0000A"
D = Decimal
TABLE = (
    b"When,Deal,Paper,Pieces,Each,Cost of it\n"
    b"31-03-2025,Buy,INFY,10,1500,20\n"
    b"30-04-2025,Sell,INFY,4,1600,20\n"
    b"30-04-2025,Swap,INFY,1,1,0\n"
)
SAID: dict[str, Any] = {
    "columns": {
        "day": ["When"],
        "kind": ["Deal"],
        "symbol": ["Paper"],
        "quantity": ["Pieces"],
        "price": ["Each"],
        "fees": ["Cost of it"],
    },
    "day_order": "dmy",
}


def receive(desk: Desk, content: bytes, name: str = "trades.csv", password: str = "") -> Detected:
    with desk.database.writing() as db:
        arrival = uploads.opened(desk.house, desk.viewer, name, content, Secret(password))
        return uploads.receive(db, desk.house, desk.viewer, arrival)


def explain(desk: Desk, sha256: str, said: dict[str, Any] = SAID) -> Detected:
    with desk.database.writing() as db:
        return uploads.remember(db, desk.house, desk.viewer, sha256, said)


def commit(desk: Desk, sha256: str) -> Import:
    with desk.database.writing() as db:
        return imports.commit(db, desk.house, desk.viewer, desk.account.id, sha256)


def statement(*, jump: str = "10") -> bytes:
    """5000 rupees into a fund, with its duty, and a second purchase; locked with the PAN."""
    rows = (
        Row(date(2024, 4, 5), "Purchase", D(5000), D(10), D(500), D(10)),
        Row(date(2024, 4, 5), "*** Stamp Duty ***", D("0.25")),
        Row(date(2024, 5, 6), "Purchase - Systematic Instalment", D(600), D(1), D(600), D(jump) + 1),
    )
    scheme = Scheme("HDFC Flexi Cap Fund - Growth", "INF179K01608", rows=rows)
    return cams([Folio("10000001 / 90", "HDFC Mutual Fund", (scheme,))], password=PAN)


def test_a_table_is_asked_about_once_and_read_ever_after(desk: Desk) -> None:
    found = receive(desk, TABLE)
    assert (found.format, found.is_known) == ("table", False)
    assert found.table is not None
    assert found.table.header[:2] == ("When", "Deal")
    with desk.database.writing() as db, pytest.raises(Misuse, match="nobody has said") as asked:
        imports.preview_kept(db, desk.house, desk.viewer, desk.account.id, found.sha256)
    assert asked.value.field == "columns"
    assert explain(desk, found.sha256).is_known
    done = commit(desk, found.sha256)
    assert (done.added, done.refused) == (2, 1)
    assert desk.quantity("INFY") == 6
    again = receive(desk, TABLE + b"05-05-2025,Buy,TCS,1,3000,0\n", "later.csv")
    assert again.is_known
    done = commit(desk, again.sha256)
    assert (done.added, done.repeated) == (1, 2)


def test_what_one_person_said_of_a_table_is_not_another_ones(desk: Desk) -> None:
    found = receive(desk, TABLE)
    explain(desk, found.sha256)
    other = desk.neighbour()
    with desk.database.writing() as db:
        with pytest.raises(NotFound):
            uploads.remember(db, desk.house, other.viewer, found.sha256, SAID)
        with pytest.raises(NotFound):
            imports.preview_with_rows(db, desk.house, other.viewer, other.account.id, found.sha256)
        arrival = uploads.opened(desk.house, other.viewer, "t.csv", TABLE)
        theirs = uploads.receive(db, desk.house, other.viewer, arrival)
        assert not theirs.is_known
        assert mappings.listed(db, other.viewer) == []


def test_a_reader_may_not_take_files_in(desk: Desk) -> None:
    reader = Viewer(desk.viewer.person, Role.READER)
    with pytest.raises(Forbidden):
        uploads.opened(desk.house, reader, "t.csv", TABLE)


def test_every_row_has_its_verdict(desk: Desk) -> None:
    found = receive(desk, TABLE)
    explain(desk, found.sha256)
    with desk.database.writing() as db:
        seen, every = imports.preview_with_rows(db, desk.house, desk.viewer, desk.account.id, found.sha256)
        _, wrong = imports.preview_with_rows(
            db, desk.house, desk.viewer, desk.account.id, found.sha256, RowFate.REFUSED
        )
    assert seen.rows_total == len(every) == 3
    assert [(one.row, one.fate) for one in every] == [
        (2, RowFate.FRESH),
        (3, RowFate.FRESH),
        (4, RowFate.REFUSED),
    ]
    assert every[2].what is None
    assert "'Swap' is unknown" in every[2].problems[0].problem
    assert wrong == [every[2]]
    first = every[0].what
    assert first is not None
    assert first.fees == Money.of(20)
    with desk.database.reading() as db:
        assert list(transactions.of_account(db, desk.viewer, desk.account.id)) == []


def test_a_statement_is_opened_once_and_its_password_is_nowhere(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    found = receive(desk, statement(), "cas.pdf", PAN)
    assert (found.format, found.filename) == ("cas", "cas.pdf")
    done = commit(desk, found.sha256)
    assert (done.added, done.refused) == (2, 0)
    with desk.database.reading() as db:
        kept = kept_imports.find(db, desk.viewer, found.sha256)
        facts = list(transactions.of_account(db, desk.viewer, desk.account.id))
    assert kept is not None
    assert PAN.encode() not in kept.content
    assert PAN not in caplog.text
    assert [fact.fact.kind for fact in facts] == [Kind.BUY, Kind.SIP]
    assert facts[0].fact.fees == Money.of("0.25")
    assert commit(desk, receive(desk, statement(), "again.pdf", PAN).sha256).repeated == 2
    with desk.database.writing() as db:
        assert imports.undo(db, desk.house, desk.viewer, done.id) == 2
    assert desk.look().rows == ()


def test_a_wrong_password_keeps_nothing(desk: Desk) -> None:
    with pytest.raises(Misuse, match="does not open"):
        receive(desk, statement(), "cas.pdf", "BBBBB1111B")
    with desk.database.reading() as db:
        assert kept_imports.listed(db, desk.viewer, None, 5) == []


def test_a_statement_that_contradicts_itself_shows_it_and_leaves_the_scheme_out(desk: Desk) -> None:
    found = receive(desk, statement(jump="50"), "cas.pdf", PAN)
    with desk.database.writing() as db:
        seen, every = imports.preview_with_rows(db, desk.house, desk.viewer, desk.account.id, found.sha256)
    assert seen.fresh == 0
    assert seen.warnings
    assert all("left out" in one.problems[0].problem for one in every)
    assert commit(desk, found.sha256).added == 0


def book_of(desk: Desk) -> str:
    with desk.database.reading() as db:
        return booktexts.text_of(db, desk.viewer)


def zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("README.txt", "a note")
        archive.writestr("book.txt", text)
    return out.getvalue()


@pytest.mark.parametrize("is_zip", [False, True], ids=["text", "zip"])
def test_our_own_export_comes_back_as_it_went(desk: Desk, is_zip: bool) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500\n2024-05-01 sell 4 NSE:INFY @ 1600")
    text = book_of(desk)
    other = desk.neighbour()
    content = zipped(text) if is_zip else text.encode()
    with desk.database.writing() as db:
        arrival = uploads.opened(desk.house, other.viewer, "export", content)
        found = uploads.receive(db, desk.house, other.viewer, arrival)
        assert found.format == uploads.BOOK
        kept = uploads.kept_of(db, other.viewer, found.sha256)
        seen = bookfiles.preview_book(db, desk.house, other.viewer, kept)
        assert (seen.added, seen.repeated, seen.problems) == (2, 0, ())
        again = bookfiles.preview_book(db, desk.house, other.viewer, kept)
        assert again.added == 2, "a dry run keeps nothing"
        bookfiles.record_book(db, desk.house, other.viewer, kept)
        assert bookfiles.preview_book(db, desk.house, other.viewer, kept).repeated == 2


def test_a_book_with_a_wrong_line_names_it(desk: Desk) -> None:
    with desk.database.writing() as db:
        content = b"2024-04-01 buy 10 NSE:INFY @ 1500\n2024-05-01 sell 40 NSE:INFY @ 1600\n"
        arrival = uploads.opened(desk.house, desk.viewer, "book.txt", content)
        found = uploads.receive(db, desk.house, desk.viewer, arrival)
        kept = uploads.kept_of(db, desk.viewer, found.sha256)
        seen = bookfiles.preview_book(db, desk.house, desk.viewer, kept, desk.account.name)
    assert seen.added == 0
    assert seen.problems[0].place == "book.txt:2"


def test_a_book_in_another_encoding_names_the_line(desk: Desk) -> None:
    content = b"2024-04-01 deposit 5\n2024-04-01 buy 1 NSE:\xff @ 5"
    kept = Upload("book.txt", "0" * 64, content, desk.clock.now())
    with desk.database.writing() as db, pytest.raises(Misuse, match="no UTF-8 text at line 2"):
        bookfiles.preview_book(db, desk.house, desk.viewer, kept)


def test_a_torn_export_is_refused(desk: Desk) -> None:
    torn = zipped("2024-04-01 deposit 5")[:-30]
    with desk.database.writing() as db, pytest.raises(Misuse, match="damaged"):
        imports.preview(db, desk.house, desk.viewer, desk.account.id, "export.zip", torn)


def test_a_long_file_is_recorded_in_the_background_once(desk: Desk) -> None:
    found = receive(desk, TABLE)
    explain(desk, found.sha256)
    with desk.database.writing() as db:
        job = imports.ask_commit(db, desk.house, desk.viewer, desk.account.id, found.sha256)
        assert imports.ask_commit(db, desk.house, desk.viewer, desk.account.id, found.sha256) == job
    jobs.run(desk.house, job)
    with desk.database.reading() as db:
        ended = job_rows.job_of(db, desk.viewer, job)
        (done,) = kept_imports.listed(db, desk.viewer, None, 5)
    assert ended.state is JobState.DONE
    assert ended.result == {"import": done.id, "added": 2, "repeated": 0, "refused": 1}
    assert desk.quantity("INFY") == 6


def test_another_persons_file_is_not_recorded_in_the_background(desk: Desk) -> None:
    found, other = receive(desk, TABLE), desk.neighbour()
    with desk.database.writing() as db, pytest.raises(NotFound):
        imports.ask_commit(db, desk.house, other.viewer, other.account.id, found.sha256)
