"""Watchlists: what a person keeps an eye on without holding it; whatever is watched is followed by prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from tunefolio.core.alerts import WatchlistId
from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import InstrumentId
from tunefolio.core.money import Price
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import name_of
from tunefolio.market.instruments import Instrument
from tunefolio.market.quotes import Quote
from tunefolio.services import audit, noted
from tunefolio.services.acts import Act
from tunefolio.services.alert_levels import YEAR_DAYS, ceiling, session
from tunefolio.services.alerts import Market, market_of
from tunefolio.services.house import House
from tunefolio.services.masters import pick
from tunefolio.services.record import instrument_named
from tunefolio.services.tracking import wish
from tunefolio.store import events, instruments, quotes
from tunefolio.store import watchlists as rows
from tunefolio.store.db import ReadDb, WriteDb
from tunefolio.store.watchlists import Watched, Watchlist

MOST_LISTS = 50
MOST_ITEMS = 500
FIRST_LIST = "Watchlist"
"""What the list is called that is made for who watches something without having one."""
LISTING = "listing"
"""Before the number of a listing that nobody here has met."""

_LONGEST_NOTE = 200
_SPARK_POINTS = 64
_PAST = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class YearRange:
    """The lowest and highest close of 52 weeks, the newest price among them, in today's units."""

    low: Price
    high: Price
    place: Decimal
    """Where the price stands between them: 0 at the low, 1 at the high."""


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a watchlist as it is shown. spark: closes of 52 weeks, thinned, oldest first; () for none."""

    item: Watched
    instrument: Instrument
    quote: Quote | None
    year: YearRange | None
    spark: tuple[Decimal, ...]
    spark_since: TradingDay | None


def create(db: WriteDb, house: House, viewer: Viewer, name: str) -> Watchlist:
    """A new list behind the others; raises Misuse for a bad or taken name."""
    viewer.must_write()
    if len(rows.listed(db, viewer)) >= MOST_LISTS:
        raise Misuse("name", f"you have {MOST_LISTS} lists already", cure="Delete one first")
    made = rows.add(db, viewer, name_of(name), house.clock.now())
    audit.note(db, house, viewer, Act.LIST_MADE, f"watchlist:{made.id}", {"name": made.name})
    _changed(db, house, viewer, made.id)
    return made


def rename(db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, name: str) -> None:
    """Raises Misuse, NotFound."""
    viewer.must_write()
    former = rows.watchlist_of(db, viewer, id)
    rows.rename(db, viewer, id, name_of(name))
    told = {"before": former.name, "after": name_of(name)}
    audit.note(db, house, viewer, Act.LIST_RENAMED, f"watchlist:{id}", told)
    _changed(db, house, viewer, id)


def arrange(db: WriteDb, house: House, viewer: Viewer, ids: Sequence[WatchlistId]) -> None:
    """All the viewer's lists in this order; raises Misuse unless each is named once."""
    viewer.must_write()
    former = rows.listed(db, viewer)
    if sorted(ids) != sorted(one.id for one in former):
        raise Misuse("order", "must name each list once", cure="Reload the page")
    rows.arrange(db, viewer, ids)
    names = {one.id: one.name for one in former}
    told = {"before": [one.name for one in former], "after": [names[id] for id in ids]}
    audit.note(db, house, viewer, Act.LISTS_ARRANGED, details=told)
    _changed(db, house, viewer, *ids)


def forget(db: WriteDb, house: House, viewer: Viewer, id: WatchlistId) -> None:
    """Delete a list; what nobody holds or watches any more is no longer followed after a while."""
    viewer.must_write()
    gone, count = rows.watchlist_of(db, viewer, id), len(rows.items(db, viewer, id))
    rows.forget(db, viewer, id)
    told = {"name": gone.name, "instruments": count}
    audit.note(db, house, viewer, Act.LIST_DELETED, f"watchlist:{id}", told)
    _changed(db, house, viewer, id)


def put(
    db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, name: str, *, note: str = ""
) -> InstrumentId:
    """Watch what named() takes the name for; twice is once. Raises Misuse, NotFound."""
    viewer.must_write()
    _must_be_note(note)
    if len(rows.items(db, viewer, id)) >= MOST_ITEMS:
        raise Misuse("instrument", f"the list has {MOST_ITEMS} already", cure="Begin another list")
    found = named(db, house, viewer, name)
    rows.put_item(db, viewer, id, found, note.strip(), house.clock.now())
    _note(db, house, viewer, Act.WATCHED, found, id)
    wish(db, house, [found], session(house.clock.now() - _PAST))
    _changed(db, house, viewer, id)
    return found


def watch(
    db: WriteDb, house: House, viewer: Viewer, instrument: InstrumentId, id: WatchlistId | None = None
) -> WatchlistId:
    """Watch it on that list, else on the first, made for who has none. Which; raises Misuse, NotFound."""
    lists = rows.listed(db, viewer)
    if id is None:
        id = lists[0].id if lists else create(db, house, viewer, FIRST_LIST).id
    put(db, house, viewer, id, str(instrument))
    return id


def named(db: WriteDb, house: House, viewer: Viewer, name: str) -> InstrumentId:
    """The instrument a person means: EXCHANGE:SYMBOL, the id of one the viewer may see, or `listing:1594`, as
    search names what nobody here has met. Raises Misuse, NotFound."""
    text = name.strip()
    word, _, number = text.partition(":")
    if word == LISTING and number.isascii() and number.isdigit() and len(number) < 19:
        return pick(db, house, int(number))
    if text.isascii() and text.isdigit() and len(text) < 19:
        id = InstrumentId(int(text))
        if id not in instruments.visible(db, viewer, [id]):
            raise NotFound("instrument")
        return id
    return instrument_named(db, house, text, viewer)


