"""Tiny ledgers as sentences: book("2024-04-01 buy 10 INFY @ 1500 fee 12.50")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.transactions import Fact, Kind, Transaction, trade

NAMES = ("INFY", "RELIANCE", "TCS", "M&M")
RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))
ACCOUNT = AccountId(1)


def number_of(name: str) -> InstrumentId:
    """The id a tiny ledger gives to a name: its place in NAMES, from 1."""
    return InstrumentId(NAMES.index(name.removeprefix("NSE:")) + 1)


def name_of(instrument: InstrumentId) -> str:
    return f"NSE:{NAMES[instrument - 1]}"


def recorded(fact: Fact, number: int, *, reverses: int | None = None, source: str = "manual") -> Transaction:
    return Transaction(
        TransactionId(number),
        ACCOUNT,
        Book.LIVE,
        fact,
        source,
        f"test:{number}",
        RECORDED + timedelta(seconds=number),
        fact.fingerprint(ACCOUNT, Book.LIVE),
        None if reverses is None else TransactionId(reverses),
    )


def book(text: str) -> list[Transaction]:
    """One transaction a line, numbered from 1; `reverse N` takes line N back."""
    history: list[Transaction] = []
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    for number, line in enumerate(lines, start=1):
        if line.startswith("reverse "):
            target = int(line.split()[1])
            history.append(recorded(history[target - 1].fact, number, reverses=target))
        else:
            fact, _tags = parse_line(line, number_of)
            source = "statement" if fact.kind is Kind.OPENING else "manual"
            history.append(recorded(fact, number, source=source))
    return history


quantities = st.decimals(min_value="0.001", max_value="5000", places=3)
prices = st.decimals(min_value="0.05", max_value="90000", places=2)
charges = st.decimals(min_value="0", max_value="500", places=2)
days = st.integers(min_value=0, max_value=1500).map(lambda n: TradingDay.parse("2020-01-01").plus_days(n))


@st.composite
def histories(draw: st.DrawFn, max_size: int = 40) -> list[Transaction]:
    """Lawful books of one account: no sale beyond what is held by then, some facts taken back."""
    facts: list[Fact] = []
    held: dict[InstrumentId, Decimal] = {}
    for day in sorted(draw(st.lists(days, max_size=max_size))):
        kind = draw(st.sampled_from(list(Kind)))
        instrument = InstrumentId(draw(st.integers(1, len(NAMES))))
        amount = Money(draw(prices), Money.zero().currency)
        fees = Money(draw(charges), amount.currency)
        match kind:
            case Kind.BUY | Kind.OPENING:
                quantity = draw(quantities)
                held[instrument] = held.get(instrument, Decimal(0)) + quantity
                paid = fees if kind is Kind.BUY else None
                facts.append(
                    trade(kind, day, instrument, quantity, Price(draw(prices), amount.currency), fees=paid)
                )
            case Kind.SELL:
                if held.get(instrument, Decimal(0)) < Decimal("0.001"):
                    continue
                whole = draw(st.booleans())
                most = held[instrument]
                wanted = most if whole else draw(st.decimals(min_value="0.001", max_value=most, places=3))
                held[instrument] -= wanted
                price = Price(draw(prices), amount.currency)
                facts.append(trade(kind, day, instrument, wanted, price, fees=fees))
            case Kind.DIVIDEND:
                facts.append(Fact(kind, day, amount, instrument, fees=fees))
            case Kind.DEPOSIT | Kind.WITHDRAWAL | Kind.FEE:
                facts.append(Fact(kind, day, amount))
    return [recorded(fact, number) for number, fact in enumerate(facts, start=1)]
