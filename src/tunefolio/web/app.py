"""The web app: the door around it, the routes in it, the static files beside them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tunefolio.services.house import House
from tunefolio.services.live import Live
from tunefolio.services.ticks import Ticks
from tunefolio.web import api, errors, figures, live, pages, render, status, ws
from tunefolio.web.deps import find_visit
from tunefolio.web.doors import Door
from tunefolio.web.feed import Feed
from tunefolio.web.live import Hub
from tunefolio.web.render import STATIC, product_version
from tunefolio.web.security import WebConfig
from tunefolio.web.ways import Index

__all__ = ["WebConfig", "create_app"]

_HASHED = re.compile(r"[-.][A-Za-z0-9_]{8,}\.[a-z0-9]+\Z")
_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=3600"


def create_app(house: House, config: WebConfig | None = None) -> FastAPI:
    """The app for one house. The door is outermost; then compression; then errors and routes."""
    figures.install(render.environment())
    render.make_ready("dashboard/page.html", "dashboard/_curve.html", *render.PARTS)
    app = FastAPI(
        title="TuneFolio",
        version=product_version(),
        description="Portfolio and trading desk: an exact record of what is owned, and what it is worth.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.house = house
    app.state.config = config or WebConfig()
    app.state.hub = Hub(house.bus, app.state.config.streams_per_person)
    app.state.prices = Live(house)
    app.state.feed = Feed(house, app.state.prices, app.state.config.streams_per_person)
    app.state.ticks = Ticks(house)
    app.state.hang_up = lambda: _hang_up(app)
    app.include_router(status.router)
    app.include_router(api.router)
    streams: dict[int | str, dict[str, Any]] = {
        status: api.PROBLEMS[status] for status in (401, 403, 422, 429, 503)
    }
    app.include_router(live.router, responses=streams)
    app.include_router(ws.router, responses=streams)
    app.include_router(pages.router, include_in_schema=False)
    app.add_api_route("/favicon.ico", _favicon, include_in_schema=False)
    app.add_api_route("/manifest.webmanifest", _manifest, include_in_schema=False)
    app.mount("/static", StaticAssets(directory=STATIC, check_dir=False), name="static")
    app.router.routes.insert(0, Index(app.router.routes))
    errors.install(app, find_visit)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=3)
    app.add_middleware(Door, house=house, config=app.state.config)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.ticks.start()
    app.state.feed.open()
    yield
    await _hang_up(app)
    await anyio.to_thread.run_sync(app.state.prices.close)
    await anyio.to_thread.run_sync(app.state.ticks.close)


async def _hang_up(app: FastAPI) -> None:
    """End every live client, so that the server can stop."""
    await app.state.feed.close()
    await app.state.hub.close()


class StaticAssets(StaticFiles):
    """Files with a hash in their name are kept by browsers for a year, others for an hour."""

    async def check_config(self) -> None:
        """A missing folder is an unbuilt front-end: its files are answered with 404."""

    def file_response(
        self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        is_hashed = _HASHED.search(Path(full_path).name) is not None
        response.headers["cache-control"] = _FOREVER if is_hashed else _A_WHILE
        return response


async def _favicon() -> FileResponse:
    """Browsers ask for it here whatever the page says."""
    return FileResponse(
        STATIC / "favicon.svg", media_type="image/svg+xml", headers={"cache-control": _A_WHILE}
    )


async def _manifest() -> FileResponse:
    """What makes it installable."""
    path = STATIC / "manifest.webmanifest"
    return FileResponse(path, media_type="application/manifest+json", headers={"cache-control": _A_WHILE})


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The API's document, made once; names the problem shape, which no route returns as a model."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= _schemas_of_problems()
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        api.guard(made)
        app.openapi_schema = made
    return app.openapi_schema


def _schemas_of_problems() -> dict[str, Any]:
    schema = api.ProblemJson.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {"ProblemJson": schema, **inner}
