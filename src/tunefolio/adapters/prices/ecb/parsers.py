"""What the ECB's csvdata says, without any network: units of a currency for one euro, by its heading."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from decimal import Decimal

from tunefolio.adapters.answers import day_of, nonsense, price
from tunefolio.adapters.http import Answer
from tunefolio.core.errors import Retry
from tunefolio.core.money import Currency
from tunefolio.core.time import TradingDay

WHO = "ECB"
EUR = Currency("EUR")
_NAMES = {"CURRENCY", "CURRENCY_DENOM", "TIME_PERIOD", "OBS_VALUE"}

PerEuro = Mapping[Currency, Mapping[TradingDay, Decimal]]
"""Units of a currency for one euro, by day."""


def per_euro(answer: Answer) -> PerEuro:
    """Days without an observation are absent. Retry for a page or a torn line."""
    text = answer.content.decode("utf-8-sig", "replace")
    lines = text.splitlines()
    if not lines or lines[0].lstrip().startswith("<") or not text.endswith("\n"):
        raise Retry(f"{WHO}: the answer is not a whole table")
    rows = csv.DictReader(lines)
    missing = _NAMES - set(rows.fieldnames or ())
    if missing:
        raise nonsense(WHO, f"the table has no {', '.join(sorted(missing))}")
    found: dict[Currency, dict[TradingDay, Decimal]] = {}
    for row in rows:
        if row["OBS_VALUE"] is None or row["CURRENCY_DENOM"] != EUR:
            raise nonsense(WHO, "a line that is torn, or not against the euro")
        if row["OBS_VALUE"] not in ("", "NaN"):
            days = found.setdefault(Currency(row["CURRENCY"]), {})
            days[day_of(row["TIME_PERIOD"], WHO)] = price(row["OBS_VALUE"], WHO)
    return found
