"""The tradebook file of an account, as Zerodha's Console writes it: every past trade, today's left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from tunefolio.core.errors import Misuse
from tunefolio.core.time import IST, TradingDay, calendar_date
from tunefolio.sandbox.orderbook import Execution

COLUMNS = (
    "symbol", "isin", "trade_date", "exchange", "segment", "series", "trade_type", "auction", "quantity",
    "price", "trade_id", "order_id", "order_execution_time",
)  # fmt: skip


def tradebook(past: Iterable[Execution], start: TradingDay, end: TradingDay) -> str:
    """Trades of [start, end), oldest first. Raises Misuse for days that are none."""
    if end <= start:
        raise Misuse("to", f"{end} does not come after {start}", cure="The day after the last")
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in sorted(past, key=lambda one: (one.at, one.trade_no)):
        if start.date <= calendar_date(one.at) < end.date:
            rows.writerow(_row(one))
    return text.getvalue()


def _row(one: Execution) -> list[str]:
    """A BSE trade bears the group of the share in place of NSE's series."""
    company, wall = one.listed.company, one.at.in_zone(IST)
    series = company.series if one.listed.exchange == "NSE" else "A"
    return [
        company.symbol, company.isin or "", f"{wall:%Y-%m-%d}", one.listed.exchange, "EQ", series,
        one.side.lower(), "false", f"{one.quantity}.000000", f"{one.price / 100:.6f}", str(one.trade_no),
        str(one.order_no), f"{wall:%Y-%m-%dT%H:%M:%S}",
    ]  # fmt: skip
