"""What of another's books is told: everything with its amounts, or proportions alone."""

from __future__ import annotations

from enum import StrEnum


class Amounts(StrEnum):
    """shown: rupees, units and costs too. hidden: weights, percentages and returns alone."""

    SHOWN = "shown"
    HIDDEN = "hidden"
