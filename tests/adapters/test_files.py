"""Zerodha's files: what is understood, what is a row's problem, and what is no such file at all."""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tunefolio.adapters.brokers.files import tables
from tunefolio.adapters.brokers.files.holdings import ConsoleHoldings, KiteHoldings
from tunefolio.adapters.brokers.files.mapped import AnyTable
from tunefolio.adapters.brokers.files.tradebook import TradebookCsv, TradebookXlsx
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Price
from tunefolio.core.time import FixedClock, Instant, TradingDay
from tunefolio.ledger.files import FORMATS, ParsedFile
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass, Listing

HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,"
    "trade_id,order_id,order_execution_time"
)
BUY = "INFY,INE009A01021,2024-05-02,NSE,EQ,EQ,buy,false,10.000000,1415.500000,2401,1100,2024-05-02T09:20:11"
SATURDAY = FixedClock(Instant.parse("2026-11-21T12:00:00+05:30"))


def book(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def parse(content: bytes) -> ParsedFile:
    return TradebookCsv().parse(content, hashlib.sha256(content).hexdigest())


def with_cell(name: str, value: str) -> str:
    cells = BUY.split(",")
    cells[HEADER.split(",").index(name)] = value
    return ",".join(cells)


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_trade() -> None:
    parsed = parse(book(BUY, with_cell("trade_type", "SELL").replace(",2401,", ",2402,")))
    bought, sold = parsed.rows
    assert parsed.problems == ()
    assert (parsed.format, parsed.title) == ("zerodha_tradebook_csv", "Zerodha tradebook (CSV)")
    assert (bought.row, bought.kind, sold.row, sold.kind) == (2, Kind.BUY, 3, Kind.SELL)
    assert bought.day == TradingDay.parse("2024-05-02")
    assert bought.at == Instant.parse("2024-05-02T09:20:11+05:30")
    assert bought.instrument.listing == Listing("NSE", "INFY", "EQ")
    assert bought.instrument.isin == "INE009A01021"
    assert bought.quantity == 10
    assert bought.price == Price.of("1415.5")
    assert bought.source_key == "NSE:EQ:2401:2024-05-02"


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\n\n").encode(),
        lambda text: text.replace("\n", "\n,,,,,,,,,,,,\n").encode(),
        lambda text: text.replace("INFY", '"INFY"').replace(",", ", ").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.replace("symbol,isin", "Symbol, ISIN").replace("trade_", "Trade ").encode(),
        lambda text: text.replace("false", "n\u00e9").encode("latin-1"),
    ],
)
def test_the_ways_people_save_a_table(encode: Any) -> None:
    content = encode(book(BUY).decode())
    parsed = parse(content)
    assert parsed.problems == ()
    assert [row.source_key for row in parsed.rows] == ["NSE:EQ:2401:2024-05-02"]
    assert TradebookCsv().recognises("x.csv", content)


def test_rows_count_as_a_spreadsheet_counts() -> None:
    parsed = parse(book("", BUY, "", with_cell("quantity", "-1").replace("2401", "2402")))
    assert [row.row for row in parsed.rows] == [3]
    assert [problem.row for problem in parsed.problems] == [5]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("quantity", "-10", "above zero"),
        ("quantity", "0", "above zero"),
        ("quantity", "ten", "not a number"),
        ("quantity", "", "empty"),
        ("quantity", "NaN", "plausible"),
        ("quantity", "1e30", "plausible"),
        ("quantity", "0.000000001", "decimal places"),
        ("price", "-1", "above zero"),
        ("price", "", "empty"),
        ("trade_date", "02-05-2024", "not a date"),
        ("trade_date", "2024-02-30", "not a date"),
        ("trade_date", "", "empty"),
        ("exchange", "MOON", "unknown"),
        ("exchange", "", "empty"),
        ("isin", "INE009A01022", "check digit"),
        ("isin", "INFY", "not an ISIN"),
        ("trade_type", "hold", "unknown"),
        ("segment", "FO", "not supported yet"),
        ("segment", "CDS", "not supported yet"),
        ("symbol", "", "empty"),
        ("order_execution_time", "noon", "not a time"),
    ],
)
def test_a_bad_cell_is_the_problem_of_its_row(field: str, value: str, says: str) -> None:
    good = with_cell("trade_id", "2499")
    parsed = parse(book(with_cell(field, value), good))
    assert [row.row for row in parsed.rows] == [3]
    (problem,) = parsed.problems
    assert (problem.row, problem.field) == (2, field)
    assert says in problem.problem


