"""OpenID Connect, code flow with PKCE: discovery, keys, tokens, and every check that makes an ID token true.

Needs the extra `tunefolio[oidc]`. Asks the issuer alone, and the addresses that its discovery document names;
https but on loopback; no redirect is followed. Rules: docs/spec/signing-in.md.
"""

from __future__ import annotations

import hmac
import threading
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeGuard
from urllib.parse import quote, urlencode, urlsplit

import orjson

from tunefolio.adapters.http import Answer, Http, HttpConfig, by_status, is_loopback
from tunefolio.core.errors import Misuse, Rejected, Retry, TunefolioError
from tunefolio.core.oidc import Asking, ProvidedIdentity, Question
from tunefolio.core.secret import Secret
from tunefolio.core.time import Clock, Instant

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""What may sign an ID token: public keys only. Neither `none` nor anything keyed by a shared secret."""
SKEW: Final = timedelta(seconds=60)
OLDEST: Final = timedelta(minutes=10)
"""An ID token is used the moment it is made; an older one is somebody's copy."""
_KEPT: Final = timedelta(hours=1)
_KEYS_AT_MOST_EVERY: Final = timedelta(seconds=10)
_CAP_BYTES: Final = 1024 * 1024
_WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class OidcConfig:
    """What the operator registered at the provider. secret: None for a public client."""

    issuer: str
    client_id: str
    secret: Secret | None
    title: str
    scopes: str


@dataclass(slots=True)
class _Kept:
    """Something fetched, and when."""

    value: Mapping[str, Any]
    at: Instant


def must_be_installed() -> None:
    """Raises Misuse that says how to get what this needs."""
    try:
        import authlib.oidc.core  # noqa: F401
        import joserfc.jwt  # noqa: F401
    except ImportError:
        cure = "Install it by `pip install tunefolio[oidc]`, or leave the setting out"
        raise Misuse("TUNEFOLIO_OIDC_ISSUER", "needs Authlib, which is not installed", cure=cure) from None


