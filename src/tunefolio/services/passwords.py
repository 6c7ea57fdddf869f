"""Passwords: what is allowed, how they are kept (argon2id), how they are checked at even cost.

A hash takes 64 MiB and a fifth of a second: only some are made at the same time, the others wait their turn.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from tunefolio.core.errors import Misuse, Retry
from tunefolio.core.secret import Secret
from tunefolio.services.breaches import is_guessed_early, is_leaked

SHORTEST = 10
LONGEST = 200
AT_ONCE = max(2, min(8, os.cpu_count() or 1))
"""Hashes made at the same time in one process: what its memory is bounded by, 64 MiB each."""
PATIENCE = timedelta(seconds=20)
_HASHER = PasswordHash((Argon2Hasher(),))
_TURNS = threading.BoundedSemaphore(AT_ONCE)
_WORDS = "A few words in a row are good"


def checked(
    password: Secret, email: str, name: str, field: str = "password", *, leaks: Path | None = None
) -> Secret:
    """The password if the rules allow it: 10 to 200 characters, not the e-mail address, none that a guesser
    who knows address and name tries first; raises Misuse. leaks: the operator's own list."""
    text = password.reveal()
    if len(text) < SHORTEST:
        raise Misuse(field, f"must have at least {SHORTEST} characters", cure=_WORDS)
    if len(text) > LONGEST:
        raise Misuse(field, f"must have at most {LONGEST} characters")
    if len(set(text)) < 3:
        raise Misuse(field, "must not be one or two characters repeated", cure=_WORDS)
    if text.strip().lower() in {email.lower(), email.lower().partition("@")[0]}:
        raise Misuse(field, "must not be the e-mail address", cure=_WORDS)
    if is_leaked(password, leaks):
        raise Misuse(field, "stands in a list of leaked passwords", cure="Choose another; " + _WORDS.lower())
    if is_guessed_early(password, email, name):
        raise Misuse(field, "is among those that are guessed first", cure=_WORDS)
    return password


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password that the rules allow, as it is kept."""

    text: str


NO_PASSWORD = Hashed("")
"""Kept for somebody whom only a passkey or a provider signs in: nothing that is typed ever matches it."""


def made(
    password: Secret, email: str, name: str, field: str = "password", *, leaks: Path | None = None
) -> Hashed:
    """The password, checked and hashed; best outside of any transaction. Raises Misuse, Retry."""
    return Hashed(hashed(checked(password, email, name, field, leaks=leaks)))


def hashed(password: Secret) -> str:
    """The argon2id text to keep. Raises Retry when too many wait."""
    with _turn():
        return _HASHER.hash(_plain(password))


def matches(password: Secret, kept: str | None) -> tuple[bool, str | None]:
    """(right?, a newer hash to keep instead or None). kept None or "": the same work, and never right.

    Raises Retry when too many wait.
    """
    if len(password.reveal()) > LONGEST:
        password = Secret("")
    with _turn():
        decoy = _decoy()
        is_right, newer = _HASHER.verify_and_update(_plain(password), kept or decoy)
    return is_right and bool(kept), newer if kept else None


def random_password() -> Secret:
    """Four groups of five characters that are not mistaken for each other: 99 bits of chance."""
    return Secret(random_words(5))


def random_words(size: int) -> str:
    """Four groups of so many characters that are not mistaken for each other; 4.95 bits of chance each."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(size)) for _ in range(4))


def fresh_token() -> Secret:
    """256 random bits, for a cookie or a link."""
    return Secret(secrets.token_urlsafe(32))


def token_hash(token: Secret) -> str:
    """How a token or code is kept: SHA-256; its random bits need no salt."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()


@contextmanager
def _turn() -> Iterator[None]:
    if not _TURNS.acquire(timeout=PATIENCE.total_seconds()):
        raise Retry("many people are signing in at this moment", after=timedelta(seconds=5))
    try:
        yield
    finally:
        _TURNS.release()


@cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def _plain(password: Secret) -> str:
    """NFKC, so that the same keys typed on two systems are the same password."""
    return unicodedata.normalize("NFKC", password.reveal())
