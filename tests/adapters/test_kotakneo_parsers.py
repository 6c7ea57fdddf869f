"""Kotak's answers as ours: books in text and numbers, positions as amounts, refusals in four dialects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.broker_samples import kotakneo as sample
from tests.adapters.broker_samples.kotakneo import LIMITS, ORDER, POSITION, QUOTE, TRADE
from tunefolio.adapters.brokers.kotakneo import candles, errors, fills, funds, orders, positions, quotes
from tunefolio.adapters.brokers.kotakneo.errors import data_of, judged, problem_of, refused, rows, stamp
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol, claim_of
from tunefolio.adapters.brokers.kotakneo.statements import costs, holdings
from tunefolio.adapters.brokers.kotakneo.statements import positions as positions_of
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Reauth, Rejected, Retry
from tunefolio.core.money import Money, Price
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import Interval
from tunefolio.trading.orders import OrderSide, OrderState

FUTURE = {
    "exSeg": "nse_fo", "cfBuyAmt": "0.00", "cfSellAmt": "0.00", "cfBuyQty": "0", "cfSellQty": "0",
    "buyAmt": "475200.00", "sellAmt": "0.00", "flBuyQty": "225", "flSellQty": "0", "prod": "NRML",
    "series": "XX", "tok": "61304", "trdSym": "TCS26JULFUT", "sym": "TCS", "lotSz": "225",
    "multiplier": "1", "precision": "2", "prcNum": "1", "prcDen": "1", "genNum": "1", "genDen": "1",
    "ltp": "2117.00",
}  # fmt: skip


HOLDING = json.loads(json.dumps(sample.HOLDING), parse_float=Decimal)


def at(text: str) -> Instant:
    return Instant.parse(text, IST)


def answer(status: int, body: Any) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {"content-type": "application/json"}, content)


def position(row: Mapping[str, Any], cost: str = "") -> Any:
    return positions.position(row, claim_of(row, "p"), Price.of(cost) if cost else None)


class TestHoldings:
    def test_units_cost_and_close_are_told_by_numbers(self) -> None:
        (line,) = holdings([HOLDING], claim_of)
        assert (line.settled, line.unsettled) == (Decimal(16), Decimal(0))
        assert (line.average_price, line.close_price) == (Price.of("1399.5"), Price.of("1437.85"))
        assert line.last_price is None
        assert line.pnl == Money.of("613.6")

    def test_a_cost_of_zero_is_none_and_a_sold_line_is_left_out(self) -> None:
        told: list[Mapping[str, Any]] = [{**HOLDING, "averagePrice": 0}, {**HOLDING, "quantity": 0}]
        (line,) = holdings(told, claim_of)
        assert line.average_price is None

    @pytest.mark.parametrize(("field", "named"), [("quantity", "quantity"), ("exchangeSegment", "exSeg")])
    def test_a_missing_field_is_named(self, field: str, named: str) -> None:
        with pytest.raises(Rejected, match=named):
            holdings([{name: value for name, value in HOLDING.items() if name != field}], claim_of)

    def test_units_below_zero_and_unknown_segments_are_refused(self) -> None:
        with pytest.raises(Rejected, match="below zero"):
            holdings([{**HOLDING, "quantity": -1}], claim_of)
        with pytest.raises(Rejected, match="moon_cm") as caught:
            holdings([{**HOLDING, "exchangeSegment": "moon_cm"}], claim_of)
        assert caught.value.code == "unknown_exchange"


class TestPositions:
    def test_a_contract_is_averaged_over_units_and_never_over_lots(self) -> None:
        """225 units for 475,200: 2,112 each, though one lot is 225."""
        line = position(FUTURE)
        assert line.quantity == 225
        assert line.average_price == Price.of("2112")
        assert line.pnl == Money.of("1125")
        assert line.instrument.asset_class is AssetClass.FUTURE

    def test_the_scale_divides_what_was_paid_for_a_unit(self) -> None:
        """100 units of a contract that stands for ten each: 5,000 paid is 5 a unit."""
        line = position({**FUTURE, "flBuyQty": "100", "buyAmt": "5000", "multiplier": "10", "ltp": "6"})
        assert line.average_price == Price.of("5")
        assert line.pnl == Money.of("1000")

    def test_a_short_is_averaged_over_what_was_sold(self) -> None:
        sold = {"flBuyQty": "50", "buyAmt": "5000", "flSellQty": "150", "sellAmt": "16500", "ltp": "100"}
        line = position({**FUTURE, **sold})
        assert (line.quantity, line.average_price) == (-100, Price.of("110"))
        assert line.pnl == Money.of("1500")

    def test_a_closed_one_has_no_average_and_keeps_its_profit(self) -> None:
        sold = {"flBuyQty": "10", "buyAmt": "100", "flSellQty": "10", "sellAmt": "130"}
        line = position({**FUTURE, **sold})
        assert (line.quantity, line.average_price, line.pnl) == (0, Price.of("0"), Money.of("30"))

    def test_carried_shares_cost_what_the_holding_says(self) -> None:
        """Yesterday's close (1,500) is no cost: 10 at 1,400 and 4 at 1,425 of today."""
        carried = {"cfBuyQty": "10", "cfBuyAmt": "15000"}
        line = position({**POSITION, **carried}, cost="1400")
        assert line.average_price == Price.of("1407.14")
        assert position({**POSITION, **carried}).average_price == Price.of("1478.57")

    def test_carried_contracts_stand_at_the_close_even_beside_a_holding_of_that_token(self) -> None:
        carried = {"cfBuyQty": "225", "cfBuyAmt": "470000", "flBuyQty": "0", "buyAmt": "0"}
        assert position({**FUTURE, **carried}, cost="1").average_price == Price.of("2088.89")

    def test_the_cost_is_found_by_segment_and_token(self) -> None:
        row = {**POSITION, "cfBuyQty": "10", "cfBuyAmt": "15000"}
        (line,) = positions_of([row], claim_of, costs([HOLDING]))
        assert line.average_price == Price.of("1406.79")

    @pytest.mark.parametrize("last", ["0", "0.00", "", None])
    def test_without_a_last_price_there_is_no_profit(self, last: str | None) -> None:
        line = position({**FUTURE, "ltp": last})
        assert (line.last_price, line.pnl) == (None, None)

    def test_the_former_address_sends_no_last_price_at_all(self) -> None:
        line = position({name: value for name, value in FUTURE.items() if name != "ltp"})
        assert line.pnl is None

    def test_blank_factors_are_one(self) -> None:
        blank = dict.fromkeys(("multiplier", "genNum", "genDen", "prcNum", "prcDen"), "")
        assert position({**FUTURE, **blank}).average_price == Price.of("2112")
        assert position({**FUTURE, **dict.fromkeys(blank, "0")}).average_price == Price.of("2112")

    @given(
        bought=st.integers(1, 10**6), price=st.integers(1, 10**7), multiplier=st.sampled_from([1, 10, 100])
    )
    def test_bought_at_one_price_the_average_is_that_price(
        self, bought: int, price: int, multiplier: int
    ) -> None:
        """prices in paise: the amount is scaled, the average is not."""
        paid = Decimal(bought) * price / 100 * multiplier
        row = {**FUTURE, "flBuyQty": str(bought), "buyAmt": str(paid), "multiplier": str(multiplier)}
        assert position(row).average_price == Price.of(str(Decimal(price) / 100))
        assert position({**row, "ltp": str(Decimal(price) / 100)}).pnl == Money.of("0")


