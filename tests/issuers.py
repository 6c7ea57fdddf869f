"""A provider of identities that listens on this machine while a test lasts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient

from tunefolio.adapters.oidc import Oidc, OidcConfig
from tunefolio.core.secret import Secret
from tunefolio.core.time import Clock
from tunefolio.sandbox.oidc import Provider, Somebody
from tunefolio.sandbox.ports import bound, server_of

BROWSER = {"accept": "text/html"}
ASHA = Somebody("sub-asha", "asha@example.org", name="Asha")
CLIENT, SECRET = "tunefolio", "a secret with : and %"


@contextmanager
def open_provider(clock: Clock) -> Iterator[Provider]:
    """It answers over HTTP until the block ends; issuer: its own address."""
    provider = Provider(clock, CLIENT, SECRET)
    socket = bound("127.0.0.1", 0, "port")
    provider.issuer = f"http://127.0.0.1:{socket.getsockname()[1]}"
    server = server_of(provider.app(), clock)
    thread = Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(60)


def client_of(provider: Provider, clock: Clock, secret: str = SECRET) -> Oidc:
    """The house's side of it, as bootstrap would build it."""
    config = OidcConfig(provider.issuer, CLIENT, Secret(secret), "Rehearsal ID", "openid email profile")
    return Oidc(config, clock)


def away(client: TestClient, path: str = "/sign-in/oidc", **form: str) -> str:
    """Where the page that answers leads."""
    page = client.post(path, data=form, headers=BROWSER)
    assert page.status_code == 200, page.text
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


def back(address: str) -> str:
    """At the provider, who knows who she is; the path that it sends her browser to."""
    answer = httpx2.get(address, trust_env=False)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["location"])
    assert f"{parts.scheme}://{parts.netloc}" == "https://testserver"
    return f"{parts.path}?{parts.query}"


def enter(client: TestClient, path: str = "/sign-in/oidc", **form: str) -> Any:
    return client.get(back(away(client, path, **form)), headers=BROWSER)


def enter_new(client: TestClient, **form: str) -> Any:
    """As `enter`, of somebody whom no account knows; asked which shall be hers, she wants a new one."""
    asked = enter(client)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in/oidc/new")
    return client.post("/sign-in/oidc/new", data=form, headers=BROWSER)


def who(client: TestClient) -> str:
    answer = client.get("/api/v1/session")
    return str(answer.json()["person"]["email"]) if answer.status_code == 200 else ""
