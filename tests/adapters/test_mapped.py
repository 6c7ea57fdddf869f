"""Tables whose columns a person names, Angel One's workbook, our own JSON: rows, charges, keys, traps."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from tunefolio.adapters.brokers.files.mapped import AnyTable
from tunefolio.adapters.brokers.vested import profile
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency, Money, Price
from tunefolio.core.time import IST
from tunefolio.ledger.columnguesses import guessed, profile_of
from tunefolio.ledger.columnmaps import Column, ColumnMap, DayOrder, Point, as_json, from_json, must_fit
from tunefolio.ledger.files import ParsedFile, ParsedRow
from tunefolio.ledger.kinds import Kind

D = Decimal
USD = Currency("USD")


def table(*rows: list[Any]) -> bytes:
    """A CSV of these rows."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def workbook(*rows: list[Any], title: str = "Sheet") -> bytes:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(content: bytes, **changes: Any) -> ParsedFile:
    """By the guessed map, changed where the test says so."""
    reader = AnyTable()
    said = as_json(guessed(reader.table(content))) | changes
    return reader.parse(content, "sha", from_json(said))


def only(file: ParsedFile) -> ParsedRow:
    (one,) = file.rows
    return one


PLAIN = ["Date", "Side", "Symbol", "Qty", "Price", "Brokerage", "STT"]


def test_a_table_is_guessed_and_read_with_its_charges() -> None:
    file = read(table(PLAIN, ["31-03-2025", "Buy", "infy", "10", "1,500.50", "20", "15.01"]))
    one = only(file)
    assert (one.kind, one.day.iso(), one.instrument.listing) == (Kind.BUY, "2025-03-31", ("NSE", "INFY", ""))
    assert (one.quantity, one.price, one.fees) == (D(10), Price.of("1500.50"), Money.of("35.01"))
    assert file.problems == ()


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        (DayOrder.DMY, "05-04-2025", "2025-04-05"),
        (DayOrder.MDY, "05/04/2025", "2025-05-04"),
        (DayOrder.YMD, "2025.04.05", "2025-04-05"),
        (DayOrder.DMY, "5 Apr 2025", "2025-04-05"),
        (DayOrder.MDY, "Apr 5, 2025", "2025-04-05"),
        (DayOrder.DMY, "05-Apr-25", "2025-04-05"),
        (DayOrder.MDY, "2025-04-05T10:11:12", "2025-04-05"),
    ],
)
def test_days_are_read_in_the_order_that_was_said(order: DayOrder, text: str, day: str) -> None:
    file = read(table(PLAIN, [text, "Buy", "INFY", "1", "1", "", ""]), day_order=order.value)
    assert only(file).day.iso() == day


@pytest.mark.parametrize(("texts", "order"), [
    (["05-04-2025", "25-04-2025"], DayOrder.DMY), (["05/04/2025", "05/25/2025"], DayOrder.MDY),
    (["2025-04-05"], DayOrder.YMD), (["Apr 5, 2025"], DayOrder.MDY), (["05/04/2025"], DayOrder.DMY),
])  # fmt: skip
def test_the_order_of_days_is_guessed_from_the_cells(texts: list[str], order: DayOrder) -> None:
    rows = [[text, "Buy", "INFY", "1", "1", "", ""] for text in texts]
    assert guessed(AnyTable().table(table(PLAIN, *rows))).day_order is order


def test_a_comma_may_part_the_decimals() -> None:
    content = table(PLAIN, ["31-03-2025", "Buy", "SAP", "1,5", "1.234,50", "0,99", ""])
    assert guessed(AnyTable().table(content)).point is Point.COMMA
    one = only(read(content))
    assert (one.quantity, one.price, one.fees) == (D("1.5"), Price.of("1234.5"), Money.of("0.99"))