def test_a_future_date_is_not_judged_here() -> None:
    assert parse(book(with_cell("trade_date", "2099-01-01"))).problems == ()


def test_grouped_digits_are_read() -> None:
    row = with_cell("price", '"1,23,415.50"')
    assert parse(book(row)).rows[0].price == Price.of("123415.5")


@pytest.mark.parametrize("text", ["99,50", "1,2", "1,50", "12,34", "1,234,50", "1,2345"])
def test_a_comma_that_groups_no_three_digits_is_not_left_out(text: str) -> None:
    """99,50 read as 9,950 would be wrong money without a word."""
    (problem,) = parse(book(with_cell("price", f'"{text}"'))).problems
    assert (problem.field, problem.problem) == ("price", f"{text!r} is not a number")


def test_a_duplicate_row_names_the_first() -> None:
    parsed = parse(book(BUY, BUY, with_cell("quantity", "11")))
    assert len(parsed.rows) == 1
    same, other = parsed.problems
    assert (same.row, same.field) == (3, "trade_id")
    assert "same trade as row 2" in same.problem
    assert "row 2" in other.problem
    assert "other contents" in other.problem


def test_the_same_id_on_another_day_or_exchange_is_another_trade() -> None:
    rows = [BUY, with_cell("trade_date", "2024-05-03"), with_cell("exchange", "BSE")]
    assert len({row.source_key for row in parse(book(*rows)).rows}) == 3


def test_without_a_trade_id_file_and_row_are_the_key() -> None:
    content = book(with_cell("trade_id", ""), with_cell("trade_id", ""))
    parsed = parse(content)
    digest = hashlib.sha256(content).hexdigest()
    assert [row.source_key for row in parsed.rows] == [f"{digest}:2", f"{digest}:3"]


def test_a_fund_is_held_at_no_exchange() -> None:
    (row,) = parse(book(with_cell("segment", "MF").replace("10.000000", "10.123"))).rows
    assert row.instrument.listing == Listing("MF", "INFY")
    assert row.instrument.asset_class is AssetClass.FUND
    assert row.quantity == Decimal("10.123")


def test_series_come_from_the_file() -> None:
    (row,) = parse(book(with_cell("series", "BE"))).rows
    assert row.instrument.listing.series == "BE"


def test_a_wrong_header_names_what_is_missing_and_found() -> None:
    content = book(BUY).replace(b"quantity", b"amount", 1)
    with pytest.raises(Misuse, match=r"lacks the column quantity; found: symbol, isin.*amount"):
        parse(content)
    with pytest.raises(Misuse, match=r"lacks the columns symbol, trade_date.*found: a, b"):
        parse(b"a,b\n1,2\n")
    with pytest.raises(Misuse, match="found: none"):
        parse(b"")


PLAIN = "Trade Date,Type,Symbol,Quantity,Price\n2024-05-02,buy,INFY,10,1415.50\n"


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.replace("Symbol", "Instrument").replace("Trade Date,", "Instrument,", 1).encode(),
        book(BUY).replace(b"exchange", b"venue", 1),
        workbook({"Mine": [line.split(",") for line in PLAIN.splitlines()]}),
        workbook(
            {"Mine": [["Symbol", "ISIN", "Sector", "Average Price", "Trade Date", "Units"], ["INFY"] * 6]}
        ),
    ],
    ids=["plain", "begins with Instrument", "a tradebook without its exchange", "workbook", "average prices"],
)
def test_a_table_that_lacks_a_brokers_own_columns_is_left_to_its_owner_to_explain(content: bytes) -> None:
    assert [name for name, form in FORMATS if form.recognises("t.csv", content)] == []
    assert len(AnyTable().table(content).header) > 4


