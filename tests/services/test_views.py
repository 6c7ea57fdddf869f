"""What faces show: sums that add up, nothing where nothing is known, and one price of a look at any size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.services.desks import Desk, desk_file, held, ist
from tunefolio.core.errors import NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import INR, Currency, Money, Price, total
from tunefolio.ledger.statements import Statement
from tunefolio.market.calendars import packaged
from tunefolio.market.quotes import Quote
from tunefolio.market.sectors import UNCLASSIFIED, SectorSourceKind
from tunefolio.services import imports, portfolios, record, sync
from tunefolio.services.ages import expected_since
from tunefolio.services.views import curve, health, lots, portfolio, transaction_page
from tunefolio.services.views.prices import freshness
from tunefolio.store import quotes, sectors
from tunefolio.store.db import open_database
from tunefolio.store.transactions import TransactionFilter

pytestmark = pytest.mark.one_is_enough

THREE = """2024-04-01 buy 10 NSE:INFY @ 1500 fee 12.5
2024-04-02 buy 4 BSE:INFY @ 1510
2024-04-03 buy 2 NSE:TCS @ 3000
2024-04-03 buy 5 NSE:NOWHERE @ 7"""


def priced(desk: Desk) -> None:
    desk.write_down(THREE)
    desk.price("INFY", "1600", "1590")
    desk.price("TCS", "2900")


def test_nothing_is_held(desk: Desk) -> None:
    view = desk.look()
    assert (view.rows, view.sectors, view.stock_count, view.as_of, view.stale) == ((), (), 0, None, False)
    assert (view.valuation.value, view.valuation.day_change) == (Money.zero(), None)


@pytest.mark.on_both
def test_totals_are_the_sums_of_their_parts(desk: Desk) -> None:
    priced(desk)
    view = desk.look()
    whole = view.valuation
    assert whole.value == Money.of(21800)
    assert whole.unpriced == 2
    values = [row.valued.value for row in view.rows if row.valued.value is not None]
    assert total(values) == whole.value == total(s.value for s in view.sectors if s.value is not None)
    assert total(row.valued.invested for row in view.rows) == whole.invested
    assert total(s.invested for s in view.sectors) == whole.invested
    assert total(s.pnl for s in view.sectors if s.pnl is not None) == whole.pnl
    assert sum(s.unpriced for s in view.sectors) == whole.unpriced
    assert sum(row.weight_ratio for row in view.rows if row.weight_ratio is not None) == 1
    assert view.day_change_ratio == Money.of(100) / Money.of(15900)


def test_a_share_on_two_exchanges_is_one_company(desk: Desk) -> None:
    priced(desk)
    view = desk.look()
    assert len(view.rows) == 4
    assert view.stock_count == 3
    (it,) = [s for s in view.sectors if "Technology" in s.sector]
    assert it.stock_count == 2
    assert len(view.of_sector(it.sector)) == 3


def test_a_missing_price_is_not_zero(desk: Desk) -> None:
    priced(desk)
    view = desk.look()
    nowhere = next(row for row in view.rows if row.instrument.symbol == "NOWHERE")
    assert (nowhere.valued.value, nowhere.valued.pnl, nowhere.pnl_ratio, nowhere.weight_ratio) == (None,) * 4
    assert nowhere.valued.missing == "no price yet"
    assert nowhere.classification.sector == UNCLASSIFIED
    (unclassified,) = [s for s in view.sectors if s.sector == UNCLASSIFIED]
    assert (unclassified.value, unclassified.pnl, unclassified.unpriced) == (None, None, 1)
    assert view.rows[-1].valued.value is None


def test_the_persons_own_sector_goes_first(desk: Desk) -> None:
    priced(desk)
    with desk.database.writing() as db:
        sectors.set_override(db, desk.viewer, desk.instrument("TCS"), "Jewels", "", desk.clock.now())
    tcs = next(row for row in desk.look().rows if row.instrument.symbol == "TCS")
    assert (tcs.classification.sector, tcs.classification.source) == ("Jewels", SectorSourceKind.USER)


def test_realised_and_income_stay_when_everything_is_sold(desk: Desk) -> None:
    desk.write_down("""2024-04-01 buy 10 NSE:INFY @ 1500
        2024-05-01 dividend 280 NSE:INFY
        2024-06-01 sell 10 NSE:INFY @ 1600 fee 20""")
    view = desk.look()
    assert (view.rows, view.realised, view.income) == ((), Money.of(980), Money.of(280))


def test_a_lot_for_every_purchase_and_they_add_up(desk: Desk) -> None:
    bought, _, sold = desk.write_down("""2024-04-01 buy 3 NSE:INFY @ 100.33
        2024-05-01 buy 3 NSE:INFY @ 100.33
        2024-06-01 sell 1 NSE:INFY @ 120""")
    desk.price("INFY", "33.335")
    with desk.database.reading() as db:
        view = lots(db, desk.house, desk.viewer, desk.account.id, desk.instrument("INFY"))
    assert [row.lot.quantity for row in view.lots] == [2, 3]
    assert [row.held_days for row in view.lots] == [963, 933]
    assert view.valued is not None
    assert view.valued.value == total(row.value for row in view.lots if row.value is not None)
    assert [match.closed for match in view.matches] == [sold]
    assert [fact.id for fact in view.transactions][-1] == bought
    assert view.classification.sector == "Information Technology"


def test_a_sold_holding_still_tells_its_story_and_a_strangers_does_not(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 3 NSE:INFY @ 100\n2024-06-01 sell 3 NSE:INFY @ 120")
    with desk.database.reading() as db:
        view = lots(db, desk.house, desk.viewer, desk.account.id, desk.instrument("INFY"))
        with pytest.raises(NotFound):
            lots(db, desk.house, desk.viewer, desk.account.id, InstrumentId(999_999))
    assert (view.valued, view.lots, view.realised, view.missing) == (
        None,
        (),
        Money.of(60),
        "everything is sold",
    )
    other = desk.neighbour()
    with desk.database.reading() as db:
        for look in (
            lambda: lots(db, desk.house, other.viewer, desk.account.id, desk.instrument("INFY")),
            lambda: portfolio(db, desk.house, other.viewer, portfolio=desk.portfolio.id),
            lambda: curve(db, desk.house, other.viewer, desk.portfolio.id),
        ):
            with pytest.raises(NotFound):
                look()
        assert portfolio(db, desk.house, other.viewer).rows == ()
        assert transaction_page(db, desk.house, other.viewer, TransactionFilter()).rows == ()


@pytest.mark.on_both
def test_a_portfolio_narrows_and_an_archived_one_is_left_out(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 3 NSE:INFY @ 100")
    with desk.database.writing() as db:
        second = portfolios.create_portfolio(db, desk.house, desk.viewer, "Second")
        there = portfolios.create_account(db, desk.house, desk.viewer, second.id, "There")
    desk.write_down("2024-04-01 buy 5 NSE:TCS @ 100", there.id)
    assert desk.look().valuation.invested == Money.of(800)
    with desk.database.reading() as db:
        narrow = portfolio(db, desk.house, desk.viewer, portfolio=second.id)
    assert [row.instrument.symbol for row in narrow.rows] == ["TCS"]
    with desk.database.writing() as db:
        portfolios.archive_portfolio(db, desk.house, desk.viewer, second.id)
    assert desk.look().valuation.invested == Money.of(300)


def test_money_in_another_currency_is_not_converted_at_one(desk: Desk) -> None:
    with desk.database.writing() as db:
        usd = portfolios.create_account(db, desk.house, desk.viewer, desk.portfolio.id, "US", Currency("USD"))
    desk.write_down("2024-04-01 buy 3 NASDAQ:MSFT @ 400 USD", usd.id)
    view = desk.look()
    assert (view.currency, view.valuation.invested, view.valuation.unpriced) == (INR, Money.zero(), 1)


@pytest.mark.on_both
def test_a_fold_is_remembered_until_a_fact_is_added(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    assert desk.quantity("INFY") == 10
    (more,) = desk.write_down("2024-04-02 buy 1 NSE:INFY @ 1500")
    assert desk.quantity("INFY") == 11
    with desk.database.writing() as db:
        record.take_back(db, desk.house, desk.viewer, more)
        uncommitted = portfolio(db, desk.house, desk.viewer)
        assert uncommitted.rows[0].valued.quantity == 10
    assert desk.quantity("INFY") == 10


@pytest.mark.on_both
def test_what_was_rolled_back_is_never_remembered(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    with desk.database.writing() as db:
        line = "2024-04-02 buy 5 NSE:INFY @ 1500"
        record.record_line(db, desk.house, desk.viewer, desk.account.id, line)
        assert portfolio(db, desk.house, desk.viewer).rows[0].valued.quantity == 15
        under_way = db.connection.get_transaction()
        assert under_way is not None
        under_way.rollback()
    desk.write_down("2024-04-02 buy 7 NSE:INFY @ 1500")
    assert desk.quantity("INFY") == 17


@contextmanager
def counted(desk: Desk) -> Iterator[list[str]]:
    """The SELECTs made inside."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(desk.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(desk.database.engine, "before_cursor_execute", note)


