"""Which lines of a text book break a law: the fold says what is wrong, this says where."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tunefolio.core.errors import BrokenLaw, Misuse, TunefolioError
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.time import TradingDay
from tunefolio.ledger.positions import Terms, fold_all, in_force
from tunefolio.ledger.textbook import LineProblem
from tunefolio.ledger.transactions import Transaction

_MOST = 20
_LARGE = 20_000
"""Above so many facts only the first fault is looked for: every fault costs some folds of the whole book."""

_Books = Mapping[AccountId, Sequence[Transaction]]


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the accounts and instruments of a book."""

    accounts: Mapping[AccountId, str]
    instruments: Mapping[InstrumentId, str]


def blamed(
    histories: _Books,
    terms: Terms,
    wrong: TunefolioError,
    place_of: Callable[[TransactionId], str],
    names: Names,
) -> tuple[LineProblem, ...]:
    """Every line that the fold refuses, each judged as if those before it were left out, as problems.

    place_of: how the place of a fact is written; names: of accounts and instruments. At most 20; of a very
    large book only the first.
    """
    books = {account: in_force(some) for account, some in histories.items()}
    size = sum(len(some) for some in books.values())
    found: dict[TransactionId, LineProblem] = {}
    refusal: TunefolioError | None = wrong
    while refusal is not None and len(found) < (1 if size > _LARGE else _MOST):
        fault = _first_fault(books, terms, refusal)
        first = min(fault.lines)
        found[first] = _said(fault, place_of(first), names)
        books = _without(books, fault.lines)
        refusal = _refusal(books, terms)
    return tuple(found[id] for id in sorted(found))


@dataclass(frozen=True, slots=True)
class _Fault:
    lines: frozenset[TransactionId]
    refusal: TunefolioError


def _first_fault(books: _Books, terms: Terms, refusal: TunefolioError) -> _Fault:
    """The earliest day whose facts cannot stand, and the one fact of it without which the day can."""
    days = sorted({fact.fact.day for some in books.values() for fact in some})
    low, high = 0, len(days) - 1
    while low < high:
        middle = (low + high) // 2
        if _refusal(_until(books, days[middle]), terms) is None:
            low = middle + 1
        else:
            high = middle
    day = days[low]
    upto = _until(books, day)
    refusal = _refusal(upto, terms) or refusal
    suspects = [fact for some in upto.values() for fact in some if fact.fact.day == day]
    for suspect in sorted(suspects, key=lambda fact: fact.id):
        lines = _together(suspect, suspects)
        if _refusal(_without(upto, lines), terms) is None:
            return _Fault(lines, refusal)
    return _Fault(frozenset(fact.id for fact in suspects), refusal)


def _together(suspect: Transaction, others: Sequence[Transaction]) -> frozenset[TransactionId]:
    """A fact with the other half of its transfer: one cannot stand without the other."""
    if suspect.fact.counterpart is None:
        return frozenset({suspect.id})
    halves = {
        other.id
        for other in others
        if (other.account, other.fact.counterpart) == (suspect.fact.counterpart, suspect.account)
        and other.fact.instrument == suspect.fact.instrument
        and other.fact.quantity == suspect.fact.quantity
    }
    return frozenset({suspect.id, *halves})


def _refusal(books: _Books, terms: Terms) -> TunefolioError | None:
    try:
        fold_all(books, terms)
    except (Misuse, BrokenLaw) as wrong:
        return wrong
    return None


def _until(books: _Books, day: TradingDay) -> dict[AccountId, list[Transaction]]:
    return {account: [f for f in some if f.fact.day <= day] for account, some in books.items()}


def _without(books: _Books, lines: frozenset[TransactionId]) -> dict[AccountId, list[Transaction]]:
    return {account: [f for f in some if f.id not in lines] for account, some in books.items()}


def _said(fault: _Fault, place: str, names: Names) -> LineProblem:
    refusal = fault.refusal
    if isinstance(refusal, Misuse):
        return LineProblem(place, refusal.field, _named(refusal.problem, names), _named(refusal.cure, names))
    return LineProblem(place, "law", _named(str(refusal), names), "Correct the facts of that day")


def _named(sentence: str, names: Names) -> str:
    """The ledger knows accounts and instruments by number; people know them by name."""
    for word, known in (("account", names.accounts), ("instrument", names.instruments)):
        by_number = {str(id): name for id, name in known.items()}
        sentence = re.sub(rf"\b{word} (\d+)\b", partial(_spoken, word, by_number), sentence)
    return sentence


def _spoken(word: str, names: Mapping[str, str], found: re.Match[str]) -> str:
    name = names.get(found[1])
    return found[0] if name is None else f"account {name}" if word == "account" else name
