"""How the house is, for a machine that asks; holds nothing of anyone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

import tunefolio
from tunefolio.core.people import Caretaker
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services import processes
from tunefolio.services.house import House
from tunefolio.services.views.shapes import HealthView
from tunefolio.store import jobs, persons, schema
from tunefolio.telemetry import metrics


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


def not_ready(house: House, shared_answers: Callable[[], bool]) -> list[str]:
    """Why no visitors should be sent; empty when they may come."""
    problems = []
    try:
        with house.database.reading() as db:
            found = schema.version_of(db)
        if found != schema.HEAD:
            problems.append(f"the database has schema {found}, this program needs {schema.HEAD}")
    except SQLAlchemyError as away:
        problems.append(f"the database does not answer ({type(away).__name__})")
    if not shared_answers():
        problems.append("Redis does not answer: limits and live prices are each process's own")
    listener = house.bus.listener
    if listener is not None and not listener.is_heard.is_set():
        problems.append("news of other processes is not heard")
    return problems


def count(house: House) -> None:
    """Put what the database holds beside what this process counts."""
    with house.database.reading() as db:
        metrics.holds("jobs", jobs.counts(db, Caretaker("metrics")))
        standing = processes.standings(db, house.clock.now())
    alive = Counter(str(one.process.role) for one in standing if one.health is processes.Health.ALIVE)
    metrics.holds("processes", {role.value: alive[role.value] for role in processes.Role})
