"""Closes that a person brings in a file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tests.services.histories import day
from tunefolio.core.errors import Misuse
from tunefolio.core.money import Currency
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import closes

USD = Currency("USD")


def test_closes_from_a_file(desk: Desk) -> None:
    claim = InstrumentClaim(Listing("MF", "INF179K01YV8"))
    with desk.database.writing() as db:
        rows = [(claim, day("2026-11-18"), Decimal("123.4567")), (claim, day("2026-11-19"), Decimal(0))]
        assert closes.keep(db, desk.house, rows, source="file") == (1, 1)
        wrong = replace(claim, currency=USD)
        with pytest.raises(Misuse, match="currency"):
            closes.keep(db, desk.house, [(wrong, day("2026-11-18"), Decimal(1))], source="file")


def test_a_file_cannot_tell_of_a_day_without_a_session(desk: Desk) -> None:
    share, fund = InstrumentClaim(Listing("NSE", "INFY")), InstrumentClaim(Listing("MF", "INF179K01YV8"))
    sunday = day("2026-11-15")
    with desk.database.writing() as db:
        assert closes.keep(db, desk.house, [(share, sunday, Decimal(1500))], source="file") == (0, 1)
        assert closes.keep(db, desk.house, [(fund, sunday, Decimal(11))], source="file") == (1, 0)
