"""How every price source is asked: one gate for each, whose rate, budget and rest all processes share.

Steps of a call: 1 a resting source is not asked; 2 its budget is spent; 3 its rate is kept, with some jitter;
4 what is remembered is asked for by condition; 5 a refusal lets it rest, as long as it says or ever longer.
"""

from __future__ import annotations

import hashlib
import random
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

import orjson

from tunefolio.adapters.http import Answer, Http, HttpConfig, Judge, Pairs, by_status
from tunefolio.core.errors import Retry, TunefolioError
from tunefolio.core.shared import Shared
from tunefolio.telemetry import metrics

_REMEMBERED = timedelta(days=30)
_LARGEST_REMEMBERED = 8 * 1024 * 1024
_REFUSALS = frozenset({403, 418, 429})
_FAILURES_IN_A_ROW = 3
_LONGEST_REST = timedelta(hours=2)


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
    """All gates of a process, over what the house's processes share."""

    shared: Shared
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)
    gates: dict[str, Gate] = field(default_factory=dict)

    def gate(
        self,
        name: str,
        base_url: str,
        manners: Manners,
        *,
        judge: Judge = by_status,
        headers: Mapping[str, str] = MappingProxyType({}),
        timeout_seconds: float = 15,
        cap_bytes: int = 64 * 1024 * 1024,
    ) -> Gate:
        """The gate to one host. Two hosts of one name share its rate, budget and rest."""
        http = Http(HttpConfig(name, base_url, timeout_seconds, cap_bytes, headers), judge)
        made = Gate(self, name, base_url, manners, http)
        self.gates.setdefault(name, made)
        return made

    def standings(self) -> list[Standing]:
        """How every source stands, by name."""
        return [self.gates[name].standing() for name in sorted(self.gates)]


class Gate:
    """Asks one host. Raises Retry while it rests or is away, and what its judge says."""

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
        self._must_be_awake()
        self._spend()
        self._keep_pace()
        known = self._known(path, params) if remember else None
        asked = {**(headers or {}), **(known.conditions if known else {})}
        began = time.monotonic()
        try:
            answer = self._http.get(path, params=params, headers=asked)
        except Retry as away:
            metrics.asked(self.name, "retry", time.monotonic() - began)
            raise self._refused(away) from None
        except TunefolioError:
            metrics.asked(self.name, "rejected", time.monotonic() - began)
            self._answered()
            raise
        metrics.asked(self.name, "ok", time.monotonic() - began)
        self._answered()
        if answer.status == 304 and known is not None:
            return replace(answer, status=200, content=known.content, is_unchanged=True)
        if remember:
            self._remember(path, params, answer)
        return answer

    def standing(self) -> Standing:
        rest = self._rest()
        budget = self._manners.budget
        spent = None if budget is None else self._shared.spent(f"budget:{self.name}", self._manners.period)
        return Standing(self.name, rest[0] if rest else None, rest[1] if rest else "", spent, budget)

    def close(self) -> None:
        self._http.close()

    # Rest ------------------------------------------------------------------------------------------

    def _rest(self) -> tuple[timedelta, str] | None:
        kept = self._shared.get(f"rest:{self.name}")
        if kept is None:
            return None
        until, reason = orjson.loads(kept)
        left = float(until) - time.time()
        return (timedelta(seconds=left), str(reason)) if left > 0 else None

    def _must_be_awake(self) -> None:
        rest = self._rest()
        if rest is not None:
            raise Retry(f"{self.name} is left alone for a while: {rest[1]}", after=rest[0])

    def _refused(self, away: Retry) -> Retry:
        """A refusal lets it rest at once, other failures from the third in a row on."""
        status = self._http.last_status
        failures = self._count_failure()
        is_refusal = status in _REFUSALS or away.after is not None
        if not is_refusal and failures < _FAILURES_IN_A_ROW:
            return away
        doublings = min(max(0, failures - (1 if is_refusal else _FAILURES_IN_A_ROW)), 10)
        rest = max(away.after or timedelta(), min(self._manners.rest * (1 << doublings), _LONGEST_REST))
        until = time.time() + rest.total_seconds()
        self._shared.put(f"rest:{self.name}", orjson.dumps([until, away.reason]), rest)
        return Retry(away.reason, after=rest)

    def _count_failure(self) -> int:
        kept = self._shared.get(f"failures:{self.name}")
        failures = 1 + (int(kept) if kept else 0)
        self._shared.put(f"failures:{self.name}", str(failures).encode(), _LONGEST_REST * 2)
        return failures

    def _answered(self) -> None:
        if self._shared.get(f"failures:{self.name}") is not None:
            self._shared.drop(f"failures:{self.name}")

    # Rate and budget -------------------------------------------------------------------------------

    def _spend(self) -> None:
        budget = self._manners.budget
        if budget is None:
            return
        wait = self._shared.spend(f"budget:{self.name}", budget, self._manners.period)
        if wait is not None:
            raise Retry(f"{self.name}: its budget of {budget} calls is spent", after=wait)

    def _keep_pace(self) -> None:
        """Waits its turn, and up to a fifth of a turn more where it must wait at all."""
        wait = self._shared.reserve(f"rate:{self.name}", self._manners.per_second, self._manners.burst)
        if wait > self._manners.longest_wait.total_seconds():
            raise Retry(f"{self.name}: too many calls are waiting", after=timedelta(seconds=wait))
        if wait > 0:
            self._gates.sleep(wait + self._gates.chance.uniform(0, 0.2) / self._manners.per_second)

    # What is remembered ----------------------------------------------------------------------------

    def _name_of(self, path: str, params: Pairs) -> str:
        whole = orjson.dumps([self._base, path, list(params)])
        return f"answer:{self.name}:{hashlib.sha256(whole).hexdigest()}"

    def _known(self, path: str, params: Pairs) -> _Known | None:
        kept = self._shared.get(self._name_of(path, params))
        if kept is None:
            return None
        head, _, body = kept.partition(b"\n")
        return _Known(orjson.loads(head), zlib.decompress(body))

    def _remember(self, path: str, params: Pairs, answer: Answer) -> None:
        conditions = {
            condition: answer.headers[validator]
            for validator, condition in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
            if validator in answer.headers
        }
        if answer.status == 200 and conditions and len(answer.content) <= _LARGEST_REMEMBERED:
            body = zlib.compress(answer.content, 1)
            self._shared.put(
                self._name_of(path, params), orjson.dumps(conditions) + b"\n" + body, _REMEMBERED
            )


@dataclass(frozen=True, slots=True)
class _Known:
    """An answer as it was given once, and the headers that ask whether it still stands."""

    conditions: Mapping[str, str]
    content: bytes
