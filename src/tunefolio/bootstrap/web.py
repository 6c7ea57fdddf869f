"""The web application, whose life is the house's; `tunefolio.bootstrap.web:app` for any ASGI server."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool

from tunefolio.bootstrap import adapters
from tunefolio.bootstrap.runtime import Runtime, build, configure_logs
from tunefolio.settings import Settings
from tunefolio.web.app import create_app
from tunefolio.web.bodies import Pace
from tunefolio.web.security import Limits, WebConfig

if TYPE_CHECKING:
    from fastapi import FastAPI


def application(runtime: Runtime) -> FastAPI:
    """The app whose start opens the house and whose end closes it."""
    app = create_app(runtime.house, web_config(runtime.settings, runtime.commons.answers))
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[object]:
        await run_in_threadpool(runtime.start)
        try:
            async with inner(app) as state:
                yield state
        finally:
            await run_in_threadpool(runtime.close)

    app.router.lifespan_context = lifespan  # type: ignore[assignment]
    return app


def web_config(settings: Settings, answers: Callable[[], bool] = lambda: True) -> WebConfig:
    """The hosts browsers may name: this machine's and the public one; with insecure cookies any."""
    public = urlsplit(settings.public_url).hostname or "localhost"
    hosts = tuple(dict.fromkeys((*WebConfig().allowed_hosts, public)))
    return WebConfig(
        allowed_hosts=("*",) if settings.insecure_cookies else hosts,
        insecure_cookies=settings.insecure_cookies,
        body_pace=Pace(settings.body_patience_seconds, settings.body_kib_per_second * 1024),
        metrics_token=settings.metrics,
        shared_answers=answers,
        limits=Limits(settings.api_per_minute, settings.pages_per_minute, settings.strangers_per_minute),
        cors_origins=settings.cors_origins,
    )


@cache
def _from_environment() -> FastAPI:
    settings = Settings.from_env(os.environ, families=adapters.families())
    configure_logs(settings)
    return application(build(settings))


def __getattr__(name: str) -> FastAPI:
    if name == "app":
        return _from_environment()
    raise AttributeError(name)
