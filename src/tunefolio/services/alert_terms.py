"""What an alert asks for, by kind: read from text, refused with the field that is wrong, told in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from tunefolio.core.alerts import AlertKind, Direction
from tunefolio.core.errors import Misuse
from tunefolio.core.money import decimal_of, plain

MOST_DAYS = 400
_PLACES = 8
_LARGEST = Decimal(10_000_000_000)


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """The price reaches `level`, in the instrument's currency, from below (up) or above (down)."""

    level: Decimal
    direction: Direction


@dataclass(frozen=True, slots=True)
class MoveTerms:
    """The price moves by `ratio` from the reference price; None: from the previous close, every day anew."""

    ratio: Decimal
    direction: Direction
    reference: Decimal | None = None


@dataclass(frozen=True, slots=True)
class AverageTerms:
    """The price crosses the simple average of `days` closes, today's price being the last of them."""

    days: int
    direction: Direction


@dataclass(frozen=True, slots=True)
class RangeTerms:
    """The price goes above (up) or below (down) every close of the 365 days before."""

    direction: Direction


@dataclass(frozen=True, slots=True)
class PnlTerms:
    """The unrealised P&L of a holding reaches `level`: money of its currency, or a ratio of its cost."""

    is_ratio: bool
    level: Decimal
    direction: Direction


@dataclass(frozen=True, slots=True)
class DrawdownTerms:
    """Time-weighted growth stands `ratio` below its highest day or more."""

    ratio: Decimal


@dataclass(frozen=True, slots=True)
class HappeningTerms:
    """Nothing to choose: it happens or it does not."""

    kind: AlertKind


Terms = PriceTerms | MoveTerms | AverageTerms | RangeTerms | PnlTerms | DrawdownTerms | HappeningTerms


def terms_of(kind: AlertKind, given: Mapping[str, str]) -> Terms:
    """The terms in these texts; raises Misuse naming the field and the cure."""
    match kind:
        case AlertKind.PRICE:
            return PriceTerms(_positive(given, "level", _LARGEST), _direction(given))
        case AlertKind.MOVE:
            reference = _positive(given, "reference", _LARGEST) if given.get("reference") else None
            return MoveTerms(_ratio(given, "ratio"), _direction(given, either=True), reference)
        case AlertKind.AVERAGE:
            return AverageTerms(_days(given), _direction(given))
        case AlertKind.YEAR_RANGE:
            return RangeTerms(_direction(given))
        case AlertKind.PNL:
            return _pnl(given)
        case AlertKind.DRAWDOWN:
            ratio = _ratio(given, "ratio")
            if ratio >= 1:
                raise Misuse("ratio", "a fall of 100 % or more leaves nothing", cure="Give less than 100 %")
            return DrawdownTerms(ratio)
        case AlertKind.SYNC_FAILED | AlertKind.DATA_STALE | AlertKind.LOGIN_DUE:
            return HappeningTerms(kind)
        case _:
            assert_never(kind)


def parameters(terms: Terms) -> dict[str, str]:
    """The terms as they are kept: exact decimals as text."""
    match terms:
        case PriceTerms(level, direction):
            return {"level": plain(level), "direction": direction}
        case MoveTerms(ratio, direction, reference):
            told = {"ratio": plain(ratio), "direction": str(direction)}
            return told if reference is None else told | {"reference": plain(reference)}
        case AverageTerms(days, direction):
            return {"days": str(days), "direction": direction}
        case RangeTerms(direction):
            return {"direction": direction}
        case PnlTerms(is_ratio, level, direction):
            return {
                "measure": "ratio" if is_ratio else "amount",
                "level": plain(level),
                "direction": direction,
            }
        case DrawdownTerms(ratio):
            return {"ratio": plain(ratio)}
        case HappeningTerms(_):
            return {}
        case _:
            assert_never(terms)


