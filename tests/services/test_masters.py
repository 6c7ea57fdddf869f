"""Lists of instruments: read, read again, cut off; names that change; listings that become instruments."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.acts import acts_of
from tests.services import dying_lists
from tests.services.desks import Desk, ist
from tests.services.lists import PaperList, PaperRenames, day, refresh, renamed, row
from tunefolio.core.errors import Misuse, NotFound, Retry
from tunefolio.core.identity import Isin
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.masters import ChangeKind
from tunefolio.market.provider import MasterRow
from tunefolio.services import masters
from tunefolio.services.acts import Act
from tunefolio.services.instruments import resolved
from tunefolio.store import instruments, spells
from tunefolio.store import masters as lists
from tunefolio.store.jobs import Job, JobState
from tunefolio.store.search import search
from tunefolio.store.tables import listings

ZOMATO, TATA, LTIM = "INE758T01015", "INE155A01022", "INE214T01019"


def said(job: Job, source: str = "nse") -> dict[str, object]:
    assert job.state is JobState.DONE, job.problem
    assert job.result is not None
    told: dict[str, object] = job.result["sources"][source]
    return told


def told(desk: Desk) -> list[tuple[str, str, str, str]]:
    """(kind, symbol, before, after), oldest first."""
    with desk.house.database.reading() as db:
        found = lists.changes(db, 100)
    return [
        (one.change.kind.value, one.change.listing.symbol, one.change.before, one.change.after)
        for one in reversed(found)
    ]


def marks(desk: Desk) -> Sequence[object]:
    with desk.house.database.reading() as db:
        return db.execute(listings.select().order_by(listings.c.id)).all()


def many(count: int) -> list[MasterRow]:
    return [row(f"SHARE{place:05}", name=f"Share {place} Limited") for place in range(count)]


def test_a_first_list_is_kept_whole_and_is_no_news(desk: Desk) -> None:
    desk.use(PaperList([row("INFY", "INE009A01021", "Infosys Limited", token="1594"), row("TCS")]))
    assert said(refresh(desk)) == {"listed": 2, "rows_written": 2}
    assert told(desk) == []
    with desk.house.database.reading() as db:
        (found,) = search(db, "infosys", 10)
        assert (found.key, found.instrument, found.isin) == ("NSE:INFY", None, "INE009A01021")
        assert lists.of_token(db, "nse", "1594", day("2026-11-20")) == Listing("NSE", "INFY", "EQ")


def test_the_same_list_again_writes_nothing(desk: Desk) -> None:
    desk.use(PaperList(many(120)))
    refresh(desk)
    before = marks(desk)
    with desk.house.database.reading() as db:
        texts = lists.states(db)
    assert said(refresh(desk)) == {"listed": 120}
    assert marks(desk) == before
    assert len(texts) == 1


def test_what_is_new_gone_back_and_renamed_is_told(desk: Desk) -> None:
    source = PaperList(
        [row("OLD", "INE001A01036"), row("STAYS", name="Stays Limited"), row("RPOWER", "INE614G01033")]
    )
    desk.use(source)
    refresh(desk)
    source.rows = [
        row("NEWER", "INE001A01036"),
        row("STAYS", name="Stays On Limited"),
        row("RPOWER", "INE614G01033", series="BE"),
        row("FRESH"),
    ]
    desk.clock.set(ist("2026-11-21 08:15"))
    refresh(desk)
    assert sorted(told(desk)) == [
        ("name", "STAYS", "Stays Limited", "Stays On Limited"),
        ("new", "FRESH", "", ""),
        ("new", "NEWER", "", ""),
        ("new", "RPOWER", "", ""),
        ("renamed", "NEWER", "OLD", "NEWER"),
        ("series", "RPOWER", "EQ", "BE"),
    ]
    source.rows = [one for one in source.rows if one.claim.listing.symbol != "STAYS"]
    refresh(desk)
    assert told(desk)[-1] == ("gone", "STAYS", "", "")
    with desk.house.database.reading() as db:
        (found,) = search(db, "stays", 5)
        assert found.is_gone


def test_a_list_that_was_cut_off_ends_nothing(desk: Desk) -> None:
    source = PaperList(many(200))
    desk.use(source)
    refresh(desk)
    source.rows = source.rows[:100]
    assert "only 100 of the 200" in str(said(refresh(desk))["problem"])
    with desk.house.database.reading() as db:
        assert lists.standing_count(db, "nse", day("2026-11-20")) == 200
        assert "only 100" in lists.states(db)["nse"].problem
    source.rows = []
    assert said(refresh(desk))["problem"] == "the list is empty"


def test_a_source_that_breaks_stops_no_other_and_ends_nothing(desk: Desk) -> None:
    broken = PaperList(many(60), "bse")
    desk.use(broken, PaperList([row("INFY")]))
    refresh(desk)
    broken.problem, broken.breaks_after = Retry("away"), 30
    job = refresh(desk)
    assert said(job, "bse")["problem"] == "away"
    assert said(job)["listed"] == 1
    with desk.house.database.reading() as db:
        assert lists.standing_count(db, "bse", day("2026-11-20")) == 60


def test_contracts_come_and_go_without_news(desk: Desk) -> None:
    def contract(symbol: str, token: str, expiry: str) -> MasterRow:
        return row(symbol, name="NIFTY", series="", exchange="NFO", kind=AssetClass.OPTION, token=token,
                   expiry=expiry, strike="24500")  # fmt: skip

    source = PaperList([row("INFY"), contract("NIFTY26NOV24500CE", "77", "2026-11-24")], "zerodha")
    desk.use(source)
    refresh(desk)
    with desk.house.database.reading() as db:
        (found,) = search(db, "nifty 24500 ce", 5)
        assert found.key == "NFO:NIFTY26NOV24500CE"
    source.rows = [row("INFY"), contract("NIFTY26DEC24500CE", "77", "2026-12-29")]
    desk.clock.set(ist("2026-11-25 08:15"))
    refresh(desk)
    assert told(desk) == []
    with desk.house.database.reading() as db:
        assert lists.of_token(db, "zerodha", "77", day("2026-11-23")) == Listing("NFO", "NIFTY26NOV24500CE")
        assert lists.of_token(db, "zerodha", "77", day("2026-11-26")) == Listing("NFO", "NIFTY26DEC24500CE")
        assert [one.listing.symbol for one in search(db, "nifty", 5)] == ["NIFTY26DEC24500CE"]


def test_a_listing_is_picked_once_with_what_all_lists_say(desk: Desk) -> None:
    desk.use(
        PaperList([row("INFY", "INE009A01021", "Infosys Limited")]),
        PaperList([row("INFY", series="", token="408065")], "zerodha"),
    )
    refresh(desk)
    with desk.house.database.reading() as db:
        rows = lists.of_symbols(db, [("NSE", "INFY")])["NSE", "INFY"]
    ids = set()
    for one in rows:
        with desk.house.database.writing() as db:
            ids.add(masters.pick(db, desk.house, one.id))
    (id,) = ids
    with desk.house.database.reading() as db:
        assert instruments.of_ids(db, [id])[id].isin == "INE009A01021"
        assert lists.tokens(db, "zerodha", [id])[id].token == "408065"
        (found,) = search(db, "infy", 5)
        assert found.instrument == id
    with desk.house.database.writing() as db, pytest.raises(NotFound):
        masters.pick(db, desk.house, 999_999)
    with desk.house.database.writing() as db:
        assert masters.take_up(db, desk.house, desk.viewer, rows[0].id) == id
        masters.ask_refresh(db, desk.house, desk.viewer)
    assert acts_of(desk.house, desk.viewer)[:2] == [Act.LISTS_ASKED, Act.INSTRUMENT_PICKED]


def test_without_a_source_there_is_nothing_to_ask(desk: Desk) -> None:
    with desk.house.database.writing() as db, pytest.raises(Misuse, match="TUNEFOLIO_SOURCES"):
        masters.ask_refresh(db, desk.house, desk.viewer)


# Names over time ----------------------------------------------------------------------------------

CHAINS = [
    renamed("ZOMATO", "ETERNAL", "2025-04-09", "ETERNAL LIMITED"),
    renamed("TELCO", "TATAMOTORS", "2003-12-26"),
    renamed("TATAMOTORS", "TMPV", "2025-10-24"),
    renamed("LTI", "LTIM", "2022-12-05"),
    renamed("LTIM", "LTM", "2026-02-27"),
]


def claim(symbol: str, isin: str = "", exchange: str = "NSE") -> InstrumentClaim:
    return InstrumentClaim(Listing(exchange, symbol), Isin(isin) if isin else None)


def test_what_was_recorded_under_an_old_name_follows_it(desk: Desk) -> None:
    old = [claim("ZOMATO", ZOMATO), claim("TATAMOTORS", TATA), claim("LTI", LTIM)]
    with desk.house.database.writing() as db:
        ids = resolved(db, desk.house, old)
    desk.use(
        PaperList([row("ETERNAL", ZOMATO), row("TMPV", TATA), row("LTM", LTIM), row("TMCV")]),
        PaperRenames(CHAINS),
    )
    job = refresh(desk)
    assert job.result is not None
    assert job.result["renamed_instruments"] == 3
    with desk.house.database.writing() as db:
        again = resolved(db, desk.house, [claim("ETERNAL", ZOMATO), claim("TMPV", TATA), claim("LTM", LTIM)])
        assert sorted(again.values()) == sorted(ids.values())
        tata = ids[old[1]]
        assert [(one.listing.symbol, one.since, one.until) for one in spells.of_instrument(db, tata)] == [
            ("TELCO", None, day("2003-12-26")),
            ("TATAMOTORS", day("2003-12-26"), day("2025-10-24")),
            ("TMPV", day("2025-10-24"), None),
        ]
        assert spells.named(db, "NSE", "TATAMOTORS", day("2024-05-02")) == tata
        assert spells.named(db, "NSE", "TMPV", day("2024-05-02")) is None
        found = instruments.find(db, "NSE", "TATAMOTORS")
        assert found is not None
        assert found.symbol == "TMPV"
        assert resolved(db, desk.house, [claim("TMCV")])[claim("TMCV")] != tata
        assert [one.instrument for one in search(db, "tatamotors", 3)] == [tata]
        assert [one.key for one in search(db, "zomato", 3)] == ["NSE:ETERNAL"]
    second = refresh(desk)
    assert second.result is not None
    assert second.result["renamed_instruments"] == 0


def test_a_day_says_which_company_had_the_symbol(desk: Desk) -> None:
    """ABC became XYZ in 2015; in 2020 another company was listed as ABC."""
    desk.use(
        PaperList([row("XYZ", "INE001A01036"), row("ABC", "INE002A01018")]),
        PaperRenames([renamed("ABC", "XYZ", "2015-06-01")]),
    )
    refresh(desk)
    first, now = claim("ABC", "INE001A01036"), claim("ABC", "INE002A01018")
    with desk.house.database.writing() as db:
        at = desk.clock.now()
        then = instruments.resolve(db, [first], at, days={first: day("2014-01-02")})[first]
        assert instruments.of_ids(db, [then])[then].symbol == "XYZ"
        today = instruments.resolve(db, [now], at, days={now: day("2026-01-02")})[now]
        assert today != then
        assert spells.named(db, "NSE", "ABC", day("2014-01-02")) == then
        assert spells.named(db, "NSE", "ABC", day("2026-01-02")) == today
        assert spells.named(db, "NSE", "ABC") == today
        assert spells.of_isin(db, Isin("INE001A01036")) == [then]


def test_one_file_with_both_names_makes_one_instrument(desk: Desk) -> None:
    desk.use(PaperList([row("ETERNAL", ZOMATO)]), PaperRenames(CHAINS))
    refresh(desk)
    early, late = claim("ZOMATO", ZOMATO), claim("ETERNAL", ZOMATO)
    days = {early: day("2022-03-01"), late: day("2025-06-02")}
    with desk.house.database.writing() as db:
        ids = instruments.resolve(db, [early, late], desk.clock.now(), days=days)
        assert ids[early] == ids[late]


def test_two_rows_of_one_company_are_left_to_a_person(desk: Desk) -> None:
    with desk.house.database.writing() as db:
        ids = resolved(db, desk.house, [claim("ZOMATO", ZOMATO), claim("ETERNAL", ZOMATO)])
    desk.use(PaperList([row("ETERNAL", ZOMATO)]), PaperRenames(CHAINS))
    job = refresh(desk)
    assert job.result is not None
    assert job.result["left_instruments"] == 1
    with desk.house.database.reading() as db:
        kept = instruments.of_ids(db, ids.values())
    assert sorted(one.symbol for one in kept.values()) == ["ETERNAL", "ZOMATO"]


def test_a_new_isin_of_the_same_issuer_stays_one_instrument(desk: Desk) -> None:
    source = PaperList([row("NESTLEIND", "INE239A01016")])
    desk.use(source)
    refresh(desk)
    old, new = claim("NESTLEIND", "INE239A01016"), claim("NESTLEIND", "INE239A01024")
    with desk.house.database.writing() as db:
        id = resolved(db, desk.house, [old])[old]
    source.rows = [row("NESTLEIND", "INE239A01024")]
    refresh(desk)
    assert told(desk) == [(ChangeKind.ISIN, "NESTLEIND", "INE239A01016", "INE239A01024")]
    with desk.house.database.writing() as db:
        assert set(resolved(db, desk.house, [old, new]).values()) == {id}
        assert spells.of_isin(db, Isin("INE239A01016")) == [id]


def test_killed_in_the_middle_it_goes_on_where_it_was(desk: Desk, migrated_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.services.dying_lists", migrated_url, str(tmp_path / "home")]
    killed = subprocess.run(command, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with desk.house.database.reading() as db:
        half = lists.standing_count(db, "nse", day("2026-11-20"))
        assert 0 < half < dying_lists.ROWS
        assert "nse" not in lists.states(db)
    desk.use(PaperList(dying_lists.rows()))
    assert said(refresh(desk)) == {"listed": dying_lists.ROWS, "rows_written": dying_lists.ROWS - half}
    assert told(desk) == []
    with desk.house.database.reading() as db:
        assert [one.key for one in search(db, "s000007", 3)] == ["NSE:S000007"]
