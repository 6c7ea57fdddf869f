"""Kotak's frames, byte by byte: packets end to end, scaled integers, tails that break off."""

from __future__ import annotations

import json
import struct
from base64 import b64decode
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.adapters.brokers.kotakneo import stream
from tunefolio.adapters.brokers.kotakneo.neo import Pass
from tunefolio.adapters.brokers.kotakneo.scrips import Symbol
from tunefolio.adapters.brokers.kotakneo.ticks import AuctionState, Level, MarketStatus, Tick, packets
from tunefolio.adapters.brokers.kotakneo.wire import Refused
from tunefolio.core.secret import Secret
from tunefolio.core.time import IST, Instant
from tunefolio.market.instruments import Listing

NOW = Instant.parse("2026-11-20T10:00:00", IST)
SECOND = int(NOW.utc.timestamp())
HUNDRED = {1: 100, 3: 10_000_000}


def packed(code: int, level: int, body: bytes, exchange: int = 1, auction: int = 0) -> bytes:
    return struct.pack("<HHbBBBB", 9 + len(body), code, exchange, level, auction, 3, 1) + body


def mini(token: int = 11536, last: int = 315050, second: int = SECOND, exchange: int = 1) -> bytes:
    body = struct.pack("<IqIqIiiIBI", token, second, last, 10, 314900, 5, 150, 1, 2, 1)
    return packed(7208, 1, body, exchange)


def picture(level: int, bids: int, asks: int, rows: int, updated: int = SECOND, auction: int = 0) -> bytes:
    body = struct.pack(
        "<IqqqqqIIIIIqIIIIhiIdiIIIIIBI",
        1594, 900, 1100, 52_000, SECOND, updated, 142_500, 143_785, 143_100, 142_000, 143_000, 25, 142_650,
        0, bids, asks, 2, -55, 0, 1e9, -785, 158_160, 129_405, 179_700, 107_800, 1, 2, 1,
    )  # fmt: skip
    steps = b"".join(struct.pack("<qii", 10 + row, 142_995 - row, 1 + row) for row in range(rows))
    return packed(7208, level, body + steps, auction=auction)


def index(name: bytes = b"Nifty 50") -> bytes:
    body = struct.pack(
        "<IiiiiiQiiidBi21s", 26000, 2_530_000, 2_535_295, 2_540_000, 2_520_000, 2_525_820, SECOND,
        2_700_000, 2_200_000, -37, 0.0, 2, 100, name,
    )  # fmt: skip
    return packed(7207, 0, body)


def test_the_shortest_packet_tells_a_price_and_the_close_before() -> None:
    (tick,) = packets(mini(), HUNDRED)
    assert isinstance(tick, Tick)
    assert len(mini()) == 54
    assert (tick.segment, tick.token) == ("nse_cm", "11536")
    assert (tick.last, tick.close) == (Decimal("3150.5"), Decimal(3149))
    assert (tick.last_trade, tick.change_percent) == (NOW, Decimal("0.05"))
    assert (tick.open, tick.volume, tick.bids) == (None, None, ())


def test_prices_are_whole_numbers_over_the_exchanges_divider() -> None:
    (rupee,) = packets(mini(exchange=3, last=912_345_678), HUNDRED)
    (unknown,) = packets(mini(exchange=9), HUNDRED)
    assert isinstance(rupee, Tick)
    assert isinstance(unknown, Tick)
    assert (rupee.segment, rupee.last) == ("cde_fo", Decimal("91.2345678"))
    assert (unknown.segment, unknown.last) == ("mcx_fo", Decimal("3150.5"))


