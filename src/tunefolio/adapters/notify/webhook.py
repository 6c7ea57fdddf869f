"""Notices as signed JSON to a web address of a person's choosing, which is never one of our own network.

The name is resolved once, every address of it must be public, and the call goes to the address that was
checked: so a name that changes its mind between check and call leads nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

import orjson

from tunefolio.core.errors import Misuse, Rejected, Retry
from tunefolio.core.notice import Notice
from tunefolio.core.secret import Secret

_TIMEOUT_SECONDS: Final = 10.0
_LEAST_SECRET: Final = 16
_MOST_TARGET: Final = 2_000


@dataclass(frozen=True, slots=True)
class Webhook:
    """allow_private: the operator lets people reach addresses of the house's own network, also over http."""

    allow_private: bool = False

    def fit(self, target: str) -> str:
        """`https://host/path`, a space, and the secret that signs; raises Misuse."""
        url, _, key = target.strip().partition(" ")
        key = key.strip()
        if len(target) > _MOST_TARGET:
            raise Misuse("target", "is too long")
        parts = _parts(url)
        if parts.scheme != "https" and not (self.allow_private and parts.scheme == "http"):
            raise Misuse("target", "must be an https address", cure="Write https://example.org/hook")
        if parts.username or parts.password or parts.fragment:
            raise Misuse("target", "must hold neither a password nor a #", cure="Put secrets into the secret")
        if len(key) < _LEAST_SECRET or not key.isascii() or not key.isprintable():
            raise Misuse("secret", f"must have at least {_LEAST_SECRET} plain letters or digits")
        if not self.allow_private:
            _must_be_public(parts.hostname or "")
        return f"{url} {key}"

    def hint(self, target: str) -> str:
        """The host and the last letters of the path."""
        parts = urlsplit(target.partition(" ")[0])
        tail = parts.path.rstrip("/")[-4:]
        return f"{parts.hostname}/…{tail}" if tail else str(parts.hostname)

    def notify(self, notice: Notice, target: Secret) -> None:
        """POST it; raises Rejected for 3xx and most 4xx, Retry for 408, 409, 425, 429, 5xx and silence."""
        url, _, key = target.reveal().partition(" ")
        parts = urlsplit(url)
        body = orjson.dumps(content(notice))
        headers = signed(body, key, notice.key, int(time.time())) | {"Host": parts.netloc}
        status, wait = self._post(parts, body, headers)
        if 200 <= status < 300:
            return
        if status in {408, 409, 425, 429} or status >= 500:
            raise Retry(f"webhook: answered with status {status}", after=wait)
        raise Rejected(f"webhook: answered with status {status}", code=f"http_{status}")

    def _post(self, parts: SplitResult, body: bytes, headers: dict[str, str]) -> tuple[int, timedelta | None]:
        connection = self._connection(parts)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            wait = answer.getheader("Retry-After", "")
            return answer.status, timedelta(seconds=min(int(wait), 3600)) if wait.isdigit() else None
        except (OSError, http.client.HTTPException) as problem:
            raise Retry(f"webhook: no answer ({type(problem).__name__})") from None
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = self._address(host, port)
        connection = (
            http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_SECONDS)
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        )
        try:
            plain = socket.create_connection((address, port), _TIMEOUT_SECONDS)
        except OSError as problem:
            raise Retry(f"webhook: no answer ({type(problem).__name__})") from None
        try:
            connection.sock = (
                ssl.create_default_context().wrap_socket(plain, server_hostname=host)
                if parts.scheme == "https"
                else plain
            )
        except OSError as problem:
            plain.close()
            raise Retry(f"webhook: no safe connection ({type(problem).__name__})") from None
        return connection

    def _address(self, host: str, port: int) -> str:
        """One address of the host, all of which may be called; raises Retry for an unknown name, Rejected."""
        try:
            found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
        except (OSError, UnicodeError):
            raise Retry("webhook: the name of its host is not known") from None
        if not self.allow_private and not all(is_public(address) for address in found):
            raise Rejected("webhook: its host lies in a private network", code="private")
        return sorted(found)[0]


def content(notice: Notice) -> dict[str, str]:
    """What the receiver reads: docs/spec/alerts.md."""
    return {
        "event": notice.key,
        "urgency": notice.urgency,
        "title": notice.title,
        "text": notice.text,
        "at": notice.at.iso(),
        "link": notice.link,
    }


def signed(body: bytes, key: str, event: str, timestamp: int) -> dict[str, str]:
    """Headers: the signature is HMAC-SHA256 of `timestamp.body` under the secret, in hex."""
    digest = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "TuneFolio",
        "Idempotency-Key": event,
        "X-TuneFolio-Timestamp": str(timestamp),
        "X-TuneFolio-Signature": f"sha256={digest}",
    }


def is_public(address: str) -> bool:
    """Whether the address lies in the public network; one that hides an IPv4 address is judged by that."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        hidden = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if hidden is not None:
            found = hidden
        elif found in ipaddress.ip_network("64:ff9b::/96"):
            found = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Misuse("target", "is not a web address") from None
    if not parts.hostname or any(letter.isspace() or not letter.isprintable() for letter in url):
        raise Misuse("target", "is not a web address", cure="Write https://example.org/hook")
    return parts


def _must_be_public(host: str) -> None:
    """What can be seen without asking anyone; names are judged when they are called."""
    is_ours = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if is_ours:
            raise Misuse("target", "lies in the house's own network") from None
        return
    if not is_public(host):
        raise Misuse("target", "lies in a private network", cure="Give a public address")
