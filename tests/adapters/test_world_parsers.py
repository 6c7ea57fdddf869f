"""Coins and currencies: what the recorded shapes say, and what is refused in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from tunefolio.adapters.http import Answer
from tunefolio.adapters.prices.binance import parsers as binance
from tunefolio.adapters.prices.coingecko import parsers as coingecko
from tunefolio.adapters.prices.ecb import parsers as ecb
from tunefolio.adapters.prices.fbil import parsers as fbil
from tunefolio.adapters.prices.frankfurter import parsers as frankfurter
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import RateClaim

SHAPES = Path(__file__).parent / "fixtures"
USD, INR, EUR = Currency("USD"), Currency("INR"), Currency("EUR")
BTC = Listing("CRYPTO", "BTC")


def answer(name: str, folder: Path = SHAPES) -> Answer:
    return Answer(200, {}, (folder / name).read_bytes())


def body(value: Any) -> Answer:
    return Answer(200, {}, value if isinstance(value, bytes) else orjson.dumps(value))


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


# Binance ------------------------------------------------------------------------------------------


def test_a_candle_belongs_to_the_utc_day_on_which_it_begins() -> None:
    (ends, first), (_, second) = binance.klines(answer("binance/klines.json"))
    assert first == Bar(
        day("2024-01-12"), Decimal("46339.16"), Decimal("46656.07"), Decimal(46999), Decimal("45606.06"), 1234
    )
    assert ends == Instant.parse("2024-01-12T23:59:59.999Z")
    assert (second.day, second.volume) == (day("2024-01-13"), 0)


ROW: list[Any] = [1705017600000, "2", "3", "1", "2", "5", 1705103999999]


@pytest.mark.parametrize(
    "wrong",
    [{"code": 1}, ["row"], [[1, "2"]], [[*ROW[:1], "x", *ROW[2:]]], [[*ROW[:4], "0", *ROW[5:]]],
     [[*ROW[:4], "NaN", *ROW[5:]]], [[*ROW[:5], "-1", ROW[6]]], [[*ROW[:6], ROW[6] + 10**9]],
     [[10**17, *ROW[1:]]], [[True, *ROW[1:]]], [[*ROW[:4], "1e30", *ROW[5:]]]],
    ids=str,
)  # fmt: skip
def test_a_candle_that_makes_no_sense_is_rejected(wrong: Any) -> None:
    with pytest.raises(Rejected):
        binance.klines(body(wrong))


def test_a_ticker_says_last_and_the_day_before_and_what_never_traded_is_absent() -> None:
    found = binance.tickers(answer("binance/ticker_24hr.json"))
    assert set(found) == {"BTCUSDT"}
    claim = binance.claim_of(BTC, found["BTCUSDT"], USD)
    assert (claim.last, claim.previous_close, claim.currency) == (
        Decimal("42782.73"),
        Decimal("46339.16"),
        USD,
    )
    assert claim.as_of == Instant.parse("2024-01-13T23:59:59.999Z")
    assert set(
        binance.tickers(body(orjson.loads((SHAPES / "binance/ticker_24hr.json").read_bytes())[0]))
    ) == {"BTCUSDT"}


def test_symbols_are_coins_that_trade_against_the_asset() -> None:
    (row,) = binance.symbols(answer("binance/exchange_info.json"), "USDT", USD)
    assert (row.claim.listing, row.claim.currency) == (Listing("CRYPTO", "ETH"), USD)
    assert (row.token, row.tick) == ("ETHUSDT", Decimal("0.01"))


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(403, Retry, ""), (418, Retry, ""), (429, Retry, ""), (500, Retry, ""), (451, Rejected, "http_451"),
     (404, Rejected, "http_404")],
)  # fmt: skip
def test_what_binance_means_by_a_status(status: int, kind: type[Exception], code: str) -> None:
    verdict = binance.judged(Answer(status, {"retry-after": "120"}, b"<html>"))
    assert isinstance(verdict, kind)
    if isinstance(verdict, Retry):
        assert verdict.after is not None
        assert verdict.after.total_seconds() == 120
    if isinstance(verdict, Rejected):
        assert verdict.code == code


def test_binances_own_words_are_told_on_and_its_weight_is_read() -> None:
    unknown = binance.judged(Answer(400, {}, b'{"code":-1121,"msg":"Invalid symbol."}'))
    assert isinstance(unknown, Rejected)
    assert unknown.code == binance.UNKNOWN_SYMBOL
    other = binance.judged(Answer(400, {}, b'{"code":-1100,"msg":"Illegal characters."}'))
    assert "-1100: Illegal characters." in str(other)
    assert binance.weight(Answer(200, {"x-mbx-used-weight-1m": "4321"}, b"")) == 4321
    assert binance.weight(Answer(200, {}, b"")) == 0


# CoinGecko ----------------------------------------------------------------------------------------


def test_midnights_are_the_closes_of_the_days_before_and_now_is_none() -> None:
    """A null, a point at noon and the last point are no closes; floats are cut to ten decimals."""
    assert coingecko.closes(answer("coingecko/market_chart.json")) == [
        Bar(day("2024-01-11"), Decimal("3863210.1234567890")),
        Bar(day("2024-01-12"), Decimal("3561234.5")),
        Bar(day("2024-01-14"), Decimal(3580000)),
    ]
    assert coingecko.closes(body({"prices": []})) == []


def test_a_coin_that_is_asked_at_midnight_has_no_close_yet() -> None:
    assert coingecko.closes(body({"prices": [[1705017600000, 5.0]]})) == []


@pytest.mark.parametrize(
    "wrong", [[], {"prices": {}}, {"prices": [[1, 2, 3]]}, {"prices": [["x", 1]]}, {}], ids=str
)
def test_a_chart_that_makes_no_sense_is_rejected(wrong: Any) -> None:
    with pytest.raises(Rejected):
        coingecko.closes(body(wrong))


def test_prices_bear_their_time_and_the_price_of_a_day_before() -> None:
    wanted = {"bitcoin": BTC, "ghost": Listing("CRYPTO", "GHO"), "fresh": Listing("CRYPTO", "FRE")}
    found = coingecko.prices(answer("coingecko/simple_price.json"), INR, wanted)
    assert set(found) == {BTC, Listing("CRYPTO", "FRE")}
    claim = found[BTC]
    assert (claim.last, claim.previous_close) == (Decimal("3599999.5"), Decimal("3999999.4444444444"))
    assert (claim.currency, claim.as_of) == (INR, Instant.parse("2024-01-15T06:26:40Z"))
    assert found[Listing("CRYPTO", "FRE")].previous_close is None


@pytest.mark.parametrize(
    ("status", "content", "kind", "words"),
    [
        (429, b"", Retry, "too often"),
        (503, b"", Retry, "503"),
        (403, b"error code: 1020", Retry, "1020"),
        (403, b"<html>", Retry, "turned away"),
        (401, b'{"status":{"error_code":10002}}', Rejected, "key is missing"),
        (401, b'{"error_code":10005}', Rejected, "plan"),
        (400, b'{"status":{"error_code":10010}}', Rejected, "set the option plan"),
        (400, b'{"status":{"error_code":10011}}', Rejected, "set the option plan"),
        (404, b'{"error":"coin not found"}', Rejected, "no such coin"),
        (400, b"{}", Rejected, "400"),
        (400, b"[]", Rejected, "400"),
    ],
)
def test_what_coingecko_means_by_its_codes(
    status: int, content: bytes, kind: type[Exception], words: str
) -> None:
    verdict = coingecko.judged(Answer(status, {}, content))
    assert isinstance(verdict, kind)
    assert words in str(verdict)


# Frankfurter, ECB, FBIL ---------------------------------------------------------------------------


def test_frankfurter_tells_rates_under_their_own_days() -> None:
    assert frankfurter.first_version(answer("frankfurter/v1_range.json"), USD, INR) == [
        RateClaim(USD, INR, day("2024-01-12"), Decimal("82.905")),
        RateClaim(USD, INR, day("2024-01-15"), Decimal("82.88")),
    ]
    (friday,) = frankfurter.first_version(answer("frankfurter/v1_weekend.json"), USD, INR)
    assert friday.day == day("2024-01-12")
    (only,) = frankfurter.second_version(answer("frankfurter/v2.json"), USD, INR)
    assert only == RateClaim(USD, INR, day("2024-01-12"), Decimal("82.905"))


@pytest.mark.parametrize(
    ("parse", "wrong"),
    [
        (frankfurter.first_version, {"base": "EUR", "rates": {}}),
        (frankfurter.first_version, {"base": "USD", "rates": {"yesterday": {"INR": 1.0}}}),
        (frankfurter.first_version, {"base": "USD", "rates": {"2024-01-12": {"INR": 0}}}),
        (frankfurter.second_version, {"rates": []}),
        (frankfurter.second_version, [{"base": "USD", "quote": "INR", "date": "2024-01-12"}]),
    ],
)
def test_frankfurters_nonsense_is_rejected(parse: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(Rejected):
        parse(body(wrong), USD, INR)


def test_the_ecb_tells_units_for_one_euro_and_nothing_where_it_observed_nothing() -> None:
    assert ecb.per_euro(answer("ecb/exr.csv")) == {
        INR: {day("2024-01-12"): Decimal("90.8625")},
        USD: {day("2024-01-12"): Decimal("1.0942"), day("2024-01-15"): Decimal("1.0945")},
    }


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", Retry),
        (b"<html></html>\n", Retry),
        (b"KEY,FREQ\nx,D", Retry),
        (b"KEY,FREQ\nx,D\n", Rejected),
        (b"CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nINR,USD,2024-01-12,90\n", Rejected),
        (b"CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nINR,EUR,2024-01-12\n", Rejected),
        (b"CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\nINR,EUR,2024-W02,90\n", Rejected),
    ],
)
def test_what_is_no_table_of_rates(content: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ecb.per_euro(body(content))


def test_fbil_tells_a_hundred_yen_and_we_one() -> None:
    assert fbil.rupees(answer("fbil/refrates.json")) == {
        USD: {day("2024-01-12"): Decimal("82.9531"), day("2021-03-01"): Decimal("73.04")},
        Currency("JPY"): {day("2024-01-12"): Decimal("0.5713")},
    }


@pytest.mark.parametrize(
    "change",
    [{"subProdName": "USD / 1 INR"}, {"subProdName": "INR / 0 USD"}, {"subProdName": None}, {"rate": "n/a"},
     {"rate": -1}, {"processRunDate": "12-01-2024"}],
    ids=str,
)  # fmt: skip
def test_fbils_nonsense_is_rejected(change: Mapping[str, Any]) -> None:
    row = {"processRunDate": "2024-01-12 00:00:00", "subProdName": "INR / 1 USD", "rate": 82.9}
    with pytest.raises(Rejected):
        fbil.rupees(body([{**row, **change}]))


# The recorded shapes ------------------------------------------------------------------------------


def test_the_recorded_shapes_of_binance(recorded: Path) -> None:
    folder = recorded / "binance"
    told = orjson.loads((folder / "klines_1.json").read_bytes())
    told[0][6] = told[0][0] + 86_399_999  # the sample is a candle of a week
    ((_, bar),) = binance.klines(body(told))
    assert (bar.day, bar.close, bar.volume) == (day("2017-07-03"), Decimal("0.01577100"), 148976)
    rows = list(binance.symbols(answer("exchangeInfo_1.json", folder), "BTC", Currency("BTC")))
    assert [row.token for row in rows] == ["ETHBTC"]
    for name, kind in (("error_bad_symbol", Rejected), ("error_rate", Retry)):
        sample = orjson.loads((folder / f"{name}.http.json").read_bytes())
        headers = {key.lower(): value for key, value in sample.get("headers", {}).items()}
        verdict = binance.judged(Answer(sample["http_status"], headers, orjson.dumps(sample["body"])))
        assert isinstance(verdict, kind)


def test_the_recorded_shapes_of_coingecko(recorded: Path) -> None:
    folder = recorded / "coingecko"
    found = coingecko.prices(answer("simple_price.json", folder), USD, {"bitcoin": BTC})
    assert found[BTC].last == Decimal(76975)
    assert [coin.symbol for coin in coingecko.coins(answer("coins_list.json", folder))] == ["TRUMP", "ONDO"]
    assert next(coingecko.coins(answer("coins_markets.json", folder))).id == "bitcoin"
    assert coingecko.closes(answer("market_chart.json", folder)) == []


def test_the_recorded_shapes_of_frankfurter(recorded: Path) -> None:
    folder = recorded / "frankfurter"
    told = frankfurter.first_version(answer("v1_range.json", folder), EUR, USD)
    assert [(str(rate.day), rate.rate) for rate in told] == [
        ("2024-01-12", Decimal("1.0942")),
        ("2024-01-15", Decimal("1.0945")),
    ]
    (one,) = frankfurter.first_version(answer("v1_date.json", folder), EUR, INR)
    assert one.rate == Decimal("90.7")
    (other,) = frankfurter.second_version(answer("v2_rates.json", folder), EUR, USD)
    assert other.rate == Decimal("1.089")
    sample = orjson.loads((folder / "v1_not_found.http.json").read_bytes())
    verdict = frankfurter.judged(Answer(sample["http_status"], {}, b""))
    assert isinstance(verdict, Rejected)
    assert verdict.code == frankfurter.UNKNOWN_PAIR
