"""A yardstick for knowing who asks: Starlette's own middleware, PyJWT, and one SELECT by the driver.

It checks the signature and that the sign-in stands, as ours does; it counts nothing and reads no more.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import jwt
import psycopg
from starlette.applications import Starlette
from starlette.authentication import (
    AuthCredentials,
    AuthenticationBackend,
    AuthenticationError,
    BaseUser,
    SimpleUser,
    requires,
)
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from tunefolio.store.db import Database

_KEY = b"thirty-two bytes of a bench key."
_STANDS = (
    "SELECT persons.id, persons.name, persons.role FROM sessions "
    "JOIN persons ON persons.id = sessions.owner_id "
    "WHERE sessions.id = 1 AND sessions.ended_at IS NULL AND persons.disabled_at IS NULL"
)


def select_of(database: Database) -> Callable[[], Any]:
    """Asks for the first sign-in of a house, and who it is."""
    return asking(database, _STANDS)


def asking(database: Database, question: str) -> Callable[[], Any]:
    """One question over one connection of its own, without a transaction."""
    url = database.engine.url
    connection: Any
    if database.dialect == "sqlite":
        connection = sqlite3.connect(str(url.database), isolation_level=None, check_same_thread=False)
    else:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(plain, autocommit=True)
    return lambda: connection.execute(question).fetchall()


def headers() -> list[tuple[bytes, bytes]]:
    """A token of the yardstick's own."""
    now = int(time.time())
    claims = {"iss": "bench", "aud": "bench", "sub": "1", "sid": "1", "iat": now, "exp": now + 3_600}
    return [(b"authorization", b"Bearer " + jwt.encode(claims, _KEY, "HS256").encode())]


def app(select: Callable[[], Any], bare_path: str) -> Starlette:
    """One route for anybody and one for who is known, each answering in a thread as ours do."""

    class Backend(AuthenticationBackend):
        async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
            text = conn.headers.get("authorization", "").removeprefix("Bearer ")
            try:
                claims = jwt.decode(text, _KEY, algorithms=["HS256"], audience="bench", issuer="bench")
            except jwt.PyJWTError as error:
                raise AuthenticationError(str(error)) from None
            rows = await run_in_threadpool(select)
            if not rows:
                return None
            return AuthCredentials(["authenticated"]), SimpleUser(str(claims["sub"]))

    def bare(request: Request) -> Response:  # noqa: ARG001 — `requires` looks for the name
        return Response(b"{}")

    guarded = Starlette(
        routes=[Route("/market", requires("authenticated")(bare))],
        middleware=[Middleware(AuthenticationMiddleware, backend=Backend())],
    )
    return Starlette(routes=[Route(bare_path, bare), Mount("/api/v1", guarded)])
