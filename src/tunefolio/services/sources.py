"""The market sources of a house, in the operator's order: who may be asked for what, first choice first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

from tunefolio.core.errors import Rejected, Retry
from tunefolio.market.funds import FundLister, FundRegister
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import (
    ActionSource,
    BarSource,
    ContractsSource,
    DayFileSource,
    InstrumentSource,
    MarketQuoteSource,
    RateSource,
    RenameSource,
    SectorSource,
)

S = TypeVar("S")
T = TypeVar("T")


class SourceStanding(Protocol):
    """How one outside address stands now, for every process of the house.

    resting: how much longer it is left alone, None when it may be asked; problem: why, "" when it answers.
    spent, budget: calls of the running period; None where there is no limit.
    """

    @property
    def name(self) -> str: ...
    @property
    def resting(self) -> timedelta | None: ...
    @property
    def problem(self) -> str: ...
    @property
    def spent(self) -> int | None: ...
    @property
    def budget(self) -> int | None: ...


def _none() -> Sequence[SourceStanding]:
    return ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything outside that knows the market. all: in order of priority; each has the ports it can fill.

    standings: asks how they stand now, without asking any of them.
    """

    all: tuple[object, ...] = ()
    standings: Callable[[], Sequence[SourceStanding]] = _none

    def bars(self, listing: Listing) -> list[BarSource]:
        """Who may know the past of a listing."""
        return [one for one in self.all if isinstance(one, BarSource) and one.serves(listing)]

    def day_files(self, listing: Listing | None = None) -> list[DayFileSource]:
        """Whose daily files may hold a listing; all of them for None. Of a publisher with two, both."""
        told = [one for one in self.all if isinstance(one, DayFileSource)]
        told += [one.contracts for one in self.all if isinstance(one, ContractsSource)]
        return told if listing is None else [one for one in told if one.serves(listing)]

    def quotes(self, listing: Listing) -> list[MarketQuoteSource]:
        """Who may know a listing's last price."""
        return [one for one in self.all if isinstance(one, MarketQuoteSource) and one.serves(listing)]

    def rates(self) -> list[RateSource]:
        return [one for one in self.all if isinstance(one, RateSource)]

    def instruments(self) -> list[InstrumentSource]:
        return [one for one in self.all if isinstance(one, InstrumentSource)]

    def renames(self) -> list[RenameSource]:
        return [one for one in self.all if isinstance(one, RenameSource)]

    def actions(self) -> list[ActionSource]:
        return [one for one in self.all if isinstance(one, ActionSource)]

    def sectors(self) -> list[SectorSource]:
        return [one for one in self.all if isinstance(one, SectorSource)]

    def fund_lists(self) -> list[FundLister]:
        return [one for one in self.all if isinstance(one, FundLister)]

    def fund_registers(self) -> list[FundRegister]:
        return [one for one in self.all if isinstance(one, FundRegister)]

    def close(self) -> None:
        """Those with lasting connections let them go."""
        for one in self.all:
            close = getattr(one, "close", None)
            if close is not None:
                close()


def first_answer(sources: list[S], ask: Callable[[S], T | None]) -> tuple[S, T] | None:
    """Who knew, and what: the first source that answers something; None when all of them know nothing.

    A source that is away or talks nonsense is passed over; raises its Retry when no other knew, because then
    nothing has been learned. The shortest wait of all is raised.
    """
    away: Retry | None = None
    for source in sources:
        try:
            answer = ask(source)
        except Retry as busy:
            away = busy if away is None else _sooner(away, busy)
        except Rejected:
            continue
        else:
            if answer is not None:
                return source, answer
    if away is not None:
        raise away
    return None


def _sooner(one: Retry, two: Retry) -> Retry:
    if one.after is None or two.after is None:
        return one if one.after is None else two
    return one if one.after <= two.after else two
