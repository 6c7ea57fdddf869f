"""What the API takes, and nothing besides: a name that it does not know is refused, in a body and behind "?".

A misspelt name, dropped in silence, would be a wrong figure, or one of the whole book.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError
from starlette.requests import Request

from tunefolio.web.leavers import must_stay

STRICT = "/api/"
"""Below it no other parameter is taken than a way names. Elsewhere strangers add theirs: brokers and
providers of identity to a callback, trackers to a page, monitors to /healthz."""

_LIKE = 0.6
"""How alike a name must be to be what was meant; 1 is the same."""
_MOST_FINDINGS = 5
_MOST_LETTERS = 60
"""What is told of a request that brings thousands of names, or one without an end."""


class Body(BaseModel):
    """The body of a request. What it does not know it refuses, and says so before anything else of it: a
    field that seems to be missing is most often the one that was misspelt."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _only_known(cls, told: Any) -> Any:
        """Raises a finding for each unknown name, with the one that was meant."""
        known = cls.model_fields
        unknown = [name for name in told if name not in known] if isinstance(told, dict) else []
        if unknown:
            found = [_unknown(name, known) for name in unknown[:_MOST_FINDINGS]]
            raise ValidationError.from_exception_data(cls.__name__, found)
        return told


def _unknown(name: str, known: Collection[str]) -> InitErrorDetails:
    kind = PydanticCustomError("unknown", "is not known", {"cure": _cure(name, known)})
    return InitErrorDetails(type=kind, loc=(_shown(name),), input=None)


async def entered(request: Request) -> None:
    """Who asks stays with us, and asks for nothing that is not known. Raises TooMany, Leaving, and
    RequestValidationError for a parameter that is unknown, or given twice where it has one value."""
    await must_stay(request)
    if request.scope["query_string"]:
        _refuse_unknown(request)


def _refuse_unknown(request: Request) -> None:
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not _is_strict(request.scope["path"], route):
        return
    known = parameters(route)
    given = Counter(name for name, _ in request.query_params.multi_items())
    wrong = [name for name, times in given.items() if name not in known or (times > 1 and not known[name])]
    if wrong:
        raise RequestValidationError([_finding(name, known) for name in wrong[:_MOST_FINDINGS]])


def _is_strict(path: str, route: APIRoute) -> bool:
    """Whether a way is the API's own; its documentation is a page."""
    return path.startswith(STRICT) and route.include_in_schema


def _finding(name: str, known: Mapping[str, bool]) -> dict[str, Any]:
    """What is wrong with a parameter, as the validation would say it."""
    said, cure = ("is given more than once", "Give it once")
    if name not in known:
        said, cure = ("is not known", _cure(name, known))
    return {"type": "unknown", "loc": ("query", _shown(name)), "msg": said, "ctx": {"cure": cure}}


def _cure(name: str, known: Collection[str]) -> str:
    """The name that was meant, if one is like it, and all that there are."""
    if not known:
        return "There are none here"
    meant = _meant(name.lower(), tuple(known))
    asked = f"Did you mean {meant!r}? " if meant else ""
    return f"{asked}Known: {', '.join(known)}"


@lru_cache(maxsize=1_000)
def _meant(name: str, known: tuple[str, ...]) -> str:
    """Kept, for in a long list of facts each has the same mistake."""
    return next(iter(difflib.get_close_matches(name, known, 1, _LIKE)), "")


def _shown(name: str) -> str:
    """A name from outside as it can be told: not too long, and half letters (a lone surrogate) left out."""
    return name[:_MOST_LETTERS].encode(errors="replace").decode()


_PARAMETERS: dict[Callable[..., Any], Mapping[str, bool]] = {}


def parameters(route: APIRoute) -> Mapping[str, bool]:
    """What may stand behind the "?" of a way, and whether several times; found once for each."""
    known = _PARAMETERS.get(route.endpoint)
    if known is None:
        known = _PARAMETERS[route.endpoint] = dict(_asked(route.dependant))
    return known


def _asked(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """(name, may it come several times), the way's own first, then those of what it depends on."""
    for one in dependant.query_params:
        yield one.alias, _is_many(one.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _asked(inner)


def _is_many(kind: Any) -> bool:
    return list in (get_origin(kind), *map(get_origin, get_args(kind)))
