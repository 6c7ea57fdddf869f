"""How every price source is asked: one gate for each, whose rate, budget and rest all processes share.

Steps of a call: 1 a resting source is not asked; 2 its budget is spent; 3 its rate is kept, with some jitter;
4 a rest that began meanwhile is kept, and after a rest one call goes ahead of all others; 5 what is
remembered is asked for by condition; 6 a refusal lets it rest, as long as it says or ever longer.
"""

from __future__ import annotations

import hashlib
import random
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Lock
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import orjson

from tunefolio.adapters.http import Answer, Http, HttpConfig, Judge, Pairs, by_refusal
from tunefolio.core.errors import Rejected, Retry, TunefolioError
from tunefolio.core.shared import Shared
from tunefolio.telemetry import metrics

T = TypeVar("T")

_REMEMBERED = timedelta(days=30)
_LARGEST_REMEMBERED = 8 * 1024 * 1024
_REFUSALS = frozenset({403, 418, 429})
_FAILURES_IN_A_ROW = 3
_LONGEST_REST = timedelta(hours=2)
_LONGEST_UNHEARD = timedelta(minutes=5)
"""Where nobody answers at all, nobody is bothered either: it may be our own line that is down."""
_LONGEST_ASKED_FOR = timedelta(days=3)
_PROBE_EVERY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Manners:
    """How politely a source is asked.

    per_second: calls on average; burst: at once after a pause. budget: most calls in each `period`, None for
    no limit. rest: how long it is left alone after a refusal or three failures; doubled each time in a row.
    longest_wait: a call that would have to wait longer is refused with Retry.
    """

    per_second: float = 1.0
    burst: int = 1
    budget: int | None = None
    period: timedelta = timedelta(days=1)
    rest: timedelta = timedelta(seconds=60)
    longest_wait: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands now. resting: how much longer it is left alone; problem: why, "" when it answers.

    spent, budget: calls of the running period; None where there is no budget.
    """

    name: str
    resting: timedelta | None
    problem: str
    spent: int | None
    budget: int | None


@dataclass(slots=True)
class Gates:
    """All gates of a process, over what the house's processes share. Thread-safe.

    wall: seconds since the epoch; it only estimates how long a rest still lasts. The rest itself is counted
    by what is shared, so that no clock that is wrong or set anew ends or lengthens it.
    """

    shared: Shared
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)
    gates: dict[str, Gate] = field(default_factory=dict)
    wall: Callable[[], float] = time.time
    lock: Lock = field(default_factory=Lock)

    def gate(
        self,
        name: str,
        base_url: str,
        manners: Manners,
        *,
        judge: Judge = by_refusal,
        headers: Mapping[str, str] = MappingProxyType({}),
        timeout_seconds: float = 15,
        cap_bytes: int = 64 * 1024 * 1024,
    ) -> Gate:
        """The gate to one host. Two hosts of one name share its rate, budget and rest.

        judge: give one where 403 or 418 does not mean to be left alone.
        """
        config = HttpConfig(name, base_url, timeout_seconds, cap_bytes, headers, 8 * timeout_seconds)
        http = Http(config, judge)
        made = Gate(self, name, base_url, manners, http)
        self.gates.setdefault(name, made)
        return made

    def standings(self) -> list[Standing]:
        """How every source stands, by name."""
        return [self.gates[name].standing() for name in sorted(self.gates)]


class _Rest(NamedTuple):
    """A source is left alone. left: about how much longer; never more than the whole."""

    left: timedelta
    reason: str


class _Record(NamedTuple):
    """What a source did lately. failures: in a row; has_rested: since it last answered."""

    failures: int
    has_rested: bool


class Gate:
    """Asks one host. Raises Retry while it rests or is away, and what its judge says. Thread-safe."""

    def __init__(self, gates: Gates, name: str, base_url: str, manners: Manners, http: Http) -> None:
        self._gates = gates
        self._shared = gates.shared
        self._base = base_url
        self._manners = manners
        self._http = http
        self.name = name

    def get(
        self,
        path: str,
        *,
        params: Pairs = (),
        headers: Mapping[str, str] | None = None,
        remember: bool = False,
    ) -> Answer:
        """One call. remember: keep the answer with its validator and ask by condition the next time; an
        answer that has not changed comes back whole, marked `is_unchanged`."""
        answer = self._ask(path, params=params, headers=headers, remember=remember)
        self._answered()
        return answer

    def read(
        self,
        path: str,
        parse: Callable[[Answer], T],
        *,
        params: Pairs = (),
        headers: Mapping[str, str] | None = None,
        remember: bool = False,
    ) -> T:
        """One call and what it says. parse: raises Retry for what is torn, Rejected for what makes no sense.

        What does not parse is not remembered, and what was remembered and does not is asked for afresh. A
        torn answer is a failure of its source.
        """
        answer = self._ask(path, params=params, headers=headers, remember=remember)
        try:
            found = parse(answer)
        except (Retry, Rejected) as bad:
            if remember:
                self._shared.drop(self._name_of(path, params))
            if answer.is_unchanged:
                return self.read(path, parse, params=params, headers=headers)
            if isinstance(bad, Retry):
                raise self._refused(bad) from None
            self._answered()
            raise
        self._answered()
        return found

    def standing(self) -> Standing:
        rest = self._rest()
        budget = self._manners.budget
        spent = None if budget is None else self._shared.spent(f"budget:{self.name}", self._manners.period)
        return Standing(self.name, rest.left if rest else None, rest.reason if rest else "", spent, budget)

    def close(self) -> None:
        self._http.close()

    def _ask(self, path: str, *, params: Pairs, headers: Mapping[str, str] | None, remember: bool) -> Answer:
        self._must_be_awake()
        self._must_have_room()
        self._spend()
        self._take_turn()
        known = self._known(path, params) if remember else None
        answer = self._called(path, params, {**(headers or {}), **(known.conditions if known else {})})
        if answer.status == 304:
            if known is None:
                raise self._refused(Retry(f"{self.name}: says unchanged of what it was not asked about"))
            return replace(answer, status=200, content=known.content, is_unchanged=True)
        if remember:
            self._remember(path, params, answer)
        return answer

    def _called(self, path: str, params: Pairs, headers: Mapping[str, str]) -> Answer:
        began = time.monotonic()
        try:
            answer = self._http.get(path, params=params, headers=headers)
        except Retry as away:
            metrics.asked(self.name, "retry", time.monotonic() - began)
            raise self._refused(away) from None
        except TunefolioError:
            metrics.asked(self.name, "rejected", time.monotonic() - began)
            self._answered()
            raise
        metrics.asked(self.name, "ok", time.monotonic() - began)
        return answer

    # Rest ------------------------------------------------------------------------------------------

    def _rest(self) -> _Rest | None:
        """It lasts as long as it is kept; what cannot be read is a rest without words."""
        kept = self._shared.get(f"rest:{self.name}")
        if kept is None:
            return None
        try:
            until, length, reason = orjson.loads(kept)
            left = min(max(float(until) - self._gates.wall(), 1.0), float(length))
            return _Rest(timedelta(seconds=left), str(reason))
        except (ValueError, TypeError, OverflowError):
            return _Rest(self._manners.rest, "")

    def _must_be_awake(self) -> None:
        rest = self._rest()
        if rest is not None:
            raise Retry(f"{self.name} is left alone for a while: {rest.reason}", after=rest.left)

    def _must_go_first(self) -> None:
        """After a rest a single call tries the way, in every process together, until one is answered."""
        if self._record().has_rested:
            wait = self._shared.spend(f"probe:{self.name}", 1, _PROBE_EVERY)
            if wait is not None:
                raise Retry(f"{self.name} has rested and is being tried by one call first", after=wait)

    def _refused(self, away: Retry) -> Retry:
        """A refusal lets it rest at once, other failures from the third in a row on.

        Calls that were under way together when it began are refused together: that counts as one.
        """
        status = self._http.last_status
        is_refusal = status in _REFUSALS or away.after is not None
        asked_for = min(away.after or timedelta(), _LONGEST_ASKED_FOR)
        with self._gates.lock:
            standing = self._rest()
            if standing is not None:
                if asked_for > standing.left:
                    self._let_rest(asked_for, away.reason)
                return Retry(away.reason, after=max(asked_for, standing.left))
            record = self._record()
            failures = record.failures + 1
            free = 1 if is_refusal else _FAILURES_IN_A_ROW
            must_rest = record.has_rested or failures >= free
            self._keep_record(_Record(failures, must_rest))
            if not must_rest:
                return away
            longest = _LONGEST_REST if status else _LONGEST_UNHEARD
            doublings = min(max(0, failures - free), 10)
            rest = max(asked_for, min(self._manners.rest * (1 << doublings), longest))
            self._let_rest(rest, away.reason)
        return Retry(away.reason, after=rest)

    def _let_rest(self, length: timedelta, reason: str) -> None:
        seconds = length.total_seconds()
        kept = orjson.dumps([self._gates.wall() + seconds, seconds, reason])
        self._shared.put(f"rest:{self.name}", kept, length)

    def _record(self) -> _Record:
        kept = self._shared.get(f"record:{self.name}")
        try:
            failures, has_rested = orjson.loads(kept) if kept else (0, False)
            return _Record(int(failures), bool(has_rested))
        except (ValueError, TypeError):
            return _Record(0, False)

    def _keep_record(self, record: _Record) -> None:
        """Longer than any rest, so that the next one grows and a first call tries the way."""
        self._shared.put(f"record:{self.name}", orjson.dumps([*record]), _LONGEST_ASKED_FOR + _LONGEST_REST)

    def _answered(self) -> None:
        """A call that was under way when a rest began ends it for nobody."""
        if self._shared.get(f"record:{self.name}") is not None and self._rest() is None:
            self._shared.drop(f"record:{self.name}")

    # Rate and budget -------------------------------------------------------------------------------

    def _must_have_room(self) -> None:
        """Who is refused takes no place in the queue: otherwise the impatient would keep it full for ever."""
        if self._shared.get(f"full:{self.name}") is not None:
            raise Retry(f"{self.name}: too many calls are waiting", after=self._manners.longest_wait)

    def _spend(self) -> None:
        budget = self._manners.budget
        if budget is None:
            return
        wait = self._shared.spend(f"budget:{self.name}", budget, self._manners.period)
        if wait is not None:
            raise Retry(f"{self.name}: its budget of {budget} calls is spent", after=wait)

    def _take_turn(self) -> None:
        """Waits its turn, and up to a fifth of a turn more where it must wait at all. Meanwhile others may
        have been refused: then this call is not made."""
        manners = self._manners
        wait = self._shared.reserve(f"rate:{self.name}", manners.per_second, manners.burst)
        surplus = wait - manners.longest_wait.total_seconds()
        if surplus > 0:
            self._shared.put(f"full:{self.name}", b"1", timedelta(seconds=surplus + 1 / manners.per_second))
            raise Retry(f"{self.name}: too many calls are waiting", after=timedelta(seconds=wait))
        if wait > 0:
            self._gates.sleep(wait + self._gates.chance.uniform(0, 0.2) / manners.per_second)
            self._must_be_awake()
        self._must_go_first()

    # What is remembered ----------------------------------------------------------------------------

    def _name_of(self, path: str, params: Pairs) -> str:
        whole = orjson.dumps([self._base, path, list(params)])
        return f"answer:{self.name}:{hashlib.sha256(whole).hexdigest()}"

    def _known(self, path: str, params: Pairs) -> _Known | None:
        """None as well for what was kept and cannot be read any more."""
        kept = self._shared.get(self._name_of(path, params))
        if kept is None:
            return None
        head, _, body = kept.partition(b"\n")
        try:
            conditions = orjson.loads(head)
            content = zlib.decompressobj().decompress(body, _LARGEST_REMEMBERED + 1)
            if hashlib.sha256(content).hexdigest() != conditions.pop("digest", ""):
                return None
            return _Known({str(name): str(value) for name, value in conditions.items()}, content)
        except (ValueError, TypeError, AttributeError, zlib.error):
            return None

    def _remember(self, path: str, params: Pairs, answer: Answer) -> None:
        conditions = {
            condition: answer.headers[validator]
            for validator, condition in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
            if validator in answer.headers
        }
        if answer.status == 200 and conditions and len(answer.content) <= _LARGEST_REMEMBERED:
            head = orjson.dumps({**conditions, "digest": hashlib.sha256(answer.content).hexdigest()})
            body = zlib.compress(answer.content, 1)
            self._shared.put(self._name_of(path, params), head + b"\n" + body, _REMEMBERED)


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer as it was given once, and the headers that ask whether it still stands."""

    conditions: Mapping[str, str]
    content: bytes
