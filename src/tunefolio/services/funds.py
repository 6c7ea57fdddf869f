"""What the funds among the instruments are: by the list that is read daily, else by the packaged register."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.identity import InstrumentId, Isin, find_isin
from tunefolio.market.funds import FundCategory, RegisteredFunds
from tunefolio.market.instruments import Instrument
from tunefolio.services.house import House
from tunefolio.services.sources import Sources
from tunefolio.store import funds
from tunefolio.store.db import ReadDb

_log = logging.getLogger(__name__)
_FUND_HOUSE = "MF"
_UNITS = "INF"
"""How the ISIN of every unit of an Indian fund begins."""


@dataclass(frozen=True, slots=True)
class KnownFunds:
    """categories: by instrument, of those that are funds. values: net asset values of 2018-01-31 by ISIN, of
    one unit, rupees; source: who tells these."""

    categories: Mapping[InstrumentId, FundCategory] = field(default_factory=dict)
    values: Mapping[str, Decimal] = field(default_factory=dict)
    source: str = ""


NO_FUNDS = KnownFunds()
NOBODY = Sources()


def refresh(house: House) -> dict[str, int]:
    """Read every list of funds; by source, of how many the category is news. One that is away or sends
    nonsense leaves what is known."""
    changed: dict[str, int] = {}
    for source in house.sources.fund_lists():
        try:
            listed = source.fund_list()
        except (Retry, Rejected) as problem:
            told = {"source": source.name, "problem": str(problem)}
            _log.warning("a list of funds is not read", extra=told)
            continue
        with house.database.writing() as db:
            changed[source.name] = funds.put(db, listed)
    return changed


def known(db: ReadDb, sources: Sources, isins: Mapping[InstrumentId, Sequence[str]]) -> KnownFunds:
    """isins: all that each instrument ever had, today's first. The daily list goes before the register. Two
    questions, however many funds there are; none where no ISIN is a fund's."""
    units = _units(isins)
    if not units:
        return KnownFunds()
    return _known(isins, funds.of_isins(db, units), _registered(sources, units))


def isins_of(one: Instrument, former: Iterable[str | None] = ()) -> tuple[str, ...]:
    """Every ISIN by which it may be known, today's first. At a fund house the symbol itself is one."""
    symbol = find_isin(one.symbol) if one.exchange == _FUND_HOUSE else None
    return tuple(dict.fromkeys(str(isin) for isin in (one.isin, symbol, *former) if isin))


def words_of(
    db: ReadDb, instruments: Mapping[InstrumentId, Instrument], *, sources: Sources = NOBODY
) -> dict[InstrumentId, str]:
    """The category's words alone, of those that are funds, by the ISIN they have today. sources: whose
    register may help; without it the daily list alone, which knows whatever is traded."""
    isins = {id: isins_of(one) for id, one in instruments.items()}
    return {id: said.words for id, said in known(db, sources, isins).categories.items()}


def registered(sources: Sources, isins: Mapping[InstrumentId, Sequence[str]]) -> KnownFunds:
    """The same without a house, for text books: what the register alone knows."""
    return _known(isins, {}, _registered(sources, _units(isins)))


def _units(isins: Mapping[InstrumentId, Sequence[str]]) -> set[str]:
    return {isin for several in isins.values() for isin in several if isin.startswith(_UNITS)}


def _registered(sources: Sources, units: set[str]) -> RegisteredFunds:
    """What the first register that can be read says. `doctor` names one that cannot."""
    told = [one.funds(units) for one in sources.fund_registers()]
    return next((one for one in told if not one.problem), RegisteredFunds(""))


def _known(
    isins: Mapping[InstrumentId, Sequence[str]],
    listed: Mapping[Isin, FundCategory],
    register: RegisteredFunds,
) -> KnownFunds:
    """Of an instrument the newest ISIN that is known counts; of an ISIN the list before the register."""
    said = {**register.categories, **listed}
    categories = {
        id: said[Isin(known[0])]
        for id, several in isins.items()
        if (known := [isin for isin in several if isin in said])
    }
    return KnownFunds(categories, register.values, register.source)
