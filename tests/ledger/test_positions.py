"""The fold of trades; tests/ledger/test_laws.py asks the laws of books in which everything happens."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import account_of, book, family, histories, number_of, recorded
from tunefolio.core.errors import BrokenLaw
from tunefolio.core.money import INR, CurrencyMismatch, Money
from tunefolio.core.time import TradingDay
from tunefolio.ledger import invariants
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Oversold
from tunefolio.ledger.positions import Holdings, fold, fold_all, in_force, units_of
from tunefolio.ledger.transactions import Fact, Transaction

INFY = number_of("INFY")


@given(histories())
def test_nothing_is_created_or_lost(history: list[Transaction]) -> None:
    assert invariants.violations(history, fold(history)) == []


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(history: list[Transaction], chance: random.Random) -> None:
    shuffled = history.copy()
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(history)


@given(histories())
def test_taking_everything_back_leaves_nothing(history: list[Transaction]) -> None:
    reversals = [
        recorded(fact.fact, len(history) + n, reverses=fact.id) for n, fact in enumerate(history, start=1)
    ]
    assert fold([*history, *reversals]) == Holdings({}, {}, {})
    assert in_force([*history, *reversals]) == []


def test_within_a_day_purchases_come_before_sales() -> None:
    history = book("""
        2024-04-01 sell 5 INFY @ 1600
        2024-04-01 buy 5 INFY @ 1500
    """)
    assert fold(history).positions[INFY].realised == Money.of("500")


def test_a_sale_beyond_what_is_held_names_the_cure() -> None:
    with pytest.raises(Oversold, match="Record the missing purchase"):
        fold(book("2024-04-01 sell 5 INFY @ 1600"))


def test_cash_income_and_fees_are_kept_apart() -> None:
    folded = fold(
        book("""
        2024-04-01 deposit 20000
        2024-04-02 buy 10 INFY @ 1500 fee 15
        2024-07-01 dividend 280 INFY fee 28
        2024-07-02 fee 118 "annual charge"
        2024-07-03 withdrawal 1000
    """)
    )
    assert folded.cash == {INR: Money.of("4119")}
    assert folded.fees == {INR: Money.of("118")}
    assert folded.positions[INFY].income == Money.of("252")
    assert [position.instrument for position in folded.open()] == [INFY]


def test_one_instrument_is_kept_in_one_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        fold(book("2024-04-01 buy 1 INFY @ 10\n2024-04-02 buy 1 INFY @ 10 USD"))


def test_an_opening_has_no_purchase_day() -> None:
    (lot,) = fold(book("2026-11-20 opening 5 INFY @ 100")).positions[INFY].lots
    assert lot.day is None
    assert lot.seen == TradingDay.parse("2026-11-20")


def test_a_fact_that_moves_units_must_say_how_many() -> None:
    with pytest.raises(BrokenLaw, match="how many"):
        units_of(Fact(Kind.DEPOSIT, TradingDay.parse("2024-04-01"), Money.of("1")))


def _spoiled(history: list[Transaction]) -> dict[str, tuple[list[Transaction], Holdings]]:
    """For each law, sound books spoilt in the one way that law forbids."""
    sound = fold(history)
    position = sound.positions[INFY]
    lot, match = position.lots[0], position.matches[0]
    paisa = Money.of("0.01")

    def with_position(**changes: object) -> Holdings:
        changed = replace(position, **changes)  # type: ignore[arg-type]
        return replace(sound, positions={INFY: changed})

    def with_movement(**changes: Decimal) -> Holdings:
        first, *rest = sound.movements
        return replace(sound, movements=(replace(first, **changes), *rest))  # type: ignore[arg-type]

    doubled = [recorded(history[0].fact, 90, reverses=1), recorded(history[0].fact, 91, reverses=1)]
    return {
        "units are conserved": (history, with_position(lots=(replace(lot, quantity=lot.quantity + 1),))),
        "cost is conserved": (history, with_position(lots=(replace(lot, cost=lot.cost + paisa),))),
        "proceeds are conserved": (
            history,
            with_position(matches=(replace(match, proceeds=match.proceeds + paisa),)),
        ),
        "gains are conserved": (history, with_position(matches=(replace(match, fees=match.fees + paisa),))),
        "cash is conserved": (history, replace(sound, cash={INR: Money.of("1")})),
        "income and charges are conserved": (history, with_movement(fees=Decimal(1))),
        "movements balance": (history, with_movement(cash=Decimal(1))),
        "moves cancel": (history, with_movement(moved=Decimal(1))),
        "lots are sound": (history, with_position(lots=(replace(lot, quantity=Decimal(0)),))),
        "reversals are single": ([*history, *doubled], sound),
        "fingerprints hold": ([replace(history[0], fingerprint="0" * 64), *history[1:]], sound),
    }


@pytest.mark.parametrize("law", sorted(invariants.LAWS))
def test_each_law_notices_its_own_crime(law: str) -> None:
    history = book("2024-04-01 buy 10 INFY @ 100\n2024-05-01 sell 4 INFY @ 110")
    facts, holdings = _spoiled(history)[law]
    assert law in {violation.law for violation in invariants.violations(facts, holdings)}


def test_a_reversal_of_nothing_or_of_something_else_is_noticed() -> None:
    history = book("2024-04-01 buy 10 INFY @ 100")
    stranger = [*history, recorded(history[0].fact, 2, reverses=77)]
    assert list(invariants.reversals_are_single(stranger, Holdings({}, {}, {})))
    changed = [*history, recorded(replace(history[0].fact, note="x"), 2, reverses=1)]
    assert list(invariants.reversals_are_single(changed, Holdings({}, {}, {})))


def test_lots_out_of_their_order_are_noticed() -> None:
    held = fold(book("2024-04-01 buy 10 INFY @ 100\n2024-04-02 buy 10 INFY @ 100"))
    position = held.positions[INFY]
    turned = replace(held, positions={INFY: replace(position, lots=position.lots[::-1])})
    assert "order of their days" in next(invariants.lots_are_sound([], turned))
    dear = replace(position.lots[0], cost=Money.of("-1"))
    below = replace(held, positions={INFY: replace(position, lots=(dear,))})
    assert "at -1 INR" in next(invariants.lots_are_sound([], below))


def test_a_transfer_that_loses_something_is_noticed() -> None:
    histories = family("""
        A 2024-04-01 buy 10 INFY @ 100
        A 2024-04-02 transfer_out 4 NSE:INFY to B
        B 2024-04-02 transfer_in 4 NSE:INFY from A
    """)
    held = fold_all(histories)
    (came,) = held[account_of("B")].movements
    short = replace(held[account_of("B")], movements=(replace(came, cost=Decimal(1)),))
    spoilt = {**held, account_of("B"): short}
    assert [v.law for v in invariants.family_violations(histories, spoilt)] == ["transfers are paired"]
    alone = {account_of("A"): histories[account_of("A")]}
    assert "lacks its other half" in invariants.family_violations(alone, held)[0].detail


def test_units_lost_with_their_position_are_noticed() -> None:
    history = book("2024-04-01 buy 10 INFY @ 100")
    assert list(invariants.units_are_conserved(history, Holdings({}, {}, {})))
