"""One line that nobody can name leaves the others readable; one that is wrong makes the answer doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tunefolio.adapters.unread import sifted
from tunefolio.core.errors import Misuse, Rejected
from tunefolio.ledger.statements import UnreadLine
from tunefolio.market.instruments import InstrumentClaim, Listing, exchange_of

FIELDS = ("exchange", "symbol")


def claim(row: Mapping[str, Any], where: str) -> InstrumentClaim:
    """As a broker's parser has it."""
    if "symbol" not in row:
        raise Rejected(f"{where} lacks the field 'symbol'", code="missing_field")
    try:
        return InstrumentClaim(Listing(exchange_of(row["exchange"]), row["symbol"]))
    except Misuse as unknown:
        raise Rejected(str(unknown), code="unknown_exchange") from None


def test_a_line_of_an_unknown_exchange_is_put_aside_with_its_place_and_reason() -> None:
    known = {"exchange": "NSE", "symbol": "INFY"}
    odd = {"exchange": "MOON", "symbol": "CHEESE" * 40}
    good, unread = sifted([known, odd, known], "holdings", claim, FIELDS)
    assert good == [known, known]
    (line,) = unread
    assert isinstance(line, UnreadLine)
    assert (line.place, line.symbol[:12], len(line.symbol)) == ("holdings[1]", "MOON:CHEESEC", 80)
    assert "MOON" in line.reason


def test_what_is_wrong_in_a_line_that_has_a_name_is_not_passed_over() -> None:
    with pytest.raises(Rejected, match=r"holdings.0. lacks"):
        sifted([{"exchange": "NSE"}], "holdings", claim, FIELDS)
