"""A whole book as text: read in one pass, refused with every wrong line, written back as it was."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from tunefolio.core.money import Currency, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.booklines import write_book
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.textbook import BookRefused, TextBook, last_day, read_book
from tunefolio.market.accruals import Crediting
from tunefolio.market.instruments import AssetClass, Listing

USD = Currency("USD")

BOOK = """\
; a family's books
portfolio "Family" INR

account "Zerodha" INR hifo
2024-04-01 deposit 100000
2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #core ^T-1
2024-06-03 sell 5 NSE:INFY @ 1600 lots T-1:5 ^T-2
2024-07-01 transfer_out 3 NSE:INFY to "Kotak"
2024-07-02 fee 10 ^oops
2024-07-03 reverse ^oops

account "Kotak"
# nothing but what came in

portfolio Abroad USD
account IB
instrument NASDAQ:AAPL equity USD isin US0378331005 "Apple"
2024-04-01 buy 2 NASDAQ:AAPL @ 170
2024-04-01 price NSE:INFY 1501.5
2024-04-01 rate USD 83.12 INR
"""


def read(text: str) -> TextBook:
    return read_book(text.splitlines(), file="my.book")


def refused(text: str) -> list[str]:
    with pytest.raises(BookRefused) as refusal:
        read(text)
    return [str(problem) for problem in refusal.value.problems]


def test_a_book_has_portfolios_accounts_facts_prices_and_rates() -> None:
    book = read(BOOK)
    assert [(one.name, one.currency) for one in book.portfolios] == [("Family", "INR"), ("Abroad", "USD")]
    zerodha, kotak, ib = book.accounts
    assert (zerodha.name, zerodha.method, zerodha.portfolio) == ("Zerodha", "hifo", "Family")
    assert (kotak.name, kotak.method, kotak.currency) == ("Kotak", "", "INR")
    assert (ib.name, ib.portfolio, ib.currency) == ("IB", "Abroad", "USD")
    assert [one.name for one in book.instruments.values()] == ["NSE:INFY", "NASDAQ:AAPL"]
    assert (book.prices[0].price, book.prices[0].currency) == (Decimal("1501.5"), None)
    assert (book.rates[0].base, book.rates[0].quote, book.rates[0].rate) == ("USD", "INR", Decimal("83.12"))
    assert last_day(book) == TradingDay.parse("2024-07-02")


def test_a_transaction_is_numbered_by_its_line_and_lots_are_named_by_keys() -> None:
    book = read(BOOK)
    sale = next(one for one in book.transactions if one.fact.kind is Kind.SELL)
    assert (sale.id, sale.fact.picks[0].lot, sale.source_key) == (7, 6, "T-2")
    assert book.transactions[5].reverses == 9


def test_a_lot_may_be_named_before_its_purchase_is_read() -> None:
    book = read("2024-02-01 sell 1 NSE:TCS @ 5 lots b:1\n2024-01-01 buy 1 NSE:TCS @ 4 ^b\n")
    assert [one.id for one in book.transactions] == [1, 2]
    assert book.transactions[0].fact.picks[0].lot == 2


def test_one_half_of_a_transfer_brings_the_other() -> None:
    out, came = [one for one in read(BOOK).transactions if one.fact.counterpart is not None]
    assert (out.fact.kind, out.id, out.account, out.fact.counterpart) == (Kind.TRANSFER_OUT, 8, 1, 2)
    assert (came.fact.kind, came.account, came.fact.counterpart) == (Kind.TRANSFER_IN, 2, 1)
    assert (came.fact.quantity, came.fact.day) == (out.fact.quantity, out.fact.day)
    assert came.id > 18


def test_both_halves_of_a_transfer_stay_two() -> None:
    both = """\
account A
2024-01-01 buy 5 NSE:TCS @ 4
2024-02-01 transfer_out 5 NSE:TCS to B
2024-02-02 transfer_out 100 to B
account B
2024-02-01 transfer_in 5 NSE:TCS from A
2024-02-02 transfer_in 100 from A
"""
    assert len(read(both).transactions) == 5


def test_halves_that_do_not_agree_are_named_with_both_lines() -> None:
    text = """\
account A
2024-01-01 buy 5 NSE:TCS @ 4
2024-02-01 transfer_out 5 NSE:TCS to B
account B
2024-02-03 transfer_in 5 NSE:TCS from A
"""
    first, second = refused(text)
    assert "my.book:3: transfer: transfer_out does not agree with line 5" in first
    assert "my.book:5: transfer: transfer_in does not agree with line 3" in second


def test_an_instrument_keeps_the_currency_it_was_first_traded_in() -> None:
    book = read("2024-01-01 buy 1 NASDAQ:AAPL @ 170 USD\n2024-02-01 dividend 3 NASDAQ:AAPL\n")
    assert book.transactions[1].fact.amount == Money.of("3", "USD")
    (problem,) = refused("2024-01-01 buy 1 NSE:TCS @ 170 USD\n2024-02-01 dividend 3 NSE:TCS INR\n")
    assert problem.startswith("my.book:2: currency: NSE:TCS is in USD, this line in INR; ")


def test_every_wrong_line_is_named_and_nothing_is_read() -> None:
    text = """\
