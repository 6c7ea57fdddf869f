"""A small real HTTP server that answers what a test says, and remembers what it was asked."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Reply:
    """One canned answer. torn: promise more bytes than are sent. delay: seconds before it begins."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    torn: bool = False
    delay: float = 0


def success(data: Any) -> Reply:
    return Reply(body=json.dumps({"status": "success", "data": data}).encode())


def failure(status: int, error_type: str, message: str = "no", **headers: str) -> Reply:
    body = {"status": "error", "message": message, "data": None, "error_type": error_type}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), headers=named)


def zipped(body: bytes, content_type: str) -> Reply:
    return Reply(body=gzip.compress(body), content_type=content_type, headers={"Content-Encoding": "gzip"})


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    form: dict[str, str]
    body: bytes = b""


class Outside:
    """Answers a path from its own queue, the last answer for ever; 404 for a path without one."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._replies: dict[str, deque[Reply]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, path: str, *replies: Reply) -> None:
        self._replies[path] = deque(replies)

    def reply(self, path: str) -> Reply:
        queue = self._replies.get(path)
        if not queue:
            return Reply(404, b"nothing here", "text/plain")
        return queue.popleft() if len(queue) > 1 else queue[0]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                is_form = self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
                form = dict(parse_qsl(body.decode())) if is_form else {}
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, parts.path, parse_qsl(parts.query), headers, form, body)
                outside.asked.append(asked)
                reply = outside.reply(parts.path)
                time.sleep(reply.delay)
                if "Date" in reply.headers:  # a clock of its own, in the place of the server's
                    self.send_response_only(reply.status)
                else:
                    self.send_response(reply.status)
                if reply.content_type:
                    self.send_header("Content-Type", reply.content_type)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body) + (50 if reply.torn else 0)))
                self.end_headers()
                self.wfile.write(reply.body)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  names of the standard library

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        return Handler


@contextmanager
def running() -> Iterator[Outside]:
    outside = Outside()
    outside.start()
    try:
        yield outside
    finally:
        outside.stop()
