"""A house with books of a given size, made through the services a person would use, and its server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import AccountId
from tunefolio.core.money import Price
from tunefolio.core.people import Person, Role
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay
from tunefolio.market import sectors
from tunefolio.market.quotes import Quote
from tunefolio.services import identity, imports, portfolios
from tunefolio.settings import Settings
from tunefolio.store import instruments, quotes

PASSWORD = Secret("correct horse battery staple")
EMAIL = "bench@example.org"
HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time"
)


def tradebook(trades: int, stocks: int, *, first: int = 0) -> bytes:
    """A Zerodha tradebook: `trades` purchases and small sales spread over `stocks` real listings."""
    listed = [c for c in sectors.packaged().companies() if c.isin and c.series == "EQ"][
        first : first + stocks
    ]
    day = TradingDay.parse("2022-01-03")
    lines = [HEADER]
    for number in range(trades):
        company = listed[number % len(listed)]
        turn = number // len(listed)
        side, quantity = ("sell", 3) if turn % 5 == 4 else ("buy", 10 + number % 7)
        on = day.plus_days(turn * 7)
        price = 100 + (number * 37) % 2000
        lines.append(
            f"{company.symbol},{company.isin},{on},NSE,EQ,EQ,{side},false,{quantity}.000000,{price}.500000,"
            f"T{number},O{number},{on}T10:00:00"
        )
    return "\n".join(lines).encode() + b"\n"


UNCOUNTED = {f"TUNEFOLIO_{who}_PER_MINUTE": "0" for who in ("API", "PAGES", "STRANGERS")}
"""Without limits: one person asks more in a second than any browser in a minute."""


@contextlib.contextmanager
def house(home: Path, database_url: str = "") -> Iterator[tuple[Runtime, Person]]:
    """A built house in `home` with one person; nothing runs in it."""
    environ = {"TUNEFOLIO_HOME": str(home), "TUNEFOLIO_DATABASE_URL": database_url} | UNCOUNTED
    runtime = build(Settings.from_env(environ, families=adapters.families()))
    try:
        with runtime.house.database.writing() as db:
            person = identity.add_person(db, runtime.house, EMAIL, "Bench", PASSWORD, Role.ADMIN)
        yield runtime, person
    finally:
        runtime.close()


def account(runtime: Runtime, person: Person, name: str) -> AccountId:
    with runtime.house.database.writing() as db:
        shelf = portfolios.first_portfolio(db, runtime.house, person.viewer)
        return portfolios.create_account(db, runtime.house, person.viewer, shelf.id, name).id


def import_file(runtime: Runtime, person: Person, home: AccountId, content: bytes) -> tuple[float, int]:
    """Seconds from the bytes to the kept transaction, dry run included, and how many facts were added."""
    started = time.perf_counter()
    with runtime.house.database.writing() as db:
        shown = imports.preview(db, runtime.house, person.viewer, home, "tradebook.csv", content)
    with runtime.house.database.writing() as db:
        done = imports.commit(db, runtime.house, person.viewer, home, shown.sha256)
    return time.perf_counter() - started, done.added


def price_everything(runtime: Runtime, stocks: int) -> None:
    """A quote a minute old for every instrument."""
    at = runtime.house.clock.now() - timedelta(minutes=1)
    with runtime.house.database.writing() as db:
        known = instruments.search(db, "", stocks * 2)
        quotes.put(
            db,
            [
                Quote(
                    i.id, Price.of(f"{100 + i.id % 900}.35"), Price.of(f"{99 + i.id % 900}.10"), at, "bench"
                )
                for i in known
            ],
        )


def cookie(runtime: Runtime) -> str:
    """A signed-in session as the browser would send it."""
    signed = identity.log_in(runtime.house, EMAIL, PASSWORD, "bench", "127.0.0.1")
    return f"__Host-tunefolio={signed.token.reveal()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(command: list[str], port: int, environ: dict[str, str]) -> Iterator[tuple[int, float]]:
    """A server process and the seconds until it first answered; stopped at the end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield process.pid, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Until the health route answers; raises RuntimeError when the process ends or time runs out."""
    until = time.perf_counter() + seconds
    ask = Request(
        f"http://127.0.0.1:{port}/", headers={"Host": f"localhost:{port}", "Accept": "application/json"}
    )
    while time.perf_counter() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with contextlib.suppress(URLError, ConnectionError, TimeoutError), urlopen(ask, timeout=2) as answer:
            if answer.status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError("the server did not answer")


def up(port: int, home: Path) -> tuple[list[str], dict[str, str]]:
    """The command that serves `home`, and its environment."""
    return (
        [sys.executable, "-m", "tunefolio", "up"],
        {"TUNEFOLIO_HOME": str(home), "TUNEFOLIO_PORT": str(port), "TUNEFOLIO_LOG_LEVEL": "error"}
        | UNCOUNTED,
    )


def resident_mib(pid: int) -> float:
    """Memory the process holds now, in MiB (Linux)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")
