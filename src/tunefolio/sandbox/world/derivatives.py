"""The daily file of simulated futures and options: three expiries of each share that has them.

The nearest has options around the share's price. The furthest future is not traded: it has a settlement
price and no range.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Kind
from tunefolio.sandbox.world.angel_master import last_tuesdays
from tunefolio.sandbox.world.udiff import UDIFF, Line, lines, rupees

_EXPIRIES = 3
_TICK = 5
_CARRY = 0.065
"""What money costs in a year: a future is dearer than its share by that."""

_FADES = 0.04
"""What an option is worth above its intrinsic value, of the share's price, a month before it expires."""

_STEPS = (-0.05, 0.0, 0.05)


@dataclass(frozen=True, slots=True)
class _Contract:
    """right: CE, PE or "" for a future. strike: in paise. factor: of the share's price: all that a future is
    worth, and what an option is worth beside its intrinsic value."""

    symbol: str
    expiry: TradingDay
    right: str
    strike: int
    factor: float
    is_traded: bool

    @property
    def name(self) -> str:
        """As the exchange and most brokers spell it; Angel One writes the day of the expiry as well."""
        spelt = f"{self.symbol}{self.expiry.date:%y%b}".upper()
        return f"{spelt}{self.strike // 100}{self.right}" if self.right else f"{spelt}FUT"

    def price(self, share: int) -> int:
        """In paise to the tick, never below one."""
        if not self.right:
            return _ticked(share * self.factor)
        intrinsic = share - self.strike if self.right == "CE" else self.strike - share
        return max(_TICK, _ticked(max(0, intrinsic) + share * self.factor))


def derivatives(market: Market, exchange: str, day: TradingDay, now: Instant) -> str:
    """All contracts of that day, in the columns of UDiFF."""
    rows = [
        _row(contract, line, day)
        for line in lines(market, exchange, day, now)
        if line.listed.company.has_derivatives and line.listed.company.kind is Kind.SHARE
        for contract in _contracts(line, day)
    ]
    return "\n".join([UDIFF, *rows, ""])


def _contracts(line: Line, day: TradingDay) -> Iterator[_Contract]:
    symbol = line.listed.company.symbol
    expiries = list(last_tuesdays(day, _EXPIRIES))
    for place, expiry in enumerate(expiries, 1):
        factor = 1 + _CARRY * (expiry - day) / 365
        yield _Contract(symbol, expiry, "", 0, factor, is_traded=place < _EXPIRIES)
    faded = _FADES * ((expiries[0] - day) / 30) ** 0.5
    for step in _STEPS:
        strike = max(1, round(line.previous * (1 + step) / 1_000)) * 1_000
        for right in ("CE", "PE"):
            yield _Contract(symbol, expiries[0], right, strike, faded, is_traded=True)


def _row(contract: _Contract, line: Line, day: TradingDay) -> str:
    close, previous = contract.price(line.close), contract.price(line.previous)
    opened = contract.price(line.open)
    ends = (contract.price(line.low), contract.price(line.high))
    told = [opened, max(*ends, opened, close), min(*ends, opened, close)] if contract.is_traded else [0, 0, 0]
    last = close if contract.is_traded else 0
    volume = line.volume // 20 if contract.is_traded else 0
    expiry = contract.expiry.iso()
    cells = [
        day.iso(), day.iso(), "FO", "NSE", "STO" if contract.right else "STF",
        str(line.listed.exchange_token * 100 + contract.expiry.date.month), "", contract.symbol, "", expiry,
        expiry, rupees(contract.strike) if contract.right else "", contract.right, contract.name,
        *map(rupees, told), rupees(last), rupees(last), rupees(previous), rupees(line.close), rupees(close),
        str(line.volume // 7), "0", str(volume), f"{close * volume / 100:.2f}", str(volume // 500), "F1",
        "500", "", "", "", "", "",
    ]  # fmt: skip
    return ",".join(cells)


def _ticked(paise: float) -> int:
    return round(paise / _TICK) * _TICK
