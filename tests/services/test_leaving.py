"""Leaving: everything is taken along, secrets go at once, and after the grace nothing of a person is left."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from tests.house.store_world import full_books
from tests.services.desks import Desk, seated
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import JobId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import FixedClock
from tunefolio.services import booktexts, export_person, jobs, leaving, textbooks
from tunefolio.services.audit import CONSOLE
from tunefolio.services.booktexts import Depth
from tunefolio.services.export_tables import EXPORTED, HIDDEN, LEFT_OUT
from tunefolio.services.leaving import Leaving
from tunefolio.services.proofs import ProofNeeded
from tunefolio.store import erasure_person, exports, person_rows, persons, proofs, sessions
from tunefolio.store.columns import Bytes
from tunefolio.store.tables import OWNED, audit, departures, metadata
from tunefolio.store.tables import persons as people

CONSOLE_ADMIN = Viewer(CONSOLE, Role.ADMIN)
MARK = "canarywharf"
EMAIL = f"{MARK}@example.org"


def moved_in(desk: Desk) -> Viewer:
    """Somebody with a row in every owned table, who is no admin; all her texts hold MARK."""
    with desk.database.writing() as db:
        viewer, _ = full_books(db, MARK)
        db.execute(update(people).where(people.c.id == viewer.person).values(role=Role.MEMBER))
    return Viewer(viewer.person, Role.MEMBER)


def counts(desk: Desk, viewer: Viewer) -> dict[str, int]:
    with desk.database.reading() as db:
        return {
            table.name: db.execute(
                select(func.count()).select_from(table).where(table.c.owner_id == viewer.person)
            ).scalar_one()
            for table in OWNED
        }


def zipped(desk: Desk, viewer: Viewer) -> zipfile.ZipFile:
    buffer = io.BytesIO()
    with desk.database.reading() as db:
        export_person.write_zip(db, viewer, buffer, desk.house.clock.now())
    return zipfile.ZipFile(buffer)


def departed(desk: Desk, viewer: Viewer) -> None:
    with desk.database.writing() as db:
        leaving.leave(db, desk.house, viewer, typed=EMAIL)


def later(desk: Desk, span: timedelta) -> None:
    clock = desk.house.clock
    assert isinstance(clock, FixedClock)
    clock.advance(span)


def test_every_owned_table_is_exported_or_left_out_with_a_reason() -> None:
    named = {table.name for table in OWNED}
    assert EXPORTED.keys() | LEFT_OUT.keys() == named
    assert not EXPORTED.keys() & LEFT_OUT.keys()
    assert all(len(reason) > 10 for reason in LEFT_OUT.values())


def test_no_secret_column_is_exported() -> None:
    secret = {
        (table.name, column.name)
        for table in OWNED
        for column in table.columns
        if isinstance(column.type, Bytes)
        or column.name.endswith("_hash")
        or column.name in {"token", "secret", "api_key", "credentials", "pan", "target"}
    }
    shown = {
        (table, column)
        for table in EXPORTED
        for column in person_rows.columns_of(table, but=HIDDEN.get(table, ()))
    }
    assert len(secret) > 15
    assert shown & secret == set()


def test_the_export_has_every_row_as_csv_and_as_json(desk: Desk) -> None:
    viewer = moved_in(desk)
    there = counts(desk, viewer)
    archive = zipped(desk, viewer)
    names = set(archive.namelist())
    for table in EXPORTED:
        rows = json.loads(archive.read(f"json/{table}.json"))
        assert len(rows) == there[table] > 0, table
        assert {f"csv/{table}.csv", f"json/{table}.json"} <= names
        lines = archive.read(f"csv/{table}.csv").decode()
        assert lines.startswith(",".join(rows[0])), table
    fact = json.loads(archive.read("json/transactions.json"))[0]
    assert isinstance(fact["amount"], str)
    symbols = {row["symbol"] for row in json.loads(archive.read("json/instruments.json"))}
    assert {"INFY", MARK} <= symbols
    (you,) = json.loads(archive.read("json/you.json"))
    assert (you["email"], "password_hash" in you) == (EMAIL, False)
    readme = archive.read("README.txt").decode()
    assert all(table in readme for table in {*EXPORTED, *LEFT_OUT})
    (sent,) = [name for name in names if name.startswith("files/")]
    assert archive.read(sent) == MARK.encode()


@pytest.fixture
def empty(migrated_file: Path, tmp_path: Path) -> Iterator[Desk]:
    """Another house with nothing in it."""
    shutil.copy(migrated_file, tmp_path / "other.db")
    with seated(f"sqlite:///{tmp_path / 'other.db'}") as made:
        yield made


BOOK = """\
portfolio "Family" INR
account "Zerodha" INR hifo
2023-04-01 deposit 900000 ^d1
2023-04-03 buy 10 NSE:INFY @ 1400 fee 12.5 ^t1
2023-09-01 fee 118 ^wrong
2023-09-02 reverse ^wrong
2023-09-03 transfer_out 4 NSE:INFY to "Kotak" ^t2
account "Kotak" INR average
2023-10-04 deposit 100 ^k1
portfolio "Abroad" USD
account "IB" USD
2024-01-02 deposit 5000 ^i1
"""


def test_a_fresh_house_reads_the_books_back(desk: Desk, empty: Desk) -> None:
    with desk.database.writing() as db:
        textbooks.import_text(db, desk.house, desk.viewer, BOOK.split("\n"), file="my.book")
    archive = zipped(desk, desk.viewer)
    text = archive.read("books/everything.txt").decode()
    with empty.house.database.writing() as db:
        textbooks.import_text(db, empty.house, empty.viewer, text.split("\n"), file="my.book")
    with desk.database.reading() as mine, empty.house.database.reading() as theirs:
        assert booktexts.text_of(mine, desk.viewer, depth=Depth.HISTORY) == text
        assert booktexts.text_of(theirs, empty.viewer, depth=Depth.HISTORY) == text
    shelves = [name for name in archive.namelist() if name.startswith("books/")]
    assert {name.rpartition("-")[2] for name in shelves} >= {"family.txt", "abroad.txt"}


def test_the_job_makes_it_and_it_is_given_out_for_a_day(desk: Desk) -> None:
    viewer, house = desk.viewer, desk.house
    with house.database.writing() as db:
        id = export_person.ask_export(db, house, viewer)
        assert export_person.ask_export(db, house, viewer) == id, "one that is being made is enough"
        now = house.clock.now()
        session = sessions.add(db, viewer, "hash", "", "", now, now + timedelta(days=9))
    with house.database.reading() as db:
        wanted = exports.export_of(db, viewer, id)
        with pytest.raises(NotFound):
            export_person.may_download(db, house, viewer, session, id)
    jobs.run(house, wanted.job)
    with house.database.reading() as db, pytest.raises(ProofNeeded):
        export_person.may_download(db, house, viewer, session, id)
    with house.database.writing() as db:
        proofs.put(db, viewer, session, house.clock.now())
        made = export_person.may_download(db, house, viewer, session, id)
    whole = b"".join(export_person.iter_stretch(house, viewer, made, 0, made.bytes))
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    assert b"".join(export_person.iter_stretch(house, viewer, made, 100, 900)) == whole[100:900]
    later(desk, timedelta(hours=24))
    with house.database.reading() as db, pytest.raises(NotFound):
        export_person.may_download(db, house, viewer, session, id)


def test_secrets_go_at_once_and_the_books_stay(desk: Desk) -> None:
    viewer = moved_in(desk)
    before = counts(desk, viewer)
    departed(desk, viewer)
    after = counts(desk, viewer)
    for table in erasure_person.PROVING:
        assert before[table.name] > 0
        kept = 1 if table.name == "mail_links" else 0
        assert after[table.name] <= kept, table.name
    for name in ("transactions", "snapshots", "watchlists", "statements", "uploads"):
        assert after[name] == before[name]
    for name in ("authenticators", "recovery_codes", "passkeys", "external_identities"):
        assert after[name] == before[name] > 0, f"{name}: by these she comes back"
    with desk.database.reading() as db:
        person = persons.person_of(db, viewer.person)
        assert person.leaving == desk.house.clock.now() + desk.house.rules.grace
        assert sessions.listed(db, viewer, desk.house.clock.now()) == []


def test_taken_back_it_stays(desk: Desk) -> None:
    viewer = moved_in(desk)
    departed(desk, viewer)
    with desk.database.writing() as db:
        leaving.stay(db, desk.house, viewer)
        with pytest.raises(Misuse, match="not being deleted"):
            leaving.stay(db, desk.house, viewer)
    later(desk, timedelta(days=30))
    assert not leaving.erase(desk.house, viewer.person)
    assert counts(desk, viewer)["transactions"] > 0


def test_what_the_operator_did_the_operator_takes_back(desk: Desk) -> None:
    """Also where she had wanted it herself before; and her own wish she takes back as ever."""
    viewer, house = moved_in(desk), desk.house
    with house.database.writing() as db:
        leaving.leave(db, house, viewer, typed=EMAIL)
        assert leaving.asked_by(db, viewer) is leaving.AskedBy.HERSELF
        person = persons.person_of(db, viewer.person)
        with pytest.raises(Leaving):
            leaving.must_be_free_to_export(db, person)
        assert leaving.dismiss(db, house, CONSOLE_ADMIN, person) == person.leaving, "the day stays"
        assert leaving.asked_by(db, viewer) is leaving.AskedBy.OPERATOR
        leaving.must_be_free_to_export(db, person)
        with pytest.raises(Forbidden, match="Ask the operator"):
            leaving.stay(db, house, viewer)
        with pytest.raises(Forbidden):
            leaving.retain(db, house, viewer, person)
        leaving.retain(db, house, CONSOLE_ADMIN, person)
        assert persons.person_of(db, viewer.person).leaving is None
        leaving.leave(db, house, viewer, typed=EMAIL)
        leaving.stay(db, house, viewer)


def test_another_address_and_the_last_admin_are_refused(desk: Desk) -> None:
    viewer = moved_in(desk)
    with desk.database.writing() as db:
        with pytest.raises(Misuse, match="not the one you sign in with"):
            leaving.leave(db, desk.house, viewer, typed="other@example.org")
        db.execute(update(people).where(people.c.id != viewer.person).values(role=Role.MEMBER))
        db.execute(update(people).where(people.c.id == viewer.person).values(role=Role.ADMIN))
        with pytest.raises(Misuse, match="last admin"):
            leaving.leave(db, desk.house, Viewer(viewer.person, Role.ADMIN), typed=EMAIL)


def test_not_before_the_grace_is_over(desk: Desk) -> None:
    viewer = moved_in(desk)
    departed(desk, viewer)
    later(desk, desk.house.rules.grace - timedelta(seconds=1))
    assert not leaving.erase(desk.house, viewer.person)
    later(desk, timedelta(seconds=1))
    assert leaving.erase(desk.house, viewer.person)
    assert not leaving.erase(desk.house, viewer.person), "a second time there is nothing left"


def test_after_the_grace_no_row_and_no_word_of_hers_is_left(desk: Desk) -> None:
    """Every row of every table is searched for her name, address and device."""
    viewer = moved_in(desk)
    neighbour = desk.viewer
    with desk.database.writing() as db:
        told = {
            "owner_id": neighbour.person, "actor_id": viewer.person, "at": desk.house.clock.now(),
            "last_at": desk.house.clock.now(), "action": "grant.offered", "subject": "grant:1",
            "details": {"email": EMAIL, "name": MARK}, "address": MARK, "device": MARK,
        }  # fmt: skip
        db.execute(insert(audit).values(told))
    before = counts(desk, neighbour)
    departed(desk, viewer)
    later(desk, desk.house.rules.grace)
    assert leaving.erase(desk.house, viewer.person)
    assert set(counts(desk, viewer).values()) == {0}
    assert counts(desk, neighbour) == before
    friends = (f"{MARK}-friend", f"{MARK}-other")  # people of their own, whom full_books named after her
    with desk.database.reading() as db:
        for table in metadata.sorted_tables:
            told_of = [repr(row) for row in db.execute(select(table)).all()]
            assert [row for row in told_of if MARK in row and not any(f in row for f in friends)] == []
        assert db.execute(select(departures)).all() == []
        gone = persons.person_of(db, viewer.person)
        assert (gone.name, gone.email) == (erasure_person.NOBODY, f"gone-{viewer.person}@erased.invalid")
        assert viewer.person not in {one.id for one in persons.listed(db, CONSOLE_ADMIN, None, 100)}


def test_no_byte_of_hers_is_left_in_the_file(migrated_file: Path, tmp_path: Path) -> None:
    """SQLite's file and its log are searched, not its rows: what was deleted is overwritten."""
    path = tmp_path / "house.db"
    shutil.copy(migrated_file, path)
    with seated(f"sqlite:///{path}") as desk:
        viewer = moved_in(desk)
        assert MARK.encode() in path.read_bytes() + Path(f"{path}-wal").read_bytes()
        with desk.database.writing() as db:
            for kind in ("friend", "other"):
                hers = people.c.email == f"{MARK}-{kind}@example.org"
                db.execute(update(people).where(hers).values(email=f"{kind}@x.org", name=kind))
        departed(desk, viewer)
        later(desk, desk.house.rules.grace)
        leaving.erase(desk.house, viewer.person)
        log = Path(f"{path}-wal")
        left = path.read_bytes()
        assert MARK.encode() not in left
        assert not log.exists() or MARK.encode() not in log.read_bytes()


