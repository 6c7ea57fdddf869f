"""How a figure was made: the key that every shown figure carries, answered with its derivation.

The trees are built from the same parts as the views, so that a figure and its explanation cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tunefolio.analysis.derivation import Derivation, made
from tunefolio.analysis.explain import Facts, explain_line
from tunefolio.analysis.explain_figures import explain_figure
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, InstrumentId, PortfolioId, TransactionId
from tunefolio.core.people import Viewer
from tunefolio.services.books import folded
from tunefolio.services.diagnoses import diagnoses
from tunefolio.services.house import House
from tunefolio.services.targets import of as targets_of
from tunefolio.services.views import trees, trees_rows, trees_sums
from tunefolio.services.views.allocations import members_of, parse_slice
from tunefolio.services.views.holdings import seen_holding
from tunefolio.services.views.performance import LINES, performed
from tunefolio.services.views.portfolios import portfolio
from tunefolio.services.views.scopes import Chosen
from tunefolio.services.views.shapes_figures import Ask
from tunefolio.services.views.words import About, scope_word
from tunefolio.store import accounts
from tunefolio.store.db import ReadDb

_DETAILS = frozenset({"start", "end", "paid_in", "paid_out", "brought"})


def explanation(db: ReadDb, house: House, viewer: Viewer, ask: Ask) -> Derivation:
    """The derivation of one shown figure, down to facts, prices and rates.

    Raises Misuse for a figure nobody shows, NotFound for what is not there or another's.
    """
    family, dot, name = ask.figure.partition(".")
    if not dot:
        return _performed(db, house, viewer, ask)
    answers: Mapping[str, Callable[[ReadDb, House, Viewer, Ask, str], Derivation]] = {
        "statement": _statement,
        "holding": _holding,
        "chosen": _chosen,
        "averaged": _averaged,
        "income": _income,
        "allocation": _portfolio,
        "weight": _weight,
        "portfolio": _portfolio,
        "lot": _lot,
        "match": _match,
        "slice": _slice,
        "break": _break,
    }
    if family not in answers:
        raise _unknown(ask.figure)
    return answers[family](db, house, viewer, ask, name)


def _unknown(figure: str) -> Misuse:
    return Misuse("figure", f"{figure[:60]!r} is no figure", cure="Ask with the key beside the figure")


def _performed(db: ReadDb, house: House, viewer: Viewer, ask: Ask) -> Derivation:
    against = _number(ask.benchmark)
    benchmark = None if against is None else InstrumentId(against)
    found, _, worked = performed(db, house, viewer, ask.scope, ask.period or "1Y", benchmark)
    if ask.figure not in worked.figures:
        raise _unknown(ask.figure)
    facts = None
    if scope_word(ask.scope).about is not About.TAG and found.tracked.computed.is_current:
        facts = _facts(db, viewer, found)
    return explain_figure(worked, ask.figure, facts)


def _facts(db: ReadDb, viewer: Viewer, found: Chosen) -> Facts:
    folds = folded(db, viewer, found.tracked.accounts)
    return Facts.of(movement for fold in folds.values() for movement in fold.holdings.movements)


def _statement(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    found, _, worked = performed(db, house, viewer, ask.scope, ask.period or "1Y")
    if name not in LINES and name not in _DETAILS:
        raise _unknown(ask.figure)
    facts = None
    if scope_word(ask.scope).about is not About.TAG and found.tracked.computed.is_current:
        facts = _facts(db, viewer, found)
    tree = explain_line(found.tracked.tracks, worked.scope, worked.period, name, facts)
    sign = LINES.get(name, ("", 1))[1]
    return tree if sign > 0 else made(f"less {name}", "negate", [tree], tree.unit)


def _holding(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    word = scope_word(ask.scope)
    if word.account is None or word.instrument is None:
        raise _unknown(ask.figure)
    seen = seen_holding(db, house, viewer, word.account, word.instrument)
    fold = folded(db, viewer, [seen.home])[seen.home.id]
    return trees.of_holding(seen, fold, name) or _missing_figure(ask)


def _chosen(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    return _by_method(db, house, viewer, ask, "chosen", name)


def _averaged(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    return _by_method(db, house, viewer, ask, "averaged", name)


def _by_method(db: ReadDb, house: House, viewer: Viewer, ask: Ask, method: str, name: str) -> Derivation:
    word = scope_word(ask.scope)
    if word.account is None or word.instrument is None:
        raise _unknown(ask.figure)
    seen = seen_holding(db, house, viewer, word.account, word.instrument)
    fold = folded(db, viewer, [seen.home])[seen.home.id]
    return trees_rows.of_method(seen, fold, method, name) or _missing_figure(ask)


def _income(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    """Scope `income:account:instrument:fact`."""
    account, instrument, id = _three(ask, "income")
    found = seen_holding(db, house, viewer, account, instrument).facts.get(TransactionId(id))
    if found is None:
        raise NotFound("fact")
    return trees_rows.of_income(found, name) or _missing_figure(ask)


def _weight(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    """`weight.all` or `weight.3`: a holding's share of all, or of one portfolio."""
    word, number = scope_word(ask.scope), _number(name)
    if word.instrument is None or (number is None and name != "all"):
        raise _unknown(ask.figure)
    view = portfolio(db, house, viewer, portfolio=None if number is None else PortfolioId(number))
    for row in view.rows:
        if (row.account.id, row.instrument.id) == (word.account, word.instrument):
            tree = trees_sums.of_slice(view, [(row.valued, row.instrument.symbol)], None, "weight")
            return tree or _missing_figure(ask)
    raise NotFound("holding")


