"""Where things are held: a person's portfolios, and the accounts in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import Instant


class Book(StrEnum):
    """Which world a transaction belongs to; the three never mix."""

    LIVE = "live"
    PAPER = "paper"
    TEST = "test"


class AccountKind(StrEnum):
    """manual: kept by hand and by files; broker: synced from a broker's API."""

    MANUAL = "manual"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A named group of accounts with one reporting currency."""

    id: PortfolioId
    owner: PersonId
    name: str
    currency: Currency
    created: Instant
    archived: Instant | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One demat, broker or hand-kept account. An archived one is neither synced nor counted in totals."""

    id: AccountId
    owner: PersonId
    portfolio: PortfolioId
    name: str
    kind: AccountKind
    currency: Currency = INR
    broker: str = ""
    broker_user: str = ""
    created: Instant | None = None
    archived: Instant | None = None

    @property
    def is_active(self) -> bool:
        return self.archived is None


def name_of(text: str, field: str = "name") -> str:
    """A name people can read: 1 to 80 characters on one line, trimmed; raises Misuse."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise Misuse(field, "must have 1 to 80 characters")
    if any(ord(character) < 32 for character in name):
        raise Misuse(field, "must not hold control characters")
    return name
