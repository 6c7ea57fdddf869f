"""Every number of every page and answer of figures, worked out again from its own derivation."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.family import LEVELS, Family, family
from tests.web.houses import opened
from tests.web.looks import Look
from tests.web.recount import Days, leaves, number_of, recount
from tunefolio.core.identity import InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay
from tunefolio.store import closes, quotes, rates

Tree = Mapping[str, Any]
HTML = {"accept": "text/html"}
DIMENSIONS = ("sector", "asset_class", "account", "currency", "cap_class")
SCOPES = {
    "all": ("all", "1Y"),
    "portfolio:{portfolio}": ("1Y", "FY2025", "YTD"),
    "account:{Demat}": ("all", "1M", "2025-01-13..2026-02-10"),
    "account:{Abroad}": ("all", "3Y"),
    "holding:{Demat}:{INFY}": ("all", "FY2025"),
    "instrument:{INFY}": ("all",),
    "sector:Information Technology": ("all", "6M"),
    "class:fund": ("all",),
    "currency:USD": ("1Y", "all"),
    "cap:Unclassified": ("1Y",),
    "tag:long": ("all",),
}
"""Every sort of scope, each in some periods: since the beginning, named, financial and chosen ones."""
BARE_COLUMNS = frozenset({"Target %"})
"""Columns whose numbers need no explanation: what a person typed."""
NOT_FIGURES = frozenset(
    {
        "id",
        "instrument",
        "opened_by",
        "closed_by",
        "transaction",
        "instruments",
        "unpriced",
        "target",
        "targets_sum",
    }
)
"""Fields of answers that are names of rows, counts of them, or what a person typed."""
PASSED_BY = frozenset({"curve", "derivations"})
"""Points of a drawing, held against their table below; and explanations themselves."""
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@pytest.fixture(scope="module")
def home(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Family]:
    """The family in a house of its own; nothing here changes it."""
    path = tmp_path_factory.mktemp("family") / "house.db"
    shutil.copy(migrated_sqlite, path)
    with opened(f"sqlite:///{path}") as house:
        yield family(house)


@pytest.fixture(scope="module")
def told(home: Family) -> Told:
    return Told(home)


class Told:
    """Explanations, each asked for once and checked down to its leaves."""

    def __init__(self, home: Family) -> None:
        self.home = home
        self.trees: dict[str, Tree] = {}
        self.facts: dict[int, Tree] = {}
        with home.house.database.reading() as db:
            self.rates = rates.book(db)
            listed = [home.instrument(symbol, exchange) for exchange, symbol in LEVELS]
            self.prices = closes.book(db, listed)
            self.quotes = quotes.latest(db, listed)

    def tree(self, address: str) -> Tree:
        """Recomputed from its leaves, which exist."""
        address = address if address.startswith("/api/v1") else f"/api/v1{address}"
        if address not in self.trees:
            answer = self.home.client.get(address)
            assert answer.status_code == 200, (address, answer.text)
            tree = answer.json()
            if tree["op"] != "missing":
                recount(tree)
                for leaf in leaves(tree):
                    self._stands(address, leaf)
            self.trees[address] = tree
        return self.trees[address]

    def value(self, address: str) -> Decimal:
        tree = self.tree(address)
        assert tree["op"] != "missing", (address, tree["value"])
        return Decimal(str(tree["value"]))

    def _stands(self, address: str, leaf: Tree) -> None:
        """What a leaf refers to is there, the viewer's own, and says the same."""
        ref, value = leaf["ref"], number_of(leaf["value"])
        match ref["kind"]:
            case "fact" | "lot":
                assert self._fact(ref["id"]), (address, leaf)
            case "price":
                assert value in self._prices(ref), (address, leaf)
            case "rate":
                base, _, quote_currency = leaf["unit"].partition("/")
                rate = self.rates.on(Currency(base), Currency(quote_currency), TradingDay.parse(ref["day"]))
                assert not isinstance(rate, Missing)
                assert value == rate.rate, (address, leaf)
            case kind:
                assert kind in {"day", "given"}, (address, leaf)
                assert ref["label"], (address, leaf)

    def _prices(self, ref: Tree) -> set[Decimal]:
        """What is kept of that instrument: the close of the day, and the newest quote."""
        id = InstrumentId(ref["id"])
        quote = self.quotes[id]
        known = [quote.price, quote.previous_close]
        if "day" in ref:
            seen = self.prices.on(id, TradingDay.parse(ref["day"]))
            known += [] if isinstance(seen, Missing) else [seen.price]
        return {price.amount for price in known if price is not None}

    def _fact(self, id: int) -> Tree:
        """The viewer's own fact; fails where there is none."""
        if not self.facts:
            cursor = ""
            while cursor is not None:
                page = self.home.client.get(f"/api/v1/transactions?limit=500&cursor={cursor}").json()
                self.facts |= {fact["id"]: fact for fact in page["data"]}
                cursor = page.get("next")
        return self.facts[id]


