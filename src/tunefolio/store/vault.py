"""Secrets at rest: ChaCha20-Poly1305, bound to the very row and column that keeps them.

A sealed secret is: format 1 byte · key id 4 bytes · nonce 12 bytes · ciphertext and tag. The associated data
is table, row and column, so that a ciphertext moved to another place does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import Column, Row, select, update

from tunefolio.core.errors import Misuse
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.store.db import WriteDb
from tunefolio.store.tables import authenticators, broker_apps, channels, connections, signing_keys, taxpayers

_FORMAT = b"\x01"
_KEY_BYTES = 32
_ID_BYTES = 4
_NONCE_BYTES = 12
_FIELD = "vault key"

SEALED: tuple[Column[Any], ...] = (
    broker_apps.c.api_secret,
    connections.c.token,
    connections.c.credentials,
    channels.c.target,
    authenticators.c.secret,
    signing_keys.c.secret,
    taxpayers.c.pan,
)
"""Every column that holds sealed secrets; rotate() visits each."""


class KeyRing:
    """Keys by id. The first one seals; every one opens, so that old secrets stay readable until rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise Misuse(_FIELD, "there is none", cure="Give at least one key")
        for key in keys:
            if len(key) != _KEY_BYTES:
                raise Misuse(_FIELD, f"has {len(key)} bytes, not {_KEY_BYTES}")
        self._keys = {_id_of(key): key for key in keys}
        self.sealing = _id_of(keys[0])

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Keys in base64, one a line (or between spaces or commas), the sealing one first; raises Misuse."""
        words = text.replace(",", " ").split()
        return cls([_decoded(word) for word in words])

    @classmethod
    def load(cls, source: Path | str) -> KeyRing:
        """From a file (a Path), which is made with a new key when it is not there, or from text (a str).

        Raises Misuse when the file can be read by others, or holds no key.
        """
        if isinstance(source, str):
            return cls.parse(source)
        if not source.exists():
            _write_new(source, new_key())
        _must_be_private(source)
        return cls.parse(source.read_text(encoding="ascii", errors="replace"))

    def with_new(self, key: bytes) -> KeyRing:
        """The same ring with `key` in front: it seals from now on."""
        return KeyRing([key, *self._keys.values()])

    def save(self, path: Path) -> None:
        """Replace the file by this ring, whole or not at all; mode 0600."""
        other = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        _create(other, self.text())
        other.replace(path)

    def text(self) -> str:
        """As parse() reads it. It is the secret of all secrets: only for the key file."""
        return "".join(base64.b64encode(key).decode() + "\n" for key in self._keys.values())

    def key_of(self, id: bytes) -> bytes:
        """The key of an id; raises Misuse when the ring lacks it."""
        try:
            return self._keys[id]
        except KeyError:
            raise Misuse(
                _FIELD,
                f"key {id.hex()} is missing",
                cure="Put back the key file these secrets were sealed with",
            ) from None

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(id.hex() for id in self._keys)})"


class Vault:
    """Seals and opens secrets for one row and column each."""

    def __init__(self, keys: KeyRing) -> None:
        self.keys = keys

    def seal(self, secret: Secret, table: str, row: int, column: str) -> bytes:
        """The secret, readable only from this place with a key of the ring."""
        id = self.keys.sealing
        nonce = os.urandom(_NONCE_BYTES)
        cipher = ChaCha20Poly1305(self.keys.key_of(id))
        sealed = cipher.encrypt(nonce, secret.reveal().encode(), _place(table, row, column))
        return _FORMAT + id + nonce + sealed

    def open(self, sealed: bytes, table: str, row: int, column: str) -> Secret:
        """The secret again; raises Misuse when its key is missing, or it was changed or moved."""
        start = len(_FORMAT) + _ID_BYTES
        if sealed[:1] != _FORMAT or len(sealed) < start + _NONCE_BYTES:
            raise Misuse("sealed secret", "is not one of this vault")
        key = self.keys.key_of(sealed[1:start])
        nonce, body = (sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :])
        try:
            opened = ChaCha20Poly1305(key).decrypt(nonce, body, _place(table, row, column))
        except InvalidTag:
            raise Misuse("sealed secret", f"of {table}.{column} was changed, or belongs elsewhere") from None
        return Secret(opened.decode())


def rotate(db: WriteDb, caretaker: Caretaker, vault: Vault, new_key: bytes) -> int:  # noqa: ARG001 — leave
    """Seal every secret of everyone again with `new_key`; how many. All or none: one transaction.

    Save the ring with both keys before, and the one with the new key alone after the transaction is kept:
    then a crash at any moment leaves every secret readable.
    """
    after = Vault(vault.keys.with_new(new_key))
    count = 0
    for column in SEALED:
        table = column.table
        rows: Sequence[Row[*tuple[Any, ...]]] = db.execute(
            select(table.c.id, column).where(column.is_not(None)).with_for_update()
        ).all()
        for id, sealed in rows:
            secret = vault.open(sealed, table.name, id, column.name)
            fresh = after.seal(secret, table.name, id, column.name)
            db.execute(update(table).where(table.c.id == id).values({column.name: fresh}))
            count += 1
    return count


def new_key() -> bytes:
    """32 random bytes from the system."""
    return ChaCha20Poly1305.generate_key()


def _place(table: str, row: int, column: str) -> bytes:
    return f"tunefolio/{table}/{row}/{column}".encode()


def _id_of(key: bytes) -> bytes:
    return hashlib.sha256(b"tunefolio key id" + key).digest()[:_ID_BYTES]


def _decoded(word: str) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        raise Misuse(_FIELD, "is not base64", cure="Give 32 random bytes in base64") from None


def _write_new(path: Path, key: bytes) -> None:
    """Make the key file whole under another name, then link it into place: of two starters, one key wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    _create(other, KeyRing([key]).text())
    try:
        os.link(other, path)
    except FileExistsError:
        pass
    finally:
        other.unlink()


def _create(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _must_be_private(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise Misuse(_FIELD, f"{path} can be read by others (mode {mode:04o})", cure=f"Run: chmod 600 {path}")
