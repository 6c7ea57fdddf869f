"""Totals are the sum of what has a price, and say how much has none."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.books import ACCOUNT, RECORDED, book, histories, number_of
from tunefolio.analysis.allocation import Grouped, allocation
from tunefolio.analysis.valuation import NO_PRICE, Valuation, valuation, valued
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency, Money, Price
from tunefolio.ledger.positions import fold
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.quotes import Quote

INFY, TCS = number_of("INFY"), number_of("TCS")


def quote(instrument: InstrumentId, price: str, close: str | None = None, currency: str = "INR") -> Quote:
    previous = None if close is None else Price.of(close, currency)
    return Quote(instrument, Price.of(price, currency), previous, RECORDED, "test")


def worth(text: str, *quotes: Quote) -> Valuation:
    known = {q.instrument: q for q in quotes}
    return valuation(valued(ACCOUNT, position, known) for position in fold(book(text)).open())


def test_a_position_at_its_price() -> None:
    result = worth("2024-04-01 buy 10 INFY @ 1500 fee 12.50", quote(INFY, "1600", "1580"))
    assert result.value == Money.of("16000")
    assert result.pnl == Money.of("987.50")
    assert result.day_change == Money.of("200")
    (line,) = result.positions
    assert line.average_price == Price.of("1501.25")
    assert line.instrument == INFY
    assert result.pnl_ratio() == Money.of("987.50") / Money.of("15012.50")


def test_a_missing_price_is_counted_and_never_zero() -> None:
    text = "2024-04-01 buy 1 INFY @ 100\n2024-04-01 buy 1 TCS @ 300"
    result = worth(text, quote(INFY, "110"))
    assert result.unpriced == 1
    assert result.invested == Money.of("400")
    assert result.value == Money.of("110")
    assert result.pnl == Money.of("10")
    assert result.day_change is None
    missing = next(line for line in result.positions if line.instrument == TCS)
    assert (missing.value, missing.pnl, missing.day_change, missing.missing) == (None, None, None, NO_PRICE)


def test_a_price_in_another_currency_is_no_price() -> None:
    (line,) = worth("2024-04-01 buy 1 INFY @ 100", quote(INFY, "2", currency="USD")).positions
    assert line.value is None
    assert "USD" in line.missing


def test_positions_in_another_currency_are_not_added_one_to_one() -> None:
    result = worth("2024-04-01 buy 1 INFY @ 100 USD", quote(INFY, "110", currency="USD"))
    assert result.unpriced == 1
    assert result.value == result.invested == Money.zero()
    assert result.pnl_ratio() is None


def test_quotes_know_their_age_and_change() -> None:
    fresh = quote(INFY, "110", "100")
    assert fresh.day_change_ratio() == Decimal("0.1")
    assert quote(INFY, "110").day_change_ratio() is None
    assert quote(INFY, "110", "0").day_change_ratio() is None
    assert fresh.age(RECORDED).total_seconds() == 0


@given(histories(), st.lists(st.sampled_from(["Energy", "IT", "Banks"]), min_size=4, max_size=4))
def test_slices_add_up_to_the_whole(history: list[Transaction], sectors: list[str]) -> None:
    quotes = {InstrumentId(n): quote(InstrumentId(n), f"{n}07.35", "100") for n in (1, 2, 3)}
    lines = [valued(ACCOUNT, position, quotes) for position in fold(history).open()]
    whole = valuation(lines)
    slices = allocation(Grouped(sectors[line.instrument - 1], str(line.instrument), line) for line in lines)
    for name in ("invested", "value", "pnl"):
        parts = sum((getattr(piece.part, name).amount for piece in slices), Decimal(0))
        assert parts == getattr(whole, name).amount
    assert sum(piece.part.unpriced for piece in slices) == whole.unpriced
    weights = [piece.weight_ratio for piece in slices if piece.weight_ratio is not None]
    assert not weights or abs(sum(weights, Decimal(0)) - 1) < Decimal("1e-20")


def test_a_stock_listed_twice_counts_once_but_in_full() -> None:
    quotes = {INFY: quote(INFY, "110"), TCS: quote(TCS, "110")}
    lines = [
        valued(ACCOUNT, position, quotes)
        for position in fold(book("2024-04-01 buy 1 INFY @ 100\n2024-04-01 buy 2 TCS @ 100")).open()
    ]
    (only,) = allocation(Grouped("IT", "INE009A01021", line) for line in lines)
    assert only.instruments == 1
    assert only.part.value == Money.of("330")


def test_without_prices_there_is_no_weight() -> None:
    lines = [valued(ACCOUNT, p, {}) for p in fold(book("2024-04-01 buy 1 INFY @ 100")).open()]
    (only,) = allocation([Grouped("IT", "x", line) for line in lines], Currency(INR))
    assert only.weight_ratio is None