def test_a_picture_has_the_day_and_the_book() -> None:
    (tick,) = packets(picture(8, 3, 2, 5), HUNDRED)
    assert isinstance(tick, Tick)
    assert (tick.open, tick.high, tick.low) == (Decimal(1425), Decimal(1431), Decimal(1420))
    assert (tick.volume, tick.average, tick.change_percent) == (52_000, Decimal("1426.5"), Decimal("-0.55"))
    assert (tick.upper_circuit, tick.lower_circuit) == (Decimal("1581.6"), Decimal("1294.05"))
    assert [len(tick.bids), len(tick.asks)] == [3, 2]
    assert tick.bids[0] == Level(Decimal("1429.95"), 10, 1)
    assert tick.asks[0] == Level(Decimal("1429.92"), 13, 4)


def test_a_touch_line_has_one_row_on_each_side_whatever_it_counts() -> None:
    (tick,) = packets(picture(4, 5, 5, 2), HUNDRED)
    assert isinstance(tick, Tick)
    assert [len(tick.bids), len(tick.asks)] == [1, 1]


def test_rows_that_did_not_come_are_missing_and_the_picture_stands() -> None:
    (tick,) = packets(picture(16, 10, 10, 4), HUNDRED)
    assert isinstance(tick, Tick)
    assert [len(tick.bids), len(tick.asks)] == [4, 0]


def test_a_moment_of_1900_is_none_and_an_auction_is_told() -> None:
    (tick,) = packets(picture(4, 1, 1, 2, updated=-2_209_008_600, auction=1), HUNDRED)
    assert isinstance(tick, Tick)
    assert (tick.updated, tick.is_auction) == (None, True)


def test_an_index_is_known_by_its_name() -> None:
    (tick,) = packets(index(), HUNDRED)
    assert isinstance(tick, Tick)
    assert len(index()) == 87
    assert (tick.name, tick.token) == ("Nifty 50", "26000")
    assert (tick.last, tick.close) == (Decimal("25258.2"), Decimal("25352.95"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (packed(105, 0, struct.pack("<H5s", 1, b"OPEN")), MarketStatus("nse_cm", 1)),
        (packed(105, 0, struct.pack("<H5s", 10, b"")), MarketStatus("nse_cm", 10)),
        (packed(105, 0, struct.pack("<H5s", 99, b"")), MarketStatus("nse_cm", 99)),
        (packed(6511, 0, b""), MarketStatus("nse_cm", 1)),
        (packed(6521, 0, b""), MarketStatus("nse_cm", 2)),
        (
            packed(104, 4, struct.pack("<IIqq", 1594, 143_000, -250, 12)),
            AuctionState("nse_cm", "1594", Decimal(1430), -250, 12),
        ),
    ],
)
def test_what_the_market_does(data: bytes, expected: MarketStatus | AuctionState) -> None:
    assert list(packets(data, HUNDRED)) == [expected]


def test_states_have_words_and_an_unknown_one_has_none() -> None:
    assert MarketStatus("nse_cm", 10).text == "closing auction"
    assert MarketStatus("nse_cm", 99).text == ""


@pytest.mark.parametrize(
    "data",
    [
        packed(104, 4, struct.pack("<IIqq", 1594, 0, 0, 0)),
        packed(9_999, 3, b"kinds of tomorrow"),
        packed(7208, 1, b"short"),
        packed(7207, 0, b"short"),
        b"\x05\x00abcde",
        b"\x00\x00",
        b"\x09",
        b"",
    ],
)
def test_what_says_nothing_is_passed_over(data: bytes) -> None:
    assert list(packets(data, HUNDRED)) == []
    assert len(list(packets(mini() + data, HUNDRED))) == 1


@given(st.integers(0, 54))
def test_a_tail_that_breaks_off_keeps_what_came_before(kept: int) -> None:
    whole = mini(token=1) + index() + mini(token=2)
    found = list(packets(whole[: 54 + 87 + kept], HUNDRED))
    assert [one.token for one in found if isinstance(one, Tick)] == ["1", "26000", *["2"] * (kept == 54)]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_passed_over(data: bytes) -> None:
    for one in packets(data, HUNDRED):
        assert one.segment


