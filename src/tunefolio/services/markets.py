"""When each instrument's market trades, as fetching needs it: its sessions, and which closes are final."""

from __future__ import annotations

from datetime import timedelta

from tunefolio.core.errors import Misuse
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.calendars import Calendar, Phase
from tunefolio.market.instruments import Instrument
from tunefolio.services.house import House

LATE_PRICES = timedelta(hours=1)
"""How long after its last session a market's prices may still be corrected."""

_FOLLOWS = {"MF": "NSE"}
"""Funds are valued on the sessions of the exchange, give or take a holiday."""

_ANY_DAY = frozenset({"MF", "FX"})
"""What may have a price on a day without a session: liquid funds are valued on Sundays."""

_SATURDAY = 5


def calendar_of(house: House, instrument: Instrument) -> Calendar:
    """The calendar its prices follow."""
    return house.calendars.of(_FOLLOWS.get(instrument.exchange, instrument.exchange))


def sessions(house: House, instrument: Instrument, since: TradingDay, until: TradingDay) -> list[int]:
    """The days of [since, until) on which it trades, as ordinals."""
    calendar = calendar_of(house, instrument)
    days = (since.plus_days(ahead) for ahead in range(max(0, until - since)))
    return [day.date.toordinal() for day in days if _trades(calendar, day)]


def could_trade(house: House, instrument: Instrument, day: TradingDay) -> bool:
    """Whether a price of that day can be true."""
    return instrument.exchange in _ANY_DAY or _trades(calendar_of(house, instrument), day)


def final_until(house: House, instrument: Instrument, now: Instant) -> TradingDay:
    """The first day whose close is not final yet: today where it trades, until its end of day."""
    calendar = calendar_of(house, instrument)
    today = calendar.today(now)
    if not calendar.knows(today):
        return today
    is_over = not calendar.is_session(today) or calendar.eod(today) <= now
    return today.plus_days(1) if is_over else today


def may_move(house: House, instrument: Instrument, now: Instant) -> bool:
    """Whether its price may be another than a while ago: its market trades, or has closed just now. In a
    rehearsal prices never rest."""
    if house.rules.rehearsal:
        return True
    calendar = calendar_of(house, instrument)
    try:
        return any(calendar.phase(moment) is not Phase.CLOSED for moment in (now, now - LATE_PRICES))
    except Misuse:  # beyond the known calendar: nothing is missed
        return True


def _trades(calendar: Calendar, day: TradingDay) -> bool:
    """By the calendar where that knows, else Monday to Friday."""
    return calendar.is_session(day) if calendar.knows(day) else day.date.weekday() < _SATURDAY
