"""Corporate actions as market facts: what lacks, what they do to a price, what a register's words mean."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import (
    Action,
    ActionClaim,
    ActionKind,
    Terms,
    adjustment,
    lacking,
    price_ratio,
    raw_prices,
    sound_from,
)
from tunefolio.market.instruments import Listing
from tunefolio.market.wordings import Refused, Understood, understood

INFY = Listing("NSE", "INFY")
FIRST = TradingDay.parse("2020-01-01")


def split(new: int, old: int) -> Terms:
    return Terms(ActionKind.SPLIT, Decimal(new), Decimal(old))


def bonus(new: int, old: int) -> Terms:
    return Terms(ActionKind.BONUS, Decimal(new), Decimal(old))


def the(subject: str, face: str | None = None) -> Terms:
    """The one action of a subject."""
    said = understood(subject, face_value=Decimal(face) if face else None)
    assert isinstance(said, Understood), said
    (terms,) = said.terms
    return terms


def test_a_reference_names_source_listing_day_and_kind() -> None:
    claim = ActionClaim(INFY, FIRST, split(2, 1), "nse")
    assert claim.reference == "nse:NSE:INFY:2020-01-01:split"
    other = ActionClaim(INFY, FIRST, split(5, 1), "nse", other=Listing("NSE", "X"))
    assert other.reference == claim.reference


def test_a_split_of_one_source_is_the_bonus_of_another() -> None:
    def action(terms: Terms) -> Action:
        return Action(InstrumentId(7), FIRST, terms, "x", "x:1")

    assert action(split(2, 1)).event == action(bonus(1, 1)).event
    assert action(split(2, 1)).event != action(Terms(ActionKind.DIVIDEND, amount=Decimal(1))).event


@pytest.mark.parametrize(
    ("terms", "ratio"),
    [
        (split(10, 1), Fraction(1, 10)),
        (split(1, 10), Fraction(10)),
        (bonus(1, 1), Fraction(1, 2)),
        (bonus(1, 2), Fraction(2, 3)),
        (bonus(3, 1), Fraction(1, 4)),
        (Terms(ActionKind.DIVIDEND, amount=Decimal(5)), None),
        (Terms(ActionKind.RIGHTS, Decimal(1), Decimal(5)), None),
        (Terms(ActionKind.DEMERGER, Decimal(1), Decimal(1), Decimal("0.05")), None),
        (Terms(ActionKind.SPLIT), None),
    ],
)
def test_only_counting_units_makes_a_price_ratio(terms: Terms, ratio: Fraction | None) -> None:
    assert price_ratio(terms) == ratio


def test_a_factor_is_the_product_of_all_later_ex_dates() -> None:
    ours = adjustment([(FIRST.plus_days(20), bonus(1, 1)), (FIRST.plus_days(10), split(5, 1))])
    assert ours.factor(FIRST.plus_days(9)) == Fraction(1, 10)
    assert ours.factor(FIRST.plus_days(10)) == Fraction(1, 2)
    assert ours.factor(FIRST.plus_days(19)) == Fraction(1, 2)
    assert ours.factor(FIRST.plus_days(20)) == 1
    assert ours.raw(Decimal("131.25"), FIRST) == Decimal("1312.50")
    assert adjustment([]).factor(FIRST) == 1


def test_raw_prices_lose_the_noise_of_floats() -> None:
    ours = adjustment([(FIRST.plus_days(1), bonus(1, 2))])
    given_prices = [(FIRST, Decimal("66.66667")), (FIRST.plus_days(1), Decimal("70.0999984"))]
    assert raw_prices(given_prices, ours, digits=2) == [
        (FIRST, Decimal("100.00")),
        (FIRST.plus_days(1), Decimal("70.10")),
    ]


def turn_of_the_year(before: str, after: str) -> list[tuple[TradingDay, Decimal]]:
    days = [TradingDay.parse(text) for text in ("2023-12-28", "2023-12-29", "2024-01-01", "2024-01-02")]
    return list(zip(days, map(Decimal, (before, before, after, after)), strict=True))


def test_closes_that_were_divided_only_from_the_first_of_january_are_found() -> None:
    """A split 5:1 in June: raw closes of 500 run on over the turn, unless older ones were not divided."""
    told = [(TradingDay.parse("2024-06-03"), split(5, 1))]
    assert sound_from(turn_of_the_year("2500", "510"), told) == TradingDay.parse("2024-01-01")
    assert sound_from(turn_of_the_year("500", "510"), told) is None
    assert sound_from(turn_of_the_year("2500", "510"), []) is None
    assert sound_from(turn_of_the_year("500", "510")[2:], told) is None
    assert sound_from([], told) is None


def test_a_small_bonus_is_never_taken_for_a_seam() -> None:
    told = [(TradingDay.parse("2024-06-03"), bonus(1, 10))]
    assert sound_from(turn_of_the_year("110", "100"), told) is None


counts = st.integers(1, 100)
events = st.lists(
    st.tuples(
        st.integers(0, 400).map(FIRST.plus_days),
        st.builds(split, counts, counts) | st.builds(bonus, counts, counts),
    ),
    max_size=8,
)


@given(events, st.integers(-5, 405), st.decimals("0.01", "150000", places=2))
def test_raw_and_adjusted_undo_each_other(
    told: list[tuple[TradingDay, Terms]], ahead: int, price: Decimal
) -> None:
    ours, day = adjustment(told), FIRST.plus_days(ahead)
    back = ours.raw(ours.adjusted(price, day), day)
    assert abs(back / price - 1) < Decimal("1e-30")


@given(events)
def test_the_order_in_which_actions_are_told_is_nothing(told: list[tuple[TradingDay, Terms]]) -> None:
    days = [FIRST.plus_days(ahead) for ahead in range(0, 400, 50)]
    one, two = adjustment(told), adjustment(reversed(told))
    assert [one.factor(day) for day in days] == [two.factor(day) for day in days]


@pytest.mark.parametrize(
    ("terms", "other", "what"),
    [
        (Terms(ActionKind.DEMERGER), None, "ratio"),
        (Terms(ActionKind.DEMERGER, Decimal(1), Decimal(1)), 5, "ratio"),
        (Terms(ActionKind.DEMERGER, Decimal(1), Decimal(1), Decimal("0.05")), None, "other instrument"),
        (Terms(ActionKind.DEMERGER, Decimal(1), Decimal(1), Decimal("0.05")), 5, None),
        (Terms(ActionKind.SPLIT), None, "ratio"),
        (Terms(ActionKind.DIVIDEND), None, "amount per unit"),
        (Terms(ActionKind.MERGER, Decimal(42), Decimal(25)), None, "other instrument"),
        (Terms(ActionKind.MERGER, Decimal(42), Decimal(25)), 5, None),
        (Terms(ActionKind.MERGER, Decimal(1), Decimal(1), amount=Decimal(9)), 5, "ratio"),
        (Terms(ActionKind.MERGER, amount=Decimal(9)), None, None),
        (Terms(ActionKind.RENAME), None, "other instrument"),
        (split(2, 1), None, None),
    ],
)
def test_what_is_not_published_is_named_and_never_guessed(
    terms: Terms, other: int | None, what: str | None
) -> None:
    hole = lacking(terms, other)
    assert (hole.reason if isinstance(hole, Missing) else None) == what
    assert hole is None or hole.cure


@pytest.mark.parametrize(
    ("subject", "new", "old"),
    [
        ("Face Value Split (Sub-Division) - From Rs 10/- Per Share To Re 1/- Per Share", "10", "1"),
        ("Face Value Split (Sub-Division) - From Rs10/- Per Share To Rs 5/- Per Share", "10", "5"),
        ("Consolidation Of Equity Shares From Re 1 Per Share To Rs 10 Per Share", "1", "10"),
    ],
)
def test_a_split_is_told_by_its_face_values(subject: str, new: str, old: str) -> None:
    assert the(subject) == Terms(ActionKind.SPLIT, Decimal(new), Decimal(old), note=subject)


@pytest.mark.parametrize(
    ("subject", "new", "old"), [("Bonus 1:1", "1", "1"), (" Bonus 1: 3", "1", "3"), ("Bonus- 1:2", "1", "2")]
)
def test_a_bonus_is_new_for_held(subject: str, new: str, old: str) -> None:
    terms = the(subject)
    assert (terms.kind, terms.new, terms.old) == (ActionKind.BONUS, Decimal(new), Decimal(old))


@pytest.mark.parametrize(
    ("subject", "amount"),
    [
        ("Dividend - Rs 5 Per Share", "5"),
        ("Annual General Meeting/Dividend - Rs  6.05 Per Share", "6.05"),
        ("Annual General Meeting/Dividend Re 1 Per Share", "1"),
        ("Interim Dividend -Rs 0.50 Per Share", "0.50"),
        ("Dividend Rs - 1 Per Share", "1"),
        ("Annual General Meeting/Dividend - Rs 1.50 Per Share/Special Dividend - Re 1 Per Share", "2.50"),
        ("Interim Dividend - Rs 8 Per Share Special Dividend - Rs 67 Per Share", "75"),
        ("Dividend - Rs 1,234.50 Per Share", "1234.50"),
    ],
)
def test_dividends_of_one_day_are_one(subject: str, amount: str) -> None:
    terms = the(subject)
    assert (terms.kind, terms.amount) == (ActionKind.DIVIDEND, Decimal(amount))


@pytest.mark.parametrize(
    ("subject", "face", "price"),
    [
        ("Rights 1:5 @ Premium Rs 100/-", "10", "110"),
        ("Rights 1:5 @ Premium Rs 100/-", None, None),
        ("Rights 15:7@ Premium Rs 490 Per Share", "2", "492"),
        ("Rights 27:47", "10", None),
    ],
)
def test_a_premium_is_paid_on_top_of_the_face_value(
    subject: str, face: str | None, price: str | None
) -> None:
    terms = the(subject, face)
    assert terms.kind is ActionKind.RIGHTS
    assert terms.amount == (None if price is None else Decimal(price))


def test_a_split_and_a_bonus_of_one_subject_are_two() -> None:
    said = understood(
        "Bonus 3:1/ Face Value Split (Sub-Division) - From Rs 2/- Per Share To Re 1/- Per Share"
    )
    assert isinstance(said, Understood)
    assert {terms.kind for terms in said.terms} == {ActionKind.SPLIT, ActionKind.BONUS}


def test_a_demerger_and_a_buyback_wait_for_what_is_not_said() -> None:
    assert lacking(the("Demerger"), None) is not None
    assert lacking(the("Buy Back"), None) is not None


def test_a_mere_meeting_is_nothing() -> None:
    for subject in (
        "Annual General Meeting",
        " Extra Ordinary General Meeting",
        "Extra-Ordinary General Meeting",
    ):
        assert understood(subject) == Understood(())


@pytest.mark.parametrize(
    "subject",
    [
        "Interim Dividend",
        "Dividend - Rs 0 .70 Per Share",
        "Annual General Meeting/Dividend - Rs  Per Share",
        "Rights 1:50 @ Premium Rs 175  With 6 Warrants For 50 Equity Shares",
        "Scheme Of Arrangement - Bonus Ncrps 4:1",
        "Scheme Of Amalgamation",
        "Capital Reduction",
        "Dividend - Rs 35 Per Share And Something Else",
        "Bonus 1:1.5",
    ],
)
def test_what_is_not_wholly_understood_is_refused(subject: str) -> None:
    said = understood(subject)
    assert isinstance(said, Refused)
    assert subject.strip() in said.problem
