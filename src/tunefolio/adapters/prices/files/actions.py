"""Corporate actions from a file: our own columns, the exchange's register, or its list of symbol changes.

symbol, ex_date; then kind with ratio (or face_from and face_to), amount, other, cost_ratio; or subject. The
list of symbol changes has no header: company, old, new, day.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.adapters.prices.files.tables import Row, above_zero, problem, rows
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import Isin, isin_of
from tunefolio.ledger.files import RowProblem
from tunefolio.market.actions import ActionClaim, ActionKind, Terms
from tunefolio.market.instruments import Listing
from tunefolio.market.wordings import Refused, understood

_SUBJECT = ("subject", "purpose")
_SYMBOL = ("symbol", "ticker", "old")
_EX_DATE = ("ex_date", "ex_day", "exdate", "date")
_CHANGES = b"company,old,new,date\n"
_FACE = ("face_value", "faceval")
_OWN_SOURCE = "file"
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z|\d\d-[A-Za-z]{3}-\d{4}\Z")


@dataclass(frozen=True, slots=True)
class ActionsFile:
    """What was understood, each action once, and what was not, row by row."""

    claims: tuple[ActionClaim, ...]
    problems: tuple[RowProblem, ...]


def parse_actions(content: bytes) -> ActionsFile:
    """A CSV with a header, or a list of symbol changes; raises Misuse when it can be neither."""
    content = _with_header(content)
    claims: dict[str, ActionClaim] = {}
    problems: list[RowProblem] = []
    for row in rows(content, [_SYMBOL, _EX_DATE, ("kind", *_SUBJECT, "new")]):
        try:
            for claim in _claims(row):
                _add(claims, claim)
        except Misuse as wrong:
            problems.append(problem(row, wrong))
    return ActionsFile(tuple(claims.values()), tuple(problems))


def _with_header(content: bytes) -> bytes:
    """The exchange publishes its symbol changes without one: known by a day in the fourth of four cells."""
    first = content.lstrip(b"\xef\xbb\xbf").partition(b"\n")[0].decode("utf-8", "replace").strip()
    cells = next(csv.reader([first]), [])
    if len(cells) == 4 and _DAY.search(cells[3].strip()):
        return _CHANGES + content.lstrip(b"\xef\xbb\xbf")
    return content


def _add(claims: dict[str, ActionClaim], claim: ActionClaim) -> None:
    """Two dividends of one day in rows of their own are one dividend; all else said twice is said once."""
    former = claims.get(claim.reference)
    if former is None or former == claim:
        claims[claim.reference] = claim
        return
    one, two = former.terms, claim.terms
    if one.kind is not ActionKind.DIVIDEND or one.amount is None or two.amount is None:
        raise Misuse(
            "kind", f"{one.kind} of {claim.listing.symbol} on {claim.ex_day} stands there twice, differently"
        )
    note = f"{one.note}; {two.note}".strip("; ")
    claims[claim.reference] = replace(former, terms=replace(one, amount=one.amount + two.amount, note=note))


def _claims(row: Row) -> Iterator[ActionClaim]:
    listing, day = row.listing(_SYMBOL), row.day(*_EX_DATE)
    if row.text("new"):
        renamed = Terms(ActionKind.RENAME, note=row.text("company"))
        yield ActionClaim(listing, day, renamed, listing.exchange.lower(), other=row.listing(("new",)))
        return
    isin, other = _isin(row), _other(row)
    source = row.text("source") or (_OWN_SOURCE if row.text("kind") else listing.exchange.lower())
    for terms in _terms(row):
        yield ActionClaim(listing, day, terms, "-".join(source.lower().split()), isin, other)


def _terms(row: Row) -> tuple[Terms, ...]:
    if row.text("kind"):
        return (_stated(row),)
    face = row.text(*_FACE)
    said = understood(
        row.needed(*_SUBJECT),
        face_value=above_zero(face, _FACE[0]) if face.replace(".", "").isdigit() else None,
        currency=row.currency(),
    )
    if isinstance(said, Refused):
        raise Misuse(_SUBJECT[0], said.problem, cure="Write it in the columns kind, ratio, amount")
    return said.terms


def _stated(row: Row) -> Terms:
    try:
        kind = ActionKind(row.text("kind").lower())
    except ValueError:
        known = ", ".join(ActionKind)
        raise Misuse("kind", f"{row.text('kind')!r} is unknown", cure=f"Known: {known}") from None
    new, old = _ratio(row)
    amount = row.text("amount")
    return Terms(
        kind,
        new,
        old,
        cost_ratio=_share(row),
        amount=above_zero(amount, "amount") if amount else None,
        currency=row.currency(),
        note=row.text("note"),
    )


def _ratio(row: Row) -> tuple[Decimal | None, Decimal | None]:
    """new:old; or two face values, of which the old one counts the new units."""
    text = row.text("ratio")
    if text:
        new, colon, old = text.partition(":")
        if not colon:
            raise Misuse("ratio", f"{text!r} is no ratio", cure="Write new:old, as 10:1")
        return above_zero(new.strip(), "ratio"), above_zero(old.strip(), "ratio")
    if row.text("face_from") or row.text("face_to"):
        return row.above_zero("face_from"), row.above_zero("face_to")
    return None, None


def _share(row: Row) -> Decimal | None:
    """4.68% or 0.0468."""
    text = row.text("cost_ratio")
    if not text:
        return None
    share = above_zero(text.rstrip("%").strip(), "cost_ratio") / (100 if text.endswith("%") else 1)
    if share > 1:
        raise Misuse("cost_ratio", f"{text} is more than the whole cost", cure="Write 4.68% or 0.0468")
    return share


def _other(row: Row) -> Listing | None:
    return row.listing(("other",)) if row.text("other") else None


def _isin(row: Row) -> Isin | None:
    text = row.text("isin")
    return isin_of(text) if text else None
