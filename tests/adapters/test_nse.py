"""NSE's files and answers: in its own shapes, over real HTTP, from the simulated exchange, and garbled."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.adapters.india import (
    EVENING,
    NO_WAIT,
    UDIFF_HEADER,
    answer,
    day,
    face,
    gates,
    packed,
    refused_politely,
    rehearsal,
    sample,
    table,
    udiff,
    udiff_row,
)
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.bhavcopies import asset_class, day_file, derivatives_file
from tunefolio.adapters.prices.nse import Nse, announced, lists, quotes
from tunefolio.adapters.prices.nse.source import cash_path, derivatives_path
from tunefolio.adapters.published import day_of, must_be_file, number_of, plain, unzipped
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.identity import Isin
from tunefolio.core.time import FixedClock, Instant, TradingDay
from tunefolio.market.actions import ActionKind, Terms
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import (
    ActionSource,
    Contract,
    ContractsSource,
    DayFile,
    DayFileSource,
    InstrumentSource,
    MarketQuoteSource,
    RenameSource,
    SectorClaim,
    SectorSource,
)
from tunefolio.sandbox.serve import Sandbox
from tunefolio.sandbox.world import nse as nse_face
from tunefolio.sandbox.world.papers import Whims

D = Decimal
ON = day("2026-11-20")
INFY = Listing("NSE", "INFY", "EQ")
OLD_HEADER = "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN"


def listing(symbol: str, series: str) -> Listing:
    return Listing("NSE", symbol, series)


def read(content: bytes, on: TradingDay = ON) -> DayFile:
    return day_file(plain(content), "nse", on, who="NSE", naming=listing)


# Daily files -----------------------------------------------------------------------------------------


def test_a_row_of_udiff_becomes_a_bar() -> None:
    told = read(udiff(udiff_row("2026-11-20", "INFY")))
    (one,) = told.bars
    assert (told.source, told.day, told.currency) == ("nse", ON, "INR")
    assert one.listing == INFY
    assert one.isin == "INE009A01021"
    assert one.bar == Bar(ON, D("108.25"), D("100.00"), D("110.50"), D("99.05"), 12345)
    assert (one.previous_close, one.name, one.asset_class) == (D("101.00"), "INFY LIMITED", AssetClass.EQUITY)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (f"{OLD_HEADER},", "INFY,EQ,100,110.5,99.05,108.25,108,101,12345,1,20-NOV-2026,7,INE009A01021,"),
        (OLD_HEADER, "INFY,EQ,100,110.5,99.05,108.25,108,101,12345,1,20-Nov-26,7, INE009A01021 "),
        (f"{OLD_HEADER},$", "INFY,EQ,100,110.5,99.05,108.25,108,101,12345,1,20-NOV-2026,7,INE009A01021,$"),
    ],
)
def test_the_old_file_says_the_same_with_all_its_quirks(header: str, row: str) -> None:
    (one,) = read(table(header, row)).bars
    assert (one.listing, one.isin) == (INFY, "INE009A01021")
    assert one.bar == Bar(ON, D("108.25"), D("100.00"), D("110.50"), D("99.05"), 12345)
    assert read(table(header, row)).digest == read(table(header, row)).digest


def test_every_cash_series_is_kept_under_its_own() -> None:
    series = ["EQ", "BE", "BZ", "SM", "ST", "E1", "N3", "GB", "IV"]
    told = read(udiff(*(udiff_row("2026-11-20", "SAME", one) for one in series)))
    assert [one.listing.series for one in told.bars] == series


@pytest.mark.parametrize(
    ("isin", "symbol", "series", "kind"),
    [
        ("INE009A01021", "INFY", "EQ", AssetClass.EQUITY),
        ("INF204KB14I2", "NIFTYBEES", "EQ", AssetClass.ETF),
        ("IN0020230085", "SGBJUN31", "GB", AssetClass.GOLD),
        ("IN0020230085", "SGBJUN31", "", AssetClass.GOLD),
        ("INE338I07099", "0MOFSL27", "N3", AssetClass.BOND),
        ("INE338I07099", "0MOFSL27", "", AssetClass.BOND),
        (None, "91D", "TB", AssetClass.BOND),
        (None, "SOMETHING-RE", "BE", AssetClass.EQUITY),
    ],
)
def test_what_is_listed(isin: str | None, symbol: str, series: str, kind: AssetClass) -> None:
    assert asset_class(Isin(isin) if isin else None, symbol, series) is kind


def test_another_days_file_is_refused_and_known_by_its_digest() -> None:
    """On holidays NSE serves the session before under the holiday's name, which makes phantom days."""
    rows = [("INFY", "EQ"), ("TCS", "EQ")]
    friday = udiff(*(udiff_row("2026-11-20", *row) for row in rows))
    with pytest.raises(Rejected, match="is one of 2026-11-20") as caught:
        read(friday, day("2026-11-23"))
    assert caught.value.code == "wrong_date"
    monday = udiff(*(udiff_row("2026-11-23", *row) for row in reversed(rows)))
    assert read(friday).digest == read(monday, day("2026-11-23")).digest
    other = udiff(*(udiff_row("2026-11-20", *row, clspric="108.26") for row in rows))
    assert read(other).digest != read(friday).digest


