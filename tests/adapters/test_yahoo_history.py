"""Yahoo's past: closes divided by later splits become what was paid; dividends and splits become actions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.adapters.outside import Outside, Reply
from tunefolio.adapters import jsons
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices.yahoo import Yahoo, histories
from tunefolio.adapters.prices.yahoo.symbols import symbol_of
from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind, Terms
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import UNSAID, BarsClaim, BarSource, RateClaim

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


class Told(NamedTuple):
    """What a chart says of the past, its closes alone."""

    closes: tuple[tuple[TradingDay, Decimal], ...]
    currency: Currency
    actions: tuple[ActionClaim, ...]


def history(whole: dict[str, Any], listing: Listing, since: TradingDay, until: TradingDay) -> Told | None:
    claim = histories.bars(whole, listing, since=since, until=until, now=Instant.parse("2027-01-01T00:00Z"))
    if claim is None:
        return None
    return Told(tuple((bar.day, bar.close) for bar in claim.bars), claim.currency, claim.actions)


WEEK = days_chart(
    {"2024-10-14": 656.0, "2024-10-15": 655.4750061, "2024-10-16": None, "2024-10-17": 660.25},
    dividends={"2024-10-15": 2.5},
    splits={"2024-10-17": (2, 1)},
)


def test_closes_before_a_split_become_what_was_paid() -> None:
    told = history(WEEK, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.currency == "INR"
    assert told.closes == (
        (day("2024-10-14"), Decimal("1312.00")),
        (day("2024-10-15"), Decimal("1310.95")),
        (day("2024-10-17"), Decimal("660.25")),
    )


def test_dividends_are_told_as_paid_and_splits_as_new_for_old() -> None:
    told = history(WEEK, INFY, SINCE, UNTIL)
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
    told = history(WEEK, INFY, SINCE, day("2024-10-15"))
    assert told is not None
    assert told.closes == ((day("2024-10-14"), Decimal("1312.00")),)
    assert len(told.actions) == 2


def test_what_happened_before_is_left_out() -> None:
    told = history(WEEK, INFY, day("2024-10-16"), UNTIL)
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
    told = history(whole, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.actions[0].terms.amount == Decimal("1.75")
    next(iter(rows["splits"].values()))["denominator"] = None
    with pytest.raises(Rejected):
        history(whole, INFY, SINCE, UNTIL)


def test_an_american_day_is_new_yorks() -> None:
    """Its daily candle begins at 14:30 in London's winter, 13:30 in summer: the same day there."""
    seconds = [
        int(datetime(2024, month, 10, hour, 30, tzinfo=UTC).timestamp()) for month, hour in ((1, 14), (7, 13))
    ]
    whole = days_chart({}, currency="USD", exchangeTimezoneName="America/New_York", gmtoffset=-18000)
    result = whole["chart"]["result"][0]
    result["timestamp"] = seconds
    result["indicators"] = {"quote": [{"close": [Decimal("185.59"), Decimal("227.8")]}]}
    told = history(whole, Listing("NASDAQ", "AAPL"), day("2024-01-01"), day("2025-01-01"))
    assert told is not None
    assert [one for one, _ in told.closes] == [day("2024-01-10"), day("2024-07-10")]
    assert told.currency == "USD"


def test_without_a_known_zone_the_offset_serves() -> None:
    whole = days_chart({"2024-10-14": 10.0}, exchangeTimezoneName="Nowhere/Land")
    told = history(whole, INFY, SINCE, UNTIL)
    assert told is not None
    assert told.closes == ((day("2024-10-14"), Decimal("10.00")),)


def test_pence_become_pounds() -> None:
    whole = days_chart({"2024-10-14": 12345.0}, dividends={"2024-10-14": 50.0}, currency="GBp")
    told = history(whole, Listing("NYSE", "X"), SINCE, UNTIL)
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
    assert history(empty, INFY, SINCE, UNTIL) is None
    assert histories.rates(empty, Currency("USD"), Currency("INR"), SINCE, UNTIL) is None


def test_a_time_beyond_all_calendars_is_rejected() -> None:
    whole = days_chart({"2024-10-14": 10.0})
    whole["chart"]["result"][0]["timestamp"] = [10**14]
    with pytest.raises(Rejected):
        history(whole, INFY, SINCE, UNTIL)


