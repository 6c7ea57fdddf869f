"""A family with everything in its books, beside daily closes, rates and quotes: what figures are walked over.

Facts come in through the API, as people write them; closes, rates and quotes as the market sources keep them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from starlette.testclient import TestClient

from tests.web.houses import join, visitor, work
from tunefolio.core.identity import InstrumentId, PersonId
from tunefolio.core.money import INR, Currency, Price
from tunefolio.core.people import Role, Viewer
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.market.accruals import terms_of
from tunefolio.market.actions import Action, ActionKind, Terms
from tunefolio.market.closes import Close
from tunefolio.market.fx import Rate
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.quotes import Quote
from tunefolio.services import record
from tunefolio.services.house import House
from tunefolio.services.recompute import recompute_now
from tunefolio.services.tracking import BENCHMARK
from tunefolio.store import accounts, actions, closes, instruments, quotes, rates

USD = Currency("USD")
MICROSOFT = InstrumentClaim(Listing("NASDAQ", "MSFT"), None, "Microsoft", currency=USD)
FIRST, LAST = date(2024, 3, 28), date(2026, 11, 19)

DEMAT = """2024-04-01 deposit 500000
2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long
2024-04-10 buy 20 NSE:RELIANCE @ 2900 fee 30
2024-04-15 buy 31 NSE:WIPRO @ 450.10 fee 10
2024-05-02 buy 7 NSE:INFY @ 1433.35 fee 9.99
2024-06-03 sell 4 NSE:INFY @ 1600 fee 15 #long
2024-07-01 dividend 168 NSE:INFY tax 16.80 fee 1.25
2024-08-01 buy 5 NSE:TCS @ 4000 fee 20
2024-09-02 split 2:1 NSE:TCS
2024-10-01 bonus 1:1 NSE:WIPRO
2024-11-04 demerger 1:1 NSE:RELIANCE into NSE:JIOFIN cost 4.68%
2024-12-02 short 6 NSE:TATAPOWER @ 410 fee 8
2024-12-09 cover 2 NSE:TATAPOWER @ 400 fee 5
2025-01-13 sell 9 NSE:WIPRO @ 290.55 fee 4.40
2025-02-03 fee 99
2025-03-03 sip 12.345 MF:INF179K01YV8 = 4999.75 fee 0.25
2025-04-03 sip 11.987 MF:INF179K01YV8 = 4999.75 fee 0.25
2025-04-04 interest 350 tax 35
2025-05-02 withdrawal 10000
2026-01-05 buy 50 OWN:FD-1 @ 1000
2026-02-10 buy 3 NSE:TCS @ 1950 fee 3
2026-03-11 dividend 90 NSE:TCS tax 9"""
SECOND = """2025-01-02 opening 24 NSE:ITC @ 410
2025-06-02 transfer_in 5 NSE:INFY from "Demat"
2025-07-01 sell 2 NSE:INFY @ 1720 fee 3.30"""
ABROAD = """2024-04-01 buy 3 NASDAQ:MSFT @ 400 USD fee 1.10
2025-03-10 buy 2 NASDAQ:MSFT @ 380 USD fee 0.75
2025-06-16 dividend 2.25 NASDAQ:MSFT USD tax 0.56
2026-06-10 sell 1 NASDAQ:MSFT @ 470 USD fee 1
2026-09-10 dividend 3.20 NASDAQ:MSFT USD tax 0.80"""
ATTIC = "2024-04-22 buy 5 NSE:NOWHERE @ 7"
"""In a portfolio of its own: what no market knows, so that only sums with it are not available."""
NO_RATE_FROM, NO_RATE_UNTIL = date(2025, 6, 2), date(2025, 6, 20)
"""The rates of the weeks around one dividend are not known: longer than a rate is carried on."""

LEVELS = {
    ("NSE", "INFY"): (1500, "1"), ("NSE", "TCS"): (4000, "0.5 from 2024-09-02"),
    ("NSE", "WIPRO"): (450, "0.5 from 2024-10-01"), ("NSE", "RELIANCE"): (2900, "0.9532 from 2024-11-04"),
    ("NSE", "JIOFIN"): (310, "1"), ("NSE", "TATAPOWER"): (400, "1"), ("NSE", "ITC"): (410, "1"),
    ("MF", "INF179K01YV8"): (400, "1"), ("NASDAQ", "MSFT"): (400, "1"), ("NSE", "NIFTY 50"): (22300, "1"),
}  # fmt: skip
"""What the first close is near, and by what all later ones are multiplied from a day on."""


@dataclass(frozen=True)
class Family:
    """The house, who lives there, and the numbers of her accounts by name."""

    house: House
    client: TestClient
    accounts: dict[str, int]
    portfolio: int

    def instrument(self, symbol: str, exchange: str = "NSE") -> InstrumentId:
        with self.house.database.reading() as db:
            found = instruments.find(db, exchange, symbol)
        assert found is not None, symbol
        return found.id


def family(house: House) -> Family:
    """Sign up, write everything down, let the market be known, and have the days computed."""
    asha = join(visitor(house), "asha@example.org", "Asha")
    shelf, attic = (_made(asha, "portfolios", name=name)["id"] for name in ("Family", "Attic"))
    homes = {
        name: _made(asha, "accounts", portfolio_id=home, name=name, currency=currency)["id"]
        for name, home, currency in (
            ("Demat", shelf, "INR"), ("Second", shelf, "INR"),
            ("Abroad", shelf, "USD"), ("Loft", attic, "INR"),
        )
    }  # fmt: skip
    viewer = Viewer(PersonId(asha.get("/api/v1/session").json()["person"]["id"]), Role.ADMIN)
    _own_deposit(house, viewer)
    with house.database.writing() as db:
        instruments.resolve(db, [BENCHMARK, MICROSOFT], house.clock.now())
    for name, text in (("Demat", DEMAT), ("Second", SECOND), ("Abroad", ABROAD), ("Loft", ATTIC)):
        wish = {"account_id": homes[name], "text": text}
        answer = asha.post("/api/v1/transactions/bulk", json=wish)
        assert answer.status_code == 201, answer.text
    made = Family(house, asha, homes, shelf)
    _market(house)
    work(house)
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(timedelta(seconds=1))
    with house.database.reading() as db:
        mine = accounts.listed(db, viewer)
    recompute_now(house, viewer, mine)
    return made


def _made(client: TestClient, what: str, **wish: object) -> dict[str, int]:
    answer = client.post(f"/api/v1/{what}", json=wish)
    assert answer.status_code == 201, answer.text
    body: dict[str, int] = answer.json()
    return body


def _own_deposit(house: House, viewer: Viewer) -> None:
    terms = terms_of(["rate", "7.1%", "quarterly", "matures", "2028-01-05"])
    with house.database.writing() as db:
        record.add_private(db, house, viewer, "FD-1", "Deposit", AssetClass.FIXED, terms)


def _market(house: House) -> None:
    """Closes of every weekday up to yesterday, quotes of now, rates but for three weeks."""
    now = house.clock.now()
    with house.database.writing() as db:
        for (exchange, symbol), (level, change) in LEVELS.items():
            listed = instruments.find(db, exchange, symbol)
            assert listed is not None, symbol
            prices = list(_prices(level, change))
            closes.put(db, listed.id, listed.currency, prices, "test", now)
            if symbol != "NIFTY 50":
                quotes.put(db, [_quote(listed.id, listed.currency, prices[-1].price, house)])
        rates.put(db, _rates())
        tcs = instruments.find(db, "NSE", "TCS")
        assert tcs is not None
        actions.put(db, list(_split_told_twice(tcs.id)), now)


def _split_told_twice(tcs: InstrumentId) -> Iterator[Action]:
    """One event by two sources, of which the one calls it a bonus: prices are divided once."""
    ex_day = TradingDay.parse("2024-09-02")
    for source, kind, new in (("yahoo", ActionKind.SPLIT, 2), ("register", ActionKind.BONUS, 1)):
        terms = Terms(kind, Decimal(new), Decimal(1))
        yield Action(tcs, ex_day, terms, source, f"{source}:NSE:TCS:{ex_day}:{kind}")


def _prices(level: int, change: str) -> Iterator[Close]:
    """A price that goes up and down as it grows, to the paisa."""
    factor, _, since = change.partition(" from ")
    for place, day in enumerate(_weekdays()):
        curve = level * (1 + place / 2500 + 0.04 * math.sin(place / 9 + level) + 0.01 * math.cos(place * 1.7))
        later = bool(since) and day >= date.fromisoformat(since)
        price = Decimal(repr(round(curve * (float(factor) if later else 1.0), 2)))
        yield Close(TradingDay(day), price)


def _quote(id: InstrumentId, currency: Currency, before: Decimal, house: House) -> Quote:
    last = (before * Decimal("1.0071")).quantize(Decimal("0.01"))
    return Quote(id, Price(last, currency), Price(before, currency), house.clock.now(), "test")


def _rates() -> Iterator[Rate]:
    for place, day in enumerate(_weekdays()):
        if not NO_RATE_FROM <= day <= NO_RATE_UNTIL:
            rate = Decimal("83") + Decimal(place) / 100 + Decimal(place % 7) / 1000
            yield Rate(USD, INR, TradingDay(day), rate, "test")


def _weekdays() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)
