"""Commands on a real house, on both databases: people, books, care."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunefolio import cli
from tunefolio.bootstrap.runtime import build
from tunefolio.cli import Exit
from tunefolio.core.secret import Secret
from tunefolio.services import identity, portfolios, recovery
from tunefolio.services.house import House
from tunefolio.settings import Settings
from tunefolio.store import accounts, passkeys, persons
from tunefolio.store.vault import KeyRing

Call = Callable[..., tuple[int, str, str]]
HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time\n"
)
TRADEBOOK = (
    HEADER
    + """\
INFY,INE009A01021,2024-04-01,NSE,EQ,EQ,buy,false,10.000000,1500.000000,1001,2001,2024-04-01T10:00:00
INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,sell,false,4.000000,1450.000000,1002,2002,2024-05-02T10:00:00
"""
)


@pytest.fixture
def call(
    migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Call]:
    """call("user", "list") → (exit code, standard output, standard error)."""
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "folio"))
    root = logging.getLogger()
    before, level = list(root.handlers), root.level

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = cli.main(words)
        out, err = capsys.readouterr()
        return code, out, err

    yield run
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def house(call: Call, migrated_url: str, tmp_path: Path) -> Iterator[House]:
    environ = {"TUNEFOLIO_DATABASE_URL": migrated_url, "TUNEFOLIO_HOME": str(tmp_path / "folio")}
    runtime = build(Settings.from_env(environ))
    yield runtime.house
    runtime.close()


def value(answer: tuple[int, str, str], code: int = Exit.OK) -> Any:
    assert (answer[0], answer[2]) == (code, "")
    return json.loads(answer[1])


def an_account(house: House, email: str = "asha@example.com", name: str = "Demat") -> None:
    with house.database.writing() as db:
        found = persons.find_by_email(db, email)
        assert found is not None
        home = portfolios.first_portfolio(db, house, found[0].viewer)
        portfolios.create_account(db, house, found[0].viewer, home.id, name)


def test_people_are_added_listed_changed_and_shut_out(call: Call, house: House) -> None:
    first = value(call("user", "add", "Asha@example.com", "--json"))
    assert (first["email"], first["role"]) == ("asha@example.com", "admin")
    identity.log_in(house, "asha@example.com", Secret(first["password"]), "x", "10.0.0.1")
    second = value(
        call("user", "add", "b@example.com", "--password-stdin", "--json", typed="a long sentence\n")
    )
    assert second["role"] == "member"
    assert "password" not in second
    identity.log_in(house, "b@example.com", Secret("a long sentence"), "x", "10.0.0.1")
    assert value(call("user", "role", "b@example.com", "reader", "--json"))["role"] == "reader"
    assert value(call("user", "disable", "b@example.com", "--json"))["state"] == "disabled"
    rows = value(call("user", "list", "--json"))
    assert [(row["email"], row["role"], row["state"]) for row in rows] == [
        ("asha@example.com", "admin", "active"),
        ("b@example.com", "reader", "disabled"),
    ]
    assert value(call("user", "enable", "b@example.com", "--json"))["state"] == "active"
    fresh = value(call("user", "password", "b@example.com", "--json"))["password"]
    identity.log_in(house, "b@example.com", Secret(fresh), "x", "10.0.0.1")


def test_the_operator_hands_out_links_locks_and_takes_factors_away(call: Call, house: House) -> None:
    call("user", "add", "asha@example.com")
    value(call("user", "add", "b@example.com", "--password-stdin", "--json", typed="a long sentence\n"))
    url = value(call("user", "reset", "b@example.com", "--json"))["url"]
    recovery.reset(house, Secret(url.partition("token=")[2]), Secret("another long sentence"))
    identity.log_in(house, "b@example.com", Secret("another long sentence"), "x", "10.0.0.1")
    assert call("user", "links")[1].strip() == "Nobody waits for a link."
    with house.database.writing() as db:
        found = persons.find_by_email(db, "b@example.com")
        assert found is not None
        recovery.ask_verification(db, house, found[0].viewer)
    (wanted,) = value(call("user", "links", "--json"))
    assert (wanted["email"], wanted["for"]) == ("b@example.com", "verify")
    assert "/confirm?token=" in wanted["url"]
    assert value(call("user", "lock", "b@example.com", "--json"))["state"] == "disabled"
    assert value(call("user", "unlock", "b@example.com", "--json"))["state"] == "active"
    assert value(call("user", "promote", "b@example.com", "--json"))["role"] == "admin"
    assert value(call("user", "demote", "b@example.com", "--json"))["role"] == "member"
    assert value(call("user", "remove-factors", "b@example.com", "--json"))["removed"] is False


def test_taking_factors_away_leaves_nobody_without_a_way_in(call: Call, house: House) -> None:
    """Somebody who has neither password nor provider comes in by her passkey alone."""
    call("user", "add", "b@example.com")
    with house.database.writing() as db:
        found = persons.find_by_email(db, "b@example.com")
        assert found is not None
        viewer, now = found[0].viewer, house.clock.now()
        persons.set_password(db, viewer, "")
        passkeys.add(db, viewer, b"key", b"key", 0, transports=[], name="Phone", now=now)
    code, _, problem = call("user", "remove-factors", "b@example.com")
    assert code == Exit.USAGE
    assert "tunefolio user reset b@example.com" in problem
    with house.database.reading() as db:
        assert len(passkeys.listed(db, viewer)) == 1
    code, said, _ = call("user", "remove-factors", "b@example.com", "--yes")
    assert (code, "has no way in" in said) == (Exit.OK, True)
    with house.database.reading() as db:
        assert passkeys.listed(db, viewer) == []


def test_looking_at_the_links_ends_none_that_was_mailed(
    call: Call, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is shown is a fresh one: where mail goes it is made for the person who is named alone."""
    call("user", "add", "b@example.com")
    with house.database.writing() as db:
        found = persons.find_by_email(db, "b@example.com")
        assert found is not None
        recovery.ask_verification(db, house, found[0].viewer)
    (shown,) = value(call("user", "links", "--json"))
    monkeypatch.setenv("TUNEFOLIO_SMTP_URL", "smtp://house%40example.com:x@127.0.0.1:9")
    (listed,) = value(call("user", "links", "--json"))
    assert listed["url"] == "by mail"
    with house.database.reading() as db:
        assert recovery.pending(db, house, Secret(shown["url"].partition("token=")[2])) is not None
    (hers,) = value(call("user", "links", "b@example.com", "--json"))
    with house.database.reading() as db:
        assert recovery.pending(db, house, Secret(shown["url"].partition("token=")[2])) is None
        assert recovery.pending(db, house, Secret(hers["url"].partition("token=")[2])) is not None


