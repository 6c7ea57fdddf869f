"""What a person tells of taxes beside a text book, as lines of a text (docs/spec/tax.md, Answers).

slab 30%                                 of every year; with a year before it, of that year
2024-25 salary 350000                    house_property, business and other_sources are read alike
2024-25 brings short_term 5000 of 2022-23
class MF:GILT debt_fund                  value NSE:OLD 118.40
way ^T-7 off_market                      stt 12 9.50          subscribed ^T-3 yes
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.disposals import Way
from tunefolio.analysis.tax.taxpayer import (
    Age,
    EarlierLoss,
    LossKind,
    Others,
    Regime,
    Residency,
    Taxpayer,
    entered_once,
)
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, TransactionId
from tunefolio.core.money import decimal_of, plain
from tunefolio.ledger.directives import TextInstrument
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.textbook import BookRefused, LineProblem, TextBook
from tunefolio.ledger.words import tokens_of, unkeyed
from tunefolio.market.instruments import AssetClass, Instrument
from tunefolio.market.sectors import packaged
from tunefolio.services.marketfiles import names_of
from tunefolio.services.tax_records import FIRST_YEAR, Told

_Word = TypeVar("_Word", bound=StrEnum)
_Teller = Callable[["_Reading", list[str]], None]
_MOST = Decimal(10) ** 12
_HUNDRED = Decimal(100)
_OTHERS = ("salary", "house_property", "business", "other_sources")


@dataclass(frozen=True, slots=True)
class Answers:
    """taxpayers: of the years that something was told of, without losses; the rest are `usual`. entered:
    losses by the year that they are brought into."""

    told: Told = field(default_factory=Told)
    usual: Taxpayer = field(default_factory=Taxpayer)
    taxpayers: Mapping[FinancialYear, Taxpayer] = field(default_factory=dict)
    entered: Mapping[FinancialYear, tuple[EarlierLoss, ...]] = field(default_factory=dict)

    def until(self, last: FinancialYear) -> dict[FinancialYear, Taxpayer]:
        """Who is taxed in each year from the first to the last. Raises Misuse for a year before the rules."""
        if last < FIRST_YEAR:
            raise Misuse("year", f"{last} is not reckoned here", cure=f"Take {FIRST_YEAR} or later")
        years = [FinancialYear(start) for start in range(FIRST_YEAR.start, last.start + 1)]
        return {year: self.taxpayers.get(year, self.usual) for year in years}


def read_answers(book: TextBook, lines: Iterable[str] = (), *, file: str = "answers") -> Answers:
    """What the lines, and the book itself, tell of its person: an instrument that it declares as equity of an
    exchange in India is believed to be a share, or a right to one.

    Raises BookRefused with every wrong line.
    """
    reading = _Reading(book)
    problems: list[LineProblem] = []
    for number, text in enumerate(lines, start=1):
        bare = text.strip().removeprefix("\ufeff").strip()
        if not bare or bare[0] in ";#":
            continue
        try:
            reading.read(tokens_of(bare))
        except Misuse as wrong:
            problems.append(LineProblem(f"{file}:{number}", wrong.field, wrong.problem, wrong.cure))
    if problems:
        raise BookRefused(problems)
    return reading.answers()


class _Reading:
    """Lines taken in, one after the other; a second word about the same thing is refused."""

    def __init__(self, book: TextBook) -> None:
        self._instruments = book.instruments
        self._names = names_of(book.instruments)
        self._charges = {one.id: one.fact.charges.amount for one in book.transactions}
        keys = Counter(one.source_key for one in book.transactions if one.source_key)
        self._facts = {str(one.id): one.id for one in book.transactions} | {
            f"^{one.source_key}": one.id for one in book.transactions if keys[one.source_key] == 1
        }
        self._said: set[tuple[object, ...]] = set()
        rights = {one.fact.other for one in book.transactions if one.fact.kind is Kind.RIGHTS}
        self._shares = {
            id: TaxClass.LISTED_SECURITY if id in rights else TaxClass.LISTED_EQUITY
            for id, one in book.instruments.items()
            if _is_said_share(one)
        }
        self.year: FinancialYear | None = None
        self.people: dict[FinancialYear | None, dict[str, Any]] = {}
        self.incomes: dict[FinancialYear, dict[str, Decimal]] = {}
        self.entered: dict[FinancialYear, tuple[EarlierLoss, ...]] = {}
        self.classes: dict[InstrumentId, TaxClass] = {}
        self.values: dict[InstrumentId, Decimal] = {}
        self.unlisted: set[InstrumentId] = set()
        self.stt: dict[TransactionId, Decimal] = {}
        self.ways: dict[TransactionId, Way] = {}
        self.subscribed: dict[TransactionId, bool] = {}

    def read(self, tokens: list[str]) -> None:
        """One line."""
        self.year = None
        if tokens[0][0].isdigit():
            self.year = FinancialYear.parse(tokens.pop(0))
            if self.year < FIRST_YEAR:
                raise Misuse(
                    "year", f"no rules are known for {self.year}", cure=f"Take {FIRST_YEAR} or later"
                )
        word = tokens[0].lower() if tokens else ""
        teller = _TELLERS.get(word)
        if teller is None:
            raise Misuse("line", f"{word!r} tells nothing of tax", cure="Write " + ", ".join(_TELLERS))
        teller(self, [word, *tokens[1:]])

    def once(self, *what: object) -> None:
        if what in self._said:
            raise Misuse("line", "this was told by a line above", cure="Tell it once")
        self._said.add(what)

    def instrument(self, name: str) -> InstrumentId:
        found = self._names.get(name)
        if found is None:
            raise Misuse(
                "instrument", f"{name} is no one instrument of the book", cure="Write EXCHANGE:SYMBOL"
            )
        return found

    def is_unit(self, id: InstrumentId) -> bool:
        one = self._instruments[id]
        return one.asset_class in {AssetClass.FUND, AssetClass.ETF} or (one.isin or "").startswith("INF")

    def fact(self, name: str) -> TransactionId:
        found = self._facts.get(unkeyed(name))
        if found is None:
            cure = "Write ^KEY or the number of its line in the book"
            raise Misuse("fact", f"{name} is no one fact of the book", cure=cure)
        return found

    def charges(self, id: TransactionId) -> Decimal:
        return self._charges[id]

    def brings(self, loss: EarlierLoss) -> None:
        if self.year is None or loss.year >= self.year:
            raise Misuse("brings", "a loss is brought into a later year", cure=_CURES["brings"])
        entered_once((*(one for some in self.entered.values() for one in some), loss))
        self.entered[self.year] = (*self.entered.get(self.year, ()), loss)

    def answers(self) -> Answers:
        usual = _person(Taxpayer(), self.people.get(None, {}), None)
        years = {year for year in (*self.people, *self.incomes) if year is not None}
        people = {
            year: _person(usual, self.people.get(year, {}), self.incomes.get(year)) for year in sorted(years)
        }
        told = Told(
            classes=self._shares | self.classes,
            values=self.values,
            unlisted=frozenset(self.unlisted),
            stt=self.stt,
            ways=self.ways,
            subscribed=self.subscribed,
        )
        return Answers(told, usual, people, self.entered)


def as_listed(instruments: Mapping[InstrumentId, Instrument]) -> dict[InstrumentId, Instrument]:
    """Shares of NSE without an ISIN with that of the packaged list of companies, by today's symbols."""
    listed = packaged()
    found = dict(instruments)
    for id, one in instruments.items():
        if one.exchange != "NSE" or one.isin is not None or one.asset_class is not AssetClass.EQUITY:
            continue
        company = listed.listed(one.symbol)
        if company is not None and company.isin is not None:
            found[id] = replace(one, isin=company.isin, name=one.name or company.name)
    return found


