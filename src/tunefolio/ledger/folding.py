"""The fold, group by group: facts that touch the same units are folded together and apart from all others.

A group is instruments of accounts linked by corporate facts, deliveries and transfers. One more fact
refolds its own group only, so that a large book is as quick to correct as a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import groupby

from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.money import Currency, Money
from tunefolio.ledger import corporate, incomes, trades, transfers
from tunefolio.ledger.cashflows import Movement
from tunefolio.ledger.holdings import PLAIN, Holdings, Position, Terms
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import EXACT
from tunefolio.ledger.ordering import RANKS, fold_order, in_force
from tunefolio.ledger.state import Books, Node
from tunefolio.ledger.transactions import Transaction

_Sums = Mapping[tuple[AccountId, Currency], Decimal]
_TRANSFER_RANK = RANKS[Kind.TRANSFER_OUT]


def _money_moves(books: Books, transaction: Transaction) -> None:
    """A transfer of money; transfers of units have been made by then."""
    if transaction.fact.kind is Kind.TRANSFER_IN:
        incomes.deposit(books, transaction)
    else:
        incomes.withdrawal(books, transaction)


EFFECTS: Mapping[Kind, Callable[[Books, Transaction], None]] = {
    Kind.OPENING: trades.opening,
    Kind.BUY: trades.buy,
    Kind.SIP: trades.buy,
    Kind.SELL: trades.sell,
    Kind.SHORT: trades.short,
    Kind.COVER: trades.cover,
    Kind.DEPOSIT: incomes.deposit,
    Kind.WITHDRAWAL: incomes.withdrawal,
    Kind.CONVERT: incomes.convert,
    Kind.TRANSFER_OUT: _money_moves,
    Kind.TRANSFER_IN: _money_moves,
    Kind.DIVIDEND: incomes.income,
    Kind.REINVEST: incomes.reward,
    Kind.IN_SPECIE: incomes.in_specie,
    Kind.INTEREST: incomes.income,
    Kind.STAKING: incomes.reward,
    Kind.AIRDROP: incomes.reward,
    Kind.FEE: incomes.fee,
    Kind.TAX: incomes.tax,
    Kind.SPLIT: corporate.split,
    Kind.BONUS: corporate.bonus,
    Kind.RIGHTS: corporate.rights,
    Kind.SUBSCRIBE: corporate.subscribe,
    Kind.MERGER: corporate.merger,
    Kind.DEMERGER: corporate.demerger,
    Kind.BUYBACK: trades.sell,
    Kind.REPAYMENT: corporate.repayment,
    Kind.RENAME: corporate.rename,
    Kind.WRITE_OFF: trades.sell,
    Kind.EXPIRY: trades.expire,
    Kind.EXERCISE: trades.exercise,
    Kind.ASSIGNMENT: trades.assignment,
}
"""What each kind does; every kind has its entry."""


@dataclass(frozen=True, slots=True)
class Group:
    """Facts that touch each other, in force and in order, and what they leave."""

    nodes: frozenset[Node]
    facts: tuple[Transaction, ...]
    positions: Mapping[Node, Position]
    movements: Mapping[Node, tuple[Movement, ...]]
    cash: _Sums
    fees: _Sums
    taxes: _Sums
    income: _Sums


class Folding:
    """Folded accounts by group. Value-like: `refold` makes another and leaves this one as it was."""

    def __init__(
        self, accounts: Sequence[AccountId], terms: Terms, groups: dict[Node, Group], *, together: bool
    ) -> None:
        self._accounts = tuple(accounts)
        self._terms = terms
        self._groups = groups
        self._together = together
        self._holdings: dict[AccountId, Holdings] = {}

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        return self._accounts

    def holdings(self, account: AccountId) -> Holdings:
        """What one account holds; put together when first asked for."""
        known = self._holdings.get(account)
        if known is None:
            nodes = [node for node in self._groups if node[0] == account]
            nodes.sort(key=lambda node: node[1] or 0)
            known = _holdings(account, [(node, self._groups[node]) for node in nodes])
            self._holdings[account] = known
        return known

    def all(self) -> dict[AccountId, Holdings]:
        return {account: self.holdings(account) for account in self._accounts}

    def refold(self, added: Iterable[Transaction]) -> Folding:
        """The same accounts with further facts (or reversals): only the groups these touch are folded again.

        Raises what the full fold would raise; then this folding still stands.
        """
        new = list(added)
        fresh = in_force(new)
        gone = {fact.reverses for fact in new if fact.reverses is not None}
        accounts = tuple(dict.fromkeys([*self._accounts, *(fact.account for fact in fresh)]))
        _refuse(fresh, accounts, together=self._together)
        touched: dict[int, Group] = {}
        for fact in new:
            for node in nodes_of(fact, together=self._together):
                group = self._groups.get(node)
                if group is not None:
                    touched[id(group)] = group
        if gone:
            for group in self._groups.values():
                if any(fact.id in gone for fact in group.facts):
                    touched[id(group)] = group
        facts = [fact for group in touched.values() for fact in group.facts if fact.id not in gone]
        known = {fact.id for fact in facts}
        fresh = [fact for fact in fresh if fact.id not in known]
        groups = dict(self._groups)
        for group in touched.values():
            for node in group.nodes:
                groups.pop(node, None)
        with localcontext(EXACT):
            for group in _folded(facts + fresh, self._terms, together=self._together):
                groups.update((node, group) for node in group.nodes)
        later = Folding(accounts, self._terms, groups, together=self._together)
        moved = {node[0] for group in touched.values() for node in group.nodes}
        moved |= {node[0] for fact in new for node in nodes_of(fact, together=self._together)}
        later._holdings = {a: held for a, held in self._holdings.items() if a not in moved}
        return later


def folding(histories: Mapping[AccountId, Sequence[Transaction]], terms: Terms = PLAIN) -> Folding:
    """All accounts of one person, transfers between them resolved; any order in.

    Raises Oversold, Overcovered, CurrencyMismatch, or Misuse for what cannot be: a transfer without its
    other half or in a circle, a corporate action on nothing held.
    """
    facts = [fact for history in histories.values() for fact in in_force(history)]
    return _folding(list(histories), facts, terms, together=True)


def folding_alone(history: Iterable[Transaction], terms: Terms = PLAIN) -> Folding:
    """One account by itself: units it sends elsewhere leave; raises Misuse for units from another account."""
    facts = in_force(history)
    accounts = list(dict.fromkeys(fact.account for fact in facts))
    return _folding(accounts, facts, terms, together=False)


def nodes_of(transaction: Transaction, *, together: bool) -> list[Node]:
    """What a fact touches: an account's instrument, its second one, the counterpart's; or its cash."""
    fact, account = transaction.fact, transaction.account
    nodes: list[Node] = [(account, fact.instrument)]
    if fact.other is not None:
        nodes.append((account, fact.other))
    if together and fact.counterpart is not None:
        nodes.append((fact.counterpart, fact.instrument))
    return nodes


def components(facts: Iterable[Transaction], *, together: bool) -> list[tuple[set[Node], list[Transaction]]]:
    """Facts in groups that touch no common units, each with what it touches."""
    own: dict[Node, list[Transaction]] = {}
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for transaction in facts:
        fact = transaction.fact
        node = (transaction.account, fact.instrument)
        known = own.get(node)
        if known is None:
            own[node] = [transaction]
            parent.setdefault(node, node)
        else:
            known.append(transaction)
        if fact.other is not None or (together and fact.counterpart is not None):
            for linked in nodes_of(transaction, together=together)[1:]:
                parent.setdefault(linked, linked)
                parent[root(linked)] = root(node)
    groups: dict[Node, tuple[set[Node], list[Transaction]]] = {}
    for node in parent:
        nodes, some = groups.setdefault(root(node), (set(), []))
        nodes.add(node)
        some += own.get(node, ())
    return list(groups.values())


def _folding(
    accounts: Sequence[AccountId], facts: Sequence[Transaction], terms: Terms, *, together: bool
) -> Folding:
    _refuse(facts, accounts, together=together)
    groups: dict[Node, Group] = {}
    with localcontext(EXACT):
        for group in _folded(facts, terms, together=together):
            groups.update((node, group) for node in group.nodes)
    return Folding(accounts, terms, groups, together=together)


def _refuse(facts: Iterable[Transaction], accounts: Sequence[AccountId], *, together: bool) -> None:
    for fact in facts:
        if fact.fact.counterpart is not None:
            if together:
                transfers.refuse_strangers(fact, accounts)
            else:
                transfers.refuse_halves(fact)


def _folded(facts: Iterable[Transaction], terms: Terms, *, together: bool) -> list[Group]:
    return [
        _group(nodes, some, terms, together=together) for nodes, some in components(facts, together=together)
    ]


def _group(nodes: set[Node], facts: list[Transaction], terms: Terms, *, together: bool) -> Group:
    facts.sort(key=fold_order)
    books = Books(terms)
    if any(fact.fact.kind in transfers.TRANSFERS for fact in facts):
        pairs = transfers.paired(facts) if together else []
        for _day, some in groupby(facts, key=lambda fact: fact.fact.day):
            _apply_day(books, list(some), pairs)
    else:
        for transaction in facts:
            EFFECTS[transaction.fact.kind](books, transaction)
    known = {**dict.fromkeys(nodes), **dict.fromkeys(books.movements)}
    return Group(
        frozenset(known),
        tuple(facts),
        {node: stock.position() for node, stock in books.stocks.items()},
        {node: tuple(some) for node, some in books.movements.items()},
        books.cash,
        books.fees,
        books.taxes,
        books.income,
    )


def _apply_day(books: Books, facts: Sequence[Transaction], pairs: Sequence[transfers.Pair]) -> None:
    """One day with its transfers between what comes before and what comes after them."""
    units = [fact for fact in facts if _moves_units_between(fact)]
    done = not units
    for transaction in facts:
        if not done and RANKS[transaction.fact.kind] >= _TRANSFER_RANK:
            transfers.move_all(books, units, pairs)
            done = True
        if not _moves_units_between(transaction):
            EFFECTS[transaction.fact.kind](books, transaction)


def _moves_units_between(transaction: Transaction) -> bool:
    fact = transaction.fact
    return fact.kind in transfers.TRANSFERS and fact.instrument is not None


def _holdings(account: AccountId, parts: Sequence[tuple[Node, Group]]) -> Holdings:
    """One account out of its groups, in the order of its instruments, cash first."""
    positions: dict[InstrumentId, Position] = {}
    movements: list[Movement] = []
    totals: tuple[dict[Currency, Decimal], ...] = ({}, {}, {}, {})
    seen: set[int] = set()
    for node, group in parts:
        if node[1] is not None and node in group.positions:
            positions[node[1]] = group.positions[node]
        movements += group.movements.get(node, ())
        if id(group) in seen:
            continue
        seen.add(id(group))
        for total, sums in zip(totals, (group.cash, group.fees, group.taxes, group.income), strict=True):
            for (owner, currency), amount in sums.items():
                if owner == account:
                    total[currency] = total.get(currency, Decimal(0)) + amount
    cash, fees, taxes, income = ({c: Money(a, c) for c, a in sorted(total.items())} for total in totals)
    return Holdings(positions, cash, fees, taxes, tuple(movements), income)
