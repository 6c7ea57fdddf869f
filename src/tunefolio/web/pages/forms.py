"""What the forms of pages send, and where a person goes after a deed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Query
from starlette.responses import RedirectResponse

from tunefolio.core.errors import Misuse
from tunefolio.web.api.answers import Text
from tunefolio.web.deps import MAX_ID

FormText = Annotated[Text, Form()]
FormSecret = Annotated[str, Form(max_length=200)]
FormId = Annotated[int, Form(ge=1, le=MAX_ID)]
QueryId = Annotated[str, Query(max_length=20)]
"""An id chosen in a filter; "" for none, as an empty select sends it."""
QueryWord = Annotated[str, Query(max_length=60)]
"""A word chosen in a filter; "" for none."""


def find_id(text: str, field: str) -> int | None:
    """The id a filter names, None for none; raises Misuse."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_ID):
        raise Misuse(field, "is not an id", cure="Choose one of the list")
    return int(text)


def go(path: str) -> RedirectResponse:
    """After a deed the browser asks for the page anew, so that a reload never repeats it."""
    return RedirectResponse(path, 303)
