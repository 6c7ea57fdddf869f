"""What a house of the tests shares: in memory beside SQLite, in a real Redis beside PostgreSQL.

So every test that runs on both databases runs in both deployments: one process, and one of many.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from limits.storage import RedisStorage

from tests import redis_server
from tunefolio.adapters.memory import MemoryFanout, MemoryShared
from tunefolio.adapters.redis import RedisFanout, RedisShared
from tunefolio.core.shared import Fanout, Shared
from tunefolio.services.throttle import Throttle

CLUSTER = "TUNEFOLIO_TEST_CLUSTER"


@dataclass(frozen=True)
class Commons:
    """The parts of a House that processes share."""

    shared: Shared
    fanout: Fanout
    throttle: Throttle

    def close(self) -> None:
        self.fanout.close()
        if isinstance(self.shared, RedisShared):
            self.shared.close()


def commons_beside(database_url: str) -> Commons:
    """In memory for SQLite; in an empty Redis database for PostgreSQL."""
    if database_url.startswith("sqlite"):
        return Commons(MemoryShared(), MemoryFanout(), Throttle())
    url = redis_url()
    storage = RedisStorage(url, wrap_exceptions=True, key_prefix="tunefolio:throttle")
    return Commons(RedisShared(url), RedisFanout(url), Throttle(storage))


def redis_url() -> str:
    """An empty database of the run's Redis; without the program a failure in the pipeline, else a skip."""
    leader, _, folder = os.environ[CLUSTER].partition(":")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    try:
        return redis_server.fresh_url(Path(folder), worker, int(leader))
    except redis_server.RedisMissing as missing:
        message = missing.__doc__ or ""
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