class TestFunds:
    def test_what_may_be_spent_and_what_stands_behind_it(self) -> None:
        told = funds.funds({**LIMITS, "Collateral": "250.75"})
        assert told.available == Money.of("4300.5")
        assert (told.cash, told.collateral, told.used) == (
            Money.of("10000.5"), Money.of("250.75"), Money.of("5700"),
        )  # fmt: skip

    def test_money_moved_today_counts_as_cash(self) -> None:
        assert funds.cash({**LIMITS, "RmsPayInAmt": "100", "RmsPayOutAmt": "40.5"}) == Money.of("10060")

    def test_what_kotak_does_not_say_is_none_but_the_margin_must_be_there(self) -> None:
        told = funds.funds({"Net": "19.409999999999997"})
        assert (told.cash, told.collateral, told.used) == (None, None, None)
        assert told.available == Money.of("19.41")
        with pytest.raises(Rejected, match="Net"):
            funds.funds({"stat": "Ok"})


class TestFills:
    def test_an_execution_is_known_by_its_trading_symbol(self) -> None:
        (one,) = fills.fills([TRADE], claim_of).fills
        assert one.kind is Kind.BUY
        assert one.instrument.listing == Listing("NSE", "INFY", "EQ")
        assert one.at == at("2026-11-20T09:31:05")
        assert one.source_key == "NSE:EQ:7000001:2026-11-20"

    def test_partial_fills_come_oldest_first(self) -> None:
        later = {**TRADE, "flId": "7000000", "flTm": "09:31:06"}
        assert [one.trade_id for one in fills.fills([later, TRADE], claim_of).fills] == ["7000001", "7000000"]

    def test_a_trade_in_a_segment_nobody_knows_is_put_aside_and_the_others_are_read(self) -> None:
        odd = {**TRADE, "exSeg": "mse_cm", "flId": "7000009", "trnsTp": "S"}
        told = fills.fills([odd, TRADE], claim_of)
        assert [one.trade_id for one in told.fills] == ["7000001"]
        (line,) = told.unread
        assert line.place == "trade 7000009: sell 4 at 1425 INR on 2026-11-20"
        assert "mse_cm" in line.symbol
        assert "mse_cm" in line.reason

    def test_one_that_says_nothing_else_either_is_put_aside_by_its_place(self) -> None:
        (line,) = fills.fills([{**TRADE, "exSeg": "mse_cm", "avgPrc": "--"}], claim_of).unread
        assert line.place == "trades[0]"

    @pytest.mark.parametrize(
        ("word", "is_intraday"),
        [("MIS", True), ("CO", True), ("BO", True), ("CNC", False), ("NRML", False), ("MTF", False)],
    )
    def test_what_is_squared_off_the_same_day_is_known_by_its_product(
        self, word: str, is_intraday: bool
    ) -> None:
        (one,) = fills.fills([{**TRADE, "prod": word}], claim_of).fills
        carried = position({**sample.POSITION, "prod": word})
        assert (one.is_intraday, carried.is_intraday) == (is_intraday, is_intraday)

    @pytest.mark.parametrize("field", ["flId", "nOrdNo", "flDt", "avgPrc", "fldQty", "trnsTp", "prod"])
    def test_a_missing_field_is_named(self, field: str) -> None:
        with pytest.raises(Rejected, match=field):
            fills.fills([{**TRADE, field: "--"}], claim_of)

    def test_an_unknown_side_is_never_taken_for_another(self) -> None:
        with pytest.raises(Rejected, match="'X'") as caught:
            fills.fills([{**TRADE, "trnsTp": "X"}], claim_of)
        assert caught.value.code == "unknown_side"
        with pytest.raises(Rejected, match="above zero"):
            fills.fills([{**TRADE, "fldQty": 0}], claim_of)


