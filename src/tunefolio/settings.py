"""What the operator decides, read once from the environment and passed on; a wrong value stops the start.

VARIABLES is the one table: name, default, sentence. What people tune lives in the database.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret

PREFIX = "TUNEFOLIO_"
_FOR_TESTS = ("TUNEFOLIO_DATA", "TUNEFOLIO_CHROMIUM")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Profile(StrEnum):
    """up: the real books. demo: a rehearsal with books, key and password of its own."""

    UP = "up"
    DEMO = "demo"


class Unfit(ValueError):
    """A value that cannot be read: what is wrong, and what would be right."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: the field it fills, its default as text ("" for none), and what it means."""

    name: str
    field: str
    default: str
    sentence: str
    read: Callable[[str], Any]


def _text(text: str) -> str:
    return text


def _path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _secret(text: str) -> Secret | None:
    return Secret(text) if text else None


def _switch(text: str) -> bool:
    word = text.lower()
    if word in {"yes", "on", "true", "1"}:
        return True
    if word in {"no", "off", "false", "0"}:
        return False
    raise Unfit(f"{text!r} is neither yes nor no", "Write yes or no")


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise Unfit(f"{text!r} is not one of {', '.join(choices)}", f"Write {' or '.join(choices)}")
        return text.lower()

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Unfit(f"{text!r} is not a whole number from {least} to {most}", f"Write {least} to {most}")
        return int(text)

    return read


def _database_url(text: str) -> str:
    if text and not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise Unfit(
            "is neither SQLite nor PostgreSQL", "Write sqlite:////path/to/file.db or postgresql://host/name"
        )
    return text


def _web_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Unfit(f"{text!r} is not the address of a host", "Write https://folio.example.org")
    return text.rstrip("/")


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "TUNEFOLIO_HOME",
        "home",
        "",
        "Folder for the database and the key; the demo adds -demo to its name. "
        "Without it: tunefolio under XDG_DATA_HOME or ~/.local/share.",
        _path,
    ),
    Variable(
        "TUNEFOLIO_DATABASE_URL",
        "database_url",
        "",
        "Where the books are kept: sqlite:/// or postgresql://. "
        "Without it: tunefolio.db in the home folder. The demo does not read it.",
        _database_url,
    ),
    Variable(
        "TUNEFOLIO_KEY",
        "key",
        "",
        "The key ring that seals broker secrets, as text; wins over the key file. The demo does not read it.",
        _secret,
    ),
    Variable(
        "TUNEFOLIO_KEY_FILE",
        "key_file",
        "",
        "File of the key ring, made at the first start, readable by you "
        "only. Without it: key in the home folder. The demo does not read it.",
        _path,
    ),
    Variable(
        "TUNEFOLIO_HOST", "host", "127.0.0.1", "Address to listen on; 0.0.0.0 for every network.", _text
    ),
    Variable(
        "TUNEFOLIO_PORT", "port", "8000", "Port to listen on; the demo uses it as well.", _whole(1, 65535)
    ),
    Variable(
        "TUNEFOLIO_PUBLIC_URL",
        "public_url",
        "",
        "How browsers reach the house, such as "
        "https://folio.example.org. Without it: http://localhost and the port.",
        _web_url,
    ),
    Variable(
        "TUNEFOLIO_PROXIES",
        "proxies",
        "127.0.0.1",
        "Addresses of reverse proxies whose X-Forwarded headers are believed, with commas.",
        _text,
    ),
    Variable(
        "TUNEFOLIO_SIGN_UP",
        "sign_up",
        "invite",
        "Who may make an account after the first person, who is admin: open, invite or closed.",
        _one_of("open", "invite", "closed"),
    ),
    Variable(
        "TUNEFOLIO_SESSION_DAYS", "session_days", "30", "Days until an unused sign-in ends.", _whole(1, 365)
    ),
    Variable(
        "TUNEFOLIO_INSECURE_COOKIES",
        "insecure_cookies",
        "no",
        "Yes lets people sign in over plain http from "
        "other machines; anyone on the network can then read along.",
        _switch,
    ),
    Variable(
        "TUNEFOLIO_UPLOAD_LIMIT_MIB",
        "upload_limit_mib",
        "10",
        "Largest file to import, in MiB.",
        _whole(1, 1024),
    ),
    Variable(
        "TUNEFOLIO_ENRICHMENT",
        "enrichment",
        "yes",
        "Whether sectors are looked up at outside sources.",
        _switch,
    ),
    Variable(
        "TUNEFOLIO_WORKERS", "workers", "4", "Jobs that run at the same time in this process.", _whole(1, 64)
    ),
    Variable(
        "TUNEFOLIO_JOB_LEASE_SECONDS",
        "job_lease_seconds",
        "30",
        "How long a job may be silent before it counts as dead and runs again.",
        _whole(1, 3600),
    ),
    Variable(
        "TUNEFOLIO_LOG", "log", "plain", "Form of the log lines: plain or json.", _one_of("plain", "json")
    ),
    Variable(
        "TUNEFOLIO_LOG_LEVEL",
        "log_level",
        "info",
        "The least that is logged.",
        _one_of("debug", "info", "warning", "error"),
    ),
)

OPTIONS: tuple[tuple[str, str], ...] = (
    ("TUNEFOLIO_<BROKER>_API_KEY", "The operator's own application at a broker, for people who have none."),
    ("TUNEFOLIO_<BROKER>_API_SECRET", "The secret of that application."),
    (
        "TUNEFOLIO_<SOURCE>_<OPTION>",
        "An option of one broker or price source, such as TUNEFOLIO_ZERODHA_ROOT_URL.",
    ),
)
"""Settings whose names depend on the adapters installed."""


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
    insecure_cookies: bool
    upload_limit_mib: int
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
            values |= {"database_url": "", "key": None, "key_file": None}
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
    for family, given in settings.options.items():
        if ("api_key" in given) != ("api_secret" in given):
            raise Misuse(
                f"{PREFIX}{family.upper()}_API_KEY",
                "needs its secret, and the secret its key",
                cure="Set both _API_KEY and _API_SECRET, or neither",
            )
