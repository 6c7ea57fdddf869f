"""Contract notes of recorded trades: what the tariffs say of an account's day, beside what the books carry.

Nothing is written: charges that a tradebook does not tell are computed and shown, the books stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tunefolio.core.errors import Misuse
from tunefolio.core.identity import AccountId, InstrumentId
from tunefolio.core.missing import Missing
from tunefolio.core.money import INR, Money, total
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay
from tunefolio.ledger.accounts import Account
from tunefolio.ledger.charged import FeeAmounts, added
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import Instrument, Listing
from tunefolio.services import funds
from tunefolio.services.charges import broker_of
from tunefolio.services.dealt import NO_BROKER_KNOWN, LeftOut, dealt
from tunefolio.store import accounts, instruments, transactions
from tunefolio.store.db import ReadDb
from tunefolio.store.transactions import TransactionFilter
from tunefolio.trading.charges.compare import (
    Compared,
    Comparison,
    charged_beside,
    rounded_beside,
    stated_lines,
)
from tunefolio.trading.charges.deals import NO_BROKER, Deal
from tunefolio.trading.charges.lines import Charges
from tunefolio.trading.charges.notes import Note, note
from tunefolio.trading.charges.tariffs import tariffs

TRADES = frozenset({Kind.BUY, Kind.SELL, Kind.SHORT, Kind.COVER, Kind.EXERCISE, Kind.ASSIGNMENT})
"""What a broker charges. All else (openings, corporate actions, transfers) stands on no contract note."""
_FUNDS = "MF"
"""Units of mutual funds are bought from the fund: on no contract note."""
_LAST = TradingDay.parse("9000-01-01")
"""Days go no further than a calendar does; nobody has traded then."""
_MOST_TRADES = 2_000
_SCAN = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which tariff an account trades: as typed, else by the account's own broker.

    group: the scrip group that trades at BSE are taken to be in; "" leaves them out.
    """

    broker: str = ""
    plan: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the books carry as charges of a day's trades. without: how many trades carry none. parts: what
    they are made of; None where a trade's charges are one sum."""

    fees: Money
    trades: int
    without: int
    parts: FeeAmounts | None = None


@dataclass(frozen=True, slots=True)
class DayNote:
    """One account's day.

    note: None where no trade has a tariff. left_out: those that have none, each with its reason.
    remarks: what was assumed. names: symbols by the key that parts of the note are named with. listings: by
    exchange and that key.
    """

    account: Account
    day: TradingDay
    broker: str
    plan: str
    note: Note | None
    left_out: tuple[LeftOut, ...]
    recorded: Recorded
    remarks: tuple[str, ...]
    names: Mapping[str, str]
    listings: Mapping[tuple[str, str], Listing]

    @property
    def charges(self) -> Charges | None:
        return None if self.note is None else self.note.charges

    @property
    def intraday(self) -> tuple[tuple[str, Decimal], ...]:
        """Shares bought and sold within the day, by symbol."""
        matched = () if self.note is None else self.note.intraday
        return tuple((self.names.get(key, key), units) for key, units in matched)

    @property
    def total(self) -> Money | Missing:
        """Of the whole day; missing when a trade is left out or a line is missing."""
        if self.left_out or self.note is None:
            count = len(self.left_out)
            trades = "1 trade has" if count == 1 else f"{count} trades have"
            return Missing(f"{trades} no tariff", self.left_out[0].cure if self.left_out else "")
        return self.note.charges.total

    @property
    def comparison(self) -> Compared:
        """The contract note's sum beside the books' fees; no figure of theirs where a trade carries none."""
        told = self.recorded
        stated = told.fees.amount if told.trades and not told.without else None
        if self.note is None or self.left_out:
            hole = self.total
            return Compared("Total", hole if isinstance(hole, Missing) else hole.amount, stated)
        row = rounded_beside(self.note.charges, stated or Decimal(0))
        return row if stated is not None else Compared(row.title, row.computed, None)

    @property
    def stated(self) -> Comparison | None:
        """Line by line beside what the broker has charged, where all trades say what their charges are made
        of; None else."""
        parts = self.recorded.parts
        if parts is None or self.note is None or self.left_out:
            return None
        return charged_beside(self.note.charges, stated_lines(parts))