class TestOrders:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("put order req received", OrderState.PENDING),
            ("validation pending", OrderState.PENDING),
            ("open pending", OrderState.PENDING),
            ("open", OrderState.OPEN),
            ("modified", OrderState.OPEN),
            ("trigger pending", OrderState.TRIGGER_PENDING),
            ("complete", OrderState.COMPLETE),
            ("Complete", OrderState.COMPLETE),
            ("cancelled", OrderState.CANCELLED),
            ("rejected", OrderState.REJECTED),
            ("frozen by moonlight", OrderState.UNKNOWN),
        ],
    )
    def test_kotaks_words_for_states(self, word: str, state: OrderState) -> None:
        (report,) = orders.orders([{**ORDER, "ordSt": word}], claim_of)
        assert (report.state, report.status) == (state, word)

    def test_an_open_order_waits_for_the_rest(self) -> None:
        row = {**ORDER, "ordSt": "open", "fldQty": 1, "unFldSz": 3, "avgPrc": "0.00", "exOrdId": "NA"}
        (report,) = orders.orders([row], claim_of)
        assert [report.filled, report.pending, report.cancelled] == [Decimal(1), Decimal(3), Decimal(0)]
        assert (report.average, report.exchange_id, report.message) == (None, "", "")

    def test_what_a_cancelled_order_did_not_fill_is_cancelled(self) -> None:
        row = {**ORDER, "ordSt": "cancelled", "fldQty": 1, "unFldSz": 3, "cnlQty": 0}
        (report,) = orders.orders([row], claim_of)
        assert (report.pending, report.cancelled) == (Decimal(0), Decimal(3))

    def test_a_message_of_the_feed_may_say_little(self) -> None:
        """Fields as the feed sends them: no prices of its own, no times."""
        small = {
            "nOrdNo": "260216000308219", "ordSt": "complete", "avgPrc": "35.88", "qty": 1, "fldQty": 1,
            "unFldSz": 0, "trnsTp": "B", "exSeg": "nse_cm", "trdSym": "ITBEES-EQ",
        }  # fmt: skip
        report = orders.order(small, claim_of)
        assert report.instrument.listing == Listing("NSE", "ITBEES", "EQ")
        assert (report.side, report.placed, report.updated) == (OrderSide.BUY, None, None)
        assert report.average == Price.of("35.88")

    def test_an_unknown_side_is_none_and_a_refusal_says_why(self) -> None:
        row = {**ORDER, "trnsTp": "?", "ordSt": "rejected", "rejRsn": "RMS: no"}
        (report,) = orders.orders([row], claim_of)
        assert (report.side, report.message) == (None, "RMS: no")

    @pytest.mark.parametrize("field", ["nOrdNo", "ordSt", "qty", "exSeg"])
    def test_a_missing_field_is_named(self, field: str) -> None:
        with pytest.raises(Rejected, match=field):
            orders.orders([{**ORDER, field: ""}], claim_of)

    def test_a_history_is_told_oldest_first_either_way(self) -> None:
        words = ["complete", "open", "open pending", "validation pending", "put order req received"]
        told = [{**ORDER, "ordSt": word, "exchOrdId": "11", "ordDur": "DAY"} for word in words]
        for listed in (told, told[::-1]):
            assert [one.status for one in orders.history(listed, claim_of)] == words[::-1]

    def test_its_times_have_blanks_behind_the_colons(self) -> None:
        assert stamp("22-Jan-2025 14: 33: 01", "flDtTm", "h") == at("2025-01-22T14:33:01")
        assert stamp("", "flDtTm", "h") is None
        for wrong in ("22-Foo-2025 14:33:01", "31-Feb-2025 14:33:01", "2025-01-22 14:33:01"):
            with pytest.raises(Rejected, match="flDtTm"):
                stamp(wrong, "flDtTm", "h")

    def test_the_book_is_told_oldest_first(self) -> None:
        early = {**ORDER, "nOrdNo": "261120000000000", "ordDtTm": "20-Nov-2026 09:15:00"}
        assert [one.order_id[-1] for one in orders.orders([ORDER, early], claim_of)] == ["0", "1"]


