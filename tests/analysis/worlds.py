"""Small worlds: two accounts, four instruments in two currencies, every sort of fact, prices and rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from tunefolio.analysis.columns import Market
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.cashflows import DayRow, Movement, by_day
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.positions import PLAIN, Holdings, Terms, fold_all
from tunefolio.ledger.transactions import Fact, Ratio, Transaction
from tunefolio.market.closes import Close, Closes, PriceBook
from tunefolio.market.fx import Rate, RateBook

USD = Currency("USD")
A, B = AccountId(1), AccountId(2)
NAMES = ("INFY", "TCS", "AAPL", "MSFT")
INFY, TCS, AAPL, MSFT = (InstrumentId(n) for n in (1, 2, 3, 4))
CURRENCIES: Mapping[InstrumentId, Currency] = {INFY: INR, TCS: INR, AAPL: USD, MSFT: USD}
BEGIN = TradingDay.parse("2024-01-01")
SPAN = 60
RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))


@dataclass(frozen=True)
class World:
    """Facts of two accounts, folded, with what the market knows."""

    holdings: Mapping[AccountId, Holdings]
    market: Market

    @property
    def movements(self) -> list[Movement]:
        return [movement for held in self.holdings.values() for movement in held.movements]

    @property
    def rows(self) -> list[DayRow]:
        return by_day(self.movements)


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def recorded(account: AccountId, fact: Fact, number: int) -> Transaction:
    key = f"test:{number}"
    return Transaction(TransactionId(number), account, Book.LIVE, fact, "manual", key, RECORDED, "")


def prices(text: str) -> PriceBook:
    """One close a line: "2024-01-01 INFY 1500"; AAPL and MSFT in USD."""
    groups: dict[InstrumentId, list[Close]] = {}
    for line in text.strip().splitlines():
        when, name, price = line.split()
        groups.setdefault(number_of(name), []).append(Close(day(when), Decimal(price)))
    books = {i: Closes.of(i, CURRENCIES[i], closes, source="test") for i, closes in groups.items()}
    return PriceBook(books, names=dict(zip(CURRENCIES, NAMES, strict=True)))


def rates(text: str) -> RateBook:
    """One rate of the dollar in rupees a line: "2024-01-01 83.20"."""
    lines = [line.split() for line in text.strip().splitlines()]
    return RateBook.of(Rate(USD, INR, day(when), Decimal(rate), "test") for when, rate in lines)


def number_of(name: str) -> InstrumentId:
    return InstrumentId(NAMES.index(name.removeprefix("NSE:")) + 1)


def world(text: str, closes: str = "", dollars: str = "", terms: Terms = PLAIN) -> World:
    """Facts in the text notation, all of account A unless the line begins with "B "."""
    histories: dict[AccountId, list[Transaction]] = {A: [], B: []}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        account = B if line.startswith("B ") else A
        fact, _tags = parse_line(line.removeprefix("B "), number_of, account={"A": A, "B": B}.__getitem__)
        histories[account].append(recorded(account, fact, number))
    return World(fold_all(histories, terms), Market(prices(closes), rates(dollars)))


_sums = st.decimals(min_value="0.01", max_value="90000", places=2)
_units = st.decimals(min_value="0.001", max_value="900", places=3)
_small = st.decimals(min_value="0", max_value="200", places=2)
_KINDS = (
    Kind.BUY, Kind.BUY, Kind.BUY, Kind.SELL, Kind.SELL, Kind.OPENING, Kind.DEPOSIT, Kind.WITHDRAWAL,
    Kind.DIVIDEND, Kind.REINVEST, Kind.INTEREST, Kind.FEE, Kind.TAX, Kind.CONVERT, Kind.SPLIT, Kind.BONUS,
    Kind.DEMERGER, Kind.REPAYMENT, Kind.WRITE_OFF, Kind.TRANSFER_OUT, Kind.SHORT, Kind.COVER, Kind.AIRDROP,
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn, *, most: int = 16, is_whole: bool = True) -> World:
    """Lawful books. is_whole: every price and rate is known; else some days have none."""
    histories: dict[AccountId, list[Transaction]] = {A: [], B: []}
    number = 0
    for offset in sorted(draw(st.lists(st.integers(0, SPAN - 1), min_size=most // 4, max_size=most))):
        account = draw(st.sampled_from([A, B]))
        facts = draw(_facts(BEGIN.plus_days(offset), account, _held(histories, account)))
        tried = {key: list(history) for key, history in histories.items()}
        for owner, fact in facts:
            number += 1
            tried[owner].append(recorded(owner, fact, number))
        try:
            fold_all(tried)
        except Misuse:
            continue
        histories = tried
    return World(fold_all(histories), draw(_markets(is_whole=is_whole)))


def _held(
    histories: Mapping[AccountId, list[Transaction]], account: AccountId
) -> dict[InstrumentId, Decimal]:
    return (
        {p.instrument: p.quantity for p in fold_all(histories)[account].open()} if histories[account] else {}
    )


@st.composite
def _facts(  # noqa: C901 (one case a kind)
    draw: st.DrawFn, when: TradingDay, account: AccountId, held: Mapping[InstrumentId, Decimal]
) -> Sequence[tuple[AccountId, Fact]]:
    """One fact, or the two halves of a transfer; what gives up units mostly has them."""
    kind = draw(st.sampled_from(_KINDS))
    instrument = draw(st.sampled_from(list(CURRENCIES)))
    if kind not in {Kind.BUY, Kind.OPENING, Kind.AIRDROP, Kind.SHORT} and held:
        instrument = draw(st.sampled_from(sorted(held)))
    currency = CURRENCIES[instrument]
    amount = Money(draw(_sums), currency)
    units = abs(held.get(instrument, Decimal(0))) * draw(st.sampled_from([1, 2, 4])) or draw(_units)
    fees, tax = Money(draw(_small), currency), Money(draw(_small), currency)
    nothing = Money.zero(currency)
    twin = {INFY: TCS, TCS: INFY, AAPL: MSFT, MSFT: AAPL}[instrument]
    ratio = Ratio(Decimal(draw(st.sampled_from([1, 2, 5]))), Decimal(draw(st.sampled_from([1, 2]))))
    match kind:
        case Kind.BUY | Kind.SHORT:
            return [(account, Fact(kind, when, amount, instrument, units, fees=fees))]
        case Kind.OPENING | Kind.AIRDROP:
            return [(account, Fact(kind, when, amount, instrument, units))]
        case Kind.SELL | Kind.COVER | Kind.REINVEST:
            return [(account, Fact(kind, when, amount, instrument, units / 4, fees=fees, tax=tax))]
        case Kind.DEPOSIT | Kind.WITHDRAWAL:
            return [(account, Fact(kind, when, amount))]
        case Kind.DIVIDEND | Kind.REPAYMENT:
            return [(account, Fact(kind, when, amount, instrument, fees=fees, tax=tax))]
        case Kind.INTEREST:
            return [(account, Fact(kind, when, amount, fees=fees, tax=tax))]
        case Kind.FEE | Kind.TAX:
            return [(account, Fact(kind, when, amount, draw(st.sampled_from([None, instrument]))))]
        case Kind.CONVERT:
            counter = Money(draw(_sums), USD if currency == INR else INR)
            return [(account, Fact(kind, when, amount, fees=fees, counter=counter))]
        case Kind.SPLIT | Kind.BONUS:
            return [(account, Fact(kind, when, nothing, instrument, ratio=ratio))]
        case Kind.DEMERGER:
            share = Decimal("0.25")
            fact = Fact(kind, when, nothing, instrument, other=twin, ratio=ratio, cost_ratio=share)
            return [(account, fact)]
        case Kind.WRITE_OFF:
            return [(account, Fact(kind, when, nothing, instrument, units / 4))]
        case _:
            there = B if account == A else A
            out = Fact(Kind.TRANSFER_OUT, when, nothing, instrument, units / 4, counterpart=there, fees=fees)
            come = Fact(Kind.TRANSFER_IN, when, nothing, instrument, units / 4, counterpart=account)
            return [(account, out), (there, come)]


@st.composite
def _markets(draw: st.DrawFn, *, is_whole: bool) -> Market:
    known = range(-1, SPAN + 1)
    books = {}
    for instrument, currency in CURRENCIES.items():
        offsets = known if is_whole else draw(st.lists(st.sampled_from(known), unique=True, max_size=30))
        some = draw(st.lists(st.decimals("0.05", "3000", places=2), min_size=3, max_size=7))
        closes = [Close(BEGIN.plus_days(n), some[n % len(some)]) for n in offsets]
        books[instrument] = Closes.of(instrument, currency, closes, source="test")
    offsets = known if is_whole else draw(st.lists(st.sampled_from(known), unique=True, max_size=30))
    levels = draw(st.lists(st.decimals("60", "95", places=4), min_size=2, max_size=5))
    some_rates = (Rate(USD, INR, BEGIN.plus_days(n), levels[n % len(levels)], "test") for n in offsets)
    return Market(PriceBook(books, names=dict(zip(CURRENCIES, NAMES, strict=True))), RateBook.of(some_rates))


@st.composite
def periods(draw: st.DrawFn) -> tuple[TradingDay | None, TradingDay]:
    """Two days of the world, or everything up to one."""
    first, last = sorted(draw(st.tuples(st.integers(0, SPAN), st.integers(0, SPAN))))
    since = None if draw(st.booleans()) else BEGIN.plus_days(first)
    return since, BEGIN.plus_days(last)
