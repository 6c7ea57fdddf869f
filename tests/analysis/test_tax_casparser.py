"""Mutual funds beside casparser's gains engine, an independent computation: terms, Schedule 112A, periods.

Known differences: it rounds parts of a purchase each by itself (paise), forgets less than 0.01 units, keeps
36 months for debt funds whenever they are sold and knows no specified funds (so debt is compared by its gain
only), and rounds each cell of the schedule by itself, so that its (14) may be a rupee away from (6) − (13).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from casparser.analysis.gains import CapitalGainsReport
from casparser.analysis.utils import nav_search
from casparser.enums import GainType, TransactionType
from casparser.types import TransactionData
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.books import ACCOUNT, book, number_of
from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.analysis.tax.computation import Record, TaxYear, tax_year
from tunefolio.analysis.tax.disposals import Books, disposals
from tunefolio.analysis.tax.gains import Gain, Law
from tunefolio.analysis.tax.holding import Term
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.schedule_112a import BEFORE, csv_112a, rows_112a
from tunefolio.analysis.tax.schedule_cg import table_f
from tunefolio.analysis.tax.taxpayer import Taxpayer
from tunefolio.analysis.tax.values2018 import Values2018
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.ledger.positions import Nature, Terms, fold_all

ISIN = "INF179K01YV8"
"""A scheme whose value of 2018-01-31 casparser ships."""
NAV_2018 = nav_search(ISIN)
INFY = number_of("INFY")
_FUND = Terms(natures={InstrumentId(1): Nature(squares=False)})
_STAMP_SINCE = date(2020, 7, 1)


@dataclass(frozen=True, slots=True)
class Deal:
    """units: below zero for a redemption. stamp: paid on top of a purchase."""

    day: date
    units: Decimal
    nav: Decimal
    stamp: Decimal = Decimal(0)

    @property
    def amount(self) -> Decimal:
        return (abs(self.units) * self.nav).quantize(Decimal("0.01"))


@some.composite
def lives(draw: some.DrawFn) -> list[Deal]:
    """Purchases and redemptions of one equity scheme from 2016 on, one a day, never beyond what is held."""
    on, held, deals = date(2016, 5, 2), Decimal(0), list[Deal]()
    for _ in range(draw(some.integers(2, 14))):
        on += timedelta(days=draw(some.integers(1, 400)))
        if on > date(2026, 3, 31):
            break
        nav = draw(some.decimals("100", "900", places=4))
        if held > 1 and draw(some.booleans()) and on >= date(2018, 4, 1):
            units = draw(some.decimals("0.5", held, places=3))
            deals.append(Deal(on, -units, nav))
            held -= units
        else:
            units = draw(some.decimals("1", "500", places=3))
            stamp = draw(some.sampled_from([Decimal(0), Decimal("0.25"), Decimal("1.25")]))
            deals.append(Deal(on, units, nav, stamp if on >= _STAMP_SINCE else Decimal(0)))
            held += units
    return deals


def ours(deals: list[Deal], year: str, what: TaxClass = TaxClass.EQUITY_FUND) -> TaxYear:
    lines = "\n".join(
        f"{deal.day} sip {deal.units} NSE:INFY @ {deal.nav} = {deal.amount} fee {deal.stamp}"
        if deal.units > 0
        else f"{deal.day} sell {-deal.units} NSE:INFY @ {deal.nav} = {deal.amount}"
        for deal in deals
    )
    history = book(lines)
    facts = {one.id: one.fact for one in history}
    stt = {TransactionId(number): Decimal(0) for number in facts}
    found, _holes = disposals(Books(fold_all({ACCOUNT: history}, _FUND), facts, stt))
    assets = {INFY: Asset(INFY, "A scheme", ISIN, what, is_listed=False)}
    law = Law(tax_rules(), Values2018({}, {INFY: NAV_2018} if NAV_2018 else {}))
    return tax_year(Record(found, (), assets), Taxpayer(), FinancialYear.parse(year), law)


def theirs(deals: list[Deal], sort: str = "EQUITY") -> Any:
    lines = list[TransactionData]()
    for deal in deals:
        kind = TransactionType.PURCHASE_SIP if deal.units > 0 else TransactionType.REDEMPTION
        amount = deal.amount if deal.units > 0 else -deal.amount
        lines.append(
            TransactionData(
                date=deal.day, description="", amount=amount, units=deal.units, nav=deal.nav, type=kind
            )
        )
        if deal.stamp:
            duty = TransactionType.STAMP_DUTY_TAX
            lines.append(TransactionData(date=deal.day, description="", amount=deal.stamp, type=duty))
    worth = SimpleNamespace(value=Decimal(0))
    scheme = SimpleNamespace(
        scheme="A scheme", isin=ISIN, type=sort, transactions=lines, open=Decimal(0), valuation=worth
    )
    return CapitalGainsReport(
        SimpleNamespace(folios=[SimpleNamespace(folio="1/1", schemes=[scheme])])  # type: ignore[arg-type,unused-ignore]
    )


YEARS = [FinancialYear(start).name for start in range(2018, 2026)]


@settings(max_examples=40)
@given(lives())
def test_terms_and_schedule_112a_agree(deals: list[Deal]) -> None:
    report = theirs(deals)
    near = Decimal("0.03") * len(deals)
    for name in YEARS:
        year = ours(deals, name)
        entries = [
            entry for entry in report.gains if entry.fy == f"FY{name}" and entry.units >= Decimal("0.01")
        ]
        gains = [gain for gain in year.found.gains if gain.disposal.units >= Decimal("0.01")]
        mine = [(gain.disposal.acquired, gain.day.date, _term(gain)) for gain in gains]
        assert sorted((bought.date, on, term) for bought, on, term in mine if bought is not None) == sorted(
            (entry.purchase_date, entry.sale_date, entry.gain_type) for entry in entries
        )
        rows = report.generate_112a(f"FY{name}")
        for side in ("BE", "AE"):
            own = [gain for gain in gains if gain.bucket.has_exemption and _side(gain) == side]
            balance = sum((row.balance for row in rows if row.acquired == side), Decimal(0))
            assert abs(sum((gain.taxable for gain in own), Decimal(0)) - balance) <= near


def _term(gain: Gain) -> GainType:
    return GainType.LTCG if gain.held.term is Term.LONG else GainType.STCG


def _side(gain: Gain) -> str:
    return "BE" if gain.is_before_2018 else "AE"


PLAIN = [
    Deal(date(2017, 3, 1), Decimal(100), Decimal("400.5")),
    Deal(date(2019, 3, 1), Decimal(50), Decimal("520.5")),
    Deal(date(2022, 3, 1), Decimal(80), Decimal("610.25"), Decimal("2.44")),
    Deal(date(2023, 5, 2), Decimal(-30), Decimal("700.75")),
    Deal(date(2024, 5, 2), Decimal(-50), Decimal("800.26")),
    Deal(date(2024, 9, 2), Decimal(-60), Decimal("850.75")),
    Deal(date(2025, 5, 2), Decimal(-60), Decimal("900.25")),
]


def test_the_upload_is_the_same_text_in_three_sets_of_columns() -> None:
    """Fourteen columns, fifteen in the year of two rates, and one row for all bought after January 2018."""
    for name, columns in (("2023-24", 14), ("2024-25", 15), ("2025-26", 14)):
        mine = list(csv.reader(io.StringIO(csv_112a(ours(PLAIN, name)))))
        other = list(csv.reader(io.StringIO(theirs(PLAIN).generate_112a_csv_data(f"FY{name}"))))
        assert len(mine[0]) == columns
        assert mine[0] == other[0]
        assert [[_plain(cell) for cell in row] for row in mine[1:]] == [
            [_plain(cell) for cell in row] for row in other[1:]
        ]


def test_the_fifteenth_column_exists_in_one_year_only() -> None:
    assert "Share/Unit Transferred(1b)" in csv_112a(ours(PLAIN, "2024-25"))
    assert "Share/Unit Transferred(1b)" not in csv_112a(ours(PLAIN, "2025-26"))
    assert "INNOTREQUIRD" in csv_112a(ours(PLAIN, "2025-26"))


def _plain(cell: str) -> str:
    try:
        return f"{Decimal(cell).normalize():f}"
    except ArithmeticError:
        return cell


def test_the_columns_agree_with_each_other() -> None:
    rows = rows_112a(ours(PLAIN, "2024-25"))
    assert {row.acquired for row in rows} == {"BE", "AE"}
    for row in rows:
        assert row.deductions == row.deemed_cost + row.expenses
        assert row.balance == row.consideration - row.deductions
        assert sum(gain.disposal.units for gain in row.lots) == row.units
        if row.acquired == BEFORE:
            assert row.deemed_cost == max(row.cost, row.lower)
            assert row.lower == min(row.fmv, row.consideration)


def test_periods_agree_where_nothing_is_set_off() -> None:
    year = ours(PLAIN, "2024-25")
    (other,) = [
        cells for name, cells in theirs(PLAIN).quarterly_gains("FY2024-25").items() if name == "Equity LTCG"
    ]
    mine = [sum(column) for column in zip(*(row.cells for row in table_f(year)), strict=True)]
    assert all(abs(a - b) <= Decimal("0.05") for a, b in zip(mine, other, strict=True))


def test_a_debt_fund_gains_the_same_before_any_index() -> None:
    deals = [
        Deal(date(2020, 5, 4), Decimal(100), Decimal(50)),
        Deal(date(2023, 2, 1), Decimal(-100), Decimal(60)),
    ]
    (entry,) = theirs(deals, "DEBT").gains
    (gain,) = ours(deals, "2022-23", TaxClass.DEBT_FUND).found.gains
    assert (gain.taxable, _term(gain)) == (entry.gain, entry.gain_type)
