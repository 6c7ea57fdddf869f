"""What an account's broker itself says that a day's orders cost, beside what we compute for the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunefolio.core.errors import Misuse, Reauth
from tunefolio.core.identity import AccountId
from tunefolio.core.people import Viewer
from tunefolio.core.time import IST, TradingDay, calendar_date
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.charged import ChargedOrder, ChargesSource, FeeAmounts, StatedCharges
from tunefolio.ledger.kinds import Kind
from tunefolio.services import standings
from tunefolio.services.brokers import line, needs_login
from tunefolio.services.contract_notes import DayNote, Terms, note_of
from tunefolio.services.house import House
from tunefolio.trading.charges.compare import Comparison, compared, stated_lines
from tunefolio.trading.charges.deals import Deal, Segment
from tunefolio.trading.charges.lines import Charges
from tunefolio.trading.charges.orders import executed_orders, order_charges
from tunefolio.trading.charges.tariffs import tariffs
from tunefolio.trading.orders import OrderSide

_MOST = 500
TODAY_ONLY = (
    "The broker counts by its rates of today: where a rate has changed since that day, the difference shows"
)
ALONE = (
    "Each order is counted alone: the contract note rounds taxes for each scrip and takes them at the day's"
    " average price, so its lines are not these"
)
NO_DEPOSITORY = "Neither side holds the depository's charge"
SUM_ONLY = "The broker tells the sum of these orders, and no order's own charges"


@dataclass(frozen=True, slots=True)
class AskedOrder:
    """One order, or its part that settled within the day. comparison: None where the broker tells no single
    order."""

    number: str
    symbol: str
    deal: Deal
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class BrokersWord:
    """A broker's answer about one day. whole: all orders it was asked about. unknown: symbols of orders that
    it could not be asked about: they are on neither side."""

    account: Account
    day: TradingDay
    title: str
    orders: tuple[AskedOrder, ...]
    whole: Comparison
    unknown: tuple[str, ...]
    remarks: tuple[str, ...]


def can_be_asked(house: House, account: Account) -> str:
    """The title of the account's broker, where it counts charges; "" where it does not."""
    is_able = isinstance(house.brokers.get(account.broker), ChargesSource)
    return house.brokers[account.broker].title if is_able else ""


def ask(house: House, viewer: Viewer, account: AccountId, day: TradingDay, terms: Terms) -> BrokersWord:
    """One day's orders, asked of the account's broker over its living session. Writes nothing.

    Raises Forbidden for who may only look, NotFound for another's account, Misuse where there is no such
    broker or no trade to ask about; Reauth, Retry, Rejected as the broker answers. Opens its own
    transactions: the broker is asked between.
    """
    viewer.must_write()
    with house.database.reading() as db:
        note = note_of(db, viewer, account, day, terms)
        source = _source(house, note.account)
        standings.must_serve(db, house, note.account.broker)
        there = line(db, house, viewer, note.account)
    deals = _numbered(note)
    questions = {number: _question(number, deal, note) for number, deal in deals.items()}
    try:
        told = source.charges(there.api_key, there.session, list(questions.values()))
    except Reauth as problem:
        needs_login(house, viewer, account, str(problem), since=there.connected)
        raise
    today = TradingDay(calendar_date(house.clock.now(), IST))
    return _word(note, there.broker.title, deals, told, today)


def _source(house: House, account: Account) -> ChargesSource:
    broker = house.brokers.get(account.broker)
    if isinstance(broker, ChargesSource):
        return broker
    known = [one.title for one in house.brokers.values() if isinstance(one, ChargesSource)]
    cure = f"These do: {', '.join(sorted(known))}" if known else "No broker of this house does"
    raise Misuse("account", f"{account.name} has no broker that counts charges", cure=cure)


def _numbered(note: DayNote) -> Mapping[str, Deal]:
    """The day's orders by a number of our own: the broker's is not always known, and one may be asked in two
    parts."""
    orders = executed_orders(note.note.deals) if note.note is not None else ()
    if not orders:
        raise Misuse("day", f"{note.day} has no order that a broker could count", cure="Choose another day")
    if len(orders) > _MOST:
        raise Misuse("day", f"has more than {_MOST} orders", cure="Ask the broker's contract note")
    return {f"{place}": deal for place, deal in enumerate(orders, 1)}


def _question(number: str, deal: Deal, note: DayNote) -> ChargedOrder:
    kind = Kind.BUY if deal.side is OrderSide.BUY else Kind.SELL
    listing = note.listings[deal.exchange, deal.scrip]
    return ChargedOrder(number, listing, kind, deal.quantity, deal.price, deal.segment is Segment.INTRADAY)


def _word(
    note: DayNote, title: str, deals: Mapping[str, Deal], told: StatedCharges, today: TradingDay
) -> BrokersWord:
    asked = {number: deal for number, deal in deals.items() if number not in told.unknown}
    ours = {number: order_charges(deal, tariffs()) for number, deal in asked.items()}
    orders = tuple(
        AskedOrder(
            deal.order,
            note.names.get(deal.scrip, deal.scrip),
            deal,
            _beside(ours[number], told.each.get(number)),
        )
        for number, deal in asked.items()
    )
    unknown = [note.names.get(deals[number].scrip, deals[number].scrip) for number in sorted(told.unknown)]
    whole = compared(list(ours.values()), stated_lines(told.whole))
    remarks = [ALONE, NO_DEPOSITORY]
    remarks += [TODAY_ONLY] if note.day != today else []
    remarks += [SUM_ONLY] if asked and not told.each else []
    return BrokersWord(
        note.account, note.day, title, orders, whole, tuple(dict.fromkeys(unknown)), tuple(remarks)
    )


def _beside(ours: Charges, theirs: FeeAmounts | None) -> Comparison | None:
    return None if theirs is None else compared(ours, stated_lines(theirs))
