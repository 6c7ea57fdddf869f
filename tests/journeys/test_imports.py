"""Import a tradebook, undo it, import it twice: nothing is lost and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.adapters.cas_pdfs import Folio, Row, Scheme, cams

pytestmark = pytest.mark.journey

HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,"
    "order_execution_time\n"
)
TRADEBOOK = HEADER + (
    "INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,buy,false,10.000000,1415.500000,1,11,2024-05-02T09:20:11\n"
    "INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,buy,false,10.000000,1415.500000,2,11,2024-05-02T09:20:11\n"
    "TCS,INE467B01029,2024-05-03,NSE,EQ,EQ,buy,false,5.000000,3850.050000,3,12,2024-05-03T10:00:00\n"
    "INFY,INE009A01021,2024-06-10,NSE,EQ,EQ,sell,false,4.000000,1502.000000,4,13,2024-06-10T14:01:55\n"
)
FLAWED = HEADER + (
    "INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,buy,false,-10.000000,1415.500000,1,11,2024-05-02T09:20:11\n"
    "INFY,INE009A01021,2024-05-02,MOON,EQ,EQ,buy,false,10.000000,1415.500000,2,11,2024-05-02T09:20:11\n"
    "TCS,INE467B01029,2024-05-03,NSE,EQ,EQ,buy,false,5.000000,3850.050000,3,12,2024-05-03T10:00:00\n"
    "TCS,INE467B01029,2024-05-03,NSE,EQ,EQ,buy,false,5.000000,3850.050000,3,12,2024-05-03T10:00:00\n"
    "INFY,INE009A01021,2024-06-10,NSE,EQ,EQ,sell,false,4.000000,1502.000000,4,13,2024-06-10T14:01:55\n"
)


def account(page: Page) -> None:
    """A person with an empty house makes a portfolio and an account, as the empty page teaches."""
    made = page.request.post("/api/v1/portfolios", data={"name": "Main"})
    assert made.ok, made.text()
    home = page.request.post("/api/v1/accounts", data={"portfolio_id": made.json()["id"], "name": "Demat"})
    assert home.ok, home.text()


def choose(page: Page, name: str, text: str) -> None:
    page.goto("/imports")
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Check the file").click()


def record(page: Page, label: str) -> None:
    page.get_by_role("button", name=label).click()
    expect(page.get_by_role("heading", name="Past imports")).to_be_visible()


def holdings(page: Page) -> list[tuple[str, float, float]]:
    data: list[dict[str, Any]] = page.request.get("/api/portfolio/holdings").json()["data"]
    return sorted((row["symbol"], row["quantity"], row["invested_value"]) for row in data)


def test_a_tradebook_comes_in_once_however_often_it_is_sent(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account(page)
    choose(page, "tradebook.csv", TRADEBOOK)
    expect(page.get_by_role("heading", name="Check before recording")).to_be_visible()
    assert holdings(page) == [], "a dry run records nothing"
    record(page, "Record 4 transactions")
    once = [("INFY", 16, 22648.0), ("TCS", 5, 19250.25)]
    assert holdings(page) == once

    choose(page, "tradebook.csv", TRADEBOOK)
    expect(page.get_by_text("Nothing new.")).to_be_visible()
    expect(page.get_by_role("button", name="Record 0")).to_be_disabled()
    assert holdings(page) == once

    page.goto("/imports")
    page.get_by_role("button", name="Undo").first.click()
    _confirm(page)
    expect(page.locator("table tbody").get_by_text("undone")).to_be_visible()
    assert holdings(page) == []

    choose(page, "renamed.csv", TRADEBOOK)
    record(page, "Record 4 transactions")
    assert holdings(page) == once


@pytest.mark.one_is_enough
def test_each_wrong_row_is_named_and_the_others_go_in(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account(page)
    choose(page, "flawed.csv", FLAWED)
    left_out = page.locator("section", has=page.get_by_role("heading", name="Rows left out"))
    expect(left_out).to_contain_text("quantity")
    expect(left_out).to_contain_text("MOON")
    expect(left_out.locator("tbody tr")).to_have_count(4)
    record(page, "Record 1 transaction")
    assert holdings(page) == [("TCS", 5, 19250.25)]


@pytest.mark.one_is_enough
def test_a_file_of_no_known_kind_names_what_was_found_and_changes_nothing(
    person: Callable[[str], Page], noises: list[str]
) -> None:
    page = person("asha")
    account(page)
    choose(page, "wrong.csv", "Dear investor,\nplease find enclosed 10 things\n")
    expect(page.get_by_role("alert").first).to_be_visible()
    assert holdings(page) == []
    noises.clear()  # the browser notes the refused request


@pytest.mark.one_is_enough
def test_a_table_of_ones_own_is_explained_once_and_read_ever_after(person: Callable[[str], Page]) -> None:
    page = person("asha")
    account(page)
    choose(page, "mine.csv", "When,Deal,Paper,Pieces,Each\n31-03-2025,Buy,INFY,10,1500\n")
    expect(page.get_by_role("heading", name="What do the columns mean?")).to_be_visible()
    for name, meaning in (
        ("When", "Trade date"),
        ("Deal", "Buy or sell"),
        ("Paper", "Symbol"),
        ("Pieces", "Quantity"),
        ("Each", "Price per unit"),
    ):
        page.get_by_label(name, exact=True).select_option(label=meaning)
    page.get_by_label("Dates look like").select_option(label="31-03-2025")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("heading", name="Check before recording")).to_be_visible()
    assert holdings(page) == []
    record(page, "Record 1 transaction")
    assert holdings(page) == [("INFY", 10, 15000.0)]

    choose(
        page, "next.csv", "When,Deal,Paper,Pieces,Each\n01-04-2025,Sell,INFY,4,1600\n01-04-2025,Swap,X,1,1\n"
    )
    expect(page.get_by_role("heading", name="Check before recording")).to_be_visible()
    expect(page.get_by_role("heading", name="Rows left out")).to_be_visible()
    page.get_by_role("button", name="Left out").click()
    expect(page.locator("#rows tbody tr.line")).to_have_count(2)  # the row, and why
    record(page, "Record 1 transaction")
    assert holdings(page) == [("INFY", 6, 9000.0)]
    expect(page.get_by_role("heading", name="Tables you explained")).to_be_visible()


@pytest.mark.one_is_enough
def test_a_statement_of_funds_comes_in_with_its_password(
    person: Callable[[str], Page], noises: list[str]
) -> None:
    page = person("asha")
    account(page)
    choose_statement(page, "BBBBB1111B")
    expect(page.get_by_role("alert").first).to_be_visible()
    noises.clear()  # the browser notes the refused request
    choose_statement(page, "AAAAA0000A")
    expect(page.get_by_text("Every balance adds up.")).to_be_visible()
    record(page, "Record 2 transactions")
    assert holdings(page) == [("INF179K01608", 11, 5600.25)]


def choose_statement(page: Page, password: str, into: str = "") -> None:
    rows = (
        Row(date(2024, 4, 5), "Purchase", Decimal(5000), Decimal(10), Decimal(500), Decimal(10)),
        Row(date(2024, 4, 5), "*** Stamp Duty ***", Decimal("0.25")),
        Row(date(2024, 5, 6), "Purchase", Decimal(600), Decimal(1), Decimal(600), Decimal(11)),
    )
    scheme = Scheme("HDFC Flexi Cap Fund - Growth", "INF179K01608", rows=rows)
    content = cams([Folio("10000001 / 90", "HDFC Mutual Fund", (scheme,))], password="AAAAA0000A")
    page.goto("/imports")
    page.locator("input[type=file]").set_input_files(
        {"name": "cas.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    if into:
        page.get_by_label("Into account").select_option(label=into)
    page.get_by_label("Password of the PDF").fill(password)
    page.get_by_role("button", name="Check the file").click()


def _confirm(page: Page) -> None:
    """Our own dialog asks before a deed that takes something back."""
    dialog = page.get_by_role("dialog")
    if dialog.count():
        dialog.get_by_role("button").last.click()
