"""Many first openers of one new file: SQLite turns one of them away while another sets the journal mode."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tunefolio.store.db import open_database


def test_all_first_openers_of_a_file_get_in(tmp_path: Path) -> None:
    openers = 8
    for number in range(20):
        url, gate = f"sqlite:///{tmp_path / f'{number}.db'}", threading.Barrier(openers)

        def enter(url: str = url, gate: threading.Barrier = gate) -> str:
            gate.wait()
            database = open_database(url)
            with database.reading() as db:
                mode = str(db.connection.exec_driver_sql("PRAGMA journal_mode").scalar())
            database.close()
            return mode

        with ThreadPoolExecutor(openers) as pool:
            modes = {future.result(30) for future in [pool.submit(enter) for _ in range(openers)]}
        assert modes == {"wal"}
