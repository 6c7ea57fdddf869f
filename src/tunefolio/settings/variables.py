"""The table of settings: name, default, sentence, and how its text is read; the one place that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tunefolio.core.secret import Secret


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


def _leaks(text: str) -> Path | None:
    path = _path(text)
    if path is not None and not path.exists():
        raise Unfit(f"{path} is not there", "Write the path of the file or folder that was downloaded")
    return path


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


def _redis_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise Unfit("is not the address of a Redis", "Write redis://host:6379/0")
    return text


def _smtp_url(text: str) -> Secret | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Unfit("is not the address of a mail server", "Write smtp://user:password@host:587")
    return Secret(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))


def _web_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Unfit(f"{text!r} is not the address of a host", "Write https://folio.example.org")
    return text.rstrip("/")


def _origins(text: str) -> tuple[str, ...]:
    """Exact origins, or "*" alone."""
    found = tuple(dict.fromkeys(one.strip().rstrip("/") for one in text.split(",") if one.strip()))
    for one in found:
        parts = urlsplit(one)
        is_exact = (
            parts.scheme in {"http", "https"} and parts.netloc and one == f"{parts.scheme}://{parts.netloc}"
        )
        if found != ("*",) and (not is_exact or "*" in one):
            raise Unfit(f"{one!r} is not an origin", "Write https://app.example.org, several with commas")
    return found


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
        "TUNEFOLIO_LEAKED_PASSWORDS",
        "leaked_passwords",
        "",
        "Leaked passwords that nobody may choose, as Have I Been Pwned gives them: a file sorted by SHA-1,"
        " or a folder of ranges. Without it: the thirty thousand commonest, and what is guessed like them.",
        _leaks,
    ),
    Variable(
        "TUNEFOLIO_ACCESS_MINUTES",
        "access_minutes",
        "60",
        "Minutes until an access token of the API ends.",
        _whole(1, 1440),
    ),
    Variable(
        "TUNEFOLIO_REFRESH_DAYS",
        "refresh_days",
        "30",
        "Days until an unused refresh token of the API ends.",
        _whole(1, 365),
    ),
    Variable(
        "TUNEFOLIO_GRACE_DAYS",
        "grace_days",
        "14",
        "Days in which somebody who deletes her account can still take that back.",
        _whole(0, 365),
    ),
    Variable(
        "TUNEFOLIO_API_PER_MINUTE",
        "api_per_minute",
        "100",
        "Requests that all tokens of one person may make in any minute; 0: without limit.",
        _whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_PAGES_PER_MINUTE",
        "pages_per_minute",
        "1200",
        "The same for the browsers of one person.",
        _whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_STRANGERS_PER_MINUTE",
        "strangers_per_minute",
        "100",
        "The same for one address that is not signed in.",
        _whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_CORS_ORIGINS",
        "cors_origins",
        "",
        "Origins of other sites whose pages may ask the API, such as https://app.example.org, with commas; "
        "* for any, then without cookies. Without it: none.",
        _origins,
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
        "TUNEFOLIO_REDIS_URL",
        "redis_url",
        "",
        "Redis for what several processes share: the queue, limits, caches, live prices; needs PostgreSQL. "
        "Without it: one process. The demo does not read it.",
        _redis_url,
    ),
    Variable(
        "TUNEFOLIO_SOURCES",
        "sources",
        "nse,bse,amfi,binance,coingecko,fbil,ecb,frankfurter,gold,zerodha,angelone,kotakneo,generic,yahoo",
        "Market sources in order of preference, with commas; one left out is never asked.",
        _names,
    ),
    Variable(
        "TUNEFOLIO_REFRESH_MINUTES",
        "refresh_minutes",
        "15",
        "How often the prices of everything held or watched are fetched while its market is open.",
        _whole(1, 1440),
    ),
    Variable(
        "TUNEFOLIO_BACKFILL_DAYS",
        "backfill_days",
        "365",
        "How long before the first transaction of an instrument its price history begins.",
        _whole(0, 36500),
    ),
    Variable(
        "TUNEFOLIO_SYNC_MINUTES",
        "sync_minutes",
        "60",
        "How often brokers are asked for statements and trades while their exchange trades; "
        "0: only in the morning and after the close.",
        _whole(0, 1440),
    ),
    Variable(
        "TUNEFOLIO_SYNCS_PER_BROKER",
        "syncs_per_broker",
        "2",
        "Accounts of one broker that one process syncs at the same time, always fewer than its workers: so "
        "that a slow broker leaves room for others.",
        _whole(1, 64),
    ),
    Variable(
        "TUNEFOLIO_SMTP_URL",
        "smtp_url",
        "",
        "Where mail is handed in: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. "
        "Without it no mail is sent.",
        _smtp_url,
    ),
    Variable("TUNEFOLIO_MAIL_FROM", "mail_from", "", "The sender's address of such mail.", _text),
    Variable(
        "TUNEFOLIO_TELEGRAM_TOKEN",
        "telegram_token",
        "",
        "Token of the operator's Telegram bot, for alerts. Without it Telegram is not offered.",
        _secret,
    ),
    Variable(
        "TUNEFOLIO_TELEGRAM_URL",
        "telegram_url",
        "https://api.telegram.org",
        "Where Telegram's Bot API is reached.",
        _web_url,
    ),
    Variable(
        "TUNEFOLIO_WEBHOOK_PRIVATE",
        "webhook_private",
        "no",
        "Yes lets people send alerts to web addresses of your own network, and over plain http.",
        _switch,
    ),
    Variable(
        "TUNEFOLIO_METRICS",
        "metrics",
        "",
        "Token that /metrics asks of whoever reads it as a bearer. Without it only admins may read it.",
        _secret,
    ),
    Variable(
        "TUNEFOLIO_ENRICHMENT",
        "enrichment",
        "yes",
        "Whether sectors are looked up at outside sources.",
        _switch,
    ),
    Variable(
        "TUNEFOLIO_WORKERS", "workers", "8", "Jobs that run at the same time in this process.", _whole(1, 64)
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
