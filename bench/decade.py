"""Ten years of 14,400 activities in 250 instruments: everything the dashboard shows, cold and after an edit.

The best-known web tracker is reported to take 16 s for 1,900 activities and to run out of memory at 14,400.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from subprocess import run

from bench.figures import Figure
from bench.houses import account, cookie, free_port, house, price_everything, resident_mib, serving, up
from bench.load import press
from tunefolio.bootstrap.runtime import Runtime
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.people import Person
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, trade
from tunefolio.market import sectors
from tunefolio.market.closes import Close
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import recompute
from tunefolio.services.instruments import resolved
from tunefolio.store import accounts, closes, transactions
from tunefolio.store.transactions import Entry

_STOCKS = 250
_ACTIVITIES = 14_400
_YEARS = 10
_ROUNDS = 5
_DAYS = 365 * _YEARS


def figures() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with house(home) as (runtime, person):
            place = _lived(runtime, person)
            price_everything(runtime, _STOCKS)
            signed = cookie(runtime)
        return [*_cold(home, signed), *_edited(home, signed, place)]


def _lived(runtime: Runtime, person: Person) -> AccountId:
    """The account with its facts, its closes, and its days worked out as the job does."""
    place = account(runtime, person, "Decade")
    listed = [c for c in sectors.packaged().companies() if c.isin and c.series == "EQ"][:_STOCKS]
    claims = [InstrumentClaim(Listing("NSE", c.symbol, "EQ"), c.isin, c.name) for c in listed]
    today = TradingDay(calendar_date(runtime.house.clock.now()))
    first = today.plus_days(-_DAYS)
    with runtime.house.database.writing() as db:
        ids = list(resolved(db, runtime.house, claims).values())
        entries = [Entry(fact, f"bench:{n}") for n, fact in enumerate(_facts(ids, first))]
        now = runtime.house.clock.now()
        transactions.append(db, person.viewer, place, Book.LIVE, entries, source="bench", now=now)
    for id in ids:
        with runtime.house.database.writing() as db:
            closes.put(db, id, INR, _walk(id, first, today), "bench", runtime.house.clock.now())
    _recomputed(runtime, person, place)
    return place


def _facts(ids: list[InstrumentId], first: TradingDay) -> Iterator[Fact]:
    """Money to begin with; then purchases, a sale for every third, a dividend for every seventh."""
    yield Fact(Kind.DEPOSIT, first, Money.of("500000000"))
    held = dict.fromkeys(ids, Decimal(0))
    for number in range(_ACTIVITIES - 1):
        id = ids[number % len(ids)]
        day = first.plus_days(number * _DAYS // _ACTIVITIES)
        price = Price.of(f"{100 + (number * 37) % 400}.50")
        if number % 7 == 6 and held[id]:
            yield Fact(Kind.DIVIDEND, day, Money.of(f"{held[id] * 2:f}"), id)
        elif number % 3 == 2 and held[id] > 5:
            held[id] -= 5
            yield trade(Kind.SELL, day, id, Decimal(5), price, fees=Money.of("11.30"))
        else:
            held[id] += 10
            yield trade(Kind.BUY, day, id, Decimal(10), price, fees=Money.of("12.50"))


def _walk(id: InstrumentId, first: TradingDay, last: TradingDay) -> list[Close]:
    """A random walk over weekdays, the same each time."""
    chance, level, walked = random.Random(id), 100.0 + id % 400, list[Close]()
    day = first.plus_days(-5)
    while day <= last:
        if day.date.weekday() < 5:
            level *= 1 + chance.gauss(0.0004, 0.015)
            walked.append(Close(day, Decimal(f"{level:.2f}")))
        day = day.plus_days(1)
    return walked


def _recomputed(runtime: Runtime, person: Person, place: AccountId) -> None:
    with runtime.house.database.reading() as db:
        home = accounts.account_of(db, person.viewer, place)
    recompute.recompute_now(runtime.house, person.viewer, [home])


def _cold(home: Path, signed: str) -> list[Figure]:
    """A fresh server's first dashboard, the curve and returns it then asks for, the performance page."""
    looks: dict[str, list[float]] = {"dashboard": [], "dashboard/history": [], "performance?period=all": []}
    held: list[float] = []
    for _ in range(_ROUNDS):
        port = free_port()
        command, environ = up(port, home)
        with serving(command, port, environ) as (pid, _):
            for page, taken in looks.items():
                taken.append(_look(f"http://127.0.0.1:{port}/{page}", signed))
            held.append(resident_mib(pid))
    both = tuple(a + b for a, b in zip(looks["dashboard"], looks["dashboard/history"], strict=True))
    return [
        Figure("first dashboard of a fresh server", "ms", tuple(looks["dashboard"])),
        Figure("then its value curve, TWR and XIRR of ten years", "ms", tuple(looks["dashboard/history"])),
        Figure("both together", "ms", both, "under 1,000 ms"),
        Figure("then the performance page over all ten years", "ms", tuple(looks["performance?period=all"])),
        Figure("memory after all of it", "MiB", tuple(held), "under 300 MiB"),
    ]


def _edited(home: Path, signed: str, place: AccountId) -> list[Figure]:
    """The first dashboard after one more fact, its days having been worked out by the job meanwhile."""
    port = free_port()
    command, environ = up(port, home)
    taken: list[float] = []
    with serving(command, port, environ):
        here = f"http://127.0.0.1:{port}/dashboard"
        _look(here, signed)
        for turn in range(_ROUNDS):
            _record(port, signed, place, turn)
            time.sleep(1.5)
            taken.append(_look(here, signed))
    return [Figure("dashboard after one more fact", "ms", tuple(taken), "under 50 ms")]


def _look(url: str, signed: str) -> float:
    return press(url, cookie=signed, connections=1, seconds=0).latencies_ms[0]


def _record(port: int, signed: str, place: AccountId, turn: int) -> None:
    """One fact by the API, as a person's program would send it."""
    code = (
        "import json,sys,urllib.request as u;"
        "a=sys.argv;h={'Cookie':a[2],'Host':'localhost:'+a[1],'Content-Type':'application/json',"
        "'Origin':'http://localhost:'+a[1]};"
        "u.urlopen(u.Request('http://127.0.0.1:'+a[1]+'/api/v1/accounts/'+a[3]+'/transactions/line',"
        "json.dumps({'text':a[4]}).encode(),h)).read()"
    )
    text = f"2026-11-1{turn} buy 1 NSE:INFY @ 15{turn}0.50"
    run([sys.executable, "-c", code, str(port), signed, str(place), text], check=True)
