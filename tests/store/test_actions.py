"""Market actions are kept once by reference; decisions and targets are a person's own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.store.books import DAY, NOW, account, instrument, later, person, portfolio
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR
from tunefolio.market.accruals import AccrualTerms, RateRow
from tunefolio.market.actions import Action, ActionId, ActionKind, Terms
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.store import accounts, actions, instruments, own_instruments, portfolios, targets
from tunefolio.store.db import Database

SPLIT = Terms(ActionKind.SPLIT, Decimal(10), Decimal(1), note="face value 10 to 1")


def split(what: InstrumentId, reference: str = "a", after: int = 0) -> Action:
    return Action(what, DAY.plus_days(after), SPLIT, "file", reference)


def test_actions_come_back_by_day_with_all_they_say(database: Database) -> None:
    with database.writing() as db:
        one, other = instrument(db), instrument(db, "ITC")
        terms = Terms(
            ActionKind.DEMERGER, Decimal(1), Decimal(10), Decimal("0.135"), Decimal("12.5"), INR, "x"
        )
        wanted = [replace(split(one, "c", 5), terms=terms, other=other), split(one, "a"), split(other, "b")]
        assert actions.put(db, wanted, NOW) == 3
        found = actions.of_instruments(db, [one])
        assert [replace(each, id=ActionId(0)) for each in found] == [wanted[1], wanted[0]]
        assert actions.action_of(db, found[0].id) == found[0] == actions.of_reference(db, "a")
        assert actions.of_reference(db, "z") is None
        with pytest.raises(NotFound):
            actions.action_of(db, ActionId(9_999))


def test_a_correction_keeps_the_id_and_twice_is_once(database: Database) -> None:
    with database.writing() as db:
        one = instrument(db)
        actions.put(db, [split(one)], NOW)
        (before,) = actions.of_instruments(db, [one])
        assert actions.put(db, [split(one)], later(1)) == 0
        assert actions.put(db, [split(one, after=1)], later(2)) == 1
        (after,) = actions.of_instruments(db, [one])
        assert (after.id, after.ex_day) == (before.id, DAY.plus_days(1))


def test_the_newest_decision_stands_until_it_is_taken_back(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        home, one = account(db, viewer), instrument(db)
        actions.put(db, [split(one)], NOW)
        (action,) = actions.of_instruments(db, [one])
        actions.decide(db, viewer, action.id, home, "declined", NOW)
        actions.decide(db, viewer, action.id, home, "applied", later(1))
        assert actions.decisions(db, viewer, [home]) == {(action.id, home): "applied"}
        assert actions.decisions(db, other, [home]) == {}
        with pytest.raises(NotFound):
            actions.decide(db, other, action.id, home, "declined", NOW)
        actions.undecide(db, viewer, action.id, home)
        assert actions.decisions(db, viewer, [home]) == {}
        actions.decide(db, viewer, action.id, home, "declined", NOW)
        accounts.delete(db, viewer, home)
        assert actions.decisions(db, viewer, [home]) == {}


def test_targets_are_replaced_together_and_go_with_their_portfolio(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        home = portfolio(db, viewer)
        half = Decimal("0.5")
        targets.put(db, viewer, home, "sector", {"Banks": half, "IT": Decimal("0.000001")})
        targets.put(db, viewer, home, "sector", {"Banks": half})
        targets.put(db, viewer, None, "sector", {"IT": half})
        assert targets.of(db, viewer, home, "sector") == {"Banks": half}
        assert targets.of(db, viewer, None, "sector") == {"IT": half}
        assert targets.of(db, other, home, "sector") == {}
        with pytest.raises(NotFound):
            targets.put(db, other, home, "sector", {"IT": half})
        portfolios.delete(db, viewer, home)
        assert targets.of(db, viewer, home, "sector") == {}


def test_what_is_private_is_seen_by_its_owner_alone(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        mine = own_instruments.add(db, viewer, "PPF", "Provident fund", AssetClass.FIXED, INR, NOW)
        theirs = own_instruments.add(db, other, "PPF", "Provident fund", AssetClass.FIXED, INR, NOW)
        with pytest.raises(Misuse, match="already"):
            own_instruments.add(db, viewer, "PPF", "Again", AssetClass.FIXED, INR, NOW)
        claim = InstrumentClaim(Listing("OWN", "PPF"))
        shared = instruments.resolve(db, [claim], NOW)[claim]
        assert len({mine, theirs, shared}) == 3
        for who, own in ((viewer, mine), (other, theirs), (None, shared)):
            found = instruments.find(db, "OWN", "PPF", viewer=who)
            assert found is not None
            assert found.id == own
        assert {one.id for one in instruments.search(db, "ppf", 9, viewer=viewer)} == {mine, shared}
        assert {one.id for one in instruments.search(db, "ppf", 9)} == {shared}
        assert [one.id for one in instruments.of_symbol(db, "OWN", "PPF")] == [shared]
        assert set(instruments.visible(db, viewer, [mine, theirs, shared])) == {mine, shared}


def test_terms_are_set_and_read_by_the_owner_alone(database: Database) -> None:
    with database.writing() as db:
        viewer, other = person(db), person(db, "bela")
        seven, eight = (AccrualTerms((RateRow(Decimal(rate)),)) for rate in ("0.07", "0.0825"))
        mine = own_instruments.add(db, viewer, "FD", "Deposit", AssetClass.FIXED, INR, NOW, seven)
        assert own_instruments.accruals(db, viewer, [mine]) == {mine: seven}
        assert own_instruments.accruals(db, other, [mine]) == {}
        assert own_instruments.set_terms(db, viewer, mine, eight)
        assert not own_instruments.set_terms(db, viewer, mine, eight)
        assert own_instruments.accruals(db, viewer, [mine]) == {mine: eight}
        with pytest.raises(NotFound):
            own_instruments.set_terms(db, other, mine, seven)
