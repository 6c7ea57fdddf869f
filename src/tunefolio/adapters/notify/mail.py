"""Notices by mail, handed to one SMTP server. The Message-ID comes from the event: doubles can be told."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from contextlib import ExitStack
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Final
from urllib.parse import unquote, urlsplit

from tunefolio.core.errors import Rejected, Retry
from tunefolio.core.notice import Notice, Urgency
from tunefolio.core.people import email_of
from tunefolio.core.secret import Secret

_PORTS: Final = {"smtp": 587, "smtps": 465}
_TIMEOUT_SECONDS: Final = 20.0
_PERMANENT: Final = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """url: smtp://user:password@host:587, STARTTLS where the server offers it, or smtps://…:465.

    A password is never sent unencrypted, but to this very machine. sender: the address mail comes from; host:
    the house's own name, for Message-IDs.
    """

    url: Secret
    sender: str
    host: str

    def fit(self, target: str) -> str:
        """An address; raises Misuse."""
        return email_of(target)

    def hint(self, target: str) -> str:
        """a…@example.org"""
        name, _, domain = target.partition("@")
        return f"{name[:1]}…@{domain}"

    def notify(self, notice: Notice, target: Secret) -> None:
        """Raises Retry for a server that is away, busy or not to be trusted; Rejected where it refuses."""
        message = self.message(notice, target.reveal())
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            raise _judged(max(codes, default=_PERMANENT), "the address is refused") from None
        except smtplib.SMTPResponseException as problem:
            raise _judged(problem.smtp_code, "the mail server refuses") from None
        except ssl.SSLCertVerificationError as problem:  # a certificate that ran out is renewed: it waits
            raise Retry(f"mail: the server's certificate is not trusted: {problem.verify_message}") from None
        except ssl.SSLError:
            raise Retry("mail: the server speaks no TLS there; is it smtp:// or another port?") from None
        except (smtplib.SMTPException, OSError) as problem:
            raise Retry(f"mail: no answer ({type(problem).__name__})") from None

    def message(self, notice: Notice, address: str) -> EmailMessage:
        """Plain text; the same event gives the same message, byte for byte but for its boundaries."""
        message = EmailMessage()
        message["From"] = formataddr(("TuneFolio", self.sender))
        message["To"] = address
        message["Subject"] = " ".join(notice.title.split())[:200]
        message["Date"] = format_datetime(notice.at.utc)
        digest = hashlib.sha256(f"{notice.person}:{notice.key}".encode()).hexdigest()[:40]
        message["Message-ID"] = f"<{digest}@{self.host}>"
        message["Auto-Submitted"] = "auto-generated"
        if notice.urgency is Urgency.CRITICAL:
            message["Importance"] = "high"
        link = f"\n\n{notice.link}" if notice.link else ""
        message.set_content(f"{notice.title}\n\n{notice.text}{link}\n")
        return message

    def _connected(self) -> smtplib.SMTP:
        parts = urlsplit(self.url.reveal())
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        with ExitStack() as refused:
            refused.callback(server.close)
            _introduced(server, host, context, parts.username, parts.password)
            refused.pop_all()
        return server


def _introduced(
    server: smtplib.SMTP, host: str, context: ssl.SSLContext, user: str | None, password: str | None
) -> None:
    server.ehlo()
    is_safe = isinstance(server, smtplib.SMTP_SSL) or host in {"localhost", "127.0.0.1", "::1"}
    if not isinstance(server, smtplib.SMTP_SSL) and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
        is_safe = True
    if user:
        if not is_safe:
            raise Rejected("the mail server offers no encryption, so the password was not sent")
        server.login(unquote(user), unquote(password or ""))


def _judged(code: int, words: str) -> Retry | Rejected:
    """4xx comes back later, 5xx is final."""
    told = f"mail: {words} (status {code})"
    return Rejected(told, code=f"smtp_{code}") if code >= _PERMANENT else Retry(told)
