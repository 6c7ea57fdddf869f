"""Events as plain values and back: how the control panel and the journal write them down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, Instant, TradingDay
from tunefolio.sandbox.events import KINDS, Event, Happened

_WORD_OF = {kind: word for word, kind in KINDS.items()}


def event_of(said: Mapping[str, Any]) -> Event:
    """`kind` and the fields of that event. Blank ones count as not given. Raises Misuse naming the field."""
    word = said.get("kind")
    kind = KINDS.get(word) if isinstance(word, str) else None
    if kind is None:
        raise Misuse("kind", f"{word!r} is no event", cure=f"Known: {', '.join(KINDS)}")
    known = {field.name: field for field in fields(kind)}
    for name in said.keys() - {"kind"}:
        if name not in known:
            raise Misuse(str(name), f"a {word} has no such field", cure=f"Known: {', '.join(known)}")
    values = {}
    for name, field in known.items():
        value = said.get(name)
        if value is None or value == "":
            if field.default is MISSING:
                raise Misuse(name, f"a {word} needs it")
            continue
        values[name] = _READERS[str(field.type).removesuffix(" | None")](name, value)
    return kind(**values)


def told(one: Happened) -> dict[str, Any]:
    """As the API lists it, and as the journal keeps it."""
    event = {field.name: _plain(getattr(one.event, field.name)) for field in fields(one.event)}
    return {
        "number": one.number,
        "at": one.at.iso(IST),
        "price": one.price,
        "event": {"kind": _WORD_OF[type(one.event)], **event},
    }


def happened_of(said: Mapping[str, Any]) -> Happened:
    """What told() wrote."""
    return Happened(
        int(said["number"]), Instant.parse(said["at"]), event_of(said["event"]), int(said["price"])
    )


def _plain(value: Any) -> Any:
    match value:
        case Instant():
            return value.iso(IST)
        case TradingDay():
            return value.iso()
        case date():
            return value.isoformat()
        case _:
            return value


def text(name: str, value: Any) -> str:
    """The reader of texts; the others below it likewise. Each raises Misuse naming the field."""
    if not isinstance(value, str):
        raise Misuse(name, f"{value!r} is no text")
    return value.strip()


def web_address(name: str, value: Any) -> str:
    url = text(name, value)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Misuse(name, f"{url!r} is no web address", cure="Write it whole: http://127.0.0.1:8000/…")
    return url


def whole(name: str, value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    digits = value.strip() if isinstance(value, str) else ""
    bare = digits.removeprefix("-")
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 18):
        raise Misuse(name, f"{value!r} is no whole number")
    return int(digits)


def real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Misuse(name, f"{value!r} is no number")
    try:
        number = float(value)
    except ValueError:
        raise Misuse(name, f"{value!r} is no number") from None
    if not isfinite(number):
        raise Misuse(name, f"{value!r} is no number")
    return number


def instant(name: str, value: Any) -> Instant:
    """Without a zone: on India's wall."""
    try:
        return Instant.parse(text(name, value), IST)
    except Misuse as problem:
        raise Misuse(name, problem.problem, cure="Write 2026-11-20T11:00:00, India's time") from None


def day(name: str, value: Any) -> TradingDay:
    try:
        return TradingDay.parse(text(name, value))
    except Misuse as problem:
        raise Misuse(name, problem.problem, cure="Write YYYY-MM-DD") from None


def _date(name: str, value: Any) -> date:
    return day(name, value).date


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "str": text,
    "int": whole,
    "float": real,
    "Instant": instant,
    "TradingDay": day,
    "date": _date,
}
