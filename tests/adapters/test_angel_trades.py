"""Angel One's workbook with its real charges, and our own JSON: facts, keys, and the problems of rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.adapters.test_mapped import workbook
from tunefolio.adapters.brokers.files.angel_trades import AngelTrades
from tunefolio.adapters.brokers.files.own import OwnJson
from tunefolio.core.money import Money, Price
from tunefolio.ledger.feeparts import FeeName
from tunefolio.ledger.files import ParsedFile
from tunefolio.ledger.kinds import Kind

INFY = {"exchange": "NSE", "symbol": "INFY"}
ANGEL = ["Scrip/Contract", "Buy/Sell", "Buy Price", "Sell Price", "Quantity", "Brokerage", "GST", "STT",
         "Sebi Tax", "Exchange Turnover Charges", "Stamp Duty", "Other Charges", "IPFT Charges", "Order Type",
         "Segment", "Exchange", "Order ID", "Trade ID", "Date"]  # fmt: skip


def angel(**cells: Any) -> list[Any]:
    usual = {"Scrip/Contract": "INFY-EQ", "Buy/Sell": "Buy", "Buy Price": 1500.5, "Sell Price": 0,
             "Quantity": 10, "Brokerage": 20, "GST": 3.6, "STT": 15, "Sebi Tax": 0.02,
             "Exchange Turnover Charges": 0.48, "Stamp Duty": 2.25, "Other Charges": 0,
             "IPFT Charges": 0.01, "Order Type": "Delivery",
             "Segment": "Equity", "Exchange": "NSE", "Order ID": "25033100001", "Trade ID": "77",
             "Date": "31/03/2025"} | cells  # fmt: skip
    return [usual[name] for name in ANGEL]


def angels(*rows: list[Any]) -> ParsedFile:
    content = workbook(["Angel One", None], ["Client", "A1"], ANGEL, *rows, title="TradesAndCharges")
    assert AngelTrades().recognises("x", content)
    return AngelTrades().parse(content, "sha")


def test_angels_trades_carry_what_they_really_cost() -> None:
    sale = angel(**{"Buy/Sell": "Sell", "Buy Price": 0, "Sell Price": 1600, "Trade ID": "78"})
    bought, sold = angels(angel(), sale).rows
    assert (bought.kind, bought.price, bought.fees) == (Kind.BUY, Price.of("1500.5"), Money.of("41.36"))
    assert bought.instrument.listing == ("NSE", "INFY", "EQ")
    assert bought.source_key == "NSE:EQ:77:2025-03-31"
    assert (sold.kind, sold.price) == (Kind.SELL, Price.of(1600))


def test_angels_charges_are_kept_one_by_one_with_the_order() -> None:
    sale = angel(**{"Buy/Sell": "Sell", "Buy Price": 0, "Sell Price": 1600, "Trade ID": "78", "STT": -16})
    bought, sold = angels(angel(), sale).rows
    assert {part.name: str(part.amount) for part in bought.parts} == {
        FeeName.BROKERAGE: "20", FeeName.EXCHANGE: "0.48", FeeName.IPFT: "0.01", FeeName.SEBI: "0.02",
        FeeName.GST: "3.6", FeeName.STT: "15", FeeName.STAMP: "2.25",
    }  # fmt: skip
    assert bought.order == sold.order == "25033100001"
    assert [part.amount for part in sold.parts if part.name is FeeName.STT] == [16], (
        "some write it below zero"
    )


@pytest.mark.parametrize("cell", ["", "-", "0", "1.1E+15", 2.5])
def test_a_cell_that_tells_no_order_is_none(cell: object) -> None:
    assert angels(angel(**{"Order ID": cell})).rows[0].order == ""


def test_angels_row_without_units_is_the_fee_of_an_order() -> None:
    row = angel(Quantity=0, **{"Buy Price": 0, "Trade ID": ""})
    file = angels(row, row)
    first, second = file.rows
    assert (first.kind, first.worth, first.quantity) == (Kind.FEE, Money.of("41.36"), None)
    assert first.source_key != second.source_key


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"Buy/Sell": "Hold"}, "buy sell"),
        ({"Segment": "F&O"}, "segment"),
        ({"Exchange": "MOON"}, "exchange"),
        ({"Date": "soon"}, "date"),
        ({"Quantity": -5}, "quantity"),
        ({"Buy Price": 0}, "price"),
        ({"Scrip/Contract": "@SUM(A1)"}, "scrip/contract"),
    ],
)
def test_angels_wrong_cell_is_the_problem_of_its_row(cells: dict[str, Any], field: str) -> None:
    file = angels(angel(**cells), angel(**{"Trade ID": "9"}))
    assert [problem.field for problem in file.problems] == [field] or (
        field.startswith("scrip") and file.problems
    )
    assert len(file.rows) == 1


def test_our_own_json_comes_back() -> None:
    rows = [
        {"kind": "buy", "day": "2025-03-31", "instrument": INFY | {"isin": "INE009A01021"}, "quantity": "10",
         "price": "1500.50", "amount": "15005.00", "fees": "17.80", "parts": {"stt": "15", "stamp": "2.8"},
         "order": "110024", "source_key": "NSE:EQ:7:2025-03-31"},
        {"kind": "dividend", "day": "2025-06-01", "instrument": INFY,
         "amount": {"amount": "280.00", "currency": "INR"}, "tax": "28"},
        {"kind": "split", "day": "2025-07-01", "instrument": INFY, "ratio": "2:1"},
        {"kind": "deposit", "day": "2025-07-01", "amount": "5"},
        {"kind": "moon", "day": "2025-07-01"},
        5,
        {"kind": "buy", "day": "2025-07-01", "instrument": INFY, "quantity": "1", "price": "1", "fees": "1",
         "parts": {"toll": "1"}},
    ]  # fmt: skip
    content = json.dumps({"data": rows}).encode()
    assert OwnJson().recognises("x", content)
    file = OwnJson().parse(content, "sha")
    bought, paid = file.rows
    assert (bought.source_key, bought.worth, bought.fees) == (
        "NSE:EQ:7:2025-03-31", Money.of(15005), Money.of("17.80"),
    )  # fmt: skip
    assert (bought.order, [str(part) for part in bought.parts]) == ("110024", ["stt:15", "stamp:2.8"])
    assert (paid.kind, paid.worth, paid.tax) == (Kind.DIVIDEND, Money.of(280), Money.of(28))
    assert [(problem.row, problem.field) for problem in file.problems] == [
        (3, "ratio"), (4, "instrument"), (5, "kind"), (6, "row"), (7, "parts"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content", [b"{}", b'{"data": 5}', b'{"data": []}', b"[1]", b"{", b"", b'{"data": [{"a": 1}]}']
)
def test_other_json_is_not_taken_for_ours(content: bytes) -> None:
    assert not OwnJson().recognises("x", content)
