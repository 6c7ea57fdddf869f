"""What the processes of a house share through Redis. When it is away each process goes on by itself.

Nothing here is the truth of anything: a Redis that loses all its memory costs a few calls more and news late.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Lock, Thread

import redis
from redis.exceptions import RedisError

from tunefolio.adapters.memory import MemoryFanout, MemoryShared
from tunefolio.telemetry import Presence

_log = logging.getLogger(__name__)
PREFIX = "tunefolio:"
_TIMEOUT_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 10.0

_RESERVE = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local step = tonumber(ARGV[1])
local free = tonumber(redis.call('GET', KEYS[1]) or '0')
if free < at then free = at end
free = free + step
redis.call('SET', KEYS[1], string.format('%.6f', free), 'PX', math.ceil((free - at + 1) * 1000))
return string.format('%.6f', free - at)
"""
"""The generic cell rate by Redis's own clock: moves the next free moment on, tells how far it lies ahead."""

_COUNT_FROM_NOW = """
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local step = tonumber(ARGV[1])
if tonumber(redis.call('GET', KEYS[1]) or '0') < at + step then
  redis.call('SET', KEYS[1], string.format('%.6f', at + step), 'PX', math.ceil((step + 1) * 1000))
end
"""
"""Moves the next free moment to one step ahead, unless it lies further ahead already."""

_SPEND = """
local now = tonumber(redis.call('TIME')[1])
local length = tonumber(ARGV[2])
local number = math.floor(now / length)
local key = KEYS[1] .. ':' .. number
local taken = tonumber(redis.call('GET', key) or '0')
if taken >= tonumber(ARGV[1]) then return (number + 1) * length - now end
redis.call('INCR', key)
redis.call('EXPIRE', key, length)
return 0
"""
"""Takes one of the period's calls: 0, or the seconds until the next; they begin with the epoch."""


def connect(url: str) -> redis.Redis:
    """A client with short time-outs; connects at the first call."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        health_check_interval=30,
    )


class RedisShared:
    """Rates, budgets and short memories of all processes; while Redis is away, of this one."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._reserve = self._redis.register_script(_RESERVE)
        self._count_from_now = self._redis.register_script(_COUNT_FROM_NOW)
        self._spend = self._redis.register_script(_SPEND)
        self._spare = MemoryShared()
        self._presence = Presence(_log, "Redis")

    def reserve(self, name: str, per_second: float, burst: int) -> float:
        step = 1 / per_second
        try:
            ahead = float(self._reserve(keys=[f"{PREFIX}rate:{name}"], args=[step]))
        except RedisError as away:
            return self._without(away).reserve(name, per_second, burst)
        self._presence.back()
        return max(0.0, round(ahead - step * burst, 5))

    def count_from_now(self, name: str, per_second: float) -> None:
        try:
            self._count_from_now(keys=[f"{PREFIX}rate:{name}"], args=[1 / per_second])
        except RedisError as away:
            self._without(away).count_from_now(name, per_second)

    def spend(self, name: str, most: int, period: timedelta) -> timedelta | None:
        try:
            wait = self._spend(keys=[f"{PREFIX}spent:{name}"], args=[most, round(period.total_seconds())])
        except RedisError as away:
            return self._without(away).spend(name, most, period)
        self._presence.back()
        return timedelta(seconds=int(wait)) if int(wait) > 0 else None

    def spent(self, name: str, period: timedelta) -> int:
        length = round(period.total_seconds())
        try:
            seconds, _ = self._redis.time()
            taken = self._redis.get(f"{PREFIX}spent:{name}:{int(seconds) // length}")
        except RedisError as away:
            return self._without(away).spent(name, period)
        return int(taken or 0)

    def get(self, name: str) -> bytes | None:
        try:
            kept = self._redis.get(f"{PREFIX}kept:{name}")
        except RedisError as away:
            return self._without(away).get(name)
        self._presence.back()
        return kept if isinstance(kept, bytes) else None

    def put(self, name: str, value: bytes, keep: timedelta) -> None:
        try:
            self._redis.set(f"{PREFIX}kept:{name}", value, px=max(1, round(keep.total_seconds() * 1000)))
        except RedisError as away:
            self._without(away).put(name, value, keep)

    def drop(self, name: str) -> None:
        try:
            self._redis.delete(f"{PREFIX}kept:{name}")
        except RedisError as away:
            self._without(away).drop(name)

    def answers(self) -> bool:
        """Whether Redis is there now."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def close(self) -> None:
        self._redis.close()

    def _without(self, away: RedisError) -> MemoryShared:
        self._presence.gone(type(away).__name__)
        return self._spare


class RedisFanout:
    """News through Redis to all processes; while it is away, to this one. Listens in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._redis = connect(url)
        self._local = MemoryFanout()
        self._channels: set[str] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._ended = Event()
        self._presence = Presence(_log, "Redis's news")
        self.is_heard = Event()

    def publish(self, channel: str, payload: bytes) -> None:
        """Redis gives it back to this process as well; without Redis it is told here alone."""
        try:
            self._redis.publish(PREFIX + channel, payload)
        except RedisError as away:
            self._presence.gone(type(away).__name__)
            self._local.publish(channel, payload)
        else:
            self._presence.back()

    def subscribe(self, channel: str, hear: Callable[[bytes], None]) -> Callable[[], None]:
        stop = self._local.subscribe(channel, hear)
        with self._lock:
            self._channels.add(channel)
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="redis news", daemon=True)
                self._thread.start()
        return stop

    def close(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._local.close()
        self._redis.close()

    def _listen(self) -> None:
        wait = 0.1
        while not self._ended.is_set():
            client = connect(self._url)
            try:
                self._hear(client)
                wait = 0.1
            except RedisError as away:
                self.is_heard.clear()
                self._presence.gone(type(away).__name__)
                self._ended.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
            finally:
                client.close()

    def _hear(self, client: redis.Redis) -> None:
        with client.pubsub(ignore_subscribe_messages=True) as listening:  # type: ignore[no-untyped-call]
            heard: set[str] = set()
            while not self._ended.is_set():
                with self._lock:
                    fresh = self._channels - heard
                if fresh:
                    listening.subscribe(*(PREFIX + channel for channel in fresh))
                    heard |= fresh
                    self.is_heard.set()
                message = listening.get_message(timeout=0.5)
                if message is not None and message["type"] == "message":
                    channel = bytes(message["channel"]).decode().removeprefix(PREFIX)
                    self._local.publish(channel, bytes(message["data"]))
