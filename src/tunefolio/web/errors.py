"""The one table from an error to its status, words and log level; and its three forms.

Programs get application/problem+json (RFC 9457), HTMX a fragment, people a page. Nothing of the inside is
told: an unexpected fault shows only the id of its request, under which the log has the rest.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tunefolio.analysis.tax.blockers import NotReady
from tunefolio.core.errors import (
    Ambiguous,
    BrokenLaw,
    Forbidden,
    Misuse,
    NotFound,
    Reauth,
    Rejected,
    Retry,
    TunefolioError,
    sentence,
)
from tunefolio.services.access import TokenRefused
from tunefolio.services.credentials import LoginRefused, WrongField
from tunefolio.services.leaving import Leaving
from tunefolio.services.proofs import ProofNeeded
from tunefolio.services.throttle import TooMany as TooMany
from tunefolio.services.tokens import ScopeNeeded
from tunefolio.web import cors, render
from tunefolio.web.security import HOME, safe_next, sent_from

_log = logging.getLogger(__name__)
SIGN_IN = "/sign-in"
UNLOCK = "/admin/unlock"
PROVE = "/prove"
FAREWELL = "/leaving"
_MINUTE = 60


class SignedOut(TunefolioError):
    """You are signed out."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One wrong input: where it stands, what is wrong, what would be right. label: what its form calls it."""

    field: str
    problem: str
    cure: str = ""
    label: str = ""

    @property
    def title(self) -> str:
        return self.label or self.field.replace("_", " ").capitalize()

    @property
    def said(self) -> str:
        """Both in a sentence without its full stop."""
        return sentence(self.title, self.problem)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a face shows it. kind: its stable name, an anchor in the API's documentation."""

    status: int
    kind: str
    title: str
    detail: str
    cure: str = ""
    fields: tuple[FieldProblem, ...] = ()
    retry_after: int | None = None
    level: int = logging.INFO
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def wait(self) -> str:
        """After what time to try again, in words; "" where nothing is to be waited for."""
        return "" if self.retry_after is None else wait_words(self.retry_after)


def wait_words(seconds: int) -> str:
    """Above a minute in whole minutes, rounded up: nobody waits for seconds."""
    if seconds < _MINUTE:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = math.ceil(seconds / _MINUTE)
    return "a minute" if minutes == 1 else f"{minutes} minutes"


TABLE: dict[type[Exception], tuple[int, str, str, int]] = {
    SignedOut: (401, "signed-out", "Please sign in", logging.INFO),
    Forbidden: (403, "forbidden", "Not yours to do", logging.INFO),
    TokenRefused: (401, "token-refused", "That token opens nothing", logging.INFO),
    ScopeNeeded: (403, "scope-needed", "The token does not reach this far", logging.INFO),
    ProofNeeded: (403, "proof-needed", "Prove yourself once more", logging.INFO),
    Leaving: (403, "leaving", "Your account is being deleted", logging.INFO),
    NotFound: (404, "not-found", "Not found", logging.INFO),
    Misuse: (422, "misuse", "That input does not work", logging.INFO),
    Reauth: (409, "broker-login-needed", "The broker asks you to log in again", logging.INFO),
    Rejected: (422, "rejected", "The answer was no", logging.INFO),
    NotReady: (409, "tax-not-ready", "The books do not bear a return yet", logging.INFO),
    TooMany: (429, "too-many", "Too many attempts", logging.WARNING),
    Retry: (503, "busy", "Busy or away, please try again", logging.WARNING),
    Ambiguous: (409, "ambiguous", "Its outcome is unknown", logging.ERROR),
    BrokenLaw: (500, "broken-law", "The books contradict themselves", logging.ERROR),
    DataError: (422, "misuse", "That input does not work", logging.WARNING),
    OperationalError: (503, "busy", "The database is busy", logging.ERROR),
    TimeoutError: (503, "busy", "The database is busy", logging.ERROR),
}
"""From an error's kind (the nearest class wins) to status, stable name, title and log level."""

AT_THE_DOOR = {
    "credentials": "Wrong e-mail or password",
    "second_factor": "A code is wanted as well",
    "wrong_code": "Wrong code",
    "passkey": "That passkey was not accepted",
    "provider": "The sign-in elsewhere did not lead in",
    "step_over": "Sign in again",
}
"""Why signing in did not lead on."""

STATUS_WORDS = {
    400: ("bad-request", "The request cannot be read", ""),
    401: ("signed-out", "Please sign in", ""),
    403: ("forbidden", "Not yours to do", ""),
    404: ("not-found", "Not found", "Check the address, or go back to the dashboard."),
    405: ("method-not-allowed", "That cannot be done here", ""),
    408: ("too-slow", "It came too slowly", "Send it again, over a faster line or in smaller parts."),
    413: ("too-large", "Too large", "Split the file, or ask the operator to raise the limit."),
    415: ("unsupported-media-type", "That kind of content is not understood", ""),
    421: ("wrong-host", "This server does not answer to that name", ""),
}


