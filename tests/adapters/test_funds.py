"""The packaged register of funds: casparser's own reader as the witness, and files that are none."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from casparser.analysis.utils import nav_search

from tunefolio.adapters.funds import CasparserIsin
from tunefolio.adapters.funds.casparser import packaged
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.bootstrap.adapters import load
from tunefolio.bootstrap.sources import sources_of
from tunefolio.core.identity import Isin
from tunefolio.market.funds import FundRegister
from tunefolio.settings import Settings

ARBITRAGE = Isin("INF179K01319")
CHILDREN = "Solution Oriented Scheme - Children’s Fund"
SAMPLE = "SELECT DISTINCT isin FROM {} WHERE length(isin) = 12 ORDER BY isin LIMIT 500"


def known_to(table: str) -> list[str]:
    with closing(sqlite3.connect(packaged())) as file:
        return [isin for (isin,) in file.execute(SAMPLE.format(table))]


def opened_files() -> list[str]:
    """Files of SQLite that are opened from now on, seen by the interpreter's own audit."""
    seen: list[str] = []

    def hook(event: str, args: tuple[object, ...]) -> None:
        if event == "sqlite3.connect" and "isin.db" in str(args[0]):
            seen.append(str(args[0]))

    sys.addaudithook(hook)
    return seen


def test_it_is_a_register() -> None:
    assert isinstance(CasparserIsin(), FundRegister)
    assert CasparserIsin().problem() == ""


def test_a_fund_has_its_category_source_and_day() -> None:
    told = CasparserIsin().funds([ARBITRAGE])
    found = told.categories[ARBITRAGE]
    assert found.words == "Hybrid Scheme - Arbitrage Fund"
    assert found.source == told.source
    assert told.source.startswith("casparser_isin 20")
    assert found.day.iso() > "2026"


def test_values_of_2018_are_those_of_its_own_reader() -> None:
    """casparser's nav_search is the witness for two hundred funds."""
    told = CasparserIsin().funds(known_to("nav20180131")).values
    assert len(told) > 490
    for isin in sorted(told)[:200]:
        assert told[isin] == nav_search(isin), isin


def test_five_hundred_funds_are_one_opening_of_the_file() -> None:
    isins = known_to("scheme")[1:]
    seen = opened_files()
    told = CasparserIsin().funds(isins)
    assert len(told.categories) > 300
    assert len(seen) == 1
    assert "mode=ro" in seen[0]
    assert CasparserIsin().funds(isins[::-1]) == told
    assert CasparserIsin().funds([]).categories == {}
    assert len(seen) == 1, "nothing is opened for nothing, nor again for the same"


def test_a_file_that_comes_back_is_read(tmp_path: Path) -> None:
    """Only what was read is remembered, never that it could not be."""
    path = tmp_path / "isin.db"
    assert CasparserIsin(path).funds([ARBITRAGE]).problem
    register = register_of(path, (ARBITRAGE, "Income", "2026-06-09"))
    assert register.funds([ARBITRAGE]).categories[ARBITRAGE].words == "Income"


def test_what_it_does_not_know_is_absent() -> None:
    told = CasparserIsin().funds(["INF000X01XX0", "INE009A01021", "no isin", "'; DROP TABLE scheme"])
    assert (told.categories, told.values, told.problem) == ({}, {}, "")


def test_many_threads_ask_at_once() -> None:
    register, isins = CasparserIsin(), known_to("scheme")
    expected = register.funds(isins)
    with ThreadPoolExecutor(8) as pool:
        assert all(told == expected for told in pool.map(register.funds, [isins] * 40))


def register_of(path: Path, *schemes: tuple[str, str | None, str]) -> CasparserIsin:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("CREATE TABLE scheme (isin, sebi_category, last_seen)")
        file.execute("CREATE TABLE nav20180131 (isin, nav)")
        file.execute("CREATE TABLE meta (key, value)")
        file.executemany("INSERT INTO scheme VALUES (?, ?, ?)", schemes)
        file.executemany(
            "INSERT INTO nav20180131 VALUES (?, ?)",
            [(ARBITRAGE, "12.5"), ("INF179K01YV8", "N.A."), ("INF209K01157", "0"), ("INF204KB14I2", "-3")],
        )
    return CasparserIsin(path)


def test_rows_of_nonsense_are_left_out_and_words_are_mended(tmp_path: Path) -> None:
    register = register_of(
        tmp_path / "isin.db",
        (ARBITRAGE, "Solution Oriented Scheme - Childrenâ\x80\x99s  Fund", "2026-06-09"),
        (ARBITRAGE, "Income", "2020-01-01"),
        ("INF179K01YV8", None, "2026-06-09"),
        ("INF209K01157", "Income", "some day"),
        ("not an isin", "Income", "2026-06-09"),
    )
    told = register.funds([ARBITRAGE, "INF179K01YV8", "INF209K01157", "INF204KB14I2", "not an isin"])
    assert {isin: one.words for isin, one in told.categories.items()} == {ARBITRAGE: CHILDREN}
    assert told.values == {ARBITRAGE: Decimal("12.5")}
    assert told.source == "casparser_isin"


@pytest.mark.parametrize("content", [None, b"", b"<html>no register</html>" * 50])
def test_a_file_that_is_no_register_knows_nothing_and_says_why(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "isin.db"
    if content is not None:
        path.write_bytes(content)
    register = CasparserIsin(path)
    told = register.funds([ARBITRAGE])
    assert (told.categories, told.values) == ({}, {})
    assert told.problem
    assert register.problem()


def test_a_register_without_funds_is_ill(tmp_path: Path) -> None:
    assert register_of(tmp_path / "isin.db").problem() == "it knows no funds"


def test_every_house_has_it_behind_the_sources_of_its_operator(tmp_path: Path) -> None:
    load()
    settings = Settings.from_env({"TUNEFOLIO_HOME": str(tmp_path), "TUNEFOLIO_SOURCES": "amfi"})
    sources = sources_of(settings, Gates(MemoryShared()))
    assert [one.name for one in sources.fund_lists()] == ["amfi"]
    (register,) = sources.fund_registers()
    assert register.funds([ARBITRAGE]).categories
    assert sources.all[-1] is register
    sources.close()
