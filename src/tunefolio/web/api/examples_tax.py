"""Example answers of the routes of tax, as the API's document shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BUCKET = {"head": "long_term", "section": "112A", "rate": "0.1", "has_exemption": True}
_SLAB = {"head": "other_sources", "section": "at slab", "rate": None, "has_exemption": False}
_LINE = {
    **_BUCKET,
    "income": "33340.00",
    "set_off": "0.00",
    "basic_exemption": "0.00",
    "exempted": "33340.00",
    "taxable": "0.00",
    "tax": "0.00",
}
_LEVY = {
    "lines": [_LINE, {**_LINE, **_SLAB, "tax": None}],
    "exemption": {"limit": "125000.00", "used": "33340.00", "left": "91660.00"},
    "special_tax": "0.00",
    "slab_income": "1750.00",
    "slab_tax": "525.00",
    "cess": "21.00",
    "payable": "550.00",
}
_SET_OFF = {
    "steps": [
        {
            "loss": "short_term",
            "of": "2023-24",
            "against": "short term (section 111A) at 15 %",
            "amount": "6000.00",
            "rule": "setoff.short_term since 2018-04-01",
        }
    ],
    "carried": [{"kind": "long_term", "of": "2024-25", "amount": "900.00", "until": "2032-33"}],
    "lapsed": [],
}
_BLOCKER = {
    "kind": "undated",
    "what": "10 units first seen on 2024-04-03 have no day of purchase",
    "cure": "Record the opening position with its `acquired` day",
    "account": 2,
    "instrument": 7,
    "fact": 31,
    "day": "2024-04-03",
}
_YEAR = {
    "taxpayer": "Asha",
    "year": "2024-25",
    "assessed": "assessment year 2025-26",
    "is_ready": False,
    "heads": [{"head": "long_term", "income": "33340.00"}],
    "set_off": _SET_OFF,
    "levy": _LEVY,
    "withheld": "175.00",
    "due": "375.00",
    "turnover": {"business": "0.00", "speculative": "0.00"},
    "blockers": [_BLOCKER],
    "doubts": ["other income is not told: an unused basic exemption was not used"],
    "not_computed": ["surcharge"],
    "disclaimer": "Computed from the books as recorded and the rules named; not advice.",
}
_DEED = {
    "name": "Infosys Limited",
    "isin": "INE009A01021",
    "instrument": 7,
    "units": "100",
    "acquired": "2017-06-05",
    "transferred": "2024-06-12",
    "account": 2,
    "account_name": "Demat",
    "bought_by": 12,
    "sold_by": 31,
    **_BUCKET,
    "term": "long",
    "consideration": "150000.00",
    "expenses": "0.00",
    "cost": "40000.00",
    "value_2018": "116660.00",
    "cost_taken": "116660.00",
    "gain": "33340.00",
    "rules": ["rate.equity.long since 2018-04-01"],
    "doubts": [],
}
_INCOME = {
    "kind": "dividend",
    "day": "2024-05-03",
    "name": "Infosys Limited",
    "amount": "1750.00",
    "taxable": "1750.00",
    "withheld": "175.00",
    "account": 2,
    "account_name": "Demat",
    "fact": 30,
    "rules": ["dividend since 2020-04-01"],
    "doubts": [],
}
_ROW = {
    "acquired": "BE",
    "transferred": "BE",
    "isin": "INE009A01021",
    "name": "Infosys Limited",
    "units": "100",
    "price": "1500",
    "consideration": "150000",
    "cost": "40000",
    "deemed_cost": "116660",
    "fmv_each": "1166.6",
    "fmv": "116660",
    "expenses": "0",
    "deductions": "116660",
    "balance": "33340",
    "lots": [[12, 31]],
}
_RULE = {
    "name": "rate.equity.long",
    "from": "2024-07-23",
    "to": None,
    "values": {"rate": "0.125", "section": "ltcg_equity", "exemption": "equity", "grandfathered": "yes"},
    "sources": [{"key": "act", "title": "Finance (No. 2) Act, 2024", "address": ""}],
    "confidence": "high",
    "note": "",
}
_TAXPAYER = {
    "id": 1,
    "name": "Asha",
    "residency": "resident",
    "is_named": True,
    "pan": None,
    "status": None,
    "accounts": [{"id": 2, "name": "Demat"}],
}
_TOLD = {
    "years": [
        {
            "year": "2024-25",
            "regime": "new",
            "age": "below_60",
            "salary": "2000000.00",
            "house_property": "0.00",
            "business": "0.00",
            "other_sources": "0.00",
            "slab_rate": "0.3",
        }
    ],
    "losses": [
        {"into": "2024-25", "losses": [{"year": "2021-22", "kind": "short_term", "amount": "500.00"}]}
    ],
}

TAX: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("GET", "/tax"): _YEAR,
    ("GET", "/tax/deeds"): {"data": [_DEED], "total": 214, "next": "100"},
    ("GET", "/tax/incomes"): {"data": [_INCOME], "total": 130, "next": "100"},
    ("GET", "/tax/schedule-112a"): {
        "columns": ["Share/Unit acquired(1a)"],
        "data": [_ROW],
        "doubts": ["column.01.transferred since 2024-04-01 (medium confidence): the year of two rates"],
        "is_ready": True,
    },
    ("GET", "/tax/quarters"): {
        "periods": ["01/04–15/06", "16/06–15/09", "16/09–15/12", "16/12–15/03", "16/03–31/03"],
        "gains": [{**_BUCKET, "cells": ["33340", "0", "0", "0", "0"]}],
        "dividends": ["1750.00", "0.00", "0.00", "0.00", "0.00"],
    },
    ("GET", "/tax/advance"): {
        "instalments": [
            {
                "due": "2024-06-15",
                "share": "0.15",
                "tax_until_then": "3467.36",
                "due_in_all": "520.10",
                "to_pay": "520.10",
            }
        ],
        "not_due": "the tax of these books is below 10000",
        "rules": ["advance_tax.instalments since 2018-04-01"],
        "doubts": [],
    },
    ("GET", "/tax/rules"): {"date": "2024-08-01", "rules": [_RULE]},
    ("GET", "/tax/taxpayers"): {"data": [_TAXPAYER]},
    ("POST", "/tax/taxpayers"): _TAXPAYER,
    ("PUT", "/tax/taxpayers/{id}"): _TAXPAYER,
    ("GET", "/tax/taxpayers/{id}/told"): _TOLD,
}
"""By method and path below /api/v1, as examples.EXAMPLES."""
