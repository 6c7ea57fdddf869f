"""Names over time: which symbol became which, and what an exchange's list said yesterday and says today.

A symbol alone names nobody for ever: it may be given to another company later. docs/spec/instruments.md.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass, Listing
from tunefolio.market.provider import Renamed

PACKAGED = "packaged"
CONTRACTS = frozenset({AssetClass.FUTURE, AssetClass.OPTION})
ISSUER_LENGTH = 7
"""A face-value split changes the ISIN but not its first seven characters, which are the issuer's."""

_MOST_STEPS = 50


class ChangeKind(StrEnum):
    """What a new edition of a list says otherwise than the one before."""

    NEW = "new"
    RENAMED = "renamed"
    ISIN = "isin"
    SERIES = "series"
    NAME = "name"
    GONE = "gone"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. before, after: symbol, ISIN, series or name by kind; "" where there is none."""

    kind: ChangeKind
    listing: Listing
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Spell:
    """What an instrument was called for a while. since None: from its beginning; until None: still so.

    until is the first day on which it was called otherwise.
    """

    listing: Listing
    isin: Isin | None
    since: TradingDay | None
    until: TradingDay | None
    source: str

    def covers(self, day: TradingDay) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Ended:
    """A listing that ended in another one: a merger. No units follow from it."""

    listing: Listing
    into: Listing
    day: TradingDay
    name: str


class Lineage:
    """Renames as chains. Days decide, because a symbol that was given up may be given to another company."""

    def __init__(self, renames: Iterable[Renamed]) -> None:
        self._from: dict[tuple[str, str], list[Renamed]] = defaultdict(list)
        self._to: dict[tuple[str, str], list[Renamed]] = defaultdict(list)
        for one in sorted(renames, key=lambda rename: rename.day):
            self._from[one.old.exchange, one.old.symbol].append(one)
            self._to[one.new.exchange, one.new.symbol].append(one)

    def given_up(self) -> list[tuple[str, str]]:
        """Every (exchange, symbol) that a company has ever given up."""
        return sorted(self._from)

    def today(self, exchange: str, symbol: str, day: TradingDay | None = None) -> str:
        """What the company that had this symbol on that day is called now.

        Without a day: the company that has it now, else the one that gave it up last.
        """
        if day is None:
            left = self._from.get((exchange, symbol), [])
            taken = self._to.get((exchange, symbol), [])
            if not left or (taken and taken[-1].day > left[-1].day):
                return symbol
            symbol, day = left[-1].new.symbol, left[-1].day
        for _ in range(_MOST_STEPS):
            later = next((one for one in self._from.get((exchange, symbol), []) if one.day > day), None)
            if later is None:
                return symbol
            symbol, day = later.new.symbol, later.day
        return symbol

    def former(
        self, exchange: str, symbol: str
    ) -> Iterator[tuple[str, TradingDay | None, TradingDay | None]]:
        """The spells (symbol, since, until) of the company that has this symbol now, newest first."""
        until: TradingDay | None = None
        for _ in range(_MOST_STEPS):
            earlier = [
                one for one in self._to.get((exchange, symbol), []) if until is None or one.day < until
            ]
            since = earlier[-1].day if earlier else None
            yield symbol, since, until
            if not earlier:
                return
            symbol, until = earlier[-1].old.symbol, since


def class_of_series(series: str) -> AssetClass:
    """What NSE trades in a series; shares and exchange-traded funds share EQ."""
    if series == "GB":
        return AssetClass.GOLD
    if series in {"GS", "SG", "TB"} or (len(series) == 2 and series[0] in "NYZ"):
        return AssetClass.BOND
    return AssetClass.EQUITY


def same_issuer(one: str | None, two: str | None) -> bool:
    """Whether two ISINs may be one company's; an unknown one may be anybody's."""
    return not one or not two or one[:ISSUER_LENGTH] == two[:ISSUER_LENGTH]


@cache
def packaged() -> tuple[tuple[Renamed, ...], tuple[Ended, ...]]:
    """Renames and mergers that the exchange's own list lacks; market/data/nse_names.csv."""
    renames: list[Renamed] = []
    endings: list[Ended] = []
    text = resources.files("tunefolio.market.data").joinpath("nse_names.csv").read_text("utf-8")
    for kind, old, new, day, name in csv.reader(text.splitlines()[1:]):
        before, after = Listing("NSE", old), Listing("NSE", new)
        if kind == "rename":
            renames.append(Renamed(before, after, TradingDay.parse(day), name))
        else:
            endings.append(Ended(before, after, TradingDay.parse(day), name))
    return tuple(renames), tuple(endings)
