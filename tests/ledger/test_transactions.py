"""A fact is checked when it is made; equal facts have equal fingerprints, however they were typed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.books import ACCOUNT, histories
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money, Price, plain
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Book, name_of
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Fact, Pick, Ratio, Transaction, trade

DAY = TradingDay.parse("2024-04-01")
INFY = InstrumentId(1)
TCS = InstrumentId(3)
RUPEE, NOTHING = Money.of("1"), Money.zero()
ONE = Ratio(Decimal(1), Decimal(1))


def _demerger(cost_ratio: Decimal | None) -> Fact:
    return Fact(Kind.DEMERGER, DAY, NOTHING, INFY, other=TCS, ratio=ONE, cost_ratio=cost_ratio)


def _picked(quantity: Decimal, *picks: Pick) -> Fact:
    return Fact(Kind.SELL, DAY, RUPEE, INFY, quantity, picks=picks)


@pytest.mark.parametrize(
    ("field", "made"),
    [
        ("amount", lambda: Fact(Kind.DEPOSIT, DAY, Money.of("-1"))),
        ("instrument", lambda: Fact(Kind.DIVIDEND, DAY, RUPEE)),
        ("instrument", lambda: Fact(Kind.DEPOSIT, DAY, RUPEE, INFY)),
        ("quantity", lambda: Fact(Kind.BUY, DAY, RUPEE, INFY)),
        ("quantity", lambda: Fact(Kind.SELL, DAY, RUPEE, INFY, Decimal(-1))),
        ("quantity", lambda: Fact(Kind.DIVIDEND, DAY, RUPEE, INFY, Decimal(1))),
        ("fees", lambda: Fact(Kind.BUY, DAY, RUPEE, INFY, Decimal(1), fees=Money.of("1", "USD"))),
        ("fees", lambda: Fact(Kind.BUY, DAY, RUPEE, INFY, Decimal(1), fees=Money.of("-1"))),
        ("fees", lambda: Fact(Kind.DEPOSIT, DAY, RUPEE, fees=RUPEE)),
        ("note", lambda: Fact(Kind.DEPOSIT, DAY, RUPEE, note="x" * 501)),
        ("amount", lambda: Fact(Kind.SPLIT, DAY, RUPEE, INFY, ratio=Ratio(Decimal(2), Decimal(1)))),
        ("ratio", lambda: Fact(Kind.SPLIT, DAY, NOTHING, INFY)),
        ("ratio", lambda: Ratio(Decimal(0), Decimal(1))),
        ("cost_ratio", lambda: _demerger(None)),
        ("cost_ratio", lambda: _demerger(Decimal("1.5"))),
        ("other", lambda: Fact(Kind.RENAME, DAY, NOTHING, INFY, other=INFY)),
        ("other", lambda: Fact(Kind.MERGER, DAY, NOTHING, INFY)),
        ("ratio", lambda: Fact(Kind.MERGER, DAY, RUPEE, INFY, other=TCS)),
        ("cost_ratio", lambda: Fact(Kind.MERGER, DAY, RUPEE, INFY, other=TCS, ratio=ONE)),
        ("cost_ratio", lambda: Fact(Kind.MERGER, DAY, RUPEE, INFY, cost_ratio=Decimal("0.5"))),
        ("picks", lambda: _picked(Decimal(2), Pick(TransactionId(1), Decimal(1)))),
        (
            "picks",
            lambda: _picked(Decimal(2), Pick(TransactionId(1), Decimal(3)), Pick(TransactionId(2), -ONE.new)),
        ),
        ("picks", lambda: Fact(Kind.DEPOSIT, DAY, RUPEE, picks=(Pick(TransactionId(1), Decimal(1)),))),
        ("counter", lambda: Fact(Kind.CONVERT, DAY, RUPEE, counter=RUPEE)),
        ("acquired", lambda: Fact(Kind.OPENING, DAY, RUPEE, INFY, Decimal(1), acquired=DAY.plus_days(1))),
        ("quantity", lambda: Fact(Kind.TRANSFER_OUT, DAY, NOTHING, INFY)),
        ("amount", lambda: Fact(Kind.TRANSFER_OUT, DAY, NOTHING)),
        ("amount", lambda: Fact(Kind.TRANSFER_OUT, DAY, RUPEE, INFY, Decimal(1))),
        ("fees", lambda: Fact(Kind.TRANSFER_OUT, DAY, RUPEE, fees=RUPEE)),
        (
            "acquired",
            lambda: Fact(
                Kind.TRANSFER_IN, DAY, NOTHING, INFY, Decimal(1), counterpart=AccountId(2), acquired=DAY
            ),
        ),
        ("delivery", lambda: Fact(Kind.EXERCISE, DAY, RUPEE, INFY, Decimal(1), other=TCS)),
        ("price", lambda: Fact(Kind.BUY, DAY, RUPEE, INFY, Decimal(1), Price.of("1", "USD"))),
        ("quantity", lambda: trade(Kind.SELL, DAY, INFY, Decimal(-5), Price.of("1"))),
        ("quantity", lambda: trade(Kind.BUY, DAY, INFY, Decimal(0), Price.of("1"))),
        ("price", lambda: trade(Kind.BUY, DAY, INFY, Decimal(1), Price.of("-1"))),
    ],
)
def test_a_wrong_fact_names_its_field(field: str, made: Any) -> None:
    with pytest.raises(Misuse) as caught:
        made()
    assert caught.value.field == field


def test_a_fee_may_or_may_not_name_an_instrument() -> None:
    assert Fact(Kind.FEE, DAY, RUPEE).charges == Money.zero()
    assert Fact(Kind.FEE, DAY, RUPEE, INFY).instrument == INFY


def test_a_trade_rounds_once_to_the_paisa() -> None:
    assert trade(Kind.BUY, DAY, INFY, Decimal("3.333"), Price.of("10.01")).amount == Money.of("33.36")


@given(histories(max_size=8))
def test_every_part_of_a_fact_is_in_its_fingerprint(history: list[Transaction]) -> None:
    for transaction in history:
        fact = transaction.fact
        print_of = fact.fingerprint(ACCOUNT, Book.LIVE)
        assert print_of == transaction.fingerprint
        others = [
            replace(fact, day=fact.day.plus_days(1)),
            replace(fact, amount=fact.amount + Money.of("0.01")),
            replace(fact, note=fact.note + "x"),
        ]
        assert all(other.fingerprint(ACCOUNT, Book.LIVE) != print_of for other in others)
        assert fact.fingerprint(AccountId(2), Book.LIVE) != print_of
        assert fact.fingerprint(ACCOUNT, Book.PAPER) != print_of


def test_equal_numbers_have_one_text() -> None:
    assert {plain(Decimal(text)) for text in ("10", "10.0", "1E+1", "10.00000000")} == {"10"}
    assert plain(Decimal("0.10")) == "0.1"
    assert plain(None) == ""
    typed = Fact(Kind.DEPOSIT, DAY, Money.of("10.0"))
    stored = Fact(Kind.DEPOSIT, DAY, Money.of("10.0000"), fees=Money.of("0"))
    assert typed.fingerprint(ACCOUNT, Book.LIVE) == stored.fingerprint(ACCOUNT, Book.LIVE)


@pytest.mark.parametrize("text", ["", "   ", "x" * 81, "a\x00b"])
def test_names_are_short_and_printable(text: str) -> None:
    with pytest.raises(Misuse):
        name_of(text)


def test_names_are_trimmed() -> None:
    assert name_of("  Family \n demat ") == "Family demat"
