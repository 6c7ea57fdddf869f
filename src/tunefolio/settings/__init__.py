"""What the operator decides, read once from the environment and passed on; a wrong value stops the start.

variables.py is the one table: name, default, sentence. What people tune lives in the database.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.settings.variables import OPTIONS as OPTIONS
from tunefolio.settings.variables import VARIABLES as VARIABLES
from tunefolio.settings.variables import Unfit, Variable

PREFIX = "TUNEFOLIO_"
_FOR_TESTS = ("TUNEFOLIO_DATA", "TUNEFOLIO_CHROMIUM")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Profile(StrEnum):
    """up: the real books. demo: a rehearsal with books, key and password of its own."""

    UP = "up"
    DEMO = "demo"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every decision of the operator; VARIABLES says what each means.

    options: by adapter name in lower case, then by option in lower case: {"zerodha": {"root_url": "…"}}.
    """

    profile: Profile
    home: Path
    database_url: str
    key: Secret | None
    key_file: Path
    host: str
    port: int
    public_url: str
    proxies: str
    sign_up: str
    session_days: int
    leaked_passwords: Path | None
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: Secret | None
    oidc_name: str
    oidc_scopes: str
    oidc_sign_up: str
    oidc_trust_email: bool
    oidc_second_factor: str
    access_minutes: int
    refresh_days: int
    grace_days: int
    api_per_minute: int
    pages_per_minute: int
    strangers_per_minute: int
    cors_origins: tuple[str, ...]
    insecure_cookies: bool
    upload_limit_mib: int
    body_patience_seconds: int
    body_kib_per_second: int
    redis_url: str
    sources: tuple[str, ...]
    refresh_minutes: int
    backfill_days: int
    sync_minutes: int
    syncs_per_broker: int
    smtp_url: Secret | None
    mail_from: str
    telegram_token: Secret | None
    telegram_url: str
    webhook_private: bool
    metrics: Secret | None
    enrichment: bool
    workers: int
    job_lease_seconds: int
    log: str
    log_level: str
    options: Mapping[str, Mapping[str, Secret]]

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str], *, profile: Profile = Profile.UP, families: Collection[str] = ()
    ) -> Self:
        """Read and check everything. families: the installed adapters' names, whose options are let in.

        Raises Misuse naming the variable and the cure, also for a variable that does not exist.
        """
        options = _options(environ, families)
        values = {variable.field: _value(variable, environ) for variable in VARIABLES}
        home = _home(values.pop("home"), environ, profile)
        if profile is Profile.DEMO:
            values |= {"database_url": "", "key": None, "key_file": None, "redis_url": "", "oidc_issuer": ""}
        values["database_url"] = values["database_url"] or f"sqlite:///{home / 'tunefolio.db'}"
        values["key_file"] = values["key_file"] or home / "key"
        values["public_url"] = values["public_url"] or f"http://localhost:{values['port']}"
        settings = cls(profile=profile, home=home, options=options, **values)
        _check_together(settings)
        return settings

    @property
    def upload_limit_bytes(self) -> int:
        return self.upload_limit_mib * 1024 * 1024

    def options_of(self, family: str) -> dict[str, str]:
        """The options of one adapter as plain text, without the operator's application."""
        given = self.options.get(family, {})
        return {
            name: value.reveal() for name, value in given.items() if name not in {"api_key", "api_secret"}
        }


def is_loopback(host: str) -> bool:
    """Does only this machine reach the address?"""
    return host in _LOOPBACK


def _value(variable: Variable, environ: Mapping[str, str]) -> Any:
    text = environ.get(variable.name, "").strip() or variable.default
    try:
        return variable.read(text)
    except Unfit as unfit:
        raise Misuse(variable.name, unfit.problem, cure=unfit.cure) from None


def _home(given: Path | None, environ: Mapping[str, str], profile: Profile) -> Path:
    if given is None:
        share = environ.get("XDG_DATA_HOME") or str(
            Path(environ.get("HOME") or "~").expanduser() / ".local/share"
        )
        given = Path(share) / "tunefolio"
    given = given.absolute()
    return given if profile is Profile.UP else given.with_name(given.name + "-demo")


def _options(environ: Mapping[str, str], families: Collection[str]) -> dict[str, dict[str, Secret]]:
    """Everything with our prefix that is no fixed variable must be an adapter's option."""
    fixed = {variable.name for variable in VARIABLES}
    found: dict[str, dict[str, Secret]] = {}
    for name, value in environ.items():
        is_for_tests = name in _FOR_TESTS or name.startswith(f"{PREFIX}TEST_")
        if not name.startswith(PREFIX) or name in fixed or is_for_tests:
            continue
        family = next((one for one in families if name.startswith(f"{PREFIX}{one.upper()}_")), None)
        if family is None:
            raise Misuse(name, "is not a setting", cure=_nearest(name, fixed, families))
        if value.strip():
            found.setdefault(family, {})[name[len(PREFIX) + len(family) + 1 :].lower()] = Secret(
                value.strip()
            )
    return found


def _nearest(name: str, fixed: Collection[str], families: Collection[str]) -> str:
    known = [
        *sorted(fixed),
        *(
            f"{PREFIX}{family.upper()}_{option}"
            for family in families
            for option in ("API_KEY", "API_SECRET")
        ),
    ]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return f"Did you mean {close[0]}?"


def _check_together(settings: Settings) -> None:
    url = urlsplit(settings.public_url)
    if settings.profile is Profile.DEMO and not is_loopback(settings.host):
        raise Misuse(
            "TUNEFOLIO_HOST",
            f"{settings.host} would show the demo to other machines",
            cure="The demo listens on 127.0.0.1 only; use `tunefolio up` for a real house",
        )
    if url.scheme == "http" and url.hostname != "localhost" and not settings.insecure_cookies:
        raise Misuse(
            "TUNEFOLIO_PUBLIC_URL",
            f"browsers drop the sign-in cookie on {settings.public_url}",
            cure="Use https, or http://localhost, or set TUNEFOLIO_INSECURE_COOKIES=yes",
        )
    if settings.redis_url and not settings.database_url.startswith("postgresql"):
        raise Misuse(
            "TUNEFOLIO_REDIS_URL",
            "several processes cannot share one SQLite file well",
            cure="Set TUNEFOLIO_DATABASE_URL to a postgresql:// address, or leave Redis out",
        )
    if settings.oidc_issuer and not settings.oidc_client_id:
        raise Misuse(
            "TUNEFOLIO_OIDC_CLIENT_ID",
            "is missing, and TUNEFOLIO_OIDC_ISSUER needs it",
            cure="Register this house at the provider and write what it calls it",
        )
    for family, given in settings.options.items():
        if ("api_key" in given) != ("api_secret" in given):
            raise Misuse(
                f"{PREFIX}{family.upper()}_API_KEY",
                "needs its secret, and the secret its key",
                cure="Set both _API_KEY and _API_SECRET, or neither",
            )
