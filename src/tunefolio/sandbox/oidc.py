"""A provider of identities for rehearsals: OpenID Connect's code flow as a real one speaks it.

Anybody may say who she is by typing a name: it guards nothing and listens on this machine alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from html import escape
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tunefolio.core.time import Clock, Instant

_CODE_LIFE = timedelta(minutes=1)
_TOKEN_LIFE = timedelta(minutes=5)


class Fault(StrEnum):
    """What a provider, or somebody in its place, may do wrong."""

    NONE = "none"
    WRONG_NONCE = "wrong nonce"
    NO_NONCE = "no nonce"
    WRONG_AUDIENCE = "wrong audience"
    TWO_AUDIENCES = "two audiences"
    WRONG_ISSUER = "wrong issuer"
    EXPIRED = "expired"
    STALE = "made long ago"
    FROM_THE_FUTURE = "made in the future"
    UNSIGNED = "alg none"
    SHARED_SECRET = "signed with the public key as a secret"
    OTHER_KEY = "signed by another key"
    CHANGED = "changed after signing"
    WRONG_HASH = "hash of another access token"
    MIX_UP = "answer names another issuer"
    DENIED = "access denied"
    BROKEN = "status 500"
    NONSENSE = "no JSON"
    HUGE = "an endless answer"
    NO_AUTH_TIME = "does not say when she signed in"
    OLD_AUTH_TIME = "did not ask her anew"
    OTHERS_USERINFO = "tells another person's address"


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom the provider knows."""

    subject: str
    email: str = ""
    is_email_verified: bool = True
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Grant:
    """A code, and what it was given for."""

    who: Somebody
    wish: Mapping[str, str]
    given: Instant