def test_the_recorded_packet_is_what_kotaks_client_reads(recorded: Path) -> None:
    told = json.loads((recorded / "kotak" / "feed_binary_mini.json").read_bytes())
    (tick,) = packets(b64decode(told["b64"]), {1: 100})
    assert isinstance(tick, Tick)
    official = told["decoded_by_official_sdk"]
    assert (float(tick.last), float(tick.close)) == (official["last_traded_price"], official["close_price"])
    assert tick.last_trade is not None
    assert int(tick.last_trade.utc.timestamp()) == official["last_trade_time"]


class TestGreeting:
    LEAVE = Pass(
        "TFK01", Secret("key"), Secret("the-sid"), Secret("auth"), "https://e.kotaksecurities.com", "E43"
    )

    def test_the_customer_and_the_session_are_told(self) -> None:
        told = stream.hello(self.LEAVE, NOW)
        assert (told["user"], told["auth"], told["format"]) == ("TFK01", "the-sid", "native_batch")
        assert told["conn_req_time"] == SECOND * 1000

    @pytest.mark.parametrize("code", [1117, 1119])
    def test_both_welcomes_bring_the_dividers(self, code: int) -> None:
        exchanges = {"nse_cm": {"value": 1, "divider": 100}, "cde_fo": {"value": 3, "divider": 10_000_000}}
        odd = {"x": {"value": "one", "divider": 2}, "y": {"value": 4, "divider": 0}, "z": 7}
        told = json.dumps({"message_code": code, "exchanges": {**exchanges, **odd}})
        assert stream.dividers(told) == HUNDRED

    @pytest.mark.parametrize(
        "told",
        [
            '{"message_code": 1109}', "not JSON", "[]", '{"message_code": 1119, "format": "native_fallback"}',
        ],
    )  # fmt: skip
    def test_any_other_answer_is_a_refusal(self, told: str) -> None:
        with pytest.raises(Refused):
            stream.dividers(told)

    def test_indices_are_asked_for_by_name_and_shares_so_many_at_once(self) -> None:
        symbols = [Symbol("nse_cm", str(token)) for token in range(1, 1101)] + [Symbol("nse_cm", "Nifty 50")]
        told = [json.loads(one) for one in stream.subscriptions(symbols)]
        assert [one["event"] for one in told] == ["subscribeIndices", *["subscribeScripsLite"] * 3]
        assert told[0]["inputtoken"] == "nse_cm|Nifty 50"
        assert [one["inputtoken"].count("|") for one in told[1:]] == [500, 500, 100]


class TestClaims:
    TCS, NIFTY = Listing("NSE", "TCS"), Listing("NSE", "NIFTY 50")
    ASKED = {  # noqa: RUF012
        Symbol("nse_cm", "11536"): [TCS, Listing("NSE", "TCS", "EQ")],
        Symbol("nse_cm", "Nifty 50"): [NIFTY],
    }

    def test_a_frame_is_told_together(self) -> None:
        found = stream.Claims(self.ASKED).of(mini() + index() + mini(token=7), HUNDRED, NOW)
        assert len(found) == 3
        assert (found[self.TCS].last, found[self.TCS].as_of) == (Decimal("3150.5"), NOW)
        assert found[self.NIFTY].previous_close == Decimal("25352.95")

    def test_an_older_price_never_follows_a_newer_one(self) -> None:
        claims = stream.Claims(self.ASKED)
        assert claims.of(mini(), HUNDRED, NOW)
        assert claims.of(mini(second=SECOND - 1), HUNDRED, NOW) == {}
        assert claims.of(mini(last=315_100), HUNDRED, NOW), "the same moment may say something else"

    def test_what_never_traded_is_left_out_and_a_price_without_a_time_is_of_now(self) -> None:
        claims = stream.Claims(self.ASKED)
        assert claims.of(mini(last=0), HUNDRED, NOW) == {}
        assert claims.of(mini(second=0), HUNDRED, NOW)[self.TCS].as_of == NOW
