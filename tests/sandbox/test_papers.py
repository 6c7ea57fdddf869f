"""How the simulated publishers hand out their files: validators, times of print, and their whims."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.sandbox.conftest import at
from tunefolio.core.time import FixedClock
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.serve import Sandbox
from tunefolio.sandbox.world import amfi, bse, nse
from tunefolio.sandbox.world.papers import Whims

FRIDAY = "/content/cm/BhavCopy_NSE_CM_0_0_0_20261120_F_0000.csv.zip"
SATURDAY = FRIDAY.replace("20261120", "20261121")


@pytest.fixture
def world(sandbox: Sandbox, clock: FixedClock) -> Iterator[httpx2.Client]:
    clock.set(at("2026-11-20T22:00:00"))
    with httpx2.Client(base_url=sandbox.world_url) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        f"/nse{FRIDAY}", "/nse/content/historical/EQUITIES/2024/JUL/cm05JUL2024bhav.csv.zip",
        "/nse/content/equities/EQUITY_L.csv", "/nse/content/equities/symbolchange.csv",
        "/amfi/spages/NAVAll.txt",
        "/bse/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_20261120_F_0000.CSV",
    ],
)  # fmt: skip
def test_who_has_a_file_is_told_only_that(path: str, world: httpx2.Client) -> None:
    first = world.get(path)
    assert first.status_code == 200
    for condition, validator in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = world.get(path, headers={condition: first.headers[validator]})
        assert (again.status_code, again.content) == (304, b"")
    other = world.get(
        path, headers={"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    )
    assert (other.status_code, other.content) == (200, first.content), "the tag goes before the time"
    assert world.get(path, headers={"If-Modified-Since": "soon"}).status_code == 200


def test_files_are_printed_after_the_close(world: httpx2.Client, clock: FixedClock) -> None:
    clock.set(at("2026-11-20T16:59:00"))
    assert world.get(f"/nse{FRIDAY}").status_code == 404
    clock.set(at("2026-11-20T17:01:00"))
    assert world.get(f"/nse{FRIDAY}").status_code == 200
    assert world.get(f"/nse{SATURDAY}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/nse/content/cm/BhavCopy_NSE_CM_0_0_0_tomorrow_F_0000.csv.zip",
        FRIDAY.join(["/nse", ""]).replace("20261120", "20240705"),
        "/nse/content/historical/EQUITIES/2026/NOV/cm20NOV2026bhav.csv.zip",
        "/nse/content/historical/EQUITIES/2024/XXX/cm05JUL2024bhav.csv.zip",
        "/nse/content/historical/EQUITIES/2001/JUL/cm05JUL2001bhav.csv.zip",
        "/bse/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_20240705_F_0000.CSV",
        "/amfi/mfapi/mf/word",
    ],
)
def test_what_was_never_published_is_not_there(path: str, world: httpx2.Client) -> None:
    assert world.get(path).status_code == 404


def test_the_site_turns_strangers_away(world: httpx2.Client) -> None:
    security = "/nse/api/NextApi/apiClient/GetQuoteApi"
    query = {"functionName": "getSymbolData", "marketType": "N", "series": "EQ", "symbol": "INFY"}
    assert world.get(security, params=query).status_code == 403
    assert world.get("/nse/").status_code == 200
    assert world.get(security, params=query).json()["equityResponse"][0]["metaData"]["symbol"] == "INFY"
    assert world.get(security, params={**query, "symbol": "GONE"}).json() == {"equityResponse": []}


def test_on_a_whim_the_file_before_stands_under_the_holidays_name(market: Market) -> None:
    sunday = FixedClock(at("2026-11-22T12:00:00"))
    stale = Whims(serves_stale=True)
    for routes, path in (
        (nse.routes(market, sunday, stale), SATURDAY),
        (
            bse.routes(market, sunday, stale),
            "/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_20261121_F_0000.CSV",
        ),
    ):
        with TestClient(Starlette(routes=[Mount("/", routes=routes)])) as client:
            told = client.get(path)
            assert told.status_code == 200
            assert client.get(path.replace("20261121", "20261123")).status_code == 404, "not before its day"
            friday = client.get(path.replace("20261121", "20261120"))
            is_packed = path.endswith(".zip")
            assert is_packed or told.content == friday.content
            assert is_packed or b"2026-11-20" in told.content


def test_funds_are_valued_each_session_at_nine(market: Market) -> None:
    clock = FixedClock(at("2026-11-20T20:59:00"))
    with TestClient(Starlette(routes=[Mount("/", routes=amfi.routes(market, clock))])) as client:
        assert ";19-Nov-2026" in client.get("/spages/NAVAll.txt").text
        clock.set(at("2026-11-20T21:00:00"))
        assert ";20-Nov-2026" in client.get("/spages/NAVAll.txt").text
        clock.set(at("2026-11-22T10:00:00"))
        assert ";20-Nov-2026" in client.get("/spages/NAVAll.txt").text
        report = client.get("/DownloadNAVHistoryReport_Po.aspx", params={"frmdt": "21-Nov-2026"})
        assert ";21-Nov-2026" not in report.text
        assert client.get("/DownloadNAVHistoryReport_Po.aspx", params={"frmdt": "now"}).status_code == 400
        past = client.get(f"/mfapi/mf/{amfi.FUNDS[0].code}").json()
        assert past["data"][0]["date"] == "20-11-2026"
        assert len(past["data"]) > 3_000
        assert client.get("/mfapi/mf/1").json()["data"] == []
