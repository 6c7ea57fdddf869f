"""Who is looking. Every query of owned rows takes a Viewer; upkeep of the house takes a Caretaker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tunefolio.core.errors import Forbidden, Misuse
from tunefolio.core.identity import PersonId
from tunefolio.core.time import Instant

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z|[^@\s]+@localhost\Z")


class Role(StrEnum):
    """admin: runs the house; member: keeps books; reader: sees own books, changes nothing."""

    ADMIN = "admin"
    MEMBER = "member"
    READER = "reader"


class Scope(StrEnum):
    """What a program may do in a person's name: none includes another.

    read: see; import: keep the books and lists; sync: talk to brokers and sources; trade: give orders; admin:
    run the house, which only an admin's token can.
    """

    READ = "read"
    IMPORT = "import"
    SYNC = "sync"
    TRADE = "trade"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person whose rows a query may see, and what the person may do."""

    person: PersonId
    role: Role = Role.MEMBER

    def must_write(self) -> None:
        """Raises Forbidden for a reader."""
        if self.role is Role.READER:
            raise Forbidden("change", cure="Your role only reads; ask an admin for another")

    def must_administer(self) -> None:
        """Raises Forbidden for all but admins."""
        if self.role is not Role.ADMIN:
            raise Forbidden("administration", cure="Ask an admin")


@dataclass(frozen=True, slots=True)
class Caretaker:
    """The house at its own upkeep (timetable, sweeper): sees across owners; never made for a request."""

    duty: str


def email_of(text: str) -> str:
    """A plausible address, in lower case and NFKC, so that two that look and are delivered alike are one.

    Raises Misuse, for characters that are not seen as well.
    """
    email = unicodedata.normalize("NFKC", text.strip()).lower()
    is_seen = all(unicodedata.category(letter)[0] not in "CZ" for letter in email)
    if len(email) > 254 or not _EMAIL.match(email) or not is_seen:
        raise Misuse("email", f"{text.strip()[:80]!r} is not an e-mail address")
    return email


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a sign-in. preferences: appearance and locale, never anything secret.

    leaving: when the account is erased, if she has asked for that and not taken it back.
    """

    id: PersonId
    email: str
    name: str
    role: Role
    created: Instant
    disabled: Instant | None = None
    preferences: Mapping[str, str] = field(default_factory=dict)
    leaving: Instant | None = None

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.id, self.role)
