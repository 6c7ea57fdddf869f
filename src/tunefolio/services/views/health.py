"""How the house is, for a machine that asks without signing in."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

import tunefolio
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services.house import House
from tunefolio.services.views.shapes import HealthView
from tunefolio.store import persons


def health(house: House) -> HealthView:
    """Asks the database one question that only whole books can answer; holds nothing of anyone."""
    now = house.clock.now()
    problem = ""
    try:
        with house.database.reading() as db:
            persons.count(db)
    except SQLAlchemyError as away:
        problem = f"the database does not answer ({type(away).__name__})"
    today = TradingDay(calendar_date(now))
    known = house.calendar.known_from <= today <= house.calendar.known_until
    return HealthView(
        is_well=not problem,
        version=tunefolio.__version__,
        database=house.database.dialect,
        now=now,
        market_phase=house.calendar.phase(now).value if known else "unknown",
        trading_day=house.calendar.trading_day(now) if known else None,
        is_rehearsal=house.rules.rehearsal,
        problem=problem,
    )
