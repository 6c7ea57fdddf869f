"""A message for a person, and the port that carries it outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

from tunefolio.core.identity import PersonId
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant

NoticeId = NewType("NoticeId", int)
ChannelId = NewType("ChannelId", int)
DeliveryId = NewType("DeliveryId", int)


class Urgency(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class ChannelKind(StrEnum):
    """Where notices go besides the page: each has one Notifier."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    TELEGRAM = "telegram"


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, to whom it matters, and where to act (`link`: a path of the web app).

    key: names the event for ever. Sent again after a crash it carries the same key, so that whoever
    receives it twice can tell.
    """

    person: PersonId
    urgency: Urgency
    title: str
    text: str
    at: Instant
    link: str = ""
    key: str = ""


class Notifier(Protocol):
    """Carries notices to one kind of channel; never swallows."""

    def fit(self, target: str) -> str:
        """The target as it is kept; raises Misuse (field `target`) for one that can never work."""
        ...

    def hint(self, target: str) -> str:
        """The target as a page may show it: enough to recognise, too little to use."""
        ...

    def notify(self, notice: Notice, target: Secret) -> None:
        """Send it now, once; raises Retry or Rejected."""
        ...