class TestQuotes:
    INFY = Listing("NSE", "INFY")
    ASKED: Mapping[Symbol, list[Listing]] = {Symbol("nse_cm", "1594"): [INFY, Listing("NSE", "INFY", "EQ")]}

    def test_one_token_answers_for_both_ways_to_name_it(self) -> None:
        found = quotes.quotes([QUOTE], self.ASKED)
        assert len(found) == 2
        assert found[self.INFY].last == Decimal("1430")
        assert found[self.INFY].previous_close == Decimal("1437.85")
        assert found[self.INFY].as_of == at("2026-11-20T09:59:59")

    @pytest.mark.parametrize(
        "row",
        [
            {**QUOTE, "ltp": "0.0000"},
            {**QUOTE, "ltp": ""},
            {**QUOTE, "lstup_time": "0"},
            {**QUOTE, "exchange": "bse_cm"},
            {"instrument_token": "1594", "exchange_segment": "nse_cm"},
        ],
    )
    def test_what_has_no_price_or_no_time_or_was_not_asked_is_absent(self, row: Mapping[str, Any]) -> None:
        assert quotes.quotes([row], self.ASKED) == {}

    def test_a_share_listed_today_has_no_close_before(self) -> None:
        found = quotes.quotes([{**QUOTE, "ohlc": {"close": "0.0000"}}], self.ASKED)
        assert found[self.INFY].previous_close is None
        assert quotes.quotes([{**QUOTE, "ohlc": None}], self.ASKED)[self.INFY].previous_close is None

    def test_an_object_is_a_complaint_or_nonsense(self) -> None:
        with pytest.raises(Rejected, match="Too many"):
            quotes.quotes({"error": [{"code": "400", "message": "Too many"}]}, self.ASKED)
        with pytest.raises(Rejected, match="list"):
            quotes.quotes({"stat": "Ok"}, self.ASKED)

    def test_names_and_commas_stand_in_the_path_itself(self) -> None:
        path = quotes.path_of([Symbol("nse_cm", "1594"), Symbol("nse_cm", "Nifty 50")])
        assert path == "/script-details/1.0/quotes/neosymbol/nse_cm|1594,nse_cm|Nifty%2050/all"


