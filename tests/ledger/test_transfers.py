"""Units that move between accounts take their days, cost and charges along."""

from __future__ import annotations

import pytest

from tests.books import account_of, book, family, number_of, told
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money
from tunefolio.ledger import invariants
from tunefolio.ledger.lots import Method
from tunefolio.ledger.positions import Nature, Position, Terms, fold, fold_all

INFY = number_of("INFY")
A, B, C = (account_of(name) for name in "ABC")


def lots_of(position: Position) -> list[tuple[str, str, str, str]]:
    return [
        (str(lot.day), f"{lot.quantity:f}", f"{lot.cost.rounded().amount:f}", f"{lot.fees.amount:f}")
        for lot in position.lots
    ]


def test_lots_travel_with_their_days_cost_and_charges() -> None:
    histories = family("""
        A 2024-04-01 buy 10 INFY @ 100 fee 5
        A 2024-05-01 buy 10 INFY @ 120
        B 2024-04-15 buy 1 INFY @ 110
        A 2024-06-01 transfer_out 14 NSE:INFY to B fee 15
        B 2024-06-01 transfer_in 14 NSE:INFY from A fee 2
    """)
    held = fold_all(histories)
    assert lots_of(held[B].positions[INFY]) == [
        ("2024-04-01", "10", "1005.00", "5"),
        ("2024-04-15", "1", "110.00", "0"),
        ("2024-05-01", "4", "480.00", "0"),
    ]
    assert [lot.origin for lot in held[B].positions[INFY].lots] == [1, None, 2]
    assert lots_of(held[A].positions[INFY]) == [("2024-05-01", "6", "720.00", "0")]
    assert (held[A].fees[INR], held[B].fees[INR]) == (Money.of("15"), Money.of("2"))
    assert held[A].positions[INFY].matches == ()
    assert invariants.family_violations(histories, held) == []


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 0, 1), (3, 1, 2, 0), (1, 3, 0, 2)])
def test_a_chain_of_one_day_needs_no_order(order: tuple[int, ...]) -> None:
    lines = [
        "A 2024-06-01 transfer_out 10 NSE:INFY to B",
        "B 2024-06-01 transfer_in 10 NSE:INFY from A",
        "B 2024-06-01 transfer_out 10 NSE:INFY to C",
        "C 2024-06-01 transfer_in 10 NSE:INFY from B",
    ]
    text = "\n".join(["A 2024-04-01 buy 10 INFY @ 100", *(lines[place] for place in order)])
    held = fold_all(family(text))
    assert lots_of(held[C].positions[INFY]) == [("2024-04-01", "10", "1000.00", "0")]
    assert held[B].positions[INFY].quantity == 0


def test_what_was_there_leaves_before_what_comes() -> None:
    held = fold_all(
        family("""
        A 2024-04-01 buy 10 INFY @ 100
        B 2024-05-01 buy 10 INFY @ 200
        A 2024-06-01 transfer_out 10 NSE:INFY to B
        B 2024-06-01 transfer_in 10 NSE:INFY from A
        B 2024-06-01 transfer_out 10 NSE:INFY to C
        C 2024-06-01 transfer_in 10 NSE:INFY from B
    """)
    )
    assert lots_of(held[C].positions[INFY]) == [("2024-05-01", "10", "2000.00", "0")]


def test_a_circle_is_refused_by_name() -> None:
    histories = family("""
        A 2024-06-01 transfer_out 10 NSE:INFY to B
        B 2024-06-01 transfer_in 10 NSE:INFY from A
        B 2024-06-01 transfer_out 10 NSE:INFY to A
        A 2024-06-01 transfer_in 10 NSE:INFY from B
    """)
    with pytest.raises(Misuse, match="on 2024-06-01 between account 1 and account 2 wait for each other"):
        fold_all(histories)


