"""Sealed secrets open in their own place, with their own key, and nowhere else."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from tests.store.books import NOW, account, person
from tunefolio.core.errors import Misuse
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.store import broker_apps, connections
from tunefolio.store.db import Database
from tunefolio.store.vault import KeyRing, Vault, new_key, rotate

HERE = ("connections", 7, "token")


@pytest.fixture
def vault() -> Vault:
    return Vault(KeyRing([new_key()]))


@pytest.mark.parametrize("text", ["", "enctoken", "ü" * 500])
def test_a_secret_opens_where_it_was_sealed(vault: Vault, text: str) -> None:
    sealed = vault.seal(Secret(text), *HERE)
    assert vault.open(sealed, *HERE).reveal() == text
    assert sealed != vault.seal(Secret(text), *HERE)
    if text:
        assert text.encode() not in sealed


@pytest.mark.parametrize(
    "place", [("connections", 8, "token"), ("broker_apps", 7, "token"), ("connections", 7, "x")]
)
def test_a_secret_does_not_open_elsewhere(vault: Vault, place: tuple[str, int, str]) -> None:
    with pytest.raises(Misuse, match="belongs elsewhere"):
        vault.open(vault.seal(Secret("s"), *HERE), *place)


def test_a_changed_or_foreign_text_does_not_open(vault: Vault) -> None:
    sealed = vault.seal(Secret("secret"), *HERE)
    for place in range(len(sealed)):
        broken = bytes([*sealed[:place], sealed[place] ^ 1, *sealed[place + 1 :]])
        with pytest.raises(Misuse):
            vault.open(broken, *HERE)
    for short in (b"", sealed[:10], sealed[:17], sealed[:-1]):
        with pytest.raises(Misuse):
            vault.open(short, *HERE)
    with pytest.raises(Misuse, match=r"key [0-9a-f]{8} is missing"):
        Vault(KeyRing([new_key()])).open(sealed, *HERE)


def test_an_older_key_of_the_ring_still_opens(vault: Vault) -> None:
    sealed = vault.seal(Secret("s"), *HERE)
    newer = Vault(vault.keys.with_new(new_key()))
    assert newer.open(sealed, *HERE).reveal() == "s"
    with pytest.raises(Misuse, match="is missing"):
        vault.open(newer.seal(Secret("s"), *HERE), *HERE)


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "vault.key"
    first = KeyRing.load(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyRing.load(path).text() == first.text() == path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["vault.key"]


def test_two_first_starts_get_one_key(tmp_path: Path) -> None:
    start, rings = threading.Barrier(8), list[str]()

    def work() -> None:
        start.wait()
        rings.append(KeyRing.load(tmp_path / "vault.key").text())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(rings) == 8
    assert len(set(rings)) == 1


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vault.key"
    KeyRing.load(path)
    path.chmod(0o640)
    with pytest.raises(Misuse, match="chmod 600"):
        KeyRing.load(path)


@pytest.mark.parametrize("text", ["", "  ", "not base64!", base64.b64encode(b"short").decode()])
def test_a_wrong_key_is_refused_in_words(text: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="vault key"):
        KeyRing.load(text)
    path = tmp_path / "vault.key"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(Misuse, match="vault key"):
        KeyRing.load(path)


def test_keys_come_from_the_environments_text_too() -> None:
    one, two = (base64.b64encode(new_key()).decode() for _ in range(2))
    ring = KeyRing.load(f"{one}, {two}")
    sealed = Vault(KeyRing.load(two)).seal(Secret("s"), *HERE)
    assert Vault(ring).open(sealed, *HERE).reveal() == "s"
    assert one not in repr(ring)


def test_rotation_seals_everything_again(database: Database, vault: Vault, tmp_path: Path) -> None:
    with database.writing() as db:
        viewer = person(db)
        home = account(db, viewer)
        row = connections.put(
            db,
            viewer,
            home,
            "zerodha",
            "key",
            lambda id: vault.seal(Secret("token"), "connections", id, "token"),
            expires=None,
            now=NOW,
        )
        app = broker_apps.put(
            db,
            viewer,
            "zerodha",
            "key",
            lambda id: vault.seal(Secret("app"), "broker_apps", id, "api_secret"),
            NOW,
        )
    fresh = new_key()
    with database.writing() as db:
        assert rotate(db, Caretaker("rotate"), vault, fresh) == 2
    after = Vault(KeyRing([fresh]))
    after.keys.save(tmp_path / "vault.key")
    assert KeyRing.load(tmp_path / "vault.key").text() == after.keys.text()
    with database.reading() as db:
        sealed = connections.sealed_token(db, viewer, home)
        assert sealed is not None
        assert after.open(sealed, "connections", row, "token").reveal() == "token"
        kept = broker_apps.app_of(db, viewer, "zerodha")
        assert kept is not None
        assert after.open(kept.sealed, "broker_apps", app, "api_secret").reveal() == "app"


def test_a_rotation_that_cannot_open_one_changes_none(database: Database, vault: Vault) -> None:
    with database.writing() as db:
        viewer = person(db)
        for broker in ("a", "b"):
            broker_apps.put(
                db, viewer, broker, "k", lambda id: vault.seal(Secret("s"), "broker_apps", id, "wrong"), NOW
            )
        broker_apps.put(
            db, viewer, "a", "k", lambda id: vault.seal(Secret("s"), "broker_apps", id, "api_secret"), NOW
        )
        before = broker_apps.app_of(db, viewer, "a")
    with pytest.raises(Misuse), database.writing() as db:
        rotate(db, Caretaker("rotate"), vault, new_key())
    with database.reading() as db:
        assert broker_apps.app_of(db, viewer, "a") == before
