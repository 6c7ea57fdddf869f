"""Kotak's ways to answer: the trade API's stat and stCode, the login's errMsg, the gateway's list of errors,
and the history's fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

NO_DATA = 5203


class NeoError(Exception):
    """An answer in one of the dialects of refusal."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = dict(body)


def gateway_error(status: int, message: str) -> NeoError:
    """In the words of what stands before the broker: a missing field, a wrong application."""
    return NeoError(status, {"error": [{"code": str(status), "message": message}]})


def login_error(status: int, message: str) -> NeoError:
    return NeoError(status, {"stCode": status, "errMsg": message, "status": "failure"})


def trade_error(status: int, code: int, message: str) -> NeoError:
    return NeoError(status, {"stat": "Not_Ok", "stCode": code, "errMsg": message, "desc": ""})


def session_error() -> NeoError:
    return trade_error(403, 403, "Invalid session, please re-login to continue")


def rate_error() -> NeoError:
    return trade_error(429, 429, "Too many requests to the API")


def history_error(message: str) -> NeoError:
    return NeoError(400, {"status": "ERROR", "fault": {"code": 400, "message": message}})


def listed(rows: list[dict[str, Any]]) -> JSONResponse:
    """Rows of a book; where there are none, Kotak says so as if it were an error."""
    if not rows:
        return JSONResponse({"stat": "Not_Ok", "stCode": NO_DATA, "errMsg": "No Data"})
    return JSONResponse({"stat": "Ok", "stCode": 200, "data": rows})


async def on_neo_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, NeoError)
    headers = {"Retry-After": "1"} if error.status == 429 else {}
    return JSONResponse(error.body, error.status, headers)


async def on_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "No matching resource found" if error.status_code == 404 else "Method not allowed"
    return JSONResponse({"code": str(error.status_code), "message": message}, error.status_code)
