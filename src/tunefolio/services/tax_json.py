"""A year of tax as JSON: one shape for the API and the command line. Sums are texts in rupees, exact to the
paisa; ratios are texts; what is not available is null with its reason and cure beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tunefolio.analysis.tax.advance import advance_tax
from tunefolio.analysis.tax.assessment import Exempt
from tunefolio.analysis.tax.assets import Asset
from tunefolio.analysis.tax.blockers import Blocker
from tunefolio.analysis.tax.business import Trade
from tunefolio.analysis.tax.computation import NOT_COMPUTED, TaxYear
from tunefolio.analysis.tax.disposals import Disposal
from tunefolio.analysis.tax.gains import Gain
from tunefolio.analysis.tax.heads import Bucket, Head
from tunefolio.analysis.tax.incomes import Earned
from tunefolio.analysis.tax.rulebook import tax_rules
from tunefolio.analysis.tax.schedule_112a import Row112A, rows_112a
from tunefolio.analysis.tax.schedule_cg import dividends, table_f
from tunefolio.analysis.tax.setoff import LossLeft, SetOff
from tunefolio.analysis.tax.statement import DISCLAIMER
from tunefolio.analysis.tax.vda import VdaGain
from tunefolio.analysis.tax.years import periods
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import plain, quantized
from tunefolio.core.rules import Rule
from tunefolio.core.time import TradingDay
from tunefolio.services.tax_records import FIRST_YEAR

Json = dict[str, Any]
Deed = Gain | VdaGain | Trade | Exempt


def paise(amount: Decimal) -> str:
    """Rupees with two digits behind the point."""
    return f"{quantized(amount, 2):f}"


def summary(result: TaxYear, taxpayer: str) -> Json:
    """The year at a glance: heads, set-off, levy, what was withheld, what stands in the way."""
    levy = result.levy
    return {
        "taxpayer": taxpayer,
        "year": result.year.name,
        "assessed": result.year.assessed,
        "is_ready": result.is_ready,
        "heads": [_head(result, head) for head in Head],
        "set_off": _set_off(levy.set_off),
        "levy": levy_of(result),
        "withheld": paise(result.withheld),
        **told_or_why("due", result.due),
        "turnover": {
            "business": paise(result.turnover(Head.BUSINESS)),
            "speculative": paise(result.turnover(Head.SPECULATIVE)),
        },
        "blockers": [blocker(one) for one in result.blockers],
        "doubts": list(result.doubts),
        "not_computed": list(NOT_COMPUTED),
        "disclaimer": DISCLAIMER,
    }


def whole(
    result: TaxYear, taxpayer: str, assets: Mapping[InstrumentId, Asset], names: Mapping[AccountId, str]
) -> Json:
    """Everything of the year. names: of accounts."""
    found = result.found
    deeds: list[Deed] = [*found.gains, *found.vda, *found.trades, *found.exempt]
    return summary(result, taxpayer) | {
        "deeds": [deed(one, names) for one in deeds],
        "incomes": [income(one, assets, names) for one in found.earned],
        "schedule_112a": [row_112a(row) for row in rows_112a(result)],
        "table_f": quarters(result),
        "advance_tax": advance(result),
        "rules": [rule(one) for one in result.rules],
    }


def told_or_why(name: str, amount: Decimal | Missing) -> Json:
    """A sum, or null with its reason and cure beside it."""
    if isinstance(amount, Missing):
        return {name: None, f"{name}_reason": amount.reason, f"{name}_cure": amount.cure}
    return {name: paise(amount)}


def levy_of(result: TaxYear) -> Json:
    """From incomes to tax. Lines and exemption are of the deeds that could be judged."""
    levy = result.levy
    return {
        "lines": [
            {
                **bucket(line.bucket),
                "income": paise(line.income),
                "set_off": paise(line.set_off),
                "basic_exemption": paise(line.basic),
                "exempted": paise(line.exempted),
                "taxable": paise(line.taxable),
                "tax": None if line.tax is None else paise(line.tax),
            }
            for line in levy.lines
        ],
        "exemption": {
            "limit": paise(levy.exemption.limit),
            "used": paise(levy.exemption.used),
            "left": paise(levy.exemption.left),
        },
        **told_or_why("special_tax", result.special_tax),
        "slab_income": paise(levy.slab_income),
        **told_or_why("slab_tax", result.slab_tax),
        **told_or_why("cess", result.cess),
        **told_or_why("payable", result.payable),
    }


def bucket(one: Bucket) -> Json:
    return {
        "head": one.head.value,
        "section": one.section,
        "rate": None if one.rate is None else plain(one.rate),
        "has_exemption": one.has_exemption,
    }


def deed(one: Deed, names: Mapping[AccountId, str]) -> Json:
    """One row: a gain, a crypto gain, a trade of a business, or what the law leaves out."""
    told = _disposal(one.disposal, one.asset, names)
    if isinstance(one, Gain):
        basis = one.basis
        told |= bucket(one.bucket) | {
            "term": one.held.term.value,
            "consideration": paise(one.consideration),
            "expenses": paise(one.expenses),
            "cost": paise(basis.cost),
            "value_2018": None if basis.value is None else paise(basis.value),
            "cost_taken": paise(basis.taken),
            "gain": paise(one.taxable),
        }
    elif isinstance(one, VdaGain):
        told |= bucket(one.bucket) | _sums(one.disposal, deducted=Decimal(0))
        told |= {"gain": paise(one.taxable), "disregarded_loss": paise(one.lost)}
    elif isinstance(one, Trade):
        told |= {"head": one.head.value} | _sums(one.disposal, deducted=_charges(one.disposal))
        told |= {"gain": paise(one.result), "turnover": paise(one.turnover)}
    else:
        told |= {"head": "exempt"} | _sums(one.disposal, deducted=_charges(one.disposal))
        told |= {"gain": paise(Decimal(0))}
    return told | {"rules": [named(r) for r in one.rules], "doubts": list(one.doubts)}


def income(one: Earned, assets: Mapping[InstrumentId, Asset], names: Mapping[AccountId, str]) -> Json:
    """A dividend, interest, reward or tax withheld."""
    told = one.income
    asset = None if told.instrument is None else assets.get(told.instrument)
    return {
        "kind": told.kind.value,
        "day": told.day.iso(),
        "name": "" if asset is None else asset.name,
        "amount": paise(told.amount),
        "taxable": paise(one.taxable),
        "withheld": paise(told.withheld),
        "account": told.account,
        "account_name": names.get(told.account, ""),
        "fact": told.fact,
        "rules": [named(r) for r in one.rules],
        "doubts": list(one.doubts),
    }


def row_112a(row: Row112A) -> Json:
    """One row of the schedule; facts: the sales whose lots it is made of."""
    return {
        "acquired": row.acquired,
        "transferred": row.transferred,
        "isin": row.isin,
        "name": row.name,
        "units": plain(row.units),
        "price": plain(row.price),
        "consideration": plain(row.consideration),
        "cost": plain(row.cost),
        "deemed_cost": plain(row.deemed_cost),
        "fmv_each": plain(row.fmv_each),
        "fmv": plain(row.fmv),
        "expenses": plain(row.expenses),
        "deductions": plain(row.deductions),
        "balance": plain(row.balance),
        "lots": [[one.disposal.opened, one.disposal.closed] for one in row.lots],
    }


def quarters(result: TaxYear) -> Json:
    """Schedule CG, table F, and dividends by the same periods."""
    spans = periods(result.year, result.law.book)
    return {
        "periods": [span.label for span in spans],
        "gains": [
            {**bucket(one.bucket), "cells": [plain(cell) for cell in one.rupees]} for one in table_f(result)
        ],
        "dividends": [paise(cell) for cell in dividends(result)],
    }


def blocker(one: Blocker) -> Json:
    """What to mend, and where."""
    return {
        "kind": one.kind.value,
        "what": one.what,
        "cure": one.cure,
        "account": one.account,
        "instrument": one.instrument or None,
        "fact": one.fact,
        "day": None if one.day is None else one.day.iso(),
    }


def rule(one: Rule) -> Json:
    """A rule with its range, words, sources and doubt."""
    return {
        "name": one.name,
        "from": one.since.iso(),
        "to": None if one.until is None else one.until.iso(),
        "values": dict(one.values),
        "sources": [
            {"key": source.key, "title": source.title, "address": source.address} for source in one.sources
        ],
        "confidence": one.confidence.value,
        "note": one.note,
    }


def rules_on(day: TradingDay, *, categories: Iterable[Rule] = ()) -> list[Rule]:
    """Every rule of tax in force on a day, then those of the categories given. Raises Misuse before they
    begin."""
    begin = FIRST_YEAR.first
    if day < begin:
        raise Misuse("date", f"no rules of tax are known for {day}", cure=f"Take {begin} or a later day")
    return [*tax_rules().in_force(day), *categories]


def rules(found: Iterable[Rule], day: TradingDay) -> Json:
    return {"date": day.iso(), "rules": [rule(one) for one in found]}


def named(one: Rule) -> str:
    """A rule by its row."""
    return f"{one.name} since {one.since}"


def _disposal(one: Disposal, asset: Asset, names: Mapping[AccountId, str]) -> Json:
    return {
        "name": asset.name,
        "isin": asset.isin,
        "instrument": one.instrument,
        "units": plain(one.units),
        "acquired": None if one.acquired is None else one.acquired.iso(),
        "transferred": one.day.iso(),
        "account": one.account,
        "account_name": names.get(one.account, ""),
        "bought_by": one.opened,
        "sold_by": one.closed,
    }


def _charges(one: Disposal) -> Decimal:
    """Of both sides, securities transaction tax among them."""
    return one.bought.total + one.sold.total


def _sums(one: Disposal, *, deducted: Decimal) -> Json:
    """What came in, what was paid, and which charges count against it."""
    sums = {"consideration": one.consideration, "cost": one.cost, "expenses": deducted}
    return {name: paise(amount) for name, amount in sums.items()}


def advance(result: TaxYear) -> Json:
    """Instalments of advance tax on the tax of these books; null, with why, while the slab is not told."""
    found = advance_tax(result)
    if isinstance(found, Missing):
        return {"instalments": None, "reason": found.reason, "cure": found.cure}
    return {
        "instalments": [
            {
                "due": one.due.iso(),
                "share": plain(one.share),
                "tax_until_then": paise(one.net),
                "due_in_all": paise(one.cumulative),
                "to_pay": paise(one.to_pay),
            }
            for one in found.instalments
        ],
        "not_due": found.not_due,
        "rules": [named(one) for one in found.rules],
        "doubts": list(found.doubts),
    }


def _head(result: TaxYear, head: Head) -> Json:
    amounts = [amount for one, amount in result.found.sums().items() if one.head is head]
    return {"head": head.value, "income": paise(sum(amounts, Decimal(0)))}


def _set_off(done: SetOff) -> Json:
    return {
        "steps": [
            {
                "loss": step.kind.value,
                "of": step.year.name,
                "against": step.against.label,
                "amount": paise(step.amount),
                "rule": named(step.rule),
            }
            for step in done.steps
        ],
        "carried": [_loss(one) for one in done.carried],
        "lapsed": [_loss(one) for one in done.lapsed],
    }


def _loss(one: LossLeft) -> Json:
    return {
        "kind": one.kind.value,
        "of": one.year.name,
        "amount": paise(one.amount),
        "until": one.until.name,
    }