def performance_of(home: Family, scope: str, period: str, benchmark: int | None) -> str:
    names = {**home.accounts, "portfolio": home.portfolio, "INFY": home.instrument("INFY")}
    words = {"scope": scope.format(**names), "period": period}
    return urlencode(words if benchmark is None else words | {"benchmark": benchmark})


def check_page(told: Told, path: str) -> int:
    """Every figure of a page is explained and reads as its explanation says; how many there are."""
    answer = told.home.client.get(path, headers=HTML)
    assert answer.status_code == 200, (path, answer.text)
    look = Look.at(answer.text)
    for shown in look.figures:
        assert shown.tells(told.value(shown.address)), (path, shown, told.value(shown.address))
    bare = [(column, text) for column, text in look.bare if column not in BARE_COLUMNS]
    assert not bare, (path, bare)
    return len(look.figures)


def check_answer(told: Told, body: Any, path: str) -> int:
    """Every number of an answer is explained beside it, and is what its explanation says; how many."""
    if isinstance(body, list):
        return sum(check_answer(told, each, path) for each in body)
    if not isinstance(body, dict):
        return 0
    count = 0
    for name, value in body.items():
        where = body.get(f"{name}_explain", body.get("explain") if name == "value" else None)
        if isinstance(where, str):
            count += 1
            if value is None:
                assert told.tree(where)["op"] == "missing", (path, name, where)
            else:
                assert says(value, told.value(where)), (path, name, value, told.value(where))
        elif isinstance(value, dict | list):
            count += check_answer(told, value, path) if name not in PASSED_BY else 0
        elif name not in NOT_FIGURES:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            assert not is_number, (path, name, value)
            assert not (isinstance(value, str) and NUMBER.fullmatch(value)), (path, name, value)
    return count


def says(text: str, exact: Decimal) -> bool:
    """To ten places, which are all digits of money and units; ratios may have no end."""
    return abs(Decimal(text) - exact) <= Decimal("5e-11")


def answered(told: Told, path: str) -> Any:
    answer = told.home.client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def addresses(home: Family) -> list[tuple[str, str, InstrumentId | None]]:
    """Scope, period and benchmark of every performance page that is walked."""
    return [
        (scope, period, benchmark)
        for scope, periods in SCOPES.items()
        for period in periods
        for benchmark in (None, home.instrument("NIFTY 50"))
    ]


def holdings_of(home: Family) -> list[str]:
    """The address of every holding that is or was."""
    rows = home.client.get("/api/v1/transactions?limit=500").json()["data"]
    pairs = {(row["account_id"], row["instrument"]["id"]) for row in rows if row["instrument"]}
    demerged = (home.accounts["Demat"], home.instrument("JIOFIN"))
    return [f"/holdings/{account}/{instrument}" for account, instrument in sorted(pairs | {demerged})]


@pytest.mark.usefixtures("built_assets")
@pytest.mark.parametrize("scope", SCOPES)
def test_every_number_of_performance_is_explained(home: Family, told: Told, scope: str) -> None:
    for of, period, benchmark in addresses(home):
        if of == scope:
            words = performance_of(home, scope, period, benchmark)
            shown = check_page(told, f"/performance?{words}")
            body = answered(told, f"/api/v1/performance?{words}")
            assert check_answer(told, body, words) >= shown >= 5
            check_curve(told, body, words)


