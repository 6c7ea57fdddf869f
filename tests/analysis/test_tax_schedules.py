"""What leaves the house: periods after set-off, the statement, Schedule 112A; nothing before it is mended."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.analysis.taxes import ASSETS, law, number, received, sold, taxed
from tests.books import told
from tunefolio.analysis.derivation import as_json, recomputed
from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.blockers import NotReady
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.incomes import IncomeKind
from tunefolio.analysis.tax.schedule_112a import (
    balance_of,
    columns_112a,
    csv_112a,
    doubts_112a,
    harmless,
    rows_112a,
)
from tunefolio.analysis.tax.schedule_cg import dividends, spread, table_f
from tunefolio.analysis.tax.statement import COLUMNS, DISCLAIMER, csv_statement, notes, statement_rows
from tunefolio.analysis.tax.steps import (
    explain,
    explain_earned,
    explain_exempt,
    explain_known,
    explain_trade,
    explain_vda,
)
from tunefolio.analysis.tax.taxpayer import EarlierLoss, LossKind, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import NotFound

EQ, GOLD, VDA = TaxClass.LISTED_EQUITY, TaxClass.GOLD, TaxClass.VDA


@pytest.mark.parametrize(
    ("nets", "after", "brought", "cells"),
    [
        # a loss lowers what comes after it
        ("100 -60 50 0 0", "90", "0", "90 0 0 0 0"),
        ("-60 100 50 0 0", "90", "0", "0 40 50 0 0"),
        # a loss that comes last lowers the gains before it, the latest first
        ("100 50 0 0 -60", "90", "0", "90 0 0 0 0"),
        # losses of earlier years lower the earliest gains
        ("100 50 0 0 0", "30", "120", "0 30 0 0 0"),
        # other set-off of the year lowers the latest
        ("100 50 0 0 0", "80", "0", "80 0 0 0 0"),
        ("-5 -5 0 0 0", "0", "0", "0 0 0 0 0"),
    ],
)
def test_where_losses_go_over_the_year(nets: str, after: str, brought: str, cells: str) -> None:
    found = spread([Decimal(one) for one in nets.split()], Decimal(after), brought=Decimal(brought))
    assert found == tuple(Decimal(one) for one in cells.split())


def test_table_f_has_a_row_for_each_rate_and_adds_up_to_what_set_off_left() -> None:
    deeds = [
        sold(EQ, "2020-01-01", "2024-06-15", cost=0, brought=500),
        sold(EQ, "2020-01-01", "2024-06-16", cost=0, brought=300),
        sold(EQ, "2020-01-01", "2024-12-16", cost=0, brought=200),
        sold(EQ, "2020-01-01", "2025-03-31", cost=400, brought=0),
        sold(VDA, "2024-05-01", "2025-03-15", cost=0, brought=70),
        sold(VDA, "2024-05-01", "2025-03-16", cost=90, brought=0),
    ]
    year = taxed("2024-25", deeds)
    rows = {(row.bucket.head, row.bucket.rate): told(*row.rupees) for row in table_f(year)}
    assert rows == {
        (Head.LONG_TERM, Decimal("0.10")): (500, 100, 0, 0, 0),
        (Head.VDA, Decimal("0.30")): (0, 0, 0, 70, 0),
    }


def test_losses_of_earlier_years_lower_the_first_period() -> None:
    deeds = [
        sold(EQ, "2025-04-01", "2025-05-02", cost=0, brought=100),
        sold(EQ, "2025-04-01", "2026-01-02", cost=0, brought=100),
    ]
    earlier = (EarlierLoss(FinancialYear(2023), LossKind.SHORT_TERM, Decimal(130)),)
    (row,) = table_f(taxed("2025-26", deeds, who=Taxpayer(earlier=earlier)))
    assert told(*row.rupees) == (0, 0, 0, 70, 0)


def test_whole_rupees_add_up_to_the_whole_rounded_once() -> None:
    deeds = [
        sold(EQ, "2025-04-01", on, cost=0, brought="0.40")
        for on in ("2025-05-02", "2025-07-02", "2025-10-02", "2026-01-02", "2026-03-20")
    ]
    (row,) = table_f(taxed("2025-26", deeds))
    assert told(row.total, sum(row.rupees)) == (2, 2)
    assert told(*row.rupees) == (0, 1, 0, 1, 0)


def test_dividends_by_period_with_buybacks_that_count_as_such() -> None:
    deeds = [sold(EQ, "2020-01-01", "2025-01-02", cost=10, brought=50, way=Way.BUYBACK)]
    incomes = [
        received(IncomeKind.DIVIDEND, "2024-06-15", 10),
        received(IncomeKind.DIVIDEND, "2024-06-16", 20),
        received(IncomeKind.INTEREST, "2024-06-16", 99),
    ]
    assert dividends(taxed("2024-25", deeds, incomes)) == told(10, 20, 0, 50, 0)


def test_the_schedule_holds_long_term_equity_only_and_consolidates_by_scrip_and_side() -> None:
    by = law(listed_equity="200")
    deeds = [
        sold(EQ, "2017-01-01", "2024-05-02", cost=100, brought=250),
        sold(EQ, "2019-01-01", "2024-05-02", cost=100, brought=250, units=2),
        sold(EQ, "2020-01-01", "2024-06-03", cost=100, brought=250, units=3),
        sold(EQ, "2020-01-01", "2024-09-02", cost=100, brought=250, charges=("2", "3"), stt=("1", "1")),
        sold(EQ, "2024-04-01", "2024-09-02", cost=100, brought=250),
        sold(GOLD, "2019-01-01", "2024-09-02", cost=100, brought=250),
    ]
    year = taxed("2024-25", deeds, by=by)
    rows = rows_112a(year)
    assert [told(row.acquired, row.transferred, row.units, row.balance) for row in rows] == [
        ("BE", "BE", 1, 50), ("AE", "BE", 5, 300), ("AE", "AE", 1, 147)
    ]  # fmt: skip
    assert balance_of(rows) == sum(gain.taxable for gain in year.found.gains if gain.bucket.has_exemption)
    assert told(rows[2].cost, rows[2].expenses) == (101, 2)
    assert len(columns_112a(year)) == 15
    assert len(list(csv.reader(io.StringIO(csv_112a(year))))) == 4
    assert doubts_112a(year)
    assert rows_112a(taxed("2024-25", [])) == ()


def test_from_2025_26_all_bought_later_stands_in_one_row() -> None:
    deeds = [
        sold(EQ, "2019-01-01", "2025-05-02", cost=100, brought=250),
        sold(TaxClass.EQUITY_FUND, "2019-01-01", "2025-05-02", cost=100, brought=300),
    ]
    (row,) = rows_112a(taxed("2025-26", deeds))
    assert told(row.isin, row.name, row.balance, len(row.lots)) == ("INNOTREQUIRD", "CONSOLIDATED", 350, 2)


def test_nothing_is_exported_before_it_is_mended() -> None:
    year = taxed("2024-25", [sold(EQ, "2017-01-01", "2024-05-02", cost=100, brought=250)])
    for export in (csv_112a, csv_statement):
        with pytest.raises(NotReady) as refused:
            export(year)
        assert refused.value.blockers[0].cure == "Enter it"


def test_the_statement_has_every_deed_and_says_what_it_leaves_out() -> None:
    deeds = [
        sold(EQ, "2024-04-01", "2024-09-02", cost=100, brought=250),
        sold(EQ, "2024-09-02", "2024-09-02", cost=100, brought=90, charges=("1", "1"), stt=("0", "1")),
        sold(VDA, "2024-04-01", "2024-09-02", cost=100, brought=90),
        sold(EQ, "2024-04-01", "2024-09-03", cost=100, brought=250, way=Way.BUYBACK),
    ]
    year = taxed("2024-25", deeds)
    rows = list(statement_rows(year))
    assert all(len(row) == len(COLUMNS) for row in rows)
    found = [told(row[0], row[COLUMNS.index("Gain")]) for row in rows]
    assert found == [("short_term", 150), ("vda", 0), ("speculative", -12), ("exempt", 0)]
    text = csv_statement(year)
    assert DISCLAIMER in text
    assert "surcharge" in text
    assert notes(year)[0] == DISCLAIMER


@pytest.mark.parametrize("name", ["=1+1", "+A", "-A", "@A", "\tA"])
def test_a_name_is_never_a_formula(name: str) -> None:
    assets = dict(ASSETS)
    assets[number(EQ)] = replace(assets[number(EQ)], name=name)
    year = taxed("2024-25", [sold(EQ, "2019-01-01", "2024-05-02", cost=1, brought=2)], assets=assets)
    for text in (csv_112a(year), csv_statement(year)):
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        assert f"'{name}" in cells
    assert harmless("INFY") == "INFY"


def test_every_row_explains_itself_down_to_facts() -> None:
    deeds = [
        sold(VDA, "2024-04-01", "2024-09-02", cost=100, brought=190),
        sold(EQ, "2024-09-02", "2024-09-02", cost=100, brought=90),
        sold(EQ, "2024-04-01", "2024-09-03", cost=100, brought=250, way=Way.BUYBACK),
        sold(EQ, "2024-04-01", "2024-10-03", cost=100, brought=250, way=Way.BUYBACK),
    ]
    year = taxed("2024-25", deeds, [received(IncomeKind.INTEREST, "2024-05-01", 7)])
    assert recomputed(explain_vda(year.found.vda[0])) == 90
    assert recomputed(explain_trade(year.found.trades[0])) == -10
    assert recomputed(explain_exempt(year.found.exempt[0])) == 0
    assert [recomputed(explain_earned(one)) for one in year.found.earned] == [250, 7]
    assert as_json(explain_known(year, "total"))["op"] == "sum"
    assert as_json(explain(year, "total"))["op"] == "missing", "the slab is not told"
    with pytest.raises(NotFound, match="figure luck"):
        explain(year, "luck")
