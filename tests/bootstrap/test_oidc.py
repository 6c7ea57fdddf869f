"""The provider of identities that an operator sets up, with its package and without."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tunefolio.bootstrap.oidc import provider_of
from tunefolio.bootstrap.runtime import rules_of
from tunefolio.core.errors import Misuse
from tunefolio.core.time import FixedClock, Instant
from tunefolio.services.house import SignUp
from tunefolio.settings import Profile, Settings

CLOCK = FixedClock(Instant(datetime(2026, 11, 20, tzinfo=UTC)))


def settings(home: Path, profile: Profile = Profile.UP, /, **given: str) -> Settings:
    environ = {"TUNEFOLIO_HOME": str(home)} | {f"TUNEFOLIO_OIDC_{name}": text for name, text in given.items()}
    return Settings.from_env(environ, profile=profile)


def test_it_is_named_and_nothing_is_asked_of_it_at_the_start(tmp_path: Path) -> None:
    given = settings(tmp_path, ISSUER="https://id.example.org", CLIENT_ID="folio", NAME="Keycloak")
    found = provider_of(given, CLOCK)
    assert found is not None
    assert (found.title, found.issuer) == ("Keycloak", "https://id.example.org")
    assert provider_of(settings(tmp_path), CLOCK) is None
    demo = settings(tmp_path, Profile.DEMO, ISSUER="https://id.example.org", CLIENT_ID="folio")
    assert provider_of(demo, CLOCK) is None, "the demo has people of its own"


def test_without_its_package_the_start_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain installation has no Authlib, and needs none while no provider is set."""
    monkeypatch.setitem(sys.modules, "authlib.oidc.core", None)
    assert provider_of(settings(tmp_path), CLOCK) is None
    with pytest.raises(Misuse, match=r"pip install tunefolio\[oidc\]"):
        provider_of(settings(tmp_path, ISSUER="https://id.example.org", CLIENT_ID="folio"), CLOCK)


def test_its_rules_are_the_strict_ones_unless_said(tmp_path: Path) -> None:
    rules = rules_of(settings(tmp_path))
    assert (rules.provider_sign_up, rules.provider_is_trusted, rules.provider_is_enough) == (
        None,
        False,
        False,
    )
    said = rules_of(settings(tmp_path, SIGN_UP="closed", TRUST_EMAIL="yes", SECOND_FACTOR="provider"))
    assert (said.provider_sign_up, said.provider_is_trusted, said.provider_is_enough) == (
        SignUp.CLOSED,
        True,
        True,
    )
