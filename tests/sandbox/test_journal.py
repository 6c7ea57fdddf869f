"""An exchange that is closed opens again as it was left, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.sandbox.conftest import at
from tests.sandbox.depots import ANGEL, ASHA, KOTAK, VIKRAM
from tunefolio.core.errors import Misuse
from tunefolio.core.time import FixedClock, TradingDay
from tunefolio.sandbox.events import (
    Bonus,
    Cancellation,
    Deposit,
    Event,
    Fill,
    MissedTrade,
    PartialFill,
    Rejection,
    Split,
    Trade,
    Transfer,
)
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

EVENTS: tuple[Event, ...] = (
    MissedTrade(*VIKRAM, "NSE:CIPLA", "BUY", 30, TradingDay.parse("2026-11-12")),
    Trade(*ASHA, "NSE:TCS", "BUY", 3, at=at("2026-11-20T10:00:00"), tag="one"),
    Rejection(*KOTAK, "NSE:TCS", "BUY", 10, "Insufficient funds: ₹ 0"),
    Transfer(*ASHA, *ANGEL, "NSE:INFY", 14),
    Transfer(*ASHA, *KOTAK, "NSE:LT", 2, average=0.0),
    Deposit(*KOTAK, -100),
    Split("INFY", date(2026, 11, 23), 2),
    Bonus("TCS", date(2026, 11, 23), 1, 2),
)


@pytest.fixture
def kept(config: SandboxConfig, tmp_path: Path) -> SandboxConfig:
    return replace(config, journal=tmp_path / "exchange.jsonl")


def lived(config: SandboxConfig) -> Sandbox:
    """An exchange at which everything has happened once."""
    sandbox = Sandbox(config)
    for event in EVENTS:
        sandbox.depot.happen(event)
    waiting = sandbox.depot.happen(PartialFill(*ANGEL, "NSE:TCS", "BUY", 10, 4))
    sandbox.depot.happen(Fill(waiting, 2))
    sandbox.depot.happen(Cancellation(waiting))
    return sandbox


def shown(sandbox: Sandbox) -> list[object]:
    return [sandbox.depot.books(*holder) for holder in (ASHA, VIKRAM, ANGEL, KOTAK)]


def test_it_opens_as_it_was_left(kept: SandboxConfig, clock: FixedClock) -> None:
    first = lived(kept)
    today = shown(first)
    assert shown(Sandbox(kept)) == today
    first.panel.shift(days=3)
    later = Sandbox(kept)
    assert later.clock.now() == first.clock.now() == at("2026-11-23T11:07:23")
    assert later.depot.opened == first.depot.opened
    assert later.depot.happened == first.depot.happened
    assert shown(later) == shown(first) != today


def test_days_pass_while_it_is_closed(kept: SandboxConfig, clock: FixedClock) -> None:
    lived(kept)
    clock.set(at("2026-11-25T11:00:00"))
    depot = Sandbox(kept).depot
    assert depot.orders(*ASHA) == []
    assert depot.opened.iso() == "2026-11-20"
    assert {line.listed.key: line.settled for line in depot.lines(*ANGEL)}["NSE:INFY"] == 2 * (42 + 14)


def test_a_torn_last_line_is_cut_off(kept: SandboxConfig) -> None:
    assert kept.journal is not None
    today = shown(lived(kept))
    whole = kept.journal.read_bytes()
    kept.journal.write_bytes(whole + b'{"number": 99, "at')
    again = Sandbox(kept)
    assert shown(again) == today
    again.depot.happen(Deposit(*KOTAK, 500))
    assert shown(Sandbox(kept)) == shown(again)


@pytest.mark.parametrize("content", [b"", b"[]\n{\n", b"no journal\n"])
def test_what_is_no_journal_is_refused(kept: SandboxConfig, content: bytes) -> None:
    assert kept.journal is not None
    kept.journal.write_bytes(content)
    with pytest.raises(Misuse) as wrong:
        Sandbox(kept)
    assert wrong.value.field == "journal"


def test_the_journal_of_another_exchange_is_refused(kept: SandboxConfig) -> None:
    lived(kept)
    with pytest.raises(Misuse, match="seed 2026"):
        Sandbox(replace(kept, seed=7))
