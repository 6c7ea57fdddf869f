"""What the demo's person kept by hand before: a family's demat, American shares, a fund, savings.

Prices are the rehearsal's. Two of what its companies did is left open, so that there is something to decide.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tunefolio.core.identity import AccountId, InstrumentId, Isin, PortfolioId
from tunefolio.core.money import Currency, Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import FixedClock, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.notation import parse_line
from tunefolio.market.accruals import AccrualTerms, Crediting, RateRow
from tunefolio.market.actions import ActionClaim, ActionKind, Terms
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.quotes import Quote, QuoteKind
from tunefolio.sandbox import corporate
from tunefolio.sandbox.abroad import ABROAD
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Listed
from tunefolio.services import announcements, closes, portfolios, record, snapshot
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.store import quotes, transactions
from tunefolio.store.db import WriteDb
from tunefolio.store.snapshots import SnapshotType

ACCOUNT = "Family demat"
ABROAD_ACCOUNT = "US shares"
FUND_ACCOUNT = "Mutual fund"
SAVINGS_ACCOUNT = "Savings"
PORTFOLIO = "My portfolio"
SOURCE = "rehearsal"

USD = Currency("USD")
FUND = InstrumentClaim(
    Listing("MF", "INF179K01YV8"), Isin("INF179K01YV8"), "Large cap fund (rehearsal)", AssetClass.FUND
)

_TRADES = (
    ("2023-07-12", "buy", 30, "HINDUNILVR", "#family"),
    ("2023-09-20", "buy", 150, "POWERGRID", "#family"),
    ("2023-11-15", "buy", 25, "BAJAJ-AUTO", ""),
    ("2024-01-18", "buy", 80, "AXISBANK", ""),
    ("2024-03-21", "buy", 12, "NESTLEIND", "#family"),
    ("2024-06-20", "buy", 40, "CIPLA", ""),
    ("2024-09-26", "sell", 30, "AXISBANK", ""),
    ("2024-11-28", "buy", 200, "COALINDIA", "#dividends"),
    ("2025-02-20", "buy", 18, "HCLTECH", ""),
    ("2025-06-26", "buy", 2, "EICHERMOT", ""),
    ("2025-09-18", "sell", 50, "POWERGRID", "#family"),
    ("2025-12-18", "buy", 7, "TECHM", ""),
    ("2026-03-25", "buy", 100, "COALINDIA", "#dividends"),
    ("2026-07-23", "sell", 10, "BAJAJ-AUTO", ""),
)
_OTHERS = (
    "2023-07-10 deposit 750000",
    "2026-04-01 fee 354",
)
_US_TRADES = (
    ("2024-01-16", "buy", 12, "AAPL", ""),
    ("2024-08-14", "buy", 4, "MSFT", ""),
    ("2025-05-20", "buy", 6, "GOOGL", ""),
    ("2026-02-11", "sell", 4, "AAPL", ""),
)
_US_OTHERS = ("2024-01-15 deposit 4000", "2024-08-12 deposit 2500", "2025-05-19 deposit 1500")
_DEPOSITS = (
    (
        "SBI-FD-2027",
        "Fixed deposit until 2027",
        AccrualTerms((RateRow(Decimal("0.071")),), Crediting.QUARTERLY, TradingDay.parse("2027-05-02")),
    ),
    ("PPF", "Public Provident Fund", AccrualTerms((RateRow(Decimal("0.071")),), Crediting.PPF)),
)
_SAVED = (
    "2024-05-02 deposit 200000",
    "2024-05-02 buy 200000 OWN:SBI-FD-2027 @ 1",
    *(f"{year}-04-03 deposit 60000" for year in (2024, 2025, 2026)),
    *(f"{year}-04-03 buy 60000 OWN:PPF @ 1" for year in (2024, 2025, 2026)),
)
_SIP_RUPEES = Decimal(10_000)
_SIP_FROM, _SIP_DAY = date(2024, 1, 1), 5
_NAV_SHARE = Decimal("0.4")
"""The fund's price beside that of the index fund it follows: a level of its own."""
_PAID_AFTER_DAYS = 20
"""Dividends reach the bank some weeks after the ex-date, and are written down then."""
_NOTED_UNTIL = TradingDay.parse("2026-06-01")
"""What companies did after this day nobody has written down: it waits as proposals."""
_REGISTER = "register"
_FORTNIGHT = 10
_DAILY = 20
_FEE_RATIO = Decimal("0.00112")


