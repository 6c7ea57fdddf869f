"""The keys that sign access tokens: made when needed, changed every ninety days, sealed by the vault.

A key that signs no more is believed until the last token it signed has ended, so that changing it ends
nobody's sign-in. Each process remembers the keys for a short while. Rules: docs/spec/access.md.
"""

from __future__ import annotations

import base64
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.store import signing_keys
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.signing_keys import SigningKey
from tunefolio.store.vault import Vault

_log = logging.getLogger(__name__)
SIGNS_FOR = timedelta(days=90)
_KEY_BYTES = 32
_REMEMBERED_SECONDS = 30.0
_ASKED_AGAIN_SECONDS = 1.0
_CARE = Caretaker("signing keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A key in the clear, while it is used. until None: it signs."""

    kid: str
    secret: bytes
    created: Instant
    until: Instant | None

    def __repr__(self) -> str:
        return f"Key({self.kid})"

    def is_believed(self, now: Instant) -> bool:
        return self.until is None or now < self.until


class SigningKeys:
    """What this process knows of the keys. Thread-safe; a key that another process retires at once is
    believed here for half a minute more."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[str, Key] = {}
        self._read_at = float("-inf")

    def find(self, db: ReadDb, vault: Vault, kid: str, now: Instant) -> Key | None:
        """The key of that id if it is believed now. Asks the database when what is known is old, and for an
        unknown id at most once a second."""
        since = time.monotonic() - self._read_at
        if since > _REMEMBERED_SECONDS or (kid not in self._known and since > _ASKED_AGAIN_SECONDS):
            self._read(db, vault, now)
        found = self._known.get(kid)
        return found if found is not None and found.is_believed(now) else None

    def to_sign(self, db: WriteDb, vault: Vault, now: Instant, life: timedelta) -> Key:
        """The key that signs now; a new one when there is none, or it has signed for ninety days. life: of
        what it signs."""
        key = self._signing()
        if (
            key is not None
            and time.monotonic() - self._read_at <= _REMEMBERED_SECONDS
            and not _is_old(key, now)
        ):
            return key
        self._read(db, vault, now)
        key = self._signing()
        if key is not None and not _is_old(key, now):
            return key
        signing_keys.one_at_a_time(db)
        self._read(db, vault, now)
        key = self._signing()
        return key if key is not None and not _is_old(key, now) else self.change(db, vault, now, life)

    def change(self, db: WriteDb, vault: Vault, now: Instant, life: timedelta) -> Key:
        """A new key signs from now on; the former ones are believed until what they signed has ended. life 0:
        at once no more, which ends every access token."""
        secret, kid = secrets.token_bytes(_KEY_BYTES), secrets.token_hex(8)
        text = Secret(base64.b64encode(secret).decode())
        made = signing_keys.add(db, kid, lambda row: vault.seal(text, "signing_keys", row, "secret"), now)
        signing_keys.retire(db, made.id, now + life)
        signing_keys.forget(db, _CARE, now)
        self._read_at = float("-inf")  # also when this transaction is not kept: then nothing of it is known
        _log.info("a new key signs access tokens", extra={"kid": kid})
        return Key(kid, secret, now, None)

    def _signing(self) -> Key | None:
        return next((key for key in self._known.values() if key.until is None), None)

    def _read(self, db: ReadDb, vault: Vault, now: Instant) -> None:
        with self._lock:
            found = (_find_opened(vault, row) for row in signing_keys.believed(db, now))
            self._known = {key.kid: key for key in found if key is not None}
            self._read_at = time.monotonic()


def _is_old(key: Key, now: Instant) -> bool:
    return now - key.created >= SIGNS_FOR


def _find_opened(vault: Vault, row: SigningKey) -> Key | None:
    """None when the vault has lost the key it was sealed with: then what it signed is refused, and the next
    login makes another."""
    try:
        text = vault.open(row.sealed, "signing_keys", row.id, "secret").reveal()
    except Misuse as lost:
        _log.warning("a signing key cannot be opened", extra={"kid": row.kid, "problem": lost.problem})
        return None
    return Key(row.kid, base64.b64decode(text), row.created, row.until)
