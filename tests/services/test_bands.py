"""How far a share may move in a day: as far as the exchange lets it, and that depends on its derivatives."""

from __future__ import annotations

import pytest

from tests.services.desks import Desk
from tests.services.histories import HistoryBoard
from tests.services.lists import PaperList, refresh, row
from tests.services.test_backfill import work_off
from tunefolio.market.instruments import AssetClass
from tunefolio.market.provider import MasterRow
from tunefolio.market.validation import Reason
from tunefolio.services.masters import underlyings
from tunefolio.store import instruments, quarantine

pytestmark = pytest.mark.one_is_enough

BOUGHT = "2026-11-16 buy 10 NSE:INFY @ 1500"
FELL = {"2026-11-17": "1500", "2026-11-18": "1500", "2026-11-19": "1125"}
"""A quarter lost in a day, and no company action."""


def future(symbol: str, name: str, expiry: str, exchange: str = "NFO") -> MasterRow:
    return row(symbol, name=name, series="", exchange=exchange, kind=AssetClass.FUTURE, expiry=expiry)


def option(symbol: str, name: str, expiry: str) -> MasterRow:
    return row(
        symbol, name=name, series="", exchange="NFO", kind=AssetClass.OPTION, expiry=expiry, strike="1500"
    )


def doubts(desk: Desk, closes: dict[str, str], *contracts: MasterRow) -> list[Reason]:
    """Why bars of Infosys were set aside, when these contracts are listed and a source tells these closes."""
    board = HistoryBoard(closes={"INFY": closes})
    desk.use(board, PaperList([row("INFY", "INE009A01021", "Infosys"), *contracts]))
    refresh(desk)
    desk.write_down(BOUGHT)
    work_off(desk)
    with desk.database.reading() as db:
        return [heap.reason for heap in quarantine.heaps(db, [desk.instrument("INFY")], None, 10)]


@pytest.mark.parametrize(
    "contract",
    [
        future("INFY26DECFUT", "INFY", "2026-12-29"),
        future("INFY29DEC26FUT", "INFY", "2026-12-29"),
        option("INFY26DEC1500CE", "INFY", "2026-12-29"),
        future("INFY26DECFUT", "INFY", "2026-12-31", exchange="BFO"),
    ],
    ids=["as Kite spells it", "as Angel One spells it", "an option alone", "at BSE"],
)
def test_a_share_with_derivatives_has_no_fixed_band(desk: Desk, contract: MasterRow) -> None:
    assert doubts(desk, FELL, contract) == []


@pytest.mark.parametrize(
    "contract",
    [
        future("INFYBPO26DECFUT", "INFYBPO", "2026-12-29"),
        future("INFY26OCTFUT", "INFY", "2026-10-27"),
        future("INFY26DECFUT", "INFY", "2026-12-29", exchange="MCX"),
        row("INFY26DECFUT", name="INFY"),
    ],
    ids=["of a longer name", "expired", "of another kind of exchange", "no contract at all"],
)
def test_a_share_without_derivatives_keeps_the_widest_band(desk: Desk, contract: MasterRow) -> None:
    assert doubts(desk, FELL, contract) == [Reason.JUMP]


@pytest.mark.on_both
def test_derivatives_excuse_nothing_else(desk: Desk) -> None:
    """What no exchange allows, and what is no price, is doubted as ever."""
    told = {**FELL, "2026-11-18": "100", "2026-11-19": "0"}
    told["2026-11-14"] = "1500"  # a Saturday
    reasons = doubts(desk, told, future("INFY26DECFUT", "INFY", "2026-12-29"))
    assert sorted(reasons) == [Reason.JUMP, Reason.NO_SESSION, Reason.NOT_POSITIVE]


@pytest.mark.on_both
def test_a_name_with_a_mark_is_found_among_its_like(desk: Desk) -> None:
    desk.use(
        PaperList(
            [future("M&M26DECFUT", "M&M", "2026-12-29"), future("M&MFIN26DECFUT", "M&MFIN", "2026-12-29")]
        )
    )
    refresh(desk)
    desk.write_down("2026-11-16 buy 1 NSE:M&M @ 3000\n2026-11-16 buy 1 NSE:MM @ 3000")
    with desk.database.reading() as db:
        shares = instruments.of_ids(db, [desk.instrument("M&M"), desk.instrument("MM")]).values()
        assert underlyings(db, shares, desk.house.calendar.today(desk.clock.now())) == {"M&M"}