@pytest.mark.parametrize(
    ("numbers", "point"),
    [
        (["1.415,50"], Point.COMMA),
        (["12,5", "1.000"], Point.COMMA),
        (["1.234.567"], Point.COMMA),
        (["0,125"], Point.COMMA),
        (["1234,567"], Point.COMMA),
        (["€ -1.415,50"], Point.COMMA),
        (["(99,50)"], Point.COMMA),
        (["1,415.50"], Point.DOT),
        (["12,34,567.50"], Point.DOT),
        (["1,23,456"], Point.DOT),
        (["Rs. 1,415.50"], Point.DOT),
        (["10.000000"], Point.DOT),
        (["1.000", "2.500"], Point.DOT),
        (["1,000", "2,500"], Point.DOT),
        (["1415"], Point.DOT),
        (["99.5", "99,50"], Point.DOT),
    ],
)  # fmt: skip
def test_the_decimal_sign_is_guessed_from_the_cells_that_decide_it(numbers: list[str], point: Point) -> None:
    rows = [["31-03-2025", "Buy", "SAP", number, "7", "", ""] for number in numbers]
    assert guessed(AnyTable().table(table(PLAIN, *rows))).point is point


def test_columns_nobody_guessed_show_the_sign_too_and_days_do_not() -> None:
    content = (
        b"Day;Was;Symbol;Units;Preis;Fee\n2024-05-02;buy;INFY;10;99,50;12,5\n2024-05-03;buy;INFY;1.000;5;0\n"
    )
    found = guessed(AnyTable().table(content))
    assert (found.of(Column.DAY), found.day_order, found.point) == ("Day", DayOrder.YMD, Point.COMMA)
    columns = as_json(found)["columns"] | {"price": ["Preis"], "kind": ["Was"]}
    first, second = read(content, columns=columns).rows
    assert (first.price, first.fees, second.quantity) == (Price.of("99.5"), Money.of("12.5"), D(1000))
    dotted = guessed(
        AnyTable().table(table(["Datum", "Gebucht", "Units"], ["02.05.2024", "03.05.2024", "5"]))
    )
    assert dotted.point is Point.DOT


def test_a_column_of_days_under_any_name_is_guessed_and_two_are_not() -> None:
    row = ["2025-03-31", "INFY", "10", "1500"]
    assert (
        guessed(AnyTable().table(table(["Datum", "Symbol", "Qty", "Price"], row))).of(Column.DAY) == "Datum"
    )
    two = table(["Von", "Bis", "Symbol", "Qty", "Price"], ["2025-03-31", *row])
    assert guessed(AnyTable().table(two)).of(Column.DAY) == ""


@pytest.mark.parametrize(
    ("point", "cell", "cure"),
    [
        ("dot", "1.415,50", "If the file writes 1.234,50, say so under How cells are written"),
        ("dot", "99,50", "If the file writes 1.234,50, say so under How cells are written"),
        ("comma", "1,415.50", "If the file writes 1,234.50, say so under How cells are written"),
        ("comma", "99.50", "If the file writes 1,234.50, say so under How cells are written"),
        ("dot", "ten", ""),
    ],
)
def test_a_number_written_the_other_way_is_a_problem_with_its_cure(point: str, cell: str, cure: str) -> None:
    file = read(table(PLAIN, ["31-03-2025", "Buy", "SAP", "1", cell, "", ""]), point=point)
    assert [(one.field, one.problem, one.cure) for one in file.problems] == [
        ("price", f"{cell!r} is not a number", cure)
    ]
    charges = read(table(PLAIN, ["31-03-2025", "Buy", "SAP", "1", "5", cell, ""]), point=point)
    assert [(one.field, one.cure) for one in charges.problems] == [("Brokerage", cure)]


def test_without_a_word_for_the_side_the_sign_says_it() -> None:
    header = ["Date", "Symbol", "Qty", "Amount"]
    rows = [["31-03-2025", "INFY", "10", "₹ 15,000.00"], ["01-04-2025", "INFY", "-4", "(6,400.00)"]]
    bought, sold = read(table(header, *rows)).rows
    assert (bought.kind, bought.quantity, bought.price) == (Kind.BUY, D(10), Price.of(1500))
    assert (sold.kind, sold.quantity, sold.worth) == (Kind.SELL, D(4), Money.of(6400))


def test_a_row_of_charges_without_units_is_a_fee() -> None:
    one = only(read(table(PLAIN, ["31-03-2025", "Sell", "INFY", "0", "0", "20", "1"])))
    assert (one.kind, one.quantity, one.worth, one.fees) == (Kind.FEE, None, Money.of(21), None)


