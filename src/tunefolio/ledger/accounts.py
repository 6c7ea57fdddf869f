"""Where things are held: a person's portfolios, and the accounts in them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, PersonId, PortfolioId
from tunefolio.core.money import INR, Currency
from tunefolio.core.time import Instant

_JOINERS = "\u200c\u200d"


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
    """A name people can read: 1 to 80 characters on one line, trimmed, none of them unseen or turning the
    line round; raises Misuse."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 80:
        raise Misuse(field, "must have 1 to 80 characters")
    if legible(name) != name:
        raise Misuse(
            field, "must not hold characters that are not seen", cure="Type it anew, without copying"
        )
    return name


def legible(text: str) -> str:
    """The text without what is not seen, turns its direction, or is no character.

    The two joiners stay between others: Malayalam, Bengali and Marathi spell with them.
    """
    seen = "".join(one for one in text if one in _JOINERS or unicodedata.category(one)[0] != "C")
    return seen.strip(_JOINERS)
