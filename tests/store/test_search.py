"""Search: the same answers as slow reading, on both databases, whatever is typed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

import pytest
from sqlalchemy import delete

from tests.store.books import person
from tunefolio.core.errors import Misuse
from tunefolio.core.identity import InstrumentId, Isin
from tunefolio.core.money import INR
from tunefolio.core.people import Viewer
from tunefolio.core.time import Instant, TradingDay
from tunefolio.market.instruments import EXCHANGES, AssetClass, InstrumentClaim, Listing
from tunefolio.market.provider import MasterRow
from tunefolio.market.words import compact, words_of
from tunefolio.store import instruments, masters, own_instruments, search_index
from tunefolio.store.db import Database, ReadDb
from tunefolio.store.search import Found, search
from tunefolio.store.search import page as search_page
from tunefolio.store.search_hits import Position
from tunefolio.store.tables import listings

NOW = Instant.parse("2026-11-20T12:00:00+05:30")
TODAY = TradingDay.parse("2026-11-20")
EXPIRY = TradingDay.parse("2026-11-24")
CASH = ("NSE", "BSE")


def listed(
    symbol: str, name: str, exchange: str = "NSE", isin: str = "", kind: AssetClass = AssetClass.EQUITY
) -> MasterRow:
    series = "EQ" if exchange == "NSE" else ""
    claim = InstrumentClaim(Listing(exchange, symbol, series), Isin(isin) if isin else None, name, kind)
    return MasterRow(claim, symbol, Decimal("0.05"), Decimal(1))


def contract(name: str, strike: int, kind: str) -> MasterRow:
    claim = InstrumentClaim(Listing("NFO", f"{name}26NOV{strike}{kind}"), None, name, AssetClass.OPTION)
    return MasterRow(claim, "", None, Decimal(50), EXPIRY, Decimal(strike))


def fill(database: Database, rows: Sequence[MasterRow], source: str = "nse") -> None:
    with database.writing() as db:
        masters.add(db, source, [(row, masters.mark_of(row)) for row in rows], TODAY)
        search_index.rebuild(db, [source], TODAY)


def keys(found: Sequence[Found]) -> list[str]:
    return [one.key for one in found]


SHARES = [
    listed("M&M", "Mahindra & Mahindra Limited", isin="INE101A01026"),
    listed("M&MFIN", "Mahindra & Mahindra Financial Services"),
    listed("BAJAJ-AUTO", "Bajaj Auto Limited"),
    listed("INFY", "Infosys Limited"),
    listed("INFY", "Infosys Limited", "BSE"),
    listed("INFOBEAN", "InfoBeans Technologies"),
    listed("NESTLEIND", "Nestlé India Limited"),
    listed("RELIANCE", "Reliance Industries"),
    listed("RPOWER", "Reliance Power Limited"),
    listed("NIFTYBEES", "Nippon India ETF Nifty 50", kind=AssetClass.ETF),
    contract("NIFTY", 24500, "CE"),
    contract("NIFTY", 24500, "PE"),
    contract("RELIANCE", 1500, "CE"),
]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("infy", ["NSE:INFY", "BSE:INFY"]),
        ("INF", ["NSE:INFY", "BSE:INFY", "NSE:INFOBEAN"]),
        ("m&m", ["NSE:M&M", "NSE:M&MFIN"]),
        ("mm", ["NSE:M&M", "NSE:M&MFIN"]),
        ("mahindra and mah", ["NSE:M&M", "NSE:M&MFIN"]),
        ("maha", []),
        ("fin mah", ["NSE:M&MFIN"]),
        ("bajaj auto", ["NSE:BAJAJ-AUTO"]),
        ("nestle", ["NSE:NESTLEIND"]),
        ("NESTLÉ ind", ["NSE:NESTLEIND"]),
        ("INE101A01026", ["NSE:M&M"]),
        ("relian", ["NSE:RELIANCE", "NSE:RPOWER", "NFO:RELIANCE26NOV1500CE"]),
        ("power", ["NSE:RPOWER"]),
        ("nfosy", ["NSE:INFY", "BSE:INFY"]),
        ("nifty 24500 ce", ["NFO:NIFTY26NOV24500CE"]),
        ("nifty26nov24500p", ["NFO:NIFTY26NOV24500PE"]),
        ("bse: inf", ["BSE:INFY"]),
        ("", []),
        ("  &  ", []),
        ("and", []),
        ("zzz", []),
        ("%", []),
        ("_", []),
    ],
)
def test_people_find_what_they_mean(database: Database, text: str, wanted: list[str]) -> None:
    fill(database, SHARES)
    with database.reading() as db:
        assert keys(search(db, text, 10)) == wanted


def test_classes_and_exchange_narrow_it(database: Database) -> None:
    fill(database, SHARES)
    with database.reading() as db:
        assert keys(search(db, "nifty", 10, classes=[AssetClass.ETF])) == ["NSE:NIFTYBEES"]
        assert keys(search(db, "infosys", 10, exchange="BSE")) == ["BSE:INFY"]
        assert keys(search(db, "i", 2)) == ["NSE:INFY", "BSE:INFY"]


def test_what_is_known_here_comes_first_among_equals_and_once(database: Database) -> None:
    fill(database, SHARES)
    with database.writing() as db:
        claims = [
            InstrumentClaim(Listing("BSE", "INFY")),
            InstrumentClaim(Listing("NASDAQ", "INFX"), None, "Infx Inc"),
        ]
        ids = instruments.resolve(db, claims, NOW)
    with database.reading() as db:
        found = search(db, "inf", 10)
        assert keys(found) == ["NASDAQ:INFX", "BSE:INFY", "NSE:INFY", "NSE:INFOBEAN"]
        assert [one.instrument for one in found] == [ids[claims[1]], ids[claims[0]], None, None]
        assert search(db, "infosys", 10)[1].instrument == ids[claims[0]]


def test_private_holdings_are_found_by_their_owner_alone(database: Database) -> None:
    with database.writing() as db:
        asha, ben = person(db, "asha@example.com"), person(db, "ben@example.com")
        own_instruments.add(db, asha, "SBI-FD", "Deposit at SBI", AssetClass.FIXED, INR, NOW)
    with database.reading() as db:
        assert keys(search(db, "sbi f", 10, viewer=asha)) == ["OWN:SBI-FD"]
        assert search(db, "sbi f", 10, viewer=ben) == []
        assert search(db, "deposit", 10) == []


# The same as slow reading -----------------------------------------------------------------------------

STEMS = [
    "tata",
    "motor",
    "steel",
    "power",
    "nifty",
    "gold",
    "bank",
    "india",
    "mahin",
    "a",
    "ab",
    "b&c",
    "été",
]


def universe(chance: random.Random, count: int) -> list[MasterRow]:
    rows: dict[tuple[str, str], MasterRow] = {}
    for _ in range(count):
        symbol = "".join(chance.sample(STEMS, 2)).upper() + chance.choice(["", "1", "-X"])
        name = " ".join(chance.choices(STEMS, k=chance.randint(1, 4))).title()
        exchange = chance.choice(CASH)
        kind = chance.choice([AssetClass.EQUITY, AssetClass.ETF])
        rows[exchange, symbol] = listed(symbol, name, exchange, kind=kind)
    about = [(chance.choice(STEMS[:8]).upper(), chance.choice((100, 200))) for _ in range(40)]
    strikes = {contract(name, strike, kind) for name, strike in about for kind in ("CE", "PE")}
    return [*rows.values(), *sorted(strikes, key=lambda row: row.claim.listing)]


def slow(rows: Sequence[MasterRow], known: dict[Listing, InstrumentId], text: str, limit: int) -> list[str]:
    """Every row judged by the words of docs/spec/instruments.md, sorted, cut."""
    asked, whole = words_of(text), compact(text)
    judged = []
    for row in rows:
        claim = row.claim
        symbol, said = compact(claim.listing.symbol), list(words_of(claim.name))
        if row.expiry is not None:
            said += [f"{row.strike:f}", claim.listing.symbol[-2:].lower(), "24nov", "nov", "2026"]
        else:
            said += words_of(claim.listing.symbol)
        said.append(symbol)
        if symbol.startswith(whole):
            tier = 0
        elif all(any(one.startswith(word) for one in said) for word in asked):
            tier = 1
        elif all(len(word.encode()) > 1 and any(word in one for one in said) for word in asked):
            tier = 2
        else:
            continue
        is_new = claim.listing not in known
        place = list(EXCHANGES).index(claim.listing.exchange)
        rank = (row.expiry is not None, tier, is_new, len(symbol.encode()), symbol, place)
        judged.append((rank, f"{claim.listing.exchange}:{claim.listing.symbol}"))
    return [key for _, key in sorted(judged)[:limit]] if asked else []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_answers_are_those_of_slow_reading(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    rows = universe(chance, 120)
    fill(database, rows)
    claims = [row.claim for row in chance.sample(rows[:100], 6)]
    with database.writing() as db:
        ids = instruments.resolve(db, claims, NOW)
    known = {claim.listing: id for claim, id in ids.items()}
    with database.reading() as db:
        for _ in range(150):
            words = [chance.choice(STEMS)[: chance.randint(1, 6)] for _ in range(chance.randint(1, 3))]
            text = chance.choice([" ", "", "&"]).join(words)
            limit = chance.choice((1, 3, 10, 40))
            got, wanted = keys(search(db, text, limit)), slow(rows, known, text, limit)
            assert folded(got) == folded(wanted), text


def folded(found: list[str]) -> list[str]:
    """Symbols that fold alike (AB&C, ABC) may stand in either order."""
    return [compact(key.partition(":")[2]) + key.partition(":")[0] for key in found]


# Page by page -----------------------------------------------------------------------------------------


def paged(db: ReadDb, text: str, size: int, viewer: Viewer | None = None) -> list[Found]:
    """All pages, one behind the other; each position goes through its text, as a cursor does."""
    found: list[Found] = []
    after: Position | None = None
    while True:
        page = search_page(db, text, size, after=after, viewer=viewer)
        assert len(page.found) == size or page.next is None
        found += page.found
        if page.next is None:
            return found
        after = Position.parse(page.next.text)


@pytest.mark.parametrize("seed", [3, 4])
def test_pages_of_any_size_hold_everything_once_in_the_same_order(database: Database, seed: int) -> None:
    """Half of it is known here under the symbols of its listings, some is private, some stands in several
    series."""
    chance = random.Random(seed)
    rows = universe(chance, 150)
    bonds = [
        MasterRow(
            InstrumentClaim(Listing("NSE", "TATAGOLD", f"N{number}"), None, "Tata Gold Bond"), "", None, None
        )
        for number in range(12)
    ]
    fill(database, [*rows, *bonds])
    with database.writing() as db:
        asha = person(db, "asha@example.com")
        for number in range(4):
            own_instruments.add(db, asha, f"TATA-{number}", "Tata deposit", AssetClass.FIXED, INR, NOW)
        instruments.resolve(db, [row.claim for row in chance.sample(rows[:110], 55)], NOW)
        instruments.resolve(db, [bonds[3].claim, InstrumentClaim(Listing("NSE", "TATAGOLD"))], NOW)
    with database.reading() as db:
        for text in ("t", "tata", "a", "ind", "gold", "tata g", "nifty 100", "nse:ta", "zzz", "", "été"):
            whole = paged(db, text, 100, asha)
            assert len(
                {(one.instrument, one.listing_id if one.instrument is None else 0) for one in whole}
            ) == len(whole)
            assert whole[:100] == search(db, text, 100, viewer=asha)
            for size in (1, 3, 7):
                assert paged(db, text, size, asha) == whole, (text, size)


def test_a_page_goes_on_where_the_one_before_ended_though_that_is_gone(database: Database) -> None:
    fill(database, SHARES)
    with database.reading() as db:
        whole = keys(search(db, "i", 10))
        after = search_page(db, "i", 2).next
        assert after is not None
    with database.writing() as db:
        db.execute(delete(listings).where(listings.c.symbol == "INFY", listings.c.exchange == "BSE"))
        search_index.rebuild(db, ["nse"], TODAY)
    with database.reading() as db:
        assert keys(search_page(db, "i", 10, after=after).found) == whole[2:]


def test_a_position_that_no_page_gave_is_refused_in_words() -> None:
    sound = "0001-0-1594-eternal"
    assert Position.parse(sound).text == sound
    for wrong in (
        "7",
        "x",
        "0031-0-1594-eternal",
        "2001-0-1594-eternal",
        "0001-0-1594-",
        "0001--1594-a",
        "0001-0-x-a",
        "0001-0-99999999999999999999-a",
        "0001-0-9999999999999999999-a",
        "0001-0-²-a",
    ):
        with pytest.raises(Misuse, match="is not one this list gave"):
            Position.parse(wrong)