def known_as(db: ReadDb, viewer: Viewer, name: str) -> InstrumentId | None:
    """What named() would find, where somebody here has met it already; nothing is made."""
    text = name.strip()
    if text.isascii() and text.isdigit() and len(text) < 19:
        id = InstrumentId(int(text))
        return id if id in instruments.visible(db, viewer, [id]) else None
    exchange, _, symbol = text.upper().partition(":")
    found = instruments.find(db, exchange, symbol, viewer=viewer)
    return None if found is None else found.id


def drop(db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, instrument: InstrumentId) -> None:
    """Off the list; raises NotFound."""
    viewer.must_write()
    rows.drop_item(db, viewer, id, instrument)
    _note(db, house, viewer, Act.UNWATCHED, instrument, id)
    _changed(db, house, viewer, id)


def move(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    id: WatchlistId,
    instrument: InstrumentId,
    to: WatchlistId,
) -> None:
    """To another of the viewer's lists, with its note; raises NotFound."""
    viewer.must_write()
    found = [one for one in rows.items(db, viewer, id) if one.instrument == instrument]
    if not found:
        raise NotFound("instrument")
    here, there = rows.watchlist_of(db, viewer, id), rows.watchlist_of(db, viewer, to)
    _note(db, house, viewer, Act.WATCH_MOVED, instrument, to, {"before": here.name, "after": there.name})
    rows.drop_item(db, viewer, id, instrument)
    rows.put_item(db, viewer, to, instrument, found[0].note, found[0].added)
    _changed(db, house, viewer, id, to)


def set_note(
    db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, instrument: InstrumentId, note: str
) -> None:
    """Raises Misuse for a note too long, NotFound."""
    viewer.must_write()
    _must_be_note(note)
    former = next((one.note for one in rows.items(db, viewer, id) if one.instrument == instrument), "")
    rows.set_note(db, viewer, id, instrument, note.strip())
    told = {"before": former, "after": note.strip()}
    _note(db, house, viewer, Act.WATCH_NOTED, instrument, id, told)
    _changed(db, house, viewer, id)


def arrange_items(
    db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, ids: Sequence[InstrumentId]
) -> None:
    """All that is on the list in this order; raises Misuse unless each is named once."""
    viewer.must_write()
    if sorted(ids) != sorted(one.instrument for one in rows.items(db, viewer, id)):
        raise Misuse("order", "must name each instrument of the list once", cure="Reload the page")
    _arranged(db, house, viewer, id, ids)
    _changed(db, house, viewer, id)


def lift(
    db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, instrument: InstrumentId, by: int
) -> None:
    """So many places up (down when negative), as far as the list goes; raises NotFound."""
    viewer.must_write()
    order = [one.instrument for one in rows.items(db, viewer, id)]
    if instrument not in order:
        raise NotFound("instrument")
    place = order.index(instrument)
    order.remove(instrument)
    order.insert(max(0, place - by), instrument)
    _arranged(db, house, viewer, id, order)
    _changed(db, house, viewer, id)


def lines(db: ReadDb, house: House, viewer: Viewer, id: WatchlistId) -> list[Line]:
    """The rows of a list with prices, ranges and sparks; four queries for any number of rows."""
    items = rows.items(db, viewer, id)
    ids = [one.instrument for one in items]
    known = instruments.visible(db, viewer, ids)
    latest, market = quotes.latest(db, ids), market_of(db, ids, ids)
    today = session(house.clock.now())
    return [
        _line(one, known[one.instrument], latest.get(one.instrument), market, today)
        for one in items
        if one.instrument in known
    ]


def _line(item: Watched, listed: Instrument, quote: Quote | None, market: Market, today: TradingDay) -> Line:
    day = today if quote is None else session(quote.as_of)
    past = market.past(listed.id, day)
    closes = [ceiling(close) for close in past.year_before(day)]
    newest = [] if quote is None else [quote.price.amount]
    run = [*closes, *newest]
    if len(run) < 2:
        return Line(item, listed, quote, None, (), None)
    low, high = min(run), max(run)
    place = (run[-1] - low) / (high - low) if high > low else Decimal(1)
    step, unit = max(1, -(-len(run) // _SPARK_POINTS)), listed.currency
    spark = tuple(run[-1::-step][::-1])
    return Line(
        item,
        listed,
        quote,
        YearRange(Price(low, unit), Price(high, unit), place),
        spark,
        day.plus_days(-YEAR_DAYS),
    )


def _must_be_note(note: str) -> None:
    if len(note) > _LONGEST_NOTE:
        raise Misuse("note", f"is longer than {_LONGEST_NOTE} letters")


def _arranged(
    db: WriteDb, house: House, viewer: Viewer, id: WatchlistId, ids: Sequence[InstrumentId]
) -> None:
    rows.arrange_items(db, viewer, id, ids)
    told = {"name": rows.watchlist_of(db, viewer, id).name, "instruments": len(ids)}
    audit.note(db, house, viewer, Act.LIST_ARRANGED, f"watchlist:{id}", told)


def _note(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    act: Act,
    instrument: InstrumentId,
    id: WatchlistId,
    told: Mapping[str, object] | None = None,
) -> None:
    """Into the activity: of which instrument, and on which list."""
    what = {"name": noted.listed(db, instrument), "watchlist": rows.watchlist_of(db, viewer, id).name}
    audit.note(db, house, viewer, act, f"instrument:{instrument}", what | dict(told or {}))


def _changed(db: WriteDb, house: House, viewer: Viewer, *ids: WatchlistId) -> None:
    events.emit(db, house.bus, events.Event("watchlists", viewer.person, ids))
