"""A desk to work at: one person's house on a real database, with a clock that stands still."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from tests.commons import commons_beside
from tunefolio.core.identity import AccountId, InstrumentId, JobId, SessionId, TransactionId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.people import Person, Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import FixedClock, Instant, TradingDay
from tunefolio.ledger.accounts import Account, AccountKind, Portfolio
from tunefolio.ledger.brokers import AppKeys, Broker, BrokerSession
from tunefolio.ledger.files import FORMATS, ParsedFile, ParsedRow, RowProblem
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import Holding, Statement, StatementSource
from tunefolio.market import sectors
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.market.provider import QuoteClaim, QuoteSource, SectorClaim
from tunefolio.market.quotes import Quote
from tunefolio.services import portfolios, record
from tunefolio.services.house import House
from tunefolio.services.kept_calendars import KeptCalendars
from tunefolio.services.sources import Sources
from tunefolio.services.views import PortfolioView, portfolio
from tunefolio.store import accounts, connections, instruments, persons, quotes, sessions
from tunefolio.store.db import Database, open_database
from tunefolio.store.events import Bus
from tunefolio.store.vault import KeyRing, Vault, new_key

FRIDAY_NOON = Instant.parse("2026-11-20T12:00:00+05:30")


def ist(text: str) -> Instant:
    """2026-11-20 12:00 on the wall in India."""
    return Instant.parse(text.replace(" ", "T") + ":00+05:30")


class SilentBell:
    """A doorbell that remembers who rang; jobs run when a test runs them."""

    def __init__(self) -> None:
        self.rung: list[JobId] = []

    def ring(self, job_id: JobId) -> None:
        self.rung.append(job_id)


@dataclass
class PriceBoard:
    """A quote source in memory."""

    prices: dict[Listing, QuoteClaim] = field(default_factory=dict)
    problem: Exception | None = None
    asked: int = 0
    name: str = "board"

    def serves(self, listing: Listing) -> bool:
        return True

    def quotes(self, listings: Sequence[Listing]) -> Mapping[Listing, QuoteClaim]:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return {listing: self.prices[listing] for listing in listings if listing in self.prices}


@dataclass
class SectorBoard:
    """A sector provider in memory."""

    known: dict[str, SectorClaim] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    name: str = "sectorboard"

    def sector(self, listing: Listing) -> SectorClaim | None:
        self.asked.append(listing.symbol)
        return self.known.get(listing.symbol)


@dataclass
class DeskBroker:
    """A broker in memory: whoever comes with a token is logged in; says the statement it is given."""

    clock: FixedClock
    name: str = "deskbroker"
    title: str = "Desk Broker"
    user: str = "AB1234"
    lines: tuple[Holding, ...] = ()
    problem: Exception | None = None
    board: PriceBoard = field(default_factory=PriceBoard)
    logged_out: list[str] = field(default_factory=list)
    home_exchange: str = "NSE"
    app_steps: tuple[str, ...] = ("Make an app.",)

    def login_url(self, api_key: str, state: str) -> str:
        return f"http://broker.test/login?api_key={api_key}&state={state}"

    def exchange(self, app: AppKeys, answer: Mapping[str, str], now: Instant) -> BrokerSession:
        return BrokerSession(self.user, "A Person", Secret("token-" + app.api_key), now + timedelta(hours=18))

    def logout(self, api_key: str, session: BrokerSession) -> None:
        if self.problem is not None:
            raise self.problem
        self.logged_out.append(session.token.reveal())

    def statements(self, api_key: str, session: BrokerSession) -> StatementSource:
        return self

    def fetch(self, now: Instant) -> Statement:
        if self.problem is not None:
            raise self.problem
        return Statement(self.name, self.user, now, self.lines)

    def quotes(self, api_key: str, session: BrokerSession) -> QuoteSource:
        return self.board


class DeskFile:
    """A file format in six columns: day, kind, symbol, quantity, price, key."""

    name = "desk"
    title = "Desk file (CSV)"

    def recognises(self, filename: str, content: bytes) -> bool:
        return content.startswith(b"desk\n")

    def parse(self, content: bytes, sha256: str) -> ParsedFile:
        rows: list[ParsedRow] = []
        problems: list[RowProblem] = []
        for number, cells in enumerate(csv.reader(io.StringIO(content.decode())), start=1):
            if number == 1:
                continue
            if len(cells) != 6:
                problems.append(RowProblem(number, "row", "has not six cells"))
                continue
            day, kind, symbol, quantity, price, key = cells
            claim = InstrumentClaim(Listing("NSE", symbol))
            row = ParsedRow(
                number,
                Kind(kind),
                TradingDay.parse(day),
                None,
                claim,
                Decimal(quantity),
                Price.of(price),
                key or f"{sha256}:{number}",
            )
            rows.append(row)
        return ParsedFile(self.name, self.title, tuple(rows), tuple(problems))


if "desk" not in FORMATS:
    FORMATS.register("desk")(DeskFile())


def desk_file(text: str) -> bytes:
    """Lines like `2024-04-01 buy INFY 10 1500 T1` as a file; the key may be left out."""
    rows = [line.split() for line in text.strip().splitlines()]
    return b"desk\n" + "\n".join(",".join([*row, ""][:6]) for row in rows).encode() + b"\n"


@dataclass
class Desk:
    """A house, its first person, and one account kept by hand."""

    house: House
    clock: FixedClock
    person: Person
    portfolio: Portfolio
    account: Account
    broker: DeskBroker

    @property
    def database(self) -> Database:
        return self.house.database

    @property
    def viewer(self) -> Viewer:
        return self.person.viewer

    def use(self, *sources: object) -> None:
        """From now on these are the market's sources, first choice first."""
        self.house = replace(self.house, sources=Sources(sources))

    def write_down(self, text: str, account: AccountId | None = None) -> list[TransactionId]:
        """Record lines of notation."""
        with self.database.writing() as db:
            return [
                record.record_line(db, self.house, self.viewer, account or self.account.id, line.strip())
                for line in text.strip().splitlines()
            ]

    def instrument(self, symbol: str, exchange: str = "NSE") -> InstrumentId:
        with self.database.reading() as db:
            found = instruments.find(db, exchange, symbol)
        assert found is not None, symbol
        return found.id

    def price(self, symbol: str, last: str, close: str | None = None, at: Instant | None = None) -> None:
        """Put a quote."""
        quote = Quote(
            self.instrument(symbol),
            Price.of(last),
            Price.of(close) if close else None,
            at or self.clock.now(),
            "test",
        )
        with self.database.writing() as db:
            quotes.put(db, [quote])

    def look(self) -> PortfolioView:
        with self.database.reading() as db:
            return portfolio(db, self.house, self.viewer)

    def quantity(self, symbol: str) -> Decimal:
        """Units held in view, zero for none."""
        rows = [row for row in self.look().rows if row.instrument.symbol == symbol]
        return sum((row.valued.quantity for row in rows), Decimal(0))

    def session(self) -> SessionId:
        """A browser signed in."""
        now, token = self.clock.now(), secrets.token_hex(8)
        with self.database.writing() as db:
            return sessions.add(db, self.viewer, token, "test", "127.0.0.1", now, now + timedelta(days=30))

    def neighbour(self) -> Desk:
        """Another person in the same house, with a portfolio and an account of the same names."""
        return _seated(self.house, self.clock, self.broker, "other@example.com")

    def broker_account(self, user: str = "AB1234") -> Account:
        """An account connected at the desk broker, as a completed login leaves it."""
        now = self.clock.now()
        with self.database.writing() as db:
            home = accounts.add(
                db,
                self.viewer,
                self.portfolio.id,
                f"Desk {user}",
                AccountKind.BROKER,
                INR,
                now,
                self.broker.name,
                user,
            )
            connections.put(
                db,
                self.viewer,
                home.id,
                self.broker.name,
                "key",
                lambda row: self.house.vault.seal(Secret("token"), "connections", row, "token"),
                expires=now + timedelta(hours=18),
                now=now,
            )
        return home


