"""Passwords: what is allowed, how they are kept (argon2id), how they are checked at even cost."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret

SHORTEST = 10
LONGEST = 200
_HASHER = PasswordHash((Argon2Hasher(),))


def checked(password: Secret, email: str, field: str = "password") -> Secret:
    """The password if the rules allow it: 10 to 200 characters, not the e-mail address; raises Misuse."""
    text = password.reveal()
    if len(text) < SHORTEST:
        raise Misuse(field, f"must have at least {SHORTEST} characters", cure="A few words in a row are good")
    if len(text) > LONGEST:
        raise Misuse(field, f"must have at most {LONGEST} characters")
    if len(set(text)) < 3:
        raise Misuse(
            field, "must not be one or two characters repeated", cure="A few words in a row are good"
        )
    if text.strip().lower() in {email.lower(), email.lower().partition("@")[0]}:
        raise Misuse(field, "must not be the e-mail address", cure="A few words in a row are good")
    return password


def hashed(password: Secret) -> str:
    """The argon2id text to keep."""
    return _HASHER.hash(_plain(password))


def matches(password: Secret, kept: str | None) -> tuple[bool, str | None]:
    """(right?, a newer hash to keep instead or None). kept None does the same work and is never right."""
    if len(password.reveal()) > LONGEST:
        password = Secret("")
    decoy = _decoy()
    is_right, newer = _HASHER.verify_and_update(_plain(password), kept or decoy)
    return is_right and kept is not None, newer if kept is not None else None


def random_password() -> Secret:
    """Four groups of five characters that are not mistaken for each other: 99 bits of chance."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return Secret("-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4)))


@cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def _plain(password: Secret) -> str:
    """NFKC, so that the same keys typed on two systems are the same password."""
    return unicodedata.normalize("NFKC", password.reveal())
