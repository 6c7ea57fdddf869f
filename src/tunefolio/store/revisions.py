"""How often this process changed the rows that everyone shares: instruments, their prices, their sectors.

What was read of them is good until the number moves. Other processes do not move it, so nobody relies on it
for longer than a moment, and never for facts.
"""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from tunefolio.store.db import ReadDb, WriteDb

_lock = threading.Lock()
_numbers: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


def revision(db: ReadDb) -> int:
    """The number as it stands; read it before the rows, never after."""
    with _lock:
        return _numbers.get(db.connection.engine, 0)


def move(db: WriteDb) -> None:
    """Shared rows change in this transaction: the number moves when it is kept."""
    engine = db.connection.engine

    def moved() -> None:
        with _lock:
            _numbers[engine] = _numbers.get(engine, 0) + 1

    db.after_commit(moved)
