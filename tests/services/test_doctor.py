"""The doctor: well when well, and for each ailment the cure."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.services.desks import Desk
from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market import calendars
from tunefolio.services.checkups import CHECKS
from tunefolio.services.doctor import Diagnosis, Installation, examine
from tunefolio.store import connections, jobs
from tunefolio.store.db import open_database
from tunefolio.store.vault import KeyRing, Vault

NOW = Instant.parse("2026-11-20T05:00:00+00:00")


@pytest.fixture
def well(migrated_url: str, tmp_path: Path) -> Installation:
    """An installation without a fault."""
    home = tmp_path / "folio"
    home.mkdir(mode=0o700)
    assets = tmp_path / "dist"
    assets.mkdir()
    (assets / "app.js").write_text("")
    KeyRing.load(home / "key")
    return Installation(
        home=home,
        database_url=migrated_url,
        key=None,
        key_file=home / "key",
        host="127.0.0.1",
        port=free_port(),
        clock=FixedClock(NOW),
        calendar=calendars.packaged(),
        brokers={"zerodha": object},
        assets=assets,
        is_rehearsal=False,
    )


def ill(there: Installation) -> dict[str, Diagnosis]:
    found = {one.name: one for one in examine(there) if not one.ok}
    assert all(one.problem and one.cure for one in found.values())
    return found


def test_a_well_installation_is_well(well: Installation) -> None:
    assert [one.name for one in examine(well) if not one.ok] == []
    assert all((one.problem, one.cure) == ("", "") for one in examine(well))


def refuses() -> object:
    raise Misuse("TUNEFOLIO_ZERODHA_ROOT_URL", "is not an address", cure="Write https://host")


AILMENTS: dict[str, tuple[Callable[[Installation], Installation], str]] = {
    "folder": (lambda it: replace(it, home=it.home / "absent"), "does not exist"),
    "key": (lambda it: replace(it, key_file=it.home / "absent"), "backup"),
    "clock": (
        lambda it: replace(it, clock=FixedClock(Instant.parse("2001-01-01T00:00:00+00:00"))),
        "timedatectl",
    ),
    "calendar": (
        lambda it: replace(
            it, clock=FixedClock(Instant.at(it.calendar.known_until.plus_days(-3), NOW.utc.time()))
        ),
        "Update",
    ),
    "assets": (lambda it: replace(it, assets=it.home), "make assets"),
    "demo": (lambda it: replace(it, is_rehearsal=True), "TUNEFOLIO_HOME"),
    "funds": (lambda it: replace(it, register=lambda: "isin.db is missing"), "casparser-isin"),
    "broker zerodha": (lambda it: replace(it, brokers={"zerodha": refuses}), "https://host"),
    "adapter zerodha": (
        lambda it: replace(it, unloaded={"zerodha": ("ImportError: no module kite", "Mend its folder")}),
        "no module kite",
    ),
}


@pytest.mark.parametrize("name", AILMENTS)
def test_each_ailment_is_found_with_its_cure(well: Installation, name: str) -> None:
    change, words = AILMENTS[name]
    found = ill(change(well))
    assert list(found) == [name]
    assert words in f"{found[name].problem} {found[name].cure}"


def test_a_key_that_others_read_and_one_that_is_no_key(well: Installation) -> None:
    well.key_file.chmod(0o644)
    assert "chmod 600" in ill(well)["key"].cure
    well.key_file.chmod(0o600)
    well.key_file.write_text("not base64!")
    assert "base64" in ill(well)["key"].problem
    assert "key" not in ill(replace(well, key=Secret(KeyRing([b"x" * 32]).text())))


def test_secrets_of_another_key(desk: Desk, well: Installation) -> None:
    """The key is one, but not the one; nothing is said where there is nothing to open."""
    here = replace(well, database_url=desk.database.engine.url.render_as_string(hide_password=False))
    assert "secrets" not in ill(here)
    desk.broker_account()
    here = replace(here, brokers={desk.broker.name: object})
    found = ill(here)["secrets"]
    assert "another key" in found.problem
    assert "backup" in found.cure
    assert "secrets" not in ill(replace(here, key=Secret(desk.house.vault.keys.text())))


def test_credentials_of_another_key(desk: Desk, well: Installation) -> None:
    """They are sealed beside the session, and looked at beside it."""
    home = desk.broker_account()
    other = Vault(KeyRing([b"o" * 32]))
    with desk.database.writing() as db:
        connections.keep_credentials(
            db,
            desk.viewer,
            home.id,
            lambda row: other.seal(Secret("{}"), "connections", row, "credentials"),
            automatic_since=None,
        )
    here = replace(
        well,
        database_url=desk.database.engine.url.render_as_string(hide_password=False),
        key=Secret(desk.house.vault.keys.text()),
        brokers={desk.broker.name: object},
    )
    assert ill(here)["secrets"].problem.startswith("1 secrets")


def test_an_account_whose_broker_is_gone_is_found_by_the_doctor(desk: Desk, well: Installation) -> None:
    desk.broker_account()
    here = replace(well, database_url=desk.database.engine.url.render_as_string(hide_password=False))
    assert "not installed any more" in ill(here)["accounts"].problem


def test_a_database_of_a_newer_release_and_one_that_is_none(well: Installation, tmp_path: Path) -> None:
    with closing(open_database(well.database_url)) as base, base.writing() as db:
        db.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    found = ill(well)
    assert list(found) == ["schema"]
    assert "newer TuneFolio" in found["schema"].cure
    assert not {"secrets", "jobs", *CHECKS} & {one.name for one in examine(well)}
    (tmp_path / "ruin.db").write_bytes(b"no database at all" * 100)
    found = ill(replace(well, database_url=f"sqlite:///{tmp_path / 'ruin.db'}"))
    assert "from your backup" in found["database"].cure


def test_a_home_that_is_a_file(well: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = ill(replace(well, home=tmp_path / "file"))["folder"]
    assert "is not a folder" in found.problem


def test_a_folder_open_to_others(well: Installation) -> None:
    well.home.chmod(0o755)
    assert "chmod 700" in ill(well)["folder"].cure


def test_a_taken_port(well: Installation) -> None:
    with closing(socket.socket()) as other:
        other.bind((well.host, well.port))
        other.listen()
        assert list(ill(well)) == ["port"]


def test_a_database_that_does_not_answer(well: Installation) -> None:
    found = ill(
        replace(well, database_url=f"postgresql://nobody@127.0.0.1:{free_port()}/folio?connect_timeout=2")
    )
    assert list(found) == ["database"], "what reads its tables would only repeat it"
    assert "does not answer" in found["database"].problem


def test_a_database_that_is_not_there_or_empty(well: Installation, tmp_path: Path) -> None:
    assert list(ill(replace(well, database_url=f"sqlite:///{tmp_path / 'no.db'}"))) == ["database"]
    assert not (tmp_path / "no.db").exists()
    (tmp_path / "empty.db").touch()
    found = ill(replace(well, database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
    assert "tunefolio up" in found["schema"].cure


def test_tables_that_do_not_say_of_which_release_they_are(well: Installation) -> None:
    """`tunefolio up` would try to make them, and fail."""
    with closing(open_database(well.database_url)) as base, base.writing() as db:
        db.connection.exec_driver_sql("DELETE FROM alembic_version")
    assert "alembic_version is empty" in ill(well)["schema"].problem


def test_a_redis_that_is_away(well: Installation) -> None:
    assert "redis" not in {one.name for one in examine(well)}
    here = replace(well, redis="shared:6379")
    assert list(ill(replace(here, redis_answers=lambda: False))) == ["redis"]
    assert "redis" in {one.name for one in examine(here)} - ill(here).keys()


def test_a_job_whose_process_died_and_that_nobody_takes_over(well: Installation) -> None:
    with closing(open_database(well.database_url)) as base, base.writing() as db:
        id, _ = jobs.add(db, None, "check", {}, now=NOW - timedelta(hours=2))
        begun = NOW - timedelta(hours=1)
        assert jobs.lease(db, id, "elsewhere", begun, begun + timedelta(seconds=30)) is not None
    assert ill(well)["jobs"].problem.endswith("and not taken: 1")


def test_jobs_that_nobody_takes(well: Installation) -> None:
    with closing(open_database(well.database_url)) as base, base.writing() as db:
        jobs.add(db, None, "check", {}, now=NOW - timedelta(minutes=11))
        jobs.add(db, None, "check", {}, now=NOW - timedelta(minutes=9))
    assert ill(well)["jobs"].problem.endswith("not taken: 1")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(well: Installation) -> None:
    well.home.chmod(0o500)
    assert "cannot be written" in ill(well)["folder"].problem