2024-04-01 buy ten NSE:INFY @ 1
2024-04-01 buy 1 INFY @ 1
2024-04-01 price NSE:INFY 0
2024-04-01 rate USD -1
portfolio
account A INR quickest
instrument NSE:INFY equities
2024-04-01 sell 1 NSE:INFY @ 1 lots T-1:1
2024-04-01 reverse ^T-9
2024-04-01 transfer_out 1 NSE:INFY to Nowhere
hello
2024-04-01 buy 1 XYZ:INFY @ 1
2024-04-01 deposit 1 ^twice
2024-04-01 deposit 1 ^twice
2024-04-01 transfer_out 1 to Main
"""
    said = refused(text)
    assert [line.split(":")[1] for line in said] == [
        str(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15)
    ]
    assert said[0] == "my.book:1: quantity: 'ten' is not a number"
    assert "OWN:NAME" in said[1]
    assert "Known: NSE" in said[11]
    assert said[12].startswith("my.book:14: key: ^twice stands at line 13 already")


def test_a_fixed_return_holding_has_terms() -> None:
    text = "instrument OWN:FD fixed rate 7.1% since 2024-01-01 rate 7% since 2025-01-01"
    text += ' quarterly matures 2027-04-01 "My FD"'
    (fixed,) = read(text).instruments.values()
    assert fixed.terms is not None
    assert (fixed.asset_class, fixed.title) == (AssetClass.FIXED, "My FD")
    assert (fixed.terms.crediting, fixed.terms.matures) == (
        Crediting.QUARTERLY,
        TradingDay.parse("2027-04-01"),
    )
    assert fixed.terms.rate_on(TradingDay.parse("2024-12-31")) == Decimal("0.071")
    assert fixed.terms.rate_on(TradingDay.parse("2023-12-31")) == 0
    for wrong in ("rate 7.1", "rate 7% monthly hello", "rate 7% rate 8%", "at-maturity rate 7%", "quarterly"):
        assert len(refused(f"instrument OWN:FD fixed {wrong}")) == 1


def test_one_symbol_with_several_rows_is_told_apart_by_isin_or_series() -> None:
    book = read("2024-01-01 buy 1 NSE:X~INE009A01021 @ 5\n2024-01-01 buy 1 NSE:X~BE @ 5\n")
    old, other = book.instruments.values()
    assert (old.listing, old.isin) == (Listing("NSE", "X"), "INE009A01021")
    assert (other.listing, other.isin) == (Listing("NSE", "X", "BE"), None)


def test_what_is_written_is_read_back_and_written_the_same() -> None:
    book = read(BOOK)
    lines = list(write_book(book))
    again = read_book(lines)
    assert list(write_book(again)) == lines
    assert [one.fact.kind for one in again.transactions] == [
        one.fact.kind for one in sorted(book.transactions, key=lambda t: (t.account, t.id))
    ]
    assert "2024-07-03 reverse ^oops" not in lines
    assert "2024-07-02 reverse ^oops" in lines


def test_a_bom_and_comments_and_blank_lines_are_nothing() -> None:
    book = read("\ufeff; first\r\n\r\n2024-01-01 deposit 5 ; salary\r\n   # indented\r\n")
    assert [one.fact.amount for one in book.transactions] == [Money.of(5)]
    assert [account.name for account in book.accounts] == ["Main"]


def test_the_documented_lines_are_lines() -> None:
    page = (Path(__file__).parents[2] / "docs" / "spec" / "notation.md").read_text("utf-8")
    (lines,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    book = read(lines)
    assert len(book.transactions) == len(lines.splitlines())
    assert len(read_book(write_book(book)).transactions) == len(book.transactions)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("portfolio A INR USD", "may have a currency"),
        ("account", "needs a name"),
        ("account My broker INR", "stands in quotes"),
        ("instrument", "needs a name"),
        ("instrument NSE:X equity isin INE009A01022", "check digit"),
        ("instrument NSE:X equity rate 7%", "terms belong to fixed"),
        ("2024-01-01 price NSE:X", "DAY price NSE:INFY 1500"),
        ("2024-01-01 rate USD", "DAY rate USD 83.12"),
        ("2024-01-01 rate INR 1", "always 1"),
        ("portfolio A INR\nportfolio A USD", "is in INR above"),
        ("account A INR\naccount A USD", "declared otherwise"),
        ("instrument NSE:X equity\ninstrument NSE:X etf", "declared otherwise"),
        (
            "account A\n2024-01-01 buy 1 NSE:X @ 1 ^a\naccount B\n2024-01-01 sell 1 NSE:X @ 1 lots a:1",
            "no fact \\^a",
        ),
    ],
)
def test_a_wrong_directive_names_what_would_be_right(text: str, names: str) -> None:
    with pytest.raises(BookRefused, match=names):
        read(text)


def test_a_known_portfolio_and_account_are_gone_back_to() -> None:
    text = (
        "portfolio A INR\naccount X USD lifo\nportfolio B USD\nportfolio A\naccount X\n2024-01-01 deposit 5\n"
    )
    book = read(text)
    assert [one.name for one in book.portfolios] == ["A", "B"]
    assert book.transactions[0].fact.amount == Money.of("5", "USD")
    series = read('instrument NSE:X series BE "A name"\n2024-01-01 rate EUR/USD 1.1\n')
    assert [one.listing for one in series.instruments.values()] == [Listing("NSE", "X", "BE")]
    assert (series.rates[0].base, series.rates[0].quote) == ("EUR", "USD")
    assert next(iter(write_book(series))) == 'instrument NSE:X equity series BE "A name"'


def test_a_fact_has_happened_and_not_before_its_instrument_was_listed() -> None:
    lines = ["instrument NSE:ETERNAL equity listed 2021-07-23", "2021-07-22 buy 1 NSE:ETERNAL @ 76"]
    with pytest.raises(BookRefused, match="is listed only since 2021-07-23"):
        read_book(lines)
    today = TradingDay.parse("2024-04-01")
    with pytest.raises(BookRefused, match="has not come yet"):
        read_book(["2024-04-02 buy 1 NSE:INFY @ 1500"], today=today)
    kept = read_book([lines[0], "2021-07-23 buy 1 NSE:ETERNAL @ 76"], today=today)
    assert lines[0] in list(write_book(kept))