def test_the_duty_erases_who_is_due_and_a_broken_one_begins_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = moved_in(desk)
    departed(desk, viewer)
    later(desk, desk.house.rules.grace)
    before = counts(desk, viewer)

    class Killed(BaseException):
        """The process ends here."""

    def dies(*_: object) -> None:
        raise Killed()

    with monkeypatch.context() as patched:
        patched.setattr(erasure_person, "anonymise", dies)
        with pytest.raises(Killed):
            leaving.erase(desk.house, viewer.person)
    assert counts(desk, viewer) == before, "all or nothing"
    with desk.database.writing() as db:
        job: JobId = jobs.ask(db, desk.house, "erase_leavers", {}, owner=None)
    jobs.run(desk.house, job)
    assert set(counts(desk, viewer).values()) == {0}


def test_the_log_lets_go_of_a_leavers_rows_alone(desk: Desk) -> None:
    """Without a departure nothing is changed; with one, others' rows stay and their deeds too."""
    viewer, neighbour = moved_in(desk), desk.viewer
    entry = {
        "owner_id": neighbour.person, "actor_id": neighbour.person, "at": desk.house.clock.now(),
        "last_at": desk.house.clock.now(), "action": "sign_in.done", "subject": "", "details": {},
        "address": "here", "device": "",
    }  # fmt: skip
    with desk.database.writing() as db:
        db.execute(insert(audit).values(entry))
    hers, others = audit.c.owner_id == viewer.person, audit.c.owner_id == neighbour.person
    stays = (delete(audit).where(hers), update(audit).where(hers).values(address=""))
    for statement in stays:
        with pytest.raises(DBAPIError, match="append-only"), desk.database.writing() as db:
            db.execute(statement)
    still = (delete(audit).where(others), update(audit).where(others).values(action="x"))
    for statement in still:
        with desk.database.engine.connect() as connection, connection.begin() as change:
            connection.execute(insert(departures).values(person_id=viewer.person))
            with pytest.raises(DBAPIError, match="append-only"):
                connection.execute(statement)
            change.rollback()
