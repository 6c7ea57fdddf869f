"""Yahoo's face: charts, search, profiles behind cookie and crumb."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.sandbox.conftest import TRADING
from tests.sandbox.test_kite import keys_of
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
