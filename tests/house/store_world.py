"""Two people and a house full of the first one's rows: what the test of viewer clauses looks at.

Everything that is Asha's carries MARK, and her rows have ids that nobody else's can have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select, text, update

from tests.house import store_factors, store_leaving, store_taxes, store_tokens
from tunefolio.core.alerts import AlertKind, Manner, Standing, Wake
from tunefolio.core.identity import AccountId, ImportId, InstrumentId, TransactionId
from tunefolio.core.money import INR, Money, Price
from tunefolio.core.notice import ChannelKind, DeliveryId, Notice, Urgency
from tunefolio.core.people import Caretaker, Role, Viewer
from tunefolio.core.sharing import Amounts
from tunefolio.core.time import Instant, TradingDay
from tunefolio.ledger.accounts import AccountKind, Book
from tunefolio.ledger.cashflows import DayRow
from tunefolio.ledger.kinds import Kind
from tunefolio.ledger.lots import Method
from tunefolio.ledger.statements import Holding, Statement
from tunefolio.ledger.transactions import Fact, trade
from tunefolio.market.accruals import AccrualTerms, RateRow
from tunefolio.market.actions import Action, ActionId, ActionKind, Terms
from tunefolio.market.instruments import AssetClass, InstrumentClaim, Listing
from tunefolio.market.sessions import Override, OverrideKind, SessionKind
from tunefolio.store import (
    accounts,
    actions,
    alerts,
    audit,
    broker_apps,
    calendars,
    channels,
    connections,
    days,
    grants,
    imports,
    instruments,
    invites,
    jobs,
    login_states,
    mappings,
    notices,
    own_instruments,
    persons,
    portfolios,
    proofs,
    sectors,
    sessions,
    shared_links,
    snapshots,
    standings,
    statements,
    targets,
    transactions,
    unread_rows,
    watchlists,
)
from tunefolio.store.admin import AccountFilter, JobFilter
from tunefolio.store.alerts import Judged, Seen, Subject
from tunefolio.store.audit import AuditFilter, Place
from tunefolio.store.connections import ConnectionState
from tunefolio.store.days import DayState
from tunefolio.store.db import WriteDb
from tunefolio.store.notices import DeliveryState, Draft
from tunefolio.store.snapshots import SnapshotFilter, SnapshotLine, SnapshotType
from tunefolio.store.tables import OWNED
from tunefolio.store.tables import accounts as table_of_accounts
from tunefolio.store.tables import persons as people
from tunefolio.store.transactions import Entry, TransactionFilter

MARK = "asha"
FIRST_ID = 7_000_000
NOW = Instant(datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
SOON = NOW + timedelta(hours=1)
DAY = TradingDay.parse("2026-11-20")
INFY = InstrumentClaim(Listing("NSE", "INFY"))
MINE = Money.of("1500", INR)
PRICE = Price.of("150")
CLOSURE = Override("NSE", DAY, OverrideKind.CLOSED, SessionKind.SPECIAL, (), "said")
EARNS = AccrualTerms((RateRow(Decimal("0.071")),))


@dataclass(frozen=True)
class World:
    """values: by the name of a type, or of a parameter, or by module.function.parameter, which goes first."""

    asha: Viewer
    bela: Viewer
    values: Mapping[str, Any]


def fill(db: WriteDb) -> World:
    """Every owned table gets a row of Asha's, with ids of her own; Bela has none. SQLite only."""
    bela = persons.add(db, "bela@example.org", "bela", "hash", Role.ADMIN, NOW).viewer
    for place, table in enumerate(sorted(table.name for table in OWNED)):
        values = {"name": table, "id": FIRST_ID + 1_000 * place}
        db.connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        db.connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :id)"), values)
    asha, values = full_books(db, MARK)
    return World(
        asha, bela, store_factors.SAMPLES | store_taxes.SAMPLES | store_tokens.SAMPLES | _samples() | values
    )


def full_books(db: WriteDb, name: str) -> tuple[Viewer, dict[str, Any]]:
    """A new person with a row in every owned table, and their ids by type; all texts hold the name."""
    viewer = persons.add(db, f"{name}@example.org", name, "hash", Role.ADMIN, NOW).viewer
    return viewer, _belongings(db, viewer, name)


