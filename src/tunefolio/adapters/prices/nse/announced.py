"""What NSE announces: its register of corporate actions, whose shorthand market/wordings.py reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from tunefolio.adapters.answers import row_of, rows_of
from tunefolio.adapters.published import day_of, number_of
from tunefolio.core.identity import find_isin
from tunefolio.core.time import TradingDay
from tunefolio.market.actions import ActionClaim, ActionKind
from tunefolio.market.instruments import Listing
from tunefolio.market.wordings import Refused, understood

WHO = "NSE"
SOURCE = "nse"
_SHARES = frozenset({"EQ", "BE", "BZ", "SM", "ST", "SZ"})


@dataclass(frozen=True, slots=True)
class Announced:
    """The actions that were understood, by ex-date, and the subjects that were not."""

    claims: tuple[ActionClaim, ...]
    refused: tuple[str, ...]


def announced(body: Any, since: TradingDay, until: TradingDay) -> Announced:
    """The register's rows with an ex-date in [since, until). Symbols are today's, whatever they were then.

    A row told twice is one action; two dividends of one company and day are their sum.
    """
    claims: dict[str, ActionClaim] = {}
    refused: list[str] = []
    for row in rows_of(body, WHO):
        cells = row_of(row, WHO)
        day = day_of(_text(cells, "exDate"))
        if day is None or not since <= day < until or not _text(cells, "symbol"):
            continue
        for found in _claims(cells, day):
            if isinstance(found, Refused):
                refused.append(found.problem)
            else:
                _add(claims, found)
    ordered = sorted(claims.values(), key=lambda one: (one.ex_day, one.reference))
    return Announced(tuple(ordered), tuple(refused))


def _claims(cells: Mapping[str, Any], day: TradingDay) -> Iterator[ActionClaim | Refused]:
    found = understood(_text(cells, "subject"), face_value=_face_value(cells))
    if isinstance(found, Refused):
        yield found
        return
    for terms in found.terms:
        yield ActionClaim(_listing(cells), day, terms, SOURCE, find_isin(_text(cells, "isin")))


def _listing(cells: Mapping[str, Any]) -> Listing:
    """A share's series may change meanwhile: it is no part of the name. A debenture's is."""
    series = _text(cells, "series").upper()
    return Listing("NSE", _text(cells, "symbol"), "" if series in _SHARES else series)


def _face_value(cells: Mapping[str, Any]) -> Decimal | None:
    return number_of(_text(cells, "faceVal")) or None


def _add(claims: dict[str, ActionClaim], claim: ActionClaim) -> None:
    former = claims.get(claim.reference)
    if former is None or former.terms == claim.terms:
        claims.setdefault(claim.reference, claim)
        return
    one, two = former.terms, claim.terms
    if one.kind is ActionKind.DIVIDEND and one.amount is not None and two.amount is not None:
        both = replace(one, amount=one.amount + two.amount, note=f"{one.note}; {two.note}")
        claims[claim.reference] = replace(former, terms=both)


def _text(cells: Mapping[str, Any], name: str) -> str:
    value = cells.get(name)
    return "" if value is None else str(value).strip()