def test_a_dividend_has_an_amount_and_a_tax_and_no_units() -> None:
    header = ["Date", "Type", "Symbol", "Qty", "Amount", "TDS"]
    one = only(read(table(header, ["31-03-2025", "Dividend", "INFY", "10", "280", "28"])))
    assert (one.kind, one.quantity, one.worth, one.tax) == (Kind.DIVIDEND, None, Money.of(280), Money.of(28))


def test_words_of_ones_own_for_the_side() -> None:
    content = table(PLAIN, ["31-03-2025", "Kauf", "INFY", "1", "1", "", ""])
    assert read(content).problems[0].problem == "'Kauf' is unknown"
    assert only(read(content, words={"buy": ["Kauf"]})).kind is Kind.BUY


def test_a_trade_id_makes_the_key_that_the_api_gives() -> None:
    header = [*PLAIN, "Exchange", "Trade ID"]
    file = read(table(header, ["31-03-2025", "Buy", "INFY", "1", "1", "", "", "NSE", "2401"]))
    assert only(file).source_key == "NSE:EQ:2401:2025-03-31"


def test_without_one_equal_rows_are_told_apart_and_found_again_in_a_longer_file() -> None:
    row = ["31-03-2025", "Buy", "INFY", "1", "1", "", ""]
    short = read(table(PLAIN, row, row))
    long = read(table(["Account 7"], PLAIN, ["30-03-2025", "Buy", "TCS", "1", "1", "", ""], row, row))
    assert [one.source_key for one in short.rows] == [one.source_key for one in long.rows[1:]]
    assert len({one.source_key for one in short.rows}) == 2


def test_one_trade_id_twice_is_refused_at_its_second_row() -> None:
    header = [*PLAIN, "Trade ID"]
    row = ["31-03-2025", "Buy", "INFY", "1", "1", "", "", "7"]
    file = read(table(header, row, row))
    assert [problem.row for problem in file.problems] == [3]


@pytest.mark.parametrize(
    ("cell", "value", "field"),
    [
        ("Date", "31-31-2025", "day"),
        ("Date", "", "day"),
        ("Side", "maybe", "kind"),
        ("Symbol", "", "symbol"),
        ("Symbol", "=HYPERLINK(1)", "symbol"),
        ("Symbol", "+cmd|calc", "symbol"),
        ("Symbol", "@SUM(A1)", "symbol"),
        ("Symbol", "-2+3", "symbol"),
        ("Qty", "ten", "quantity"),
        ("Qty", "0", "quantity"),
        ("Qty", "-1", "quantity"),
        ("Price", "-1", "price"),
        ("Price", "1e30", "price"),
        ("Brokerage", "lots", "Brokerage"),
    ],
)
def test_a_wrong_cell_is_the_problem_of_its_row(cell: str, value: str, field: str) -> None:
    row = dict(zip(PLAIN, ["31-03-2025", "Buy", "INFY", "10", "1500", "", ""], strict=True)) | {cell: value}
    good = ["31-03-2025", "Buy", "TCS", "1", "1", "", ""]
    file = read(table(PLAIN, list(row.values()), good))
    assert [(problem.row, problem.field) for problem in file.problems] == [(2, field)]
    assert [one.row for one in file.rows] == [3]


def test_a_formula_in_a_note_stays_the_text_it_is() -> None:
    header = [*PLAIN, "Notes"]
    file = read(table(header, ["31-03-2025", "Buy", "INFY", "1", "1", "", "", "=1+1"]))
    assert only(file).note == "=1+1"


def test_the_header_is_found_below_a_title_and_a_line_of_totals_is_no_row() -> None:
    content = workbook(
        ["Statement of trades"], ["Client", "AB1234"], [], PLAIN,
        ["31-03-2025", "Buy", "INFY", 10, 1500.5, 20, 15], ["Total", None, None, 10, None, 20, 15],
        title="Trades",
    )  # fmt: skip
    found = AnyTable().table(content)
    assert (found.header, found.header_row, found.sheet) == (tuple(PLAIN), 4, "Trades")
    assert only(read(content)).price == Price.of("1500.5")