def _belongings(db: WriteDb, viewer: Viewer, name: str) -> dict[str, Any]:
    infy = instruments.resolve(db, [INFY], NOW)[INFY]
    session = sessions.add(db, viewer, f"{name}-token", name, name, NOW, SOON)
    portfolio = portfolios.add(db, viewer, name, INR, NOW).id
    account = accounts.add(db, viewer, portfolio, name, AccountKind.BROKER, INR, NOW, "zerodha", name).id
    sectors.set_override(db, viewer, infy, name, name, NOW)
    calendars.put(db, viewer, CLOSURE, NOW)
    imports.keep(db, viewer, name, f"{name}-sha", name.encode(), NOW)
    connections.put(db, viewer, account, "zerodha", name, _seal(name), expires=SOON, now=NOW)
    connections.set_problem(db, viewer, account, name, NOW)
    connections.keep_credentials(db, viewer, account, _seal(name), automatic_since=NOW)
    unread_rows.replace(db, viewer, account, [("holdings[1]", name, name)], NOW)
    mappings.put(db, viewer, f"{name}-shape", name, {"columns": {"day": ["Date"]}}, NOW)
    broker_apps.put(db, viewer, "zerodha", name, _seal(name), NOW)
    login_states.add(db, viewer, session, "zerodha", f"{name}-state", portfolio, NOW, SOON)
    snapshot = snapshots.put(db, viewer, account, SnapshotType.EOD, DAY, NOW, [_line(infy)])
    snapshots.put(db, viewer, account, SnapshotType.MANUAL, DAY, NOW, [_line(infy)])
    file = imports.add(db, viewer, account, name, f"{name}-sha", "csv", NOW, refused=1)
    fact = _fact_of(db, viewer, name, account, file, infy)
    action = _decided(db, viewer, account, infy)
    own = own_instruments.add(db, viewer, name, name, AssetClass.FIXED, INR, NOW, EARNS)
    days.replace(db, viewer, account, 0, infy, [_day_row(account, infy)], None)
    days.put_state(db, viewer, DayState(account, fact, 1, NOW, name))
    targets.put(db, viewer, portfolio, name, {name: Decimal("0.5")})
    told = _told(db, viewer, name, infy)
    told |= store_taxes.taxed(db, viewer, name, account, fact, infy, NOW)
    told |= store_factors.proving(db, viewer, name)
    told |= store_tokens.given(db, viewer, name, session, NOW)
    told |= store_leaving.taken_along(db, viewer, name)
    proofs.put(db, viewer, session, NOW)
    noted = audit.add(db, viewer, "sign_in.done", name, {"of": name}, place=Place(name, name), now=NOW)
    friend = persons.add(db, f"{name}-friend@example.org", f"{name}-friend", "hash", Role.MEMBER, NOW)
    other = persons.add(db, f"{name}-other@example.org", f"{name}-other", "hash", Role.MEMBER, NOW)
    given = grants.add(db, viewer, friend.id, None, None, NOW)
    public = shared_links.add(
        db, viewer, portfolio, name, Amounts.HIDDEN, f"{name}-public", until=None, now=NOW
    )
    return told | {
        "AuditId": noted,
        "GrantId": given.id,
        "SharedLinkId": public.id,
        "grants.add.grantee": other.id,
        "grants.add.portfolio": None,
        "ActionId": action,
        "own_instruments.set_terms.instrument": own,
        "own_instruments.accruals.ids": [own],
        "instruments.visible.ids": [own],
        "DayState": DayState(account, fact, 2, NOW),
        "days.replace.rows": [_day_row(account, infy)] * 2,
        "days.replace_many.lines": {infy: [_day_row(account, infy)] * 2},
        "dimension": name,
        "shape": f"{name}-shape",
        "mappings.put.title": "new title",
        "mappings.put.columns": {"columns": {"day": ["When"]}},
        "transactions.of_instruments.instruments": [infy],
        "transactions.find_by_key.key": f"{name}-1",
        "transactions.tag_many.ids": [fact],
        "transactions.untag_many.ids": [fact],
        "InstrumentId": infy,
        "SessionId": session,
        "PortfolioId": portfolio,
        "numbers": [portfolio],
        "AccountId": account,
        "ImportId": file,
        "TransactionId": fact,
        "StatementId": statements.keep(db, viewer, account, _statement(name), {INFY: infy}),
        "SnapshotId": snapshot,
        "JobId": jobs.add(db, viewer.person, "sync", {"of": name}, now=NOW)[0],
        "InviteId": invites.add(db, viewer, f"{name}-code", name, Role.MEMBER, NOW, SOON),
        "PersonId": viewer.person,
        "TransactionFilter": TransactionFilter(portfolio=portfolio, tag=name, text=name),
        "SnapshotFilter": SnapshotFilter(portfolio=portfolio),
        "accounts": [account],
        "transactions.reverse.ids": [fact],
        "book_rows.keys.ids": [fact],
        "statements.keep.ids": {INFY: infy},
        "lines": [_line(infy)],
    }


