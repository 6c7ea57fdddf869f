"""Files into facts: a dry run, one commit, one undo. The same file twice changes nothing.

Rows are told apart by source key (trade id, else file hash and row), never by looking alike: two identical
fills are real. What a row may not do is said beside it, and the others go in (services.plans has the steps).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tunefolio.core.errors import Misuse, NotFound
from tunefolio.core.identity import AccountId, ImportId
from tunefolio.core.people import Viewer
from tunefolio.core.time import TradingDay, calendar_date
from tunefolio.ledger.accounts import Account, Book
from tunefolio.ledger.files import FORMATS, FileFormat, ParsedFile, Progress
from tunefolio.ledger.positions import in_force
from tunefolio.ledger.transactions import Transaction
from tunefolio.market.instruments import InstrumentClaim
from tunefolio.services.changes import changed
from tunefolio.services.groups import group_of, imagined_all
from tunefolio.services.house import House
from tunefolio.services.instruments import resolved
from tunefolio.services.plans import Plan, Preview, PreviewRow, planned
from tunefolio.services.record import must_hold_without, writable
from tunefolio.store import imports, transactions
from tunefolio.store.db import WriteDb
from tunefolio.store.imports import Import

SOURCE = "import"
_SAMPLE = 25
_CHUNK = 1_000
_GLANCE_BYTES = 1_000


def preview(
    db: WriteDb, house: House, viewer: Viewer, account: AccountId, filename: str, content: bytes
) -> Preview:
    """What committing this file now would do. Only the upload is kept, so that it need not come twice.

    Raises Misuse for a file that is too large, of no known format, or damaged.
    """
    home = writable(db, viewer, account)
    sha256 = _keep(db, house, viewer, filename, content)
    parsed = _parsed(filename, content, sha256)
    with _rolled_back(db):
        return _shown(home, filename, sha256, parsed, _plan(db, house, viewer, home, parsed))


def commit(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    sha256: str,
    progress: Progress | None = None,
) -> Import:
    """Record a file kept by `preview`, in the caller's transaction: whole or not at all.

    Steps: 1 plan as the dry run did, on the books of now; 2 take back the openings that the history explains
    and record what is left of them; 3 append the fresh rows under one import; 4 tell. Raises NotFound when
    the upload has been forgotten.
    """
    home = writable(db, viewer, account)
    kept = imports.find(db, viewer, sha256)
    if kept is None:
        raise NotFound("upload")
    parsed = _parsed(kept.filename, kept.content, sha256)
    plan = _plan(db, house, viewer, home, parsed)
    now = house.clock.now()
    fresh = plan.fresh
    import_id = imports.add(
        db,
        viewer,
        home.id,
        kept.filename,
        sha256,
        parsed.format,
        now,
        added=len(fresh),
        repeated=plan.repeated,
        refused=plan.refused,
    )
    superseded = [opening.id for opening in plan.superseded]
    transactions.reverse(db, viewer, superseded, source=_by(import_id), now=now)
    rests = [transactions.Entry(rest, f"{_rest_of(import_id)}:{rest.instrument}") for rest in plan.reduced]
    transactions.append(db, viewer, home.id, Book.LIVE, rests, source=_rest_of(import_id), now=now)
    entries = [transactions.Entry(row.fact, row.parsed.source_key) for row in fresh]
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        transactions.append(
            db, viewer, home.id, Book.LIVE, chunk, source=SOURCE, now=now, import_id=import_id
        )
        if progress is not None:
            progress(min(start + _CHUNK, len(entries)), len(entries))
    if entries:
        days = [*(entry.fact.day for entry in entries), *(o.fact.day for o in plan.superseded)]
        told = [*(entry.fact for entry in entries), *plan.reduced]
        changed(db, house, viewer, home.id, min(days), fresh=told)
    return imports.import_of(db, viewer, import_id)


def import_file(
    db: WriteDb,
    house: House,
    viewer: Viewer,
    account: AccountId,
    filename: str,
    content: bytes,
    progress: Progress | None = None,
) -> Import:
    """Keep and commit a file in one go, as the command line does."""
    writable(db, viewer, account)
    return commit(db, house, viewer, account, _keep(db, house, viewer, filename, content), progress)


def undo(db: WriteDb, house: House, viewer: Viewer, import_id: ImportId) -> int:
    """Take back exactly the facts of one import; how many. The openings it replaced stand again.

    Raises Misuse naming the later sales that stand on its units, or when it is undone already. A fact of the
    import that was corrected since is the person's own and stays.
    """
    viewer.must_write()
    done = imports.import_of(db, viewer, import_id)
    if done.undone is not None:
        raise Misuse("import", "is already undone")
    home = writable(db, viewer, done.account)
    history = list(transactions.of_account(db, viewer, home.id))
    gone = in_force(transactions.of_import(db, viewer, import_id))
    gone += [fact for fact in in_force(history) if fact.source == _rest_of(import_id)]
    back = _superseded_by(import_id, history)
    must_hold_without(db, viewer, gone, imagined_all((home, o.fact, o.source_key) for o in back))
    now = house.clock.now()
    taken_back = transactions.reverse(db, viewer, [fact.id for fact in gone], source=_by(import_id), now=now)
    for source in sorted({opening.source for opening in back}):
        entries = [transactions.Entry(o.fact, o.source_key) for o in back if o.source == source]
        transactions.append(db, viewer, home.id, Book.LIVE, entries, source=source, now=now)
    imports.mark_undone(db, viewer, import_id, now)
    days = [fact.fact.day for fact in [*gone, *back]]
    facts = [fact.fact for fact in back]
    changed(
        db, house, viewer, home.id, min(days, default=None), fresh=facts, gone=[fact.fact for fact in gone]
    )
    return taken_back


def _plan(db: WriteDb, house: House, viewer: Viewer, home: Account, parsed: ParsedFile) -> Plan:
    claims = list(dict.fromkeys(row.instrument for row in parsed.rows))
    days: dict[InstrumentClaim, TradingDay] = {}
    for row in parsed.rows:
        days[row.instrument] = min(row.day, days.get(row.instrument, row.day))
    ids = resolved(db, house, claims, days=days)
    history = in_force(transactions.of_account(db, viewer, home.id))
    plan = planned(home, parsed, ids, history, TradingDay(calendar_date(house.clock.now())))
    _must_hold(db, viewer, home, plan)
    return plan


def _must_hold(db: WriteDb, viewer: Viewer, home: Account, plan: Plan) -> None:
    """What the plan would leave, folded with every account it touches."""
    facts = [row.fact for row in plan.fresh] + list(plan.reduced)
    keys = [row.parsed.source_key for row in plan.fresh] + [""] * len(plan.reduced)
    more = imagined_all((home, fact, key) for fact, key in zip(facts, keys, strict=True))
    group = group_of(db, viewer, [*facts, *(opening.fact for opening in plan.superseded)])
    group.without({opening.id for opening in plan.superseded}).with_facts(more).must_hold()


def _keep(db: WriteDb, house: House, viewer: Viewer, filename: str, content: bytes) -> str:
    limit = house.rules.upload_limit_bytes
    if len(content) > limit:
        size = len(content) / 1_048_576
        raise Misuse(
            "file", f"has {size:.1f} MiB; at most {limit / 1_048_576:g} are read", cure="Split it by year"
        )
    if not content:
        raise Misuse("file", "is empty", cure="Download it again")
    sha256 = hashlib.sha256(content).hexdigest()
    imports.keep(db, viewer, _plain_name(filename), sha256, content, house.clock.now())
    return sha256


def _parsed(filename: str, content: bytes, sha256: str) -> ParsedFile:
    parsed = format_of(filename, content).parse(content, sha256)
    if not parsed.rows and not parsed.problems:
        raise Misuse("file", "has no rows below its header", cure="Download it for another period")
    return parsed


def format_of(filename: str, content: bytes) -> FileFormat:
    """The first known format that recognises the file; raises Misuse naming what is read."""
    for _, known in FORMATS:
        if known.recognises(filename, content):
            return known
    titles = "; ".join(known.title for _, known in FORMATS) or "none"
    problem = f"{_plain_name(filename)} is of no known format ({_beginning(content)})"
    raise Misuse("file", problem, cure=f"Known: {titles}")


def _beginning(content: bytes) -> str:
    """What a file begins with, so that its owner sees what the header is taken for."""
    text = content[:_GLANCE_BYTES].decode("utf-8-sig", "replace")
    if "\x00" in text or "\ufffd" in text.rstrip("\ufffd"):
        return "it is neither text nor a spreadsheet"
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    plain = "".join(c for c in first if c.isprintable())[:80]
    return f"its first line is {plain!r}" if plain else "it has no text"


@contextmanager
def _rolled_back(db: WriteDb) -> Iterator[None]:
    """Whatever is written inside is undone at its end, the caller's transaction goes on."""
    trial = db.connection.begin_nested()
    try:
        yield
    finally:
        trial.rollback()


