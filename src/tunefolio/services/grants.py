"""Leave to look at another's books: offered by e-mail, accepted, ended by either side, at once.

`viewers_of` and `opened` alone make a Viewer of somebody else, and only of grants in force; `Granted`
carries it together with the one portfolio it may be used for, and whether amounts may be told. Nothing but
services.family opens a Granted; a house test reads the source for that. Each step is told to the other side
once. Rules: docs/spec/family.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import GrantId, PersonId, PortfolioId
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import Person, Role, Viewer, email_of
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import Instant, TradingDay
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.deliver import tell
from tunefolio.services.house import House
from tunefolio.services.throttle import Allowance
from tunefolio.store import events, persons, portfolios
from tunefolio.store import grants as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.grants import Grant
from tunefolio.store.notices import Draft

OFFERS = Allowance("grant.offer", 20, timedelta(hours=1))
"""Offers name people by e-mail; so few are let through that nobody learns who lives here by trying."""
MOST = 50
"""Grants shown or looked through at once; a family has fewer."""
NOTICE, PAGE = "grant", "/family"
"""The kind of the notices that tell of grants, and where they lead."""


class Step(StrEnum):
    """What one side does with a grant, and the other is told."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LEFT = "left"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


WORDS: Mapping[Step, tuple[str, str]] = {
    Step.OFFERED: (
        "{name} offers to share with you",
        "You may see {what} of theirs, to read only. Nothing is seen before you accept it under Family.",
    ),
    Step.ACCEPTED: (
        "{name} has accepted what you share",
        "They now see {what} of yours, to read only, until you take it back under Family.",
    ),
    Step.DECLINED: ("{name} has declined what you offered", "You had offered {what}. Nothing was seen."),
    Step.LEFT: (
        "{name} has given up what you shared",
        "You had shared {what}. From now on nothing of it is seen.",
    ),
    Step.WITHDRAWN: ("{name} has withdrawn an offer", "You had been offered {what}. Nothing is left to do."),
    Step.REVOKED: (
        "{name} no longer shares with you",
        "You could see {what} of theirs. It is gone from your family view.",
    ),
}
"""Title and text of each, to the other side."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Leave in force. portfolio None: all of the owner's. viewer: the owner as a reader, for
    services.family."""

    grant: GrantId
    owner: Person
    portfolio: PortfolioId | None
    viewer: Viewer
    amounts: Amounts


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
    everything swallows the others of its owner that show no more than it does."""
    found = rows.in_force(db, viewer, house.clock.now(), MOST)
    whole = {(grant.owner, grant.amounts) for grant in found if grant.portfolio is None}

    def is_swallowed(grant: Grant) -> bool:
        ways = {Amounts.SHOWN, grant.amounts}
        return grant.portfolio is not None and any((grant.owner, way) in whole for way in ways)

    return tuple(_granted(db, grant) for grant in found if not is_swallowed(grant))


def opened(db: ReadDb, house: House, viewer: Viewer, id: GrantId) -> Granted:
    """One grant in force of those the viewer was given; or one she gives, to see it as the other does.
    Raises NotFound."""
    now = house.clock.now()
    for grant in rows.in_force(db, viewer, now, MOST):
        if grant.id == id:
            return _granted(db, grant)
    given = rows.given_one(db, viewer, id)
    if given.is_over(now):
        raise NotFound("grant")
    return _granted(db, given)


def _granted(db: ReadDb, grant: Grant) -> Granted:
    owner = persons.person_of(db, grant.owner)
    return Granted(grant.id, owner, grant.portfolio, Viewer(grant.owner, Role.READER), grant.amounts)


def sees_others(db: ReadDb, house: House, viewer: Viewer) -> bool:
    """Whether the viewer has leave in force to look at anybody's books."""
    return bool(rows.in_force(db, viewer, house.clock.now(), 1))