def seed(db: WriteDb, house: House, viewer: Viewer, market: Market) -> None:
    """A portfolio with hand-kept accounts and their history; through the same services as by hand.

    The years of the demat are lived through in order: on each day of the curve what was done by then is
    recorded, and the account is frozen at that day's closes by a house whose clock stands there. Only a
    rehearsal can do so.
    """
    home = portfolios.create_portfolio(db, house, viewer, PORTFOLIO)
    account = portfolios.create_account(db, house, viewer, home.id, ACCOUNT)
    lines = deque(sorted((*_OTHERS, *_demat_lines(market))))
    held: dict[InstrumentId, Listed] = {}
    for day in _curve_days(house):
        while lines and TradingDay.parse(lines[0][:10]) <= day:
            _record(db, house, viewer, account.id, lines.popleft(), held, market)
        then = replace(house, clock=FixedClock(house.calendar.eod(day)))
        quotes.put(db, [_closed(market, then, id, listed, day) for id, listed in held.items()])
        snapshot.take(db, then, viewer, account.id, SnapshotType.EOD)
    _write_down(db, house, viewer, account, lines)
    _abroad(db, house, viewer, home.id, market)
    _fund(db, house, viewer, home.id, market)
    _savings(db, house, viewer, home.id)
    announcements.keep(db, house, _register())


def _demat_lines(market: Market) -> Iterator[str]:
    """The trades, and what the companies did to them as far as it was written down."""
    yield from (_line(market.paid, market.universe.of(f"NSE:{trade[3]}"), *trade) for trade in _TRADES)
    for symbol in dict.fromkeys(trade[3] for trade in _TRADES):
        listed = market.universe.of(f"NSE:{symbol}")
        yield from _splits(listed)
        yield from _dividends(listed)


def _splits(listed: Listed) -> Iterator[str]:
    for split in corporate.splits_of(listed):
        if split.ex_day < _NOTED_UNTIL.date:
            new = split.new - split.old if split.is_bonus else split.new
            kind = "bonus" if split.is_bonus else "split"
            yield f"{split.ex_day} {kind} {new}:{split.old} NSE:{listed.symbol}"


def _dividends(listed: Listed) -> Iterator[str]:
    """Each July's, of the units held when its ex-date began."""
    for year in range(2023, _NOTED_UNTIL.date.year):
        ex_day = TradingDay(corporate.dividend_day(listed, year))
        units = _units(listed, ex_day)
        amount = Decimal(str(corporate.paid_dividend(listed, ex_day))) * units
        if amount > 0:
            yield f"{ex_day.plus_days(_PAID_AFTER_DAYS)} dividend {amount:.2f} NSE:{listed.symbol} #dividends"


def _units(listed: Listed, before: TradingDay) -> Decimal:
    """Units of the demat's trades in a company when that day began, its splits and bonuses counted."""
    units = Decimal(0)
    own = [trade for trade in _TRADES if trade[3] == listed.symbol]
    events = [(day, quantity if kind == "buy" else -quantity, None) for day, kind, quantity, *_ in own]
    splits = [(split.ex_day.isoformat(), 0, split) for split in corporate.splits_of(listed)]
    for day, quantity, split in sorted([*events, *splits], key=lambda one: one[0]):
        if day < before.iso():
            units = units * split.new / split.old if split is not None else units + quantity
    return units


def _abroad(db: WriteDb, house: House, viewer: Viewer, home: PortfolioId, market: Market) -> None:
    """An account in dollars: its value in rupees needs the rate of each day."""
    account = portfolios.create_account(db, house, viewer, home, ABROAD_ACCOUNT, USD)
    shares = {trade[3]: ABROAD[trade[3]] for trade in _US_TRADES}
    claims = [
        InstrumentClaim(Listing(one.exchange, one.symbol), None, one.company.name, AssetClass.EQUITY, USD)
        for one in shares.values()
    ]
    ids = resolved(db, house, claims)
    lines = [*_US_OTHERS, *(_line(market.paid, shares[trade[3]], *trade) for trade in _US_TRADES)]
    _write_down(db, house, viewer, account, sorted(lines))
    now = house.clock.now()
    day = TradingDay(calendar_date(now))
    for claim, listed in zip(claims, shares.values(), strict=True):
        price = Price(Decimal(market.price(listed, now)) / 100, USD)
        former = Price(Decimal(market.close(listed, market.sessions.before(day))) / 100, USD)
        quotes.put(db, [Quote(ids[claim], price, former, now, SOURCE, QuoteKind.LAST)])


