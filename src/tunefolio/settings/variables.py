"""The table of settings: name, default, sentence, and how its text is read; the one place that lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tunefolio.settings import readers
from tunefolio.settings.readers import Unfit as Unfit


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: the field it fills, its default as text ("" for none), and what it means."""

    name: str
    field: str
    default: str
    sentence: str
    read: Callable[[str], Any]


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "TUNEFOLIO_HOME",
        "home",
        "",
        "Folder for the database and the key; the demo adds -demo to its name. "
        "Without it: tunefolio under XDG_DATA_HOME or ~/.local/share.",
        readers.path,
    ),
    Variable(
        "TUNEFOLIO_DATABASE_URL",
        "database_url",
        "",
        "Where the books are kept: sqlite:/// or postgresql://. "
        "Without it: tunefolio.db in the home folder. The demo does not read it.",
        readers.database_url,
    ),
    Variable(
        "TUNEFOLIO_KEY",
        "key",
        "",
        "The key ring that seals broker secrets, as text; wins over the key file. The demo does not read it.",
        readers.secret,
    ),
    Variable(
        "TUNEFOLIO_KEY_FILE",
        "key_file",
        "",
        "File of the key ring, made at the first start, readable by you "
        "only. Without it: key in the home folder. The demo does not read it.",
        readers.path,
    ),
    Variable(
        "TUNEFOLIO_HOST",
        "host",
        "127.0.0.1",
        "Address to listen on; 0.0.0.0 for every network.",
        readers.text_of,
    ),
    Variable(
        "TUNEFOLIO_PORT",
        "port",
        "8000",
        "Port to listen on; the demo uses it as well.",
        readers.whole(1, 65535),
    ),
    Variable(
        "TUNEFOLIO_PUBLIC_URL",
        "public_url",
        "",
        "How browsers reach the house, such as "
        "https://folio.example.org. Without it: http://localhost and the port.",
        readers.web_url,
    ),
    Variable(
        "TUNEFOLIO_PROXIES",
        "proxies",
        "127.0.0.1",
        "Addresses of reverse proxies whose X-Forwarded headers are believed, with commas.",
        readers.text_of,
    ),
    Variable(
        "TUNEFOLIO_SIGN_UP",
        "sign_up",
        "invite",
        "Who may make an account after the first person, who is admin: open, invite or closed.",
        readers.one_of("open", "invite", "closed"),
    ),
    Variable(
        "TUNEFOLIO_SESSION_DAYS",
        "session_days",
        "30",
        "Days until an unused sign-in ends.",
        readers.whole(1, 365),
    ),
    Variable(
        "TUNEFOLIO_LEAKED_PASSWORDS",
        "leaked_passwords",
        "",
        "Leaked passwords that nobody may choose, as Have I Been Pwned gives them: a file sorted by SHA-1,"
        " or a folder of ranges. Without it: the thirty thousand commonest, and what is guessed like them.",
        readers.leaks,
    ),
    Variable(
        "TUNEFOLIO_OIDC_ISSUER",
        "oidc_issuer",
        "",
        "Address of a provider of identities (OpenID Connect) by which people may sign in, as its tokens "
        "name it; needs the extra tunefolio[oidc]. Without it: not offered. The demo does not read it.",
        readers.issuer,
    ),
    Variable(
        "TUNEFOLIO_OIDC_CLIENT_ID", "oidc_client_id", "", "What this house is called there.", readers.text_of
    ),
    Variable(
        "TUNEFOLIO_OIDC_CLIENT_SECRET",
        "oidc_client_secret",
        "",
        "The secret it was given there. Without it: a public client, by PKCE alone.",
        readers.secret,
    ),
    Variable(
        "TUNEFOLIO_OIDC_NAME",
        "oidc_name",
        "single sign-on",
        "What the button says after with.",
        readers.text_of,
    ),
    Variable(
        "TUNEFOLIO_OIDC_SCOPES",
        "oidc_scopes",
        "openid email profile",
        "What is asked of it: words with spaces, openid among them.",
        readers.scopes,
    ),
    Variable(
        "TUNEFOLIO_OIDC_SIGN_UP",
        "oidc_sign_up",
        "same",
        "Who may make an account by it: open, invite, closed, or same as TUNEFOLIO_SIGN_UP.",
        readers.one_of("same", "open", "invite", "closed"),
    ),
    Variable(
        "TUNEFOLIO_OIDC_TRUST_EMAIL",
        "oidc_trust_email",
        "no",
        "Yes: an e-mail address that it calls verified counts as confirmed here and signs in whoever has it: "
        "whoever runs it can become anybody.",
        readers.switch,
    ),
    Variable(
        "TUNEFOLIO_OIDC_SECOND_FACTOR",
        "oidc_second_factor",
        "house",
        "Whose second factor counts: house asks for a code here as well where one is on, provider does not.",
        readers.one_of("house", "provider"),
    ),
    Variable(
        "TUNEFOLIO_ACCESS_MINUTES",
        "access_minutes",
        "60",
        "Minutes until an access token of the API ends.",
        readers.whole(1, 1440),
    ),
    Variable(
        "TUNEFOLIO_REFRESH_DAYS",
        "refresh_days",
        "30",
        "Days until an unused refresh token of the API ends.",
        readers.whole(1, 365),
    ),
    Variable(
        "TUNEFOLIO_GRACE_DAYS",
        "grace_days",
        "14",
        "Days in which somebody who deletes her account can still take that back.",
        readers.whole(0, 365),
    ),
    Variable(
        "TUNEFOLIO_API_PER_MINUTE",
        "api_per_minute",
        "100",
        "Requests that all tokens of one person may make in any minute; 0: without limit.",
        readers.whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_PAGES_PER_MINUTE",
        "pages_per_minute",
        "1200",
        "The same for the browsers of one person.",
        readers.whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_STRANGERS_PER_MINUTE",
        "strangers_per_minute",
        "100",
        "The same for one address that is not signed in.",
        readers.whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_CORS_ORIGINS",
        "cors_origins",
        "",
        "Origins of other sites whose pages may ask the API, such as https://app.example.org, with commas; "
        "* for any, then without cookies. Without it: none.",
        readers.origins,
    ),
    Variable(
        "TUNEFOLIO_INSECURE_COOKIES",
        "insecure_cookies",
        "no",
        "Yes lets people sign in over plain http from "
        "other machines; anyone on the network can then read along.",
        readers.switch,
    ),
    Variable(
        "TUNEFOLIO_UPLOAD_LIMIT_MIB",
        "upload_limit_mib",
        "10",
        "Largest file to import, in MiB.",
        readers.whole(1, 1024),
    ),
    Variable(
        "TUNEFOLIO_BODY_PATIENCE_SECONDS",
        "body_patience_seconds",
        "20",
        "How long what a request sends may take however little it is, and how long it may stand still.",
        readers.whole(1, 3600),
    ),
    Variable(
        "TUNEFOLIO_BODY_KIB_PER_SECOND",
        "body_kib_per_second",
        "4",
        "How fast more than that must come, in KiB a second; 0: however slowly.",
        readers.whole(0, 1_000_000),
    ),
    Variable(
        "TUNEFOLIO_REDIS_URL",
        "redis_url",
        "",
        "Redis for what several processes share: the queue, limits, caches, live prices; needs PostgreSQL. "
        "Without it: one process. The demo does not read it.",
        readers.redis_url,
    ),
    Variable(
        "TUNEFOLIO_SOURCES",
        "sources",
        "nse,bse,amfi,binance,coingecko,fbil,ecb,frankfurter,gold,zerodha,angelone,kotakneo,generic,yahoo",
        "Market sources in order of preference, with commas; one left out is never asked.",
        readers.names,
    ),
    Variable(
        "TUNEFOLIO_REFRESH_MINUTES",
        "refresh_minutes",
        "15",
        "How often the prices of everything held or watched are fetched while its market is open.",
        readers.whole(1, 1440),
    ),
    Variable(
        "TUNEFOLIO_BACKFILL_DAYS",
        "backfill_days",
        "365",
        "How long before the first transaction of an instrument its price history begins.",
        readers.whole(0, 36500),
    ),
    Variable(
        "TUNEFOLIO_SYNC_MINUTES",
        "sync_minutes",
        "60",
        "How often brokers are asked for statements and trades while their exchange trades; "
        "0: only in the morning and after the close.",
        readers.whole(0, 1440),
    ),
    Variable(
        "TUNEFOLIO_SYNCS_PER_BROKER",
        "syncs_per_broker",
        "2",
        "Accounts of one broker that one process syncs at the same time, always fewer than its workers: so "
        "that a slow broker leaves room for others.",
        readers.whole(1, 64),
    ),
    Variable(
        "TUNEFOLIO_SMTP_URL",
        "smtp_url",
        "",
        "Where mail is handed in: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. "
        "Without it no mail is sent.",
        readers.smtp_url,
    ),
    Variable("TUNEFOLIO_MAIL_FROM", "mail_from", "", "The sender's address of such mail.", readers.text_of),
    Variable(
        "TUNEFOLIO_TELEGRAM_TOKEN",
        "telegram_token",
        "",
        "Token of the operator's Telegram bot, for alerts. Without it Telegram is not offered.",
        readers.secret,
    ),
    Variable(
        "TUNEFOLIO_TELEGRAM_URL",
        "telegram_url",
        "https://api.telegram.org",
        "Where Telegram's Bot API is reached.",
        readers.web_url,
    ),
    Variable(
        "TUNEFOLIO_WEBHOOK_PRIVATE",
        "webhook_private",
        "no",
        "Yes lets people send alerts to web addresses of your own network, and over plain http.",
        readers.switch,
    ),
    Variable(
        "TUNEFOLIO_METRICS",
        "metrics",
        "",
        "Token that /metrics asks of whoever reads it as a bearer. Without it only admins may read it.",
        readers.secret,
    ),
    Variable(
        "TUNEFOLIO_ENRICHMENT",
        "enrichment",
        "yes",
        "Whether sectors are looked up at outside sources.",
        readers.switch,
    ),
    Variable(
        "TUNEFOLIO_WORKERS",
        "workers",
        "8",
        "Jobs that run at the same time in this process.",
        readers.whole(1, 64),
    ),
    Variable(
        "TUNEFOLIO_JOB_LEASE_SECONDS",
        "job_lease_seconds",
        "30",
        "How long a job may be silent before it counts as dead and runs again.",
        readers.whole(1, 3600),
    ),
    Variable(
        "TUNEFOLIO_LOG",
        "log",
        "plain",
        "Form of the log lines: plain or json.",
        readers.one_of("plain", "json"),
    ),
    Variable(
        "TUNEFOLIO_LOG_LEVEL",
        "log_level",
        "info",
        "The least that is logged.",
        readers.one_of("debug", "info", "warning", "error"),
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
