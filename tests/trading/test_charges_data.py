"""The shipped rules are sound data, and say what the published lists say."""

from __future__ import annotations

import json
from decimal import Decimal
from importlib import resources

import pytest

from tunefolio.core.rules import Confidence, defects, read_rulebook
from tunefolio.core.time import TradingDay
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.tariffs import read_tariffs, tariffs

DAYS = ("2020-07-01", "2021-01-01", "2023-04-01", "2024-04-01", "2024-10-01", "2026-03-01", "2026-04-01")


def text() -> str:
    return resources.files("tunefolio.trading.data").joinpath("charges_india.json").read_text("utf-8")


def on(name: str, day: str) -> Decimal:
    rule = tariffs().book.at(name, TradingDay.parse(day))
    assert rule is not None, f"{name} on {day}"
    return rule.number()


def test_no_rows_overlap_leave_a_gap_or_lack_a_source() -> None:
    assert defects(tariffs().book) == ()


@pytest.mark.parametrize("spoil", ["overlap", "gap", "source"])
def test_a_spoilt_row_is_found(spoil: str) -> None:
    told = json.loads(text())
    rows = [row for row in told["rules"] if row["name"] == "stt.futures"]
    match spoil:
        case "overlap":
            rows[0]["to"] = "2023-04-02"
        case "gap":
            rows[0]["to"] = "2023-03-30"
        case _:
            rows[0]["sources"] = []
    assert len(defects(read_rulebook(json.dumps(told), place="spoilt"))) == 1


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("stt.futures", "0.0001 0.0001 0.000125 0.000125 0.0002 0.0002 0.0005"),
        ("stt.options", "0.0005 0.0005 0.000625 0.000625 0.001 0.001 0.0015"),
        ("stt.exercised", "0.00125 0.00125 0.00125 0.00125 0.00125 0.00125 0.0015"),
        ("stt.delivery", "0.001 0.001 0.001 0.001 0.001 0.001 0.001"),
        ("exchange.nse.cash",
         "0.0000325 0.0000345 0.0000325 0.0000322 0.0000297 0.000030699 0.000030699"),
        ("exchange.nse.futures",
         "0.000019 0.00002 0.000019 0.0000188 0.0000173 0.000018299 0.000018299"),
        ("exchange.nse.options", "0.0005 0.00053 0.0005 0.000495 0.0003503 0.000355299 0.000355299"),
        ("ipft.nse.options",
         "0.000000001 0.000000001 0.000005 0.000005 0.000005 0.000000001 0.000000001"),
        ("sebi", "0.0000005 0.0000005 0.000001 0.000001 0.000001 0.000001 0.000001"),
    ],
)  # fmt: skip
def test_rates_change_on_their_days(name: str, rates: str) -> None:
    assert [on(name, day) for day in DAYS] == [Decimal(rate) for rate in rates.split()]


@pytest.mark.parametrize("segment", ["cash", "futures", "options"])
def test_the_charge_of_nse_never_holds_the_fund_that_is_counted_beside_it(segment: str) -> None:
    """Pages of 2026 print 0.00307, 0.00183 and 0.03553 per cent: charge and fund together."""
    printed = {"cash": "0.00307", "futures": "0.00183", "options": "0.03553"}[segment]
    both = on(f"exchange.nse.{segment}", "2026-03-01") + on(f"ipft.nse.{segment}", "2026-03-01")
    assert both * 100 == Decimal(printed)


def test_every_levy_says_its_side_and_every_base_of_gst_is_a_line() -> None:
    for rule in tariffs().book:
        if rule.name.startswith(("stt.", "ctt.", "stamp.")):
            assert rule.word("side") in {"buy", "sell", "both"}, rule.name
        if rule.name.startswith("gst"):
            assert all(LineName(name) for name in rule.word("base").split())
            assert not {"stt", "ctt", "stamp"} & set(rule.word("base").split()), "GST is on no tax"


def test_what_the_facts_doubt_is_marked() -> None:
    doubtful = {rule.name for rule in tariffs().book if rule.is_doubtful}
    assert {"exchange.bse.cash.standard", "gst", "dp.upstox"} <= doubtful
    book = tariffs().book
    entry = book.at("dp.zerodha", TradingDay.parse("2024-09-30"))
    assert entry is not None
    assert entry.confidence is Confidence.MEDIUM
    assert "memory" in entry.note


def test_the_tariffs_begin_where_the_uniform_stamp_duty_does() -> None:
    assert tariffs().begins == TradingDay.parse("2020-07-01")


def test_a_change_of_rate_is_one_row() -> None:
    told = json.loads(text())
    row = {"name": "stt.delivery", "from": "2027-04-01", "rate": "0.002", "side": "both",
           "sources": ["cleartax"], "confidence": "high"}  # fmt: skip
    told["rules"].append(row)
    book = read_tariffs(json.dumps(told), place="next year").book
    days = [TradingDay.parse(day) for day in ("2027-03-31", "2027-04-01")]
    found = [book.at("stt.delivery", day) for day in days]
    assert [rule.number() for rule in found if rule] == [Decimal("0.001"), Decimal("0.002")]
    assert defects(book) == ()
