"""Notices as messages of the operator's Telegram bot. The Bot API knows no idempotency key: after a crash
between sending and keeping that it was sent, a message may come twice."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Final

import orjson

from tunefolio.adapters.http import Answer, Http, HttpConfig
from tunefolio.core.errors import Misuse, Rejected, Retry, TunefolioError
from tunefolio.core.notice import Notice
from tunefolio.core.secret import Secret

_LONGEST: Final = 3_500
_LONGEST_WAIT: Final = timedelta(hours=1)


class Telegram:
    """Sends to one chat each. url: where the Bot API is reached; the token stands in every path, unlogged."""

    def __init__(self, token: Secret, url: str = "https://api.telegram.org") -> None:
        self._token = token
        self._http = Http(HttpConfig("telegram", url, cap_bytes=1_000_000, deadline_seconds=30), judged)

    def fit(self, target: str) -> str:
        """The number of a chat, as the bot @userinfobot and others tell it; raises Misuse."""
        text = target.strip()
        if not (text.removeprefix("-").isdigit() and text.isascii() and len(text) <= 20):
            raise Misuse(
                "target", "is not the number of a chat", cure="Write to the bot, then give your chat's number"
            )
        return text

    def hint(self, target: str) -> str:
        """The last digits."""
        return f"chat …{target[-4:]}"

    def notify(self, notice: Notice, target: Secret) -> None:
        """Raises Retry with the wait Telegram asks for, Rejected when the chat is gone or blocks the bot."""
        form = {
            "chat_id": target.reveal(),
            "text": text_of(notice),
            "parse_mode": "HTML",
            "link_preview_options": '{"is_disabled":true}',
        }
        self._http.send("POST", f"/bot{self._token.reveal()}/sendMessage", form=form)

    def close(self) -> None:
        self._http.close()


def text_of(notice: Notice) -> str:
    """Bold title, text, link; nothing in them is taken for markup."""
    link = f"\n{html.escape(notice.link)}" if notice.link else ""
    body = html.escape(notice.text[:_LONGEST])
    return f"<b>{html.escape(notice.title[:200])}</b>\n{body}{link}"


def judged(answer: Answer) -> TunefolioError | None:
    """429 carries parameters.retry_after in its body; 400 and 403 are final."""
    if answer.status < 300:
        return None
    if answer.status == 429:
        return Retry("telegram: asked too often", after=_wait(answer) or timedelta(seconds=5))
    if answer.status >= 500:
        return Retry(f"telegram: failed with status {answer.status}")
    if answer.status in {401, 404}:
        return Rejected("telegram: the bot's token is refused; ask the operator", code="token")
    return Rejected("telegram: the chat is gone, or it blocks the bot", code=f"http_{answer.status}")


def _wait(answer: Answer) -> timedelta | None:
    try:
        seconds = orjson.loads(answer.content)["parameters"]["retry_after"]
        return min(timedelta(seconds=float(seconds)), _LONGEST_WAIT)
    except (ValueError, KeyError, TypeError, OverflowError):
        return answer.retry_after
