"""What a fund is by the lists that know it: its category, and its net asset value of 31 January 2018."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, runtime_checkable

from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay


@dataclass(frozen=True, slots=True)
class FundCategory:
    """words: SEBI's category ("Debt Scheme - Liquid Fund") or an older word ("Income"). source: whose list
    says so; day: since when it says so, as far as is known."""

    words: str
    source: str
    day: TradingDay


@dataclass(frozen=True, slots=True)
class FundList:
    """A publisher's whole list as of a day: the category of each fund in its words."""

    source: str
    day: TradingDay
    categories: Mapping[Isin, str]


@dataclass(frozen=True, slots=True)
class RegisteredFunds:
    """What a register knows of the funds it was asked about. values: of one unit on 2018-01-31, rupees.

    source: the register and its version. problem: why it could not be read, "" where it was.
    """

    source: str
    categories: Mapping[Isin, FundCategory] = field(default_factory=dict)
    values: Mapping[str, Decimal] = field(default_factory=dict)
    problem: str = ""


@runtime_checkable
class FundLister(Protocol):
    """Publishes every day what each fund is. Raises Retry and Rejected as every source does."""

    name: str

    def fund_list(self) -> FundList: ...


@runtime_checkable
class FundRegister(Protocol):
    """Knows many funds without asking anybody outside; never raises."""

    name: str

    def funds(self, isins: Collection[str]) -> RegisteredFunds:
        """Those of them that it knows, read at once."""
        ...
