"""What an exchange's register says about a corporate action, in its own shorthand, understood or refused.

Every word of a subject is accounted for: what is left over beside the actions found makes it refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.core.money import INR, Currency
from tunefolio.market.actions import ActionKind, Terms


@dataclass(frozen=True, slots=True)
class Understood:
    """The actions of one subject, none for a mere meeting."""

    terms: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a subject was not understood, in words for people."""

    problem: str


_NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
_MONEY = rf"(?:rs|re|inr)\.?\s*-?\s*{_NUMBER}"
_EACH = r"(?:\s*per\s+(?:equity\s+)?(?:share|sh|unit)s?\.?)?"
_OF_SHARES = r"(?:\s*of\s+(?:equity\s+)?shares)?"
_FACES = rf"\s*-?\s*from\s+{_MONEY}{_EACH}\s+to\s+{_MONEY}{_EACH}"
_PRICE = rf"(?:\s*@?\s*(at\s+par|par|premium(?:\s+of)?|price(?:\s+of)?|issue\s+price(?:\s+of)?)\s*(?:{_MONEY}|{_NUMBER})?{_EACH})?"  # noqa: E501  one rule, one line

_SPLIT = re.compile(
    rf"(?:face\s+value\s+)?(?:split|sub-?\s*division|consolidation)\s*(?:\(sub-?\s*division\))?{_OF_SHARES}{_FACES}"
)
_BONUS = re.compile(r"bonus(?:\s+issue)?\s*-?\s*(\d+)\s*:\s*(\d+)(?![\d.])")
_RIGHTS = re.compile(rf"rights?(?:\s+issue)?\s*-?\s*(\d+)\s*:\s*(\d+){_PRICE}")
_DIVIDEND = re.compile(
    rf"(?:(?:first|second|third|fourth|\d(?:st|nd|rd|th)|interim|final|special|annual)\s+)*dividend\s*-?\s*"
    rf"(?:{_MONEY}{_EACH}|{_NUMBER}\s*per\s+(?:share|sh|unit))"
)
_DEMERGER = re.compile(r"(?:scheme\s+of\s+)?de-?\s?merger")
_BUYBACK = re.compile(r"buy\s*-?\s*back")
_HARMLESS = re.compile(
    r"(?:annual|extra\s*-?\s*ordinary)\s+general\s+meeting|\b(?:agm|egm|and)\b|[/&,.;+\s-]+", re.ASCII
)


def understood(
    subject: str, *, face_value: Decimal | None = None, currency: Currency = INR
) -> Understood | Refused:
    """The actions in a subject such as `Face Value Split (Sub-Division) - From Rs 10/- Per Share To Re 1/-`.

    face_value: needed for the price of rights at a premium or at par. A bonus or a right is new for held.
    Several dividends of one subject are one, their sum.
    """
    text = " ".join(subject.lower().replace("/-", " ").split())
    if "warrant" in text or "debenture" in text or "ncrps" in text or "preference" in text:
        return Refused(f"{subject.strip()!r} gives another security than the share")
    found: list[Terms] = []
    for pattern, make in _READERS:
        found += [make(match, face_value, currency) for match in pattern.finditer(text)]
        text = pattern.sub(" ", text)
    rest = " ".join(_HARMLESS.sub(" ", text).split())
    if rest:
        return Refused(f"{subject.strip()!r}: {rest!r} is not understood")
    note = subject.strip()
    return Understood(tuple(replace(terms, note=note) for terms in _summed(found)))


def _summed(found: list[Terms]) -> list[Terms]:
    """Dividends of one day are one dividend."""
    dividends = [terms for terms in found if terms.kind is ActionKind.DIVIDEND]
    if len(dividends) < 2:
        return found
    whole = sum((terms.amount for terms in dividends if terms.amount is not None), Decimal(0))
    rest = [terms for terms in found if terms.kind is not ActionKind.DIVIDEND]
    return [*rest, replace(dividends[0], amount=whole)]


def _split(match: re.Match[str], _face: Decimal | None, _currency: Currency) -> Terms:
    """From a face value of 10 to one of 2: five shares of one, told by the face values themselves."""
    return Terms(ActionKind.SPLIT, new=_decimal(match[1]), old=_decimal(match[2]))


def _bonus(match: re.Match[str], _face: Decimal | None, _currency: Currency) -> Terms:
    return Terms(ActionKind.BONUS, Decimal(match[1]), Decimal(match[2]))


def _rights(match: re.Match[str], face: Decimal | None, currency: Currency) -> Terms:
    """A premium is paid on top of the face value; where that is unknown, so is the price."""
    words, said = match[3] or "", match[4] or match[5]
    paid = _decimal(said) if said else None
    if words.endswith("par"):
        price = face
    elif words.startswith("premium"):
        price = None if face is None or paid is None else face + paid
    else:
        price = paid
    return Terms(ActionKind.RIGHTS, Decimal(match[1]), Decimal(match[2]), amount=price, currency=currency)


def _dividend(match: re.Match[str], _face: Decimal | None, currency: Currency) -> Terms:
    return Terms(ActionKind.DIVIDEND, amount=_decimal(match[1] or match[2]), currency=currency)


def _demerger(_match: re.Match[str], _face: Decimal | None, _currency: Currency) -> Terms:
    return Terms(ActionKind.DEMERGER)


def _buyback(_match: re.Match[str], _face: Decimal | None, currency: Currency) -> Terms:
    return Terms(ActionKind.BUYBACK, currency=currency)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


_Reader = Callable[["re.Match[str]", Decimal | None, Currency], Terms]
_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (_SPLIT, _split),
    (_BONUS, _bonus),
    (_RIGHTS, _rights),
    (_DIVIDEND, _dividend),
    (_DEMERGER, _demerger),
    (_BUYBACK, _buyback),
)