def problem_of(error: Exception) -> Problem:
    """What an error looks like from outside; 500 for one nobody foresaw."""
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return _of_status(error)
    for kind in type(error).__mro__:
        if kind in TABLE:
            return _known(error, *TABLE[kind])
    return Problem(
        500,
        "unexpected",
        "Something broke",
        "It is our fault, and it has been written down.",
        level=logging.ERROR,
    )


def _known(error: Exception, status: int, kind: str, title: str, level: int) -> Problem:
    if not isinstance(error, TunefolioError):
        detail = (
            "It holds a character or number that cannot be kept." if status == 422 else "Please try again."
        )
        return Problem(status, kind, title, detail, level=level, retry_after=None if status == 422 else 2)
    match error:
        case ScopeNeeded():
            return _out_of_scope(error, Problem(status, kind, title, "", level=level))
        case NotFound():
            return Problem(status, kind, title, f"{error.what} was not found.", level=level)
        case WrongField():
            wrong = FieldProblem(error.field, error.problem, error.cure, error.label)
            return Problem(status, kind, title, wrong.said, error.cure, (wrong,), level=level)
        case Forbidden():
            detail = error.reason[0].upper() + error.reason[1:]
            return Problem(status, kind, title, detail, error.cure, level=level)
        case Misuse():
            field = FieldProblem(error.field, error.problem, error.cure)
            return Problem(status, kind, title, field.said, error.cure, (field,), level=level)
        case TokenRefused():
            detail = f"The token was refused: {error.reason}."
            said = f'Bearer error="invalid_token", error_description="{error.reason}"'
            cure = "Renew it, sign in again, or make a new one under Settings."
            return Problem(
                status, kind, title, detail, cure, level=level, headers=(("www-authenticate", said),)
            )
        case NotReady():
            fields = tuple(FieldProblem(one.kind.value, one.what, one.cure) for one in error.blockers)
            return Problem(status, kind, title, str(error), "Mend what is listed.", fields, level=level)
        case Rejected():
            return _rejected(error, Problem(status, kind, title, str(error), level=level))
        case Retry():
            return Problem(status, kind, title, str(error), retry_after=_seconds(error.after), level=level)
        case Reauth():
            return Problem(status, kind, title, str(error), "Connect again on the page Brokers.", level=level)
        case _:
            return Problem(status, kind, title, str(error), level=level)


def _rejected(error: Rejected, problem: Problem) -> Problem:
    """By its code: at the door with 401, by a broker with its name."""
    if isinstance(error, LoginRefused):
        title = f"{error.broker} refused the login"
        return replace(problem, kind="login-refused", title=title, detail=error.reason)
    title = AT_THE_DOOR.get(error.code, "")
    if not title:
        return problem
    return replace(problem, status=401, kind=error.code.replace("_", "-"), title=title)


def _out_of_scope(error: ScopeNeeded, problem: Problem) -> Problem:
    """Names the scope that is needed, if any token could have it (RFC 6750)."""
    if error.scope is None:
        return replace(problem, detail="No token opens this.", cure="Sign in yourself, in a browser.")
    scope = error.scope.value
    said = f'Bearer error="insufficient_scope", scope="{scope}"'
    return replace(
        problem,
        detail=f"This needs a token with the scope {scope}.",
        cure="Make one under Settings, API tokens.",
        headers=(("www-authenticate", said),),
    )


def _seconds(span: timedelta | None) -> int:
    return 30 if span is None else max(1, math.ceil(span.total_seconds()))


def _of_status(error: HTTPException) -> Problem:
    status = error.status_code
    phrase = HTTPStatus(status).phrase
    kind, title, cure = STATUS_WORDS.get(status, (phrase.lower().replace(" ", "-"), phrase, ""))
    detail = title if error.detail == phrase else str(error.detail)
    return Problem(status, kind, title, detail, cure, headers=tuple((error.headers or {}).items()))


def _invalid(error: RequestValidationError) -> Problem:
    fields = tuple(map(_field, error.errors()))
    first = fields[0]
    title = "That input does not work"
    return Problem(422, "misuse", title, first.said, first.cure, fields)