def _superseded_by(import_id: ImportId, history: Sequence[Transaction]) -> list[Transaction]:
    by_id = {fact.id: fact for fact in history}
    return [
        by_id[fact.reverses]
        for fact in history
        if fact.reverses is not None
        and fact.source == _by(import_id)
        and by_id[fact.reverses].source != SOURCE
    ]


def _shown(home: Account, filename: str, sha256: str, parsed: ParsedFile, plan: Plan) -> Preview:
    sample = tuple(
        PreviewRow(
            row.parsed.row,
            row.parsed.kind,
            row.parsed.day,
            row.parsed.instrument,
            row.parsed.quantity,
            row.parsed.price,
            (row.parsed.price * row.parsed.quantity).rounded(),
            row.fate,
            row.problem,
        )
        for row in plan.rows[:_SAMPLE]
    )
    return Preview(
        home,
        _plain_name(filename),
        parsed.format,
        parsed.title,
        sha256,
        rows_total=len(plan.fresh) + plan.repeated + plan.refused,
        fresh=len(plan.fresh),
        repeated=plan.repeated,
        refused=plan.refused,
        problems=plan.problems,
        sample=sample,
        supersedes=tuple(o.fact.instrument for o in plan.superseded if o.fact.instrument is not None),
        reduces=plan.reduced,
    )


def _by(import_id: ImportId) -> str:
    """The source of reversals that an import or its undo makes."""
    return f"{SOURCE}:{import_id}"


def _rest_of(import_id: ImportId) -> str:
    """The source of what an import left of a statement's opening; recognised as stated (plans.is_stated)."""
    return f"statement:{import_id}"


def _plain_name(filename: str) -> str:
    """The last part of what a browser sent, short and printable."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in name if c.isprintable())[:120] or "file"
