"""By what a person comes in, counted in one place: nobody is left without a way by an oversight."""

from __future__ import annotations

from dataclasses import dataclass

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Viewer
from tunefolio.services.house import House
from tunefolio.store import external_identities, passkeys, persons
from tunefolio.store.db import ReadDb


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How many there are of each. identities: accounts at the provider that this house has now; one at
    another leads nowhere."""

    passwords: int
    passkeys: int
    identities: int

    @property
    def count(self) -> int:
        return self.passwords + self.passkeys + self.identities


def ways_in(db: ReadDb, house: House, viewer: Viewer) -> WaysIn:
    """Three look-ups by owner."""
    issuer = "" if house.provider is None else house.provider.issuer
    linked = [one for one in external_identities.listed(db, viewer) if one.issuer == issuer]
    return WaysIn(int(has_password(db, viewer)), len(passkeys.listed(db, viewer)), len(linked))


def has_password(db: ReadDb, viewer: Viewer) -> bool:
    """Whether she could sign in by one at all."""
    return bool(persons.password_hash_of(db, viewer.person))


def must_keep_another(db: ReadDb, house: House, viewer: Viewer, field: str) -> None:
    """Before one way is taken away. Raises Misuse of that field where it is the only one."""
    if ways_in(db, house, viewer).count < 2:
        cure = "Set a password or add a passkey first"
        raise Misuse(field, "is the only way you sign in", cure=cure)
