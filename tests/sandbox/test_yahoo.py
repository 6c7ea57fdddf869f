"""Yahoo's face: charts, search, profiles behind cookie and crumb."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from tests.sandbox.conftest import TRADING
from tests.sandbox.test_kite import keys_of
from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox.serve import Sandbox
from tunefolio.sandbox.universe import Kind

DELISTED = "No data found, symbol may be delisted"
SECTORS = {
    "Basic Materials", "Communication Services", "Consumer Cyclical", "Consumer Defensive", "Energy",
    "Financial Services", "Healthcare", "Industrials", "Real Estate", "Technology", "Utilities",
}  # fmt: skip


@pytest.fixture
def yahoo(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=sandbox.yahoo_url) as client:
        yield client


def chart(yahoo: httpx2.Client, symbol: str, **query: Any) -> Any:
    answer = yahoo.get(f"/v8/finance/chart/{symbol}", params=query)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["chart"]["result"]
    return result


def crumb(yahoo: httpx2.Client) -> str:
    assert yahoo.get("/fc").status_code == 404
    return yahoo.get("/v1/test/getcrumb").text


def sample(name: str) -> Any:
    path = Path(os.environ.get("TUNEFOLIO_DATA") or "/nowhere") / ".." / "fixtures" / "wire" / "yahoo" / name
    if not path.is_file():
        pytest.skip("the sample answers are not here (TUNEFOLIO_DATA)")
    return json.loads(path.read_text("utf-8"))


def test_a_chart_agrees_with_the_market(yahoo: httpx2.Client, sandbox: Sandbox) -> None:
    listed = sandbox.market.universe.of("NSE:M&M")
    result = chart(yahoo, "M%26M.NS", range="1y", interval="1d", events="div,splits")
    assert result["meta"]["symbol"] == "M&M.NS"
    assert round(result["meta"]["regularMarketPrice"] * 100) == sandbox.market.price(listed, TRADING)
    quote = result["indicators"]["quote"][0]
    assert len({len(column) for column in (*quote.values(), result["timestamp"])}) == 1
    assert round(quote["close"][-1] * 100) == sandbox.market.price(listed, TRADING)
    assert len(result["events"]["dividends"]) == 1
    weekly = chart(yahoo, "M%26M.NS", range="1y", interval="1wk")
    assert max(weekly["indicators"]["quote"][0]["high"]) == max(quote["high"])


def test_charts_know_intervals_ranges_and_periods(yahoo: httpx2.Client) -> None:
    end = int(TRADING.utc.timestamp())
    minutes = chart(yahoo, "INFY.NS", period1=end - 600, period2=end, interval="1m")["timestamp"]
    assert len(minutes) == 10
    assert len(chart(yahoo, "INFY.BO", range="1d", interval="5m")["timestamp"]) == 23
    assert chart(yahoo, "^NSEI", range="5d")["meta"]["instrumentType"] == "INDEX"
    assert "timestamp" not in chart(yahoo, "INFY.NS", period1=end + 864000, period2=end + 964000)
    for wrong in ({"interval": "7m"}, {"range": "3w"}, {"period1": "soon"}):
        assert yahoo.get("/v8/finance/chart/INFY.NS", params=wrong).status_code in (400, 422)


def test_shapes_are_those_of_the_samples(yahoo: httpx2.Client) -> None:
    theirs = sample("chart_1d.json")["chart"]["result"][0]
    ours = chart(yahoo, "INFY.NS", range="1y", interval="1d", events="div")
    assert keys_of(ours["meta"]) == keys_of(theirs["meta"])
    assert ours["indicators"].keys() == theirs["indicators"].keys()
    assert keys_of(yahoo.get("/v1/finance/search", params={"q": "infy.ns"}).json()) == keys_of(
        sample("search.json")
    )
    modules = "assetProfile,quoteType,summaryDetail,defaultKeyStatistics,financialData"
    query = {"modules": modules, "crumb": crumb(yahoo)}
    summary = yahoo.get("/v10/finance/quoteSummary/INFY.NS", params=query).json()
    assert keys_of(summary) == keys_of(sample("quote_summary.json"))


def test_an_unknown_symbol_is_not_found(yahoo: httpx2.Client) -> None:
    answer = yahoo.get("/v8/finance/chart/NOSUCH.NS")
    assert answer.status_code == 404
    assert answer.json()["chart"] == {
        "result": None, "error": {"code": "Not Found", "description": DELISTED},
    }  # fmt: skip


def test_search_finds_by_symbol_and_by_name(yahoo: httpx2.Client) -> None:
    quotes = yahoo.get("/v1/finance/search", params={"q": "Mahindra &"}).json()["quotes"]
    assert {quote["symbol"] for quote in quotes} >= {"M&M.NS", "M&M.BO"}
    assert quotes[0]["sector"] == "Consumer Cyclical"
    assert yahoo.get("/v1/finance/search", params={"q": ""}).json()["count"] == 0
    assert (
        len(yahoo.get("/v1/finance/search", params={"q": "ltd limited", "quotesCount": "x"}).json()["quotes"])
        == 0
    )


def test_profiles_ask_for_cookie_and_crumb(yahoo: httpx2.Client) -> None:
    path = "/v10/finance/quoteSummary/INFY.NS"
    without = yahoo.get(path, params={"modules": "assetProfile"})
    assert (without.status_code, without.json()["finance"]["error"]["description"]) == (401, "Invalid Cookie")
    assert yahoo.get("/v1/test/getcrumb").status_code == 401
    right = crumb(yahoo)
    wrong = yahoo.get(path, params={"modules": "assetProfile", "crumb": "guess"})
    assert (wrong.status_code, wrong.json()["finance"]["error"]["description"]) == (401, "Invalid Crumb")
    answer = yahoo.get(path, params={"modules": "assetProfile,unheard", "crumb": right})
    (result,) = answer.json()["quoteSummary"]["result"]
    assert result["assetProfile"]["sector"] == "Technology"
    assert result.keys() == {"assetProfile"}
    assert yahoo.get(path, params={"modules": "", "crumb": right}).status_code == 400
    lost = yahoo.get("/v10/finance/quoteSummary/X.NS", params={"modules": "assetProfile", "crumb": right})
    assert lost.status_code == 404


def test_every_sector_word_is_yahoos(yahoo: httpx2.Client, sandbox: Sandbox) -> None:
    query = {"modules": "assetProfile", "crumb": crumb(yahoo)}
    found = set()
    for listed in sandbox.market.universe:
        if listed.exchange == "NSE" and listed.company.kind is Kind.SHARE and listed.company.sector:
            symbol = listed.company.symbol.replace("&", "%26")
            answer = yahoo.get(f"/v10/finance/quoteSummary/{symbol}.NS", params=query)
            found.add(answer.json()["quoteSummary"]["result"][0]["assetProfile"]["sector"])
    assert found == SECTORS


def test_who_asks_too_often_is_told_so(limited: Sandbox) -> None:
    with httpx2.Client(base_url=limited.yahoo_url) as yahoo:
        answers = [yahoo.get("/v8/finance/chart/INFY.NS") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].text == "Too Many Requests\r\n"


def test_planned_faults_speak_yahoos_dialect(yahoo: httpx2.Client, sandbox: Sandbox) -> None:
    sandbox.yahoo_faults.plan("429")
    sandbox.yahoo_faults.plan("dead_token")
    assert yahoo.get("/v8/finance/chart/INFY.NS").text == "Too Many Requests\r\n"
    assert yahoo.get("/v8/finance/chart/INFY.NS").status_code == 200


def days_of(result: Any) -> list[str]:
    zone = ZoneInfo(result["meta"]["exchangeTimezoneName"])
    return [
        datetime.fromtimestamp(stamp, UTC).astimezone(zone).date().isoformat()
        for stamp in result["timestamp"]
    ]


def test_years_of_days_with_what_the_company_did(yahoo: httpx2.Client, sandbox: Sandbox) -> None:
    """Closes in today's units run on through a split; the event alone tells of it, and so what was paid."""
    listed = sandbox.market.universe.of("NSE:TECHM")
    start = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp())
    result = chart(yahoo, "TECHM.NS", period1=start, period2=9999999999, interval="1d", events="div,splits")
    days, closes = days_of(result), result["indicators"]["quote"][0]["close"]
    assert len(days) > 2_600
    assert len(set(days)) == len(days)
    (split,) = result["events"]["splits"].values()
    assert (split["numerator"], split["denominator"], split["splitRatio"]) == (5.0, 1.0, "5:1")
    ex_day = days[result["timestamp"].index(split["date"])]
    assert ex_day == "2026-03-16"
    place = days.index(ex_day)
    assert abs(closes[place] / closes[place - 1] - 1) < 0.1
    before, after = (TradingDay.parse(days[place + step]) for step in (-1, 0))
    assert sandbox.market.paid(listed, before) == 5 * round(closes[place - 1] * 100)
    assert sandbox.market.paid(listed, after) == round(closes[place] * 100)
    dividends = [
        days[result["timestamp"].index(one["date"])] for one in result["events"]["dividends"].values()
    ]
    assert [day[:7] for day in dividends] == [f"{year}-07" for year in range(2016, 2027)]