def test_a_row_that_looks_like_a_header_above_the_real_one_does_not_hide_it() -> None:
    content = b"symbol,isin,exchange,segment\n" + book(BUY)
    assert TradebookCsv().recognises("x.csv", content)
    assert [row.row for row in parse(content).rows] == [3]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\x00\x01\x02", b"\xd0\xcf\x11\xe0..."])
def test_what_is_no_tradebook_is_not_recognised(content: bytes) -> None:
    assert not any(form.recognises("tradebook.csv", content) for _, form in FORMATS)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest", b"symbol\x00,isin", b'"a' + b"x" * 200_000]
)
def test_a_damaged_csv_is_refused_whole(content: bytes) -> None:
    with pytest.raises(Misuse):
        parse(content)


def test_ten_thousand_trades_are_quick() -> None:
    rows = [
        f"S{n % 60},,2024-05-{n % 28 + 1:02},NSE,EQ,EQ,buy,false,10.000000,{n % 900 + 1}.500000,{n},{n},"
        for n in range(10_000)
    ]
    content = book(*rows)
    began = time.process_time()
    parsed = parse(content)
    assert len(parsed.rows) == 10_000
    assert time.process_time() - began < 1.5, "a guard against a slower order of growth, not a benchmark"


def tradebook_sheet(**change: Any) -> list[list[Any]]:
    names = [
        "Symbol",
        "ISIN",
        "Trade Date",
        "Exchange",
        "Segment",
        "Series",
        "Trade Type",
        "Auction",
        "Quantity",
    ]
    names += ["Price", "Trade ID", "Order ID", "Order Execution Time"]
    trade: list[Any] = [
        "INFY",
        "INE009A01021",
        "2024-05-02",
        "NSE",
        "EQ",
        "EQ",
        "buy",
        False,
        10,
        1415.5,
        2401,
        1100,
    ]
    trade += [datetime(2024, 5, 2, 9, 20, 11)]  # noqa: DTZ001  a spreadsheet knows no zones
    cells = dict(zip(names, trade, strict=True)) | change
    padding: list[list[Any]] = [
        [None],
        [None, "Client ID", "TF0001"],
        [None],
        [None, "Tradebook for Equity"],
        [None],
    ]
    return [*padding, [None, *cells], [None, *cells.values()]]


def test_a_tradebook_workbook_gives_the_keys_of_the_csv() -> None:
    content = workbook({"Summary": [["Charges", 1]], "Equity": tradebook_sheet()})
    form = TradebookXlsx()
    assert form.recognises("x.xlsx", content)
    parsed = form.parse(content, "f" * 64)
    assert parsed.problems == ()
    (row,) = parsed.rows
    (same,) = parse(book(BUY)).rows
    assert row.row == 7
    assert (row.source_key, row.instrument, row.quantity, row.price, row.day, row.at) == (
        same.source_key,
        same.instrument,
        same.quantity,
        same.price,
        same.day,
        same.at,
    )


def test_a_date_cell_is_a_date() -> None:
    content = workbook({"Equity": tradebook_sheet(**{"Trade Date": date(2024, 5, 2)})})
    assert TradebookXlsx().parse(content, "").rows[0].day == TradingDay.parse("2024-05-02")
    content = workbook({"Equity": tradebook_sheet(Quantity=-3)})
    assert TradebookXlsx().parse(content, "").problems[0].field == "quantity"


HOLDINGS_HEADER = [
    "Symbol", "ISIN", "Sector", "Quantity Available", "Quantity Discrepant", "Quantity Long Term",
    "Quantity Pledged (Margin)", "Quantity Pledged (Loan)", "Average Price", "Previous Closing Price",
    "Unrealized P&L", "Unrealized P&L Pct.",
]  # fmt: skip