@dataclass
class Provider:
    """One provider and its state. tells_in_token: e-mail and name stand in the ID token, else with userinfo.

    who: whom its next sign-in is, without a page; None: the page asks.
    """

    clock: Clock
    client_id: str
    client_secret: str
    issuer: str = ""
    fault: Fault = Fault.NONE
    who: Somebody | None = None
    tells_in_token: bool = True
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._codes: dict[str, _Grant] = {}
        self._tokens: dict[str, Somebody] = {}
        self._keys: list[Any] = []
        self.rotate()

    def rotate(self) -> None:
        """A new key signs from now on; the one before is published no more."""
        from joserfc.jwk import RSAKey

        name = secrets.token_hex(4)
        self._keys = [RSAKey.generate_key(2048, parameters={"kid": name, "use": "sig", "alg": "RS256"})]

    def app(self) -> Starlette:
        """Its ways."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
                Route("/authorize", self._authorize, methods=["GET", "POST"]),
                Route("/token", self._token, methods=["POST"]),
                Route("/userinfo", self._userinfo),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        self.asked.append("discovery")
        return self._spoilt() or JSONResponse(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        self.asked.append("jwks")
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self._keys]})

    async def _authorize(self, request: Request) -> Response:
        """The page that asks who she is; at once where `who` says it."""
        wish = dict(request.query_params)
        if wish.get("client_id") != self.client_id or wish.get("code_challenge_method") != "S256":
            return JSONResponse({"error": "invalid_request"}, 400)
        who = self.who
        if request.method == "POST":
            form = parse_qs((await request.body()).decode())
            name = form.get("name", ["nobody"])[0]
            who = Somebody(f"sub-{name.lower()}", f"{name.lower()}@example.org", name=name)
        if who is None:
            return HTMLResponse(_PAGE.format(action=escape(str(request.url.query))))
        return self._sent_back(who, wish)

    def _sent_back(self, who: Somebody, wish: Mapping[str, str]) -> Response:
        answer = {"state": wish["state"], "iss": self.issuer}
        if self.fault is Fault.MIX_UP:
            answer["iss"] = "https://another.example.org"
        if self.fault is Fault.DENIED:
            answer["error"] = "access_denied"
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = _Grant(who, wish, self.clock.now())
            answer["code"] = code
        return RedirectResponse(f"{wish['redirect_uri']}?{urlencode(answer)}", 302)

    async def _token(self, request: Request) -> Response:
        """A code is good once, for a minute, for the client that has the secret and the verifier."""
        self.asked.append("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if not self._is_our_client(request):
            return JSONResponse({"error": "invalid_client"}, 401)
        grant = self._codes.pop(form.get("code", ""), None)
        proof = urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            grant is None
            or self.clock.now() - grant.given > _CODE_LIFE
            or proof.rstrip(b"=").decode() != grant.wish["code_challenge"]
            or form.get("redirect_uri") != grant.wish["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(16)
        self._tokens[access] = grant.who
        told = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
        return self._spoilt() or JSONResponse(told | {"id_token": self._id_token(grant, access)})

    async def _userinfo(self, request: Request) -> Response:
        self.asked.append("userinfo")
        who = self._tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if who is None:
            return JSONResponse({"error": "invalid_token"}, 401)
        subject = "somebody-else" if self.fault is Fault.OTHERS_USERINFO else who.subject
        return JSONResponse({"sub": subject, **_told_of(who)})

    def _is_our_client(self, request: Request) -> bool:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return False
        name, _, secret = b64decode(text).decode().partition(":")
        return unquote(name) == self.client_id and unquote(secret) == self.client_secret

    def _spoilt(self) -> Response | None:
        """The answer of a provider that is broken; None of one that is well."""
        match self.fault:
            case Fault.BROKEN:
                return JSONResponse({"error": "server_error"}, 500)
            case Fault.NONSENSE:
                return HTMLResponse("<h1>Welcome</h1>")
            case Fault.HUGE:
                return Response(b'{"a":"' + b"x" * 3_000_000 + b'"}', media_type="application/json")
            case _:
                return None

    def _id_token(self, grant: _Grant, access: str) -> str:
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        claims = self._claims(grant, access)
        key = self._keys[0]
        match self.fault:
            case Fault.UNSIGNED:
                return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(claims)}."
            case Fault.SHARED_SECRET:
                text = f"{_encoded({'alg': 'HS256', 'kid': key.kid})}.{_encoded(claims)}"
                mark = hmac.digest(key.as_pem(private=False), text.encode(), hashlib.sha256)
                return f"{text}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"
            case Fault.OTHER_KEY:
                other = RSAKey.generate_key(2048, parameters={"kid": key.kid})
                return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, other)
            case Fault.CHANGED:
                head, _, tail = jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key).split(".")
                return f"{head}.{_encoded(claims | {'sub': 'somebody-else'})}.{tail}"
            case _:
                return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)

    def _claims(self, grant: _Grant, access: str) -> dict[str, Any]:
        now = int(self.clock.now().utc.timestamp())
        half = hashlib.sha256(access.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": grant.who.subject,
            "aud": self.client_id,
            "iat": now,
            "exp": now + int(_TOKEN_LIFE.total_seconds()),
            "auth_time": now,
            "nonce": grant.wish.get("nonce", ""),
            "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
        }
        if self.tells_in_token:
            claims |= _told_of(grant.who)
        return self._bent(claims, now)

    def _bent(self, claims: dict[str, Any], now: int) -> dict[str, Any]:
        """The claims with the fault in them."""
        wrong: dict[Fault, dict[str, Any]] = {
            Fault.WRONG_NONCE: {"nonce": "another"},
            Fault.WRONG_AUDIENCE: {"aud": "somebody-else"},
            Fault.TWO_AUDIENCES: {"aud": [self.client_id, "somebody-else"]},
            Fault.WRONG_ISSUER: {"iss": "https://another.example.org"},
            Fault.EXPIRED: {"exp": now - 120, "iat": now - 240},
            Fault.STALE: {"iat": now - 3600, "exp": now + 3600},
            Fault.FROM_THE_FUTURE: {"iat": now + 3600, "nbf": now + 3600, "exp": now + 7200},
            Fault.WRONG_HASH: {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
            Fault.OLD_AUTH_TIME: {"auth_time": now - 86_400},
        }
        left_out = {Fault.NO_NONCE: "nonce", Fault.NO_AUTH_TIME: "auth_time"}.get(self.fault, "")
        bent = claims | wrong.get(self.fault, {})
        return {name: value for name, value in bent.items() if name != left_out}


def _told_of(who: Somebody) -> dict[str, Any]:
    told: dict[str, Any] = {"email_verified": who.is_email_verified, "name": who.name}
    return told | {"email": who.email} if who.email else told


def _encoded(part: Mapping[str, Any]) -> str:
    import orjson

    return urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()


_PAGE = """<!doctype html><html lang="en"><title>Rehearsal sign-in</title>
<h1>Who are you?</h1><p>A rehearsal: any name will do.</p>
<form method="post" action="/authorize?{action}"><label>Name <input name="name" required></label>
<button>Sign in here</button></form></html>"""
