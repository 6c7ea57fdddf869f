"""One-time codes by RFC 6238 as authenticator apps make them: SHA-1, thirty seconds, six digits."""

from __future__ import annotations

import binascii
import hmac
import struct
from base64 import b32decode

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant

STEP_SECONDS = 30


def code(secret: Secret, at: Instant) -> Secret:
    """The six digits of that half minute. secret: base32, blanks allowed, in any case.

    Raises Misuse of the field `totp_secret` for what is none; it never repeats what was given.
    """
    bare = "".join(secret.reveal().split()).upper().rstrip("=")
    try:
        key = b32decode(bare + "=" * (-len(bare) % 8))
    except binascii.Error:
        raise Misuse(
            "totp_secret", "is no base32 secret", cure="Copy the text below the QR code, letters and 2 to 7"
        ) from None
    counter = struct.pack(">Q", int(at.utc.timestamp()) // STEP_SECONDS)
    digest = hmac.digest(key, counter, "sha1")
    place = digest[-1] & 0x0F
    (word,) = struct.unpack_from(">I", digest, place)
    return Secret(f"{(word & 0x7FFFFFFF) % 1_000_000:06d}")