def whole_chart(**meta: Any) -> dict[str, Any]:
    """Three days with everything told, the middle one without its high, and a split on the last."""
    closes: dict[str, float | None] = {"2024-10-14": 656.0, "2024-10-15": 655.5, "2024-10-17": 660.25}
    whole = days_chart(closes, splits={"2024-10-17": (2, 1)}, **meta)
    columns = whole["chart"]["result"][0]["indicators"]["quote"][0]
    columns["open"] = [Decimal("650.0000001"), Decimal(651), Decimal(655)]
    columns["high"] = [Decimal(660), None, Decimal(665)]
    columns["low"] = [Decimal(645), Decimal(650), Decimal(652)]
    columns["volume"] = [1000, None, 2001]
    return whole


def later() -> Instant:
    return Instant.parse("2024-10-18T09:00:00+05:30")


def bars(whole: dict[str, Any], now: Instant | None = None) -> BarsClaim:
    told = histories.bars(whole, INFY, since=SINCE, until=UNTIL, now=now or later())
    assert told is not None
    return told


def test_bars_before_a_split_become_what_was_paid_and_what_was_traded() -> None:
    told = bars(whole_chart())
    assert told.currency == "INR"
    assert told.bars == (
        Bar(day("2024-10-14"), Decimal(1312), Decimal(1300), Decimal(1320), Decimal(1290), 500),
        Bar(day("2024-10-15"), Decimal(1311)),
        Bar(day("2024-10-17"), Decimal("660.25"), Decimal(655), Decimal(665), Decimal(652), 2001),
    )
    assert [one.terms.kind for one in told.actions] == [ActionKind.SPLIT]


def test_a_running_session_is_no_bar_until_it_is_over() -> None:
    end = at("2024-10-17") + 6 * 3600 + 900
    whole = whole_chart(currentTradingPeriod={"regular": {"start": at("2024-10-17"), "end": end}})
    running = Instant(datetime.fromtimestamp(end - 1, UTC))
    assert [bar.day for bar in bars(whole, running).bars] == [day("2024-10-14"), day("2024-10-15")]
    assert len(bars(whole, Instant(datetime.fromtimestamp(end, UTC))).bars) == 3


def test_a_bar_in_pence_is_told_in_pounds() -> None:
    told = bars(whole_chart(currency="GBp"))
    assert told.currency == "GBP"
    assert told.bars[2].close == Decimal("6.6025")
    assert told.bars[2].open == Decimal("6.55")


def test_a_chart_without_columns_has_no_bars() -> None:
    whole = days_chart({})
    assert bars(whole).bars == ()
    assert histories.bars({}, INFY, since=SINCE, until=UNTIL, now=later()) is None


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


def test_the_past_over_http_is_asked_until_now(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, answered(WEEK))
    told = yahoo.bars(INFY, SINCE, day("2024-10-15"))
    assert told is not None
    assert len(told.bars) == 1
    (asked,) = outside.asked
    query = dict(asked.query)
    assert int(query["period1"]) < at("2024-10-14")
    assert int(query["period2"]) > at("2024-10-17")
    assert (query["interval"], query["events"]) == ("1d", "div,splits")


def test_bars_over_http(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, answered(whole_chart()))
    told = yahoo.bars(INFY, SINCE, UNTIL)
    assert told is not None
    assert len(told.bars) == 3
    assert yahoo.bars(Listing("MF", "INF209K01157"), SINCE, UNTIL) is None
    assert yahoo.bars(INFY, UNTIL, UNTIL) == BarsClaim((), UNSAID)
    assert len(outside.asked) == 1


def test_rates_over_http(outside: Outside, yahoo: Yahoo) -> None:
    outside.on("/v8/finance/chart/USDINR%3DX", answered(days_chart({"2024-10-14": 84.05})))
    found = yahoo.rates(Currency("USD"), Currency("INR"), SINCE, UNTIL)
    assert found is not None
    assert found[0].rate == Decimal("84.05")


def test_what_yahoo_does_not_know_is_none_and_a_refusal_is_retry(outside: Outside, yahoo: Yahoo) -> None:
    assert yahoo.bars(Listing("MF", "INF209K01157"), SINCE, UNTIL) is None
    assert outside.asked == []
    outside.on(CHART, Reply(404, b'{"chart":{"result":null,"error":{"code":"Not Found"}}}'))
    assert yahoo.bars(INFY, SINCE, UNTIL) is None
    outside.on(CHART, Reply(429, b"Too Many Requests\r\n", "text/plain"))
    with pytest.raises(Retry):
        yahoo.bars(INFY, SINCE, UNTIL)


def test_yahoo_is_a_source_of_bars_and_knows_indices(yahoo: Yahoo) -> None:
    assert isinstance(yahoo, BarSource)
    assert symbol_of(Listing("NSE", "NIFTY 50")) == "^NSEI"
    assert symbol_of(Listing("BSE", "SENSEX")) == "^BSESN"