def test_an_invite_from_the_command_line_lets_one_person_in(call: Call, house: House) -> None:
    code, out, err = call("user", "invite")
    assert (code, out) == (Exit.USAGE, "")
    assert "no admin yet" in err
    call("user", "add", "asha@example.com")
    made = value(call("user", "invite", "--role", "reader", "--json"))
    assert made["url"].endswith(f"/sign-up?invite={made['code']}")
    with house.database.writing() as db:
        joined = identity.sign_up(
            db, house, "c@example.com", "C", Secret("a long sentence"), invite=Secret(made["code"])
        )
    assert joined.role == "reader"


def test_errors_are_one_line_with_the_cure_and_no_trace(call: Call) -> None:
    call("user", "add", "asha@example.com")
    for words in (
        ("user", "add", "asha@example.com"),
        ("user", "role", "asha@example.com", "member"),
        ("user", "add", "not-an-address"),
        ("import", "/no/such/file.csv"),
        ("import",),
    ):
        code, out, err = call(*words)
        assert (code, out) == (Exit.USAGE, "")
        assert err.startswith("tunefolio: ")
        assert err.count("\n") == 1
    code, out, err = call("user", "role", "nobody@example.com", "member", "--json")
    assert (code, err) == (Exit.USAGE, "")
    assert json.loads(out) == {
        "error": "person nobody@example.com was not found",
        "kind": "NotFound",
        "exit": 2,
    }


