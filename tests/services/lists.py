"""Lists of instruments in memory: sources whose editions a test writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.services.desks import Desk
from tunefolio.core.identity import Isin
from tunefolio.core.time import TradingDay
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow, Renamed
from tunefolio.services import jobs, masters
from tunefolio.store import jobs as job_rows


def day(text: str) -> TradingDay:
    return TradingDay.parse(text)


def row(
    symbol: str,
    isin: str = "",
    name: str = "",
    *,
    series: str = "EQ",
    exchange: str = "NSE",
    kind: AssetClass = AssetClass.EQUITY,
    token: str = "",
    expiry: str = "",
    strike: str = "",
) -> MasterRow:
    """One line of a list."""
    claim = InstrumentClaim(Listing(exchange, symbol, series), Isin(isin) if isin else None, name, kind)
    return MasterRow(
        claim,
        token,
        Decimal("0.05"),
        Decimal(1),
        day(expiry) if expiry else None,
        Decimal(strike) if strike else None,
    )


def renamed(old: str, new: str, when: str, name: str = "") -> Renamed:
    return Renamed(Listing("NSE", old), Listing("NSE", new), day(when), name)


@dataclass
class PaperList:
    """A source of instruments whose edition is a list; breaks after `breaks_after` rows with `problem`."""

    rows: list[MasterRow] = field(default_factory=list)
    name: str = "nse"
    problem: Exception | None = None
    breaks_after: int = 0

    def instruments(self) -> Iterator[MasterRow]:
        for place, one in enumerate(self.rows):
            if self.problem is not None and place >= self.breaks_after:
                raise self.problem
            yield one
        if self.problem is not None:
            raise self.problem


@dataclass
class PaperRenames:
    """A source of renames."""

    known: list[Renamed] = field(default_factory=list)
    name: str = "nse"

    def renames(self) -> Sequence[Renamed]:
        return self.known


def refresh(desk: Desk) -> job_rows.Job:
    """Ask for the lists to be read, and read them; the job as it ended."""
    with desk.house.database.writing() as db:
        id = masters.ask_refresh(db, desk.house, desk.viewer)
    jobs.run(desk.house, id)
    with desk.house.database.reading() as db:
        return job_rows.job_of(db, desk.viewer, id)