def test_a_circle_that_someone_can_begin_is_fine() -> None:
    held = fold_all(
        family("""
        A 2024-04-01 buy 10 INFY @ 100
        B 2024-06-01 transfer_out 10 NSE:INFY to A
        A 2024-06-01 transfer_in 10 NSE:INFY from B
        A 2024-06-01 transfer_out 10 NSE:INFY to B
        B 2024-06-01 transfer_in 10 NSE:INFY from A
    """)
    )
    assert held[A].positions[INFY].quantity == 10


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "A 2024-06-01 transfer_out 4 NSE:INFY to B",
            "account 1 to account 2 on 2024-06-01 lacks its other half",
        ),
        ("B 2024-06-01 transfer_in 4 NSE:INFY from A", "Record the transfer_out in account 1"),
        (
            "A 2024-06-01 transfer_out 4 NSE:INFY to B\nB 2024-06-01 transfer_in 5 NSE:INFY from A",
            "on 2024-06-01 sends 4 and receives 5",
        ),
        (
            "A 2024-06-01 transfer_out 4 NSE:INFY to B\nB 2024-06-03 transfer_in 4 NSE:INFY from A",
            "leaves on 2024-06-01 and arrives on 2024-06-03",
        ),
        (
            "A 2024-06-01 transfer_out 40 NSE:INFY to B\nB 2024-06-01 transfer_in 40 NSE:INFY from A",
            "account 1 sends 40 on 2024-06-01 but only 10 are held",
        ),
        ("A 2024-06-01 transfer_out 4 NSE:INFY to C", "account 3 on 2024-06-01, not one of these"),
        ("A 2024-06-01 transfer_out 4 NSE:INFY to A", "not one of these"),
        ("A 2024-06-01 transfer_out 500 to B", "lacks its other half"),
        (
            "A 2024-06-01 transfer_out 500 to B\nB 2024-06-01 transfer_in 400 from A",
            "sends 500 INR and receives 400 INR",
        ),
    ],
)
def test_what_cannot_be_is_refused(text: str, problem: str) -> None:
    base = "A 2024-04-01 buy 10 INFY @ 100\nB 2024-04-01 deposit 1\n"
    with pytest.raises(Misuse, match=problem):
        fold_all(family(base + text))


def test_money_moves_between_accounts() -> None:
    held = fold_all(
        family("""
        A 2024-04-01 deposit 1000
        A 2024-06-01 transfer_out 400 to B
        B 2024-06-01 transfer_in 400 from A
    """)
    )
    assert (held[A].cash[INR], held[B].cash[INR]) == (Money.of("600"), Money.of("400"))


def test_units_from_outside_bring_their_cost_and_may_know_their_day() -> None:
    held = fold(
        book("""
        2024-06-01 transfer_in 10 NSE:INFY @ 100 acquired 2020-02-03
        2024-06-01 transfer_out 4 NSE:INFY
        2024-06-02 transfer_in 1 NSE:INFY = 50
    """)
    )
    assert lots_of(held.positions[INFY]) == [("None", "1", "50.00", "0"), ("2020-02-03", "6", "600.00", "0")]


def test_an_account_alone_cannot_know_what_it_receives() -> None:
    text = """
        A 2024-04-01 buy 10 INFY @ 100
        A 2024-06-01 transfer_out 4 NSE:INFY to B
        B 2024-06-01 transfer_in 4 NSE:INFY from A
    """
    histories = family(text)
    assert fold(histories[A]).positions[INFY].quantity == 6
    with pytest.raises(Misuse, match="Fold the accounts of one person together"):
        fold(histories[B])
    with pytest.raises(Misuse, match="Fold them together"):
        fold([*histories[A], *family("B 2024-04-01 deposit 1")[B]])


def test_picks_and_methods_choose_what_travels() -> None:
    text = """
        A 2024-04-01 buy 10 INFY @ 100
        A 2024-05-01 buy 10 INFY @ 120
        A 2024-06-01 transfer_out 4 NSE:INFY to B {picks}
        B 2024-06-01 transfer_in 4 NSE:INFY from A
    """
    newest = Terms(methods={A: Method.LIFO})
    (lot,) = fold_all(family(text.format(picks="")), newest)[B].positions[INFY].lots
    assert str(lot.day) == "2024-05-01"
    (lot,) = fold_all(family(text.format(picks="lots ^2:4")))[B].positions[INFY].lots
    assert str(lot.day) == "2024-05-01"
    average = Terms(methods={A: Method.AVERAGE})
    (lot,) = fold_all(family(text.format(picks="")), average)[B].positions[INFY].lots
    assert lot.cost == Money.of("440.00")


def test_a_future_moves_its_contract_value_and_no_cost() -> None:
    margined = Terms({INFY: Nature(margined=True)})
    held = fold_all(
        family("""
        A 2024-04-01 buy 10 INFY @ 100
        A 2024-06-01 transfer_out 4 NSE:INFY to B
        B 2024-06-01 transfer_in 4 NSE:INFY from A
    """),
        margined,
    )
    (movement,) = held[B].movements
    assert told(movement.cost, movement.notional, movement.moved) == (0, 400, 0)