def offer(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    email: str,
    *,
    portfolio: PortfolioId | None = None,
    last_day: TradingDay | None = None,
    amounts: Amounts = Amounts.HIDDEN,
) -> Grant:
    """Offer another person of this house to see one portfolio, or all, until the end of a day, or until taken
    back; with amounts, or in proportions alone.

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
    until = until_of(last_day, now)
    made = rows.add(db, viewer, grantee.id, portfolio, until, now, amounts=amounts)
    told = {
        "to_person": grantee.id,
        "portfolio": portfolio,
        "until": None if until is None else until.iso(),
        "amounts": amounts.value,
    }
    _noted(db, house, viewer, Act.GRANT_OFFERED, made, told)
    _tell(db, house, viewer, grantee.id, made, step=Step.OFFERED)
    return made


def accept(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Take what is offered: from now on it is in the viewer's family view. Raises NotFound, Misuse."""
    grant = rows.received_one(db, viewer, id)
    if not rows.accept(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over, or accepted already", cure="Ask its owner for a new one")
    _noted(db, house, viewer, Act.GRANT_ACCEPTED, grant, {"of_person": grant.owner})
    _tell(db, house, viewer, grant.owner, grant, step=Step.ACCEPTED)


def leave(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Decline what is offered, or give up what was accepted; at once. Raises NotFound, Misuse."""
    grant = rows.received_one(db, viewer, id)
    if not rows.leave(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over already")
    act = Act.GRANT_LEFT if grant.accepted else Act.GRANT_DECLINED
    _noted(db, house, viewer, act, grant, {"of_person": grant.owner})
    _tell(db, house, viewer, grant.owner, grant, step=Step.LEFT if grant.accepted else Step.DECLINED)


def revoke(db: WriteDb, house: House, viewer: Viewer, id: GrantId) -> None:
    """Take back what the viewer gave; the other sees nothing from this moment on. Raises NotFound, Misuse."""
    grant = rows.given_one(db, viewer, id)
    if not rows.end(db, viewer, id, house.clock.now()):
        raise Misuse("grant", "is over already")
    _noted(db, house, viewer, Act.GRANT_REVOKED, grant, {"to_person": grant.grantee})
    _tell(db, house, viewer, grant.grantee, grant, step=Step.REVOKED if grant.accepted else Step.WITHDRAWN)


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
    """In the parts of both, and told to the open pages of both. The owner's portfolio is told to her alone:
    its very number says how many there are."""
    for person in (grant.owner, grant.grantee):
        said = told if person == grant.owner else _without_number(told, grant)
        audit.note(db, house, viewer, act, f"grant:{grant.id}", said, about=person)
        events.emit(db, house.bus, events.Event("grants", person, (grant.id,)))


def _without_number(told: Mapping[str, object], grant: Grant) -> Mapping[str, object]:
    if "portfolio" not in told:
        return told
    what = "everything" if grant.portfolio is None else "one portfolio"
    return {"what": what} | {name: value for name, value in told.items() if name != "portfolio"}


def _tell(db: WriteDb, house: House, viewer: Viewer, to: PersonId, grant: Grant, *, step: Step) -> None:
    """One notice to the other side, once for each step of a grant. A portfolio is not named: its name is
    shown by leave alone."""
    title, text = WORDS[step]
    name = persons.person_of(db, viewer.person).name
    what = "everything" if grant.portfolio is None else "one portfolio"
    what += "" if grant.amounts is Amounts.SHOWN else " (without amounts)"
    words = {"name": name, "what": what}
    key = f"{NOTICE}:{grant.id}:{step}"
    at = house.clock.now()
    notice = Notice(to, Urgency.INFO, title.format(**words), text.format(**words), at, PAGE, key)
    tell(db, house, [Draft(notice, NOTICE)])


def until_of(last_day: TradingDay | None, now: Instant) -> Instant | None:
    """The first moment in India after the last day, None for no end. Raises Misuse for a day that has
    passed."""
    if last_day is None:
        return None
    until = Instant.at(last_day.plus_days(1), time())
    if until <= now:
        raise Misuse("last_day", "has passed", cure="Choose today or a later day, or none")
    return until
