"""The form offers every kind once and every field of the sign table, and asks for nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.web import kinds

FIELDS = {name for rule in RULES.values() for name in rule.needs | rule.may}
COUNTER = {"counter_amount", "counter_currency"}


def test_every_kind_stands_in_exactly_one_group() -> None:
    counted = Counter(kind for group in kinds.GROUPS for kind in group.kinds)
    assert counted == Counter(Kind)
    assert set(kinds.ICONS) == set(Kind)


def test_every_field_of_the_sign_table_has_its_place() -> None:
    """Lots have a table of their own, a conversion's counter two fields."""
    boxes = {box.name for box in kinds.BOXES}
    assert boxes - COUNTER == FIELDS - {"picks", "counter"}
    assert boxes >= COUNTER
    assert set(kinds.PICKING) == {kind for kind, rule in RULES.items() if "picks" in rule.may}


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_kind_is_asked_for_what_it_may_carry_and_no_more(kind: Kind) -> None:
    asked = {box.name for box in kinds.BOXES if kind in box.kinds}
    allowed = set(RULES[kind].needs | RULES[kind].may) - {"picks"}
    assert asked - COUNTER == allowed - {"counter"}
    assert (asked >= COUNTER) == ("counter" in allowed)
    needed = {box.name for box in kinds.BOXES if kind in box.needed}
    assert needed <= asked
    assert all(box.label_of(kind) for box in kinds.BOXES if kind in box.kinds)
