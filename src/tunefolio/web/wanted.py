"""What a live client asks for: its JSON messages read into values, or refused by the name of the field.

{"resume": "<place>", "subscribe": {"instruments": [1], "portfolios": ["all", 2], "topics": ["jobs"]},
 "unsubscribe": {…the same…}}; every part may be left out, unsubscribe is done first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, PortfolioId
from tunefolio.core.time import Instant
from tunefolio.store.events import TOPICS

MESSAGE_BYTES = 32 * 1024
MOST_INSTRUMENTS = 3_000
MOST_PORTFOLIOS = 20
_LONGEST_PLACE = 64
_PARTS = ("resume", "since", "subscribe", "unsubscribe")
_LISTS = ("instruments", "portfolios", "topics")
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """Names of what may move. A portfolio of None means all of the person's."""

    instruments: frozenset[InstrumentId] = frozenset()
    portfolios: frozenset[PortfolioId | None] = frozenset()
    topics: frozenset[str] = frozenset()

    def __or__(self, other: Wanted) -> Wanted:
        return Wanted(
            self.instruments | other.instruments,
            self.portfolios | other.portfolios,
            self.topics | other.topics,
        )

    def __sub__(self, other: Wanted) -> Wanted:
        return Wanted(
            self.instruments - other.instruments,
            self.portfolios - other.portfolios,
            self.topics - other.topics,
        )

    def must_fit(self) -> None:
        """Raises Misuse when one client would hold too much."""
        if len(self.instruments) > MOST_INSTRUMENTS:
            cure = f"Unsubscribe from some; one connection holds {MOST_INSTRUMENTS}"
            raise Misuse("subscribe.instruments", f"would be {len(self.instruments)}", cure=cure)
        if len(self.portfolios) > MOST_PORTFOLIOS:
            cure = f"Unsubscribe from some; one connection holds {MOST_PORTFOLIOS}"
            raise Misuse("subscribe.portfolios", f"would be {len(self.portfolios)}", cure=cure)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a client. resume: the place it had reached with what it subscribes to here, or "".

    since: when what it shows was made; it is told what happened since. None where it has a place, or nothing.
    """

    resume: str = ""
    subscribe: Wanted = Wanted()
    unsubscribe: Wanted = Wanted()
    since: Instant | None = None


def message(text: str | bytes) -> Message:
    """Raises Misuse naming the field that is wrong."""
    if len(text) > MESSAGE_BYTES:
        raise Misuse("message", "is too long", cure=f"Send at most {MESSAGE_BYTES} bytes at once")
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Misuse("message", "is not JSON", cure='Send {"subscribe": {"instruments": [1]}}') from None
    if not isinstance(told, dict):
        raise Misuse("message", "is not a JSON object", cure='Send {"subscribe": {"instruments": [1]}}')
    for name in told:
        if name not in _PARTS:
            raise Misuse(_named(name), "is unknown", cure=f"Known: {', '.join(_PARTS)}")
    resume = told.get("resume", "")
    if not isinstance(resume, str) or len(resume) > _LONGEST_PLACE:
        raise Misuse("resume", "is not a place", cure='Send the "at" of the last message you had')
    more, less = (wanted(told.get(part, {}), part) for part in ("subscribe", "unsubscribe"))
    return Message(resume, more, less, moment(told.get("since", "")))


def moment(told: Any) -> Instant | None:
    """When a page was made; None for ""; raises Misuse."""
    if told == "":
        return None
    try:
        return Instant.parse(str(told)[:40])
    except Misuse as wrong:
        raise Misuse("since", wrong.problem, cure="Send the time at which the page was made") from None


def wanted(told: Any, where: str) -> Wanted:
    """One part of a message; raises Misuse."""
    if not isinstance(told, dict):
        raise Misuse(where, "is not an object", cure=f"Known fields: {', '.join(_LISTS)}")
    for name in told:
        if name not in _LISTS:
            raise Misuse(f"{where}.{_named(name)}", "is unknown", cure=f"Known: {', '.join(_LISTS)}")
    for name in _LISTS:
        if not isinstance(told.get(name, []), list):
            raise Misuse(f"{where}.{name}", "is not a list")
    ids = (_id(each, f"{where}.instruments") for each in told.get("instruments", ()))
    shelves = (_portfolio(each, f"{where}.portfolios") for each in told.get("portfolios", ()))
    topics = (_topic(each, f"{where}.topics") for each in told.get("topics", ()))
    return Wanted(frozenset(map(InstrumentId, ids)), frozenset(shelves), frozenset(topics))


def _id(told: Any, where: str) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or not 1 <= told <= _MAX_ID:
        raise Misuse(
            where, f"holds {str(told)[:40]!r}, which is not an id", cure="Send whole numbers above 0"
        )
    return told


def _portfolio(told: Any, where: str) -> PortfolioId | None:
    return None if told == "all" else PortfolioId(_id(told, where))


def _topic(told: Any, where: str) -> str:
    if not isinstance(told, str) or told not in TOPICS:
        cure = f"Known: {', '.join(sorted(TOPICS))}"
        raise Misuse(where, f"holds {str(told)[:40]!r}, which is not a topic", cure=cure)
    return told


def _named(name: str) -> str:
    return name[:40] if name.isprintable() else "message"
