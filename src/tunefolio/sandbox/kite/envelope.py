"""Kite's envelopes: every answer says success or error, and an error names its exception."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_DEAD_TOKEN = "Incorrect `api_key` or `access_token`."


class KiteError(Exception):
    """An answer of Kite's error dialect. error_type: the exception's name on the wire."""

    def __init__(self, status: int, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


def token_error(message: str = _DEAD_TOKEN) -> KiteError:
    return KiteError(403, "TokenException", message)


def input_error(message: str) -> KiteError:
    return KiteError(400, "InputException", message)


def rate_error() -> KiteError:
    return KiteError(429, "NetworkException", "Too many requests")


def success(data: Any) -> JSONResponse:
    return JSONResponse({"status": "success", "data": data})


def error_body(error_type: str, message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "data": None, "error_type": error_type}


async def on_kite_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, KiteError)
    return JSONResponse(error_body(error.error_type, error.message), error.status)


async def on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "Route not found" if error.status_code == 404 else "Method not allowed"
    return JSONResponse(error_body("GeneralException", message), error.status_code)
