"""Personal tokens: what a person gives her programs, with no more than they need. docs/spec/access.md.

`tf_pat_`, thirty-six letters and digits of chance (214 bits), and six of checksum: a program that searches
code for secrets knows it, and a mistyped one is refused without a look into the database.
"""

from __future__ import annotations

import math
import secrets
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.identity import TokenId
from tunefolio.core.people import Person, Role, Scope, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.ledger.accounts import name_of
from tunefolio.services import audit
from tunefolio.services.access import TokenRefused
from tunefolio.services.audit import Act
from tunefolio.services.house import House
from tunefolio.services.passwords import token_hash
from tunefolio.store import personal_tokens, sessions
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.personal_tokens import PersonalToken

PREFIX = "tf_pat_"
MOST = 20
LONGEST_DAYS = 366
_CHANCE, _CHECK, _SHOWN = 36, 6, 4
_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_MARKED_EVERY = timedelta(minutes=1)


class ScopeNeeded(Forbidden):
    """The token does not reach this far."""

    def __init__(self, scope: Scope | None) -> None:
        cure = (
            "Sign in yourself: no token opens this"
            if scope is None
            else f"It needs a token with the scope {scope.value}"
        )
        super().__init__("this token", cure=cure)
        self.scope = scope


@dataclass(frozen=True, slots=True)
class FreshToken:
    """A new token. secret: shown once, kept nowhere."""

    kept: PersonalToken
    secret: Secret


def make(
    db: WriteDb, house: House, viewer: Viewer, name: str, scopes: Collection[Scope], *, days: int | None
) -> FreshToken:
    """A new token of the viewer's; days: 1 to 366 until it ends, None for never. Raises Misuse, Forbidden.

    Whoever asks has proved herself just now: that is the caller's to see to.
    """
    wanted = frozenset(scopes)
    _check(viewer, wanted, days)
    if personal_tokens.count(db, viewer) >= MOST:
        raise Misuse("name", f"would be the {MOST + 1}th token", cure="Revoke one that is not used any more")
    now, secret = house.clock.now(), _new()
    expires = None if days is None else now + timedelta(days=days)
    ending = secret.reveal()[-_SHOWN:]
    kept = personal_tokens.add(
        db, viewer, name_of(name), token_hash(secret), ending, wanted, now=now, expires=expires
    )
    told = {"name": kept.name, "scopes": " ".join(sorted(wanted)), "days": days}
    audit.note(db, house, viewer, Act.TOKEN_MADE, f"token:{kept.id}", told)
    return FreshToken(kept, secret)


def _check(viewer: Viewer, scopes: frozenset[Scope], days: int | None) -> None:
    if not scopes:
        raise Misuse("scopes", "are none", cure=f"Choose of {', '.join(Scope)}")
    if Scope.ADMIN in scopes and viewer.role is not Role.ADMIN:
        raise Forbidden("a token with the scope admin", cure="Only an admin can make one")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise Misuse("days", f"must be from 1 to {LONGEST_DAYS}", cure="Leave it out for a token without end")


def listed(db: ReadDb, viewer: Viewer) -> list[PersonalToken]:
    """The viewer's tokens, newest first; expired ones until they are revoked."""
    return personal_tokens.listed(db, viewer)


def revoke(db: WriteDb, house: House, viewer: Viewer, id: TokenId) -> None:
    """It opens nothing from the next request on; raises NotFound."""
    gone = personal_tokens.revoke(db, viewer, id, house.clock.now())
    if gone is None:
        raise NotFound("token")
    audit.note(db, house, viewer, Act.TOKEN_REVOKED, f"token:{id}", {"name": gone.name})


def end_all(db: WriteDb, house: House, viewer: Viewer) -> int:
    """Whatever programs hold of this person opens nothing any more: every sign-in with its tokens, and every
    personal token; how many. For a reset password, a disabled person, one who leaves."""
    now = house.clock.now()
    ended = sessions.end_all(db, viewer, now, but=None)
    revoked = personal_tokens.revoke_all(db, viewer, now)
    if revoked:
        audit.note(db, house, viewer, Act.TOKEN_REVOKED, f"person:{viewer.person}", {"revoked": revoked})
    return ended + revoked


def owner_of(db: ReadDb, house: House, token: Secret) -> tuple[PersonalToken, Person]:
    """Whose token this is, while it stands and its owner is not shut out. Raises TokenRefused."""
    if not is_well_formed(token):
        raise TokenRefused("it is mistyped or cut off")
    found = personal_tokens.find(db, token_hash(token), house.clock.now())
    if found is None:
        raise TokenRefused("it is unknown, revoked or expired")
    return found


def is_stale(house: House, token: PersonalToken) -> bool:
    """Was its use last noted a minute ago or more? Then call `mark_used`."""
    return token.used is None or house.clock.now() - token.used >= _MARKED_EVERY


def mark_used(db: WriteDb, house: House, token: PersonalToken, address: str) -> None:
    """It was used just now from that network address."""
    now = house.clock.now()
    personal_tokens.touch(db, Viewer(token.owner), token.id, address[:64], now, every=_MARKED_EVERY)


def is_well_formed(token: Secret) -> bool:
    """Whether prefix, length and checksum are those of a personal token."""
    text = token.reveal()
    if len(text) != len(PREFIX) + _CHANCE + _CHECK or not text.startswith(PREFIX) or not text.isascii():
        return False
    return secrets.compare_digest(_checksum(text[:-_CHECK]), text[-_CHECK:])


def _new() -> Secret:
    body = PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_CHANCE))
    return Secret(body + _checksum(body))


def _checksum(text: str) -> str:
    """CRC-32 in base 62, six digits."""
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_LETTERS))
        digits = _LETTERS[digit] + digits
    return digits


def until_words(token: PersonalToken, now: Instant) -> str:
    """`never ends`, `ended`, or in how many days it does, begun ones counted."""
    if token.expires is None:
        return "never ends"
    if token.is_expired(now):
        return "ended"
    days = math.ceil((token.expires - now) / timedelta(days=1))
    return "ends within a day" if days == 1 else f"ends in {days} days"
