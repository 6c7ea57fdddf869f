"""Leave to look at another's books: offered by e-mail, accepted, ended by either side, at once.

`viewers_of` is the only place that makes a Viewer of somebody else, and only of grants in force; `Granted`
carries it together with the one portfolio it may be used for. Nothing but services.family opens a Granted; a
house test reads the source for that. Rules: docs/spec/family.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import GrantId, PortfolioId
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.core.time import Instant, TradingDay
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.throttle import Allowance
from tunefolio.store import events, persons, portfolios
from tunefolio.store import grants as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.grants import Grant

OFFERS = Allowance("grant.offer", 20, timedelta(hours=1))
"""Offers name people by e-mail; so few are let through that nobody learns who lives here by trying."""
MOST = 50
"""Grants shown or looked through at once; a family has fewer."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Leave in force. portfolio None: all of the owner's. viewer: the owner as a reader, for
    services.family."""

    grant: GrantId
    owner: Person
    portfolio: PortfolioId | None
    viewer: Viewer


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as its two people see it. other: the person on the other side; title: what may be seen.

    title: of what the viewer gives, the portfolio's name; "" for everything, or for one that is gone.
    """

    grant: Grant
    other: Person
    title: str


@dataclass(frozen=True, slots=True)
class Grants:
    """What a person gives and is given; newest first. offered: not accepted yet."""

    given: tuple[GrantLine, ...]
    offered: tuple[GrantLine, ...]
    accepted: tuple[GrantLine, ...]


def viewers_of(db: ReadDb, house: House, viewer: Viewer) -> tuple[Granted, ...]:
    """Whose books the viewer may look at now, as whom; one entry an owner and portfolio, and a grant of
    everything swallows the others of its owner."""
    found = rows.in_force(db, viewer, house.clock.now(), MOST)
    whole = {grant.owner for grant in found if grant.portfolio is None}
    return tuple(
        Granted(
            grant.id,
            persons.person_of(db, grant.owner),
            grant.portfolio,
            Viewer(grant.owner, Role.READER),
        )
        for grant in found
        if grant.portfolio is None or grant.owner not in whole
    )


def offer(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    email: str,
    *,
    portfolio: PortfolioId | None = None,
    last_day: TradingDay | None = None,
) -> Grant:
    """Offer another person of this house to see one portfolio, or all, until the end of a day, or until taken
    back.

    Raises Misuse naming the field, NotFound for a portfolio that is not the viewer's, TooMany.
    """
    viewer.must_write()
    if portfolio is not None:
        portfolios.portfolio_of(db, viewer, portfolio)
    house.throttle.hit(OFFERS, str(viewer.person))
    grantee = _person_called(db, email)
    if grantee.id == viewer.person:
        raise Misuse("email", "is your own", cure="Your own books are always in your family view")
    now = house.clock.now()
    until = None if last_day is None else _end_of(last_day)
    if until is not None and until <= now:
        raise Misuse("last_day", "has passed", cure="Choose today or a later day, or none")
    made = rows.add(db, viewer, grantee.id, portfolio, until, now)
    told = {"to_person": grantee.id, "portfolio": portfolio, "until": None if until is None else until.iso()}
    _noted(db, house, viewer, Act.GRANT_OFFERED, made, told)
    return made


def accept(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Take what is offered: from now on it is in the viewer's family view. Raises NotFound, Misuse."""
    grant = rows.received_one(db, viewer, id)
    if not rows.accept(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over, or accepted already", cure="Ask its owner for a new one")
    _noted(db, house, viewer, Act.GRANT_ACCEPTED, grant, {"of_person": grant.owner})


def leave(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Decline what is offered, or give up what was accepted; at once. Raises NotFound, Misuse."""
    grant = rows.received_one(db, viewer, id)
    if not rows.leave(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over already")
    _noted(db, house, viewer, Act.GRANT_LEFT, grant, {"of_person": grant.owner})


def revoke(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Take back what the viewer gave; the other sees nothing from this moment on. Raises NotFound, Misuse."""
    grant = rows.given_one(db, viewer, id)
    if not rows.end(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over already")
    _noted(db, house, viewer, Act.GRANT_REVOKED, grant, {"to_person": grant.grantee})


def listed(db: ReadDb, house: House, viewer: Viewer) -> Grants:
    """Both sides of the viewer's grants that are not over."""
    now = house.clock.now()
    given = [g for g in rows.given(db, viewer, MOST) if not g.is_over(now)]
    received = rows.received(db, viewer, now, MOST)
    shelves = {p.id: p.name for p in portfolios.listed(db, viewer)}
    return Grants(
        tuple(
            GrantLine(
                g, persons.person_of(db, g.grantee), shelves.get(g.portfolio, "") if g.portfolio else ""
            )
            for g in given
        ),
        tuple(_of_another(db, g) for g in received if g.accepted is None),
        tuple(_of_another(db, g) for g in received if g.accepted is not None),
    )


def _of_another(db: ReadDb, grant: Grant) -> GrantLine:
    """Its portfolio is named in the family view, which asks by leave; here the number of it would tell
    nothing."""
    title = "" if grant.portfolio is None else "one portfolio"
    return GrantLine(grant, persons.person_of(db, grant.owner), title)


def _person_called(db: ReadDb, email: str) -> Person:
    found = persons.find_by_email(db, email_of(email))
    if found is None or found[0].disabled is not None:
        raise Misuse("email", "belongs to nobody here", cure="Ask an admin to invite that person first")
    return found[0]


def _noted(
    db: WriteDb, house: House, viewer: Viewer, act: Act, grant: Grant, told: Mapping[str, object]
) -> None:
    """In the parts of both, and told to the open pages of both."""
    for person in (grant.owner, grant.grantee):
        audit.note(db, house, viewer, act, f"grant:{grant.id}", told, about=person)
        events.emit(db, house.bus, events.Event("grants", person, (grant.id,)))


def _end_of(day: TradingDay) -> Instant:
    """The first moment in India after that day."""
    return Instant.at(day.plus_days(1), time())