def test_one_row_of_another_day_is_enough_to_refuse() -> None:
    with pytest.raises(Rejected, match="is one of"):
        read(udiff(udiff_row("2026-11-20", "INFY"), udiff_row("2026-11-19", "TCS")))


def test_rows_told_twice_are_one() -> None:
    row = udiff_row("2026-11-20", "INFY")
    assert read(udiff(row, row)) == read(udiff(row))


def test_what_was_not_traded_has_no_range_and_what_has_no_close_no_bar() -> None:
    told = read(
        udiff(
            udiff_row("2026-11-20", "A", opnpric="0", hghpric="0", lwpric="0", ttltradgvol="0"),
            udiff_row("2026-11-20", "B", clspric="0"),
            udiff_row("2026-11-20", "C", clspric="-"),
            udiff_row("2026-11-20", "D", opnpric="", isin="NA"),
        )
    )
    assert [one.listing.symbol for one in told.bars] == ["A", "D"]
    assert told.bars[0].bar == Bar(ON, D("108.25"), volume=0)
    assert not told.bars[1].bar.has_range
    assert told.bars[1].isin is None


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (table("A,B,C", "1,2,3"), "missing_field"),
        (udiff(udiff_row("2026-11-20", "INFY", clspric="dear")), "wrong_type"),
        (udiff(udiff_row("2026-11-20", "INFY", clspric="-5")), "wrong_type"),
        (udiff(udiff_row("2026-11-20", "INFY", clspric="NaN")), "wrong_type"),
        (udiff(udiff_row("2026-11-20", "INFY", clspric="1e99")), "wrong_type"),
        (udiff(udiff_row("2026-11-20", "INFY", ttltradgvol="1.5")), "wrong_type"),
        (udiff(udiff_row("yesterday", "INFY")), "wrong_type"),
        (udiff("2026-11-20,short"), "missing_field"),
        (udiff(), "no_rows"),
    ],
)
def test_nonsense_is_refused_whole(content: bytes, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        read(content)
    assert caught.value.code == code


def test_a_table_that_breaks_off_is_asked_for_again() -> None:
    whole = udiff(udiff_row("2026-11-20", "INFY"), udiff_row("2026-11-20", "TCS"))
    for length in (len(UDIFF_HEADER) - 30, len(UDIFF_HEADER) + 40, len(whole) - 60):
        with pytest.raises(Retry, match="breaks off"):
            read(whole[:length])


def test_prices_keep_their_digits_and_no_more_than_ten() -> None:
    assert number_of("1,234.5600") == D("1234.5600")
    assert number_of("0.12345678901234567") == D("0.1234567890")
    assert number_of("ten") is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-13",
        "13-Jul-2026",
        "13-JUL-2026",
        "13-Jul-26",
        "13-07-2026",
        "13/07/2026",
        "2026-07-13T00:00:00",
    ],
)
def test_days_as_they_are_written(text: str) -> None:
    assert day_of(text) == day("2026-07-13")


