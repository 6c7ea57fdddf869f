"""Coins, currencies and metals over HTTP: what is asked, in which order, and how politely."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest

from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices.binance import Binance
from tunefolio.adapters.prices.coingecko import CoinGecko
from tunefolio.adapters.prices.ecb import EuropeanCentralBank
from tunefolio.adapters.prices.fbil import Fbil
from tunefolio.adapters.prices.frankfurter import Frankfurter
from tunefolio.adapters.prices.gold import Gold
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import BarsClaim, RateClaim

BTC, ETH = Listing("CRYPTO", "BTC"), Listing("CRYPTO", "ETH")
USD, INR, EUR = Currency("USD"), Currency("INR"), Currency("EUR")
DAY_MS = 86_400_000


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def gates(shared: MemoryShared | None = None) -> Gates:
    return Gates(shared or MemoryShared(), sleep=lambda _: None)


def polite(outside: Outside, **options: str) -> dict[str, str]:
    return {"root_url": outside.url, "requests_per_second": "10000", **options}


def epoch(text: str) -> int:
    return (day(text).date.toordinal() - 719_163) * DAY_MS


def candle(start: int, close: str = "2") -> list[Any]:
    return [start, "2", "3", "1", close, "5.5", start + DAY_MS - 1, "0", 1, "0", "0", "0"]


def json_reply(value: Any, **headers: str) -> Reply:
    return Reply(
        body=orjson.dumps(value), headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


# Binance ------------------------------------------------------------------------------------------


def test_binance_is_asked_page_by_page(outside: Outside) -> None:
    first = epoch("2020-01-01")
    pages = [[candle(first + DAY_MS * place) for place in range(1000)], [candle(first + DAY_MS * 1000)]]
    outside.on("/api/v3/klines", *map(json_reply, pages))
    claim = Binance(polite(outside), gates()).bars(BTC, day("2020-01-01"), day("2023-01-01"))
    assert claim is not None
    assert (len(claim.bars), claim.currency) == (1001, USD)
    one, two = (dict(asked.query) for asked in outside.asked)
    assert one == {
        "symbol": "BTCUSDT", "interval": "1d", "limit": "1000", "startTime": str(first),
        "endTime": str(epoch("2023-01-01") - 1),
    }  # fmt: skip
    assert two["startTime"] == str(first + DAY_MS * 1000)


def test_a_page_that_does_not_go_on_is_rejected(outside: Outside) -> None:
    old = json_reply([candle(epoch("2019-01-01") + DAY_MS * place) for place in range(1000)])
    outside.on("/api/v3/klines", old)
    with pytest.raises(Rejected, match="does not go on"):
        Binance(polite(outside), gates()).bars(BTC, day("2024-01-01"), day("2026-01-01"))
    assert len(outside.asked) == 1


def test_a_candle_that_is_open_by_either_clock_is_no_bar(outside: Outside) -> None:
    """Its clock stands in the middle of the second day; ours is long past it."""
    rows = [candle(epoch("2024-01-01")), candle(epoch("2024-01-02"))]
    outside.on("/api/v3/klines", json_reply(rows, Date="Tue, 02 Jan 2024 11:00:00 GMT"))
    claim = Binance(polite(outside), gates()).bars(BTC, day("2024-01-01"), day("2024-01-05"))
    assert claim is not None
    assert [bar.day for bar in claim.bars] == [day("2024-01-01")]
    far = json_reply([candle(epoch("2190-01-01"))], Date="Fri, 01 Jan 2199 00:00:00 GMT")
    outside.on("/api/v3/klines", far)
    claim = Binance(polite(outside), gates()).bars(BTC, day("2190-01-01"), day("2190-01-05"))
    assert claim == BarsClaim((), USD)


def test_one_unknown_coin_costs_the_others_nothing(outside: Outside) -> None:
    wrong = Reply(400, b'{"code":-1121,"msg":"Invalid symbol."}')

    def ticker(symbol: str) -> Reply:
        return json_reply(
            [{"symbol": symbol, "lastPrice": "5", "prevClosePrice": "0", "closeTime": 1705190399999}]
        )

    outside.on("/api/v3/ticker/24hr", wrong, ticker("BTCUSDT"), wrong)
    found = Binance(polite(outside), gates()).quotes([BTC, Listing("CRYPTO", "NOPE")])
    assert set(found) == {BTC}
    assert found[BTC].previous_close is None
    assert [dict(asked.query)["symbols"] for asked in outside.asked] == [
        '["BTCUSDT","NOPEUSDT"]', '["BTCUSDT"]', '["NOPEUSDT"]'
    ]  # fmt: skip


def test_a_minutes_weight_is_not_overdrawn_by_any_process(outside: Outside) -> None:
    now = [0.0]
    shared = MemoryShared(now=lambda: now[0])
    outside.on("/api/v3/klines", json_reply([], X_MBX_USED_WEIGHT_1M="3000"))
    Binance(polite(outside), gates(shared)).bars(BTC, day("2024-01-01"), day("2024-01-05"))
    with pytest.raises(Retry, match="weight"):
        Binance(polite(outside), gates(shared)).bars(BTC, day("2024-01-01"), day("2024-01-05"))
    now[0] += 61
    Binance(polite(outside), gates(shared)).bars(BTC, day("2024-01-01"), day("2024-01-05"))
    assert len(outside.asked) == 2


def test_a_tether_is_told_as_a_dollar_only_as_the_operator_says(outside: Outside) -> None:
    outside.on("/api/v3/klines", json_reply([candle(epoch("2024-01-02"))]))

    def currency(**options: str) -> str:
        claim = Binance(polite(outside, **options), gates()).bars(BTC, day("2024-01-01"), day("2024-01-05"))
        assert claim is not None
        return claim.currency

    assert currency() == "USD"
    assert currency(quote_asset="EUR") == "EUR"
    assert dict(outside.asked[-1].query)["symbol"] == "BTCEUR"
    assert currency(quote_asset="USDC", told_in="USD") == "USD"
    for wrong in ({"quote_asset": "DOGEX"}, {"quote_asset": "?"}, {"told_in": "tether"}):
        with pytest.raises(Misuse, match=r"binance\.(told_in|quote_asset)"):
            currency(**wrong)
    assert not Binance(polite(outside), gates()).serves(Listing("CRYPTO", "USDT"))


def test_another_refusal_of_binance_is_told_on(outside: Outside) -> None:
    outside.on("/api/v3/klines", Reply(451, b""))
    with pytest.raises(Rejected, match="country"):
        Binance(polite(outside), gates()).bars(BTC, day("2024-01-01"), day("2024-01-05"))
    outside.on("/api/v3/ticker/24hr", Reply(451, b""))
    with pytest.raises(Rejected, match="country"):
        Binance(polite(outside), gates()).quotes([BTC])


# CoinGecko ----------------------------------------------------------------------------------------

MARKETS = [{"id": "big-twin", "symbol": "twin"}, {"id": "small-twin", "symbol": "twin"}]


def test_a_ticker_is_found_by_word_by_fame_and_by_rank(outside: Outside) -> None:
    shared = MemoryShared()
    outside.on("/coins/markets", json_reply(MARKETS))
    outside.on("/simple/price", json_reply({}))
    twin = Listing("CRYPTO", "TWIN")
    CoinGecko(polite(outside), gates(shared)).quotes([BTC, twin, Listing("CRYPTO", "NOPE")])
    assert dict(outside.asked[-1].query)["ids"] == "big-twin,bitcoin"
    told = CoinGecko(polite(outside, ids="twin=small-twin, BTC = other"), gates(shared))
    told.quotes([BTC, twin])
    assert dict(outside.asked[-1].query)["ids"] == "other,small-twin"
    CoinGecko(polite(outside), gates(shared)).quotes([twin])
    assert [asked.path for asked in outside.asked].count("/coins/markets") == 1


def test_a_key_goes_into_its_plans_header_and_no_further(outside: Outside) -> None:
    outside.on("/simple/price", json_reply({}))
    CoinGecko(polite(outside, api_key="hush"), gates()).quotes([BTC])
    assert outside.asked[-1].headers["x-cg-demo-api-key"] == "hush"
    CoinGecko(polite(outside, api_key="hush", plan="pro", currency="USD"), gates()).quotes([BTC])
    asked = outside.asked[-1]
    assert asked.headers["x-cg-pro-api-key"] == "hush"
    assert "x-cg-demo-api-key" not in asked.headers
    assert dict(asked.query)["vs_currencies"] == "usd"


def test_a_demo_key_reaches_back_a_year_and_a_paid_one_further(outside: Outside) -> None:
    outside.on("/coins/bitcoin/market_chart", json_reply({"prices": []}))
    far, old, future = day("2199-01-01"), day("2020-01-01"), day("2199-02-01")
    for plan, is_short in (("demo", True), ("pro", False)):
        CoinGecko(polite(outside, plan=plan), gates()).bars(BTC, old, far)
        assert (dict(outside.asked[-1].query)["days"] == "365") is is_short
    made = CoinGecko(polite(outside), gates())
    assert made.bars(BTC, old, old.plus_days(30)) is None
    assert made.bars(BTC, far, future) == BarsClaim((), INR)
    assert len(outside.asked) == 2


def test_a_months_budget_is_kept(outside: Outside) -> None:
    outside.on("/simple/price", json_reply({}))
    made = CoinGecko(polite(outside, calls_per_month="2"), gates())
    made.quotes([BTC])
    made.quotes([BTC])
    with pytest.raises(Retry, match="budget") as spent:
        made.quotes([BTC])
    assert spent.value.after is not None
    assert spent.value.after > timedelta(days=1)
    assert len(outside.asked) == 2


@pytest.mark.parametrize(
    ("change", "option"),
    [({"plan": "gold"}, "plan"), ({"ids": "BTC"}, "ids"), ({"currency": "rupee"}, "currency"),
     ({"pages": "0"}, "pages"), ({"calls_per_month": "many"}, "calls_per_month")],
)  # fmt: skip
def test_coingeckos_wrong_options_are_named(change: dict[str, str], option: str) -> None:
    with pytest.raises(Misuse) as wrong:
        CoinGecko(change, gates())
    assert wrong.value.field == f"coingecko.{option}"


def test_a_coin_that_is_gone_is_none_and_other_refusals_are_told_on(outside: Outside) -> None:
    made = CoinGecko(polite(outside), gates())
    assert made.bars(BTC, day("2026-01-01"), day("2026-02-01")) is None
    outside.on("/coins/bitcoin/market_chart", Reply(401, b'{"status":{"error_code":10005}}'))
    with pytest.raises(Rejected, match="plan"):
        made.bars(BTC, day("2026-01-01"), day("2026-02-01"))


# Rates --------------------------------------------------------------------------------------------


def test_frankfurters_second_version_pins_its_bank(outside: Outside) -> None:
    outside.on("/v2/rates", json_reply([{"date": "2024-01-12", "base": "USD", "quote": "INR", "rate": 82.9}]))
    made = Frankfurter(polite(outside, version="2"), gates())
    assert made.rates(USD, INR, day("2024-01-12"), day("2024-01-14")) == (
        RateClaim(USD, INR, day("2024-01-12"), Decimal("82.9")),
    )
    assert dict(outside.asked[0].query) == {
        "base": "USD", "quotes": "INR", "from": "2024-01-12", "to": "2024-01-13", "providers": "ECB"
    }  # fmt: skip
    outside.on("/v2/rates", Reply(422, b"{}"))
    assert made.rates(USD, INR, day("2024-01-12"), day("2024-01-14")) is None
    with pytest.raises(Misuse, match=r"frankfurter\.providers"):
        Frankfurter({"version": "2", "providers": " "}, gates())
    with pytest.raises(Misuse, match=r"frankfurter\.version"):
        Frankfurter({"version": "3"}, gates())


def test_a_weekends_answer_is_not_kept_under_the_weekend(outside: Outside) -> None:
    """Frankfurter answers a Saturday with the Friday; asked for the weekend alone there is no rate."""
    friday = {"base": "USD", "start_date": "2024-01-12", "rates": {"2024-01-12": {"INR": 82.9}}}
    outside.on("/v1/2024-01-13..2024-01-14", json_reply(friday))
    made = Frankfurter(polite(outside), gates())
    assert made.rates(USD, INR, day("2024-01-13"), day("2024-01-15")) == ()
    assert made.rates(USD, USD, day("2024-01-13"), day("2024-01-15")) is None
    outside.on("/v1/2024-01-13..2024-01-14", Reply(400, b"{}"))
    with pytest.raises(Rejected):
        made.rates(USD, INR, day("2024-01-13"), day("2024-01-15"))


def test_the_ecb_crosses_only_days_that_have_both(outside: Outside) -> None:
    head = "CURRENCY,CURRENCY_DENOM,TIME_PERIOD,OBS_VALUE\n"
    rows = "INR,EUR,2024-01-12,90\nUSD,EUR,2024-01-12,1.2\nUSD,EUR,2024-01-15,1.1\n"
    outside.on("/service/data/EXR/D.INR+USD.EUR.SP00.A", Reply(body=(head + rows).encode()))
    outside.on("/service/data/EXR/D.INR.EUR.SP00.A", Reply(body=(head + "INR,EUR,2024-01-12,90\n").encode()))
    made = EuropeanCentralBank(polite(outside), gates())
    span = (day("2024-01-12"), day("2024-01-16"))
    assert made.rates(USD, INR, *span) == (RateClaim(USD, INR, day("2024-01-12"), Decimal(75)),)
    assert made.rates(EUR, INR, *span) == (RateClaim(EUR, INR, day("2024-01-12"), Decimal(90)),)
    assert made.rates(INR, EUR, *span) == (RateClaim(INR, EUR, day("2024-01-12"), Decimal("0.0111111111")),)
    assert made.rates(EUR, USD, *span) is None
    assert made.rates(EUR, EUR, *span) is None
    assert made.rates(Currency("U/D"), EUR, *span) is None
    assert dict(outside.asked[0].query)["endPeriod"] == "2024-01-15"


def test_fbil_is_asked_by_the_year_and_serves_the_rupee_alone(outside: Outside) -> None:
    outside.on("/wasdm/refrates/fetchfiltered", json_reply([]))
    made = Fbil(polite(outside), gates())
    assert made.rates(USD, INR, day("2017-01-01"), day("2020-01-01")) == ()
    spans = [(dict(asked.query)["fromDate"], dict(asked.query)["toDate"]) for asked in outside.asked]
    assert spans == [("2018-07-10", "2019-07-10"), ("2019-07-11", "2019-12-31")]
    assert made.rates(USD, INR, day("2018-01-01"), day("2018-07-10")) is None
    for base, quote in ((EUR, USD), (INR, INR), (Currency("CHF"), INR)):
        assert made.rates(base, quote, day("2024-01-01"), day("2024-02-01")) is None
    assert len(outside.asked) == 2


# Gold ---------------------------------------------------------------------------------------------


def test_gold_is_dollars_an_ounce_and_nothing_else(outside: Outside) -> None:
    result: dict[str, Any] = {
        "meta": {"currency": "USD", "exchangeTimezoneName": "America/New_York", "priceHint": 2},
        "timestamp": [1705035600],
        "indicators": {
            "quote": [
                {"open": [2030.0], "high": [2062.0], "low": [2027.5], "close": [2051.600098], "volume": [9]}
            ]
        },
    }
    outside.on("/v8/finance/chart/GC%3DF", json_reply({"chart": {"result": [result], "error": None}}))
    made = Gold(polite(outside), gates())
    span = (day("2024-01-12"), day("2024-01-15"))
    xau = Currency("XAU")
    assert made.rates(xau, USD, *span) == (RateClaim(xau, USD, day("2024-01-12"), Decimal("2051.60")),)
    claim = made.bars(Listing("FX", "XAUUSD"), *span)
    assert claim is not None
    assert (claim.bars[0].high, claim.bars[0].volume, claim.currency) == (Decimal(2062), None, USD)
    for stranger in ("XAUINR", "GOLD", ""):
        assert not made.serves(Listing("FX", stranger))
    assert made.rates(xau, INR, *span) is None
    assert made.rates(Currency("XAG"), USD, *span) is None
    result["meta"]["currency"] = "INR"
    outside.on("/v8/finance/chart/GC%3DF", json_reply({"chart": {"result": [result], "error": None}}))
    with pytest.raises(Rejected, match="INR"):
        made.rates(xau, USD, *span)