def holdings_workbook(
    *lines: list[Any], header: list[str] = HOLDINGS_HEADER, title: str = "as on 2026-11-18"
) -> bytes:
    titles: list[list[Any]] = [
        [None, "Client ID", "TF0001"],
        [None],
        [None, f"Equity Holdings Statement {title}"],
    ]
    rows = [*titles, [None], [None, *header], *([None, *line] for line in lines)]
    return workbook({"Equity": rows, "Mutual Funds": [[None, "Nothing here"]]})


INFY_LINE: list[Any] = ["INFY", "INE009A01021", "IT - Software", 40, 0, 30, 5, 0, 1412.3333, 1555.1, 0, 0]


def test_console_holdings_are_openings_with_their_sector() -> None:
    content = holdings_workbook(INFY_LINE, ["CENTRALBK-BE", "", "", 7, 0, 0, 0, 0, 0, 1, 0, 0], ["Total"])
    form = ConsoleHoldings(SATURDAY)
    assert form.recognises("h.xlsx", content)
    parsed = form.parse(content, "abc")
    assert parsed.problems == ()
    infy, central = parsed.rows
    assert (infy.kind, infy.day, infy.at) == (Kind.OPENING, TradingDay.parse("2026-11-18"), None)
    assert infy.quantity == 45
    assert infy.price == Price.of("1412.3333")
    assert (infy.sector, infy.source_key, infy.row) == ("IT - Software", "abc:6", 6)
    assert central.instrument.listing == Listing("NSE", "CENTRALBK", "BE")
    assert central.instrument.isin == "INE483A01010"
    assert central.price == Price.of(0)


def test_holdings_without_a_date_are_of_the_session_of_the_import() -> None:
    parsed = ConsoleHoldings(SATURDAY).parse(holdings_workbook(INFY_LINE, title="today"), "")
    assert parsed.rows[0].day == TradingDay.parse("2026-11-20")


@pytest.mark.parametrize(
    ("place", "value", "field"),
    [
        (1, "INE009A01022", "isin"),
        (3, -5, "quantity available"),
        (3, 0, "quantity available"),
        (3, "x", "quantity available"),
        (3, None, "quantity available"),
        (8, -1, "average price"),
        (8, None, "average price"),
    ],
)
def test_a_bad_holding_is_the_problem_of_its_row(place: int, value: Any, field: str) -> None:
    line = list(INFY_LINE)
    line[place] = value
    if place == 3 and value == 0:
        line[6] = 0
    (problem,) = ConsoleHoldings(SATURDAY).parse(holdings_workbook(line), "").problems
    assert (problem.row, problem.field) == (6, field)


def test_a_holding_twice_names_the_first() -> None:
    parsed = ConsoleHoldings(SATURDAY).parse(holdings_workbook(INFY_LINE, INFY_LINE), "")
    assert len(parsed.rows) == 1
    assert "row 6" in parsed.problems[0].problem


def test_holdings_with_a_wrong_header() -> None:
    header = [name.replace("Average Price", "Mean") for name in HOLDINGS_HEADER]
    with pytest.raises(Misuse, match="lacks the column average price; found: Symbol"):
        ConsoleHoldings(SATURDAY).parse(holdings_workbook(INFY_LINE, header=header), "")
    with pytest.raises(
        Misuse, match="lacks the columns symbol, quantity available, average price; found: x, y"
    ):
        ConsoleHoldings(SATURDAY).parse(workbook({"A": [["x", "y"]]}), "")


KITE = (
    b'"Instrument","Qty.","Avg. cost","LTP","Invested","Cur. val","P&L","Net chg.","Day chg."\r\n'
    b'"INFY",40,1412.33,1560.4,56493.2,62416,5922.8,10.48,0.34\r\n'
    b'"TATAMOTORS-BE",3,700,690,2100,2070,-30,-1.4,0.1\r\n"X","",1,1,1,1,1,1,1\r\n"",43,,,58593.2,64486,5892.8,,\r\n'
)


