"""Access tokens: short-lived JWTs (RFC 9068) that name a sign-in. docs/spec/access.md.

The signature says that the token is ours; the sign-in it names is looked up at each use, so that signing out,
a new password or a shut-out person ends it at once and not an hour later.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from jwt.types import Options

from tunefolio.core.errors import TunefolioError
from tunefolio.core.identity import PersonId, SessionId
from tunefolio.core.people import Person, Viewer
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.services.house import House
from tunefolio.store import refresh_tokens
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.sessions import Session

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "tunefolio-api"
LEEWAY = timedelta(seconds=30)
"""How far two clocks of the house may differ."""
LONGEST = 2_048
_CLAIMS = ("iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti")
_OUR_CLOCK: Options = {
    "require": list(_CLAIMS),
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class TokenRefused(TunefolioError):
    """The token opens nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A fresh one: shown once, kept nowhere."""

    token: Secret
    expires: Instant


def issue(db: WriteDb, house: House, viewer: Viewer, session: SessionId) -> AccessToken:
    """A token for this sign-in, good for the house's time (an hour unless set)."""
    now, life = house.clock.now(), house.rules.access_life
    key = house.signing.to_sign(db, house.vault, now, life + 2 * LEEWAY)
    begun = int(now.utc.timestamp())
    ends = begun + int(life.total_seconds())
    claims = {
        "iss": house.rules.public_url,
        "aud": AUDIENCE,
        "sub": str(viewer.person),
        "sid": str(session),
        "iat": begun,
        "nbf": begun,
        "exp": ends,
        "jti": secrets.token_urlsafe(16),
    }
    text = jwt.encode(claims, key.secret, ALGORITHM, headers={"kid": key.kid, "typ": TYPE})
    return AccessToken(Secret(text), _moment(ends))


def opened(db: ReadDb, house: House, token: Secret) -> tuple[Person, Session, Instant]:
    """Whose token this is, by which sign-in, until when. Raises TokenRefused.

    Steps: 1 the header names our kind and a key we believe; 2 the signature, by that key and our one
    algorithm, whatever the header says; 3 issuer, audience and that nothing is missing; 4 the times, by our
    clock; 5 the sign-in, which must still stand.
    """
    now = house.clock.now()
    claims = _claims(db, house, token.reveal(), now)
    expires = _check_times(claims, now)
    viewer = Viewer(PersonId(_number(claims["sub"])))
    found = refresh_tokens.standing(db, viewer, SessionId(_number(claims["sid"])), now)
    if found is None:
        raise TokenRefused("its sign-in has ended")
    return found[1], found[0], expires


def _claims(db: ReadDb, house: House, text: str, now: Instant) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise TokenRefused("it is no token of this house")
    try:
        key = house.signing.find(db, house.vault, _key_id(text.partition(".")[0]), now)
        if key is None:
            raise TokenRefused("no key of this house has signed it")
        return _signed(text, key.secret, house.rules.public_url)
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError):
        raise TokenRefused("it was made for another place") from None
    except jwt.PyJWTError:
        raise TokenRefused("it is no token of this house") from None


@lru_cache(maxsize=2_048)
def _signed(text: str, secret: bytes, issuer: str) -> dict[str, Any]:
    """What a token says that this key has signed; raises PyJWTError, which is not remembered. The same answer
    for the same token and key, for ever: so a program's next requests need not check the signature again."""
    return jwt.decode(
        text, secret, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=issuer, options=_OUR_CLOCK
    )


@lru_cache(maxsize=64)
def _key_id(head: str) -> str:
    """What the header names, "" where it is none of our kind. The library would read the whole token for it,
    and then once more to check it: a tenth of a millisecond of each request."""
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        raise TokenRefused("it is no token of this house") from None
    if not isinstance(header, dict) or header.get("typ") != TYPE:
        return ""
    return str(header.get("kid", ""))


def _check_times(claims: dict[str, Any], now: Instant) -> Instant:
    """Until when; half a minute either way is forgiven."""
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    if any(type(one) is not int or not 0 <= one < 2**33 for one in times):
        raise TokenRefused("it is no token of this house")
    issued, begins, ends = times
    seconds, leeway = now.utc.timestamp(), LEEWAY.total_seconds()
    if seconds >= ends + leeway:
        raise TokenRefused("it has expired")
    if seconds + leeway < max(issued, begins):
        raise TokenRefused("it is not good yet")
    return _moment(ends)


def _number(text: object) -> int:
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise TokenRefused("it is no token of this house")
    return int(text)


def _moment(seconds: int) -> Instant:
    return Instant(datetime.fromtimestamp(seconds, UTC))
