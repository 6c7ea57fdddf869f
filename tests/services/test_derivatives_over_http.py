"""Futures and options at the end of their day: over HTTP, from the exchange's second file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.services.desks import Desk, ist
from tests.services.histories import day
from tests.services.lists import refresh
from tests.services.test_backfill import work_off
from tests.services.test_completion import EVENING, complete
from tunefolio.adapters.gates import Gates
from tunefolio.adapters.memory import MemoryShared
from tunefolio.adapters.prices import SOURCES
from tunefolio.bootstrap.adapters import load
from tunefolio.core.money import Price
from tunefolio.core.secret import Secret
from tunefolio.ledger.brokers import AppKeys
from tunefolio.market.bars import Bar
from tunefolio.market.instruments import Listing
from tunefolio.market.provider import DayBar
from tunefolio.market.quotes import QuoteKind
from tunefolio.sandbox.serve import Sandbox, SandboxConfig
from tunefolio.services.completion import last_sessions
from tunefolio.services.masters import pick
from tunefolio.store import bars, quotes, source_files
from tunefolio.store import masters as lists
from tunefolio.store.jobs import JobState
from tunefolio.store.source_files import FileState

pytestmark = pytest.mark.one_is_enough

load()
FRIDAY = day("2026-11-20")


@dataclass
class Floor:
    """A desk whose exchange and broker's list are the rehearsal's."""

    desk: Desk
    sandbox: Sandbox
    nse: Any

    def told(self, symbol: str) -> DayBar:
        """What the file of Friday says of a contract."""
        lines: tuple[DayBar, ...] = self.nse.derivatives(FRIDAY).bars
        return next(line for line in lines if line.listing == Listing("NFO", symbol))

    def kept(self, symbol: str) -> Bar:
        """The newest bar that is kept of a contract."""
        id = self.desk.instrument(symbol, "NFO")
        with self.desk.database.reading() as db:
            return list(bars.of(db, [id])[id])[-1]

    def files(self) -> dict[str, FileState]:
        """How Friday's files stand, by source."""
        with self.desk.database.reading() as db:
            found = source_files.of_days(db, last_sessions(self.desk.house, self.desk.clock.now()))
        return {source: file.state for (source, on), file in found.items() if on == FRIDAY}


@pytest.fixture
def floor(desk: Desk) -> Iterator[Floor]:
    desk.clock.set(EVENING)
    keys = AppKeys("rehearsalkey", Secret("rehearsalsecret"))
    with Sandbox(SandboxConfig(keys, "http://localhost:9/back", clock=desk.clock)) as sandbox:
        gates = Gates(MemoryShared(), sleep=lambda _: None)

        def made(name: str, option: str, face: str) -> Any:
            given = {option: f"{sandbox.world_url}/{face}", "requests_per_second": "1000"}
            return SOURCES.of(name)(given, gates)

        nse, angel = made("nse", "root_url", "nse"), made("angelone", "master_url", "angel_master")
        desk.use(nse, angel)
        yield Floor(desk, sandbox, nse)
        nse.close()
        angel.close()


@pytest.mark.on_both
def test_a_contract_gets_its_settlement_price_however_its_broker_spells_it(floor: Floor) -> None:
    """Angel One writes INFY24NOV26FUT, the exchange INFY26NOVFUT: the list tells that they are one. That no
    source tells the past of a contract is no hindrance."""
    desk = floor.desk
    refresh(desk)
    with desk.database.writing() as db:
        ((listed,),) = lists.of_symbols(db, [("NFO", "INFY24NOV26FUT")]).values()
        pick(db, desk.house, listed.id)
    desk.write_down("2026-11-19 buy 500 NFO:INFY24NOV26FUT @ 1500")
    work_off(desk)
    complete(desk)
    expected = floor.told("INFY26NOVFUT")
    assert floor.kept("INFY24NOV26FUT") == expected.bar
    with desk.database.reading() as db:
        (quote,) = quotes.latest(db, [desk.instrument("INFY24NOV26FUT", "NFO")]).values()
    assert expected.previous_close is not None
    assert (quote.price, quote.kind) == (Price.of(str(expected.bar.close)), QuoteKind.CLOSE)
    assert quote.previous_close == Price.of(str(expected.previous_close))
    assert floor.files() == {"nse-derivatives": FileState.KEPT}


def test_what_no_list_knows_is_found_by_the_exchanges_own_name(floor: Floor) -> None:
    """An option, and the furthest future, which nobody traded: it has a settlement price and no range."""
    option = next(
        line.listing.symbol
        for line in floor.nse.derivatives(FRIDAY).bars
        if line.contract.underlying == "INFY" and line.contract.right == "PE"
    )
    floor.desk.write_down(f"2026-11-19 buy 500 NFO:{option} @ 20\n2026-11-19 buy 500 NFO:INFY27JANFUT @ 1500")
    complete(floor.desk)
    assert floor.kept(option) == floor.told(option).bar
    assert floor.kept(option).has_range
    far = floor.kept("INFY27JANFUT")
    assert (far.has_range, far.volume) == (False, 0)
    assert far.close > Decimal(0)


def test_shares_and_contracts_are_awaited_each_by_itself(floor: Floor) -> None:
    """Before the evening neither file is out; a share needs the one, a contract the other."""
    floor.desk.clock.set(ist("2026-11-20 16:30"))
    floor.desk.write_down("2026-11-19 buy 1 NSE:INFY @ 1500\n2026-11-19 buy 500 NFO:INFY26DECFUT @ 1500")
    assert complete(floor.desk).state is JobState.QUEUED
    assert floor.files() == {"nse": FileState.AWAITED, "nse-derivatives": FileState.AWAITED}
    floor.desk.clock.advance(timedelta(hours=2))
    complete(floor.desk)
    assert floor.files() == {"nse": FileState.KEPT, "nse-derivatives": FileState.KEPT}


def test_nobody_who_holds_no_contract_fetches_their_file(floor: Floor) -> None:
    floor.desk.write_down("2026-11-19 buy 1 NSE:INFY @ 1500")
    complete(floor.desk)
    assert floor.files() == {"nse": FileState.KEPT}
