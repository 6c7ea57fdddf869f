"""A deadline below HTTP: every wait on the wire is cut to what is left of it, so that headers that trickle
in, a byte before each time-out, hold nobody for longer than a body may."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

_AT_ONCE = 0.001
"""A socket's time-out of zero would mean not to wait at all, and be another error."""


class Deadline:
    """When this thread's call must be over. Thread-safe: each thread has its own."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Until the end of the block, waits on the wire end together, `seconds` from now."""
        self._of_thread.end = time.monotonic() + seconds
        try:
            yield
        finally:
            del self._of_thread.end

    def left(self, timeout: float | None) -> float | None:
        """The time-out, or what is left until the deadline where that is less."""
        end: float | None = getattr(self._of_thread, "end", None)
        if end is None:
            return timeout
        rest = max(_AT_ONCE, end - time.monotonic())
        return rest if timeout is None else min(timeout, rest)

    def watch(self, client: httpx2.Client) -> None:
        """Every connection that this client opens from now on keeps the deadline. The library offers no door
        for that but its own fields; a client behind a proxy of the environment has a pool for each."""
        for transport in (client._transport, *client._mounts.values()):
            pool = getattr(transport, "_pool", None)
            if pool is not None:
                pool._network_backend = _Network(pool._network_backend, self)


class _Network:
    """A network backend of the library, all of whose streams keep the deadline."""

    def __init__(self, inner: Any, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> _Stream:
        stream = self._inner.connect_tcp(host, port, self._deadline.left(timeout), **more)
        return _Stream(stream, self._deadline)

    def connect_unix_socket(self, path: str, timeout: float | None = None, **more: Any) -> _Stream:
        stream = self._inner.connect_unix_socket(path, self._deadline.left(timeout), **more)
        return _Stream(stream, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Stream:
    """One connection: the library's own, with shorter time-outs."""

    def __init__(self, inner: Any, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        content: bytes = self._inner.read(max_bytes, self._deadline.left(timeout))
        return content

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
