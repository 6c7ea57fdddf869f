"""Lines of a broker's answer whose exchange or symbol nobody knows: put aside, so that the rest is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tunefolio.core.errors import Rejected
from tunefolio.ledger.statements import UnreadLine
from tunefolio.market.instruments import InstrumentClaim

Row = Mapping[str, Any]
ClaimOf = Callable[[Row, str], InstrumentClaim]
"""Which instrument a row means; raises Rejected with code "unknown_exchange" where nobody knows."""
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
        try:
            claim(row, where)
        except Rejected as unknown:
            if unknown.code != _UNKNOWN:
                raise
            named = ":".join(str(row.get(field, "")) for field in fields)
            unread.append(UnreadLine(where, named[:_LONGEST], unknown.reason))
        else:
            good.append(row)
    return good, tuple(unread)
