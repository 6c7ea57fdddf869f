"""A figure that is not available, as a value: shown with its reason and cure, never as zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a figure is not there. reason: what is lacking, with its day; cure: what a person can do, or ""."""

    reason: str
    cure: str = ""

    def __str__(self) -> str:
        return f"not available: {self.reason}"

    @property
    def sentence(self) -> str:
        """The reason with its cure."""
        return f"{self}. {self.cure}" if self.cure else str(self)


def missing_of(holes: Iterable[Missing]) -> Missing | None:
    """Several reasons as one, each said once in the order met, with the first cure. None: there is none."""
    known = {hole.reason: hole.cure for hole in holes}
    if not known:
        return None
    reasons = list(known)
    more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return Missing("; ".join(reasons[:3]) + more, next((cure for cure in known.values() if cure), ""))
