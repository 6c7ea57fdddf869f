"""sandbox: the simulated exchange, its brokers and the world around them, for a house that rehearses."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

from tunefolio.bootstrap.rehearsal import ANGEL_RATES, environment_for
from tunefolio.cli import Exit
from tunefolio.cli.house import settings_of, show
from tunefolio.core.errors import Misuse
from tunefolio.core.secret import Secret
from tunefolio.ledger.brokers import AppKeys
from tunefolio.sandbox.limits import Rate
from tunefolio.sandbox.serve import Sandbox, SandboxConfig

_STOPS = (signal.SIGINT, signal.SIGTERM)


def sandbox(args: argparse.Namespace) -> int:
    """sandbox: serve it until told to stop."""
    with _told_to_stop() as stop, _opened(args) as running:
        show(args, *_told(running))
        sys.stdout.flush()  # whoever reads a pipe waits for the addresses
        stop.wait()
    return Exit.OK


def _opened(args: argparse.Namespace) -> Sandbox:
    """Its ports taken; one that cannot be is named as it was asked for."""
    try:
        running = Sandbox(_config(args))
        running.bind()
    except Misuse as wrong:
        if not wrong.field.endswith("_port"):
            raise
        cure = "Five in a row are needed: choose another --port, or leave it out for any free ones"
        raise Misuse("--port", wrong.problem, cure=cure) from None
    return running


def _config(args: argparse.Namespace) -> SandboxConfig:
    """The secret follows from the seed: it protects nothing, and a house that knows it may come back."""
    public = settings_of(args).public_url
    secret = sha256(f"rehearsal {args.seed}".encode()).hexdigest()[:32]
    kite, yahoo, world, angel, kotak = (args.port + place if args.port else 0 for place in range(5))
    return SandboxConfig(
        AppKeys("rehearsal", Secret(secret)),
        args.redirect or f"{public}/auth/zerodha/callback",
        seed=args.seed,
        hours=args.hours,
        yahoo_rate=Rate(1_000),
        angel_rates=ANGEL_RATES,
        postback_url=args.postback,
        latency_seconds=args.latency,
        journal=None if args.journal is None else Path(args.journal),
        kite_port=kite,
        yahoo_port=yahoo,
        world_port=world,
        angel_port=angel,
        kotak_port=kotak,
    )


def _told(running: Sandbox) -> tuple[dict[str, Any], str]:
    """Addresses, and what a house must be told, for a program and for a person."""
    addresses = {
        "control": running.control_url,
        "zerodha": running.kite_url,
        "angelone": running.angel_url,
        "kotakneo": running.kotak_url,
        "yahoo": running.yahoo_url,
        "world": running.world_url,
    }
    environment = environment_for(running)
    text = f"""
  A simulated exchange is open: three brokers, market sources, nothing is real.

{_table(addresses, "    {:<10}{}")}

  Who can sign in, and what can happen or go wrong: {running.control_url}
  A house rehearses against it with these in its environment:

{_table(environment, "export {}='{}'")}

  Stop with Ctrl-C.
"""
    return {"addresses": addresses, "environment": dict(environment)}, text


def _table(rows: Mapping[str, str], line: str) -> str:
    return "\n".join(line.format(name, value) for name, value in rows.items())


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    """Set by Ctrl-C or a request to end; the signals are as before afterwards."""
    stop = Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in _STOPS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
