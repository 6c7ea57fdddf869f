"""Kite's payloads, without any network: own shapes, and the recorded ones when they are there."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.adapters import jsons
from tunefolio.adapters.brokers.zerodha import instruments, login, quotes, statements
from tunefolio.adapters.brokers.zerodha.errors import data_of, judged
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Misuse, Reauth, Rejected, Retry, TunefolioError
from tunefolio.core.money import Money, Price, quantized
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market.instruments import AssetClass, Listing

SHAPES = Path(__file__).parent / "fixtures" / "kite"
JSON = {"content-type": "application/json; charset=utf-8"}


def data(name: str, folder: Path = SHAPES) -> Any:
    return data_of(Answer(200, JSON, (folder / name).read_bytes()))


def at(text: str) -> Instant:
    return Instant.parse(f"{text}+05:30")


def test_holdings_become_claims_of_what_is_owned() -> None:
    infy, central, _ = statements.holdings(data("holdings.json"))
    assert infy.instrument.listing == Listing("NSE", "INFY")
    assert infy.instrument.isin == "INE009A01021"
    assert [infy.settled, infy.unsettled, infy.quantity] == [340, 5, 345]
    assert infy.average_price is not None
    assert quantized(infy.average_price.amount, 8) == Decimal("1401.60869565"), "weighted"
    assert infy.last_price == Price.of("1560.4")
    assert infy.close_price == Price.of("1555.1")
    assert infy.pnl is None, "Kite's figure leaves out the units on margin"
    assert central.pnl == Money.of("0")
    assert central.instrument.listing == Listing("NSE", "CENTRALBK", "BE")
    assert central.average_price is None


def test_units_held_on_margin_alone_are_owned_at_what_they_cost() -> None:
    *_, margin = statements.holdings(data("holdings.json"))
    assert margin.instrument.listing == Listing("BSE", "M&M")
    assert [margin.settled, margin.unsettled] == [25, 0]
    assert margin.average_price == Price.of("2890")


def test_units_on_margin_are_added_to_those_that_are_paid_for() -> None:
    row = dict(data("holdings.json")[0])
    bare = row | {"mtf": None}
    (line,) = statements.holdings([bare])
    assert (line.settled, line.average_price) == (Decimal(40), Price.of("1412.33333333"))
    assert line.pnl == Money.of("6663")
    del bare["mtf"]
    assert statements.holdings([bare]) == (line,)
    unknown = row | {"mtf": row["mtf"] | {"average_price": 0}}
    (line,) = statements.holdings([unknown])
    assert (line.settled, line.average_price) == (Decimal(340), None), "what some cost, nobody knows"


@pytest.mark.parametrize(
    ("mtf", "code"),
    [([], "wrong_type"), ({"average_price": 1}, "missing_field"), ({"quantity": -1}, "negative_units")],
)
def test_what_is_no_margin_funding_is_rejected(mtf: Any, code: str) -> None:
    row = dict(data("holdings.json")[0]) | {"mtf": mtf}
    with pytest.raises(Rejected, match="mtf") as caught:
        statements.holdings([row])
    assert caught.value.code == code


def test_an_empty_book_may_be_null() -> None:
    assert statements.holdings(None) == ()
    assert statements.positions({"net": None, "day": None}) == ()


@pytest.mark.parametrize(
    "field",
    [
        "tradingsymbol",
        "exchange",
        "quantity",
        "t1_quantity",
        "average_price",
        "last_price",
        "close_price",
        "pnl",
    ],
)
def test_a_missing_field_is_named(field: str) -> None:
    row = dict(data("holdings.json")[0])
    del row[field]
    with pytest.raises(Rejected, match=field) as caught:
        statements.holdings([row])
    assert caught.value.code == "missing_field"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("exchange", "MOON", "unknown_exchange"),
        ("quantity", -1, "negative_units"),
        ("quantity", "ten", "wrong_type"),
        ("quantity", True, "wrong_type"),
        ("last_price", Decimal("1e30"), "wrong_type"),
        ("tradingsymbol", 5, "wrong_type"),
    ],
)
def test_a_wrong_value_is_rejected(field: str, value: Any, code: str) -> None:
    row = dict(data("holdings.json")[0]) | {field: value}
    with pytest.raises(Rejected) as caught:
        statements.holdings([row])
    assert caught.value.code == code


def test_holdings_that_are_no_list_are_rejected() -> None:
    wrongs: list[Any] = [{}, "x", [1]]
    for wrong in wrongs:
        with pytest.raises(Rejected):
            statements.holdings(wrong)


def test_day_positions_are_signed_and_closed_ones_stay() -> None:
    future, closed = statements.positions(data("positions.json"))
    assert future.quantity == -65
    assert future.instrument.asset_class is AssetClass.FUTURE
    assert future.average_price == Price.of("26010.25")
    assert closed.quantity == 0
    assert (closed.product, closed.pnl) == ("MIS", Money.of("-110"))


def test_cash_is_that_of_the_equity_segment() -> None:
    assert statements.cash(data("margins.json")) == Money.of("80250.35")
    assert statements.cash({"equity": {"enabled": False}}) is None
    assert statements.cash({}) is None


def test_quotes_carry_their_time_and_the_close_before() -> None:
    infy, central, new = Listing("NSE", "INFY"), Listing("NSE", "CENTRALBK", "BE"), Listing("NSE", "NEWCO")
    asked = {instruments.key_of(listing): [listing] for listing in (infy, central, new)}
    found = quotes.quotes(data("quote.json"), asked)
    assert found[infy].last == Decimal("1560.4")
    assert found[infy].previous_close == Decimal("1555.1")
    assert found[infy].as_of == at("2026-11-20T15:31:04")
    assert found[central].previous_close is None
    assert new not in found


def test_a_time_that_is_none_is_rejected() -> None:
    row = {"last_price": 1, "timestamp": "yesterday", "ohlc": {"close": 1}}
    with pytest.raises(Rejected, match="not a time"):
        quotes.quotes({"NSE:X": row}, {"NSE:X": [Listing("NSE", "X")]})


PAIRS = [
    ("NSE", "INFY", "INFY", ""),
    ("NSE", "CENTRALBK-BE", "CENTRALBK", "BE"),
    ("NSE", "EMMBI-BL", "EMMBI", "BL"),
    ("NSE", "BAJAJ-AUTO", "BAJAJ-AUTO", ""),
    ("NSE", "BAJAJ-AUTO-BE", "BAJAJ-AUTO", "BE"),
    ("NSE", "NAM-INDIA", "NAM-INDIA", ""),
    ("NSE", "EFCIL-RE", "EFCIL-RE", ""),
    ("NSE", "KLBRENG-B", "KLBRENG-B", ""),
    ("NSE", "SGBAUG28V-GB", "SGBAUG28V", "GB"),
    ("NSE", "INDIGRID-IV", "INDIGRID", "IV"),
    ("NSE", "M&M", "M&M", ""),
    ("BSE", "ABC-BE", "ABC-BE", ""),
]


@pytest.mark.parametrize(("exchange", "kite", "symbol", "series"), PAIRS)
def test_symbol_and_series_come_apart_and_together(
    exchange: str, kite: str, symbol: str, series: str
) -> None:
    listing = instruments.listing_of(exchange, kite)
    assert listing == Listing(exchange, symbol, series)
    assert instruments.tradingsymbol_of(listing) == kite


@given(
    st.from_regex(r"[A-Z0-9&]{1,12}(-[A-Z0-9]{1,3}){0,2}", fullmatch=True), st.sampled_from(["NSE", "BSE"])
)
def test_every_symbol_comes_back(symbol: str, exchange: str) -> None:
    assert instruments.tradingsymbol_of(instruments.listing_of(exchange, symbol)) == symbol


def test_an_ordinary_series_is_not_written() -> None:
    assert instruments.tradingsymbol_of(Listing("NSE", "INFY", "EQ")) == "INFY"
    assert instruments.key_of(Listing("NSE", "CENTRALBK", "BE")) == "NSE:CENTRALBK-BE"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_instruments_file(pack: Any) -> None:
    rows = list(instruments.parse(pack((SHAPES / "instruments.csv").read_bytes())))
    assert [row.listing for row in rows] == [
        Listing("NSE", "INFY"),
        Listing("NSE", "CENTRALBK", "BE"),
        Listing("NFO", "NIFTY26DECFUT"),
    ]
    assert (rows[2].lot_size, rows[2].tick_size, rows[2].instrument_type) == (65, Decimal("0.1"), "FUT")


def test_a_broken_instruments_file() -> None:
    with pytest.raises(Rejected, match="tradingsymbol"):
        list(instruments.parse(b"instrument_token,exchange\n1,NSE\n"))
    whole = (SHAPES / "instruments.csv").read_bytes()
    with pytest.raises(Rejected, match="row 5"):
        list(instruments.parse(whole + b"x,y\n"))
    with pytest.raises(Retry, match="breaks off"):
        list(instruments.parse(gzip.compress(whole)[:-12]))


@pytest.mark.parametrize(
    ("listing", "isin", "kind"),
    [
        (Listing("NSE", "NIFTYBEES"), "INF204KB14I2", AssetClass.ETF),
        (Listing("NSE", "SGBAUG28V", "GB"), "IN0020200161", AssetClass.GOLD),
        (Listing("NSE", "GS2033"), "IN0020230010", AssetClass.BOND),
        (Listing("NSE", "NCD"), "INE001A07PB9", AssetClass.BOND),
        (Listing("NSE", "INFY"), "INE009A01021", AssetClass.EQUITY),
        (Listing("NFO", "NIFTY26DEC26000CE"), None, AssetClass.OPTION),
        (Listing("MF", "INF209K01157"), None, AssetClass.FUND),
    ],
)
def test_what_kind_of_thing_it_is(listing: Listing, isin: Any, kind: AssetClass) -> None:
    assert instruments.asset_class_of(listing, isin) is kind


DIALECTS: list[tuple[int, dict[str, str], bytes, type[TunefolioError], str]] = [
    (403, JSON, b'{"status":"error","message":"bad token","error_type":"TokenException"}', Reauth, ""),
    (
        403,
        JSON,
        b'{"status":"error","message":"no","error_type":"PermissionException"}',
        Rejected,
        "PermissionException",
    ),
    (
        400,
        JSON,
        b'{"status":"error","message":"no","error_type":"InputException"}',
        Rejected,
        "InputException",
    ),
    (400, JSON, b'{"status":"error","message":"no","error_type":"NewException"}', Rejected, "NewException"),
    (400, JSON, b'{"status":"error"}', Rejected, "http_400"),
    (400, JSON, b'{"status":', Rejected, "http_400"),
    (403, {"content-type": "text/html"}, b"<h1>blocked</h1>", Rejected, "http_403"),
    (302, {}, b"", Rejected, "http_302"),
    (429, JSON, b'{"status":"error","message":"slow","error_type":"NetworkException"}', Retry, ""),
    (429, {"content-type": "text/plain"}, b"slow", Retry, ""),
    (503, JSON, b'{"status":"error","message":"slow","error_type":"NetworkException"}', Retry, ""),
    (500, JSON, b'{"status":"error","message":"oops","error_type":"GeneralException"}', Retry, ""),
    (502, {"content-type": "text/html"}, b"<html>Bad Gateway</html>", Retry, ""),
    (504, {}, b"", Retry, ""),
    (400, JSON, b'{"status":"error","message":"busy","error_type":"NetworkException"}', Retry, ""),
]


@pytest.mark.parametrize(("status", "headers", "body", "kind", "code"), DIALECTS)
def test_every_dialect_of_refusal(
    status: int, headers: dict[str, str], body: bytes, kind: type[TunefolioError], code: str
) -> None:
    error = judged(Answer(status, headers, body))
    assert type(error) is kind
    if isinstance(error, Rejected):
        assert error.code == code


@pytest.mark.parametrize(
    ("headers", "body", "kind", "code"),
    [
        (JSON, b"", Retry, ""),
        (JSON, b'{"status":"success","data":[{"trad', Retry, ""),
        (JSON, b'{"status":"success","data":NaN}', Retry, ""),
        ({"content-type": "text/html"}, b"<html>", Retry, ""),
        ({}, b"{}", Retry, ""),
        (JSON, b"[]", Rejected, "missing_field"),
        (JSON, b'{"data":1}', Rejected, "missing_field"),
        (JSON, b'{"status":"success"}', Rejected, "missing_field"),
        (JSON, b'{"status":"error","error_type":"TokenException"}', Reauth, ""),
        (JSON, b'{"status":"error","message":"x","error_type":"OddException"}', Rejected, "OddException"),
    ],
)
def test_a_good_status_with_a_bad_body(
    headers: dict[str, str], body: bytes, kind: type[TunefolioError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        data_of(Answer(200, headers, body))
    if isinstance(caught.value, Rejected):
        assert caught.value.code == code


def test_prices_keep_the_digits_that_were_sent() -> None:
    value = jsons.loads(b'{"a": 0.1, "b": 1412.333333333333, "c": 7}')
    assert value == {"a": Decimal("0.1"), "b": Decimal("1412.333333333333"), "c": 7}


def test_the_login_page_carries_the_state_untouched() -> None:
    url = login.login_url("https://kite.zerodha.com/connect/login", "key", "a b&c=d")
    assert url == (
        "https://kite.zerodha.com/connect/login?v=3&api_key=key&redirect_params=state%3Da%2Bb%2526c%253Dd"
    )


def test_the_checksum_is_that_of_the_documentation() -> None:
    """SHA-256 of "key" + "token" + "secret"."""
    app = AppKeys("key", Secret("secret"))
    assert login.checksum(app, "token") == "08a03d928417ea4085557933d3b187ff2a3515b039d6054dbd230c95d978a17a"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"status": "success", "action": "login", "request_token": " t "}, None),
        ({"status": "success", "request_token": "t"}, None),
        ({"status": "error", "action": "login"}, Rejected),
        ({}, Rejected),
        ({"status": "success", "action": "authorise", "request_token": "t"}, Rejected),
        ({"status": "success", "action": "login", "request_token": " "}, Misuse),
    ],
)
def test_the_way_back(answer: dict[str, str], kind: type[TunefolioError] | None) -> None:
    if kind is None:
        assert login.request_token(answer) == "t"
        return
    with pytest.raises(kind):
        login.request_token(answer)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-20T05:59:59", "2026-11-20T06:00:00"),
        ("2026-11-20T06:00:00", "2026-11-21T06:00:00"),
        ("2026-11-20T23:30:00", "2026-11-21T06:00:00"),
        ("2026-12-31T12:00:00", "2027-01-01T06:00:00"),
    ],
)
def test_a_session_ends_at_six(now: str, ends: str) -> None:
    assert login.expires_after(at(now)) == at(ends)


def test_a_session_without_a_token_is_rejected() -> None:
    whole = data("session.json")
    session = login.session_of(whole, at("2026-11-20T10:00:00"))
    assert (session.broker_user, session.user_name, session.token) == (
        "TF0001",
        "Asha Rao",
        Secret("day-token"),
    )
    for field in ("user_id", "access_token"):
        with pytest.raises(Rejected, match=field):
            login.session_of({**whole, field: ""}, at("2026-11-20T10:00:00"))


def test_the_recorded_shapes(recorded: Path) -> None:
    """Zerodha's own samples; every formula the documentation gives holds on them."""
    folder = recorded / "kite"
    on_margin, *lines = statements.holdings(data("holdings.json", folder))
    assert (on_margin.settled, on_margin.unsettled, on_margin.pnl) == (Decimal(1001), Decimal(0), None)
    assert on_margin.average_price is not None
    assert (on_margin.average_price * on_margin.settled).rounded() == Money.of(161 + 1000 * 100)
    assert lines
    for line in lines:
        assert line.average_price is not None
        assert line.last_price is not None
        assert line.pnl is not None
        gained = (line.last_price * line.quantity) - (line.average_price * line.quantity)
        assert gained.rounded() == line.pnl.rounded()
    assert statements.positions(data("positions.json", folder))
    assert statements.cash(data("margins.json", folder)) == Money.of("245431.6")
    assert statements.user_of(data("profile.json", folder)) == "AB1234"
    infy = Listing("NSE", "INFY")
    quote = quotes.quotes(data("quote.json", folder), {"NSE:INFY": [infy]})[infy]
    assert (quote.last, quote.previous_close) == (Decimal("1412.95"), Decimal("1389.65"))
    rows = list(instruments.parse((folder / "instruments_all.csv").read_bytes()))
    assert len(rows) == 99
    assert {row.listing.series for row in rows} >= {"BE", "BL", ""}
    assert (
        login.session_of(data("generate_session.json", folder), at("2026-11-20T10:00:00")).broker_user
        == "XX0000"
    )


def test_the_recorded_errors(recorded: Path) -> None:
    kinds = {}
    for path in sorted((recorded / "kite").glob("error_*.http.json")):
        shape = json.loads(path.read_text())
        answer = Answer(shape["http_status"], JSON, json.dumps(shape["body"]).encode())
        kinds[path.name.split(".")[0]] = type(judged(answer))
    assert kinds == {
        "error_input_exception": Rejected,
        "error_rate_limited": Retry,
        "error_token_exception": Reauth,
    }
