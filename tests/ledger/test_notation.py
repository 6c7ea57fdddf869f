"""One fact, one line, both ways; a wrong word is named."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import histories, name_of, number_of
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, Money, Price, plain
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.notation import line, parse_line
from tunefolio.ledger.transactions import Fact, Kind, Transaction

USD = Currency("USD")


@pytest.mark.parametrize(
    "text",
    [
        '2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #core "first tranche"',
        "2024-04-01 sell 2.5 NSE:M&M @ 1500.05",
        "2024-04-01 buy 3 NSE:TCS @ 33.333 = 99.99",
        "2024-04-01 buy 3 NSE:TCS = 100 fee 1",
        "2024-07-01 dividend 280 NSE:INFY fee 28 #income #2024",
        "2024-07-01 deposit 50000 USD",
        "2024-07-01 withdrawal 1",
        '2024-07-02 fee 118 "annual \\"demat\\" charge \\\\ GST"',
        "2024-07-02 fee 15.34 NSE:INFY",
        "2026-11-20 opening 24 NSE:RELIANCE @ 1312.3333",
        "2024-04-01 buy 1 NSE:TCS @ 3000 at 2024-04-01T03:50:11+00:00",
    ],
)
def test_a_line_comes_back_as_it_was(text: str) -> None:
    fact, tags = parse_line(text, number_of)
    assert line(fact, name_of, tags) == text


@given(
    histories(max_size=10),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30),
    st.lists(st.text("abcxyz-_/0123456789", min_size=1, max_size=10), max_size=3),
)
def test_every_fact_survives_the_round_trip(history: list[Transaction], note: str, tags: list[str]) -> None:
    for transaction in history:
        fact = replace(transaction.fact, note=note, at=Instant.parse("2024-04-01T03:50:11.25+00:00"))
        again, tags_again = parse_line(line(fact, name_of, tags), number_of)
        assert list(tags_again) == tags
        assert again.fingerprint(transaction.account, transaction.book) == fact.fingerprint(
            transaction.account, transaction.book
        )


def test_a_line_in_another_currency_names_it() -> None:
    fact = Fact(Kind.BUY, TradingDay.parse("2024-04-01"), Money.of("10", "USD"), number_of("TCS"), Decimal(1))
    assert line(fact, name_of) == "2024-04-01 buy 1 NSE:TCS = 10 USD"
    assert line(fact, name_of, currency=USD) == "2024-04-01 buy 1 NSE:TCS = 10"
    assert parse_line("2024-04-01 buy 1 TCS @ 10", number_of, USD)[0].price == Price.of("10", "USD")


def test_grouped_numbers_are_read() -> None:
    fact, _ = parse_line("2024-04-01 deposit 1,00,000.50", number_of)
    assert plain(fact.amount.amount) == "100000.5"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("2024-04-01 buy", "line"),
        ("01/04/2024 buy 1 INFY @ 1", "YYYY-MM-DD"),
        ("2024-04-01 bought 1 INFY @ 1", "Known: opening"),
        ("2024-04-01 buy ten INFY @ 1", "quantity"),
        ("2024-04-01 buy 1", "instrument"),
        ("2024-04-01 buy 1 INFY", "Write @ PRICE"),
        ("2024-04-01 buy 1 INFY @", "price"),
        ("2024-04-01 buy 1 INFY @ x", "price"),
        ("2024-04-01 buy 1 INFY @ -1", "price"),
        ("2024-04-01 buy -1 INFY @ 1", "quantity"),
        ("2024-04-01 buy 1 INFY @ 1 fee -2", "fees"),
        ("2024-04-01 deposit 10 @ 1", "amount only"),
        ("2024-04-01 deposit 10 hello", "'hello'"),
        ('2024-04-01 deposit 10 "hello', "not closed"),
        ("2024-04-01 deposit 10 #", "tag"),
        ("2024-04-01 buy 1 INFY @ 1 at noon", "ISO 8601"),
    ],
)
def test_a_wrong_line_names_the_word_and_the_cure(text: str, names: str) -> None:
    with pytest.raises(Misuse, match=names):
        parse_line(text, number_of)
