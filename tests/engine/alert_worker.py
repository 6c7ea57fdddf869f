"""A process that judges or delivers, to be killed in between: python -m tests.engine.alert_worker DEED.

judge PRICE: write the quote and judge it; with `hang`, never commit; with `stay`, stand still once it is
kept and before any doorbell has rung. deliver: run the house's jobs; with `hang`, stand still after a message
has left and before that is kept.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, replace
from decimal import Decimal

from tunefolio.bootstrap.runtime import Runtime, build
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Price
from tunefolio.core.notice import Notice, Notifier
from tunefolio.core.people import Caretaker
from tunefolio.core.secret import Secret
from tunefolio.core.time import Instant
from tunefolio.market.quotes import Quote
from tunefolio.services import alerts, jobs
from tunefolio.settings import Settings
from tunefolio.store import jobs as rows
from tunefolio.store import quotes

AT = Instant.parse("2026-11-20T10:30:00+05:30")


@dataclass(frozen=True)
class Hanging:
    """Sends as the other does, and then stands still."""

    inner: Notifier

    def fit(self, target: str) -> str:
        return self.inner.fit(target)

    def hint(self, target: str) -> str:
        return self.inner.hint(target)

    def notify(self, notice: Notice, target: Secret) -> None:
        self.inner.notify(notice, target)
        _say("sent")
        time.sleep(60)


def judge(runtime: Runtime, price: str, *, hang: bool, stay: bool) -> None:
    with runtime.house.database.writing() as db:
        if stay:
            db.after_commit(_stand)  # the first of those that wait for the commit: before the bell
        quotes.put(db, [Quote(InstrumentId(1), Price(Decimal(price), INR), None, AT, "test")])
        alerts.judge(db, runtime.house, [InstrumentId(1)])
        if hang:
            _say("judged")
            time.sleep(60)


def deliver(runtime: Runtime, *, hang: bool) -> None:
    house = runtime.house
    if hang:
        house = replace(house, notifiers={k: Hanging(n) for k, n in house.notifiers.items()})
    for _ in range(200):
        with house.database.reading() as db:
            due = rows.due(db, Caretaker("test"), house.clock.now(), 50)
        for job in due:
            jobs.run(house, job)
        if due and not hang:
            return
        time.sleep(0.05)


def _stand() -> None:
    _say("kept")
    time.sleep(60)


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    runtime = build(Settings.from_env(os.environ))
    deed, *words = sys.argv[1:]
    _say("ready")
    sys.stdin.readline()  # until the parent says go
    if deed == "judge":
        judge(runtime, words[0], hang="hang" in words, stay="stay" in words)
    else:
        deliver(runtime, hang="hang" in words)
    _say("done")
    runtime.close()