@pytest.mark.on_both
def test_the_number_of_queries_does_not_grow(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    desk.look()
    with counted(desk) as few:
        desk.look()
    home = desk.broker_account()
    with desk.database.writing() as db:
        said = tuple(held(f"S{n}", "5", "100", "110") for n in range(300))
        statement = Statement(desk.broker.name, "AB1234", desk.clock.now(), said)
        sync.record_statement(db, desk.house, desk.viewer, home, statement)
        text = "\n".join(f"2024-04-0{1 + n % 9} buy T{n % 90} 1 100 K{n}" for n in range(900))
        content = desk_file(text)
        imports.import_file(db, desk.house, desk.viewer, desk.account.id, "many.csv", content)
    with counted(desk) as cold:
        desk.look()
    with counted(desk) as many:
        assert len(desk.look().rows) == 391
    assert len(many) == len(few)
    assert len(many) <= 12
    assert len(cold) <= len(many) + 13


@pytest.mark.on_both
def test_a_price_is_seen_at_once_and_one_of_another_process_within_a_second(desk: Desk) -> None:
    desk.write_down("2024-04-01 buy 10 NSE:INFY @ 1500")
    desk.price("INFY", "1600")
    assert desk.look().valuation.value == Money.of("16000")
    desk.price("INFY", "1700")
    assert desk.look().valuation.value == Money.of("17000")
    other = open_database(desk.database.engine.url.render_as_string(hide_password=False))
    with other.writing() as db:
        quotes.put(db, [Quote(desk.instrument("INFY"), Price.of("1800"), None, desk.clock.now(), "other")])
    other.close()
    desk.clock.advance(timedelta(seconds=1))
    assert desk.look().valuation.value == Money.of("18000")


@pytest.mark.on_both
def test_health_says_what_a_machine_wants_to_know(desk: Desk) -> None:
    seen = health(desk.house)
    assert (seen.is_well, seen.market_phase, seen.database) == (True, "continuous", desk.database.dialect)


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2026-11-20 12:00", "2026-11-20 11:45"),
        ("2026-11-20 09:20", "2026-11-19 15:15"),
        ("2026-11-20 09:30", "2026-11-20 09:15"),
        ("2026-11-20 18:00", "2026-11-20 15:15"),
        ("2026-11-21 12:00", "2026-11-20 15:15"),
        ("2026-11-23 08:00", "2026-11-20 15:15"),
    ],
)
def test_how_old_a_price_may_be(now: str, since: str) -> None:
    calendar = packaged()
    assert expected_since(calendar, ist(now)) == ist(since)
    assert not freshness(calendar, ist(now), ist(since)).is_stale
    stale = freshness(calendar, ist(now), ist(since) - timedelta(seconds=1))
    assert stale.is_stale
    assert "IST" in stale.reason


def test_stale_rows_say_so_each(desk: Desk) -> None:
    priced(desk)
    desk.price("INFY", "1601", at=desk.clock.now() + timedelta(hours=2))
    desk.clock.advance(timedelta(hours=2))
    view = desk.look()
    assert not view.stale
    stale = {row.instrument.symbol: row.is_stale for row in view.rows if row.valued.quote is not None}
    assert stale == {"INFY": False, "TCS": True}