class TestCandles:
    def test_rows_are_told_by_position(self) -> None:
        told = {"status": "success", "interval": "1min", "data": {"candles": [
            ["2026-08-20T09:15:00+0530", 12009.9, "12019.35", 12001.25, 12001.5, 163275, 13667775],
            ["2026-08-20T09:16:00+0530", 12001, 12003, 11998.25, 12001, 105750, None],
        ]}}  # fmt: skip
        one, two = candles.candles(json.loads(json.dumps(told), parse_float=Decimal))
        assert (one.start, one.high) == (at("2026-08-20T09:15:00"), Decimal("12019.35"))
        assert (one.volume, one.open_interest, two.open_interest) == (163275, 13667775, None)

    @pytest.mark.parametrize(
        "row",
        [["2026-08-20T09:15:00+0530", 1, 2, 3], ["soon", 1, 2, 3, 4, 5], ["2026-08-20", 1, 2, 3, "x", 5], 7],
    )
    def test_a_broken_row_is_refused(self, row: Any) -> None:
        with pytest.raises(Rejected, match=r"candles\[0\]"):
            list(candles.candles({"status": "success", "data": {"candles": [row]}}))

    def test_a_fault_says_what_kotak_did_not_like(self) -> None:
        with pytest.raises(Rejected, match="Invalid interval"):
            list(candles.candles({"status": "ERROR", "fault": {"code": 400, "message": "Invalid interval"}}))

    @given(days=st.integers(0, 800), interval=st.sampled_from(list(Interval)))
    def test_pieces_cover_every_day_once_and_never_ask_too_much(self, days: int, interval: Interval) -> None:
        since = at("2024-11-20T09:15:00")
        until = since + timedelta(days=days, hours=3)
        told = list(candles.pieces(interval, since, until))
        assert all(0 <= end - first < candles.SPANS[interval] for first, end in told)
        covered = [first.plus_days(step) for first, end in told for step in range(end - first + 1)]
        assert covered == [TradingDay.parse("2024-11-20").plus_days(step) for step in range(days + 1)]

    def test_a_span_that_ends_at_midnight_does_not_ask_for_that_day(self) -> None:
        told = list(candles.pieces(Interval.DAY, at("2026-11-01T00:00:00"), at("2026-11-02T00:00:00")))
        assert [(first.iso(), end.iso()) for first, end in told] == [("2026-11-01", "2026-11-01")]