def test_kite_holdings() -> None:
    form = KiteHoldings(SATURDAY)
    assert form.recognises("holdings.csv", KITE)
    parsed = form.parse(KITE, "abc")
    infy, tata = parsed.rows
    assert infy.instrument.isin == "INE009A01021"
    assert infy.instrument.name == "Infosys Limited"
    assert infy.quantity == 40
    assert (infy.price, infy.day) == (Price.of("1412.33"), TradingDay.parse("2026-11-20"))
    assert tata.instrument.listing == Listing("NSE", "TATAMOTORS", "BE")
    assert [(problem.row, problem.field) for problem in parsed.problems] == [(4, "qty.")]
    with pytest.raises(Misuse, match=r"lacks the column avg\. cost"):
        form.parse(b"Instrument,Qty.\nINFY,1\n", "")


def bomb(size: int, members: int = 1) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(members):
            archive.writestr(f"xl/{number}.xml", b"\0" * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (bomb(101 * 1024 * 1024), "100 MB"),
        (bomb(0, 2_001), "100 MB"),
        (bomb(10), "damaged"),
        (b"PK\x03\x04not really", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old or a protected"),
        (b"symbol,isin", "damaged"),
        (b"", "damaged"),
    ],
)
def test_a_trap_or_a_ruin_is_refused(content: bytes, says: str) -> None:
    for form in (TradebookXlsx(), ConsoleHoldings(SATURDAY)):
        with pytest.raises(Misuse, match=says):
            form.parse(content, "")


@pytest.mark.parametrize("content", [bomb(101 * 1024 * 1024), bomb(10), b"PK\x03\x04not really"])
def test_a_ruined_workbook_is_claimed_by_no_format_and_the_reader_of_tables_says_what_is_wrong(
    content: bytes,
) -> None:
    assert not any(form.recognises("x.xlsx", content) for _, form in FORMATS)
    with pytest.raises(Misuse, match=r"100 MB|damaged"):
        AnyTable().table(content)


def test_every_truncation_of_a_workbook_is_refused() -> None:
    whole = holdings_workbook(INFY_LINE)
    for cut in range(10, len(whole) - 1, len(whole) // 25):
        with pytest.raises(Misuse):
            ConsoleHoldings(SATURDAY).parse(whole[:cut], "")


def test_declared_dimensions_are_not_believed() -> None:
    """A sheet that claims a million rows and 16,384 columns holds what it holds."""
    whole = zipfile.ZipFile(io.BytesIO(holdings_workbook(INFY_LINE)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member in whole.infolist():
            body = whole.read(member)
            if member.filename.endswith("sheet1.xml"):
                start = body.index(b'<dimension ref="') + 16
                body = body[:start] + b"A1:XFD1048576" + body[body.index(b'"', start) :]
            archive.writestr(member, body)
    began = time.process_time()
    assert len(ConsoleHoldings(SATURDAY).parse(out.getvalue(), "").rows) == 1
    assert time.process_time() - began < 5


def test_a_row_far_below_is_refused() -> None:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    for place, name in enumerate(HOLDINGS_HEADER, 1):
        sheet.cell(1, place, name)
    sheet.cell(1_048_576, 1, "INFY")
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(Misuse, match="200,000 rows"):
        ConsoleHoldings(SATURDAY).parse(out.getvalue(), "")


def test_too_many_csv_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    with pytest.raises(Misuse, match="more than 3 rows"):
        parse(book(BUY, "", "", BUY))


def test_the_recorded_files(recorded: Path) -> None:
    content = (recorded / "formats" / "console_tradebook_equity.csv").read_bytes()
    parsed = parse(content)
    assert [row.kind for row in parsed.rows] == [Kind.BUY, Kind.SELL]
    samples = Path(os.environ["TUNEFOLIO_DATA"]) / "samples"
    for path in samples.glob("tradebook-*.csv"):
        found = parse(path.read_bytes())
        assert found.rows
        assert not found.problems
    book_file = (samples / "tradebook-zerodha-minimal.xlsx").read_bytes()
    assert TradebookXlsx().recognises("t.xlsx", book_file)
    assert TradebookXlsx().parse(book_file, "").rows
