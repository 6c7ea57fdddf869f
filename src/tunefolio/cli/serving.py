"""up and demo: the house for browsers; worker, beat and flower: its parts when it is many processes."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import build, configure_logs
from tunefolio.cli import Exit
from tunefolio.cli.house import settings_of, show
from tunefolio.settings import Profile, Settings
from tunefolio.store import persons

if TYPE_CHECKING:
    from tunefolio.bootstrap.demo import Rehearsal


def up(args: argparse.Namespace) -> int:
    """up: serve the real books until told to stop."""
    from tunefolio.bootstrap.serve import must_be_free, serve
    from tunefolio.bootstrap.web import application

    settings = settings_of(args, TUNEFOLIO_HOST=args.host, TUNEFOLIO_PORT=args.port)
    configure_logs(settings)
    must_be_free(settings)
    runtime = build(settings)
    with runtime.house.database.reading() as db:
        is_empty = persons.count(db) == 0
    hint = "Sign up there: the first person becomes admin." if is_empty else "Sign in there."
    value = {"url": settings.public_url, "home": str(settings.home), "is_empty": is_empty}
    text = f"\n  TuneFolio is open at {settings.public_url}\n  {hint}\n  Stop with Ctrl-C.\n"
    done = serve(application(runtime), settings, lambda: show(args, value, text))
    runtime.close()
    return Exit.OK if done else Exit.TRY_AGAIN


def demo(args: argparse.Namespace) -> int:
    """demo: serve the rehearsal until told to stop."""
    from tunefolio.bootstrap import demo as rehearsal
    from tunefolio.bootstrap.serve import must_be_free, serve
    from tunefolio.bootstrap.web import application

    settings = _demo_settings(args)
    configure_logs(settings)
    must_be_free(settings)
    if args.fresh:
        rehearsal.forget(settings)
    with rehearsal.opened(settings) as there:
        value, text = _told(settings, there)
        done = serve(application(there.runtime), settings, lambda: show(args, value, text))
    return Exit.OK if done else Exit.TRY_AGAIN


def worker(args: argparse.Namespace) -> int:
    """worker: run jobs until told to stop."""
    from tunefolio.bootstrap import celery

    settings = settings_of(args, TUNEFOLIO_WORKERS=_text(args.concurrency))
    celery.work(settings, concurrency=settings.workers)
    return Exit.OK


def beat(args: argparse.Namespace) -> int:
    """beat: ring the clock until told to stop."""
    from tunefolio.bootstrap import celery

    celery.keep_time(settings_of(args))
    return Exit.OK


def flower(args: argparse.Namespace) -> int:
    """flower: the queue's own monitor, until told to stop."""
    from tunefolio.bootstrap import celery

    celery.watch(settings_of(args), host=args.host, port=args.port)
    return Exit.OK


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _told(settings: Settings, there: Rehearsal) -> tuple[dict[str, str], str]:
    """Where the demo is and how to sign in, for a program and for a person."""
    email, password, control = there.email, there.password.reveal(), there.sandbox.control_url
    value = {"url": settings.public_url, "email": email, "password": password}
    value |= {"home": str(settings.home), "control": control}
    text = f"""
  TuneFolio rehearsal: simulated market, simulated broker, nothing is real.

    open      {settings.public_url}
    e-mail    {email}
    password  {password}

    brokers   {control}

  Press Connect there: Zerodha's page says what to type; for the others, and for what can happen or go
  wrong at the simulated exchange, open the address of the brokers. Stop with Ctrl-C.
"""
    return value, text


def _demo_settings(args: argparse.Namespace) -> Settings:
    environ = dict(os.environ) | ({"TUNEFOLIO_PORT": args.port} if args.port else {})
    return Settings.from_env(environ, profile=Profile.DEMO, families=adapters.families())
