"""Facts by hand: refused when they break a law, taken back and corrected without a trace being lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.desks import Desk
from tunefolio.core.errors import Forbidden, Misuse, NotFound
from tunefolio.core.people import Role, Viewer
from tunefolio.ledger.lots import Oversold
from tunefolio.ledger.notation import parse_line
from tunefolio.services import portfolios, record
from tunefolio.services.views import transaction_page
from tunefolio.store import transactions
from tunefolio.store.transactions import TransactionFilter


def test_a_line_becomes_a_fact_with_its_tags(desk: Desk) -> None:
    (bought,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.50 #long")
    with desk.database.reading() as db:
        kept = transactions.transaction_of(db, desk.viewer, bought)
        page = transaction_page(db, desk.house, desk.viewer, TransactionFilter())
    assert (kept.fact.quantity, kept.tags, kept.source) == (Decimal(10), ("long",), "manual")
    assert page.rows[0].text == "2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5 #long"
    assert page.rows[0].instrument is not None
    assert page.rows[0].instrument.isin == "INE009A01021"
    assert (page.tags, page.next) == (("long",), None)


def test_a_sale_of_more_than_is_held_is_refused_and_leaves_nothing(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with pytest.raises(Oversold, match="only 10"):
        desk.write_down("2024-05-01 sell 11 NSE:INFY @ 1600")
    assert desk.quantity("INFY") == 10


def test_a_purchase_recorded_later_lets_an_earlier_sale_in_only_by_day(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with pytest.raises(Oversold):
        desk.write_down("2024-03-31 sell 1 NSE:INFY @ 1600")
    desk.write_down("2024-04-01 sell 10 NSE:INFY @ 1600")
    assert desk.quantity("INFY") == 0


def test_the_future_has_not_happened(desk: Desk) -> None:
    desk.write_down("2026-11-20 buy 1 NSE:INFY @ 1500")
    with pytest.raises(Misuse, match="has not come yet"):
        desk.write_down("2026-11-21 buy 1 NSE:INFY @ 1500")


def test_taking_back_names_the_sales_that_stand_on_it(desk: Desk) -> None:
    bought, sold = desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500
        2024-05-01 sell 4 NSE:INFY @ 1600""")
    with desk.database.writing() as db, pytest.raises(Misuse, match="sale of 4 INFY on 2024-05-01"):
        record.take_back(db, desk.house, desk.viewer, bought)
    with desk.database.writing() as db:
        record.take_back(db, desk.house, desk.viewer, sold)
        record.take_back(db, desk.house, desk.viewer, bought)
    assert desk.look().rows == ()
    with desk.database.writing() as db, pytest.raises(Misuse, match="already taken back"):
        record.take_back(db, desk.house, desk.viewer, bought)


def test_a_correction_keeps_key_and_tags_and_both_versions(desk: Desk) -> None:
    (wrong,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500 #long")
    with desk.database.writing() as db:
        fact, _ = parse_line("2024-04-01 buy 12 NSE:INFY @ 1500", lambda _: desk.instrument("INFY"))
        right = record.correct(db, desk.house, desk.viewer, wrong, fact)
    with desk.database.reading() as db:
        former, now = (transactions.transaction_of(db, desk.viewer, id) for id in (wrong, right))
        everything = list(transactions.of_account(db, desk.viewer, desk.account.id))
    assert (former.source_key, now.tags) == (now.source_key, ("long",))
    assert desk.quantity("INFY") == 12
    assert len(everything) == 3


def test_an_unknown_exchange_and_an_archived_account_are_refused(desk: Desk) -> None:
    with pytest.raises(Misuse, match="exchange"):
        desk.write_down("2024-04-01 buy 1 MARS:INFY @ 1500")
    with desk.database.writing() as db:
        portfolios.archive_account(db, desk.house, desk.viewer, desk.account.id)
    with pytest.raises(Misuse, match="archived"):
        desk.write_down("2024-04-01 buy 1 NSE:INFY @ 1500")


def test_strangers_and_readers_change_nothing(desk: Desk) -> None:
    (mine,) = desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    other = desk.neighbour()
    with desk.database.writing() as db:
        with pytest.raises(NotFound):
            record.take_back(db, desk.house, other.viewer, mine)
        with pytest.raises(NotFound):
            record.record_line(db, desk.house, other.viewer, desk.account.id, "2024-04-01 deposit 5")
        with pytest.raises(Forbidden):
            record.take_back(db, desk.house, Viewer(desk.person.id, Role.READER), mine)
