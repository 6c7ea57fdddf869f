"""A taxpayer's year out of the books: which accounts are hers, what she told, what stands in the way.

The books are folded as everywhere; nothing of the result is kept but in memory, for the same state of books
and answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tunefolio.analysis.tax.assets import TaxClass
from tunefolio.analysis.tax.blockers import Blocker, BlockerKind, of_breaks, undated
from tunefolio.analysis.tax.computation import Record, TaxYear
from tunefolio.analysis.tax.gains import Law
from tunefolio.analysis.tax.taxpayer import EarlierLoss, Residency, Taxpayer
from tunefolio.analysis.tax.years import FinancialYear
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, PersonId, TaxpayerId
from tunefolio.core.money import INR
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.market.accruals import Crediting
from tunefolio.market.fx import NO_RATES, Pair
from tunefolio.market.instruments import Instrument
from tunefolio.services import funds
from tunefolio.services.books import Folded, folded
from tunefolio.services.funds import KnownFunds
from tunefolio.services.house import House
from tunefolio.services.memories import Memory
from tunefolio.services.tax_records import FIRST_YEAR, Material, Told, lawful, reckoned, record_of
from tunefolio.store import accounts as homes
from tunefolio.store import (
    imports,
    instruments,
    own_instruments,
    persons,
    rates,
    spells,
    tax_answers,
    taxpayers,
)
from tunefolio.store.db import ReadDb
from tunefolio.store.heads import Head
from tunefolio.store.tax_answers import YearTold
from tunefolio.store.taxpayers import KeptTaxpayer

_PROVIDENT = frozenset({Crediting.PPF, Crediting.EPF})
MYSELF = TaxpayerId(0)
"""The viewer herself while nothing was told of her."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One who is taxed, and the accounts whose income is hers, archived ones too."""

    taxpayer: KeptTaxpayer
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class TaxReport:
    """One year of one subject. material: the books it was made from; told: what was told of the year."""

    subject: Subject
    year: FinancialYear
    result: TaxYear
    record: Record
    material: Material
    told: YearTold
    folds: Mapping[AccountId, Folded]


def subjects(db: ReadDb, viewer: Viewer) -> list[Subject]:
    """Everybody the viewer keeps accounts of; herself where she named nobody. The first has what is not
    given to another."""
    known = taxpayers.listed(db, viewer)
    if not known:
        known = [KeptTaxpayer(MYSELF, persons.person_of(db, viewer.person).name, Residency.RESIDENT)]
    given = taxpayers.given(db, viewer)
    all_homes = homes.listed(db, viewer)
    return [
        Subject(one, tuple(home for home in all_homes if given.get(home.id, known[0].id) == one.id))
        for one in known
    ]


def subject_of(db: ReadDb, viewer: Viewer, id: TaxpayerId | None = None) -> Subject:
    """That one, or the first; raises NotFound."""
    found = subjects(db, viewer)
    if id is None or id == MYSELF:
        return found[0]
    for one in found:
        if one.taxpayer.id == id:
            return one
    raise NotFound("taxpayer")


def running_year(house: House) -> FinancialYear:
    return FinancialYear.of(TradingDay(calendar_date(house.clock.now())))


def must_be_taxable(house: House, year: FinancialYear) -> None:
    """Raises Misuse for a year before the rules begin or one that has not begun."""
    last = running_year(house)
    if not FIRST_YEAR <= year <= last:
        raise Misuse("year", f"{year} is not reckoned here", cure=f"Take {FIRST_YEAR} to {last}")


@dataclass(frozen=True, slots=True)
class _State:
    """All that a report follows from: the same state gives the same report. today: of books in foreign
    currency, which take its rate while the year runs. refused: of files, what is not in the books."""

    subject: Subject
    folds: Mapping[AccountId, Head]
    instruments: Mapping[InstrumentId, Instrument]
    isins: Mapping[InstrumentId, Sequence[str]]
    told: Told
    years: Mapping[FinancialYear, YearTold]
    losses: Mapping[FinancialYear, Sequence[EarlierLoss]]
    rates: Mapping[Pair, tuple[TradingDay, TradingDay]]
    funds: KnownFunds
    today: TradingDay | None
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A taxpayer's books read for tax, all years at once."""

    material: Material
    record: Record
    law: Law


_remembered: Memory[tuple[PersonId, TaxpayerId, FinancialYear], TaxReport] = Memory(60)
_books_read: Memory[tuple[PersonId, TaxpayerId], _Read] = Memory(30)
"""Apart from the years: another year, and an answer about one, leave them as they are."""


def report(
    db: ReadDb, house: House, viewer: Viewer, year: FinancialYear, *, taxpayer: TaxpayerId | None = None
) -> TaxReport:
    """Raises NotFound for another's taxpayer, Misuse for a year without rules. Remembered while books,
    answers, instruments and rates stand."""
    must_be_taxable(house, year)
    subject = subject_of(db, viewer, taxpayer)
    folds = folded(db, viewer, homes.listed(db, viewer))
    state = _state(db, house, viewer, subject, folds)
    key = (viewer.person, subject.taxpayer.id, year)
    kept = _remembered.find(db, key, state)
    if kept is None:
        kept = _reported(db, viewer, state, year, folds)
        _remembered.keep(db, key, state, kept)
    return kept


