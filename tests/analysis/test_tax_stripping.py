"""Losses after a purchase shortly before a dividend or bonus: each row says what section 94 may take away."""

from __future__ import annotations

import pytest

from tests.analysis.taxbooks import told_of, year_of

X = "instrument NSE:X equity\n"
TAXGURU = "TaxGuru: dividend stripping and bonus stripping"


def doubts(book: str, year: str, answers: str = "") -> list[str]:
    """What the deeds of the year say of section 94, in their order."""
    deeds = told_of(year_of(book, year, answers))["deeds"]
    return [text for deed in deeds for text in deed["doubts"] if "section 94" in text]


def shares(bought: str, dividend: str, sold: str, price: int = 90) -> str:
    return (
        X + f"{bought} buy 100 NSE:X @ 100\n{dividend} dividend 800 NSE:X\n{sold} sell 100 NSE:X @ {price}\n"
    )


@pytest.mark.parametrize(
    ("book", "year", "amount"),
    [
        (shares("2019-06-03", "2019-08-05", "2019-09-02"), "2019-20", "800.00"),  # of a loss of 1,000
        (shares("2019-06-03", "2019-08-05", "2019-09-02", 95), "2019-20", "500.00"),  # never above the loss
        (shares("2019-06-03", "2019-09-03", "2019-12-03"), "2019-20", "800.00"),  # three months to the day
        (shares("2019-06-03", "2019-09-04", "2019-12-03"), "2019-20", ""),
        (shares("2019-06-03", "2019-08-05", "2019-11-06"), "2019-20", ""),
        (shares("2019-06-03", "2019-08-05", "2019-09-02", 110), "2019-20", ""),  # a gain
        (shares("2020-01-06", "2020-03-31", "2020-06-30"), "2020-21", "800.00"),  # the dividend was exempt
        (shares("2020-01-06", "2020-04-01", "2020-06-30"), "2020-21", ""),  # and since April 2020 is taxed
    ],
)
def test_a_loss_after_an_exempt_dividend_says_how_much_of_it(book: str, year: str, amount: str) -> None:
    """Bought within three months before, sold within three after: TAXGURU, of section 94(7)."""
    found = doubts(book, year)
    assert bool(found) == bool(amount)
    assert (
        f"up to ₹{amount} of the loss may count for nothing (section 94(7))" in "".join(found) or not amount
    )


def test_units_of_a_fund_are_watched_for_nine_months() -> None:
    book = "2019-04-01 buy 100 MF:E @ 100\n2019-06-03 dividend 800 MF:E\n2020-03-03 sell 100 MF:E @ 90\n"
    assert "up to ₹800.00 of the loss" in "".join(doubts(book, "2019-20", "class MF:E equity_fund"))
    assert doubts(book.replace("2020-03-03", "2020-03-04"), "2019-20", "class MF:E equity_fund") == []


def test_a_part_of_the_units_has_a_part_of_the_dividend() -> None:
    """Of 330 sold, 30 are of the lot bought shortly before: 800 ÷ 400 × 30."""
    book = (
        X + "2018-05-02 buy 300 NSE:X @ 100\n2019-06-03 buy 100 NSE:X @ 100\n"
        "2019-08-05 dividend 800 NSE:X\n2019-09-02 sell 330 NSE:X @ 90\n"
    )
    (one,) = doubts(book, "2019-20")
    assert "up to ₹60.00 of the loss" in one


BONUS = X + "2024-05-02 buy 100 NSE:X @ 100\n2024-07-01 bonus 1:1 NSE:X\n"


@pytest.mark.parametrize(
    ("book", "year", "said"),
    [
        (BONUS + "2024-09-02 sell 100 NSE:X @ 55\n", "2024-25", True),
        (BONUS + "2025-04-01 sell 100 NSE:X @ 55\n", "2025-26", True),  # nine months to the day
        (BONUS + "2025-04-02 sell 100 NSE:X @ 55\n", "2025-26", False),
        (BONUS.replace("2024-05-02", "2024-03-28") + "2024-09-02 sell 100 NSE:X @ 55\n", "2024-25", False),
        (BONUS.replace("2024-", "2021-") + "2021-09-02 sell 100 NSE:X @ 55\n", "2021-22", False),
        (BONUS + "2024-09-02 sell 100 NSE:X @ 155\n", "2024-25", False),
    ],
)
def test_a_loss_after_a_bonus_says_its_amount_and_where_it_goes(book: str, year: str, said: bool) -> None:
    """Bought within three months before, sold within nine after; of shares since the Finance Act, 2022."""
    found = doubts(book, year)
    assert len(found) == said
    assert (
        "the loss of ₹4500.00 may count for nothing and be the cost of the bonus units" in "".join(found)
    ) is said


def test_the_year_adds_them_up_a_section() -> None:
    """Two lots of 60 and 40 units, 45 rupees lost on each unit: one sentence, however many rows."""
    book = BONUS.replace("buy 100 NSE:X @ 100", "buy 60 NSE:X @ 100\n2024-05-03 buy 40 NSE:X @ 100")
    year = year_of(book + "2024-09-02 sell 100 NSE:X @ 55\n", "2024-25")
    told = told_of(year)
    lost = "losses of 2 rows, together at most ₹4500.00, may count for nothing"
    said = f"{lost} (section 94(8)): each row says why"
    assert [text for text in told["doubts"] if "94(8)" in text] == [said]
    assert any("94(7), (8)" in text for text in told["not_computed"])