def test_two_digits_of_a_year_and_what_is_no_day() -> None:
    assert day_of("01-Oct-95") == day("1995-10-01")
    assert [day_of(text) for text in ("", "-", "31-Feb-2026", "01-Foo-2026", "07-13-2026")] == [None] * 5


def test_derivatives_close_at_their_settlement() -> None:
    rows = [
        udiff_row("2026-11-20", "NIFTY", "", fininstrmnm="NIFTY26NOV24300CE", optntp="CE", sttlmpric="151.20",
                  clspric="150.10", opnintrst="4500000", strkpric="24300.00", xprydt="2026-11-24",
                  fininstrmactlxprydt="2026-11-23"),
        udiff_row("2026-11-20", "INFY", "", fininstrmnm="INFY26NOVFUT", opnpric="0", hghpric="0", lwpric="0",
                  sttlmpric="1500.00", opnintrst="100", xprydt="2026-11-24"),
        udiff_row("2026-11-20", "TCS", "", fininstrmnm="TCS26NOVFUT", sttlmpric="3500.00", opnintrst="100"),
    ]  # fmt: skip
    told = derivatives_file(plain(udiff(*rows)), "nse", ON, who="NSE", exchange="NFO")
    option, future, unknown = told.bars
    assert option.contract == Contract("NIFTY", day("2026-11-23"), "CE", D(24300))
    assert future.contract == Contract("INFY", day("2026-11-24"))
    assert unknown.contract is None
    assert option.listing == Listing("NFO", "NIFTY26NOV24300CE")
    assert (option.bar.close, option.asset_class) == (D("151.20"), AssetClass.OPTION)
    assert (future.bar.close, future.bar.has_range, future.asset_class) == (D(1500), False, AssetClass.FUTURE)


# Archives --------------------------------------------------------------------------------------------


def lines_of(content: bytes, cap_bytes: int = 10_000_000, content_type: str = "application/zip") -> list[str]:
    return list(unzipped(must_be_file(answer(content, content_type), "NSE"), "NSE", cap_bytes=cap_bytes))


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>no", b"\r\n <HTML>no</HTML>"])
def test_a_page_instead_of_a_file_is_asked_for_again(page: bytes) -> None:
    with pytest.raises(Retry, match="page instead of a file"):
        lines_of(page)
    with pytest.raises(Retry, match="page"):
        lines_of(b"no", content_type="text/html")
    with pytest.raises(Retry, match="empty"):
        lines_of(b" \n")


