"""Laws over lawful books in which everything happens, and a slow independent fold as witness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books import family, recorded
from tests.ledger.lives import (
    FUTURE,
    UNSQUARED,
    Histories,
    candidate,
    lives,
    seeds,
    terms,
)
from tests.ledger.slow import Slow
from tests.ledger.slow_lots import Refused
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId, TransactionId
from tunefolio.core.money import Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger import invariants
from tunefolio.ledger.folding import EFFECTS
from tunefolio.ledger.kinds import RULES, Kind
from tunefolio.ledger.lots import Lot, Match, Method
from tunefolio.ledger.positions import Holdings, Terms, fold, fold_all, folding
from tunefolio.ledger.transactions import Fact, Ratio, Transaction

few = settings(max_examples=40)


def slow(histories: Histories, chosen: Terms) -> Slow:
    methods: dict[int, str] = {account: method.value for account, method in chosen.methods.items()}
    every = [fact for history in histories.values() for fact in history]
    return Slow(methods, [FUTURE], [UNSQUARED]).fold(every)


def told(lots: Iterable[Lot]) -> list[tuple[Any, ...]]:
    days = ((lot, lot.day.date.toordinal() if lot.day else None) for lot in lots)
    return [(lot.opened, day, lot.quantity, lot.cost.amount, lot.fees.amount) for lot, day in days]


def match_told(match: Match) -> tuple[Any, ...]:
    (lot,) = told([match.lot])
    return (match.side.value, match.closed, *lot, match.proceeds.amount, match.fees.amount)


def agree(folded: dict[AccountId, Holdings], witness: Slow) -> None:
    for account, holdings in folded.items():
        for instrument, position in holdings.positions.items():
            stock = witness.stocks[account, instrument]
            for lots, side in ((position.lots, stock.long), (position.shorts, stock.short)):
                seen = [(lot.opened, lot.day, lot.units, lot.cost, lot.fees) for lot in side.lots]
                assert told(lots) == seen
            assert [match_told(match) for match in position.matches] == stock.matches
            assert Fraction(position.income.amount) == stock.income
            assert Fraction(position.taxes.amount) == stock.taxes
            assert Fraction(position.repaid.amount) == stock.repaid
            assert Fraction(position.averaged.cost.amount) == stock.long.average
            assert Fraction(position.averaged.realised.amount) == stock.average_gain
        for currency, money in holdings.cash.items():
            assert Fraction(money.amount) == witness.cash[account, currency]
    for (number, name), stock in witness.stocks.items():
        if stock.long.units or stock.short.units:
            assert InstrumentId(name) in folded[AccountId(number)].positions


@settings(max_examples=120)
@given(st.data())
def test_the_fold_agrees_with_the_slow_witness(data: st.DataObject) -> None:
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen, accounts=3))
    agree(fold_all(histories, chosen), slow(histories, chosen))


@few
@given(st.data())
def test_both_refuse_the_same_books(data: st.DataObject) -> None:
    """One fact is left out of lawful books: either both folds still agree, or both refuse."""
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen, max_size=25))
    every = [fact for history in histories.values() for fact in history]
    if not every:
        return
    gone = data.draw(st.sampled_from(every))
    fewer = {a: [fact for fact in history if fact is not gone] for a, history in histories.items()}
    try:
        folded = fold_all(fewer, chosen)
    except Misuse:
        with pytest.raises(Refused):
            slow(fewer, chosen)
        return
    agree(folded, slow(fewer, chosen))


@few
@given(st.data())
def test_no_law_is_broken(data: st.DataObject) -> None:
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen, accounts=3))
    folded = fold_all(histories, chosen)
    for account, history in histories.items():
        assert invariants.violations(history, folded[account]) == []
    assert invariants.family_violations(histories, folded) == []


@few
@given(st.data())
def test_one_more_fact_refolded_is_the_full_fold(data: st.DataObject) -> None:
    """Facts arrive in batches, some are taken back: the refolded books are the books folded anew."""
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen))
    every = sorted((t for some in histories.values() for t in some), key=lambda t: t.id)
    current = folding({account: [] for account in histories}, chosen)
    batches = _together(every)
    cut = data.draw(st.integers(0, len(batches)))
    known: list[Transaction] = []
    for batch in ([fact for some in batches[:cut] for fact in some], *batches[cut:]):
        known += batch
        current = current.refold(batch)
    assert current.all() == fold_all(histories, chosen)
    backs = [
        recorded(t.fact, 1000 + t.id, reverses=t.id, account=t.account) for t in known[len(known) // 2 :]
    ]
    left = {a: [t for t in known[: len(known) // 2] if t.account == a] for a in histories}
    try:
        expected = fold_all(left, chosen)
    except Misuse:
        return
    assert current.refold(backs).all() == expected
    assert current.refold(known).all() == current.all()


def _together(facts: list[Transaction]) -> list[list[Transaction]]:
    """One by one, but both halves of a transfer together, as they are recorded."""
    batches: list[list[Transaction]] = []
    for fact in facts:
        if fact.fact.kind is Kind.TRANSFER_IN and fact.fact.counterpart is not None:
            batches[-1].append(fact)
        else:
            batches.append([fact])
    return batches


@few
@given(st.data())
def test_correction_and_correction_are_nothing(data: st.DataObject) -> None:
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen, max_size=20))
    every = [fact for history in histories.values() for fact in history]
    backs = [recorded(t.fact, 1000 + t.id, reverses=t.id, account=t.account) for t in every]
    again = [recorded(t.fact, 2000 + t.id, account=t.account) for t in every]
    renewed = {a: [*some, *(t for t in (*backs, *again) if t.account == a)] for a, some in histories.items()}
    if not any(t.fact.picks for t in every):
        assert _sums(fold_all(renewed, chosen)) == _sums(fold_all(histories, chosen))
    nothing = {a: [*some, *(t for t in backs if t.account == a)] for a, some in histories.items()}
    assert all(held == Holdings({}, {}, {}) for held in fold_all(nothing, chosen).values())


def _sums(folded: dict[AccountId, Holdings]) -> list[Any]:
    """What does not name facts."""
    return [
        (account, instrument, p.quantity, p.cost, p.realised, p.income, p.taxes, p.averaged, held.cash)
        for account, held in folded.items()
        for instrument, p in held.positions.items()
    ]


@few
@given(st.data(), st.randoms(use_true_random=False))
def test_the_order_typed_within_a_day_does_not_matter_between_kinds(
    data: st.DataObject, chance: Random
) -> None:
    """Within a day facts of different ranks change places; those of one rank keep their order."""
    chosen = data.draw(terms())
    histories = data.draw(lives(chosen))
    if any(t.fact.picks for history in histories.values() for t in history):
        return
    reordered: Histories = {account: [] for account in histories}
    every = [t for history in histories.values() for t in history]
    ranks = sorted({RULES[t.fact.kind].rank for t in every})
    chance.shuffle(ranks)
    every.sort(key=lambda t: (t.fact.day, ranks.index(RULES[t.fact.kind].rank), t.id))
    for number, t in enumerate(every, start=1):
        reordered[t.account].append(replace(t, id=TransactionId(number)))
    assert _sums(fold_all(reordered, chosen)) == _sums(fold_all(histories, chosen))


@few
@given(st.data())
def test_under_the_average_method_the_plain_average_is_the_position(data: st.DataObject) -> None:
    chosen = replace(data.draw(terms()), methods={AccountId(n): Method.AVERAGE for n in (1, 2)})
    histories = data.draw(lives(chosen))
    free = {Kind.REPAYMENT, Kind.TRANSFER_OUT}
    if any(t.fact.picks or t.fact.kind in free for history in histories.values() for t in history):
        return
    for held in fold_all(histories, chosen).values():
        for position in held.positions.values():
            assert position.averaged.cost == position.cost
            assert position.averaged.realised == position.realised


@few
@given(seeds, st.integers(1, 40), st.sampled_from(list(Method)))
def test_every_method_realises_the_same_once_all_is_sold(seed: int, size: int, method: Method) -> None:
    chance = Random(seed)
    day, infy = TradingDay.parse("2024-01-01"), InstrumentId(1)
    facts: list[Fact] = []
    held = Decimal(0)
    for _ in range(size):
        quantity = Decimal(chance.randint(1, 500)) / 10
        amount = Money.of(Decimal(chance.randint(0, 99999)) / 100)
        if chance.random() < 0.3 and held > quantity:
            facts.append(Fact(Kind.SELL, day, amount, infy, quantity))
            held -= quantity
        else:
            facts.append(Fact(Kind.BUY, day, amount, infy, quantity))
            held += quantity
        day = day.plus_days(chance.randint(1, 3))
    facts.append(Fact(Kind.SELL, day, Money.of("5000"), infy, held))
    history = [recorded(fact, number) for number, fact in enumerate(facts, start=1)]
    position = fold(history, Terms(methods={AccountId(1): method})).positions[infy]
    signed = [(1 if f.kind is Kind.SELL else -1) * f.amount.amount for f in facts]
    assert position.realised.amount == position.averaged.realised.amount == sum(signed)


@few
@given(st.data(), st.integers(1, 20))
def test_a_split_and_its_inverse_restore_every_lot(data: st.DataObject, times: int) -> None:
    histories = data.draw(lives(Terms(), accounts=1))
    (history,) = histories.values()
    before = fold(history)
    day = TradingDay.parse("2040-01-01")
    facts: list[Transaction] = []
    for position in before.open():
        for place, ratio in enumerate((Ratio(Decimal(times), Decimal(1)), Ratio(Decimal(1), Decimal(times)))):
            split = Fact(Kind.SPLIT, day.plus_days(place), Money.zero(), position.instrument, ratio=ratio)
            facts.append(recorded(split, 1000 + len(facts)))
    after = fold([*history, *facts])
    for position in before.open():
        assert after.positions[position.instrument].lots == position.lots
        assert after.positions[position.instrument].shorts == position.shorts


def test_every_kind_has_its_effect() -> None:
    assert set(EFFECTS) == set(Kind)


def test_candidates_are_of_every_kind() -> None:
    """The random books would prove little if some kind never came up."""
    held = {AccountId(1): Holdings({}, {}, {}), AccountId(2): Holdings({}, {}, {})}
    chance = Random(7)
    day = TradingDay.parse("2024-01-01")
    assert {candidate(chance, AccountId(1), day, held).kind for _ in range(1500)} == set(Kind)


def test_folding_keeps_what_is_not_touched() -> None:
    """A refold leaves the former folding as it was, and hands on accounts it did not touch."""
    histories = family("""
        A 2024-04-01 buy 10 INFY @ 100
        B 2024-04-01 buy 5 TCS @ 100
    """)
    first = folding(histories)
    b_before = first.holdings(AccountId(2))
    later = first.refold(family("A 2024-04-02 sell 4 INFY @ 110")[AccountId(1)][:0])
    assert later.holdings(AccountId(2)) is b_before
    sale = recorded(
        Fact(Kind.SELL, TradingDay.parse("2024-04-02"), Money.of("440"), InstrumentId(1), Decimal(4)), 9
    )
    sold = first.refold([sale])
    assert sold.holdings(AccountId(1)).positions[InstrumentId(1)].quantity == 6
    assert first.holdings(AccountId(1)).positions[InstrumentId(1)].quantity == 10
    assert sold.holdings(AccountId(2)) is b_before