def _is_said_share(one: TextInstrument) -> bool:
    """Declared as a share, without the ISIN that would show it."""
    is_share = one.is_declared and one.asset_class is AssetClass.EQUITY
    return is_share and one.isin is None and one.listing.exchange in {"NSE", "BSE"}


def _person(usual: Taxpayer, words: Mapping[str, Any], incomes: Mapping[str, Decimal] | None) -> Taxpayer:
    others = usual.others if incomes is None else Others(**incomes)
    return replace(usual, others=others, **words)


def _slab(reading: _Reading, words: list[str]) -> None:
    (text,) = _rest(words, 1)
    rate = decimal_of(text.removesuffix("%"), "slab")
    rate = rate / _HUNDRED if text.endswith("%") else rate
    if not 0 <= rate < 1:
        raise Misuse("slab", f"{text} is no rate of tax", cure="Write 30% or 0.30")
    _of_person(reading, "slab_rate", rate)


def _choice(field: str, words: type[StrEnum]) -> _Teller:
    def tell(reading: _Reading, line: list[str]) -> None:
        (text,) = _rest(line, 1)
        _of_person(reading, field, _one_of(words, text, line[0]))

    return tell


def _of_person(reading: _Reading, field: str, value: object) -> None:
    reading.once(reading.year, field)
    reading.people.setdefault(reading.year, {})[field] = value


def _income(reading: _Reading, words: list[str]) -> None:
    (text,) = _rest(words, 1)
    if reading.year is None:
        raise Misuse(words[0], "belongs to a year", cure=_CURES[words[0]])
    reading.once(reading.year, words[0])
    reading.incomes.setdefault(reading.year, {})[words[0]] = _sum(text, words[0])


