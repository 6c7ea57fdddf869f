"""Published worked cases of gains on shares, driven through a text book and the answers beside it.

Figures are facts of the titles named; where a source names no day, or a holiday of the exchange, ours is
near.
"""

from __future__ import annotations

import pytest

from tests.analysis.taxbooks import Case, worked_out

CBDT = "CBDT: frequently asked questions on long-term gains, 4 February 2018"
GEOJIT = "Geojit support: grandfathering"
BAJAJ = "Bajaj Finserv: tax on shares"
NRI = "NRI tax services: capital gains on securities"
MINT_BONUS = "Mint, 28 December 2021: grandfathering and bonus shares"
TEACHOO = "Teachoo: bonus shares received"
MPROFIT = "MProfit: gains on Jio Financial Services"
MPROFIT_HELP = "MProfit help: Reliance and Jio Financial"
CATARGET = "CA Target Test Prep: section 46A"
QNA = "qna.tax: buyback taxation"
ACT = "the Act's own words"
FOLIOMAN = "folioman: tests of holding periods"
ZERODHA = "Zerodha support: one day's average of intraday and delivery"


SHARE = "instrument NSE:X equity\n"


def share(*lines: str) -> str:
    return SHARE + "\n".join(lines)


def old(bought: int, sold: int, units: int = 1, on: str = "2018-04-02", since: str = "2017-01-02") -> str:
    """Shares bought before February 2018."""
    return share(f"{since} buy {units} NSE:X @ {bought}", f"{on} sell {units} NSE:X @ {sold}")


RELIANCE = """instrument NSE:RELIANCE equity isin INE002A01018
instrument NSE:JIOFIN equity isin INE758E01017
"""

