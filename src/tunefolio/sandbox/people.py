"""Simulated broker users: what they own, paid and did today. The login page prints their credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.time import Instant, TradingDay
from tunefolio.sandbox.market import Market
from tunefolio.sandbox.universe import Listed


@dataclass(frozen=True, slots=True)
class Purchase:
    """Units bought at the close of a past session."""

    day: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Demat:
    """One line of a demat account. t1: bought, not yet settled, beside the purchases.

    pledged: how many of the settled ones are collateral. margin_funded: a block apart.
    """

    key: str
    purchases: tuple[Purchase, ...]
    t1: int = 0
    pledged: int = 0
    margin_funded: int = 0

    @property
    def settled(self) -> int:
        return sum(purchase.quantity for purchase in self.purchases)


@dataclass(frozen=True, slots=True)
class Deal:
    """An order of today, `minute` minutes after the open. filled False: it was cancelled."""

    minute: int
    key: str
    side: str
    quantity: int
    product: str
    is_filled: bool = True


@dataclass(frozen=True, slots=True)
class Trader:
    """A broker user. pin: six digits, accepted as PIN and as TOTP. cash: paise."""

    user_id: str
    password: str
    pin: str
    name: str
    email: str
    cash: int
    demat: tuple[Demat, ...]
    deals: tuple[Deal, ...] = ()


def average_price(market: Market, listed: Listed, line: Demat) -> float:
    """Rupees a unit over all purchases, to six digits; the unsettled units came at the newest one's price."""
    paid = sum(market.close(listed, TradingDay.parse(lot.day)) * lot.quantity for lot in line.purchases)
    newest = market.close(listed, TradingDay.parse(line.purchases[-1].day))
    return round((paid + newest * line.t1) / (line.settled + line.t1) / 100, 6)


@dataclass(frozen=True, slots=True)
class Done:
    """A deal whose time has come. price: paise; the limit of a cancelled one."""

    deal: Deal
    listed: Listed
    at: Instant
    price: int
    number: int


def done(market: Market, trader: Trader, now: Instant) -> list[Done]:
    """The trader's deals of the current session up to now, oldest first."""
    result = []
    for number, deal in enumerate(trader.deals):
        listed = market.universe.of(deal.key)
        day = market.sessions.current(now)
        at = market.window(listed, day).open + timedelta(minutes=deal.minute, seconds=17)
        if at <= now:
            price = market.price(listed, at) - (0 if deal.is_filled else 20 * listed.tick)
            result.append(Done(deal, listed, at, price, number))
    return result


def _bought(key: str, *lots: tuple[str, int], t1: int = 0, pledged: int = 0, margin_funded: int = 0) -> Demat:
    return Demat(key, tuple(Purchase(day, quantity) for day, quantity in lots), t1, pledged, margin_funded)


ASHA = Trader(
    user_id="TF0001",
    password="rehearsal-1",
    pin="246810",
    name="Asha Rao",
    email="asha.rao@example.com",
    cash=18_754_325,
    demat=(
        _bought("NSE:RELIANCE", ("2023-12-11", 40), ("2025-06-18", 20)),
        _bought("NSE:HDFCBANK", ("2024-02-06", 90), ("2025-09-12", 45)),
        _bought("NSE:INFY", ("2024-05-16", 48), ("2026-01-22", 16)),
        _bought("BSE:INFY", ("2024-08-08", 25)),
        _bought("NSE:TCS", ("2024-04-16", 18), ("2026-02-11", 7)),
        _bought("NSE:ICICIBANK", ("2024-01-30", 96)),
        _bought("NSE:SBIN", ("2024-07-09", 64), ("2025-11-06", 32)),
        _bought("NSE:ITC", ("2023-12-20", 220), ("2026-07-14", 80), t1=25),
        _bought("NSE:LT", ("2024-09-17", 21)),
        _bought("NSE:M&M", ("2024-06-12", 24), ("2025-08-20", 8)),
        _bought("NSE:BHARTIARTL", ("2024-03-13", 56)),
        _bought("NSE:SUNPHARMA", ("2024-11-13", 34), ("2026-03-18", 14)),
        _bought("NSE:TITAN", ("2025-01-15", 19)),
        _bought("NSE:ASIANPAINT", ("2025-04-23", 27)),
        _bought("NSE:MARUTI", ("2024-10-09", 7)),
        _bought("NSE:TATASTEEL", ("2024-02-21", 480), ("2025-05-14", 160), margin_funded=200),
        _bought("NSE:NTPC", ("2024-12-11", 260)),
        _bought("NSE:ULTRACEMCO", ("2025-07-16", 9)),
        _bought("NSE:DLF", ("2024-06-19", 85), ("2026-05-13", 45)),
        _bought("NSE:HAL", ("2025-02-19", 22)),
        _bought("NSE:TMCV", ("2025-12-17", 110)),
        _bought("NSE:NIFTYBEES", ("2024-01-10", 600), ("2025-10-15", 300), pledged=400),
        _bought("NSE:GOLDBEES", ("2024-07-24", 1500)),
        _bought("NSE:AVADHSUGAR-BE", ("2026-04-15", 60)),
    ),
    deals=(
        Deal(12, "NSE:TMPV", "BUY", 40, "CNC"),
        Deal(26, "NSE:WIPRO", "BUY", 100, "CNC", is_filled=False),
        Deal(31, "NSE:SBIN", "BUY", 50, "MIS"),
        Deal(97, "NSE:SBIN", "SELL", 50, "MIS"),
    ),
)
"""The first demonstration user: a portfolio with every oddity that a demat account knows."""

VIKRAM = Trader(
    user_id="TF0002",
    password="rehearsal-2",
    pin="135791",
    name="Vikram Menon",
    email="vikram.menon@example.com",
    cash=4_210_050,
    demat=(
        _bought("NSE:RELIANCE", ("2025-03-12", 15)),
        _bought("NSE:POLYCAB", ("2024-08-21", 6)),
        _bought("NSE:DIXON", ("2025-01-22", 3)),
        _bought("NSE:ETERNAL", ("2025-06-11", 130), ("2025-12-10", 70)),
        _bought("NSE:SUZLON", ("2024-09-11", 900)),
        _bought("NSE:J&KBANK", ("2025-05-21", 250)),
        _bought("BSE:TATASTEEL", ("2025-08-13", 120)),
    ),
)

PEOPLE = (ASHA, VIKRAM)
