"""Who is meant by the words of the notation: names → ids for reading, ids → names for writing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Currency

Resolve = Callable[[str], InstrumentId]
NameOf = Callable[[InstrumentId], str]


def no_account(name: str) -> AccountId:
    raise Misuse("account", f"{name!r} cannot be named here", cure="Write the transfer in a text book")


def no_lot(key: str) -> TransactionId:
    raise Misuse(
        "lots", f"{key!r} cannot be named here", cure="Write the sale in a text book, or leave it out"
    )


def no_currency(_instrument: InstrumentId) -> Currency | None:
    return None


def _no_key(lot: TransactionId) -> str:
    raise Misuse("lots", f"lot {lot} has no key to write", cure="Write the whole book")


def _no_name(account: AccountId) -> str:
    raise Misuse("account", f"account {account} has no name to write", cure="Write the whole book")


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the words of a line mean: names → ids; each raises Misuse for a word it does not know.

    currency: holds where a line names none and currency_of, asked for its instrument, gives none either.
    """

    instrument: Resolve
    account: Callable[[str], AccountId] = no_account
    lot: Callable[[str], TransactionId] = no_lot
    currency: Currency = INR
    currency_of: Callable[[InstrumentId], Currency | None] = no_currency


@dataclass(frozen=True, slots=True)
class Spellings:
    """How ids are written: the other direction of Meanings."""

    instrument: NameOf
    account: Callable[[AccountId], str] = _no_name
    lot: Callable[[TransactionId], str] = _no_key
