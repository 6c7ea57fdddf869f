"""Public links: whoever has one looks at one portfolio, to read only, without signing in.

`tf_link_` and 256 bits of chance; shown once, kept as a hash. It shows what the owner chose and nothing else
of hers: a title of her choice, never her name. What is unknown, revoked, past its date, of a portfolio that
is gone or of an owner who is shut out is equally not found. Rules: docs/spec/family.md.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import PortfolioId, SharedLinkId
from tunefolio.core.people import Role, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit
from tunefolio.services.audit import Act
from tunefolio.services.grants import until_of
from tunefolio.services.house import House
from tunefolio.services.passwords import token_hash
from tunefolio.services.shared_books import shared_book
from tunefolio.services.shared_shapes import SharedBook
from tunefolio.services.throttle import Allowance
from tunefolio.store import portfolios
from tunefolio.store import shared_links as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.shared_links import SharedLink

PREFIX = "tf_link_"
"""Logs mask whatever begins so."""
MOST = 20
LOOKS = Allowance("shared.look", 60, timedelta(minutes=1))
"""Of one network address, whatever it asks for: a known link or a guess."""


@dataclass(frozen=True, slots=True)
class FreshLink:
    """A new link. path: below the house's address; shown once, kept nowhere."""

    kept: SharedLink
    path: str


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link as its owner sees it. portfolio: its name, "" once it is gone. is_over: past its last day."""

    link: SharedLink
    portfolio: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a visitor sees. title: the owner's choice; book.title is not for visitors."""

    title: str
    book: SharedBook


def make(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    portfolio: PortfolioId,
    title: str,
    *,
    amounts: Amounts = Amounts.HIDDEN,
    last_day: TradingDay | None = None,
) -> FreshLink:
    """A new link to one portfolio of the viewer's, until the end of a day, or until revoked. Raises Misuse
    naming the field, NotFound for a portfolio that is not hers."""
    viewer.must_write()
    portfolios.portfolio_of(db, viewer, portfolio)
    now = house.clock.now()
    until = until_of(last_day, now)
    if rows.count(db, viewer) >= MOST:
        raise Misuse("title", f"would be the {MOST + 1}th link", cure="Revoke one that is not used any more")
    token = Secret(PREFIX + secrets.token_urlsafe(32))
    kept = rows.add(db, viewer, portfolio, name_of(title), amounts, token_hash(token), until=until, now=now)
    told = {"portfolio": portfolio, "amounts": amounts.value, "until": None if until is None else until.iso()}
    audit.note(db, house, viewer, Act.LINK_MADE, f"link:{kept.id}", told)
    return FreshLink(kept, f"/shared/{token.reveal()}")


def listed(db: ReadDb, house: House, viewer: Viewer) -> tuple[LinkLine, ...]:
    """The viewer's links that are not revoked, newest first; those past their day until they are revoked."""
    names = {one.id: one.name for one in portfolios.listed(db, viewer)}
    now = house.clock.now()
    found = rows.listed(db, viewer)
    return tuple(LinkLine(one, names.get(one.portfolio, ""), one.is_over(now)) for one in found)


def revoke(db: WriteDb, house: House, viewer: Viewer, id: SharedLinkId) -> None:
    """It opens nothing from the next request on; raises NotFound."""
    gone = rows.revoke(db, viewer, id, house.clock.now())
    told = {"portfolio": gone.portfolio, "seen": gone.seen}
    audit.note(db, house, viewer, Act.LINK_REVOKED, f"link:{id}", told)


def look(house: House, token: Secret, address: str) -> Look:
    """What the link shows now; counted, without a word about who looked. Raises NotFound, TooMany."""
    found = look_again(house, token, address)
    with house.database.writing() as writing:
        rows.mark_seen(writing, token_hash(token), house.clock.now())
    return found


def look_again(house: House, token: Secret, address: str) -> Look:
    """The same for a page that stands open and asks by itself: not a look more. Raises NotFound, TooMany."""
    house.throttle.hit(LOOKS, address)
    with house.database.reading() as db:
        link = rows.find(db, token_hash(token), house.clock.now())
        if link is None:
            raise NotFound("link")
        book = shared_book(db, house, Viewer(link.owner, Role.READER), link.portfolio, link.amounts)
    return Look(link.title, book)