def held(symbol: str, quantity: str, average: str | None, last: str = "0", close: str = "0") -> Holding:
    """A line of a broker's statement."""
    return Holding(
        InstrumentClaim(Listing("NSE", symbol)),
        Decimal(quantity),
        Decimal(0),
        Price.of(average) if average else None,
        Price.of(last),
        Price.of(close),
        Money.zero(),
    )


@contextmanager
def seated(url: str, at: Instant = FRIDAY_NOON) -> Iterator[Desk]:
    """A desk on the migrated database at `url`."""
    clock = FixedClock(at)
    broker = DeskBroker(clock)
    known: dict[str, Broker] = {broker.name: broker}
    commons = commons_beside(url)
    database, bus = open_database(url), Bus()
    house = House(
        database=database,
        vault=Vault(KeyRing([new_key()])),
        clock=clock,
        calendars=KeptCalendars(database, clock, bus),
        sectors=sectors.packaged(),
        bus=bus,
        doorbell=SilentBell(),
        brokers=known,
        throttle=commons.throttle,
        shared=commons.shared,
        fanout=commons.fanout,
        sources=Sources(),
    )
    house = replace(
        house, rules=replace(house.rules, operator_apps={broker.name: AppKeys("key", Secret("secret"))})
    )
    try:
        yield _seated(house, clock, broker, "asha@example.com")
    finally:
        commons.close()
        house.database.close()


def _seated(house: House, clock: FixedClock, broker: DeskBroker, email: str) -> Desk:
    with house.database.writing() as db:
        person = persons.add(db, email, "Asha", "hash", Role.MEMBER, clock.now())
        shelf = portfolios.create_portfolio(db, house, person.viewer, "Main")
        home = portfolios.create_account(db, house, person.viewer, shelf.id, "By hand")
    return Desk(house, clock, person, shelf, home, broker)
