"""A message for a person, and the port that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tunefolio.core.identity import PersonId
from tunefolio.core.time import Instant


class Urgency(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, to whom it matters, and where to act (`link`: a path of the web app)."""

    person: PersonId
    urgency: Urgency
    title: str
    text: str
    at: Instant
    link: str = ""


class Notifier(Protocol):
    """Carries notices outside; raises Retry or Rejected, never swallows."""

    def notify(self, notice: Notice) -> None: ...
