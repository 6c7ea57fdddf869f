"""How much of a trade's charges is securities transaction tax: as the broker said, else by the day's note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.books import book, number_of
from tunefolio.analysis.tax.assets import Asset, TaxClass
from tunefolio.ledger.feeparts import FeeName, parts_of
from tunefolio.services.tax_levied import stt_of

INFY = number_of("INFY")
NOTHING: Mapping[int, Mapping[FeeName, str]] = {}
ASSETS = {INFY: Asset(INFY, "Infosys", "INE009A01021", TaxClass.LISTED_EQUITY, is_listed=True)}


def levied(text: str, said: Mapping[int, Mapping[FeeName, str]] = NOTHING) -> dict[int, Decimal]:
    """By line. said: what the broker told of a line's charges."""
    told = {n: parts_of({name: Decimal(sum_) for name, sum_ in some.items()}) for n, some in said.items()}
    history = [replace(one, fact=replace(one.fact, parts=told.get(one.id, ()))) for one in book(text)]
    return {int(id): amount for id, amount in stt_of(history, ASSETS).items()}


def test_a_mixed_day_is_taxed_by_its_average_as_the_note_has_it() -> None:
    """Average 103.75: 13 on the 500 squared, of the sale alone; 21 on the 200 that were delivered."""
    found = levied(
        """2025-05-02 buy 500 INFY @ 100 fee 40
        2025-05-02 sell 500 INFY @ 105 fee 40
        2025-05-02 buy 200 INFY @ 110 fee 40"""
    )
    assert found == {1: Decimal("15.00"), 2: Decimal("13.00"), 3: Decimal("6.00")}


def test_it_is_never_more_than_the_charges() -> None:
    assert levied("2025-05-02 buy 500 INFY @ 100 fee 4") == {1: 4}


@pytest.mark.parametrize(
    ("said", "stt"),
    [
        ({FeeName.STT: "49.5", FeeName.STAMP: "7.5"}, "49.5"),
        ({FeeName.STT: "49.504", FeeName.STAMP: "7.496"}, "49.50"),
        ({FeeName.BROKERAGE: "57"}, "0"),
    ],
)
def test_what_the_broker_told_counts_before_what_is_worked_out(said: dict[FeeName, str], stt: str) -> None:
    """Worked out it would be 50; the other trade of the day keeps its own share of the note."""
    text = """2025-05-02 buy 500 INFY @ 100 fee 57
    2025-05-02 buy 500 INFY @ 100 fee 57"""
    assert levied(text, {1: said}) == {1: Decimal(stt), 2: 50}


def test_before_the_tariffs_it_is_not_known() -> None:
    assert levied("2019-05-02 buy 500 INFY @ 100 fee 57") == {}
