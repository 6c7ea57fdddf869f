"""Schedule FA as text: table A3 lot by lot, table A2, what is doubtful about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tunefolio.cli.house import table
from tunefolio.services.tax_foreign import ForeignReport, as_json

_A3 = ("name", "country", "acquired", "initial", "peak", "peak on", "closing", "received", "proceeds")
_A2 = ("account", "currency", "peak", "peak on", "closing", "interest", "dividends", "proceeds")


def foreign_text(report: ForeignReport) -> str:
    """What is not available says so, and why below the tables."""
    told = as_json(report)
    head = f"Schedule FA, calendar year {told['from']} to {told['to']}, as far as {told['until']}"
    if not told["a3"] and not told["a2"]:
        return f"{head}: nothing abroad stands in the books."
    parts = [head]
    for rows, columns in ((told["a3"], _A3), (told["a2"], _A2)):
        if rows:
            parts.append(table([_row(row, columns) for row in rows], columns))
    lacking = [hole for row in (*told["a3"], *told["a2"]) for hole in row["missing"]]
    parts.append("\n".join(_notes(lacking, told)))
    return "\n\n".join(parts)


def _row(row: dict[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    named = {**row, "account": row["account_name"], "peak on": row["peak_day"] or ""}
    return {name: "n/a" if named.get(name) is None else named[name] for name in columns}


def _notes(lacking: list[dict[str, str]], told: dict[str, Any]) -> list[str]:
    holes = [f"· not available: {hole['reason']}. {hole['cure']}" for hole in lacking]
    doubts = [f"· Doubtful: {text}" for text in told["doubts"]]
    return [*dict.fromkeys(holes), f"· {told['for_you']}.", *doubts]
