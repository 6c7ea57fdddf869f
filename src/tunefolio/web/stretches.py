"""One large file that is sent in pieces, whole or from where a download broke off (RFC 9110, ranges)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tunefolio.core.time import Instant

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")
Stretch = Callable[[int, int], Iterator[bytes]]
"""The bytes [start, end) of a file."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """Which bytes [start, end) of `size` are asked for; None for what is no single range, and so ignored.

    (size, size) for one that lies beyond the end.
    """
    found = _RANGE.match(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (size, size)
    start, end = int(first), min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    return (start, end) if start < size else (size, size)


def send(
    request: Request, stretch: Stretch, *, size: int, digest: str, name: str, expires: Instant
) -> Response:
    """The file, or the stretch that is asked for while it is still the same file (If-Range)."""
    tag = f'"{digest}"'
    headers = {
        "accept-ranges": "bytes",
        "etag": tag,
        "content-disposition": f'attachment; filename="{name}"',
        "expires": expires.utc.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "cache-control": "private, no-store",
        "content-encoding": "identity",
    }
    asked = request.headers.get("range", "")
    is_same = request.headers.get("if-range", tag) == tag
    part = wanted(asked, size) if asked and is_same else None
    if part is None:
        headers["content-length"] = str(size)
        return StreamingResponse(stretch(0, size), 200, headers, "application/zip")
    start, end = part
    if start >= size:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    headers |= {"content-length": str(end - start), "content-range": f"bytes {start}-{end - 1}/{size}"}
    return StreamingResponse(stretch(start, end), 206, headers, "application/zip")