def note_of(db: ReadDb, viewer: Viewer, account: AccountId, day: TradingDay, terms: Terms) -> DayNote:
    """The note of one day; raises NotFound for another's account, Misuse for an unknown broker or plan and a
    day without trades."""
    home = accounts.account_of(db, viewer, account)
    if day > _LAST:
        raise Misuse("day", f"{home.name} has no trade on {day}", cure="Choose a day of the list")
    wanted = TransactionFilter(account=account, kinds=TRADES, since=day, until=day.plus_days(1))
    facts = transactions.page(db, viewer, filter=wanted, before=None, limit=_MOST_TRADES + 1)
    if len(facts) > _MOST_TRADES:
        raise Misuse("day", f"has more than {_MOST_TRADES} trades", cure="Ask the broker's contract note")
    found = _noted(db, home, facts, terms)
    if not found:
        raise Misuse("day", f"{home.name} has no trade on {day}", cure="Choose a day of the list")
    return found[0]


def recent(
    db: ReadDb, viewer: Viewer, account: AccountId, *, until: TradingDay | None, terms: Terms
) -> tuple[list[DayNote], TradingDay | None]:
    """The newest days with trades before `until`, newest first, and where the next page begins.

    Reads at most a thousand trades; a day is whole or on the next page.
    """
    home = accounts.account_of(db, viewer, account)
    wanted = TransactionFilter(account=account, kinds=TRADES, until=until)
    facts = transactions.page(db, viewer, filter=wanted, before=None, limit=_SCAN + 1)
    if len(facts) <= _SCAN:
        return _noted(db, home, facts, terms), None
    last = facts[-1].fact.day
    whole = [one for one in facts if one.fact.day > last]
    if not whole:
        raise Misuse("day", f"{last} has more than {_SCAN} trades", cure="Choose a day before it")
    return _noted(db, home, whole, terms), last.plus_days(1)


def _noted(db: ReadDb, home: Account, facts: Sequence[Transaction], terms: Terms) -> list[DayNote]:
    book = tariffs()
    plan = book.plan(broker_of(terms.broker or _known(home.broker)), terms.plan)
    ids = {fact.fact.instrument for fact in facts if fact.fact.instrument is not None}
    known = {id: one for id, one in instruments.of_ids(db, ids).items() if one.exchange != _FUNDS}
    days: dict[TradingDay, list[Transaction]] = {}
    for fact in facts:
        if fact.fact.instrument in known:
            days.setdefault(fact.fact.day, []).append(fact)
    rules = Terms(plan.broker, plan.name, terms.group.strip().upper())
    words = funds.words_of(db, known)
    return [_day(home, day, days[day][::-1], known, rules, words) for day in sorted(days, reverse=True)]


def _known(broker: str) -> str:
    """The account's broker where we have its tariff; "" for others: nothing is charged in their name."""
    name = broker_of(broker)
    return name if name in tariffs().brokers else ""


def _day(
    home: Account,
    day: TradingDay,
    facts: Sequence[Transaction],
    known: Mapping[InstrumentId, Instrument],
    terms: Terms,
    categories: Mapping[InstrumentId, str],
) -> DayNote:
    deals: list[Deal] = []
    left: list[LeftOut] = []
    remarks = {NO_BROKER_KNOWN: None} if terms.broker == NO_BROKER else {}
    for fact in facts:
        words = "" if fact.fact.instrument is None else categories.get(fact.fact.instrument, "")
        told = dealt(
            fact, known, broker=terms.broker, plan=terms.plan, group=terms.group, category=words
        )  # fmt: skip
        remarks |= dict.fromkeys(told.remarks)
        if told.left_out is not None:
            left.append(told.left_out)
        elif told.deal is not None:
            deals.append(told.deal)
    chargeable, refused = _with_tariff(deals)
    found = note(chargeable, tariffs()) if chargeable else None
    names = {one.economic_key: one.symbol for one in known.values()}
    listings = {(one.exchange, one.economic_key): one.listing for one in known.values()}
    return DayNote(
        home, day, terms.broker, terms.plan, found, (*left, *refused), _recorded(facts), tuple(remarks),
        names, listings,
    )  # fmt: skip


def _with_tariff(deals: Iterable[Deal]) -> tuple[list[Deal], list[LeftOut]]:
    """Deals that a tariff is made for, and the others with what refused them."""
    good: list[Deal] = []
    refused: list[LeftOut] = []
    for deal in deals:
        try:
            tariffs().of(deal)
        except Misuse as wrong:
            refused.append(LeftOut(deal.scrip, f"{wrong.field}: {wrong.problem}", wrong.cure))
        else:
            good.append(deal)
    return good, refused


def _recorded(facts: Sequence[Transaction]) -> Recorded:
    fees = [fact.fact.fees for fact in facts if fact.fact.fees is not None]
    rupees = total((fee for fee in fees if fee.currency == INR), INR)
    parts = None
    if facts and all(fact.fact.parts for fact in facts):
        parts = added([{part.name: part.amount for part in fact.fact.parts} for fact in facts])
    return Recorded(rupees, len(facts), len(facts) - len(fees), parts)
