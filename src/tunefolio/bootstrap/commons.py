"""What processes share, built for one process or for many: limits, short memories, news, and the doorbell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tunefolio.adapters.engine.embedded import Duties, EmbeddedEngine, EngineConfig
from tunefolio.adapters.memory import MemoryFanout, MemoryShared
from tunefolio.core.identity import JobId
from tunefolio.core.shared import Fanout, Shared
from tunefolio.core.time import Clock
from tunefolio.services.throttle import Throttle
from tunefolio.settings import Settings

if TYPE_CHECKING:
    from celery import Celery


class Engine(Protocol):
    """A doorbell that can be put away. Only the embedded one is started: Celery's are processes."""

    def ring(self, job_id: JobId) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Commons:
    """celery: the app of a scaled deployment, else None. answers: whether what is shared is there."""

    shared: Shared
    fanout: Fanout
    throttle: Throttle
    engine: Engine
    celery: Celery | None = None
    answers: Callable[[], bool] = lambda: True


def commons_of(settings: Settings, clock: Clock) -> Commons:
    """In memory, or in Redis where the settings name one."""
    if settings.redis_url:
        return _many(settings.redis_url)
    engine = EmbeddedEngine(EngineConfig(workers=settings.workers), clock)
    return Commons(MemoryShared(), MemoryFanout(), Throttle(), engine)


def _many(url: str) -> Commons:
    """Celery and Redis are imported here alone: one process never needs them."""
    from limits.storage import RedisStorage

    from tunefolio.adapters.engine.celery import CeleryEngine, application
    from tunefolio.adapters.redis import RedisFanout, RedisShared

    shared = RedisShared(url)
    app = application(url)
    storage = RedisStorage(url, wrap_exceptions=True, key_prefix="tunefolio:throttle")
    return Commons(
        shared, RedisFanout(url), Throttle(storage), CeleryEngine(app, shared), app, shared.answers
    )


__all__ = ["Commons", "Duties", "Engine", "commons_of"]
