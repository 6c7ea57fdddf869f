"""Tax: a year at a glance, its deeds, receipts and schedules, how each number was made, files to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import HTMLResponse, Response

from tunefolio.analysis.derivation import Derivation
from tunefolio.analysis.tax.advance import advance_tax
from tunefolio.analysis.tax.blockers import NotReady
from tunefolio.analysis.tax.computation import NOT_COMPUTED
from tunefolio.analysis.tax.heads import Head
from tunefolio.analysis.tax.incomes import Earned
from tunefolio.analysis.tax.rulebook import category_rules
from tunefolio.analysis.tax.schedule_112a import balance_of, csv_112a, doubts_112a, rows_112a
from tunefolio.analysis.tax.schedule_cg import dividends, table_f
from tunefolio.analysis.tax.statement import DISCLAIMER, csv_statement
from tunefolio.analysis.tax.years import FinancialYear, periods
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import TaxpayerId
from tunefolio.core.money import INR, Money
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.services import tax as taxes
from tunefolio.services.charges import figures_of
from tunefolio.services.house import House
from tunefolio.services.tax import Subject, TaxReport
from tunefolio.services.tax_figures import bucket_key, explanation, readable
from tunefolio.services.tax_json import rules_on
from tunefolio.services.tax_rows import deeds_of, incomes_of
from tunefolio.services.views import taxes as views
from tunefolio.web import render
from tunefolio.web.api.answers import after_id, day_of
from tunefolio.web.api.tax import file_answer
from tunefolio.web.deps import CurrentViewer, HouseDep, Reading
from tunefolio.web.filters import money
from tunefolio.web.pages.explain import href_of, number_of, rows_of, words_of
from tunefolio.web.pages.forms import QueryId, QueryWord, find_id
from tunefolio.web.pages.tax_rulewords import TITLES, rule_rows

router = APIRouter(prefix="/tax")
Row = TypeVar("Row")
Other = TypeVar("Other")
PAGE = 50
_MENDS = 50
_PRINTED = 500
_RULES = 25
_ASKED = ("year", "taxpayer", "head", "mend", "after", "of", "units", "price", "currency")
"""The words by which pages of tax are asked for: whoever leaves one for a moment comes back to the same."""
After = Annotated[str, Query(max_length=20)]
FigureQuery = Annotated[str, Query(min_length=1, max_length=160)]


@dataclass(frozen=True, slots=True)
class Choice:
    """Whose year a page is about."""

    report: TaxReport
    subjects: list[Subject]
    years: list[FinancialYear]

    def place(self, path: str, **more: str) -> str:
        """The address of a page of the same taxpayer and year."""
        words = {"year": self.report.year.name, **self.words_of_taxpayer(), **more}
        joined = "&" if "?" in path else "?"
        return f"{path}{joined}{urlencode({name: word for name, word in words.items() if word})}"

    def because(self, figure: str) -> str:
        """Where a number of the year is explained."""
        return self.place("/tax/explain", figure=figure)

    def deed(self, key: str, part: str) -> str:
        """Where a number of a deed is explained."""
        return self.because(f"deed:{key}:{part}")

    def trial(self, sale: str, figure: str) -> str:
        """Where a number of a planned sale is explained. sale: from sale_words."""
        words = urlencode({"figure": figure, **self.words_of_taxpayer()})
        return f"/tax/planning/explain?{sale}&{words}"

    def words_of_taxpayer(self) -> dict[str, str]:
        id = self.report.subject.taxpayer.id
        return {"taxpayer": str(id)} if id and len(self.subjects) > 1 else {}


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """Some of many rows. older, newer: where the page before and after it begins, "" for none."""

    rows: Sequence[Row]
    total: int
    start: int
    before: str
    after: str

    def showing(self, rows: Sequence[Other]) -> Part[Other]:
        """The same part of the same many, its rows told in another way."""
        return Part(rows, self.total, self.start, self.before, self.after)

    @property
    def last(self) -> int:
        return self.start + len(self.rows)


def part_of(rows: Sequence[Row], after: str, size: int = PAGE) -> Part[Row]:
    """Raises Misuse for a cursor that no page gave."""
    start = after_id(after) or 0
    some = rows[start : start + size]
    before = str(max(start - size, 0)) if start else ""
    return Part(some, len(rows), start, before, str(start + size) if start + size < len(rows) else "")


def chosen(
    db: Reading, house: HouseDep, viewer: CurrentViewer, year: QueryWord = "", taxpayer: QueryId = ""
) -> Choice:
    """The taxpayer and year that the address names; herself and the running year where it names none."""
    wanted = FinancialYear.parse(year) if year else taxes.running_year(house)
    whose = find_id(taxpayer, "taxpayer")
    id = None if whose is None else TaxpayerId(whose)
    report = taxes.report(db, house, viewer, wanted, taxpayer=id)
    return Choice(report, taxes.subjects(db, viewer), views.years_to_choose(taxes.running_year(house)))


Chosen = Annotated[Choice, Depends(chosen, scope="function")]


@router.get("")
def year(request: Request, choice: Chosen, mend: After = "") -> HTMLResponse:
    """The year at a glance, what to mend first."""
    return year_page(request, choice, mend)


@router.get("/gains")
def gains(request: Request, choice: Chosen, head: QueryWord = "", after: After = "") -> HTMLResponse:
    """Every deed of the year, lot by lot, or those of one head."""
    known = (*Head, views.EXEMPT)
    if head and head not in known:
        raise Misuse("head", f"{head[:40]!r} is unknown", cure=f"One of {', '.join(known)}")
    report, there = choice.report, views.heads_of(choice.report)
    part = part_of(views.deeds_under(report, head), after)
    rows = part.showing(views.deed_rows(report, part.rows))
    heads = [one for one in known if one in there]
    return page(request, "tax/gains.html", choice, part=rows, head=head, heads=heads)


@router.get("/receipts")
def receipts(request: Request, choice: Chosen, after: After = "") -> HTMLResponse:
    """Dividends, interest, rewards and the tax withheld from them."""
    some = part_of(incomes_of(choice.report.result), after)
    part = some.showing(views.income_rows(choice.report, some.rows))
    spans = periods(choice.report.year, choice.report.result.law.book)
    return page(
        request,
        "tax/receipts.html",
        choice,
        part=part,
        spans=spans,
        dividends=dividends(choice.report.result),
    )


@router.get("/schedule-112a")
def schedule(request: Request, choice: Chosen, after: After = "") -> HTMLResponse:
    """Schedule 112A as it will be uploaded; each number opens its lots."""
    result = choice.report.result
    rows = rows_112a(result)
    values: dict[str, Any] = {"balance": balance_of(rows), "column_doubts": doubts_112a(result)}
    return page(request, "tax/schedule.html", choice, part=part_of(rows, after), **values)


@router.get("/rules")
def rules(
    request: Request,
    house: HouseDep,
    choice: Chosen,
    date: Annotated[str, Query(max_length=10)] = "",
    topic: QueryWord = "",
    after: After = "",
) -> HTMLResponse:
    """The rules of tax in force on a day, or those of one topic, with range, source and doubt."""
    day = day_of(date, "date") if date else _today(house)
    rows = rule_rows(rules_on(day, categories=category_rules().in_force(day)), topic)
    values: dict[str, Any] = {"day": day, "topic": topic, "topics": TITLES}
    values["doubtful"] = sum(row.rule.is_doubtful for row in rows)
    return page(request, "tax/rules.html", choice, part=part_of(rows, after, _RULES), **values)


@router.get("/statement")
def statement(request: Request, choice: Chosen, after: After = "") -> Response:
    """The year made for paper, 500 rows a sheet: the schedules first, then deeds, then receipts. The browser
    prints it or keeps it as PDF."""
    report = choice.report
    if not report.result.is_ready:
        return year_page(request, choice, refused=str(NotReady(report.result.blockers)))
    part = part_of([*deeds_of(report.result), *incomes_of(report.result)], after, _PRINTED)
    deeds = [(key, row) for key, row in part.rows if not isinstance(row, Earned)]
    incomes = [(key, row) for key, row in part.rows if isinstance(row, Earned)]
    values = {
        "part": part,
        "rows": views.deed_rows(report, deeds),
        "incomes": views.income_rows(report, incomes),
        **_schedules(report),
    }
    return page(request, "tax/statement.html", choice, **values)


@router.get("/export/{name}")
def export(
    request: Request,
    choice: Chosen,
    name: Annotated[str, Path(pattern=r"^(schedule-112a|statement)\.csv$")],
) -> Response:
    """A file for the return; while something must be mended, the year with the list of it and no file."""
    report = choice.report
    try:
        kind = name.removesuffix(".csv")
        text = csv_112a(report.result) if kind == "schedule-112a" else csv_statement(report.result)
        return file_answer(text, f"{kind}-{report.year}.csv")
    except NotReady as refused:
        return year_page(request, choice, refused=str(refused))


@router.get("/explain")
def explain(request: Request, choice: Chosen, figure: FigureQuery) -> HTMLResponse:
    """How one number was made: for the drawer, or as a page of its own."""
    node = readable(explanation(choice.report.result, figure))
    return explained(request, node, choice.place("/api/v1/tax/explain", figure=figure))


def explained(request: Request, node: Derivation, api: str) -> HTMLResponse:
    """A tree for the drawer, or as a page of its own. api: where the whole of it stands."""
    values: dict[str, Any] = {
        "node": node,
        "title": node.name.replace("_", " "),
        "api": api,
        "number_of": number_of,
        "href_of": href_of,
        "words_of": words_of,
        "rows_of": rows_of,
    }
    if render.wants_fragment(request):
        return render.partial(request, "explain/_tree.html", **values)
    return render.page(request, "explain/page.html", **values)


def page(
    request: Request, template: str, choice: Choice, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of tax: who and when, the words its templates ask with, the disclaimer."""
    words: dict[str, Any] = {
        "choice": choice,
        "here": render.address_of(request, *_ASKED),
        "report": choice.report,
        "result": choice.report.result,
        "rupees": rupees,
        "figures_of": figures_of,
        "bucket_key": bucket_key,
        "disclaimer": DISCLAIMER,
        "not_computed": NOT_COMPUTED,
        "doubts_in": views.doubts_in,
    }
    return render.page(request, template, status=status, **words, **values)


