"""A polite HTTP client for one outside host: paced, capped, silent about secrets, errors by next action.

Thread-safe. The client is opened at the first call, so that a start without network calls costs nothing.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx2

from tunefolio.adapters.deadlines import Deadline
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.shared import Shared

_log = logging.getLogger(__name__)

# The library logs whole URLs, and a URL may carry a token: from it only warnings are heard.
for _chatty in ("httpx2", "httpcore2"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole response. headers: names in lower case; cookies: `name=value` of those it sets.

    content: decompressed, at most the cap. is_unchanged: what was remembered still stands (gates.py).
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    cookies: tuple[str, ...] = ()
    is_unchanged: bool = False

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case; "" when the other side names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def retry_after(self) -> timedelta | None:
        """How long the other side asks to wait: seconds, or a date set against its own Date header."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdigit():
            return timedelta(seconds=int(text[:9]))
        try:
            wait = parsedate_to_datetime(text) - parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError):
            return None
        return max(wait, timedelta())


Judge = Callable[[Answer], TunefolioError | None]
"""What an answer means: None when it is good, else the error to raise."""


def by_status(answer: Answer) -> TunefolioError | None:
    """429 and 5xx → Retry, every other status above 299 → Rejected with code http_<status>."""
    if answer.status < 300:
        return None
    if answer.status == 429:
        return Retry("asked too often", after=answer.retry_after)
    if answer.status >= 500:
        return Retry(f"the other side failed with status {answer.status}", after=answer.retry_after)
    return Rejected(f"refused with status {answer.status}", code=f"http_{answer.status}")


def by_refusal(answer: Answer) -> TunefolioError | None:
    """by_status, but 403 and 418 mean that we are not wanted for a while, not that the call is wrong."""
    if answer.status in {403, 418}:
        return Retry(f"turned away with status {answer.status}", after=answer.retry_after)
    return by_status(answer)


_ROOM = 0.9
"""Of one call: calls do not travel evenly, and two of a second must not arrive within less."""


_EVEN_SECONDS = 0.1
"""Calls that took no longer travelled as evenly as may be expected."""