def _fund(db: WriteDb, house: House, viewer: Viewer, home: PortfolioId, market: Market) -> None:
    """A monthly instalment into a fund, and the fund's prices as its house publishes them."""
    account = portfolios.create_account(db, house, viewer, home, FUND_ACCOUNT)
    id, fund = resolved(db, house, [FUND])[FUND], f"MF:{FUND.listing.symbol}"
    end = min(TradingDay(calendar_date(house.clock.now())), house.calendar.known_until)
    days = list(house.calendar.sessions(TradingDay(_SIP_FROM), end))
    navs = {day: _nav(market, day) for day in days}
    closes.keep(db, house, [(FUND, day, nav) for day, nav in navs.items()], source=SOURCE)
    lines: list[str] = []
    for day in _instalments(days):
        units = (_SIP_RUPEES / navs[day]).quantize(Decimal("0.001"))
        lines += [f"{day} deposit {_SIP_RUPEES}", f"{day} sip {units} {fund} @ {navs[day]} #sip"]
    _write_down(db, house, viewer, account, lines)
    last = house.calendar.eod(days[-1])
    price, former = (Price.of(navs[day]) for day in (days[-1], days[-2]))
    quotes.put(db, [Quote(id, price, former, last, SOURCE, QuoteKind.CLOSE)])


def _savings(db: WriteDb, house: House, viewer: Viewer, home: PortfolioId) -> None:
    """What no exchange lists and grows by its own terms: a bank's deposit and a provident fund."""
    account = portfolios.create_account(db, house, viewer, home, SAVINGS_ACCOUNT)
    for symbol, name, terms in _DEPOSITS:
        record.add_private(db, house, viewer, symbol, name, AssetClass.FIXED, terms)
    _write_down(db, house, viewer, account, _SAVED)


def _nav(market: Market, day: TradingDay) -> Decimal:
    index_fund = market.universe.of("NSE:NIFTYBEES")
    return (Decimal(market.close(index_fund, day)) / 100 * _NAV_SHARE).quantize(Decimal("0.0001"))


def _instalments(days: list[TradingDay]) -> Iterator[TradingDay]:
    """The first session of each month on or after the fifth."""
    seen: set[tuple[int, int]] = set()
    for day in days:
        month = (day.date.year, day.date.month)
        if day.date.day >= _SIP_DAY and month not in seen:
            seen.add(month)
            yield day


def _register() -> Iterator[ActionClaim]:
    """What the exchange's register says of the rehearsal's companies: it tells a bonus from a split, which
    the price source does not; and a demerger whose ratio nobody has published."""
    for split in corporate.SPLITS:
        new = split.new - split.old if split.is_bonus else split.new
        kind = ActionKind.BONUS if split.is_bonus else ActionKind.SPLIT
        terms = Terms(kind, Decimal(new), Decimal(split.old), note=split.words)
        yield ActionClaim(Listing("NSE", split.symbol), TradingDay(split.ex_day), terms, _REGISTER)
    demerger = Terms(ActionKind.DEMERGER, note="Demerger")
    yield ActionClaim(Listing("NSE", "HINDUNILVR"), TradingDay.parse("2026-07-06"), demerger, _REGISTER)


def _write_down(db: WriteDb, house: House, viewer: Viewer, account: Account, lines: Iterable[str]) -> None:
    """Lines of notation, all at once."""
    facts = [
        parse_line(line, lambda name: record.instrument_named(db, house, name, viewer), account.currency)
        for line in lines
    ]
    record.record_many(db, house, viewer, account.id, facts)


def _curve_days(house: House) -> list[TradingDay]:
    """Past sessions since the first trade, oldest first: one a fortnight, and each of the last four weeks."""
    start = TradingDay.parse(min(day for day, *_ in _TRADES))
    end = min(TradingDay(calendar_date(house.clock.now())), house.calendar.known_until)
    sessions = list(house.calendar.sessions(start, end))
    return sessions[:-_DAILY:_FORTNIGHT] + sessions[-_DAILY:]


def _record(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    line: str,
    held: dict[InstrumentId, Listed],
    market: Market,
) -> None:
    id = record.record_line(db, house, viewer, account, line)
    instrument = transactions.transaction_of(db, viewer, id).fact.instrument
    if instrument is not None and instrument not in held:
        name = next(word for word in line.split() if ":" in word)
        held[instrument] = market.universe.of(name)


def _closed(market: Market, then: House, id: InstrumentId, listed: Listed, day: TradingDay) -> Quote:
    """The official close of that day as a quote."""
    before = then.calendar.previous(day)
    price, previous = (Price.of(Decimal(market.paid(listed, d)) / 100) for d in (day, before))
    return Quote(id, price, previous, then.clock.now(), "rehearsal", QuoteKind.CLOSE)


def _line(
    paid: Callable[[Listed, TradingDay], int],
    listed: Listed,
    day: str,
    kind: str,
    quantity: int,
    _symbol: str,
    tag: str,
) -> str:
    """One trade in the notation, at what was paid at that day's close; charges to the minor unit."""
    price = Decimal(paid(listed, TradingDay.parse(day))) / 100
    fee = (price * quantity * _FEE_RATIO).quantize(Decimal("0.01"))
    return f"{day} {kind} {quantity} {listed.exchange}:{listed.symbol} @ {price} fee {fee} {tag}".strip()