def rupees(amount: Decimal, digits: int = 2) -> str:
    return money(Money(amount, INR), digits)


def year_page(request: Request, choice: Choice, mend: str = "", refused: str = "") -> HTMLResponse:
    """The year at a glance. refused: why no file was made, which the page then says first."""
    report = choice.report
    values = {
        "mends": part_of(views.mends(report), mend, _MENDS),
        "sums": views.bucket_sums(report),
        "refused": refused,
        "kinds": _counts(report),
        **_schedules(report),
    }
    return page(request, "tax/page.html", choice, status=409 if refused else 200, **values)


def _schedules(report: TaxReport) -> dict[str, Any]:
    result = report.result
    return {
        "spans": periods(report.year, result.law.book),
        "table_f": table_f(result),
        "dividends": dividends(result),
        "advance": advance_tax(result),
        "net": {head.value: _net(report, head) for head in Head},
        "turnover": {head.value: result.turnover(head) for head in (Head.BUSINESS, Head.SPECULATIVE)},
    }


def _net(report: TaxReport, head: Head) -> Decimal:
    sums = report.result.found.sums()
    return sum((amount for bucket, amount in sums.items() if bucket.head is head), Decimal(0))


def _counts(report: TaxReport) -> dict[str, int]:
    found = report.result.found
    deeds = len(found.gains) + len(found.vda) + len(found.trades) + len(found.exempt)
    return {"deeds": deeds, "receipts": len(found.earned), "holes": len(found.holes)}


def _today(house: House) -> TradingDay:
    return TradingDay(calendar_date(house.clock.now()))