def words(terms: Terms, currency: str = "") -> str:
    """The condition as a person says it, without what it is about: "at or above 1,500 INR"."""
    match terms:
        case PriceTerms(level, direction):
            return f"{_AT[direction]} {_money(level, currency)}"
        case MoveTerms(ratio, direction, reference):
            since = "in a day" if reference is None else f"from {_money(reference, currency)}"
            return f"{_MOVES[direction]} {_per_cent(ratio)} {since}"
        case AverageTerms(days, direction):
            return f"crosses {_OVER[direction]} its {days}-day average"
        case RangeTerms(direction):
            return "new 52-week high" if direction is Direction.UP else "new 52-week low"
        case PnlTerms(is_ratio, level, direction):
            return f"P&L {_AT[direction]} {_per_cent(level) if is_ratio else _money(level, currency)}"
        case DrawdownTerms(ratio):
            return f"{_per_cent(ratio)} or more below its peak"
        case HappeningTerms(_):
            return _HAPPENS[terms.kind]
        case _:
            assert_never(terms)


_HAPPENS = {
    AlertKind.SYNC_FAILED: "a sync fails",
    AlertKind.DATA_STALE: "prices stay away",
    AlertKind.LOGIN_DUE: "a broker waits for a login",
}
_AT = {Direction.UP: "at or above", Direction.DOWN: "at or below", Direction.EITHER: "at"}
_MOVES = {Direction.UP: "up", Direction.DOWN: "down", Direction.EITHER: "up or down"}
_OVER = {Direction.UP: "above", Direction.DOWN: "below", Direction.EITHER: "through"}


def _pnl(given: Mapping[str, str]) -> PnlTerms:
    measure = given.get("measure", "amount")
    if measure not in {"amount", "ratio"}:
        raise Misuse("measure", f"{measure!r} is unknown", cure="Choose amount or ratio")
    return PnlTerms(measure == "ratio", _number(given, "level", _LARGEST), _direction(given))


def _number(given: Mapping[str, str], field: str, most: Decimal) -> Decimal:
    text = given.get(field, "").replace(",", "").strip()
    if not text:
        raise Misuse(field, "is missing", cure="Give a number, such as 1500.50")
    value = decimal_of(text, field)
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > _PLACES:
        raise Misuse(field, f"{text} has more than {_PLACES} decimals")
    if abs(value) > most:
        raise Misuse(field, f"{text} is too large", cure=f"At most {plain(most)}")
    return value


def _positive(given: Mapping[str, str], field: str, most: Decimal) -> Decimal:
    value = _number(given, field, most)
    if value <= 0:
        raise Misuse(field, "must be above zero")
    return value


def _ratio(given: Mapping[str, str], field: str) -> Decimal:
    value = _number(given, field, Decimal(100))
    if not 0 < value <= 10:
        raise Misuse(field, f"{plain(value * 100)} % is out of range", cure="Above 0 % and at most 1,000 %")
    return value


def _days(given: Mapping[str, str]) -> int:
    text = given.get("days", "").strip()
    if not (text.isascii() and text.isdigit() and 2 <= int(text[:6]) <= MOST_DAYS):
        raise Misuse("days", f"{text!r} is no length of an average", cure=f"A whole number, 2 to {MOST_DAYS}")
    return int(text)


def _direction(given: Mapping[str, str], *, either: bool = False) -> Direction:
    text = given.get("direction", "up")
    known = [Direction.UP, Direction.DOWN, *([Direction.EITHER] if either else [])]
    if text not in known:
        raise Misuse("direction", f"{text!r} is unknown", cure=f"Choose {' or '.join(known)}")
    return Direction(text)


def _money(amount: Decimal, currency: str) -> str:
    whole, _, fraction = plain(amount).partition(".")
    text = f"{int(whole):,}" + (f".{fraction.ljust(2, '0')}" if fraction else "")
    return f"{text} {currency}".strip()


def _per_cent(ratio: Decimal) -> str:
    return f"{plain(ratio * 100)} %"
