"""A mail server that takes everything in and sends nothing on, spoken to over SMTP."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port
from tunefolio.core.secret import Secret


@dataclass
class Postbox:
    """What the server took, oldest first."""

    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.mails += [(to, message) for to in envelope.rcpt_tos]
        return "250 OK"

    def of(self, address: str) -> list[EmailMessage]:
        return [message for to, message in self.mails if to == address]

    def words_to(self, address: str) -> str:
        """Everything that was written to that address, oldest first."""
        return "\n".join(text(one) for one in self.of(address))

    def link(self, address: str) -> Secret:
        """The token in the newest mail with a link to that address."""
        found = re.findall(r"\?token=([\w-]+)", self.words_to(address))
        return Secret(found[-1])


def text(message: EmailMessage) -> str:
    body: Any = message.get_body()
    return str(body.get_content())


@contextmanager
def taken_in(postbox: Postbox) -> Iterator[str]:
    """The address of a server on this machine that puts what it gets there, until the block ends."""
    port = free_port()
    server = Controller(postbox, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        server.stop()
