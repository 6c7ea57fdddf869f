"""Yahoo's past: closes divided by later splits become what was paid; dividends and splits become actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.outside import Outside, Reply
from tunefolio.adapters import jsons
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices.yahoo import Yahoo, histories
from tunefolio.adapters.prices.yahoo.symbols import symbol_of
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import IST, TradingDay
from tunefolio.market.actions import ActionKind, Terms
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import HistorySource, RateClaim

INFY = Listing("NSE", "INFY")
CHART = "/v8/finance/chart/INFY.NS"
SINCE, UNTIL = TradingDay.parse("2024-10-14"), TradingDay.parse("2024-10-18")


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def at(text: str) -> int:
    """The second of 09:15 in India on that day."""
    return int(datetime.fromisoformat(f"{text}T09:15:00").replace(tzinfo=IST).timestamp())


def days_chart(
    closes: dict[str, float | None],
    dividends: dict[str, float] | None = None,
    splits: dict[str, tuple[int, int]] | None = None,
    **meta: Any,
) -> dict[str, Any]:
    """A daily chart in Yahoo's shape, read as the adapter reads it."""
    events = {
        "dividends": {str(at(d)): {"amount": paid, "date": at(d)} for d, paid in (dividends or {}).items()},
        "splits": {
            str(at(d)): {"date": at(d), "numerator": float(new), "denominator": float(old)}
            for d, (new, old) in (splits or {}).items()
        },
    }
    result = {
        "meta": {
            "currency": "INR",
            "exchangeTimezoneName": "Asia/Kolkata",
            "gmtoffset": 19800,
            "priceHint": 2,
        }
        | meta,
        "timestamp": [at(d) for d in closes],
        "events": {name: rows for name, rows in events.items() if rows},
        "indicators": {"quote": [{"close": list(closes.values())}], "adjclose": [{"adjclose": []}]},
    }
    whole: dict[str, Any] = jsons.loads(json.dumps({"chart": {"result": [result], "error": None}}).encode())
    return whole


WEEK = days_chart(
    {"2024-10-14": 656.0, "2024-10-15": 655.4750061, "2024-10-16": None, "2024-10-17": 660.25},
    dividends={"2024-10-15": 2.5},
    splits={"2024-10-17": (2, 1)},
)


