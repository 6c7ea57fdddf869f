"""The panel as a page of plain forms, without scripts: what stands, what can be done, what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST
from tunefolio.sandbox import wording
from tunefolio.sandbox.control.panel import Panel
from tunefolio.sandbox.events import KINDS
from tunefolio.sandbox.faults import FaultKind

_PAGES = Path(__file__).parent / "pages"
_STYLES = (Path(__file__).parents[1] / "kite" / "pages" / "login.css", _PAGES / "control.css")
_templates = Environment(loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined)
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_SHOWN_ACCOUNTS = 50
_SHOWN_ENTRIES = 100


async def show(panel: Panel, _: Request) -> Response:
    """GET /control."""
    return _page(panel, None, {})


async def act(panel: Panel, request: Request) -> Response:
    """POST /control: one form; back to the page, or the page again with what is wrong."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    deed = form.pop("deed", "")
    try:
        if deed not in _DEEDS:
            raise Misuse("deed", f"{deed!r} is no form of this page")
        _DEEDS[deed](panel, form)
    except Misuse as wrong:
        return _page(panel, wrong, {"deed": deed, **form})
    return RedirectResponse("/control", 303)


async def style(_: Panel, __: Request) -> Response:
    return PlainTextResponse("\n".join(one.read_text("utf-8") for one in _STYLES), media_type="text/css")


def _page(panel: Panel, problem: Misuse | None, said: Mapping[str, str]) -> Response:
    state, accounts = panel.state(), panel.accounts()
    text = _templates.get_template("control.html").render(
        state=state,
        clock=state["clock"],
        now=panel.clock.now().in_zone(IST),
        faces=state["faces"],
        kinds=list(FaultKind),
        events=list(KINDS),
        happened=[_line_of(one) for one in reversed(panel.events()[-_SHOWN_ENTRIES:])],
        accounts=accounts[:_SHOWN_ACCOUNTS],
        hidden=max(0, len(accounts) - _SHOWN_ACCOUNTS),
        entries=[(one.at.in_zone(IST), one.deed, one.detail) for one in panel.entries()[:_SHOWN_ENTRIES]],
        problem=problem,
        said=said,
    )
    return HTMLResponse(text, 400 if problem else 200, _HEADERS)


def _line_of(one: Mapping[str, Any]) -> Mapping[str, Any]:
    event = dict(one["event"])
    kind = event.pop("kind")
    words = ", ".join(f"{name} {value}" for name, value in event.items() if value not in (None, ""))
    return {"number": one["number"], "at": one["at"][:19].replace("T", " "), "kind": kind, "words": words}


def _shift(panel: Panel, form: Mapping[str, str]) -> None:
    to = form.get("to", "").strip()
    if to:
        panel.shift(to=wording.instant("to", to))
    else:
        panel.shift(days=wording.whole("days", form.get("days", "")))


def _end_sessions(panel: Panel, form: Mapping[str, str]) -> None:
    panel.end_sessions(form.get("face", ""), form.get("user", "").strip())


def _slow_down(panel: Panel, form: Mapping[str, str]) -> None:
    panel.slow_down(form.get("face", ""), wording.real("seconds", form.get("seconds", "")))


def _plan(panel: Panel, form: Mapping[str, str]) -> None:
    wanted = {name: value for name, value in form.items() if name != "face"}
    panel.plan(form.get("face", ""), wanted)


def _clear(panel: Panel, form: Mapping[str, str]) -> None:
    panel.clear(form.get("face", ""))


def _register(panel: Panel, form: Mapping[str, str]) -> None:
    panel.register_postback(form.get("url", "").strip())


def _happen(panel: Panel, form: Mapping[str, str]) -> None:
    panel.happen({name: value.strip() for name, value in form.items() if value.strip()})


_DEEDS: Mapping[str, Callable[[Panel, Mapping[str, str]], None]] = {
    "shift": _shift,
    "happen": _happen,
    "plan": _plan,
    "clear": _clear,
    "slow_down": _slow_down,
    "end_sessions": _end_sessions,
    "register": _register,
}