def _brings(reading: _Reading, words: list[str]) -> None:
    kind, amount, of, year = _rest(words, 4)
    if of.lower() != "of":
        raise Misuse("brings", f"{of!r} stands where `of` belongs", cure=_CURES["brings"])
    loss = EarlierLoss(FinancialYear.parse(year), _one_of(LossKind, kind, "loss"), _sum(amount, "amount"))
    reading.brings(loss)


def _rest(words: list[str], count: int) -> list[str]:
    """What follows the first word: exactly so many."""
    if len(words) != count + 1:
        raise Misuse(words[0], "is not followed by what belongs to it", cure=_CURES[words[0]])
    return [word.removeprefix('"') for word in words[1:]]


def _one_of(words: type[_Word], text: str, field: str) -> _Word:
    for one in words:
        if one.value == text.lower().replace("-", "_"):
            return one
    raise Misuse(field, f"{text!r} is unknown", cure="Write " + ", ".join(one.value for one in words))


def _sum(text: str, field: str) -> Decimal:
    """Rupees, not below zero; commas may group digits."""
    amount = decimal_of(text.replace(",", ""), field)
    if not 0 <= amount < _MOST:
        raise Misuse(field, f"{text} is no sum in rupees", cure="Write 125.50")
    return amount


def _unlisted(reading: _Reading, words: list[str]) -> None:
    """Of shares that no exchange listed on 31 January 2018. In place of a value; units of funds always had
    one."""
    (name,) = _rest(words, 1)
    id = reading.instrument(name)
    reading.once("unlisted", id)
    reading.once("value", id)
    if reading.is_unit(id):
        raise Misuse("unlisted", "a unit of a fund has a net asset value of that day", cure=_CURES["value"])
    reading.unlisted.add(id)


def _of_instrument(name: str, into: Callable[[_Reading, InstrumentId, str], None]) -> _Teller:
    def tell(reading: _Reading, line: list[str]) -> None:
        which, text = _rest(line, 2)
        id = reading.instrument(which)
        reading.once(name, id)
        into(reading, id, text)

    return tell


def _of_fact(name: str, into: Callable[[_Reading, TransactionId, str], None]) -> _Teller:
    def tell(reading: _Reading, line: list[str]) -> None:
        which, text = _rest(line, 2)
        id = reading.fact(which)
        reading.once(name, id)
        into(reading, id, text)

    return tell


def _class(reading: _Reading, id: InstrumentId, text: str) -> None:
    reading.classes[id] = _one_of(TaxClass, text, "class")


def _value(reading: _Reading, id: InstrumentId, text: str) -> None:
    reading.values[id] = _sum(text, "value")


def _stt(reading: _Reading, id: TransactionId, text: str) -> None:
    amount, charges = _sum(text, "stt"), reading.charges(id)
    if amount > charges:
        reason = f"{text} is more than the fact's charges, {plain(charges)}"
        raise Misuse("stt", reason, cure="Record the charges with the trade, the tax among them")
    reading.stt[id] = amount


def _way(reading: _Reading, id: TransactionId, text: str) -> None:
    reading.ways[id] = _one_of(Way, text, "way")


def _subscribed(reading: _Reading, id: TransactionId, text: str) -> None:
    if text.lower() not in {"yes", "no"}:
        raise Misuse("subscribed", f"{text!r} is neither yes nor no", cure=_CURES["subscribed"])
    reading.subscribed[id] = text.lower() == "yes"


_CURES: Mapping[str, str] = {
    "slab": "Write slab 30%",
    "regime": "Write regime old",
    "age": "Write age senior",
    "residency": "Write residency non_resident",
    **{name: f"Write 2024-25 {name} 350000" for name in _OTHERS},
    "brings": "Write 2024-25 brings short_term 5000 of 2022-23",
    "class": "Write class MF:GILT debt_fund",
    "value": "Write value NSE:OLD 118.40",
    "unlisted": "Write unlisted NSE:LATE",
    "stt": "Write stt ^KEY 9.50",
    "way": "Write way ^KEY off_market",
    "subscribed": "Write subscribed ^KEY yes",
}
_TELLERS: Mapping[str, _Teller] = {
    "slab": _slab,
    "regime": _choice("regime", Regime),
    "age": _choice("age", Age),
    "residency": _choice("residency", Residency),
    **dict.fromkeys(_OTHERS, _income),
    "brings": _brings,
    "class": _of_instrument("class", _class),
    "value": _of_instrument("value", _value),
    "unlisted": _unlisted,
    "stt": _of_fact("stt", _stt),
    "way": _of_fact("way", _way),
    "subscribed": _of_fact("subscribed", _subscribed),
}