def _told(db: WriteDb, viewer: Viewer, name: str, infy: InstrumentId) -> dict[str, Any]:
    """Two watchlists, an alert with its notice, two channels, one delivery on its way."""
    claims = [InstrumentClaim(Listing("NSE", symbol)) for symbol in ("TCS", "WIPRO")]
    tcs, wipro = instruments.resolve(db, claims, NOW).values()
    lists = [watchlists.add(db, viewer, f"{name} {place}", NOW).id for place in (1, 2)]
    for one in (infy, tcs):
        watchlists.put_item(db, viewer, lists[0], one, name, NOW)
    terms = {"level": "1500", "direction": "up"}
    alert = alerts.add(
        db, viewer, AlertKind.PRICE, Subject(infy), terms, manner=Manner(), note=name, basis=DAY, now=NOW
    )
    notice = Notice(viewer.person, Urgency.INFO, name, name, NOW, key=f"{name}-event")
    ((told, _),) = notices.put(db, Caretaker("test"), [Draft(notice, "price", alert)])
    ways = [channels.add(db, viewer, kind, name, _seal(name), now=NOW) for kind in ChannelKind]
    channels.set_code(db, viewer, ways[0], f"{name}-code", SOON)
    queued = notices.queue(db, Caretaker("test"), [(viewer.person, told, ways[0])], NOW)
    delivery: DeliveryId = queued[viewer.person][0]
    judged = Judged(
        alerts.alert_of(db, viewer, alert), Standing(), Seen(Decimal(9), NOW), Wake(), None, DAY, name
    )
    return {
        "WatchlistId": lists[0],
        "watchlists.arrange.ids": lists[::-1],
        "watchlists.arrange_items.instruments": [tcs, infy],
        "watchlists.put_item.instrument": wipro,
        "AlertId": alert,
        "Judged": judged,
        "NoticeId": told,
        "ChannelId": ways[0],
        "DeliveryId": delivery,
        "notices.add_delivery.channel": ways[1],
        "notices.deliveries_of.ids": [delivery],
        "notices.deliveries_by_notice.ids": [told],
    }


def _decided(db: WriteDb, viewer: Viewer, account: AccountId, instrument: InstrumentId) -> ActionId:
    split = Terms(ActionKind.SPLIT, Decimal(2), Decimal(1))
    actions.put(db, [Action(instrument, DAY, split, "file", "file:NSE:INFY:split")], NOW)
    (found,) = actions.of_instruments(db, [instrument])
    actions.decide(db, viewer, found.id, account, "applied", NOW)
    return found.id


def _day_row(account: AccountId, instrument: InstrumentId) -> DayRow:
    return DayRow(account, instrument, INR, DAY, units=Decimal(10))


def _fact_of(
    db: WriteDb, viewer: Viewer, name: str, account: AccountId, file: ImportId, instrument: InstrumentId
) -> TransactionId:
    """A deposit and a purchase; the deposit is the tagged one."""
    bought = trade(Kind.BUY, DAY, instrument, Decimal(10), PRICE)
    facts = [Entry(Fact(Kind.DEPOSIT, DAY, MINE, note=name), f"{name}-1"), Entry(bought, f"{name}-2")]
    added = transactions.append(db, viewer, account, Book.LIVE, facts, source=name, now=NOW, import_id=file)
    transactions.tag(db, viewer, added.ids[0], name)
    return added.ids[0]


def _seal(name: str) -> Callable[[int], bytes]:
    return lambda row: f"{name} {row}".encode()


def _line(instrument: InstrumentId) -> SnapshotLine:
    return SnapshotLine(instrument, Decimal(10), MINE, PRICE, MINE, NOW)


def _statement(name: str) -> Statement:
    holding = Holding(INFY, Decimal(10), Decimal(0), PRICE, PRICE, PRICE, MINE)
    return Statement("zerodha", name, NOW, (holding,), MINE)


