"""Published worked examples, recomputed: each names where its figures stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from tests.trading.deals import amount, charged, deal, exact
from tunefolio.trading.charges.deals import Ending, Service, Units
from tunefolio.trading.charges.levies import LineName
from tunefolio.trading.charges.notes import note
from tunefolio.trading.charges.tariffs import tariffs

STT, EXCHANGE, IPFT = LineName.STT, LineName.EXCHANGE, LineName.IPFT
LAKH, CRORE = "buy 1000 X @ 100", "buy 100000 X @ 100"
FUND, GOLD = {"units": Units.EQUITY_FUND}, {"units": Units.OTHER_FUND}
EXERCISED = {"ending": Ending.EXERCISED}


@dataclass(frozen=True)
class Published:
    """One figure of one line, as its source has it; in rupees before rounding."""

    source: str
    sentence: str
    line: LineName
    figure: str
    more: dict[str, Any] = field(default_factory=dict)


def of(source: str, *rows: tuple[Any, ...]) -> list[Published]:
    return [Published(source, *row) for row in rows]


TAXES = [
    *of(
        "Zerodha support, how STT is calculated",
        ("2023-07-13 sell 50 NIFTY @ 15000 futures by zerodha", STT, "93.75"),
        ("2023-07-13 sell 1 X @ 100600 delivery by zerodha", STT, "100.60"),
    ),
    *of(
        "Trading Q&A 21903 and 88483, STT in Zerodha's calculator",
        ("2020-10-01 sell 100 X @ 101 intraday by zerodha", STT, "2.525"),
        ("2022-02-01 sell 20 X @ 103.55 intraday by zerodha", STT, "0.51775"),
    ),
    *of(
        "Trading Q&A 92313, index options on expiry",
        ("2020-11-01 sell 7500 NIFTY @ 100 options by zerodha", STT, "937.5", EXERCISED),
        ("2020-11-01 sell 7500 NIFTY @ 100 options by zerodha", STT, "375"),
    ),
    *of(
        "Trading Q&A 80215, an option of Bank Nifty exercised",
        ("2020-07-30 sell 20 BANKNIFTY @ 600 options by zerodha", STT, "15", EXERCISED),
    ),
    *of(
        "Zerodha support, option positions that get exercised: the writer pays none",
        ("2025-02-27 buy 75 NIFTY @ 100 options by zerodha", STT, "0", {"ending": Ending.ASSIGNED}),
    ),
    *of(
        "ClearTax, STT of futures before and after Budget 2026",
        ("2026-03-31 sell 1 X @ 2000000 futures by none", STT, "400"),
        ("2026-04-01 sell 1 X @ 2000000 futures by none", STT, "1000"),
    ),
    *of(
        "Angel One news, 3 February 2026: a lot of Nifty and one of Bank Nifty",
        ("2026-03-31 sell 65 NIFTY @ 24800 futures by none", STT, "322.40"),
        ("2026-04-01 sell 65 NIFTY @ 24800 futures by none", STT, "806"),
        ("2026-03-31 sell 30 BANKNIFTY @ 52000 futures by none", STT, "312"),
        ("2026-04-01 sell 30 BANKNIFTY @ 52000 futures by none", STT, "780"),
    ),
    *of(
        "Mint, the STT increase of Budget 2026: a crore of futures, a crore of premium",
        ("2026-04-01 sell 100000 X @ 100 futures by none", STT, "5000"),
        ("2026-03-31 sell 100000 X @ 100 futures by none", STT, "2000"),
        ("2026-04-01 sell 100000 X @ 100 options by none", STT, "15000"),
        ("2026-03-31 sell 100000 X @ 100 options by none", STT, "10000"),
    ),
    *of(
        "News of July 2024: a lakh of premium, a lakh of futures",
        ("2024-09-30 sell 1000 X @ 100 options by none", STT, "62.5"),
        ("2024-10-01 sell 1000 X @ 100 options by none", STT, "100"),
        ("2024-09-30 sell 1000 X @ 100 futures by none", STT, "12.5"),
        ("2024-10-01 sell 1000 X @ 100 futures by none", STT, "20"),
    ),
    *of(
        "CNBC-TV18, 24 March 2023: a crore",
        ("2023-03-31 sell 100000 X @ 100 futures by none", STT, "1000"),
        ("2023-04-01 sell 100000 X @ 100 futures by none", STT, "1250"),
        ("2023-03-31 sell 100000 X @ 100 options by none", STT, "5000"),
    ),
    *of("Upstox help, exiting a position", (f"2022-01-03 {LAKH} delivery by upstox", STT, "100")),
    *of(
        "Zerodha support, STT on ETFs: a lakh",
        ("2025-02-03 sell 1000 X @ 100 delivery by zerodha", STT, "1", FUND),
        ("2025-02-03 sell 1000 X @ 100 intraday by zerodha", STT, "25", FUND),
        ("2025-02-03 sell 1000 X @ 100 delivery by zerodha", STT, "0", GOLD),
    ),
    *of(
        "NSE Clearing, physically settled derivatives: receiver and giver",
        ("2025-02-27 buy 500 X @ 1000 futures by zerodha", STT, "500", {"ending": Ending.PHYSICAL}),
        ("2025-02-27 sell 500 X @ 1000 futures by zerodha", STT, "500", {"ending": Ending.PHYSICAL}),
    ),
    *of(
        "HDFC Sky, commodities: a lakh",
        ("2025-02-03 sell 1000 X @ 100 commodity_futures by none at MCX", LineName.CTT, "10"),
        ("2025-02-03 sell 1000 X @ 100 commodity_options by none at MCX", LineName.CTT, "50"),
    ),
]
EXCHANGES = [
    *of(
        "Trading Q&A 24392, transaction charge of a delivery",
        ("2020-09-01 buy 100 X @ 455.55 delivery by zerodha", EXCHANGE, "1.4805375"),
        ("2020-09-01 buy 100 X @ 455.55 delivery by zerodha", LineName.GST, "0.26649675"),
    ),
    *of(
        "Hindustan Times, 27 September 2024: NSE a lakh, BSE a crore",
        (f"2024-10-01 {LAKH} delivery by none", EXCHANGE, "2.97"),
        (f"2024-10-01 {LAKH} futures by none", EXCHANGE, "1.73"),
        (f"2024-10-01 {LAKH} options by none", EXCHANGE, "35.03"),
        (f"2024-10-01 {LAKH} currency_futures by none", EXCHANGE, "0.35"),
        (f"2024-10-01 {LAKH} currency_options by none", EXCHANGE, "31.10"),
        (f"2024-10-01 {CRORE} options by none at BSE INDEX", EXCHANGE, "3250"),
        (f"2024-10-01 {CRORE} options by none at BSE STOCK", EXCHANGE, "500"),
        (f"2024-10-01 {CRORE} futures by none at BSE", EXCHANGE, "0"),
    ),
    *of("NDTV Profit, 30 April 2024", (f"2024-05-13 {CRORE} options by none at BSE INDEX", EXCHANGE, "4950")),
    *of(
        "News on MCX, 24 September 2024: a lakh",
        (f"2024-10-01 {LAKH} commodity_futures by none at MCX", EXCHANGE, "2.10"),
        (f"2024-10-01 {LAKH} commodity_options by none at MCX", EXCHANGE, "41.80"),
    ),
    *of(
        "BSE, transaction fees of the equity segment: a crore",
        (f"2025-02-03 {CRORE} delivery by none at BSE A", EXCHANGE, "375"),
        (f"2025-02-03 {CRORE} delivery by none at BSE T", EXCHANGE, "375"),
        (f"2025-02-03 {CRORE} delivery by none at BSE M", EXCHANGE, "275"),
        (f"2025-02-03 {CRORE} delivery by none at BSE X", EXCHANGE, "10000"),
        (f"2025-02-03 {CRORE} delivery by none at BSE SS", EXCHANGE, "100000"),
    ),
    *of(
        "Upstox help, investor protection fund at NSE: a lakh",
        (f"2023-04-03 {LAKH} delivery by upstox", IPFT, "0.10"),
        (f"2023-04-03 {LAKH} futures by upstox", IPFT, "0.10"),
        (f"2023-04-03 {LAKH} options by upstox", IPFT, "0.50"),
        (f"2023-04-03 {LAKH} currency_futures by upstox", IPFT, "0.05"),
        (f"2023-04-03 {LAKH} currency_options by upstox", IPFT, "2"),
    ),
    *of(
        "Lists of 2021 and 2024, SEBI's fee: a crore",
        (f"2020-07-01 {CRORE} delivery by none", LineName.SEBI, "5"),
        (f"2021-06-01 {CRORE} delivery by none", LineName.SEBI, "10"),
    ),
    *of(
        "Tradejini, stamp duty since July 2020: a crore",
        (f"2020-07-01 {CRORE} delivery by none", LineName.STAMP, "1500"),
        (f"2020-07-01 {CRORE} intraday by none", LineName.STAMP, "300"),
        (f"2020-07-01 {CRORE} futures by none", LineName.STAMP, "200"),
        (f"2020-07-01 {CRORE} options by none", LineName.STAMP, "300"),
        (f"2020-07-01 {CRORE} currency_futures by none", LineName.STAMP, "10"),
        (f"2020-07-01 {CRORE} commodity_futures by none at MCX", LineName.STAMP, "200"),
    ),
    *of(
        "PeakAlpha, Groww and Fi on stamp duty of mutual funds",
        ("2020-07-01 buy 99995 X @ 10 mutual_fund by none at MF", LineName.STAMP, "49.9975"),
        ("2020-07-01 buy 9999.5 X @ 10 mutual_fund by groww at MF", LineName.STAMP, "4.99975"),
    ),
]
BROKERS = [
    *of(
        "Chittorgarh, how Groww's brokerage is calculated",
        ("2022-01-03 buy 100 X @ 500 delivery by groww", LineName.BROKERAGE, "20"),
        ("2022-01-03 sell 100 X @ 50 delivery by groww", LineName.BROKERAGE, "2.5"),
    ),
    *of(
        "Trading Q&A 151973, an option that expires in the money",
        ("2023-08-24 sell 3000 NIFTY @ 100 options by zerodha", STT, "375", EXERCISED),
        ("2023-08-24 sell 3000 NIFTY @ 100 options by zerodha", LineName.BROKERAGE, "20", EXERCISED),
    ),
    *of(
        "Kotak Securities, tariff sheet: assignments, and ETFs by the plan's page",
        ("2023-08-24 buy 50 X @ 9 options by kotak", LineName.BROKERAGE, "20", {"ending": Ending.ASSIGNED}),
        (f"2025-02-03 {LAKH} delivery by kotak", LineName.BROKERAGE, "50", FUND),
    ),
    *of(
        "Zerodha support, depository charges",
        ("2025-02-03 sell 100 RELIANCE @ 1280 delivery by zerodha", LineName.DP, "15.34"),
        ("2025-02-03 sell 25 TCS @ 4000 delivery by zerodha female", LineName.DP, "15.045"),
    ),
    *of(
        "Groww help, depository charges by sex and value",
        ("2026-11-20 sell 10 X @ 100 delivery by groww", LineName.DP, "23.6"),
        ("2026-11-20 sell 10 X @ 100 delivery by groww female", LineName.DP, "23.305"),
        ("2026-11-20 sell 1 X @ 99 delivery by groww", LineName.DP, "4.13"),
        ("2026-11-20 sell 1 X @ 99 delivery by groww female", LineName.DP, "3.835"),
    ),
    *of(
        "Upstox and Angel One, depository charges",
        ("2024-10-01 sell 10 X @ 100 delivery by upstox", LineName.DP, "21.83"),
        ("2024-10-01 sell 10 X @ 100 delivery by angelone", LineName.DP, "23.6"),
    ),
    *of(
        "Zerodha, Upstox and Kotak on what is done beside a trade",
        (
            "2025-02-03 sell 10 X @ 100 intraday by zerodha",
            LineName.CALL_AND_TRADE,
            "59",
            {"services": frozenset({Service.CALL_AND_TRADE})},
        ),
        (
            "2022-02-03 sell 10 X @ 100 intraday by upstox",
            LineName.AUTO_SQUARE_OFF,
            "23.6",
            {"services": frozenset({Service.AUTO_SQUARE_OFF})},
        ),
        (
            "2025-02-03 sell 10 X @ 100 intraday by kotak",
            LineName.CALL_AND_TRADE,
            "59",
            {"services": frozenset({Service.CALL_AND_TRADE})},
        ),
    ),
]


@pytest.mark.parametrize(
    "one", [*TAXES, *EXCHANGES, *BROKERS], ids=lambda one: f"{one.line}, {one.source}: {one.sentence}"
)
def test_a_published_figure_is_ours(one: Published) -> None:
    assert exact(charged(one.sentence, **one.more), one.line) == Decimal(one.figure), one.source


@pytest.mark.parametrize(("value", "tax"), [("100600", "101"), ("100400", "100"), ("100500", "101")])
def test_zerodha_rounds_the_tax_to_the_rupee(value: str, tax: str) -> None:
    """Zerodha support: 100.60 is 101, 100.40 is 100, and fifty paise are a rupee."""
    found = charged(f"2023-07-13 buy 1 X @ {value} delivery by zerodha")
    assert amount(found, STT) == Decimal(tax)


def test_two_shares_sold_are_two_depository_charges_before_tax() -> None:
    """Zerodha support: ₹26 and GST for two shares; ₹25.50 and GST where the first holder is a woman."""
    for plan, whole in (("standard", "26"), ("female", "25.50")):
        sales = [deal(f"2025-02-03 sell 50 {name} @ 900 delivery by zerodha {plan}") for name in "AB"]
        assert exact(note(sales, tariffs()).charges, LineName.DP) == Decimal(whole) * Decimal("1.18")


@pytest.mark.parametrize(
    ("buy", "sell", "brokerage", "stt", "exchange", "sebi", "stamp", "gst", "total"),
    [
        ("buy 100 X @ 1500 intraday", "sell 100 X @ 1510 intraday",
         "40", "37.75", "9.24", "0.30", "4.50", "8.92", "100.71"),
        ("buy 65 X @ 120 options", "sell 65 X @ 121 options",
         "40", "11.80", "5.57", "0.02", "0.23", "8.21", "65.81"),
    ],
)  # fmt: skip
def test_a_round_trip_of_2026_agrees_to_the_paisa(
    buy: str, sell: str, brokerage: str, stt: str, exchange: str, sebi: str, stamp: str, gst: str, total: str
) -> None:
    """indian-trading-charges 0.1.1, both examples of its page, which rounds each line of each side, and the
    tax to the paisa: a paisa a line and side is the most that can differ."""
    sides = [charged(f"2026-11-20 {one} by zerodha") for one in (buy, sell)]
    ours = {name: sum((exact(side, name) for side in sides), Decimal(0)) for name in
            (LineName.BROKERAGE, STT, EXCHANGE, LineName.SEBI, LineName.STAMP, LineName.GST)}  # fmt: skip
    theirs = [Decimal(one) for one in (brokerage, stt, exchange, sebi, stamp, gst)]
    for (name, found), told in zip(ours.items(), theirs, strict=True):
        assert abs(found - told) <= Decimal("0.01"), name
    assert abs(sum(ours.values()) - Decimal(total)) <= Decimal("0.04")
