"""Nobody reads a secret in what the house writes down: a life at its doors, then every line and every file.

The house is a process of its own that logs all it can; what it gave out and what was typed is looked for in
its lines, and in the bytes of whatever it kept.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pyotp
import pytest

from tests.ports import free_port
from tests.postbox import Postbox, taken_in
from tunefolio.core.time import SystemClock

pytestmark = pytest.mark.one_is_enough
ASHA = "asha@example.org"
BELA = "bela@example.org"
FIRST, SECOND, WRONG, BELAS = (
    "the first long phrase of hers",
    "her quite other phrase",
    "nearly the first long phrase",
    "what somebody else typed",
)
BROKER_SECRET, HOOK_SECRET = "brokers-own-secret-4711", "what-signs-the-hook-0815"
V1 = "/api/v1"


@dataclass
class Browser:
    """A browser on plain http to this machine, and what it has learnt that nobody else may."""

    address: str
    secrets: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, *, expect: int, bearer: str = "", **sent: Any) -> httpx2.Response:
        headers = {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"authorization": f"Bearer {bearer}"} if bearer else {"sec-fetch-site": "same-origin"}
        answer = httpx2.request(method, self.address + path, headers=headers, timeout=30, **sent)
        if answer.status_code == 429 != expect:
            time.sleep(int(answer.headers["retry-after"]))
            return self.ask(method, path, expect=expect, bearer=bearer, **sent)
        assert answer.status_code == expect, (method, path, answer.status_code, answer.text[:500])
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                self.learn(f"the cookie {name} of {path}", morsel.value)
        return answer

    def learn(self, what: str, secret: str) -> str:
        if len(secret) > 8:
            self.secrets[f"{what} ({len(self.secrets)})"] = secret
        return secret

    def code(self, app: pyotp.TOTP, ahead: int) -> str:
        """The app's code; codes are too short to be looked for in bytes, so they are kept apart."""
        shown = app.at(int(SystemClock().now().utc.timestamp()) + 30 * ahead)
        self.codes.add(shown)
        return shown


@contextmanager
def living(home: Path, postbox: Postbox, form: str, heard: list[str]) -> Iterator[str]:
    """A house with mail that logs all it can; its lines come into `heard` once it has stopped."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNEFOLIO_")}
    with taken_in(postbox) as mail:
        own = {
            "TUNEFOLIO_HOME": str(home),
            "TUNEFOLIO_PORT": str(port),
            "TUNEFOLIO_SMTP_URL": mail,
            "TUNEFOLIO_PUBLIC_URL": f"http://localhost:{port}",
            "TUNEFOLIO_SIGN_UP": "open",
            "TUNEFOLIO_LOG": form,
            "TUNEFOLIO_LOG_LEVEL": "debug",
        }
        log = home.parent / f"{form}.log"
        with log.open("w") as lines:
            process = subprocess.Popen(
                [sys.executable, "-m", "tunefolio", "up", "--json"],
                env=kept | own,
                stdout=lines,
                stderr=lines,
            )
            try:
                wait_for(lambda: '"url"' in log.read_text() or process.poll() is not None)
                assert process.poll() is None, log.read_text()[-3000:]
                yield f"http://localhost:{port}"
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=30) == 0
            finally:
                process.kill()
                process.wait()
                heard.append(log.read_text())


def wait_for(is_there: Any) -> None:
    until = time.monotonic() + 60
    while not is_there():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)


def link(browser: Browser, postbox: Postbox, path: str, email: str = ASHA) -> str:
    """The token of the newest mailed link to that page."""

    def found() -> list[str]:
        return re.findall(rf"{path}\?token=([\w-]+)", postbox.words_to(email))

    wait_for(found)
    return browser.learn(f"the mailed link to {path}", found()[-1])


def comes_in(browser: Browser, postbox: Postbox) -> None:
    """Signs up, confirms her address, forgets her password and sets another."""
    for secret in (FIRST, SECOND, WRONG, BELAS, BROKER_SECRET, HOOK_SECRET):
        browser.learn("typed", secret)
    browser.ask("POST", "/sign-up", data={"name": "Asha", "email": ASHA, "password": FIRST}, expect=303)
    token = link(browser, postbox, "/confirm")
    browser.ask("GET", f"/confirm?token={token}", expect=200)
    browser.ask("POST", "/confirm", data={"token": token}, expect=200)
    browser.ask("POST", "/forgot", data={"email": ASHA}, expect=200)
    token = link(browser, postbox, "/reset")
    browser.ask("GET", f"/reset?token={token}", expect=200)
    browser.ask("POST", "/reset", data={"token": token, "new_password": SECOND}, expect=200)
    browser.ask("GET", f"/reset?token={token}", expect=200)
    browser.ask("POST", f"{V1}/session", json={"email": ASHA, "password": SECOND}, expect=201)


def another_comes(browser: Browser, postbox: Postbox) -> None:
    """Somebody else asks for an account, with Asha's address too, and makes hers by the mailed link."""
    hers, browser.cookies = browser.cookies, {}  # in another browser
    for name, email in (("Asha", ASHA), ("Bela", BELA)):
        browser.ask("POST", "/sign-up", data={"name": name, "email": email, "password": FIRST}, expect=200)
    token = link(browser, postbox, "/sign-up/confirm", BELA)
    browser.ask("GET", f"/sign-up/confirm?token={token}", expect=200)
    wish = {"token": token, "name": "Bela", "password": BELAS}
    browser.ask("POST", "/sign-up/confirm", data=wish | {"password": "short"}, expect=422)
    browser.ask("POST", "/sign-up/confirm", data=wish, expect=303)
    browser.ask("GET", f"/sign-up/confirm?token={token}", expect=200)
    browser.cookies = hers