def test_an_archive_that_breaks_off_is_asked_for_again() -> None:
    whole = packed(udiff(*(udiff_row("2026-11-20", f"S{number}") for number in range(200))))
    assert len(lines_of(whole)) == 201
    for part in (0.1, 0.5, 0.99):
        with pytest.raises(Retry, match="breaks off"):
            lines_of(whole[: int(len(whole) * part)])
    spoilt = bytearray(whole)
    spoilt[len(whole) // 2] ^= 0xFF
    with pytest.raises(Retry):
        lines_of(bytes(spoilt))


def test_what_is_no_archive_of_one_table_is_refused() -> None:
    with pytest.raises(Rejected, match="no archive"):
        lines_of(b"GIF89a")
    with pytest.raises(Rejected, match="0 tables"):
        lines_of(packed(b"x", "readme.md"))


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed(b"0" * 20_000_000)
    assert len(bomb) < 30_000
    with pytest.raises(Rejected) as caught:
        lines_of(bomb)
    assert caught.value.code == "too_large"


def test_one_line_without_end_is_read_in_pieces() -> None:
    assert max(len(piece) for piece in lines_of(packed(b"0" * 5_000_000))) <= 100_000
    with pytest.raises(Retry):
        read(b"x" * 300_000)


# Lists -----------------------------------------------------------------------------------------------


def test_the_lists_of_what_is_listed() -> None:
    main = table(
        "SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER, FACE VALUE",
        'INFY,"Infosys, Limited",EQ,08-FEB-1995,5,1,INE009A01021,5',
        "DISHTV,Dish TV India Limited,BE,18-APR-2007,1,1,INE836F01026,1",
    )
    infosys, dish = lists.listed(main)
    assert (infosys.claim.listing, infosys.claim.isin, infosys.claim.name) == (
        INFY, "INE009A01021", "Infosys, Limited",
    )  # fmt: skip
    assert (infosys.listed, infosys.lot) == (day("1995-02-08"), D(1))
    assert dish.claim.listing == Listing("NSE", "DISHTV", "BE")
    small = table(
        "SYMBOL,NAME_OF_COMPANY,SERIES,DATE_OF_LISTING,PAID_UP_VALUE,ISIN_NUMBER,FACE_VALUE,",
        "TINY,Tiny Limited,SM,24-Dec-25,10,INE009A01021,10,",
    )
    (tiny,) = lists.listed(small)
    assert (tiny.claim.listing, tiny.listed, tiny.lot) == (
        Listing("NSE", "TINY", "SM"),
        day("2025-12-24"),
        None,
    )
    funds = table(
        "Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue",
        "NIFTYBEES,Nifty50,Nippon India ETF,08-Jan-02,1,INF204KB14I2,1",
    )
    (fund,) = lists.listed(funds)
    assert (fund.claim.listing, fund.claim.asset_class) == (Listing("NSE", "NIFTYBEES", "EQ"), AssetClass.ETF)


def test_renames_come_oldest_first_and_names_may_hold_commas() -> None:
    told = lists.renames(
        b"LTM Limited,LTIM,LTM,02-FEB-2026\n"
        b"Larsen, Toubro, Infotech,LTI,LTIM,05-DEC-2022\r\n"
        b"Self,SAME,SAME,01-JAN-2020\n"
        b'"Quoted, Limited",AAA,BBB,2021-05-06\n'
    )
    assert [(one.old.symbol, one.new.symbol, one.day.iso()) for one in told] == [
        ("AAA", "BBB", "2021-05-06"), ("LTI", "LTIM", "2022-12-05"), ("LTIM", "LTM", "2026-02-02"),
    ]  # fmt: skip
    assert told[1].name == "Larsen, Toubro, Infotech"
    assert lists.renames(b"company,old,new,date\nX,A,B,2021-05-06\n")[0].old == Listing("NSE", "A")


def test_renames_that_break_off_or_make_no_sense() -> None:
    with pytest.raises(Retry, match="breaks off"):
        lists.renames(b"X,A,B,01-JAN-2020\nY,C,D,01-J")
    with pytest.raises(Rejected):
        lists.renames(b"X,A,B,01-JAN-2020\nY,C,D,soon\nZ,E,F,01-JAN-2020\n")


# Actions ---------------------------------------------------------------------------------------------


def register(subject: str, **cells: Any) -> dict[str, Any]:
    told = {
        "symbol": "GENSOL", "series": "EQ", "faceVal": "10", "exDate": "17-Oct-2023",
        "recDate": "17-Oct-2023", "bcStartDate": "-", "comp": "Gensol Engineering Limited",
        "isin": "INE06H201014", "caBroadcastDate": None,
    }  # fmt: skip
    return {**told, "subject": subject, **cells}


def actions(*rows: dict[str, Any]) -> announced.Announced:
    return announced.announced(json.loads(json.dumps(rows)), day("2023-01-01"), day("2024-01-01"))


def test_the_register_is_understood() -> None:
    told = actions(
        register("Bonus 2:1"),
        register(
            "Face Value Split (Sub-Division) - From Rs 10/- Per Share To Re 1/- Per Share", symbol="DIXON"
        ),
        register("Annual General Meeting", symbol="TCS"),
        register("Interim Dividend - Rs 8 Per Share", symbol="TCS"),
        register("Rights 1:5 @ Premium Rs 90/-", symbol="HDFC"),
    )
    by_symbol = {one.listing.symbol: one for one in told.claims}
    assert by_symbol["GENSOL"].terms == Terms(ActionKind.BONUS, D(2), D(1), note="Bonus 2:1")
    assert by_symbol["GENSOL"].reference == "nse:NSE:GENSOL:2023-10-17:bonus"
    assert by_symbol["GENSOL"].isin == "INE06H201014"
    assert (by_symbol["DIXON"].terms.new, by_symbol["DIXON"].terms.old) == (D(10), D(1))
    assert by_symbol["TCS"].terms.amount == D(8)
    assert by_symbol["HDFC"].terms.amount == D(100)
    assert told.refused == ()


def test_days_outside_and_rows_without_one_are_left_out() -> None:
    told = actions(
        register("Bonus 1:1", exDate="31-Dec-2022"), register("Bonus 1:1", exDate="-"),
        register("Bonus 1:1", exDate=None), register("Bonus 1:1", exDate="01-Jan-2024"),
    )  # fmt: skip
    assert told.claims == ()


def test_two_dividends_of_a_day_are_one_and_a_row_told_twice_as_well() -> None:
    told = actions(
        register("Interim Dividend - Rs 8 Per Share"), register("Special Dividend - Rs 67 Per Share"),
        register("Bonus 2:1"), register("Bonus 2:1", series="BE"),
    )  # fmt: skip
    assert [(one.terms.kind, one.terms.amount) for one in told.claims] == [
        (ActionKind.BONUS, None), (ActionKind.DIVIDEND, D(75)),
    ]  # fmt: skip


def test_what_is_not_understood_is_told_and_a_debentures_series_is_its_name() -> None:
    told = actions(register("Scheme Of Amalgamation"), register("Interest Payment", series="N3"))
    assert len(told.refused) == 2
    assert actions(register("Bonus 2:1", series="N3")).claims[0].listing == Listing("NSE", "GENSOL", "N3")
    assert actions(register("Bonus 2:1", series="BE")).claims[0].listing == Listing("NSE", "GENSOL", "")


@pytest.mark.parametrize("body", [{}, None, "x", [1], [[]]])
def test_a_register_of_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(Rejected):
        announced.announced(body, day("2023-01-01"), day("2024-01-01"))


# Quotes ----------------------------------------------------------------------------------------------


def page(**meta: Any) -> dict[str, Any]:
    return {
        "equityResponse": [
            {
                "orderBook": {"lastPrice": D("764.9")},
                "metaData": {"symbol": "INFY", "previousClose": D("778.9"), "closePrice": 0, **meta},
                "secInfo": {"sector": "Information Technology", "basicIndustry": "Computers - Software"},
                "lastUpdateTime": "27-May-2026 11:07:09",
            }
        ]
    }


def test_a_quote_is_the_last_trade_until_there_is_a_close() -> None:
    cells = quotes.security(page())
    assert cells is not None
    told = quotes.quote(cells, INFY)
    assert told is not None
    assert (told.last, told.previous_close, told.currency) == (D("764.9"), D("778.9"), "INR")
    assert told.as_of == Instant.parse("2026-05-27T05:37:09+00:00")
    closed = quotes.security(page(closePrice=D("765.4")))
    assert closed is not None
    after = quotes.quote(closed, INFY)
    assert after is not None
    assert after.last == D("765.4")
    assert quotes.quote(cells, Listing("NSE", "TCS")) is None
    assert quotes.sector(cells) == SectorClaim("Information Technology", "Computers - Software", "NSE")


def test_who_is_not_known_has_no_quote_and_no_sector() -> None:
    assert quotes.security({"equityResponse": []}) is None
    assert quotes.security({"equityResponse": [{}]}) is None
    bare = quotes.security({"metaData": {"symbol": "INFY"}, "secInfo": {"sector": "-"}})
    assert bare is not None
    assert quotes.quote(bare, INFY) is None
    assert quotes.sector(bare) is None


# Over HTTP -------------------------------------------------------------------------------------------


def source(outside: Outside, **options: str) -> Nse:
    return Nse({"root_url": outside.url, **NO_WAIT, **options}, gates())


def test_the_ports_it_fills() -> None:
    nse = Nse({}, gates())
    for port in (
        DayFileSource,
        ContractsSource,
        InstrumentSource,
        RenameSource,
        ActionSource,
        SectorSource,
        MarketQuoteSource,
    ):
        assert isinstance(nse, port)
    assert nse.serves(INFY)
    assert not nse.serves(Listing("NSE", "NIFTY 50"))
    assert not nse.serves(Listing("BSE", "INFY"))


@pytest.mark.parametrize(
    ("option", "value"),
    [("colour", "red"), ("archives_url", "nowhere"), ("requests_per_second", "0"), ("requests_per_day", "x")],
)
def test_wrong_options_are_named(option: str, value: str) -> None:
    with pytest.raises(Misuse, match=rf"nse\.{option}"):
        Nse({option: value}, gates())


def test_where_files_are_kept() -> None:
    assert cash_path(day("2024-07-08")) == "/content/cm/BhavCopy_NSE_CM_0_0_0_20240708_F_0000.csv.zip"
    assert cash_path(day("2024-07-05")) == "/content/historical/EQUITIES/2024/JUL/cm05JUL2024bhav.csv.zip"


def test_a_day_without_a_file_is_none_and_a_file_is_read(outside: Outside) -> None:
    nse = source(outside)
    assert nse.day_file(ON) is None
    outside.on(cash_path(ON), Reply(body=packed(udiff(udiff_row("2026-11-20", "INFY")))))
    told = nse.day_file(ON)
    assert told is not None
    assert told.bars[0].listing == INFY
    assert outside.asked[0].headers["user-agent"].startswith("Mozilla/5.0")
    outside.on(cash_path(day("2026-11-23")), Reply(body=packed(udiff(udiff_row("2026-11-20", "INFY")))))
    with pytest.raises(Rejected, match="is one of 2026-11-20"):
        nse.day_file(day("2026-11-23"))
    nse.close()


def test_derivatives_have_a_file_of_their_own(outside: Outside) -> None:
    row = udiff_row("2026-11-20", "INFY", "", fininstrmnm="INFY26NOVFUT", sttlmpric="1500.00", opnintrst="1")
    outside.on(derivatives_path(ON), Reply(body=packed(udiff(row))))
    nse = source(outside)
    told = nse.derivatives(ON)
    assert told is not None
    assert [(one.listing, one.bar.close) for one in told.bars] == [(Listing("NFO", "INFY26NOVFUT"), D(1500))]
    assert nse.derivatives(day("2026-11-19")) is None
    assert nse.derivatives(day("2024-07-05")) is None
    assert len(outside.asked) == 2
    nse.close()


def test_three_pages_instead_of_files_let_it_rest(outside: Outside) -> None:
    outside.on(cash_path(ON), Reply(body=b"<html>checking your browser</html>", content_type="text/html"))
    nse = source(outside)
    for _ in range(3):
        with pytest.raises(Retry, match="page instead"):
            nse.day_file(ON)
    with pytest.raises(Retry, match="left alone"):
        nse.day_file(ON)
    assert len(outside.asked) == 3
    nse.close()


def test_an_unchanged_list_is_not_sent_again(outside: Outside) -> None:
    changes = b"LTM Limited,LTIM,LTM,02-FEB-2026\n"
    path = "/content/equities/symbolchange.csv"
    outside.on(
        path, Reply(body=changes, headers={"Last-Modified": "Fri, 20 Nov 2026 10:00:00 GMT"}), Reply(304)
    )
    nse = source(outside)
    assert nse.renames() == nse.renames()
    assert outside.asked[1].headers["if-modified-since"] == "Fri, 20 Nov 2026 10:00:00 GMT"
    nse.close()


def test_the_site_is_asked_with_the_cookies_of_its_first_page(outside: Outside) -> None:
    body = json.dumps(page(), default=float).encode()
    security = "/api/NextApi/apiClient/GetQuoteApi"
    outside.on(
        "/", Reply(403, b"no", "text/html", {"Set-Cookie": "nsit=abc; Path=/"}), Reply(200, b"", "text/html")
    )
    outside.on(security, Reply(body=body), Reply(403, b"no"), Reply(body=body))
    nse = source(outside, rest_seconds="0.01")
    assert nse.quotes([INFY])[INFY].last == D("764.9")
    assert outside.asked[1].headers["cookie"] == "nsit=abc"
    assert dict(outside.asked[1].query)["symbol"] == "INFY"
    with pytest.raises(Retry, match="403"):
        nse.sector(INFY)
    nse.close()
    assert [asked.path for asked in outside.asked] == ["/", security, security]


def test_refused_in_the_middle_it_answers_what_it_has(outside: Outside) -> None:
    outside.on("/", Reply(200, b"", "text/html"))
    body = json.dumps(page(), default=float).encode()
    outside.on("/api/NextApi/apiClient/GetQuoteApi", Reply(body=body), Reply(429))
    nse = source(outside)
    found = nse.quotes([INFY, Listing("NSE", "NIFTY 50"), Listing("NSE", "TCS"), Listing("NSE", "LT")])
    assert list(found) == [INFY]
    with pytest.raises(Retry):
        nse.quotes([INFY])
    nse.close()


def test_long_spans_of_the_register_are_asked_for_a_year_at_a_time(outside: Outside) -> None:
    outside.on("/", Reply(200, b"", "text/html"))
    rows = [register("Bonus 2:1"), register("Bonus 2:1", exDate="17-Oct-2024"), register("Something New")]
    outside.on("/api/corporates-corporateActions", Reply(body=json.dumps(rows).encode()))
    nse = source(outside)
    told = nse.actions(day("2023-06-01"), day("2025-01-01"))
    assert [one.ex_day.iso() for one in told] == ["2023-10-17", "2024-10-17"]
    spans = [(dict(one.query)["from_date"], dict(one.query)["to_date"]) for one in outside.asked[1:]]
    assert spans == [("01-06-2023", "30-05-2024"), ("31-05-2024", "31-12-2024")]
    nse.close()


# From the simulated exchange -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with rehearsal() as running:
        yield running


@pytest.fixture
def rehearsed(sandbox: Sandbox) -> Iterator[Nse]:
    nse = Nse({"root_url": f"{sandbox.world_url}/nse", **NO_WAIT}, gates())
    yield nse
    nse.close()


def test_the_simulated_file_shows_what_was_paid(sandbox: Sandbox, rehearsed: Nse) -> None:
    """Before a split more than in today's units, in both shapes of the file."""
    techm = sandbox.market.universe.of("NSE:TECHM")
    for text in ("2026-11-20", "2026-03-13", "2024-07-05", "2019-10-27"):
        on = day(text)
        told = rehearsed.day_file(on)
        assert told is not None
        bar = next(one.bar for one in told.bars if one.listing == Listing("NSE", "TECHM", "EQ"))
        assert bar.close == D(sandbox.market.paid(techm, on)) / 100
        assert bar.low is not None
        assert bar.high is not None
        assert bar.low <= bar.close <= bar.high
    (split,) = (
        one
        for one in rehearsed.actions(day("2026-03-01"), day("2026-04-01"))
        if one.terms.kind is ActionKind.SPLIT
    )
    assert (split.listing, split.ex_day) == (Listing("NSE", "TECHM"), day("2026-03-16"))


def test_the_simulated_exchange_prints_no_file_on_holidays_and_before_the_evening(sandbox: Sandbox) -> None:
    clock = sandbox.config.clock
    assert isinstance(clock, FixedClock)
    nse = Nse({"root_url": f"{sandbox.world_url}/nse", **NO_WAIT}, gates())
    assert nse.day_file(day("2026-11-21")) is None
    assert nse.day_file(day("2026-10-02")) is None
    clock.set(Instant.parse("2026-11-20T10:00:00+05:30"))
    assert nse.day_file(day("2026-11-20")) is None
    clock.set(EVENING)
    assert nse.day_file(day("2026-11-20")) is not None
    nse.close()


def test_the_simulated_lists_agree_with_the_file(rehearsed: Nse) -> None:
    told = rehearsed.day_file(ON)
    assert told is not None
    listed = {row.claim.listing: row.claim for row in rehearsed.instruments()}
    assert {one.listing for one in told.bars} == set(listed)
    assert all(listed[one.listing].isin == one.isin for one in told.bars)
    assert {one.new.symbol for one in rehearsed.renames()} <= {one.symbol for one in listed}
    found = rehearsed.quotes([INFY])[INFY]
    assert found.last == next(one.bar.close for one in told.bars if one.listing == INFY)
    assert rehearsed.sector(INFY) == SectorClaim("Information Technology", "Information Technology", "NSE")


def test_the_file_of_friday_under_saturdays_name_is_refused(sandbox: Sandbox) -> None:
    saturday = FixedClock(Instant.parse("2026-11-21T12:00:00+05:30"))
    app = face(nse_face.routes(sandbox.market, saturday, Whims(serves_stale=True)))
    with TestClient(app) as client:
        content = client.get(cash_path(day("2026-11-21"))).content
    with pytest.raises(Rejected) as caught:
        day_file(
            unzipped(content, "NSE", cap_bytes=10**7), "nse", day("2026-11-21"), who="NSE", naming=listing
        )
    assert caught.value.code == "wrong_date"


# Recorded --------------------------------------------------------------------------------------------


def test_recorded_shapes(recorded: Path) -> None:
    cash = read((recorded / "formats" / "nse_udiff_cm.csv").read_bytes(), day("2024-07-08"))
    assert [(one.listing.symbol, one.bar.close) for one in cash.bars] == [("INFY", D("1650.25"))]
    content = (recorded / "formats" / "nse_udiff_fo.csv").read_bytes()
    told = derivatives_file(plain(content), "nse", day("2024-07-08"), who="NSE", exchange="NFO")
    assert [(one.listing.symbol, one.bar.close) for one in told.bars] == [("NIFTY24JUL24300CE", D("150.10"))]


@pytest.mark.parametrize(
    ("on", "count"), [("2014-01-01", 1457), ("2019-10-27", 1802), ("2020-03-23", 1965), ("2024-07-05", 2775)]
)
def test_recorded_files_of_real_days(on: str, count: int) -> None:
    content = gzip.decompress(sample(f"cm_bhavcopy_oldformat_{on}.csv.gz"))
    told = read(content, day(on))
    assert len(told.bars) == count == len(content.splitlines()) - 1
    assert all(one.isin for one in told.bars)
    assert all(
        one.bar.low <= one.bar.close <= one.bar.high for one in told.bars if one.bar.low and one.bar.high
    )


def test_recorded_answers() -> None:
    (bonus,) = announced.announced(
        json.loads(sample("nse_actions.json")), day("2023-01-01"), day("2024-01-01")
    ).claims
    assert bonus.terms.ratio_words == "2:1"
    for name, symbol, industry in (
        ("nse_quote.json", "HDFCBANK", "Private Sector Bank"),
        ("nse_getDetailedScripData.json", "ETERNAL", "E-Retail/ E-Commerce"),
    ):
        cells = quotes.security(json.loads(sample(name), parse_float=Decimal))
        assert cells is not None
        told, sector = quotes.quote(cells, Listing("NSE", symbol)), quotes.sector(cells)
        assert told is not None
        assert sector is not None
        assert sector.industry == industry
        assert told.last in {D("764.9"), D("269.45")}


# Garbled ---------------------------------------------------------------------------------------------

WHOLE = udiff(*(udiff_row("2026-11-20", f"S{number}", opnpric=f"{number}.05") for number in range(30)))
ARCHIVE = packed(WHOLE)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(ARCHIVE)), st.binary(max_size=60), st.integers(0, 80))
def test_garbled_archives_are_refused_politely(at: int, noise: bytes, cut: int) -> None:
    garbled = ARCHIVE[:at] + noise + ARCHIVE[at + cut :]
    refused_politely(lambda: read("".join(lines_of(garbled)).encode()))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=60), st.integers(0, 80))
def test_garbled_tables_are_refused_politely(at: int, noise: bytes, cut: int) -> None:
    garbled = WHOLE[:at] + noise + WHOLE[at + cut :]
    refused_politely(lambda: read(garbled))
    refused_politely(lambda: lists.listed(garbled))
    refused_politely(lambda: lists.renames(garbled))


WORDS = ("equityResponse", "metaData", "symbol", "orderBook", "lastPrice", "subject", "exDate", "secInfo")
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["17-Oct-2023", "Bonus 2:1"])
ANSWERS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS), inner))


@settings(max_examples=100, deadline=None)
@given(ANSWERS)
def test_garbled_answers_are_refused_politely(body: Any) -> None:
    def look() -> None:
        cells = quotes.security(body)
        if cells is not None:
            quotes.quote(cells, INFY)
            quotes.sector(cells)

    refused_politely(look)
    refused_politely(lambda: announced.announced(body, day("2023-01-01"), day("2024-01-01")))
