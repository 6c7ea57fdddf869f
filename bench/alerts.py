"""How long 10,000 alerts on 500 instruments take to judge in the transaction that writes their prices."""

from __future__ import annotations

import base64
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.figures import Figure
from tunefolio.bootstrap import runtime
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.people import Role
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services import alerts
from tunefolio.services.alert_levels import session
from tunefolio.services.house import House
from tunefolio.settings import Settings
from tunefolio.store import instruments, persons, quotes
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import alerts as table

INSTRUMENTS = 500
EACH = 20
RUNS = 30
START = Instant.parse("2026-11-20T10:30:00+05:30")


def figures() -> list[Figure]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "HOME": folder,
            "TUNEFOLIO_HOME": folder,
            "TUNEFOLIO_DATABASE_URL": f"sqlite:///{Path(folder) / 'bench.db'}",
            "TUNEFOLIO_KEY": base64.b64encode(bytes(32)).decode(),
        }
        clock = FixedClock(START)
        built = runtime.build(Settings.from_env(environ), clock)
        try:
            ids = _filled(built.house)
            for words, move in (("none reached", 0), ("100 reached", 1)):
                found.append(_measured(built.house, clock, ids, words, move))
        finally:
            built.close()
    return found


def _filled(house: House) -> list[InstrumentId]:
    claims = [InstrumentClaim(Listing("NSE", f"S{number}")) for number in range(INSTRUMENTS)]
    with house.database.writing() as db:
        known = instruments.resolve(db, claims, START)
        ids = [known[claim] for claim in claims]
        owner = persons.add(db, "bench@example.org", "Bench", "hash", Role.MEMBER, START).id
        db.execute_many(insert(table), [_row(owner, id, place) for id in ids for place in range(EACH)])
    return ids


def _row(owner: int, id: InstrumentId, place: int) -> dict[str, Any]:
    level = Decimal(1_010 + place * 100)
    return {
        "owner_id": owner, "kind": "price", "instrument_id": id,
        "parameters": {"level": str(level), "direction": "up"}, "repeat": "every",
        "hysteresis": Decimal(0), "cooldown_seconds": 0, "state": "armed", "wake_above": level,
        "revision": 0, "basis_day": session(START), "created_at": START,
    }  # fmt: skip


def _measured(house: House, clock: FixedClock, ids: list[InstrumentId], words: str, move: int) -> Figure:
    """A quote for every instrument, written and judged in one transaction; only the judging is timed."""
    times = []
    for run in range(RUNS):
        clock.advance(timedelta(seconds=1))
        with house.database.writing() as db:
            _quote(db, house, ids, run, move)
            began = time.perf_counter()
            alerts.judge(db, house, ids)
            times.append((time.perf_counter() - began) * 1_000)
    return Figure(f"10,000 alerts judged, 500 prices moved, {words}", "ms", tuple(times[2:]), "under 50 ms")


def _quote(db: WriteDb, house: House, ids: list[InstrumentId], run: int, move: int) -> None:
    """Every fifth instrument goes over its first level and back: 100 of 10,000 speak each other run."""
    news = []
    for place, id in enumerate(ids):
        is_over = move and place % 5 == 0 and run % 2
        price = Decimal(1_011 if is_over else 1_000) + Decimal(run).scaleb(-2)
        news.append(Quote(id, Price.of(price), None, house.clock.now(), "bench"))
    quotes.put(db, news)