def test_closes_before_a_split_become_what_was_paid() -> None:
    told = histories.history(WEEK, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.currency == "INR"
    assert told.closes == (
        (day("2024-10-14"), Decimal("1312.00")),
        (day("2024-10-15"), Decimal("1310.95")),
        (day("2024-10-17"), Decimal("660.25")),
    )


def test_dividends_are_told_as_paid_and_splits_as_new_for_old() -> None:
    told = histories.history(WEEK, INFY, SINCE, UNTIL)
    assert told is not None
    dividend, split = told.actions
    assert (dividend.ex_day, dividend.terms) == (
        day("2024-10-15"),
        Terms(ActionKind.DIVIDEND, amount=Decimal(5), currency=Currency("INR")),
    )
    assert (split.ex_day, split.terms) == (
        day("2024-10-17"),
        Terms(ActionKind.SPLIT, Decimal(2), Decimal(1), note=histories.AMBIGUOUS),
    )
    assert split.reference == "yahoo:NSE:INFY:2024-10-17:split"


def test_a_split_after_the_days_asked_for_still_counts() -> None:
    told = histories.history(WEEK, INFY, SINCE, day("2024-10-15"))
    assert told is not None
    assert told.closes == ((day("2024-10-14"), Decimal("1312.00")),)
    assert len(told.actions) == 2


def test_what_happened_before_is_left_out() -> None:
    told = histories.history(WEEK, INFY, day("2024-10-16"), UNTIL)
    assert told is not None
    assert [action.terms.kind for action in told.actions] == [ActionKind.SPLIT]
    assert len(told.closes) == 1


def test_two_dividends_of_one_day_are_added_and_half_a_split_is_refused() -> None:
    whole = days_chart({"2024-10-14": 100.0}, splits={"2024-10-14": (2, 1)})
    rows = whole["chart"]["result"][0]["events"]
    rows["dividends"] = {
        "1": {"amount": Decimal("1.5"), "date": at("2024-10-14")},
        "2": {"amount": Decimal("0.25"), "date": at("2024-10-14")},
    }
    told = histories.history(whole, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.actions[0].terms.amount == Decimal("1.75")
    next(iter(rows["splits"].values()))["denominator"] = None
    with pytest.raises(Rejected):
        histories.history(whole, INFY, SINCE, UNTIL)


def test_an_american_day_is_new_yorks() -> None:
    """Its daily candle begins at 14:30 in London's winter, 13:30 in summer: the same day there."""
    seconds = [
        int(datetime(2024, month, 10, hour, 30, tzinfo=UTC).timestamp()) for month, hour in ((1, 14), (7, 13))
    ]
    whole = days_chart({}, currency="USD", exchangeTimezoneName="America/New_York", gmtoffset=-18000)
    result = whole["chart"]["result"][0]
    result["timestamp"] = seconds
    result["indicators"] = {"quote": [{"close": [Decimal("185.59"), Decimal("227.8")]}]}
    told = histories.history(whole, Listing("NASDAQ", "AAPL"), day("2024-01-01"), day("2025-01-01"))
    assert told is not None
    assert [one for one, _ in told.closes] == [day("2024-01-10"), day("2024-07-10")]
    assert told.currency == "USD"


def test_without_a_known_zone_the_offset_serves() -> None:
    whole = days_chart({"2024-10-14": 10.0}, exchangeTimezoneName="Nowhere/Land")
    told = histories.history(whole, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.closes == ((day("2024-10-14"), Decimal("10.00")),)


def test_pence_become_pounds() -> None:
    whole = days_chart({"2024-10-14": 12345.0}, dividends={"2024-10-14": 50.0}, currency="GBp")
    told = histories.history(whole, Listing("NYSE", "X"), SINCE, UNTIL)
    assert told is not None
    assert (told.closes[0][1], told.currency) == (Decimal("123.45"), "GBP")
    assert told.actions[0].terms.amount == Decimal("0.5")


def test_rates_are_a_pairs_closes() -> None:
    whole = days_chart({"2024-10-14": 84.0625}, currency="INR")
    usd, inr = Currency("USD"), Currency("INR")
    assert histories.rates(whole, usd, inr, SINCE, UNTIL) == (
        RateClaim(usd, inr, day("2024-10-14"), Decimal("84.062500")),
    )


@pytest.mark.parametrize(
    "empty", [{}, {"chart": {"result": []}}, {"chart": {"result": None, "error": {"code": "Not Found"}}}]
)
def test_nothing_is_none(empty: dict[str, Any]) -> None:
    assert histories.history(empty, INFY, SINCE, UNTIL) is None
    assert histories.rates(empty, Currency("USD"), Currency("INR"), SINCE, UNTIL) is None


def test_a_time_beyond_all_calendars_is_rejected() -> None:
    whole = days_chart({"2024-10-14": 10.0})
    whole["chart"]["result"][0]["timestamp"] = [10**14]
    with pytest.raises(Rejected):
        histories.history(whole, INFY, SINCE, UNTIL)


@pytest.fixture
def yahoo(outside: Outside) -> Iterator[Yahoo]:
    source = Yahoo(
        {"root_url": outside.url, "requests_per_second": "1000", "timeout_seconds": "2"},
        Gates(MemoryShared()),
    )
    yield source
    source.close()


def answered(whole: dict[str, Any]) -> Reply:
    return Reply(body=json.dumps(whole, default=float).encode())


def test_a_history_over_http_asks_until_now(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, answered(WEEK))
    told = yahoo.history(INFY, SINCE, day("2024-10-15"))
    assert told is not None
    assert len(told.closes) == 1
    (asked,) = outside.asked
    query = dict(asked.query)
    assert int(query["period1"]) < at("2024-10-14")
    assert int(query["period2"]) > at("2024-10-17")
    assert (query["interval"], query["events"]) == ("1d", "div,splits")


def test_rates_over_http(outside: Outside, yahoo: Yahoo) -> None:
    outside.on("/v8/finance/chart/USDINR%3DX", answered(days_chart({"2024-10-14": 84.05})))
    found = yahoo.rates(Currency("USD"), Currency("INR"), SINCE, UNTIL)
    assert found is not None
    assert found[0].rate == Decimal("84.05")


def test_what_yahoo_does_not_know_is_none_and_a_refusal_is_retry(outside: Outside, yahoo: Yahoo) -> None:
    assert yahoo.history(Listing("MF", "INF209K01157"), SINCE, UNTIL) is None
    assert outside.asked == []
    outside.on(CHART, Reply(404, b'{"chart":{"result":null,"error":{"code":"Not Found"}}}'))
    assert yahoo.history(INFY, SINCE, UNTIL) is None
    outside.on(CHART, Reply(429, b"Too Many Requests\r\n", "text/plain"))
    with pytest.raises(Retry):
        yahoo.history(INFY, SINCE, UNTIL)


def test_yahoo_is_a_history_source_and_knows_indices(yahoo: Yahoo) -> None:
    assert isinstance(yahoo, HistorySource)
    assert symbol_of(Listing("NSE", "NIFTY 50")) == "^NSEI"
    assert symbol_of(Listing("BSE", "SENSEX")) == "^BSESN"