def test_a_wrong_setting_stops_every_command(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEFOLIO_ZERODHA_ROOT_URL", "nonsense")
    code, _, err = call("check")
    assert code == Exit.USAGE
    assert "TUNEFOLIO_ZERODHA_ROOT_URL" in err
    monkeypatch.setenv("TUNEFOLIO_ZERODHA_ROOT_URL", "")
    monkeypatch.setenv("TUNEFOLIO_PROT", "1")
    assert "TUNEFOLIO_PORT?" in call("check")[2]


def test_a_tradebook_is_tried_imported_repeated_and_undone(call: Call, house: House, tmp_path: Path) -> None:
    path = tmp_path / "tradebook-AB1234-EQ.csv"
    path.write_text(TRADEBOOK)
    call("user", "add", "asha@example.com")
    assert "--new-account NAME" in call("import", str(path))[2]
    an_account(house)
    tried = value(call("import", str(path), "--dry-run", "--json"))
    assert (tried["fresh"], tried["repeated"], tried["problems"]) == (2, 0, [])
    done = value(call("import", str(path), "--json"))
    assert (done["added"], done["repeated"], done["refused"]) == (2, 0, 0)
    again = value(call("import", str(path), "--json"))
    assert (again["added"], again["repeated"]) == (0, 2)
    assert value(call("import", "--undo", str(done["import"]), "--json"))["taken_back"] == 2
    code, out, _ = call("import", str(path))
    assert code == Exit.OK
    assert "2 added, 0 known already, 0 refused" in out


def test_the_account_and_the_person_must_be_said_when_there_are_several(
    call: Call, house: House, tmp_path: Path
) -> None:
    path = tmp_path / "tradebook.csv"
    path.write_text(TRADEBOOK)
    for email in ("asha@example.com", "b@example.com"):
        call("user", "add", email)
        an_account(house, email)
    an_account(house, name="Second demat")
    assert "--user EMAIL" in call("import", str(path))[2]
    assert "Demat, Second demat" in call("import", str(path), "--user", "asha@example.com")[2]
    assert call("import", str(path), "--user", "asha@example.com", "--account", "nope")[0] == Exit.USAGE
    done = call("import", str(path), "--user", "asha@example.com", "--account", "second demat")
    assert (done[0], done[2]) == (Exit.OK, "")
    with house.database.reading() as db:
        found = persons.find_by_email(db, "b@example.com")
        assert found is not None
        assert len(accounts.listed(db, found[0].viewer)) == 1
    assert call("import", str(path), "--user", "b@example.com", "--account", "second demat")[0] == Exit.USAGE


def test_a_file_that_is_none_and_one_that_is_too_large(
    call: Call, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("user", "add", "asha@example.com")
    an_account(house)
    path = tmp_path / "holiday.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    assert "no known format" in call("import", str(path))[2]
    path.write_bytes(b"x" * (1024 * 1024 + 1))
    monkeypatch.setenv("TUNEFOLIO_UPLOAD_LIMIT_MIB", "1")
    code, _, err = call("import", str(path))
    assert code == Exit.USAGE
    assert "larger than 1 MiB" in err


def test_snapshot_sync_and_check_of_a_small_house(call: Call, house: House, tmp_path: Path) -> None:
    call("user", "add", "asha@example.com")
    assert value(call("sync", "--json")) == []
    assert call("snapshot")[1] == "Nothing to freeze.\n"
    an_account(house)
    path = tmp_path / "tradebook.csv"
    path.write_text(TRADEBOOK)
    call("import", str(path))
    [row] = value(call("snapshot", "--json"))
    assert (row["account"], row["unpriced"]) == ("Demat", 1)
    assert call("sync", "--account", "Demat")[0] == Exit.USAGE
    assert value(call("check", "--json")) == []
    assert call("check")[1] == "Every law holds.\n"


def test_the_doctor_finds_a_small_house_well_but_for_what_is_not_built(call: Call, house: House) -> None:
    code, out, _ = call("doctor", "--json")
    found = {row["name"]: row for row in json.loads(out)}
    assert {"folder", "key", "database", "schema", "jobs", "clock", "calendar", "broker zerodha"} <= set(
        found
    )
    ill = {name for name, row in found.items() if not row["ok"]}
    assert ill <= {"assets", "port"}
    assert code == (Exit.FINDINGS if ill else Exit.OK)


def test_the_doctor_says_once_what_is_away_and_never_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "folio"))
    away = "postgresql://nobody:hidden@127.0.0.1:1/folio?connect_timeout=2"
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", away)
    monkeypatch.setenv("TUNEFOLIO_REDIS_URL", "redis://:hidden@127.0.0.1:1/0")
    assert cli.main(["doctor"]) == Exit.FINDINGS
    out, err = capsys.readouterr()
    ill = [line for line in out.splitlines() if line.startswith("ILL")]
    assert sum("127.0.0.1" in line for line in ill) == 2
    assert any(line.startswith("ILL redis: Redis at 127.0.0.1:1 does not answer") for line in ill)
    assert "hidden" not in out + err


