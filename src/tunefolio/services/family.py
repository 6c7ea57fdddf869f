"""The family view: the viewer's own books beside those that others let her see, as one sum and a share for
each.

Each owner's views are asked as that owner, by leave that `grants.viewers_of` gives at this very moment; what
comes back is valued and summed here. Nothing is kept, so a grant that ends is gone from the next look.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.analysis.performance import performance as worked_out
from tunefolio.analysis.scopes import Period, Scope
from tunefolio.analysis.valuation import Valuation, ValuedPosition, converted, valuation
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import GrantId, PersonId, PortfolioId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Currency, Money
from tunefolio.core.people import Person, Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.market.fx import NO_RATES, RateBook
from tunefolio.services import grants
from tunefolio.services.house import House
from tunefolio.services.portfolios import active_accounts
from tunefolio.services.shared_books import shared_book
from tunefolio.services.shared_shapes import SharedBook
from tunefolio.services.views.performance import value_of
from tunefolio.services.views.portfolios import portfolio as valued_portfolio
from tunefolio.services.views.prices import freshness
from tunefolio.services.views.series import Tracked, tracked
from tunefolio.services.views.shapes import Freshness, HoldingRow, PortfolioView
from tunefolio.store import persons, rates
from tunefolio.store.db import ReadDb

NOTHING = Missing("nothing is held yet", "Record a transaction or connect a broker")
NOT_COMPUTED = Missing("its days are still being computed", "Look again in a minute")


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures of one person, or of all, in the view's currency. Ratios are None where there is nothing to
    divide by.

    xirr: of all money that went in and came out since the first fact, or why it cannot be told.
    """

    valuation: Valuation
    day_change_ratio: Decimal | None
    xirr: Decimal | Missing
    holdings: int

    @property
    def is_priced(self) -> bool:
        return len(self.valuation.positions) > self.valuation.unpriced


@dataclass(frozen=True, slots=True)
class Share:
    """What one person brings into the view. grants: by which leave, () for the viewer herself.

    titles: the portfolios that may be seen, () for everything. share_ratio: of the family's priced value.
    """

    person: Person
    is_self: bool
    grants: tuple[GrantId, ...]
    titles: tuple[str, ...]
    accounts: tuple[Account, ...]
    rows: tuple[HoldingRow, ...]
    sums: Sums
    share_ratio: Decimal | None


@dataclass(frozen=True, slots=True)
class FamilyView:
    """Everyone the viewer may see, she first, then by value; and their sum."""

    shares: tuple[Share, ...]
    sums: Sums
    currency: Currency
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Look:
    """One grant's books on a page of their own. is_own: the viewer gives it, and sees what the other sees."""

    grant: GrantId
    owner: Person
    is_own: bool
    book: SharedBook


@dataclass(frozen=True, slots=True)
class _Part:
    """One scope of one person: her view of it and its tracks."""

    view: PortfolioView
    tracked: Tracked


def family(db: ReadDb, house: House, viewer: Viewer) -> FamilyView:
    """The view of this moment; without what is shown in proportions alone, for a sum would give its amounts
    away. Steps: 1 the leave in force; 2 each owner's view and tracks, asked as that
    owner and for the granted portfolio alone; 3 sums for each person and for all, in rupees at today's
    rates."""
    allowed = [one for one in grants.viewers_of(db, house, viewer) if one.amounts is Amounts.SHOWN]
    seen: dict[PersonId, list[_Part]] = {viewer.person: [_part(db, house, viewer, None)]}
    people = {viewer.person: persons.person_of(db, viewer.person)}
    for one in allowed:
        try:
            part = _part(db, house, one.viewer, one.portfolio)
        except NotFound:  # the portfolio was deleted: its grant shows nothing
            continue
        seen.setdefault(one.owner.id, []).append(part)
        people[one.owner.id] = one.owner
    everything = [part for parts in seen.values() for part in parts]
    book = _rates(db, everything)
    whole = _sums(house, everything, book)
    shares = [
        _share(
            house,
            people[person],
            parts,
            book,
            whole,
            grant_ids=tuple(one.grant for one in allowed if one.owner.id == person),
        )
        for person, parts in seen.items()
    ]
    first, *others = shares
    ordered = (first, *sorted(others, key=lambda share: -share.sums.valuation.value.amount))
    now = house.clock.now()
    newest = max((p.view.as_of for p in everything if p.view.as_of is not None), default=None)
    return FamilyView(ordered, whole, INR, freshness(house.calendar, now, newest))


