"""Rows of several currencies: told in their own, sorted and drawn in that of the view."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.web.family import Family, family
from tests.web.houses import opened
from tunefolio.core.identity import PersonId
from tunefolio.core.people import Viewer
from tunefolio.services.live_figures import LiveFigures, live_figures
from tunefolio.services.views import PortfolioView, portfolio
from tunefolio.web.desks import line_words

pytestmark = pytest.mark.usefixtures("built_assets")
HTML = {"accept": "text/html"}
ROW = re.compile(r'<tr class="line" id="h-([\d-]+)"(.*?)</tr>', re.DOTALL)
CELL = re.compile(r"<td ([^>]*)>")
SORT = re.compile(r'(?<!live-)\bdata-sort="([^"]*)"')
COST, VALUE, PNL = 6, 7, 8


@pytest.fixture(scope="module")
def home(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
    """Rupees and dollars in one house; tests leave its facts as they are."""
    path = tmp_path_factory.mktemp("family") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as house:
        yield family(house)


def viewer_of(home: Family) -> Viewer:
    return Viewer(PersonId(home.client.get("/api/v1/session").json()["person"]["id"]))


def view_of(home: Family) -> PortfolioView:
    viewer = viewer_of(home)
    with home.house.database.reading() as db:
        return portfolio(db, home.house, viewer)


def rows_of(home: Family, path: str) -> dict[str, str]:
    answer = home.client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return dict(ROW.findall(answer.text))


def sort_of(row: str, column: int) -> Decimal | None:
    """What the column is sorted by; None where it says nothing."""
    found = SORT.search(CELL.findall(row)[column])
    assert found is not None, row
    return Decimal(found[1]) if found[1] else None


def summed(rows: dict[str, str], column: int) -> Decimal:
    """Of the rows that are in the sums."""
    return sum((sort_of(row, column) or Decimal(0) for row in rows.values()), Decimal(0))


@pytest.mark.parametrize("path", ["/dashboard", "/holdings", "/holdings?group=account"])
def test_what_rows_are_sorted_by_adds_up_to_the_headline(home: Family, path: str) -> None:
    view, rows = view_of(home), rows_of(home, path)
    assert len(rows) == len(view.rows)
    assert any(row.is_converted for row in view.rows)
    assert summed(rows, COST) == view.valuation.invested.amount
    assert summed(rows, VALUE) == view.valuation.value.amount
    assert summed(rows, PNL) == view.valuation.pnl.amount


def test_bars_are_drawn_from_what_adds_up_and_say_what_stands_in_the_row(home: Family) -> None:
    view, rows = view_of(home), rows_of(home, "/dashboard")
    drawn = [re.search(r'data-pnl="([^"]*)"', row) for row in rows.values()]
    amounts = [Decimal(one[1]) for one in drawn if one is not None and one[1]]
    assert sum(amounts) == view.valuation.pnl.amount
    for held in view.rows:
        row = rows[f"{held.account.id}-{held.instrument.id}"]
        assert ("data-here-shown=" in row) is held.is_converted
        assert ('.pnl_here"' in row) is held.is_converted
        if held.is_converted:
            assert re.search(r'data-pnl-shown="[−]?\$', row), "its own currency is what is told"
            assert re.search(r'data-here-shown="[−]?₹', row)


def test_at_average_cost_dollars_are_compared_in_rupees_too(home: Family) -> None:
    rows = rows_of(home, "/holdings?cost=average")
    for held in view_of(home).rows:
        row = rows[f"{held.account.id}-{held.instrument.id}"]
        cost, value, pnl = sort_of(row, COST), sort_of(row, VALUE), sort_of(row, PNL)
        own = held.valued.position.averaged.cost.amount
        assert cost is not None
        if not held.is_converted:
            assert cost == own
            continue
        assert value is not None
        assert Decimal(83) < cost / own < Decimal(92), "the rates of the family's days"
        assert pnl == value - cost


def figures_of(home: Family) -> LiveFigures:
    viewer = viewer_of(home)
    with home.house.database.reading() as db:
        return live_figures(db, home.house, viewer, None)


def test_a_live_line_says_what_its_row_was_rendered_with(home: Family) -> None:
    figures = figures_of(home)
    for row in figures.view.rows:
        words = line_words(figures, (row.account.id, row.instrument.id))
        assert ("pnl_here" in words) is row.is_converted
        told = words["pnl_here" if row.is_converted else "pnl"]
        assert isinstance(told, list)
        assert told[1] == (None if row.pnl_here is None else f"{row.pnl_here.amount:f}")
        worth = words["value_here" if row.is_converted else "value"]
        assert isinstance(worth, list)
        assert worth[1] == (None if row.value_here is None else f"{row.value_here.amount:f}")
