"""BSE's daily file and its list of scrips: in its own shapes, over real HTTP, and simulated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.india import NO_WAIT, day, gates, refused_politely, rehearsal, table, udiff, udiff_row
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.bhavcopies import day_file
from tunefolio.adapters.prices.bse import Bse, lists
from tunefolio.adapters.prices.bse.source import cash_path
from tunefolio.adapters.published import plain
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import BarSource, DayFileSource, InstrumentSource
from tunefolio.sandbox.serve import Sandbox

ON = day("2026-11-20")
SCRIPS = "/BseIndiaAPI/api/ListofScripData/w"


def scrip(**cells: Any) -> dict[str, Any]:
    told = {
        "SCRIP_CD": "500209", "Scrip_Name": "Infosys Ltd", "Status": "Active", "GROUP": "A",
        "FACE_VALUE": "5.00", "ISIN_NUMBER": "INE009A01021", "INDUSTRY": None, "scrip_id": "INFY",
        "Segment": "Equity", "NSURL": "", "Issuer_Name": "Infosys Limited", "Mktcap": "",
    }  # fmt: skip
    return {**told, **cells}


def source(outside: Outside, **options: str) -> Bse:
    return Bse({"root_url": outside.url, **NO_WAIT, **options}, gates())


def test_scrips_are_named_by_their_tickers_whatever_their_group() -> None:
    rows = lists.listed(
        [
            scrip(),
            scrip(scrip_id="OLD", Status="Delisted"),
            scrip(scrip_id="", SCRIP_CD="1"),
            scrip(scrip_id="noisin", ISIN_NUMBER="NA", Issuer_Name="", SCRIP_CD=500001),
            scrip(scrip_id="LIQ", ISIN_NUMBER="INF204KB14I2"),
        ]
    )
    assert [(row.claim.listing, row.claim.name, row.token) for row in rows] == [
        (Listing("BSE", "INFY"), "Infosys Limited", "500209"),
        (Listing("BSE", "NOISIN"), "Infosys Ltd", "500001"),
        (Listing("BSE", "LIQ"), "Infosys Limited", "500209"),
    ]
    assert [row.claim.isin for row in rows] == ["INE009A01021", None, "INF204KB14I2"]
    assert rows[2].claim.asset_class is AssetClass.ETF


@pytest.mark.parametrize("body", [{}, None, "no", [1]])
def test_a_list_of_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(Rejected):
        lists.listed(body)


def test_the_ports_it_fills() -> None:
    bse = Bse({}, gates())
    assert isinstance(bse, DayFileSource)
    assert isinstance(bse, InstrumentSource)
    assert not isinstance(bse, BarSource)
    assert bse.serves(Listing("BSE", "INFY"))
    assert not bse.serves(Listing("BSE", "SENSEX"))
    assert not bse.serves(Listing("NSE", "INFY", "EQ"))
    with pytest.raises(Misuse, match=r"bse\.files_url"):
        Bse({"files_url": "x"}, gates())


def test_a_file_is_read_and_a_missing_one_is_none(outside: Outside) -> None:
    path = cash_path(ON)
    assert path == "/download/BhavCopy/Equity/BhavCopy_BSE_CM_0_0_0_20261120_F_0000.CSV"
    row = udiff_row("2026-11-20", "INFY", "A", src="BSE", fininstrmid="500209")
    outside.on(path, Reply(body=udiff(row), content_type="application/octet-stream"))
    lost = {"Location": "https://www.bseindia.com/error_Bse.html"}
    outside.on(cash_path(day("2026-11-23")), Reply(302, b"", "text/html", lost))
    outside.on(cash_path(day("2026-11-24")), Reply(302, b"", "text/html", {"Location": "/elsewhere"}))
    bse = source(outside)
    told = bse.day_file(ON)
    assert told is not None
    assert [(one.listing, one.bar.close) for one in told.bars] == [
        (Listing("BSE", "INFY"), Decimal("108.25"))
    ]
    assert bse.day_file(day("2026-11-21")) is None
    assert bse.day_file(day("2026-11-23")) is None
    with pytest.raises(Rejected, match="302"):
        bse.day_file(day("2026-11-24"))
    assert bse.day_file(day("2024-07-05")) is None, "before UDiFF scrips have no tickers there"
    assert len(outside.asked) == 4
    bse.close()


def test_half_a_file_is_asked_for_again(outside: Outside) -> None:
    content = udiff(*(udiff_row("2026-11-20", f"S{number}") for number in range(50)))
    outside.on(cash_path(ON), Reply(body=content[: len(content) // 2], content_type="text/csv"))
    bse = source(outside)
    with pytest.raises(Retry, match="breaks off"):
        bse.day_file(ON)
    outside.on(cash_path(ON), Reply(body=udiff(udiff_row("2026-11-19", "INFY"))))
    with pytest.raises(Rejected) as caught:
        bse.day_file(ON)
    assert caught.value.code == "wrong_date"
    bse.close()


def test_an_unchanged_list_is_not_sent_again(outside: Outside) -> None:
    body = json.dumps([scrip()]).encode()
    outside.on(SCRIPS, Reply(body=body, headers={"ETag": '"7"'}), Reply(304))
    bse = source(outside)
    assert list(bse.instruments()) == list(bse.instruments())
    assert outside.asked[1].headers["if-none-match"] == '"7"'
    assert dict(outside.asked[0].query)["status"] == "Active"
    assert outside.asked[0].headers["referer"] == "https://www.bseindia.com/"
    bse.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with rehearsal() as running:
        yield running


def test_the_simulated_exchange(sandbox: Sandbox) -> None:
    bse = Bse({"root_url": f"{sandbox.world_url}/bse", **NO_WAIT}, gates())
    told = bse.day_file(ON)
    assert told is not None
    listed = {row.claim.listing: row for row in bse.instruments()}
    assert {one.listing for one in told.bars} == set(listed)
    for one in told.bars:
        simulated = sandbox.market.universe.of(f"BSE:{one.listing.symbol}")
        assert one.bar.close == Decimal(sandbox.market.paid(simulated, ON)) / 100
        assert listed[one.listing].token == str(simulated.exchange_token)
    assert bse.day_file(day("2026-11-21")) is None
    bse.close()


WHOLE = table(
    *udiff(*(udiff_row("2026-11-20", f"S{number}", "A") for number in range(20))).decode().split("\n")
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=40), st.integers(0, 500))
def test_garbled_files_are_refused_politely(at: int, noise: bytes, cut: int) -> None:
    garbled = WHOLE[:at] + noise + WHOLE[at + cut :]
    refused_politely(
        lambda: day_file(plain(garbled), "bse", ON, who="BSE", naming=lambda name, _: Listing("BSE", name))
    )
