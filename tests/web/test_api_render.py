"""How figures read, and which part of a page HTMX gets."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from jinja2 import DictLoader
from starlette.requests import Request

from tunefolio.core.money import Money, Price
from tunefolio.core.time import Instant, TradingDay
from tunefolio.web import filters, render

NOW = Instant.parse("2026-11-20T10:30:00+05:30")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money.of("11525310"), "₹1,15,25,310.00"),
        (Money.of("999"), "₹999.00"),
        (Money.of("1000"), "₹1,000.00"),
        (Money.of("100000.005"), "₹1,00,000.01"),
        (Money.of("-54866.4"), "−₹54,866.40"),
        (Money.of("-0.001"), "₹0.00"),
        (Money.of("11525310.5", "USD"), "$11,525,310.50"),
        (Money.of("5", "JPY"), "¥5"),
        (Money.of("1.2345", "KWD"), "KWD\u202f1.235"),
        (None, "—"),
    ],
)
def test_money(amount: Money | None, text: str) -> None:
    assert filters.money(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money.of("8376000"), "₹83.76 L"),
        (Money.of("-11525310"), "−₹1.15 Cr"),
        (Money.of("58118.49"), "₹58,118"),
        (Money.of("99999.99"), "₹1,00,000"),
        (Money.of("12345678901234"), "₹12,34,567.89 Cr"),
        (Money.of("12500", "USD"), "$12.50 K"),
        (Money.of("1250000", "USD"), "$1.25 M"),
    ],
)
def test_short_money(amount: Money, text: str) -> None:
    assert filters.money_short(amount) == text


def test_signs_are_said_and_not_only_coloured() -> None:
    assert filters.money_signed(Money.of("5")) == "+₹5.00"
    assert filters.money_signed(Money.of("-5")) == "−₹5.00"
    assert filters.money_signed(Money.of("0")) == "₹0.00"
    assert filters.percent(Decimal("0.0738")) == "7.38%"
    assert filters.percent_signed(Decimal("0.0738")) == "+7.38%"
    assert filters.percent_signed(Decimal("-0.0005")) == "−0.05%"
    assert filters.percent(None) == "—"
    assert [filters.tone(Money.of(text)) for text in ("1", "-1", "0")] == ["up", "down", "flat"]
    assert filters.tone(None) == "flat"


def test_prices_and_quantities_keep_what_counts() -> None:
    assert filters.price(Price.of("1489.35")) == "₹1,489.35"
    assert filters.price(Price.of("48.5512")) == "₹48.5512"
    assert filters.price(Price.of("245.3")) == "₹245.30"
    assert filters.quantity(Decimal("1500.00000000")) == "1,500"
    assert filters.quantity(Decimal("0.35")) == "0.35"


def test_times() -> None:
    assert filters.ist(NOW) == "20 Nov 2026, 10:30 IST"
    assert filters.clock_time(NOW) == "10:30 IST"
    assert filters.iso(NOW) == "2026-11-20T10:30:00+05:30"
    assert filters.day(TradingDay.parse("2026-01-05")) == "5 Jan 2026"
    assert filters.ist(None) == filters.day(None) == "—"
    assert filters.iso(None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "just now"), (60, "1 min ago"), (3_500, "58 min ago"), (7_200, "2 h ago"), (86_400, "1 day ago"),
     (200_000, "2 days ago"), (-10, "in a moment"), (-3_600, "in 1 h")],
)  # fmt: skip
def test_ages(seconds: int, text: str) -> None:
    assert filters.age_between(NOW, NOW + timedelta(seconds=seconds)) == text


PAGES = {
    "base.html": "<html>{% block content %}{% endblock %}</html>",
    "macros.html": "{% macro loud(text) %}{{ text|upper }}!{% endmacro %}",
    "page.html": '{% extends "base.html" %}{% from "macros.html" import loud %}{% block content %}'
    "<h1>{{ loud(word) }}</h1>{% block value_curve %}<p>{{ loud('curve') }}</p>{% endblock %}{% endblock %}",
}


@pytest.fixture
def templates(monkeypatch: pytest.MonkeyPatch) -> None:
    made = render.environment().overlay(loader=DictLoader(PAGES))
    monkeypatch.setattr(render, "environment", lambda: made)


@pytest.mark.usefixtures("templates")
def test_a_block_is_rendered_with_its_pages_imports() -> None:
    values = {"word": "<b>"}
    assert render.render_block("page.html", ("content",), values) == "<h1>&lt;B&gt;!</h1><p>CURVE!</p>"
    assert render.render_block("page.html", ("value_curve", "content"), values) == "<p>CURVE!</p>"
    assert render.render_block("page.html", ("nothing",), values).startswith("<html>")


@pytest.mark.parametrize(
    ("headers", "is_part", "block"),
    [
        ({}, False, ""),
        ({"hx-request": "true", "hx-target": "div#value-curve"}, True, "value_curve"),
        ({"hx-request": "true", "hx-request-type": "partial", "hx-target": "rows"}, True, "rows"),
        ({"hx-request": "true", "hx-request-type": "full"}, False, ""),
        ({"hx-request": "true", "hx-boosted": "true"}, False, ""),
        ({"hx-request": "true", "hx-history-restore-request": "true"}, False, ""),
    ],
)
def test_what_htmx_asks_for(headers: dict[str, str], is_part: bool, block: str) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "headers": raw})
    assert render.wants_fragment(request) is is_part
    assert render.target_of(request) == block