def _field(entry: Mapping[str, Any]) -> FieldProblem:
    """One finding of the validation: the field it names, or the body when that is no JSON at all."""
    if entry["type"] == "json_invalid":
        return FieldProblem("body", f"is not JSON (character {entry['loc'][-1]})", "Send a JSON object")
    place = ".".join(str(part) for part in entry["loc"][1:]) or str(entry["loc"][0])
    cure = str(entry.get("ctx", {}).get("cure", ""))
    return FieldProblem(place, str(entry["msg"]).removeprefix("Value error, "), cure)


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the form its reader understands."""
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        headers["retry-after"] = str(problem.retry_after)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("www-authenticate", "Bearer")
    response: Response
    if is_htmx(request):
        response = _fragment(request, problem)
    elif wants_html(request):
        response = _page(request, problem)
    else:
        response = problem_json(request, problem)
    response.headers.update(headers)
    return response


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def wants_html(request: Request) -> bool:
    """A browser's visit: it accepts text/html, and does not ask the API."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def problem_json(request: Request, problem: Problem) -> Response:
    """RFC 9457; `errors` names every wrong field with its cure."""
    body: dict[str, Any] = {
        "type": f"/api/docs#{problem.kind}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request_id(request),
    }
    cure = problem.cure or (f"Try again in {problem.wait}." if problem.wait else "")
    if cure:
        body["cure"] = cure
    if problem.fields:
        body["errors"] = [{"field": f.field, "problem": f.problem, "cure": f.cure} for f in problem.fields]
    return Response(orjson.dumps(body), problem.status, media_type="application/problem+json")


def sign_in_path(request: Request) -> str:
    """Where to sign in, and to come back from to the page that was wanted."""
    if is_htmx(request):
        wanted = request.headers.get("hx-current-url", "").partition("://")[2].partition("/")[2]
        path = safe_next(f"/{wanted}")
    else:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        path = safe_next(path) if request.method == "GET" else HOME
    return SIGN_IN if path in (HOME, "/") else f"{SIGN_IN}?{urlencode({'next': path})}"


def request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _context(request: Request, problem: Problem) -> dict[str, Any]:
    return {
        "problem": problem,
        "request_id": request_id(request),
        "sign_in": sign_in_path(request),
        "unlock": _proving_path(request),
    }


def _proving_path(request: Request) -> str:
    """Where to prove oneself, and to come back from to the page that was left."""
    if request.url.path.startswith("/admin"):
        return f"{UNLOCK}?{urlencode({'next': _came_from(request)})}"
    return f"{PROVE}?{urlencode({'next': sent_from(request)})}"


def _came_from(request: Request) -> str:
    """The page a form was sent from; the admin's own where that is not told."""
    path = sent_from(request)
    return "/admin" if path in (HOME, "/") else path


def _fragment(request: Request, problem: Problem) -> Response:
    """Where no part of the page means anything any more, all of it is led away, with no error to note."""
    if problem.kind in ("signed-out", "leaving"):
        away = FAREWELL if problem.kind == "leaving" else sign_in_path(request)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"hx-redirect": away})
    return render.partial(
        request, "errors/fragment.html", status=problem.status, **_context(request, problem)
    )


def _page(request: Request, problem: Problem) -> Response:
    if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        return RedirectResponse(sign_in_path(request), HTTPStatus.SEE_OTHER)
    if problem.kind == "leaving":
        return RedirectResponse(FAREWELL, HTTPStatus.SEE_OTHER)
    if problem.kind == "proof-needed":
        return RedirectResponse(_proving_path(request), HTTPStatus.SEE_OTHER)
    return render.partial(request, "errors/page.html", status=problem.status, **_context(request, problem))


def handle(request: Request, error: Exception) -> Response:
    """Log by the table's level, answer by the reader's kind."""
    problem = problem_of(error)
    extra = {"status": problem.status, "path": request.url.path, "kind": problem.kind}
    trace = problem.level >= logging.ERROR
    _log.log(problem.level, "%s", type(error).__name__, extra=extra, exc_info=error if trace else None)
    return answer(request, problem)


def install(app: FastAPI, arrived: Callable[[Request], Awaitable[object]]) -> None:
    """Every foreseen error goes through the table; the unforeseen are met at the request door (doors.py).

    arrived: counts who asks, unless that is done. What cannot be read, or is nowhere, is answered before any
    route would count it; so it is counted here, and costs its sender as much as any other request.
    """

    async def met(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = cors.methods_of(request.app, request.scope["path"])
            error = HTTPException(error.status_code, error.detail, {"allow": ", ".join(allowed)})
        if not isinstance(error, TooMany):
            try:
                await arrived(request)
            except TooMany as many:
                error = many
        return handle(request, error)

    for kind in (
        TunefolioError,
        HTTPException,
        RequestValidationError,
        DataError,
        OperationalError,
        TimeoutError,
    ):
        app.add_exception_handler(kind, met)