class Pace:
    """At most `per_second` calls in any second that may be cut out, of all processes together.

    A fifth of them may be made at once; so that those and the others together keep to it, the average is a
    little lower. name: what the other side counts by: a broker's lane and account. Thread-safe.

    The other side counts by when a call arrives, which is somewhere between its departure and its answer:
    from a call that took long the next keeps its distance by the answer.
    """

    def __init__(
        self, shared: Shared, name: str, per_second: float, *, longest_wait_seconds: float = 60
    ) -> None:
        self._shared = shared
        self._name = name
        self._burst = max(1, int(per_second / 5))
        self._most = per_second
        self._rate = per_second - self._burst + _ROOM if per_second >= 1 else per_second * _ROOM
        self._longest = longest_wait_seconds

    def reserve(self) -> float:
        """Take one call, perhaps a future one; seconds to wait for it. Raises Retry when too long.

        Who is refused has taken a place all the same: until the queue is short again, nobody takes another.
        """
        if self._shared.get(f"full:{self._name}") is not None:
            raise Retry("too many calls are waiting already", after=timedelta(seconds=self._longest))
        wait = self._shared.reserve(f"rate:{self._name}", self._rate, self._burst)
        if wait > self._longest:
            surplus = timedelta(seconds=wait - self._longest)
            self._shared.put(f"full:{self._name}", b"1", surplus)
            raise Retry("too many calls are waiting already", after=timedelta(seconds=wait))
        return wait

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Sleep until a call is allowed; the block makes it."""
        seconds = self.reserve()
        if seconds > 0:
            time.sleep(seconds)
        began = time.monotonic()
        try:
            yield
        finally:
            if time.monotonic() - began > max(1 / self._rate - 1 / self._most, _EVEN_SECONDS):
                self._shared.count_from_now(f"rate:{self._name}", self._most)


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """name: who answers, for messages and logs. cap_bytes: the largest answer read, after decompression.

    timeout_seconds: of silence; deadline_seconds: for a whole call, however steadily its answer trickles.
    """

    name: str
    base_url: str
    timeout_seconds: float = 15
    cap_bytes: int = 64 * 1024 * 1024
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    deadline_seconds: float = 120


class Http:
    """Calls one host. Raises what `judge` says, Retry when nobody answers, Rejected above the cap."""

    def __init__(self, config: HttpConfig, judge: Judge = by_status) -> None:
        self._config = config
        self._judge = judge
        self._client: httpx2.Client | None = None
        self._is_away = False
        self._lock = threading.Lock()
        self._seen = threading.local()
        self._deadline = Deadline()

    @property
    def last_status(self) -> int:
        """The status of this thread's last call; 0 when nobody answered."""
        return getattr(self._seen, "status", 0)

    def get(
        self,
        path: str,
        *,
        params: Pairs = (),
        headers: Mapping[str, str] | None = None,
        pace: Pace | None = None,
    ) -> Answer:
        return self.send("GET", path, params=params, headers=headers, pace=pace)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Pairs = (),
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        pace: Pace | None = None,
    ) -> Answer:
        """One call. params go into the query in their order; the body is `form`, urlencoded, or `content` as
        it stands, whose type the headers say."""
        self._seen.status = 0
        try:
            with pace.turn() if pace is not None else nullcontext():
                answer = self._call(method, path, params, form, content, headers)
        except httpx2.TimeoutException:
            raise self._away("no answer in time") from None
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise self._away(f"no answer ({type(error).__name__})") from None
        self._seen.status = answer.status
        verdict = None if answer.status == 304 else self._judge(answer)
        if isinstance(verdict, Retry) and answer.status >= 500:
            self._away(verdict.reason)
        else:
            self._returned()
        if verdict is not None:
            raise verdict
        return answer

    def close(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _call(
        self,
        method: str,
        path: str,
        params: Pairs,
        form: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        client = self._opened()
        query: list[tuple[str, str | int | float | bool | None]] | None = list(params) or None
        request = client.build_request(
            method,
            self._config.base_url + path,
            params=query,
            data=form,
            content=content,
            headers=headers,
        )
        with self._deadline.within(self._config.deadline_seconds):
            response = client.send(request, stream=True)
            try:
                content = self._read(response)
            finally:
                response.close()
        names = {name.lower(): value for name, value in response.headers.items()}
        cookies = tuple(line.partition(";")[0] for line in response.headers.get_list("set-cookie"))
        return Answer(response.status_code, names, content, cookies)

    def _read(self, response: httpx2.Response) -> bytes:
        pieces: list[bytes] = []
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self._config.cap_bytes:
                reason = f"{self._config.name}: the answer is larger than {self._config.cap_bytes} bytes"
                raise Rejected(reason, code="too_large")
            pieces.append(piece)
        return b"".join(pieces)

    def _opened(self) -> httpx2.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx2.Client(
                    timeout=self._config.timeout_seconds,
                    headers=dict(self._config.headers),
                    trust_env=not is_loopback(self._config.base_url),
                )
                self._deadline.watch(self._client)
                weakref.finalize(self, self._client.close)  # forgotten is closed, too
            return self._client

    def _away(self, reason: str) -> Retry:
        with self._lock:
            is_news, self._is_away = not self._is_away, True
        if is_news:
            _log.warning("outside.away", extra={"outside": self._config.name, "reason": reason})
        return Retry(f"{self._config.name}: {reason}")

    def _returned(self) -> None:
        with self._lock:
            is_news, self._is_away = self._is_away, False
        if is_news:
            _log.info("outside.back", extra={"outside": self._config.name})


def is_loopback(url: str) -> bool:
    """Is this machine itself meant? Then no proxy of the environment stands between."""
    return (urlsplit(url).hostname or "") in {"localhost", "127.0.0.1", "::1"}
