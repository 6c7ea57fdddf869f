"""Years come and go, two writers lose nothing of each other's, a kill loses nothing that was accepted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.store.books import NOW, instrument
from tests.store.test_bars import bar, kept, told
from tunefolio.core.money import INR
from tunefolio.core.time import TradingDay
from tunefolio.market.bars import Bar
from tunefolio.store import bars
from tunefolio.store.db import Database, open_database


def test_a_year_is_dropped_and_can_come_again(database: Database) -> None:
    with database.writing() as db:
        one, other = instrument(db), instrument(db, "ITC")
        for id in (one, other):
            bars.put(db, id, INR, told(bar(0, "10"), bar(100, "11")), NOW)
    with database.writing() as db:
        assert bars.drop_year(db, 2023) == 2
        assert bars.drop_year(db, 1999) == 0
    with database.writing() as db:
        assert kept(db, one) == [bar(100, "11")]
        assert bars.put(db, one, INR, told(bar(0, "10")), NOW) == 1
        assert kept(db, one) == [bar(0, "10"), bar(100, "11")]


def test_each_year_has_its_partition_and_strange_years_a_common_one(database: Database) -> None:
    strange = [TradingDay(date(year, 6, 1)) for year in (1, 1899, 2200, 9999)]
    with database.writing() as db:
        one = instrument(db)
        bars.put(db, one, INR, told(bar(0, "10"), *(Bar(day, Decimal(1)) for day in strange)), NOW)
        assert len(kept(db, one)) == 5
        if database.dialect == "postgresql":
            query = text("SELECT tableoid::regclass::text FROM bar_chunks ORDER BY year")
            found = db.connection.execute(query).scalars().all()
            names = ["y_before", "y_before", "y2023", "y_after", "y_after"]
            assert found == [f"bar_years.{name}" for name in names]
        assert bars.drop_year(db, 1899) == 1
        assert len(kept(db, one)) == 4


@pytest.mark.parametrize("years_apart", [0, 1])
def test_two_writers_at_once_lose_nothing(database: Database, years_apart: int) -> None:
    """Both put other days of the same instruments; neither overwrites what the other has just put."""
    with database.writing() as db:
        ids = [instrument(db, f"S{number}") for number in range(4)]
    gate = threading.Barrier(2)
    failed: list[BaseException] = []

    def write(turn: int) -> None:
        try:
            gate.wait(20)
            for round_ in range(10):
                with database.writing() as db:
                    for id in ids:
                        after = 366 * years_apart * turn + 2 * round_ + turn
                        bars.put(db, id, INR, told(bar(after, str(after + 1)), by=f"s{turn}"), NOW)
        except BaseException as problem:  # noqa: BLE001 — shown by the test's own thread
            failed.append(problem)

    writers = [threading.Thread(target=write, args=(turn,)) for turn in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert failed == []
    with database.reading() as again:
        assert [len(one) for one in bars.of(again, ids).values()] == [20] * 4


WRITER = """
import sys
from tests.market.test_real_bars import read
from tests.store.books import NOW
from tests.store.test_bars import bar, told
from tunefolio.core.money import INR
from tunefolio.store import bars
from tunefolio.store.db import open_database
database = open_database(sys.argv[1])
for after in range(1000):
    with database.writing() as db:
        bars.put(db, int(sys.argv[2]), INR, told(bar(after, "10", "12", "9", "11", volume=after)), NOW)
    print(after, flush=True)
"""


@pytest.mark.parametrize("accepted", [3, 17])
def test_a_kill_loses_nothing_that_was_accepted(migrated_url: str, accepted: int) -> None:
    database = open_database(migrated_url)
    with database.writing() as db:
        one = instrument(db)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", WRITER, migrated_url, str(one)]
    environ = os.environ | {"PYTHONPATH": f"{root}:{root / 'src'}"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environ) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(accepted)]
        writer.send_signal(signal.SIGKILL)
        said += [int(line) for line in writer.stdout.read().split()]
    with database.reading() as again:
        found = kept(again, one)
    assert [day.volume for day in found[: len(said)]] == said
    assert len(found) in (len(said), len(said) + 1)
    database.close()
