"""Net asset values: tables of every shape they have had, one scheme's past, and the simulated funds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.india import EVENING, NO_WAIT, day, gates, refused_politely, rehearsal
from tests.adapters.outside import Outside, Reply
from tunefolio.adapters.prices.amfi import Amfi
from tunefolio.adapters.prices.amfi.values import Value, past, values
from tunefolio.adapters.published import plain
from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.time import FixedClock, Instant
from tunefolio.market.bars import Bar
from tunefolio.market.funds import FundLister
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import BarSource, DayFileSource, InstrumentSource, MarketQuoteSource
from tunefolio.sandbox.serve import Sandbox
from tunefolio.sandbox.world.amfi import FUNDS

D = Decimal
ON = day("2026-08-24")
EIGHT = (
    "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Plan;Option;"
    "Net Asset Value;Date"
)
SIX = "Scheme Code;ISIN Div Payout/ ISIN Growth;ISIN Div Reinvestment;Scheme Name;Net Asset Value;Date"
REPORT = (
    "Scheme Code;Scheme Name;ISIN Div Payout/ISIN Growth;ISIN Div Reinvestment;Net Asset Value;"
    "Repurchase Price;Sale Price;Date"
)
NEW_REPORT = (
    "Scheme Code;NAV Name;Plan;Option;ISIN Div Payout/ISIN Growth;ISIN Div Reinvestment;Net Asset Value;Date"
)
GROWTH, PAYOUT, REINVESTED = "INF179K01YV8", "INF209K01157", "INF204KB14I2"
HEADS = (" ", "Open Ended Schemes(Equity Scheme - Large Cap Fund)", " ", "Example Mutual Fund", " ")
TABLE = (
    EIGHT, *HEADS,
    f"100003;{GROWTH};-;Example Large Cap Fund;Direct Plan;Growth;55.4321;24-Aug-2026",
    f"100004;{PAYOUT};{REINVESTED};Example Large Cap Fund;Regular Plan;IDCW;12.5;24-Aug-2026",
    "100005;-;-;Example Old Fund;Regular Plan;Growth;9.99;21-Aug-2026",
    "100006;-;-;Example Wound-up Fund;Regular Plan;Growth;N.A.;24-Aug-2026",
)  # fmt: skip


def crlf(*lines: str) -> bytes:
    return "\r\n".join([*lines, ""]).encode()


def read(*lines: str) -> list[Value]:
    return list(values(plain(crlf(*lines))))


# Tables ----------------------------------------------------------------------------------------------


def test_the_table_of_2026() -> None:
    direct, regular, old, wound_up = read(*TABLE)
    assert (direct.code, direct.value, direct.day) == ("100003", D("55.4321"), ON)
    assert direct.whole_name == "Example Large Cap Fund - Direct Plan - Growth"
    assert direct.category == "Open Ended Schemes(Equity Scheme - Large Cap Fund)"
    assert direct.house == "Example Mutual Fund"
    assert direct.listings == (Listing("MF", GROWTH),)
    assert regular.listings == (Listing("MF", PAYOUT), Listing("MF", REINVESTED))
    assert old.listings == (Listing("MF", "100005"),)
    assert wound_up.value is None


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (SIX, f"100003;{GROWTH};-;Example Fund - Direct Plan - Growth;55.4321;24-Aug-2026"),
        (REPORT, f"100003;Example Fund - Direct Plan - Growth;{GROWTH};;55.4321;;;24-Aug-2026"),
        (NEW_REPORT, f"100003;Example Fund;Direct Plan;Growth;{GROWTH};;55.4321;24-Aug-2026"),
    ],
)
def test_tables_of_other_shapes_say_the_same(header: str, row: str) -> None:
    (one,) = read(header, *HEADS, row)
    assert (one.code, one.isins, one.value, one.day) == ("100003", (GROWTH,), D("55.4321"), ON)
    assert one.whole_name == "Example Fund - Direct Plan - Growth"


@pytest.mark.parametrize("written", ["N.A.", "#N/A", "-", "", "NA", "0", "0.0000"])
def test_ways_to_write_no_value(written: str) -> None:
    assert read(EIGHT, f"100003;{GROWTH};-;X;;;{written};24-Aug-2026")[0].value is None


@pytest.mark.parametrize(
    "row",
    [
        f"100003;{GROWTH};-;X;;;dear;24-Aug-2026", f"100003;{GROWTH};-;X;;;5.5;tomorrow",
        f"code;{GROWTH};-;X;;;5.5;24-Aug-2026", f"100003;{GROWTH};-;X;5.5;24-Aug-2026",
        f"100003;{GROWTH};-;X;;;-5.5;24-Aug-2026",
    ],
)  # fmt: skip
def test_a_row_of_nonsense_refuses_the_table(row: str) -> None:
    with pytest.raises(Rejected, match="row 2"):
        read(EIGHT, row, "100004;-;-;Y;;;5;24-Aug-2026")


def test_a_table_without_its_columns_is_refused() -> None:
    with pytest.raises(Rejected, match="lacks the column"):
        read("Scheme Code;Date", "1;24-Aug-2026")


def test_every_cut_is_noticed_but_one_between_two_lines() -> None:
    whole = crlf(*TABLE)
    for length in range(1, len(whole)):
        cut = whole[:length]
        if cut.endswith((b"\n", b"\r")) and len(cut) > len(EIGHT):
            continue
        if length > len(whole) - 3:
            continue  # only the end of the last line is lacking
        lines = cut.decode().split("\r\n")
        if lines[-1] == " " or (";" in lines[-1] and lines[-1].endswith("-2026")):
            continue
        with pytest.raises((Retry, Rejected)):
            list(values(plain(cut)))


def test_nothing_and_a_page_are_asked_for_again() -> None:
    for content in (b"", b"\r\n \r\n", b"<html>\r\nno</html>\r\n"):
        with pytest.raises(Retry):
            list(values(plain(content)))


# One scheme's past -----------------------------------------------------------------------------------


def mirrored(*data: tuple[str, str], code: int = 100003) -> dict[str, Any]:
    meta = {"fund_house": "Example", "scheme_code": code, "scheme_name": "Example"}
    return {"meta": meta, "data": [{"date": on, "nav": nav} for on, nav in data], "status": "SUCCESS"}


def test_the_past_comes_ascending_and_cut_to_what_was_asked() -> None:
    body = mirrored(
        ("24-08-2026", "55.43210"), ("21-08-2026", "55.1"), ("20-08-2026", "0"), ("19-08-2026", "54")
    )
    assert past(body, "100003", day("2026-08-20"), day("2026-08-24")) == [Bar(day("2026-08-21"), D("55.1"))]
    told = past(body, "100003", day("2026-01-01"), day("2027-01-01"))
    assert told is not None
    assert [bar.day.iso() for bar in told] == ["2026-08-19", "2026-08-21", "2026-08-24"]


def test_an_unknown_scheme_is_none_and_another_one_refused() -> None:
    since, until = day("2026-01-01"), day("2027-01-01")
    assert past({"meta": {}, "data": [], "status": "SUCCESS"}, "100003", since, until) is None
    with pytest.raises(Rejected, match="tells of 7"):
        past(mirrored(code=7), "100003", since, until)
    for bad in (("tomorrow", "5"), ("24-08-2026", "dear")):
        with pytest.raises(Rejected, match="no sense"):
            past(mirrored(bad), "100003", since, until)


# Over HTTP -------------------------------------------------------------------------------------------

NEWEST, PAST = "/spages/NAVAll.txt", "/DownloadNAVHistoryReport_Po.aspx"


def source(outside: Outside, **options: str) -> Amfi:
    return Amfi({"root_url": outside.url, **NO_WAIT, **options}, gates())


def test_the_ports_it_fills() -> None:
    amfi = Amfi({}, gates())
    for port in (DayFileSource, BarSource, InstrumentSource, MarketQuoteSource, FundLister):
        assert isinstance(amfi, port)
    assert amfi.serves(Listing("MF", GROWTH))
    assert not amfi.serves(Listing("NSE", "INFY"))
    with pytest.raises(Misuse, match=r"amfi\.history_url"):
        Amfi({"history_url": "x"}, gates())


def test_the_newest_day_is_read_from_the_table(outside: Outside) -> None:
    """Rows of other days are not that day's; what has no value has no bar."""
    outside.on(NEWEST, Reply(body=crlf(*TABLE), content_type="text/plain"))
    amfi = source(outside)
    told = amfi.day_file(ON)
    assert told is not None
    assert [(one.listing.symbol, one.isin, one.bar.close) for one in told.bars] == [
        (GROWTH, GROWTH, D("55.4321")), (PAYOUT, PAYOUT, D("12.5")), (REINVESTED, REINVESTED, D("12.5")),
    ]  # fmt: skip
    assert {one.asset_class for one in told.bars} == {AssetClass.FUND}
    assert amfi.day_file(day("2026-08-25")) is None, "too early"
    amfi.close()


