"""Every command that changes something leaves an entry in the activity, as the operator's; found by itself.

A command added tomorrow is asked tomorrow: it says in command_wishes.py how it is used well, and what it
leaves.
"""

from __future__ import annotations

import argparse
import io
import logging
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.house.command_wishes import (
    ASHA,
    BELA,
    CARA,
    ELSEWHERE,
    FILES,
    LOOKS,
    NOT_WALKED,
    WRITES,
    Use,
)
from tunefolio import cli
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import PersonId
from tunefolio.core.money import INR
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.ledger.accounts import AccountKind
from tunefolio.services import audit, connect, recovery
from tunefolio.services.acts import Act
from tunefolio.settings import Settings
from tunefolio.store import accounts, passkeys, persons, portfolios
from tunefolio.store.audit import Place

pytestmark = pytest.mark.one_is_enough
TESTS = Path(__file__).parents[1]
ADMIN = Viewer(PersonId(1), Role.ADMIN)
Rows = dict[str, list[tuple[Any, ...]]]


def commands(of: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    """`user add`: every command of the tree that can be said."""
    below = [one for one in of._actions if isinstance(one, argparse._SubParsersAction)]
    if not below:
        yield name
    for one in below:
        for word, parser in one.choices.items():
            yield from commands(parser, f"{name} {word}".strip())


@dataclass(frozen=True)
class Left:
    """An entry of the activity, as it is kept."""

    id: int
    actor: int | None
    action: str
    place: Place


class House:
    """A folder with files, in it a home that is put back before each use; commands run in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.settled = folder, folder / "folio", folder / "settled"
        self.file = self.home / "tunefolio.db"
        self.environ = {"TUNEFOLIO_HOME": str(self.home)}

    def keep(self) -> None:
        """As it is now it is put back from now on."""
        shutil.copytree(self.home, self.settled)

    def again(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.settled, self.home)

    def say(self, line: str, typed: str = "") -> tuple[int, str]:
        """Exit code, and what was said."""
        root = logging.getLogger()
        handlers, level = list(root.handlers), root.level
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environ.items():
                patch.setenv(name, value)
            said = io.StringIO()
            for name, stream in (("stdin", io.StringIO(typed)), ("stdout", said), ("stderr", said)):
                patch.setattr(f"sys.{name}", stream)
            try:
                code = cli.main(shlex.split(line.replace("{home}", str(self.folder))))
            finally:
                root.handlers[:], root.level = handlers, level
        return code, said.getvalue()

    @contextmanager
    def open(self) -> Iterator[Runtime]:
        runtime = build(Settings.from_env(self.environ))
        try:
            yield runtime
        finally:
            runtime.close()

    def rows(self) -> Rows:
        """All that the database holds but the activity."""
        with closing(sqlite3.connect(self.file)) as db:
            names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {
                name: sorted(db.execute(f'SELECT * FROM "{name}"'), key=repr)
                for name in names
                if name != "audit" and not name.startswith("sqlite_")
            }

    def entries(self) -> list[Left]:
        """Oldest first."""
        with closing(sqlite3.connect(self.file)) as db:
            asked = "SELECT id, actor_id, action, address, device FROM audit ORDER BY id"
            return [Left(id, actor, act, Place(*place)) for id, actor, act, *place in db.execute(asked)]


@pytest.fixture(scope="module")
def house(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Three people. The admin has shares with an action to decide, a broker, a token; a member waits for a
    link."""
    folder = tmp_path_factory.mktemp("commands")
    made = House(folder)
    made.home.mkdir(mode=0o700)
    shutil.copy(migrated_sqlite, made.file)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    for line in (
        *(f"user add {email}" for email in (ASHA, BELA, CARA)),
        f"token make {ASHA} program --scope read",
        f"import {{home}}/trades.csv --new-account Demat --user {ASHA}",
        f"actions --file {{home}}/actions.csv --user {ASHA}",
        f"closes --file {{home}}/closes.csv --user {ASHA}",
    ):
        code, said = made.say(line)
        assert code == 0, (line, said)
    with made.open() as runtime, runtime.house.database.writing() as db:
        shelf = portfolios.listed(db, ADMIN)[0].id
        now = runtime.house.clock.now()
        accounts.add(db, ADMIN, shelf, "Broker", AccountKind.BROKER, INR, now, "zerodha", "AB1234")
        bela = persons.find_by_email(db, BELA)
        assert bela is not None
        recovery.ask_verification(db, runtime.house, bela[0].viewer)
        passkeys.add(db, bela[0].viewer, b"key", b"key", 0, transports=[], name="Phone", now=now)
        connect.save_app(db, runtime.house, ADMIN, "zerodha", "key", Secret("secret"))
    made.keep()
    return made


def used(house: House, name: str, use: Use) -> tuple[Rows, Rows, list[Left]]:
    """What the database held before and after the command, and what it has added to the activity."""
    house.again()
    for line in use.first:
        assert house.say(line)[0] == 0, line
    known = {one.id for one in house.entries()}
    before = house.rows()
    code, said = house.say(f"{name} {use.words}", use.typed)
    assert code in use.codes, (name, use.words, said)
    after = house.rows()
    return before, after, [one for one in house.entries() if one.id not in known]


def test_every_command_says_what_it_leaves() -> None:
    there = set(commands(cli.parser()))
    said = set(WRITES) | set(LOOKS) | set(NOT_WALKED)
    assert there - said == set(), "say in command_wishes.py how it is used well, and what it leaves"
    assert said - there == set(), "named there, and no command any more"
    assert not set(NOT_WALKED) & (set(WRITES) | set(LOOKS))


def test_every_command_that_writes_leaves_its_own_acts_as_the_operators(house: House) -> None:
    wrong: list[tuple[object, ...]] = []
    for name, use in ((name, use) for name, uses in WRITES.items() for use in uses):
        before, after, fresh = used(house, name, use)
        by_operator = [one for one in fresh if one.place == audit.AT_CONSOLE]
        if tuple(one.action for one in by_operator) != use.acts:
            wrong.append((name, use.words, "leaves", by_operator))
        if any(one.actor is not None for one in by_operator):
            wrong.append((name, use.words, "is not told as the operator's", by_operator))
        if not {one.place for one in fresh} <= {audit.AT_CONSOLE, audit.AT_WORK}:
            wrong.append((name, use.words, "is done nowhere", fresh))
        if before == after and not use.is_file:
            wrong.append((name, use.words, "changes nothing: it belongs to LOOKS"))
    assert wrong == [], "\n".join(map(str, wrong))


def test_what_only_looks_leaves_the_house_as_it_was(house: House) -> None:
    wrong = []
    for name, use in ((name, use) for name, uses in LOOKS.items() for use in uses):
        before, after, fresh = used(house, name, use)
        changed = [table for table in after if after[table] != before.get(table)]
        if changed or fresh:
            wrong.append((name, use.words, changed, [one.action for one in fresh]))
    assert wrong == [], "it writes: note the deed, and let it stand among WRITES"


def test_what_is_proved_elsewhere_is_proved_there() -> None:
    for file, acts in ELSEWHERE.items():
        text = (TESTS / file).read_text()
        for act in acts:
            assert f"Act.{act.name}" in text, (file, act)


def test_no_fallback_is_taken_for_an_act_of_its_own() -> None:
    named = {act for uses in WRITES.values() for use in uses for act in use.acts}
    assert named.isdisjoint({Act.DEED, Act.ADMIN_DEED})
    assert all(use.acts for uses in WRITES.values() for use in uses)
