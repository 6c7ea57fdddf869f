"""Corporate actions: found for what was held, shown before and after, applied once, declined, undone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.acts import acts_of
from tests.services.desks import Desk
from tests.services.histories import HistoryBoard, day, told
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import Isin, TransactionId
from tunefolio.core.missing import Missing
from tunefolio.core.money import Money
from tunefolio.ledger.kinds import Kind
from tunefolio.market.actions import ActionClaim
from tunefolio.market.instruments import InstrumentClaim, Listing
from tunefolio.services import actions, announcements, jobs
from tunefolio.services.acts import Act
from tunefolio.services.instruments import resolved
from tunefolio.services.proposals import Proposal, State, found
from tunefolio.store import jobs as kept_jobs
from tunefolio.store import transactions

pytestmark = pytest.mark.one_is_enough

WIPRO = "2024-04-01 buy 100 NSE:WIPRO @ 480 fee 12.50"
BONUS = told("WIPRO", "2024-12-03", "bonus", "1:1", source="nse")
SPLIT = told("NESTLEIND", "2024-01-05", "split", "10:1", source="nse")


def announce(desk: Desk, *claims: ActionClaim) -> announcements.Kept:
    with desk.database.writing() as db:
        return announcements.keep(db, desk.house, claims)


def all_found(desk: Desk) -> list[Proposal]:
    with desk.database.reading() as db:
        return found(db, desk.viewer)


def the_one(desk: Desk) -> Proposal:
    (proposal,) = all_found(desk)
    return proposal


def apply(desk: Desk, reference: str) -> TransactionId:
    with desk.database.writing() as db:
        return actions.apply(db, desk.house, desk.viewer, desk.account.id, reference)


def undo(desk: Desk, reference: str) -> None:
    with desk.database.writing() as db:
        actions.undo(db, desk.house, desk.viewer, desk.account.id, reference)


def decline(desk: Desk, reference: str) -> None:
    with desk.database.writing() as db:
        actions.decline(db, desk.house, desk.viewer, desk.account.id, reference)


@pytest.mark.on_both
def test_a_bonus_is_proposed_with_what_it_makes(desk: Desk) -> None:
    desk.write_down(WIPRO)
    assert announce(desk, BONUS) == announcements.Kept(1, 0)
    proposal = the_one(desk)
    assert (proposal.state, proposal.units) == (State.PROPOSED, Decimal(100))
    (before,), after = proposal.before, proposal.after
    assert not isinstance(after, Missing)
    assert (before.quantity, before.cost) == (Decimal(100), Money.of("48012.50"))
    assert (after[0].quantity, after[0].cost) == (Decimal(200), Money.of("48012.50"))
    assert before.average is not None
    assert after[0].average is not None
    assert after[0].average.amount * 2 == before.average.amount
    assert after[0].lots[1].cost == Money.zero()
    assert after[0].lots[1].day == day("2024-12-03")


@pytest.mark.on_both
def test_applied_twice_is_once_and_undone_it_is_proposed_again(desk: Desk) -> None:
    desk.write_down(WIPRO)
    announce(desk, BONUS)
    first = apply(desk, BONUS.reference)
    assert apply(desk, BONUS.reference) == first
    assert desk.quantity("WIPRO") == 200
    proposal = the_one(desk)
    assert (proposal.state, proposal.recorded) == (State.APPLIED, first)
    undo(desk, BONUS.reference)
    assert desk.quantity("WIPRO") == 100
    assert the_one(desk).state is State.PROPOSED
    second = apply(desk, BONUS.reference)
    assert second != first
    assert desk.quantity("WIPRO") == 200


@pytest.mark.on_both
def test_told_again_and_again_it_is_one_action(desk: Desk) -> None:
    desk.write_down(WIPRO)
    assert announce(desk, BONUS).fresh == 1
    apply(desk, BONUS.reference)
    assert announce(desk, BONUS).fresh == 0
    assert the_one(desk).state is State.APPLIED


def test_declined_it_stays_away_until_that_is_undone(desk: Desk) -> None:
    desk.write_down(WIPRO)
    announce(desk, BONUS)
    decline(desk, BONUS.reference)
    assert the_one(desk).state is State.DECLINED
    assert desk.quantity("WIPRO") == 100
    undo(desk, BONUS.reference)
    assert the_one(desk).state is State.PROPOSED
    with pytest.raises(Misuse, match="neither"):
        undo(desk, BONUS.reference)


def test_what_is_applied_cannot_be_declined(desk: Desk) -> None:
    desk.write_down(WIPRO)
    announce(desk, BONUS)
    apply(desk, BONUS.reference)
    with pytest.raises(Misuse, match="Undo it first"):
        decline(desk, BONUS.reference)


def test_undoing_is_refused_while_a_sale_stands_on_the_new_units(desk: Desk) -> None:
    desk.write_down(WIPRO)
    announce(desk, BONUS)
    apply(desk, BONUS.reference)
    desk.write_down("2025-01-06 sell 150 NSE:WIPRO @ 290")
    with pytest.raises(Misuse):
        undo(desk, BONUS.reference)
    assert desk.quantity("WIPRO") == 50


def test_only_what_was_held_when_the_ex_date_began_counts(desk: Desk) -> None:
    desk.write_down("2024-12-03 buy 10 NSE:WIPRO @ 300\n2024-12-04 buy 5 NSE:WIPRO @ 300")
    announce(desk, BONUS)
    assert all_found(desk) == []
    desk.write_down("2024-12-02 buy 7 NSE:WIPRO @ 600")
    assert the_one(desk).units == 7


def test_an_account_known_only_by_later_openings_is_left_alone(desk: Desk) -> None:
    desk.write_down("2026-01-05 opening 24 NSE:WIPRO @ 240")
    announce(desk, BONUS)
    assert all_found(desk) == []


def test_a_dividend_is_units_times_the_rate(desk: Desk) -> None:
    desk.write_down(WIPRO + "\n2024-06-03 sell 25 NSE:WIPRO @ 450")
    announce(desk, told("WIPRO", "2024-07-18", "dividend", amount="1.333"))
    proposal = the_one(desk)
    assert not isinstance(proposal.fact, Missing)
    assert (proposal.fact.kind, proposal.fact.amount) == (Kind.DIVIDEND, Money.of("99.98"))
    apply(desk, proposal.reference)
    with desk.database.reading() as db:
        facts = list(transactions.of_account(db, desk.viewer, desk.account.id))
    (dividend,) = [one for one in facts if one.fact.kind is Kind.DIVIDEND]
    assert dividend.source_key == f"action:{proposal.reference}"


def test_a_dividend_written_down_by_hand_is_in_the_books(desk: Desk) -> None:
    desk.write_down(WIPRO + "\n2024-08-12 dividend 130 NSE:WIPRO")
    announce(desk, told("WIPRO", "2024-07-18", "dividend", amount="1.30"))
    proposal = the_one(desk)
    assert proposal.state is State.APPLIED
    with pytest.raises(Misuse, match="recorded otherwise"):
        undo(desk, proposal.reference)


def test_one_fact_by_hand_answers_one_dividend_only(desk: Desk) -> None:
    desk.write_down(WIPRO + "\n2024-08-12 dividend 130 NSE:WIPRO")
    announce(
        desk,
        told("WIPRO", "2024-07-18", "dividend", amount="1.30"),
        told("WIPRO", "2024-08-05", "dividend", amount="2"),
    )
    assert [proposal.state for proposal in all_found(desk)] == [State.PROPOSED, State.APPLIED]


def test_two_sources_tell_one_event_and_the_bonus_goes_before_the_split(desk: Desk) -> None:
    desk.write_down(WIPRO)
    yahoo = told("WIPRO", "2024-12-03", "split", "2:1", source="yahoo")
    announce(desk, yahoo)
    assert the_one(desk).reference == yahoo.reference
    announce(desk, BONUS)
    assert the_one(desk).reference == BONUS.reference
    apply(desk, BONUS.reference)
    assert apply(desk, yahoo.reference) == the_one(desk).recorded
    assert desk.quantity("WIPRO") == 200


def test_a_split_and_a_bonus_of_one_day_are_two_and_the_split_comes_first(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 7 NSE:BAJFINANCE @ 7000")
    announce(
        desk,
        told("BAJFINANCE", "2025-06-16", "bonus", "4:1", source="nse"),
        told("BAJFINANCE", "2025-06-16", "split", "2:1", source="nse"),
        told("BAJFINANCE", "2025-06-16", "split", "10:1", source="yahoo"),
    )
    assert {proposal.action.kind.value for proposal in all_found(desk)} == {"split", "bonus"}
    for proposal in sorted(all_found(desk), key=lambda one: one.action.kind, reverse=True):
        apply(desk, proposal.reference)
    assert desk.quantity("BAJFINANCE") == 70
    assert {proposal.state for proposal in all_found(desk)} == {State.APPLIED}


def test_whole_units_are_credited_in_india(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:WIPRO @ 480")
    announce(desk, told("WIPRO", "2024-12-03", "bonus", "1:3"))
    proposal = the_one(desk)
    assert not isinstance(proposal.fact, Missing)
    assert proposal.fact.quantity == 3
    assert "fractions" in proposal.fact.note
    apply(desk, proposal.reference)
    assert desk.quantity("WIPRO") == 13


def test_too_few_units_for_a_whole_one_wait(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 2 NSE:WIPRO @ 480")
    announce(desk, told("WIPRO", "2024-12-03", "bonus", "1:3"))
    assert the_one(desk).state is State.WAITING


def test_a_demerger_without_a_ratio_waits_and_is_never_guessed(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 100 NSE:ITC @ 400")
    bare = told("ITC", "2025-01-06", "demerger", source="nse")
    announce(desk, bare)
    proposal = the_one(desk)
    assert proposal.state is State.WAITING
    assert str(proposal.after) == "not available: ratio"
    with pytest.raises(Misuse, match="not available: ratio"):
        apply(desk, bare.reference)
    announce(
        desk,
        told("ITC", "2025-01-06", "demerger", "1:10", cost="0.1349", other="ITCHOTELS", source="company"),
    )
    proposal = the_one(desk)
    assert proposal.state is State.PROPOSED
    assert not isinstance(proposal.after, Missing)
    assert [held.quantity for held in proposal.after] == [Decimal(100), Decimal(10)]
    assert sum((held.cost.amount for held in proposal.after), Decimal(0)) == Decimal(40000)
    apply(desk, proposal.reference)
    assert desk.quantity("ITCHOTELS") == 10


@pytest.mark.on_both
def test_a_rename_moves_every_lot(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 100 NSE:ZOMATO @ 180")
    announce(desk, told("ZOMATO", "2025-04-09", "rename", other="ETERNAL", source="nse"))
    apply(desk, the_one(desk).reference)
    assert (desk.quantity("ZOMATO"), desk.quantity("ETERNAL")) == (Decimal(0), Decimal(100))


def test_a_buyback_is_ones_own_decision(desk: Desk) -> None:
    desk.write_down(WIPRO)
    announce(desk, told("WIPRO", "2024-06-20", "buyback", amount="600"))
    assert the_one(desk).state is State.WAITING


@pytest.mark.on_both
def test_a_split_that_changed_the_isin_goes_on_under_the_new_row(desk: Desk) -> None:
    """The old ISIN was traded before, the broker's statement brought the new one after."""
    with desk.database.writing() as db:
        old = InstrumentClaim(Listing("NSE", "SRFX"), Isin("INE647A01010"))
        resolved(db, desk.house, [old])
    desk.write_down("2021-04-01 buy 10 NSE:SRFX @ 6000")
    with desk.database.writing() as db:
        new = InstrumentClaim(Listing("NSE", "SRFX"), Isin("INE647A01028"))
        successor = resolved(db, desk.house, [new])[new]
    announce(desk, told("SRFX", "2021-10-14", "split", "5:1", source="nse"))
    proposal = the_one(desk)
    assert not isinstance(proposal.fact, Missing)
    assert proposal.fact.other == successor
    apply(desk, proposal.reference)
    rows = [row for row in desk.look().rows if row.valued.quantity]
    assert [(row.instrument.id, row.valued.quantity) for row in rows] == [(successor, Decimal(50))]
    assert the_one(desk).state is State.APPLIED


