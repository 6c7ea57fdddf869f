"""kill −9 at any moment of an import: all of it is there or nothing, and once more makes it whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bench.houses import EMAIL, PASSWORD, tradebook

from tunefolio.bootstrap.runtime import build
from tunefolio.core.people import Role
from tunefolio.services import identity, portfolios
from tunefolio.services.check import check
from tunefolio.settings import Settings
from tunefolio.store import persons, transactions

TRADES = 1_500


@pytest.fixture
def environ(migrated_url: str, tmp_path: Path) -> dict[str, str]:
    """A house with one person and one account of her own, and a file for it."""
    ours = {"TUNEFOLIO_DATABASE_URL": migrated_url, "TUNEFOLIO_HOME": str(tmp_path / "home")}
    runtime = build(Settings.from_env(ours))
    with runtime.house.database.writing() as db:
        person = identity.add_person(db, runtime.house, EMAIL, "Asha", PASSWORD, Role.ADMIN)
        shelf = portfolios.first_portfolio(db, runtime.house, person.viewer)
        portfolios.create_account(db, runtime.house, person.viewer, shelf.id, "Demat")
    runtime.close()
    (tmp_path / "tradebook.csv").write_bytes(tradebook(TRADES, 50))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    return kept | ours


def importing(environ: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tunefolio", "import", str(folder / "tradebook.csv")]
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def facts(environ: dict[str, str]) -> int:
    """How many stand in the books; every law of the ledger holds for them."""
    runtime = build(Settings.from_env({k: v for k, v in environ.items() if k.startswith("TUNEFOLIO_")}))
    try:
        assert check(runtime.house, lambda *_: None) == []
        with runtime.house.database.reading() as db:
            found = persons.find_by_email(db, EMAIL)
            assert found is not None
            viewer = found[0].viewer
            accounts = portfolios.active_accounts(db, viewer)
            return len(
                transactions.of_accounts(db, viewer, [account.id for account in accounts])[accounts[0].id]
            )
    finally:
        runtime.close()


def whole_or_nothing(environ: dict[str, str], folder: Path, kills: int) -> None:
    chance = random.Random(20_261_121)
    for _ in range(kills):
        process = importing(environ, folder)
        time.sleep(chance.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        assert facts(environ) in {0, TRADES}
    assert importing(environ, folder).wait(60) == 0
    assert facts(environ) == TRADES


def test_three_kills_leave_all_or_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    whole_or_nothing(environ, tmp_path, 3)


@pytest.mark.prove
def test_a_hundred_kills_leave_all_or_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    whole_or_nothing(environ, tmp_path, 100)
