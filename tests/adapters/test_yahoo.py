"""Yahoo: parsers on own shapes, and the whole way over real HTTP."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.http import Answer
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.adapters.prices.yahoo import Yahoo, parsers
from tunefolio.adapters.prices.yahoo.symbols import in_path, symbol_of
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.time import Instant
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import SectorClaim

SHAPES = Path(__file__).parent / "fixtures" / "yahoo"
MM = Listing("NSE", "M&M")
CHART = "/v8/finance/chart/M%26M.NS"
NOT_FOUND = Reply(404, b'{"chart":{"result":null,"error":{"code":"Not Found","description":"none"}}}')
COOKIE = Reply(404, b"<html>", "text/html", {"Set-Cookie": "A3=biscuit; Path=/; HttpOnly"})


def body(name: str, folder: Path = SHAPES) -> dict[str, Any]:
    found = parsers.document(Answer(200, {}, (folder / name).read_bytes()))
    return copy.deepcopy(dict(found))


def shape(name: str) -> Reply:
    return Reply(body=(SHAPES / name).read_bytes())


@pytest.fixture
def yahoo(outside: Outside) -> Iterator[Yahoo]:
    source = Yahoo(
        {"root_url": outside.url, "requests_per_second": "1000", "timeout_seconds": "2"},
        Gates(MemoryShared()),
    )
    yield source
    source.close()


@pytest.mark.parametrize(
    ("listing", "symbol", "path"),
    [
        (Listing("NSE", "INFY"), "INFY.NS", "INFY.NS"),
        (Listing("NSE", "CENTRALBK", "BE"), "CENTRALBK.NS", "CENTRALBK.NS"),
        (MM, "M&M.NS", "M%26M.NS"),
        (Listing("NSE", "SMALL", "SM"), "SMALL-SM.NS", "SMALL-SM.NS"),
        (Listing("BSE", "SBIN"), "SBIN.BO", "SBIN.BO"),
        (Listing("NYSE", "BRK.B"), "BRK-B", "BRK-B"),
        (Listing("ARCA", "SPY"), "SPY", "SPY"),
        (Listing("LSE", "VOD"), "VOD.L", "VOD.L"),
        (Listing("HKEX", "700"), "0700.HK", "0700.HK"),
    ],
)
def test_symbols(listing: Listing, symbol: str, path: str) -> None:
    assert symbol_of(listing) == symbol
    assert in_path(symbol) == path
    assert in_path("^NSEI") == "%5ENSEI"


def test_what_yahoo_does_not_carry_has_no_symbol() -> None:
    assert symbol_of(Listing("MF", "INF209K01157")) is None
    assert symbol_of(Listing("NFO", "NIFTY26DECFUT")) is None


def test_a_last_price_without_the_noise_of_floats() -> None:
    claim = parsers.quote(body("chart.json"), MM)
    assert claim is not None
    assert (claim.last, claim.previous_close) == (Decimal("3010.55"), Decimal("2999.00"))
    assert claim.as_of == Instant.parse("2026-11-20T15:30:00+05:30")
    assert claim.currency == "INR"


def changed(meta: dict[str, Any], **result: Any) -> dict[str, Any]:
    """The chart with some of its meta (None removes) and result replaced."""
    whole = body("chart.json")
    first = whole["chart"]["result"][0]
    first["meta"] = {name: value for name, value in (first["meta"] | meta).items() if value is not None}
    first.update(result)
    return whole


def test_pence_become_pounds() -> None:
    claim = parsers.quote(
        changed({"currency": "GBp", "regularMarketPrice": 12345, "chartPreviousClose": 12000}), MM
    )
    assert claim is not None
    assert (claim.last, claim.previous_close) == (Decimal("123.45"), Decimal(120))


def test_without_a_last_price_the_newest_close_that_is_not_null() -> None:
    columns = [{"close": [Decimal("99.5"), Decimal("100.25"), None]}]
    whole = changed({"regularMarketPrice": None}, timestamp=[10, 20, 30], indicators={"quote": columns})
    claim = parsers.quote(whole, MM)
    assert claim is not None
    assert (claim.last, claim.as_of) == (Decimal("100.25"), Instant.parse("1970-01-01T00:00:20Z"))


@pytest.mark.parametrize("indicators", [{"quote": [{}]}, {"quote": []}, {}, {"quote": [{"close": [None]}]}])
def test_no_price_at_all_is_absent(indicators: dict[str, Any]) -> None:
    whole = changed({"regularMarketPrice": None}, timestamp=[1], indicators=indicators)
    assert parsers.quote(whole, MM) is None
    del whole["chart"]["result"][0]["timestamp"]
    assert parsers.quote(whole, MM) is None


def test_no_previous_close_is_none_and_zero_is_no_price() -> None:
    claim = parsers.quote(changed({"chartPreviousClose": None}), MM)
    assert claim is not None
    assert claim.previous_close is None
    assert parsers.quote(changed({"regularMarketPrice": 0}), MM) is None


@pytest.mark.parametrize("wrong", ["12", True, Decimal("1e40")])
def test_a_price_that_is_no_number_is_rejected(wrong: Any) -> None:
    with pytest.raises(Rejected):
        parsers.quote(changed({"regularMarketPrice": wrong}), MM)


def test_another_error_in_the_envelope_is_rejected() -> None:
    with pytest.raises(Rejected, match="odd"):
        parsers.quote({"chart": {"result": None, "error": {"code": "Odd", "description": "odd"}}}, MM)
    assert parsers.quote({"chart": {"result": None, "error": {"code": "Not Found"}}}, MM) is None
    assert parsers.quote({}, MM) is None


def test_a_search_counts_only_for_exactly_the_symbol() -> None:
    whole = body("search.json")
    assert parsers.found_sector(whole, "M&M.NS") == SectorClaim(
        "Consumer Cyclical", "Auto Manufacturers", "Yahoo"
    )
    assert parsers.found_sector(whole, "M&M") is None
    assert parsers.found_sector({"quotes": [{"symbol": "X", "sector": ""}]}, "X") is None
    assert parsers.found_sector({}, "X") is None


@pytest.mark.parametrize("content", [b"", b"<html>", b"Too Many Requests\r\n", b"x" * 65])
def test_what_is_no_crumb(content: bytes) -> None:
    with pytest.raises(Retry):
        parsers.crumb(content)
    assert parsers.crumb(b"aB.c/d\n") == "aB.c/d"


def test_documents() -> None:
    with pytest.raises(Retry):
        parsers.document(Answer(200, {}, b"<html>"))
    with pytest.raises(Rejected):
        parsers.document(Answer(200, {}, b"[]"))


def test_quotes_over_http(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, shape("chart.json"))
    outside.on("/v8/finance/chart/GONE.NS", NOT_FOUND)
    found = yahoo.quotes([MM, Listing("NSE", "GONE"), Listing("MF", "X"), MM])
    assert set(found) == {MM}
    assert [asked.path for asked in outside.asked] == [CHART, "/v8/finance/chart/GONE.NS"]
    assert outside.asked[0].query == [("range", "1d"), ("interval", "1d")]


def test_after_a_refusal_it_rests(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, Reply(429, b"Too Many Requests\r\n", "text/plain"))
    for _ in range(3):
        with pytest.raises(Retry) as caught:
            yahoo.quotes([MM])
        assert caught.value.after is not None
        assert timedelta(seconds=55) < caught.value.after <= timedelta(seconds=60)
    assert len(outside.asked) == 1


def test_refused_in_the_middle_it_answers_what_it_has(outside: Outside, yahoo: Yahoo) -> None:
    outside.on(CHART, shape("chart.json"))
    outside.on("/v8/finance/chart/INFY.NS", Reply(429))
    assert set(yahoo.quotes([MM, Listing("NSE", "INFY"), Listing("NSE", "TCS")])) == {MM}
    assert len(outside.asked) == 2


def test_a_sector_by_search_alone(outside: Outside, yahoo: Yahoo) -> None:
    outside.on("/v1/finance/search", shape("search.json"))
    assert yahoo.sector(MM) == SectorClaim("Consumer Cyclical", "Auto Manufacturers", "Yahoo")
    assert yahoo.sector(Listing("MF", "X")) is None
    (asked,) = outside.asked
    assert asked.query[0] == ("q", "M&M.NS")


def profile(outside: Outside, *replies: Reply) -> None:
    outside.on("/v1/finance/search", Reply(body=b'{"quotes": []}'))
    outside.on("/fc", COOKIE)
    outside.on("/v1/test/getcrumb", Reply(body=b"first", content_type="text/plain"), Reply(body=b"second"))
    outside.on("/v10/finance/quoteSummary/M%26M.NS", *replies)


def test_a_sector_by_profile_with_cookie_and_crumb(outside: Outside, yahoo: Yahoo) -> None:
    profile(outside, shape("profile.json"))
    assert yahoo.sector(MM) == SectorClaim("Industrials", "Railroads", "Yahoo")
    yahoo.sector(MM)
    paths = [asked.path for asked in outside.asked]
    assert paths.count("/v1/test/getcrumb") == paths.count("/fc") == 1
    asked = outside.asked[3]
    assert ("crumb", "first") in asked.query
    assert "A3=biscuit" in asked.headers["cookie"]


def test_a_crumb_that_ran_out_is_fetched_again_once(outside: Outside, yahoo: Yahoo) -> None:
    profile(outside, Reply(401, b"{}"), shape("profile.json"))
    assert yahoo.sector(MM) is not None
    assert ("crumb", "second") in outside.asked[-1].query
    profile(outside, Reply(401, b"{}"))
    with pytest.raises(Retry, match="none of its own crumbs"):
        yahoo.sector(MM)
    asked = len(outside.asked)
    with pytest.raises(Retry, match="left alone"):
        yahoo.sector(MM)
    assert len(outside.asked) == asked


def test_a_symbol_without_a_profile_has_no_sector(outside: Outside, yahoo: Yahoo) -> None:
    profile(outside, Reply(404, b"{}"))
    assert yahoo.sector(MM) is None


def test_no_cookie_or_no_crumb_is_retry(outside: Outside, yahoo: Yahoo) -> None:
    profile(outside, shape("profile.json"))
    outside.on("/fc", Reply(404, b"", "text/html"))
    with pytest.raises(Retry, match="no cookie"):
        yahoo.sector(MM)
    outside.on("/fc", COOKIE)
    outside.on("/v1/test/getcrumb", Reply(body=b""))
    with pytest.raises(Retry, match="no crumb"):
        yahoo.sector(MM)


def test_options() -> None:
    with pytest.raises(Misuse, match=r"yahoo\.query2_url"):
        SOURCES.of("yahoo")({"query2_url": "nowhere"}, Gates(MemoryShared()))
    with pytest.raises(Misuse, match=r"yahoo\.root_url"):
        Yahoo({"root_url": "nowhere"}, Gates(MemoryShared()))


def test_the_recorded_shapes(recorded: Path) -> None:
    folder = recorded / "yahoo"
    claim = parsers.quote(body("chart_1d.json", folder), Listing("NSE", "INFY"))
    assert claim is not None
    assert (claim.last, claim.previous_close) == (Decimal(102), Decimal(99))
    wanted = SectorClaim("Technology", "Information Technology Services", "Yahoo")
    assert parsers.found_sector(body("search.json", folder), "INFY.NS") == wanted
    assert parsers.profile_sector(body("quote_summary.json", folder)) == wanted
    for name, kind in (("chart_not_found", Rejected), ("rate_limited", Retry)):
        told = json.loads((folder / f"{name}.http.json").read_text())
        content = told.get("text") or json.dumps(told.get("body"))
        assert isinstance(parsers.judged(Answer(told["http_status"], {}, content.encode())), kind)