def test_both_indian_listings_hear_of_it(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 100 NSE:WIPRO @ 480\n2024-04-01 buy 10 BSE:WIPRO @ 480")
    assert announce(desk, BONUS).fresh == 2
    assert {proposal.instrument.exchange for proposal in all_found(desk)} == {"NSE", "BSE"}


def test_what_nobody_ever_recorded_is_counted_and_left_out(desk: Desk) -> None:
    assert announce(desk, BONUS, SPLIT) == announcements.Kept(0, 2)


def test_every_account_decides_for_itself(desk: Desk) -> None:
    desk.write_down(WIPRO)
    neighbour = desk.neighbour()
    neighbour.write_down("2024-05-02 buy 30 NSE:WIPRO @ 450")
    announce(desk, BONUS)
    apply(desk, BONUS.reference)
    assert the_one(neighbour).state is State.PROPOSED
    assert neighbour.quantity("WIPRO") == 30
    with neighbour.database.writing() as db, pytest.raises(NotFound):
        actions.apply(db, desk.house, neighbour.viewer, desk.account.id, BONUS.reference)


def test_an_unknown_reference_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        apply(desk, "nse:NSE:X:2024-01-01:split")


@pytest.mark.on_both
def test_a_reversed_purchase_takes_its_proposals_with_it(desk: Desk) -> None:
    from tunefolio.services.record import take_back

    (bought,) = desk.write_down(WIPRO)
    announce(desk, BONUS)
    assert len(all_found(desk)) == 1
    with desk.database.writing() as db:
        take_back(db, desk.house, desk.viewer, bought)
    assert all_found(desk) == []


@pytest.mark.on_both
def test_a_job_looks_at_the_whole_past(desk: Desk) -> None:
    board = HistoryBoard(
        announced=[told("WIPRO", "2024-12-03", "bonus", "1:1"), told("WIPRO", "2020-01-01", "split", "2:1")]
    )
    desk.use(board)
    desk.write_down(WIPRO)
    with desk.database.writing() as db:
        asked = actions.ask_actions(db, desk.house, desk.viewer)
    assert acts_of(desk.house, desk.viewer)[0] is Act.ACTIONS_ASKED
    assert asked is not None
    jobs.run(desk.house, asked)
    with desk.database.reading() as db:
        assert kept_jobs.job_of(db, desk.viewer, asked).result == {
            "instruments": 1,
            "fresh": 1,
            "proposed": 1,
        }
    assert board.asked[-1][:2] == ("WIPRO", "2024-04-01")


def test_without_a_source_nobody_is_asked(desk: Desk) -> None:
    with desk.database.writing() as db:
        assert actions.ask_actions(db, desk.house, desk.viewer) is None