def _samples() -> dict[str, Any]:
    """Arguments that are nobody's; texts are new, so that they are taken by nothing."""
    words = (
        "name",
        "filename",
        "device",
        "address",
        "sector",
        "industry",
        "source",
        "kind",
        "problem",
        "hash",
    )
    return {word: f"new {word}" for word in words} | {
        "audit.add.action": "sign_in.done",
        "audit.add.subject": "new",
        "audit.add.details": {"of": "new"},
        "noun": "portfolio",
        "corrections.listed.text": "INF",
        "corrections.put.reason": "new",
        "standings.put.reason": "new",
        "corrected": False,
        "Place": Place("new", "new"),
        "AuditFilter": AuditFilter(),
        "AccountFilter": AccountFilter(),
        "JobFilter": JobFilter(),
        "Standing": standings.Standing.STOPPED,
        "admin.names.ids": [],
        "corrections.put.name": "new",
        "alerts.add.kind": AlertKind.PRICE,
        "alerts.of_kinds.kinds": {AlertKind.PRICE},
        "Subject": Subject(),
        "Manner": Manner(),
        "parameters": {"level": "9"},
        "note": "new note",
        "hint": "new hint",
        "channels.add.kind": ChannelKind.EMAIL,
        "channels.set_code.until": SOON,
        "channels.mute.kinds": ["price"],
        "DeliveryState": DeliveryState.SENT,
        "accounts.add.kind": AccountKind.MANUAL,
        "accounts.add.broker": "",
        "accounts.add.broker_user": "",
        "transactions.tag.name": "new",
        "transactions.tag_many.name": "new",
        "transactions.untag_many.name": MARK,
        "transactions.changed_since.newest": 0,
        "tag": 0,
        "symbol": "NEW",
        "exchange": "OWN",
        "calendars.end.exchange": "NSE",
        "days.replace.since": DAY,
        "days.replace_many.since": DAY,
        "days.clear.tag": None,
        "jobs.page_all.state": None,
        "jobs.page_all.kind": "",
        "jobs.counts_since.since": NOW,
        "jobs.newest_of_house.kinds": ["sync"],
        "decision": "declined",
        "Method": Method.HIFO,
        "AssetClass": AssetClass.FIXED,
        "Override": CLOSURE,
        "AccrualTerms": AccrualTerms((RateRow(Decimal("0.08")),)),
        "weights": {"new": Decimal("0.25")},
        "transactions.untag.name": MARK,
        "email": "new@example.org",
        "broker": "zerodha",
        "broker_user": MARK,
        "api_key": "new key",
        "automatic_since": SOON,
        "unread_rows.replace.rows": [("holdings[2]", "NEW", "new")],
        "unread_rows.replace.now": SOON,
        "format": "csv",
        "sha256": f"{MARK}-sha",
        "token_hash": "new token",
        "code_hash": "new code",
        "login_states.add.state_hash": "new state",
        "state_hash": f"{MARK}-state",
        "currency": INR,
        "content": b"new",
        "seal": _seal("new"),
        "preferences": {"theme": "dark"},
        "now": NOW,
        "sessions.touch.now": SOON,
        "proofs.put.now": SOON,
        "since": DAY.plus_days(-9),
        "expires": SOON,
        "limit": 50,
        "before": None,
        "after": None,
        "but": None,
        "until": None,
        "added": 1,
        "repeated": 1,
        "refused": 1,
        "snapshots.find.type": SnapshotType.EOD,
        "SnapshotType": SnapshotType.MANUAL,
        "TradingDay": DAY,
        "Book": Book.LIVE,
        "Role": Role.MEMBER,
        "Amounts": Amounts.HIDDEN,
        "shared_links.add.portfolio": 1,
        "title": "new title",
        "ConnectionState": ConnectionState.NEEDS_LOGIN,
        "entries": [Entry(Fact(Kind.DEPOSIT, DAY, MINE), "new")],
        "Statement": _statement("new"),
    }


def _second_portfolio(db: WriteDb, world: World) -> None:
    other = portfolios.add(db, world.asha, "other", INR, NOW)
    db.execute(update(table_of_accounts).values(portfolio_id=other.id))


BEFORE: Mapping[str, Callable[[WriteDb, World], None]] = {
    "portfolios.restore": lambda db, w: portfolios.archive(db, w.asha, w.values["PortfolioId"], NOW),
    "accounts.restore": lambda db, w: accounts.archive(db, w.asha, w.values["AccountId"], NOW),
    "accounts.move": _second_portfolio,
}
"""What must have happened before a call can change anything."""


def belongings(connection: Connection, viewer: Viewer) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the person's, by table; persons' own row too."""
    mine = {"persons": list(connection.execute(select(people).where(people.c.id == viewer.person)))}
    for table in OWNED:
        mine[table.name] = list(connection.execute(select(table).where(table.c.owner_id == viewer.person)))
    return {name: sorted(map(tuple, rows), key=repr) for name, rows in mine.items()}
