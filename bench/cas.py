"""A consolidated statement of 5,000 transactions: from its locked PDF to kept facts, and its memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.adapters.cas_pdfs import Folio, Row, Scheme, cams

from bench.figures import Figure
from bench.houses import account, house
from tunefolio.core.secret import Secret
from tunefolio.services import imports
from tunefolio.services.uploads import opened, receive

TRANSACTIONS = 5_000
PASSWORD = "AAAAA0000A"
WORKER = "tunefolio.adapters.brokers.cas.worker"
_SCHEMES = 20
_RUNS = 5


def statement(transactions: int = TRANSACTIONS) -> bytes:
    """A locked statement of CAMS: twenty schemes, with weekly instalments, duties and some sales."""
    per_scheme = transactions // _SCHEMES
    schemes = [
        Scheme(f"Example Fund {place} - Growth", isin, code=f"E{place:02}", rows=tuple(_rows(per_scheme)))
        for place, isin in enumerate(_isins(_SCHEMES), 1)
    ]
    folios = [
        Folio(f"{10_000_000 + place} / 10", "Example Mutual Fund", (scheme,))
        for place, scheme in enumerate(schemes)
    ]
    return cams(folios, since=date(2010, 1, 1), password=PASSWORD)


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cas.pdf"
        path.write_bytes(statement())
        runs = [_in_a_process_of_its_own(path) for _ in range(_RUNS)]
    steps = (
        ("opened", f"CAS of {TRANSACTIONS:,} transactions: PDF opened and read"),
        ("checked", "dry run of it"),
        ("recorded", "recorded, SQLite"),
    )
    whole = tuple(sum(run[name] for name, _ in steps) for run in runs)
    return [
        *(Figure(title, "s", tuple(run[name] for run in runs), digits=2) for name, title in steps),
        Figure("all three", "s", whole, digits=2),
        Figure("peak of the process that reads the PDF", "MB", tuple(run["reader"] for run in runs)),
        Figure("peak of the house's process", "MB", tuple(run["house"] for run in runs)),
    ]


def _in_a_process_of_its_own(path: Path) -> dict[str, float]:
    """One run: seconds of each step, peak MB of the house and of the reader."""
    code = f"from bench.cas import run; run({str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    said: dict[str, float] = json.loads(done.stdout)
    return said | {"reader": _peak_of_the_reader(path)}


def run(path: str) -> None:
    """What the process of one run does; prints its figures."""
    content, told = Path(path).read_bytes(), dict[str, float]()
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as (runtime, person):
        home, rooms, viewer = account(runtime, person, "Funds"), runtime.house, person.viewer
        start = time.perf_counter()
        arrival = opened(rooms, viewer, "cas.pdf", content, Secret(PASSWORD))
        told["opened"] = time.perf_counter() - start
        start = time.perf_counter()
        with rooms.database.writing() as db:
            sha256 = receive(db, rooms, viewer, arrival).sha256
            seen = imports.preview_kept(db, rooms, viewer, home, sha256)
        told["checked"] = time.perf_counter() - start
        if seen.refused or seen.warnings or seen.breaks:
            raise RuntimeError(f"{seen.refused} rows were refused: {seen.problems[:3]}")
        start = time.perf_counter()
        with rooms.database.writing() as db:
            imports.commit(db, rooms, viewer, home, sha256)
        told["recorded"] = time.perf_counter() - start
    told["house"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    sys.stdout.write(json.dumps(told))


def _peak_of_the_reader(path: Path) -> float:
    """MB of the worker alone. A small process starts it: a child counts what its parent held."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[2:], stdin=open(sys.argv[1], 'rb'), stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    asked = path.with_suffix(".in")
    asked.write_bytes(json.dumps({"password": PASSWORD}).encode() + b"\n" + path.read_bytes())
    command = [sys.executable, "-c", code, str(asked), sys.executable, "-m", WORKER]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


def _isins(count: int) -> list[str]:
    """Funds that the reader's own list of ISINs knows; it leaves out schemes that it cannot name."""
    from casparser_isin import MFISINDb

    query = "SELECT DISTINCT isin FROM scheme WHERE isin LIKE 'INF179%' ORDER BY isin LIMIT :many"
    with MFISINDb() as db:
        return [row["isin"] for row in db.run_query(query, {"many": count})]


def _rows(count: int) -> Iterator[Row]:
    """Instalments with their stamp duty, and after every ninth pair a sale of half of what is held."""
    day, balance, nav, made = date(2010, 1, 4), Decimal(0), Decimal("10.0000"), 0
    while made < count:
        day, nav = day + timedelta(days=7), nav + Decimal("0.0125")
        if made % 20 == 18 and balance > 0:
            units = (balance / 2).quantize(Decimal("0.001"))
            balance -= units
            yield Row(day, "Redemption", -(units * nav).quantize(Decimal("0.01")), -units, nav, balance)
            made += 1
            continue
        units = (Decimal(5_000) / nav).quantize(Decimal("0.001"))
        balance += units
        amount = (units * nav).quantize(Decimal("0.01"))
        yield Row(day, "Purchase - Systematic Instalment", amount, units, nav, balance)
        made += 1
        if made < count and made % 20 != 18:
            yield Row(day, "*** Stamp Duty ***", Decimal("0.25"))
            made += 1
