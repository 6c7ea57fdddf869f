"""Published worked cases of all other holdings, and of years with set-off, exemptions and rates.

Figures are facts of the titles named; what our own arithmetic adds to them (cess, rounding) follows the Act.
"""

from __future__ import annotations

import pytest

from tests.analysis.taxbooks import Case, told_of, worked_out, year_of

ACT = "the Act's own words"
FREEDOM = "FreedomLifeX: cost inflation index"
TAXAJ = "TaxAJ: indexation"
AJ = "AJ Capital: indexation in debt funds"
MINT_DEBT = "Mint, 17 October 2023: debt funds"
CHITTORGARH = "Chittorgarh: gains on unlisted shares"
JM = "JM Financial Services: unlisted shares"
MINT_VDA = "Mint, 6 February 2022: crypto"
REDDIT = "CryptoTax forum: two trades of one coin"
CACLUB = "CAclubindia: turnover of options"
CACLUB_RATES = "CAclubindia: rate changes in the middle of 2024-25"
HBL = "Business Line: your taxes, March 2019"
FINSAFE = "Finsafe: gold bonds after the Finance Act, 2026"
BS = "Business Standard, 23 July 2024: business trusts"
DATAWRAPPER = "Tax Updates: debt funds by date"


def deal(what: str, bought: str, sold: str, key: str = "") -> str:
    """deal("10 MF:D", "2016-07-04 @ 10", "2022-09-05 @ 20", "^S")"""
    (first, cost), (last, price) = bought.split(" ", 1), sold.split(" ", 1)
    return f"{first} buy {what} {cost}\n{last} sell {what} {price} {key}\n"


DEBT = "class MF:D debt_fund"
X = "instrument NSE:X equity\n"
GOLD = "instrument NSE:GOLDBEES etf\n"
BOND = "instrument NSE:BOND bond\n"
SGB = "instrument NSE:SGBMAY25 bond\n"
TRUST = "instrument NSE:TRUST equity\n"
DOLLARS = """instrument NASDAQ:AAPL equity USD
account Abroad USD
2021-01-15 buy 10 NASDAQ:AAPL @ 130
2023-05-15 sell 4 NASDAQ:AAPL @ 170
2024-08-15 sell 6 NASDAQ:AAPL @ 220
2020-12-31 rate USD 73 INR
2023-04-30 rate USD 82 INR
2024-07-31 rate USD 83.5 INR
"""
OPTIONS = """2025-05-02 short 1 NFO:O1 @ 100
2025-05-02 buy 1 NFO:O2 @ 50
2025-05-02 short 1 NFO:O3 @ 100
2025-05-07 cover 1 NFO:O3 @ 10
2025-05-29 expiry 1 NFO:O1
2025-05-29 expiry 1 NFO:O2
"""


def equity(on: str, gain: int, since: str = "2020-05-04") -> str:
    """One share, of its own name a day, with a gain."""
    name = f"NSE:{on.replace('-', '')}"
    return f"instrument {name} equity\n" + deal(f"1 {name}", f"{since} @ 1000000", f"{on} @ {1000000 + gain}")


