"""Where what tax lacks is mended: for each kind of lack the page that mends it, and what its button says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tunefolio.analysis.tax.blockers import Blocker, BlockerKind
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.time import TradingDay
from tunefolio.ledger.kinds import Kind
from tunefolio.services.tax import TaxReport


class Manner(StrEnum):
    """LINK: a page of its own. TAX: a page of tax, for the same taxpayer and year. DEED: a button that does
    it."""

    LINK = "link"
    TAX = "tax"
    DEED = "deed"


@dataclass(frozen=True, slots=True)
class Cure:
    """href: where; words: what the button says."""

    href: str
    words: str
    manner: Manner = Manner.LINK


@dataclass(frozen=True, slots=True)
class Place:
    """What lacks something."""

    account: AccountId
    instrument: InstrumentId
    fact: TransactionId | None = None
    day: TradingDay | None = None


def cure_of(reason: str, place: Place) -> Cure:
    """reason: of a Missing that tax raised."""
    for fragment, cure in _CURES:
        if fragment in reason:
            return cure(place)
    return _class(place)


def blocker_cure(one: Blocker, report: TaxReport) -> Cure:
    """Of what stands in the way of an export."""
    place = Place(one.account, one.instrument, one.fact, one.day)
    if one.kind is BlockerKind.BREAK:
        return Cure("/breaks", "Open the difference") if one.instrument else _account(place)
    fact = None if one.fact is None else report.material.facts.get(one.fact)
    if one.kind is BlockerKind.UNDATED:
        if fact is not None and fact.fact.kind is Kind.OPENING:
            return Cure(f"/transactions/{fact.id}", "Give its day")
        return _opening(place)
    return cure_of(one.what, place)


def _opening(place: Place) -> Cure:
    at = f"/transactions?account={place.account}&instrument={place.instrument}&kind=opening"
    return Cure(at, "Find its opening")


def _account(place: Place) -> Cure:
    return Cure(f"/transactions?account={place.account}", "Open the account")


def _fact(place: Place) -> Cure:
    return Cure(f"/transactions/{place.fact}", "Open the fact") if place.fact else _account(place)


def _instrument(words: str) -> Callable[[Place], Cure]:
    def cure(place: Place) -> Cure:
        if not place.instrument:
            return _fact(place)
        return Cure(f"/tax/instruments/{place.instrument}", words, Manner.TAX)

    return cure


def _rules(place: Place) -> Cure:
    return Cure(f"/tax/rules?date={place.day}" if place.day else "/tax/rules", "See the rules", Manner.TAX)


def _price(place: Place) -> Cure:
    return Cure(f"/tax/planning?of={place.account}:{place.instrument}", "Type its price", Manner.TAX)


_class = _instrument("Say what it is")
_CURES: Sequence[tuple[str, Callable[[Place], Cure]]] = (
    ("no price of ", _price),
    ("rate ", lambda _: Cure("/tax/rates", "Fetch the rates", Manner.DEED)),
    ("short sale", _fact),
    ("comes before its sale", _fact),
    ("day of purchase", _opening),
    ("was bought from the issuer", _instrument("Say how it was bought")),
    ("2018-01-31", _instrument("Give its value")),
    ("for non-residents", lambda _: Cure("/tax/told", "Check the residency", Manner.TAX)),
    ("the person's", lambda _: Cure("/tax/told", "Tell it", Manner.TAX)),
    ("cost inflation index", _rules),
    ("a rule for ", _rules),
)
"""By words of the reason, the first that fits; else what the instrument is for tax is not known."""
