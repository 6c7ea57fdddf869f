"""What rows are called. Ids are opaque integers; an ISIN proves itself by its check digit."""

from __future__ import annotations

import re
from typing import NewType

from tunefolio.core.errors import Misuse

PersonId = NewType("PersonId", int)
PortfolioId = NewType("PortfolioId", int)
AccountId = NewType("AccountId", int)
InstrumentId = NewType("InstrumentId", int)
TransactionId = NewType("TransactionId", int)
StatementId = NewType("StatementId", int)
ImportId = NewType("ImportId", int)
SnapshotId = NewType("SnapshotId", int)
JobId = NewType("JobId", int)
SessionId = NewType("SessionId", int)
InviteId = NewType("InviteId", int)
TagId = NewType("TagId", int)
AuditId = NewType("AuditId", int)
GrantId = NewType("GrantId", int)
SharedLinkId = NewType("SharedLinkId", int)
TaxpayerId = NewType("TaxpayerId", int)
TokenId = NewType("TokenId", int)
PasskeyId = NewType("PasskeyId", int)

Isin = NewType("Isin", str)

_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]\Z")


def isin_of(text: str) -> Isin:
    """An ISIN whose check digit holds (ISO 6166: Luhn over letters as 10–35); raises Misuse."""
    code = text.strip().upper()
    if not _ISIN.match(code):
        raise Misuse("isin", f"{text!r} is not an ISIN", cure="Twelve characters, such as INE009A01021")
    if check_digit(code[:11]) != int(code[11]):
        raise Misuse("isin", f"{text!r} has a wrong check digit")
    return Isin(code)


def find_isin(text: str | None) -> Isin | None:
    """The ISIN, or None for an empty or false one: brokers send both for funds, indices and rights."""
    if not text:
        return None
    try:
        return isin_of(text)
    except Misuse:
        return None


def check_digit(stem: str) -> int:
    """ISO 6166 check digit of the first eleven characters."""
    digits = "".join(str(int(character, 36)) for character in stem)
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return -total % 10
