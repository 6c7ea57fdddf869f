"""Fixed-return holdings against results worked out by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.analysis.accrual import Deposit, deposits_of, grown, value, valued
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger.holdings import Averaged, Position
from tunefolio.ledger.lots import Lot
from tunefolio.market.accruals import AccrualTerms, terms_of, words_of

LAKH = Decimal(100_000)


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def terms(text: str) -> AccrualTerms:
    return terms_of(text.split())


@pytest.mark.parametrize(
    ("words", "on", "worth"),
    [
        # 100,000 × 7.3% × 100 ÷ 365
        ("rate 7.3%", "2023-07-10", "102000"),
        # (1 + 0.08 ÷ 4)⁴
        ("rate 8% quarterly", "2024-04-01", "108243.216"),
        # (1 + 0.06 ÷ 12)¹²
        ("rate 6% monthly", "2024-04-01", "106167.781186449956897760"),
        # (1 + 0.07 ÷ 2)³
        ("rate 7% half-yearly", "2024-10-01", "110871.7875"),
        # 1.1², then 73 days simple: × (1 + 0.1 × 73 ÷ 365)
        ("rate 10% yearly", "2025-06-13", "123420"),
        # maturity after 365 days ends it
        ("rate 10% matures 2024-03-31", "2030-01-01", "110000"),
        ("rate 10% at-maturity matures 2024-03-31", "2024-03-30", "100000"),
        ("rate 10% at-maturity matures 2024-03-31", "2024-03-31", "110000"),
        # 73 days at 5%, then 73 days at 10%
        ("rate 5% rate 10% since 2023-06-13", "2023-08-25", "103000"),
        ("rate 5% since 2023-04-02", "2023-04-02", "100000"),
        ("rate 5%", "2023-03-01", "100000"),
    ],
)
def test_a_deposit_grows_as_worked_out_by_hand(words: str, on: str, worth: str) -> None:
    found = grown(LAKH, day("2023-04-01"), day(on), terms(words))
    assert abs(found - Decimal(worth)) < Decimal("1e-12")


def test_a_deposit_at_the_end_of_a_month_compounds_on_the_ends_of_shorter_ones() -> None:
    first = grown(LAKH, day("2024-01-31"), day("2024-02-29"), terms("rate 12% monthly"))
    assert first == Decimal("101000")


def test_of_several_deposits_those_taken_out_count_no_more() -> None:
    two = [Deposit(day("2023-04-01"), LAKH, day("2023-07-10")), Deposit(day("2023-04-01"), LAKH)]
    assert value(two, terms("rate 7.3%"), day("2023-07-09")) == 2 * LAKH * (1 + Decimal("0.073") * 99 / 365)
    assert value(two, terms("rate 7.3%"), day("2023-07-10")) == 102_000


# ── provident funds ───────────────────────────────────────────────────────────────────────────────

PPF = terms("rate 7.1% ppf")


@pytest.mark.parametrize(
    ("put_in", "on", "worth"),
    [
        # by the fifth of April the whole year counts: 150,000 × 7.1%
        ("2023-04-05", "2024-03-31", "160650"),
        # a day later April is lost: 150,000 × 7.1% × 11 ÷ 12
        ("2023-04-06", "2024-03-31", "159762.5"),
        # three complete months, not credited yet: 150,000 × 7.1% × 3 ÷ 12
        ("2023-04-05", "2023-07-30", "152662.5"),
        # two years: the interest of the first earns in the second
        ("2023-04-05", "2025-03-31", "172056.15"),
    ],
)
def test_ppf_earns_on_the_lowest_balance_after_the_fifth(put_in: str, on: str, worth: str) -> None:
    assert value([Deposit(day(put_in), Decimal(150_000))], PPF, day(on)) == Decimal(worth)


def test_a_withdrawal_from_ppf_lowers_the_month_it_falls_in() -> None:
    deposits = [
        Deposit(day("2023-04-01"), Decimal(90_000)),
        Deposit(day("2023-04-01"), Decimal(60_000), day("2023-06-20"), Decimal(60_000)),
    ]
    # two months of 150,000 and ten of 90,000 at 7.1% ÷ 12
    assert value(deposits, PPF, day("2024-03-31")) == 90_000 + Decimal(1775) + Decimal(5325)


def test_ppf_follows_the_rate_of_each_month() -> None:
    changing = terms("rate 7.9% rate 7.1% since 2020-04-01 ppf")
    assert value([Deposit(day("2019-04-01"), LAKH)], changing, day("2020-03-31")) == 107_900
    assert value([Deposit(day("2019-04-01"), LAKH)], changing, day("2021-03-31")) == Decimal("115560.9")


def test_epf_earns_from_the_month_after_a_contribution() -> None:
    monthly = [Deposit(day(f"2023-{month:02}-15"), Decimal(12_000)) for month in range(4, 13)]
    monthly += [Deposit(day(f"2024-{month:02}-15"), Decimal(12_000)) for month in range(1, 4)]
    # balances of 12,000 × (1 + … + 11) earn 8.25% ÷ 12 each: 792,000 × 0.006875
    worth = value(monthly, terms("rate 8.25% epf"), day("2024-03-31"))
    assert worth == 144_000 + 5_445


# ── positions ─────────────────────────────────────────────────────────────────────────────────────


def a_position(began: TradingDay | None) -> Position:
    zero = Money.zero(INR)
    lot = Lot(TransactionId(1), began, day("2023-04-01"), LAKH, Money.of("100010"), Money.of(10))
    return Position(InstrumentId(1), INR, (lot,), (), (), zero, Averaged(lot.cost, zero), zero, zero)


def test_a_position_is_worth_its_principal_without_charges_and_its_interest() -> None:
    assert valued(a_position(day("2023-04-01")), terms("rate 7.3%"), day("2023-07-10")) == Money.of(
        "102000.00"
    )


def test_a_lot_of_an_unknown_day_is_not_available() -> None:
    assert isinstance(deposits_of(a_position(None)), Missing)
    found = valued(a_position(None), terms("rate 7.3%"), day("2023-07-10"))
    assert str(found) == "not available: the day the deposit began"


@given(st.integers(0, 4000), st.integers(0, 4000), st.sampled_from(["", " monthly", " quarterly", " yearly"]))
def test_a_deposit_never_shrinks(days: int, more: int, crediting: str) -> None:
    begun = day("2015-01-31")
    of = terms("rate 6.5%" + crediting)
    earlier, later = begun.plus_days(days), begun.plus_days(days + more)
    assert LAKH <= grown(LAKH, begun, earlier, of) <= grown(LAKH, begun, later, of)


@pytest.mark.parametrize(
    "text",
    [
        "rate 7.1%",
        "rate 7.9% since 2019-07-01 rate 7.1% since 2020-04-01 ppf",
        "rate 7% at-maturity matures 2030-01-01",
    ],
)
def test_terms_are_written_as_they_are_read(text: str) -> None:
    assert " ".join(words_of(terms(text))) == text