def test_earlier_days_are_read_from_the_report(outside: Outside) -> None:
    outside.on(NEWEST, Reply(body=crlf(*TABLE), content_type="text/plain"))
    friday = f"100003;Example;{GROWTH};;55.1;;;21-Aug-2026"
    outside.on(
        PAST,
        Reply(body=crlf(REPORT, *HEADS, friday)),
        Reply(body=crlf(REPORT)),
        Reply(body=crlf(REPORT, friday)),
    )
    amfi = source(outside)
    told = amfi.day_file(day("2026-08-21"))
    assert told is not None
    assert [one.bar for one in told.bars] == [Bar(day("2026-08-21"), D("55.1"))]
    assert amfi.day_file(day("2026-08-22")) is None, "a Saturday"
    with pytest.raises(Rejected) as caught:
        amfi.day_file(day("2026-08-20"))
    assert caught.value.code == "wrong_date"
    assert [asked.path for asked in outside.asked] == [NEWEST, PAST, PAST, PAST]
    assert dict(outside.asked[1].query) == {"frmdt": "21-Aug-2026", "todt": "21-Aug-2026"}
    amfi.close()


def test_a_table_of_long_ago_is_refused(outside: Outside) -> None:
    outside.on(NEWEST, Reply(body=crlf(*TABLE)))
    amfi = source(outside)
    with pytest.raises(Rejected) as caught:
        amfi.day_file(day("2026-11-20"))
    assert caught.value.code == "wrong_date"
    amfi.close()