def check_curve(told: Told, body: Any, words: str) -> None:
    """The points drawn are the days of the table that the return is explained with."""
    tree = told.tree(f"/explain?figure=twr&{words}")
    if tree["op"] == "missing":
        return
    days = Days.of(tree)
    growth, worth = dict(zip(tree["table"]["day"][1:], days.growth(), strict=True)), days.value
    values = dict(zip(tree["table"]["day"], worth, strict=True))
    for point in body["curve"]:
        day, value, grown = point["day"], point["value"], point["growth"]
        assert (value is None) == (values[day] is None), (words, day)
        assert value is None or abs(float(value) - (values[day] or 0)) < 0.006, (words, day)
        expected = growth.get(day, 1.0)
        assert grown is None or abs(float(grown) + 1 - (expected or 0)) < 1e-5, (words, day)


@pytest.mark.usefixtures("built_assets")
@pytest.mark.parametrize("by", DIMENSIONS)
def test_every_number_of_the_allocation_is_explained(home: Family, told: Told, by: str) -> None:
    body = answered(told, f"/api/v1/allocation?by={by}")
    names = [row["name"] for row in body["data"]]
    wish = {"weights": {names[0]: "0.5", names[-1]: "0.25"}}
    assert home.client.put(f"/api/v1/allocation/targets?by={by}", json=wish).status_code == 204
    for query in (f"by={by}", f"by={by}&portfolio={home.portfolio}"):
        shown = check_page(told, f"/allocation?{query}")
        body = answered(told, f"/api/v1/allocation?{query}")
        assert check_answer(told, body, query) >= shown >= 5
    values = [Decimal(row["value"]) for row in body["data"] if row["value"] is not None]
    assert sum(values) == Decimal(body["value"]), "the parts add up to the whole"


@pytest.mark.usefixtures("built_assets")
def test_every_number_of_every_holding_is_explained(home: Family, told: Told) -> None:
    paths = holdings_of(home)
    assert len(paths) >= 12
    for path in paths:
        shown = check_page(told, path)
        assert check_answer(told, answered(told, f"/api/v1{path}"), path) >= shown >= 5, path


@pytest.mark.usefixtures("built_assets")
def test_the_list_of_holdings_says_what_its_explanations_say(home: Family, told: Told) -> None:
    look = Look.at(home.client.get("/holdings", headers=HTML).text)
    assert len(look.figures) >= 50
    for shown in look.figures:
        assert shown.tells(told.value(shown.address)), shown


def test_derivations_stand_beside_figures_when_asked_for(home: Family, told: Told) -> None:
    """explain=1 answers the very trees that each figure's own address answers."""
    holding = f"/holdings/{home.accounts['Demat']}/{home.instrument('INFY')}"
    for path in (
        f"/api/v1/performance?scope=account:{home.accounts['Demat']}&period=all",
        f"/api/v1{holding}?",
    ):
        body = answered(told, f"{path}&explain=1")
        figures = [each for each in every_dict(body) if "convention" in each or "explain" in each]
        named = {each["name"]: each["explain"] for each in figures if "name" in each and "explain" in each}
        assert named.keys() == body["derivations"].keys()
        for name, tree in body["derivations"].items():
            assert tree == answered(told, named[name]), name


def every_dict(body: Any) -> Iterator[Tree]:
    if isinstance(body, dict):
        yield body
    for each in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        yield from every_dict(each)


def test_what_is_not_available_says_why_on_every_face(home: Family, told: Told) -> None:
    """No market knows NOWHERE, and the rate of one dividend is missing: sums with them are not guessed."""
    whole = answered(told, "/api/v1/performance?period=all")
    end = whole["statement"]["end"]
    assert end["value"] is None
    assert "NSE:NOWHERE" in end["reason"]
    assert end["cure"]
    assert told.tree(end["explain"])["op"] == "missing"
    abroad = answered(told, f"/api/v1/performance?scope=portfolio:{home.portfolio}&period=FY2025")
    income = next(line for line in abroad["statement"]["lines"] if line["name"] == "income")
    assert "USD/INR on 2025-06-16" in income["reason"]


def test_the_walk_met_every_sort_of_leaf(home: Family, told: Told) -> None:
    """A house whose trees had no rates or prices in them would prove little."""
    for path in ("/explain?figure=statement.end&scope=all&period=1Y", "/explain?figure=xirr&scope=all"):
        told.tree(path)
    words = performance_of(home, "portfolio:{portfolio}", "1Y", None)
    kinds = {leaf["ref"]["kind"] for leaf in leaves(told.tree(f"/explain?figure=statement.end&{words}"))}
    assert kinds >= {"fact", "price", "rate", "given"}