def _missing_figure(ask: Ask) -> Derivation:
    raise _unknown(ask.figure)


def _portfolio(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    word = scope_word(ask.scope)
    view = portfolio(db, house, viewer, portfolio=word.portfolio)
    folds = folded(db, viewer, view.accounts)
    return trees_sums.of_portfolio(view, folds, name) or _missing_figure(ask)


def _lot(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    account, instrument, place = _three(ask, "lot")
    seen = seen_holding(db, house, viewer, account, instrument)
    if place >= len(seen.position.lots) + len(seen.position.shorts):
        raise NotFound("lot")
    return trees.of_lot(seen, place, name) or _missing_figure(ask)


def _match(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    account, instrument, place = _three(ask, "match")
    seen = seen_holding(db, house, viewer, account, instrument)
    if place >= len(seen.position.matches):
        raise NotFound("match")
    match = seen.position.matches[place]
    return trees.of_match(match, name) or trees_rows.of_match_row(match, name) or _missing_figure(ask)


def _slice(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    chosen = parse_slice(ask.scope)
    view = portfolio(db, house, viewer, portfolio=chosen.portfolio)
    lines = members_of(view, chosen)
    wished = targets_of(db, viewer, chosen.portfolio, chosen.dimension.value)
    target = wished.get(chosen.name) if not chosen.inner else None
    return trees_sums.of_slice(view, lines, target, name) or _missing_figure(ask)


def _break(db: ReadDb, house: House, viewer: Viewer, ask: Ask, name: str) -> Derivation:
    word, _, rest = ask.scope.partition(":")
    account, _, key = rest.partition(":")
    number = _number(account)
    if word != "break" or number is None:
        raise Misuse("scope", f"{ask.scope[:60]!r} names no break", cure="Ask with the key beside the figure")
    home = accounts.account_of(db, viewer, AccountId(number))
    for one in diagnoses(db, house, viewer, [home]):
        if one.told.key == key:
            position = folded(db, viewer, [home])[home.id].holdings.positions.get(one.told.found.instrument)
            return trees.of_break(one, position, name) or _missing_figure(ask)
    raise NotFound("break")


def _three(ask: Ask, sort: str) -> tuple[AccountId, InstrumentId, int]:
    parts: Sequence[str] = ask.scope.split(":")
    numbers = [_number(part) for part in parts[1:]]
    if len(numbers) == 3 and parts[0] == sort and None not in numbers:
        account, instrument, place = (number or 0 for number in numbers)
        return AccountId(account), InstrumentId(instrument), place
    raise Misuse("scope", f"{ask.scope[:60]!r} names no {sort}", cure="Ask with the key beside the figure")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
