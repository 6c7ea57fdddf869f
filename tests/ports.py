"""Ports that stay free until a program of a test has taken them."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, LAST = 20_000, 32_000
"""Below those that the system gives to every connection that asks for none: it would take ours in between."""

_turn = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port that nobody listens at, another one with every call; each process begins elsewhere."""
    for _attempt in range(LAST - FIRST):
        port = FIRST + next(_turn) % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"every port from {FIRST} to {LAST} is taken")
