"""Market facts out of a person's own files: actions, closes, rates; every row that is refused says why."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tunefolio.adapters.prices.files.actions import ActionsFile, parse_actions
from tunefolio.adapters.prices.files.prices import CloseRow, parse_closes, parse_rates
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionKind, Terms
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import RateClaim

INR, USD = Currency("INR"), Currency("USD")
JIO = Listing("NSE", "JIOFIN")


def actions(text: str) -> ActionsFile:
    return parse_actions("\n".join(line.strip() for line in text.strip().splitlines()).encode())


def test_our_own_columns() -> None:
    told = actions(
        """symbol,isin,ex_date,kind,ratio,face_from,face_to,amount,currency,other,cost_ratio,source,note
        NESTLEIND,INE239A01024,2024-01-05,split,10:1,,,,,,,company,
        NSE:WIPRO,,2019-03-06,bonus,1:3,,,,,,,,
        NSE:TRIDENT,,2019-12-13,split,,10,1,,,,,,
        NSE:RELIANCE,,2023-07-20,demerger,1:1,,,,,JIOFIN,4.68%,company,scheme
        NSE:ITC,,2025-01-06,demerger,1:10,,,,,ITCHOTELS,,nse,
        NASDAQ:AAPL,,2024-08-12,dividend,,,,0.25,USD,,,,
        NSE:ZOMATO,,2025-04-09,rename,,,,,,ETERNAL,,nse,"""
    )
    assert told.problems == ()
    nestle, wipro, trident, reliance, itc, apple, zomato = told.claims
    assert nestle.terms == Terms(ActionKind.SPLIT, Decimal(10), Decimal(1))
    assert (nestle.reference, nestle.isin) == ("company:NSE:NESTLEIND:2024-01-05:split", "INE239A01024")
    assert (wipro.terms.new, wipro.terms.old, wipro.source) == (Decimal(1), Decimal(3), "file")
    assert (trident.terms.new, trident.terms.old) == (Decimal(10), Decimal(1))
    assert (reliance.other, reliance.terms.cost_ratio) == (JIO, Decimal("0.0468"))
    assert itc.terms.cost_ratio is None
    assert (apple.terms.amount, apple.terms.currency) == (Decimal("0.25"), USD)
    assert zomato.other == Listing("NSE", "ETERNAL")


def test_the_exchanges_register() -> None:
    told = actions(
        """SYMBOL,SERIES,FACE VALUE,PURPOSE,EX-DATE
        BAJFINANCE,EQ,2,Bonus 4:1,16-Jun-2025
        BAJFINANCE,EQ,2,Face Value Split (Sub-Division) - From Rs 2/- To Re 1/-,16-Jun-2025
        GRASIM,EQ,2,Rights 6:179 @ Premium Rs 1810/-,10-Jan-2024
        TCS,EQ,1,Annual General Meeting,01-Jul-2024
        ITC,EQ,1,Demerger,06-Jan-2025"""
    )
    assert told.problems == ()
    assert [claim.reference for claim in told.claims] == [
        "nse:NSE:BAJFINANCE:2025-06-16:bonus",
        "nse:NSE:BAJFINANCE:2025-06-16:split",
        "nse:NSE:GRASIM:2024-01-10:rights",
        "nse:NSE:ITC:2025-01-06:demerger",
    ]
    assert told.claims[2].terms.amount == Decimal(1812)


@pytest.mark.parametrize("header", ["", "company,old,new,date\n"])
def test_the_exchanges_list_of_symbol_changes(header: str) -> None:
    told = parse_actions(
        f'{header}Eternal Limited,ZOMATO,ETERNAL,09-APR-2025\n"L, T and M",LTIM,LTM,2026-02-18\n'.encode()
    )
    assert told.problems == ()
    zomato, ltm = told.claims
    assert (zomato.reference, zomato.other) == ("nse:NSE:ZOMATO:2025-04-09:rename", Listing("NSE", "ETERNAL"))
    assert (ltm.terms.kind, ltm.terms.note, ltm.ex_day) == (
        ActionKind.RENAME, "L, T and M", TradingDay.parse("2026-02-18"),
    )  # fmt: skip


def test_two_dividends_of_one_day_are_one_and_a_row_said_twice_is_said_once() -> None:
    told = actions(
        """symbol,subject,ex_date
        TCS,Interim Dividend - Rs 10 Per Share,2025-01-17
        TCS,Special Dividend - Rs 66 Per Share,2025-01-17
        TCS,Bonus 1:1,2018-05-31
        TCS,Bonus 1:1,2018-05-31"""
    )
    assert told.problems == ()
    dividend, bonus = told.claims
    assert dividend.terms.amount == Decimal(76)
    assert bonus.terms.kind is ActionKind.BONUS


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("TCS,2025-01-17,bonus,1-1,,", "ratio"),
        ("TCS,2025-01-17,bonus,1:0,,", "ratio"),
        ("TCS,17th of May,bonus,1:1,,", "ex_date"),
        ("TCS,2025-01-17,gift,1:1,,", "kind"),
        (",2025-01-17,bonus,1:1,,", "symbol"),
        ("NOWHERE:TCS,2025-01-17,bonus,1:1,,", "exchange"),
        ("TCS,2025-01-17,dividend,,-5,", "amount"),
        ("TCS,2025-01-17,dividend,,NaN,", "amount"),
        ("TCS,2025-01-17,demerger,1:1,,468%", "cost_ratio"),
    ],
)
def test_a_row_that_cannot_be_an_action_says_why(row: str, field: str) -> None:
    told = actions(f"symbol,ex_date,kind,ratio,amount,cost_ratio\n{row}\nINFY,2018-09-04,bonus,1:1,,")
    (wrong,) = told.problems
    assert (wrong.row, wrong.field) == (2, field)
    assert len(told.claims) == 1


def test_words_not_understood_are_listed_with_the_cure() -> None:
    told = actions("symbol,subject,ex_date\nTCS,Scheme Of Amalgamation,2025-01-17")
    assert told.claims == ()
    assert "kind, ratio, amount" in told.problems[0].cure


def test_the_same_action_told_differently_is_refused_the_second_time() -> None:
    told = actions("symbol,ex_date,kind,ratio\nTCS,2025-01-17,bonus,1:1\nTCS,2025-01-17,bonus,1:2")
    assert len(told.claims) == 1
    assert "twice" in told.problems[0].problem


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"hello", b"symbol,kind\nTCS,bonus"])
def test_a_file_without_the_columns_is_refused(content: bytes) -> None:
    for parse in (parse_actions, parse_closes, parse_rates):
        with pytest.raises(Misuse) as caught:
            parse(content)
        assert caught.value.field == "file"


def test_closes_and_navs() -> None:
    told = parse_closes(
        b"\xef\xbb\xbfDate,Symbol,NAV,Currency\n2024-10-14,MF:INF179K01YV8,123.4567,\n15/10/2024,NASDAQ:AAPL,231.3,usd\n"
        b"2024-10-16,INFY,0,\n2024-13-16,INFY,5,\n"
    )
    assert told.closes == (
        CloseRow(Listing("MF", "INF179K01YV8"), TradingDay.parse("2024-10-14"), Decimal("123.4567"), INR),
        CloseRow(Listing("NASDAQ", "AAPL"), TradingDay.parse("2024-10-15"), Decimal("231.3"), USD),
    )
    assert [(wrong.row, wrong.field) for wrong in told.problems] == [(4, "close"), (5, "day")]


def test_rates() -> None:
    told = parse_rates(
        b"day,base,quote,rate\n2024-10-14,usd,INR,84.05\n2024-10-14,INR,INR,1\n2024-10-14,US,INR,1\n"
    )
    assert told.rates == (RateClaim(USD, INR, TradingDay.parse("2024-10-14"), Decimal("84.05")),)
    assert [wrong.row for wrong in told.problems] == [3, 4]