def test_quotes_and_instruments_are_one_call_and_then_a_condition(outside: Outside) -> None:
    outside.on(NEWEST, Reply(body=crlf(*TABLE), headers={"ETag": "1"}), Reply(304))
    amfi = source(outside)
    wanted = [
        Listing("MF", REINVESTED),
        Listing("MF", "100005"),
        Listing("MF", "100006"),
        Listing("NSE", "INFY"),
    ]
    told = amfi.quotes(wanted)
    assert {listing.symbol: quote.last for listing, quote in told.items()} == {
        REINVESTED: D("12.5"),
        "100005": D("9.99"),
    }
    assert told[Listing("MF", "100005")].as_of == Instant.parse("2026-08-21T15:30:00+05:30")
    rows = list(amfi.instruments())
    assert [(row.claim.listing.symbol, row.token) for row in rows] == [
        (GROWTH, "100003"), (PAYOUT, "100004"), (REINVESTED, "100004"), ("100005", "100005"),
        ("100006", "100006"),
    ]  # fmt: skip
    assert [row.claim.isin for row in rows] == [GROWTH, PAYOUT, REINVESTED, None, None]
    assert outside.asked[1].headers["if-none-match"] == "1"
    assert amfi.quotes([Listing("NSE", "INFY")]) == {}
    assert len(outside.asked) == 2
    amfi.close()


def test_the_category_of_each_fund_stands_between_the_rows(outside: Outside) -> None:
    """A line with the kind of scheme holds until the next one; a fund without an ISIN cannot be told."""
    more = (
        " ", "Open Ended Schemes ( Other Scheme - Other  ETFs )", " ", "Example Mutual Fund", " ",
        "100007;INF204KB17I5;-;Example ETF;;;50;24-Aug-2026",
        "Interval Fund Schemes(Income)", "100008;INF900K01011;-;Example Plan;;;50;21-Aug-2026",
    )  # fmt: skip
    outside.on(NEWEST, Reply(body=crlf(*TABLE, *more)))
    amfi = source(outside)
    told = amfi.fund_list()
    large = "Equity Scheme - Large Cap Fund"
    assert (told.source, told.day) == ("amfi", ON)
    assert told.categories == {
        GROWTH: large, PAYOUT: large, REINVESTED: large,
        "INF204KB17I5": "Other Scheme - Other ETFs", "INF900K01011": "Income",
    }  # fmt: skip
    amfi.close()


def test_a_table_without_kinds_tells_no_categories(outside: Outside) -> None:
    outside.on(NEWEST, Reply(body=crlf(EIGHT, *TABLE[6:])))
    amfi = source(outside)
    assert amfi.fund_list().categories == {}
    amfi.close()


