"""Angel One's payloads, without any network: own ones in its shapes, and recorded ones where there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.angelone import (
    candles,
    fields,
    fills,
    funds,
    login,
    orders,
    quotes,
    statements,
)
from tunefolio.adapters.brokers.angelone.errors import PAUSE, data_of, judged
from tunefolio.adapters.brokers.angelone.instruments import listing_of, parse_tokens
from tunefolio.adapters.brokers.angelone.updates import update
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.money import Money, Price
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.fills import DayFills
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.statements import UnreadLine
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import Interval, QuoteClaim
from tunefolio.trading.orders import OrderSide, OrderState

TITAN = {
    "tradingsymbol": "TITAN-EQ", "exchange": "NSE", "isin": "INE280A01028", "t1quantity": 3,
    "realisedquantity": 7, "quantity": 10, "authorisedquantity": 0, "product": "DELIVERY",
    "collateralquantity": None, "collateraltype": None, "haircut": 0, "averageprice": Decimal("3310.4"),
    "ltp": Decimal("3402.15"), "symboltoken": "3506", "close": Decimal("3398.6"),
    "profitandloss": Decimal("917.5"), "pnlpercentage": Decimal("2.77"), "a field of tomorrow": [1],
}  # fmt: skip
LONG = {
    "exchange": "NSE", "symboltoken": "3506", "producttype": "DELIVERY", "tradingsymbol": "TITAN-EQ",
    "netqty": "4", "totalbuyavgprice": "3310.40", "totalsellavgprice": "0", "netvalue": "- 13241.60",
    "ltp": "3402.15", "pnl": "367.00",
}  # fmt: skip
ORDER = {
    "variety": "NORMAL", "ordertype": "LIMIT", "producttype": "INTRADAY", "duration": "DAY",
    "price": "3300.00", "triggerprice": "0", "quantity": "5", "tradingsymbol": "TITAN-EQ",
    "transactiontype": "SELL", "exchange": "NSE", "symboltoken": None, "cancelsize": "0",
    "averageprice": "0", "filledshares": "2", "unfilledshares": "3", "orderid": 261120000000017,
    "text": "", "status": "open", "orderstatus": "open", "updatetime": "20-Nov-2026 10:31:02",
    "exchtime": "20-Nov-2026 10:30:58", "exchorderupdatetime": "20-Nov-2026 10:31:02",
    "parentorderid": "", "uniqueorderid": "u-17", "ordertag": "mine",
}  # fmt: skip
TRADE = {
    "exchange": "NSE", "producttype": "INTRADAY", "tradingsymbol": "TITAN-EQ", "transactiontype": "SELL",
    "fillprice": "3300.05", "fillsize": "2", "orderid": "261120000000017", "fillid": "7000041",
    "filltime": "10:31:02",
}  # fmt: skip


def answer(body: object, status: int = 200) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json"}, content)


def at(text: str) -> Instant:
    return Instant.parse(f"{text}+05:30")


def meaning(body: object, status: int = 200) -> object:
    """The data, or the error that an answer stands for."""
    one = answer(body, status)
    problem = judged(one)
    if problem is not None:
        return problem
    try:
        return data_of(one)
    except TunefolioError as raised:
        return raised


def test_a_good_answer_gives_its_data_and_null_is_an_empty_book() -> None:
    assert meaning({"status": True, "message": "SUCCESS", "errorcode": "", "data": [1]}) == [1]
    assert meaning({"success": True, "data": {"a": 1}}) == {"a": 1}
    assert meaning({"status": True, "data": None}) is None
    assert statements.holdings(None) == ()
    assert statements.positions(None) == ()
    assert orders.reports(None) == []
    assert fills.fills(None, None) == DayFills()
    assert candles.candles(None) == []


@pytest.mark.parametrize("code", ["AB1010", "AB1011", "AB8050", "AB8051"])
def test_a_dead_session_is_told_in_the_apis_words(code: str) -> None:
    assert isinstance(meaning({"status": False, "errorcode": code, "message": "no", "data": None}), Reauth)


@pytest.mark.parametrize("code", ["AG8001", "AG8002", "AG8003", "AG8004"])
@pytest.mark.parametrize("status", [200, 401, 403])
def test_a_dead_session_is_told_in_the_gateways_words(code: str, status: int) -> None:
    told = {"success": False, "errorCode": code, "message": "Invalid Token", "data": ""}
    assert isinstance(meaning(told, status), Reauth)


@pytest.mark.parametrize("code", ["AB1004", "AB1007", "AB2000", "AB2001"])
def test_some_refusals_pass(code: str) -> None:
    assert isinstance(meaning({"status": False, "errorcode": code, "message": "try later"}), Retry)


@pytest.mark.parametrize("code", ["AB1008", "AB1009", "AB1012", "AB1015", "AB1016", "AB9999", ""])
def test_other_refusals_are_for_good_and_keep_their_code(code: str) -> None:
    """A question that failed is never taken for an empty book."""
    refused = meaning({"status": False, "errorcode": code, "message": "Position Not Found"})
    assert isinstance(refused, Rejected)
    assert refused.code == (code or "refused")
    assert "Position Not Found" in str(refused)


def test_a_403_is_haste_and_no_question_of_leave() -> None:
    text = b"Access denied because of exceeding access rate"
    haste = meaning(text, 403)
    assert isinstance(haste, Retry)
    assert haste.after == PAUSE, "it does not say how long"
    assert isinstance(meaning(b"<html>403</html>", 403), Retry)
    assert isinstance(meaning({"status": False, "message": text.decode(), "errorcode": "AB1019"}), Retry)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"", 400, Rejected),
        (b"", 404, Rejected),
        (b"", 401, Reauth),
        (b"slow down", 429, Retry),
        (b"", 500, Retry),
        (b"<html>Bad Gateway</html>", 502, Retry),
        ({"success": False, "errorCode": "AG8001", "message": "Invalid Token"}, 503, Retry),
        (b"", 200, Retry),
        (b"  ", 200, Retry),
        (b"<html>one moment</html>", 200, Retry),
        (b'{"status":true,"data":[{"tr', 200, Retry),
        (b"[]", 200, Rejected),
        (b'"yes"', 200, Rejected),
        ({"data": []}, 200, Rejected),
        ({"status": True}, 200, Rejected),
        ({"status": "SUCCESS", "data": []}, 200, Rejected),
    ],
)
def test_what_is_no_answer_at_all(body: object, status: int, kind: type[Exception]) -> None:
    assert isinstance(meaning(body, status), kind)


def test_holdings_become_claims_of_what_is_owned() -> None:
    (line,) = statements.holdings({"holdings": [TITAN], "totalholding": {}})
    assert line.instrument.listing == Listing("NSE", "TITAN", "EQ")
    assert line.instrument.isin == "INE280A01028"
    assert [line.settled, line.unsettled, line.quantity] == [7, 3, 10]
    assert (line.average_price, line.last_price) == (Price.of("3310.4"), Price.of("3402.15"))
    assert (line.close_price, line.pnl) == (Price.of("3398.6"), Money.of("917.5"))
    assert statements.holdings([TITAN]) == (line,)


@pytest.mark.parametrize(
    ("quantity", "t1", "realised", "settled"), [(10, 3, 7, 7), (7, 3, 7, 7), (10, 0, 6, 10), (0, 4, 0, 0)]
)
def test_settled_units_however_quantity_counts(quantity: int, t1: int, realised: int, settled: int) -> None:
    """quantity with the undelivered ones, without them, or with pledged ones that are not realised."""
    row = TITAN | {"quantity": quantity, "t1quantity": t1, "realisedquantity": realised}
    assert (line := statements.holding(row)).settled == settled
    assert line.unsettled == t1


@pytest.mark.parametrize(
    ("symbol", "isin", "kind"),
    [
        ("TITAN-EQ", "INE280A01028", AssetClass.EQUITY),
        ("NIFTYBEES-EQ", "INF204KB14I2", AssetClass.ETF),
        ("SGBDEC25-GB", "IN0020170083", AssetClass.GOLD),
        ("754GS2036-GS", "IN0020220029", AssetClass.BOND),
        ("NEWONE-EQ", "", AssetClass.EQUITY),
    ],
)
def test_what_is_held_by_its_isin(symbol: str, isin: str, kind: AssetClass) -> None:
    claimed = statements.holding(TITAN | {"tradingsymbol": symbol, "isin": isin}).instrument
    assert claimed.asset_class is kind
    assert claimed.isin == (isin or None)


def test_a_holding_of_nothing_is_left_out_and_one_without_cost_kept() -> None:
    sold = TITAN | {"quantity": 0, "t1quantity": 0, "realisedquantity": 0}
    free = TITAN | {"averageprice": None, "ltp": 0, "close": None, "profitandloss": None}
    (line,) = statements.holdings([sold, free])
    assert (line.average_price, line.last_price, line.close_price, line.pnl) == (None, None, None, None)


def test_the_same_field_may_be_text_or_number() -> None:
    texts = {name: str(value) for name, value in TITAN.items() if isinstance(value, int | Decimal)}
    assert statements.holding(TITAN | texts) == statements.holding(TITAN)


@pytest.mark.parametrize("field", ["tradingsymbol", "exchange", "quantity"])
def test_a_missing_field_of_a_holding_is_named(field: str) -> None:
    for gone in ({name: value for name, value in TITAN.items() if name != field}, TITAN | {field: None}):
        with pytest.raises(Rejected, match=field) as caught:
            statements.holdings([gone])
        assert caught.value.code == "missing_field"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("exchange", "MOON", "unknown_exchange"),
        ("t1quantity", -1, "negative_units"),
        ("quantity", "ten", "wrong_type"),
        ("quantity", True, "wrong_type"),
        ("quantity", [], "wrong_type"),
        ("ltp", Decimal("1e30"), "wrong_type"),
        ("averageprice", "NaN", "wrong_type"),
        ("tradingsymbol", {}, "wrong_type"),
    ],
)
def test_a_wrong_value_is_rejected(field: str, value: Any, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        statements.holdings([TITAN | {field: value}])
    assert caught.value.code == code


def test_what_is_no_list_of_rows_is_rejected() -> None:
    wrongs: list[Any] = [{}, {"holdings": {}}, "x", [1], {"totalholding": {}}]
    for wrong in wrongs:
        with pytest.raises(Rejected):
            statements.holdings(wrong)


def test_numbers_may_have_a_space_behind_their_sign() -> None:
    for text, value in {"- 2235.80": "-2235.8", "1,250.5": "1250.5", " 7 ": "7", "-0": "0"}.items():
        assert fields.find_number({"n": text}, "n", "row") == Decimal(value)
    assert fields.find_number({"n": ""}, "n", "row") is None
    assert fields.find_number({}, "n", "row") is None


def test_day_positions_are_signed_and_take_the_average_of_their_side() -> None:
    short = LONG | {"netqty": "-50", "totalsellavgprice": "3400.10", "exchange": "NFO",
                    "tradingsymbol": "TITAN24NOV26FUT", "producttype": "CARRYFORWARD"}  # fmt: skip
    closed = LONG | {"netqty": "0", "pnl": "- 12.50", "ltp": None}
    one, two, three = statements.positions([LONG, short, closed])
    assert (one.quantity, one.average_price, one.product) == (Decimal(4), Price.of("3310.4"), "DELIVERY")
    assert (two.quantity, two.average_price) == (Decimal(-50), Price.of("3400.1"))
    assert two.instrument.asset_class is AssetClass.FUTURE
    assert (three.quantity, three.average_price, three.pnl) == (Decimal(0), Price.of("0"), Money.of("-12.5"))
    assert three.last_price is None
    with pytest.raises(Rejected, match="netqty"):
        statements.positions([{**LONG, "netqty": None}])


def test_funds_are_texts_some_of_them_null() -> None:
    told = funds.funds({"net": "1250.5000", "availablecash": "1200.0000", "collateral": None,
                        "utiliseddebits": "- 3.5000", "utilisedspan": None})  # fmt: skip
    assert (told.available, told.cash) == (Money.of("1250.5"), Money.of("1200"))
    assert (told.collateral, told.used) == (None, Money.of("-3.5"))
    with pytest.raises(Rejected, match="net"):
        funds.funds({"availablecash": "1"})


def test_an_order_in_both_words() -> None:
    (one,) = orders.reports([ORDER])
    assert (one.order_id, one.tag, one.side) == ("261120000000017", "mine", OrderSide.SELL)
    assert [one.quantity, one.filled, one.pending, one.cancelled] == [5, 2, 3, 0]
    assert (one.price, one.trigger, one.average) == (Price.of("3300"), None, None)
    assert (one.state, one.status) == (OrderState.OPEN, "open")
    assert (one.placed, one.updated) == (at("2026-11-20T10:30:58"), at("2026-11-20T10:31:02"))
    assert (one.variety, one.product, one.order_type, one.validity) == ("NORMAL", "INTRADAY", "LIMIT", "DAY")


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("complete", OrderState.COMPLETE),
        ("CANCELLED", OrderState.CANCELLED),
        ("rejected", OrderState.REJECTED),
        ("trigger pending", OrderState.TRIGGER_PENDING),
        ("open pending", OrderState.PENDING),
        ("modified", OrderState.OPEN),
        ("frozen by the moon", OrderState.UNKNOWN),
        ("", OrderState.UNKNOWN),
    ],
)
def test_states_and_words_nobody_knows_yet(word: str, state: OrderState) -> None:
    one = orders.report(ORDER | {"orderstatus": word, "status": word}, "order")
    assert (one.state, one.status) == (state, word)
    assert one.pending == (0 if state.is_final else 3)


def test_an_order_of_an_unknown_side_is_told_and_one_without_number_rejected() -> None:
    assert orders.report(ORDER | {"transactiontype": "LEND"}, "order").side is None
    for field in ("orderid", "tradingsymbol", "quantity"):
        with pytest.raises(Rejected, match=field):
            orders.report(ORDER | {field: ""}, "order")
    with pytest.raises(Rejected, match="updatetime"):
        orders.report(ORDER | {"updatetime": "yesterday", "exchorderupdatetime": ""}, "order")


def test_a_fill_takes_its_day_from_its_order() -> None:
    (one,) = fills.fills([TRADE], [ORDER]).fills
    assert (one.trade_id, one.order_id, one.kind) == ("7000041", "261120000000017", Kind.SELL)
    assert (one.quantity, one.price, one.product) == (Decimal(2), Price.of("3300.05"), "INTRADAY")
    assert one.at == at("2026-11-20T10:31:02")
    assert one.source_key == "NSE:EQ:7000041:2026-11-20"


def test_fills_come_oldest_first() -> None:
    later = TRADE | {"fillid": "7000042", "filltime": "10:31:01"}
    assert [one.trade_id for one in fills.fills([TRADE, later], [ORDER]).fills] == ["7000042", "7000041"]


def test_a_trade_at_an_exchange_nobody_knows_is_put_aside_and_the_others_are_read() -> None:
    """Its order stands in the order book as well, and does not keep the other trade from its day."""
    odd_order = ORDER | {"exchange": "MSE", "orderid": "18"}
    odd = TRADE | {"exchange": "MSE", "orderid": "18", "fillid": "7000099", "transactiontype": "BUY"}
    told = fills.fills([odd, TRADE], [odd_order, ORDER])
    assert [one.trade_id for one in told.fills] == ["7000041"]
    place = "trade 7000099: buy 2 at 3300.05 INR on 2026-11-20"
    assert told.unread == (UnreadLine(place, "MSE:TITAN-EQ", told.unread[0].reason),)
    assert "MSE" in told.unread[0].reason


@pytest.mark.parametrize(
    ("word", "is_intraday"),
    [("INTRADAY", True), ("BO", True), ("CO", True), ("DELIVERY", False), ("MARGIN", False), ("NEW", False)],
)
def test_what_is_squared_off_the_same_day_is_known_by_its_product(word: str, is_intraday: bool) -> None:
    (one,) = fills.fills([TRADE | {"producttype": word}], [ORDER]).fills
    (carried,) = statements.positions([LONG | {"producttype": word}])
    assert (one.is_intraday, carried.is_intraday) == (is_intraday, is_intraday)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("orderid", "9", "unknown_order"),
        ("transactiontype", "LEND", "wrong_type"),
        ("fillprice", "0", "wrong_type"),
        ("fillsize", "0", "wrong_type"),
        ("filltime", "29:00:00", "wrong_type"),
        ("filltime", "noon", "wrong_type"),
        ("fillid", None, "missing_field"),
    ],
)
def test_a_fill_that_makes_no_sense_is_rejected(field: str, value: Any, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        fills.fills([TRADE | {field: value}], [ORDER])
    assert caught.value.code == code


def test_days_come_from_the_book() -> None:
    assert fills.days_of([ORDER]) == {"261120000000017": date(2026, 11, 20)}


QUOTE = {
    "exchange": "NSE", "tradingSymbol": "TITAN-EQ", "symbolToken": "3506", "ltp": Decimal("3402.15"),
    "close": Decimal("3398.6"), "exchFeedTime": "20-Nov-2026 10:31:09",
    "exchTradeTime": "20-Nov-2026 10:31:08", "referenceLimitPrice": 1,
}  # fmt: skip
TITAN_LISTING = Listing("NSE", "TITAN")
ASKED = {("NSE", "3506"): [TITAN_LISTING, Listing("NSE", "TITAN", "EQ")]}


def test_quotes_by_token() -> None:
    stranger = QUOTE | {"symbolToken": "1"}
    found = quotes.quotes({"fetched": [QUOTE, stranger], "unfetched": [{"symbolToken": "9"}]}, ASKED)
    assert set(found) == set(ASKED["NSE", "3506"])
    assert found[TITAN_LISTING] == QuoteClaim(
        TITAN_LISTING, Decimal("3402.15"), Decimal("3398.6"), at("2026-11-20T10:31:09")
    )


def test_what_was_never_traded_has_no_quote() -> None:
    for row in ({"ltp": 0}, {"exchFeedTime": "", "exchTradeTime": None}):
        assert quotes.quotes({"fetched": [QUOTE | row]}, ASKED) == {}
    first = quotes.quotes({"fetched": [QUOTE | {"close": 0, "exchFeedTime": None}]}, ASKED)[TITAN_LISTING]
    assert (first.previous_close, first.as_of) == (None, at("2026-11-20T10:31:08"))
    assert quotes.quotes(None, ASKED) == {}
    with pytest.raises(Rejected, match="ltp"):
        quotes.quotes({"fetched": [QUOTE | {"ltp": None}]}, ASKED)


def test_candles_are_rows_of_cells() -> None:
    row = ["2026-11-20T09:15:00+05:30", 10, Decimal("10.5"), Decimal("9.95"), Decimal("10.2"), 4021, "new"]
    (one,) = candles.candles([row])
    assert (one.start, one.open, one.close) == (at("2026-11-20T09:15:00"), Decimal(10), Decimal("10.2"))
    assert [one.high, one.low, one.volume] == [Decimal("10.5"), Decimal("9.95"), 4021]
    wrongs: list[Any] = [
        [row[:5]],
        [{}],
        {},
        [["noon", *row[1:]]],
        [[row[0], 10, 9, 8, 10, 1]],
        [[*row[:5], -1]],
    ]
    for wrong in wrongs:
        with pytest.raises(Rejected):
            candles.candles(wrong)


@given(st.sampled_from(list(Interval)), st.integers(1, 5_000_000), st.integers(0, 86_399))
def test_spans_cover_all_starts_once_and_keep_to_the_limit(
    interval: Interval, seconds: int, offset: int
) -> None:
    since = Instant.parse("2019-01-01T00:00:00+05:30") + timedelta(seconds=offset)
    until = since + timedelta(seconds=seconds)
    spans = list(candles.spans(interval, since, until))
    _, _, most = candles.WORDS[interval]
    assert spans[0][0] <= since
    assert all((last - first).days < most for first, last in spans)
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    assert all((other[0] - one[1]).total_seconds() <= 60 for one, other in pairwise(spans))
    assert spans[-1][1] < until
    assert (until - spans[-1][1]).total_seconds() <= 60


def message(code: str = "AB01", **changes: Any) -> str:
    prices = {"price": 3300.0, "triggerprice": 0.0, "averageprice": 3300.05}
    data = {**ORDER, **prices, "orderid": "261120000000017", **changes}
    return json.dumps({"user-id": "TFA001", "status-code": "200", "order-status": code, "error-message": "",
                       "orderData": data, "tomorrow": 1})  # fmt: skip


def test_an_update_is_an_order_with_prices_as_numbers() -> None:
    one = update(message())
    assert one is not None
    assert (one.price, one.average, one.filled) == (Price.of("3300"), Price.of("3300.05"), Decimal(2))


def test_the_order_itself_is_trusted_before_the_code() -> None:
    one = update(message("AB05"))
    assert one is not None
    assert one.state is OrderState.OPEN
    other = update(message("AB05", orderstatus="", status=""))
    assert other is not None
    assert other.state is OrderState.COMPLETE
    third = update(message("AB77", orderstatus="", status=""))
    assert third is not None
    assert (third.state, third.status) == (OrderState.UNKNOWN, "AB77")


def test_a_greeting_is_no_order_and_a_torn_message_is_rejected() -> None:
    empty = dict.fromkeys(ORDER, "")
    assert update(message(**empty)) is None
    assert update(json.dumps({"status-code": "200"})) is None
    for wrong in (message()[:-9], "[]", ""):
        with pytest.raises(Rejected):
            update(wrong)


@pytest.mark.parametrize(
    ("exchange", "symbol", "listing"),
    [
        ("NSE", "SBIN-EQ", Listing("NSE", "SBIN", "EQ")),
        ("NSE", "bajaj-auto-eq", Listing("NSE", "BAJAJ-AUTO", "EQ")),
        ("NSE", "AVADHSUGAR-BE", Listing("NSE", "AVADHSUGAR", "BE")),
        ("BSE", "TITAN", Listing("BSE", "TITAN")),
        ("BSE", "ABC-EQ", Listing("BSE", "ABC-EQ")),
        ("NFO", "TITAN24NOV26FUT", Listing("NFO", "TITAN24NOV26FUT")),
    ],
)
def test_series_stand_in_the_symbols_of_nse(exchange: str, symbol: str, listing: Listing) -> None:
    assert listing_of(exchange, symbol) == listing


def test_tokens_from_the_list() -> None:
    rows = [
        {"token": "3506", "symbol": "TITAN-EQ", "instrumenttype": "", "exch_seg": "NSE"},
        {"token": "99926000", "symbol": "Nifty 50", "instrumenttype": "AMXIDX", "exch_seg": "NSE"},
        {"token": "7", "symbol": "011NSETEST-EQ", "instrumenttype": "", "exch_seg": "NSE"},
    ]
    assert list(parse_tokens(json.dumps(rows).encode())) == [
        (Listing("NSE", "TITAN", "EQ"), "3506"),
        (Listing("NSE", "NIFTY 50"), "99926000"),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
ROWS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], object]]] = {
    "holding": (TITAN, lambda row: statements.holdings([row])),
    "position": (LONG, lambda row: statements.positions([row])),
    "order": (ORDER, lambda row: orders.reports([row])),
    "trade": (TRADE, lambda row: fills.fills([row], [ORDER])),
    "quote": (QUOTE, lambda row: quotes.quotes({"fetched": [row]}, ASKED)),
    "funds": ({"net": "1", "availablecash": "1"}, funds.funds),
    "update": (ORDER, lambda row: update(json.dumps({"orderData": row}, default=str))),
}


@pytest.mark.parametrize("kind", ROWS)
@given(st.data())
def test_no_value_of_any_field_is_worse_than_a_rejection(kind: str, data: st.DataObject) -> None:
    row, parse = ROWS[kind]
    field = data.draw(st.sampled_from(sorted(row)))
    with suppress(Rejected):
        parse({**row, field: data.draw(JSON)})


@given(JSON)
def test_no_answer_at_all_is_worse_than_one_of_our_errors(told: Any) -> None:
    for parse in (statements.holdings, statements.positions, orders.reports, funds.funds, candles.candles):
        with suppress(Rejected):
            parse(told)
    with suppress(TunefolioError):
        data_of(answer(json.dumps(told, default=str).encode()))


FILLED = {"api_key": "someKey1", "client_code": "A123456", "pin": "1234", "totp": "123456"}


def test_a_form_filled_badly_never_leaves_the_house() -> None:
    def given_(**changes: str) -> dict[str, Secret]:
        return {name: Secret(value) for name, value in {**FILLED, **changes}.items() if value}

    assert login.checked(given_())["pin"] == "1234"
    for name, value in {"api_key": "", "client_code": "", "pin": "12345", "totp": "12 34"}.items():
        with pytest.raises(Misuse) as caught:
            login.checked(given_(**{name: value}))
        assert caught.value.field == name
    with pytest.raises(Misuse, match="totp"):
        login.checked(given_(totp=""))
    assert login.checked(given_(totp="", totp_secret="GEZDGNBVGY3TQOJQ"))["totp_secret"]


def test_a_session_is_shown_until_six_in_the_morning() -> None:
    assert login.expires_after(at("2026-11-20T10:00:00")) == at("2026-11-21T06:00:00")
    assert login.expires_after(at("2026-11-20T05:59:59")) == at("2026-11-20T06:00:00")


def test_the_recorded_payloads(recorded: Path) -> None:
    def told(name: str) -> Any:
        content = (recorded / "angel" / f"response_{name}.json").read_bytes()
        return data_of(Answer(200, {}, content))

    (steel,) = statements.holdings(told("getHolding"))
    assert (steel.quantity, steel.average_price) == (Decimal(2), Price.of("111.87"))
    (reliance,) = statements.positions(told("getPosition"))
    assert reliance.average_price == Price.of("2235.8")
    assert funds.funds(told("getRMS")).available == Money.of("0")
    (order,) = orders.reports(told("orderBook"))
    assert (order.state, order.pending, order.cancelled) == (OrderState.CANCELLED, Decimal(0), Decimal(1))
    book = [{**told("orderBook")[0], "orderid": "201020000000095"}]
    (fill,) = fills.fills(told("tradeBook"), book).fills
    assert fill.at == Instant.parse("2020-10-20T13:27:53+05:30")
    sbin = {("NSE", "3045"): [Listing("NSE", "SBIN")]}
    (quote,) = quotes.quotes(told("marketData_full"), sbin).values()
    assert (quote.last, quote.previous_close) == (Decimal("568.2"), Decimal("567.4"))
    assert candles.candles(told("getCandleData"))[0].close == Decimal("19552.05")


def test_the_recorded_errors(recorded: Path) -> None:
    expected = {
        "bad TOTP": Rejected, "invalid token, gateway dialect": Reauth, "token missing": Reauth,
        "rate limited": Retry, "bad enum value": Rejected, "empty book": type(None),
    }  # fmt: skip
    for case in jsons.loads((recorded / "angel" / "errors.http.json").read_bytes()):
        body = case["body"] if "body" in case else case["text"].encode()
        assert isinstance(meaning(body, case["http_status"]), expected[case["case"]]), case["case"]
