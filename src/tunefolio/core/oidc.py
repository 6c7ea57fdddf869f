"""A person as an outside provider of identities knows her (OpenID Connect), and the port that asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant


class Asking(StrEnum):
    """How the provider is asked: whoever is signed in there will do, or she has to sign in there anew."""

    ANYBODY = "anybody"
    ANEW = "anew"


@dataclass(frozen=True, slots=True)
class Question:
    """One visit to the provider, as the house remembers it.

    redirect: where the answer comes; state: known to this browser alone; nonce: what the ID token must name;
    verifier: what proves at the provider that the one who asked also fetches (PKCE, RFC 7636).
    """

    redirect: str
    state: Secret
    nonce: str
    verifier: Secret
    asking: Asking = Asking.ANYBODY


@dataclass(frozen=True, slots=True)
class ProvidedIdentity:
    """What the provider says of her, signature and all checked. (issuer, subject) names her for ever.

    email: "" where it tells none; is_email_verified: by its own word. authenticated: when she last proved
    herself there; None where it does not say.
    """

    issuer: str
    subject: str
    email: str = ""
    is_email_verified: bool = False
    name: str = ""
    authenticated: Instant | None = None


class IdentityProvider(Protocol):
    """One provider of identities, by the authorization code flow. Raises Retry when it is away or fails,
    Rejected(code="provider") when it, or she, refuses, or when its answer does not hold."""

    @property
    def title(self) -> str:
        """What its button says."""
        ...

    @property
    def issuer(self) -> str: ...

    def address(self, question: Question) -> Secret:
        """Where the browser goes with the question; holds the state, so it is not for logs."""
        ...

    def identity(self, question: Question, answer: Mapping[str, str], now: Instant) -> ProvidedIdentity:
        """Whom the provider's answer, the query of the redirect, proves; fetches the tokens and checks all
        of it."""
        ...