def guards_it(browser: Browser) -> None:
    """Turns a second factor on, and signs in by it in every way, wrongly too."""
    browser.ask("POST", f"{V1}/proof", json={"password": WRONG}, expect=422)
    browser.ask("POST", f"{V1}/proof", json={"password": SECOND}, expect=200)
    made = browser.ask("POST", f"{V1}/factors/authenticator", expect=201).json()
    app = pyotp.TOTP(browser.learn("the authenticator's secret", made["secret"]))
    confirm = {"code": browser.code(app, 0)}
    known = browser.ask("POST", f"{V1}/factors/authenticator/confirm", json=confirm, expect=200).json()
    for recovery in known["recovery_codes"]:
        browser.learn("a recovery code", recovery)
    options = browser.ask("POST", f"{V1}/passkeys/options", expect=200).json()
    found = re.search(r'"challenge": ?"([\w-]+)"', json.dumps(options).replace('\\"', '"'))
    assert found
    browser.learn("a passkey's challenge", found[1])
    entry = {"email": ASHA, "password": SECOND}
    browser.ask("POST", "/auth/login", json=entry, expect=401)
    browser.ask("POST", "/auth/login", json=entry | {"password": WRONG}, expect=401)
    browser.ask("POST", "/auth/login", json=entry | {"code": "000000"}, expect=401)
    carries_tokens(browser, entry | {"code": browser.code(app, 1)})
    browser.ask("POST", "/sign-in", data=entry, expect=303)
    browser.ask("POST", "/sign-in/code", data={"code": known["recovery_codes"][0]}, expect=303)


def carries_tokens(browser: Browser, entry: dict[str, str]) -> None:
    """Access tokens, renewed and renewed again; a personal one, used well and where it does not belong."""
    given = browser.ask("POST", "/auth/login", json=entry, expect=200).json()
    access = browser.learn("an access token", given["access_token"])
    browser.ask("GET", f"{V1}/portfolios", bearer=access, expect=200)
    browser.ask("GET", f"{V1}/portfolios", bearer=access[:-4] + "AAAA", expect=401)
    spent = dict(browser.cookies)
    renewed = browser.ask("POST", "/auth/refresh", expect=200).json()
    browser.learn("a renewed access token", renewed["access_token"])
    browser.cookies |= {name: value for name, value in spent.items() if "refresh" in name}
    browser.ask("POST", "/auth/refresh", expect=401)
    wish = {"name": "cron", "scopes": ["read"], "password": SECOND}
    made = browser.ask("POST", f"{V1}/tokens", json=wish, expect=201).json()
    pat = browser.learn("a personal token", made["token"])
    browser.ask("GET", f"{V1}/portfolios", bearer=pat, expect=200)
    browser.ask("GET", f"{V1}/portfolios?token={pat}&access_token={access}", expect=422)
    browser.ask("GET", f"/nowhere/{pat}", expect=404)
    browser.ask("POST", f"{V1}/portfolios", bearer=pat, json={"name": "x"}, expect=403)
    browser.ask("GET", f"{V1}/portfolios", bearer=pat[:-1] + ("A" if pat[-1] != "A" else "B"), expect=401)


