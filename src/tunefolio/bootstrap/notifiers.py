"""Which channels this house can send to, as its operator set it up."""

from __future__ import annotations

from urllib.parse import urlsplit

from tunefolio.adapters.notify.mail import Mail
from tunefolio.adapters.notify.telegram import Telegram
from tunefolio.adapters.notify.webhook import Webhook
from tunefolio.core.notice import ChannelKind, Notifier
from tunefolio.settings import Settings


def notifiers_of(settings: Settings) -> dict[str, Notifier]:
    """By kind of channel; webhooks need nothing, mail a server, Telegram a bot."""
    found: dict[str, Notifier] = {ChannelKind.WEBHOOK: Webhook(allow_private=settings.webhook_private)}
    if settings.smtp_url is not None:
        host = urlsplit(settings.public_url).hostname or "localhost"
        sender = settings.mail_from or f"tunefolio@{host}"
        found[ChannelKind.EMAIL] = Mail(settings.smtp_url, sender, host)
    if settings.telegram_token is not None:
        found[ChannelKind.TELEGRAM] = Telegram(settings.telegram_token, settings.telegram_url)
    return found