def _state(
    db: ReadDb, house: House, viewer: Viewer, subject: Subject, folds: Mapping[AccountId, Folded]
) -> _State:
    facts = [one.fact for fold in folds.values() for one in fold.facts.values()]
    named = {one.instrument for one in facts} | {one.other for one in facts}
    known = instruments.of_ids(db, sorted(id for id in named if id is not None))
    is_abroad = any(one.amount.currency != INR for one in facts)
    whose = subject.taxpayer.id
    isins = _isins(db, known)
    return _State(
        subject,
        {account: fold.state for account, fold in folds.items()},
        known,
        isins,
        _told(db, viewer, known),
        tax_answers.years(db, viewer, whose),
        tax_answers.losses(db, viewer, whose),
        rates.spans(db) if is_abroad else {},
        funds.known(db, house.sources, isins),
        TradingDay(calendar_date(house.clock.now())) if is_abroad else None,
        tuple(_refused(db, viewer, subject)),
    )


def _refused(db: ReadDb, viewer: Viewer, subject: Subject) -> Iterator[str]:
    """What the books lack as far as files tell: rows that an import refused, of whatever year they are."""
    names = {home.id: home.name for home in subject.accounts}
    for one in imports.refusing(db, viewer, names):
        rows = "1 row" if one.refused == 1 else f"{one.refused} rows"
        yield (
            f"{rows} of {one.filename}, imported into {names[one.account]} on {calendar_date(one.recorded)}, "
            "were refused and are in no figure: record what they lack, then import the file again"
        )


def _reported(
    db: ReadDb, viewer: Viewer, state: _State, year: FinancialYear, folds: Mapping[AccountId, Folded]
) -> TaxReport:
    """folds: of all of the viewer's accounts."""
    subject = state.subject
    key, books = (viewer.person, subject.taxpayer.id), replace(state, years={}, losses={}, refused=())
    read = _books_read.find(db, key, books)
    if read is None:
        read = _read(db, state, folds)
        _books_read.keep(db, key, books, read)
    own = {home.id: folds[home.id] for home in subject.accounts}
    result = _reckoned(read.record, read.law, subject, state.years, state.losses, year, own)
    result = replace(result, outside=state.refused)
    told = state.years.get(year, YearTold(year))
    return TaxReport(subject, year, result, read.record, read.material, told, own)


def _read(db: ReadDb, state: _State, folds: Mapping[AccountId, Folded]) -> _Read:
    """All accounts are folded, since units may have come from another's. An account that is stopped is left
    out; it stands among what to mend."""
    sound = {account: fold for account, fold in folds.items() if not fold.problem}
    mine = [home.id for home in state.subject.accounts if home.id in sound]
    histories = {account: list(fold.facts.values()) for account, fold in sound.items()}
    material = Material(
        lawful(histories, state.instruments, mine),
        {id: one for account in mine for id, one in sound[account].facts.items()},
        state.instruments,
        state.isins,
        rates.book(db) if state.rates else NO_RATES,
        state.told,
        state.funds,
        state.today,
    )
    return _Read(material, *record_of(material))


def _isins(db: ReadDb, known: Mapping[InstrumentId, Instrument]) -> dict[InstrumentId, tuple[str, ...]]:
    """Every ISIN that an instrument ever had, today's first."""
    former = spells.of_instruments(db, known)
    return {
        id: funds.isins_of(one, (spell.isin for spell in former.get(id, ()))) for id, one in known.items()
    }


def _told(db: ReadDb, viewer: Viewer, known: Mapping[InstrumentId, Instrument]) -> Told:
    """What was told; a provident fund says by its terms what it is."""
    named, deeds = tax_answers.instruments(db, viewer), tax_answers.deeds(db, viewer)
    terms = own_instruments.accruals(db, viewer, list(known))
    provident = {id for id, one in terms.items() if one.crediting in _PROVIDENT}
    return Told(
        dict.fromkeys(provident, TaxClass.PROVIDENT_FUND)
        | {id: one.tax_class for id, one in named.items() if one.tax_class is not None},
        {id: one.value_2018 for id, one in named.items() if one.value_2018 is not None},
        {id: one.stt for id, one in deeds.items() if one.stt is not None},
        {id: one.way for id, one in deeds.items() if one.way is not None},
        {id: one.subscribed for id, one in deeds.items() if one.subscribed is not None},
        frozenset(id for id, one in named.items() if one.unlisted_2018),
    )


def _reckoned(
    record: Record,
    law: Law,
    subject: Subject,
    told: Mapping[FinancialYear, YearTold],
    entered: Mapping[FinancialYear, Sequence[EarlierLoss]],
    year: FinancialYear,
    folds: Mapping[AccountId, Folded],
) -> TaxYear:
    residency = subject.taxpayer.residency
    who = {
        one: Taxpayer(residency, said.regime, said.age, said.others, said.slab_rate)
        for one, said in told.items()
    }
    for one in range(FIRST_YEAR.start, year.start + 1):
        who.setdefault(FinancialYear(one), Taxpayer(residency))
    return reckoned(record, law, who, entered, year, blockers=tuple(_blockers(subject, folds)))


def _blockers(subject: Subject, folds: Mapping[AccountId, Folded]) -> list[Blocker]:
    """What is wrong with the books as a whole: a stopped account, a difference with the broker, units whose
    day of purchase nobody knows."""
    names = {home.id: home.name for home in subject.accounts}
    found = [
        Blocker(
            BlockerKind.BREAK,
            f"{names[account]} is stopped: {fold.problem}",
            "Mend the fact it names",
            account,
            InstrumentId(0),
        )
        for account, fold in folds.items()
        if fold.problem
    ]
    for account, fold in folds.items():
        found += of_breaks(account, fold.breaks)
    return found + list(undated({account: fold.holdings for account, fold in folds.items()}))
