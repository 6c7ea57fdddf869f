"""How the text of a setting is read: each reader gives the value or raises Unfit with what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from tunefolio.core.secret import Secret


class Unfit(ValueError):
    """A value that cannot be read: what is wrong, and what would be right."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure


def text_of(text: str) -> str:
    return text


def path(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def leaks(text: str) -> Path | None:
    found = path(text)
    if found is not None and not found.exists():
        raise Unfit(f"{found} is not there", "Write the path of the file or folder that was downloaded")
    return found


def secret(text: str) -> Secret | None:
    return Secret(text) if text else None


def switch(text: str) -> bool:
    word = text.lower()
    if word in {"yes", "on", "true", "1"}:
        return True
    if word in {"no", "off", "false", "0"}:
        return False
    raise Unfit(f"{text!r} is neither yes nor no", "Write yes or no")


def one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise Unfit(f"{text!r} is not one of {', '.join(choices)}", f"Write {' or '.join(choices)}")
        return text.lower()

    return read


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Unfit(f"{text!r} is not a whole number from {least} to {most}", f"Write {least} to {most}")
        return int(text)

    return read


def database_url(text: str) -> str:
    if text and not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise Unfit(
            "is neither SQLite nor PostgreSQL", "Write sqlite:////path/to/file.db or postgresql://host/name"
        )
    return text


def redis_url(text: str) -> str:
    if text and not text.startswith(("redis://", "rediss://", "unix://")):
        raise Unfit("is not the address of a Redis", "Write redis://host:6379/0")
    return text


def smtp_url(text: str) -> Secret | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise Unfit("is not the address of a mail server", "Write smtp://user:password@host:587")
    return Secret(text)


def names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))


def web_url(text: str) -> str:
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise Unfit(f"{text!r} is not the address of a host", "Write https://folio.example.org")
    return text.rstrip("/")


def issuer(text: str) -> str:
    """Kept to the letter: tokens name it so. http for this machine alone."""
    if not text:
        return ""
    parts = urlsplit(text)
    is_local = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not (parts.scheme == "https" or is_local) or not parts.hostname or parts.query or parts.fragment:
        raise Unfit(
            f"{text!r} is not the address of an issuer", "Write https://id.example.org, as it says itself"
        )
    return text


def scopes(text: str) -> str:
    words = text.replace(",", " ").split()
    if "openid" not in words:
        raise Unfit(f"{text!r} lacks openid", "Write openid email profile")
    return " ".join(dict.fromkeys(words))


def origins(text: str) -> tuple[str, ...]:
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