class TestRefusals:
    def test_no_data_is_an_empty_list_whatever_its_status(self) -> None:
        nothing = {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"}
        assert data_of(answer(200, nothing), "orders") is None
        assert judged(answer(400, nothing)) is None
        assert rows(None, "orders") == []

    @pytest.mark.parametrize("stat", ["Ok", "ok", "OK"])
    def test_both_spellings_of_ok(self, stat: str) -> None:
        assert data_of(answer(200, {"stat": stat, "stCode": 200, "data": []}), "orders") == []

    def test_a_list_wrapped_once_more_is_unwrapped(self) -> None:
        assert rows({"stat": "Ok", "data": [{"a": 1}]}, "history") == [{"a": 1}]

    @pytest.mark.parametrize(
        ("status", "body", "kind", "what"),
        [
            (429, {"stat": "Not_Ok"}, Retry, "too often"),
            (504, b"", Retry, "status 504"),
            (403, b"<html>", Reauth, "ended"),
            (401, {"error": [{"code": "401", "message": "Invalid credentials"}]}, Reauth, "ended"),
            (403, {"stat": "Not_Ok", "stCode": 1037, "emsg": "session ip mismatch"}, Rejected, "address"),
            (400, {"stat": "Not_Ok", "stCode": 1009, "desc": "bad symbol"}, Rejected, "bad symbol"),
            (400, b"nonsense", Rejected, "status 400"),
            (404, {"code": "404", "message": "No matching resource found"}, Rejected, "No matching"),
        ],
    )
    def test_a_bad_status(self, status: int, body: Any, kind: type, what: str) -> None:
        found = judged(answer(status, body))
        assert isinstance(found, kind)
        assert what in str(found)

    def test_an_unknown_path_is_known_by_its_status(self) -> None:
        found = judged(answer(404, {"code": "404", "message": "No matching resource found"}))
        assert isinstance(found, Rejected)
        assert found.code == "http_404"

    def test_how_long_to_wait_is_told(self) -> None:
        found = judged(Answer(429, {"retry-after": "7"}, b""))
        assert isinstance(found, Retry)
        assert found.after == timedelta(seconds=7)

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"stat": "Not_Ok", "stCode": 401, "errMsg": "expired"}, Reauth),
            ({"stat": "Not_Ok", "stCode": 503, "errMsg": "down"}, Retry),
            ({"stat": "Not_Ok", "stCode": 429}, Retry),
            ({"stat": "please provide valid order number", "stCode": 1021, "errMsg": "completed"}, Rejected),
            ({"error": "no"}, Rejected),
        ],
    )
    def test_a_refusal_under_a_good_status(self, body: Mapping[str, Any], kind: type) -> None:
        assert isinstance(problem_of(body), kind)

    @pytest.mark.parametrize("empty", ["", None, []])
    def test_an_empty_complaint_beside_an_ok_is_none(self, empty: object) -> None:
        assert problem_of({"stat": "Ok", "errMsg": empty}) is None
        assert problem_of({"data": [], "error": empty}) is None
        assert problem_of({"stat": "Ok", "errMsg": "two minds"}) is None

    def test_a_login_is_refused_for_its_credentials(self) -> None:
        for status in (400, 401, 403):
            found = refused(answer(status, {"stCode": 401, "errMsg": "Invalid MPIN", "status": "failure"}))
            assert isinstance(found, Rejected)
            assert (found.code, found.reason) == ("credentials", "Kotak Neo: Invalid MPIN")
        assert isinstance(refused(answer(429, {})), Retry)
        assert isinstance(refused(answer(500, {})), Retry)

    @pytest.mark.parametrize("value", ["--", "NA", " ", "", None])
    def test_kotaks_ways_to_say_nothing(self, value: str | None) -> None:
        assert errors.find_number({"prc": value}, "prc", "r") is None
        assert errors.optional({"prc": value, "other": "x"}, "prc", "other") == "x"

    @pytest.mark.parametrize("value", [True, [], "abc", "NaN", "1e400", 10**20])
    def test_what_is_no_number_is_refused(self, value: Any) -> None:
        with pytest.raises(Rejected, match="prc"):
            errors.number({"prc": value}, "prc", "r")

    @given(st.binary(max_size=200))
    def test_whatever_comes_is_one_of_our_errors(self, body: bytes) -> None:
        for status in (200, 400, 403, 429, 500):
            told = answer(status, body)
            assert judged(told) is None or status >= 300
            try:
                data_of(told, "anything")
            except (Retry, Rejected, Reauth):
                continue


