"""Lists of instruments: each broker's own shape, and the faces of the rehearsal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunefolio.adapters.brokers.angelone import instruments as angel
from tunefolio.adapters.brokers.kotakneo import instruments as kotak
from tunefolio.adapters.brokers.zerodha.instruments import parse_master
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.secret import Secret
from tunefolio.core.time import TradingDay
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import InstrumentSource, MasterRow
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

KITE_COLUMNS = (
    "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,"
    "strike,tick_size,lot_size,instrument_type,segment,exchange\n"
)
KITE = (
    KITE_COLUMNS.encode()
    + b"""\
408065,1594,INFY,INFOSYS,0.0,,0.0,0.1,1,EQ,NSE,NSE
3813889,14898,CENTRALBK-BE,CENTRAL BANK OF INDIA,0.0,,0.0,0.05,1,EQ,NSE,NSE
256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE
12073986,47164,NIFTY26NOV24500CE,NIFTY,0.0,2026-11-24,24500.0,0.05,65,CE,NFO-OPT,NFO
13693186,53489,INFY26NOVFUT,INFY,0.0,2026-11-24,0.0,0.1,400,FUT,NFO-FUT,NFO
1,1,MYSTERY,,0.0,,0.0,0.05,1,EQ,XYZ,XYZ
"""
)


def angels(**more: str) -> dict[str, str]:
    row = {
        "token": "3045", "symbol": "SBIN-EQ", "name": "SBIN", "expiry": "", "strike": "-1.000000",
        "lotsize": "1", "instrumenttype": "", "exch_seg": "NSE", "tick_size": "5.000000",
    }  # fmt: skip
    return row | more


INDEX = {"instrumenttype": "AMXIDX", "strike": "0.000000", "tick_size": "0.000000"}
OPTION = {"instrumenttype": "OPTIDX", "exch_seg": "NFO", "strike": "2450000.000000", "lotsize": "65"}
FUTURE = {"instrumenttype": "FUTCOM", "exch_seg": "MCX", "lotsize": "-1"}
ANGEL = [
    angels(),
    angels(token="99926000", symbol="Nifty 50", name="NIFTY", **INDEX),
    angels(token="5", symbol="NIFTY24NOV2624500CE", name="NIFTY", expiry="24NOV2026", **OPTION),
    angels(token="6", symbol="GOLDM04DEC26FUT", name="GOLDM", expiry="04DEC2026", **FUTURE),
    angels(token="7", symbol="011NSETEST-EQ"),
    angels(token="8", symbol="A{B}-EQ", is_cas_enabled="1"),
    angels(token="9", symbol="WHEAT", exch_seg="NCDEX"),
]

KOTAK_COLUMNS = (
    "pSymbol,pGroup,pExchSeg,pInstType,pSymbolName,pTrdSymbol,pOptionType,pISIN,pDesc,"
    "dTickSize,lLotSize,lExpiryDate,lPrecision,dStrikePrice;,pCurrectionTime\n"
)
KOTAK = f"""{KOTAK_COLUMNS}\
11915,EQ,nse_cm,,YESBANK,YESBANK-EQ,,INE528G01035,YES BANK LIMITED,1,1,-1,2,-1,315513000.0
14898,BE,nse_cm,,CENTRALBK,CENTRALBK-BE,,INE483A01010,CENTRAL BANK OF INDIA,5,1,-1,2,-1;,315513000.0
"""


def test_kite_tells_shares_indices_and_contracts() -> None:
    infy, central, nifty, option, future = parse_master(KITE)
    assert (infy.claim.listing, infy.token, infy.tick, infy.lot) == (
        Listing("NSE", "INFY"), "408065", Decimal("0.1"), Decimal(1)
    )  # fmt: skip
    assert central.claim.listing == Listing("NSE", "CENTRALBK", "BE")
    assert (nifty.claim.asset_class, nifty.tick, nifty.lot) == (AssetClass.INDEX, None, None)
    assert (option.claim.asset_class, option.expiry, option.strike) == (
        AssetClass.OPTION, TradingDay.parse("2026-11-24"), Decimal("24500.0")
    )  # fmt: skip
    assert (future.claim.asset_class, future.strike, future.lot) == (AssetClass.FUTURE, None, Decimal(400))


def test_angel_tells_prices_in_hundredths_and_test_symbols_that_are_left_out() -> None:
    share, index, option, future, braces = angel.parse(json.dumps(ANGEL).encode())
    assert (share.claim.listing, share.tick, share.claim.name) == (
        Listing("NSE", "SBIN", "EQ"),
        Decimal("0.05"),
        "",
    )
    assert (index.claim.listing, index.claim.asset_class) == (Listing("NSE", "NIFTY 50"), AssetClass.INDEX)
    assert (option.strike, option.expiry, option.lot) == (
        Decimal(24500), TradingDay.parse("2026-11-24"), Decimal(65)
    )  # fmt: skip
    assert (future.claim.asset_class, future.lot, future.strike) == (AssetClass.FUTURE, None, None)
    assert braces.claim.listing == Listing("NSE", "A{B}", "EQ")


def test_kotak_counts_days_from_1980_and_writes_a_semicolon_into_its_header() -> None:
    yes, central = kotak.parse(KOTAK.encode(), "nse_cm")
    assert (yes.claim.listing, yes.claim.isin, yes.tick) == (
        Listing("NSE", "YESBANK", "EQ"), "INE528G01035", Decimal("0.01")
    )  # fmt: skip
    assert (central.claim.listing.series, central.tick) == ("BE", Decimal("0.05"))
    contract = "40001,,nse_fo,OPTIDX,NIFTY,NIFTY26NOV24500CE,CE,,,5,65,1479945600,2,2450000,315513000.0\n"
    (option,) = kotak.parse((KOTAK.splitlines()[0] + "\n" + contract).encode(), "nse_fo")
    assert (option.expiry, option.strike) == (TradingDay.parse("2026-11-24"), Decimal(24500))


@pytest.mark.parametrize("content", [b"", b"{}", b'{"filesPaths": 7}', b"<html>"])
def test_kotak_without_addresses_is_refused(content: bytes) -> None:
    with pytest.raises(Rejected):
        kotak.parse_paths(content)


def test_what_breaks_off_comes_again_and_what_lacks_a_column_is_refused() -> None:
    whole = json.dumps(ANGEL).encode()
    with pytest.raises(Retry):
        list(angel.parse(whole[:-40]))
    with pytest.raises(Rejected, match="lacks tick_size"):
        list(angel.parse(json.dumps([{k: v for k, v in angels().items() if k != "tick_size"}]).encode()))
    with pytest.raises(Rejected, match="no list"):
        list(angel.parse(b"<html>"))
    with pytest.raises(Rejected, match="strike"):
        list(parse_master(KITE.replace(b"strike", b"strik")))
    with pytest.raises(Rejected, match="row 2"):
        list(parse_master(KITE.replace(b"0.1,1,EQ", b"abc,1,EQ")))
    with pytest.raises(Rejected, match="lLotSize"):
        list(kotak.parse(KOTAK.replace("lLotSize", "x").encode(), "nse_cm"))


@given(st.binary(max_size=300), st.integers(0, 900))
def test_nonsense_is_refused_by_name(noise: bytes, place: int) -> None:
    """Whatever stands in an answer, only Rejected and Retry come out."""
    for content, parse in (
        (KITE, parse_master),
        (json.dumps(ANGEL).encode(), angel.parse),
        (KOTAK.encode(), lambda body: kotak.parse(body, "nse_fo")),
    ):
        try:
            for row in parse(content[:place] + noise + content[place:]):
                assert isinstance(row, MasterRow)
        except (Rejected, Retry):
            pass


# The faces of the rehearsal -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Sandbox]:
    """The sandbox on ports of its own."""
    with Sandbox(SandboxConfig(AppKeys("key", Secret("secret")), "http://127.0.0.1:1/back")) as running:
        yield running


def source(name: str, **options: str) -> InstrumentSource:
    made = SOURCES.of(name)(options, Gates(MemoryShared()))
    assert isinstance(made, InstrumentSource)
    return made


def test_the_rehearsals_lists_are_read_by_the_real_sources(rehearsal: Sandbox) -> None:
    world = rehearsal.world_url
    kite = {row.claim.listing.symbol for row in source("zerodha", root_url=rehearsal.kite_url).instruments()}
    angels = list(
        source("angelone", master_url=f"{world}/angel_master", requests_per_second="100").instruments()
    )
    neo = source("kotakneo", root_url=f"{world}/kotak_master", consumer_key="key", requests_per_second="100")
    kotaks = list(neo.instruments())
    for told in (kite, *({row.claim.listing.symbol for row in rows} for rows in (angels, kotaks))):
        assert {"INFY", "RELIANCE"} <= told
    assert not any("NSETEST" in row.claim.listing.symbol for row in angels)
    assert {row.expiry for row in angels if row.expiry} == {row.expiry for row in kotaks if row.expiry}
    assert any(row.claim.isin == "INE009A01021" for row in kotaks)


def test_options_are_checked_and_kotak_needs_a_key() -> None:
    assert SOURCES.of("kotakneo")({}, Gates(MemoryShared())) is None
    with pytest.raises(Misuse, match=r"angelone\.master_url"):
        source("angelone", master_url="nowhere")
    with pytest.raises(Misuse, match=r"angelone\.colour"):
        source("angelone", colour="red")


def test_kotak_follows_no_stranger() -> None:
    made = SOURCES.of("kotakneo")({"consumer_key": "key"}, Gates(MemoryShared()))
    assert isinstance(made, kotak.KotakMaster)
    with pytest.raises(Rejected, match="stranger"):
        made._parted("https://evil.example/nse_cm.csv")
    assert made._parted("https://lapi.kotaksecurities.com/a/nse_cm.csv") == (
        "https://lapi.kotaksecurities.com", "/a/nse_cm.csv"
    )  # fmt: skip
