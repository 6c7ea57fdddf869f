"""The provider of identities that the operator set up, if any."""

from __future__ import annotations

from tunefolio.adapters.oidc import Oidc, OidcConfig, must_be_installed
from tunefolio.core.oidc import IdentityProvider
from tunefolio.core.time import Clock
from tunefolio.settings import Settings


def provider_of(settings: Settings, clock: Clock) -> IdentityProvider | None:
    """None where none is set; nothing is asked of it yet. Raises Misuse where its package is missing."""
    if not settings.oidc_issuer:
        return None
    must_be_installed()
    config = OidcConfig(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret,
        settings.oidc_name,
        settings.oidc_scopes,
    )
    return Oidc(config, clock)
