"""What is counted, for /metrics: requests, jobs, calls outside, live connections; in Prometheus' words."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CONTENT_TYPE = CONTENT_TYPE_LATEST

REGISTRY = CollectorRegistry()
_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LONG = (0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1_800)

_requests = Histogram(
    "tunefolio_request_seconds", "Time to answer a request", ("method", "route", "status"),
    buckets=_SHORT, registry=REGISTRY,
)  # fmt: skip
_jobs = Histogram(
    "tunefolio_job_seconds", "Time of one run of a job", ("kind", "outcome"), buckets=_LONG, registry=REGISTRY
)
_asked = Histogram(
    "tunefolio_outside_seconds", "Time of one call to a source or broker", ("source", "outcome"),
    buckets=_SHORT, registry=REGISTRY,
)  # fmt: skip
_sockets = Gauge("tunefolio_live_connections", "Open live connections", ("kind",), registry=REGISTRY)
_pushed = Counter(
    "tunefolio_live_messages", "Messages sent to live connections", ("kind",), registry=REGISTRY
)


_held = Gauge("tunefolio_house", "What the whole house holds", ("what", "state"), registry=REGISTRY)


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered. route: its template, never the path with ids."""
    _requests.labels(method, route, str(status)).observe(seconds)


def ran(kind: str, outcome: str, seconds: float) -> None:
    """A job ran. outcome: done, failed, retried, cancelled, broke (a fault of ours) or lost (its lease)."""
    _jobs.labels(kind, outcome).observe(seconds)


def asked(source: str, outcome: str, seconds: float) -> None:
    """A source was called. outcome: ok, rejected, retry."""
    _asked.labels(source, outcome).observe(seconds)


def connected(kind: str, change: int) -> None:
    """Live connections opened (+1) or closed (-1). kind: sse or ws."""
    _sockets.labels(kind).inc(change)


def pushed(kind: str, count: int = 1) -> None:
    """Messages went out to live connections."""
    _pushed.labels(kind).inc(count)


def holds(what: str, by_state: Mapping[str, int]) -> None:
    """How many jobs, processes or tracked instruments the house has in each state, as its database says."""
    for state, number in by_state.items():
        _held.labels(what, state).set(number)


def exposition() -> bytes:
    """Everything counted by this process, in Prometheus' text format."""
    return generate_latest(REGISTRY)
