"""Ports that stay free until a program of a test has taken them."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, LAST = 20_000, 32_000
"""Below those that the system gives to every connection that asks for none: it would take ours in between."""

EACH = 1_500
"""How many ports each worker of a run has for itself; so none takes what another was given."""

_turn = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port that nobody listens at, another one with every call; each run begins elsewhere."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker * EACH % (LAST - FIRST)
    for _attempt in range(EACH):
        port = first + next(_turn) % EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"every port from {first} to {first + EACH} is taken")