def keeps_house(browser: Browser) -> None:
    """A broker's keys, a webhook's, an invite, a public link; and secrets sent where they are refused."""
    browser.ask("POST", f"{V1}/proof", json={"password": SECOND}, expect=200)
    app = {"api_key": "kitekey", "api_secret": BROKER_SECRET}
    browser.ask("PUT", f"{V1}/brokers/zerodha/app", json=app, expect=204)
    hook = {"kind": "webhook", "target": "https://hook.example.org/h/secret-path-99", "secret": HOOK_SECRET}
    browser.ask("POST", f"{V1}/channels", json=hook, expect=201)
    browser.learn("where the webhook goes", "secret-path-99")
    invite = browser.ask("POST", f"{V1}/admin/invites", json={}, expect=201).json()
    browser.learn("an invite", next(word for word in re.findall(r"[\w-]{30,}", json.dumps(invite))))
    shelf = browser.ask("POST", f"{V1}/portfolios", json={"name": "Shelf"}, expect=201).json()["id"]
    wish = {"portfolio_id": shelf, "title": "Mine"}
    public = browser.ask("POST", f"{V1}/family/links", json=wish, expect=201).json()["url"]
    browser.learn("a public link", public.rpartition("/")[2])
    browser.ask("GET", "/shared/" + public.rpartition("/")[2], expect=200)
    browser.ask("GET", "/shared/" + public.rpartition("/")[2][:-1], expect=404)
    browser.ask("PUT", f"{V1}/session/password", json={"old": WRONG, "new": SECOND}, expect=401)
    browser.ask("POST", f"{V1}/session", content=json.dumps({"password": SECOND})[:-1], expect=422)
    browser.ask(
        "POST",
        "/sign-in",
        data={"email": f"{ASHA}\n00:00:00 INFO forged: line", "password": WRONG},
        expect=401,
    )
    browser.ask("GET", f"{V1}/portfolios?code={SECOND}&state={FIRST}&password={WRONG}", expect=422)
    browser.ask("POST", "/sign-out", expect=303)


def written(secret: str) -> set[bytes]:
    """How a secret may stand in a file."""
    return {secret.encode(), quote(secret).encode(), json.dumps(secret)[1:-1].encode()}


@pytest.mark.parametrize("form", ["plain", pytest.param("json", marks=pytest.mark.prove)])
def test_no_secret_is_read_in_any_line_or_file(tmp_path: Path, form: str) -> None:
    home, postbox, heard = tmp_path / "folio", Postbox(), list[str]()
    with living(home, postbox, form, heard) as address:
        browser = Browser(address)
        comes_in(browser, postbox)
        another_comes(browser, postbox)
        guards_it(browser)
        keeps_house(browser)
    lines = heard[0]
    assert len(lines.splitlines()) > 60, "it logs what it does"
    assert "/api/v1/portfolios" in lines
    assert len(browser.secrets) >= 30
    told = [
        what for what, secret in browser.secrets.items() if any(w.decode() in lines for w in written(secret))
    ]
    told += [f"the code {code}" for code in browser.codes if re.search(rf"\b{code}\b", lines)]
    assert told == []
    assert not [line for line in lines.splitlines() if line.startswith("00:00:00 INFO forged")]
    kept = [
        f"{what} in {file.relative_to(home)}"
        for file in home.rglob("*")
        if file.is_file()
        for what, secret in browser.secrets.items()
        if any(word in file.read_bytes() for word in written(secret))
    ]
    assert kept == []
