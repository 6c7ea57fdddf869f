"""What Zerodha and Angel One answer when asked what orders cost: whole answers, torn ones, foreign ones."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tunefolio.adapters.brokers.angelone import charges as angel
from tunefolio.adapters.brokers.zerodha import charges as kite
from tunefolio.core.errors import Rejected
from tunefolio.ledger.charged import ChargedOrder, added
from tunefolio.ledger.feeparts import FeeName
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import Listing


def d(text: str) -> Decimal:
    return Decimal(text)


def order(
    number: str = "1", *, exchange: str = "NSE", symbol: str = "SBIN", series: str = ""
) -> ChargedOrder:
    return ChargedOrder(
        number, Listing(exchange, symbol, series), Kind.BUY, d("10"), d("560.25"), is_intraday=False
    )


# Zerodha --------------------------------------------------------------------------------------------

CHARGES = {
    "transaction_tax": d("0.56"), "transaction_tax_type": "stt", "exchange_turnover_charge": d("0.01876"),
    "sebi_turnover_charge": d("0.00056"), "brokerage": 0, "stamp_duty": 0,
    "gst": {"igst": d("0.0033768"), "cgst": 0, "sgst": 0, "total": d("0.0033768")}, "total": d("0.5826968"),
}  # fmt: skip


def test_kite_is_asked_in_its_own_words() -> None:
    assert kite.asked(order("7", series="BE")) == {
        "order_id": "7", "exchange": "NSE", "tradingsymbol": "SBIN-BE", "transaction_type": "BUY",
        "variety": "regular", "product": "CNC", "order_type": "LIMIT", "quantity": 10,
        "average_price": 560.25,
    }  # fmt: skip
    future = ChargedOrder(
        "1", Listing("NFO", "NIFTY26NOVFUT"), Kind.SELL, d("75"), d("24000"), is_intraday=False
    )
    assert (kite.asked(future)["product"], kite.asked(future)["transaction_type"]) == ("NRML", "SELL")
    assert json.dumps(kite.asked(future))


def test_kites_rows_answer_the_orders_in_their_order() -> None:
    rows = [{"charges": CHARGES}, {"charges": {**CHARGES, "transaction_tax_type": "ctt"}}]
    first, second = kite.charges(rows, [order("1"), order("2")]).values()
    assert first == {
        FeeName.BROKERAGE: 0, FeeName.EXCHANGE: d("0.01876"), FeeName.SEBI: d("0.00056"), FeeName.STAMP: 0,
        FeeName.GST: d("0.0033768"), FeeName.STT: d("0.56"),
    }  # fmt: skip
    assert second[FeeName.CTT] == d("0.56")
    assert added([first, second])[FeeName.EXCHANGE] == d("0.03752")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([], "answered 0"),
        ({}, "not a list"),
        ([{}], "not an object"),
        ([{"charges": {}}], "brokerage"),
        ([{"charges": {**CHARGES, "gst": None}}], "gst"),
        ([{"charges": {**CHARGES, "stamp_duty": "much"}}], "stamp_duty"),
        ([{"charges": {**CHARGES, "transaction_tax": None}}], "transaction_tax"),
    ],
)
def test_an_answer_that_is_not_kites_is_refused(data: Any, word: str) -> None:
    with pytest.raises(Rejected, match=word):
        kite.charges(data, [order()])


# Angel One ------------------------------------------------------------------------------------------


def line(name: str, amount: str, *inside: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "amount": d(amount), "msg": "", "breakup": list(inside)}


def tree(brokerage: str = "0", stt: str = "0", total: str = "3.0796") -> dict[str, Any]:
    outside = line(
        "External Charges", "2.976",
        line("Exchange Transaction Charges", "0.56"), line("Stamp Duty", "2.4"), line("SEBI Fees", "0.016"),
    )  # fmt: skip
    taxes = line("Taxes", "0.1036", line("Security Transaction Tax", stt), line("GST", "0.1036"))
    broker = line("Angel One Brokerage", brokerage)
    return {"total_charges": d(total), "trade_value": 16000, "breakup": [broker, outside, taxes]}


def test_angel_one_is_asked_in_texts() -> None:
    assert angel.asked(order(series="EQ"), "3045") == {
        "product_type": "DELIVERY", "transaction_type": "BUY", "quantity": "10", "price": "560.25",
        "exchange": "NSE", "symbol_name": "SBIN-EQ", "token": "3045",
    }  # fmt: skip
    assert angel.asked(order(exchange="BSE"), "500112")["symbol_name"] == "SBIN"


def test_the_leaves_of_angels_tree_are_its_charges() -> None:
    found = angel.charges({"summary": tree()}, [order()])
    assert found.whole == {
        FeeName.BROKERAGE: 0, FeeName.EXCHANGE: d("0.56"), FeeName.STAMP: d("2.4"), FeeName.SEBI: d("0.016"),
        FeeName.STT: 0, FeeName.GST: d("0.1036"),
    }  # fmt: skip
    assert not found.each


def test_single_orders_are_read_where_each_comes_whole() -> None:
    whole = {"summary": tree(), "charges": [tree()]}
    assert angel.charges(whole, [order("7")]).each["7"][FeeName.STAMP] == d("2.4")
    for torn in (
        [{**tree(), "breakup": line("Angel One Brokerage", "0")}],
        [tree(total="1.5162")],
        [tree(), tree()],
        ["row"],
        None,
    ):
        assert not angel.charges({"summary": tree(), "charges": torn}, [order("7")]).each


def test_a_line_that_nobody_knows_is_kept_as_unexplained() -> None:
    told = tree(total="4.0796")
    told["breakup"].append(line("Convenience", "0.75"))
    told["breakup"].append(line("IPFT charges", "0.25"))
    found = angel.amounts(told, "charges.summary")
    assert (found[FeeName.OTHER], found[FeeName.IPFT]) == (d("0.75"), d("0.25"))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([], "not an object"),
        ({}, "charges.summary"),
        ({"summary": {"total_charges": 1}}, "breakup"),
        ({"summary": {**tree(), "total_charges": None}}, "total_charges"),
        ({"summary": tree(total="9")}, "not its total"),
        ({"summary": {"total_charges": 0, "breakup": [{"name": "GST"}]}}, "amount"),
    ],
)
def test_an_answer_that_is_not_angels_is_refused(data: Any, word: str) -> None:
    with pytest.raises(Rejected, match=word):
        angel.charges(data, [order()])