def test_the_shape_is_that_of_the_header_alone() -> None:
    one = AnyTable().table(table(PLAIN, ["31-03-2025", "Buy", "INFY", "1", "1", "", ""]))
    other = AnyTable().table(table(["A title", ""], [name.upper() for name in PLAIN], ["x"] * 7))
    different = AnyTable().table(table([*PLAIN, "Notes"], ["x"] * 8))
    assert one.shape == other.shape != different.shape


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"kind": ["Side"], "symbol": ["Symbol"], "quantity": ["Qty"], "price": ["Price"]}, "day"),
        ({"day": ["Date"], "quantity": ["Qty"], "price": ["Price"]}, "symbol"),
        ({"day": ["Date"], "symbol": ["Symbol"], "price": ["Price"]}, "quantity"),
        ({"day": ["Date"], "symbol": ["Symbol"], "quantity": ["Qty"]}, "price"),
        ({"day": ["Date", "Side"], "symbol": ["Symbol"], "quantity": ["Qty"], "price": ["Price"]}, "day"),
        ({"day": ["Nowhere"], "symbol": ["Symbol"], "quantity": ["Qty"], "price": ["Price"]}, "day"),
    ],
)
def test_a_map_that_does_not_fit_names_what_is_lacking(columns: dict[str, list[str]], field: str) -> None:
    found = AnyTable().table(table(PLAIN, ["31-03-2025", "Buy", "INFY", "1", "1", "", ""]))
    with pytest.raises(Misuse) as refused:
        must_fit(from_json({"columns": columns}), found)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "said",
    [
        {"columns": {"moon": ["Date"]}},
        {"columns": {"day": "Date" * 100}},
        {"columns": {"day": [5] * 100}},
        {"columns": 5},
        {"day_order": "dym"},
        {"point": "x"},
        {"exchange": "MOON"},
        {"currency": "rupees"},
        {"words": {"split": ["x"]}},
        {"words": {"moon": ["x"]}},
    ],
)
def test_a_map_that_is_none_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Misuse):
        from_json(said)


def test_a_map_survives_the_store() -> None:
    told = ColumnMap({Column.DAY: ("Date",), Column.FEES: ("A", "B")}, DayOrder.MDY, Point.COMMA)
    assert from_json(as_json(told)) == told


def test_a_report_of_vested_is_known_by_its_header_and_read_in_dollars() -> None:
    header = ["Trade Date", "Ticker", "Activity", "Quantity", "Price Per Share (in USD)",
              "Cash Amount (in USD)", "Commission Charges (in USD)"]  # fmt: skip
    rows = [["03/31/2025", "AAPL", "Buy", "1.25", "200.10", "-250.13", "0.50"],
            ["04/02/2025", "AAPL", "Dividend", "", "", "3.20", ""]]  # fmt: skip
    content = workbook(header, *rows)
    known = profile_of(AnyTable().table(content))
    assert known is not None
    assert known.names == profile.NAMES
    bought, paid = read(content).rows
    assert (bought.instrument.listing, bought.instrument.currency) == (("NASDAQ", "AAPL", ""), USD)
    assert (bought.day.iso(), bought.quantity, bought.price) == (
        "2025-03-31",
        D("1.25"),
        Price.of("200.10", USD),
    )
    assert bought.fees == Money.of("0.50", USD)
    assert (paid.kind, paid.worth) == (Kind.DIVIDEND, Money.of("3.20", USD))


def bomb() -> bytes:
    """A workbook whose one sheet would unpack to more than is ever read."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(101):
            member.write(b"\0" * (1 << 20))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "protected"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"a," * 5_000_000 + b"a", "columns"),
        (b"date,symbol\n" + b"1,2\n" * 200_001, "rows"),
        (b"date,symbol\n" + b'"' + b"x" * 2_000_000, "columns|damaged"),
    ],
    ids=["protected", "torn", "ten million columns", "too many rows", "endless cell"],
)
def test_a_hostile_table_is_refused_with_its_reason(content: bytes, words: str) -> None:
    with pytest.raises(Misuse, match=words):
        AnyTable().table(content)


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    with pytest.raises(Misuse, match="100 MB"):
        AnyTable().table(bomb())


def test_a_time_of_day_is_kept() -> None:
    header = [*PLAIN, "Time"]
    one = only(read(table(header, ["31-03-2025", "Buy", "INFY", "1", "1", "", "", "02:15 PM"])))
    assert one.at is not None
    assert f"{one.at.in_zone(IST):%H:%M}" == "14:15"
