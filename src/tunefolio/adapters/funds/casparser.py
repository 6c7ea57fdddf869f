"""The register of funds in the package casparser_isin: categories, and net asset values of 31 January 2018.

It is a file of SQLite beside that package's code; it is opened for reading alone, once for all funds asked.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import Isin, find_isin
from tunefolio.core.time import TradingDay
from tunefolio.market.funds import FundCategory, RegisteredFunds

NAME = "casparser_isin"
_REMEMBERED = 64
"""Answers kept, each of all the funds of somebody's books."""
_CATEGORIES = """
    SELECT isin, sebi_category, max(last_seen) FROM scheme
    WHERE isin IN (SELECT value FROM json_each(:isins)) AND sebi_category <> '' GROUP BY isin
"""
_VALUES = "SELECT isin, nav FROM nav20180131 WHERE isin IN (SELECT value FROM json_each(:isins))"
_ANY = "SELECT EXISTS (SELECT * FROM scheme WHERE sebi_category <> ''), EXISTS (SELECT * FROM nav20180131)"
_VERSION = "SELECT value FROM meta WHERE key = 'version'"


class CasparserIsin:
    """Thread-safe: every reading has a connection of its own. path: another file than the package's."""

    name = NAME

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def funds(self, isins: Collection[str]) -> RegisteredFunds:
        """Those it knows; none, and why, where its file is not there or is no such register."""
        if not isins:
            return RegisteredFunds(NAME)
        try:
            return _read(self._path or packaged(), frozenset(isins))
        except (OSError, sqlite3.Error) as problem:
            return RegisteredFunds(NAME, problem=str(problem))

    def problem(self) -> str:
        """Why it cannot be read; "" where it can, and knows funds."""
        try:
            with closing(_opened(self._path or packaged())) as file:
                return "" if file.execute(_ANY).fetchone() == (1, 1) else "it knows no funds"
        except (OSError, sqlite3.Error) as problem:
            return str(problem)


@lru_cache(_REMEMBERED)
def _read(path: Path, isins: frozenset[str]) -> RegisteredFunds:
    """The same books ask the same again and again, and the file does not change while a house runs."""
    asked = {"isins": json.dumps(sorted(isins))}
    with closing(_opened(path)) as file:
        version = next(iter(file.execute(_VERSION)), ("",))[0]
        source = f"{NAME} {version}".strip()
        return RegisteredFunds(
            source,
            MappingProxyType(dict(_categories(file.execute(_CATEGORIES, asked), source))),
            MappingProxyType(dict(_values(file.execute(_VALUES, asked)))),
        )


def packaged() -> Path:
    """The file that came with the package. Raises FileNotFoundError."""
    spec = find_spec(NAME)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {NAME} is not installed")
    path = Path(spec.origin).with_name("isin.db")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    return path


def _opened(path: Path) -> sqlite3.Connection:
    """Nobody writes it while a house runs, so no lock is taken."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


def _categories(rows: Iterable[Any], source: str) -> Iterator[tuple[Isin, FundCategory]]:
    for told, words, seen in rows:
        isin, day = find_isin(str(told)), _day_of(seen)
        if isin is not None and day is not None:
            yield isin, FundCategory(" ".join(_mended(str(words)).split()), source, day)


def _values(rows: Iterable[Any]) -> Iterator[tuple[str, Decimal]]:
    for told, nav in rows:
        isin = find_isin(str(told))
        try:
            value = Decimal(str(nav))
        except InvalidOperation:
            continue
        if isin is not None and value.is_finite() and value > 0:
            yield isin, value


def _day_of(text: object) -> TradingDay | None:
    try:
        return TradingDay.parse(str(text))
    except (ValueError, Misuse):
        return None


def _mended(words: str) -> str:
    """Some of its words were read as Latin-1 though they were written as UTF-8: "Childrenâ\\x80\\x99s"."""
    try:
        return words.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return words
