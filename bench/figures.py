"""One figure, and tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, the median of its runs, their spread, and what it was meant to stay under."""

    name: str
    unit: str
    runs: tuple[float, ...]
    goal: str = ""
    digits: int = 1

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def row(self) -> str:
        low, high = min(self.runs), max(self.runs)
        spread = f"{low:,.{self.digits}f}–{high:,.{self.digits}f}" if len(self.runs) > 1 else ""
        return f"| {self.name} | {self.median:,.{self.digits}f} {self.unit} | {spread} | {self.goal} |"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    head = "| what | median | range | goal |\n|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
