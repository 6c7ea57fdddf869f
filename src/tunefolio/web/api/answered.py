"""The shape of an answer, read from its example: so the API's document names every field and its type.

A field that is null in the example may hold anything; any other may be null, with its reason beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPEN = frozenset(
    {
        "columns",
        "details",
        "inputs",
        "parameters",
        "result",
        "segments",
        "tracking",
        "values",
        "words",
    }
)
"""Fields whose inside is not the same everywhere: columns of a table, terms of a rule, what a job counted;
and the inputs of a derivation, which are derivations themselves."""
NAMED = frozenset({"studies"})
"""Fields that tell alike things by their names, which whoever asks has chosen."""
BESIDE = "(^|_)(reason|cure|explain)$"
"""What may stand beside any value: why it is missing, what helps, or where it is explained."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Examples of an answer that has several shapes. by: the field whose values tell them apart."""

    by: str
    examples: tuple[Mapping[str, Any], ...]


def said_of(example: Any) -> dict[str, Any]:
    """What the document says of an answer: its shape and an example, the first of several looks."""
    match example:
        case Looks(by, examples):
            return {"schema": {"oneOf": [_look(one, by) for one in examples]}, "example": dict(examples[0])}
        case _:
            return {"schema": shape_of(example), "example": example}


def _look(example: Mapping[str, Any], by: str) -> dict[str, Any]:
    """The shape of one look, which has its own value of the field and an example of its own."""
    shape = _object(dict(example))
    shape["properties"][by] = {"const": example[by]}
    return shape | {"required": [by], "examples": [dict(example)]}


def shape_of(example: Any) -> dict[str, Any]:
    """JSON Schema of whatever looks like the example."""
    match example:
        case dict():
            return _object(example)
        case list() | tuple():
            return {"type": ["array", "null"], "items": _row(list(example))}
        case bool():
            return {"type": ["boolean", "null"]}
        case int():
            return {"type": ["integer", "null"]}
        case float():
            return {"type": ["number", "null"]}
        case str():
            return {"type": ["string", "null"]}
        case _:
            return {}


def _object(example: dict[str, Any]) -> dict[str, Any]:
    fields = {name: _field(name, value) for name, value in example.items()}
    shape: dict[str, Any] = {"type": ["object", "null"]}
    if fields:
        shape |= {"properties": fields, "patternProperties": {BESIDE: {"type": ["string", "null"]}}}
    return shape


def _field(name: str, value: Any) -> dict[str, Any]:
    if name in OPEN and value is not None:
        return {"type": shape_of(value)["type"]}
    if name in NAMED:
        return {"type": ["object", "null"], "additionalProperties": _row(list(value.values()))}
    return shape_of(value)


def _row(rows: list[Any]) -> dict[str, Any]:
    """One shape for every row of a list: a field that any of them has, it has; what is missing has none."""
    rows = [one for one in rows if one is not None]
    if not rows:
        return {}
    if not all(isinstance(one, dict) for one in rows):
        return shape_of(rows[0]) if len({type(one) for one in rows}) == 1 else {}
    merged: dict[str, Any] = {}
    for one in rows:
        merged |= {name: value for name, value in one.items() if merged.get(name) is None}
    return _object(merged)
