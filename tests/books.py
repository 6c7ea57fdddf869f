"""Tiny ledgers as sentences: book("2024-04-01 buy 10 INFY @ 1500 fee 12.50")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import Book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.notation import parse_line
from tunefolio.ledger.transactions import Fact, Transaction, trade

NAMES = ("INFY", "RELIANCE", "TCS", "M&M", "JIOFIN", "INFY-RE", "NIFTYFUT", "NIFTYCE", "GS2033", "ETERNAL")
RECORDED = Instant(datetime(2026, 1, 1, tzinfo=UTC))
ACCOUNT = AccountId(1)
ACCOUNTS = ("A", "B", "C")


def number_of(name: str) -> InstrumentId:
    """The id a tiny ledger gives to a name: its place in NAMES, from 1."""
    return InstrumentId(NAMES.index(name.rpartition(":")[2]) + 1)


def account_of(name: str) -> AccountId:
    """The id of account A, B or C: its place in ACCOUNTS, from 1."""
    return AccountId(ACCOUNTS.index(name) + 1)


def name_of(instrument: InstrumentId) -> str:
    return f"NSE:{NAMES[instrument - 1]}"


def recorded(
    fact: Fact,
    number: int,
    *,
    reverses: int | None = None,
    source: str = "manual",
    account: AccountId = ACCOUNT,
) -> Transaction:
    return Transaction(
        TransactionId(number),
        account,
        Book.LIVE,
        fact,
        source,
        f"test:{number}",
        RECORDED + timedelta(seconds=number),
        fact.fingerprint(account, Book.LIVE),
        None if reverses is None else TransactionId(reverses),
    )


def book(text: str, account: AccountId = ACCOUNT) -> list[Transaction]:
    """One transaction a line, numbered from 1; `reverse N` takes line N back; a pick names a line as `^N`."""
    return [fact for _account, fact in _numbered([(account, line) for line in _lines(text)])]


def family(text: str) -> dict[AccountId, list[Transaction]]:
    """One transaction a line, the account before it: family("A 2024-04-01 buy 10 INFY @ 1500")."""
    split = [line.partition(" ") for line in _lines(text)]
    histories: dict[AccountId, list[Transaction]] = {}
    for account, fact in _numbered([(account_of(name), line) for name, _space, line in split]):
        histories.setdefault(account, []).append(fact)
    return histories


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines() if line.strip()]


def _numbered(lines: list[tuple[AccountId, str]]) -> list[tuple[AccountId, Transaction]]:
    history: list[tuple[AccountId, Transaction]] = []
    for number, (account, line) in enumerate(lines, start=1):
        if line.startswith("reverse "):
            target = int(line.split()[1])
            fact = history[target - 1][1].fact
            history.append((account, recorded(fact, number, reverses=target, account=account)))
        else:
            fact, _tags = parse_line(
                line, number_of, account=account_of, lot=lambda name: TransactionId(int(name))
            )
            source = "statement" if fact.kind is Kind.OPENING else "manual"
            history.append((account, recorded(fact, number, source=source, account=account)))
    return history


def told(*values: object) -> tuple[object, ...]:
    """Several figures at once, to stand beside plain numbers."""
    return values


quantities = st.decimals(min_value="0.001", max_value="5000", places=3)
prices = st.decimals(min_value="0.05", max_value="90000", places=2)
charges = st.decimals(min_value="0", max_value="500", places=2)
days = st.integers(min_value=0, max_value=1500).map(lambda n: TradingDay.parse("2020-01-01").plus_days(n))


SIMPLE = (
    Kind.OPENING, Kind.BUY, Kind.SELL, Kind.DIVIDEND, Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.FEE,
)  # fmt: skip
"""What books of trades alone consist of; tests/ledger/lives.py makes books of everything."""


@st.composite
def histories(draw: st.DrawFn, max_size: int = 40) -> list[Transaction]:
    """Lawful books of one account: no sale beyond what is held by then, some facts taken back."""
    facts: list[Fact] = []
    held: dict[InstrumentId, Decimal] = {}
    for day in sorted(draw(st.lists(days, max_size=max_size))):
        kind = draw(st.sampled_from(SIMPLE))
        instrument = InstrumentId(draw(st.integers(1, 4)))
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
            case _:
                facts.append(Fact(kind, day, amount))
    return [recorded(fact, number) for number, fact in enumerate(facts, start=1)]