class Oidc:
    """One provider. Thread-safe; what it published is remembered for an hour."""

    def __init__(self, config: OidcConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._lock = threading.Lock()
        self._hosts: dict[str, Http] = {}
        self._metadata: _Kept | None = None
        self._keys: _Kept | None = None

    @property
    def title(self) -> str:
        return self._config.title

    @property
    def issuer(self) -> str:
        return self._config.issuer

    def address(self, question: Question) -> Secret:
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        wish = {
            "response_type": "code",
            "client_id": self._config.client_id,
            "redirect_uri": question.redirect,
            "scope": self._config.scopes,
            "state": question.state.reveal(),
            "nonce": question.nonce,
            "code_challenge": create_s256_code_challenge(question.verifier.reveal()),
            "code_challenge_method": "S256",
        }
        if question.asking is Asking.ANEW:
            wish |= {"prompt": "login", "max_age": "0"}
        there = self._endpoint("authorization_endpoint")
        return Secret(f"{there}{'&' if '?' in there else '?'}{urlencode(wish)}")

    def identity(self, question: Question, answer: Mapping[str, str], now: Instant) -> ProvidedIdentity:
        """Steps: 1 the answer is of this issuer (RFC 9207); 2 it is no refusal; 3 the code becomes tokens;
        4 the ID token's signature and claims; 5 what it leaves out is asked of the issuer."""
        self._must_be_ours(answer)
        if answer.get("error"):
            raise _refusal(answer["error"])
        code = answer.get("code", "")
        if not code:
            raise _untrue("its answer has no code")
        tokens = self._tokens(question, code)
        claims = self._claims(tokens, question, now)
        if not claims.get("email") and "email" in self._config.scopes.split():
            claims = {**self._userinfo(tokens, str(claims["sub"])), **claims}
        return _identity(self._config.issuer, claims)

    def _must_be_ours(self, answer: Mapping[str, str]) -> None:
        """Whose answer it is: an issuer that promises to say so must, and none may name another."""
        said = answer.get("iss")
        promised = self._discovered().get("authorization_response_iss_parameter_supported") is True
        if said is None and not promised:
            return
        if said != self._config.issuer:
            raise _untrue("its answer names another issuer")

    def _tokens(self, question: Question, code: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": question.redirect,
            "code_verifier": question.verifier.reveal(),
        }
        headers = {"accept": "application/json"}
        secret = self._config.secret
        if secret is None:
            form["client_id"] = self._config.client_id
        elif self._takes_secret_in_the_form():
            form |= {"client_id": self._config.client_id, "client_secret": secret.reveal()}
        else:
            pair = f"{quote(self._config.client_id, safe='')}:{quote(secret.reveal(), safe='')}"
            headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
        found = self._asked("POST", self._endpoint("token_endpoint"), form=form, headers=headers)
        if not isinstance(found.get("id_token"), str) or not isinstance(found.get("access_token"), str):
            raise _untrue("it gave no ID token")
        return found

    def _takes_secret_in_the_form(self) -> bool:
        """Basic is what every issuer takes that names nothing else."""
        known = self._discovered().get("token_endpoint_auth_methods_supported")
        return (
            isinstance(known, list) and "client_secret_basic" not in known and "client_secret_post" in known
        )

    def _claims(self, tokens: Mapping[str, Any], question: Question, now: Instant) -> dict[str, Any]:
        """The ID token's claims, once everything about it holds; raises Rejected."""
        from authlib.oidc.core import CodeIDToken
        from joserfc.errors import JoseError

        claims, header = self._verified(tokens["id_token"], now)
        wanted = {"iss": {"essential": True, "value": self._config.issuer}, "nonce": {"essential": True}}
        params = {
            "client_id": self._config.client_id,
            "nonce": question.nonce,
            "access_token": tokens["access_token"],
        }
        told = CodeIDToken(claims, header, wanted, params)
        seconds = int(now.utc.timestamp())
        try:
            told.validate(now=seconds, leeway=int(SKEW.total_seconds()))
        except (JoseError, ValueError, TypeError, KeyError) as problem:
            raise _untrue(f"its ID token does not hold ({getattr(problem, 'error', 'claims')})") from None
        _must_be_for(self._config.client_id, claims)
        _must_be_of_now(claims, question, seconds)
        return claims

    def _verified(self, text: str, now: Instant) -> tuple[dict[str, Any], dict[str, Any]]:
        """Claims and header, signed by a key that the issuer publishes: an unknown one may be new."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError
        from joserfc.jwk import KeySet

        allowed = self._algorithms()
        for is_last in (False, True):
            try:
                keys = KeySet.import_key_set({"keys": self._published(now, must_be_new=is_last)})
                found = jwt.decode(text, keys, algorithms=allowed)
            except InvalidKeyIdError:
                continue
            except (JoseError, ValueError, TypeError, KeyError) as problem:
                raise _untrue(f"its ID token is not signed as it should be ({_name(problem)})") from None
            if not isinstance(found.claims.get("sub"), str) or not 0 < len(found.claims["sub"]) <= 255:
                raise _untrue("its ID token names nobody")
            return dict(found.claims), dict(found.header)
        raise _untrue("its ID token is signed by a key that it does not publish")

    def _algorithms(self) -> list[str]:
        named = self._discovered().get("id_token_signing_alg_values_supported")
        named = named if isinstance(named, list) else ["RS256"]
        return [one for one in ALGORITHMS if one in named]

    def _userinfo(self, tokens: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """E-mail and name, where the ID token has none; of the same person, or nothing is believed."""
        if not self._discovered().get("userinfo_endpoint"):
            return {}
        headers = {"authorization": f"Bearer {tokens['access_token']}", "accept": "application/json"}
        found = self._asked("GET", self._endpoint("userinfo_endpoint"), headers=headers)
        if found.get("sub") != subject:
            raise _untrue("what it tells of her is another's")
        return {name: found[name] for name in ("email", "email_verified", "name") if name in found}

    def _discovered(self) -> Mapping[str, Any]:
        now = self._clock.now()
        with self._lock:
            kept = self._metadata
        if kept is not None and now - kept.at < _KEPT:
            return kept.value
        found = self._asked("GET", self._config.issuer.rstrip("/") + _WELL_KNOWN)
        if found.get("issuer") != self._config.issuer:
            raise _untrue("its discovery document is another issuer's")
        with self._lock:
            self._metadata = _Kept(found, now)
        return found

    def _published(self, now: Instant, *, must_be_new: bool) -> list[Any]:
        """Its public keys: fetched anew for an unknown one, but not at everybody's will."""
        with self._lock:
            kept = self._keys
        lasts = _KEYS_AT_MOST_EVERY if must_be_new else _KEPT
        if kept is None or not timedelta(0) <= now - kept.at < lasts:
            found = self._asked("GET", self._endpoint("jwks_uri"))
            kept = _Kept(found, now)
            with self._lock:
                self._keys = kept
        keys = kept.value.get("keys")
        if not isinstance(keys, list):
            raise _untrue("it publishes no keys")
        return [one for one in keys if isinstance(one, dict) and _is_for_signatures(one)]

    def _endpoint(self, name: str) -> str:
        found = self._discovered().get(name)
        if not isinstance(found, str) or not _is_safe(found):
            raise _untrue(f"its discovery document has no good {name}")
        return found

    def _asked(
        self,
        method: str,
        address: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        """One JSON object; raises Retry when nobody answers, Rejected for anything else."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            host = self._hosts.setdefault(origin, self._host(origin))
        try:
            answer = host.send(method, address.removeprefix(origin), form=form, headers=headers)
        except Rejected as wrong:
            raise _untrue("its answer is too large" if wrong.code == "too_large" else wrong.reason) from None
        try:
            found = orjson.loads(answer.content)
        except ValueError:
            raise _untrue("its answer is not JSON") from None
        if not isinstance(found, dict):
            raise _untrue("its answer is no object")
        return found

    def _host(self, origin: str) -> Http:
        config = HttpConfig(
            self._config.title, origin, timeout_seconds=10, cap_bytes=_CAP_BYTES, deadline_seconds=15
        )
        return Http(config, _judge)


def _judge(answer: Answer) -> TunefolioError | None:
    """429 and 5xx are to be tried again; everything else that is no 2xx is a refusal."""
    found = by_status(answer)
    return found if found is None or isinstance(found, Retry) else _untrue(f"it answered {answer.status}")


def _is_safe(address: str) -> bool:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  a wrong port shows only when it is read
    except ValueError:
        return False
    is_web = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address))
    return is_web and bool(parts.hostname) and not parts.username and not parts.fragment


def _is_for_signatures(key: Mapping[str, Any]) -> bool:
    """A public key for signing: a shared secret among them would let anybody who reads it sign."""
    return key.get("kty") in ("RSA", "EC", "OKP") and key.get("use", "sig") == "sig"


def _must_be_for(client_id: str, claims: Mapping[str, Any]) -> None:
    """The token is for this house, and for it alone unless it says that this house had it made."""
    told = claims.get("aud")
    audience = told if isinstance(told, list) else [told]
    if client_id not in audience or (len(audience) > 1 and claims.get("azp") != client_id):
        raise _untrue("its ID token is for somebody else")


def _must_be_of_now(claims: Mapping[str, Any], question: Question, now: int) -> None:
    skew = SKEW.total_seconds()
    made = claims.get("iat")
    if not _is_number(made) or now - made > OLDEST.total_seconds() + skew:
        raise _untrue("its ID token is too old")
    if not hmac.compare_digest(str(claims.get("nonce")), question.nonce):
        raise _untrue("its ID token answers another question")
    if question.asking is Asking.ANEW and not _is_number(claims.get("auth_time")):
        raise _untrue("it does not say when she signed in there")


def _identity(issuer: str, claims: Mapping[str, Any]) -> ProvidedIdentity:
    email, name, signed_in = claims.get("email"), claims.get("name"), claims.get("auth_time")
    return ProvidedIdentity(
        issuer,
        str(claims["sub"]),
        email.strip().lower()[:254] if isinstance(email, str) else "",
        claims.get("email_verified") is True,
        name.strip()[:80] if isinstance(name, str) else "",
        _moment(signed_in),
    )


def _moment(seconds: object) -> Instant | None:
    if not _is_number(seconds):
        return None
    return Instant(datetime.fromtimestamp(seconds, tz=UTC))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**11


def _refusal(error: str) -> Rejected:
    if error == "access_denied":
        return Rejected("you, or it, did not allow it", code="provider")
    word = error if error.isascii() and error.replace("_", "").isalnum() else "an error"
    return Rejected(f"it answered {word[:40]}", code="provider")


def _untrue(what: str) -> Rejected:
    return Rejected(what, code="provider")


def _name(problem: Exception) -> str:
    return str(getattr(problem, "error", "")) or "unreadable"