class TestInstruments:
    @pytest.mark.parametrize(
        ("row", "listing", "kind"),
        [
            ({"exSeg": "nse_cm", "trdSym": "IDEA-EQ", "series": "EQ"}, ("NSE", "IDEA", "EQ"), "equity"),
            ({"exSeg": "nse_cm", "trdSym": "BAJAJ-AUTO-EQ"}, ("NSE", "BAJAJ-AUTO", "EQ"), "equity"),
            ({"exSeg": "nse_cm", "trdSym": "BAJAJ-AUTO"}, ("NSE", "BAJAJ-AUTO", ""), "equity"),
            ({"exSeg": "nse_cm", "trdSym": "IDEA-BE"}, ("NSE", "IDEA", "BE"), "equity"),
            ({"exSeg": "bse_cm", "trdSym": "IDEA", "series": "A"}, ("BSE", "IDEA", ""), "equity"),
            ({"exSeg": "nse_fo", "trdSym": "TCS26JULFUT"}, ("NFO", "TCS26JULFUT", ""), "future"),
            ({"exSeg": "nse_fo", "trdSym": "TCS26JUL4000CE"}, ("NFO", "TCS26JUL4000CE", ""), "option"),
        ],
    )  # fmt: skip
    def test_what_a_row_says_by_itself(
        self, row: Mapping[str, str], listing: tuple[str, ...], kind: str
    ) -> None:
        claim = claim_of(row, "row")
        assert (tuple(claim.listing), claim.asset_class) == (listing, kind)


def test_the_recorded_shapes_are_read(recorded: Path) -> None:
    """Kotak's own samples: what they say of units, prices and states."""

    def sample(name: str) -> Any:
        return json.loads((recorded / "kotak" / f"{name}.json").read_bytes(), parse_float=Decimal)

    (held,) = holdings(sample("holdings_1")["data"], claim_of)
    assert (held.settled, held.average_price) == (Decimal(35), Price.of("9.5699"))
    (open_one,) = orders.orders(sample("order_report_1")["data"], claim_of)
    assert (open_one.state, open_one.pending) == (OrderState.OPEN, Decimal(1))
    assert [one.quantity for one in fills.fills(sample("trade_report_1")["data"], claim_of).fills] == [1, 1]
    (future,) = positions_of(sample("positions_1")["data"], claim_of, {})
    assert future.average_price == Price.of("2112")
    told = quotes.quotes(sample("quotes_2"), {Symbol("nse_cm", "1333"): [Listing("NSE", "HDFCBANK")]})
    assert told[Listing("NSE", "HDFCBANK")].previous_close == Decimal("793.2")
    assert isinstance(problem_of(sample("cancel_order_1")), Rejected)