CASES = (
    Case(
        FREEDOM, deal("1000 MF:D", "2016-07-04 @ 10", "2022-09-05 @ 20"), "2022-23",
        ("112 0.2 7462.12",), "1550.00", DEBT,
    ),
    Case(
        TAXAJ, deal("1000 MF:D", "2016-07-04 @ 10", "2019-08-05 @ 20"), "2019-20",
        ("112 0.2 9053.03",), "1880.00", DEBT,
    ),
    Case(
        AJ, deal("1 MF:D", "2018-09-17 @ 15", "2021-12-20 @ 20"), "2021-22", ("112 0.2 3.02",), "0.00", DEBT
    ),
    Case(  # 36 months to the day are short
        DATAWRAPPER, deal("1 MF:D", "2020-07-20 @ 1000", "2023-07-20 @ 2000"), "2023-24",
        ("slab 1000.00",), "310.00", DEBT + "\nslab 30%",
    ),
    Case(  # long after 24 months since 2024-07-23
        DATAWRAPPER, deal("1 MF:D", "2022-07-22 @ 1000", "2024-07-23 @ 2000"), "2024-25",
        ("112 0.125 1000.00",), "130.00", DEBT,
    ),
    Case(
        DATAWRAPPER, deal("1 MF:D", "2022-07-22 @ 1000", "2024-07-22 @ 2000"), "2024-25",
        ("slab 1000.00",), "310.00", DEBT + "\nslab 30%",
    ),
    Case(
        f"{ACT}: section 50AA",
        deal("1 MF:D", "2023-03-31 @ 1000", "2026-05-04 @ 1300")
        + deal("1 MF:D", "2023-04-03 @ 1000", "2026-05-05 @ 1300"),
        "2026-27", ("197 0.125 300.00", "slab 300.00"), "130.00", DEBT + "\nslab 30%",
    ),
    Case(
        f"{ACT}: gold funds by era",
        GOLD + deal("1 NSE:GOLDBEES", "2019-05-02 @ 3000", "2024-05-03 @ 6100")
        + deal("1 NSE:GOLDBEES", "2022-05-02 @ 4500", "2024-08-05 @ 6200")
        + deal("1 NSE:GOLDBEES", "2023-05-02 @ 5100", "2025-03-10 @ 7000"),
        "2024-25", ("112 0.2 2331.83", "112 0.125 1700.00", "slab 1900.00"), "1300.00",
        "class NSE:GOLDBEES other_fund\nslab 30%",
    ),
    Case(
        f"{ACT}: gold funds bought in the years of section 50AA and sold after them",
        GOLD + deal("1 NSE:GOLDBEES", "2023-05-02 @ 5100", "2025-05-05 @ 8000"),
        "2025-26", ("112 0.125 2900.00",), "380.00", "class NSE:GOLDBEES other_fund",
    ),
    Case(
        CHITTORGARH, deal("170 OWN:ABC", "2019-08-05 @ 500", "2023-03-06 @ 650"), "2022-23",
        ("112 0.2 13147.06",), "2730.00", "class OWN:ABC unlisted_share",
    ),
    Case(
        JM, deal("1000 OWN:ABC", "2020-06-15 @ 500", "2023-07-17 @ 1000"), "2023-24",
        ("112 0.2 421926.91",), "87760.00", "class OWN:ABC unlisted_share",
    ),
    Case(
        f"{ACT}: 24 months to the day, unlisted",
        deal("1 OWN:ABC", "2020-06-15 @ 500", "2022-06-15 @ 1000"), "2022-23", ("slab 500.00",), "100.00",
        "class OWN:ABC unlisted_share\nslab 20%",
    ),
    Case(  # 520 dollars × 73 = 37,960, × 348 ÷ 301
        f"{ACT}: shares abroad at the rate of the month before, indexed", DOLLARS, "2023-24",
        ("112 0.2 11872.69",), "2470.00",
    ),
    Case(
        f"{ACT}: shares abroad after 23 July 2024", DOLLARS, "2024-25", ("112 0.125 53280.00",), "6930.00"
    ),
    Case(
        f"{ACT}: listed bonds, no index", BOND + deal("5 NSE:BOND", "2022-05-02 @ 1000", "2023-06-05 @ 1100")
        + deal("5 NSE:BOND", "2023-06-05 @ 1000", "2024-03-05 @ 1100"),
        "2023-24", ("112 0.1 500.00", "slab 500.00"), "210.00", "slab 30%",
    ),
    Case(
        f"{ACT}: listed bonds after 23 July 2024",
        BOND + deal("5 NSE:BOND", "2022-05-02 @ 1000", "2024-08-05 @ 1200"), "2024-25",
        ("112 0.125 1000.00",), "130.00",
    ),
    Case(
        f"{ACT}: unlisted bonds after 23 July 2024 are short-term",
        deal("5 OWN:NCD", "2019-05-02 @ 1000", "2024-08-05 @ 1200"), "2024-25", ("slab 1000.00",), "310.00",
        "class OWN:NCD unlisted_bond\nslab 30%",
    ),
    Case(
        f"{ACT}: market-linked debentures since April 2023",
        BOND + deal("5 NSE:BOND", "2019-05-02 @ 1000", "2023-05-05 @ 1200"), "2023-24", ("slab 1000.00",),
        "310.00", "class NSE:BOND market_linked\nslab 30%",
    ),
    Case(  # 10 % plain is 1,600; 20 % indexed would be 2,585
        f"{ACT}: gold bonds sold on the exchange",
        SGB + deal("4 NSE:SGBMAY25", "2019-05-02 @ 3000", "2024-05-02 @ 7000"), "2024-25",
        ("112 0.1 16000.00",), "1660.00",
    ),
    Case(
        f"{ACT}: gold bonds paid back, section 47(viic)",
        SGB + deal("4 NSE:SGBMAY25", "2017-05-02 @ 3000", "2025-05-02 @ 9000", "^R"), "2025-26",
        ("exempt 0.00",), "0.00", "way ^R redemption",
    ),
    Case(
        FINSAFE, SGB + "2018-05-04 buy 4 NSE:SGBMAY25 @ 3000 ^B\n2026-05-04 sell 4 NSE:SGBMAY25 @ 9000 ^R\n",
        "2026-27", ("exempt 0.00",), "0.00", "way ^R redemption\nsubscribed ^B yes",
    ),
    Case(
        FINSAFE, SGB + "2018-05-04 buy 4 NSE:SGBMAY25 @ 3000 ^B\n2026-05-04 sell 4 NSE:SGBMAY25 @ 9000 ^R\n",
        "2026-27", ("197 0.125 24000.00",), "3120.00", "way ^R redemption\nsubscribed ^B no",
    ),
    Case(
        BS, TRUST + deal("100 NSE:TRUST", "2023-05-03 @ 310", "2024-07-22 @ 350")
        + deal("100 NSE:TRUST", "2023-05-03 @ 310", "2024-07-23 @ 350"),
        "2024-25", ("111A 0.15 4000.00", "112A 0.125 4000.00"), "620.00", "class NSE:TRUST business_trust",
    ),
    Case(  # 2,340 × 272 ÷ 264 = 2,410.91 stands for the value of the company that came of the demerger
        f"{ACT}: section 55(2)(ac) of shares listed since",
        """instrument NSE:R equity
instrument NSE:J equity
2016-06-01 buy 100 NSE:R @ 500
2023-07-20 demerger 1:1 NSE:R into NSE:J cost 4.68%
2023-09-01 sell 100 NSE:J @ 250
2023-10-03 sell 100 NSE:R @ 2400
""",
        "2023-24", ("112A 0.1 22589.09", "112A 0.1 142000.00"), "6720.00",
        "value NSE:R 980\nunlisted NSE:J",
    ),
    Case(
        f"{ACT}: sold off the market, the better of two ways",
        X + deal("100 NSE:X", "2019-05-02 @ 100", "2023-05-02 @ 300", "^S"), "2023-24", ("112 0.1 20000.00",),
        "2080.00", "way ^S off_market",
    ),
    Case(
        MINT_VDA, deal("1 CRYPTO:X", "2022-04-04 @ 100000", "2022-07-04 @ 150000")
        + deal("1 CRYPTO:Y", "2022-04-04 @ 100000", "2022-07-04 @ 65000"),
        "2022-23", ("115BBH 0.3 50000.00", "115BBH 0.3 0.00"), "15600.00",
    ),
    Case(
        REDDIT, deal("1 CRYPTO:BTC", "2024-04-04 @ 1000", "2024-07-04 @ 1200")
        + deal("1 CRYPTO:BTC", "2024-07-05 @ 1000", "2024-07-08 @ 950"),
        "2024-25", ("115BBH 0.3 200.00", "115BBH 0.3 0.00"), "60.00",
    ),
    Case(
        CACLUB, OPTIONS, "2025-26", ("business 90.00", "business 100.00", "business -50.00"), "40.00",
        "slab 30%",
    ),
    Case(
        CACLUB_RATES, equity("2024-07-22", 100_000) + equity("2024-07-23", 125_000), "2024-25",
        ("112A 0.1 100000.00", "112A 0.125 125000.00"), "10400.00",
    ),
    Case(
        CACLUB_RATES, equity("2024-07-22", 150_000) + equity("2024-07-23", 150_000), "2024-25",
        ("112A 0.1 150000.00", "112A 0.125 150000.00"), "18850.00",
    ),
    Case(  # pension and interest stay below their deductions: three lakh are free, and one lakh of 112A
        HBL, equity("2018-06-04", 250_000, "2018-02-05").replace("2018-02-05 buy", "2017-02-06 buy")
        + equity("2018-07-04", 50_000, "2018-04-05"), "2018-19",
        ("112A 0.1 250000.00", "111A 0.15 50000.00"), "0.00",
        "value NSE:20180604 1000\nregime old\nage senior\n2018-19 other_sources 0",
    ),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_published_case_holds_to_the_rupee(case: Case) -> None:
    assert worked_out(case) == (case.rows, case.payable)


def test_turnover_of_options_is_the_sum_of_absolute_results() -> None:
    """100 + 50 + 90, as CAclubindia's answer has it; premium received is not added a second time."""
    assert told_of(year_of(OPTIONS, "2025-26"))["turnover"]["business"] == "240.00"


def test_the_loss_of_a_buyback_meets_a_later_gain_for_eight_years() -> None:
    """2,00,000 of November 2024 against 3,00,000 of 2026-27: what is left is below the exemption."""
    book = X + "2023-09-04 buy 100 NSE:X @ 2000\n2024-11-11 buyback 100 NSE:X @ 5000\n"
    told = told_of(year_of(book + equity("2026-05-04", 300_000), "2026-27"))
    (step,) = told["set_off"]["steps"]
    assert (step["loss"], step["of"], step["amount"]) == ("long_term", "2024-25", "200000.00")
    assert told["levy"]["payable"] == "0.00"


def test_the_transaction_tax_of_a_purchase_sold_in_three_parts_is_handed_out_once() -> None:
    """0.10 of charges of 1.00: 0.03, 0.04 and 0.03 of 0.33, 0.34 and 0.33; 0.90 is deducted."""
    parts = "".join(f"2025-05-0{day} sell 1 NSE:X @ 200\n" for day in (5, 6, 7))
    told = told_of(year_of(X + "2023-05-02 buy 3 NSE:X @ 100 fee 1 ^B\n" + parts, "2025-26", "stt ^B 0.10"))
    assert [deed["cost"] for deed in told["deeds"]] == ["100.30"] * 3


LOSSES = """2024-25 brings short_term 20000 of 2016-17
2024-25 brings short_term 10000 of 2015-16
2024-25 brings long_term 9000 of 2020-21
2024-25 brings speculative 700 of 2019-20
2024-25 brings speculative 500 of 2020-21
2024-25 brings business 800 of 2018-19
slab 30%
"""


def test_losses_of_several_years_are_used_oldest_first_and_lapse_after_eight_and_four() -> None:
    """Short-term 2015-16 (its eighth year was 2023-24) and speculative 2019-20 (its fourth) are lost."""
    intraday = X + "2025-01-06 buy 10 NSE:X @ 100\n2025-01-06 sell 10 NSE:X @ 200\n"
    book = intraday + deal("1 NSE:Y", "2024-05-02 @ 10000", "2025-01-07 @ 60000")
    told = told_of(year_of("instrument NSE:Y equity\n" + book, "2024-25", LOSSES))
    assert [(one["loss"], one["of"], one["amount"]) for one in told["set_off"]["steps"]] == [
        ("speculative", "2020-21", "500.00"),
        ("business", "2018-19", "500.00"),
        ("short_term", "2016-17", "20000.00"),
    ]
    assert [(one["kind"], one["of"]) for one in told["set_off"]["lapsed"]] == [
        ("short_term", "2015-16"), ("speculative", "2019-20")
    ]  # fmt: skip
    assert [(one["kind"], one["amount"], one["until"]) for one in told["set_off"]["carried"]] == [
        ("business", "300.00", "2026-27"), ("long_term", "9000.00", "2028-29")
    ]  # fmt: skip
    assert told["levy"]["payable"] == "6240.00"  # 20 % of 30,000 and cess


def test_a_non_resident_has_the_yearly_exemption_and_no_basic_one() -> None:
    told = told_of(
        year_of(equity("2025-05-05", 300_000), "2025-26", "residency non_resident\n2025-26 salary 0")
    )
    assert told["levy"]["payable"] == "22750.00"
    assert told["levy"]["lines"][0]["basic_exemption"] == "0.00"


DIVIDENDS = (
    X + "2018-05-02 buy 1 NSE:X @ 1\n2019-05-02 dividend 600000 NSE:X\n2019-11-04 dividend 500000 NSE:X\n"
)


def test_dividends_above_ten_lakh_before_april_2020_say_what_is_not_computed() -> None:
    """Exempt, as the company paid; section 115BBDA's 10 % of what is above ten lakh is told, not computed."""
    told = told_of(year_of(DIVIDENDS, "2019-20"))
    assert [one["taxable"] for one in told["incomes"]] == ["0.00", "0.00"]
    assert [text for text in told["doubts"] if "115BBDA" in text] == [told["incomes"][1]["doubts"][0]]
    at_limit = told_of(year_of(DIVIDENDS.replace("500000", "400000"), "2019-20"))
    assert not [text for text in at_limit["doubts"] if "115BBDA" in text]
    abroad = told_of(year_of(DIVIDENDS, "2019-20", "residency non_resident"))
    assert not [text for text in abroad["doubts"] if "115BBDA" in text]


@pytest.mark.parametrize(
    ("gain", "answers", "said"),
    [
        (5_000_001, "", "surcharge"),
        (5_000_000, "", ""),
        (600_000, "2025-26 salary 600000", "rebate under section 87A"),
        (600_001, "2025-26 salary 600000", ""),
        (400_000, "2025-26 salary 200000\nregime old", ""),
        (300_000, "2025-26 salary 200000\nregime old", "rebate under section 87A"),
        (300_000, "2025-26 salary 200000\nresidency non_resident", ""),
        (125_000, "2025-26 salary 200000\nregime old", ""),
    ],
)
def test_surcharge_and_rebate_are_named_where_they_would_change_the_tax(
    gain: int, answers: str, said: str
) -> None:
    told = told_of(year_of(equity("2025-05-05", gain), "2025-26", answers))
    found = [text for text in told["doubts"] if "surcharge" in text or "rebate" in text]
    assert len(found) == bool(said)
    assert said in "".join(found)
    assert "surcharge" in told["not_computed"]
