"""Tables for the printer: numbers whole, words cut, every script, headings on every page, the same bytes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pypdfium2
import pytest

from tunefolio.core.time import Instant
from tunefolio.services.printouts import Column, Printout
from tunefolio.services.tax_pdf import grouped

MADE = Instant(datetime(2026, 11, 20, 5, 0, tzinfo=UTC))
COLUMNS = (Column("Name", 141), Column("Sum", 20, right=True), Column("Account", 120))


def sheet() -> Printout:
    return Printout("Statement", "Asha · 2024-25", "Not advice.", MADE)


def read(page: Printout) -> list[str]:
    """Each page as another library reads it."""
    document = pypdfium2.PdfDocument(page.bytes())
    return [document[number].get_textpage().get_text_range() for number in range(len(document))]


def test_a_number_too_wide_for_its_column_is_whole_all_the_same() -> None:
    page = sheet()
    page.table(COLUMNS, [("one", "12,34,56,78,90,12,34,567.89", "Demat"), ("two", "1.00", "Demat")])
    (text,) = read(page)
    assert "12,34,56,78,90,12,34,567.89 Demat" in text
    assert "two 1.00 Demat" in text


def test_words_too_long_end_in_an_ellipsis() -> None:
    page = sheet()
    page.table(COLUMNS, [("word " * 60, "1.00", "Demat")])
    (text,) = read(page)
    assert re.search(r"word w?o?r?d?… 1.00 Demat", text)


@pytest.mark.parametrize(
    "name",
    [
        "₹ zloty", "Ångström Çelik", "Ελλάδα", "Газпром", "आशा", "হিসাব", "હિસાબ", "ਖਾਤਾ", "ಖಾತೆ", "കണക്ക്",
        "ଖାତା", "தமிழ்", "ఖాతా",
    ],
)  # fmt: skip
def test_every_script_of_a_name_is_set_and_what_follows_stays_readable(name: str) -> None:
    page = sheet()
    page.table(COLUMNS, [(name, "1,234.50", "Demat of Asha"), ("plain", "2.00", "Demat")])
    (text,) = read(page)
    assert "?" not in text
    assert f"{name[0]}" in text
    assert "1,234.50 Demat of Asha" in text
    assert "plain 2.00 Demat" in text


def test_a_letter_of_no_font_is_a_question_mark() -> None:
    page = sheet()
    page.table(COLUMNS, [("東 x", "1.00", "Demat"), ("plain", "2.00", "Demat")])
    (text,) = read(page)
    assert "? x 1.00 Demat" in text
    assert "plain 2.00 Demat" in text


def test_every_page_has_head_foot_number_and_the_titles_of_the_table() -> None:
    page = sheet()
    page.heading("Deeds")
    page.table(COLUMNS, ((f"row {number}", "1.00", "Demat") for number in range(100)))
    pages = read(page)
    assert len(pages) == 3
    for number, text in enumerate(pages, start=1):
        assert f"Made on 20 Nov 2026, 10:30 IST · page {number} of 3" in text
        assert "Asha · 2024-25" in text
        assert "Not advice." in text
        assert "Name Sum Account" in text
    assert [f"row {number} 1.00" in "".join(pages) for number in range(100)] == [True] * 100


def test_an_empty_table_says_so() -> None:
    page = sheet()
    page.table(COLUMNS, ())
    assert "nothing" in read(page)[0]


def test_the_same_rows_give_the_same_bytes() -> None:
    def made() -> bytes:
        page = sheet()
        page.table(COLUMNS, [("आशा", "1.00", "Demat")])
        return page.bytes()

    assert made() == made()


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("0", "0.00"),
        ("-0.004", "0.00"),
        ("999.995", "1,000.00"),
        ("1234.5", "1,234.50"),
        ("-1234567.89", "-12,34,567.89"),
        ("100000", "1,00,000.00"),
    ],
)
def test_sums_are_grouped_as_india_groups_them(amount: str, told: str) -> None:
    assert grouped(Decimal(amount)) == told
