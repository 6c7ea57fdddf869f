"""Units owed, derivatives that end, and futures for which only gains are paid."""

from __future__ import annotations

import pytest

from tests.books import ACCOUNT, book, number_of, told
from tunefolio.core.errors import Misuse
from tunefolio.core.money import INR, Money
from tunefolio.ledger import invariants
from tunefolio.ledger.lots import Method, Overcovered, Oversold, Side
from tunefolio.ledger.positions import PLAIN, Holdings, Nature, Terms, fold

INFY, FUTURE, CALL = number_of("INFY"), number_of("NIFTYFUT"), number_of("NIFTYCE")
MARGINED = Terms({FUTURE: Nature(margined=True)})


def lawful(text: str, terms: Terms = PLAIN) -> Holdings:
    history = book(text)
    holdings = fold(history, terms)
    assert invariants.violations(history, holdings) == []
    return holdings


def test_a_short_sale_is_owed_until_it_is_covered() -> None:
    held = lawful("""
        2024-06-03 short 10 INFY @ 100 fee 5
        2024-06-05 cover 4 INFY @ 90 fee 2 tax 1
    """)
    position = held.positions[INFY]
    assert told(position.quantity, position.owed) == (-6, 6)
    (left,) = position.shorts
    assert (left.cost, left.fees, left.brought) == (Money.of("597.00"), Money.of("3.00"), Money.of("600.00"))
    (match,) = position.matches
    assert (match.side, str(match.lot.day)) == (Side.SHORT, "2024-06-03")
    assert (match.proceeds, match.lot.cost) == (Money.of("398.00"), Money.of("362"))
    assert match.gain == position.realised == Money.of("36.00")
    assert match.gain_before_charges == Money.of("40.00")
    assert held.cash[INR] == Money.of("995") - Money.of("363")
    assert [p.instrument for p in held.open()] == [INFY]


def test_what_is_owed_cannot_be_sold_and_what_is_held_not_covered() -> None:
    with pytest.raises(Oversold):
        fold(book("2024-06-03 short 10 INFY @ 100\n2024-06-04 sell 1 INFY @ 1"))
    with pytest.raises(Overcovered, match="closes 1 on 2024-06-04 but only 0 are owed"):
        fold(book("2024-06-03 buy 10 INFY @ 100\n2024-06-04 cover 1 INFY @ 1"))


def test_shorts_of_the_day_are_covered_first_and_methods_choose_the_rest() -> None:
    text = """
        2024-06-03 short 10 INFY @ 100
        2024-06-04 short 10 INFY @ 120
        2024-06-05 short 10 INFY @ 90
        2024-06-05 cover 5 INFY @ 80
        2024-06-06 cover 5 INFY @ 80
    """
    for method, second in ((Method.FIFO, 1), (Method.LIFO, 3), (Method.HIFO, 3)):
        matches = lawful(text, Terms(methods={ACCOUNT: method})).positions[INFY].matches
        assert [match.lot.opened for match in matches] == [3, second]
    average = lawful(text, Terms(methods={ACCOUNT: Method.AVERAGE})).positions[INFY]
    assert average.realised == average.averaged.realised == Money.of("233.34")


def test_a_future_pays_only_its_gains_and_charges() -> None:
    held = lawful(
        """
        2024-06-03 buy 75 NIFTYFUT @ 22000 fee 20
        2024-06-05 sell 75 NIFTYFUT @ 22100 fee 30
        2024-06-06 short 75 NIFTYFUT @ 22100 fee 20
        2024-06-27 expiry 75 NIFTYFUT @ 22200
    """,
        MARGINED,
    )
    assert [m.cash for m in held.movements] == [-20, 7470, -20, -7500]
    assert [m.notional for m in held.movements] == [1650000, -1650000, -1657500, 1657500]
    assert all(m.cost == 0 for m in held.movements)
    assert held.cash[INR] == Money.of("-70")
    assert held.positions[FUTURE].realised == Money.of("-70.00")


def test_options_expire_worthless_or_in_cash() -> None:
    held = lawful("""
        2024-06-03 buy 75 NIFTYCE @ 100
        2024-06-27 expiry 75 NIFTYCE
        2024-07-03 short 75 NIFTYCE @ 100
        2024-07-27 expiry 75 NIFTYCE = 3000
        2024-08-01 buy 75 NIFTYCE @ 10
        2024-08-29 exercise 75 NIFTYCE = 4500 fee 10 tax 5
        2024-09-01 short 75 NIFTYCE @ 10
        2024-09-29 assignment 75 NIFTYCE = 4500
    """)
    gains = [match.gain.amount for match in held.positions[CALL].matches]
    assert gains == [-7500, 4500, 3740, -3750]
    with pytest.raises(Oversold):
        fold(book("2024-06-27 expiry 75 NIFTYCE"))


def test_a_call_exercised_joins_its_cost_to_the_shares() -> None:
    held = lawful("""
        2024-06-03 buy 10 NIFTYCE @ 50 fee 5
        2024-06-27 exercise 10 NIFTYCE = 10000 fee 20 takes INFY
    """)
    (lot,) = held.positions[INFY].lots
    assert (lot.cost, lot.fees, str(lot.day)) == (Money.of("10525.00"), Money.of("25"), "2024-06-27")
    assert held.positions[CALL].quantity == 0
    assert held.positions[CALL].matches == ()


def test_a_put_exercised_lowers_what_the_shares_brought() -> None:
    held = lawful("""
        2024-06-01 buy 10 INFY @ 900
        2024-06-03 buy 10 NIFTYCE @ 50 fee 5
        2024-06-27 exercise 10 NIFTYCE = 10000 fee 20 gives INFY
    """)
    (match,) = held.positions[INFY].matches
    assert (match.proceeds, match.gain) == (Money.of("9475.00"), Money.of("475.00"))


def test_an_assignment_hands_on_what_the_option_brought() -> None:
    taken = lawful("""
        2024-06-03 short 10 NIFTYCE @ 50 fee 5
        2024-06-27 assignment 10 NIFTYCE = 10000 fee 20 takes INFY
    """)
    (lot,) = taken.positions[INFY].lots
    assert lot.cost == Money.of("9525.00")
    given = lawful("""
        2024-06-01 buy 10 INFY @ 900
        2024-06-03 short 10 NIFTYCE @ 50 fee 5
        2024-06-27 assignment 10 NIFTYCE = 10000 fee 20 gives INFY
    """)
    assert given.positions[INFY].realised == Money.of("1475.00")


def test_deliveries_that_cannot_be() -> None:
    with pytest.raises(Misuse, match="brought more than its units cost"):
        fold(book("2024-06-03 short 1 NIFTYCE @ 50\n2024-06-27 assignment 1 NIFTYCE = 10 takes INFY"))
    with pytest.raises(Misuse, match="settles in cash"):
        fold(book("2024-06-03 buy 1 NIFTYFUT @ 50\n2024-06-27 exercise 1 NIFTYFUT = 10 takes INFY"), MARGINED)
    with pytest.raises(Misuse, match="taking units pays"):
        fold(book("2024-06-03 buy 1 NIFTYCE @ 5\n2024-06-27 exercise 1 NIFTYCE = 10 tax 1 takes INFY"))