def test_bars_are_found_by_isin_or_code(outside: Outside) -> None:
    outside.on(NEWEST, Reply(body=crlf(*TABLE)))
    body = json.dumps(mirrored(("24-08-2026", "12.5"), code=100004)).encode()
    outside.on("/mfapi/mf/100004", Reply(body=body))
    amfi = source(outside)
    since, until = day("2026-01-01"), day("2027-01-01")
    for name in (PAYOUT, REINVESTED, "100004"):
        told = amfi.bars(Listing("MF", name), since, until)
        assert told is not None
        assert (told.bars, told.currency) == ((Bar(ON, D("12.5")),), "INR")
    assert [asked.path for asked in outside.asked].count(NEWEST) == 1
    for name in ("INF000000000", "INF000000001") * 2:
        assert amfi.bars(Listing("MF", name), since, until) is None
    assert [asked.path for asked in outside.asked].count(NEWEST) == 3, "each unknown name is looked for once"
    assert amfi.bars(Listing("MF", "999999"), since, until) is None
    assert amfi.bars(Listing("NSE", "INFY"), since, until) is None
    amfi.close()


def test_the_mirror_has_an_address_of_its_own(outside: Outside) -> None:
    outside.on("/mf/100004", Reply(body=json.dumps(mirrored(("24-08-2026", "1"), code=100004)).encode()))
    amfi = Amfi({"history_url": outside.url, **NO_WAIT}, gates())
    assert amfi.bars(Listing("MF", "100004"), day("2026-01-01"), day("2027-01-01")) is not None
    amfi.close()


# Simulated and recorded ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with rehearsal() as running:
        yield running


def test_the_simulated_funds_agree_with_themselves(sandbox: Sandbox) -> None:
    """The table, the report and the mirror tell one value; before nine in the evening none of today."""
    clock = sandbox.config.clock
    assert isinstance(clock, FixedClock)
    amfi = Amfi({"root_url": f"{sandbox.world_url}/amfi", **NO_WAIT}, gates())
    fund = Listing("MF", FUNDS[0].payout)
    today = amfi.day_file(day("2026-11-20"))
    assert today is not None
    values_of = {one.listing: one.bar.close for one in today.bars}
    assert amfi.quotes([fund])[fund].last == values_of[fund]
    told = amfi.bars(fund, day("2026-11-16"), day("2026-11-21"))
    assert told is not None
    assert told.bars[-1].close == values_of[fund]
    yesterday = amfi.day_file(day("2026-11-19"))
    assert yesterday is not None
    assert {one.listing: one.bar.close for one in yesterday.bars}[fund] == told.bars[-2].close
    assert amfi.day_file(day("2026-11-14")) is None
    tracked = sandbox.market.universe.of("NSE:NIFTYBEES")
    assert values_of[fund] == D(sandbox.market.close(tracked, day("2026-11-20"))) / 100 * D("0.4")
    clock.set(Instant.parse("2026-11-20T19:00:00+05:30"))
    fresh = Amfi({"root_url": f"{sandbox.world_url}/amfi", **NO_WAIT}, gates())
    assert fresh.day_file(day("2026-11-20")) is None
    clock.set(EVENING)
    categories = {str(isin): words for isin, words in amfi.fund_list().categories.items()}
    assert categories["INF204KB17I5"] == "Other Scheme - Gold ETF"
    assert categories["INF900K01052"] == "Debt Scheme - Banking and PSU Fund"
    amfi.close()
    fresh.close()


def test_recorded_tables(recorded: Path) -> None:
    (one,) = values(plain((recorded / "formats" / "amfi_navall_2026_8.txt").read_bytes()))
    assert (one.code, one.value, one.plan, one.option) == ("100003", D("55.4321"), "Direct Plan", "Growth")
    legacy = list(values(plain((recorded / "formats" / "amfi_navall_legacy6.txt").read_bytes())))
    assert [(one.code, one.value) for one in legacy] == [("100001", D("103.1234")), ("100002", None)]


# Garbled ---------------------------------------------------------------------------------------------

WHOLE = crlf(*TABLE)
WORDS = ("meta", "scheme_code", "data", "date", "nav")
ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("100003"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(WORDS), inner),
)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.binary(max_size=40), st.integers(0, 60))
def test_garbled_tables_are_refused_politely(at: int, noise: bytes, cut: int) -> None:
    refused_politely(lambda: list(values(plain(WHOLE[:at] + noise + WHOLE[at + cut :]))))


@settings(max_examples=100, deadline=None)
@given(ANSWERS)
def test_garbled_answers_are_refused_politely(body: Any) -> None:
    refused_politely(lambda: past(body, "100003", day("2026-01-01"), day("2027-01-01")))