def test_an_event_keeps_its_day_whatever_is_asked_for(yahoo: httpx2.Client) -> None:
    def days(range_: str) -> set[int]:
        result = chart(yahoo, "NESTLEIND.NS", range=range_, interval="1d", events="div,splits")
        return {one["date"] for kind in result.get("events", {}).values() for one in kind.values()}

    assert days("1mo") == set()
    assert len(days("6mo")) == 2
    assert days("6mo") < days("5y")


def test_minutes_carry_no_events(yahoo: httpx2.Client) -> None:
    assert "events" not in chart(yahoo, "INFY.NS", range="1d", interval="5m", events="div,splits")


def test_american_shares_speak_of_dollars_and_new_york(yahoo: httpx2.Client) -> None:
    result = chart(yahoo, "AAPL", range="1mo", interval="1d", events="div,splits")
    meta = result["meta"]
    assert (meta["currency"], meta["exchangeName"], meta["exchangeTimezoneName"]) == (
        "USD", "NMS", "America/New_York",
    )  # fmt: skip
    assert days_of(result)[-1] == "2026-11-19"  # in the Indian morning it is still the night before there
    epochs = [
        str(int(Instant.parse(f"{day}T12:00:00Z").utc.timestamp())) for day in ("2025-07-02", "2025-07-09")
    ]
    summer = chart(yahoo, "AAPL", period1=epochs[0], period2=epochs[1], interval="1d")
    assert "2025-07-03" in days_of(summer)
    assert "2025-07-04" not in days_of(summer)
    assert chart(yahoo, "BRK-B", range="5d")["meta"]["exchangeName"] == "NYQ"


def test_what_a_dollar_costs(yahoo: httpx2.Client) -> None:
    result = chart(yahoo, "USDINR%3DX", range="10y", interval="1d")
    closes = result["indicators"]["quote"][0]["close"]
    assert result["meta"]["instrumentType"] == "CURRENCY"
    assert 40 < min(closes) < max(closes) < 110
    assert max(abs(one / two - 1) for one, two in zip(closes[1:], closes, strict=False)) < 0.03
    assert "events" not in chart(yahoo, "USDINR%3DX", range="1y", interval="1d", events="div")
