"""Figures in the API: text, unit, convention, where they are explained; null with reason and cure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tunefolio.core.missing import Missing
from tunefolio.core.money import Money, Price
from tunefolio.services.views.shapes_figures import Computation, Figure, Value
from tunefolio.web.api.answers import amount, ist, plain
from tunefolio.web.figures import address, asked

_PLACES = 10


def figure_json(figure: Figure) -> dict[str, Any]:
    """A figure in the API: text, unit, convention; null with its reason and cure when it is not available."""
    body: dict[str, Any] = {"name": figure.name, "title": figure.title, **value_json(figure.value)}
    body["unit"] = figure.unit.value
    if figure.convention:
        body["convention"] = figure.convention
    if figure.note:
        body["note"] = figure.note
    body["explain"] = address(figure.ask, "/api/v1/explain")
    return body


def value_json(value: Value) -> dict[str, Any]:
    """value, and currency where it has one; or null, reason and cure."""
    if isinstance(value, Missing):
        return {"value": None, "reason": value.reason, "cure": value.cure}
    if isinstance(value, Money):
        return {"value": amount(value), "currency": value.currency}
    return {"value": ratio_json(value)}


def put_value(
    body: dict[str, Any], name: str, value: Money | Price | Decimal | int | Missing | None, explain: str
) -> None:
    """body[name] and where it is explained; null with reason and cure when it is not available."""
    match value:
        case None:
            body[name] = None
        case Missing():
            body[name] = None
            body[f"{name}_reason"] = value.reason
            body[f"{name}_cure"] = value.cure
        case Money() | Price():
            body[name] = amount(value)
            body[f"{name}_explain"] = explain
        case Decimal() | int():
            body[name] = ratio_json(Decimal(value))
            body[f"{name}_explain"] = explain


def asked_api(figure: str, scope: str) -> str:
    return "/api/v1" + asked(figure, scope)


def computed_json(computed: Computation) -> dict[str, Any]:
    """How old the rows behind the figures are."""
    body: dict[str, Any] = {"at": ist(computed.at), "is_current": computed.is_current}
    if computed.problem:
        body["problem"] = computed.problem
    return body


def ratio_json(value: Decimal | None) -> str | None:
    return None if value is None else plain(round(value, _PLACES))
