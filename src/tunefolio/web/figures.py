"""How a figure reads and where its explanation stands: one place for pages and the API."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from jinja2 import Environment

from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.services.views.shapes_figures import Ask, Figure, Unit, Value
from tunefolio.web import filters


def shown(value: Value, unit: Unit) -> str:
    """The value as people read it; its unit decides. A missing one reads "—": the reason stands beside it."""
    if isinstance(value, Missing):
        return filters.NOTHING
    if isinstance(value, Money):
        return filters.money(value)
    match unit:
        case Unit.RATIO:
            return filters.percent(value)
        case Unit.DAYS:
            return f"{filters.plain(value, 0)} day{'' if value == 1 else 's'}"
        case Unit.UNITS:
            return filters.quantity(value)
        case _:
            sign = filters.MINUS if value < 0 else ""
            return sign + filters.plain(value, 2)


def signed(figure: Figure) -> str:
    """As shown, with + before a gain."""
    text = shown(figure.value, figure.unit)
    value = figure.value.amount if isinstance(figure.value, Money) else figure.value
    return f"+{text}" if isinstance(value, Decimal) and value > 0 else text


def address(ask: Ask, page: str = "/explain") -> str:
    """Where the figure is explained."""
    words = {"figure": ask.figure, "scope": ask.scope, "period": ask.period, "benchmark": ask.benchmark}
    return f"{page}?{urlencode({name: word for name, word in words.items() if word})}"


def asked(figure: str, scope: str, period: str = "") -> str:
    """The address of a table cell's explanation, by its name and its row's key."""
    return address(Ask(figure, scope, period))


def is_missing(value: object) -> bool:
    return isinstance(value, Missing)


def install(environment: Environment) -> None:
    """Put the filters where templates find them."""
    environment.filters.update(
        {"shown": shown, "signed": signed, "address": address, "figure_value": lambda one: one.value}
    )
    environment.globals.update(asked=asked)
    environment.tests["missing"] = is_missing