def test_jobs_show_the_timetable(call: Call, house: House) -> None:
    shown = value(call("jobs", "--json"))
    assert shown["jobs"] == []
    assert "snapshot_sod" in {row["duty"] for row in shown["timetable"]}
    assert all(row["last"] is None for row in shown["timetable"]), "no clock has run here"
    assert all(row["last_reason"].startswith("never yet") for row in shown["timetable"])
    assert "never yet" in call("jobs")[1]


def test_key_rotate_replaces_the_key_and_keeps_it_private(
    call: Call, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folio" / "key"
    before = KeyRing.load(path)
    assert value(call("key", "rotate", "--json")) == {"sealed_anew": 0}
    assert KeyRing.load(path).sealing != before.sealing
    assert path.stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("TUNEFOLIO_KEY", before.text())
    assert call("key", "rotate")[0] == Exit.USAGE


def test_settings_and_version_are_told(call: Call) -> None:
    names = {row["name"] for row in value(call("settings", "--json"))}
    assert {"TUNEFOLIO_PORT", "TUNEFOLIO_<BROKER>_API_KEY"} <= names
    assert value(call("version", "--json"))["tunefolio"]


def test_a_new_account_is_made_for_an_import_and_not_for_a_dry_run(call: Call, tmp_path: Path) -> None:
    call("user", "add", "asha@example.com", "--json")
    book = tmp_path / "book.csv"
    book.write_text(TRADEBOOK)
    unsaid = value(call("import", str(book), "--json"), Exit.USAGE)
    assert "--new-account NAME" in unsaid["error"]
    tried = value(call("import", str(book), "--new-account", "Demat", "--dry-run", "--json"))
    assert (tried["account"], tried["fresh"]) == ("Demat", 2)
    assert value(call("import", str(book), "--json"), Exit.USAGE) == unsaid
    both = value(call("import", str(book), "--new-account", "A", "--account", "B", "--json"), Exit.USAGE)
    assert "Say one of them" in both["error"]
    done = value(call("import", str(book), "--new-account", "Demat", "--json"))
    assert (done["account"], done["added"]) == ("Demat", 2)
    assert value(call("import", str(book), "--json"))["repeated"] == 2


def test_a_bad_file_leaves_no_new_account(call: Call, tmp_path: Path) -> None:
    call("user", "add", "asha@example.com", "--json")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("Dear investor,\nplease find enclosed 10 things\n")
    refused = value(call("import", str(wrong), "--new-account", "Demat", "--json"), Exit.USAGE)
    assert "its first line is 'Dear investor,'" in refused["error"]
    again = value(call("import", str(wrong), "--account", "Demat", "--json"), Exit.USAGE)
    assert again["kind"] == "NotFound"
    assert "cure" not in again["error"]
    missing = value(call("import", str(tmp_path / "no.csv"), "--json"), Exit.USAGE)
    assert "Give the path of a file you can read" in missing["error"]


def test_a_home_that_cannot_be_is_one_line_and_a_cure(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TUNEFOLIO_HOME", str(tmp_path / "file"))
    code, out, err = call("user", "list")
    assert (code, out, err.count("\n")) == (Exit.USAGE, "", 1)
    assert "TUNEFOLIO_HOME" in err


@pytest.mark.parametrize("words", [("check",), ("jobs",), ("up", "--port", "1")])
def test_a_database_that_is_away_is_one_line_and_a_cure(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    away = "postgresql://nobody:hidden@127.0.0.1:1/folio?connect_timeout=2"
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", away)
    monkeypatch.setattr("tunefolio.bootstrap.serve.is_free", lambda *_: True)
    code, out, err = call(*words)
    assert (code, out, err.count("\n")) == (Exit.TRY_AGAIN, "", 1)
    assert "tunefolio doctor" in err
    assert "hidden" not in err


def test_a_file_that_is_no_database_is_one_line_and_a_cure(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ruin.db").write_bytes(b"no database at all" * 100)
    monkeypatch.setenv("TUNEFOLIO_DATABASE_URL", f"sqlite:///{tmp_path / 'ruin.db'}")
    told = value(call("check", "--json"), Exit.FINDINGS)
    assert "tunefolio doctor" in told["error"]