CASES = (
    Case(CBDT, old(100, 250), "2018-19", ("112A 0.1 50.00",), "0.00", "value NSE:X 200"),
    Case(CBDT, old(100, 150), "2018-19", ("112A 0.1 0.00",), "0.00", "value NSE:X 200"),
    Case(CBDT, old(100, 150), "2018-19", ("112A 0.1 50.00",), "0.00", "value NSE:X 50"),
    Case(CBDT, old(100, 50), "2018-19", ("112A 0.1 -50.00",), "0.00", "value NSE:X 200"),
    Case(
        GEOJIT, old(200, 300, 1000, "2018-05-21", "2015-01-01"), "2018-19", ("112A 0.1 50000.00",), "0.00",
        "value NSE:X 250",
    ),
    Case(
        BAJAJ, old(100, 50, on="2023-04-03", since="2017-01-02"), "2023-24", ("112A 0.1 -50.00",), "0.00",
        "value NSE:X 200",
    ),
    Case(NRI, old(50, 110, on="2019-04-30"), "2019-20", ("112A 0.1 10.00",), "0.00", "value NSE:X 100"),
    Case(
        MINT_BONUS,
        share("2017-01-02 buy 1 NSE:X @ 100", "2019-06-03 bonus 1:1 NSE:X", "2021-12-01 sell 2 NSE:X @ 75"),
        "2021-22", ("112A 0.1 -25.00", "112A 0.1 75.00"), "0.00", "value NSE:X 120",
    ),
    Case(  # the bonus came before: it has the day's value too
        MINT_BONUS,
        share("2016-01-04 buy 1 NSE:X @ 100", "2017-06-05 bonus 1:1 NSE:X", "2021-12-01 sell 2 NSE:X @ 75"),
        "2021-22", ("112A 0.1 -25.00", "112A 0.1 15.00"), "0.00", "value NSE:X 60",
    ),
    Case(  # ten years later, by the law of that day
        TEACHOO,
        share(
            "2025-04-10 buy 20000 NSE:X @ 15", "2025-04-15 bonus 3:20 NSE:X",
            "2025-10-15 sell 23000 NSE:X @ 20",
        ),
        "2025-26", ("111A 0.2 100000.00", "111A 0.2 60000.00"), "33280.00",
    ),
    Case(
        MPROFIT,
        RELIANCE + """2021-06-01 buy 100 NSE:RELIANCE @ 2000
2023-06-15 buy 100 NSE:RELIANCE @ 2500
2023-07-20 demerger 1:1 NSE:RELIANCE into NSE:JIOFIN cost 4.68%
2023-09-01 sell 200 NSE:JIOFIN @ 250
2023-10-03 sell 200 NSE:RELIANCE @ 2400
""",
        "2023-24",
        ("112A 0.1 15640.00", "111A 0.15 13300.00", "112A 0.1 49360.00", "111A 0.15 1700.00"), "2340.00",
    ),
    Case(
        MPROFIT_HELP,
        RELIANCE + """2023-04-03 buy 100 NSE:RELIANCE @ 100
2023-07-20 demerger 1:1 NSE:RELIANCE into NSE:JIOFIN cost 4.68%
2024-03-14 sell 100 NSE:RELIANCE @ 200
""",
        "2023-24", ("111A 0.15 10468.00",), "1630.00",
    ),
    Case(
        CATARGET,
        share("2023-09-04 buy 100 NSE:X @ 2000", "2024-11-11 buyback 100 NSE:X @ 5000"),
        "2024-25", ("112A 0.125 -200000.00", "dividend 500000.00"), "the person's slab rate",
    ),
    Case(
        QNA,
        share("2024-03-04 buy 1 NSE:X @ 28507", "2024-12-02 buyback 1 NSE:X @ 28000 tax 2800"),
        "2024-25", ("111A 0.2 -28507.00", "dividend 28000.00"), "8740.00", "slab 30%",
    ),
    Case(
        "NDTV Profit: buybacks until 30 September 2024",
        share("2022-03-04 buy 1 NSE:X @ 100", "2024-09-30 buyback 1 NSE:X @ 300"),
        "2024-25", ("exempt 0.00",), "0.00",
    ),
    Case(
        "NDTV Profit: buybacks from 1 April 2026",
        share("2022-03-04 buy 100 NSE:X @ 1000", "2026-05-04 buyback 100 NSE:X @ 4000"),
        "2026-27", ("198 0.125 300000.00",), "22750.00",
    ),
    Case(
        f"{ACT}: buybacks of listed companies before 5 July 2019",
        share("2018-03-05 buy 100 NSE:X @ 2000", "2019-07-04 buyback 100 NSE:X @ 4000"),
        "2019-20", ("112A 0.1 200000.00",), "10400.00",
    ),
    Case(
        f"{ACT}: buybacks of unlisted companies, section 10(34A)",
        "2015-02-05 buy 100 OWN:U @ 2000\n2018-05-07 buyback 100 OWN:U @ 5000\n",
        "2018-19", ("exempt 0.00",), "0.00", "class OWN:U unlisted_share",
    ),
    Case(  # a split keeps day and cost; the value of 2018 is one of a share as it was
        f"{ACT}: section 55(2)(ac) after a split",
        share(
            "2016-01-04 buy 10 NSE:X @ 1000", "2019-06-03 split 5:1 NSE:X", "2020-06-03 bonus 1:1 NSE:X",
            "2021-12-01 sell 60 NSE:X @ 400",
        ),
        "2021-22", ("112A 0.1 5000.00", "112A 0.1 4000.00"), "0.00", "value NSE:X 1500",
    ),
    Case(
        f"{ACT}: amalgamation, sections 49(2) and 2(42A)",
        """instrument NSE:HDFC equity
instrument NSE:HDFCBANK equity
2022-09-05 buy 25 NSE:HDFC @ 1680
2023-07-13 merger 42:25 NSE:HDFC into NSE:HDFCBANK
2023-09-06 sell 42 NSE:HDFCBANK @ 1500
""",
        "2023-24", ("112A 0.1 21000.00",), "0.00",
    ),
    Case(
        f"{ACT}: rights cost what was paid, held since they were allotted",
        """instrument NSE:X equity
instrument NSE:X-RE equity
2023-05-02 buy 100 NSE:X @ 100
2024-05-02 rights 20 NSE:X into NSE:X-RE
2024-05-20 subscribe 20 NSE:X @ 80 from NSE:X-RE
2025-05-09 sell 120 NSE:X @ 150
""",
        "2025-26", ("112A 0.125 5000.00", "111A 0.2 1400.00"), "290.00",
    ),
    Case(  # no securities transaction tax on entitlements: not 111A
        f"{ACT}: a renounced right has no cost",
        """instrument NSE:X equity
instrument NSE:X-RE equity
2023-05-02 buy 100 NSE:X @ 100
2024-05-02 rights 20 NSE:X into NSE:X-RE
2024-05-10 sell 20 NSE:X-RE @ 15
""",
        "2024-25", ("slab 300.00",), "60.00", "slab 20%",
    ),
    Case(
        FOLIOMAN,
        share(
            "2023-03-15 buy 1 NSE:X @ 100", "2023-03-16 buy 1 NSE:X @ 100", "2024-03-15 sell 1 NSE:X @ 150",
            "2024-03-18 sell 1 NSE:X @ 150",
        ),
        "2023-24", ("111A 0.15 50.00", "112A 0.1 50.00"), "10.00",
    ),
    Case(
        FOLIOMAN,
        share(
            "2024-02-29 buy 2 NSE:X @ 100", "2025-02-28 sell 1 NSE:X @ 150", "2025-03-03 sell 1 NSE:X @ 150"
        ),
        "2024-25", ("111A 0.2 50.00", "112A 0.125 50.00"), "10.00",
    ),
    Case(
        ZERODHA,
        share(
            "2025-05-02 buy 500 NSE:X @ 100", "2025-05-02 sell 500 NSE:X @ 105",
            "2025-05-02 buy 200 NSE:X @ 110", "2025-06-02 sell 200 NSE:X @ 120",
        ),
        "2025-26", ("111A 0.2 2000.00", "speculative 2500.00"), "1200.00", "slab 30%",  # 400 + 750 + cess
    ),
    Case(  # bought today, sold tomorrow: delivery
        "Zerodha Varsity: BTST counts as a capital gain",
        share("2025-05-05 buy 100 NSE:X @ 100", "2025-05-06 sell 100 NSE:X @ 110"),
        "2025-26", ("111A 0.2 1000.00",), "210.00",
    ),
    Case(
        "Zerodha support: a short sale that was not squared is settled in auction",
        share("2025-05-05 short 100 NSE:X @ 100", "2025-05-06 cover 100 NSE:X @ 120"),
        "2025-26", ("speculative -2000.00",), "0.00",
    ),
    Case(
        "CBDT circular 768: first in, first out",
        share(
            "2021-05-03 buy 10 NSE:X @ 100", "2025-04-03 buy 10 NSE:X @ 300",
            "2025-06-03 sell 15 NSE:X @ 400",
        ),
        "2025-26", ("112A 0.125 3000.00", "111A 0.2 500.00"), "100.00",
    ),
    Case(  # 1.25 of duty: 0.42, 0.42, 0.41
        "casparser: stamp duty of a lot sold in three parts",
        share(
            "2023-05-02 buy 3 NSE:X @ 100 fee 1.25 ^B", "2025-05-05 sell 1 NSE:X @ 200",
            "2025-05-06 sell 1 NSE:X @ 200", "2025-05-07 sell 1 NSE:X @ 200",
        ),
        "2025-26", ("112A 0.125 99.58", "112A 0.125 99.58", "112A 0.125 99.59"), "0.00", "stt ^B 0",
    ),
    Case(  # brokerage of either side is deducted, the transaction tax is not
        f"{ACT}: section 48, seventh proviso",
        share("2023-05-02 buy 100 NSE:X @ 100 fee 30 ^B", "2025-05-05 sell 100 NSE:X @ 200 fee 50 ^S"),
        "2025-26", ("112A 0.125 9950.00",), "0.00", "stt ^B 10\nstt ^S 20",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_published_case_holds_to_the_rupee(case: Case) -> None:
    assert worked_out(case) == (case.rows, case.payable)
