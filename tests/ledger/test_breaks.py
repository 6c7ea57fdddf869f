"""Why two counts differ: every reason by its own evidence, and repairs whose facts make the counts agree."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.books import book, number_of, recorded
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId
from tunefolio.core.money import Money, Price
from tunefolio.core.time import TradingDay
from tunefolio.ledger.breaks import Diagnosis, Pending, Reason, Scene
from tunefolio.ledger.fills import UnreadTrade
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.positions import fold
from tunefolio.ledger.reasons import diagnosed
from tunefolio.ledger.reconcile import Break, Cause, Claim, compare
from tunefolio.ledger.statements import UnreadLine

INFY, TCS = number_of("INFY"), number_of("TCS")
HERE, THERE = AccountId(1), AccountId(2)
SEEN = TradingDay.parse("2026-11-20")


def told(ours: str, theirs: str, **known: object) -> Diagnosis:
    more = Decimal(theirs) > Decimal(ours)
    cause = Cause.MORE_AT_BROKER if more else Cause.FEWER_AT_BROKER
    scene = Scene(HERE, SEEN, **known)  # type: ignore[arg-type]
    return diagnosed(Break(INFY, Decimal(ours), Decimal(theirs), cause), scene)


def test_a_known_action_goes_before_any_guess() -> None:
    pending = Pending("x:split", Kind.SPLIT, "Split", TradingDay.parse("2024-06-01"), Decimal(50))
    found = told("10", "50", pending=(pending,), elsewhere={THERE: ("Kotak", Decimal(-40))})
    assert (found.reason, found.repairs[0].reference) == (Reason.SPLIT, "x:split")
    rounded = Pending("x:bonus", Kind.BONUS, "Bonus", TradingDay.parse("2024-06-01"), Decimal("17.5"))
    assert told("7", "17", pending=(rounded,)).reason is Reason.BONUS


def test_a_ratio_needs_an_equal_cost_to_be_called_a_split() -> None:
    cost = Money.of(1500)
    assert told("10", "20", cost=cost, average=Price.of("75")).reason is Reason.SPLIT
    assert told("10", "20", cost=cost, average=Price.of("150")).reason is Reason.MISSING_TRADE
    assert told("20", "10", cost=cost, average=Price.of("150")).reason is Reason.SPLIT
    assert told("10", "43", cost=cost, average=Price.of("34.88")).reason is Reason.MISSING_TRADE


def test_units_missing_elsewhere_are_a_transfer_only_in_the_very_number() -> None:
    found = told("10", "14", elsewhere={THERE: ("Kotak", Decimal(-4))})
    (draft,) = found.repairs[0].drafts
    assert (found.reason, draft.account, draft.counterpart) == (Reason.TRANSFER, THERE, HERE)
    assert told("10", "14", elsewhere={THERE: ("Kotak", Decimal(-5))}).reason is Reason.MISSING_TRADE
    out = told("10", "6", elsewhere={THERE: ("Kotak", Decimal(4))}).repairs[0].drafts[0]
    assert (out.account, out.counterpart) == (HERE, THERE)


def lost(*trades: tuple[Kind, str]) -> tuple[UnreadLine, ...]:
    """Trades of INFY on an exchange that nobody knows."""
    told = (
        UnreadTrade(f"t{n}", kind, Decimal(units), Price.of("90"), SEEN)
        for n, (kind, units) in enumerate(trades)
    )
    return tuple(UnreadLine(trade.place, "MSE:INFY", "its exchange is unknown") for trade in told)


def test_trades_nobody_could_read_go_before_every_guess_when_they_make_just_the_difference() -> None:
    both = lost((Kind.BUY, "7"), (Kind.SELL, "3"))
    found = told("10", "14", unread=both, elsewhere={THERE: ("Kotak", Decimal(-4))})
    assert (found.reason, len(found.repairs[0].drafts), len(found.evidence)) == (Reason.UNREAD, 2, 3)
    alone = told("10", "17", unread=both)
    assert [draft.quantity for draft in alone.repairs[0].drafts] == [Decimal(7)]
    assert alone.repairs[0].wants == ()
    assert told("10", "15", unread=both).reason is Reason.MISSING_TRADE
    assert told("10", "7", unread=both).reason is Reason.UNREAD


def test_a_holding_nobody_could_read_explains_only_what_seems_gone() -> None:
    line = (UnreadLine("holdings[2]", "MSE:INFY", "its exchange is unknown"),)
    assert told("10", "4", unread=line).reason is Reason.UNREAD
    assert told("10", "14", unread=line).reason is Reason.MISSING_TRADE


def test_what_the_person_must_say_is_asked_for_by_name() -> None:
    (sale,) = told("10", "8").repairs
    assert sale.wants == ("price", "day")
    for answers, lacking in (({}, "day"), ({"day": "2024-05-01"}, "price")):
        with pytest.raises(Misuse) as refused:
            sale.drafts[0].fact(answers, "")
        assert refused.value.field == lacking


@given(
    ours=st.decimals(min_value="0.1", max_value="5000", places=1),
    theirs=st.decimals(min_value="0", max_value="5000", places=1),
)
def test_every_repair_within_the_account_makes_the_counts_agree(ours: Decimal, theirs: Decimal) -> None:
    """Whatever is proposed, once recorded: the same statement finds no difference."""
    history = book(f"2024-04-01 buy {ours} INFY @ 100")
    claim = Claim(INFY, theirs, Price.of("100"))
    found = compare([claim], history).breaks
    assert bool(found) == (ours != theirs)
    for one in found:
        cost = fold(history).positions[INFY].cost
        for repair in diagnosed(one, Scene(HERE, SEEN, cost=cost, average=claim.average_price)).repairs:
            answers = {"price": "100", "day": "2024-05-01"}
            facts = [recorded(d.fact(answers, ""), 10 + n) for n, d in enumerate(repair.drafts)]
            assert compare([claim], [*history, *facts]).breaks == (), repair


def test_the_same_units_under_another_listing_are_a_break_and_not_an_opening() -> None:
    history = book("2024-04-01 buy 10 INFY @ 100")
    kin = {INFY: "INE009A01021", TCS: "INE009A01021"}
    result = compare([Claim(TCS, Decimal(10), Price.of("100"))], history, kin=kin)
    assert result.openings == ()
    assert [one.cause for one in result.breaks] == [Cause.FEWER_AT_BROKER, Cause.OTHER_LISTING]
    elsewhere = compare([Claim(TCS, Decimal(9), Price.of("100"))], history, kin=kin)
    assert [opening.instrument for opening in elsewhere.openings] == [TCS]
