"""What is told of taxes beside a text book: every wrong line is named with its cure, nothing is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.analysis.taxbooks import told_of, year_of
from tunefolio.analysis.tax.taxpayer import Age, EarlierLoss, LossKind, Others, Regime, Residency
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.time import TradingDay
from tunefolio.ledger.textbook import BookRefused, read_book
from tunefolio.services.tax_answers import Answers, read_answers

BOOK = """account "A" INR
instrument NSE:X equity
2024-05-02 buy 10 NSE:X @ 100 fee 12 ^T-1
2024-06-03 buy 10 MF:D @ 10
account "B" INR
2024-05-02 buy 10 NSE:X @ 100 fee 12 ^T-1
2024-07-02 sell 10 NSE:X @ 90 fee 12 ^T-2
"""
YEAR = FinancialYear(2024)


def answers(text: str) -> Answers:
    return read_answers(
        read_book(BOOK.split("\n"), today=TradingDay.parse("2026-11-20")), text.split("\n"), file="my.told"
    )


def test_every_kind_of_line_is_read() -> None:
    found = answers(
        """; a comment
        slab 30%
        regime old
        age senior
        2024-25 slab 0.05
        2024-25 salary 3,50,000
        2024-25 house_property 1
        2024-25 brings short_term 5000 of 2022-23
        2024-25 brings speculative 70 of 2022-23
        class MF:D debt_fund
        value NSE:X 118.40
        stt ^T-2 9.50
        stt 3 1
        way ^T-2 off_market
        subscribed 4 no
        """
    )
    assert found.usual.slab_rate == Decimal("0.30")
    mine = found.until(YEAR)[YEAR]
    assert (mine.slab_rate, mine.regime, mine.age) == (Decimal("0.05"), Regime.OLD, Age.SENIOR)
    assert mine.others == Others(salary=Decimal(350_000), house_property=Decimal(1))
    assert found.until(YEAR)[FinancialYear(2020)] == found.usual
    assert [one.kind for one in found.entered[YEAR]] == [LossKind.SHORT_TERM, LossKind.SPECULATIVE]
    assert found.entered[YEAR][0] == EarlierLoss(FinancialYear(2022), LossKind.SHORT_TERM, Decimal(5000))
    assert (found.told.stt, found.told.subscribed) == ({7: Decimal("9.50"), 3: Decimal(1)}, {4: False})


def test_nothing_told_is_a_resident_of_the_new_regime() -> None:
    found = answers("")
    assert (found.usual.residency, found.usual.regime) == (Residency.RESIDENT, Regime.NEW)
    assert not found.entered


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("salary 350000", "belongs to a year"),
        ("2024-26 salary 350000", "is no financial year"),
        ("2016-17 salary 350000", "no rules are known for 2016-17"),
        ("2024-25 salary -1", "-1 is no sum in rupees"),
        ("2024-25 salary 1e13", "is no sum in rupees"),
        ("2024-25 salary NaN", "not a finite number"),
        ("2024-25 salary lots", "is not a number"),
        ("2024-25", "tells nothing of tax"),
        ("slab 130%", "130% is no rate of tax"),
        ("slab 100%", "100% is no rate of tax"),
        ("slab -5%", "is no rate of tax"),
        ("slab 30", "30 is no rate of tax; Write 30% or 0.30"),
        ("slab", "is not followed by what belongs to it; Write slab 30%"),
        ("regime modern", "'modern' is unknown; Write old, new"),
        ("age 67", "'67' is unknown; Write below_60, senior, super_senior"),
        ("2024-25 brings short_term 0 of 2022-23", "entered as a sum above zero"),
        ("2024-25 brings short_term -500 of 2022-23", "no sum in rupees"),
        ("2024-25 brings short_term 500 of 2024-25", "brought into a later year"),
        ("2024-25 brings short_term 500 of 2025-26", "brought into a later year"),
        ("2024-25 brings crypto 500 of 2022-23", "'crypto' is unknown"),
        ("2024-25 brings short_term 500 from 2022-23", "'from' stands where `of` belongs"),
        ("brings short_term 500 of 2022-23", "brought into a later year"),
        ("class NSE:Y debt_fund", "NSE:Y is no one instrument of the book"),
        ("class MF:D shares", "'shares' is unknown; Write listed_equity"),
        ("value NSE:X -1", "is no sum in rupees"),
        ("unlisted MF:D", "a unit of a fund has a net asset value"),
        ("stt ^T-2 12.01", "12.01 is more than the fact's charges, 12"),
        ("stt ^T-9 1", "^T-9 is no one fact of the book"),
        ("stt ^T-1 1", "^T-1 is no one fact of the book; Write ^KEY or the number of its line"),
        ("way ^T-2 gift", "'gift' is unknown; Write sale, off_market, buyback"),
        ("subscribed ^T-2 perhaps", "neither yes nor no"),
        ("rebate 12500", "'rebate' tells nothing of tax"),
        ('class "NSE:X', "the quote is not closed"),
    ],
)
def test_a_wrong_line_is_named_with_its_cure(line: str, told: str) -> None:
    with pytest.raises(BookRefused) as refused:
        answers(f"slab 30%\n{line}" if not line.startswith("slab") else f"\n{line}")
    (problem,) = refused.value.problems
    assert problem.place == "my.told:2"
    assert told in str(problem)


@pytest.mark.parametrize(
    "line",
    [
        "slab 20%", "2024-25 salary 1", "class MF:D debt_fund", "value NSE:X 1", "stt ^T-2 1",
        "2024-25 brings long_term 5 of 2022-23",
    ],
)  # fmt: skip
def test_what_is_told_twice_is_refused(line: str) -> None:
    with pytest.raises(BookRefused, match=r"twice|by a line above"):
        answers(f"{line}\n{line}")


def test_one_loss_is_brought_into_one_year_only() -> None:
    with pytest.raises(BookRefused, match="is entered twice"):
        answers("2023-24 brings long_term 5 of 2022-23\n2024-25 brings long_term 5 of 2022-23")


def test_unlisted_and_a_value_contradict() -> None:
    with pytest.raises(BookRefused, match="by a line above"):
        answers("value NSE:X 5\nunlisted NSE:X")


def test_all_wrong_lines_are_told_together() -> None:
    with pytest.raises(BookRefused) as refused:
        answers("slab 130%\n\nregime odd\nvalue NSE:Y 1")
    assert [one.place for one in refused.value.problems] == ["my.told:1", "my.told:3", "my.told:4"]


def test_a_loss_that_follows_from_the_books_is_refused() -> None:
    """The book itself has the year 2024-25: what it lost is known."""
    with pytest.raises(Misuse, match="a loss is entered that follows from the books"):
        year_of(BOOK, "2025-26", "2025-26 brings short_term 100 of 2024-25")


BAD = "instrument NSE:X equity\n"


@pytest.mark.parametrize(
    ("book", "told"),
    [
        ("2024-05-02 sell 1 NSE:X @ 100", "sells 1 on 2024-05-02 but only 0 are held"),
        ("2024-05-02 buy 1 NSE:X @ 100\n2024-05-03 sell 2 NSE:X @ 100", "only 1 are held"),
        ("2024-05-03 buy 1 NSE:X @ 100\n2024-05-02 sell 1 NSE:X @ 100", "only 0 are held"),
        ("2024-13-02 buy 1 NSE:X @ 100", "2024-13-02"),
        ("2029-05-02 buy 1 NSE:X @ 100", "2029-05-02"),
        ("2024-05-02 buy -1 NSE:X @ 100", "quantity"),
        ("2024-05-02 buy 1 NSE:X @ -100", "price"),
        ("2024-05-02 buy NaN NSE:X @ 100", "number"),
    ],
)
def test_a_book_that_cannot_be_is_refused_by_its_line(book: str, told: str) -> None:
    with pytest.raises(BookRefused) as refused:
        year_of(BAD + book, "2024-25")
    assert told in str(refused.value)
    assert "book:" in refused.value.problems[0].place


@pytest.mark.parametrize(
    ("book", "year", "what"),
    [
        ("2024-05-02 opening 1 NSE:X @ 100\n2024-06-03 sell 1 NSE:X @ 100", "2024-25", "the day of purchase"),
        (
            "2024-05-02 buy 1 MF:Z @ 100\n2024-06-03 sell 1 MF:Z @ 100",
            "2024-25",
            "which assets the fund holds",
        ),
        ("2016-05-02 buy 1 NSE:X @ 100\n2024-06-03 sell 1 NSE:X @ 90", "2024-25", "on 2018-01-31"),
        ("2020-05-02 buy 1 CRYPTO:B @ 100\n2021-06-03 sell 1 CRYPTO:B @ 90", "2021-22", "virtual digital"),
    ],
)
def test_what_cannot_be_judged_is_missing_with_its_cure_and_stops_exports(
    book: str, year: str, what: str
) -> None:
    told = told_of(year_of(BAD + book, year))
    (blocker,) = told["blockers"]
    assert what in blocker["what"]
    assert blocker["cure"]
    assert not told["is_ready"]
    assert told["deeds"] == []
    names = ("special_tax", "slab_tax", "cess", "payable")
    assert [(told["levy"][name], told["levy"][f"{name}_reason"]) for name in names] == [
        (None, "1 deed must be mended first")
    ] * 4
    assert (told["due"], told["due_reason"]) == (None, "1 deed must be mended first")


def test_a_deed_of_an_earlier_year_that_waits_makes_the_tax_of_later_ones_unknown() -> None:
    """What it leaves to carry on could lower them."""
    book = "2023-05-02 opening 1 NSE:X @ 100\n2023-06-03 sell 1 NSE:X @ 90\n"
    later = book + "2024-05-02 buy 1 NSE:X @ 100\n2024-06-03 sell 1 NSE:X @ 5000"
    told = told_of(year_of(BAD + later, "2024-25"))
    assert len(told["deeds"]) == 1
    assert (told["levy"]["payable"], told["levy"]["payable_reason"]) == (None, "1 deed must be mended first")
    assert told["advance_tax"]["instalments"] is None


@pytest.mark.parametrize("year", ["2017-18", "1999-00", "2024-26", "24-25", ""])
def test_a_year_before_the_rules_or_none_at_all_is_refused(year: str) -> None:
    with pytest.raises(Misuse, match="year"):
        year_of(BAD, year)
