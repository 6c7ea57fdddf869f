"""What the form of an alert sends, read into a wish: per cent become ratios, minutes a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

from pydantic import BaseModel

from tunefolio.core.alerts import HELD, QUOTED, AlertKind, Repeat
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId
from tunefolio.core.money import decimal_of, plain
from tunefolio.services.alert_book import Wish
from tunefolio.store.alerts import Subject
from tunefolio.web.api.answers import Text
from tunefolio.web.pages.forms import find_id

T = TypeVar("T")
KINDS = {
    AlertKind.PRICE: "Price reaches a level",
    AlertKind.MOVE: "Price moves by per cent",
    AlertKind.AVERAGE: "Price crosses an average",
    AlertKind.YEAR_RANGE: "New 52-week high or low",
    AlertKind.PNL: "P&L of a position",
    AlertKind.DRAWDOWN: "Portfolio falls from its peak",
    AlertKind.SYNC_FAILED: "A broker sync fails",
    AlertKind.DATA_STALE: "Prices stay away",
    AlertKind.LOGIN_DUE: "A broker waits for a login",
}
REPEATS = {
    Repeat.ONCE: "Once",
    Repeat.DAILY: "Once a day while it holds",
    Repeat.EVERY: "Each time it is crossed",
}
COOLDOWNS = {0: "None", 5: "5 minutes", 30: "30 minutes", 60: "1 hour", 240: "4 hours", 1440: "1 day"}


class AlertForm(BaseModel):
    """Every field of the form; those that its kind does not show are ignored. choice: what was picked of the
    search, "" where the box was only typed into."""

    kind: Text = "price"
    instrument: Text = ""
    choice: Text = ""
    home: Text = ""
    level: Text = ""
    direction: Text = "up"
    move: Text = "either"
    percent: Text = ""
    reference: Text = ""
    days: Text = "50"
    measure: Text = "amount"
    repeat: Text = "once"
    band: Text = "0"
    cooldown: Text = "0"
    note: Text = ""


def name_in(form: AlertForm) -> str:
    """The instrument as watchlists.named() reads it; "" for none."""
    return form.choice.strip() or form.instrument.strip()


def wish_of(form: AlertForm, instrument: InstrumentId | None) -> Wish:
    """The wish as the services take it; raises Misuse for the field that is wrong."""
    kind = chosen(AlertKind, form.kind, "kind")
    home = form.home if kind in HELD else ""
    subject = Subject(
        instrument if kind in QUOTED or kind is AlertKind.PNL else None,
        None if (portfolio := _id(home, "portfolio")) is None else PortfolioId(portfolio),
        None if (account := _id(home, "account")) is None else AccountId(account),
    )
    return Wish(
        kind,
        subject,
        parameters_of(kind, form),
        chosen(Repeat, form.repeat, "repeat"),
        share_of(form.band or "0", "band"),
        timedelta(minutes=_minutes(form.cooldown)),
        form.note,
    )


def parameters_of(kind: AlertKind, form: AlertForm) -> dict[str, str]:
    """The texts that the kind's terms are read from."""
    match kind:
        case AlertKind.PRICE:
            return {"level": form.level, "direction": form.direction}
        case AlertKind.MOVE:
            ratio = plain(share_of(form.percent, "percent"))
            return {"ratio": ratio, "direction": form.move, "reference": form.reference}
        case AlertKind.AVERAGE:
            return {"days": form.days, "direction": form.direction}
        case AlertKind.YEAR_RANGE:
            return {"direction": form.direction}
        case AlertKind.PNL:
            is_ratio = form.measure == "ratio"
            level = plain(share_of(form.level, "level")) if is_ratio else form.level
            return {"measure": form.measure, "level": level, "direction": form.direction}
        case AlertKind.DRAWDOWN:
            return {"ratio": plain(share_of(form.percent, "percent"))}
        case _:
            return {}


def share_of(text: str, field: str) -> Decimal:
    """Per cent as a person types it → ratio."""
    return decimal_of(text.strip().rstrip("%").strip().replace(",", ""), field) / 100


def chosen(kinds: Iterable[T], text: str, field: str) -> T:
    """The member of an enumeration of that value; raises Misuse naming the known ones."""
    known = {str(one): one for one in kinds}
    if text not in known:
        raise Misuse(field, f"{text[:40]!r} is unknown", cure=f"Choose one of {', '.join(known)}")
    return known[text]


def _id(home: str, sort: str) -> int | None:
    """`portfolio:3` names a portfolio, `account:2` an account, "" all of them."""
    word, _, number = home.partition(":")
    if home and word not in {"portfolio", "account"}:
        raise Misuse("home", "names neither a portfolio nor an account", cure="Choose one of the list")
    return find_id(number, "home") if word == sort else None


def _minutes(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Misuse("cooldown", f"{text!r} is not a number of minutes")
    return int(text)
