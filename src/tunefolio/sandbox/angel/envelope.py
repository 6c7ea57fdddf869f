"""Angel One's answers. The API refuses under status 200, the gateway in words of its own, its guard in plain
text, and what cannot be read at all gets an empty 400."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

RATE_TEXT = "Access denied because of exceeding access rate"


class Refusal(Exception):
    """An answer that is not the wished-for one."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def success(data: Any) -> JSONResponse:
    return JSONResponse({"status": True, "message": "SUCCESS", "errorcode": "", "data": data})


def refused(code: str, message: str) -> Refusal:
    """By the API itself."""
    return Refusal(JSONResponse({"status": False, "message": message, "errorcode": code, "data": None}))


def stopped(code: str, message: str) -> Refusal:
    """By the gateway: its key has another spelling, and there is no status."""
    return Refusal(JSONResponse({"success": False, "message": message, "errorCode": code, "data": ""}))


def too_often() -> Refusal:
    return Refusal(PlainTextResponse(RATE_TEXT, 403))


def unreadable() -> Refusal:
    return Refusal(Response(status_code=400))


async def on_refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a POST; raises Refusal for anything else."""
    try:
        value = await request.json()
    except ValueError:
        raise unreadable() from None
    if not isinstance(value, dict):
        raise unreadable()
    return value


def text_of(body: dict[str, Any], name: str) -> str:
    """ "" for a missing one; raises Refusal for what is neither text nor a number."""
    value = body.get(name, "")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise unreadable()
    return str(value)
