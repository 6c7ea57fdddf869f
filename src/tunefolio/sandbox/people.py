"""Simulated broker users: what they own, paid and did today. The login page prints their credentials."""

from __future__ import annotations

import hmac
from base64 import b32encode
from dataclasses import dataclass, replace
from hashlib import sha256

from tunefolio.core.time import TradingDay
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
class Standing:
    """An order that waits at the broker for a price. percents: of the close before the first session, one, or
    a stop and a target."""

    key: str
    side: str
    quantity: int
    percents: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trader:
    """A user of one broker.

    pin: what follows the password: at Zerodha six digits, taken as PIN and as TOTP; at Angel One the PIN of
    four digits; at Kotak Neo the MPIN of six. totp_secret: base32, where a code of the hour is asked for.
    mobile: with its country code, where the login asks for it. cash: paise on the first day.
    deals: what is done on the first day.
    """

    user_id: str
    password: str
    pin: str
    name: str
    email: str
    cash: int
    demat: tuple[Demat, ...]
    deals: tuple[Deal, ...] = ()
    broker: str = "zerodha"
    totp_secret: str = ""
    mobile: str = ""
    standing: tuple[Standing, ...] = ()

    def has_password(self, given: str) -> bool:
        return hmac.compare_digest(self.password.encode(), given.encode())

    def has_pin(self, given: str) -> bool:
        return hmac.compare_digest(self.pin.encode(), given.encode())


def average_price(market: Market, listed: Listed, line: Demat) -> float:
    """Rupees a unit over all purchases, to six digits; the unsettled units came at the newest one's price."""
    paid = sum(market.close(listed, TradingDay.parse(lot.day)) * lot.quantity for lot in line.purchases)
    newest = market.close(listed, TradingDay.parse(line.purchases[-1].day))
    return round((paid + newest * line.t1) / (line.settled + line.t1) / 100, 6)


def _code_seed(user_id: str) -> str:
    """Of the user's one-time codes, base32: made, not kept, for it guards nothing."""
    return b32encode(sha256(f"rehearsal {user_id}".encode()).digest()[:20]).decode()


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
    standing=(
        Standing("NSE:RELIANCE", "BUY", 10, (92,)),
        Standing("NSE:TITAN", "SELL", 19, (90, 115)),
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
"""Who can sign in at the simulated Zerodha."""

ANGEL_ASHA = Trader(
    broker="angelone",
    user_id="TFA001",
    password="rehearsal-a1",
    pin="2468",
    totp_secret=_code_seed("TFA001"),
    mobile="+919000000001",
    name="Asha Rao",
    email="asha.rao@example.com",
    cash=6_402_075,
    demat=(
        _bought("NSE:RELIANCE", ("2024-11-06", 10)),
        _bought("NSE:INFY", ("2025-03-05", 30), ("2026-05-06", 12)),
        _bought("NSE:KOTAKBANK", ("2024-05-22", 45)),
        _bought("NSE:HINDALCO", ("2025-08-06", 70), t1=15),
        _bought("NSE:NIFTYBEES", ("2025-01-08", 250)),
        _bought("BSE:SBIN", ("2025-06-04", 35)),
    ),
    deals=(
        Deal(21, "NSE:HINDALCO", "BUY", 20, "CNC"),
        Deal(44, "NSE:WIPRO", "BUY", 60, "CNC", is_filled=False),
    ),
)

ANGEL_VIKRAM = Trader(
    broker="angelone",
    user_id="TFA002",
    password="rehearsal-a2",
    pin="1357",
    totp_secret=_code_seed("TFA002"),
    mobile="+919000000002",
    name="Vikram Menon",
    email="vikram.menon@example.com",
    cash=1_250_000,
    demat=(
        _bought("NSE:TCS", ("2025-04-02", 6)),
        _bought("NSE:CIPLA", ("2025-09-03", 22)),
    ),
)

ANGEL_PEOPLE = (ANGEL_ASHA, ANGEL_VIKRAM)
"""Who can sign in at the simulated Angel One."""

KOTAK_ASHA = Trader(
    broker="kotakneo",
    user_id="TFK01",
    password="rehearsal-k1",
    pin="864202",
    totp_secret=_code_seed("TFK01"),
    mobile="+919000000001",
    name="Asha Rao",
    email="asha.rao@example.com",
    cash=9_015_500,
    demat=(
        _bought("NSE:HDFCBANK", ("2024-09-04", 24)),
        _bought("NSE:ITC", ("2025-02-05", 140)),
        _bought("NSE:BHARTIARTL", ("2025-07-02", 18), ("2026-03-04", 6)),
        _bought("NSE:GOLDBEES", ("2025-10-08", 400)),
        _bought("BSE:TATASTEEL", ("2025-05-07", 90), t1=10),
    ),
    deals=(Deal(35, "NSE:ITC", "SELL", 40, "CNC"),),
)

KOTAK_PEOPLE = (KOTAK_ASHA,)
"""Who can sign in at the simulated Kotak Neo."""


def crowd(count: int, like: Trader = VIKRAM) -> tuple[Trader, ...]:
    """So many further users of that one's broker, each with the same to begin with: for measuring."""
    return tuple(
        replace(like, user_id=f"TC{number:05d}", name=f"Crowd {number}", email=f"tc{number}@example.com")
        for number in range(1, count + 1)
    )


EVERYBODY = (*PEOPLE, *ANGEL_PEOPLE, *KOTAK_PEOPLE)