def share_of(db: ReadDb, house: House, viewer: Viewer, person: PersonId) -> Share:
    """One person's part of it, with what she holds; raises NotFound for whoever the viewer may not see."""
    for share in family(db, house, viewer).shares:
        if share.person.id == person:
            return share
    raise NotFound("person")


def look(db: ReadDb, house: House, viewer: Viewer, id: GrantId) -> Look:
    """What one grant shows: of those the viewer was given, or of those she gives. Raises NotFound."""
    one = grants.opened(db, house, viewer, id)
    book = shared_book(db, house, one.viewer, one.portfolio, one.amounts)
    return Look(one.grant, one.owner, one.owner.id == viewer.person, book)


def _part(db: ReadDb, house: House, viewer: Viewer, portfolio: PortfolioId | None) -> _Part:
    view = valued_portfolio(db, house, viewer, portfolio=portfolio)
    homes = active_accounts(db, viewer, portfolio)
    return _Part(view, tracked(db, house, viewer, homes, INR))


def _share(
    house: House,
    person: Person,
    parts: Sequence[_Part],
    book: RateBook,
    whole: Sums,
    *,
    grant_ids: tuple[GrantId, ...],
) -> Share:
    sums = _sums(house, parts, book)
    total = whole.valuation.value
    titles = tuple(part.view.portfolio.name for part in parts if part.view.portfolio is not None)
    return Share(
        person,
        not grant_ids,
        grant_ids,
        titles,
        tuple(account for part in parts for account in part.view.accounts),
        tuple(row for part in parts for row in part.view.rows),
        sums,
        sums.valuation.value / total if sums.is_priced and total.amount > 0 else None,
    )


def _sums(house: House, parts: Sequence[_Part], book: RateBook) -> Sums:
    """Each position once: no account is in two parts, for a grant of everything swallows those of
    portfolios."""
    day = TradingDay(calendar_date(house.clock.now()))
    lines = [line for part in parts for line in part.view.valuation.positions]
    whole = valuation(lines, INR, rates=book, day=day)
    companies = {row.instrument.economic_key for part in parts for row in part.view.rows}
    return Sums(whole, _day_ratio(whole, lines, book, day), _xirr(parts, day), len(companies))


def _day_ratio(
    whole: Valuation, lines: Iterable[ValuedPosition], book: RateBook, day: TradingDay
) -> Decimal | None:
    """Today's change ÷ yesterday's value of those holdings whose previous close is known."""
    if whole.day_change is None:
        return None
    before = Decimal(0)
    for line in lines:
        here = converted(line, INR, rates=book, day=day)
        if isinstance(here.value, Money) and here.day_change is not None:
            before += here.value.amount - here.day_change.amount
    return None if before == 0 else whole.day_change / Money(before, INR)


def _xirr(parts: Sequence[_Part], day: TradingDay) -> Decimal | Missing:
    """Money-weighted annual return over the union of all flows; of one person when there is one. What moved
    from one member of the family to another is no flow of the whole."""
    tracks = [track for part in parts for track in part.tracked.tracks]
    if not tracks:
        return NOTHING
    if not all(part.tracked.computed.is_current for part in parts if part.tracked.accounts):
        return NOT_COMPUTED
    scope = Scope(
        frozenset(account.id for part in parts for account in part.tracked.accounts),
        None,
        frozenset(id for part in parts for id in part.tracked.scope().cash),
    )
    found = value_of(worked_out(tracks, scope, Period(None, day)).figures["xirr"])
    return found if isinstance(found, Decimal | Missing) else NOT_COMPUTED


def _rates(db: ReadDb, parts: Sequence[_Part]) -> RateBook:
    """Read only where a currency beside the rupee is met."""
    met = {line.position.currency for part in parts for line in part.view.valuation.positions}
    return rates.book(db) if met - {INR} else NO_RATES
