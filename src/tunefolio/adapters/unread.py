"""Lines of a broker's answer whose exchange or symbol nobody knows: put aside, so that the rest is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tunefolio.core.errors import Rejected
from tunefolio.ledger.fills import DayFills, Fill
from tunefolio.ledger.statements import UnreadLine
from tunefolio.market.instruments import InstrumentClaim, Listing

Row = Mapping[str, Any]
ClaimOf = Callable[[Row, str], InstrumentClaim]
"""Which instrument a row means; raises Rejected with code "unknown_exchange" where nobody knows."""
FillOf = Callable[[Row, ClaimOf, str], Fill]
"""The fill of a row; raises Rejected for what makes no trade."""
_UNKNOWN = "unknown_exchange"
_LONGEST = 80


def sifted(
    rows: Sequence[Row], name: str, claim: ClaimOf, fields: Sequence[str]
) -> tuple[list[Row], tuple[UnreadLine, ...]]:
    """The rows that can be read, and the others as unread. name: of the answer; fields: what names a row's
    instrument.

    Any other Rejected is raised: what is wrong in a row that can be named makes the whole answer doubtful.
    """
    good: list[Row] = []
    unread: list[UnreadLine] = []
    for at, row in enumerate(rows):
        where = f"{name}[{at}]"
        told = _claimed(row, claim, where)
        if isinstance(told, Rejected):
            unread.append(UnreadLine(where, _named(row, fields), told.reason))
        else:
            good.append(row)
    return good, tuple(unread)


def sifted_fills(
    rows: Sequence[Row], name: str, claim: ClaimOf, fields: Sequence[str], fill: FillOf
) -> DayFills:
    """The fills of a trade book, oldest first, and the trades whose instrument nobody knows as unread: with
    units, price and day where these can be read, else by their place. Raises as sifted does."""
    read: list[Fill] = []
    unread: list[UnreadLine] = []
    for at, row in enumerate(rows):
        where = f"{name}[{at}]"
        told = _claimed(row, claim, where)
        if isinstance(told, Rejected):
            unread.append(_put_aside(row, fill, where, _named(row, fields), told.reason))
        else:
            read.append(fill(row, _said(told), where))
    return DayFills(tuple(sorted(read, key=lambda one: (one.at, one.trade_id))), tuple(unread))


def _claimed(row: Row, claim: ClaimOf, where: str) -> InstrumentClaim | Rejected:
    try:
        return claim(row, where)
    except Rejected as unknown:
        if unknown.code != _UNKNOWN:
            raise
        return unknown


def _put_aside(row: Row, fill: FillOf, where: str, symbol: str, reason: str) -> UnreadLine:
    """Of a row that has no name nothing else can be relied on either."""
    try:
        return fill(row, _said(InstrumentClaim(Listing("", symbol))), where).unread(symbol, reason)
    except Rejected:
        return UnreadLine(where, symbol, reason)


def _said(claim: InstrumentClaim) -> ClaimOf:
    return lambda _row, _where: claim


def _named(row: Row, fields: Sequence[str]) -> str:
    return ":".join(str(row.get(field, "")) for field in fields)[:_LONGEST]
